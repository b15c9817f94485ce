// Fashion-MNIST: 60,000 training and 10,000 test images of clothing in ten classes (Xiao, Rasul and
// Vollgraf, arXiv:1708.07747).
#ifndef NEURA_DATA_FASHION_MNIST_H_
#define NEURA_DATA_FASHION_MNIST_H_

#include <array>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/data/tensor_dataset.h"

namespace neura::data {

inline constexpr std::array<std::string_view, 10> kFashionMnistClasses = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

struct FashionMnistOptions {
  // The training images, or else the test images.
  bool train = true;
  // The folder of the four gzipped IDX files; by default, where Debian's package
  // dataset-fashion-mnist puts them.
  std::string root = "/usr/share/datasets/fashion-mnist";
};

// Images, uint8 [N, 1, 28, 28], and labels, int64 [N], the index in kFashionMnistClasses. An error
// names the file that is missing or damaged, and how to get it.
absl::StatusOr<TensorDataset<2>> FashionMnist(const FashionMnistOptions& options = {});

}  // namespace neura::data

#endif  // NEURA_DATA_FASHION_MNIST_H_
