#include "neura/python/extension/garbage.h"

namespace neura::python {

namespace py = pybind11;

bool g_subclasses_show_attributes = false;

void LearnWhatSubclassesShow(const py::object& type) {
  const py::object make_type =
      py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(&PyType_Type));
  const py::object object = make_type("Subclass", py::make_tuple(type), py::dict())();
  object.attr("attribute") = 0;
  const py::object attributes = object.attr("__dict__");
  int shown = 0;
  for (const py::handle referent : py::module_::import("gc").attr("get_referents")(object)) {
    shown += referent.is(attributes);
  }
  g_subclasses_show_attributes = shown > 1;
}

}  // namespace neura::python
