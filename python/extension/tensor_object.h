// The Python type neura.Tensor, and its way through pybind11.
//
// It is a plain Python type rather than a pybind11 class: making and reading one costs an
// allocation and a pointer, which is what small operations are made of.
#ifndef NEURA_PYTHON_EXTENSION_TENSOR_OBJECT_H_
#define NEURA_PYTHON_EXTENSION_TENSOR_OBJECT_H_

#include <pybind11/pybind11.h>

#include <utility>

#include "neura/tensor/core/tensor.h"

namespace neura::python {

struct TensorObject {
  PyObject_HEAD;
  Tensor tensor;
  PyObject* weak_references;
};

// The base type; set by InitTensorType.
extern PyTypeObject* g_tensor_type;

// Of tensors that stand for parameters that are still to come; null until the package is imported.
extern PyTypeObject* g_uninitialized_type;

// Throws ValueError for such a one, which nothing can be computed with.
inline void CheckInitialized(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  if (type == g_tensor_type || g_uninitialized_type == nullptr) return;
  if (PyType_IsSubtype(type, g_uninitialized_type) == 0) return;
  throw pybind11::value_error(
      "attempted to use an uninitialized parameter: call its lazy module once, with an input such "
      "as it will get, before computing with its parameters");
}

inline bool IsTensor(PyObject* object) {
  return Py_TYPE(object) == g_tensor_type || PyType_IsSubtype(Py_TYPE(object), g_tensor_type);
}
// `object` must be a tensor.
inline const Tensor& TensorOf(PyObject* object) {
  return reinterpret_cast<TensorObject*>(object)->tensor;
}

// A new reference; None for an undefined tensor. A leaf that requires a gradient keeps its Python
// object for as long as that lives: `model.weight is model.weight`.
PyObject* ToPython(Tensor tensor);
// A new object of `type`, a subclass of neura.Tensor, over the same tensor.
PyObject* NewTensorObject(PyTypeObject* type, Tensor tensor);
// Makes the object one over another tensor; what else holds its former tensor keeps that. Throws
// FailedPrecondition where that is a leaf with a gradient to come.
void ReplaceTensor(PyObject* object, Tensor tensor);
// A new reference to the object that a tensor has kept, or null.
PyObject* KnownObject(const Tensor& tensor);
// Makes ToPython give this object for its tensor from now on.
void KeepIdentity(PyObject* object);

// Adds the type to the module, with everything that the tables of functions hold for it.
void InitTensorType(pybind11::module_& m);

}  // namespace neura::python

namespace pybind11::detail {

// None stands for an undefined tensor.
template <>
struct type_caster<neura::Tensor> {
  PYBIND11_TYPE_CASTER(neura::Tensor, const_name("Tensor"));
  bool load(handle source, bool) {
    if (source.is_none()) return true;
    if (!neura::python::IsTensor(source.ptr())) return false;
    value = neura::python::TensorOf(source.ptr());
    return true;
  }
  static handle cast(neura::Tensor tensor, return_value_policy, handle) {
    return neura::python::ToPython(std::move(tensor));
  }
};

}  // namespace pybind11::detail

#endif  // NEURA_PYTHON_EXTENSION_TENSOR_OBJECT_H_
