#include "neura/data/fashion_mnist.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/data/idx.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {
namespace {

absl::StatusOr<Tensor> LoadPart(const std::string& path) {
  absl::StatusOr<Tensor> tensor = LoadIdx(path);
  if (absl::IsNotFound(tensor.status())) {
    return absl::NotFoundError(absl::StrCat(tensor.status().message(),
                                            "; Debian's package dataset-fashion-mnist has the "
                                            "files: apt-get install dataset-fashion-mnist"));
  }
  return tensor;
}

}  // namespace

absl::StatusOr<TensorDataset<2>> FashionMnist(const FashionMnistOptions& options) {
  const std::string prefix = absl::StrCat(options.root, options.train ? "/train" : "/t10k");
  const std::string images_path = absl::StrCat(prefix, "-images-idx3-ubyte.gz");
  const std::string labels_path = absl::StrCat(prefix, "-labels-idx1-ubyte.gz");
  absl::StatusOr<Tensor> images = LoadPart(images_path);
  if (!images.ok()) return images.status();
  absl::StatusOr<Tensor> labels = LoadPart(labels_path);
  if (!labels.ok()) return labels.status();

  if (images->dtype() != kUInt8 || images->dim() != 3 || images->size(1) != 28 ||
      images->size(2) != 28) {
    return absl::InvalidArgumentError(
        absl::StrCat(images_path, ": uint8 [N, 28, 28] is expected, not ", Describe(*images)));
  }
  if (labels->dtype() != kUInt8 || labels->dim() != 1 || labels->size(0) != images->size(0)) {
    return absl::InvalidArgumentError(absl::StrCat(labels_path, ": uint8 [", images->size(0),
                                                   "] is expected, not ", Describe(*labels)));
  }
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
