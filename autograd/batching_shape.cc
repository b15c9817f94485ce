// Views, joining, arranging and indexing of all examples at once.
#include "neura/autograd/batching_rules.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// Whose result is the same elements under another shape.
std::vector<Tensor> Reshaped(const BatchedCall& c) {
  const ShapeOptions options{.shape = c.OutputShape()};
  return {Call<op::kReshape>(options, c.input(0))};
}

// Of one input, whose options name one of its dimensions.
template <typename Options, int64_t Options::*dim = &Options::dim>
std::vector<Tensor> KeptAlongDim(const BatchedCall& c) {
  auto options = c.Get<Options>();
  options.*dim = c.DimOf(options.*dim, c.rank(0));
  return c.Run(&options, {c.input(0)});
}

std::vector<Tensor> AlongDims(const BatchedCall& c) {
  auto options = c.Get<DimsOptions>();
  for (int64_t& dim : options.dims) dim = c.DimOf(dim, c.rank(0));
  if (c.call.op == op::kPermute) options.dims.insert(options.dims.begin(), 0);
  return c.Run(&options, {c.input(0)});
}

std::vector<Tensor> Expanded(const BatchedCall& c) {
  return {Expand(c.Aligned(0, static_cast<int64_t>(c.specs[0].shape.size())), c.OutputShape())};
}

std::vector<Tensor> DiagonalOf(const BatchedCall& c) {
  auto options = c.Get<DiagonalOptions>();
  options.dim1 = c.DimOf(options.dim1, c.rank(0));
  options.dim2 = c.DimOf(options.dim2, c.rank(0));
  return c.Run(&options, {c.input(0)});
}

// Of examples that lie one after the other.
AsStridedOptions OverAll(const BatchedCall& c, int64_t elements) {
  auto options = c.Get<AsStridedOptions>();
  options.shape = c.WithBatch(options.shape);
  options.strides.insert(options.strides.begin(), elements);
  return options;
}

std::vector<Tensor> Strided(const BatchedCall& c) {
  const AsStridedOptions options = OverAll(c, c.call.input(0).numel());
  return c.Run(&options, {Contiguous(c.input(0))});
}

std::vector<Tensor> StridedScatter(const BatchedCall& c) {
  const AsStridedOptions options = OverAll(c, c.call.input(0).numel());
  return c.Run(&options, {Contiguous(c.Repeated(0)), c.Repeated(1)});
}

std::vector<Tensor> StridedGrad(const BatchedCall& c) {
  auto options = c.Get<AsStridedGradOptions>();
  options.strides.insert(options.strides.begin(), NumElements(options.input_shape));
  options.input_shape = c.WithBatch(options.input_shape);
  return c.Run(&options, {c.input(0)});
}

std::vector<Tensor> Same(const BatchedCall& c) { return c.Run(c.call.options, {c.input(0)}); }

std::vector<Tensor> Padded(const BatchedCall& c) {
  auto options = c.Get<PadOptions>();
  options.before.insert(options.before.begin(), 0);
  options.after.insert(options.after.begin(), 0);
  return c.Run(&options, {c.input(0)});
}

std::vector<Tensor> Joined(const BatchedCall& c) {
  const DimOptions options{.dim = c.DimOf(c.Get<DimOptions>().dim, c.rank(0))};
  return c.Run(&options, c.AllRepeated());
}

// ---- indexing ----

// The indices of slices of `dim`, for each example its own, as indices of the elements of a tensor
// of this shape.
Tensor ForEachElement(const BatchedCall& c, DimsView shape, int64_t dim) {
  Dims along(shape.size(), 1);
  along[0] = c.size;
  along[static_cast<size_t>(dim)] = shape[static_cast<size_t>(dim)];
  return Expand(Reshape(c.input(1), along), shape);
}

std::vector<Tensor> IndexSelected(const BatchedCall& c) {
  const DimOptions options{.dim = NormalizeDim("index_select", c.Get<DimOptions>().dim, c.rank(0)) +
                                  1};
  if (!c.batched(1)) return c.Run(&options, {c.input(0), c.input(1)});
  return {Gather(c.Repeated(0), options.dim, ForEachElement(c, c.OutputShape(), options.dim))};
}

std::vector<Tensor> IndexAdded(const BatchedCall& c) {
  const DimOptions options{.dim =
                               NormalizeDim("index_add", c.Get<DimOptions>().dim, c.rank(0)) + 1};
  const Tensor source = c.Repeated(2);
  if (!c.batched(1)) return c.Run(&options, {c.Repeated(0), c.input(1), source});
  return {ScatterAdd(c.Repeated(0), options.dim, ForEachElement(c, source.shape(), options.dim),
                     source)};
}

// Gather and scatter, which take an index of as many dimensions.
std::vector<Tensor> Gathered(const BatchedCall& c) {
  if (c.rank(0) == 0) return RunForEach(c);
  const DimOptions options{.dim = c.DimOf(c.Get<DimOptions>().dim, c.rank(0))};
  return c.Run(&options, c.AllRepeated());
}

}  // namespace

void AddShapeBatching(BatchingTable& table) {
  for (OpId op : {op::kReshape, op::kSqueeze, op::kUnsqueeze}) table[op] = &Reshaped;
  for (OpId op : {op::kPermute, op::kFlip}) table[op] = &AlongDims;
  table[op::kExpand] = &Expanded;
  table[op::kSlice] = &KeptAlongDim<SliceOptions>;
  table[op::kSplit] = &KeptAlongDim<SplitOptions>;
  table[op::kUnbind] = &KeptAlongDim<DimOptions>;
  table[op::kUnfold] = &KeptAlongDim<UnfoldOptions>;
  table[op::kDiagonal] = &DiagonalOf;
  table[op::kAsStrided] = &Strided;
  table[op::kAsStridedScatter] = &StridedScatter;
  table[op::kAsStridedGrad] = &StridedGrad;
  for (OpId op : {op::kAlias, op::kTril, op::kTriu, op::kViewAsReal, op::kViewAsComplex}) {
    table[op] = &Same;
  }
  table[op::kPad] = &Padded;
  table[op::kCat] = &Joined;
  table[op::kIndexSelect] = &IndexSelected;
  table[op::kIndexAdd] = &IndexAdded;
  for (OpId op : {op::kGather, op::kScatterAdd}) table[op] = &Gathered;
}

}  // namespace neura::autograd
