#include "neura/python/extension/varied_results.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/binder.h"
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
  Operand one;
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
  bind("gradient", "input, *, spacing=1, dim=None, edge_order=1",
       "Derivatives along each of dim, by default all, by second differences; samples are spacing "
       "apart, a number for all dimensions or one for each, or at places, a vector for each",
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
