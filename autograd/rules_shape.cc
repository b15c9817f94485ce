// Derivatives of views, joining and arranging; factories have none.
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// A view reads each element from somewhere; its gradient adds it there. Where, is inferred as if
// the input had been contiguous, which its gradient is.
template <OpId op>
void ViewRule(RuleContext& c) {
  const Tensor like = Tensor::View(c.grad().storage(), 0, c.input_shape(0),
                                   ContiguousStrides(c.input_shape(0)), c.input_dtype(0));
  const Tensor* inputs[] = {&like};
  const OutputSpecs specs = InferOutputs({op, c.options(), inputs, like.device()});
  c.Set(0, AsStridedGrad(c.grad(), c.input_shape(0), specs[0].strides, specs[0].offset));
}

// The gradient of what was cut along `dim` into parts of these sizes. Parts that nothing depends on
// have zeros, one tensor for those that lie side by side.
template <typename SizeOf, typename PartOf>
void JoinGrads(RuleContext& c, int64_t dim, SizeOf size_of, PartOf part_of) {
  Dims shape(c.input_shape(0).begin(), c.input_shape(0).end());
  int64_t& size =
      shape[static_cast<size_t>(dim < 0 ? dim + static_cast<int64_t>(shape.size()) : dim)];
  const TensorOptions like{.dtype = c.input_dtype(0), .device = c.input_device(0)};
  std::vector<Tensor> parts;
  size = 0;
  const auto add_zeros = [&] {
    if (size > 0) parts.push_back(Expand(Zeros({}, like), shape));
    size = 0;
  };
  for (size_t i = 0; i < c.num_outputs(); ++i) {
    if (!c.grad(i).defined()) {
      size += size_of(i);
      continue;
    }
    add_zeros();
    parts.push_back(part_of(c.grad(i)));
  }
  add_zeros();
  c.Set(0, Cat(parts, dim));
}

void ReshapeRule(RuleContext& c) { c.Set(0, Reshape(c.grad(), c.input_shape(0))); }

}  // namespace

void AddShapeRules(RuleTable& table) {
  table.AddOfParts(op::kReshape, kSaveNothing, &ReshapeRule);
  table.AddOfParts(op::kSqueeze, kSaveNothing, &ReshapeRule);
  table.AddOfParts(op::kUnsqueeze, kSaveNothing, &ReshapeRule);
  // The engine sums a broadcast gradient back.
  table.AddOfParts(op::kExpand, kSaveNothing, [](RuleContext& c) { c.Set(0, c.grad()); });
  table.AddOfParts(op::kViewAsReal, kSaveNothing, [](RuleContext& c) {
    const Tensor& g = c.grad();
    const bool whole = g.is_contiguous() && g.storage_offset() % 2 == 0;
    c.Set(0, ViewAsComplex(whole ? g : Clone(g)));
  });
  table.AddOfParts(op::kViewAsComplex, kSaveNothing,
                   [](RuleContext& c) { c.Set(0, ViewAsReal(c.grad())); });
  table.AddOfParts(op::kAlias, kSaveNothing, [](RuleContext& c) { c.Set(0, c.grad()); });
  table.AddOfParts(op::kPermute, kSaveNothing, [](RuleContext& c) {
    const Dims& dims = c.Get<DimsOptions>().dims;
    const auto rank = static_cast<int64_t>(dims.size());
    Dims inverse(dims.size());
    for (int64_t i = 0; i < rank; ++i) {
      const int64_t dim = dims[static_cast<size_t>(i)];
      inverse[static_cast<size_t>(dim < 0 ? dim + rank : dim)] = i;
    }
    c.Set(0, Permute(c.grad(), inverse));
  });
  table.AddOfParts(op::kSlice, kSaveNothing, &ViewRule<op::kSlice>);
  table.AddOfParts(
      op::kSplit, kSaveNothing,
      [](RuleContext& c) {
        const auto& options = c.Get<SplitOptions>();
        JoinGrads(
            c, options.dim, [&](size_t i) { return options.sizes[i]; },
            [](const Tensor& grad) { return grad; });
      },
      kAllOutputs);
  table.AddOfParts(
      op::kUnbind, kSaveNothing,
      [](RuleContext& c) {
        const int64_t dim = c.Get<DimOptions>().dim;
        JoinGrads(
            c, dim, [](size_t) { return 1; },
            [dim](const Tensor& grad) { return Unsqueeze(grad, dim); });
      },
      kAllOutputs);
  table.AddOfParts(op::kDiagonal, kSaveNothing, &ViewRule<op::kDiagonal>);
  table.AddOfParts(op::kUnfold, kSaveNothing, &ViewRule<op::kUnfold>);
  table.AddOfParts(op::kAsStrided, kSaveNothing, &ViewRule<op::kAsStrided>);
  table.AddOfParts(op::kAsStridedGrad, kSaveNothing, [](RuleContext& c) {
    const auto& options = c.Get<AsStridedGradOptions>();
    c.Set(0, AsStrided(Contiguous(c.grad()), c.input_shape(0), options.strides, options.offset));
  });

  table.AddOfParts(op::kAsStridedScatter, kSaveNothing, [](RuleContext& c) {
    const auto& options = c.Get<AsStridedOptions>();
    const Tensor g = Contiguous(c.grad());
    const auto view = [&] { return AsStrided(g, options.shape, options.strides, options.offset); };
    if (c.needs(0)) {
      c.Set(0,
            AsStridedScatter(g, ZerosLike(view()), options.shape, options.strides, options.offset));
    }
    if (c.needs(1)) c.Set(1, view());
  });

  table.AddOfParts(op::kCat, kSaveNothing, [](RuleContext& c) {
    const int64_t dim = c.Get<DimOptions>().dim;
    Dims sizes;
    for (size_t i = 0; i < c.num_inputs(); ++i) {
      const auto rank = static_cast<int64_t>(c.input_shape(i).size());
      sizes.push_back(c.input_shape(i)[static_cast<size_t>(dim < 0 ? dim + rank : dim)]);
    }
    std::vector<Tensor> parts = Split(c.grad(), sizes, dim);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (c.needs(i)) c.Set(i, std::move(parts[i]));
    }
  });
  table.AddOfParts(op::kPad, kSaveNothing, [](RuleContext& c) {
    Tensor inside = c.grad();
    const Dims& before = c.Get<PadOptions>().before;
    for (size_t i = 0; i < before.size(); ++i) {
      inside = Narrow(inside, static_cast<int64_t>(i), before[i], c.input_shape(0)[i]);
    }
    c.Set(0, inside);
  });
  table.AddOfParts(op::kFlip, kSaveNothing,
                   [](RuleContext& c) { c.Set(0, Flip(c.grad(), c.Get<DimsOptions>().dims)); });
  table.AddOfParts(op::kTril, kSaveNothing, [](RuleContext& c) {
    c.Set(0, Tril(c.grad(), c.Get<TriangleOptions>().diagonal));
  });
  table.AddOfParts(op::kTriu, kSaveNothing, [](RuleContext& c) {
    c.Set(0, Triu(c.grad(), c.Get<TriangleOptions>().diagonal));
  });

  for (OpId op : {op::kFull, op::kRange, op::kRandomUniform, op::kRandomNormal, op::kRandomInt,
                  op::kRandomBernoulli, op::kRandomPermutation}) {
    table.NotDifferentiable(op);
  }
}

}  // namespace neura::autograd
