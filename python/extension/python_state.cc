#include "neura/python/extension/python_state.h"

#include <string>
#include <vector>

#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

constexpr char kName[] = "python";

py::object Serialization() { return py::module_::import("neura._serialization"); }

}  // namespace

NamedTensors ToNamedTensors(const py::object& state) {
  const py::object file = py::module_::import("io").attr("BytesIO")();
  Serialization().attr("save")(state, file);
  const auto bytes = file.attr("getvalue")().cast<std::string>();
  return {{kName, FromVector(std::vector<uint8_t>(bytes.begin(), bytes.end()),
                             {static_cast<int64_t>(bytes.size())})}};
}

py::object FromNamedTensors(const NamedTensors& state) {
  if (state.size() != 1 || state[0].first != kName || state[0].second.dtype() != kUInt8) return {};
  const Tensor bytes = Contiguous(state[0].second);
  const py::object file = py::module_::import("io").attr("BytesIO")(py::bytes(
      reinterpret_cast<const char*>(bytes.data<uint8_t>()), static_cast<size_t>(bytes.numel())));
  return Serialization().attr("load")(file);
}

}  // namespace neura::python
