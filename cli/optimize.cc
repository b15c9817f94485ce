// neura optimize: a model as it runs, written anew.
#include "absl/strings/str_cat.h"
#include "neura/cli/command.h"
#include "neura/cli/model.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"

namespace neura::cli {
namespace {

struct OptimizeOptions {
  ModelOptions model;
  std::string output;
  bool json = false;
};

int OptimizeCommand(const OptimizeOptions& options) {
  graph::Graph graph = LoadModel(options.model);
  const size_t before = graph.nodes().size();
  graph::Optimize(graph);
  std::string bytes;
  try {
    bytes = onnx::ToBytes(graph);
  } catch (Error& error) {
    error.AddContext(options.model.path);
    throw;
  }
  WriteFileAtomically(options.output, {bytes});
  const size_t after = graph.nodes().size();
  if (options.json) {
    Print(Json{{"path", options.output},
               {"nodes_before", before},
               {"nodes", after},
               {"file_bytes", bytes.size()},
               {"operator_set", onnx::kOpset}});
  } else {
    Print(absl::StrCat(options.output, ": ", after, " nodes of ", before, ", operator set ",
                       onnx::kOpset, "\n"));
  }
  return kDone;
}

}  // namespace

void AddOptimize(CLI::App& program, Action& action) {
  AddCommand<OptimizeOptions>(
      program, action,
      {"optimize", "Write a model with fewer nodes that gives the same",
       "Constants are folded, batch norms become part of convolutions, what is computed twice is "
       "computed\nonce, and what nothing reads is left out. --dim makes open sizes fixed.\n",
       "  neura optimize model.onnx optimized.onnx\n"
       "  neura optimize model.onnx batch8.onnx --dim batch=8\n"
       "  neura check model.onnx --against optimized.onnx --rtol 1e-3 --atol 1e-5"},
      [](CLI::App& command, OptimizeOptions& options) {
        AddModel(command, options.model);
        command.add_option("output", options.output, "The file to write")
            ->required()
            ->type_name("OUTPUT");
        AddJson(command, options.json);
      },
      &OptimizeCommand);
}

}  // namespace neura::cli
