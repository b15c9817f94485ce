#include "neura/python/extension/onnx.h"

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/graph/program.h"
#include "neura/onnx/onnx.h"
#include "neura/python/extension/callable.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/python/extension/values.h"
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

// (name, dtype, shape) of values, whose open extents are named.
std::vector<std::tuple<std::string, py::object, py::tuple>> Infos(
    const graph::Graph& graph, absl::Span<const graph::ValueId> ids,
    const std::vector<std::string>& names) {
  std::vector<std::tuple<std::string, py::object, py::tuple>> infos;
  for (size_t i = 0; i < ids.size(); ++i) {
    const graph::Value& value = graph.value(ids[i]);
    py::list shape;
    for (const graph::SymInt& extent : value.shape) {
      if (extent.is_number()) {
        shape.append(extent.number());
      } else {
        shape.append(graph.ExtentToString(extent));
      }
    }
    infos.emplace_back(names[i], py::reinterpret_steal<py::object>(ToPython(value.dtype)),
                       py::tuple(shape));
  }
  return infos;
}

// Lists in lists of one shape, of strings.
void AddStrings(py::handle nested, size_t depth, Dims& shape, std::vector<std::string>& strings) {
  if (depth > kMaxDims) ThrowInvalidArgument("lists of strings are nested too deep");
  if (py::isinstance<py::str>(nested)) {
    if (depth != shape.size()) ThrowInvalidArgument("lists of strings must be of one shape");
    strings.push_back(nested.cast<std::string>());
    return;
  }
  if (!py::isinstance<py::list>(nested) && !py::isinstance<py::tuple>(nested)) {
    ThrowTypeError(std::string("expected strings, or lists of them, not ") +
                   Py_TYPE(nested.ptr())->tp_name);
  }
  const auto count = static_cast<int64_t>(py::len(nested));
  if (strings.empty() && depth == shape.size()) shape.push_back(count);
  if (depth >= shape.size() || shape[depth] != count) {
    ThrowInvalidArgument("lists of strings must be of one shape");
  }
  for (const py::handle part : nested) AddStrings(part, depth + 1, shape, strings);
}

// None, a tensor, a list of tensors, or strings: a string, lists of them, or an array of NumPy's.
graph::Datum ToDatum(py::handle object) {
  if (object.is_none()) return {};
  if (IsTensor(object.ptr())) return TensorOf(object.ptr());
  const bool is_list = py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object);
  if (is_list && (py::len(object) == 0 || IsTensor(object[py::int_(0)].ptr()))) {
    return graph::Datum::Sequence(object.cast<std::vector<Tensor>>());
  }
  const py::object nested = py::hasattr(object, "tolist")
                                ? object.attr("tolist")()
                                : py::reinterpret_borrow<py::object>(object);
  Dims shape;
  std::vector<std::string> strings;
  AddStrings(nested, 0, shape, strings);
  return graph::Datum::Strings(std::move(strings), shape);
}

py::object Nested(const std::string* strings, DimsView shape) {
  if (shape.empty()) return py::str(*strings);
  const int64_t each = NumElements(shape.subspan(1));
  py::list list;
  for (int64_t i = 0; i < shape[0]; ++i) list.append(Nested(strings + i * each, shape.subspan(1)));
  return list;
}

py::object FromDatum(const graph::Datum& datum) {
  switch (datum.kind()) {
    case graph::ValueKind::kTensor:
      return py::cast(datum.tensor());
    case graph::ValueKind::kSequence:
      return py::cast(datum.sequence());
    case graph::ValueKind::kStrings:
      return Nested(datum.strings().data(), datum.strings_shape());
    case graph::ValueKind::kOptional:
      break;
  }
  return py::none();
}

py::list RunProgram(const graph::Program& program, const py::list& inputs) {
  std::vector<graph::Datum> data;
  for (const py::handle input : inputs) data.push_back(ToDatum(input));
  const std::vector<graph::Datum> results = WithoutGil([&] { return program.RunData(data); });
  py::list outputs;
  for (const graph::Datum& result : results) outputs.append(FromDatum(result));
  return outputs;
}

// Of a file, or of the bytes of one.
graph::Program LoadModel(const py::object& source,
                         const std::vector<std::pair<std::string, int64_t>>& fixed_dims,
                         const py::object& external_data, std::optional<int64_t> most_loop_rounds) {
  onnx::ImportOptions options{.fixed_dims = fixed_dims};
  if (most_loop_rounds) options.most_loop_rounds = *most_loop_rounds;
  if (!external_data.is_none()) {
    options.external_data = [given = SharedCallable(external_data)](
                                const std::string& location) -> absl::StatusOr<std::string> {
      const GilHeld held;
      return CallPython(*given, py::make_tuple(location)).cast<std::string>();
    };
  }
  const bool is_bytes = py::isinstance<py::bytes>(source);
  const auto text = source.cast<std::string>();
  return WithoutGil([&] {
    absl::StatusOr<graph::Graph> graph =
        is_bytes ? onnx::FromBytes(text, options) : onnx::LoadGraph(text, options);
    if (!graph.ok()) ThrowStatus(graph.status());
    return graph::Compile(*std::move(graph));
  });
}

}  // namespace

void InitOnnx(py::module_& m) {
  m.def("_onnx_export", &Export);
  py::class_<graph::Program>(m, "Program", "A model that was read from an ONNX file, ready to run.")
      .def_property_readonly("input_names", &InputNames)
      .def_property_readonly("output_names", &OutputNames)
      .def_property_readonly("inputs",
                             [](const graph::Program& program) {
                               return Infos(program.graph(), program.graph().inputs(),
                                            InputNames(program));
                             })
      .def_property_readonly("outputs",
                             [](const graph::Program& program) {
                               return Infos(program.graph(), program.graph().outputs(),
                                            OutputNames(program));
                             })
      .def("run", &RunProgram)
      .def("__str__", [](const graph::Program& program) { return program.graph().ToString(); });
  m.def("_onnx_load", &LoadModel);
}

}  // namespace neura::python
