// Adding nodes that are no operations.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "neura/graph/graph.h"
#include "neura/graph/meta.h"

namespace neura::graph {
namespace {

// Of values that are about to be added: an extent that is known as nothing but itself.
const SymInt& Itself() {
  static const SymInt* const itself = new SymInt(SymInt::Extent(kNone, 0));
  return *itself;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const SymInt& kMadeItself = Itself();

void NameExtents(std::vector<Value>& outputs, size_t first) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::vector<SymInt>& shape = outputs[i].shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] != Itself()) continue;
      shape[d] = SymInt::Extent(static_cast<ValueId>(first + i), static_cast<int64_t>(d));
    }
  }
}

// What a body gives. Its leaves mean nothing outside of it.
Value ResultOf(const Graph& body, size_t output) {
  const Value& given = body.value(body.outputs()[output]);
  Value value{.kind = given.kind,
              .dtype = given.dtype,
              .shape = given.shape,
              .tried = MetaTensor(given.dtype, given.tried.shape()),
              .is_guess = true};
  for (SymInt& extent : value.shape) {
    if (!extent.is_number()) extent = Itself();
  }
  return value;
}

std::string TypeOf(const Value& value) {
  return absl::StrCat(KindName(value.kind), " of ", DTypeName(value.dtype), " with ",
                      value.shape.size(), " dimensions");
}

// What `value` is where it may be `other` instead. Of the tensors of a sequence that is always
// empty nothing is known.
void Unite(std::string_view what, Value& value, const Value& other) {
  if (value.kind == ValueKind::kOptional || other.kind == ValueKind::kOptional) {
    // What is there tells what an optional may hold, and of two the one of which more is known.
    const bool takes_other = value.kind == ValueKind::kOptional &&
                             (other.kind != ValueKind::kOptional || value.shape.empty());
    const std::vector<SymInt> before = value.shape;
    if (takes_other) {
      value.dtype = other.dtype;
      value.shape = other.shape;
      value.tried = MetaTensor(other.dtype, other.tried.shape());
    }
    value.kind = ValueKind::kOptional;
    const std::vector<SymInt>& unlike = takes_other ? before : other.shape;
    for (size_t d = 0; unlike.size() == value.shape.size() && d < unlike.size(); ++d) {
      if (value.shape[d] != unlike[d]) value.shape[d] = Itself();
    }
    return;
  }
  if (value.kind == ValueKind::kSequence && other.kind == value.kind &&
      value.dtype == other.dtype && value.shape.empty() != other.shape.empty()) {
    if (value.shape.empty()) value = other;
    for (SymInt& extent : value.shape) extent = Itself();
    return;
  }
  if (value.kind != other.kind || value.dtype != other.dtype ||
      value.shape.size() != other.shape.size()) {
    ThrowInvalidArgument(absl::StrCat(what, " is a ", TypeOf(value), " in one place and a ",
                                      TypeOf(other), " in another"));
  }
  for (size_t d = 0; d < value.shape.size(); ++d) {
    if (value.shape[d] != other.shape[d]) value.shape[d] = Itself();
  }
}

void CheckBody(std::string_view what, const Graph& body, size_t inputs, size_t least_outputs) {
  if (body.inputs().size() == inputs && body.outputs().size() >= least_outputs) return;
  ThrowInvalidArgument(absl::StrCat(what, ": the body takes ", body.inputs().size(), " values of ",
                                    inputs, " and gives ", body.outputs().size(), ", at least ",
                                    least_outputs, " expected"));
}

// One more dimension, for what is stacked: `count` slices, which are tried as so many.
void Stack(std::string_view what, Value& slice, const SymInt& count, int64_t tried_count) {
  if (slice.kind != ValueKind::kTensor) {
    ThrowInvalidArgument(absl::StrCat(what, ": stacks tensors alone"));
  }
  slice.shape.insert(slice.shape.begin(), count);
  Dims tried(slice.tried.shape().begin(), slice.tried.shape().end());
  tried.insert(tried.begin(), tried_count);
  slice.tried = MetaTensor(slice.dtype, tried);
}

std::vector<std::shared_ptr<const Graph>> Bodies(Graph first) {
  std::vector<std::shared_ptr<const Graph>> bodies;
  bodies.push_back(std::make_shared<const Graph>(std::move(first)));
  return bodies;
}

}  // namespace

absl::Span<const ValueId> Graph::AddIf(ValueId condition, absl::Span<const ValueId> captures,
                                       Graph then_body, Graph else_body) {
  std::vector<Value> outputs;
  CheckBody("if", then_body, captures.size(), 0);
  CheckBody("if", else_body, captures.size(), then_body.outputs().size());
  for (size_t i = 0; i < then_body.outputs().size(); ++i) {
    outputs.push_back(ResultOf(then_body, i));
    Unite(absl::StrCat("if: result ", i), outputs.back(), ResultOf(else_body, i));
  }
  NameExtents(outputs, values_.size());
  Node node{If{}, {condition}, {}, Bodies(std::move(then_body))};
  node.bodies.push_back(std::make_shared<const Graph>(std::move(else_body)));
  node.inputs.insert(node.inputs.end(), captures.begin(), captures.end());
  CheckReads(node);
  return Insert(std::move(node), std::move(outputs));
}

absl::Span<const ValueId> Graph::AddLoop(ValueId rounds, ValueId condition,
                                         absl::Span<const ValueId> carried,
                                         absl::Span<const ValueId> captures, Graph body,
                                         int64_t most_rounds) {
  CheckBody("loop", body, 2 + carried.size() + captures.size(), 1 + carried.size());
  std::vector<Value> outputs;
  for (size_t i = 1; i < body.outputs().size(); ++i) {
    outputs.push_back(ResultOf(body, i));
    if (i <= carried.size()) {
      Unite(absl::StrCat("loop: carried value ", i - 1), outputs.back(), value(carried[i - 1]));
    } else {
      Stack("loop", outputs.back(), Itself(), 2);
    }
  }
  NameExtents(outputs, values_.size());
  Node node{Loop{carried.size(), most_rounds}, {rounds, condition}, {}, Bodies(std::move(body))};
  node.inputs.insert(node.inputs.end(), carried.begin(), carried.end());
  node.inputs.insert(node.inputs.end(), captures.begin(), captures.end());
  CheckReads(node);
  return Insert(std::move(node), std::move(outputs));
}

absl::Span<const ValueId> Graph::AddScan(absl::Span<const ValueId> carried,
                                         absl::Span<const ValueId> scanned,
                                         absl::Span<const ValueId> captures, Graph body) {
  CheckBody("scan", body, carried.size() + scanned.size() + captures.size(), carried.size());
  // What an extent of an input of the body is outside of it, in every round.
  const auto outside = [&](const SizeLeaf& leaf) -> std::optional<SymInt> {
    const auto found = std::find(body.inputs().begin(), body.inputs().end(), leaf.value);
    if (found == body.inputs().end() || leaf.kind != SizeLeaf::Kind::kExtent) return std::nullopt;
    auto at = static_cast<size_t>(found - body.inputs().begin());
    const auto dim = static_cast<size_t>(leaf.index);
    if (at < carried.size()) {
      // Unless a round changes it.
      const SymInt& next = body.value(body.outputs()[at]).shape[dim];
      return next == body.value(*found).shape[dim] ? std::optional(value(carried[at]).shape[dim])
                                                   : std::nullopt;
    }
    at -= carried.size();
    if (at < scanned.size()) return value(scanned[at]).shape[dim + 1];
    return value(captures[at - scanned.size()]).shape[dim];
  };
  if (scanned.empty()) ThrowInvalidArgument("scan: there is nothing to scan");
  for (const ValueId id : scanned) {
    if (value(id).shape.empty()) ThrowInvalidArgument("scan: a number has no slices");
  }
  std::vector<Value> outputs;
  for (size_t i = 0; i < body.outputs().size(); ++i) {
    outputs.push_back(ResultOf(body, i));
    const std::vector<SymInt>& given = body.value(body.outputs()[i]).shape;
    Dims tried(outputs.back().tried.shape().begin(), outputs.back().tried.shape().end());
    for (size_t d = 0; d < given.size(); ++d) {
      bool known = !given[d].is_number() && tried.size() == given.size();
      given[d].VisitLeaves([&](const SizeLeaf& leaf) { known &= outside(leaf).has_value(); });
      if (!known) continue;
      const SymInt extent = given[d].Replace([&](const SizeLeaf& leaf) { return *outside(leaf); });
      if (ReadsElements(extent)) continue;
      outputs.back().shape[d] = extent;
      tried[d] = extent.Evaluate(
          [this](const SizeLeaf& leaf) { return value(leaf.value).tried.size(leaf.index); });
    }
    outputs.back().tried = MetaTensor(outputs.back().dtype, tried);
    if (i < carried.size()) {
      Unite(absl::StrCat("scan: carried value ", i), outputs.back(), value(carried[i]));
    } else {
      const Value& first = value(scanned[0]);
      Stack("scan", outputs.back(), first.shape[0], first.tried.shape()[0]);
    }
  }
  NameExtents(outputs, values_.size());
  Node node{Scan{carried.size(), scanned.size()}, {}, {}, Bodies(std::move(body))};
  for (absl::Span<const ValueId> ids : {carried, scanned, captures}) {
    node.inputs.insert(node.inputs.end(), ids.begin(), ids.end());
  }
  CheckReads(node);
  return Insert(std::move(node), std::move(outputs));
}

absl::Span<const ValueId> Graph::AddCall(std::string function, std::vector<ValueId> inputs,
                                         std::shared_ptr<const Graph> body) {
  CheckBody(function, *body, inputs.size(), 0);
  std::vector<Value> outputs;
  for (size_t i = 0; i < body->outputs().size(); ++i) outputs.push_back(ResultOf(*body, i));
  NameExtents(outputs, values_.size());
  Node node{Call{std::move(function)}, std::move(inputs), {}, {std::move(body)}};
  CheckReads(node);
  return Insert(std::move(node), std::move(outputs));
}

absl::Span<const ValueId> Graph::AddHostCall(const HostFunction& function,
                                             std::vector<ValueId> inputs,
                                             std::vector<SymInt> integers,
                                             absl::Span<const ValueType> outputs,
                                             std::vector<Datum> data) {
  std::vector<Value> values;
  for (ValueType type : outputs) {
    // Names are for inputs.
    for (DeclaredExtent& extent : type.shape) extent.name.clear();
    values.push_back(Declare(type));
    values.back().is_guess = type.kind != ValueKind::kStrings;
    for (SymInt& extent : values.back().shape) {
      if (!extent.is_number()) extent = Itself();
    }
  }
  NameExtents(values, values_.size());
  Node node{HostCall{&function, std::move(integers), std::move(data)}, std::move(inputs), {}};
  CheckReads(node);
  Simplify(node);
  return Insert(std::move(node), std::move(values));
}

}  // namespace neura::graph
