// Derivatives of functions: products with Jacobians and Hessians, and these themselves.
//
//   const auto f = [](const std::vector<Tensor>& in) { return std::vector{Sin(in[0]) * in[1]}; };
//   auto [outputs, products] = autograd::Jvp(f, {x, y}, {dx, dy});
//
// A function gets tensors of its own in the place of `inputs`, recorded as leaves, so that nothing
// flows into the graphs that these may belong to. Its inputs must be floating point or complex.
#ifndef NEURA_AUTOGRAD_FUNCTIONAL_H_
#define NEURA_AUTOGRAD_FUNCTIONAL_H_

#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

struct FunctionalOptions {
  // The results can be differentiated in turn, for `inputs` too; else they belong to no graph.
  bool create_graph = false;
  // An output that does not depend on an input is an InvalidArgument rather than a zero.
  bool strict = false;
};

struct Products {
  std::vector<Tensor> outputs;   // of the function
  std::vector<Tensor> products;  // of the shapes that each function says
};

// v^T J: for each input, the gradient of the sum of v times the outputs. `v` has the outputs'
// shapes; it may be left out where the only output has one element.
Products Vjp(const TensorFunction& function, const std::vector<Tensor>& inputs,
             const std::vector<Tensor>& v = {}, const FunctionalOptions& options = {});

// J v: for each output, how it changes when the inputs change by `v`, which has their shapes; it
// may be left out where the only input has one element. Two passes backward: u^T J is linear in u,
// and its derivative for u, times v, is J v. So every operation with a second derivative has a
// forward one, at the cost of a gradient and its gradient.
Products Jvp(const TensorFunction& function, const std::vector<Tensor>& inputs,
             const std::vector<Tensor>& v = {}, const FunctionalOptions& options = {});

struct JacobianOptions : FunctionalOptions {
  // All rows in one pass backward over a batch of them (Vmap), rather than one after the other.
  bool vectorize = false;
};

// [i][j]: of output i for input j, of the output's shape followed by the input's.
std::vector<std::vector<Tensor>> Jacobian(const TensorFunction& function,
                                          const std::vector<Tensor>& inputs,
                                          const JacobianOptions& options = {});

// [i][j]: of a function of one output with one element, for inputs i and j, of input i's shape
// followed by input j's.
std::vector<std::vector<Tensor>> Hessian(const TensorFunction& function,
                                         const std::vector<Tensor>& inputs,
                                         const JacobianOptions& options = {});

// H v, which is v^T H: a Hessian is symmetric. `v` has the inputs' shapes; it may be left out where
// the only input has one element.
Products Hvp(const TensorFunction& function, const std::vector<Tensor>& inputs,
             const std::vector<Tensor>& v = {}, const FunctionalOptions& options = {});

// ---- what these and others like them are made of --------------------------------------------

// Tensors of the same memory in the place of `inputs`: with `attached` those that gradients flow
// through go on from these, all others are leaves. They require gradients.
std::vector<Tensor> Fresh(const std::vector<Tensor>& inputs, bool attached);

// Whether `outputs` depend on leaves, or on what led to a batch of examples, besides `fresh`: then
// what is computed of them has to be recorded.
bool DependOnOthers(const std::vector<Tensor>& outputs, const std::vector<Tensor>& fresh);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_FUNCTIONAL_H_
