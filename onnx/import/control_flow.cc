// If, Loop and Scan: operators with bodies.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura::onnx {

using graph::Graph;
using graph::kNone;
using graph::SymInt;
using graph::ValueId;
using graph::ValueKind;
using graph::ValueType;

GraphMessage BodyOf(const NodeMessage& node, std::string_view attribute) {
  for (const AttributeMessage& given : node.attributes) {
    if (given.name != attribute) continue;
    if (given.type != attribute_type::kGraph) {
      ThrowInvalidArgument(absl::StrCat("attribute ", attribute, " is no graph"));
    }
    absl::StatusOr<GraphMessage> body = ParseSubgraph(given.g);
    if (!body.ok()) ThrowStatus(body.status());
    return *std::move(body);
  }
  ThrowInvalidArgument(absl::StrCat("attribute ", attribute, " is missing"));
}

namespace {

// Names that a graph, or one in it, reads and does not make.
void FindFreeNames(const GraphMessage& graph, int depth, std::vector<std::string_view>* free) {
  if (depth > 64) ThrowUnimplemented("graphs in graphs, more than 64 deep");
  std::set<std::string_view> made;
  for (const ValueInfoMessage& input : graph.inputs) made.insert(input.name);
  for (std::string_view bytes : graph.initializers) made.insert(TensorName(bytes));
  const auto note = [&](std::string_view name) {
    if (!name.empty() && !made.contains(name)) free->push_back(name);
  };
  for (const NodeMessage& node : graph.nodes) {
    for (std::string_view name : node.inputs) note(name);
    for (const AttributeMessage& attribute : node.attributes) {
      if (attribute.type != attribute_type::kGraph) continue;
      const absl::StatusOr<GraphMessage> inner = ParseSubgraph(attribute.g);
      if (!inner.ok()) ThrowStatus(inner.status());
      std::vector<std::string_view> names;
      FindFreeNames(*inner, depth + 1, &names);
      for (std::string_view name : names) note(name);
    }
    made.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const ValueInfoMessage& output : graph.outputs) note(output.name);
}

std::vector<ImportedValue> Results(absl::Span<const ValueId> ids) {
  std::vector<ImportedValue> results;
  for (const ValueId id : ids) results.push_back({id, std::nullopt});
  return results;
}

bool HasOneElement(const graph::Value& value) {
  const auto is_one = [](const SymInt& extent) { return extent == 1; };
  return std::all_of(value.shape.begin(), value.shape.end(), is_one);
}

// What one of two is or holds, where they come from several places; kOptional where nothing is
// known of it.
ValueKind Either(ValueKind one, ValueKind other) {
  if (one == ValueKind::kOptional || one == other) return other;
  if (other == ValueKind::kOptional) return one;
  ThrowInvalidArgument(absl::StrCat("an optional holds a ", graph::KindName(one),
                                    " in one place and a ", graph::KindName(other), " in another"));
}

}  // namespace

std::vector<std::string_view> Scope::CapturesOf(std::vector<const GraphMessage*> bodies) {
  std::vector<std::string_view> captures;
  std::set<std::string_view> seen;
  for (const GraphMessage* body : bodies) {
    std::vector<std::string_view> names;
    FindFreeNames(*body, 0, &names);
    for (std::string_view name : names) {
      const ImportedValue* value = Find(name);
      // What is unknown is an error of the node that reads it; what is absent stays so.
      if (value == nullptr || !value->is_present()) continue;
      const bool constant = value->known && value->known->is_constant();
      if (!constant && seen.insert(name).second) captures.push_back(name);
    }
  }
  return captures;
}

std::vector<ValueId> Scope::ValuesOf(const std::vector<std::string_view>& names) {
  std::vector<ValueId> values;
  for (std::string_view name : names) values.push_back(ValueOf(name));
  return values;
}

ValueType TypeOf(const Graph& graph, ValueId id) {
  const graph::Value& value = graph.value(id);
  ValueType type{.kind = value.kind, .dtype = value.dtype};
  for (size_t d = 0; d < value.shape.size(); ++d) {
    const SymInt& extent = value.shape[d];
    if (extent.is_number()) {
      type.shape.emplace_back(extent.number());
    } else if (value.kind != ValueKind::kTensor) {
      type.shape.push_back(graph::Open());
    } else {
      // Equal extents stay equal.
      type.shape.push_back(graph::Open(graph.ToString(extent), value.tried.shape()[d]));
    }
  }
  return type;
}

Scope::Body Scope::ReadBody(const GraphMessage& message, const std::vector<Formal>& formals,
                            const std::vector<std::string_view>& captures,
                            const std::vector<size_t>& ranks) {
  Body made;
  Graph& body = made.graph;
  Scope scope(*this, body, Kind::kBody);
  for (const Formal& formal : formals) {
    scope.Define(formal.name,
                 {.id = body.AddInput(std::string(formal.name), formal.type), .held = formal.held});
  }
  for (std::string_view name : captures) {
    const ImportedValue* const value = Find(name);
    scope.Define(name, {.id = body.AddInput(std::string(name), TypeOf(graph_, ValueOf(name))),
                        .narrow = value->narrow,
                        .held = value->held});
  }
  scope.ReadGraph(message);
  for (const ValueInfoMessage& output : message.outputs) {
    const ImportedValue* const value = scope.Find(output.name);
    if (value != nullptr && value->narrow != nullptr) {
      ThrowUnimplemented(
          absl::StrCat("output ", output.name, " of a body is of ", value->narrow->name));
    }
    ValueId id = scope.ValueOf(output.name);
    const size_t rank = ranks.empty() ? 0 : ranks[made.held.size()];
    if (rank > body.value(id).shape.size()) {
      const NodeMessage nothing;
      id = NodeReader(body, nothing, opset_, {}).Reshape(id, std::vector<SymInt>(rank, 1));
    }
    body.AddOutput(id, std::string(output.name));
    const ValueKind kind = body.value(body.outputs().back()).kind;
    made.held.push_back(kind == ValueKind::kOptional ? value->held : kind);
  }
  return made;
}

Scope::Body Scope::ReadRepeatedBody(const GraphMessage& message, std::vector<Formal> formals,
                                    size_t first_carried, size_t num_carried, size_t skipped,
                                    const std::vector<std::string_view>& captures) {
  while (true) {
    Body made = ReadBody(message, formals, captures);
    const Graph& body = made.graph;
    if (body.outputs().size() < skipped + num_carried) {
      ThrowInvalidArgument("the body has too few outputs");
    }
    bool changed = false;
    for (size_t i = 0; i < num_carried; ++i) {
      Formal& formal = formals[first_carried + i];
      const graph::Value& before = body.value(body.inputs()[first_carried + i]);
      const graph::Value& after = body.value(body.outputs()[skipped + i]);
      if (before.kind != after.kind && after.kind == ValueKind::kOptional) {
        formal.type.kind = ValueKind::kOptional;
        formal.held = before.kind;
        changed = true;
      }
      const bool is_optional = formal.type.kind == ValueKind::kOptional;
      const ValueKind held = made.held[skipped + i];
      // Of a sequence or an optional that was empty something is known now.
      if (is_optional && formal.held == ValueKind::kOptional && held != ValueKind::kOptional) {
        formal.held = held;
        formal.type.dtype = after.dtype;
        formal.type.shape.assign(after.shape.size(), graph::Open());
        changed = true;
        continue;
      }
      if (before.kind == ValueKind::kSequence && before.shape.empty()) {
        formal.type.shape.assign(after.shape.size(), graph::Open());
        changed |= !after.shape.empty();
        continue;
      }
      if (before.shape.size() != after.shape.size()) continue;  // an error of the node
      for (size_t d = 0; d < before.shape.size(); ++d) {
        graph::DeclaredExtent& extent = formal.type.shape[d];
        if (before.shape[d] == after.shape[d] || (extent.is_open && extent.name.empty())) continue;
        extent = graph::Open("", before.tried.shape()[d]);
        changed = true;
      }
    }
    if (!changed) {
      // What it was before the first round.
      for (size_t i = 0; i < num_carried; ++i) {
        const Formal& formal = formals[first_carried + i];
        const bool is_optional = formal.type.kind == ValueKind::kOptional;
        made.held[skipped + i] =
            Either(is_optional ? formal.held : formal.type.kind, made.held[skipped + i]);
      }
      return made;
    }
  }
}

void ReadControlFlow(Scope& scope, const NodeMessage& node,
                     const std::vector<ImportedValue>& inputs) {
  if (node.op_type == "If") return scope.DefineOutputs(node, scope.ReadIf(node, inputs));
  NodeReader reader(scope.graph_, node, scope.opset_, inputs);
  scope.DefineOutputs(node, node.op_type == "Loop"   ? scope.ReadLoop(reader, node)
                            : node.op_type == "Scan" ? scope.ReadScan(reader, node)
                                                     : scope.ReadSequenceMap(reader, node));
}

std::vector<ImportedValue> Scope::ReadInline(const GraphMessage& branch) {
  Scope scope(*this, graph_, Kind::kInline);
  scope.ReadGraph(branch);
  std::vector<ImportedValue> results;
  for (const ValueInfoMessage& output : branch.outputs) {
    const ImportedValue* value = scope.Find(output.name);
    if (value == nullptr) ThrowInvalidArgument(absl::StrCat("nothing makes ", output.name));
    results.push_back(*value);
  }
  return results;
}

namespace {

// integers: what the condition, the second input, must be.
std::vector<graph::Datum> TakenAsRead(const graph::HostContext& context) {
  const bool read_as = context.integers[0] != 0;
  if (HostCopy(context.inputs[1].tensor()).Item<bool>() != read_as) {
    ThrowUnimplemented(absl::StrCat(
        "the branches of an If give different numbers of dimensions; the model was read for its ",
        "condition being ", read_as ? "true" : "false", ", which it is not for these inputs"));
  }
  return {context.inputs[0]};
}
constinit const graph::HostFunction kTakenAsRead = {"if", &TakenAsRead};

}  // namespace

// Values have one number of dimensions. Branches that differ in it are what a squeeze of an open
// size is exported as, and what follows is meant for the one that squeezes; a run in which the
// other would be taken is an error.
std::vector<ImportedValue> Scope::ReadFewerDimensions(ValueId condition, bool read_as,
                                                      const GraphMessage& branch) {
  std::vector<ImportedValue> results = ReadInline(branch);
  const NodeMessage nothing;
  NodeReader reader(graph_, nothing, opset_, {});
  for (size_t i = 0; i < results.size(); ++i) {
    const ValueId value = ValueOf(results[i]);
    const ValueType type = TypeOf(graph_, value);
    const ValueId checked =
        graph_.AddHostCall(kTakenAsRead, {value, condition}, {read_as ? 1 : 0}, {&type, 1})[0];
    const bool is_tensor = type.kind == ValueKind::kTensor;
    results[i] = {.id = is_tensor ? reader.Reshape(checked, graph_.value(value).shape) : checked,
                  .narrow = results[i].narrow,
                  .held = results[i].held};
  }
  return results;
}

std::vector<ImportedValue> Scope::ReadIf(const NodeMessage& node,
                                         const std::vector<ImportedValue>& inputs) {
  const GraphMessage then_body = BodyOf(node, "then_branch");
  const GraphMessage else_body = BodyOf(node, "else_branch");
  NodeReader reader(graph_, node, opset_, inputs);
  if (const std::optional<Tensor> known = reader.Known(0)) {
    if (known->numel() != 1) ThrowInvalidArgument("the condition must be one element");
    // The other branch is never taken.
    return ReadInline(known->Item<bool>() ? then_body : else_body);
  }
  const ValueId condition = reader.in(0);
  const std::vector<std::string_view> captures = CapturesOf({&then_body, &else_body});
  const std::vector<ValueId> values = ValuesOf(captures);
  Body taken = ReadBody(then_body, {}, captures), otherwise = ReadBody(else_body, {}, captures);
  std::vector<size_t> ranks;
  for (size_t i = 0; i < std::min(taken.held.size(), otherwise.held.size()); ++i) {
    const graph::Value& one = taken.graph.value(taken.graph.outputs()[i]);
    const graph::Value& other = otherwise.graph.value(otherwise.graph.outputs()[i]);
    const size_t a = one.shape.size(), b = other.shape.size();
    const bool tensors = one.kind == ValueKind::kTensor && other.kind == one.kind;
    if (a == b || !tensors) continue;
    if (!HasOneElement(one) || !HasOneElement(other)) {
      return ReadFewerDimensions(condition, a < b, a < b ? then_body : else_body);
    }
    ranks.resize(taken.held.size());
    ranks[i] = std::max(a, b);
  }
  if (!ranks.empty()) {
    // Broadcast alike, a number stands for a tensor of one element.
    taken = ReadBody(then_body, {}, captures, ranks);
    otherwise = ReadBody(else_body, {}, captures, ranks);
  }
  std::vector<ImportedValue> results =
      Results(graph_.AddIf(condition, values, std::move(taken.graph), std::move(otherwise.graph)));
  for (size_t i = 0; i < results.size(); ++i) {
    const bool is_optional = graph_.value(results[i].id).kind == ValueKind::kOptional;
    if (is_optional) results[i].held = Either(taken.held[i], otherwise.held[i]);
  }
  return results;
}

// Inputs: the number of rounds, a condition, and what is carried; both of the first may be absent.
std::vector<ImportedValue> Scope::ReadLoop(NodeReader& reader, const NodeMessage& node) {
  const GraphMessage body = BodyOf(node, "body");
  const size_t num_carried = reader.num_inputs() < 2 ? 0 : reader.num_inputs() - 2;
  if (body.inputs.size() != 2 + num_carried) {
    ThrowInvalidArgument(
        absl::StrCat("the body has ", body.inputs.size(), " inputs, expected ", 2 + num_carried));
  }
  std::vector<Formal> formals{{body.inputs[0].name, {.dtype = kInt64}},
                              {body.inputs[1].name, {.dtype = kBool}}};
  std::vector<ValueId> carried;
  for (size_t i = 0; i < num_carried; ++i) {
    carried.push_back(reader.in_any(2 + i));
    formals.push_back(
        {body.inputs[2 + i].name, TypeOf(graph_, carried.back()), reader.HeldKind(2 + i)});
  }
  const std::vector<std::string_view> captures = CapturesOf({&body});
  const std::vector<ValueId> values = ValuesOf(captures);
  Body repeated = ReadRepeatedBody(body, std::move(formals), 2, num_carried, 1, captures);
  std::vector<ImportedValue> results =
      Results(graph_.AddLoop(reader.in_or_none(0), reader.in_or_none(1), carried, values,
                             std::move(repeated.graph), file_.most_rounds));
  for (size_t i = 0; i < results.size(); ++i) results[i].held = repeated.held[1 + i];
  return results;
}

// Before operator set 9 all had a batch in front, and the lengths of its members: a scan over the
// members, of which each is a scan.
std::vector<ImportedValue> Scope::ReadScanOfBatches(NodeReader& reader, const NodeMessage& node) {
  const GraphMessage body = BodyOf(node, "body");
  const int64_t count = reader.Int("num_scan_inputs", 0);
  const auto all = static_cast<int64_t>(reader.num_inputs()) - 1;
  if (count < 1 || count > all || static_cast<int64_t>(body.inputs.size()) != all) {
    ThrowInvalidArgument("num_scan_inputs or the inputs of the body are wrong");
  }
  if (reader.has(0)) reader.Unsupported("lengths of sequences");
  for (const int64_t backwards : reader.Ints("directions")) {
    if (backwards != 0) reader.Unsupported("directions");
  }
  const auto num_carried = static_cast<size_t>(all - count);
  if (body.outputs.size() < num_carried) ThrowInvalidArgument("the body has too few outputs");
  const std::vector<std::string_view> captures = CapturesOf({&body});
  const std::vector<ValueId> values = ValuesOf(captures);
  Graph member;
  std::vector<Formal> formals;
  std::vector<ValueId> batches, carried, scanned, outer;
  for (size_t i = 0; i < static_cast<size_t>(all); ++i) {
    batches.push_back(reader.in(1 + i));
    const bool is_scanned = i >= num_carried;
    if (reader.rank(batches.back()) < (is_scanned ? 2 : 1)) {
      ThrowInvalidArgument(absl::StrCat("input ", 1 + i, " has too few dimensions"));
    }
    ValueType type = TypeOf(graph_, batches.back());
    type.shape.erase(type.shape.begin());
    (is_scanned ? scanned : carried).push_back(member.AddInput("", type));
    if (is_scanned) type.shape.erase(type.shape.begin());
    formals.push_back({body.inputs[i].name, std::move(type)});
  }
  for (const ValueId value : values) outer.push_back(member.AddInput("", TypeOf(graph_, value)));
  Graph repeated = ReadRepeatedBody(body, std::move(formals), 0, num_carried, 0, captures).graph;
  for (const ValueId result : member.AddScan(carried, scanned, outer, std::move(repeated))) {
    member.AddOutput(result, "");
  }
  return Results(graph_.AddScan({}, batches, values, std::move(member)));
}

// Inputs: what is carried, and tensors of which the body gets one slice after the other.
std::vector<ImportedValue> Scope::ReadScan(NodeReader& reader, const NodeMessage& node) {
  if (reader.opset() < 9) return ReadScanOfBatches(reader, node);
  const GraphMessage body = BodyOf(node, "body");
  const int64_t count = reader.Int("num_scan_inputs", 0);
  const auto all = static_cast<int64_t>(reader.num_inputs());
  if (count < 1 || count > all || static_cast<int64_t>(body.inputs.size()) != all) {
    ThrowInvalidArgument("num_scan_inputs or the inputs of the body are wrong");
  }
  const auto num_scanned = static_cast<size_t>(count);
  const size_t num_carried = reader.num_inputs() - num_scanned;
  if (body.outputs.size() < num_carried) ThrowInvalidArgument("the body has too few outputs");
  const size_t num_stacked = body.outputs.size() - num_carried;
  const auto each = [&](std::string_view name, size_t number) {
    const std::vector<int64_t> values = reader.Ints(name, std::vector<int64_t>(number, 0));
    if (values.size() != number) {
      ThrowInvalidArgument(absl::StrCat(name, " has ", values.size(), " elements"));
    }
    return values;
  };
  const std::vector<int64_t> axes = each("scan_input_axes", num_scanned);
  const std::vector<int64_t> backwards = each("scan_input_directions", num_scanned);
  const std::vector<int64_t> output_axes = each("scan_output_axes", num_stacked);
  const std::vector<int64_t> output_backwards = each("scan_output_directions", num_stacked);
  // One dimension of x to another place.
  const auto moved = [&](ValueId x, int64_t from, int64_t to) {
    std::vector<int64_t> dims;
    for (int64_t d = 0; d < reader.rank(x); ++d) {
      if (d != from) dims.push_back(d);
    }
    dims.insert(dims.begin() + to, from);
    return from == to ? x : reader.Permute(x, dims);
  };
  const auto flipped = [&](ValueId x) {
    return reader.Add(op::kFlip, DimsOptions{.dims = {0}}, {x});
  };

  std::vector<Formal> formals;
  std::vector<ValueId> carried, scanned;
  for (size_t i = 0; i < num_carried; ++i) {
    carried.push_back(reader.in(i));
    formals.push_back({body.inputs[i].name, TypeOf(graph_, carried.back())});
  }
  for (size_t i = 0; i < num_scanned; ++i) {
    ValueId x = reader.in(num_carried + i);
    if (reader.rank(x) == 0) ThrowInvalidArgument("a number has no slices");
    x = moved(x, reader.Axis(axes[i], reader.rank(x)), 0);
    if (backwards[i] != 0) x = flipped(x);
    scanned.push_back(x);
    ValueType slice = TypeOf(graph_, x);
    slice.shape.erase(slice.shape.begin());
    formals.push_back({body.inputs[num_carried + i].name, std::move(slice)});
  }
  const std::vector<std::string_view> captures = CapturesOf({&body});
  const std::vector<ValueId> values = ValuesOf(captures);
  Graph repeated = ReadRepeatedBody(body, std::move(formals), 0, num_carried, 0, captures).graph;
  std::vector<ImportedValue> results =
      Results(graph_.AddScan(carried, scanned, values, std::move(repeated)));
  for (size_t i = 0; i < num_stacked; ++i) {
    ValueId& x = results[num_carried + i].id;
    if (output_backwards[i] != 0) x = flipped(x);
    x = moved(x, 0, reader.Axis(output_axes[i], reader.rank(x)));
  }
  return results;
}

// One round for each tensor of the first input, which is a sequence; other inputs are sequences as
// long or the same in all rounds.
std::vector<ImportedValue> Scope::ReadSequenceMap(NodeReader& reader, const NodeMessage& node) {
  constexpr auto kSequence = ValueKind::kSequence;
  const GraphMessage body = BodyOf(node, "body");
  if (body.inputs.size() != reader.num_inputs() || body.inputs.empty()) {
    ThrowInvalidArgument(absl::StrCat("the body has ", body.inputs.size(), " inputs, expected ",
                                      reader.num_inputs()));
  }
  std::vector<ValueId> captured;
  std::vector<Formal> formals;
  for (size_t i = 0; i < reader.num_inputs(); ++i) {
    captured.push_back(reader.in_any(i));
    ValueType type = TypeOf(graph_, captured.back());
    if (i == 0 && type.kind != kSequence) ThrowInvalidArgument("input 0 must be a sequence");
    if (type.kind == kSequence) type.kind = ValueKind::kTensor;
    formals.push_back({body.inputs[i].name, std::move(type)});
  }
  const std::vector<std::string_view> names = CapturesOf({&body});
  const auto mapped = std::make_shared<const Graph>(ReadBody(body, formals, names).graph);
  for (const ValueId value : ValuesOf(names)) captured.push_back(value);

  Graph round;
  const ValueId counter = round.AddInput("", ValueType{.dtype = kInt64});
  const ValueId go_on = round.AddInput("", ValueType{.dtype = kBool});
  std::vector<ValueId> carried, so_far, given;
  std::vector<ValueType> types;
  for (const ValueId output : mapped->outputs()) {
    const graph::Value& value = mapped->value(output);
    types.push_back({kSequence, value.dtype, {}});
    for (size_t d = 0; d < value.shape.size(); ++d) types.back().shape.push_back(graph::Open());
    carried.push_back(graph_.AddHostCall(graph::kSequenceConstruct, {}, {}, {&types.back(), 1})[0]);
    so_far.push_back(round.AddInput("", types.back()));
  }
  for (size_t i = 0; i < captured.size(); ++i) {
    const ValueId value = round.AddInput("", TypeOf(graph_, captured[i]));
    const bool each = i < formals.size() && round.value(value).kind == kSequence;
    given.push_back(
        each ? round.AddHostCall(graph::kSequenceAt, {value, counter}, {}, {&formals[i].type, 1})[0]
             : value);
  }
  const absl::Span<const ValueId> made = round.AddCall("sequence_map", given, mapped);
  const std::vector<ValueId> tensors(made.begin(), made.end());
  round.AddOutput(go_on, "");
  for (size_t i = 0; i < tensors.size(); ++i) {
    round.AddOutput(
        round.AddHostCall(graph::kSequenceInsert, {so_far[i], tensors[i]}, {}, {&types[i], 1})[0],
        "");
  }
  const ValueType number{.dtype = kInt64};
  const ValueId length =
      graph_.AddHostCall(graph::kSequenceLength, {captured[0]}, {}, {&number, 1})[0];
  return Results(graph_.AddLoop(length, kNone, carried, captured, std::move(round)));
}

}  // namespace neura::onnx
