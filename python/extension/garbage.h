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
  // An object of a type that pybind11 has not seen before is met by the collector without a layout.
  void** const values = instance->nonsimple.values_and_holders;
  return values == nullptr ? nullptr : values[0];
}

// Whether what Python does for classes written in Python shows the attributes of their objects,
// also where their base does: an object that is shown twice is taken for one that is in use.
extern bool g_subclasses_show_attributes;

// Makes a type of pybind11 show the collector which Python objects its C++ object owns, beside the
// attributes that pybind11 knows of. For py::custom_type_setup, which takes SetUp. References has
//
//   // Each one, as it is counted.
//   template <typename F> static void Visit(PyObject* self, F visit);
//   // Lets all of them go.
//   static void Clear(PyObject* self);
//
// What Visit gives must be the same throughout a collection, whatever threads without the
// interpreter's lock do meanwhile.
template <typename References>
class GarbageCollected {
 public:
  static void SetUp(PyHeapTypeObject* type) {
    PyTypeObject& t = type->ht_type;
    traverse_attributes_ = t.tp_traverse;
    clear_attributes_ = t.tp_clear;
    t.tp_flags |= Py_TPFLAGS_HAVE_GC;
    t.tp_traverse = Traverse;
    t.tp_clear = Clear;
    t.tp_dealloc = Deallocate;
  }

 private:
  static int Traverse(PyObject* self, visitproc visit, void* arg) {
    int result = 0;
    References::Visit(self, [&](PyObject* object) {
      if (result == 0 && object != nullptr) result = visit(object, arg);
    });
    if (result != 0) return result;
    const bool of_subclass = Py_TYPE(self)->tp_traverse != Traverse;
    if (traverse_attributes_ != nullptr && !(of_subclass && g_subclasses_show_attributes)) {
      return traverse_attributes_(self, visit, arg);
    }
    Py_VISIT(Py_TYPE(self));
    return 0;
  }
  static int Clear(PyObject* self) {
    References::Clear(self);
    return clear_attributes_ == nullptr ? 0 : clear_attributes_(self);
  }

  // A destructor may let the interpreter's lock go: the collector must not meet the object then.
  static void Deallocate(PyObject* self) {
    PyObject_GC_UnTrack(self);
    PyObject* const base = pybind11::detail::get_internals().instance_base;
    reinterpret_cast<PyTypeObject*>(base)->tp_dealloc(self);
  }

  // pybind11's, for the attributes alone.
  static inline traverseproc traverse_attributes_ = nullptr;
  static inline inquiry clear_attributes_ = nullptr;
};

// For types that own nothing but their attributes.
struct NoReferences {
  template <typename F>
  static void Visit(PyObject*, F) {}
  static void Clear(PyObject*) {}
};

// Finds out about subclasses from one of `type`, whose constructor takes no arguments.
void LearnWhatSubclassesShow(const pybind11::object& type);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_GARBAGE_H_
