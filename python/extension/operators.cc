#include "neura/python/extension/operators.h"

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/convert.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/pointwise_type.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

Tensor TensorOrArray(PyObject* object) {
  return IsTensor(object)
             ? TensorOf(object)
             : TensorFromData(py::reinterpret_borrow<py::object>(object), std::nullopt);
}

template <OpId op>
PyObject* Binary(PyObject* a, PyObject* b) {
  return Guarded([&]() -> PyObject* {
    if (IsTensor(a) && IsTensor(b)) {
      const Tensor &x = TensorOf(a), &y = TensorOf(b);
      return ToPython(WithoutGil([&] { return neura::CallAny(op, nullptr, x, y); }));
    }
    if (IsNumpyArray(a) || IsNumpyArray(b)) {
      const Tensor x = TensorOrArray(a), y = TensorOrArray(b);
      return ToPython(WithoutGil([&] { return neura::CallAny(op, nullptr, x, y); }));
    }
    const bool tensor_first = IsTensor(a);
    if (!tensor_first && !IsTensor(b)) Py_RETURN_NOTIMPLEMENTED;
    Scalar number;
    if (!FromPython(tensor_first ? b : a, &number)) Py_RETURN_NOTIMPLEMENTED;
    const Tensor& tensor = TensorOf(tensor_first ? a : b);
    return ToPython(WithoutGil([&] {
      const NumberTensor beside = NumberBeside(op, tensor, number, !tensor_first);
      const Tensor& other = beside;
      return tensor_first ? neura::CallAny(op, nullptr, tensor, other)
                          : neura::CallAny(op, nullptr, other, tensor);
    }));
  });
}

template <OpId op>
PyObject* InPlace(PyObject* a, PyObject* b) {
  return Guarded([&]() -> PyObject* {
    const Tensor& target = TensorOf(a);
    if (IsTensor(b)) {
      const Tensor& source = TensorOf(b);
      WithoutGil([&] { DispatchInPlace(op, nullptr, {&target, &source}); });
      return Py_NewRef(a);
    }
    Scalar number;
    if (!FromPython(b, &number)) Py_RETURN_NOTIMPLEMENTED;
    WithoutGil([&] {
      const NumberTensor beside = NumberBeside(op, target, number, false);
      const Tensor& other = beside;
      DispatchInPlace(op, nullptr, {&target, &other});
    });
    return Py_NewRef(a);
  });
}

template <OpId op>
PyObject* Unary(PyObject* a) {
  return Guarded([&] {
    return ToPython(WithoutGil([&] { return neura::CallAny(op, nullptr, TensorOf(a)); }));
  });
}

PyObject* Power(PyObject* a, PyObject* b, PyObject*) {
  // A number of a higher category than the tensor's raises its dtype: no square of the tensor.
  const bool square =
      IsTensor(a) &&
      ((PyFloat_CheckExact(b) && PyFloat_AS_DOUBLE(b) == 2.0 &&
        IsDifferentiable(TensorOf(a).dtype())) ||
       (PyLong_CheckExact(b) && PyLong_AsLong(b) == 2 && TensorOf(a).dtype() != kBool));
  PyErr_Clear();  // an integer beyond long
  return square ? Unary<op::kSquare>(a) : Binary<op::kPow>(a, b);
}

PyObject* Positive(PyObject* a) { return Py_NewRef(a); }

// Not the bare operation, which knows no vectors.
PyObject* MatrixMultiply(PyObject* a, PyObject* b) {
  return Guarded([&]() -> PyObject* {
    if (!IsTensor(a) || !IsTensor(b)) Py_RETURN_NOTIMPLEMENTED;
    const Tensor &x = TensorOf(a), &y = TensorOf(b);
    return ToPython(WithoutGil([&] { return MatMul(x, y); }));
  });
}

PyObject* Compare(PyObject* a, PyObject* b, int comparison) {
  switch (comparison) {
    case Py_LT:
      return Binary<op::kLt>(a, b);
    case Py_LE:
      return Binary<op::kLe>(a, b);
    case Py_EQ:
      return Binary<op::kEq>(a, b);
    case Py_NE:
      return Binary<op::kNe>(a, b);
    case Py_GT:
      return Binary<op::kGt>(a, b);
    default:
      return Binary<op::kGe>(a, b);
  }
}

Scalar ItemOf(PyObject* self, const char* what) {
  const Tensor& tensor = TensorOf(self);
  if (tensor.numel() != 1) {
    ThrowInvalidArgument(absl::StrCat(what, " of ", Describe(tensor),
                                      ": only a tensor of one element has one; use any(), all() "
                                      "or tolist()"));
  }
  return tensor.ItemScalar();
}

int Truth(PyObject* self) {
  return Guarded([&]() -> int { return ItemOf(self, "the truth value").To<bool>(); }, -1);
}
PyObject* ToFloat(PyObject* self) {
  return Guarded([&]() -> PyObject* {
    if (IsComplex(TensorOf(self).dtype())) {
      ThrowTypeError(
          absl::StrCat("a complex number is no float: take .real, of ", Describe(TensorOf(self))));
    }
    return PyFloat_FromDouble(ItemOf(self, "float()").To<double>());
  });
}
PyObject* ToInt(PyObject* self) {
  return Guarded([&]() -> PyObject* {
    const auto item = py::reinterpret_steal<py::object>(ToPython(ItemOf(self, "int()")));
    return PyNumber_Long(item.ptr());
  });
}
PyObject* ToIndex(PyObject* self) {
  return Guarded([&]() -> PyObject* {
    if (!IsIntegral(TensorOf(self).dtype()) && TensorOf(self).dtype() != kBool) {
      ThrowTypeError(absl::StrCat("only integer tensors of one element can be an index, not ",
                                  Describe(TensorOf(self))));
    }
    return ToPython(ItemOf(self, "an index").To<int64_t>());
  });
}

PyObject* Repr(PyObject* self) {
  return Guarded([&]() -> PyObject* {
    const py::object print = py::module_::import("neura._printing").attr("tensor_repr");
    return print(py::handle(self)).release().ptr();
  });
}

const PyType_Slot kSlots[] = {
#define NEURA_SLOT(slot, function) {Py_##slot, reinterpret_cast<void*>(function)},
    NEURA_SLOT(nb_add, Binary<op::kAdd>) NEURA_SLOT(nb_subtract, Binary<op::kSub>) NEURA_SLOT(
        nb_multiply, Binary<op::kMul>) NEURA_SLOT(nb_true_divide, Binary<op::kDiv>)
        NEURA_SLOT(nb_floor_divide, Binary<op::kFloorDivide>) NEURA_SLOT(
            nb_remainder, Binary<op::kRemainder>) NEURA_SLOT(nb_matrix_multiply, MatrixMultiply)
            NEURA_SLOT(nb_power, Power) NEURA_SLOT(nb_inplace_add, InPlace<op::kAdd>) NEURA_SLOT(
                nb_inplace_subtract, InPlace<op::kSub>)
                NEURA_SLOT(nb_inplace_multiply, InPlace<op::kMul>) NEURA_SLOT(
                    nb_inplace_true_divide, InPlace<op::kDiv>) NEURA_SLOT(nb_inplace_floor_divide,
                                                                          InPlace<op::kFloorDivide>)
                    NEURA_SLOT(nb_inplace_remainder, InPlace<op::kRemainder>) NEURA_SLOT(
                        nb_negative, Unary<op::kNeg>) NEURA_SLOT(nb_positive, Positive)
                        NEURA_SLOT(nb_absolute, Unary<op::kAbs>) NEURA_SLOT(nb_invert,
                                                                            Unary<op::kBitwiseNot>)
                            NEURA_SLOT(nb_and, Binary<op::kBitwiseAnd>) NEURA_SLOT(
                                nb_or, Binary<op::kBitwiseOr>) NEURA_SLOT(nb_xor,
                                                                          Binary<op::kBitwiseXor>)
                                NEURA_SLOT(nb_lshift, Binary<op::kBitwiseLeftShift>) NEURA_SLOT(
                                    nb_rshift, Binary<op::kBitwiseRightShift>)
                                    NEURA_SLOT(nb_inplace_and, InPlace<op::kBitwiseAnd>) NEURA_SLOT(
                                        nb_inplace_or, InPlace<op::kBitwiseOr>)
                                        NEURA_SLOT(nb_inplace_xor, InPlace<op::kBitwiseXor>)
                                            NEURA_SLOT(nb_inplace_lshift,
                                                       InPlace<op::kBitwiseLeftShift>)
                                                NEURA_SLOT(nb_inplace_rshift,
                                                           InPlace<op::kBitwiseRightShift>)
                                                    NEURA_SLOT(nb_bool, Truth) NEURA_SLOT(
                                                        nb_float, ToFloat) NEURA_SLOT(nb_int, ToInt)
                                                        NEURA_SLOT(nb_index, ToIndex)
                                                            NEURA_SLOT(tp_richcompare, Compare)
                                                                NEURA_SLOT(tp_repr, Repr)
#undef NEURA_SLOT
};

}  // namespace

absl::Span<const PyType_Slot> OperatorSlots() { return kSlots; }

}  // namespace neura::python
