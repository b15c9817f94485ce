// CIFAR, folders of images, tables, lines and archives.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/data/cifar.h"
#include "neura/data/csv.h"
#include "neura/data/dataloader.h"
#include "neura/data/image_folder.h"
#include "neura/data/tar.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::data {
namespace {

using neura::testing::ErrorOf;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace fs = std::filesystem;

std::string TestFile(const std::string& name) { return absl::StrCat("data/testdata/", name); }

// A folder of this test's own.
class FilesTest : public ::testing::Test {
 protected:
  FilesTest() {
    const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(::testing::TempDir()) / info->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~FilesTest() override { fs::remove_all(root_); }

  std::string Write(const std::string& name, const std::string& bytes) {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }
  void CopyImage(const std::string& name, const std::string& to) {
    fs::create_directories((root_ / to).parent_path());
    fs::copy_file(TestFile("image/" + name), root_ / to);
  }

  fs::path root_;
};

TEST_F(FilesTest, ClassesAreFoldersInTheirOrder) {
  CopyImage("rgb.png", "zebra/b.PNG");
  CopyImage("grey.png", "zebra/inner/c.png");
  CopyImage("flat.jpg", "zebra/a.jpeg");
  CopyImage("flat.jpg", "ant/1.jpg");
  Write("ant/notes.txt", "no image");
  Write("list.txt", "no class");
  fs::create_directory_symlink(root_ / "zebra", root_ / "zebra/inner/again");
  const absl::StatusOr<ImageFolder> folder = ImageFolder::Open(root_.string());
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_THAT(folder->classes(), ElementsAre("ant", "zebra"));
  std::vector<std::pair<std::string, int64_t>> found;
  for (const auto& sample : folder->samples()) {
    found.emplace_back(fs::relative(sample.first, root_).string(), sample.second);
  }
  EXPECT_THAT(found, ElementsAre(Pair("ant/1.jpg", 0), Pair("zebra/a.jpeg", 1),
                                 Pair("zebra/b.PNG", 1), Pair("zebra/inner/c.png", 1)));
  const Example<2> example = folder->Get(3);
  EXPECT_THAT(example[0].shape(), ElementsAre(3, 2, 3));
  EXPECT_EQ(example[1].Item<int64_t>(), 1);
  EXPECT_THROW(folder->Get(4), Error);
  const absl::StatusOr<ImageFolder> grey =
      ImageFolder::Open(root_.string(), {.extensions = {".jpg"}, .allow_empty = true});
  ASSERT_TRUE(grey.ok());
  EXPECT_EQ(grey->size(), 1);
}

TEST_F(FilesTest, FoldersThatAreNoClassesOrDamaged) {
  EXPECT_THAT(ImageFolder::Open((root_ / "nowhere").string()).status().message(),
              HasSubstr("nowhere"));
  EXPECT_THAT(ImageFolder::Open(root_.string()).status().message(), HasSubstr("class"));
  CopyImage("truncated.png", "a/bad.png");
  fs::create_directories(root_ / "b");
  EXPECT_THAT(ImageFolder::Open(root_.string()).status().message(),
              AllOf(HasSubstr("for the classes b"), HasSubstr(".png")));
  const auto folder = ImageFolder::Open(root_.string(), {.allow_empty = true});
  ASSERT_TRUE(folder.ok());
  EXPECT_THAT(ErrorOf([&] { folder->Get(0); }), HasSubstr("a/bad.png"));
  DataLoader loader(*folder, {.num_workers = 1});
  EXPECT_THAT(ErrorOf([&] { loader.begin(); }),
              AllOf(HasSubstr("example 0"), HasSubstr("bad.png")));
}

std::string CifarRecord(const std::string& labels, char first) {
  std::string record = labels;
  for (int i = 0; i < 3072; ++i) record += static_cast<char>(first + i % 100);
  return record;
}

TEST_F(FilesTest, Cifar) {
  for (int i = 1; i <= 5; ++i) {
    Write(absl::StrCat("cifar-10-batches-bin/data_batch_", i, ".bin"),
          CifarRecord(std::string(1, static_cast<char>(i)), static_cast<char>(i)));
  }
  Write("cifar-100-binary/test.bin",
        CifarRecord(std::string("\x03\x63", 2), 7) + CifarRecord(std::string("\x00\x05", 2), 8));
  const auto train = Cifar10({.root = root_.string()});
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_EQ(train->size(), 5);
  const auto [image, label] = train->Get(3);
  EXPECT_THAT(image.shape(), ElementsAre(3, 32, 32));
  EXPECT_EQ(label.Item<int64_t>(), 4);
  EXPECT_EQ(Contiguous(image).data<uint8_t>()[1], 5);
  const auto fine = Cifar100({.train = false, .root = root_.string()});
  ASSERT_TRUE(fine.ok()) << fine.status();
  EXPECT_EQ(fine->Get(0)[1].Item<int64_t>(), 99);
  EXPECT_THAT(Cifar10({.train = false, .root = root_.string()}).status().message(),
              HasSubstr("test_batch.bin"));
  Write("cifar-10-batches-bin/test_batch.bin", std::string(3072, 'x'));
  EXPECT_THAT(Cifar10({.train = false, .root = root_.string()}).status().message(),
              AllOf(HasSubstr("test_batch.bin"), HasSubstr("3073")));
  EXPECT_FALSE(ParseCifar(CifarRecord("\x0a", 0), CifarKind::kCifar10).ok());
  EXPECT_FALSE(ParseCifar("", CifarKind::kCifar100).ok());
}

std::vector<Row> Rows(const std::string& name, const CsvOptions& options) {
  auto stream = CsvDataset(TestFile("csv/" + name), options).Begin({});
  std::vector<Row> rows;
  while (const auto row = stream.Next()) rows.push_back(*row);
  return rows;
}

TEST(Csv, TypedColumns) {
  const CsvOptions options{.types = {CsvType::kInt, CsvType::kFloat, CsvType::kText}};
  const std::vector<Row> rows = [&] {
    auto stream = CsvDataset(TestFile("csv/quoted.csv")).Begin({});
    EXPECT_THAT(stream.header(), ElementsAre("a", "b"));
    std::vector<Row> all;
    while (const auto row = stream.Next()) all.push_back(*row);
    return all;
  }();
  EXPECT_THAT(rows, ElementsAre(ElementsAre(Cell("x, \"y\""), Cell("line\nbreak")),
                                ElementsAre(Cell(""), Cell("z"))));
  auto stream = CsvDataset(TestFile("csv/plain.csv"), options).Begin({});
  EXPECT_THAT(stream.header(), ElementsAre("id", "weight", "name"));
  EXPECT_THAT(*stream.Next(), ElementsAre(Cell(int64_t{1}), Cell(0.5), Cell("a")));
  EXPECT_THAT(*stream.Next(), ElementsAre(Cell(int64_t{2}), Cell(-1000.0), Cell("b")));
  EXPECT_THAT(*stream.Next(), ElementsAre(Cell(int64_t{3}), Cell(7.0), Cell("")));
  EXPECT_FALSE(stream.Next());
  EXPECT_THAT(Rows("empty.csv", {}), IsEmpty());
}

TEST(Csv, ErrorsNameFileAndRow) {
  const std::tuple<std::string, CsvOptions, std::string> expected[] = {
      {"ragged.csv", {.header = false}, "row 3: 1 columns; 2 are expected"},
      {"ragged.csv", {.types = {CsvType::kInt}}, "row 1: 2 columns; 1 are expected"},
      {"no_integer.csv",
       {.header = false, .types = {CsvType::kInt, CsvType::kInt}},
       "row 2: column 2 is \"x\", not an integer"},
      {"open_quote.csv", {.header = false}, "row 1: a quote does not end"},
      {"after_quote.csv", {.header = false}, "row 1: column 2 goes on"},
      {"missing.csv", {}, "missing.csv"},
  };
  for (const auto& [name, options, message] : expected) {
    EXPECT_THAT(ErrorOf([&, &n = name, &o = options] { Rows(n, o); }),
                AllOf(HasSubstr(name), HasSubstr(message)));
  }
}

TEST(Csv, BatchesAreColumns) {
  const CsvDataset dataset(TestFile("csv/plain.csv"),
                           {.types = {CsvType::kInt, CsvType::kFloat, CsvType::kText}});
  for (const int workers : {0, 1, 2}) {
    DataLoader loader(dataset, {.batch_size = 2, .num_workers = workers});
    int64_t sum = 0;
    for (const std::vector<Column>& columns : loader) {
      const Tensor& ids = std::get<Tensor>(columns.at(0));
      EXPECT_EQ(ids.dtype(), kInt64);
      EXPECT_EQ(std::get<Tensor>(columns.at(1)).dtype(), kFloat64);
      EXPECT_EQ(std::get<std::vector<std::string>>(columns.at(2)).size(),
                static_cast<size_t>(ids.numel()));
      sum += Sum(ids).Item<int64_t>();
    }
    EXPECT_EQ(sum, 6);
  }
  EXPECT_THROW(DefaultCollate(std::vector<Row>{{int64_t{1}}, {std::string("a")}}), Error);
  EXPECT_THROW(DefaultCollate(std::vector<Row>{{std::monostate()}}), Error);
}

TEST_F(FilesTest, Lines) {
  const std::string path =
      Write("lines.txt", "one\r\ntwo\n\n" + std::string(200000, 'x') + "\nlast");
  std::vector<std::string> lines;
  auto stream = TextLineDataset(path).Begin({});
  while (const auto line = stream.Next()) lines.push_back(*line);
  EXPECT_THAT(lines, ElementsAre("one", "two", "", std::string(200000, 'x'), "last"));
  EXPECT_THAT(ErrorOf([] { TextLineDataset("/nowhere").Begin({}); }), HasSubstr("/nowhere"));
}

std::vector<TarExample> Examples(const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(TestFile("tar/" + name));
  auto stream = TarDataset(paths).Begin({});
  std::vector<TarExample> examples;
  while (const auto example = stream.Next()) examples.push_back(*example);
  return examples;
}

TEST(Tar, ExamplesAreFilesOfOneName) {
  const std::string ones = [] {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "one";
    return text;
  }();
  EXPECT_THAT(Examples({"ustar.tar", "empty.tar"}),
              ElementsAre(TarExample{{"__key__", "a/0"}, {"txt", "zero"}, {"cls", "1"}},
                          TarExample{{"__key__", "a/1"}, {"txt", ones}, {"cls", ""}}));
  std::string folders;
  for (int i = 0; i < 20; ++i) folders += "directory/";
  EXPECT_THAT(Examples({"gnu.tar", "pax.tar", "prefix.tar"}),
              ElementsAre(TarExample{{"__key__", folders + "name"}, {"of.part", "long"}},
                          TarExample{{"__key__", folders + "name"}, {"of.part", "long"}},
                          TarExample{{"__key__", "\xc3\xa4"}, {"txt", "short"}},
                          TarExample{{"__key__", std::string(90, 'd') + "/" + std::string(90, 'e')},
                                     {"txt", "ustar"}}));
}

TEST(Tar, DamagedArchivesAreNamed) {
  for (const auto& [name, message] : {std::pair("truncated.tar", "truncated"),
                                      {"checksum.tar", "corrupt"},
                                      {"nothing.tar", "truncated"},
                                      {"missing.tar", "missing"}}) {
    EXPECT_THAT(ErrorOf([n = name] { Examples({n}); }), AllOf(HasSubstr(name), HasSubstr(message)));
  }
}

TEST(Tar, WorkersReadArchivesOfTheirOwn) {
  std::vector<std::string> paths(4, TestFile("tar/ustar.tar"));
  for (const int workers : {0, 1, 2, 3}) {
    DataLoader loader(
        TarDataset(paths), {.num_workers = workers},
        [](const std::vector<TarExample>& examples) { return examples[0].at("__key__"); });
    int count = 0;
    for (const std::string& key : loader) count += key == "a/0";
    EXPECT_EQ(count, 4);
  }
}

}  // namespace
}  // namespace neura::data
