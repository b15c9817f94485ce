// Functions of C++ that are no rows of the operation list, under PyTorch's signatures.
#include "neura/python/extension/composites.h"

#include <algorithm>
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

PyObject* g_values_and_indices = nullptr;  // a named tuple

// The extremum of all elements, along a dimension with its indices, or of two tensors: what
// torch.max does depends on its arguments. A named tuple for the second.
template <Tensor (*All)(const Tensor&, const ReduceOptions&),
          ValuesAndIndices (*Along)(const Tensor&, int64_t, bool),
          Tensor (*Pairwise)(const Tensor&, const Tensor&)>
py::object Extremum(const Tensor& input, const py::object& dim, bool keepdim) {
  if (dim.is_none()) return py::cast(WithoutGil([&] { return All(input, {}); }));
  if (IsTensor(dim.ptr())) {
    return py::cast(WithoutGil([&] { return Pairwise(input, TensorOf(dim.ptr())); }));
  }
  int64_t along = 0;
  if (!FromPython(dim.ptr(), &along)) {
    ThrowTypeError("max() or min(): argument 'dim' must be an integer or a tensor");
  }
  const ValuesAndIndices result = WithoutGil([&] { return Along(input, along, keepdim); });
  return py::handle(g_values_and_indices)(result.values, result.indices);
}

void InitReductions(Binder bind) {
  g_values_and_indices =
      py::module_::import("collections")
          .attr("namedtuple")("values_and_indices", py::make_tuple("values", "indices"))
          .release()
          .ptr();
  bind.Both(
      "var", "input, dim=None, unbiased=None, keepdim=False, *, correction=1",
      "Sum of squared deviations from the mean, over the count less correction",
      NEURA_FN((const Tensor& x, const OptDims& dim, const std::optional<bool>& unbiased,
                bool keepdim, int64_t correction),
               { return Var(x, Over(dim, keepdim), unbiased ? int64_t{*unbiased} : correction); }));
  bind.Both(
      "std", "input, dim=None, unbiased=None, keepdim=False, *, correction=1", "Square root of var",
      NEURA_FN((const Tensor& x, const OptDims& dim, const std::optional<bool>& unbiased,
                bool keepdim, int64_t correction),
               { return Std(x, Over(dim, keepdim), unbiased ? int64_t{*unbiased} : correction); }));
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

Tensor Scaled(const Tensor& tensor, const Scalar& factor) {
  return factor == Scalar(int64_t{1}) ? tensor : Mul(tensor, factor);
}

template <Tensor (*function)(const Tensor&, const Tensor&)>
py::object ScaledInPlace(const py::object& self, const TensorOrScalar& other, const Scalar& alpha) {
  TensorOrScalar both[] = {{.tensor = TensorOf(self.ptr()), .scalar = {}}, other};
  NumbersToTensors(OpId::kAdd, absl::MakeSpan(both));
  WithoutGil([&] { function(both[0].tensor, Scaled(both[1].tensor, alpha)); });
  return self;
}

// A bound of a clamp, a number or a tensor.
using Bound = std::optional<TensorOrScalar>;

bool IsTensorBound(const Bound& bound) { return bound && bound->tensor.defined(); }

ClampOptions NumberBounds(const Bound& min, const Bound& max) {
  ClampOptions options;
  if (min) options.min = min->scalar;
  if (max) options.max = max->scalar;
  return options;
}

// Beside a bound that is a tensor, a number becomes one as well, of the dtype in which they meet.
Tensor ClampBetween(const Tensor& input, const Bound& min, const Bound& max) {
  if (IsTensorBound(min) || IsTensorBound(max)) {
    const auto beside = [&](const Bound& number, const Bound& other) {
      if (!number || number->tensor.defined()) return number ? number->tensor : Tensor();
      const Tensor* both[] = {&input, &other->tensor};
      const Tensor met = Cast(input, PromotedDType(both));
      return NumberBeside(OpId::kClamp, met, number->scalar, false);
    };
    return Clamp(input, beside(min, max), beside(max, min));
  }
  return Clamp(input, NumberBounds(min, max));
}

py::object ClampItself(const py::object& self, const Bound& min, const Bound& max) {
  WithoutGil([&] {
    const Tensor& input = TensorOf(self.ptr());
    if (!IsTensorBound(min) && !IsTensorBound(max)) {
      ClampInPlace(input, NumberBounds(min, max));
      return;
    }
    const Tensor result = ClampBetween(input, min, max);
    if (CategoryOf(result.dtype()) > CategoryOf(input.dtype())) {
      ThrowInvalidArgument(absl::StrCat("clamp_: the result ", Describe(result),
                                        " cannot be written in place to ", Describe(input)));
    }
    Assign(input, result);
  });
  return self;
}

void InitPointwise(Binder bind) {
  bind.Both("masked_fill", "input, mask, value", "input, with value where the bool mask holds",
            NEURA_FN((const Tensor& x, const Tensor& mask, const TensorOrScalar& value), {
              return value.tensor.defined() ? MaskedFill(x, mask, value.tensor)
                                            : MaskedFill(x, mask, value.scalar);
            }));
  bind.Both("clamp", "input, min=None, max=None",
            "input, kept between min and max, numbers or tensors that broadcast", &ClampBetween);
  bind.Both("clamp_min", "input, min", "input, kept above min",
            NEURA_FN((const Tensor& x, const TensorOrScalar& min),
                     { return ClampBetween(x, min, std::nullopt); }));
  bind.Both("clamp_max", "input, max", "input, kept below max",
            NEURA_FN((const Tensor& x, const TensorOrScalar& max),
                     { return ClampBetween(x, std::nullopt, max); }));
  bind.Method("clamp_", "input, min=None, max=None",
              "Keeps the tensor itself between min and max, numbers or tensors that broadcast",
              &ClampItself, "Tensor");
  bind.Both(
      "isclose", "input, other, rtol=1e-05, atol=1e-08, equal_nan=False",
      "Whether |input - other| <= atol + rtol * |other| and that is finite, or both are equal",
      &IsClose);
  bind.Both("allclose", "input, other, rtol=1e-05, atol=1e-08, equal_nan=False",
            "Whether isclose() holds everywhere",
            NEURA_FN((const Tensor& x, const Tensor& y, double rtol, double atol, bool equal_nan),
                     { return All(IsClose(x, y, rtol, atol, equal_nan)).Item<bool>(); }));
  bind.Both("lerp", "input, end, weight", "input + weight * (end - input)", &Lerp);
  bind.Both("log2", "input", "Logarithm to base 2",
            NEURA_FN((const Tensor& x), { return Log(x) / std::log(2.0); }));
  bind.Both("log10", "input", "Logarithm to base 10",
            NEURA_FN((const Tensor& x), { return Log(x) / std::log(10.0); }));
  bind.Both("addcmul", "input, tensor1, tensor2, *, value=1", "input + value * tensor1 * tensor2",
            NEURA_FN((const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value),
                     { return x + Scaled(a * b, value); }));
  bind.Both("addcdiv", "input, tensor1, tensor2, *, value=1", "input + value * tensor1 / tensor2",
            NEURA_FN((const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& value),
                     { return x + Scaled(a / b, value); }));
  bind.Both("add", "input, other, *, alpha=1", "input + alpha * other",
            NEURA_FN((const TensorOrScalar& x, const TensorOrScalar& y, const Scalar& alpha), {
              TensorOrScalar both[] = {x, y};
              NumbersToTensors(OpId::kAdd, absl::MakeSpan(both));
              return Add(both[0].tensor, Scaled(both[1].tensor, alpha));
            }));
  bind.Both("sub", "input, other, *, alpha=1", "input - alpha * other",
            NEURA_FN((const TensorOrScalar& x, const TensorOrScalar& y, const Scalar& alpha), {
              TensorOrScalar both[] = {x, y};
              NumbersToTensors(OpId::kSub, absl::MakeSpan(both));
              return Sub(both[0].tensor, Scaled(both[1].tensor, alpha));
            }));
  bind.Method("add_", "input, other, *, alpha=1", "Adds alpha * other to the tensor itself",
              &ScaledInPlace<&AddInPlace>, "Tensor");
  bind.Method("sub_", "input, other, *, alpha=1", "Takes alpha * other from the tensor itself",
              &ScaledInPlace<&SubInPlace>, "Tensor");
  bind.Method("contiguous", "input",
              "The tensor itself when its elements lie in row-major order, else such a copy",
              &Contiguous);
}

void CheckRank(const char* name, const Tensor& tensor, int64_t rank) {
  if (tensor.dim() == rank) return;
  ThrowInvalidArgument(absl::StrCat(name, ": expected ", rank, " dimension", rank == 1 ? "" : "s",
                                    ", got ", Describe(tensor)));
}

// A matrix product of operands that must have the given numbers of dimensions.
template <int64_t first, int64_t second>
Tensor Product(const char* name, const Tensor& x, const Tensor& y) {
  CheckRank(name, x, first);
  CheckRank(name, y, second);
  return MatMul(x, y);
}

void InitProducts(Binder bind) {
  bind.Both("matmul", "input, other",
            "Matrix product of the last two dimensions; those before them broadcast. A vector as "
            "first input is a row, as second a column",
            &MatMul);
  bind.Both("mm", "input, mat2", "Product of two matrices",
            NEURA_FN((const Tensor& x, const Tensor& y), { return Product<2, 2>("mm", x, y); }));
  bind.Both("bmm", "input, mat2", "Products of [N, I, K] and [N, K, J]",
            NEURA_FN((const Tensor& x, const Tensor& y), { return Product<3, 3>("bmm", x, y); }));
  bind.Both("mv", "input, vec", "Product of a matrix and a vector",
            NEURA_FN((const Tensor& x, const Tensor& y), { return Product<2, 1>("mv", x, y); }));
  bind.Both("dot", "input, other", "Inner product of two vectors",
            NEURA_FN((const Tensor& x, const Tensor& y), { return Product<1, 1>("dot", x, y); }));
  bind.Both("outer", "input, vec2", "Products of all pairs of elements of two vectors",
            NEURA_FN((const Tensor& x, const Tensor& y), {
              CheckRank("outer", x, 1);
              CheckRank("outer", y, 1);
              return Unsqueeze(x, 1) * y;
            }));
  bind.Both("addmm", "input, mat1, mat2, *, beta=1, alpha=1", "beta * input + alpha * mat1 @ mat2",
            NEURA_FN((const Tensor& x, const Tensor& a, const Tensor& b, const Scalar& beta,
                      const Scalar& alpha),
                     { return x * beta + Product<2, 2>("addmm", a, b) * alpha; }));
}

// The tensor beside itself, times[d] times along each dimension; new dimensions come first.
Tensor Repeat(const Tensor& x, const Dims& times) {
  const DimsView counts = times;
  const size_t rank = x.shape().size();
  if (counts.size() < rank) {
    ThrowInvalidArgument(absl::StrCat("repeat: expected at least ", rank, " numbers for ",
                                      Describe(x), ", got ", ToString(counts)));
  }
  // At once, so that no -1 is taken for an extent to keep.
  for (int64_t count : counts) {
    if (count < 0) {
      ThrowInvalidArgument(absl::StrCat("repeat: the numbers ", ToString(counts), " for ",
                                        Describe(x), " must not be negative"));
    }
  }
  // [A, B] becomes [1, A, 1, B], that is expanded to [times, A, times, B] and joined again.
  Dims apart, expanded, joined;
  for (size_t d = 0; d < counts.size(); ++d) {
    const size_t missing = counts.size() - rank;
    const int64_t extent = d < missing ? 1 : x.shape()[d - missing];
    apart.push_back(1);
    apart.push_back(extent);
    expanded.push_back(counts[d]);
    expanded.push_back(extent);
    joined.push_back(NumElements({counts[d], extent}));
  }
  return Reshape(Expand(Reshape(x, apart), expanded), joined);
}

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
Tensor PadByPairs(const Tensor& x, const Dims& pad, const std::string& mode, const Scalar& value) {
  if (mode != "constant") {
    ThrowUnimplemented(absl::StrCat("pad: mode '", mode, "'; only 'constant' is implemented"));
  }
  const auto rank = static_cast<size_t>(x.dim());
  if (pad.size() % 2 != 0 || pad.size() / 2 > rank) {
    ThrowInvalidArgument(absl::StrCat("pad: ", pad.size(), " amounts for ", Describe(x),
                                      "; give two for each dimension, the last one first"));
  }
  PadOptions options{.before = Dims(rank, 0), .after = Dims(rank, 0), .value = value};
  Tensor cropped = x;
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const size_t d = rank - 1 - i;
    options.before[d] = std::max<int64_t>(pad[2 * i], 0);
    options.after[d] = std::max<int64_t>(pad[2 * i + 1], 0);
    // Negative amounts are taken away.
    const int64_t first = options.before[d] - pad[2 * i], last = options.after[d] - pad[2 * i + 1];
    if (first > 0 || last > 0) {
      const auto dim = static_cast<int64_t>(d);
      cropped = Narrow(cropped, dim, first, cropped.size(dim) - first - last);
    }
  }
  return Pad(cropped, options);
}

void InitShape(Binder bind) {
  bind.Method("repeat", "input, *repeats",
              "The tensor beside itself, so many times along each dimension", &Repeat);
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
  bind.Both(
      "t", "input", "The transpose of a matrix", NEURA_FN((const Tensor& x), {
        if (x.dim() > 2) {
          ThrowInvalidArgument(absl::StrCat("t: expected at most 2 dimensions, got ", Describe(x)));
        }
        return x.dim() < 2 ? x : Transpose(x, 0, 1);
      }));
  bind.Both("narrow", "input, dim, start, length", "length elements of dim from start on", &Narrow);
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
            NEURA_FN((const Tensor& x, const py::object& size, int64_t dim), {
              return py::reinterpret_steal<py::object>(ToPython(SplitBy(x, size, dim)));
            }));
  bind.Both("chunk", "input, chunks, dim=0", "At most chunks views of equal size, except the last",
            &Chunk);
  bind.Both("unbind", "input, dim=0", "The slices of dim, which disappears",
            NEURA_FN((const Tensor& x, int64_t dim), {
              std::vector<Tensor> slices;
              for (int64_t i = 0; i < x.size(dim); ++i) slices.push_back(Select(x, dim, i));
              return slices;
            }));
}

void InitActivations(Binder bind) {
  bind("elu", "input, alpha=1.0", "x where positive, alpha * (exp(x) - 1) elsewhere",
       NEURA_FN((const Tensor& x, double alpha), {
         // The exponential of what is positive could overflow, and its gradient become NaN.
         return Relu(x) + alpha * Expm1(Clamp(x, {.max = 0}));
       }));
  bind("relu6", "input", "input, kept between 0 and 6",
       NEURA_FN((const Tensor& x), { return Clamp(x, {.min = 0, .max = 6, .open = true}); }));
  bind("hardtanh", "input, min_val=-1.0, max_val=1.0", "input, kept between min_val and max_val",
       NEURA_FN((const Tensor& x, const Scalar& min, const Scalar& max), {
         // Unlike clamp it keeps integers.
         const auto bound = [&x](const Scalar& value) {
           return IsIntegral(x.dtype()) ? Scalar(value.To<int64_t>()) : value;
         };
         return Clamp(x, {.min = bound(min), .max = bound(max), .open = true});
       }));
  bind(
      "softplus", "input, beta=1.0, threshold=20.0",
      "log(1 + exp(beta * input)) / beta, and input itself where beta * input is above a threshold "
      "below 20, from which on they differ by nothing",
      NEURA_FN((const Tensor& x, double beta, double threshold), {
        const Tensor scaled = beta == 1 ? x : x * beta;
        const Tensor soft = beta == 1 ? Softplus(x) : Softplus(scaled) / beta;
        return threshold < 20 ? Where(scaled > threshold, x, soft) : soft;
      }));
  bind("dropout", "input, p=0.5, training=True, inplace=False",
       "While training, zeros elements with probability p and scales the others by 1 / (1 - p)",
       NEURA_FN((const py::object& x, double p, bool training, bool),
                {
                  if (!IsTensor(x.ptr())) {
                    ThrowTypeError(absl::StrCat("dropout(): argument 'input' must be Tensor, not ",
                                                Py_TYPE(x.ptr())->tp_name));
                  }
                  const Tensor& input = TensorOf(x.ptr());
                  const Tensor result = WithoutGil([&] { return Dropout(input, p, training); });
                  // The object itself where nothing is to be done.
                  return IsSame(result, input) ? x : py::cast(result);
                }),
       "Tensor");
  bind("logsigmoid", "input", "log(sigmoid(input)), without underflow",
       NEURA_FN((const Tensor& x), { return -Softplus(-x); }));
  bind("embedding", "input, weight", "The rows of weight that the integers of input name",
       NEURA_FN((const Tensor& indices, const Tensor& weight), {
         CheckRank("embedding", weight, 2);
         Dims shape(indices.shape().begin(), indices.shape().end());
         shape.push_back(weight.size(1));
         return Reshape(IndexSelect(weight, 0, Reshape(indices, {-1})), shape);
       }));
}

void InitLosses(Binder bind) {
  bind("cross_entropy",
       "input, target, weight=None, ignore_index=-100, reduction='mean', label_smoothing=0.0",
       "-log(softmax(input)[target]), for class indices or probabilities",
       NEURA_FN((const Tensor& input, const Tensor& target, const OptTensor& weight,
                 int64_t ignore_index, const std::string& reduction, double label_smoothing),
                {
                  return nn::CrossEntropy(input, target,
                                          {.weight = weight.value_or(Tensor()),
                                           .ignore_index = ignore_index,
                                           .reduction = reduction,
                                           .label_smoothing = label_smoothing});
                }));
  bind("nll_loss", "input, target, weight=None, ignore_index=-100, reduction='mean'",
       "-input[target], for log-probabilities and class indices",
       NEURA_FN((const Tensor& input, const Tensor& target, const OptTensor& weight,
                 int64_t ignore_index, const std::string& reduction),
                {
                  return nn::Nll(input, target,
                                 {.weight = weight.value_or(Tensor()),
                                  .ignore_index = ignore_index,
                                  .reduction = reduction});
                }));
  bind("mse_loss", "input, target, reduction='mean'", "(input - target)^2",
       NEURA_FN((const Tensor& input, const Tensor& target, const std::string& reduction),
                { return nn::Mse(input, target, {.reduction = reduction}); }));
  bind("l1_loss", "input, target, reduction='mean'", "|input - target|",
       NEURA_FN((const Tensor& input, const Tensor& target, const std::string& reduction),
                { return nn::L1(input, target, {.reduction = reduction}); }));
  bind("smooth_l1_loss", "input, target, reduction='mean', beta=1.0",
       "d^2 / (2 beta) for distances d below beta, d - beta / 2 above",
       NEURA_FN(
           (const Tensor& input, const Tensor& target, const std::string& reduction, double beta),
           { return nn::SmoothL1(input, target, {.reduction = reduction, .beta = beta}); }));
  bind("binary_cross_entropy", "input, target, weight=None, reduction='mean'",
       "-(target * log(input) + (1 - target) * log(1 - input)), with logarithms of at least -100",
       NEURA_FN((const Tensor& input, const Tensor& target, const OptTensor& weight,
                 const std::string& reduction),
                {
                  return nn::BinaryCrossEntropy(
                      input, target, {.weight = weight.value_or(Tensor()), .reduction = reduction});
                }));
  bind("binary_cross_entropy_with_logits",
       "input, target, weight=None, reduction='mean', pos_weight=None",
       "binary_cross_entropy of sigmoid(input), without overflow",
       NEURA_FN((const Tensor& input, const Tensor& target, const OptTensor& weight,
                 const std::string& reduction, const OptTensor& pos_weight),
                {
                  return nn::BinaryCrossEntropyWithLogits(
                      input, target,
                      {.weight = weight.value_or(Tensor()),
                       .pos_weight = pos_weight.value_or(Tensor()),
                       .reduction = reduction});
                }));
}

Tensor ConvTranspose2d(const Tensor& x, const Tensor& weight, const OptTensor& bias,
                       const Size2& stride, const Size2& padding, const Size2& output_padding,
                       int64_t groups, const Size2& dilation) {
  CheckRank("conv_transpose2d", x, 4);
  CheckRank("conv_transpose2d", weight, 4);
  const auto extent = [&](int64_t dim, int64_t Size2::*side) {
    return (x.size(dim) - 1) * stride.*side - 2 * padding.*side +
           dilation.*side * (weight.size(dim) - 1) + output_padding.*side + 1;
  };
  const Tensor result =
      Conv2dInputGrad(x, weight,
                      {.size = Size2(extent(2, &Size2::height), extent(3, &Size2::width)),
                       .stride = stride,
                       .padding = padding,
                       .dilation = dilation,
                       .groups = groups});
  return bias ? result + Reshape(*bias, {1, -1, 1, 1}) : result;
}

void InitFunctional(Binder bind) {
  bind("linear", "input, weight, bias=None", "input @ weight.T + bias",
       NEURA_FN((const Tensor& x, const Tensor& weight, const OptTensor& bias),
                { return Linear(x, weight, bias.value_or(Tensor())); }));
  bind("conv_transpose2d",
       "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
       "The transpose of conv2d for [N, C, H, W] and a weight [C, O / groups, KH, KW]",
       &ConvTranspose2d);
  bind("max_pool2d", "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False",
       "Largest element of each window of [N, C, H, W]",
       NEURA_FN((const Tensor& x, const Size2& kernel_size, const std::optional<Size2>& stride,
                 const Size2& padding, const Size2& dilation, bool ceil_mode),
                {
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
       NEURA_FN((const Tensor& x, const Dims& shape, const OptTensor& weight, const OptTensor& bias,
                 double eps),
                {
                  const DimsView view = shape;
                  if (x.shape().size() < view.size() || x.shape().last(view.size()) != view) {
                    ThrowInvalidArgument(absl::StrCat("layer_norm: the last dimensions of ",
                                                      Describe(x), " must be ", ToString(view)));
                  }
                  return LayerNorm(x, weight.value_or(Tensor()), bias.value_or(Tensor()),
                                   {.num_dims = static_cast<int64_t>(view.size()), .eps = eps})
                      .output;
                }));
}

}  // namespace

void InitComposites(py::module_& m, py::module_& functional) {
  const Binder bind(m, "");
  InitReductions(bind);
  InitPointwise(bind);
  InitShape(bind);
  InitProducts(bind);
  InitActivations(Binder(functional, "nn.functional"));
  InitFunctional(Binder(functional, "nn.functional"));
  InitLosses(Binder(functional, "nn.functional"));
}

}  // namespace neura::python
