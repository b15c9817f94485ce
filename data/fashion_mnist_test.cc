#include "neura/data/fashion_mnist.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/tensor.h"

namespace neura::data {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int> ClassCounts(const Tensor& labels) {
  std::vector<int> counts(10);
  for (int64_t i = 0; i < labels.numel(); ++i) {
    ++counts[static_cast<size_t>(labels.data<int64_t>()[i])];
  }
  return counts;
}

TEST(FashionMnist, RealDataset) {
  const absl::StatusOr<TensorDataset<2>> train = FashionMnist({.train = true});
  ASSERT_TRUE(train.ok()) << train.status();
  const auto& [images, labels] = train->tensors();
  EXPECT_THAT(images.shape(), ElementsAre(60000, 1, 28, 28));
  EXPECT_EQ(images.dtype(), kUInt8);
  EXPECT_THAT(ClassCounts(labels), Each(6000));
  EXPECT_EQ(kFashionMnistClasses[static_cast<size_t>(labels.data<int64_t>()[0])], "Ankle boot");

  const absl::StatusOr<TensorDataset<2>> test = FashionMnist({.train = false});
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_EQ(test->size(), 10000);
  EXPECT_THAT(ClassCounts(test->tensors()[1]), Each(1000));
}

TEST(FashionMnist, MissingFilesSayWhatToInstall) {
  const absl::Status status = FashionMnist({.root = "/no/such/folder"}).status();
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("/no/such/folder/train-images-idx3-ubyte.gz"),
                    HasSubstr("apt-get install dataset-fashion-mnist")));
}

class DamagedFashionMnist : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/fashion";
    std::filesystem::create_directories(root_);
  }
  // IDX need not be compressed.
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(root_ + "/" + name, std::ios::binary) << bytes;
  }
  std::string Message() const {
    return std::string(FashionMnist({.root = root_}).status().message());
  }

  std::string root_;
};

TEST_F(DamagedFashionMnist, IsNamed) {
  const std::string two_images =
      std::string("\0\0\x08\x03\0\0\0\2\0\0\0\x1c\0\0\0\x1c", 16) + std::string(2 * 28 * 28, 'x');
  Write("train-images-idx3-ubyte.gz", two_images);
  Write("train-labels-idx1-ubyte.gz", std::string("\0\0\x08\x01\0\0\0\2\x09\x0a", 10));
  EXPECT_THAT(Message(), AllOf(HasSubstr("train-labels"), HasSubstr("label 1 is 10")));
  Write("train-labels-idx1-ubyte.gz", std::string("\0\0\x08\x01\0\0\0\1\x09", 9));
  EXPECT_THAT(Message(), AllOf(HasSubstr("train-labels"), HasSubstr("uint8 [2]")));
  Write("train-labels-idx1-ubyte.gz", std::string("\0\0\x08\x01\0\0\0\2\x09\x09", 10));
  EXPECT_EQ(Message(), "");
  Write("train-images-idx3-ubyte.gz", std::string("\0\0\x08\x01\0\0\0\1\x09", 9));
  EXPECT_THAT(Message(), AllOf(HasSubstr("train-images"), HasSubstr("[N, 28, 28]")));
}

TEST_F(DamagedFashionMnist, IsRefusedBeforeItFillsTheMemory) {
  const std::string two_images =
      std::string("\0\0\x08\x03\0\0\0\2\0\0\0\x1c\0\0\0\x1c", 16) + std::string(2 * 28 * 28, 'x');
  Write("train-images-idx3-ubyte.gz", two_images);
  // 2^20 labels, which are there.
  Write("train-labels-idx1-ubyte.gz",
        std::string("\0\0\x08\x01\0\x10\0\0", 8) + std::string(1 << 20, '\1'));
  const int64_t before = CpuAllocator().Stats().allocations;
  EXPECT_THAT(Message(), AllOf(HasSubstr("train-labels"), HasSubstr("[1048576]")));
  EXPECT_EQ(CpuAllocator().Stats().allocations, before + 1);  // the images
  // 2^20 images.
  Write("train-images-idx3-ubyte.gz",
        std::string("\0\0\x08\x03\0\x10\0\0\0\0\0\x1c\0\0\0\x1c", 16));
  EXPECT_THAT(Message(), AllOf(HasSubstr("train-images"), HasSubstr("at most 60000")));
  EXPECT_EQ(CpuAllocator().Stats().allocations, before + 1);
}

}  // namespace
}  // namespace neura::data
