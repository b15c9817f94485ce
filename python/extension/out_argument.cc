#include "neura/python/extension/out_argument.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

void WriteOne(const std::string& function, const Tensor& result, PyObject* out) {
  if (!IsTensor(out)) {
    ThrowTypeError(
        absl::StrCat(function, "(): argument 'out' must be Tensor, not ", Py_TYPE(out)->tp_name));
  }
  const Tensor target = TensorOf(out);
  if (RequiresGrad(result) || (GradEnabled() && RequiresGrad(target))) {
    ThrowFailedPrecondition(absl::StrCat(
        function, "(): out= takes no result that requires a gradient, nor a tensor that does"));
  }
  if (CategoryOf(result.dtype()) > CategoryOf(target.dtype())) {
    ThrowInvalidArgument(absl::StrCat(function, "(): the result ", Describe(result),
                                      " cannot be written into out, which is ", Describe(target)));
  }
  if (result.shape() == target.shape()) {
    Assign(target, result);
    return;
  }
  if (target.numel() > 0 &&
      PyErr_WarnEx(
          PyExc_UserWarning,
          absl::StrCat("An output with one or more elements was resized since it had shape ",
                       ToString(target.shape()),
                       ", which does not match the required output shape ",
                       ToString(result.shape()),
                       ". Reuse of such a tensor is deprecated: resize it to no elements "
                       "first, t.resize_(0)")
              .c_str(),
          1) < 0) {
    throw py::error_already_set();
  }
  ReplaceTensor(out, Cast(result, target.dtype()));
}

}  // namespace

bool TakesOut(std::string_view result) {
  return result == "Tensor" || absl::StartsWith(result, "tuple[Tensor");
}

void CheckOut(const std::string& function, std::string_view result, PyObject* out) {
  const bool one = result == "Tensor";
  if (one ? IsTensor(out) : PyTuple_Check(out) || PyList_Check(out)) return;
  ThrowTypeError(absl::StrCat(function, "(): argument 'out' must be ",
                              one ? "Tensor" : "Sequence[Tensor]", ", not ",
                              Py_TYPE(out)->tp_name));
}

PyObject* WriteOut(const std::string& function, PyObject* result, PyObject* out) {
  const auto owned = py::reinterpret_steal<py::object>(result);
  if (IsTensor(result)) {
    WriteOne(function, TensorOf(result), out);
    return Py_NewRef(out);
  }
  const bool sequence = PyTuple_Check(out) || PyList_Check(out);
  if (!PyTuple_Check(result) || !sequence || PySequence_Size(out) != PyTuple_GET_SIZE(result)) {
    ThrowTypeError(absl::StrCat(function,
                                "(): argument 'out' must be as many tensors as there are ",
                                "results, in a tuple"));
  }
  const auto outs = py::reinterpret_steal<py::object>(PySequence_Tuple(out));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(result); ++i) {
    PyObject* const each = PyTuple_GET_ITEM(result, i);
    if (!IsTensor(each)) {
      ThrowTypeError(absl::StrCat(function, "(): takes no argument 'out'"));
    }
    WriteOne(function, TensorOf(each), PyTuple_GET_ITEM(outs.ptr(), i));
  }
  // Named tuples are made of positions, others of a sequence.
  const py::object type = py::type::of(owned);
  return (py::hasattr(type, "_make") ? type.attr("_make")(outs) : type(outs)).release().ptr();
}

}  // namespace neura::python
