#include "neura/onnx/import/readings.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::Graph;
using graph::HostContext;
using graph::SymInt;
using graph::ValueId;
using graph::ValueKind;
using graph::ValueType;

// Each multiplies how often the model is read.
constexpr size_t kMostInputs = 2;

struct Reading {
  std::vector<int64_t> ranks;
  std::shared_ptr<const Graph> graph;
};

// Nothing where the datum tells none.
std::optional<int64_t> RankOf(const Datum& datum) {
  switch (datum.kind()) {
    case ValueKind::kTensor:
      return datum.tensor().dim();
    case ValueKind::kSequence:
      if (datum.sequence().empty()) return std::nullopt;
      return datum.sequence()[0].dim();
    case ValueKind::kStrings:
      return static_cast<int64_t>(datum.strings_shape().size());
    case ValueKind::kMap:
    case ValueKind::kOptional:
      break;
  }
  return std::nullopt;
}

// integers: the number of dimensions that each input has, by reading. Makes the number of the first
// reading that fits the inputs.
std::vector<Datum> Fitting(const HostContext& context) {
  const size_t count = context.inputs.size();
  for (size_t first = 0; first < context.integers.size(); first += count) {
    bool fits = true;
    for (size_t i = 0; i < count; ++i) {
      fits &= RankOf(context.inputs[i]).value_or(context.integers[first + i]) ==
              context.integers[first + i];
    }
    const auto number = static_cast<int64_t>(first / count);
    const HostContext found{.inputs = {}, .integers = {&number, 1}, .device = context.device};
    if (fits) return graph::kIntegers.run(found);
  }
  std::string given;
  for (const Datum& input : context.inputs) {
    absl::StrAppend(&given, given.empty() ? "" : ", ", RankOf(input).value_or(0));
  }
  ThrowInvalidArgument(absl::StrCat(
      "inputs that the file gives no shape have ", given,
      " dimensions, with which the model makes no sense, or which are more than ", kMostRank));
}
constinit const graph::HostFunction kFitting = {"reading", &Fitting};

// integers: two numbers. Whether they are equal.
std::vector<Datum> IsEqual(const HostContext& context) {
  const Scalar equal(context.integers[0] == context.integers[1]);
  return {ScalarTensor(equal, {.dtype = kBool, .device = context.device})};
}
constinit const graph::HostFunction kIsEqual = {"is_reading", &IsEqual};

std::vector<Datum> AsItIs(const HostContext& context) { return {context.inputs[0]}; }
constinit const graph::HostFunction kAsItIs = {"of_any_rank", &AsItIs};

// A reading, whose outputs are of any number of dimensions where `any_rank` says so: an optional
// may hold what it likes. Its last input is the number of the reading.
Graph Wrapped(const Reading& reading, const std::vector<bool>& any_rank) {
  Graph wrapped;
  std::vector<ValueId> inputs;
  for (const ValueId input : reading.graph->inputs()) {
    inputs.push_back(
        wrapped.AddInput(reading.graph->value(input).name, TypeOf(*reading.graph, input)));
  }
  wrapped.AddInput("", ValueType{.dtype = kInt64, .shape = {1}});
  const absl::Span<const ValueId> made = wrapped.AddCall("reading", inputs, reading.graph);
  const std::vector<ValueId> outputs(made.begin(), made.end());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const ValueType any{.kind = ValueKind::kOptional, .dtype = wrapped.value(outputs[i]).dtype};
    wrapped.AddOutput(
        any_rank[i] ? wrapped.AddHostCall(kAsItIs, {outputs[i]}, {}, {&any, 1})[0] : outputs[i],
        reading.graph->output_names()[i]);
  }
  return wrapped;
}

// Of the readings from `first` on: the one of the number that is the last input.
Graph Choice(absl::Span<const Reading> readings, size_t first, const std::vector<bool>& any_rank,
             absl::FunctionRef<std::vector<ValueId>(Graph&)> add_inputs) {
  if (first + 1 == readings.size()) return Wrapped(readings[first], any_rank);
  Graph choice;
  std::vector<ValueId> inputs = add_inputs(choice);
  const ValueType number{.dtype = kInt64, .shape = {1}};
  inputs.push_back(choice.AddInput("", number));
  const ValueType boolean{.dtype = kBool};
  const ValueId condition = choice.AddHostCall(
      kIsEqual, {}, {SymInt::Element(inputs.back(), 0), static_cast<int64_t>(first)},
      {&boolean, 1})[0];
  const absl::Span<const ValueId> made =
      choice.AddIf(condition, inputs, Wrapped(readings[first], any_rank),
                   Choice(readings, first + 1, any_rank, add_inputs));
  const std::vector<ValueId> outputs(made.begin(), made.end());
  for (size_t i = 0; i < outputs.size(); ++i) {
    choice.AddOutput(outputs[i], readings[first].graph->output_names()[i]);
  }
  return choice;
}

Graph AnyOf(absl::Span<const Reading> readings, const std::vector<std::string>& names) {
  const Graph& one = *readings[0].graph;
  std::vector<bool> any_rank;
  for (size_t i = 0; i < one.outputs().size(); ++i) {
    const graph::Value& output = one.value(one.outputs()[i]);
    const auto is_other = [&](const Reading& reading) {
      const graph::Value& other = reading.graph->value(reading.graph->outputs()[i]);
      return other.kind != output.kind || other.shape.size() != output.shape.size();
    };
    any_rank.push_back(std::any_of(readings.begin(), readings.end(), is_other));
  }
  std::vector<ValueId> unshaped;
  const auto add_inputs = [&](Graph& graph) {
    std::vector<ValueId> inputs;
    unshaped.clear();
    for (const ValueId input : one.inputs()) {
      const graph::Value& value = one.value(input);
      ValueType type = TypeOf(one, input);
      const bool is_unshaped = std::count(names.begin(), names.end(), value.name) > 0;
      if (is_unshaped) {
        type.shape.clear();
        if (type.kind == ValueKind::kTensor) type.kind = ValueKind::kOptional;
      }
      inputs.push_back(graph.AddInput(value.name, type));
      if (is_unshaped) unshaped.push_back(inputs.back());
    }
    return inputs;
  };
  Graph all;
  std::vector<ValueId> inputs = add_inputs(all);
  std::vector<SymInt> ranks;
  for (const Reading& reading : readings) {
    ranks.insert(ranks.end(), reading.ranks.begin(), reading.ranks.end());
  }
  const ValueType number{.dtype = kInt64, .shape = {1}};
  inputs.push_back(all.AddHostCall(kFitting, unshaped, std::move(ranks), {&number, 1})[0]);
  const auto choice = std::make_shared<const Graph>(Choice(readings, 0, any_rank, add_inputs));
  const absl::Span<const ValueId> made = all.AddCall("any_rank", inputs, choice);
  const std::vector<ValueId> outputs(made.begin(), made.end());
  for (size_t i = 0; i < outputs.size(); ++i) all.AddOutput(outputs[i], one.output_names()[i]);
  return all;
}

}  // namespace

std::vector<std::string> InputsWithoutShape(const ModelMessage& model) {
  std::vector<std::string> names;
  if (!model.graph) return names;
  std::set<std::string_view> initializers;
  for (std::string_view bytes : model.graph->initializers) initializers.insert(TensorName(bytes));
  for (const ValueInfoMessage& info : model.graph->inputs) {
    const bool is_given = initializers.contains(info.name);
    if (info.is_tensor && !info.is_map && !info.shape && !is_given) names.emplace_back(info.name);
  }
  return names;
}

Graph ReadAtAnyRank(const std::vector<std::string>& names,
                    absl::FunctionRef<Graph(const Ranks& ranks)> read) {
  if (names.size() > kMostInputs) {
    ThrowUnimplemented(absl::StrCat(names.size(), " inputs have no shape, among them ", names[0],
                                    "; at most ", kMostInputs, " may"));
  }
  std::vector<Reading> readings;
  std::optional<Error> first_error;
  size_t combinations = 1;
  for (size_t i = 0; i < names.size(); ++i) combinations *= kMostRank + 1;
  for (size_t k = 0; k < combinations; ++k) {
    Reading reading;
    Ranks ranks;
    size_t rest = k;
    for (const std::string& name : names) {
      ranks[name] = rest % (kMostRank + 1);
      reading.ranks.push_back(static_cast<int64_t>(ranks[name]));
      rest /= kMostRank + 1;
    }
    try {
      Graph graph = read(ranks);
      graph::Optimize(graph);
      reading.graph = std::make_shared<const Graph>(std::move(graph));
      readings.push_back(std::move(reading));
    } catch (const Error& error) {
      if (!first_error) first_error = error;
    }
  }
  if (readings.empty()) {
    first_error->AddContext(absl::StrCat(
        "input ", names[0], " has no shape, and the model makes no sense at any; of 0 dimensions"));
    throw *std::move(first_error);
  }
  if (readings.size() == 1) return *readings[0].graph;
  return AnyOf(readings, names);
}

}  // namespace neura::onnx
