// Picking and placing elements, from operations that there are.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/wide_indices.h"

namespace neura {

namespace {

void RequireIntegers(std::string_view op, const Tensor& index) {
  if (IsIntegral(index.dtype())) return;
  ThrowInvalidArgument(absl::StrCat(op, ": indices must be integers, got ", Describe(index)));
}

}  // namespace

Tensor internal::WideIndices(std::string_view op, const Tensor& index) {
  const Tensor wide = Cast(index, kInt64);
  if (index.dtype() == kUInt64 && wide.numel() > 0 && AMin(wide).Item<int64_t>() < 0) {
    ThrowOutOfRange(
        absl::StrCat(op, ": an index of ", Describe(index), " is above the largest int64"));
  }
  return wide;
}

Tensor Take(const Tensor& input, const Tensor& index) {
  RequireDefined("take", input);
  RequireDefined("take", index);
  RequireIntegers("take", index);
  const Tensor wide = internal::WideIndices("take", index);
  const Tensor places = Where(wide < 0, wide + input.numel(), wide);
  return Reshape(IndexSelect(Ravel(input), 0, Ravel(places)), index.shape());
}

Tensor TakeAlongDim(const Tensor& input, const Tensor& indices, const std::optional<int64_t>& dim) {
  RequireDefined("take_along_dim", input);
  RequireDefined("take_along_dim", indices);
  if (!dim) return Gather(Ravel(input), 0, Ravel(indices));
  if (input.dim() != indices.dim()) {
    ThrowInvalidArgument(absl::StrCat("take_along_dim: ", Describe(input), " and ",
                                      Describe(indices), " must have as many dimensions"));
  }
  if (input.dim() == 0) {
    NormalizeDim("take_along_dim", *dim, 0);
    return Reshape(Gather(Reshape(input, {1}), 0, Reshape(indices, {1})), {});
  }
  const int64_t along = NormalizeDim("take_along_dim", *dim, input.dim());
  Dims from(input.shape().begin(), input.shape().end()),
      to(indices.shape().begin(), indices.shape().end());
  from[static_cast<size_t>(along)] = to[static_cast<size_t>(along)] = 1;
  Dims shape = BroadcastShapes("take_along_dim", from, to);
  shape[static_cast<size_t>(along)] = input.size(along);
  const Tensor x = Expand(input, shape);
  shape[static_cast<size_t>(along)] = indices.size(along);
  return Gather(x, along, Expand(indices, shape));
}

namespace {

// The index of each slice of `dim` as one of every element of `source`, which has a slice for each.
// A number as input is a vector of one element.
Tensor OverSlices(std::string_view op, const Tensor& index, const Tensor& source, int64_t dim) {
  const Tensor flat = AtLeast1d(index);
  RequireDims(op, flat, 1);
  if (source.size(dim) != flat.numel()) {
    ThrowInvalidArgument(absl::StrCat(op, ": an index for each slice of dimension ", dim, " of ",
                                      Describe(source), " is needed, got ", Describe(index)));
  }
  Dims shape(static_cast<size_t>(source.dim()), 1);
  shape[static_cast<size_t>(dim)] = flat.numel();
  return Expand(Reshape(flat, shape), source.shape());
}

// Negative indices count from the end.
Tensor FromStart(const Tensor& index, int64_t extent) {
  const Tensor wide = internal::WideIndices("index_put", index);
  return Where(wide < 0, wide + extent, wide);
}

// Of slices that an index names: `place` gets one-dimensional inputs at least, the slices' places
// and the source, and gives a result of the input's shape.
template <typename Place>
Tensor AtSlices(std::string_view op, const Tensor& input, int64_t dim, const Tensor& index,
                const Tensor& source, const Place& place) {
  RequireDefined(op, input);
  RequireDefined(op, index);
  RequireDefined(op, source);
  dim = NormalizeDim(op, dim, input.dim());
  const Tensor x = AtLeast1d(input), y = source.dim() < x.dim() ? AtLeast1d(source) : source;
  if (y.dim() != x.dim()) {
    ThrowInvalidArgument(absl::StrCat(op, ": the source ", Describe(source),
                                      " must have as many dimensions as ", Describe(input)));
  }
  const Tensor places = OverSlices(op, FromStart(index, x.size(dim)), y, dim);
  return Reshape(place(x, dim, places, y), input.shape());
}

// scatter_reduce, over dimensions at least.
Tensor Reduced(std::string_view op, const Tensor& input, int64_t dim, const Tensor& index,
               const Tensor& src, const std::string& reduce, bool include_self) {
  const auto scatter = [&](const Tensor& x, const Tensor& source, const char* reduction) {
    return ScatterElements(x, index, source, {.dim = dim, .reduction = reduction});
  };
  const TensorOptions options{.dtype = input.dtype(), .device = input.device()};
  // What is not included becomes the number that changes nothing.
  const auto start = [&](const Scalar& identity) {
    return include_self ? input : scatter(input, Full(index.shape(), identity, options), "none");
  };
  if (reduce == "sum") return scatter(start(0), src, "add");
  if (reduce == "prod") return scatter(start(1), src, "mul");
  if (reduce == "amax") return scatter(start(ExtremumIdentity(input.dtype(), true)), src, "max");
  if (reduce == "amin") return scatter(start(ExtremumIdentity(input.dtype(), false)), src, "min");
  if (reduce != "mean") {
    ThrowInvalidArgument(absl::StrCat(op,
                                      ": reduce must be \"sum\", \"prod\", \"mean\", \"amax\" or "
                                      "\"amin\", got \"",
                                      reduce, "\""));
  }
  const TensorOptions counts{.dtype = kInt64, .device = input.device()};
  const Tensor count = ScatterAdd(Full(input.shape(), include_self ? 1 : 0, counts), dim, index,
                                  Ones(index.shape(), counts));
  const Tensor sum = scatter(start(0), src, "add"), divisor = ClampMin(count, 1);
  return IsFloating(input.dtype()) ? sum / Cast(divisor, input.dtype())
                                   : Cast(FloorDivide(sum, divisor), input.dtype());
}

}  // namespace

Tensor Scatter(const Tensor& input, int64_t dim, const Tensor& index,
               const std::optional<Operand>& src, const std::optional<Scalar>& value,
               const std::optional<std::string>& reduce) {
  RequireDefined("scatter", input);
  RequireDefined("scatter", index);
  if (src.has_value() == value.has_value()) {
    ThrowInvalidArgument("scatter: either src or value must be given");
  }
  std::string reduction = "none";
  if (reduce) {
    if (*reduce != "add" && *reduce != "multiply") {
      ThrowInvalidArgument(
          absl::StrCat("scatter: reduce must be \"add\" or \"multiply\", got \"", *reduce, "\""));
    }
    reduction = *reduce == "add" ? "add" : "mul";
  }
  const TensorOptions options{.dtype = input.dtype(), .device = input.device()};
  if (src && src->is_tensor) RequireDefined("scatter", src->tensor);
  const Tensor source = src && src->is_tensor
                            ? Cast(src->tensor, input.dtype())
                            : Full(index.shape(), src ? src->scalar : *value, options);
  return ScatterElements(input, index, source, {.dim = dim, .reduction = reduction});
}

Tensor ScatterReduce(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src,
                     const std::string& reduce, bool include_self) {
  RequireDefined("scatter_reduce", input);
  RequireDefined("scatter_reduce", index);
  return Reduced("scatter_reduce", input, dim, index, src, reduce, include_self);
}

Tensor IndexReduce(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source,
                   const std::string& reduce, bool include_self) {
  if (reduce == "sum") {
    ThrowInvalidArgument("index_reduce: for sums there is index_add");
  }
  return AtSlices("index_reduce", input, dim, index, source,
                  [&](const Tensor& x, int64_t along, const Tensor& places, const Tensor& y) {
                    return Reduced("index_reduce", x, along, places, y, reduce, include_self);
                  });
}

Tensor IndexCopy(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  return AtSlices("index_copy", input, dim, index, source,
                  [](const Tensor& x, int64_t along, const Tensor& places, const Tensor& y) {
                    return ScatterElements(x, places, y, {.dim = along});
                  });
}

Tensor IndexFill(const Tensor& input, int64_t dim, const Tensor& index, const Operand& value) {
  RequireDefined("index_fill", input);
  RequireDefined("index_fill", index);
  dim = NormalizeDim("index_fill", dim, input.dim());
  const Tensor flat = FromStart(AtLeast1d(index), input.dim() == 0 ? 1 : input.size(dim));
  const TensorOptions marks{.dtype = kBool, .device = input.device()};
  const int64_t extent = input.dim() == 0 ? 1 : input.size(dim);
  const Tensor named = ScatterElements(Zeros({extent}, marks), flat, Ones({flat.numel()}, marks));
  Dims shape(static_cast<size_t>(input.dim()), 1);
  if (input.dim() > 0) shape[static_cast<size_t>(dim)] = extent;
  return MaskedFill(input, Reshape(named, shape), value);
}

Tensor Put(const Tensor& input, const Tensor& index, const Tensor& source, bool accumulate) {
  RequireDefined("put", input);
  RequireDefined("put", index);
  RequireDefined("put", source);
  if (index.numel() != source.numel()) {
    ThrowInvalidArgument(absl::StrCat("put: one index for each element of ", Describe(source),
                                      " is needed, got ", Describe(index)));
  }
  const Tensor places = FromStart(Ravel(index), input.numel());
  return Reshape(ScatterElements(Ravel(input), places, Ravel(source),
                                 {.dim = 0, .reduction = accumulate ? "add" : "none"}),
                 input.shape());
}

Tensor IndexPut(const Tensor& input, const std::vector<Tensor>& indices, const Tensor& values,
                bool accumulate) {
  RequireDefined("index_put", input);
  RequireDefined("index_put", values);
  std::vector<Tensor> each;  // of integers, one for each of the first dimensions
  for (const Tensor& index : indices) {
    RequireDefined("index_put", index);
    if (index.dtype() != kBool) {
      RequireIntegers("index_put", index);
      each.push_back(index);
      continue;
    }
    // A mask names the places of its dimensions.
    const size_t first = each.size();
    if (index.dim() == 0 || first + index.shape().size() > input.shape().size() ||
        input.shape().subspan(first, index.shape().size()) != index.shape()) {
      ThrowInvalidArgument(absl::StrCat("index_put: the mask ", Describe(index),
                                        " does not have the "
                                        "extents of ",
                                        Describe(input), " from dimension ", first, " on"));
    }
    for (const Tensor& column : Unbind(NonZero(index), 1)) each.push_back(column);
  }
  const auto count = static_cast<int64_t>(each.size());
  if (count > input.dim()) {
    ThrowInvalidArgument(absl::StrCat("index_put: ", count, " indices for ", Describe(input)));
  }
  Dims common;
  for (const Tensor& index : each) common = BroadcastShapes("index_put", common, index.shape());
  // Rows are what is left of the dimensions behind; their numbers in the order of memory.
  const DimsView rest = input.shape().subspan(static_cast<size_t>(count));
  const TensorOptions integers{.dtype = kInt64, .device = input.device()};
  Tensor row = Zeros(common, integers);
  for (int64_t d = 0; d < count; ++d) {
    const Tensor& index = each[static_cast<size_t>(d)];
    const int64_t extent = input.size(d);
    const Tensor place = FromStart(index, extent);
    if (!All(LogicalAnd(place >= 0, place < extent)).Item<bool>()) {
      ThrowOutOfRange(
          absl::StrCat("index_put: an index is outside of dimension ", d, " of ", Describe(input)));
    }
    row = row * extent + place;
  }
  Dims shape(common);
  shape.insert(shape.end(), rest.begin(), rest.end());
  const int64_t inner = NumElements(rest);
  const Tensor places = Unsqueeze(Ravel(row), 1) * inner + Arange(0, inner, 1, integers);
  const Tensor spread = Expand(Cast(values, input.dtype()), shape);
  return Reshape(ScatterElements(Ravel(input), Ravel(places), Ravel(spread),
                                 {.dim = 0, .reduction = accumulate ? "add" : "none"}),
                 input.shape());
}

namespace {

// `src`, which broadcasts, in the elements of `input` that `view` picks.
template <typename View>
Tensor PlaceInView(std::string_view op, const Tensor& input, const Tensor& src, const View& view) {
  RequireDefined(op, input);
  RequireDefined(op, src);
  const TensorOptions integers{.dtype = kInt64, .device = input.device()};
  const Tensor places = view(Reshape(Arange(0, input.numel(), 1, integers), input.shape()));
  if (places.shape() != src.shape()) {
    ThrowInvalidArgument(absl::StrCat(op, ": src must have the shape ", ToString(places.shape()),
                                      ", got ", Describe(src)));
  }
  return Reshape(ScatterElements(Ravel(input), Ravel(places), Ravel(Cast(src, input.dtype()))),
                 input.shape());
}

}  // namespace

Tensor SegmentReduce(const Tensor& data, const std::string& reduce,
                     const std::optional<Tensor>& lengths, const std::optional<Tensor>& offsets,
                     int64_t axis, bool unsafe, const std::optional<Scalar>& initial) {
  RequireDefined("segment_reduce", data);
  const bool by_lengths = lengths && lengths->defined();
  if (by_lengths == (offsets && offsets->defined())) {
    ThrowInvalidArgument("segment_reduce: either lengths or offsets must be given");
  }
  const Tensor& given = by_lengths ? *lengths : *offsets;
  const int64_t dim = NormalizeDim("segment_reduce", axis, data.dim());
  const auto rank = static_cast<size_t>(dim);
  if (!IsFloating(data.dtype()) || !IsIntegral(given.dtype()) || data.dim() == 0 ||
      given.dim() != dim + 1 || given.shape().first(rank) != data.shape().first(rank) ||
      (!by_lengths && given.size(dim) == 0)) {
    ThrowInvalidArgument(absl::StrCat(
        "segment_reduce: expected floating point data and integer lengths or offsets of the ",
        "dimensions up to axis = ", axis, ", got ", Describe(data), " and ", Describe(given)));
  }
  // The bounds of segments, one more than there are.
  Tensor bounds = Cast(given, kInt64);
  if (by_lengths) {
    const Tensor zero = ZerosLike(Sum(bounds, {.dims = {dim}, .keepdim = true}));
    bounds = Cat({zero, CumSum(bounds, dim)}, dim);
  }
  const int64_t extent = data.size(dim), segments = bounds.size(dim) - 1;
  if (!unsafe && bounds.numel() > 0) {
    const bool rises = All(Diff(bounds, 1, dim) >= 0).Item<bool>();
    const Tensor last = Select(bounds, dim, segments);
    if (!rises || (by_lengths && !All(last == extent).Item<bool>())) {
      ThrowInvalidArgument(absl::StrCat("segment_reduce: lengths must not be negative and add up ",
                                        "to the extent ", extent, " of dimension ", dim, " of ",
                                        Describe(data)));
    }
  }
  // Elements of no segment go to one behind the last.
  const TensorOptions integers{.dtype = kInt64, .device = data.device()};
  Dims row(data.shape().begin(), data.shape().begin() + dim + 1);
  const Tensor place = Expand(Arange(0, extent, 1, integers), row);
  Tensor segment = SearchSorted(Contiguous(bounds), Contiguous(place), {.right = true}) - 1;
  segment = Where(segment < 0, segments, segment);
  while (segment.dim() < data.dim()) segment = Unsqueeze(segment, -1);
  const Tensor index = Expand(segment, data.shape());
  Dims shape(data.shape().begin(), data.shape().end());
  shape[rank] = segments + 1;
  const TensorOptions numbers{.dtype = data.dtype(), .device = data.device()};
  const auto reduced = [&](const Scalar& identity, const char* how) {
    return ScatterElements(Full(shape, initial.value_or(identity), numbers), index, data,
                           {.dim = dim, .reduction = how});
  };
  Tensor result;
  if (reduce == "sum" || reduce == "mean") {
    result = reduced(0, "add");
  } else if (reduce == "prod") {
    result = reduced(1, "mul");
  } else if (reduce == "max" || reduce == "min") {
    result = reduced(ExtremumIdentity(data.dtype(), reduce == "max"), reduce.c_str());
  } else {
    ThrowInvalidArgument(
        absl::StrCat("segment_reduce: reduce must be \"sum\", \"mean\", \"max\", \"min\" or ",
                     "\"prod\", got \"", reduce, "\""));
  }
  if (reduce == "mean") {
    const Tensor count =
        ScatterAdd(Zeros(shape, integers), dim, index, Ones(data.shape(), integers));
    result = result / Cast(ClampMin(count, 1), data.dtype());
    if (!initial) result = Where(count == 0, std::numeric_limits<double>::quiet_NaN(), result);
  }
  return Narrow(result, dim, 0, segments);
}

Tensor IndexAddScaled(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source,
                      const Scalar& alpha) {
  return IndexAdd(input, dim, index, alpha == Scalar(1) ? source : source * alpha);
}

Tensor SelectScatter(const Tensor& input, const Tensor& src, int64_t dim, int64_t index) {
  return PlaceInView("select_scatter", input, src,
                     [&](const Tensor& x) { return Select(x, dim, index); });
}
Tensor SliceScatter(const Tensor& input, const Tensor& src, int64_t dim,
                    const std::optional<int64_t>& start, const std::optional<int64_t>& end,
                    int64_t step) {
  return PlaceInView("slice_scatter", input, src, [&](const Tensor& x) {
    return Slice(x, dim, start.value_or(0), end.value_or(INT64_MAX), step);
  });
}
Tensor DiagonalScatter(const Tensor& input, const Tensor& src, int64_t offset, int64_t dim1,
                       int64_t dim2) {
  return PlaceInView("diagonal_scatter", input, src,
                     [&](const Tensor& x) { return Diagonal(x, offset, dim1, dim2); });
}

Tensor MaskedScatter(const Tensor& input, const Tensor& mask, const Tensor& source) {
  RequireDefined("masked_scatter", input);
  RequireDefined("masked_scatter", mask);
  RequireDefined("masked_scatter", source);
  if (mask.dtype() != kBool || source.dtype() != input.dtype()) {
    ThrowInvalidArgument(
        absl::StrCat("masked_scatter: expected a bool mask and a source of the "
                     "input's dtype, got ",
                     Describe(mask), " and ", Describe(source)));
  }
  const Dims shape = BroadcastShapes("masked_scatter", input.shape(), mask.shape());
  const Tensor holds = Ravel(Expand(mask, shape));
  // What is not replaced takes the first element, which no source has put there. Beyond the end
  // where the source is too short, which the selection reports.
  const Tensor places = Where(holds, CumSum(Cast(holds, kInt64), 0), 0);
  const Tensor first = Zeros({1}, {.dtype = source.dtype(), .device = source.device()});
  const Tensor taken = IndexSelect(Cat({first, Ravel(source)}), 0, places);
  return Where(Reshape(holds, shape), Reshape(taken, shape), input);
}

}  // namespace neura
