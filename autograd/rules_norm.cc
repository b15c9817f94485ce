// Derivatives of softmax and normalization. The fused gradients of the normalizations are
// differentiated through the formulas that they compute.
#include <functional>
#include <numeric>

#include "neura/autograd/autograd.h"
#include "neura/autograd/differentiate_through.h"
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// Normalization of x over `dims` and its gradients for x, weight and bias: with xhat = (x - mean) *
// rstd and h = g * weight, dx = rstd * (h - mean(h) - xhat * mean(h * xhat)). `variance_and_eps`
// already holds variance + eps, so that eps need not be known.
struct NormFormula {
  Dims dims;        // that are normalized
  Dims outer_dims;  // over which weight and bias are shared

  std::vector<Tensor> Grads(const Tensor& g, const Tensor& x, const Tensor& weight,
                            const Tensor& saved_rstd) const {
    const ReduceOptions keep{.dims = dims, .keepdim = true};
    const Tensor centered = x - Mean(x, keep);
    const Tensor variance = Mean(Square(centered), keep);
    // variance + eps, written so that only the variance is differentiated.
    const Tensor shifted = (variance - Detach(variance)) + Detach(1 / Square(saved_rstd));
    const Tensor rstd = Rsqrt(shifted), xhat = centered * rstd;
    const Tensor h = weight.defined() ? g * weight : g;
    const Tensor dx = rstd * (h - Mean(h, keep) - xhat * Mean(h * xhat, keep));
    const ReduceOptions outer{.dims = outer_dims};
    if (outer_dims.empty()) return {dx, g * xhat, Alias(g)};
    return {dx, Sum(g * xhat, outer), Sum(g, outer)};
  }
};

Dims DimsFrom(int64_t begin, int64_t end) {
  Dims dims(static_cast<size_t>(end - begin));
  std::iota(dims.begin(), dims.end(), begin);
  return dims;
}

// [C] as [C, 1, ..., 1] beside a tensor of `rank` dimensions [N, C, ...].
Tensor PerChannel(const Tensor& tensor, int64_t rank) {
  if (!tensor.defined()) return tensor;
  Dims shape(static_cast<size_t>(rank - 1), 1);
  shape[0] = tensor.size(0);
  return Reshape(tensor, shape);
}

// [rows...] with as many extents of 1 behind as were normalized.
Tensor PerRow(const Tensor& tensor, int64_t rank) {
  Dims shape(tensor.shape().begin(), tensor.shape().end());
  shape.resize(static_cast<size_t>(rank), 1);
  return Reshape(tensor, shape);
}

// Of the gradients of input, weight and bias.
OutputMask Needed(const RuleContext& c) {
  return static_cast<OutputMask>(c.needs(0) | c.needs(1) << 1 | c.needs(2) << 2);
}

template <typename Grads>
void SetAll(RuleContext& c, const Grads& grads) {
  if (c.needs(0)) c.Set(0, grads.input);
  if (c.needs(1)) c.Set(1, grads.weight);
  if (c.needs(2)) c.Set(2, grads.bias);
}

}  // namespace

void AddNormRules(RuleTable& table) {
  table.Add(op::kSoftmax, kSaveOutput, [](RuleContext& c) {
    c.Set(0, SoftmaxGrad(c.grad(), c.output(), c.Get<SoftmaxOptions>()));
  });
  table.Add(op::kSoftmaxGrad, kSaveInputs, [](RuleContext& c) {
    const auto& options = c.Get<SoftmaxOptions>();
    const Tensor &gg = c.grad(), g = c.input(0), y = c.input(1);
    const ReduceOptions along{.dims = {options.dim}, .keepdim = true};
    if (c.needs(0)) c.Set(0, SoftmaxGrad(gg, y, options));
    if (c.needs(1)) c.Set(1, gg * (g - Sum(g * y, along)) - g * Sum(gg * y, along));
  });
  table.Add(op::kLogSoftmax, kSaveOutput, [](RuleContext& c) {
    c.Set(0, LogSoftmaxGrad(c.grad(), c.output(), c.Get<SoftmaxOptions>()));
  });
  table.Add(op::kLogSoftmaxGrad, kSaveInputs, [](RuleContext& c) {
    const Tensor &gg = c.grad(), g = c.input(0), p = Exp(c.input(1));
    const ReduceOptions along{.dims = {c.Get<SoftmaxOptions>().dim}, .keepdim = true};
    if (c.needs(0)) c.Set(0, gg - Sum(gg * p, along));
    if (c.needs(1)) c.Set(1, -gg * p * Sum(g, along));
  });

  table.Add(op::kBatchNormTraining, {.inputs = 0b11, .outputs = 0b110}, [](RuleContext& c) {
    SetAll(c, BatchNormTrainingGrad(c.grad(), c.input(0), c.input(1), c.output(1), c.output(2),
                                    Needed(c)));
  });
  table.Add(
      op::kBatchNormTrainingGrad, kSaveInputs,
      [](RuleContext& c) {
        const int64_t rank = c.input(1).dim();
        NormFormula formula{.dims = DimsFrom(0, rank), .outer_dims = DimsFrom(0, rank)};
        formula.dims.erase(formula.dims.begin() + 1);
        formula.outer_dims = formula.dims;
        const Tensor rstd = PerChannel(c.input(4), rank);
        DifferentiateThrough(c, 3, [&](const std::vector<Tensor>& in) {
          return formula.Grads(in[0], in[1], PerChannel(in[2], rank), rstd);
        });
      },
      0b111);
  table.Add(op::kBatchNormInference, {.inputs = 0b1111}, [](RuleContext& c) {
    const Tensor x = c.input(0), g = c.grad();
    const int64_t rank = x.dim();
    const double eps = c.Get<BatchNormOptions>().eps;
    const Tensor rstd = PerChannel(Rsqrt(c.input(2) + eps), rank);
    const Tensor weight = c.input(3).defined() ? PerChannel(c.input(3), rank) : OnesLike(rstd);
    const Tensor centered = x - PerChannel(c.input(1), rank);
    Dims dims = DimsFrom(0, rank);
    dims.erase(dims.begin() + 1);
    const ReduceOptions outer{.dims = dims};
    if (c.needs(0)) c.Set(0, g * (weight * rstd));
    if (c.needs(1)) c.Set(1, -Sum(g * (weight * rstd), outer));
    if (c.needs(2)) {
      c.Set(2, Sum(g * centered * (weight * rstd * rstd * rstd), outer) * -0.5);
    }
    if (c.needs(3)) c.Set(3, Sum(g * centered * rstd, outer));
    if (c.needs(4)) c.Set(4, Sum(g, outer));
  });

  table.Add(op::kLayerNorm, {.inputs = 0b11, .outputs = 0b110}, [](RuleContext& c) {
    SetAll(c, LayerNormGrad(c.grad(), c.input(0), c.input(1), c.output(1), c.output(2),
                            c.Get<LayerNormOptions>(), Needed(c)));
  });
  table.Add(
      op::kLayerNormGrad, kSaveInputs,
      [](RuleContext& c) {
        const int64_t rank = c.input(1).dim(), first = rank - c.Get<LayerNormOptions>().num_dims;
        const NormFormula formula{.dims = DimsFrom(first, rank), .outer_dims = DimsFrom(0, first)};
        const Tensor rstd = PerRow(c.input(4), rank);
        DifferentiateThrough(c, 3, [&](const std::vector<Tensor>& in) {
          return formula.Grads(in[0], in[1], in[2], rstd);
        });
      },
      0b111);
}

}  // namespace neura::autograd
