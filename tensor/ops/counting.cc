// Which elements there are, and how many of them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

// Whether each row of [n, m], or element of [n], differs from the one before it; the first one
// does.
Tensor DiffersFromLast(const Tensor& rows) {
  const Tensor first =
      Ones({std::min<int64_t>(rows.size(0), 1)}, {.dtype = kBool, .device = rows.device()});
  const Tensor changes = Slice(rows, 0, 1) != Slice(rows, 0, 0, -1);
  return Cat({first, rows.dim() == 1 ? changes : Any(changes, {.dims = {1}})});
}

// Of runs that begin where `begins` holds: the number of each element's run, and the lengths.
struct Runs {
  Tensor starts, numbers, lengths;
};
Runs RunsOf(const Tensor& begins) {
  const Tensor starts = Ravel(NonZero(begins));
  const Tensor end = Full({1}, begins.numel(), {.dtype = kInt64, .device = begins.device()});
  return {starts, CumSum(Cast(begins, kInt64), 0) - 1, Diff(Cat({starts, end}))};
}

// The slices of dim as rows [n, m]; without dim, the elements. Complex numbers are pairs, in the
// order of their real parts.
Tensor AsRows(const Tensor& input, const std::optional<int64_t>& dim) {
  if (IsComplex(input.dtype())) {
    const Tensor parts = ViewAsReal(input);
    return dim ? AsRows(parts, dim) : Reshape(parts, {-1, 2});
  }
  if (!dim) return Reshape(input, {-1, 1});
  const Tensor moved = MoveDim(input, {*dim}, {0});
  return Reshape(moved, {moved.size(0), NumElements(moved.shape().subspan(1))});
}

// The slices at `places`.
Tensor Picked(const Tensor& input, const std::optional<int64_t>& dim, const Tensor& places) {
  return dim ? IndexSelect(input, *dim, places) : IndexSelect(Ravel(input), 0, places);
}

std::optional<int64_t> Checked(std::string_view op, const Tensor& input,
                               const std::optional<int64_t>& dim) {
  RequireDefined(op, input);
  if (!dim) return dim;
  if (input.dim() == 0) {
    NormalizeDim(op, *dim, 0);
    return std::nullopt;
  }
  return NormalizeDim(op, *dim, input.dim());
}

}  // namespace

UniqueElements Unique(const Tensor& input, const std::optional<int64_t>& dim) {
  const std::optional<int64_t> along = Checked("unique", input, dim);
  const Tensor rows = AsRows(input, along);
  const TensorOptions integers{.dtype = kInt64, .device = input.device()};
  // In the order of their columns: sorted by the last one first.
  Tensor order = Arange(0, rows.size(0), 1, integers), values;
  for (int64_t column = rows.size(1); column-- > 0;) {
    const Tensor all = Select(rows, 1, column);
    const bool first = column == rows.size(1) - 1;
    const auto [sorted, places] = Sort(first ? all : IndexSelect(all, 0, order), {.dim = 0});
    values = sorted;
    order = first ? places : IndexSelect(order, 0, places);
  }
  const Tensor sorted = rows.size(1) == 1 ? values : IndexSelect(rows, 0, order);
  const Runs runs = RunsOf(DiffersFromLast(sorted));
  const Tensor inverse = ScatterElements(ZerosLike(order), order, runs.numbers);
  return {Picked(input, along, IndexSelect(order, 0, runs.starts)),
          along ? inverse : Reshape(inverse, input.shape()), runs.lengths};
}

UniqueElements UniqueConsecutive(const Tensor& input, const std::optional<int64_t>& dim) {
  const std::optional<int64_t> along = Checked("unique_consecutive", input, dim);
  const Runs runs = RunsOf(DiffersFromLast(AsRows(input, along)));
  return {Picked(input, along, runs.starts),
          along ? runs.numbers : Reshape(runs.numbers, input.shape()), runs.lengths};
}

ValuesAndIndices Mode(const Tensor& input, int64_t dim, bool keepdim) {
  RequireDefined("mode", input);
  const Tensor x = AtLeast1d(input);
  dim = NormalizeDim("mode", dim, x.dim());
  if (x.size(dim) == 0) {
    ThrowInvalidArgument(
        absl::StrCat("mode: dimension ", dim, " of ", Describe(input), " has no elements"));
  }
  const ValuesAndIndices sorted = Sort(x, {.dim = dim, .descending = false, .stable = true});
  Dims shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(dim)] = x.size(dim);
  const Tensor place =
      Reshape(Arange(0, x.size(dim), 1, {.dtype = kInt64, .device = x.device()}), shape);
  // How many equal ones stand before each element: as many as places since its run began.
  const Tensor same = Slice(sorted.values, dim, 1) == Slice(sorted.values, dim, 0, -1);
  const Tensor begins = Where(same, 0, Slice(place, dim, 1));
  const Tensor began =
      CumMax(Cat({ZerosLike(Slice(sorted.indices, dim, 0, 1)), begins}, dim), dim).values;
  const Tensor end = ArgMax(place - began, {.dim = dim, .keepdim = true});
  const Tensor values = Gather(sorted.values, dim, end), indices = Gather(sorted.indices, dim, end);
  if (keepdim && input.dim() > 0) return {values, indices};
  return {Squeeze(values, {dim}), Squeeze(indices, {dim})};
}

MinAndMax AMinMax(const Tensor& input, const std::optional<int64_t>& dim, bool keepdim) {
  ReduceOptions options{.keepdim = keepdim};
  if (dim) options.dims = {*dim};
  const MinAndMax result{AMin(input, options), AMax(input, options)};
  // As in PyTorch, a number along its dimension keeps one.
  if (input.dim() > 0 || !dim || !keepdim) return result;
  return {Reshape(result.min, {1}), Reshape(result.max, {1})};
}

Tensor IsIn(const Operand& elements, const Operand& test_elements, bool, bool invert) {
  const auto tensor = [](const Operand& operand) {
    return operand.is_tensor ? operand.tensor : ScalarTensor(operand.scalar);
  };
  const Tensor x = tensor(elements), others = Ravel(tensor(test_elements));
  RequireDefined("isin", x);
  if (others.numel() == 0) {
    return Full(x.shape(), invert, {.dtype = kBool, .device = x.device()});
  }
  const Tensor sorted = Sort(others, {.dim = 0, .descending = false, .stable = true}).values;
  const Tensor place = ClampMax(SearchSorted(sorted, Ravel(x)), others.numel() - 1);
  const Tensor found = Reshape(IndexSelect(sorted, 0, place), x.shape()) == x;
  return invert ? LogicalNot(found) : found;
}

Tensor BinCount(const Tensor& input, const std::optional<Tensor>& given, int64_t minlength) {
  const Tensor* const weights = given && given->defined() ? &*given : nullptr;
  RequireDims("bincount", input, 1);
  if (!IsIntegral(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat("bincount: expected integers, got ", Describe(input)));
  }
  if (minlength < 0) ThrowInvalidArgument("bincount: minlength must not be negative");
  if (weights && weights->shape() != input.shape()) {
    ThrowInvalidArgument(absl::StrCat("bincount: weights ", Describe(*weights),
                                      " must have the shape of ", Describe(input)));
  }
  int64_t count = minlength;
  if (input.numel() > 0) {
    if (AMin(input).Item<int64_t>() < 0) {
      ThrowInvalidArgument("bincount: the integers must not be negative");
    }
    const auto most = AMax(input).Item<int64_t>();
    if (most == INT64_MAX) {
      ThrowResourceExhausted("bincount: more bins than 64 bits can count");
    }
    count = std::max(count, most + 1);
  }
  const DType dtype = !weights ? kInt64 : weights->dtype() == kFloat32 ? kFloat32 : kFloat64;
  const TensorOptions options{.dtype = dtype, .device = input.device()};
  return ScatterAdd(Zeros({count}, options), 0, Cast(input, kInt64),
                    weights ? Cast(*weights, dtype) : Ones(input.shape(), options));
}

Tensor HistC(const Tensor& input, int64_t bins, double min, double max) {
  RequireDefined("histc", input);
  if (bins < 1) ThrowInvalidArgument("histc: bins must be positive");
  if (!IsFloating(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("histc: expected floating point numbers, got ", Describe(input)));
  }
  if (min == max && input.numel() > 0) {
    min = AMin(input).Item<double>();
    max = AMax(input).Item<double>();
  }
  if (min == max) min -= 1, max += 1;
  if (!(min < max) || !std::isfinite(max - min)) {
    ThrowInvalidArgument(
        absl::StrCat("histc: the range from ", min, " to ", max, " must be finite and rise"));
  }
  const Tensor x = Ravel(Cast(input, kFloat64));
  const Tensor inside = LogicalAnd(x >= min, x <= max);
  const Tensor bin = Where(inside, Floor((x - min) / (max - min) * static_cast<double>(bins)), 0);
  return ScatterAdd(Zeros({bins}, {.dtype = input.dtype(), .device = input.device()}), 0,
                    ClampMax(Cast(bin, kInt64), bins - 1), Cast(inside, input.dtype()));
}

namespace {

// The edges of the bins of a vector: given, or so many equal parts of the range, by default from
// its least element to its greatest, and of nothing from 0 to 1.
Tensor BinEdges(std::string_view op, const Tensor& x, const Operand& bins,
                const std::optional<std::pair<double, double>>& range) {
  const TensorOptions options{.dtype = x.dtype(), .device = x.device()};
  if (bins.is_tensor) {
    RequireDims(op, bins.tensor, 1);
    if (bins.tensor.numel() < 2) {
      ThrowInvalidArgument(absl::StrCat(op, ": bins needs two edges at least"));
    }
    return bins.tensor;
  }
  const auto count = bins.scalar.To<int64_t>();
  if (count < 1) ThrowInvalidArgument(absl::StrCat(op, ": bins must be positive"));
  auto [low, high] = range.value_or(std::pair{0.0, 1.0});
  if (!range && x.numel() > 0) {
    low = AMin(x).Item<double>();
    high = AMax(x).Item<double>();
  }
  if (low == high) low -= 0.5, high += 0.5;
  if (!(low < high) || !std::isfinite(high - low)) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": the range from ", low, " to ", high, " must be finite and rise"));
  }
  return Linspace(low, high, count + 1, options);
}

// The bin of each element of a vector, and whether there is one; the number of others is 0.
struct Bins {
  Tensor number, inside;
};
Bins BinsOf(const Tensor& x, const Tensor& edges) {
  const int64_t count = edges.numel() - 1;
  // The last edge belongs to the last bin.
  const Tensor place = SearchSorted(edges, x, {.right = true}) - 1;
  const Tensor bin = Where(x == Select(edges, 0, count), count - 1, place);
  const Tensor inside = LogicalAnd(bin >= 0, bin < count);
  return {Where(inside, bin, 0), inside};
}

void RequireFloating(std::string_view op, const Tensor& input) {
  RequireDefined(op, input);
  if (IsFloating(input.dtype())) return;
  ThrowInvalidArgument(
      absl::StrCat(op, ": expected floating point numbers, got ", Describe(input)));
}

}  // namespace

HistogramAndEdges Histogram(const Tensor& input, const Operand& bins,
                            const std::optional<std::vector<double>>& range,
                            const std::optional<Tensor>& weight, bool density) {
  RequireFloating("histogram", input);
  if (range && range->size() != 2) ThrowInvalidArgument("histogram: range must be two numbers");
  std::optional<std::pair<double, double>> ends;
  if (range) ends.emplace((*range)[0], (*range)[1]);
  const Tensor x = Ravel(input), edges = BinEdges("histogram", x, bins, ends);
  if (weight && weight->defined() && weight->shape() != input.shape()) {
    ThrowInvalidArgument(absl::StrCat("histogram: the weight ", Describe(*weight),
                                      " must have the shape of ", Describe(input)));
  }
  const Bins bin = BinsOf(x, edges);
  const Tensor counted =
      weight && weight->defined() ? Ravel(Cast(*weight, input.dtype())) : OnesLike(x);
  const TensorOptions options{.dtype = input.dtype(), .device = input.device()};
  Tensor hist =
      ScatterAdd(Zeros({edges.numel() - 1}, options), 0, bin.number, Where(bin.inside, counted, 0));
  if (density) hist = hist / Sum(hist) / Diff(edges);
  return {hist, edges};
}

HistogramOfPoints HistogramDd(const Tensor& input, const std::vector<Operand>& bins,
                              const std::optional<std::vector<double>>& range,
                              const std::optional<Tensor>& weight, bool density) {
  RequireFloating("histogramdd", input);
  const size_t dims = input.dim() < 2 ? 0 : static_cast<size_t>(input.size(-1));
  if (dims == 0) {
    ThrowInvalidArgument(absl::StrCat(
        "histogramdd: expected points [..., D] of one coordinate at least, got ", Describe(input)));
  }
  if (bins.size() != 1 && bins.size() != dims) {
    ThrowInvalidArgument(absl::StrCat("histogramdd: ", bins.size(), " bins for ", dims,
                                      " dimensions of ", Describe(input)));
  }
  if (range && range->size() != 2 * dims) {
    ThrowInvalidArgument(absl::StrCat("histogramdd: range must be two numbers for each of ", dims,
                                      " dimensions, got ", range->size()));
  }
  if (weight && weight->defined() &&
      weight->shape() != input.shape().first(input.shape().size() - 1)) {
    ThrowInvalidArgument(absl::StrCat("histogramdd: the weight ", Describe(*weight),
                                      " must have a number for each point of ", Describe(input)));
  }
  const Tensor points = Reshape(input, {-1, input.size(-1)});
  HistogramOfPoints result;
  Tensor place, inside;  // in the bins of all dimensions, in their order
  Dims shape;
  for (size_t d = 0; d < dims; ++d) {
    const Tensor x = Contiguous(Select(points, 1, static_cast<int64_t>(d)));
    std::optional<std::pair<double, double>> ends;
    if (range) ends.emplace((*range)[2 * d], (*range)[2 * d + 1]);
    const Tensor edges = BinEdges("histogramdd", x, bins[bins.size() == 1 ? 0 : d], ends);
    const Bins bin = BinsOf(x, edges);
    shape.push_back(edges.numel() - 1);
    place = d == 0 ? bin.number : place * shape.back() + bin.number;
    inside = d == 0 ? bin.inside : LogicalAnd(inside, bin.inside);
    result.bin_edges.push_back(edges);
  }
  const TensorOptions options{.dtype = input.dtype(), .device = input.device()};
  const Tensor counted = weight && weight->defined() ? Ravel(Cast(*weight, input.dtype()))
                                                     : Ones({points.size(0)}, options);
  result.hist = Reshape(ScatterAdd(Zeros({NumElements(shape)}, options), 0, Where(inside, place, 0),
                                   Where(inside, counted, 0)),
                        shape);
  if (!density) return result;
  result.hist = result.hist / Sum(result.hist);
  for (size_t d = 0; d < dims; ++d) {
    Dims along(dims, 1);
    along[d] = -1;
    result.hist = result.hist / Reshape(Diff(result.bin_edges[d]), along);
  }
  return result;
}

}  // namespace neura
