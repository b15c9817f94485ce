#include "neura/autograd/functional.h"

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/batched.h"
#include "neura/autograd/node.h"
#include "neura/autograd/vmap.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

using Tensors = std::vector<Tensor>;

// `v`, or ones in the place of one that was left out, beside what it is multiplied with.
Tensors VectorFor(const Tensors& tensors, const Tensors& v, std::string_view caller,
                  std::string_view of) {
  if (v.empty() && tensors.size() == 1 && tensors[0].numel() == 1) return {OnesLike(tensors[0])};
  if (v.size() != tensors.size()) {
    ThrowInvalidArgument(absl::StrCat(caller, ": ", v.size(), " tensors in v for ", tensors.size(),
                                      " ", of,
                                      "; it may be left out for a single one of one element"));
  }
  for (size_t i = 0; i < v.size(); ++i) {
    if (v[i].defined() && v[i].shape() == tensors[i].shape()) continue;
    ThrowInvalidArgument(
        absl::StrCat(caller, ": v[", i, "], ", Describe(v[i]), ", for ", Describe(tensors[i])));
  }
  return v;
}

Tensors Detached(Tensors tensors, bool create_graph) {
  if (create_graph) return tensors;
  for (Tensor& tensor : tensors) tensor = Detach(tensor);
  return tensors;
}

// The gradients of `outputs`, weighted by `grad_outputs`, for `inputs`: zeros, or with `strict` an
// error, where there is no way from one to the other.
Tensors GradOrZeros(const Tensors& outputs, const Tensors& inputs, const Tensors& grad_outputs,
                    bool retain_graph, const FunctionalOptions& options, std::string_view caller) {
  Tensors flowing, grads_of_flowing;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!RequiresGrad(outputs[i])) {
      if (!options.strict) continue;
      ThrowInvalidArgument(absl::StrCat(caller, ": output ", i, ", ", Describe(outputs[i]),
                                        ", does not depend on the inputs"));
    }
    flowing.push_back(outputs[i]);
    grads_of_flowing.push_back(grad_outputs[i]);
  }
  Tensors grads(inputs.size());
  if (!flowing.empty()) {
    grads = Grad(flowing, inputs,
                 {.grad_outputs = grads_of_flowing,
                  .retain_graph = retain_graph,
                  .create_graph = options.create_graph,
                  .allow_unused = true});
  }
  for (size_t i = 0; i < grads.size(); ++i) {
    if (grads[i].defined()) continue;
    if (options.strict) {
      ThrowInvalidArgument(absl::StrCat(caller, ": the outputs do not depend on input ", i, ", ",
                                        Describe(inputs[i])));
    }
    grads[i] = ZerosLike(inputs[i]);
  }
  return grads;
}

Dims Joined(DimsView a, DimsView b) {
  Dims joined(a.begin(), a.end());
  joined.insert(joined.end(), b.begin(), b.end());
  return joined;
}

// Row k of the gradients of an output: those of its k-th element.
std::vector<Tensors> JacobianRows(const Tensor& output, const Tensors& inputs,
                                  const JacobianOptions& options) {
  const int64_t count = output.numel();
  const Tensor units = Reshape(Eye(count, {.dtype = output.dtype(), .device = output.device()}),
                               Joined(Dims{count}, output.shape()));
  const auto row = [&](const Tensor& unit) {
    return GradOrZeros({output}, inputs, {unit}, /*retain_graph=*/true, options, "Jacobian");
  };
  if (options.vectorize && count > 0) {
    const Tensors rows = Vmap([&](const Tensors& unit) { return row(unit[0]); }, {units});
    std::vector<Tensors> by_input;
    for (const Tensor& all : rows) by_input.push_back({all});
    return by_input;
  }
  std::vector<Tensors> by_input(inputs.size());
  for (const Tensor& unit : Unbind(units, 0)) {
    Tensors grads = row(unit);
    for (size_t i = 0; i < grads.size(); ++i) by_input[i].push_back(std::move(grads[i]));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    by_input[i] = {count > 0 ? Stack(by_input[i])
                             : Zeros(Joined(Dims{0}, inputs[i].shape()),
                                     {.dtype = inputs[i].dtype(), .device = inputs[i].device()})};
  }
  return by_input;
}

// The gradient of a function of one output with one element, as a function; `outputs` gets that.
TensorFunction GradientOf(const TensorFunction& function, bool strict, std::string_view caller,
                          Tensors* outputs) {
  return [&function, strict, caller, outputs](const Tensors& inputs) {
    *outputs = function(inputs);
    if (outputs->size() != 1 || (*outputs)[0].numel() != 1) {
      ThrowInvalidArgument(
          absl::StrCat(caller, ": the function must return one tensor of one element"));
    }
    return GradOrZeros(*outputs, inputs, {OnesLike((*outputs)[0])}, /*retain_graph=*/true,
                       {.create_graph = true, .strict = strict}, caller);
  };
}

}  // namespace

Tensors Fresh(const Tensors& inputs, bool attached) {
  const EnableGradGuard record;
  Tensors fresh;
  for (const Tensor& input : inputs) {
    RequireDefined("Fresh", input);
    fresh.push_back(attached || !RequiresGrad(input) ? Alias(input) : Detach(input));
    if (!RequiresGrad(fresh.back())) SetRequiresGrad(fresh.back());
  }
  return fresh;
}

bool DependOnOthers(const Tensors& outputs, const Tensors& fresh) {
  std::unordered_set<const AutogradMeta*> leaves;
  for (const Tensor& tensor : fresh) leaves.insert(MetaOf(tensor));
  std::vector<const Node*> stack;
  std::unordered_set<const Node*> seen;
  const auto leads_out = [&](const Edge& edge) {
    if (edge.node && seen.insert(edge.node.get()).second) stack.push_back(edge.node.get());
    return edge.leaf && !leaves.contains(edge.leaf_meta());
  };
  for (const Tensor& output : outputs) {
    if (ExamplesFlow(output)) return true;
    // A copy of the edge may be the last to hold a node that another thread replaces.
    if (leads_out(EdgeTo(output))) return true;
  }
  while (!stack.empty()) {
    const Node* const node = stack.back();
    stack.pop_back();
    for (const Node::Input& input : node->inputs()) {
      if (leads_out(input.edge)) return true;
    }
  }
  return false;
}

Products Vjp(const TensorFunction& function, const Tensors& inputs, const Tensors& v,
             const FunctionalOptions& options) {
  const EnableGradGuard record;
  const Tensors fresh = Fresh(inputs, options.create_graph);
  const Tensors outputs = function(fresh);
  Tensors products = GradOrZeros(outputs, fresh, VectorFor(outputs, v, "Vjp", "outputs"),
                                 options.create_graph, options, "Vjp");
  return {Detached(outputs, options.create_graph), Detached(products, options.create_graph)};
}

Products Jvp(const TensorFunction& function, const Tensors& inputs, const Tensors& v,
             const FunctionalOptions& options) {
  const EnableGradGuard record;
  const Tensors direction = VectorFor(inputs, v, "Jvp", "inputs");
  const Tensors fresh = Fresh(inputs, options.create_graph);
  const Tensors outputs = function(fresh);
  Tensors u;
  for (const Tensor& output : outputs) {
    u.push_back(ZerosLike(output));
    if (IsDifferentiable(output.dtype())) SetRequiresGrad(u.back());
  }
  const Tensors products_with_u =
      GradOrZeros(outputs, fresh, u, true, {.create_graph = true, .strict = options.strict}, "Jvp");
  // What does not depend on u is zero for every u: the outputs do not depend on that input, or it
  // is an integer.
  Tensors varying, directions;
  for (size_t i = 0; i < products_with_u.size(); ++i) {
    if (!RequiresGrad(products_with_u[i])) continue;
    varying.push_back(products_with_u[i]);
    directions.push_back(direction[i]);
  }
  Tensors wanted;
  for (const Tensor& each : u) {
    if (RequiresGrad(each)) wanted.push_back(each);
  }
  Tensors found = GradOrZeros(varying, wanted, directions, options.create_graph,
                              {.create_graph = options.create_graph}, "Jvp");
  Tensors products;
  size_t next = 0;
  for (const Tensor& each : u) {
    products.push_back(RequiresGrad(each) ? std::move(found[next++]) : each);
  }
  return {Detached(outputs, options.create_graph), Detached(products, options.create_graph)};
}

std::vector<Tensors> Jacobian(const TensorFunction& function, const Tensors& inputs,
                              const JacobianOptions& options) {
  const EnableGradGuard record;
  const Tensors fresh = Fresh(inputs, options.create_graph);
  std::vector<Tensors> jacobian;
  for (const Tensor& output : function(fresh)) {
    Tensors& row = jacobian.emplace_back();
    const std::vector<Tensors> rows = JacobianRows(output, fresh, options);
    for (size_t i = 0; i < fresh.size(); ++i) {
      row.push_back(Reshape(rows[i][0], Joined(output.shape(), fresh[i].shape())));
    }
    row = Detached(std::move(row), options.create_graph);
  }
  return jacobian;
}

std::vector<Tensors> Hessian(const TensorFunction& function, const Tensors& inputs,
                             const JacobianOptions& options) {
  Tensors value;
  return Jacobian(GradientOf(function, options.strict, "Hessian", &value), inputs, options);
}

Products Hvp(const TensorFunction& function, const Tensors& inputs, const Tensors& v,
             const FunctionalOptions& options) {
  Tensors value;
  Products made = Vjp(GradientOf(function, options.strict, "Hvp", &value), inputs,
                      VectorFor(inputs, v, "Hvp", "inputs"), options);
  return {Detached(value, options.create_graph), std::move(made.products)};
}

}  // namespace neura::autograd
