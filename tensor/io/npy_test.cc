#include "neura/tensor/io/npy.h"

#include <complex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/io/testing.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// Written by NumPy: testdata/make.py.
std::string TestFile(const std::string& name) {
  return absl::StrCat("tensor/io/testdata/npy/", name, ".npy");
}

Tensor MustLoad(const std::string& path) { return testing::Must(LoadNpy(path)); }

// Elements in row-major order, whatever the strides.
template <typename T>
std::vector<T> Values(const Tensor& tensor) {
  std::vector<T> values;
  std::vector<int64_t> index(static_cast<size_t>(tensor.dim()), 0);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    int64_t rest = i, offset = 0;
    for (int64_t d = tensor.dim() - 1; d >= 0; --d) {
      offset += rest % tensor.size(d) * tensor.strides()[static_cast<size_t>(d)];
      rest /= tensor.size(d);
    }
    values.push_back(tensor.data<T>()[offset]);
  }
  return values;
}

template <typename T>
void ExpectIntegers(const std::string& name) {
  const Tensor tensor = MustLoad(TestFile(name));
  EXPECT_EQ(tensor.dtype(), DTypeOf<T>) << name;
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 3)) << name;
  const std::vector<T> expected = {T(0), T(1), T(2), T(3), T(100), T(127)};
  EXPECT_THAT(Values<T>(tensor), ElementsAreArray(expected)) << name;
}

template <typename T>
void ExpectComplex(const std::string& name) {
  const std::vector<std::complex<T>> expected = {{0, 0},  {1, -1},     {2, -2},
                                                 {3, -3}, {100, -100}, {127, -127}};
  EXPECT_THAT(Values<std::complex<T>>(MustLoad(TestFile(name))), ElementsAreArray(expected));
}

TEST(LoadNpy, EveryDTypeOfEitherByteOrder) {
  ExpectIntegers<bool>("b1");
  ExpectIntegers<uint8_t>("u1");
  ExpectIntegers<int8_t>("i1");
  for (const std::string order : {"little_", "big_"}) {
    ExpectIntegers<int16_t>(order + "i2");
    ExpectIntegers<int32_t>(order + "i4");
    ExpectIntegers<int64_t>(order + "i8");
    ExpectIntegers<Half>(order + "f2");
    ExpectIntegers<float>(order + "f4");
    ExpectIntegers<double>(order + "f8");
    ExpectComplex<float>(order + "c8");
    ExpectComplex<double>(order + "c16");
  }
}

TEST(LoadNpy, FortranOrderKeepsItsStrides) {
  const Tensor tensor = MustLoad(TestFile("fortran"));
  EXPECT_THAT(tensor.shape(), ElementsAre(2, 3, 4));
  EXPECT_THAT(tensor.strides(), ElementsAre(1, 2, 6));
  std::vector<float> expected(24);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<float>(i);
  EXPECT_EQ(Values<float>(tensor), expected);
}

TEST(LoadNpy, ScalarEmptyAndLaterVersions) {
  EXPECT_EQ(MustLoad(TestFile("scalar")).dim(), 0);
  EXPECT_THAT(Values<float>(MustLoad(TestFile("scalar"))), ElementsAre(2.5f));
  EXPECT_THAT(MustLoad(TestFile("empty")).shape(), ElementsAre(3, 0, 2));
  const int64_t huge = int64_t{1} << 40;
  EXPECT_THAT(MustLoad(TestFile("huge_empty")).shape(), ElementsAre(huge, 0, huge));
  for (const std::string version : {"version2", "version3"}) {
    EXPECT_THAT(Values<int64_t>(MustLoad(TestFile(version))), ElementsAre(0, 1, 2, 3, 4));
  }
}

TEST(SaveNpy, WritesWhatNumPyWrites) {
  const std::string path = ::testing::TempDir() + "/same.npy";
  for (const std::string name :
       {"b1", "u1", "i1", "little_i2", "little_i4", "little_i8", "little_f2", "little_f4",
        "little_f8", "little_c8", "little_c16", "scalar", "empty"}) {
    SaveNpy(path, MustLoad(TestFile(name)));
    EXPECT_EQ(Bytes(path), Bytes(TestFile(name))) << name;
  }
}

TEST(SaveNpy, UndefinedTensorsAreErrors) {
  EXPECT_THROW(SaveNpy(absl::StrCat(::testing::TempDir(), "/undefined.npy"), {}), Error);
}

TEST(SaveNpy, WritesViewsInRowMajorOrder) {
  const std::string path = ::testing::TempDir() + "/view.npy";
  const Tensor fortran = MustLoad(TestFile("fortran"));
  SaveNpy(path, fortran);
  const Tensor loaded = MustLoad(path);
  EXPECT_TRUE(loaded.is_contiguous());
  EXPECT_EQ(Values<float>(loaded), Values<float>(fortran));
}

TEST(SaveNpy, NamesTheDTypeThatNumPyLacks) {
  try {
    SaveNpy(::testing::TempDir() + "/bf16.npy", Tensor::Empty({2}, kBFloat16, kCpu));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("bfloat16"));
    EXPECT_THAT(error.message(), HasSubstr("bf16.npy"));
  }
}

TEST(LoadNpy, ErrorsNameTheFile) {
  EXPECT_EQ(LoadNpy("/no/such.npy").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(LoadNpy("/no/such.npy").status().message(), HasSubstr("/no/such.npy"));
  EXPECT_THAT(LoadNpy(TestFile("bad_dtype")).status().message(),
              ::testing::AllOf(HasSubstr("bad_dtype.npy"), HasSubstr("<U4")));
  EXPECT_THAT(LoadNpy("/dev/zero").status().message(), HasSubstr("regular"));
}

TEST(ParseNpy, EveryTruncationIsAnError) {
  for (const std::string name : {"little_f4", "version2", "fortran"}) {
    const std::string bytes = Bytes(TestFile(name));
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(ParseNpy(std::string_view(bytes).substr(0, size)).ok()) << name << " " << size;
    }
    EXPECT_FALSE(ParseNpy(bytes + "x").ok()) << name;
  }
}

std::string WithHeader(const std::string& header) {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header;
}

TEST(ParseNpy, MalformedHeaders) {
  for (const std::string header : {
           "",
           "{",
           "{}",
           "()",
           "{'descr': '<f4', 'fortran_order': False, }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
           "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
           "{'descr': '<f4', 'fortran_order': 1, 'shape': (0,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (0,",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)} x",
           "{'descr': '<f4, 'fortran_order': False, 'shape': (0,)}",
           "{'descr': '|f4', 'fortran_order': False, 'shape': (0,)}",
           "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,)}",
       }) {
    EXPECT_EQ(ParseNpy(WithHeader(header)).status().code(), absl::StatusCode::kInvalidArgument)
        << header;
  }
}

TEST(ParseNpy, TooManyDimensionsAreRefused) {
  std::string extents;
  for (int i = 0; i < 65; ++i) extents += "1,";
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + extents + ")}";
  EXPECT_THAT(std::string(ParseNpy(WithHeader(header)).status().message()),
              HasSubstr("at most 64 dimensions"));
}

TEST(ParseNpy, LyingShapesAllocateNothing) {
  const int64_t before = CpuAllocator().Stats().allocations;
  for (const std::string shape : {"(9223372036854775807,)", "(4294967296, 4294967296)",
                                  "(99999999999999999999,)", "(1000000000, 1000)"}) {
    EXPECT_FALSE(
        ParseNpy(WithHeader("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + "}"))
            .ok())
        << shape;
  }
  EXPECT_EQ(CpuAllocator().Stats().allocations, before);
}

TEST(ParseNpy, BytesOfBoolOtherThanZeroAreTrue) {
  const std::string header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}";
  const absl::StatusOr<Tensor> tensor = ParseNpy(WithHeader(header) + std::string("\0\x02\xff", 3));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  const auto* bytes = static_cast<const char*>(tensor->raw_data());
  EXPECT_EQ(std::string(bytes, 3), std::string("\0\1\1", 3));
}

}  // namespace
}  // namespace neura
