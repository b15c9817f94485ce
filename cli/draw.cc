// neura draw: the graph of a model as a picture for Graphviz, or as text.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "neura/cli/command.h"
#include "neura/cli/cost.h"
#include "neura/cli/model.h"
#include "neura/graph/passes/passes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"

namespace neura::cli {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

struct DrawOptions {
  ModelOptions model;
  std::string format = "dot";
  std::string output;
  bool optimized = false;
};

std::string Quoted(const std::string& text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}), "\"");
}

// A graph and the bodies in it, each in a frame. Constants are not drawn: the first one that has a
// name is told with the node that reads it.
class DotWriter {
 public:
  std::string Write(const Graph& graph) {
    Add(graph, "g", "  ");
    return absl::StrCat(
        "digraph {\n  node [fontname=\"sans-serif\", fontsize=11, shape=box]\n"
        "  edge [fontname=\"sans-serif\", fontsize=9]\n",
        text_, "}\n");
  }

 private:
  // `prefix` names the graph.
  void Add(const Graph& graph, const std::string& prefix, const std::string& indent) {
    for (ValueId id : graph.inputs()) {
      absl::StrAppend(&text_, indent, InputName(prefix, id),
                      " [shape=ellipse, label=", Quoted(graph.value(id).name), "]\n");
    }
    for (graph::NodeId id : graph.nodes()) {
      const Node& node = graph.node(id);
      const std::string name = NodeName(prefix, id), weight = WeightOf(graph, node);
      absl::StrAppend(&text_, indent, name, " [label=",
                      Quoted(absl::StrCat(node.name(), weight.empty() ? "" : "\n", weight)), "]\n");
      for (ValueId input : node.inputs) AddEdge(graph, prefix, input, name, indent);
      for (size_t i = 0; i < node.bodies.size(); ++i) {
        const std::string body = absl::StrCat(name, "_", i);
        absl::StrAppend(&text_, indent, "subgraph cluster_", body, " {\n", indent,
                        "  label=", Quoted(absl::StrCat(node.name(), " ", i)), "\n");
        Add(*node.bodies[i], body, indent + "  ");
        absl::StrAppend(&text_, indent, "}\n");
      }
    }
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const std::string name = absl::StrCat(prefix, "_out", i);
      absl::StrAppend(&text_, indent, name,
                      " [shape=ellipse, label=", Quoted(graph.output_names()[i]), "]\n");
      AddEdge(graph, prefix, graph.outputs()[i], name, indent);
    }
  }

  void AddEdge(const Graph& graph, const std::string& prefix, ValueId from, const std::string& to,
               const std::string& indent) {
    if (from == graph::kNone || graph.value(from).is_constant()) return;
    const graph::NodeId producer = graph.value(from).producer;
    absl::StrAppend(
        &text_, indent,
        producer == graph::kNoNode ? InputName(prefix, from) : NodeName(prefix, producer), " -> ",
        to, " [label=", Quoted(TypeText(graph, from)), "]\n");
  }

  static std::string InputName(const std::string& prefix, ValueId id) {
    return absl::StrCat(prefix, "_in", static_cast<int32_t>(id));
  }
  static std::string NodeName(const std::string& prefix, graph::NodeId id) {
    return absl::StrCat(prefix, "_n", static_cast<int32_t>(id));
  }

  std::string text_;
};

int DrawCommand(const DrawOptions& options) {
  Graph graph = LoadModel(options.model);
  if (options.optimized) graph::Optimize(graph);
  const std::string text = options.format == "dot" ? DotWriter().Write(graph) : graph.ToString();
  if (options.output.empty()) {
    Print(text);
  } else {
    WriteFileAtomically(options.output, {text});
  }
  return kDone;
}

}  // namespace

void AddDraw(CLI::App& program, Action& action) {
  AddCommand<DrawOptions>(
      program, action,
      {"draw", "Draw the graph of a model, for Graphviz or as text",
       "Graphviz (Debian's package graphviz) makes pictures of the format dot.\n",
       "  neura draw model.onnx | dot -Tsvg -o model.svg\n"
       "  neura draw model.onnx --optimized --format text"},
      [](CLI::App& command, DrawOptions& options) {
        AddModel(command, options.model);
        command.add_option("--format", options.format, "dot or text")
            ->check(CLI::IsMember({"dot", "text"}))
            ->capture_default_str();
        command.add_flag("--optimized", options.optimized, "As it runs, after all passes");
        command.add_option("-o,--output", options.output, "Where it goes; stdout without it")
            ->type_name("FILE");
      },
      &DrawCommand);
}

}  // namespace neura::cli
