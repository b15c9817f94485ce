#include "neura/graph/executor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/meta.h"
#include "neura/graph/program.h"
#include "neura/tensor/core/device_memory.h"

namespace neura::graph {

Executor::Executor(Graph graph)
    : graph_(std::move(graph)), constants_(std::make_unique<Constants>(graph_)) {
  FindEqualExtents();
  Cut();
  FindLastReads();
}

bool Executor::ReadsElementsOf(const Node& node, const std::vector<bool>& values) const {
  bool reads = false;
  VisitLeaves(node, [&](const SizeLeaf& leaf) {
    reads |= leaf.kind == SizeLeaf::Kind::kElement && values[static_cast<size_t>(leaf.value)];
  });
  return reads;
}

// Into stretches, and nodes of other kinds.
void Executor::Cut() {
  // By value: the number of the step that makes it.
  std::vector<int> step_of(graph_.num_values(), -1);
  std::vector<std::vector<NodeId>> stretches;
  std::vector<bool> in_stretch(graph_.num_values());  // made by the one that grows
  std::vector<NodeId> growing;
  const auto close = [&] {
    if (growing.empty()) return;
    for (NodeId id : growing) {
      for (ValueId output : graph_.node(id).outputs) {
        step_of[static_cast<size_t>(output)] = static_cast<int>(steps_.size());
        in_stretch[static_cast<size_t>(output)] = false;
      }
    }
    steps_.emplace_back();
    stretches.resize(steps_.size());
    stretches.back() = std::exchange(growing, {});
  };
  for (NodeId id : graph_.nodes()) {
    const Node& node = graph_.node(id);
    if (!node.is_operation() || ReadsElementsOf(node, in_stretch)) close();
    if (node.is_operation()) {
      growing.push_back(id);
      for (ValueId output : node.outputs) in_stretch[static_cast<size_t>(output)] = true;
      continue;
    }
    for (ValueId output : node.outputs) {
      step_of[static_cast<size_t>(output)] = static_cast<int>(steps_.size());
    }
    Step step{.node = id};
    for (const std::shared_ptr<const Graph>& body : node.bodies) {
      step.bodies.push_back(std::make_unique<const Executor>(*body));
    }
    steps_.push_back(std::move(step));
    stretches.resize(steps_.size());
  }
  close();

  // Values that another step reads, or that are results.
  std::vector<bool> read(graph_.num_values());
  std::vector<bool> is_result(graph_.num_values());
  for (ValueId id : graph_.outputs()) is_result[static_cast<size_t>(id)] = true;
  for (size_t i = 0; i < steps_.size(); ++i) {
    std::vector<NodeId> nodes = stretches[i];
    if (steps_[i].node != kNoNode) nodes = {steps_[i].node};
    const auto note = [&](ValueId id) {
      if (id != kNone && step_of[static_cast<size_t>(id)] != static_cast<int>(i)) {
        read[static_cast<size_t>(id)] = true;
      }
    };
    for (NodeId id : nodes) {
      for (ValueId input : graph_.node(id).inputs) note(input);
      VisitLeaves(graph_.node(id), [&](const SizeLeaf& leaf) { note(leaf.value); });
    }
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].node != kNoNode) continue;
    std::vector<ValueId> outputs;
    std::vector<bool> copied;
    for (NodeId id : stretches[i]) {
      for (ValueId output : graph_.node(id).outputs) {
        const auto number = static_cast<size_t>(output);
        if (!read[number] && !is_result[number]) continue;
        outputs.push_back(output);
        copied.push_back(is_result[number]);
      }
    }
    stretches_.push_back(std::make_unique<Stretch>(graph_, *constants_, std::move(stretches[i]),
                                                   std::move(outputs), copied));
    steps_[i].stretch = stretches_.back().get();
  }

  const auto is_tensor = [this](ValueId id) { return graph_.value(id).kind == ValueKind::kTensor; };
  one_stretch_ = steps_.size() == 1 && steps_[0].stretch != nullptr &&
                 std::all_of(graph_.inputs().begin(), graph_.inputs().end(), is_tensor);
  if (!one_stretch_) return;
  const Stretch& stretch = *steps_[0].stretch;
  for (ValueId id : stretch.inputs()) {
    const auto at = std::find(graph_.inputs().begin(), graph_.inputs().end(), id);
    stretch_inputs_.push_back(static_cast<size_t>(at - graph_.inputs().begin()));
  }
  for (ValueId id : graph_.outputs()) {
    const auto at = std::find(stretch.outputs().begin(), stretch.outputs().end(), id);
    const bool made = at != stretch.outputs().end();
    output_sources_.push_back(made ? static_cast<int>(at - stretch.outputs().begin()) : -1);
  }
  inputs_as_given_ = graph_.inputs() == stretch.inputs();
  outputs_as_made_ = graph_.outputs() == stretch.outputs();
}

void Executor::FindLastReads() {
  std::vector<int> last(graph_.num_values(), -1);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto note = [&](ValueId id) {
      if (id != kNone) last[static_cast<size_t>(id)] = static_cast<int>(i);
    };
    if (steps_[i].stretch != nullptr) {
      for (ValueId id : steps_[i].stretch->inputs()) note(id);
      for (ValueId id : steps_[i].stretch->outputs()) note(id);
      continue;
    }
    const Node& node = graph_.node(steps_[i].node);
    for (ValueId id : node.inputs) note(id);
    for (ValueId id : node.outputs) note(id);
    VisitLeaves(node, [&](const SizeLeaf& leaf) { note(leaf.value); });
  }
  for (ValueId id : graph_.outputs()) last[static_cast<size_t>(id)] = -1;
  for (ValueId id : graph_.values()) {
    const int step = last[static_cast<size_t>(id)];
    if (step >= 0) steps_[static_cast<size_t>(step)].last_reads.push_back(id);
  }
}

std::vector<const Executor*> Executor::bodies() const {
  std::vector<const Executor*> bodies;
  for (const Step& step : steps_) {
    for (const auto& body : step.bodies) bodies.push_back(body.get());
  }
  return bodies;
}

// ---- inputs -----------------------------------------------------------------------------------

void Executor::CheckTensor(size_t input, const Tensor& tensor, Device device) const {
  const Value& expected = graph_.value(graph_.inputs()[input]);
  bool fits = tensor.defined() && tensor.dtype() == expected.dtype && tensor.device() == device &&
              tensor.shape().size() == expected.shape.size();
  for (size_t d = 0; fits && d < expected.shape.size(); ++d) {
    fits = !expected.shape[d].is_number() || expected.shape[d].number() == tensor.shape()[d];
  }
  if (fits) return;
  std::string shape;
  for (const SymInt& extent : expected.shape) {
    absl::StrAppend(&shape, shape.empty() ? "" : ", ", graph_.ExtentToString(extent));
  }
  std::string got = Describe(tensor);
  if (tensor.defined()) absl::StrAppend(&got, " on ", neura::ToString(tensor.device()));
  ThrowInvalidArgument(absl::StrCat("Program: input ", expected.name, " must be ",
                                    DTypeName(expected.dtype), " [", shape, "] on ",
                                    neura::ToString(device), ", got ", got));
}

// The tensors of a sequence, or that of an optional, in order as operations expect them.
Datum Executor::CheckedSequence(size_t input, const Datum& sequence, Device device) const {
  const Value& expected = graph_.value(graph_.inputs()[input]);
  std::vector<Tensor> tensors;
  for (const Tensor& tensor : sequence.sequence()) {
    if (!tensor.defined() || tensor.dtype() != expected.dtype || tensor.device() != device) {
      ThrowInvalidArgument(absl::StrCat("Program: input ", expected.name, " must hold ",
                                        DTypeName(expected.dtype), " on ", neura::ToString(device),
                                        ", got ", Describe(tensor)));
    }
    tensors.push_back(tensor.is_contiguous() ? tensor : ContiguousCopy(tensor));
  }
  return Datum::Sequence(std::move(tensors));
}

void Executor::FindEqualExtents() {
  for (size_t i = 0; i < graph_.inputs().size(); ++i) {
    const std::vector<SymInt>& shape = graph_.value(graph_.inputs()[i]).shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      shape[d].VisitLeaves([&](const SizeLeaf& leaf) {
        const auto at = std::find(graph_.inputs().begin(), graph_.inputs().end(), leaf.value);
        const auto other = static_cast<size_t>(at - graph_.inputs().begin());
        const auto other_dim = static_cast<size_t>(leaf.index);
        if (other != i || other_dim != d) equal_extents_.push_back({i, d, other, other_dim});
      });
    }
  }
}

// `inputs` are undefined where they are no tensors.
void Executor::CheckEqualExtents(absl::Span<const Tensor* const> inputs) const {
  for (const EqualExtents& equal : equal_extents_) {
    const Tensor &input = *inputs[equal.input], &other = *inputs[equal.other];
    if (!input.defined() || !other.defined()) continue;
    const int64_t given = input.shape()[equal.dim], expected = other.shape()[equal.other_dim];
    if (given == expected) continue;
    const Value& value = graph_.value(graph_.inputs()[equal.input]);
    ThrowInvalidArgument(absl::StrCat(
        "Program: dimension ", equal.dim, " of input ", value.name, " is ", given,
        ", but elsewhere ", graph_.ExtentToString(value.shape[equal.dim]), " is ", expected));
  }
}

// ---- running ----------------------------------------------------------------------------------

std::vector<Tensor> Executor::RunTensors(absl::Span<const Tensor> inputs,
                                         const RunContext& context) const {
  bool as_given = inputs_as_given_;
  for (size_t i = 0; i < inputs.size(); ++i) {
    CheckTensor(i, inputs[i], context.device);
    as_given &= inputs[i].is_contiguous();
  }
  if (!equal_extents_.empty()) {
    std::vector<const Tensor*> given;
    for (const Tensor& input : inputs) given.push_back(&input);
    CheckEqualExtents(given);
  }
  std::vector<Tensor> read;
  for (size_t i = 0; !as_given && i < stretch_inputs_.size(); ++i) {
    const Tensor& input = inputs[stretch_inputs_[i]];
    read.push_back(input.is_contiguous() ? input : ContiguousCopy(input));
  }
  std::vector<Tensor> made = steps_[0].stretch->Run(as_given ? inputs : read, context);
  if (outputs_as_made_) return made;
  std::vector<Tensor> outputs;
  for (size_t i = 0; i < output_sources_.size(); ++i) {
    if (output_sources_[i] >= 0) {
      outputs.push_back(made[static_cast<size_t>(output_sources_[i])]);
      continue;
    }
    const ValueId id = graph_.outputs()[i];
    const auto at = std::find(graph_.inputs().begin(), graph_.inputs().end(), id);
    outputs.push_back(ContiguousCopy(
        at == graph_.inputs().end() ? constants_->On(context.device, id)
                                    : inputs[static_cast<size_t>(at - graph_.inputs().begin())]));
  }
  return outputs;
}

Datum Executor::Get(ValueId id, const std::vector<Datum>& values, const RunContext& context) const {
  if (id == kNone) return {};
  if (graph_.value(id).is_constant()) return constants_->On(context.device, id);
  return values[static_cast<size_t>(id)];
}

std::vector<Datum> Executor::Run(absl::Span<const Datum> inputs, const RunContext& context) const {
  if (inputs.size() != graph_.inputs().size()) {
    ThrowInvalidArgument(
        absl::StrCat("Program: takes ", graph_.inputs().size(), " inputs, got ", inputs.size()));
  }
  std::vector<Datum> values(graph_.num_values());
  const Tensor none;
  std::vector<const Tensor*> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& expected = graph_.value(graph_.inputs()[i]);
    Datum& value = values[static_cast<size_t>(graph_.inputs()[i])];
    const bool is_tensor = inputs[i].kind() == ValueKind::kTensor;
    if (inputs[i].kind() != expected.kind && expected.kind != ValueKind::kOptional) {
      ThrowInvalidArgument(absl::StrCat("Program: input ", expected.name, " must be a ",
                                        KindName(expected.kind), ", got a ",
                                        KindName(inputs[i].kind())));
    }
    value = inputs[i];
    if (value.kind() == ValueKind::kSequence) value = CheckedSequence(i, value, context.device);
    // Without extents nothing is said of how many dimensions there are.
    if (value.kind() == ValueKind::kStrings && !expected.shape.empty() &&
        value.strings_shape().size() != expected.shape.size()) {
      ThrowInvalidArgument(absl::StrCat("Program: input ", expected.name, " must be strings of ",
                                        expected.shape.size(), " dimensions, got ",
                                        value.strings_shape().size()));
    }
    if (is_tensor && expected.kind == ValueKind::kOptional) {
      const Datum one = Datum::Sequence({value.tensor()});
      value = CheckedSequence(i, one, context.device).sequence()[0];
    }
    if (is_tensor && expected.kind == ValueKind::kTensor) {
      CheckTensor(i, inputs[i].tensor(), context.device);
      if (!value.tensor().is_contiguous()) value = ContiguousCopy(value.tensor());
    }
    tensors.push_back(is_tensor ? &inputs[i].tensor() : &none);
  }
  CheckEqualExtents(tensors);
  for (const Step& step : steps_) {
    if (step.stretch != nullptr) {
      std::vector<Tensor> read;
      for (ValueId id : step.stretch->inputs()) {
        read.push_back(values[static_cast<size_t>(id)].tensor());
      }
      std::vector<Tensor> made = step.stretch->Run(read, context);
      for (size_t i = 0; i < made.size(); ++i) {
        values[static_cast<size_t>(step.stretch->outputs()[i])] = std::move(made[i]);
      }
    } else {
      const Node& node = graph_.node(step.node);
      if (context.observer != nullptr) context.observer->OnBegin(graph_, step.node);
      std::vector<Datum> made = RunNode(step, values, context);
      if (context.observer != nullptr) context.observer->OnEnd(graph_, step.node, nullptr, {});
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        values[static_cast<size_t>(node.outputs[i])] = std::move(made[i]);
      }
    }
    for (ValueId id : step.last_reads) values[static_cast<size_t>(id)] = Datum();
  }
  std::vector<Datum> outputs;
  for (ValueId id : graph_.outputs()) {
    Datum value = Get(id, values, context);
    // What stretches make is new already.
    const NodeId producer = graph_.value(id).producer;
    const bool copied = producer != kNoNode && graph_.node(producer).is_operation();
    if (value.kind() == ValueKind::kTensor && !copied) value = ContiguousCopy(value.tensor());
    outputs.push_back(std::move(value));
  }
  return outputs;
}

int64_t Executor::ArenaBytes(absl::Span<const int64_t> symbol_sizes) const {
  const absl::Span<const Symbol> symbols = graph_.symbols();
  if (symbol_sizes.size() != symbols.size()) {
    ThrowInvalidArgument(absl::StrCat("ArenaBytes: the graph has ", symbols.size(),
                                      " open sizes, got ", symbol_sizes.size()));
  }
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (symbol_sizes[i] < 0) {
      ThrowInvalidArgument(absl::StrCat("ArenaBytes: ", symbols[i].name, " = ", symbol_sizes[i],
                                        " must not be negative"));
    }
  }
  if (steps_.empty() || steps_[0].stretch == nullptr) return 0;
  std::vector<Tensor> inputs;
  for (ValueId id : steps_[0].stretch->inputs()) {
    const Value& value = graph_.value(id);
    Dims shape;
    for (const SymInt& extent : value.shape) {
      shape.push_back(extent.Evaluate([&](const SizeLeaf& leaf) {
        for (size_t i = 0; i < symbols.size(); ++i) {
          if (symbols[i].leaf == leaf) return symbol_sizes[i];
        }
        return graph_.value(leaf.value).tried.size(leaf.index);
      }));
    }
    inputs.push_back(MetaTensor(value.dtype, shape));
  }
  return steps_[0].stretch->ArenaBytes(inputs, kCpu);
}

}  // namespace neura::graph
