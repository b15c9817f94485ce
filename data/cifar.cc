#include "neura/data/cifar.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {
namespace {

constexpr int64_t kPixels = 3 * 32 * 32;
// What the files of any release hold at most.
constexpr uint64_t kMaxImages = 60000;

absl::StatusOr<TensorDataset<2>> LoadAll(const std::string& root, const char* folder,
                                         const std::vector<std::string>& names, CifarKind kind) {
  std::error_code error;
  const std::filesystem::path inner = std::filesystem::path(root) / folder;
  const std::filesystem::path base =
      std::filesystem::is_directory(inner, error) ? inner : std::filesystem::path(root);
  std::vector<Tensor> images, labels;
  for (const std::string& name : names) {
    absl::StatusOr<TensorDataset<2>> part =
        ReadFromFile((base / name).string(),
                     [kind](const ByteSource& source) -> absl::StatusOr<TensorDataset<2>> {
                       const absl::StatusOr<std::string> bytes =
                           ReadAll(source, kMaxImages * (static_cast<uint64_t>(kPixels) + 2));
                       if (!bytes.ok()) return bytes.status();
                       return ParseCifar(*bytes, kind);
                     });
    if (!part.ok()) return part.status();
    images.push_back(part->tensors()[0]);
    labels.push_back(part->tensors()[1]);
  }
  return TensorDataset(Cat(images, 0), Cat(labels, 0));
}

}  // namespace

absl::StatusOr<TensorDataset<2>> ParseCifar(std::string_view bytes, CifarKind kind) {
  const int64_t labels_of_record = kind == CifarKind::kCifar10 ? 1 : 2;
  const uint8_t classes = kind == CifarKind::kCifar10 ? 10 : 100;
  const int64_t record = labels_of_record + kPixels;
  const auto size = static_cast<int64_t>(bytes.size());
  const int64_t count = size / record;
  if (count == 0 || size % record != 0) {
    return absl::DataLossError(absl::StrCat("not a CIFAR file of whole images: ", size,
                                            " bytes, of which each image takes ", record));
  }
  Tensor images, labels;
  try {
    images = Tensor::Empty({count, 3, 32, 32}, kUInt8, kCpu);
    labels = Tensor::Empty({count}, kInt64, kCpu);
  } catch (const Error& error) {  // no memory
    return absl::Status(error.code(), error.message());
  }
  for (int64_t i = 0; i < count; ++i) {
    const char* const at = bytes.data() + i * record;
    const auto label = static_cast<uint8_t>(at[labels_of_record - 1]);
    if (label >= classes) {
      return absl::DataLossError(
          absl::StrCat("label ", i, " is ", int{label}, ", there are ", int{classes}, " classes"));
    }
    labels.data<int64_t>()[i] = label;
    std::memcpy(images.data<uint8_t>() + i * kPixels, at + labels_of_record, kPixels);
  }
  return TensorDataset(std::move(images), std::move(labels));
}

absl::StatusOr<TensorDataset<2>> Cifar10(const CifarOptions& options) {
  std::vector<std::string> names = {"test_batch.bin"};
  if (options.train) {
    names.clear();
    for (int i = 1; i <= 5; ++i) names.push_back(absl::StrCat("data_batch_", i, ".bin"));
  }
  return LoadAll(options.root, "cifar-10-batches-bin", names, CifarKind::kCifar10);
}

absl::StatusOr<TensorDataset<2>> Cifar100(const CifarOptions& options) {
  return LoadAll(options.root, "cifar-100-binary", {options.train ? "train.bin" : "test.bin"},
                 CifarKind::kCifar100);
}

}  // namespace neura::data
