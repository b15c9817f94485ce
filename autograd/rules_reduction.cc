// Derivatives of reductions. g is the gradient of the output, x the input, y the output.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// A reduced tensor with its dimensions put back at extent 1.
Tensor KeepDims(const Tensor& reduced, const RuleContext& c) {
  const auto& options = c.Get<ReduceOptions>();
  if (options.keepdim) return reduced;
  Dims shape(c.input_shape(0).begin(), c.input_shape(0).end());
  const auto rank = static_cast<int64_t>(shape.size());
  for (int64_t dim : options.dims) {
    if (rank > 0) shape[static_cast<size_t>(dim < 0 ? dim + rank : dim)] = 1;
  }
  if (options.dims.empty()) std::fill(shape.begin(), shape.end(), 1);
  return Reshape(reduced, shape);
}

// The same gradient for every element that was reduced.
Tensor Spread(const Tensor& g, const RuleContext& c) {
  return Expand(KeepDims(Cast(g, c.input_dtype(0)), c), c.input_shape(0));
}

// For each element the product of all others that it meets, without a division, which fails at
// zeros: a tree of products of pairs, walked up, and down again with each pair's halves exchanged.
Tensor ProductOfOthers(const Tensor& x, DimsView dims) {
  const auto rank = static_cast<size_t>(x.dim());
  std::vector<bool> reduced(rank, dims.empty());
  for (int64_t dim : dims) {
    if (rank > 0) reduced[static_cast<size_t>(dim < 0 ? dim + x.dim() : dim)] = true;
  }
  Dims order, inverse(rank), shape;  // kept dimensions first
  for (bool wanted : {false, true}) {
    for (size_t d = 0; d < rank; ++d) {
      if (reduced[d] != wanted) continue;
      inverse[d] = static_cast<int64_t>(order.size());
      order.push_back(static_cast<int64_t>(d));
      shape.push_back(x.shape()[d]);
    }
  }
  int64_t n = 1;
  for (size_t d = 0; d < rank; ++d) n *= reduced[d] ? x.shape()[d] : 1;
  const int64_t rows = n == 0 ? 0 : x.numel() / n;
  const auto padded =
      static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(n, 1))));
  std::vector<Tensor> pairs;  // [rows, m, 2], the leaves first
  Tensor products = Pad(Reshape(Permute(x, order), {rows, n}),
                        {.before = {0, 0}, .after = {0, padded - n}, .value = 1});
  for (int64_t m = padded / 2; m > 0; m /= 2) {
    pairs.push_back(Reshape(products, {rows, m, 2}));
    products = Prod(pairs.back(), {.dims = {2}});
  }
  Tensor others = OnesLike(products);
  for (size_t level = pairs.size(); level-- > 0;) {
    const int64_t m = pairs[level].size(1);
    others = Reshape(Reshape(others, {rows, m, 1}) * Flip(pairs[level], {2}), {rows, m * 2});
  }
  return Permute(Reshape(Slice(others, 1, 0, n), shape), inverse);
}

// The running sum from each element to the end.
Tensor SumFrom(const Tensor& x, int64_t dim) { return Flip(CumSum(Flip(x, {dim}), dim), {dim}); }

// Every product that an element is a factor of, without it. Of zeros, only products up to the
// second one count, and after the first no other element does.
Tensor CumProdGrad(const Tensor& g, const Tensor& x, int64_t dim) {
  // What is differentiated again has no cases, and so takes n x n products: those before i, and
  // behind it up to k.
  if (GradEnabled()) {
    const Tensor last = Transpose(x, dim, -1);
    const int64_t n = last.size(-1);
    const Tensor behind = Triu(Ones({n, n}, {.dtype = kBool, .device = x.device()}), 1);
    const Tensor up_to = Triu(CumProd(Where(behind, Unsqueeze(last, -2), 1), -1));
    const Tensor sums = Sum(Unsqueeze(Transpose(g, dim, -1), -2) * up_to, {.dims = {-1}});
    const Tensor before = Slice(CumProd(last, -1), -1, 0, -1);
    const Tensor one = OnesLike(Slice(last, -1, 0, 1));
    return Transpose(Cat({one, before}, -1) * sums, dim, -1);
  }
  const Tensor zero = x == 0;
  const Tensor zeros = CumSum(Cast(zero, kInt64), dim);
  const Tensor first = LogicalAnd(zero, zeros == 1);
  const Tensor before = SumFrom(Where(zeros == 0, g * CumProd(x, dim), 0), dim) / Where(zero, 1, x);
  const Tensor at_first = SumFrom(Where(zeros > 0, g * CumProd(Where(first, 1, x), dim), 0), dim);
  return Where(zeros == 0, before, Where(first, at_first, 0));
}

// exp(x) times the sum of g / exp(y) from each element to the end.
Tensor LogCumSumExpGrad(const Tensor& g, const Tensor& x, const Tensor& y, int64_t dim) {
  // What is differentiated again is shifted by the largest element alone, and loses what is far
  // below it.
  if (GradEnabled()) {
    const Tensor most = Detach(AMax(x, {.dims = {dim}, .keepdim = true}));
    return Exp(x - most) * SumFrom(g * Exp(most - y), dim);
  }
  // Sums of logarithms for positive and negative numbers.
  const double none = -std::numeric_limits<double>::infinity();
  const auto part = [&](const Tensor& positive) {
    const Tensor terms = Where(positive > 0, Log(positive) - y, none);
    return Exp(x + Flip(LogCumSumExp(Flip(terms, {dim}), dim), {dim}));
  };
  return part(g) - part(-g);
}

// Of what took its values from the places along dim that its output 1 names.
template <typename Options>
void BackToPlaces(RuleContext& c) {
  if (c.input_shape(0).empty()) return c.Set(0, c.grad());
  c.Set(0, ScatterAdd(ZerosLike(c.grad()), c.Get<Options>().dim, c.output(1), c.grad()));
}

void Extremum(RuleContext& c) {
  // Elements that tie for the extremum share the gradient.
  const Tensor x = c.input(0), mask = Cast(x == KeepDims(c.output(), c), x.dtype());
  ReduceOptions keep = c.Get<ReduceOptions>();
  keep.keepdim = true;
  c.Set(0, KeepDims(c.grad(), c) * (mask / Sum(mask, keep)));
}

}  // namespace

void AddReductionRules(RuleTable& table) {
  table.AddOfParts(op::kSum, kSaveNothing, [](RuleContext& c) { c.Set(0, Spread(c.grad(), c)); });
  table.AddOfParts(op::kMean, kSaveNothing, [](RuleContext& c) {
    const double count = static_cast<double>(NumElements(c.input_shape(0))) /
                         static_cast<double>(std::max<int64_t>(c.grad().numel(), 1));
    c.Set(0, Spread(c.grad() / count, c));
  });
  table.Add(op::kProd, kSaveInput, [](RuleContext& c) {
    const Tensor x = Cast(c.input(0), c.grad().dtype());
    c.Set(0, KeepDims(c.grad(), c) * ProductOfOthers(x, c.Get<ReduceOptions>().dims));
  });
  table.Add(op::kAMax, {.inputs = 0b1, .outputs = 0b1}, &Extremum);
  table.Add(op::kAMin, {.inputs = 0b1, .outputs = 0b1}, &Extremum);
  table.AddOfParts(op::kCumSum, kSaveNothing, [](RuleContext& c) {
    const int64_t dim = c.Get<DimOptions>().dim;
    if (c.input_shape(0).empty()) return c.Set(0, c.grad());
    c.Set(0, SumFrom(c.grad(), dim));
  });
  table.Add(op::kCumProd, kSaveInput, [](RuleContext& c) {
    if (c.input_shape(0).empty()) return c.Set(0, c.grad());
    c.Set(0, CumProdGrad(c.grad(), Cast(c.input(0), c.grad().dtype()), c.Get<DimOptions>().dim));
  });
  table.Add(op::kLogCumSumExp, {.inputs = 0b1, .outputs = 0b1}, [](RuleContext& c) {
    if (c.input_shape(0).empty()) return c.Set(0, c.grad());
    c.Set(0, LogCumSumExpGrad(c.grad(), c.input(0), c.output(), c.Get<DimOptions>().dim));
  });
  table.Add(op::kCumMax, {.outputs = 0b10}, &BackToPlaces<DimOptions>);
  table.Add(op::kCumMin, {.outputs = 0b10}, &BackToPlaces<DimOptions>);
  table.Add(op::kSort, {.outputs = 0b10}, &BackToPlaces<SortOptions>);
  for (OpId op : {op::kAll, op::kAny, op::kArgMax, op::kArgMin, op::kSearchSorted}) {
    table.NotDifferentiable(op);
  }
}

}  // namespace neura::autograd
