#include "neura/tensor/ops/multiply_adds.h"

#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura {

int64_t MultiplyAddsOf(const OpCall& call, absl::Span<const Tensor> outputs) {
  const auto each_of = [&](const Tensor& numbers, const Tensor& weight) {
    return weight.size(0) == 0 ? 0 : numbers.numel() * (weight.numel() / weight.size(0));
  };
  if (call.op == op::kMatMul) return outputs[0].numel() * call.input(0).size(-1);
  if (call.op == op::kLinear || call.op == op::kConv) return each_of(outputs[0], call.input(1));
  // Called forward, the transpose of a convolution.
  if (call.op == op::kConvInputGrad) return each_of(call.input(0), call.input(1));
  return 0;
}

}  // namespace neura
