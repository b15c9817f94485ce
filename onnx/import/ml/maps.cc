// Maps, which the host holds.
#include <algorithm>
#include <unordered_map>

#include "absl/strings/numbers.h"
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

// data: keys. Input: rows of values.
std::vector<Datum> Zip(const HostContext& context) {
  const Tensor& x = context.inputs[0].tensor();
  return {Datum::Map(context.data[0], Contiguous(x.dim() == 1 ? Unsqueeze(x, 0) : x))};
}
constinit const HostFunction kZip = {"zip_map", &Zip};

ValueId MapIn(NodeReader& node) {
  const ValueId id = node.in_any(0);
  if (node.graph().value(id).kind != ValueKind::kMap) {
    ThrowInvalidArgument(absl::StrCat("input 0 must be a map, not a ",
                                      graph::KindName(node.graph().value(id).kind)));
  }
  return id;
}

// Of one map.
const Tensor& NumbersOf(const Datum& map) {
  const Tensor& values = map.values().tensor();
  if (values.dim() != 1) ThrowInvalidArgument("expects one map, not a sequence of them");
  return values;
}

template <typename Key>
Tensor InOrder(const std::vector<Key>& vocabulary, const std::vector<Key>& keys,
               const Tensor& values) {
  std::unordered_map<Key, int64_t> place;
  for (size_t i = 0; i < keys.size(); ++i) place[keys[i]] = static_cast<int64_t>(i);
  std::vector<int64_t> index;
  for (const Key& key : vocabulary) {
    const auto found = place.find(key);
    index.push_back(found == place.end() ? values.numel() : found->second);
  }
  const Tensor with_zero = Cat({values, Zeros({1}, {.dtype = values.dtype()})}, 0);
  const auto count = static_cast<int64_t>(index.size());
  return Reshape(IndexSelect(with_zero, 0, FromVector(index, {count})), {1, count});
}

std::vector<int64_t> IntegersOf(const Tensor& given) {
  const Tensor x = Contiguous(HostCopy(given));
  return {x.data<int64_t>(), x.data<int64_t>() + x.numel()};
}

// data: the keys to be found, of which those that the map lacks are 0.
std::vector<Datum> Vectorize(const HostContext& context) {
  const Datum &map = context.inputs[0], &vocabulary = context.data[0];
  const Tensor values = HostCopy(NumbersOf(map));
  const Tensor row =
      vocabulary.kind() == ValueKind::kStrings
          ? InOrder(vocabulary.strings(), map.keys().strings(), values)
          : InOrder(IntegersOf(vocabulary.tensor()), IntegersOf(map.keys().tensor()), values);
  return {To(row, context.device)};
}
constinit const HostFunction kVectorize = {"dict_vectorizer", &Vectorize};

// integers: the dtype, and the length of a sparse row, or one below 0. By the order of the keys.
std::vector<Datum> Spread(const HostContext& context) {
  const Datum& map = context.inputs[0];
  const auto dtype = static_cast<DType>(context.integers[0]);
  const std::vector<int64_t> keys = IntegersOf(map.keys().tensor());
  Tensor values;
  if (map.values().kind() == ValueKind::kStrings) {
    std::vector<double> numbers;
    for (const std::string& text : map.values().strings()) {
      if (!absl::SimpleAtod(text, &numbers.emplace_back())) {
        ThrowInvalidArgument(absl::StrCat("\"", text, "\" is no number"));
      }
    }
    values = FromVector(numbers, {static_cast<int64_t>(numbers.size())});
  } else {
    values = HostCopy(NumbersOf(map));
  }
  const int64_t length = context.integers[1];
  if (length < 0) {
    std::vector<int64_t> order(keys.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
    });
    const auto count = static_cast<int64_t>(order.size());
    values = Reshape(IndexSelect(values, 0, FromVector(order, {count})), {1, count});
    return {To(Cast(values, dtype), context.device)};
  }
  for (const int64_t key : keys) {
    if (key < 0 || key >= length) {
      ThrowOutOfRange(absl::StrCat("there is no place ", key, " in a row of ", length));
    }
  }
  std::vector<int64_t> places(static_cast<size_t>(length));
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
  return {To(Cast(InOrder(places, keys, values), dtype), context.device)};
}
constinit const HostFunction kSpread = {"cast_map", &Spread};

Datum KeysOf(const Classes& classes) {
  const int64_t count = classes.size();
  if (classes.strings.empty()) return FromVector(classes.ints, {count});
  return Datum::Strings(classes.strings, {&count, 1});
}

}  // namespace

// A map for each row, all with the same keys.
void ReadZipMap(NodeReader& node) {
  const Classes classes = ReadClasses(node, "classlabels_int64s", "classlabels_strings");
  const ValueId x = node.in(0);
  const int64_t rank = node.rank(x);
  if (rank != 1 && rank != 2) ThrowInvalidArgument("expects [N, keys] or [keys]");
  const graph::SymInt& columns = node.shape(x).back();
  if (columns.is_number() && columns.number() != classes.size()) {
    ThrowInvalidArgument(absl::StrCat(classes.size(), " keys for ", columns.number(), " columns"));
  }
  const ValueType type{
      .kind = ValueKind::kMap, .dtype = node.dtype(x), .shape = {graph::Open(), classes.size()}};
  node.Out(node.graph().AddHostCall(kZip, {x}, {}, {&type, 1}, {KeysOf(classes)})[0]);
}

void ReadDictVectorizer(NodeReader& node) {
  const ValueId map = MapIn(node);
  const Classes vocabulary = ReadClasses(node, "int64_vocabulary", "string_vocabulary");
  const ValueType type{.dtype = node.dtype(map), .shape = {1, vocabulary.size()}};
  node.Out(node.graph().AddHostCall(kVectorize, {map}, {}, {&type, 1}, {KeysOf(vocabulary)})[0]);
}

void ReadCastMap(NodeReader& node) {
  const ValueId map = MapIn(node);
  const std::string to = node.String("cast_to", "TO_FLOAT"),
                    form = node.String("map_form", "DENSE");
  const int64_t length = node.Int("max_map", 1);
  if (to == "TO_STRING") node.Unsupported("cast_to TO_STRING");
  if (to != "TO_FLOAT" && to != "TO_INT64") {
    ThrowInvalidArgument(absl::StrCat("cast_to ", to, " is unknown"));
  }
  if (form != "DENSE" && form != "SPARSE") {
    ThrowInvalidArgument(absl::StrCat("map_form ", form, " is unknown"));
  }
  const bool sparse = form == "SPARSE";
  if (sparse && (length < 1 || length > 1 << 24)) {
    ThrowInvalidArgument(absl::StrCat("max_map is ", length));
  }
  const DType dtype = to == "TO_FLOAT" ? kFloat32 : kInt64;
  const ValueType type{.dtype = dtype,
                       .shape = {1, sparse ? graph::DeclaredExtent(length) : graph::Open()}};
  node.Out(node.graph().AddHostCall(
      kSpread, {map}, {static_cast<int64_t>(dtype), sparse ? length : -1}, {&type, 1})[0]);
}

}  // namespace neura::onnx
