// Tensors of strings, which the host holds.
#include <algorithm>
#include <clocale>
#include <cwctype>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/graph/host_functions.h"
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

bool IsStrings(NodeReader& node, ValueId id) {
  return node.graph().value(id).kind == ValueKind::kStrings;
}

ValueId StringsIn(NodeReader& node, size_t i) {
  const ValueId id = node.in_any(i);
  if (!IsStrings(node, id)) {
    ThrowInvalidArgument(absl::StrCat("input ", i, " must be a tensor of strings"));
  }
  return id;
}

std::vector<graph::DeclaredExtent> Open(int64_t rank) {
  return std::vector<graph::DeclaredExtent>(static_cast<size_t>(rank), graph::Open());
}

// The extents as they are, where they are numbers.
std::vector<graph::DeclaredExtent> Extents(NodeReader& node, ValueId id) {
  std::vector<graph::DeclaredExtent> extents;
  for (const graph::SymInt& extent : node.shape(id)) {
    extents.push_back(extent.is_number() ? graph::DeclaredExtent(extent.number()) : graph::Open());
  }
  return extents;
}

// Calls f(i, j) for the places of two arrays that broadcasting puts together, in order, and gives
// the shape.
template <typename F>
Dims Broadcast(DimsView a, DimsView b, F f) {
  const int64_t a_count = NumElements(a), b_count = NumElements(b);
  const auto places = [](DimsView shape, int64_t count) {
    Tensor index = Tensor::Empty({count}, kInt64, kCpu);
    for (int64_t i = 0; i < count; ++i) index.data<int64_t>()[i] = i;
    return Reshape(index, shape);
  };
  const std::vector<Tensor> both = BroadcastTensors({places(a, a_count), places(b, b_count)});
  const Tensor i = Contiguous(both[0]), j = Contiguous(both[1]);
  for (int64_t k = 0; k < i.numel(); ++k) {
    f(static_cast<size_t>(i.data<int64_t>()[k]), static_cast<size_t>(j.data<int64_t>()[k]));
  }
  return {i.shape().begin(), i.shape().end()};
}

std::vector<Datum> Equal(const HostContext& context) {
  const Datum &a = context.inputs[0], &b = context.inputs[1];
  std::vector<bool> same;
  const Dims shape = Broadcast(a.strings_shape(), b.strings_shape(), [&](size_t i, size_t j) {
    same.push_back(a.strings()[i] == b.strings()[j]);
  });
  Tensor result = Tensor::Empty(shape, kBool, kCpu);
  std::copy(same.begin(), same.end(), result.data<bool>());
  return {To(result, context.device)};
}
constinit const HostFunction kEqual = {"strings_equal", &Equal};

std::vector<Datum> Concat(const HostContext& context) {
  const Datum &a = context.inputs[0], &b = context.inputs[1];
  std::vector<std::string> joined;
  const Dims shape = Broadcast(a.strings_shape(), b.strings_shape(), [&](size_t i, size_t j) {
    joined.push_back(absl::StrCat(a.strings()[i], b.strings()[j]));
  });
  return {Datum::Strings(std::move(joined), shape)};
}
constinit const HostFunction kConcat = {"string_concat", &Concat};

// At a delimiter, or where it is empty at runs of white space, which both ends lose; at most so
// often as `most` says, where it is not below 0.
std::vector<std::string> Parts(std::string_view text, std::string_view delimiter, int64_t most) {
  std::vector<std::string> parts;
  if (delimiter.empty()) {
    text = absl::StripLeadingAsciiWhitespace(text);
    while (!text.empty()) {
      const auto end =
          std::find_if(text.begin(), text.end(), [](char c) { return absl::ascii_isspace(c); });
      const auto length = static_cast<size_t>(end - text.begin());
      if (most >= 0 && static_cast<int64_t>(parts.size()) >= most) {
        parts.emplace_back(absl::StripTrailingAsciiWhitespace(text));
        break;
      }
      parts.emplace_back(text.substr(0, length));
      text = absl::StripLeadingAsciiWhitespace(text.substr(length));
    }
    return parts;
  }
  // An empty string has no parts.
  if (text.empty()) return parts;
  while (most < 0 || static_cast<int64_t>(parts.size()) < most) {
    const size_t at = text.find(delimiter);
    if (at == std::string_view::npos) break;
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + delimiter.size());
  }
  parts.emplace_back(text);
  return parts;
}

// data: the delimiter. integers: how many splits at most, or one below 0.
std::vector<Datum> Split(const HostContext& context) {
  const Datum& x = context.inputs[0];
  const std::string& delimiter = context.data[0].strings()[0];
  std::vector<std::vector<std::string>> all;
  size_t most = 0;
  Tensor counts = Tensor::Empty(x.strings_shape(), kInt64, kCpu);
  for (const std::string& text : x.strings()) {
    counts.data<int64_t>()[all.size()] = 0;
    all.push_back(Parts(text, delimiter, context.integers[0]));
    counts.data<int64_t>()[all.size() - 1] = static_cast<int64_t>(all.back().size());
    most = std::max(most, all.back().size());
  }
  constexpr size_t kMostParts = size_t{1} << 24;
  if (most > 0 && all.size() > kMostParts / most) {
    ThrowResourceExhausted(absl::StrCat(all.size(), " strings of up to ", most, " parts each"));
  }
  // Shorter ones are filled up with empty strings.
  std::vector<std::string> parts;
  for (std::vector<std::string>& some : all) {
    some.resize(most);
    std::move(some.begin(), some.end(), std::back_inserter(parts));
  }
  Dims shape(x.strings_shape().begin(), x.strings_shape().end());
  shape.push_back(static_cast<int64_t>(most));
  return {Datum::Strings(std::move(parts), shape), To(counts, context.device)};
}
constinit const HostFunction kSplit = {"string_split", &Split};

enum Case : int64_t { kKeep, kLower, kUpper };

bool Continues(std::string_view text, size_t begin, size_t count) {
  if (begin + count > text.size()) return false;
  const std::string_view bytes = text.substr(begin, count);
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return (c & 0xc0) == 0x80; });
}

// By characters of UTF-8, where the system knows them; bytes that are none stay.
std::string Changed(const std::string& text, int64_t to) {
  if (to == kKeep) return text;
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string changed;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (length == 1) {
      changed += to == kLower ? absl::ascii_tolower(first) : absl::ascii_toupper(first);
    } else if (first < 0xc2 || utf8 == nullptr || !Continues(text, i + 1, length - 1)) {
      changed += text[i];
      ++i;
      continue;
    } else {
      wint_t character = first & (0xff >> (length + 1));
      for (size_t k = 1; k < length; ++k) {
        character = character << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
      }
      const wint_t other = to == kLower ? towlower_l(character, utf8) : towupper_l(character, utf8);
      // What takes another number of bytes is rare enough to be left alone.
      const size_t bytes = other < 0x80 ? 1 : other < 0x800 ? 2 : other < 0x10000 ? 3 : 4;
      if (bytes != length) {
        changed.append(text, i, length);
      } else {
        const unsigned lead = length == 2 ? 0xc0 : length == 3 ? 0xe0 : 0xf0;
        for (size_t k = 0; k < length; ++k) {
          const wint_t bits = other >> (6 * (length - 1 - k));
          changed += static_cast<char>(k == 0 ? lead | bits : 0x80 | (bits & 0x3f));
        }
      }
    }
    i += length;
  }
  return changed;
}

// data: words to be left out. integers: the case; whether words are compared in theirs.
std::vector<Datum> Normalize(const HostContext& context) {
  const Datum& x = context.inputs[0];
  const bool by_case = context.integers[1] != 0;
  const auto key = [&](const std::string& word) { return by_case ? word : Changed(word, kLower); };
  std::vector<std::string> stop, kept;
  for (const std::string& word : context.data[0].strings()) stop.push_back(key(word));
  std::sort(stop.begin(), stop.end());
  for (const std::string& word : x.strings()) {
    if (std::binary_search(stop.begin(), stop.end(), key(word))) continue;
    kept.push_back(Changed(word, context.integers[0]));
  }
  if (kept.empty()) kept.emplace_back();  // as the standard has it
  Dims shape(x.strings_shape().begin(), x.strings_shape().end());
  if (shape.empty() || shape.size() > 2) {
    ThrowInvalidArgument(absl::StrCat("strings of ", shape.size(), " dimensions, not 1 or 2"));
  }
  if (shape.size() == 2 && shape[0] != 1) {
    ThrowInvalidArgument(absl::StrCat("several rows of strings, ", ToString(shape)));
  }
  shape.back() = static_cast<int64_t>(kept.size());
  return {Datum::Strings(std::move(kept), shape)};
}
constinit const HostFunction kNormalize = {"string_normalizer", &Normalize};

// As many numbers as strings, of the dtype that integers[0] is.
std::vector<Datum> Parse(const HostContext& context) {
  const Datum& x = context.inputs[0];
  const auto dtype = static_cast<DType>(context.integers[0]);
  const bool whole = IsIntegral(dtype);
  Tensor numbers = Tensor::Empty(x.strings_shape(), whole ? kInt64 : kFloat64, kCpu);
  for (size_t i = 0; i < x.strings().size(); ++i) {
    const std::string& text = x.strings()[i];
    const bool is_number = whole ? absl::SimpleAtoi(text, &numbers.data<int64_t>()[i])
                                 : absl::SimpleAtod(text, &numbers.data<double>()[i]);
    if (!is_number) ThrowInvalidArgument(absl::StrCat("\"", text, "\" is no number"));
  }
  return {To(Cast(numbers, dtype), context.device)};
}
constinit const HostFunction kParse = {"numbers_of_strings", &Parse};

// The shortest text that is read as the same number of the dtype.
std::string Shortest(double number, DType dtype) {
  std::string text;
  for (int digits = 1; digits <= 17; ++digits) {
    text = absl::StrFormat("%.*g", digits, number);
    double read = 0;
    if (!absl::SimpleAtod(text, &read)) break;
    if (Cast(ScalarTensor(read), dtype).Item<double>() == number) break;
  }
  return text;
}

std::vector<Datum> Print(const HostContext& context) {
  const Tensor x = Contiguous(HostCopy(context.inputs[0].tensor()));
  std::vector<std::string> texts;
  for (int64_t i = 0; i < x.numel(); ++i) {
    const Tensor element = Select(Flatten(x), 0, i);
    if (IsFloating(x.dtype())) {
      texts.push_back(Shortest(element.Item<double>(), x.dtype()));
    } else if (x.dtype() == kBool) {
      texts.emplace_back(element.Item<bool>() ? "True" : "False");
    } else if (x.dtype() == kUInt64) {
      texts.push_back(absl::StrCat(element.Item<uint64_t>()));
    } else {
      texts.push_back(absl::StrCat(element.Item<int64_t>()));
    }
  }
  return {Datum::Strings(std::move(texts), x.shape())};
}
constinit const HostFunction kPrint = {"strings_of_numbers", &Print};

// 0, 1, ..., in the shape of the strings.
std::vector<Datum> NumberStrings(const HostContext& context) {
  const Datum& x = context.inputs[0];
  const Tensor places = Reshape(Arange(NumElements(x.strings_shape())), x.strings_shape());
  return {To(places, context.device)};
}
constinit const HostFunction kNumberStrings = {"places_of_strings", &NumberStrings};

Datum Picked(const std::vector<std::string>& strings, const Tensor& places) {
  const Tensor index = Contiguous(HostCopy(places));
  std::vector<std::string> picked;
  picked.reserve(static_cast<size_t>(index.numel()));
  for (int64_t i = 0; i < index.numel(); ++i) {
    const int64_t at = index.data<int64_t>()[i];
    if (at < 0 || at >= static_cast<int64_t>(strings.size())) {
      ThrowOutOfRange(absl::StrCat("there is no string ", at, " of ", strings.size()));
    }
    picked.push_back(strings[static_cast<size_t>(at)]);
  }
  return Datum::Strings(std::move(picked), index.shape());
}

std::vector<Datum> Pick(const HostContext& context) {
  return {Picked(context.inputs[0].strings(), context.inputs[1].tensor())};
}
constinit const HostFunction kPick = {"strings_at", &Pick};

// integers: the axis.
std::vector<Datum> Join(const HostContext& context) {
  std::vector<std::string> all;
  std::vector<Tensor> places;
  for (const Datum& part : context.inputs) {
    const auto begin = static_cast<int64_t>(all.size());
    all.insert(all.end(), part.strings().begin(), part.strings().end());
    const auto end = static_cast<int64_t>(all.size());
    places.push_back(Reshape(Arange(begin, end), part.strings_shape()));
  }
  return {Picked(all, Cat(places, context.integers[0]))};
}
constinit const HostFunction kJoin = {"concat_strings", &Join};

}  // namespace

ValueId PlacesOfStrings(graph::Graph& graph, ValueId strings) {
  ValueType type{.dtype = kInt64};
  for (const graph::SymInt& extent : graph.value(strings).shape) {
    type.shape.push_back(extent.is_number() ? graph::DeclaredExtent(extent.number())
                                            : graph::Open());
  }
  return graph.AddHostCall(kNumberStrings, {strings}, {}, {&type, 1})[0];
}

ValueId StringsAt(graph::Graph& graph, ValueId strings, ValueId places) {
  ValueType type{.kind = ValueKind::kStrings};
  for (const graph::SymInt& extent : graph.value(places).shape) {
    type.shape.push_back(extent.is_number() ? graph::DeclaredExtent(extent.number())
                                            : graph::Open());
  }
  return graph.AddHostCall(kPick, {strings, places}, {}, {&type, 1})[0];
}

void ReadConcatOfStrings(NodeReader& node) {
  std::vector<ValueId> parts;
  for (size_t i = 0; i < node.num_inputs(); ++i) parts.push_back(StringsIn(node, i));
  const int64_t rank = node.rank(parts[0]);
  const int64_t axis = node.Axis(node.Int("axis", 1), rank);
  const ValueType type{.kind = ValueKind::kStrings, .shape = Open(rank)};
  node.Out(node.graph().AddHostCall(kJoin, std::move(parts), {axis}, {&type, 1})[0]);
}

ValueId AddStrings(graph::Graph& graph, std::vector<std::string> elements, DimsView shape) {
  const ValueType type{.kind = ValueKind::kStrings, .shape = {shape.begin(), shape.end()}};
  return graph.AddHostCall(graph::kData, {}, {}, {&type, 1},
                           {Datum::Strings(std::move(elements), shape)})[0];
}

ValueId NumbersOfStrings(NodeReader& node, ValueId strings, DType dtype) {
  const ValueType type{.dtype = dtype, .shape = Extents(node, strings)};
  return node.graph().AddHostCall(kParse, {strings}, {static_cast<int64_t>(dtype)}, {&type, 1})[0];
}

ValueId StringsOfNumbers(NodeReader& node, ValueId numbers) {
  const ValueType type{.kind = ValueKind::kStrings, .shape = Extents(node, numbers)};
  return node.graph().AddHostCall(kPrint, {numbers}, {}, {&type, 1})[0];
}

void ReadEqual(NodeReader& node) {
  if (!IsStrings(node, node.in_any(0))) return ReadBinary(node, op::kEq);
  const ValueId a = StringsIn(node, 0), b = StringsIn(node, 1);
  const ValueType type{.dtype = kBool, .shape = Open(std::max(node.rank(a), node.rank(b)))};
  node.Out(node.graph().AddHostCall(kEqual, {a, b}, {}, {&type, 1})[0]);
}

void ReadStringConcat(NodeReader& node) {
  const ValueId a = StringsIn(node, 0), b = StringsIn(node, 1);
  const ValueType type{.kind = ValueKind::kStrings,
                       .shape = Open(std::max(node.rank(a), node.rank(b)))};
  node.Out(node.graph().AddHostCall(kConcat, {a, b}, {}, {&type, 1})[0]);
}

void ReadStringSplit(NodeReader& node) {
  const ValueId x = StringsIn(node, 0);
  const int64_t most = node.Int("maxsplit", -1);
  const ValueType types[] = {{.kind = ValueKind::kStrings, .shape = Open(node.rank(x) + 1)},
                             {.dtype = kInt64, .shape = Extents(node, x)}};
  const absl::Span<const ValueId> results = node.graph().AddHostCall(
      kSplit, {x}, {most}, types, {Datum::Strings({node.String("delimiter", "")}, {})});
  const std::vector<ValueId> made(results.begin(), results.end());
  for (size_t i = 0; i < made.size(); ++i) {
    if (node.Wants(i)) node.Out(made[i], i);
  }
}

void ReadStringNormalizer(NodeReader& node) {
  const ValueId x = StringsIn(node, 0);
  if (node.rank(x) != 1 && node.rank(x) != 2) {
    ThrowInvalidArgument(absl::StrCat("input 0 has ", node.rank(x), " dimensions, not 1 or 2"));
  }
  const std::string action = node.String("case_change_action", "NONE");
  const int64_t to = action == "LOWER" ? kLower : action == "UPPER" ? kUpper : kKeep;
  if (to == kKeep && action != "NONE") {
    ThrowInvalidArgument(absl::StrCat("case_change_action ", action, " is unknown"));
  }
  node.String("locale", "");  // characters are changed alike in all
  std::vector<std::string> words = node.Strings("stopwords");
  const auto count = static_cast<int64_t>(words.size());
  std::vector<graph::DeclaredExtent> extents = Extents(node, x);
  extents.back() = graph::Open();
  const ValueType type{.kind = ValueKind::kStrings, .shape = std::move(extents)};
  node.Out(node.graph().AddHostCall(kNormalize, {x}, {to, node.Int("is_case_sensitive", 0)},
                                    {&type, 1}, {Datum::Strings(std::move(words), {count})})[0]);
}

}  // namespace neura::onnx
