#include "neura/onnx/import/known_value.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::onnx {
namespace {

using graph::SymInt;

// Sizes pass through narrower integers and floating point numbers on their way to where they are
// needed; up to 2^24 all of these hold them.
bool HoldsSizes(DType dtype) {
  return dtype == kInt64 || dtype == kInt32 || dtype == kFloat32 || dtype == kFloat64;
}

// Throws InvalidArgument where a constant is no integer.
SymInt ElementOf(const KnownValue& value, int64_t i) {
  if (!value.is_constant()) return value.sizes[static_cast<size_t>(i)];
  const Tensor element = Select(Reshape(value.constant, {-1}), 0, i);
  if (IsFloating(element.dtype())) {
    const double number = element.Item<double>();
    if (!(std::abs(number) <= 1 << 24) || number != std::round(number)) {
      ThrowInvalidArgument("not an integer");
    }
  }
  return SymInt(element.Item<int64_t>());
}

DType DTypeOf(const KnownValue& value) {
  return value.is_constant() ? value.constant.dtype() : value.dtype;
}

// ---- operators that move elements: their results are read off by sending numbers through

// Whether input `i` of the operator holds elements that it moves, and does not look at.
std::optional<bool (*)(size_t)> MovedInputs(std::string_view op) {
  static constexpr std::string_view kFirst[] = {
      "Expand", "Flatten", "Gather",  "Identity", "Reshape",   "Shape",     "Size",
      "Slice",  "Split",   "Squeeze", "Tile",     "Transpose", "Unsqueeze",
  };
  if (std::find(std::begin(kFirst), std::end(kFirst), op) != std::end(kFirst))
    return [](size_t i) { return i == 0; };
  if (op == "Concat") return [](size_t) { return true; };
  if (op == "Where") return [](size_t i) { return i > 0; };
  return std::nullopt;
}

std::optional<std::vector<KnownValue>> Move(const NodeMessage& node, bool (*is_moved)(size_t),
                                            const std::vector<const KnownValue*>& inputs,
                                            ConstantEvaluator evaluate) {
  std::vector<SymInt> elements;  // by the numbers that stand for them
  std::optional<DType> dtype;    // of what is moved
  std::vector<Tensor> numbered(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    const KnownValue& input = *inputs[i];
    if (!is_moved(i)) {
      if (!input.is_constant()) return std::nullopt;
      numbered[i] = input.constant;
      continue;
    }
    if (!HoldsSizes(DTypeOf(input)) || dtype.value_or(DTypeOf(input)) != DTypeOf(input)) {
      return std::nullopt;
    }
    dtype = DTypeOf(input);
    if (input.is_constant() && IsFloating(*dtype) &&
        !SameBits(Round(input.constant), input.constant)) {
      return std::nullopt;
    }
    std::vector<int64_t> numbers(static_cast<size_t>(NumElements(input.dims())));
    for (size_t k = 0; k < numbers.size(); ++k) {
      numbers[k] = static_cast<int64_t>(elements.size());
      elements.push_back(ElementOf(input, static_cast<int64_t>(k)));
    }
    numbered[i] = FromVector(numbers, input.dims());
  }
  const std::optional<std::vector<Tensor>> moved = evaluate(numbered);
  if (!moved) return std::nullopt;
  const bool measures = node.op_type == "Shape" || node.op_type == "Size";
  std::vector<KnownValue> results;
  for (const Tensor& result : *moved) {
    if (measures || !result.defined()) {
      results.push_back(KnownValue::Constant(result));
      continue;
    }
    if (result.dtype() != kInt64) return std::nullopt;
    std::vector<SymInt> sizes;
    for (int64_t k = 0; k < result.numel(); ++k) {
      sizes.push_back(elements[static_cast<size_t>(result.data<int64_t>()[k])]);
    }
    results.push_back(KnownValue::Sizes(std::move(sizes), result.shape(), dtype.value_or(kInt64)));
  }
  return results;
}

// ---- arithmetic of integers

using Binary = SymInt (*)(const SymInt&, const SymInt&);

Binary BinaryOf(std::string_view op) {
  if (op == "Add") return [](const SymInt& a, const SymInt& b) { return a + b; };
  if (op == "Sub") return [](const SymInt& a, const SymInt& b) { return a - b; };
  if (op == "Mul") return [](const SymInt& a, const SymInt& b) { return a * b; };
  // ONNX cuts the quotient towards zero.
  if (op == "Div") return [](const SymInt& a, const SymInt& b) { return a / b; };
  if (op == "Mod") return &SymInt::Mod;
  if (op == "Min") return &SymInt::Min;
  if (op == "Max") return &SymInt::Max;
  if (op == "Equal") return &SymInt::Equal;
  return nullptr;
}

// Where each element of a result of this shape comes from in `value`.
Tensor PlacesIn(const KnownValue& value, DimsView shape) {
  const int64_t numel = NumElements(value.dims());
  return Contiguous(Expand(Reshape(Arange(numel), value.dims()), shape));
}

// Element by element, broadcast.
template <typename Element>
std::optional<KnownValue> Map(const std::vector<const KnownValue*>& inputs, DType dtype,
                              Element element) {
  Dims shape;
  for (const KnownValue* input : inputs) shape = BroadcastShapes("import", shape, input->dims());
  if (NumElements(shape) > static_cast<int64_t>(kMaxDims)) return std::nullopt;
  std::vector<Tensor> places;
  for (const KnownValue* input : inputs) places.push_back(PlacesIn(*input, shape));
  std::vector<SymInt> results;
  for (int64_t i = 0; i < NumElements(shape); ++i) {
    std::vector<SymInt> operands;
    for (size_t k = 0; k < inputs.size(); ++k) {
      operands.push_back(ElementOf(*inputs[k], places[k].data<int64_t>()[i]));
    }
    results.push_back(element(operands));
  }
  return KnownValue::Sizes(std::move(results), shape, dtype);
}

// The product of all elements of a vector.
std::optional<KnownValue> Product(const NodeMessage& node, const KnownValue& input) {
  if (input.dims().size() != 1) return std::nullopt;
  bool keepdims = true;
  for (const AttributeMessage& attribute : node.attributes) {
    if (attribute.name == "keepdims") {
      keepdims = attribute.i != 0;
    } else if (attribute.name != "axes" || attribute.ints != std::vector<int64_t>{0}) {
      return std::nullopt;
    }
  }
  SymInt product = 1;
  for (int64_t i = 0; i < input.dims()[0]; ++i) product = product * ElementOf(input, i);
  return KnownValue::Sizes({product}, keepdims ? Dims{1} : Dims{}, DTypeOf(input));
}

// The same numbers in another dtype.
std::optional<KnownValue> Converted(const NodeMessage& node, const KnownValue& input) {
  for (const AttributeMessage& attribute : node.attributes) {
    if (attribute.name != "to") continue;
    const absl::StatusOr<DType> to = FromElementType(static_cast<int>(attribute.i));
    if (!to.ok() || !HoldsSizes(*to) || !HoldsSizes(DTypeOf(input))) return std::nullopt;
    std::vector<SymInt> sizes;
    for (int64_t i = 0; i < NumElements(input.dims()); ++i) sizes.push_back(ElementOf(input, i));
    return KnownValue::Sizes(std::move(sizes), input.dims(), *to);
  }
  return std::nullopt;
}

std::optional<KnownValue> Compute(const NodeMessage& node,
                                  const std::vector<const KnownValue*>& inputs) {
  const auto given = [&inputs](size_t least, size_t most) {
    return inputs.size() >= least && inputs.size() <= most &&
           std::count(inputs.begin(), inputs.end(), nullptr) == 0;
  };
  const DType dtype = inputs.empty() || inputs.back() == nullptr ? kBool : DTypeOf(*inputs.back());
  // Of one dtype of integers.
  const auto all_integers = [&inputs, dtype](size_t first) {
    return (dtype == kInt64 || dtype == kInt32) &&
           std::all_of(inputs.begin() + static_cast<ptrdiff_t>(first), inputs.end(),
                       [dtype](const KnownValue* input) { return DTypeOf(*input) == dtype; });
  };
  if (node.op_type == "Cast" && given(1, 1)) return Converted(node, *inputs[0]);
  if (node.op_type == "Where" && given(3, 3) && DTypeOf(*inputs[0]) == kBool && all_integers(1)) {
    return Map(inputs, dtype,
               [](const std::vector<SymInt>& x) { return SymInt::Where(x[0], x[1], x[2]); });
  }
  if (node.op_type == "ReduceProd" && given(1, 1) && all_integers(0)) {
    return Product(node, *inputs[0]);
  }
  const Binary combine = BinaryOf(node.op_type);
  if (combine == nullptr || !node.attributes.empty()) return std::nullopt;
  const bool any_number = node.op_type == "Min" || node.op_type == "Max";
  if (!given(any_number ? 1 : 2, any_number ? kMaxDims : 2) || !all_integers(0))
    return std::nullopt;
  return Map(inputs, node.op_type == "Equal" ? kBool : dtype,
             [combine](const std::vector<SymInt>& x) {
               SymInt result = x[0];
               for (size_t i = 1; i < x.size(); ++i) result = combine(result, x[i]);
               return result;
             });
}

}  // namespace

KnownValue KnownValue::Sizes(std::vector<SymInt> sizes, DimsView shape, DType dtype) {
  std::vector<int64_t> numbers;
  for (const SymInt& size : sizes) {
    if (!size.is_number()) {
      return {Tensor(), std::move(sizes), Dims(shape.begin(), shape.end()), dtype};
    }
    numbers.push_back(size.number());
  }
  return Constant(Cast(FromVector(numbers, shape), dtype));
}

std::optional<std::vector<KnownValue>> FollowSizes(const NodeMessage& node,
                                                   const std::vector<const KnownValue*>& inputs,
                                                   ConstantEvaluator evaluate) {
  try {
    if (std::optional<KnownValue> result = Compute(node, inputs)) {
      return std::vector<KnownValue>{*std::move(result)};
    }
  } catch (const Error&) {
    // Too long, too large or divided by 0: a run computes it, if it gets there.
    return std::nullopt;
  }
  const auto is_moved = MovedInputs(node.op_type);
  return is_moved ? Move(node, *is_moved, inputs, evaluate) : std::nullopt;
}

}  // namespace neura::onnx
