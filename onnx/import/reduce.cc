// Reductions and matrix products.

#include "neura/tensor/ops/op_list/reduce.h"

#include <algorithm>
#include <limits>

#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

ValueId Reduced(NodeReader& node, OpId op, ValueId x, const Dims& dims, bool keepdim) {
  ReduceOptions options{.dims = dims, .keepdim = keepdim};
  // Sums and products of integers stay in their dtype.
  if (op == op::kSum || op == op::kProd) options.dtype = node.dtype(x);
  if (op == op::kMean && !IsFloating(node.dtype(x))) {
    // As numbers, then cut off.
    const ValueId mean = Reduced(node, op, node.Cast(x, kFloat64), dims, keepdim);
    return node.Cast(mean, node.dtype(x));
  }
  return node.Add(op, options, {x});
}

// log(sum(exp(x))), shifted by the maximum where that is finite.
ValueId LogSumExp(NodeReader& node, ValueId x, const Dims& dims, bool keepdim) {
  const ValueId max = Reduced(node, op::kAMax, x, dims, true);
  const ValueId finite = node.Add(op::kIsFinite, {max});
  const ValueId shift = node.Add(op::kWhere, {finite, max, node.Number(0, max)});
  const ValueId exp = node.Add(op::kExp, {node.Add(op::kSub, {x, shift})});
  const ValueId log = node.Add(op::kLog, {Reduced(node, op::kSum, exp, dims, true)});
  const ValueId result = node.Add(op::kAdd, {log, shift});
  return keepdim ? result : Reduced(node, op::kSum, result, dims, false);
}

// What is larger, or with `least` smaller, than no element.
Scalar Extreme(DType dtype, bool least) {
  const double infinity = std::numeric_limits<double>::infinity();
  if (IsFloating(dtype)) return least ? -infinity : infinity;
  if (dtype == kBool) return !least;
  const int unused = 64 - 8 * static_cast<int>(ItemSize(dtype));
  const bool has_sign = dtype == kInt8 || dtype == kInt16 || dtype == kInt32 || dtype == kInt64;
  if (has_sign) return (least ? INT64_MIN : INT64_MAX) >> unused;
  return least ? 0 : UINT64_MAX >> unused;
}

// Over no elements, a maximum is the least number that there is: with one of those behind.
ValueId WithExtreme(NodeReader& node, ValueId x, const Dims& dims, bool least) {
  const std::vector<graph::SymInt>& given = node.shape(node.in(0));
  if (std::count(given.begin(), given.end(), graph::SymInt(0)) == 0) return x;
  const auto rank = static_cast<size_t>(node.rank(x));
  const std::vector<graph::SymInt> none(rank, 0);
  std::vector<graph::SymInt> one(rank, dims.empty() ? 1 : 0);
  for (const int64_t dim : dims) one[static_cast<size_t>(node.Axis(dim, node.rank(x)))] = 1;
  return PadBy(node, x, none, one, Extreme(node.dtype(x), least));
}

// What the operator says over these dimensions; over none where `none`, when what is done to each
// element is done all the same.
ValueId ReduceOver(NodeReader& node, ValueId x, const Dims& dims, bool keepdim, bool none) {
  const std::string_view op = node.op_type();
  const auto reduce = [&](OpId id, ValueId of) {
    return none ? of : Reduced(node, id, of, dims, keepdim);
  };
  const auto map = [&](OpId id, ValueId of) { return node.Add(id, {of}); };
  if (op == "ReduceSum") return reduce(op::kSum, x);
  if (op == "ReduceMean") return reduce(op::kMean, x);
  if (op == "ReduceProd") return reduce(op::kProd, x);
  if (!none && (op == "ReduceMax" || op == "ReduceMin" || op == "ReduceLogSumExp")) {
    x = WithExtreme(node, x, dims, op != "ReduceMin");
  }
  if (op == "ReduceMax") return reduce(op::kAMax, x);
  if (op == "ReduceMin") return reduce(op::kAMin, x);
  if (op == "ReduceL1") return reduce(op::kSum, map(op::kAbs, x));
  if (op == "ReduceSumSquare") return reduce(op::kSum, map(op::kSquare, x));
  if (op == "ReduceL2") return map(op::kSqrt, reduce(op::kSum, map(op::kSquare, x)));
  if (op == "ReduceLogSum") return map(op::kLog, reduce(op::kSum, x));
  return none ? x : LogSumExp(node, x, dims, keepdim);
}

// Every other dimension of those that SplitByFlags made of so many.
Dims OddDims(int64_t rank) {
  Dims dims;
  for (int64_t d = 0; d < rank; ++d) dims.push_back(2 * d + 1);
  return dims;
}

}  // namespace

// Axes are an attribute up to operator set 12 (ReduceSum) or 17 (the others), then an input.
void ReadReduce(NodeReader& node) {
  const ValueId x = node.in(0);
  const bool keepdim = node.Int("keepdims", 1) != 0;
  const bool noop = node.Int("noop_with_empty_axes", 0) != 0;
  const int64_t rank = node.rank(x);
  if (const auto flags = AxisFlags(node, 1, rank)) {
    const ValueId split = SplitByFlags(node, x, *flags);
    const ValueId kept = ReduceOver(node, split, OddDims(rank), false, false);
    if (keepdim) return node.Out(kept);
    return node.Out(
        node.Reshape(kept, WithoutFlagged(node.shape(x), *flags, node.Extents(1).size())));
  }
  const std::vector<int64_t> axes = node.IntsFrom("axes", 1).value_or(std::vector<int64_t>());
  const Dims dims(axes.begin(), axes.end());
  node.Out(ReduceOver(node, x, dims, keepdim, dims.empty() && noop));
}

void ReadArgReduce(NodeReader& node, OpId op) {
  ValueId x = node.in(0);
  const int64_t axis = node.AxisOrZero(node.Int("axis", 0), node.rank(x));
  const ArgReduceOptions options{.dim = axis, .keepdim = node.Int("keepdims", 1) != 0};
  const bool last = node.Int("select_last_index", 0) != 0;
  if (!last) return node.Out(node.Add(op, options, {x}));
  // The first of the reversed values.
  if (axis >= node.rank(x)) node.FixedExtent(x, axis);
  const graph::SymInt end = node.shape(x)[static_cast<size_t>(axis)] - 1;
  const ValueId index =
      node.Add(op, options, {node.Add(op::kFlip, DimsOptions{.dims = {axis}}, {x})});
  node.Out(node.Add(op::kSub, {node.Number(end, index), index}));
}

// Along one dimension, where a run alone tells which along the one of all that has more than one
// element: see SplitByFlags.
void ReadCumSum(NodeReader& node) {
  const ValueId x = node.in(0);
  const bool reverse = node.Int("reverse", 0) != 0, exclusive = node.Int("exclusive", 0) != 0;
  Dims dims;
  ValueId sum = x;
  const auto flags = AxisFlags(node, 1, node.rank(x));
  if (flags) {
    dims = OddDims(node.rank(x));
    sum = SplitByFlags(node, x, *flags);
  } else {
    const std::vector<int64_t> axis = node.Ints(1);
    if (axis.size() != 1) node.Unsupported("the axis must be one number");
    dims = {node.AxisOrZero(axis[0], node.rank(x))};
  }
  if (exclusive && node.rank(x) == 0) ThrowInvalidArgument("a number has no sums before it");
  const auto flipped = [&](ValueId id) {
    return reverse ? node.Add(op::kFlip, DimsOptions{.dims = dims}, {id}) : id;
  };
  sum = flipped(sum);
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t dim = dims[i];
    const ValueId before = sum;
    if (exclusive) {
      // One further on, after a 0.
      const graph::SymInt last = node.shape(sum)[static_cast<size_t>(dim)] - 1;
      std::vector<graph::SymInt> one = node.shape(sum);
      one[static_cast<size_t>(dim)] = 1;
      const ValueId rest = node.Slice(sum, dim, 0, graph::SymInt::Max(last, 0));
      const ValueId zero = node.Full(one, 0, node.dtype(sum));
      sum = node.Add(op::kCat, DimOptions{.dim = dim}, {zero, rest});
    }
    sum = node.Cast(node.Add(op::kCumSum, DimOptions{.dim = dim}, {sum}), node.dtype(x));
    if (exclusive && flags) {
      // Along what is not named an exclusive sum is no identity.
      const ValueId named = node.Number((*flags)[i], node.Constant(ScalarTensor(int64_t{0})));
      sum = node.Add(op::kWhere, {node.Cast(named, kBool), sum, before});
    }
  }
  sum = flipped(sum);
  if (flags) sum = node.Reshape(sum, node.shape(x));
  node.Out(sum);
}

// How many is an attribute before operator set 10.
void ReadTopK(NodeReader& node) {
  const ValueId x = node.in(0);
  if (node.rank(x) == 0) ThrowInvalidArgument("a number has no dimension to look along");
  graph::SymInt k(node.Int("k", 0));
  if (node.opset() >= 10) {
    const std::vector<graph::SymInt> given = node.Extents(1);
    if (given.size() != 1) ThrowInvalidArgument("K must be one number");
    k = given[0];
  }
  const int64_t dim = node.AxisOrZero(node.Int("axis", -1), node.rank(x));
  node.Int("sorted", 1);  // in order is in any order
  const SortOptions options{.dim = dim, .descending = node.Int("largest", 1) != 0, .stable = true};
  const ValueId values = node.Add(op::kSort, options, {x});
  const std::vector<ValueId> sorted =
      node.graph().node(node.graph().value(values).producer).outputs;
  const graph::SymInt extent = node.shape(x)[static_cast<size_t>(dim)];
  if (k.is_number() && (k.number() < 0 || (extent.is_number() && k.number() > extent.number()))) {
    ThrowInvalidArgument(absl::StrCat("there are no K = ", k.number(), " elements"));
  }
  if (!k.is_number() && !node.FollowsFromSizes(1)) k = CountOfRun(node, k, extent);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (node.Wants(i)) node.Out(k == extent ? sorted[i] : node.Slice(sorted[i], dim, 0, k), i);
  }
}

// A vector first is a row, second a column, and its dimension goes again.
void ReadMatMul(NodeReader& node) {
  ValueId a = node.in(0), b = node.in(1);
  if (node.rank(a) == 0 || node.rank(b) == 0) node.Unsupported("numbers have no matrix product");
  const bool row = node.rank(a) == 1, column = node.rank(b) == 1;
  if (row) a = node.Add(op::kUnsqueeze, DimOptions{.dim = 0}, {a});
  if (column) b = node.Add(op::kUnsqueeze, DimOptions{.dim = 1}, {b});
  ValueId product = node.Add(op::kMatMul, {a, b});
  Dims dims;
  if (row) dims.push_back(-2);
  if (column) dims.push_back(-1);
  if (!dims.empty()) product = node.Add(op::kSqueeze, DimsOptions{.dims = dims}, {product});
  node.Out(product);
}

// alpha * A' * B' + beta * C.
void ReadGemm(NodeReader& node) { node.Out(GemmOf(node)); }

ValueId GemmOf(NodeReader& node) {
  ValueId a = node.in(0), b = node.in(1);
  const ValueId c = node.in_or_none(2);
  const double alpha = node.Float("alpha", 1), beta = node.Float("beta", 1);
  const bool transpose_a = node.Int("transA", 0) != 0, transpose_b = node.Int("transB", 0) != 0;
  if (node.opset() < 7) node.Int("broadcast", 0);
  if (node.rank(a) != 2 || node.rank(b) != 2) {
    ThrowInvalidArgument("expects two matrices");
  }
  const auto transposed = [&node](ValueId id) { return node.Permute(id, {1, 0}); };
  const auto scaled = [&node](ValueId id, double factor) {
    if (factor == 1) return id;
    return node.Pointwise([factor](const Tensor& x) { return x * factor; }, id);
  };
  if (transpose_a) a = transposed(a);
  const bool bias = c == kNone || (beta == 1 && node.rank(c) == 1 &&
                                   node.shape(c)[0] == node.shape(b)[transpose_b ? 0 : 1]);
  if (IsFloating(node.dtype(a)) && alpha == 1 && bias && transpose_b) {
    return node.Add(op::kLinear, {a, b, c});
  }
  const ValueId result = scaled(node.Add(op::kMatMul, {a, transpose_b ? transposed(b) : b}), alpha);
  return c == kNone ? result : node.Add(op::kAdd, {result, scaled(c, beta)});
}

}  // namespace neura::onnx
