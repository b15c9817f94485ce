#include "neura/graph/stretch.h"

#include <algorithm>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "neura/graph/meta.h"
#include "neura/graph/program.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/fork_lock.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"

namespace neura::graph {
namespace {

// Of what programs keep between runs: one for all, for a fork to wait for. Nothing that takes or
// frees tensors is done under it.
std::mutex& Mutex() {
  static constinit std::mutex mutex;
  return mutex;
}
[[maybe_unused]] const bool kHeldAcrossFork = neura::internal::HoldAcrossFork(Mutex());

int64_t NumberOf(Device device) {
  return static_cast<int64_t>(device.type) << 32 | static_cast<int64_t>(device.index);
}

}  // namespace

Tensor ContiguousCopy(const Tensor& tensor) {
  Tensor copy = Tensor::Empty(tensor.shape(), tensor.dtype(), tensor.device());
  const Tensor* inputs[] = {&tensor};
  const OptionsBox options(op::kClone);
  RunKernel({op::kClone, options.data(), inputs, tensor.device()}, absl::MakeSpan(&copy, 1));
  return copy;
}

Tensor Constants::On(Device device, ValueId id) {
  const Tensor& constant = graph_.value(id).constant;
  if (constant.device() == device) return constant;
  const IntrusivePtr<Storage>& storage = constant.storage();
  const std::pair<int64_t, const Storage*> key(NumberOf(device), storage.get());
  IntrusivePtr<Storage> copy;
  for (;;) {
    {
      std::lock_guard<std::mutex> lock(Mutex());
      const auto known = copies_.find(key);
      if (known == copies_.end() && copy) copies_.emplace(key, copy);
      if (known != copies_.end()) copy = known->second;
    }
    if (copy) break;
    copy = Storage::Allocate(static_cast<int64_t>(storage->bytes()), device, AllocatorOf(device));
    CopyBytes({copy->data(), device}, {storage->data(), storage->device()}, storage->bytes());
  }
  return Tensor::View(copy, constant.storage_offset(), constant.shape(), constant.strides(),
                      constant.dtype());
}

// What one call of Run works on.
struct Stretch::State {
  std::vector<Tensor> values;
  std::vector<const Tensor*> inputs;
  struct Step {
    OpCall call;
    absl::Span<Tensor> outputs;
    NodeId node;
  };
  std::vector<Step> steps;
  std::vector<std::unique_ptr<OptionsBox>> random;  // of random operations, in their order
};

// Everything that depends on the key alone.
struct Stretch::Plan {
  std::vector<int64_t> key;
  Device device;
  std::vector<OptionsBox> options;  // by step
  std::vector<PlanValue> values;
  MemoryPlan memory;
  // Bound anew in each run, in the order of execution.
  std::vector<int> fresh;  // outputs
  std::vector<int> views;  // of inputs and outputs

  std::vector<std::unique_ptr<State>> idle;  // guarded
};

Stretch::Stretch(const Graph& graph, Constants& constants, std::vector<NodeId> nodes,
                 std::vector<ValueId> outputs, const std::vector<bool>& is_result)
    : graph_(graph),
      constants_(constants),
      nodes_(std::move(nodes)),
      outputs_(std::move(outputs)),
      is_result_(is_result) {
  const auto number = [this](ValueId id) {
    if (id == kNone) return -1;
    const auto [at, is_new] = numbers_.emplace(id, static_cast<int>(values_.size()));
    if (is_new) values_.push_back(id);
    return at->second;
  };
  std::map<ValueId, bool> made;
  for (NodeId node : nodes_) {
    for (ValueId output : graph_.node(node).outputs) made[output] = true;
  }
  const auto read = [&](ValueId id) {
    if (id == kNone || made.count(id) > 0 || numbers_.count(id) > 0) return;
    if (graph_.value(id).is_constant()) return;
    number(id);
    inputs_.push_back(id);
  };
  for (NodeId id : nodes_) {
    const Node& node = graph_.node(id);
    for (ValueId input : node.inputs) read(input);
    VisitLeaves(node, [&](const SizeLeaf& leaf) { read(leaf.value); });
  }
  for (NodeId id : nodes_) {
    const Node& node = graph_.node(id);
    PlanStep step{{}, {}, SchemaOf(node.op()).flags.pointwise};
    for (ValueId input : node.inputs) step.inputs.push_back(number(input));
    for (ValueId output : node.outputs) step.outputs.push_back(number(output));
    steps_.push_back(std::move(step));
    VisitLeaves(node, [&](const SizeLeaf& leaf) {
      if (leaf.kind != SizeLeaf::Kind::kElement) return;
      const auto known =
          std::find_if(elements_.begin(), elements_.end(),
                       [&leaf](const ElementLeaf& element) { return element.leaf == leaf; });
      if (known == elements_.end()) {
        elements_.push_back({leaf, static_cast<size_t>(numbers_.at(leaf.value))});
      }
    });
  }
  is_output_.resize(values_.size());
  for (ValueId output : outputs_) {
    output_numbers_.push_back(static_cast<size_t>(numbers_.at(output)));
    is_output_[output_numbers_.back()] = true;
  }
}

Stretch::~Stretch() = default;

std::vector<int64_t> Stretch::KeyOf(absl::Span<const Tensor> inputs, Device device) const {
  std::vector<int64_t> key;
  key.reserve(1 + 6 * inputs.size() + elements_.size());
  key.push_back(NumberOf(device));
  for (const Tensor& input : inputs) {
    key.push_back(input.dim());
    key.insert(key.end(), input.shape().begin(), input.shape().end());
    key.push_back(input.is_contiguous());
    if (input.is_contiguous()) continue;
    key.insert(key.end(), input.strides().begin(), input.strides().end());
  }
  return key;
}

std::shared_ptr<Stretch::Plan> Stretch::MakePlan(std::vector<int64_t> key,
                                                 absl::Span<const Tensor> inputs,
                                                 Device device) const {
  auto plan = std::make_shared<Plan>();
  plan->device = device;
  plan->values.resize(values_.size());
  for (size_t i = 0; i < values_.size(); ++i) {
    PlanValue& value = plan->values[i];
    value.is_output = is_output_[i];
    if (i < inputs.size()) {
      value.home = Home::kInput;
      value.meta = MetaTensor(inputs[i].dtype(), inputs[i].shape(), inputs[i].strides());
    } else if (const Tensor& constant = graph_.value(values_[i]).constant; constant.defined()) {
      value.home = Home::kConstant;
      value.meta = MetaTensor(constant.dtype(), constant.shape(), constant.strides());
    }
  }
  const auto meta = [&plan](int value) -> const Tensor& {
    return value < 0 ? Absent() : plan->values[static_cast<size_t>(value)].meta;
  };
  const auto read = [&](const SizeLeaf& leaf) {
    if (leaf.kind == SizeLeaf::Kind::kExtent) {
      return meta(numbers_.at(leaf.value)).size(leaf.index);
    }
    // Elements are at the end of the key.
    size_t i = 0;
    while (elements_[i].leaf != leaf) ++i;
    return key[key.size() - elements_.size() + i];
  };
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Operation& operation = graph_.node(nodes_[i]).operation();
    plan->options.push_back(Resolve(operation.options, operation.symbolic, read));
    std::vector<const Tensor*> refs;
    for (int input : steps_[i].inputs) refs.push_back(&meta(input));
    const OutputSpecs specs = InferOutputs(operation.op, plan->options.back(), refs);
    if (specs.size() != steps_[i].outputs.size()) {
      ThrowInvalidArgument(absl::StrCat(SchemaOf(operation.op).name, ": gives ", specs.size(),
                                        " tensors of inputs of these sizes, not the ",
                                        steps_[i].outputs.size(), " that the graph has"));
    }
    // A copy of what lies in order already is that.
    const bool is_view = SchemaOf(operation.op).flags.view ||
                         (operation.op == op::kClone && refs[0]->is_contiguous());
    // Nodes that nothing reads are left to passes.
    const std::vector<ValueId>& outputs = graph_.node(nodes_[i]).outputs;
    const auto used = [this](ValueId output) { return graph_.IsUsed(output); };
    const bool is_dead = std::none_of(outputs.begin(), outputs.end(), used);
    for (size_t k = 0; k < specs.size(); ++k) {
      PlanValue& value = plan->values[static_cast<size_t>(steps_[i].outputs[k])];
      value.meta = MetaTensor(operation.op, specs[k]);
      value.is_used = is_dead || used(outputs[k]);
      value.is_view = is_view;
      value.view_offset = specs[k].offset;
    }
  }
  plan->memory = PlanMemory(steps_, plan->values);
  for (const PlanStep& step : steps_) {
    for (int output : step.outputs) {
      const MemoryPlan::Place& place = plan->memory.places[static_cast<size_t>(output)];
      if (place.home != Home::kInput && place.home != Home::kOutput) continue;
      (place.root == output ? plan->fresh : plan->views).push_back(output);
    }
  }
  plan->key = std::move(key);
  return plan;
}

std::shared_ptr<Stretch::Plan> Stretch::PlanFor(std::vector<int64_t> key,
                                                absl::Span<const Tensor> inputs, Device device) {
  // The list's node, made and dropped outside of the lock.
  std::list<std::shared_ptr<Plan>> made, dropped;
  for (;;) {
    {
      std::lock_guard<std::mutex> lock(Mutex());
      const auto known =
          std::find_if(plans_.begin(), plans_.end(),
                       [&](const std::shared_ptr<Plan>& plan) { return plan->key == key; });
      if (known != plans_.end()) {
        plans_.splice(plans_.begin(), plans_, known);
        return plans_.front();
      }
      if (!made.empty()) {
        plans_.splice(plans_.begin(), made);
        if (plans_.size() > kMaxPlans) dropped.splice(dropped.begin(), plans_, --plans_.end());
        return plans_.front();
      }
    }
    made.push_front(MakePlan(key, inputs, device));
  }
}

std::unique_ptr<Stretch::State> Stretch::MakeState(const Plan& plan) const {
  auto state = std::make_unique<State>();
  state->values.resize(values_.size());
  const auto arena =
      Storage::Allocate(plan.memory.arena_bytes, plan.device, AllocatorOf(plan.device));
  for (size_t i = 0; i < values_.size(); ++i) {
    const MemoryPlan::Place& place = plan.memory.places[i];
    const Tensor& meta = plan.values[i].meta;
    if (place.home == Home::kArena) {
      const int64_t root = plan.memory.places[static_cast<size_t>(place.root)].offset;
      state->values[i] = Tensor::View(
          arena, root / static_cast<int64_t>(ItemSize(meta.dtype())) + place.view_offset,
          meta.shape(), meta.strides(), meta.dtype());
    } else if (place.home == Home::kConstant) {
      const Tensor root = constants_.On(plan.device, values_[static_cast<size_t>(place.root)]);
      state->values[i] = Tensor::View(root.storage(), root.storage_offset() + place.view_offset,
                                      meta.shape(), meta.strides(), meta.dtype());
    }
  }
  size_t num_inputs = 0;
  for (const PlanStep& step : steps_) num_inputs += step.inputs.size();
  state->inputs.reserve(num_inputs);  // spans into it must stay
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const PlanStep& step = steps_[i];
    // A list may be empty.
    if (step.outputs.empty() || plan.values[static_cast<size_t>(step.outputs[0])].is_view) continue;
    const size_t first = state->inputs.size();
    for (int input : step.inputs) {
      state->inputs.push_back(input < 0 ? &Absent() : &state->values[static_cast<size_t>(input)]);
    }
    const OpId op = graph_.node(nodes_[i]).op();
    const void* options = plan.options[i].data();
    if (SchemaOf(op).flags.random) {
      state->random.push_back(std::make_unique<OptionsBox>(plan.options[i]));
      options = state->random.back()->data();
    }
    const TensorRefs refs(state->inputs.data() + first, step.inputs.size());
    Tensor* outputs = &state->values[static_cast<size_t>(step.outputs[0])];
    state->steps.push_back({{op, options, refs, plan.device},
                            absl::MakeSpan(outputs, step.outputs.size()),
                            nodes_[i]});
  }
  return state;
}

void Stretch::Bind(const Plan& plan, absl::Span<const Tensor> inputs, const RunContext& context,
                   State& state) const {
  std::copy(inputs.begin(), inputs.end(), state.values.begin());
  for (int value : plan.fresh) {
    const Tensor& meta = plan.values[static_cast<size_t>(value)].meta;
    state.values[static_cast<size_t>(value)] =
        Tensor::Empty(meta.shape(), meta.dtype(), plan.device);
  }
  for (int value : plan.views) {
    const MemoryPlan::Place& place = plan.memory.places[static_cast<size_t>(value)];
    const Tensor& meta = plan.values[static_cast<size_t>(value)].meta;
    const Tensor& root = state.values[static_cast<size_t>(place.root)];
    state.values[static_cast<size_t>(value)] =
        Tensor::View(root.storage(), root.storage_offset() + place.view_offset, meta.shape(),
                     meta.strides(), meta.dtype());
  }
  // Each draws the numbers that it would draw outside of a graph.
  for (const std::unique_ptr<OptionsBox>& box : state.random) {
    auto& options = *static_cast<RandomOptions*>(box->data());
    const RandomState drawn = context.generator.Reserve(NumElements(options.shape));
    options.seed = drawn.seed;
    options.offset = drawn.offset;
  }
}

// Hands out the results and lets go of everything that belongs to this run.
std::vector<Tensor> Stretch::TakeOutputs(const Plan& plan, State& state) const {
  std::vector<Tensor> outputs;
  outputs.reserve(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Tensor& value = state.values[output_numbers_[i]];
    const bool own = plan.memory.places[output_numbers_[i]].home == Home::kOutput;
    outputs.push_back(own || !is_result_[i] ? value : ContiguousCopy(value));
  }
  std::fill_n(state.values.begin(), inputs_.size(), Tensor());
  for (absl::Span<const int> values :
       {absl::MakeConstSpan(plan.fresh), absl::MakeConstSpan(plan.views)}) {
    for (int value : values) state.values[static_cast<size_t>(value)] = Tensor();
  }
  return outputs;
}

std::vector<Tensor> Stretch::Run(absl::Span<const Tensor> inputs, const RunContext& context) {
  std::vector<int64_t> key = KeyOf(inputs, context.device);
  for (const ElementLeaf& element : elements_) {
    key.push_back(ReadElement(inputs[element.input], element.leaf.index));
  }
  const std::shared_ptr<Plan> plan = PlanFor(std::move(key), inputs, context.device);
  std::unique_ptr<State> state;
  {
    std::lock_guard<std::mutex> lock(Mutex());
    if (!plan->idle.empty()) {
      state = std::move(plan->idle.back());
      plan->idle.pop_back();
    }
  }
  if (state == nullptr) state = MakeState(*plan);
  Bind(*plan, inputs, context, *state);
  for (const State::Step& step : state->steps) {
    if (context.observer != nullptr) context.observer->OnBegin(graph_, step.node);
    RunKernel(step.call, step.outputs);
    if (context.observer != nullptr) {
      context.observer->OnEnd(graph_, step.node, &step.call, step.outputs);
    }
  }
  std::vector<Tensor> outputs = TakeOutputs(*plan, *state);
  // On a device with queues, another one may ask for memory that kernels of this one still use:
  // there it goes back to the allocator, which knows.
  if (context.device.type == DeviceType::kCpu) {
    std::lock_guard<std::mutex> lock(Mutex());
    plan->idle.push_back(std::move(state));
  }
  return outputs;
}

int64_t Stretch::ArenaBytes(absl::Span<const Tensor> inputs, Device device) {
  if (!elements_.empty()) {
    ThrowFailedPrecondition("ArenaBytes: sizes of the graph follow from elements of its inputs");
  }
  return PlanFor(KeyOf(inputs, device), inputs, device)->memory.arena_bytes;
}

std::vector<int64_t> Stretch::KeptArenaBytes() const {
  std::vector<int64_t> bytes(kMaxPlans);
  std::lock_guard<std::mutex> lock(Mutex());
  size_t count = 0;
  for (const std::shared_ptr<Plan>& plan : plans_) bytes[count++] = plan->memory.arena_bytes;
  bytes.resize(count);
  return bytes;
}

}  // namespace neura::graph
