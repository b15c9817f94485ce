#include "neura/python/extension/namespaces.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/fft/fft.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/masked/masked.h"
#include "neura/tensor/special/special.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/windows/windows.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// A module under the name by which it is imported.
Binder NewNamespace(const py::dict& namespaces, const char* name, const char* doc) {
  PyObject* const module = PyImport_AddModule(absl::StrCat("neura.", name).c_str());
  if (module == nullptr) throw py::error_already_set();
  namespaces[name] = py::handle(module);
  py::handle(module).attr("__doc__") = doc;
  return Binder(module, name);
}

}  // namespace

void InitNamespaces(py::module_& m) {
  const py::dict namespaces;
#define NEURA_NAMESPACE(space, doc) const Binder in_##space = NewNamespace(namespaces, #space, doc);
#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  in_##space(#name, python_parameters, doc, &space::Name);
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc) \
  in_##space(#name, python_parameters, doc, function);
#include "neura/tensor/namespaces.inc"
  namespaces["linalg"].attr("LinAlgError") = m.attr("_LinAlgError");
  m.attr("_namespaces") = namespaces;
}

}  // namespace neura::python
