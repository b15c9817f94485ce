#include "neura/python/extension/onnx.h"

#include <pybind11/stl.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/graph/program.h"
#include "neura/onnx/onnx.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/tensor/core/error.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// The tensors of a result, also of tuples and lists in it, as (output, (h, c)) of an LSTM.
void AddTensors(py::handle result, std::vector<Tensor>& tensors) {
  if (IsTensor(result.ptr())) {
    tensors.push_back(TensorOf(result.ptr()));
  } else if (py::isinstance<py::tuple>(result) || py::isinstance<py::list>(result)) {
    for (const py::handle part : result) AddTensors(part, tensors);
  } else if (!result.is_none()) {
    ThrowTypeError(std::string("export(): the model must return a tensor, or tuples and lists of "
                               "tensors, not ") +
                   Py_TYPE(result.ptr())->tp_name);
  }
}

std::vector<Tensor> CallFunction(const py::function& function, absl::Span<const Tensor> inputs) {
  py::tuple arguments(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) arguments[i] = py::cast(inputs[i]);
  std::vector<Tensor> outputs;
  AddTensors(function(*arguments), outputs);
  return outputs;
}

void Export(const py::function& function, const std::vector<Tensor>& examples,
            const std::string& path, bool dynamic_batch,
            const std::vector<std::tuple<int, int, std::string>>& dynamic_dims,
            const NamedTensors& constant_names, const std::vector<std::string>& input_names,
            const std::vector<std::string>& output_names) {
  graph::CaptureOptions options{.dynamic_batch = dynamic_batch,
                                .constant_names = constant_names,
                                .input_names = input_names,
                                .output_names = output_names};
  for (const auto& [input, dim, name] : dynamic_dims) {
    options.dynamic_dims.push_back({input, dim, name});
  }
  const graph::Graph graph = graph::CaptureFunction(
      [&](absl::Span<const Tensor> inputs) { return CallFunction(function, inputs); }, examples,
      options);
  WithoutGil([&] { onnx::ExportGraph(graph, path); });
}

std::vector<std::string> InputNames(const graph::Program& program) {
  std::vector<std::string> names;
  for (graph::ValueId id : program.graph().inputs()) {
    names.push_back(program.graph().value(id).name);
  }
  return names;
}

std::vector<std::string> OutputNames(const graph::Program& program) {
  const absl::Span<const std::string> names = program.graph().output_names();
  return {names.begin(), names.end()};
}

}  // namespace

void InitOnnx(py::module_& m) {
  m.def("_onnx_export", &Export);
  py::class_<graph::Program>(m, "Program", "A model that was read from an ONNX file, ready to run.")
      .def_property_readonly("input_names", &InputNames)
      .def_property_readonly("output_names", &OutputNames)
      .def("run",
           [](const graph::Program& program, const std::vector<Tensor>& inputs) {
             return WithoutGil([&] { return program.Run(inputs); });
           })
      .def("__str__", [](const graph::Program& program) { return program.graph().ToString(); });
  m.def("_onnx_load", [](const std::string& path) {
    return WithoutGil([&] {
      absl::StatusOr<graph::Program> program = onnx::Load(path);
      if (!program.ok()) ThrowStatus(program.status());
      return *std::move(program);
    });
  });
}

}  // namespace neura::python
