#include "neura/nn/summary.h"

#include <algorithm>
#include <ostream>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/units.h"
#include "neura/tensor/ops/multiply_adds.h"

namespace neura::nn {
namespace internal {
namespace {

int64_t BytesOf(const Tensor& tensor) {
  return tensor.numel() * static_cast<int64_t>(ItemSize(tensor.dtype()));
}

}  // namespace

Summarizer::Summarizer(ModuleBase& root) : root_(root), scope_(this) {
  WalkModules(root,
              [&](ModuleBase& module) { training_.emplace_back(&module, module.training()); });
  root.Eval();
}
Summarizer::~Summarizer() {
  for (const auto& [module, training] : training_) module->set_training(training);
}

void Summarizer::OnOp(const OpCall& call, absl::Span<Tensor> outputs) {
  if (!open_.empty()) open_.back().multiply_adds += MultiplyAddsOf(call, outputs);
}

void Summarizer::Enter(const ModuleBase& module) {
  if (!open_.empty()) open_.back().has_calls = true;
  open_.push_back({&module});
}

void Summarizer::Leave(const ModuleBase& module, absl::Span<const Tensor> outputs) {
  // What was entered within and never left has ended in an error that somebody has caught.
  while (!open_.empty() && open_.back().module != &module) open_.pop_back();
  if (open_.empty()) return;
  const Open open = open_.back();
  open_.pop_back();
  Seen& seen = seen_[&module];
  seen.multiply_adds += open.multiply_adds;
  for (const Tensor& output : outputs) {
    if (!output.defined()) continue;
    if (!open.has_calls) seen.output_bytes += BytesOf(output);
    if (seen.calls == 0) seen.outputs.emplace_back(output.shape().begin(), output.shape().end());
  }
  ++seen.calls;
}

ModuleSummary Summarizer::Finish(absl::Span<const Tensor> inputs) {
  ModuleSummary summary;
  for (const Tensor& input : inputs) {
    if (input.defined()) summary.input_bytes += BytesOf(input);
  }
  std::unordered_set<const TensorImpl*> counted;
  std::unordered_set<const ModuleBase*> listed;
  struct Level {
    ModuleBase* module;
    std::string name;
    int64_t depth;
  };
  std::vector<Level> waiting{{&root_, "", 0}};
  while (!waiting.empty()) {
    const Level level = std::move(waiting.back());
    waiting.pop_back();
    SummaryRow row{.name = level.name, .type = level.module->TypeName(), .depth = level.depth};
    const bool again = !listed.insert(level.module).second;
    if (const auto found = seen_.find(level.module); found != seen_.end() && !again) {
      row.calls = found->second.calls;
      row.outputs = found->second.outputs;
      row.multiply_adds = found->second.multiply_adds;
      row.output_bytes = found->second.output_bytes;
    }
    std::vector<Level> children;
    for (const auto& [name, value] : Members(*level.module).list) {
      const auto count = [&](const Tensor& tensor, bool parameter) {
        if (!tensor.defined() || !counted.insert(tensor.impl()).second) return;
        summary.parameter_bytes += BytesOf(tensor);
        if (!parameter) return;
        row.parameters += tensor.numel();
        if (RequiresGrad(tensor)) row.trainable += tensor.numel();
      };
      if (auto* const parameter = std::get_if<Parameter*>(&value)) {
        count((*parameter)->tensor(), true);
      } else if (auto* const buffer = std::get_if<Buffer*>(&value)) {
        count((*buffer)->tensor(), false);
      } else if (!again) {
        children.push_back({std::get<ModuleBase*>(value),
                            level.name.empty() ? name : absl::StrCat(level.name, ".", name),
                            level.depth + 1});
      }
    }
    waiting.insert(waiting.end(), children.rbegin(), children.rend());
    summary.parameters += row.parameters;
    summary.trainable += row.trainable;
    summary.multiply_adds += row.multiply_adds;
    summary.output_bytes += row.output_bytes;
    summary.rows.push_back(std::move(row));
  }
  return summary;
}

WatchCalls::WatchCalls(ModuleBase& root, Summarizer& summarizer) {
  WalkModules(root, [&](ModuleBase& each) {
    handles_.push_back(each.RegisterForwardPreHook(
        [&summarizer](ModuleBase& module, absl::Span<Tensor>) { summarizer.Enter(module); }));
    handles_.push_back(each.RegisterForwardHook(
        [&summarizer](ModuleBase& module, absl::Span<const Tensor>, absl::Span<Tensor> outputs) {
          summarizer.Leave(module, outputs);
        }));
  });
}
WatchCalls::~WatchCalls() {
  for (HookHandle& handle : handles_) handle.Remove();
}

}  // namespace internal

std::string ModuleSummary::ToString() const {
  std::vector<std::vector<std::string>> lines{
      {"Layer (type)", "Output shape", "Parameters", "Multiply-adds"}};
  for (const SummaryRow& row : rows) {
    std::vector<std::string> shapes;
    for (const Dims& shape : row.outputs) shapes.push_back(neura::ToString(DimsView(shape)));
    const auto number = [](int64_t value) { return value == 0 ? "-" : WithSeparators(value); };
    const std::string name = row.name.substr(row.name.rfind('.') + 1);
    lines.push_back({absl::StrCat(std::string(2 * static_cast<size_t>(row.depth), ' '), name,
                                  name.empty() ? "" : " (", row.type, name.empty() ? "" : ")"),
                     shapes.empty() ? "-" : absl::StrJoin(shapes, ", "), number(row.parameters),
                     number(row.multiply_adds)});
  }
  size_t widths[4] = {};
  for (const auto& line : lines) {
    for (size_t i = 0; i < 4; ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  const std::string rule(widths[0] + widths[1] + widths[2] + widths[3] + 6, '-');
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::StrAppend(&text,
                    absl::StrFormat("%-*s  %-*s  %*s  %*s\n", widths[0], lines[i][0], widths[1],
                                    lines[i][1], widths[2], lines[i][2], widths[3], lines[i][3]));
    if (i == 0) absl::StrAppend(&text, rule, "\n");
  }
  absl::StrAppend(&text, rule, "\nParameters: ", WithSeparators(parameters), " (",
                  WithSeparators(trainable), " trainable), ", BytesText(parameter_bytes),
                  " with buffers\n");
  // Without a call there is no more to tell.
  if (rows.empty() || rows[0].calls == 0) return text;
  return absl::StrCat(text, "Multiply-adds: ", WithSeparators(multiply_adds),
                      "\nInput: ", BytesText(input_bytes),
                      ", results of layers: ", BytesText(output_bytes), "\n");
}

std::ostream& operator<<(std::ostream& out, const ModuleSummary& summary) {
  return out << summary.ToString();
}

}  // namespace neura::nn
