// Functions of C++ that are no rows of the operation list, under PyTorch's signatures.
#include "neura/python/extension/composites.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/nn/loss.h"
#include "neura/python/extension/binder.h"
#include "neura/python/extension/number.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using OptDims = std::optional<Dims>;
using OptTensor = std::optional<Tensor>;

ReduceOptions Over(const OptDims& dim, bool keepdim) {
  return {.dims = dim.value_or(Dims{}), .keepdim = keepdim};
}

// The extremum of all elements, along a dimension with its indices, or of two tensors: what
// torch.max does depends on its arguments. A named tuple for the second.
template <Tensor (*All)(const Tensor&, const ReduceOptions&),
          ValuesAndIndices (*Along)(const Tensor&, int64_t, bool),
          Tensor (*Pairwise)(const Tensor&, const Tensor&)>
py::object Extremum(const Tensor& input, const py::object& dim, bool keepdim) {
  if (dim.is_none()) return py::cast(WithoutGil([&] { return All(input, {}); }));
  if (IsTensor(dim.ptr()) && TensorOf(dim.ptr()).dim() > 0) {
    return py::cast(WithoutGil([&] { return Pairwise(input, TensorOf(dim.ptr())); }));
  }
  int64_t along = 0;
  if (!FromPython(dim.ptr(), &along)) {
    ThrowTypeError("max() or min(): argument 'dim' must be an integer or a tensor");
  }
  const ValuesAndIndices result = WithoutGil([&] { return Along(input, along, keepdim); });
  static PyObject* const type =
      py::module_::import("collections")
          .attr("namedtuple")("values_and_indices", py::make_tuple("values", "indices"))
          .release()
          .ptr();
  return py::handle(type)(result.values, result.indices);
}

void InitReductions(Binder bind) {
  bind.Both("var", "input, dim=None, *, correction=1, keepdim=False",
            "Sum of squared deviations from the mean, over the count less correction",
            NEURA_FN((const Tensor& x, const OptDims& dim, int64_t correction, bool keepdim),
                     { return Var(x, Over(dim, keepdim), correction); }));
  bind.Both("std", "input, dim=None, *, correction=1, keepdim=False", "Square root of var",
            NEURA_FN((const Tensor& x, const OptDims& dim, int64_t correction, bool keepdim),
                     { return Std(x, Over(dim, keepdim), correction); }));
  bind.Both("logsumexp", "input, dim, keepdim=False", "log(sum(exp(input))), without overflow",
            NEURA_FN((const Tensor& x, const OptDims& dim, bool keepdim),
                     { return LogSumExp(x, Over(dim, keepdim)); }));
  bind.Both("norm", "input, p=2.0, dim=None, keepdim=False",
            "The p-norm, (sum |x|^p)^(1/p), for p > 0; p may be infinity",
            NEURA_FN((const Tensor& x, double p, const OptDims& dim, bool keepdim),
                     { return Norm(x, p, Over(dim, keepdim)); }));
  bind.Both("max", "input, dim=None, keepdim=False",
            "The largest element; along dim, a named tuple (values, indices); beside a tensor, "
            "maximum",
            &Extremum<AMax, Max, Maximum>);
  bind.Both("min", "input, dim=None, keepdim=False",
            "The smallest element; along dim, a named tuple (values, indices); beside a tensor, "
            "minimum",
            &Extremum<AMin, Min, Minimum>);
}

void InitPointwise(Binder bind) {
  bind.Both("masked_fill", "input, mask, value", "input, with value where the bool mask holds",
            NEURA_FN((const Tensor& x, const Tensor& mask, const Scalar& value),
                     { return MaskedFill(x, mask, value); }));
  bind.Both("lerp", "input, end, weight", "input + weight * (end - input)",
            NEURA_FN((const Tensor& x, const Tensor& end, const Scalar& weight),
                     { return Lerp(x, end, weight); }));
  bind.Both("add", "input, other, *, alpha=1", "input + alpha * other",
            NEURA_FN((const TensorOrScalar& x, const TensorOrScalar& y, const Scalar& alpha), {
              TensorOrScalar both[] = {x, y};
              NumbersToTensors(absl::MakeSpan(both));
              if (alpha == Scalar(int64_t{1})) return Add(both[0].tensor, both[1].tensor);
              return Add(both[0].tensor, Mul(both[1].tensor, alpha));
            }));
  bind.Both("sub", "input, other, *, alpha=1", "input - alpha * other",
            NEURA_FN((const TensorOrScalar& x, const TensorOrScalar& y, const Scalar& alpha), {
              TensorOrScalar both[] = {x, y};
              NumbersToTensors(absl::MakeSpan(both));
              if (alpha == Scalar(int64_t{1})) return Sub(both[0].tensor, both[1].tensor);
              return Sub(both[0].tensor, Mul(both[1].tensor, alpha));
            }));
  bind.Method("contiguous", "input",
              "The tensor itself when its elements lie in row-major order, else such a copy",
              &Contiguous);
}

// Extents of which one is -1 are filled in.
std::vector<Tensor> SplitBy(const Tensor& x, const py::object& size, int64_t dim) {
  int64_t each = 0;
  if (FromPython(size.ptr(), &each)) return Split(x, each, dim);
  Dims sizes;
  if (!FromPython(size.ptr(), &sizes)) {
    ThrowTypeError("split(): argument 'split_size_or_sections' must be IntOrInts");
  }
  return Split(x, DimsView(sizes), dim);
}

// PyTorch's order: the last dimension's two amounts first.
Tensor PadByPairs(const Tensor& x, const Dims& pad, const std::string& mode, double value) {
  if (mode != "constant") {
    ThrowUnimplemented(absl::StrCat("pad: mode '", mode, "'; only 'constant' is implemented"));
  }
  const auto rank = static_cast<size_t>(x.dim());
  if (pad.size() % 2 != 0 || pad.size() / 2 > rank) {
    ThrowInvalidArgument(absl::StrCat("pad: ", pad.size(), " amounts for ", Describe(x),
                                      "; give two for each dimension, the last one first"));
  }
  PadOptions options{.before = Dims(rank, 0), .after = Dims(rank, 0), .value = value};
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    options.before[rank - 1 - i] = pad[2 * i];
    options.after[rank - 1 - i] = pad[2 * i + 1];
  }
  return Pad(x, options);
}

void InitShape(Binder bind) {
  bind.Both("reshape", "input, *shape",
            "The same elements in the same order under another shape, one extent of which may be "
            "-1; a view where the memory allows it, else a copy",
            NEURA_FN((const Tensor& x, const Dims& shape), { return Reshape(x, shape); }));
  bind.Method("view", "input, *shape", "As reshape, but an error where only a copy would do",
              NEURA_FN((const Tensor& x, const Dims& shape), { return View(x, shape); }));
  bind.Method("view_as", "input, other", "A view with the shape of other",
              NEURA_FN((const Tensor& x, const Tensor& y), { return View(x, y.shape()); }));
  bind.Method("reshape_as", "input, other", "reshape to the shape of other",
              NEURA_FN((const Tensor& x, const Tensor& y), { return Reshape(x, y.shape()); }));
  bind.Method("expand_as", "input, other", "expand to the shape of other",
              NEURA_FN((const Tensor& x, const Tensor& y), { return Expand(x, y.shape()); }));
  bind("broadcast_to", "input, size", "expand to a shape",
       NEURA_FN((const Tensor& x, const Dims& size), { return Expand(x, size); }));
  bind.Both("flatten", "input, start_dim=0, end_dim=-1",
            "Joins dimensions start_dim to end_dim into one", &Flatten);
  bind.Both("ravel", "input", "The elements in one dimension",
            NEURA_FN((const Tensor& x), { return Reshape(x, {-1}); }));
  bind.Both("transpose", "input, dim0, dim1", "Two dimensions exchanged", &Transpose);
  bind.Both("swapaxes", "input, axis0, axis1", "Two dimensions exchanged", &Transpose);
  bind.Both("t", "input", "The transpose of a matrix", NEURA_FN((const Tensor& x), {
              if (x.dim() > 2) {
                ThrowInvalidArgument(absl::StrCat("t: expected at most 2 dimensions, got ",
                                                  Describe(x)));
              }
              return x.dim() < 2 ? x : Transpose(x, 0, 1);
            }));
  bind.Both("narrow", "input, dim, start, length", "length elements of dim from start on",
            &Narrow);
  bind.Both("select", "input, dim, index", "One slice of dim, which disappears", &Select);
  bind.Both("diagonal", "input, offset=0, dim1=0, dim2=1",
            "The diagonal of two dimensions, as the last one", &Diagonal);
  bind("cat", "tensors, dim=0", "Joined along dim",
       NEURA_FN((const std::vector<Tensor>& t, int64_t dim), { return Cat(t, dim); }));
  bind("concat", "tensors, dim=0", "Joined along dim",
       NEURA_FN((const std::vector<Tensor>& t, int64_t dim), { return Cat(t, dim); }));
  bind("stack", "tensors, dim=0", "Joined along a new dimension",
       NEURA_FN((const std::vector<Tensor>& t, int64_t dim), { return Stack(t, dim); }));
  bind.Both("split", "input, split_size_or_sections, dim=0",
            "Views of that many slices each, or of the given numbers of slices",
            NEURA_FN((const Tensor& x, const py::object& size, int64_t dim),
                     { return py::reinterpret_steal<py::object>(ToPython(SplitBy(x, size, dim))); }));
  bind.Both("chunk", "input, chunks, dim=0", "At most chunks views of equal size, except the last",
            &Chunk);
  bind.Both("unbind", "input, dim=0", "The slices of dim, which disappears",
            NEURA_FN((const Tensor& x, int64_t dim), {
              std::vector<Tensor> slices;
              for (int64_t i = 0; i < x.size(dim); ++i) slices.push_back(Select(x, dim, i));
              return slices;
            }));
}

void InitFunctional(Binder bind) {
  bind("linear", "input, weight, bias=None", "input @ weight.T + bias",
       NEURA_FN((const Tensor& x, const Tensor& weight, const OptTensor& bias),
                { return Linear(x, weight, bias.value_or(Tensor())); }));
  bind("max_pool2d", "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False",
       "Largest element of each window of [N, C, H, W]",
       NEURA_FN((const Tensor& x, const Size2& kernel_size, const std::optional<Size2>& stride,
                 const Size2& padding, const Size2& dilation, bool ceil_mode), {
         return MaxPool2d(x, {.kernel_size = kernel_size,
                              .stride = stride,
                              .padding = padding,
                              .dilation = dilation,
                              .ceil_mode = ceil_mode});
       }));
  bind("pad", "input, pad, mode='constant', value=0.0",
       "Surrounded by value: two amounts for each dimension, the last one first", &PadByPairs);
  bind("layer_norm", "input, normalized_shape, weight=None, bias=None, eps=1e-05",
       "Normalized over the last dimensions, which are normalized_shape",
       NEURA_FN((const Tensor& x, const Dims& shape, const OptTensor& weight,
                 const OptTensor& bias, double eps), {
         const DimsView view = shape;
         if (x.shape().size() < view.size() || x.shape().last(view.size()) != view) {
           ThrowInvalidArgument(absl::StrCat("layer_norm: the last dimensions of ", Describe(x),
                                             " must be ", ToString(view)));
         }
         return LayerNorm(x, weight.value_or(Tensor()), bias.value_or(Tensor()),
                          {.num_dims = static_cast<int64_t>(view.size()), .eps = eps})
             .output;
       }));
  bind("cross_entropy",
       "input, target, weight=None, ignore_index=-100, reduction='mean', label_smoothing=0.0",
       "-log(softmax(input)[target]), for class indices or probabilities",
       NEURA_FN((const Tensor& input, const Tensor& target, const OptTensor& weight,
                 int64_t ignore_index, const std::string& reduction, double label_smoothing), {
         return nn::CrossEntropy(input, target,
                                 {.weight = weight.value_or(Tensor()),
                                  .ignore_index = ignore_index,
                                  .reduction = reduction,
                                  .label_smoothing = label_smoothing});
       }));
  bind("mse_loss", "input, target, reduction='mean'", "(input - target)^2",
       NEURA_FN((const Tensor& input, const Tensor& target, const std::string& reduction),
                { return nn::Mse(input, target, {.reduction = reduction}); }));
}

}  // namespace

void InitComposites(py::module_& m, py::module_& functional) {
  const Binder bind(m, "");
  InitReductions(bind);
  InitPointwise(bind);
  InitShape(bind);
  InitFunctional(Binder(functional, "nn.functional"));
}

}  // namespace neura::python
