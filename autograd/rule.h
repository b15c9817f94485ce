// Gradient rules: for each operation what to save, and its derivative written with public
// operations, so that it can be differentiated in turn.
#ifndef NEURA_AUTOGRAD_RULE_H_
#define NEURA_AUTOGRAD_RULE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura::autograd {

// What backward needs of a call: bit i for input i and for output i.
struct Saves {
  uint16_t inputs = 0;
  OutputMask outputs = 0;
  // Inputs that are needed only when the gradient of input 0, or of input 1, is wanted.
  uint16_t for_first = 0;
  uint16_t for_second = 0;
};

class Node;

// A recorded call, seen by its rule.
class RuleContext {
 public:
  // needed[i]: the gradient of input i is wanted.
  RuleContext(Node& node, absl::Span<const Tensor> grad_outputs, absl::Span<Tensor> grad_inputs,
              const std::vector<bool>& needed)
      : node_(node), grad_outputs_(grad_outputs), grad_inputs_(grad_inputs), needed_(needed) {}

  // The gradient of output i; undefined where nothing depends on that output.
  const Tensor& grad(size_t i = 0) const { return grad_outputs_[i]; }
  size_t num_outputs() const { return grad_outputs_.size(); }
  // The saved value. Throws FailedPrecondition when it was changed in place since. Undefined when
  // the optional input was absent.
  Tensor input(size_t i) const;
  Tensor output(size_t i = 0) const;
  size_t num_inputs() const { return grad_inputs_.size(); }
  DimsView input_shape(size_t i) const;
  DType input_dtype(size_t i) const;
  Device input_device(size_t i) const;
  // Whether the gradient of input i is wanted.
  bool needs(size_t i) const { return i < needed_.size() && needed_[i]; }
  template <typename Options>
  const Options& Get() const {
    return *static_cast<const Options*>(options());
  }
  const void* options() const;

  // Sets the gradient of input i. It may have the broadcast shape of the output: it is summed back.
  // Leaving it unset means zero.
  void Set(size_t i, Tensor grad) { grad_inputs_[i] = std::move(grad); }

 private:
  Node& node_;
  absl::Span<const Tensor> grad_outputs_;
  absl::Span<Tensor> grad_inputs_;
  const std::vector<bool>& needed_;
};

using RuleFn = void (*)(RuleContext& c);

struct Rule {
  enum class Kind : uint8_t { kMissing, kDifferentiable, kNotDifferentiable };
  Kind kind = Kind::kMissing;
  Saves saves;
  // Outputs through which gradients flow; the others (indices, statistics) are constants. Those of
  // a list count like the last of the mask.
  OutputMask differentiable_outputs = 1;
  bool DifferentiatesOutput(size_t i) const {
    return (differentiable_outputs >> std::min<size_t>(i, 15) & 1) != 0;
  }
  RuleFn backward = nullptr;
  // The derivative f' of a function of complex numbers goes into their gradient as conj(f'). A rule
  // is written as for real numbers: what it makes of conj(grad) is the conjugate of the gradient.
  // False where the rule itself holds for complex numbers.
  bool holomorphic = true;
};

// The rule of a built-in or registered operation.
const Rule& RuleOf(OpId op);

// For operations that a program registers (RegisterOp). Call it before the operation is used. The
// rule gets and gives the gradients of complex numbers as they are.
void RegisterRule(OpId op, Saves saves, RuleFn backward);
void RegisterNotDifferentiable(OpId op);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_RULE_H_
