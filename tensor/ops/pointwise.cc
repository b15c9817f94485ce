#include "neura/tensor/ops/pointwise.h"

#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura {
namespace {

// The number as a tensor beside `tensor`.
Tensor Wrap(const Scalar& value, const Tensor& tensor) {
  if (!tensor.defined()) return {};  // the call reports it
  const FullOptions options{.value = value, .dtype = ScalarDType(tensor.dtype(), value)};
  Tensor result;
  Dispatch(OpId::kFull, &options, {}, absl::MakeSpan(&result, 1), tensor.device());
  return result;
}

Tensor CallInPlace(OpId op, const void* options, TensorRefs inputs) {
  DispatchInPlace(op, options, inputs);
  return *inputs[0];
}

}  // namespace

#define NEURA_UNARY(Name, name, rule, doc)                                         \
  Tensor Name(const Tensor& input) { return Call(OpId::k##Name, nullptr, input); } \
  Tensor Name##InPlace(const Tensor& input) {                                      \
    return CallInPlace(OpId::k##Name, nullptr, {&input});                          \
  }
#define NEURA_UNARY_WITH(Name, name, Options, rule, doc)              \
  Tensor Name(const Tensor& input, const Options& options) {          \
    return Call(OpId::k##Name, &options, input);                      \
  }                                                                   \
  Tensor Name##InPlace(const Tensor& input, const Options& options) { \
    return CallInPlace(OpId::k##Name, &options, {&input});            \
  }
#define NEURA_BINARY(Name, name, rule, doc)                        \
  Tensor Name(const Tensor& input, const Tensor& other) {          \
    return Call(OpId::k##Name, nullptr, input, other);             \
  }                                                                \
  Tensor Name(const Tensor& input, const Scalar& other) {          \
    return Name(input, Wrap(other, input));                        \
  }                                                                \
  Tensor Name(const Scalar& input, const Tensor& other) {          \
    return Name(Wrap(input, other), other);                        \
  }                                                                \
  Tensor Name##InPlace(const Tensor& input, const Tensor& other) { \
    return CallInPlace(OpId::k##Name, nullptr, {&input, &other});  \
  }                                                                \
  Tensor Name##InPlace(const Tensor& input, const Scalar& other) { \
    return Name##InPlace(input, Wrap(other, input));               \
  }
#include "neura/tensor/ops/op_list.inc"

Tensor Where(const Tensor& condition, const Tensor& input, const Tensor& other) {
  return Call(OpId::kWhere, nullptr, condition, input, other);
}
Tensor Where(const Tensor& condition, const Tensor& input, const Scalar& other) {
  return Where(condition, input, Wrap(other, input));
}
Tensor Where(const Tensor& condition, const Scalar& input, const Tensor& other) {
  return Where(condition, Wrap(input, other), other);
}

Tensor MaskedFill(const Tensor& input, const Tensor& mask, const Scalar& value) {
  return Where(mask, value, input);
}

Tensor Lerp(const Tensor& input, const Tensor& end, const Scalar& weight) {
  return input + (end - input) * weight;
}

Tensor Cast(const Tensor& input, DType dtype) {
  if (input.defined() && input.dtype() == dtype) return input;
  const CastOptions options{.dtype = dtype};
  return Call(OpId::kCast, &options, input);
}

Tensor Clone(const Tensor& input) { return Call(OpId::kClone, nullptr, input); }

Tensor To(const Tensor& input, Device device, bool non_blocking) {
  if (input.defined() && input.device() == device) return input;
  const ToDeviceOptions options{.non_blocking = non_blocking};
  const Tensor* refs[] = {&input};
  Tensor output;
  Dispatch(OpId::kToDevice, &options, refs, absl::MakeSpan(&output, 1), device);
  return output;
}

Tensor PinMemory(const Tensor& input) {
  RequireDefined("pin_memory", input);
  const Tensor source = Contiguous(input);
  IntrusivePtr<Storage> storage = Storage::Allocate(source.nbytes(), kCpu, PinnedAllocator());
  CopyBytes({storage->data(), kCpu}, {source.raw_data(), source.device()}, source.nbytes());
  return Tensor::View(std::move(storage), 0, source.shape(), source.strides(), source.dtype());
}

Tensor Contiguous(const Tensor& input) {
  return input.defined() && input.is_contiguous() ? input : Clone(input);
}

Tensor Assign(const Tensor& input, const Tensor& source) {
  return CallInPlace(OpId::kAssign, nullptr, {&input, &source});
}
Tensor Fill(const Tensor& input, const Scalar& value) { return Assign(input, Wrap(value, input)); }

}  // namespace neura
