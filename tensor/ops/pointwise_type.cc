#include "neura/tensor/ops/pointwise_type.h"

#include <limits>
#include <optional>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/object_pool.h"
#include "neura/tensor/core/thread_exit.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura {

DType PromotedDType(TensorRefs tensors) {
  std::optional<DType> with_dims, without_dims, numbers;
  for (const Tensor* tensor : tensors) {
    std::optional<DType>& dtype = tensor->impl()->number ? numbers
                                  : tensor->dim() > 0    ? with_dims
                                                         : without_dims;
    dtype = dtype ? PromoteTypes(*dtype, tensor->dtype()) : tensor->dtype();
  }
  std::optional<DType> common = with_dims;
  for (const std::optional<DType>& lesser : {without_dims, numbers}) {
    if (!lesser || (common && CategoryOf(*lesser) <= CategoryOf(*common))) continue;
    common = common ? PromoteTypes(*common, *lesser) : *lesser;
  }
  return *common;
}

DType ComputeDType(DTypeRule rule, DType common) {
  switch (OfReals(rule)) {
    case DTypeRule::kFloat:
      return IsDifferentiable(common) ? common : DefaultDType();
    case DTypeRule::kLogical:
      return kBool;
    default:
      return common;
  }
}

DType ResultDType(DTypeRule rule, DType compute) {
  if (OfReals(rule) == DTypeRule::kTest) return kBool;
  return rule == DTypeRule::kMagnitude ? RealDType(compute) : compute;
}

DType CommonDType(const OpCall& call) {
  const OpFlags& flags = call.schema().flags;
  DType common = PromotedDType(call.inputs.subspan(flags.first_value));
  if (call.op == op::kClamp) {
    const auto& options = call.Get<ClampOptions>();
    for (const std::optional<Scalar>& bound : {options.min, options.max}) {
      if (bound) common = ScalarDType(common, *bound);
    }
  }
  return ComputeDType(flags.rule, common);
}

DType ScalarDType(DType tensor, const Scalar& scalar) {
  if (scalar.category() <= CategoryOf(tensor)) return tensor;
  return PromoteTypes(tensor, scalar.default_dtype());
}

Scalar FactorIn(DType dtype, const Scalar& factor) {
  if (factor.category() <= CategoryOf(dtype) || CategoryOf(dtype) >= DTypeCategory::kFloating) {
    return factor;
  }
  if (dtype == kBool) return factor.To<bool>();
  if (!factor.Fits(dtype)) {
    ThrowInvalidArgument(absl::StrCat("a factor of ", ToString(factor), " beside ",
                                      DTypeName(dtype), ", which does not hold it"));
  }
  return factor.To<int64_t>();
}

DType NumberDType(DType common, Device device) {
  const bool on_host = device.type == DeviceType::kCpu || device.type == DeviceType::kSparse;
  const bool widened = on_host && IsFloating(common);
  return widened ? WideDType(common) : common;
}

namespace {

Tensor Constant(const Scalar& value, DimsView shape, DType dtype, Device device) {
  const FullOptions options{
      .shape = Dims(shape.begin(), shape.end()), .value = value, .dtype = dtype};
  Tensor result;
  Dispatch(op::kFull, &options, {}, absl::MakeSpan(&result, 1), device);
  return result;
}

// The calling thread's last number, for the next one: mostly nobody keeps it beyond its operation.
// Undefined while it is in use.
struct LastNumber {
  Tensor tensor;
};

// Made without a call where nobody would see it.
NumberTensor Number(const Scalar& value, DType dtype, Device device) {
  if (device.type != DeviceType::kCpu || IsWatched()) {
    Tensor number = Constant(value, {}, dtype, device);
    number.impl()->number = true;
    return NumberTensor(std::move(number));
  }
  Tensor number = std::move(internal::ThreadOwned<LastNumber>().tensor);
  if (!number.defined()) {
    number = Tensor::Empty({}, kComplex128, kCpu);  // memory for any dtype
    number.impl()->number = true;
  }
  number.impl()->dtype = dtype;
  SwitchDType(dtype, [&]<typename T>(T) { *static_cast<T*>(number.raw_data()) = value.To<T>(); });
  return NumberTensor(std::move(number), internal::kRecycleObjects);
}

// An integer that `dtype`, which it has beside the tensor, cannot hold.
Tensor OutsideNumber(OpId op, const Tensor& tensor, const Scalar& number, DType dtype) {
  switch (OfReals(SchemaOf(op).flags.rule)) {
    case DTypeRule::kTest: {
      // It compares with what the dtype holds as an infinity does.
      const double infinity = std::numeric_limits<double>::infinity();
      return Constant(number.To<double>() < 0 ? -infinity : infinity, {}, kFloat32,
                      tensor.device());
    }
    case DTypeRule::kFloat:
      return Constant(number, {}, DefaultDType(), tensor.device());
    case DTypeRule::kLogical:
      return Constant(number, {}, kBool, tensor.device());
    default:
      break;
  }
  // As where the bounds are options: the nearest value that the dtype has.
  const bool bound = op == op::kClamp;
  const bool wraps = op == op::kAdd || op == op::kSub || op == op::kMul;
  if (!bound && (!wraps || number.beyond_int64())) {
    ThrowInvalidArgument(absl::StrCat(SchemaOf(op).name, ": the number ", ToString(number),
                                      " is outside of what ", Describe(tensor), " holds"));
  }
  return SwitchDType(dtype, [&]<typename T>(T) {
    if constexpr (std::is_integral_v<T>) {
      return Constant(bound ? number.Saturate<T>() : number.To<T>(), {}, dtype, tensor.device());
    } else {
      return Tensor();
    }
  });
}

}  // namespace

void NumberTensor::GiveBack() {
  const TensorImpl& impl = *tensor_.impl();
  if (impl.refs.load(std::memory_order_acquire) == 1 && impl.storage->unique() &&
      impl.extensions.load(std::memory_order_relaxed) == nullptr) {
    internal::ThreadOwned<LastNumber>().tensor = std::move(tensor_);
  }
}

NumberTensor NumberBeside(OpId op, const Tensor& tensor, const Scalar& number, bool number_first) {
  if (!tensor.defined()) return NumberTensor({});  // the call reports it
  const DType dtype = ScalarDType(tensor.dtype(), number);
  if (op == op::kPow && !number_first && IsIntegral(dtype) && number.To<int64_t>() < 0) {
    ThrowInvalidArgument(absl::StrCat("pow: ", Describe(tensor), " to the power of ",
                                      ToString(number),
                                      ": integers have no negative powers; cast them first"));
  }
  if (IsIntegral(dtype) && !number.Fits(dtype)) {
    return NumberTensor(OutsideNumber(op, tensor, number, dtype));
  }
  return Number(number, NumberDType(dtype, tensor.device()), tensor.device());
}

}  // namespace neura
