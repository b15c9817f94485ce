// Functions that are made of operations: the rows of composites.inc, and those whose arguments or
// results are of many types.
#include "neura/python/extension/composites.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/special/special.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

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
  return py::reinterpret_steal<py::object>(
      ToPython(WithoutGil([&] { return Along(input, along, keepdim); })));
}

// Of all elements, or along a dimension with their places.
template <ValuesAndIndices (*Along)(const Tensor&, int64_t, bool)>
py::object MedianFrom(const Tensor& input, const std::optional<int64_t>& dim, bool keepdim) {
  if (dim) {
    return py::reinterpret_steal<py::object>(
        ToPython(WithoutGil([&] { return Along(input, *dim, keepdim); })));
  }
  return py::cast(WithoutGil([&] {
    const Tensor all = Ravel(input);
    // Of nothing, as in PyTorch, NaN.
    if (all.numel() == 0 && IsFloating(all.dtype())) return Mean(all);
    return Along(all, 0, false).values;
  }));
}

// How many elements less than there are a sum of squares is divided by. var(x, unbiased) has the
// truth in the place of dim.
int64_t Correction(const DimsOrFlag& dim, const std::optional<bool>& unbiased,
                   const std::optional<int64_t>& correction) {
  if (dim.flag) return *dim.flag;
  return unbiased ? int64_t{*unbiased} : correction.value_or(1);
}

template <Tensor (*function)(const Tensor&, const ReduceOptions&, int64_t)>
Tensor SpreadFrom(const Tensor& input, const DimsOrFlag& dim, const std::optional<bool>& unbiased,
                  bool keepdim, const std::optional<int64_t>& correction) {
  return function(input, {.dims = dim.dims.value_or(Dims{}), .keepdim = keepdim},
                  Correction(dim, unbiased, correction));
}

template <std::vector<Tensor> (*function)(const Tensor&, const std::optional<Dims>&, bool, int64_t)>
std::vector<Tensor> SpreadAndMeanFrom(const Tensor& input, const DimsOrFlag& dim,
                                      const std::optional<bool>& unbiased, bool keepdim,
                                      const std::optional<int64_t>& correction) {
  return function(input, dim.dims, keepdim, Correction(dim, unbiased, correction));
}

void InitReductions(Binder bind) {
  const char* const spread = "input, dim=None, unbiased=None, keepdim=False, *, correction=1";
  bind.Both("var", spread,
            "Sum of squared deviations from the mean, over the count less correction; "
            "unbiased=False is a correction of 0, and may stand in the place of dim",
            &SpreadFrom<&Var>);
  bind.Both("std", spread, "Square root of var", &SpreadFrom<&Std>);
  bind("var_mean", spread, "var and mean", &SpreadAndMeanFrom<&VarMean>);
  bind("std_mean", spread, "std and mean", &SpreadAndMeanFrom<&StdMean>);
  bind.Both("max", "input, dim=None, keepdim=False",
            "The largest element; along dim, a named tuple (values, indices); beside a tensor, "
            "maximum",
            &Extremum<AMax, Max, Maximum>);
  bind.Both("median", "input, dim=None, keepdim=False",
            "The lower of the middle elements, NaN where there is one; along dim, a named tuple "
            "(values, indices)",
            &MedianFrom<&Median>);
  bind.Both("nanmedian", "input, dim=None, keepdim=False", "median of what is not NaN",
            &MedianFrom<&NanMedian>);
  bind.Both("min", "input, dim=None, keepdim=False",
            "The smallest element; along dim, a named tuple (values, indices); beside a tensor, "
            "minimum",
            &Extremum<AMin, Min, Minimum>);
}

// A function whose first argument is a tensor, with its result written over that.
template <const char* kName, auto kFunction, typename First, typename... Args>
constexpr auto OverItself(Tensor (*)(First, Args...)) {
  return +[](const py::object& self, Args... args) {
    WithoutGil([&] {
      const Tensor& input = TensorOf(self.ptr());
      AssignResult(kName, input, kFunction(input, args...));
    });
    return self;
  };
}

template <Tensor (*function)(const Tensor&, const Operand&, const Scalar&)>
py::object ScaledItself(const py::object& self, const Operand& other, const Scalar& alpha) {
  WithoutGil([&] { function(TensorOf(self.ptr()), other, alpha); });
  return self;
}

py::object ClampItself(const py::object& self, const std::optional<Operand>& min,
                       const std::optional<Operand>& max) {
  WithoutGil([&] { ClampBetweenInPlace(TensorOf(self.ptr()), min, max); });
  return self;
}

py::object DivideItself(const py::object& self, const Operand& other,
                        const std::optional<std::string>& rounding_mode) {
  WithoutGil([&] {
    const Tensor& input = TensorOf(self.ptr());
    if (rounding_mode) {
      AssignResult("div_", input, DivRounded(input, other, rounding_mode));
    } else if (other.is_tensor) {
      DivInPlace(input, other.tensor);
    } else {
      DivInPlace(input, other.scalar);
    }
  });
  return self;
}

py::object RoundItself(const py::object& self, int64_t decimals) {
  WithoutGil([&] {
    const Tensor& input = TensorOf(self.ptr());
    decimals == 0 ? RoundInPlace(input) : AssignResult("round_", input, RoundTo(input, decimals));
  });
  return self;
}

std::vector<Tensor> SplitBy(const Tensor& x, const py::object& size, int64_t dim) {
  int64_t each = 0;
  if (FromPython(size.ptr(), &each)) return Split(x, each, dim);
  Dims sizes;
  if (!FromPython(size.ptr(), &sizes)) {
    ThrowTypeError("split(): argument 'split_size_or_sections' must be int or a sequence of ints");
  }
  return Split(x, DimsView(sizes), dim);
}

std::vector<Tensor> TensorSplitBy(const Tensor& x, const py::object& by, int64_t dim) {
  int64_t sections = 0;
  Dims indices;
  const py::object given = IsTensor(by.ptr()) ? by.attr("tolist")() : by;
  if (FromPython(given.ptr(), &sections)) return TensorSplit(x, sections, dim);
  if (!FromPython(given.ptr(), &indices)) {
    ThrowTypeError(
        "tensor_split(): argument 'indices_or_sections' must be int or a sequence of ints");
  }
  return TensorSplitAt(x, indices, dim);
}

py::object InterpolateFrom(const Tensor& input, const std::optional<Dims>& size,
                           const py::object& scale_factor, const std::string& mode,
                           const std::optional<bool>& align_corners,
                           const std::optional<bool>& recompute_scale_factor) {
  InterpolateOptions options{.size = size,
                             .mode = mode,
                             .align_corners = align_corners.value_or(false),
                             .recompute_scale_factor = recompute_scale_factor.value_or(false)};
  double factor = 0;
  if (FromPython(scale_factor.ptr(), &factor)) {
    options.scale_factor = {factor};
  } else if (!FromPython(scale_factor.ptr(), &options.scale_factor)) {
    ThrowTypeError("interpolate(): argument 'scale_factor' must be a number or numbers");
  }
  return py::cast(WithoutGil([&] { return Interpolate(input, options); }));
}

// The last dimensions of one with the first ones of the other, or two lists of them.
Tensor TensorDotBy(const Tensor& a, const Tensor& b, const py::object& by) {
  Dims of_a, of_b;
  int64_t count = 0;
  if (FromPython(by.ptr(), &count)) {
    if (count < 0 || count > std::min(a.dim(), b.dim())) {
      ThrowInvalidArgument(
          absl::StrCat("tensordot: dims = ", count, " of ", Describe(a), " and ", Describe(b)));
    }
    for (int64_t i = 0; i < count; ++i) {
      of_a.push_back(a.dim() - count + i);
      of_b.push_back(i);
    }
  } else {
    const bool two = py::isinstance<py::sequence>(by) && py::len(by) == 2;
    if (!two || !FromPython(py::object(by[py::int_(0)]).ptr(), &of_a) ||
        !FromPython(py::object(by[py::int_(1)]).ptr(), &of_b)) {
      ThrowTypeError("tensordot(): argument 'dims' must be an integer or two lists of integers");
    }
  }
  return TensorDot(a, b, of_a, of_b);
}

// The factors and pivots; with get_infos also what is wrong with them, which else is an error.
py::object LuBy(const Tensor& input, bool pivot, bool get_infos) {
  const linalg::LuFactorExResult factors =
      WithoutGil([&] { return linalg::LuFactorEx(input, pivot, !get_infos); });
  return py::reinterpret_steal<py::object>(
      get_infos ? ToPython(factors) : ToPython(linalg::LuFactorResult{factors.LU, factors.pivots}));
}

// What writes over a tensor, or gives other results for other types of arguments.
void InitOthers(Binder bind, Binder functional) {
  bind.Method("clamp_", "input, min=None, max=None",
              "Keeps the tensor itself between min and max, numbers or tensors that broadcast",
              &ClampItself, "Tensor");
  bind.Method("add_", "input, other, *, alpha=1", "Adds alpha * other to the tensor itself",
              &ScaledItself<&AddScaledInPlace>, "Tensor");
  bind.Method("sub_", "input, other, *, alpha=1", "Takes alpha * other from the tensor itself",
              &ScaledItself<&SubScaledInPlace>, "Tensor");
  bind.Method("div_", "input, other, *, rounding_mode=None",
              "Divides the tensor itself by other, as div() does", &DivideItself, "Tensor");
  bind.Method("round_", "input, *, decimals=0", "Rounds the tensor itself, as round() does",
              &RoundItself, "Tensor");
  bind.Both("split", "input, split_size_or_sections, dim=0",
            "Views of that many slices each, or of the given numbers of slices",
            NEURA_FN((const Tensor& x, const py::object& size, int64_t dim), {
              return py::reinterpret_steal<py::object>(ToPython(SplitBy(x, size, dim)));
            }));
  functional(
      "interpolate",
      "input, size=None, scale_factor=None, mode='nearest', align_corners=None, "
      "recompute_scale_factor=None",
      "[N, C, ...] resampled to size, or times scale_factor, numbers or one for each spatial "
      "dimension; mode is 'nearest', 'nearest-exact', 'linear', 'bilinear', 'bicubic', "
      "'trilinear' or 'area'",
      &InterpolateFrom, "Tensor");
  bind.Both("tensor_split", "input, indices_or_sections, dim=0",
            "Views of that many parts, the first ones longer by one where they have to be, or cut "
            "before each index",
            NEURA_FN((const Tensor& x, const py::object& by, int64_t dim), {
              return py::reinterpret_steal<py::object>(ToPython(TensorSplitBy(x, by, dim)));
            }));
  bind.Both("lu", "input, pivot=True, get_infos=False",
            "(LU, pivots) of linalg.lu_factor, or (LU, pivots, info) of linalg.lu_factor_ex",
            &LuBy);
  bind("tensordot", "a, b, dims=2",
       "Sums of products over the last dims dimensions of a and the first ones of b, or over two "
       "lists of dimensions",
       NEURA_FN((const Tensor& a, const Tensor& b, const py::object& dims),
                { return py::cast(TensorDotBy(a, b, dims)); }),
       "Tensor");
  bind.Both("nonzero", "input, as_tuple=False",
            "The positions of the elements that are not zero: int64 [count, dims], or a tuple of "
            "columns, for which a number is a vector of one element",
            NEURA_FN((const Tensor& x, bool as_tuple), {
              const auto columns = [&] { return Unbind(NonZero(x.dim() == 0 ? Ravel(x) : x), 1); };
              const auto rows = [&] { return NonZero(x); };
              return py::reinterpret_steal<py::object>(as_tuple ? ToPython(WithoutGil(columns))
                                                                : ToPython(WithoutGil(rows)));
            }));
  functional(
      "dropout", "input, p=0.5, training=True, inplace=False",
      "While training, zeros elements with probability p and scales the others by "
      "1 / (1 - p)",
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
}

// The rows.
void InitRows(Binder bind, Binder functional) {
  const auto both = [&](auto... row) { bind.Both(row...); };
  const auto function = [&](auto... row) { bind(row...); };
  const auto method = [&](auto... row) { bind.Method(row...); };
#define NEURA_COMPOSITE(where, Result, Name, name, parameters, python_parameters, doc) \
  NEURA_BIND_##where(Name, name, python_parameters, doc)
#define NEURA_BIND_both(Name, name, parameters, doc) both(#name, parameters, doc, &Name);
#define NEURA_BIND_function(Name, name, parameters, doc) function(#name, parameters, doc, &Name);
#define NEURA_BIND_method(Name, name, parameters, doc) method(#name, parameters, doc, &Name);
#define NEURA_BIND_functional(Name, name, parameters, doc) \
  functional(#name, parameters, doc, &Name);
#define NEURA_BIND_itself(Name, name, parameters, doc)                                    \
  both(#name, parameters, doc, &Name);                                                    \
  {                                                                                       \
    static constexpr char kItself[] = #name "_";                                          \
    method(kItself, parameters, "The result of " #name " written over the tensor itself", \
           OverItself<kItself, &Name>(&Name), "Tensor");                                  \
  }
#define NEURA_COMPOSITE_AS(where, name, python_parameters, function, doc) \
  where(#name, python_parameters, doc, function);
#include "neura/tensor/ops/composites.inc"
}

}  // namespace

void InitComposites(py::module_& m, py::module_& functional) {
  const Binder bind(m, ""), in_functional(functional, "nn.functional");
  InitRows(bind, in_functional);
  InitReductions(bind);
  InitOthers(bind, in_functional);
}

}  // namespace neura::python
