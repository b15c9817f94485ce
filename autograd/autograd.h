// Automatic differentiation of everything in //tensor, to any order.
//
//   Tensor w = SetRequiresGrad(Randn({3}));
//   Tensor loss = Sum(Square(w));
//   Backward(loss);
//   Tensor dw = autograd::GradOf(w);              // 2 * w
//
// Linking this library is enough: operations on tensors that require a gradient are recorded from
// then on, on every thread, except where a NoGradGuard lives.
#ifndef NEURA_AUTOGRAD_AUTOGRAD_H_
#define NEURA_AUTOGRAD_AUTOGRAD_H_

#include <functional>
#include <string_view>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura {

// ---- which tensors take part -----------------------------------------------------------------

// Makes a tensor a leaf whose gradient Backward() accumulates, or no longer one. Returns the
// tensor. Throws InvalidArgument for integers and bool, and for a tensor that an operation has
// made.
Tensor SetRequiresGrad(const Tensor& tensor, bool requires_grad = true);
// Whether a gradient flows through this tensor: it is such a leaf or was computed from one.
bool RequiresGrad(const Tensor& tensor);
// The same memory, outside every graph.
Tensor Detach(const Tensor& tensor);

// While alive, operations of this thread are not recorded.
class NoGradGuard {
 public:
  NoGradGuard();
  ~NoGradGuard();
  NoGradGuard(const NoGradGuard&) = delete;
  NoGradGuard& operator=(const NoGradGuard&) = delete;

 private:
  bool previous_;
};

// While alive, operations of this thread are recorded, also inside a NoGradGuard.
class EnableGradGuard {
 public:
  EnableGradGuard();
  ~EnableGradGuard();
  EnableGradGuard(const EnableGradGuard&) = delete;
  EnableGradGuard& operator=(const EnableGradGuard&) = delete;

 private:
  bool previous_;
};

bool GradEnabled();
// For switches that no scope of C++ encloses. Returns what it was before.
bool SetGradEnabled(bool enabled);

// While alive, operations of this thread are not recorded, not even inside an EnableGradGuard: for
// programs that only compute results. What is made inside is a tensor like any other.
class InferenceModeGuard {
 public:
  InferenceModeGuard();
  ~InferenceModeGuard();
  InferenceModeGuard(const InferenceModeGuard&) = delete;
  InferenceModeGuard& operator=(const InferenceModeGuard&) = delete;

 private:
  bool previous_;
};

bool InferenceModeEnabled();
bool SetInferenceModeEnabled(bool enabled);

// ---- derivatives -----------------------------------------------------------------------------

struct BackwardOptions {
  // d(objective) / d(tensor), of the tensor's shape. Undefined: ones, for a tensor of one element.
  Tensor gradient = {};
  // Keeps what the recorded operations saved, so that Backward can run again.
  bool retain_graph = false;
  // Records the computation of the gradients, so that they can be differentiated in turn. Implies
  // retain_graph.
  bool create_graph = false;
  // Only these leaves accumulate; none: all. Throws InvalidArgument for what is no leaf that
  // requires a gradient.
  std::vector<Tensor> inputs = {};
};

// Adds the gradient of `tensor` to every leaf that it was computed from. Throws FailedPrecondition
// when the tensor does not require a gradient, when the graph was already freed, and when a value
// that is needed was changed in place since (naming the operation).
void Backward(const Tensor& tensor, const BackwardOptions& options = {});
// Of the sum of several tensors, in one pass. `gradients` has one for each, or is empty;
// options.gradient is left undefined.
void Backward(const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients,
              const BackwardOptions& options = {});

struct GradOptions {
  // One for each output, or none: as BackwardOptions::gradient.
  std::vector<Tensor> grad_outputs = {};
  bool retain_graph = false;
  bool create_graph = false;
  // Inputs that the outputs do not depend on get an undefined tensor instead of an error.
  bool allow_unused = false;
};

// The gradients of the sum of `outputs` for each of `inputs`, leaves or not. No leaf accumulates.
std::vector<Tensor> Grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options = {});

namespace autograd {

using TensorFunction = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

// The accumulated gradient of a leaf; undefined before the first Backward.
Tensor GradOf(const Tensor& tensor);
// Replaces it; an undefined `grad` clears it. Throws InvalidArgument unless shape and dtype match.
void SetGrad(const Tensor& tensor, const Tensor& grad);
// Whether no recorded operation made the tensor.
bool IsLeaf(const Tensor& tensor);
// The operation that made it ("matmul"); empty for a leaf.
std::string_view RecordedOp(const Tensor& tensor);

// Calls `hook` with the gradient of `tensor` whenever it has been computed; a defined result takes
// its place and must have its shape and dtype. The tensor must require a gradient. Hooks run in the
// order of their registration.
void RegisterHook(const Tensor& tensor, std::function<Tensor(const Tensor&)> hook);
// Calls `hook` with what a leaf has accumulated whenever a Backward has added to it; a defined
// result takes its place, as SetGrad() puts it there. The tensor must be a leaf that requires a
// gradient.
void RegisterAccumulationHook(const Tensor& leaf, std::function<Tensor(const Tensor&)> hook);
// Called while a Backward or Grad runs, by a hook or a rule: calls `callback` when it has ended and
// the leaves have their gradients. Throws FailedPrecondition elsewhere.
void OnBackwardEnd(std::function<void()> callback);

}  // namespace autograd
}  // namespace neura

#endif  // NEURA_AUTOGRAD_AUTOGRAD_H_
