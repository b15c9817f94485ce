#include "neura/data/fashion_mnist.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/data/idx.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {
namespace {

// What the files of any release hold at most.
constexpr int64_t kMaxImages = 60000;

absl::StatusOr<Tensor> LoadPart(const std::string& path, IdxCheck check) {
  absl::StatusOr<Tensor> tensor = LoadIdx(path, check);
  if (absl::IsNotFound(tensor.status())) {
    return absl::NotFoundError(absl::StrCat(tensor.status().message(),
                                            "; Debian's package dataset-fashion-mnist has the "
                                            "files: apt-get install dataset-fashion-mnist"));
  }
  return tensor;
}

absl::Status CheckImages(DType dtype, DimsView shape) {
  if (dtype == kUInt8 && shape.size() == 3 && shape[0] <= kMaxImages && shape[1] == 28 &&
      shape[2] == 28) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("uint8 [N, 28, 28] with N of at most ", kMaxImages,
                                                 " is expected, not ", DTypeName(dtype), " ",
                                                 ToString(shape)));
}

}  // namespace

absl::StatusOr<TensorDataset<2>> FashionMnist(const FashionMnistOptions& options) {
  const std::string prefix = absl::StrCat(options.root, options.train ? "/train" : "/t10k");
  const std::string images_path = absl::StrCat(prefix, "-images-idx3-ubyte.gz");
  const std::string labels_path = absl::StrCat(prefix, "-labels-idx1-ubyte.gz");
  absl::StatusOr<Tensor> images = LoadPart(images_path, CheckImages);
  if (!images.ok()) return images.status();
  const int64_t count = images->size(0);
  absl::StatusOr<Tensor> labels = LoadPart(labels_path, [count](DType dtype, DimsView shape) {
    if (dtype == kUInt8 && shape == DimsView({count})) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("uint8 [", count, "] is expected, not ",
                                                   DTypeName(dtype), " ", ToString(shape)));
  });
  if (!labels.ok()) return labels.status();
  const uint8_t* const begin = labels->data<uint8_t>();
  const uint8_t* const end = begin + labels->numel();
  const uint8_t* const bad =
      std::find_if(begin, end, [](uint8_t label) { return label >= kFashionMnistClasses.size(); });
  if (bad != end) {
    return absl::InvalidArgumentError(absl::StrCat(labels_path, ": label ", bad - begin, " is ",
                                                   *bad, ", there are ten classes"));
  }
  return TensorDataset(Unsqueeze(*images, 1), Cast(*labels, kInt64));
}

}  // namespace neura::data
