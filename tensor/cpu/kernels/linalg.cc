// Matrix products over tensors; the arithmetic is in tensor/cpu/gemm.
#include "neura/tensor/cpu/gemm.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/iteration/product_dims.h"

namespace neura::cpu {

void MatMulKernel(KernelCall& call) {
  const Tensor &a = call.input(0), &b = call.input(1), &output = call.output();
  if (output.numel() == 0) return;
  const size_t last_a = a.shape().size() - 1, last_b = b.shape().size() - 1;
  const LoopDims<2> batch = ProductBatchDims(a, b, output);
  SwitchNumber(a.dtype(), [&]<typename T>(T) {
    BatchedGemmArgs<T> args;
    args.product = {.m = a.size(-2),
                    .n = b.size(-1),
                    .k = a.size(-1),
                    .a = In<T>(a),
                    .a_row_stride = a.strides()[last_a - 1],
                    .a_col_stride = a.strides()[last_a],
                    .b = In<T>(b),
                    .b_row_stride = b.strides()[last_b - 1],
                    .b_col_stride = b.strides()[last_b],
                    .c = Out<T>(output),
                    .c_row_stride = b.size(-1)};
    args.c_stride = args.product.m * args.product.n;
    // One call serves the innermost run of products; what remains outside is a plain loop.
    const int64_t total = output.numel() / args.c_stride;
    args.count = batch.LastExtent();
    args.a_stride = batch.LastStride(0);
    args.b_stride = batch.LastStride(1);
    for (int64_t first = 0; first < total; first += args.count) {
      args.product.a = In<T>(a) + batch.OffsetOf(first, 0);
      args.product.b = In<T>(b) + batch.OffsetOf(first, 1);
      args.product.c = Out<T>(output) + first * args.c_stride;
      BatchedGemm(args);
    }
  });
}

void LinearKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor& weight = call.input(1);
  const Tensor bias = OptionalInput(call, 2);
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    Gemm(GemmArgs<T>{.m = output.numel() / weight.size(0),
                     .n = weight.size(0),
                     .k = weight.size(1),
                     .a = In<T>(input),
                     .a_row_stride = weight.size(1),
                     .a_col_stride = 1,
                     .b = In<T>(weight),
                     .b_row_stride = weight.strides()[1],  // transposed
                     .b_col_stride = weight.strides()[0],
                     .c = Out<T>(output),
                     .c_row_stride = weight.size(0),
                     .column_bias = In<T>(bias)});
  });
}

}  // namespace neura::cpu
