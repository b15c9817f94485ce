// Types of C++ that take part in Python's garbage collection.
#ifndef NEURA_PYTHON_EXTENSION_GARBAGE_H_
#define NEURA_PYTHON_EXTENSION_GARBAGE_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// The C++ object inside of one that pybind11 made, as its first base sees it; null before its
// __init__(). Needs no memory and no references, as a garbage collection demands.
inline void* ValueOf(PyObject* self) {
  auto* const instance = reinterpret_cast<pybind11::detail::instance*>(self);
  if (instance->simple_layout) {
    return instance->simple_holder_constructed ? instance->simple_value_holder[0] : nullptr;
  }
  return instance->nonsimple.values_and_holders[0];
}

// Makes a type of pybind11 show the collector which Python objects its C++ object owns, beside the
// attributes that pybind11 knows of. For py::custom_type_setup. References has
//
//   template <typename F> static void Visit(PyObject* self, F visit);  // each one, as it is counted
//   static void Clear(PyObject* self);                                 // lets all of them go
//
// What Visit gives must be the same throughout a collection, whatever threads without the
// interpreter's lock do meanwhile.
template <typename References>
void CollectGarbage(PyHeapTypeObject* type) {
  static traverseproc traverse = nullptr;
  static inquiry clear = nullptr;
  PyTypeObject& t = type->ht_type;
  traverse = t.tp_traverse;
  clear = t.tp_clear;
  t.tp_flags |= Py_TPFLAGS_HAVE_GC;
  t.tp_traverse = [](PyObject* self, visitproc visit, void* arg) {
    int result = 0;
    References::Visit(self, [&](PyObject* object) {
      if (result == 0 && object != nullptr) result = visit(object, arg);
    });
    if (result != 0) return result;
    if (traverse != nullptr) return traverse(self, visit, arg);
    Py_VISIT(Py_TYPE(self));
    return 0;
  };
  t.tp_clear = [](PyObject* self) {
    References::Clear(self);
    return clear == nullptr ? 0 : clear(self);
  };
}

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_GARBAGE_H_
