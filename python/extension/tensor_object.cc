#include "neura/python/extension/tensor_object.h"

#include <structmember.h>

#include <cstddef>
#include <new>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/indexing.h"
#include "neura/python/extension/operators.h"
#include "neura/python/extension/properties.h"
#include "neura/python/extension/tensor_garbage.h"
#include "neura/tensor/core/error.h"

namespace neura::python {

PyTypeObject* g_tensor_type = nullptr;
PyTypeObject* g_uninitialized_type = nullptr;

namespace {

namespace py = pybind11;

// Python objects of leaves that require a gradient, by their tensor. Under the interpreter's lock.
std::unordered_map<const TensorImpl*, PyObject*>& Identities() {
  static auto* const identities = new std::unordered_map<const TensorImpl*, PyObject*>();
  return *identities;
}

bool IsTrainedLeaf(const Tensor& tensor) {
  return tensor.impl()->extensions && RequiresGrad(tensor) && autograd::IsLeaf(tensor);
}

// The object is no longer that of its tensor, which may outlive it.
void ForgetIdentity(PyObject* object) {
  const Tensor& tensor = TensorOf(object);
  if (!tensor.defined() || !tensor.impl()->extensions) return;
  const auto found = Identities().find(tensor.impl());
  if (found != Identities().end() && found->second == object) Identities().erase(found);
}

void Deallocate(PyObject* self) {
  auto* const object = reinterpret_cast<TensorObject*>(self);
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  ForgetIdentity(self);
  object->tensor.~Tensor();
  type->tp_free(self);
  Py_DECREF(type);
}

int Traverse(PyObject* self, visitproc visit, void* arg) {
  int result = 0;
  if (const TensorImpl* const impl = TensorOf(self).impl()) {
    VisitOwned(self, *impl, 1, [&](PyObject* object) {
      if (result == 0) result = visit(object, arg);
    });
  }
  if (result != 0) return result;
  Py_VISIT(Py_TYPE(self));
  return 0;
}

int Clear(PyObject* self) {
  if (const TensorImpl* const impl = TensorOf(self).impl()) ClearOwned(self, *impl);
  return 0;
}

// Tensor(data) and Tensor(2, 3), of the default dtype as in PyTorch; neura.tensor() knows more.
PyObject* New(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  const py::object tensor = py::module_::import("neura._types").attr("legacy_tensor");
  const auto made =
      py::reinterpret_steal<py::object>(PyObject_Call(tensor.ptr(), arguments, keywords));
  return made ? NewTensorObject(type, TensorOf(made.ptr())) : nullptr;
}

Py_hash_t Hash(PyObject* self) {
  const auto address = reinterpret_cast<uintptr_t>(TensorOf(self).impl());
  return static_cast<Py_hash_t>(address >> 4);
}

PyMemberDef g_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TensorObject, weak_references), READONLY, nullptr},
    {},
};

}  // namespace

PyObject* NewTensorObject(PyTypeObject* type, Tensor tensor) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  new (&reinterpret_cast<TensorObject*>(self)->tensor) Tensor(std::move(tensor));
  return self;
}

PyObject* ToPython(Tensor tensor) {
  if (!tensor.defined()) Py_RETURN_NONE;
  if (!IsTrainedLeaf(tensor)) return NewTensorObject(g_tensor_type, std::move(tensor));
  if (PyObject* const known = KnownObject(tensor)) return known;
  PyObject* const object = NewTensorObject(g_tensor_type, std::move(tensor));
  if (object != nullptr) KeepIdentity(object);
  return object;
}

void ReplaceTensor(PyObject* object, Tensor tensor) {
  if (IsTrainedLeaf(TensorOf(object))) {
    ThrowFailedPrecondition(absl::StrCat("a leaf that requires a gradient, ",
                                         Describe(TensorOf(object)),
                                         ", cannot become another tensor; use detach() first"));
  }
  ForgetIdentity(object);
  reinterpret_cast<TensorObject*>(object)->tensor = std::move(tensor);
}

PyObject* KnownObject(const Tensor& tensor) {
  const auto found = Identities().find(tensor.impl());
  return found == Identities().end() ? nullptr : Py_NewRef(found->second);
}

void KeepIdentity(PyObject* object) { Identities()[TensorOf(object).impl()] = object; }

void InitTensorType(py::module_& m) {
  std::vector<PyType_Slot> slots = {
      {Py_tp_dealloc, reinterpret_cast<void*>(Deallocate)},
      {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(Clear)},
      {Py_tp_new, reinterpret_cast<void*>(New)},
      {Py_tp_hash, reinterpret_cast<void*>(Hash)},
      {Py_tp_members, g_members},
      {Py_tp_getset, TensorProperties()},
      {Py_tp_doc, const_cast<char*>("An n-dimensional array of one dtype, with a gradient.")},
  };
  for (const PyType_Slot& slot : OperatorSlots()) slots.push_back(slot);
  for (const PyType_Slot& slot : IndexingSlots()) slots.push_back(slot);
  slots.push_back({});
  PyType_Spec spec = {"neura.Tensor", sizeof(TensorObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots.data()};
  PyObject* const type = PyType_FromSpec(&spec);
  if (type == nullptr) throw py::error_already_set();
  g_tensor_type = reinterpret_cast<PyTypeObject*>(type);
  m.add_object("Tensor", type);
  InitTensorGarbage();
}

}  // namespace neura::python
