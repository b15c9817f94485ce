#include "neura/python/extension/varied_results.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// The values, or with return_indices a pair of values and indices.
template <Tensor (*values)(const Tensor&, const MaxPoolOptions&),
          ValuesAndIndices (*both)(const Tensor&, const MaxPoolOptions&)>
py::object MaxPoolFrom(const Tensor& input, const Sizes& kernel_size,
                       const std::optional<Sizes>& stride, const Sizes& padding,
                       const Sizes& dilation, bool ceil_mode, bool return_indices) {
  const MaxPoolOptions options{.kernel_size = kernel_size,
                               .stride = stride,
                               .padding = padding,
                               .dilation = dilation,
                               .ceil_mode = ceil_mode};
  if (!return_indices) return py::cast(WithoutGil([&] { return values(input, options); }));
  const ValuesAndIndices result = WithoutGil([&] { return both(input, options); });
  return py::make_tuple(result.values, result.indices);
}

template <int64_t kDims>
py::object AdaptiveMaxPoolFrom(const Tensor& input, const Sizes& output_size, bool return_indices) {
  const ValuesAndIndices result =
      WithoutGil([&] { return AdaptiveMaxPool(input, output_size, kDims); });
  if (!return_indices) return py::cast(result.values);
  return py::make_tuple(result.values, result.indices);
}

// One window of a random place for each part of the result, whose extents are given or a part of
// the input's.
template <int64_t kDims>
py::object FractionalMaxPoolFrom(const Tensor& input, const Sizes& kernel_size,
                                 const std::optional<Sizes>& output_size,
                                 const py::object& output_ratio, bool return_indices,
                                 const std::optional<Tensor>& random_samples) {
  if (output_size.has_value() == !output_ratio.is_none()) {
    ThrowTypeError("fractional_max_pool(): either output_size or output_ratio must be given");
  }
  if (input.dim() != kDims + 1 && input.dim() != kDims + 2) {
    ThrowInvalidArgument(absl::StrCat("fractional_max_pool: expected [N, C, ...] or [C, ...] of ",
                                      kDims, " dimensions, got ", Describe(input)));
  }
  Sizes size = output_size ? *output_size : Sizes(0).Each(kDims);
  if (!output_size) {
    std::vector<double> ratios(kDims);
    double all = 0;
    if (FromPython(output_ratio.ptr(), &all)) {
      ratios.assign(kDims, all);
    } else if (!FromPython(output_ratio.ptr(), &ratios) || ratios.size() != kDims) {
      ThrowTypeError("fractional_max_pool(): argument 'output_ratio' must be a number or numbers");
    }
    for (size_t d = 0; d < kDims; ++d) {
      const auto extent = static_cast<double>(input.size(static_cast<int64_t>(d) - kDims));
      size.given()[d] = static_cast<int64_t>(extent * ratios[d]);
    }
  }
  const ValuesAndIndices result = WithoutGil([&] {
    const int64_t batch = input.dim() == kDims + 1 ? 1 : input.size(0);
    const TensorOptions like{.dtype = IsFloating(input.dtype()) ? input.dtype() : kFloat32,
                             .device = input.device()};
    return FractionalMaxPool(
        input, kernel_size, size,
        random_samples ? *random_samples : Rand({batch, input.size(-kDims - 1), kDims}, like));
  });
  if (!return_indices) return py::cast(result.values);
  return py::make_tuple(result.values, result.indices);
}

void InitMaxPools(const Binder& functional) {
  const char* const parameters =
      "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, "
      "return_indices=False";
  functional("max_pool1d", parameters,
             "Largest element of each window of [N, C, W] or [C, W]; with return_indices also its "
             "place in its channel",
             &MaxPoolFrom<&MaxPool1d, &MaxPool1dWithIndices>);
  functional("max_pool2d", parameters,
             "Largest element of each window of [N, C, H, W] or [C, H, W]; with return_indices "
             "also its place in its channel",
             &MaxPoolFrom<&MaxPool2d, &MaxPool2dWithIndices>);
  functional("max_pool3d", parameters,
             "Largest element of each window of [N, C, D, H, W] or [C, D, H, W]; with "
             "return_indices also its place in its channel",
             &MaxPoolFrom<&MaxPool3d, &MaxPool3dWithIndices>);
  const char* const fractional =
      "input, kernel_size, output_size=None, output_ratio=None, return_indices=False, "
      "_random_samples=None";
  functional("fractional_max_pool2d", fractional,
             "Maxima of output_size windows, or a part output_ratio of the extents, at random "
             "places of the planes of [N, C, H, W] or [C, H, W]; with return_indices also their "
             "places in their channels (Graham, 2014)",
             &FractionalMaxPoolFrom<2>);
  functional("fractional_max_pool3d", fractional,
             "Maxima of output_size windows, or a part output_ratio of the extents, at random "
             "places of the volumes of [N, C, D, H, W] or [C, D, H, W]; with return_indices also "
             "their places in their channels (Graham, 2014)",
             &FractionalMaxPoolFrom<3>);
  functional("adaptive_max_pool1d", "input, output_size, return_indices=False",
             "Maxima of windows that divide [N, C, W] or [C, W] into output_size parts; with "
             "return_indices also their places in their channels",
             &AdaptiveMaxPoolFrom<1>);
  functional("adaptive_max_pool2d", "input, output_size, return_indices=False",
             "Maxima of windows that divide the planes of [N, C, H, W] or [C, H, W] into "
             "output_size parts, where None leaves a dimension as it is; with return_indices also "
             "their places in their channels",
             &AdaptiveMaxPoolFrom<2>);
  functional("adaptive_max_pool3d", "input, output_size, return_indices=False",
             "Maxima of windows that divide the volumes of [N, C, D, H, W] or [C, D, H, W] into "
             "output_size parts, where None leaves a dimension as it is; with return_indices also "
             "their places in their channels",
             &AdaptiveMaxPoolFrom<3>);
}

// histogramdd(): the counts, and a tuple of the edges of each coordinate.
py::object HistogramDdFrom(const Tensor& input, const py::object& bins,
                           const std::optional<std::vector<double>>& range,
                           const std::optional<Tensor>& weight, bool density) {
  std::vector<Operand> each;
  int64_t all = 0;
  if (FromPython(bins.ptr(), &all)) {
    each.emplace_back(all);
  } else if (!IsTensor(bins.ptr()) && py::isinstance<py::sequence>(bins)) {
    for (const py::handle item : bins) {
      if (!FromPython(item.ptr(), &each.emplace_back())) {
        ThrowTypeError("histogramdd(): argument 'bins' must be integers or tensors");
      }
    }
  } else {
    ThrowTypeError("histogramdd(): argument 'bins' must be an integer, integers or tensors");
  }
  const HistogramOfPoints result =
      WithoutGil([&] { return HistogramDd(input, each, range, weight, density); });
  static PyTypeObject* const type = NewResultType("histogramdd", "hist, bin_edges", "");
  const auto pair = py::reinterpret_steal<py::object>(PyStructSequence_New(type));
  if (!pair) throw py::error_already_set();
  PyStructSequence_SET_ITEM(pair.ptr(), 0, ToPython(result.hist));
  PyStructSequence_SET_ITEM(pair.ptr(), 1, ToPython(result.bin_edges));
  return pair;
}

// The elements alone, or a tuple with what is asked for.
py::object Chosen(const UniqueElements& all, bool inverse, bool counts) {
  if (!inverse && !counts) return py::cast(all.output);
  py::list results;
  results.append(all.output);
  if (inverse) results.append(all.inverse_indices);
  if (counts) results.append(all.counts);
  return py::tuple(results);
}

// Numbers or tensors: one for all dimensions, or a sequence with one for each.
std::vector<Operand> Spacings(const py::object& spacing) {
  Operand one = 1;
  if (spacing.is_none()) return {one};
  if (FromPython(spacing.ptr(), &one) && !one.is_tensor) return {one};
  std::vector<Operand> each;
  if (!one.is_tensor && py::isinstance<py::sequence>(spacing)) {
    for (const py::handle item : spacing) {
      if (!FromPython(item.ptr(), &each.emplace_back())) {
        ThrowTypeError("gradient(): argument 'spacing' must be a number, or numbers or tensors");
      }
    }
    return each;
  }
  ThrowTypeError("gradient(): argument 'spacing' must be a number, or numbers or tensors");
}

}  // namespace

void InitVariedResults(py::module_& m, py::module_& functional) {
  const Binder bind(m, ""), in_functional(functional, "nn.functional");
  InitMaxPools(in_functional);
  bind.Both(
      "unique", "input, sorted=True, return_inverse=False, return_counts=False, dim=None",
      "The elements without repetition, sorted, or the slices of dim; with return_inverse "
      "also the place of each of the input's among them, with return_counts also how often "
      "each is there",
      NEURA_FN(
          (const Tensor& x, bool, bool inverse, bool counts, const std::optional<int64_t>& dim),
          { return Chosen(WithoutGil([&] { return Unique(x, dim); }), inverse, counts); }));
  bind.Both(
      "unique_consecutive", "input, return_inverse=False, return_counts=False, dim=None",
      "The elements, or slices of dim, that differ from the one before them; more as unique",
      NEURA_FN((const Tensor& x, bool inverse, bool counts, const std::optional<int64_t>& dim), {
        return Chosen(WithoutGil([&] { return UniqueConsecutive(x, dim); }), inverse, counts);
      }));
  bind("histogramdd", "input, bins, *, range=None, weight=None, density=False",
       "How many points [..., D], or what weights, lie in each bin of all coordinates, and the "
       "edges "
       "of the bins: given, or so many equal parts of the range, two numbers for each coordinate, "
       "by "
       "default from the least to the greatest; with density over the whole and the sizes. A named "
       "tuple (hist, bin_edges)",
       &HistogramDdFrom, "tuple[Tensor, tuple[Tensor, ...]]");
  bind("gradient", "input, *, spacing=None, dim=None, edge_order=1",
       "Derivatives along each of dim, by default all, by second differences; samples are spacing "
       "apart, 1 or a number for all dimensions or one for each, or at places, a vector for each",
       NEURA_FN((const Tensor& x, const py::object& spacing, const std::optional<Dims>& dim,
                 int64_t edge_order),
                {
                  const std::vector<Operand> each = Spacings(spacing);
                  const auto call = [&] { return Gradient(x, each, dim, edge_order); };
                  return py::reinterpret_steal<py::object>(ToPython(WithoutGil(call)));
                }),
       "tuple[Tensor, ...]");
}

}  // namespace neura::python
