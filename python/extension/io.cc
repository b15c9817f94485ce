#include "neura/python/extension/io.h"

#include <pybind11/stl.h>

#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/npy.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

template <typename T>
T OrThrow(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  ThrowStatus(result.status());
}

py::tuple ToPythonDicts(const Safetensors& file) {
  py::dict tensors, metadata;
  for (const auto& [name, tensor] : file.tensors) tensors[py::str(name)] = py::cast(tensor);
  for (const auto& [key, value] : file.metadata) metadata[py::str(key)] = value;
  return py::make_tuple(tensors, metadata);
}

void Save(const py::dict& tensors, const std::string& path,
          const std::map<std::string, std::string>& metadata) {
  Safetensors file;
  for (const auto& [name, tensor] : tensors) {
    if (!PyUnicode_Check(name.ptr()) || !IsTensor(tensor.ptr())) {
      ThrowTypeError("save_file(): expected a dict of names to tensors");
    }
    file.tensors.emplace_back(name.cast<std::string>(), TensorOf(tensor.ptr()));
  }
  file.metadata = metadata;
  WithoutGil([&] { SaveSafetensors(path, file); });
}

}  // namespace

void InitIo(py::module_& m) {
  m.def("_load_safetensors", [](const std::string& path) {
    return ToPythonDicts(WithoutGil([&] { return OrThrow(LoadSafetensors(path)); }));
  });
  m.def("_parse_safetensors", [](const py::bytes& bytes) {
    return ToPythonDicts(OrThrow(ParseSafetensors(std::string_view(bytes))));
  });
  m.def("_save_safetensors", &Save);
  m.def("_load_npy",
        [](const std::string& path) { return WithoutGil([&] { return OrThrow(LoadNpy(path)); }); });
  m.def("_save_npy", [](const std::string& path, const Tensor& tensor) {
    WithoutGil([&] { SaveNpy(path, tensor); });
  });
  m.def("_to_bytes", [](const Tensor& tensor) {
    const Tensor plain = Contiguous(tensor);
    return py::bytes(static_cast<const char*>(plain.raw_data()),
                     static_cast<size_t>(plain.numel()) * ItemSize(plain.dtype()));
  });
  m.def("_from_bytes", [](const py::bytes& bytes, const py::object& shape, const py::object& type) {
    Dims dims;
    DType dtype;
    if (!FromPython(shape.ptr(), &dims) || !FromPython(type.ptr(), &dtype)) {
      throw py::value_error("not a tensor's shape and dtype");
    }
    const std::string_view view(bytes);
    const auto numel = static_cast<uint64_t>(NumElements(dims));
    if (view.size() % ItemSize(dtype) != 0 || view.size() / ItemSize(dtype) != numel) {
      throw py::value_error("the bytes are not those of the tensor's shape and dtype");
    }
    const Tensor tensor = Empty(dims, {.dtype = dtype});
    std::memcpy(tensor.raw_data(), view.data(), view.size());
    return tensor;
  });
  m.def("_write_file", [](const std::string& path, const py::bytes& bytes) {
    const std::string_view view(bytes);
    WithoutGil([&] { WriteFileAtomically(path, {view}); });
  });
}

}  // namespace neura::python
