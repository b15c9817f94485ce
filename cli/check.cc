// neura check: whether a model gives what it should.
#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "neura/cli/command.h"
#include "neura/cli/model.h"
#include "neura/cli/run_model.h"
#include "neura/cli/tensor_files.h"
#include "neura/graph/program.h"
#include "neura/tensor/core/error.h"
#include "neura/trainer/progress_bar.h"

namespace neura::cli {
namespace {

namespace fs = std::filesystem;

struct CheckOptions {
  ModelOptions model;
  InputOptions inputs;
  std::vector<std::string> sets;     // folders with input_0.pb, output_0.pb, ...
  std::vector<std::string> expects;  // "[NAME=]FILE"
  std::string against;
  // Those of ONNX's own runner.
  double rtol = 1e-3, atol = 1e-7;
  int threads = 0;
  bool json = false;
};

// One run, and what it is compared with.
struct Checked {
  std::string title;
  std::vector<Difference> differences;
};

// "input_0.pb" for the first value, and so on, as far as there are files.
std::vector<std::string> NumberedFiles(const fs::path& folder, const std::string& kind,
                                       const std::vector<std::string>& names) {
  std::vector<std::string> specs;
  for (size_t i = 0; i < names.size(); ++i) {
    const fs::path path = folder / absl::StrCat(kind, "_", i, ".pb");
    if (fs::exists(path)) specs.push_back(names[i] + "=" + path.string());
  }
  return specs;
}

std::vector<Expected> OutputsOf(const graph::Graph& graph) {
  std::vector<Expected> expected;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    expected.push_back(ExpectedOf(graph, graph.outputs()[i], graph.output_names()[i]));
  }
  return expected;
}

Checked AgainstFiles(const CheckOptions& options, const graph::Program& program,
                     const InputOptions& inputs, const std::vector<std::string>& expects,
                     const std::string& title) {
  // What is read is compared whole: a shape that is not the model's is a difference.
  const std::vector<Expected> outputs = OutputsOf(program.graph());
  const std::vector<Tensor> read =
      ReadTensors("--expect", expects, outputs, inputs, Fit::kAnything);
  NamedTensors expected;
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i].defined()) expected.emplace_back(outputs[i].name, read[i]);
  }
  NamedTensors actual = RunModel(options.model.path, program, InputsOf(program.graph(), inputs));
  std::erase_if(actual, [&](const auto& each) {
    return std::none_of(expected.begin(), expected.end(),
                        [&](const auto& other) { return other.first == each.first; });
  });
  return {title, CompareAll(actual, expected, options.rtol, options.atol)};
}

// A folder of a data set, or one that holds some.
std::vector<fs::path> SetsIn(const std::string& folder) {
  if (!fs::is_directory(folder)) ThrowInvalidArgument(folder + ": is no folder");
  if (fs::exists(fs::path(folder) / "output_0.pb")) return {folder};
  std::vector<fs::path> sets;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "output_0.pb")) sets.push_back(entry.path());
  }
  std::sort(sets.begin(), sets.end());
  if (sets.empty()) {
    ThrowInvalidArgument(folder + ": holds no output_0.pb, nor does a folder in it");
  }
  return sets;
}

Checked AgainstModel(const CheckOptions& options, const graph::Program& program) {
  const graph::Program other = graph::Compile(LoadOther(options.against, options.model.dims));
  InputOptions inputs = options.inputs;
  inputs.random = true;
  const std::vector<Tensor> given = InputsOf(program.graph(), inputs);
  return {options.against, CompareAll(RunModel(options.model.path, program, given),
                                      RunModel(options.against, other,
                                               InputsFor(other.graph(), program.graph(), given)),
                                      options.rtol, options.atol)};
}

std::vector<Checked> CheckAll(const CheckOptions& options) {
  if (options.sets.empty() && options.expects.empty() && options.against.empty()) {
    ThrowInvalidArgument(
        "nothing to compare with: give a folder of input_0.pb and output_0.pb, --expect or "
        "--against");
  }
  const graph::Program program = graph::Compile(LoadModel(options.model));
  const graph::Graph& graph = program.graph();
  std::vector<std::string> input_names;
  for (graph::ValueId id : graph.inputs()) input_names.push_back(graph.value(id).name);
  const std::vector<std::string> output_names(graph.output_names().begin(),
                                              graph.output_names().end());
  std::vector<Checked> checked;
  std::vector<fs::path> sets;
  for (const std::string& folder : options.sets) {
    const std::vector<fs::path> more = SetsIn(folder);
    sets.insert(sets.end(), more.begin(), more.end());
  }
  if (!sets.empty()) {
    trainer::ProgressBar bar("Checking", static_cast<int64_t>(sets.size()), stderr);
    for (const fs::path& set : sets) {
      bar.Update(static_cast<int64_t>(checked.size()), [&] { return set.filename().string(); });
      InputOptions inputs = options.inputs;
      inputs.inputs = NumberedFiles(set, "input", input_names);
      checked.push_back(AgainstFiles(options, program, inputs,
                                     NumberedFiles(set, "output", output_names), set.string()));
    }
    bar.Leave("");
  }
  if (!options.expects.empty()) {
    checked.push_back(AgainstFiles(options, program, options.inputs, options.expects, ""));
  }
  if (!options.against.empty()) checked.push_back(AgainstModel(options, program));
  return checked;
}

int CheckCommand(const CheckOptions& options) {
  UseThreads(options.threads);
  const std::vector<Checked> checked = CheckAll(options);
  bool ok = true;
  std::string text;
  Json runs = Json::array();
  for (const Checked& each : checked) {
    for (const Difference& difference : each.differences) ok &= difference.is_close();
    runs.push_back({{"reference", each.title}, {"outputs", DifferencesJson(each.differences)}});
    absl::StrAppend(&text, each.title, each.title.empty() ? "" : ":\n",
                    DifferencesText(each.differences));
  }
  options.json ? Print(Json{{"ok", ok}, {"runs", runs}}) : Print(text);
  return ok ? kDone : kDiffers;
}

}  // namespace

void AddCheck(CLI::App& program, Action& action) {
  AddCommand<CheckOptions>(
      program, action,
      {"check", "Compare what a model gives with reference outputs, or with another model",
       std::string("Exit code 1 where an output differs: |actual - expected| > atol + rtol * "
                   "|expected|.\n") +
           kInputFiles,
       "  neura check model.onnx test_data_set_0\n"
       "  neura check model.onnx -i x.npy --expect logits=logits.npy --rtol 1e-4\n"
       "  neura check model.onnx --against optimized.onnx"},
      [](CLI::App& command, CheckOptions& options) {
        AddModel(command, options.model);
        command
            .add_option("sets", options.sets,
                        "Folders with input_0.pb, ... and output_0.pb, ..., or with folders of "
                        "these, as ONNX's own cases are")
            ->type_name("FOLDER");
        AddInputs(command, options.inputs);
        command
            .add_option("--expect", options.expects,
                        "What an output should be, from a file. May be given several times")
            ->type_name("[NAME=]FILE")
            ->allow_extra_args(false);
        command
            .add_option("--against", options.against,
                        "Another model, which is run on the same inputs; those that are not given "
                        "are made up")
            ->type_name("FILE");
        command.add_option("--rtol", options.rtol, "Relative tolerance")
            ->check(AtLeast(0))
            ->capture_default_str();
        command.add_option("--atol", options.atol, "Absolute tolerance")
            ->check(AtLeast(0))
            ->capture_default_str();
        AddThreads(command, options.threads);
        AddJson(command, options.json);
      },
      &CheckCommand);
}

}  // namespace neura::cli
