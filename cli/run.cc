// neura run: what a model makes of inputs.
#include "absl/strings/str_cat.h"
#include "neura/cli/command.h"
#include "neura/cli/json_tensor.h"
#include "neura/cli/model.h"
#include "neura/cli/run_model.h"
#include "neura/cli/tensor_files.h"
#include "neura/graph/program.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"

namespace neura::cli {
namespace {

struct RunOptions {
  ModelOptions model;
  InputOptions inputs;
  std::vector<std::string> outputs;
  int threads = 0;
  bool json = false;
};

int RunCommand(const RunOptions& options) {
  UseThreads(options.threads);
  const graph::Program program = graph::Compile(LoadModel(options.model));
  CheckOutputs(options.outputs, program.graph());
  const NamedTensors outputs =
      RunModel(options.model.path, program, InputsOf(program.graph(), options.inputs));
  WriteTensors(options.outputs, outputs);
  if (options.json) {
    Json json = Json::object();
    for (const auto& [name, tensor] : outputs) json[name] = TensorToJson(tensor);
    Print(json);
    return kDone;
  }
  if (!options.outputs.empty()) return kDone;
  std::string text;
  for (const auto& [name, tensor] : outputs) {
    absl::StrAppend(&text, name, " ", Describe(tensor), "\n", tensor.ToString(), "\n");
  }
  Print(text);
  return kDone;
}

}  // namespace

void AddRun(CLI::App& program, Action& action) {
  AddCommand<RunOptions>(
      program, action,
      {"run", "Run a model on inputs from files", kInputFiles,
       "  neura run model.onnx -i x.npy\n"
       "  neura run model.onnx -i image=cat.jpg --mean 0.485,0.456,0.406 --std "
       "0.229,0.224,0.225 -o out.npz\n"
       "  neura run model.onnx -i inputs.npz -o logits=logits.npy -o boxes=boxes.json\n"
       "  neura run model.onnx -i inputs.json --json"},
      [](CLI::App& command, RunOptions& options) {
        AddModel(command, options.model);
        AddInputs(command, options.inputs);
        command.add_flag("--random", options.inputs.random,
                         "Make up the inputs that are missing: normally distributed numbers, "
                         "integers of 1");
        command
            .add_option("-o,--output", options.outputs,
                        "Where outputs go; without it, they are printed. May be given several "
                        "times")
            ->type_name("[NAME=]FILE")
            ->allow_extra_args(false);
        AddThreads(command, options.threads);
        AddJson(command, options.json);
      },
      &RunCommand);
}

}  // namespace neura::cli
