// Matrix products over tensors; the arithmetic is in tensor/cpu/gemm.
#include <type_traits>

#include "neura/tensor/cpu/gemm.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/iteration/product_dims.h"
#include "neura/tensor/ops/linked_ops.h"

namespace neura::cpu {

namespace {

// The elements of a matrix that are `step` numbers apart, from `data` on.
template <typename T>
struct Numbers {
  const Tensor& tensor;
  const T* data;
  int64_t step = 1;

  int64_t stride(int64_t dim) const {
    return tensor.strides()[static_cast<size_t>(dim + tensor.dim())] * step;
  }
};

// The products of all matrices of a and b to `out`, which lies as `output` does.
template <typename T>
void Products(const Numbers<T>& a, const Numbers<T>& b, const Tensor& output, T* out,
              bool accumulate = false) {
  const LoopDims<2> batch = ProductBatchDims(a.tensor, b.tensor, output);
  BatchedGemmArgs<T> args;
  args.product = {.m = a.tensor.size(-2),
                  .n = b.tensor.size(-1),
                  .k = a.tensor.size(-1),
                  .a = a.data,
                  .a_row_stride = a.stride(-2),
                  .a_col_stride = a.stride(-1),
                  .b = b.data,
                  .b_row_stride = b.stride(-2),
                  .b_col_stride = b.stride(-1),
                  .c = out,
                  .c_row_stride = b.tensor.size(-1),
                  .accumulate = accumulate};
  args.c_stride = args.product.m * args.product.n;
  // One call serves the innermost run of products; what remains outside is a plain loop.
  const int64_t total = output.numel() / args.c_stride;
  args.count = batch.LastExtent();
  args.a_stride = batch.LastStride(0) * a.step;
  args.b_stride = batch.LastStride(1) * b.step;
  for (int64_t first = 0; first < total; first += args.count) {
    args.product.a = a.data + batch.OffsetOf(first, 0) * a.step;
    args.product.b = b.data + batch.OffsetOf(first, 1) * b.step;
    args.product.c = out + first * args.c_stride;
    BatchedGemm(args);
  }
}

// Four products of real matrices, read where the parts of the complex numbers lie.
template <typename T>
void ComplexProducts(const Tensor& a, const Tensor& b, const Tensor& output) {
  const auto part = [](const Tensor& x, int which) { return Numbers<T>{x, In<T>(x) + which, 2}; };
  const auto real = part(a, 0), imaginary = part(a, 1);
  const Tensor products = Tensor::Empty({3, output.numel()}, DTypeOf<T>, kCpu);
  T* const of_real = Out<T>(products);
  T* const of_imaginary = of_real + output.numel();
  T* const mixed = of_imaginary + output.numel();
  Products(real, part(b, 0), output, of_real);
  Products(imaginary, part(b, 1), output, of_imaginary);
  Products(real, part(b, 1), output, mixed);
  Products(imaginary, part(b, 0), output, mixed, /*accumulate=*/true);
  T* const out = Out<T>(output);
  for (int64_t i = 0; i < output.numel(); ++i) {
    out[2 * i] = of_real[i] - of_imaginary[i];
    out[2 * i + 1] = mixed[i];
  }
}

}  // namespace

void MatMulKernel(KernelCall& call) {
  const Tensor &a = call.input(0), &b = call.input(1), &output = call.output();
  if (output.numel() == 0) return;
  if (a.dtype() == kComplex64) return ComplexProducts<float>(a, b, output);
  if (a.dtype() == kComplex128) return ComplexProducts<double>(a, b, output);
  // Sums of products that wrap do not depend on the sign.
  const DType dtype = a.dtype() == kUInt64 ? kInt64 : a.dtype();
  SwitchNumber(dtype, [&]<typename T>(T) {
    if constexpr (!std::is_same_v<T, uint64_t>) {
      Products<T>({a, In<T>(a)}, {b, In<T>(b)}, output, Out<T>(output));
    }
  });
}

void LinearKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor& weight = call.input(1);
  const Tensor bias = OptionalInput(call, 2);
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  SwitchFloat<IsLinked("Linear.kFloat64")>(input.dtype(), [&]<typename T>(T) {
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
