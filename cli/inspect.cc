// neura inspect: what a model takes, gives, consists of and costs.
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/cli/command.h"
#include "neura/cli/cost.h"
#include "neura/cli/model.h"
#include "neura/graph/program.h"
#include "neura/onnx/format/messages.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/units.h"

namespace neura::cli {
namespace {

struct InspectOptions {
  ModelOptions model;
  bool nodes = false;
  bool json = false;
};

struct Parameters {
  int64_t tensors = 0, elements = 0, bytes = 0;
};

// Initializers are the constants that have names.
Parameters ParametersOf(const graph::Graph& graph) {
  Parameters parameters;
  for (graph::ValueId id : graph.values()) {
    const graph::Value& value = graph.value(id);
    if (!value.is_constant() || value.name.empty()) continue;
    ++parameters.tensors;
    parameters.elements += value.constant.numel();
    parameters.bytes += static_cast<int64_t>(value.constant.nbytes());
  }
  return parameters;
}

// Everything that is told, as text or JSON.
struct Report {
  std::string path;
  int64_t file_bytes = 0;
  std::vector<std::pair<std::string, int64_t>> operator_sets = {};
  std::map<std::string, int64_t> operators = {};
  graph::Graph graph = {};  // as it is in the file, for which inputs and outputs are told
  Parameters parameters = {};
  std::vector<int64_t> sizes = {};
  Cost cost = {};
  std::optional<int64_t> arena_bytes = {};  // none where it follows from elements
  size_t num_nodes = 0;                     // that a run has
  size_t num_stretches = 0;
};

Report Inspect(const ModelOptions& options) {
  Report report{.path = options.path};
  const std::string bytes = ReadFile(options.path);
  report.file_bytes = static_cast<int64_t>(bytes.size());
  report.graph = LoadModel(options.path, bytes, options.dims);
  const auto model = onnx::ParseModel(bytes);
  const auto operators = onnx::OperatorsOf(bytes);
  if (!model.ok()) ThrowStatus(model.status());
  if (!operators.ok()) ThrowStatus(operators.status());
  for (const auto& [domain, version] : model->opsets) {
    report.operator_sets.emplace_back(domain.empty() ? "ai.onnx" : std::string(domain), version);
  }
  for (const auto& [name, count] : *operators) {
    const bool is_form = name.find(':') != std::string::npos;
    if (!is_form) report.operators.emplace(name, count);
  }
  report.parameters = ParametersOf(report.graph);
  report.sizes = SmallestSizes(report.graph);
  const graph::Program program = graph::Compile(report.graph);
  report.num_nodes = program.graph().nodes().size();
  report.num_stretches = program.Stretches().size();
  report.cost = CostOf(program.graph(), report.sizes);
  try {
    report.arena_bytes = program.ArenaBytes(report.sizes);
  } catch (const Error& error) {
    // Where a run would fail at these sizes, too, the rest is worth knowing.
    if (error.code() != absl::StatusCode::kFailedPrecondition &&
        error.code() != absl::StatusCode::kInvalidArgument) {
      throw;
    }
  }
  return report;
}

std::string ShapesText(const std::vector<Dims>& shapes) {
  return absl::StrJoin(shapes, ", ", [](std::string* text, const Dims& shape) {
    absl::StrAppend(text, ToString(DimsView(shape)));
  });
}

Json ToJson(const Report& report, bool with_nodes) {
  const graph::Graph& graph = report.graph;
  Json inputs = Json::array(), outputs = Json::array(), sets = Json::object(),
       operators = Json::object(), sizes = Json::object();
  for (graph::ValueId id : graph.inputs()) {
    inputs.push_back(TypeJson(graph, id, graph.value(id).name));
  }
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    outputs.push_back(TypeJson(graph, graph.outputs()[i], graph.output_names()[i]));
  }
  for (const auto& [domain, version] : report.operator_sets) sets[domain] = version;
  for (const auto& [name, count] : report.operators) operators[name] = count;
  for (size_t i = 0; i < report.sizes.size(); ++i) {
    sizes[graph.symbols()[i].name] = report.sizes[i];
  }
  Json memory = {{"parameter_bytes", report.parameters.bytes}};
  memory["intermediate_bytes"] = report.arena_bytes ? Json(*report.arena_bytes) : Json();
  Json json = {{"path", report.path},
               {"file_bytes", report.file_bytes},
               {"operator_sets", sets},
               {"inputs", inputs},
               {"outputs", outputs},
               {"operators", operators},
               {"parameters", report.parameters.elements},
               {"parameter_tensors", report.parameters.tensors},
               {"nodes_of_a_run", report.num_nodes},
               {"sizes", sizes},
               {"multiply_adds", report.cost.multiply_adds},
               {"flops", 2 * report.cost.multiply_adds},
               {"counts_loops_once", report.cost.has_loops},
               {"sizes_are_guessed", report.cost.is_guess},
               {"memory", memory}};
  if (!with_nodes) return json;
  json["nodes"] = Json::array();
  for (const NodeCost& node : report.cost.nodes) {
    Json shapes = Json::array();
    for (const Dims& shape : node.shapes)
      shapes.push_back(std::vector<int64_t>(shape.begin(), shape.end()));
    json["nodes"].push_back({{"operation", node.name},
                             {"weight", node.weight},
                             {"depth", node.depth},
                             {"shapes", shapes},
                             {"multiply_adds", node.multiply_adds}});
  }
  return json;
}

std::string ToText(const Report& report, bool with_nodes) {
  const graph::Graph& graph = report.graph;
  std::string text = absl::StrCat(
      report.path, ": ", BytesText(report.file_bytes), ", operator set ",
      absl::StrJoin(report.operator_sets, ", ",
                    [](std::string* out, const auto& set) {
                      absl::StrAppend(out, set.first == "ai.onnx" ? "" : set.first + " ",
                                      set.second);
                    }),
      "\n");
  const auto list = [&](const char* title, std::vector<std::pair<std::string, std::string>> rows) {
    size_t width = 0;
    for (const auto& [name, type] : rows) width = std::max(width, name.size());
    absl::StrAppend(&text, title, rows.empty() ? " none\n" : "\n");
    for (const auto& [name, type] : rows) {
      absl::StrAppend(&text, "  ", name, std::string(width - name.size() + 2, ' '), type, "\n");
    }
  };
  std::vector<std::pair<std::string, std::string>> inputs, outputs, operators;
  for (graph::ValueId id : graph.inputs()) {
    inputs.emplace_back(graph.value(id).name, TypeText(graph, id));
  }
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    outputs.emplace_back(graph.output_names()[i], TypeText(graph, graph.outputs()[i]));
  }
  for (const auto& [name, count] : report.operators) {
    operators.emplace_back(name, WithSeparators(count));
  }
  list("Inputs:", inputs);
  list("Outputs:", outputs);
  list("Operators:", operators);
  absl::StrAppend(&text, "Parameters: ", WithSeparators(report.parameters.elements), " in ",
                  report.parameters.tensors, " tensors, ", BytesText(report.parameters.bytes), "\n",
                  "Nodes of a run, optimized: ", report.num_nodes, "\n");
  const std::string sizes = SizesText(graph, report.sizes);
  const std::string at = sizes.empty() ? "" : " at " + sizes + " (others by --dim)";
  absl::StrAppend(&text, "Multiply-adds", at, ": ", WithSeparators(report.cost.multiply_adds), " (",
                  WithSeparators(2 * report.cost.multiply_adds), " FLOPs)",
                  report.cost.has_loops ? "; one round of each loop" : "",
                  report.cost.is_guess ? "; some shapes are known in a run alone" : "", "\n");
  absl::StrAppend(
      &text, "Memory of intermediate values", at, ": ",
      report.arena_bytes ? BytesText(*report.arena_bytes) : "follows from the data",
      report.num_stretches > 1 ? ", up to the first node whose sizes follow from data" : "", "\n");
  if (!with_nodes) return text;
  std::vector<std::vector<std::string>> rows{{"Operation", "Weight", "Result", "Multiply-adds"}};
  for (const NodeCost& node : report.cost.nodes) {
    rows.push_back({std::string(2 * static_cast<size_t>(node.depth), ' ') + node.name, node.weight,
                    ShapesText(node.shapes),
                    node.multiply_adds == 0 ? "-" : WithSeparators(node.multiply_adds)});
  }
  return absl::StrCat(text, "\n", Table(rows, "<<<>"));
}

int InspectCommand(const InspectOptions& options) {
  const Report report = Inspect(options.model);
  options.json ? Print(ToJson(report, options.nodes)) : Print(ToText(report, options.nodes));
  return kDone;
}

}  // namespace

void AddInspect(CLI::App& program, Action& action) {
  AddCommand<InspectOptions>(
      program, action,
      {"inspect", "Inputs, outputs, operators, parameters, FLOPs and memory of a model",
       "Multiply-adds are those of matrix products and convolutions; each is two FLOPs. Memory "
       "is "
       "what\nintermediate values of one run share, beside the parameters, inputs and outputs.\n",
       "  neura inspect model.onnx\n"
       "  neura inspect model.onnx --dim batch=8 --nodes\n"
       "  neura inspect model.onnx --json | jq .parameters"},
      [](CLI::App& command, InspectOptions& options) {
        AddModel(command, options.model);
        command.add_flag("--nodes", options.nodes, "List the nodes of a run, with what each costs");
        AddJson(command, options.json);
      },
      &InspectCommand);
}

}  // namespace neura::cli
