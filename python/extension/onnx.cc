#include "neura/python/extension/onnx.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/graph/program.h"
#include "neura/onnx/onnx.h"
#include "neura/python/extension/callable.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/named_modules.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/shape.h"

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

using NamedDim = std::tuple<int, int, std::string>;

// Writes to the path, or without one returns the bytes.
py::object Export(const py::function& function, const std::vector<Tensor>& examples,
                  const std::optional<std::string>& path, const std::optional<int>& opset,
                  const std::vector<std::pair<std::string, py::object>>& modules,
                  bool dynamic_batch, const std::vector<NamedDim>& dynamic_dims,
                  const std::vector<std::tuple<std::string, int, std::string>>& output_dims,
                  const NamedTensors& constant_names, const std::vector<std::string>& input_names,
                  const std::vector<std::string>& output_names,
                  const std::optional<bool>& external_data,
                  const std::vector<std::pair<std::string, std::string>>& metadata,
                  const std::string& doc_string, const std::string& model_name) {
  onnx::ExportOptions options{.opset = opset.value_or(onnx::kOpset),
                              .model_name = model_name,
                              .doc_string = doc_string,
                              .metadata = metadata,
                              .external_data = external_data};
  options.capture = {.dynamic_batch = dynamic_batch,
                     .constant_names = constant_names,
                     .input_names = input_names,
                     .output_names = output_names};
  for (const auto& [input, dim, name] : dynamic_dims) {
    options.capture.dynamic_dims.push_back({input, dim, name});
  }
  const NamedModules named(modules);
  const graph::Graph graph = graph::CaptureFunction(
      [&](absl::Span<const Tensor> inputs) { return CallFunction(function, inputs); }, examples,
      onnx::CaptureOptionsOf(options));
  const absl::Span<const std::string> outputs = graph.output_names();
  for (const auto& [name, dim, label] : output_dims) {
    const auto found = std::find(outputs.begin(), outputs.end(), name);
    if (found == outputs.end()) {
      ThrowInvalidArgument("export: dynamic_axes names '" + name +
                           "', which is no input and no output");
    }
    const auto at = static_cast<size_t>(found - outputs.begin());
    const auto rank = static_cast<int>(graph.value(graph.outputs()[at]).shape.size());
    options.output_dims.push_back({static_cast<int>(at), dim < 0 ? dim + rank : dim, label});
  }
  if (path) {
    WithoutGil([&] { onnx::ExportGraph(graph, *path, options); });
    return py::none();
  }
  return py::bytes(WithoutGil([&] { return onnx::ToBytes(graph, options); }));
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

// Of a dict whose keys are all strings or all integers, and whose values are all strings, integers
// or floating point numbers, which are then float32.
graph::Datum ToMap(const py::dict& dict) {
  std::vector<std::string> names, texts;
  std::vector<int64_t> ids, whole;
  std::vector<double> numbers;
  for (const auto& [key, value] : dict) {
    if (py::isinstance<py::str>(key)) {
      names.push_back(key.cast<std::string>());
    } else {
      ids.push_back(key.cast<int64_t>());
    }
    if (py::isinstance<py::str>(value)) {
      texts.push_back(value.cast<std::string>());
    } else if (py::isinstance<py::int_>(value)) {
      whole.push_back(value.cast<int64_t>());
    } else {
      numbers.push_back(value.cast<double>());
    }
  }
  const auto count = static_cast<int64_t>(dict.size());
  const auto all = [&](const auto& some) { return static_cast<int64_t>(some.size()) == count; };
  if (!(all(names) || all(ids)) || !(all(texts) || all(whole) || all(numbers))) {
    ThrowTypeError("a dict must have keys of one type and values of one type");
  }
  const graph::Datum keys =
      all(names) ? graph::Datum::Strings(std::move(names), {&count, 1}) : FromVector(ids, {count});
  if (all(numbers)) return graph::Datum::Map(keys, Cast(FromVector(numbers, {count}), kFloat32));
  if (all(whole)) return graph::Datum::Map(keys, FromVector(whole, {count}));
  return graph::Datum::Map(keys, graph::Datum::Strings(std::move(texts), {&count, 1}));
}

// None, a tensor, a list of tensors, a dict, or strings: a string, lists of them, or an array of
// NumPy's.
graph::Datum ToDatum(py::handle object) {
  if (object.is_none()) return {};
  if (py::isinstance<py::dict>(object)) return ToMap(py::cast<py::dict>(object));
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

// An element of a map's keys or values.
py::object ElementAt(const graph::Datum& array, int64_t i) {
  if (array.kind() == graph::ValueKind::kStrings) {
    return py::str(array.strings()[static_cast<size_t>(i)]);
  }
  const Tensor element = Select(Flatten(array.tensor()), 0, i);
  if (IsFloating(element.dtype())) return py::float_(element.Item<double>());
  return py::int_(element.Item<int64_t>());
}

// A dict, or a list of dicts.
py::object FromMap(const graph::Datum& map) {
  const graph::Datum &keys = map.keys(), &values = map.values();
  const bool of_strings = keys.kind() == graph::ValueKind::kStrings;
  const int64_t count =
      of_strings ? static_cast<int64_t>(keys.strings().size()) : keys.tensor().numel();
  const auto row = [&](int64_t r) {
    py::dict dict;
    for (int64_t k = 0; k < count; ++k) dict[ElementAt(keys, k)] = ElementAt(values, r * count + k);
    return dict;
  };
  const bool one = values.kind() == graph::ValueKind::kStrings || values.tensor().dim() == 1;
  if (one) return row(0);
  py::list list;
  for (int64_t r = 0; r < values.tensor().size(0); ++r) list.append(row(r));
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
    case graph::ValueKind::kMap:
      return FromMap(datum);
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
  m.def("_onnx_export", &Export, py::arg("function"), py::arg("examples"), py::kw_only(),
        py::arg("path"), py::arg("opset"), py::arg("modules"), py::arg("dynamic_batch"),
        py::arg("dynamic_dims"), py::arg("output_dims"), py::arg("constant_names"),
        py::arg("input_names"), py::arg("output_names"), py::arg("external_data"),
        py::arg("metadata"), py::arg("doc_string"), py::arg("model_name"));
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
