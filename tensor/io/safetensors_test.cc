#include "neura/tensor/io/safetensors.h"

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/io/testing.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

using ::testing::AllOf;
using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Written by the reference package, or by hand against it: testdata/make.py.
std::string TestFile(const std::string& name) {
  return absl::StrCat("tensor/io/testdata/safetensors/", name, ".safetensors");
}

Safetensors MustLoad(const std::string& path) { return testing::Must(LoadSafetensors(path)); }

template <typename T>
absl::Span<const T> Elements(const Safetensors& file, std::string_view name) {
  const Tensor& tensor = *file.Find(name);
  return absl::MakeConstSpan(tensor.data<T>(), static_cast<size_t>(tensor.numel()));
}

TEST(LoadSafetensors, ReadsTheReferencePackagesFile) {
  const Safetensors file = MustLoad(TestFile("reference"));
  EXPECT_EQ(file.tensors.size(), 6u);
  EXPECT_THAT(file.Find("linear.weight")->shape(), ElementsAre(2, 3));
  EXPECT_THAT(Elements<float>(file, "linear.weight"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(Elements<double>(file, "linear.bias"), ElementsAre(0.5, -0.5));
  EXPECT_THAT(Elements<bool>(file, "mask"), ElementsAre(true, false, true));
  EXPECT_EQ(file.Find("steps")->dim(), 0);
  EXPECT_THAT(Elements<int64_t>(file, "steps"), ElementsAre(7));
  EXPECT_THAT(Elements<Half>(file, "half"), ElementsAre(Half(1.5f)));
  EXPECT_THAT(file.Find("nothing")->shape(), ElementsAre(0, 4));
  EXPECT_EQ(file.Find("absent"), nullptr);
  EXPECT_THAT(file.metadata,
              ElementsAre(Pair("format", "np"), Pair("note", "quote \" and \xc3\xa9")));
}

TEST(SafetensorsFile, GivesTensorsByNameAsLoadingDoes) {
  const Safetensors loaded = MustLoad(TestFile("reference"));
  const SafetensorsFile file = testing::Must(SafetensorsFile::Open(TestFile("reference")));
  EXPECT_EQ(file.metadata(), loaded.metadata);
  ASSERT_EQ(file.names().size(), loaded.tensors.size());
  for (size_t i = 0; i < loaded.tensors.size(); ++i) {
    const auto& [name, tensor] = loaded.tensors[i];
    EXPECT_EQ(file.names()[i], name);
    EXPECT_TRUE(Equal(testing::Must(file.Get(name)), tensor)) << name;
  }
  const absl::Status absent = file.Get("absent").status();
  EXPECT_EQ(absent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(absent.message(), AllOf(HasSubstr("reference.safetensors"), HasSubstr("'absent'")));
}

TEST(SafetensorsFile, TensorsOutliveItAndWritesStayInMemory) {
  const std::string path = ::testing::TempDir() + "/mapped.safetensors";
  SaveSafetensors(path, {.tensors = {{"x", FromList<float>({1, 2, 3, 4}, {2, 2})},
                                     {"y", FromList<int64_t>({5})}}});
  Tensor x;
  {
    const SafetensorsFile file = testing::Must(SafetensorsFile::Open(path));
    x = testing::Must(file.Get("x"));
    // Both are views of the same page.
    EXPECT_EQ(testing::Must(file.Get("x")).raw_data(), x.raw_data());
  }
  const Tensor row = Slice(x, 0, 1, 2);
  Fill(row, 9);
  EXPECT_THAT(absl::MakeConstSpan(x.data<float>(), 4), ElementsAre(1, 2, 9, 9));
  EXPECT_THAT(Elements<float>(MustLoad(path), "x"), ElementsAre(1, 2, 3, 4));
}

TEST(SafetensorsFile, RefusesWhatLoadingRefuses) {
  const std::string path = ::testing::TempDir() + "/cut.safetensors";
  std::ofstream(path) << Bytes(TestFile("reference")).substr(0, 200);
  EXPECT_EQ(SafetensorsFile::Open(path).status(), LoadSafetensors(path).status());
  std::ofstream(path, std::ios::trunc).close();
  EXPECT_EQ(SafetensorsFile::Open(path).status(), LoadSafetensors(path).status());
  EXPECT_FALSE(SafetensorsFile::Open(::testing::TempDir()).ok());
}

TEST(SaveSafetensors, KeepsNamesOrderElementsAndMetadata) {
  const std::string path = ::testing::TempDir() + "/model.safetensors";
  Safetensors saved;
  saved.metadata = {{"format", "neura"}};
  saved.tensors = {{"z", FromList<uint8_t>({1, 2, 3})},
                   {"\"a\\", FromList<double>({1.5, 2.5}, {1, 2})},
                   {"m", FromList<float>({4, 5, 6, 7})},
                   {"", FromList<int64_t>({}, {0, 3})}};
  SaveSafetensors(path, saved);
  const Safetensors loaded = MustLoad(path);
  EXPECT_EQ(loaded.metadata, saved.metadata);
  ASSERT_EQ(loaded.tensors.size(), saved.tensors.size());
  for (size_t i = 0; i < saved.tensors.size(); ++i) {
    EXPECT_EQ(loaded.tensors[i].first, saved.tensors[i].first);
    EXPECT_EQ(loaded.tensors[i].second.shape(), saved.tensors[i].second.shape());
    EXPECT_EQ(loaded.tensors[i].second.ToString(), saved.tensors[i].second.ToString());
  }
  // The widest elements come first, at a multiple of eight: all are aligned in the file.
  const std::string bytes = Bytes(path);
  EXPECT_EQ(bytes.size() % 8, (16 + 16 + 3) % 8);
  EXPECT_EQ(bytes.substr(bytes.size() - 3), "\1\2\3");
}

TEST(SaveSafetensors, SameContentsGiveTheSameBytes) {
  const std::string path = ::testing::TempDir() + "/same.safetensors";
  SaveSafetensors(path, MustLoad(TestFile("reference")));
  const std::string first = Bytes(path);
  SaveSafetensors(path, MustLoad(path));
  EXPECT_EQ(Bytes(path), first);
}

TEST(SaveSafetensors, WritesViewsInRowMajorOrder) {
  const std::string path = ::testing::TempDir() + "/view.safetensors";
  const Tensor matrix = FromList<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  SaveSafetensors(path, {.tensors = {{"t", Transpose(matrix, 0, 1)}}});
  const Safetensors loaded = MustLoad(path);
  EXPECT_THAT(loaded.Find("t")->shape(), ElementsAre(3, 2));
  EXPECT_THAT(Elements<float>(loaded, "t"), ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(SaveSafetensors, WhatTheFormatCannotHoldIsAnErrorAndLeavesNoFile) {
  const std::string path = ::testing::TempDir() + "/bad.safetensors";
  const Tensor x = FromList<float>({1});
  const auto expect_error = [&](const Safetensors& contents, const std::string& named) {
    try {
      SaveSafetensors(path, contents);
      ADD_FAILURE() << named;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr(named));
    }
    EXPECT_FALSE(std::ifstream(path).good());
  };
  expect_error({.tensors = {{"a", x}, {"a", x}}}, "'a'");
  expect_error({.tensors = {{"__metadata__", x}}}, "__metadata__");
  expect_error({.tensors = {{"\xff", x}}}, "UTF-8");
  expect_error({.tensors = {{"undefined", Tensor()}}}, "'undefined'");
  expect_error({.tensors = {{"c", Tensor::Empty({1}, kComplex128, kCpu)}}}, "complex128");
}

TEST(LoadSafetensors, MalformedFilesNameFileAndTensor) {
  const std::pair<std::string, std::string> expected[] = {
      {"overlap", "'b' begins at 4, inside"},
      {"gap", "'b' begins at 12, behind a gap"},
      {"excess", "excess"},
      {"truncated", "truncated"},
      {"wrong_size", "'a': float32 [3] takes 12 bytes"},
      {"overflow", "'a'"},
      {"negative", "'a': an extent"},
      {"dtype", "'a': its dtype is 'F8_E4M3'"},
      {"twice", "'a' comes twice"},
      {"deep", "'a'"},
      {"not_json", "parse error"},
      {"lying_length", "at most"},
  };
  for (const auto& [name, named] : expected) {
    const absl::Status status = LoadSafetensors(TestFile(name)).status();
    EXPECT_FALSE(status.ok()) << name;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(name + ".safetensors"), HasSubstr(named)));
  }
}

// A file with this header and no elements.
std::string WithHeader(const std::string& header) {
  const uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + header;
}

TEST(ParseSafetensors, ErrorsQuoteBytesSoThatTheyCanBeShown) {
  const std::string bad_name = "{\"a\xff\":3}", long_dtype = std::string(100000, 'y');
  const std::string not_utf8(ParseSafetensors(WithHeader(bad_name)).status().message());
  EXPECT_FALSE(not_utf8.empty());
  for (const char c : not_utf8) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << not_utf8;
  const absl::Status status =
      ParseSafetensors(WithHeader("{\"a\":{\"dtype\":\"" + long_dtype +
                                  "\",\"shape\":[],\"data_offsets\":[0,0]}}"))
          .status();
  EXPECT_LT(status.message().size(), 3000u);
}

TEST(ParseSafetensors, EveryTruncationIsAnError) {
  const std::string bytes = Bytes(TestFile("reference"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseSafetensors(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

TEST(ParseSafetensors, RefusesMoreDimensionsThanATensorHas) {
  for (const int count : {64, 65, 3'000'000}) {
    std::string ones = "1";
    for (int i = 1; i < count; ++i) ones += ",1";
    const std::string header =
        absl::StrCat(R"({"x":{"dtype":"U8","shape":[)", ones, R"(],"data_offsets":[0,1]}})");
    const uint64_t size = header.size();
    std::string file(reinterpret_cast<const char*>(&size), sizeof(size));
    absl::StrAppend(&file, header, "\x07");
    const absl::StatusOr<Safetensors> parsed = ParseSafetensors(file);
    if (count == 64) {
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      EXPECT_EQ(parsed->Find("x")->dim(), 64);
    } else {
      EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(std::string(parsed.status().message()),
                  HasSubstr(absl::StrCat("'x': its shape has ", count, " dimensions; at most 64")));
    }
  }
}

}  // namespace
}  // namespace neura
