// Reading images at the points of a grid.
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura {

Tensor AffineGrid(const Tensor& theta, const Dims& size, const std::optional<bool>& align_corners) {
  RequireDims("affine_grid", theta, 3);
  const size_t dims = size.size() < 3 ? 0 : size.size() - 2;
  const auto n = static_cast<int64_t>(dims);
  if ((dims != 2 && dims != 3) || theta.size(1) != n || theta.size(2) != n + 1 ||
      theta.size(0) != size[0] || !IsFloating(theta.dtype())) {
    ThrowInvalidArgument(absl::StrCat(
        "affine_grid: expected floating point maps [N, 2, 3] for a size [N, C, H, W], or [N, 3, 4] "
        "for [N, C, D, H, W], got ",
        Describe(theta), " for ", ToString(DimsView(size))));
  }
  const TensorOptions options{.dtype = theta.dtype(), .device = theta.device()};
  const DimsView extents = DimsView(size).subspan(2);
  // The points of an image from -1 to 1, x first, and 1 for what is added.
  std::vector<Tensor> coordinates;
  for (size_t d = dims; d-- > 0;) {
    const int64_t extent = extents[d];
    if (extent < 1) {
      ThrowInvalidArgument("affine_grid: the extents of the size must be positive");
    }
    const double edge =
        align_corners.value_or(false) || extent == 1 ? 1 : 1 - 1 / static_cast<double>(extent);
    Dims shape(dims, 1);
    shape[d] = extent;
    const Tensor along = extent == 1 ? Zeros({1}, options) : Linspace(-edge, edge, extent, options);
    coordinates.push_back(Expand(Reshape(along, shape), extents));
  }
  coordinates.push_back(Ones(extents, options));
  const Tensor base = Reshape(Stack(coordinates, -1), {1, NumElements(extents), n + 1});
  const Tensor points = MatMul(base, Transpose(theta, 1, 2));
  Dims shape{size[0]};
  shape.insert(shape.end(), extents.begin(), extents.end());
  shape.push_back(n);
  return Reshape(points, shape);
}

namespace {

// Mirrored at both ends of [low, high] until it lies between them.
Tensor Reflected(const Tensor& x, double low, double high) {
  const double span = high - low;
  if (span <= 0) return ZerosLike(x);
  const Tensor distance = Abs(x - low), rest = Fmod(distance, span);
  const Tensor turns = Floor(distance / span);
  return Where(Remainder(turns, 2) == 0, rest + low, high - rest);
}

enum class Outside { kZeros, kBorder, kReflection };

// How one dimension of so many elements is read.
struct Axis {
  int64_t extent;
  Outside outside;
  bool align_corners;

  // From [-1, 1] to places of elements.
  Tensor PlaceOf(const Tensor& x) const {
    const auto n = static_cast<double>(extent);
    return align_corners ? (x + 1) * ((n - 1) / 2) : ((x + 1) * n - 1) / 2;
  }
  // A place inside, or as it is where zeros lie outside.
  Tensor Bounded(const Tensor& place) const {
    const auto last = static_cast<double>(extent - 1);
    Tensor inside = place;
    if (outside == Outside::kReflection) {
      inside = align_corners ? Reflected(place, 0, last) : Reflected(place, -0.5, last + 0.5);
    }
    return outside == Outside::kZeros ? inside : Clamp(inside, {.min = 0.0, .max = last});
  }
};

// One of the elements that a point is made of, along one dimension.
struct Neighbour {
  Tensor place;   // whole numbers, in floating point
  Tensor weight;  // undefined: 1
};

std::vector<Neighbour> LinearNeighbours(const Axis& axis, const Tensor& x) {
  const Tensor place = axis.Bounded(axis.PlaceOf(x)), low = Floor(place), part = place - low;
  return {{low, 1 - part}, {low + 1, part}};
}

std::vector<Neighbour> NearestNeighbour(const Axis& axis, const Tensor& x) {
  return {{Round(axis.Bounded(axis.PlaceOf(x))), Tensor()}};
}

// Keys' convolution with a = -0.75; what lies outside is decided for each of the four elements.
std::vector<Neighbour> CubicNeighbours(const Axis& axis, const Tensor& x) {
  const Tensor place = axis.PlaceOf(x), low = Floor(place), t = place - low;
  constexpr double kA = -0.75;
  const auto near = [](const Tensor& d) { return ((kA + 2) * d - (kA + 3)) * d * d + 1; };
  const auto far = [](const Tensor& d) { return ((kA * d - 5 * kA) * d + 8 * kA) * d - 4 * kA; };
  return {{axis.Bounded(low - 1), far(t + 1)},
          {axis.Bounded(low), near(t)},
          {axis.Bounded(low + 1), near(1 - t)},
          {axis.Bounded(low + 2), far(2 - t)}};
}

std::vector<Tensor> RunGridSample(const OpCall& call) {
  const auto& options = call.Get<GridSampleCall>();
  return {GridSample(call.input(0), call.input(1), options.mode, options.padding_mode,
                     options.align_corners)};
}

}  // namespace

Tensor GridSample(const Tensor& input, const Tensor& grid, const std::string& mode,
                  const std::string& padding_mode, const std::optional<bool>& align_corners) {
  if (AutocastWidens({&input, &grid})) {
    return GridSample(Widened(input), Widened(grid), mode, padding_mode, align_corners);
  }
  RequireDefined("grid_sample", input);
  RequireDefined("grid_sample", grid);
  const int64_t dims = input.dim() - 2;
  if ((dims != 2 && dims != 3) || grid.dim() != input.dim() || grid.size(-1) != dims ||
      grid.size(0) != input.size(0) || grid.dtype() != input.dtype() ||
      !IsFloating(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat(
        "grid_sample: expected floating point [N, C, H, W] and [N, ..., 2], or [N, C, D, H, W] and "
        "[N, ..., 3], of one dtype, got ",
        Describe(input), " and ", Describe(grid)));
  }
  for (int64_t d = 0; d < dims; ++d) {
    if (input.size(d + 2) < 1) {
      ThrowInvalidArgument(absl::StrCat("grid_sample: nothing to read in ", Describe(input)));
    }
  }
  Outside outside = Outside::kZeros;
  if (padding_mode == "border") {
    outside = Outside::kBorder;
  } else if (padding_mode == "reflection") {
    outside = Outside::kReflection;
  } else if (padding_mode != "zeros") {
    ThrowInvalidArgument(
        absl::StrCat("grid_sample: padding_mode must be 'zeros', 'border' or 'reflection', got '",
                     padding_mode, "'"));
  }
  if (mode != "bilinear" && mode != "nearest" && (mode != "bicubic" || dims != 2)) {
    ThrowInvalidArgument(absl::StrCat(
        "grid_sample: mode must be 'bilinear', 'nearest' or, of two dimensions, 'bicubic', got '",
        mode, "'"));
  }
  const GridSampleCall whole{mode, padding_mode, align_corners.value_or(false)};
  const Tensor* const inputs[] = {&input, &grid};
  const std::vector<Tensor> kept =
      KeptWhole(WholeFunction::kGridSample, &RunGridSample, &whole, inputs);
  if (!kept.empty()) return kept[0];
  const auto neighbours = mode == "bilinear"  ? &LinearNeighbours
                          : mode == "nearest" ? &NearestNeighbour
                                              : &CubicNeighbours;
  const int64_t batch = input.size(0), channels = input.size(1);
  const Tensor elements = Flatten(input, 2);               // [N, C, in]
  const Tensor points = Reshape(grid, {batch, -1, dims});  // [N, out, dims]
  const int64_t count = points.size(1);
  std::vector<std::vector<Neighbour>> along;
  for (int64_t d = 0; d < dims; ++d) {
    const Axis axis{input.size(d + 2), outside, align_corners.value_or(false)};
    along.push_back(neighbours(axis, Select(points, 2, dims - 1 - d)));
  }
  // Every combination of a neighbour in each dimension.
  Tensor result;
  std::vector<size_t> chosen(along.size(), 0);
  while (true) {
    Tensor index, weight, inside;
    for (size_t d = 0; d < along.size(); ++d) {
      const Neighbour& neighbour = along[d][chosen[d]];
      const int64_t extent = input.size(static_cast<int64_t>(d) + 2);
      const auto last = static_cast<double>(extent - 1);
      const Tensor holds = LogicalAnd(neighbour.place >= 0, neighbour.place <= last);
      // NaN stands nowhere.
      const Tensor place = Cast(Where(holds, neighbour.place, 0), kInt64);
      index = index.defined() ? index * extent + place : place;
      inside = inside.defined() ? LogicalAnd(inside, holds) : holds;
      if (neighbour.weight.defined()) {
        weight = weight.defined() ? weight * neighbour.weight : neighbour.weight;
      }
    }
    const Tensor picked =
        Gather(elements, 2, Expand(Unsqueeze(index, 1), {batch, channels, count}));
    const Tensor kept = Where(Unsqueeze(inside, 1), picked, 0);
    const Tensor term = weight.defined() ? kept * Unsqueeze(weight, 1) : kept;
    result = result.defined() ? result + term : term;
    size_t d = 0;
    while (d < along.size() && ++chosen[d] == along[d].size()) chosen[d++] = 0;
    if (d == along.size()) break;
  }
  Dims shape{batch, channels};
  for (int64_t d = 1; d <= dims; ++d) shape.push_back(grid.size(d));
  return Reshape(result, shape);
}

}  // namespace neura
