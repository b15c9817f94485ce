// What tensor.grad_fn gives: a recorded operation, or a leaf that accumulates.
#include "neura/python/extension/grad_fn.h"

#include <pybind11/operators.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/autograd/dot.h"
#include "neura/autograd/function.h"
#include "neura/autograd/node.h"
#include "neura/python/extension/autograd.h"
#include "neura/python/extension/tensor_object.h"

namespace neura::python {
namespace {

namespace py = pybind11;

struct GradFn {
  autograd::Edge edge;

  const void* place() const {
    return edge.node ? static_cast<const void*>(edge.node.get()) : edge.leaf.get();
  }
  bool operator==(const GradFn& other) const { return place() == other.place(); }

  std::string Name() const {
    if (!edge.node) return "AccumulateGrad";
    std::string name;
    for (std::string_view part : absl::StrSplit(autograd::NameOf(*edge.node), '_')) {
      if (part.empty()) continue;
      absl::StrAppend(&name,
                      std::string(1, absl::ascii_toupper(static_cast<unsigned char>(part[0]))),
                      part.substr(1));
    }
    return name + "Backward";
  }
  // One for each input: what made it and which of its outputs it is, or None and 0.
  py::tuple NextFunctions() const {
    py::list next;
    if (edge.node) {
      for (const autograd::Node::Input& input : edge.node->inputs()) {
        const py::object from = input.edge ? py::cast(GradFn{input.edge}) : py::none();
        next.append(py::make_tuple(from, input.edge.output_index));
      }
    }
    return next;
  }
};

}  // namespace

py::object GradFnOf(const Tensor& tensor) {
  autograd::Edge edge = autograd::EdgeTo(tensor);
  return edge.node ? py::cast(GradFn{std::move(edge)}) : py::none();
}

void InitGradFn(py::module_& m) {
  py::class_<GradFn>(m, "_GradFn", "What made a tensor.")
      .def("name", &GradFn::Name)
      .def_property_readonly("next_functions", &GradFn::NextFunctions)
      .def(py::self == py::self)
      .def("__hash__",
           [](const GradFn& fn) { return reinterpret_cast<uintptr_t>(fn.place()) >> 4; })
      .def("__repr__", [](const GradFn& fn) { return "<" + fn.Name() + ">"; });
  // Where the gradient of a tensor is made or accumulated, and which of the outputs there it is.
  m.def("_gradient_edge", [](const Tensor& tensor) -> py::object {
    autograd::Edge edge = autograd::EdgeTo(tensor);
    if (!edge) return py::none();
    const uint32_t output = edge.output_index;
    return py::make_tuple(py::cast(GradFn{std::move(edge)}), output);
  });
  m.def("_dot",
        [](const py::object& tensors) { return autograd::DotOf(TensorsOf(tensors, "dot()")); });
}

}  // namespace neura::python
