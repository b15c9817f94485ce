// Backward: nodes in the reverse of the order in which they were recorded, each once, when all that
// depends on it has been done.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/batched.h"
#include "neura/autograd/function.h"
#include "neura/autograd/node.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/sparse/sparse.h"

namespace neura::autograd {
namespace {

// A gradient on its way.
struct Gradient {
  Tensor tensor = {};
  // Its memory was taken for it, and is nobody else's as long as no other tensor holds it.
  bool own = false;

  bool Owned() const {
    return own && tensor.impl()->refs.load(std::memory_order_acquire) == 1 &&
           tensor.storage()->unique() && tensor.is_contiguous();
  }
  // Sparse ones grow by the values that are added.
  bool TakesSums() const { return Owned() && !IsSparse(tensor); }
};
using OutputGrads = absl::InlinedVector<Gradient, 1>;

// With `record`, what is added up may be differentiated in turn and stays as it is.
void Accumulate(Gradient& sum, Gradient grad, bool record) {
  if (!sum.tensor.defined()) {
    sum = std::move(grad);
  } else if (!record && sum.TakesSums() && !ExamplesOf(grad.tensor).defined()) {
    AddInPlace(sum.tensor, grad.tensor);
  } else {
    sum = {Add(sum.tensor, grad.tensor), true};
  }
}

void RunHooks(const HookSlot& slot, Gradient& grad) {
  const IntrusivePtr<HookList> list = slot.Load();
  if (!list) return;
  for (const Hook& hook : list->hooks()) {
    Tensor replaced = hook(grad.tensor);
    if (!replaced.defined()) continue;
    if (replaced.shape() != grad.tensor.shape() || replaced.dtype() != grad.tensor.dtype()) {
      ThrowInvalidArgument(absl::StrCat("RegisterHook: a hook replaced the gradient ",
                                        Describe(grad.tensor), " by ", Describe(replaced),
                                        "; shape and dtype must stay"));
    }
    grad = {std::move(replaced), false};
  }
}

using Callbacks = std::vector<std::function<void()>>;
// Of the outermost of this thread's runs.
thread_local Callbacks* t_callbacks = nullptr;

// While alive, a run of this thread. Those inside of it, of rules and hooks, end with it.
class RunScope {
 public:
  RunScope() {
    if (t_callbacks == nullptr) t_callbacks = &callbacks_;
  }
  ~RunScope() {
    if (t_callbacks == &callbacks_) t_callbacks = nullptr;
  }
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

  // The leaves have their gradients.
  void End() {
    // A callback may ask for others.
    for (size_t i = 0; i < callbacks_.size(); ++i) {
      const std::function<void()> callback = callbacks_[i];
      callback();
    }
  }

 private:
  Callbacks callbacks_;
};

class Engine {
 public:
  Engine(bool retain_graph, bool create_graph)
      : retain_(retain_graph || create_graph), create_(create_graph) {}

  // Checks a tensor to differentiate and its gradient (ones when undefined).
  void AddRoot(const Tensor& tensor, const Tensor& gradient, const char* caller);
  // Only what leads to these tensors is computed; call it after the roots are added. Without a
  // call, every leaf is reached.
  void Restrict(const std::vector<Tensor>& inputs, const char* caller);
  void Run();

  // The gradient that arrived at an input of Restrict().
  Tensor GradAt(size_t input) const;
  // Adds every leaf's gradient to what it has accumulated.
  void StoreLeaves();

 private:
  struct LaterFirst {
    bool operator()(const Node* a, const Node* b) const { return a->sequence() < b->sequence(); }
  };
  using Position = std::pair<const Node*, size_t>;  // an output

  void FindLeading();
  bool Wanted(const Edge& edge) const;
  void Send(const Edge& edge, Gradient grad);
  void RunNode(Node& node, OutputGrads grads);

  const bool retain_, create_;
  struct Root {
    Edge edge;
    Tensor grad;
  };
  std::vector<Root> roots_;
  // Maps of the standard library, because those of Abseil do not survive a failed allocation. Raw
  // pointers: the roots keep the whole graph alive while it runs.
  std::priority_queue<Node*, std::vector<Node*>, LaterFirst> ready_;
  std::unordered_map<Node*, OutputGrads> pending_;
  std::vector<std::pair<IntrusivePtr<TensorExtension>, Gradient>> leaf_grads_;
  std::unordered_map<const AutogradMeta*, size_t> leaf_index_;
  bool restricted_ = false;
  std::vector<Edge> inputs_;
  std::unordered_set<const Node*> leading_;  // nodes on a way to an input
  std::unordered_set<const AutogradMeta*> wanted_leaves_;
  std::map<Position, Tensor> captured_;
};

void Engine::AddRoot(const Tensor& tensor, const Tensor& gradient, const char* caller) {
  if (!tensor.defined() || !Flows(tensor)) {
    ThrowFailedPrecondition(absl::StrCat(caller, ": ", Describe(tensor),
                                         " does not require a gradient: nothing it was computed ",
                                         "from does, or it was computed under a NoGradGuard"));
  }
  Tensor grad = gradient;
  if (!grad.defined()) {
    if (tensor.numel() != 1) {
      ThrowFailedPrecondition(absl::StrCat(
          caller, ": grad can be implicitly created only for scalar outputs; ", Describe(tensor),
          " has more than one element: give its gradient, or ", "reduce it to a scalar"));
    }
    if (IsComplex(tensor.dtype())) {
      ThrowInvalidArgument(absl::StrCat(caller, ": ", Describe(tensor), " is complex; give its ",
                                        "gradient, or make a real number of it"));
    }
    grad = OnesLike(tensor);
  }
  if (grad.shape() != tensor.shape() || grad.dtype() != tensor.dtype()) {
    ThrowInvalidArgument(absl::StrCat(caller, ": the gradient of ", Describe(tensor), " cannot be ",
                                      Describe(grad)));
  }
  roots_.push_back({EdgeTo(tensor), grad});
}

void Engine::Restrict(const std::vector<Tensor>& inputs, const char* caller) {
  restricted_ = true;
  for (const Tensor& input : inputs) {
    if (!input.defined() || !Flows(input)) {
      ThrowInvalidArgument(
          absl::StrCat(caller, ": input ", Describe(input), " does not require a gradient"));
    }
    inputs_.push_back(EdgeTo(input));
    const Edge& edge = inputs_.back();
    if (edge.node) {
      captured_[{edge.node.get(), edge.output_index}] = Tensor();
      leading_.insert(edge.node.get());
    } else {
      wanted_leaves_.insert(edge.leaf_meta());
    }
  }
  FindLeading();
}

bool Engine::Wanted(const Edge& edge) const {
  if (!restricted_) return static_cast<bool>(edge);
  if (edge.node) return leading_.contains(edge.node.get());
  return edge.leaf && wanted_leaves_.contains(edge.leaf_meta());
}

void Engine::Send(const Edge& edge, Gradient grad) {
  if (edge.node) {
    const auto [it, inserted] = pending_.try_emplace(edge.node.get());
    if (inserted) {
      it->second.resize(edge.node->num_outputs());
      ready_.push(edge.node.get());
    }
    Accumulate(it->second[edge.output_index], std::move(grad), create_);
    return;
  }
  const auto [it, inserted] = leaf_index_.try_emplace(edge.leaf_meta(), leaf_grads_.size());
  if (inserted) leaf_grads_.emplace_back(edge.leaf, Gradient());
  Accumulate(leaf_grads_[it->second].second, std::move(grad), create_);
}

void Engine::RunNode(Node& node, OutputGrads grads) {
  absl::InlinedVector<Tensor, 1> grad_outputs(grads.size());
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].tensor.defined()) continue;
    RunHooks(node.hooks(i), grads[i]);
    grad_outputs[i] = std::move(grads[i].tensor);
    if (!restricted_) continue;
    const auto it = captured_.find(Position{&node, static_cast<uint32_t>(i)});
    if (it != captured_.end()) it->second = grad_outputs[i];
  }
  // Leaves accumulate sparse gradients; on their way through an operation they are dense.
  for (Tensor& grad : grad_outputs) {
    if (IsSparse(grad)) grad = sparse::ToDense(grad);
  }
  std::vector<bool> needed(node.inputs().size());
  bool any = false;
  for (size_t i = 0; i < needed.size(); ++i) any |= needed[i] = Wanted(node.inputs()[i].edge);
  if (!any) return;
  bool conjugate = false;
  for (Tensor& grad : grad_outputs) {
    if (!node.rule().holomorphic || !grad.defined() || !IsComplex(grad.dtype())) continue;
    grad = Conj(grad);
    conjugate = true;
  }
  absl::InlinedVector<Tensor, 4> grad_inputs(node.inputs().size());
  RuleContext context(node, grad_outputs, absl::MakeSpan(grad_inputs), needed);
  Node::Use use(node);
  try {
    node.rule().backward(context);
  } catch (Error& error) {
    error.AddContext(absl::StrCat("in the gradient of ", NameOf(node),
                                  node.where() ? absl::StrCat(", called in ", *node.where()) : ""));
    throw;
  }
  if (!retain_) use.Release();
  // Only those of inputs count from here on as held.
  grad_outputs.clear();
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i] || !grad_inputs[i].defined()) continue;
    const Node::Input& input = node.inputs()[i];
    if (conjugate) grad_inputs[i] = Conj(grad_inputs[i]);
    // Rules may compute in a wider dtype; a gradient has that of its tensor.
    Tensor grad = Cast(SumTo(std::exchange(grad_inputs[i], {}), input.shape), input.dtype);
    // What a program has returned may be memory of its own.
    Send(input.edge, {std::move(grad), node.op() != FunctionOp()});
  }
}

void Engine::FindLeading() {
  std::vector<const Node*> reachable, stack;
  std::unordered_set<const Node*> seen;
  for (const Root& root : roots_) {
    if (root.edge.node) stack.push_back(root.edge.node.get());
  }
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    if (!seen.insert(node).second) continue;
    reachable.push_back(node);
    for (const Node::Input& input : node->inputs()) {
      if (input.edge.node) stack.push_back(input.edge.node.get());
    }
  }
  // In the order of recording, a node leads to an input when one of its edges does.
  std::sort(reachable.begin(), reachable.end(),
            [](const Node* a, const Node* b) { return a->sequence() < b->sequence(); });
  for (const Node* node : reachable) {
    for (const Node::Input& input : node->inputs()) {
      if (Wanted(input.edge)) leading_.insert(node);
    }
  }
}

void Engine::Run() {
  for (Root& root : roots_) {
    if (Wanted(root.edge)) Send(root.edge, {std::move(root.grad), false});
  }
  while (!ready_.empty()) {
    Node* node = ready_.top();
    ready_.pop();
    auto pending = pending_.extract(node);
    RunNode(*node, std::move(pending.mapped()));
  }
  for (auto& [leaf, grad] : leaf_grads_) {
    RunHooks(static_cast<AutogradMeta*>(leaf.get())->hooks, grad);
  }
}

Tensor Engine::GradAt(size_t input) const {
  const Edge& edge = inputs_[input];
  if (edge.node) {
    const auto it = captured_.find(Position{edge.node.get(), edge.output_index});
    return it == captured_.end() ? Tensor() : it->second;
  }
  const auto it = leaf_index_.find(edge.leaf_meta());
  return it == leaf_index_.end() ? Tensor() : leaf_grads_[it->second].second.tensor;
}

void Engine::StoreLeaves() {
  for (auto& [leaf, grad] : leaf_grads_) {
    auto* meta = static_cast<AutogradMeta*>(leaf.get());
    // Another thread may add to the same leaf, or clear it, in between: what is there is taken out,
    // so that nothing is added twice.
    for (;;) {
      const Tensor old = meta->grad.Load();
      if (old.defined()) {
        if (meta->grad.CompareExchange(old, {})) Accumulate(grad, {old, false}, create_);
        continue;
      }
      // Whoever changes one leaf's gradient in place must not change another's.
      if (!create_ && !grad.Owned()) grad = {Clone(grad.tensor), true};
      if (meta->grad.CompareExchange({}, grad.tensor)) break;
    }
    const IntrusivePtr<HookList> hooks = meta->accumulation_hooks.Load();
    grad = {};
    if (!hooks) continue;
    for (const Hook& hook : hooks->hooks()) {
      const Tensor replaced = hook(meta->grad.Load());
      if (replaced.defined()) meta->grad.Store(replaced);
    }
  }
}

// Records what runs inside only when gradients of gradients are wanted.
class RecordingMode {
 public:
  explicit RecordingMode(bool create_graph) {
    if (create_graph) {
      enable_.emplace();
    } else {
      disable_.emplace();
    }
  }

 private:
  std::optional<EnableGradGuard> enable_;
  std::optional<NoGradGuard> disable_;
};

}  // namespace

void OnBackwardEnd(std::function<void()> callback) {
  if (t_callbacks == nullptr) {
    ThrowFailedPrecondition("OnBackwardEnd: no Backward or Grad runs on this thread");
  }
  t_callbacks->push_back(std::move(callback));
}

}  // namespace neura::autograd

namespace neura {

void Backward(const Tensor& tensor, const BackwardOptions& options) {
  BackwardOptions others = options;
  Backward({tensor}, {std::exchange(others.gradient, {})}, others);
}

void Backward(const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients,
              const BackwardOptions& options) {
  if (options.gradient.defined() || (!gradients.empty() && gradients.size() != tensors.size())) {
    ThrowInvalidArgument(absl::StrCat("Backward: ", tensors.size(), " tensors but ",
                                      gradients.size(), " gradients"));
  }
  const autograd::RecordingMode mode(options.create_graph);
  autograd::RunScope run;
  autograd::Engine engine(options.retain_graph, options.create_graph);
  for (size_t i = 0; i < tensors.size(); ++i) {
    engine.AddRoot(tensors[i], gradients.empty() ? Tensor() : gradients[i], "Backward");
  }
  for (const Tensor& input : options.inputs) {
    if (input.defined() && autograd::IsLeaf(input)) continue;
    ThrowInvalidArgument(absl::StrCat("Backward: input ", Describe(input), " is no leaf"));
  }
  if (!options.inputs.empty()) engine.Restrict(options.inputs, "Backward");
  engine.Run();
  engine.StoreLeaves();
  run.End();
}

std::vector<Tensor> Grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options) {
  if (!options.grad_outputs.empty() && options.grad_outputs.size() != outputs.size()) {
    ThrowInvalidArgument(absl::StrCat("Grad: ", outputs.size(), " outputs but ",
                                      options.grad_outputs.size(), " grad_outputs"));
  }
  const autograd::RecordingMode mode(options.create_graph);
  autograd::RunScope run;
  autograd::Engine engine(options.retain_graph, options.create_graph);
  for (size_t i = 0; i < outputs.size(); ++i) {
    engine.AddRoot(outputs[i], options.grad_outputs.empty() ? Tensor() : options.grad_outputs[i],
                   "Grad");
  }
  engine.Restrict(inputs, "Grad");
  engine.Run();
  run.End();
  std::vector<Tensor> grads;
  for (size_t i = 0; i < inputs.size(); ++i) {
    grads.push_back(engine.GradAt(i));
    if (!grads.back().defined() && !options.allow_unused) {
      ThrowInvalidArgument(absl::StrCat("Grad: the outputs do not depend on input ", i, ", ",
                                        Describe(inputs[i]),
                                        "; pass .allow_unused = true if that is intended"));
    }
  }
  return grads;
}

}  // namespace neura
