#include "neura/onnx/import/known_value.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace neura::onnx {
namespace {

using graph::Extent;

Extent ElementOf(const KnownValue& value, int64_t i) {
  return value.is_constant() ? Extent(value.constant.data<int64_t>()[i])
                             : value.sizes[static_cast<size_t>(i)];
}

bool HoldsIntegers(const KnownValue& value) {
  return !value.is_constant() || value.constant.dtype() == kInt64;
}

// ---- operators that move elements: their results are read off by sending numbers through

// Whether input `i` of the operator holds elements that it moves, and does not look at.
std::optional<bool (*)(size_t)> MovedInputs(std::string_view op) {
  static constexpr std::string_view kFirst[] = {
      "Cast", "Expand", "Flatten", "Gather",  "Identity", "Reshape",   "Shape",
      "Size", "Slice",  "Split",   "Squeeze", "Tile",     "Transpose", "Unsqueeze",
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
  std::vector<Extent> elements;  // by the numbers that stand for them
  std::vector<Tensor> numbered(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    const KnownValue& input = *inputs[i];
    if (!is_moved(i)) {
      if (!input.is_constant()) return std::nullopt;
      numbered[i] = input.constant;
      continue;
    }
    if (!HoldsIntegers(input)) return std::nullopt;
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
    std::vector<Extent> sizes;
    for (int64_t k = 0; k < result.numel(); ++k) {
      sizes.push_back(elements[static_cast<size_t>(result.data<int64_t>()[k])]);
    }
    results.push_back(KnownValue::Sizes(std::move(sizes), result.shape()));
  }
  return results;
}

// ---- arithmetic: nothing where the result is no multiple of one size

Extent Multiple(int64_t factor, const Extent& of) {
  return factor == 0 ? Extent(0) : Extent(factor, of.symbol);
}

std::optional<Extent> Add(const Extent& a, const Extent& b) {
  if (b == Extent(0)) return a;
  if (a == Extent(0)) return b;
  int64_t sum;
  if (a.symbol != b.symbol || __builtin_add_overflow(a.factor, b.factor, &sum)) return std::nullopt;
  return Multiple(sum, a);
}

std::optional<Extent> Sub(const Extent& a, const Extent& b) {
  int64_t negative;
  if (__builtin_sub_overflow(int64_t{0}, b.factor, &negative)) return std::nullopt;
  return Add(a, Multiple(negative, b));
}

std::optional<Extent> Mul(const Extent& a, const Extent& b) {
  int64_t product;
  if (!a.is_number() && !b.is_number()) return std::nullopt;
  if (__builtin_mul_overflow(a.factor, b.factor, &product)) return std::nullopt;
  return Multiple(product, a.is_number() ? b : a);
}

// ONNX cuts the quotient towards zero; only those that leave no rest are followed.
std::optional<Extent> Div(const Extent& a, const Extent& b) {
  if (b.factor == 0) return std::nullopt;
  if (b == Extent(-1)) return Sub(0, a);
  if (a.is_number() && b.is_number()) return Extent(a.factor / b.factor);
  if (b.factor == -1 || a.factor % b.factor != 0) return std::nullopt;
  if (b.is_number()) return Multiple(a.factor / b.factor, a);
  if (a.symbol != b.symbol) return std::nullopt;
  return Extent(a.factor / b.factor);
}

// 0 or 1. A size is not negative.
std::optional<Extent> Equal(const Extent& a, const Extent& b) {
  if (a == b) return Extent(1);
  if (a.is_number() && b.is_number()) return Extent(0);
  if (!a.is_number() && !b.is_number()) return std::nullopt;
  const Extent &number = a.is_number() ? a : b, &size = a.is_number() ? b : a;
  const bool other_sign = (number.factor < 0) != (size.factor < 0) && number.factor != 0;
  // By -1 everything is divisible, and the least number is not divided.
  if (other_sign || (size.factor != -1 && number.factor % size.factor != 0)) return Extent(0);
  return std::nullopt;
}

using Binary = std::optional<Extent> (*)(const Extent&, const Extent&);

Binary BinaryOf(std::string_view op) {
  return op == "Add"     ? Add
         : op == "Sub"   ? Sub
         : op == "Mul"   ? Mul
         : op == "Div"   ? Div
         : op == "Equal" ? Equal
                         : nullptr;
}

std::optional<KnownValue> Combine(Binary combine, const KnownValue& a, const KnownValue& b) {
  const Dims shape = BroadcastShapes("import", a.dims(), b.dims());
  if (NumElements(shape) > kMaxKnownElements) return std::nullopt;
  // Where each element of the result comes from.
  const auto places = [&shape](const KnownValue& value) {
    const int64_t numel = NumElements(value.dims());
    return Contiguous(Expand(Reshape(Arange(numel), value.dims()), shape));
  };
  const Tensor from_a = places(a), from_b = places(b);
  std::vector<Extent> results;
  for (int64_t i = 0; i < from_a.numel(); ++i) {
    const Extent x = ElementOf(a, from_a.data<int64_t>()[i]);
    const Extent y = ElementOf(b, from_b.data<int64_t>()[i]);
    if (!x.is_known() || !y.is_known()) {
      results.push_back(Extent::Unknown());
      continue;
    }
    const std::optional<Extent> result = combine(x, y);
    if (!result) return std::nullopt;
    results.push_back(*result);
  }
  KnownValue value = KnownValue::Sizes(std::move(results), shape);
  if (combine != Equal) return value;
  if (!value.is_constant()) return std::nullopt;
  return KnownValue::Constant(Cast(value.constant, kBool));
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
  Extent product = 1;
  for (int64_t i = 0; i < input.dims()[0]; ++i) {
    const Extent factor = ElementOf(input, i);
    const std::optional<Extent> next = factor.is_known() ? Mul(product, factor) : std::nullopt;
    if (!next) return std::nullopt;
    product = *next;
  }
  return KnownValue::Sizes({product}, keepdims ? Dims{1} : Dims{});
}

}  // namespace

KnownValue KnownValue::Sizes(std::vector<Extent> sizes, DimsView shape) {
  std::vector<int64_t> numbers;
  for (const Extent& size : sizes) {
    if (!size.is_number()) return {Tensor(), std::move(sizes), Dims(shape.begin(), shape.end())};
    numbers.push_back(size.factor);
  }
  return Constant(FromVector(numbers, shape));
}

std::optional<std::vector<KnownValue>> FollowSizes(const NodeMessage& node,
                                                   const std::vector<const KnownValue*>& inputs,
                                                   ConstantEvaluator evaluate) {
  if (const auto is_moved = MovedInputs(node.op_type)) {
    return Move(node, *is_moved, inputs, evaluate);
  }
  std::optional<KnownValue> result;
  const Binary combine = BinaryOf(node.op_type);
  const auto given = [&inputs](size_t count) {
    return inputs.size() == count &&
           std::all_of(inputs.begin(), inputs.end(), [](const KnownValue* input) {
             return input != nullptr && HoldsIntegers(*input);
           });
  };
  if (combine != nullptr && given(2) && node.attributes.empty())
    result = Combine(combine, *inputs[0], *inputs[1]);
  if (node.op_type == "ReduceProd" && given(1)) result = Product(node, *inputs[0]);
  if (!result) return std::nullopt;
  return std::vector<KnownValue>{*std::move(result)};
}

}  // namespace neura::onnx
