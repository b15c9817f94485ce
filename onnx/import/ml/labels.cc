// Elements looked up among keys: categories, and what stands for them.
#include <bit>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ml/scores.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::HostFunction;
using graph::ValueId;
using graph::ValueKind;
using graph::ValueType;

// Integers as they are, floating point numbers by their bits, where all NaN are one and so are both
// zeros.
std::vector<int64_t> KeysOf(const Tensor& given) {
  const bool floating = IsFloating(given.dtype());
  const Tensor x = Contiguous(Cast(HostCopy(given), floating ? kFloat64 : kInt64));
  if (!floating) return {x.data<int64_t>(), x.data<int64_t>() + x.numel()};
  std::vector<int64_t> keys;
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double number = x.data<double>()[i];
    keys.push_back(std::bit_cast<int64_t>(
        std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number + 0.0));
  }
  return keys;
}

// The places of elements among keys, of equal ones the last; behind all keys that of one that is
// none of them, or an error where it is refused.
template <typename Key>
Tensor Places(const std::vector<Key>& keys, const std::vector<Key>& elements, DimsView shape,
              bool refused) {
  std::unordered_map<Key, int64_t> places;
  for (size_t i = 0; i < keys.size(); ++i) places[keys[i]] = static_cast<int64_t>(i);
  const Tensor result = Tensor::Empty(shape, kInt64, kCpu);
  auto* place = static_cast<int64_t*>(result.raw_data());
  for (const Key& element : elements) {
    const auto found = places.find(element);
    if (found == places.end() && refused) {
      ThrowInvalidArgument(absl::StrCat("an element is none of the ", keys.size(), " categories"));
    }
    *place++ = found == places.end() ? static_cast<int64_t>(keys.size()) : found->second;
  }
  return result;
}

// data: keys. integers: whether what is none of them is refused.
std::vector<Datum> LookUp(const HostContext& context) {
  const Datum &keys = context.data[0], &x = context.inputs[0];
  const bool refused = context.integers[0] != 0;
  const Tensor places =
      x.kind() == ValueKind::kStrings
          ? Places(keys.strings(), x.strings(), x.strings_shape(), refused)
          : Places(KeysOf(keys.tensor()), KeysOf(x.tensor()), x.tensor().shape(), refused);
  return {To(places, context.device)};
}
constinit const HostFunction kLookUp = {"places_among_keys", &LookUp};

int64_t SizeOf(const Datum& array) {
  return array.kind() == ValueKind::kStrings ? static_cast<int64_t>(array.strings().size())
                                             : array.tensor().numel();
}

Datum StringsDatum(std::vector<std::string> strings) {
  const auto count = static_cast<int64_t>(strings.size());
  return Datum::Strings(std::move(strings), {&count, 1});
}

ValueId PlacesAmong(NodeReader& node, ValueId x, const Datum& keys, bool refused) {
  const ValueKind kind = node.graph().value(x).kind;
  if (kind != keys.kind()) {
    ThrowInvalidArgument(absl::StrCat("a ", graph::KindName(kind), " is looked up in a ",
                                      graph::KindName(keys.kind()), " of keys"));
  }
  if (kind == ValueKind::kTensor &&
      IsFloating(node.dtype(x)) != IsFloating(keys.tensor().dtype())) {
    ThrowInvalidArgument(absl::StrCat(DTypeName(node.dtype(x)), " is looked up in keys of ",
                                      DTypeName(keys.tensor().dtype())));
  }
  ValueType type{.dtype = kInt64};
  for (const graph::SymInt& extent : node.shape(x)) {
    type.shape.push_back(extent.is_number() ? graph::DeclaredExtent(extent.number())
                                            : graph::Open());
  }
  const ValueId places = node.graph().AddHostCall(kLookUp, {x}, {refused}, {&type, 1}, {keys})[0];
  // Of strings nothing more is known.
  return kind == ValueKind::kStrings ? places : node.Reshape(places, node.shape(x));
}

// What stands for each element: values, and behind them one for all others.
void OutValues(NodeReader& node, const Datum& keys, const Datum& values) {
  if (SizeOf(values) != SizeOf(keys) + 1) {
    ThrowInvalidArgument(absl::StrCat(SizeOf(values) - 1, " values for ", SizeOf(keys), " keys"));
  }
  const ValueId places = PlacesAmong(node, node.in_any(0), keys, false);
  if (values.kind() == ValueKind::kStrings) {
    const ValueId all = AddStrings(node.graph(), values.strings(), values.strings_shape());
    return node.Out(StringsAt(node.graph(), all, places));
  }
  node.Out(node.Trace(
      [](const Tensor& values, const Tensor& places) {
        return Reshape(IndexSelect(values, 0, Flatten(places)), places.shape());
      },
      node.Constant(values.tensor()), places));
}

Datum WithLast(const Datum& values, const Datum& last) {
  if (values.kind() != last.kind() || SizeOf(last) != 1) {
    ThrowInvalidArgument("the default is no value of the others' type");
  }
  if (values.kind() != ValueKind::kStrings) {
    return Cat({Flatten(values.tensor()), Flatten(Cast(last.tensor(), values.tensor().dtype()))},
               0);
  }
  std::vector<std::string> all = values.strings();
  all.push_back(last.strings()[0]);
  return StringsDatum(std::move(all));
}

Datum Integers(const std::vector<int64_t>& values) {
  return FromVector(values, {static_cast<int64_t>(values.size())});
}

Datum OfFile(TensorOfFile given) {
  if (given.narrow != nullptr) ThrowUnimplemented(absl::StrCat(given.narrow->name, " elements"));
  if (given.strings) return StringsDatum(std::move(given.strings->elements));
  return Flatten(given.tensor);
}

// "keys" or "values" in one of four attributes.
Datum ArrayOf(NodeReader& node, const std::string& what) {
  std::vector<Datum> given;
  if (std::vector<std::string> strings = node.Strings(what + "_strings"); !strings.empty()) {
    given.push_back(StringsDatum(std::move(strings)));
  }
  if (const std::vector<int64_t> ints = node.Ints(what + "_int64s"); !ints.empty()) {
    given.push_back(Integers(ints));
  }
  if (const std::vector<double> floats = node.Floats(what + "_floats"); !floats.empty()) {
    given.push_back(Cast(FromVector(floats, {static_cast<int64_t>(floats.size())}), kFloat32));
  }
  if (std::optional<TensorOfFile> tensor = node.AnyTensorAttribute(what + "_tensor")) {
    given.push_back(OfFile(*std::move(tensor)));
  }
  if (given.size() != 1) {
    ThrowInvalidArgument(absl::StrCat("expects one attribute ", what, "_*, got ", given.size()));
  }
  return given[0];
}

// What stands for elements that are no keys, among values like these.
Datum DefaultFor(NodeReader& node, const Datum& values) {
  const std::string text = node.String("default_string", "_Unused");
  const int64_t whole = node.Int("default_int64", -1);
  const double number = node.Float("default_float", -0.0);
  if (std::optional<TensorOfFile> tensor = node.AnyTensorAttribute("default_tensor")) {
    return OfFile(*std::move(tensor));
  }
  if (values.kind() == ValueKind::kStrings) return StringsDatum({text});
  if (IsFloating(values.tensor().dtype())) {
    return Cast(FromVector(std::vector<double>{number}, {1}), values.tensor().dtype());
  }
  return Integers({whole});
}

// Between integers and strings, whichever the input has: the other one at its place.
void ReadBothWays(NodeReader& node, const std::vector<int64_t>& ints,
                  std::vector<std::string> strings) {
  const Datum text = StringsDatum({node.String("default_string", "_Unused")});
  const Datum whole = Integers({node.Int("default_int64", -1)});
  const Datum numbers = Integers(ints), names = StringsDatum(std::move(strings));
  if (node.graph().value(node.in_any(0)).kind == ValueKind::kStrings) {
    return OutValues(node, names, WithLast(numbers, whole));
  }
  OutValues(node, numbers, WithLast(names, text));
}

}  // namespace

void ReadCategoryMapper(NodeReader& node) {
  ReadBothWays(node, node.Ints("cats_int64s"), node.Strings("cats_strings"));
}

// In operator set 1 a list of strings, and their places.
void ReadLabelEncoder(NodeReader& node) {
  if (node.HasAttribute("classes_strings")) {
    std::vector<std::string> strings = node.Strings("classes_strings");
    std::vector<int64_t> places(strings.size());
    for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
    return ReadBothWays(node, places, std::move(strings));
  }
  const Datum keys = ArrayOf(node, "keys"), values = ArrayOf(node, "values");
  OutValues(node, keys, WithLast(values, DefaultFor(node, values)));
}

// One dimension more, which has a place for each category. Numbers are cut to integers.
void ReadOneHotEncoder(NodeReader& node) {
  const Classes categories = ReadClasses(node, "cats_int64s", "cats_strings");
  const bool refused = node.Int("zeros", 1) == 0;
  const Datum keys =
      categories.strings.empty() ? Integers(categories.ints) : StringsDatum(categories.strings);
  const int64_t count = categories.size();
  ValueId x = node.in_any(0);
  const bool numbers = node.graph().value(x).kind == ValueKind::kTensor;
  if (numbers && IsFloating(node.dtype(x))) x = node.Cast(x, kInt64);
  const ValueId places = PlacesAmong(node, x, keys, refused);
  node.Out(node.Trace(
      [&](const Tensor& places) {
        return Cast(Eq(Unsqueeze(places, -1), Arange(count)), kFloat32);
      },
      places));
}

}  // namespace neura::onnx
