#include "neura/graph/program.h"

#include <algorithm>
#include <list>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "neura/graph/memory_plan.h"
#include "neura/graph/meta.h"
#include "neura/graph/passes/passes.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/fork_lock.h"
#include "neura/tensor/ops/op_list/copy.h"

namespace neura::graph {
namespace {

using Home = MemoryPlan::Home;

Tensor ContiguousCopy(const Tensor& tensor) {
  Tensor copy = Tensor::Empty(tensor.shape(), tensor.dtype(), tensor.device());
  const Tensor* inputs[] = {&tensor};
  const OptionsBox options(op::kClone);
  RunKernel({op::kClone, options.data(), inputs, tensor.device()}, absl::MakeSpan(&copy, 1));
  return copy;
}

// What one call of Run works on.
struct State {
  std::vector<Tensor> values;  // by ValueId
  std::vector<const Tensor*> inputs;
  struct Step {
    OpCall call;
    absl::Span<Tensor> outputs;
  };
  std::vector<Step> steps;
};

// Everything that depends on the sizes of the symbols alone.
struct Plan {
  std::vector<int64_t> sizes;
  std::vector<OptionsBox> options;  // by step
  std::vector<Tensor> metas;        // by ValueId
  MemoryPlan memory;
  // Bound anew in each run, in the order of execution.
  std::vector<ValueId> fresh;  // outputs
  std::vector<ValueId> views;  // of inputs and outputs

  std::vector<std::unique_ptr<State>> idle;  // guarded by Mutex()
};

// Of what programs keep between runs: one for all, for a fork to wait for. Nothing that takes or
// frees tensors is done under it.
std::mutex& Mutex() {
  static constinit std::mutex mutex;
  return mutex;
}
[[maybe_unused]] const bool kHeldAcrossFork = neura::internal::HoldAcrossFork(Mutex());

}  // namespace

struct Program::Impl {
  static constexpr size_t kMaxPlans = 8;

  Graph graph;
  std::vector<NodeId> nodes;
  std::list<std::shared_ptr<Plan>> plans;  // the one used last is the first; guarded by Mutex()

  explicit Impl(Graph g) : graph(std::move(g)), nodes(graph.nodes()) {}

  const MemoryPlan::Place& PlaceOf(const Plan& plan, ValueId id) const {
    return plan.memory.places[static_cast<size_t>(id)];
  }

  std::vector<int64_t> SizesOf(absl::Span<const Tensor> inputs) const;
  std::shared_ptr<Plan> MakePlan(std::vector<int64_t> sizes) const;
  std::shared_ptr<Plan> PlanFor(std::vector<int64_t> sizes);
  std::unique_ptr<State> MakeState(const Plan& plan) const;
  void Bind(const Plan& plan, absl::Span<const Tensor> inputs, State& state) const;
  std::vector<Tensor> TakeOutputs(const Plan& plan, State& state) const;
};

// Checks the inputs and reads the symbols' sizes from them.
std::vector<int64_t> Program::Impl::SizesOf(absl::Span<const Tensor> inputs) const {
  if (inputs.size() != graph.inputs().size()) {
    ThrowInvalidArgument(
        absl::StrCat("Program: takes ", graph.inputs().size(), " inputs, got ", inputs.size()));
  }
  std::vector<int64_t> sizes(graph.symbols().size(), -1);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& expected = graph.value(graph.inputs()[i]);
    const Tensor& input = inputs[i];
    bool fits = input.defined() && input.dtype() == expected.dtype && input.device() == kCpu &&
                input.shape().size() == expected.shape.size();
    for (size_t d = 0; fits && d < expected.shape.size(); ++d) {
      const Extent& extent = expected.shape[d];
      const int64_t given = input.shape()[d];
      if (extent.is_number()) {
        fits = given == extent.factor;
        continue;
      }
      int64_t& size = sizes[static_cast<size_t>(extent.symbol)];
      if (size < 0 && given % extent.factor == 0) size = given / extent.factor;
      fits = given == extent.factor * size;
    }
    if (fits) continue;
    std::string shape;
    for (const Extent& extent : expected.shape) {
      absl::StrAppend(&shape, shape.empty() ? "" : ", ", ToString(extent, graph.symbols()));
    }
    ThrowInvalidArgument(absl::StrCat("Program: input ", expected.name, " must be ",
                                      DTypeName(expected.dtype), " [", shape, "] on the CPU, got ",
                                      Describe(input)));
  }
  return sizes;
}

std::shared_ptr<Plan> Program::Impl::MakePlan(std::vector<int64_t> sizes) const {
  auto plan = std::make_shared<Plan>();
  plan->sizes = std::move(sizes);
  plan->metas.resize(graph.num_values());
  std::vector<int64_t> view_offsets(plan->metas.size(), 0);
  const auto meta = [&plan](ValueId id) -> Tensor& { return plan->metas[static_cast<size_t>(id)]; };
  for (ValueId id : graph.values()) {
    if (graph.value(id).is_constant()) meta(id) = graph.value(id).constant;
  }
  for (ValueId id : graph.inputs()) {
    Dims shape;
    for (const Extent& extent : graph.value(id).shape) shape.push_back(extent.At(plan->sizes));
    meta(id) = MetaTensor(graph.value(id).dtype, shape);
  }
  for (NodeId node_id : nodes) {
    const Node& node = graph.node(node_id);
    plan->options.push_back(Resolve(node.options, node.symbolic, plan->sizes));
    const std::vector<OutputSpec> specs =
        InferOutputs(node.op, plan->options.back(), Refs(node.inputs, meta));
    for (size_t i = 0; i < specs.size(); ++i) {
      meta(node.outputs[i]) = MetaTensor(node.op, specs[i]);
      view_offsets[static_cast<size_t>(node.outputs[i])] = specs[i].offset;
    }
  }
  plan->memory = PlanMemory(graph, nodes, plan->metas, view_offsets);
  for (NodeId node : nodes) {
    for (ValueId id : graph.node(node).outputs) {
      const MemoryPlan::Place& place = PlaceOf(*plan, id);
      if (place.home != Home::kInput && place.home != Home::kOutput) continue;
      (place.root == id ? plan->fresh : plan->views).push_back(id);
    }
  }
  return plan;
}

std::shared_ptr<Plan> Program::Impl::PlanFor(std::vector<int64_t> sizes) {
  // The list's node, made and dropped outside of the lock.
  std::list<std::shared_ptr<Plan>> made, dropped;
  for (;;) {
    {
      std::lock_guard<std::mutex> lock(Mutex());
      const auto known =
          std::find_if(plans.begin(), plans.end(),
                       [&](const std::shared_ptr<Plan>& plan) { return plan->sizes == sizes; });
      if (known != plans.end()) {
        plans.splice(plans.begin(), plans, known);
        return plans.front();
      }
      if (!made.empty()) {
        plans.splice(plans.begin(), made);
        if (plans.size() > kMaxPlans) dropped.splice(dropped.begin(), plans, --plans.end());
        return plans.front();
      }
    }
    made.push_front(MakePlan(sizes));
  }
}

std::unique_ptr<State> Program::Impl::MakeState(const Plan& plan) const {
  auto state = std::make_unique<State>();
  state->values.resize(plan.metas.size());
  const auto arena = Storage::Allocate(plan.memory.arena_bytes, kCpu, AllocatorOf(kCpu));
  for (ValueId id : graph.values()) {
    const MemoryPlan::Place& place = PlaceOf(plan, id);
    const Tensor& meta = plan.metas[static_cast<size_t>(id)];
    Tensor& value = state->values[static_cast<size_t>(id)];
    if (place.home == Home::kArena) {
      const int64_t root = PlaceOf(plan, place.root).offset;
      value = Tensor::View(arena,
                           root / static_cast<int64_t>(ItemSize(meta.dtype())) + place.view_offset,
                           meta.shape(), meta.strides(), meta.dtype());
    } else if (place.home == Home::kConstant) {
      const Tensor& root = graph.value(place.root).constant;
      value = Tensor::View(root.storage(), root.storage_offset() + place.view_offset, meta.shape(),
                           meta.strides(), meta.dtype());
    }
  }
  size_t num_inputs = 0;
  for (NodeId node : nodes) num_inputs += graph.node(node).inputs.size();
  state->inputs.reserve(num_inputs);  // spans into it must stay
  for (size_t step = 0; step < nodes.size(); ++step) {
    const Node& node = graph.node(nodes[step]);
    if (SchemaOf(node.op).flags.view) continue;
    const size_t first = state->inputs.size();
    const std::vector<const Tensor*> inputs = Refs(
        node.inputs, [&](ValueId id) -> Tensor& { return state->values[static_cast<size_t>(id)]; });
    state->inputs.insert(state->inputs.end(), inputs.begin(), inputs.end());
    const TensorRefs refs(state->inputs.data() + first, inputs.size());
    Tensor* outputs = &state->values[static_cast<size_t>(node.outputs[0])];
    state->steps.push_back({{node.op, plan.options[step].data(), refs, kCpu},
                            absl::MakeSpan(outputs, node.outputs.size())});
  }
  return state;
}

void Program::Impl::Bind(const Plan& plan, absl::Span<const Tensor> inputs, State& state) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    state.values[static_cast<size_t>(graph.inputs()[i])] =
        inputs[i].is_contiguous() ? inputs[i] : ContiguousCopy(inputs[i]);
  }
  for (ValueId id : plan.fresh) {
    const Tensor& meta = plan.metas[static_cast<size_t>(id)];
    state.values[static_cast<size_t>(id)] = Tensor::Empty(meta.shape(), meta.dtype(), kCpu);
  }
  for (ValueId id : plan.views) {
    const MemoryPlan::Place& place = PlaceOf(plan, id);
    const Tensor& meta = plan.metas[static_cast<size_t>(id)];
    const Tensor& root = state.values[static_cast<size_t>(place.root)];
    state.values[static_cast<size_t>(id)] =
        Tensor::View(root.storage(), root.storage_offset() + place.view_offset, meta.shape(),
                     meta.strides(), meta.dtype());
  }
}

// Hands out the results and lets go of everything that belongs to this run.
std::vector<Tensor> Program::Impl::TakeOutputs(const Plan& plan, State& state) const {
  std::vector<Tensor> outputs;
  for (ValueId id : graph.outputs()) {
    const Tensor& value = state.values[static_cast<size_t>(id)];
    outputs.push_back(PlaceOf(plan, id).home == Home::kOutput ? value : ContiguousCopy(value));
  }
  for (absl::Span<const ValueId> ids :
       {graph.inputs(), absl::MakeConstSpan(plan.fresh), absl::MakeConstSpan(plan.views)}) {
    for (ValueId id : ids) state.values[static_cast<size_t>(id)] = Tensor();
  }
  return outputs;
}

Program::Program(Graph graph) : impl_(std::make_unique<Impl>(std::move(graph))) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

std::vector<Tensor> Program::Run(absl::Span<const Tensor> inputs) const {
  const std::shared_ptr<Plan> plan = impl_->PlanFor(impl_->SizesOf(inputs));
  std::unique_ptr<State> state;
  {
    std::lock_guard<std::mutex> lock(Mutex());
    if (!plan->idle.empty()) {
      state = std::move(plan->idle.back());
      plan->idle.pop_back();
    }
  }
  if (state == nullptr) state = impl_->MakeState(*plan);
  impl_->Bind(*plan, inputs, *state);
  for (const State::Step& step : state->steps) RunKernel(step.call, step.outputs);
  std::vector<Tensor> outputs = impl_->TakeOutputs(*plan, *state);
  std::lock_guard<std::mutex> lock(Mutex());
  plan->idle.push_back(std::move(state));
  return outputs;
}

Tensor Program::operator()(const Tensor& input) const {
  if (impl_->graph.outputs().size() != 1) {
    ThrowInvalidArgument(
        absl::StrCat("Program: has ", impl_->graph.outputs().size(), " outputs; call Run()"));
  }
  return Run({input})[0];
}

const Graph& Program::graph() const { return impl_->graph; }

int64_t Program::ArenaBytes(absl::Span<const int64_t> symbol_sizes) const {
  const absl::Span<const Symbol> symbols = impl_->graph.symbols();
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
  return impl_->PlanFor({symbol_sizes.begin(), symbol_sizes.end()})->memory.arena_bytes;
}

Program Compile(Graph graph) {
  Optimize(graph);
  return Program(std::move(graph));
}

}  // namespace neura::graph
