// Matrix products over tensors; the arithmetic is in tensor/cpu/gemm.
#include <algorithm>

#include "neura/tensor/cpu/gemm.h"
#include "neura/tensor/cpu_backend/dtype_switch.h"
#include "neura/tensor/cpu_backend/kernels.h"
#include "neura/tensor/cpu_backend/reduce_loop.h"

namespace neura::cpu {
namespace {

template <typename T>
const T* DataOf(const Tensor& tensor) {
  return static_cast<const T*>(tensor.raw_data());
}

// The leading dimensions of a product's inputs, joined where both walk them evenly.
struct BatchDims {
  LoopDims a, b;

  BatchDims(const Tensor& left, const Tensor& right, const Tensor& output) {
    const DimsView batch = output.shape().first(output.shape().size() - 2);
    const auto strides = [&](const Tensor& tensor) {
      const size_t rank = tensor.shape().size() - 2;
      return BroadcastStrides(tensor.shape().first(rank), tensor.strides().first(rank), batch);
    };
    const Dims a_strides = strides(left), b_strides = strides(right);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch[i] == 1) continue;
      const bool joins = !a.extents.empty() && a.strides.back() == a_strides[i] * batch[i] &&
                         b.strides.back() == b_strides[i] * batch[i];
      for (auto [dims, stride] : {std::pair{&a, a_strides[i]}, std::pair{&b, b_strides[i]}}) {
        if (joins) {
          dims->extents.back() *= batch[i];
          dims->strides.back() = stride;
        } else {
          dims->extents.push_back(batch[i]);
          dims->strides.push_back(stride);
        }
      }
    }
  }
};

}  // namespace

void MatMulKernel(KernelCall& call) noexcept {
  const Tensor &a = call.input(0), &b = call.input(1), &output = call.output();
  if (output.numel() == 0) return;
  const size_t last_a = a.shape().size() - 1, last_b = b.shape().size() - 1;
  const BatchDims batch(a, b, output);
  SwitchNumber(call, a.dtype(), [&]<typename T>(T) {
    BatchedGemmArgs<T> args;
    args.product = {.m = a.size(-2),
                    .n = b.size(-1),
                    .k = a.size(-1),
                    .a = DataOf<T>(a),
                    .a_row_stride = a.strides()[last_a - 1],
                    .a_col_stride = a.strides()[last_a],
                    .b = DataOf<T>(b),
                    .b_row_stride = b.strides()[last_b - 1],
                    .b_col_stride = b.strides()[last_b],
                    .c = static_cast<T*>(output.raw_data()),
                    .c_row_stride = b.size(-1)};
    args.c_stride = args.product.m * args.product.n;
    // One call serves the innermost run of products; what remains outside is a plain loop.
    const int64_t total = output.numel() / args.c_stride;
    args.count = batch.a.extents.empty() ? 1 : batch.a.extents.back();
    args.a_stride = batch.a.strides.empty() ? 0 : batch.a.strides.back();
    args.b_stride = batch.b.strides.empty() ? 0 : batch.b.strides.back();
    for (int64_t first = 0; first < total; first += args.count) {
      args.product.a = DataOf<T>(a) + batch.a.OffsetOf(first);
      args.product.b = DataOf<T>(b) + batch.b.OffsetOf(first);
      args.product.c = static_cast<T*>(output.raw_data()) + first * args.c_stride;
      BatchedGemm(args);
    }
  });
}

void LinearKernel(KernelCall& call) noexcept {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor& weight = call.input(1);
  const Tensor bias = call.has_input(2) ? ContiguousInput(call.input(2)) : Tensor();
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  SwitchFloat(call, input.dtype(), [&]<typename T>(T) {
    Gemm(GemmArgs<T>{.m = output.numel() / weight.size(0),
                     .n = weight.size(0),
                     .k = weight.size(1),
                     .a = DataOf<T>(input),
                     .a_row_stride = weight.size(1),
                     .a_col_stride = 1,
                     .b = DataOf<T>(weight),
                     .b_row_stride = weight.strides()[1],  // transposed
                     .b_col_stride = weight.strides()[0],
                     .c = static_cast<T*>(output.raw_data()),
                     .c_row_stride = weight.size(0),
                     .column_bias = bias.defined() ? DataOf<T>(bias) : nullptr});
  });
}

}  // namespace neura::cpu
