#include "neura/graph/program.h"

#include "absl/strings/str_cat.h"
#include "neura/graph/executor.h"
#include "neura/graph/passes/passes.h"
#include "neura/tensor/core/error.h"

namespace neura::graph {
namespace {

void Append(const Executor& executor, std::vector<PlannedStretch>& stretches) {
  for (const std::unique_ptr<Stretch>& stretch : executor.stretches()) {
    stretches.push_back({stretch->num_nodes(), stretch->KeptArenaBytes()});
  }
  for (const Executor* body : executor.bodies()) Append(*body, stretches);
}

Generator& Or(Generator* generator) {
  return generator != nullptr ? *generator : DefaultGenerator();
}

}  // namespace

Program::Program(Graph graph) : executor_(std::make_unique<Executor>(std::move(graph))) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

std::vector<Tensor> Program::Run(absl::Span<const Tensor> inputs, Generator* generator) const {
  if (inputs.size() != graph().inputs().size()) {
    ThrowInvalidArgument(
        absl::StrCat("Program: takes ", graph().inputs().size(), " inputs, got ", inputs.size()));
  }
  if (executor_->is_one_stretch()) {
    const Device device = !inputs.empty() && inputs[0].defined() ? inputs[0].device() : kCpu;
    return executor_->RunTensors(inputs, {device, Or(generator)});
  }
  const std::vector<Datum> results =
      RunData(std::vector<Datum>(inputs.begin(), inputs.end()), generator);
  std::vector<Tensor> tensors;
  for (const Datum& result : results) tensors.push_back(result.tensor());
  return tensors;
}

std::vector<Datum> Program::RunData(absl::Span<const Datum> inputs, Generator* generator,
                                    RunObserver* observer) const {
  Device device = kCpu;
  for (const Datum& input : inputs) {
    Tensor first;
    if (input.kind() == ValueKind::kTensor) first = input.tensor();
    if (input.kind() == ValueKind::kSequence && !input.sequence().empty()) {
      first = input.sequence()[0];
    }
    if (!first.defined()) continue;
    device = first.device();
    break;
  }
  return executor_->Run(inputs, {device, Or(generator), observer});
}

Tensor Program::operator()(const Tensor& input) const {
  if (graph().outputs().size() != 1) {
    ThrowInvalidArgument(
        absl::StrCat("Program: has ", graph().outputs().size(), " outputs; call Run()"));
  }
  return Run({input})[0];
}

const Graph& Program::graph() const { return executor_->graph(); }

int64_t Program::ArenaBytes(absl::Span<const int64_t> symbol_sizes) const {
  return executor_->ArenaBytes(symbol_sizes);
}

std::vector<PlannedStretch> Program::Stretches() const {
  std::vector<PlannedStretch> stretches;
  Append(*executor_, stretches);
  return stretches;
}

Program Compile(Graph graph) {
  Optimize(graph);
  return Program(std::move(graph));
}

}  // namespace neura::graph
