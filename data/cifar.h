// CIFAR-10 and CIFAR-100: 50,000 training and 10,000 test images of 32 by 32 pixels (Krizhevsky,
// "Learning Multiple Layers of Features from Tiny Images", 2009), in their binary version.
#ifndef NEURA_DATA_CIFAR_H_
#define NEURA_DATA_CIFAR_H_

#include <array>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/data/tensor_dataset.h"

namespace neura::data {

inline constexpr std::array<std::string_view, 10> kCifar10Classes = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

// What the records of a file are: one label of ten before the pixels, or a coarse one of twenty and
// a fine one of a hundred, of which the fine one counts.
enum class CifarKind { kCifar10, kCifar100 };

struct CifarOptions {
  // The training images, or else the test images.
  bool train = true;
  // The folder with data_batch_1.bin ... data_batch_5.bin and test_batch.bin, or with train.bin and
  // test.bin; or the one that holds their folder, as the archives have it.
  std::string root = ".";
};

// Images, uint8 [N, 3, 32, 32], and labels, int64 [N]. An error names the file that is missing or
// damaged.
absl::StatusOr<TensorDataset<2>> Cifar10(const CifarOptions& options = {});
absl::StatusOr<TensorDataset<2>> Cifar100(const CifarOptions& options = {});

// The same of one file's bytes.
absl::StatusOr<TensorDataset<2>> ParseCifar(std::string_view bytes, CifarKind kind);

}  // namespace neura::data

#endif  // NEURA_DATA_CIFAR_H_
