// Derivatives of indexing: reading at an index adds there, and adding there reads.
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/options/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

Tensor ZerosFor(const RuleContext& c, size_t input) {
  return Zeros(c.input_shape(input), {.dtype = c.input_dtype(input), .device = c.grad().device()});
}

int64_t DimOf(const RuleContext& c) { return c.Get<DimOptions>().dim; }

// The gradient of a scattered source, whose elements beyond the index were never read.
void SetSource(RuleContext& c, const Tensor& read) {
  PadOptions pad;
  for (size_t i = 0; i < c.input_shape(2).size(); ++i) {
    pad.before.push_back(0);
    pad.after.push_back(c.input_shape(2)[i] - read.shape()[i]);
  }
  c.Set(2, read.shape() == c.input_shape(2) ? read : Pad(read, pad));
}

// The part of a source that the index covers.
Tensor Covered(Tensor source, const Tensor& index) {
  for (int64_t d = 0; d < index.dim(); ++d) source = Narrow(source, d, 0, index.size(d));
  return source;
}

// The last of those that met in a place has its gradient.
void ReplacedGrad(RuleContext& c, const Tensor& index, int64_t dim) {
  const Tensor g = c.grad();
  if (c.needs(0)) {
    const Tensor zeros = Zeros(index.shape(), {.dtype = g.dtype(), .device = g.device()});
    c.Set(0, ScatterElements(g, index, zeros, {.dim = dim}));
  }
  if (!c.needs(2)) return;
  const TensorOptions places{.dtype = kInt64, .device = g.device()};
  const Tensor order = Reshape(Arange(0, index.numel(), 1, places), index.shape());
  const Tensor last =
      Gather(ScatterElements(Zeros(g.shape(), places), index, order, {.dim = dim}), dim, index);
  SetSource(c, Where(last == order, Gather(g, dim, index), 0));
}

// Each factor's is the product of the others: without zeros the whole over it, and only where no
// other factor is zero.
void ProductGrad(RuleContext& c, const Tensor& index, int64_t dim) {
  const Tensor g = c.grad(), x = c.input(0), source = Covered(c.input(2), index);
  const Tensor x_zero = x == 0, source_zero = source == 0;
  const Tensor zeros = ScatterAdd(Cast(x_zero, kInt64), dim, index, Cast(source_zero, kInt64));
  const Tensor x_factor = Where(x_zero, 1, x), factor = Where(source_zero, 1, source);
  const Tensor product =
      g * ScatterElements(x_factor, index, factor, {.dim = dim, .reduction = "mul"});
  if (c.needs(0)) c.Set(0, Where(zeros == x_zero, product / x_factor, 0));
  if (!c.needs(2)) return;
  const Tensor others = Gather(zeros, dim, index);
  SetSource(c, Where(others == source_zero, Gather(product, dim, index) / factor, 0));
}

// What ties for the extremum shares the gradient.
void ExtremumGrad(RuleContext& c, const Tensor& index, int64_t dim) {
  const Tensor g = c.grad(), y = c.output();
  const Tensor from_x = c.input(0) == y,
               from_source = Covered(c.input(2), index) == Gather(y, dim, index);
  const Tensor ties = ScatterAdd(Cast(from_x, g.dtype()), dim, index, Cast(from_source, g.dtype()));
  const Tensor share = g / ClampMin(ties, 1);
  if (c.needs(0)) c.Set(0, Where(from_x, share, 0));
  if (c.needs(2)) SetSource(c, Where(from_source, Gather(share, dim, index), 0));
}

void ScatterElementsGrad(RuleContext& c) {
  const auto& options = c.Get<ScatterOptions>();
  const Tensor index = c.input(1);
  if (options.reduction == "none") return ReplacedGrad(c, index, options.dim);
  if (options.reduction == "mul") return ProductGrad(c, index, options.dim);
  if (options.reduction != "add") return ExtremumGrad(c, index, options.dim);
  if (c.needs(0)) c.Set(0, c.grad());
  if (c.needs(2)) SetSource(c, Gather(c.grad(), options.dim, index));
}

}  // namespace

void AddIndexRules(RuleTable& table) {
  table.AddOfParts(op::kIndexSelect, kSaveOther, [](RuleContext& c) {
    c.Set(0, IndexAdd(ZerosFor(c, 0), DimOf(c), c.input(1), c.grad()));
  });
  table.AddOfParts(op::kIndexAdd, kSaveOther, [](RuleContext& c) {
    if (c.needs(0)) c.Set(0, c.grad());
    if (c.needs(2)) c.Set(2, IndexSelect(c.grad(), DimOf(c), c.input(1)));
  });
  table.AddOfParts(op::kIndexAssign, kSaveOther, [](RuleContext& c) {
    const Tensor g = c.grad(), index = Ravel(c.input(1));
    const int64_t dim = NormalizeDim("index_assign", DimOf(c), g.dim());
    if (c.needs(0)) c.Set(0, IndexCopy(g, dim, index, ZerosFor(c, 2)));
    if (!c.needs(2)) return;
    // The last of those that met in a slice has its gradient.
    const TensorOptions places{.dtype = kInt64, .device = g.device()};
    const Tensor order = Arange(0, index.numel(), 1, places);
    const Tensor last = IndexCopy(Zeros({g.size(dim)}, places), 0, index, order);
    Dims along(c.input_shape(2).size(), 1);
    along[static_cast<size_t>(dim)] = index.numel();
    const Tensor kept = Reshape(IndexSelect(last, 0, index) == order, along);
    c.Set(2, Where(kept, IndexSelect(g, dim, index), 0));
  });
  table.AddOfParts(op::kGather, kSaveOther, [](RuleContext& c) {
    c.Set(0, ScatterAdd(ZerosFor(c, 0), DimOf(c), c.input(1), c.grad()));
  });
  table.AddOfParts(op::kScatterAdd, kSaveOther, [](RuleContext& c) {
    if (c.needs(0)) c.Set(0, c.grad());
    if (c.needs(2)) SetSource(c, Gather(c.grad(), DimOf(c), c.input(1)));
  });
  table.Add(op::kScatterElements, {.inputs = 0b111, .outputs = 0b1}, &ScatterElementsGrad);
}

}  // namespace neura::autograd
