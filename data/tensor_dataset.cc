#include "neura/data/tensor_dataset.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/data/sampler.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"

namespace neura::data::internal {

int64_t CommonSize(absl::Span<const Tensor> tensors) {
  const bool same = std::all_of(tensors.begin(), tensors.end(), [&](const Tensor& tensor) {
    return tensor.dim() > 0 && tensor.size(0) == tensors[0].size(0);
  });
  if (tensors.empty() || !same) {
    ThrowInvalidArgument(absl::StrCat(
        "TensorDataset: tensors with the same extent of dimension 0 are expected, not ",
        absl::StrJoin(tensors, ", ", [](std::string* out, const Tensor& tensor) {
          absl::StrAppend(out, Describe(tensor));
        })));
  }
  return tensors[0].size(0);
}

Tensor Rows(const Tensor& tensor, absl::Span<const int64_t> indices) {
  return IndexSelect(tensor, 0, FromSpan(indices, {static_cast<int64_t>(indices.size())}));
}

std::vector<std::vector<int64_t>> RandomParts(int64_t size, absl::Span<const int64_t> lengths,
                                              uint64_t seed) {
  const int64_t sum = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const bool negative = std::any_of(lengths.begin(), lengths.end(), [](auto n) { return n < 0; });
  if (negative || sum != size) {
    ThrowInvalidArgument(absl::StrCat("RandomSplit: the lengths [", absl::StrJoin(lengths, ", "),
                                      "] do not add up to the dataset's ", size, " examples"));
  }
  const std::vector<int64_t> order = RandomSampler{size}(Epoch{.seed = seed});
  std::vector<std::vector<int64_t>> parts;
  auto begin = order.begin();
  for (const int64_t length : lengths) {
    parts.emplace_back(begin, begin + length);
    begin += length;
  }
  return parts;
}

}  // namespace neura::data::internal
