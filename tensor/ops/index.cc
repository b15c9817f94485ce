#include "neura/tensor/ops/index.h"

#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/options.h"

namespace neura {

Tensor IndexSelect(const Tensor& input, int64_t dim, const Tensor& index) {
  const DimOptions options{.dim = dim};
  return Call(OpId::kIndexSelect, &options, input, index);
}
Tensor IndexAdd(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  const DimOptions options{.dim = dim};
  return Call(OpId::kIndexAdd, &options, input, index, source);
}
Tensor Gather(const Tensor& input, int64_t dim, const Tensor& index) {
  const DimOptions options{.dim = dim};
  return Call(OpId::kGather, &options, input, index);
}
Tensor ScatterAdd(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  const DimOptions options{.dim = dim};
  return Call(OpId::kScatterAdd, &options, input, index, source);
}

}  // namespace neura
