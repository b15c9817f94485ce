#include "neura/tensor/ops/copy.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/copy.h"

namespace neura {

Tensor Cast(const Tensor& input, DType dtype) {
  if (input.defined() && input.dtype() == dtype) return input;
  return Call<op::kCast>({.dtype = dtype}, input);
}

Tensor Clone(const Tensor& input) { return Call<op::kClone>({}, input); }

Tensor To(const Tensor& input, Device device, bool non_blocking) {
  if (input.defined() && input.device() == device) return input;
  const ToDeviceOptions options{.non_blocking = non_blocking};
  const Tensor* refs[] = {&input};
  Tensor output;
  Dispatch(op::kToDevice, &options, refs, absl::MakeSpan(&output, 1), device);
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
  DispatchInPlace(op::kAssign, nullptr, {&input, &source});
  return input;
}
Tensor AssignResult(std::string_view op, const Tensor& input, const Tensor& result) {
  RequireDefined(op, input);
  RequireDefined(op, result);
  if (result.shape() != input.shape() || CategoryOf(result.dtype()) > CategoryOf(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat(op, ": the result ", Describe(result),
                                      " cannot be written in place to ", Describe(input)));
  }
  return Assign(input, result);
}
Tensor Fill(const Tensor& input, const Scalar& value) {
  if (!input.defined()) return Assign(input, {});  // the call reports it
  return Assign(input, ScalarTensor(value, {.dtype = input.dtype(), .device = input.device()}));
}

}  // namespace neura
