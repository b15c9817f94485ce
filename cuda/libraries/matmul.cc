#include "neura/cuda/libraries/matmul.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "neura/cuda/kernels/tensors.h"
#include "neura/cuda/libraries/gemm.h"
#include "neura/cuda/libraries/integer_matmul.h"
#include "neura/cuda/libraries/kernels.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/stream.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/iteration/product_dims.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura::cuda {
namespace {

// The last two dimensions of a tensor; a copy takes its place where cuBLAS could not read it.
std::optional<Matrix> LastDims(const Tensor& tensor) {
  const size_t last = tensor.shape().size() - 1;
  return AsMatrix(tensor.size(-2), tensor.size(-1), tensor.strides()[last - 1],
                  tensor.strides()[last]);
}
Tensor Readable(const KernelCall& call, const Tensor& tensor) {
  return LastDims(tensor).has_value() ? tensor : Contiguous(call, tensor);
}

const void* ElementAt(const Tensor& tensor, int64_t offset) {
  return static_cast<const char*>(tensor.raw_data()) +
         offset * static_cast<int64_t>(ItemSize(tensor.dtype()));
}

void FloatMatMul(const KernelCall& call) {
  const Tensor a = Readable(call, call.input(0)), b = Readable(call, call.input(1));
  const Tensor& output = call.output();
  const LoopDims<2> batch = ProductBatchDims(a, b, output);
  Gemm gemm{.dtype = a.dtype(),
            .m = a.size(-2),
            .n = b.size(-1),
            .k = a.size(-1),
            .count = batch.LastExtent(),
            .a = *LastDims(a),
            .b = *LastDims(b)};
  gemm.a.batch_stride = batch.LastStride(0);
  gemm.b.batch_stride = batch.LastStride(1);
  const int64_t size = gemm.m * gemm.n;
  // One call serves the innermost run of products.
  for (int64_t first = 0; first < output.numel() / size; first += gemm.count) {
    gemm.a.data = ElementAt(a, batch.OffsetOf(first, 0));
    gemm.b.data = ElementAt(b, batch.OffsetOf(first, 1));
    gemm.c = const_cast<void*>(ElementAt(output, first * size));
    if (!RunGemm(call, gemm)) ThrowUnimplemented("cuBLASLt has no algorithm for this product");
  }
}

template <typename T>
void IntegerMatMulOf(const KernelCall& call) {
  const Tensor &a = call.input(0), &b = call.input(1), &output = call.output();
  const size_t last_a = a.shape().size() - 1, last_b = b.shape().size() - 1;
  const LoopDims<2> batch = ProductBatchDims(a, b, output);
  IntegerProduct<T> product{.m = a.size(-2),
                            .n = b.size(-1),
                            .k = a.size(-1),
                            .a = nullptr,
                            .a_row_stride = a.strides()[last_a - 1],
                            .a_col_stride = a.strides()[last_a],
                            .b = nullptr,
                            .b_row_stride = b.strides()[last_b - 1],
                            .b_col_stride = b.strides()[last_b],
                            .c = nullptr};
  const int64_t size = product.m * product.n;
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  for (int64_t i = 0; i < output.numel() / size; ++i) {
    product.a = static_cast<const T*>(a.raw_data()) + batch.OffsetOf(i, 0);
    product.b = static_cast<const T*>(b.raw_data()) + batch.OffsetOf(i, 1);
    product.c = static_cast<T*>(output.raw_data()) + i * size;
    IntegerMatMul(product, CurrentStream(device));
  }
}

Epilogue EpilogueFor(bool has_bias, Activation activation) {
  // cuBLAS adds a bias with each of these; without one the activation is an operation of its own.
  if (!has_bias) return Epilogue::kNone;
  switch (activation) {
    case Activation::kNone:
      return Epilogue::kBias;
    case Activation::kRelu:
      return Epilogue::kBiasRelu;
    case Activation::kGelu:
      return Epilogue::kBiasGelu;
  }
  __builtin_unreachable();
}

void RunInPlace(OpId op, const void* options, TensorRefs inputs, const Tensor& output) {
  Tensor target = output;
  RunKernel({op, options, inputs, output.device(), /*in_place=*/true}, absl::MakeSpan(&target, 1));
}

void Activate(const Tensor& output, Activation activation) {
  const Tensor* refs[] = {&output};
  if (activation == Activation::kRelu) RunInPlace(op::kRelu, nullptr, refs, output);
  if (activation == Activation::kGelu) {
    const GeluOptions options{.approximate = "tanh"};
    RunInPlace(op::kGelu, &options, refs, output);
  }
}

void LinearInto(const KernelCall& call, Activation activation) {
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  const Tensor input = ContiguousInput(call, 0), bias = ContiguousInput(call, 2);
  const Tensor weight = Readable(call, call.input(1));
  Gemm gemm{.dtype = input.dtype(),
            .m = output.numel() / weight.size(0),
            .n = weight.size(0),
            .k = weight.size(1),
            .c = output.raw_data(),
            .bias = bias.defined() ? bias.raw_data() : nullptr,
            .epilogue = EpilogueFor(bias.defined(), activation)};
  if (gemm.k > 0) {
    gemm.a = {.data = input.raw_data(), .leading = gemm.k};
    gemm.b = *AsMatrix(gemm.k, gemm.n, weight.strides()[1], weight.strides()[0]);
    gemm.b.data = weight.raw_data();
    if (RunGemm(call, gemm)) {
      if (gemm.epilogue == Epilogue::kNone) Activate(output, activation);
      return;
    }
  }
  // In steps: not every dtype and size has every epilogue.
  if (bias.defined()) {
    const Tensor* refs[] = {&output, &bias};
    RunInPlace(op::kAssign, nullptr, refs, output);
  } else {
    ClearElements(call, output);
  }
  if (gemm.k > 0) {
    gemm.epilogue = Epilogue::kNone;
    gemm.bias = nullptr;
    gemm.accumulate = true;
    if (!RunGemm(call, gemm)) ThrowUnimplemented("cuBLASLt has no algorithm for this product");
  }
  Activate(output, activation);
}

}  // namespace

void MatMulKernel(KernelCall& call) {
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  if (call.input(0).size(-1) == 0) return ClearElements(call, output);
  switch (output.dtype()) {
    case kUInt8:
      return IntegerMatMulOf<uint8_t>(call);
    case kInt32:
      return IntegerMatMulOf<int32_t>(call);
    case kInt64:
      return IntegerMatMulOf<int64_t>(call);
    case kUInt64:
      return IntegerMatMulOf<uint64_t>(call);
    default:
      return FloatMatMul(call);
  }
}

void LinearKernel(KernelCall& call) { LinearInto(call, Activation::kNone); }

Tensor LinearActivation(const Tensor& input, const Tensor& weight, const Tensor& bias,
                        Activation activation) {
  RequireDefined("LinearActivation", input);
  if (input.device().type != DeviceType::kCuda) {
    ThrowInvalidArgument(
        absl::StrCat("LinearActivation: the input is on ", ToString(input.device())));
  }
  const Tensor* inputs[] = {&input, &weight, &bias};
  const OpCall call{op::kLinear, nullptr, inputs, input.device()};
  CheckInputs(call);
  const OutputSpec spec = InferOutputs(call)[0];
  Tensor output = Tensor::Empty(spec.shape, spec.dtype, input.device());
  const KernelCall kernel_call{call, absl::MakeSpan(&output, 1)};
  LinearInto(kernel_call, activation);
  return output;
}

}  // namespace neura::cuda
