#include "neura/python/extension/io.h"

#include <pybind11/stl.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "neura/python/extension/convert.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/pickle_check.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/npy.h"
#include "neura/tensor/io/npz.h"
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

NamedTensors FromPythonDict(const py::dict& tensors) {
  NamedTensors named;
  for (const auto& [name, tensor] : tensors) {
    if (!PyUnicode_Check(name.ptr()) || !IsTensor(tensor.ptr())) {
      ThrowTypeError("save(): expected a dict of names to tensors");
    }
    named.emplace_back(name.cast<std::string>(), TensorOf(tensor.ptr()));
  }
  return named;
}

void Save(const py::dict& tensors, const std::string& path,
          const std::map<std::string, std::string>& metadata) {
  Safetensors file{.tensors = FromPythonDict(tensors), .metadata = metadata};
  WithoutGil([&] { SaveSafetensors(path, file); });
}

// The address of the memory that a tensor views, all of it as bytes, and where the tensor begins
// in it, in elements.
py::tuple MemoryOf(const Tensor& tensor) {
  RequireDense("the memory of a tensor", tensor);
  const auto& storage = tensor.storage();
  const Tensor bytes =
      Tensor::View(storage, 0, {static_cast<int64_t>(storage->bytes())}, {1}, kUInt8);
  return py::make_tuple(reinterpret_cast<uintptr_t>(storage->data()), py::cast(bytes),
                        tensor.storage_offset());
}

// The inverse: a tensor over memory that `bytes` views from its start on.
Tensor ViewOf(const Tensor& bytes, const py::object& type, const py::object& shape,
              const py::object& strides, int64_t offset) {
  DType dtype;
  Dims extents, steps;
  if (!FromPython(type.ptr(), &dtype) || !FromPython(shape.ptr(), &extents) ||
      !FromPython(strides.ptr(), &steps) || bytes.dtype() != kUInt8 || !bytes.is_contiguous() ||
      bytes.storage_offset() != 0) {
    throw py::value_error("not a tensor's memory, dtype, shape and strides");
  }
  // The whole of it as elements; the operation checks that the view stays inside.
  const int64_t numel = bytes.numel() / static_cast<int64_t>(ItemSize(dtype));
  const Tensor whole = Tensor::View(bytes.storage(), 0, {numel}, {1}, dtype);
  RequireBools(whole, "a tensor's memory");
  return AsStrided(whole, extents, steps, offset);
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
  py::class_<SafetensorsFile>(m, "_SafetensorsFile")
      .def(py::init([](const std::string& path) { return OrThrow(SafetensorsFile::Open(path)); }))
      .def("names", &SafetensorsFile::names)
      .def("metadata", &SafetensorsFile::metadata)
      .def("get", [](const SafetensorsFile& file, const std::string& name) {
        absl::StatusOr<Tensor> tensor = file.Get(name);
        if (absl::IsNotFound(tensor.status())) {
          throw py::key_error(std::string(tensor.status().message()));
        }
        return OrThrow(std::move(tensor));
      });
  m.def("_load_npy",
        [](const std::string& path) { return WithoutGil([&] { return OrThrow(LoadNpy(path)); }); });
  m.def("_parse_npy",
        [](const py::bytes& bytes) { return OrThrow(ParseNpy(std::string_view(bytes))); });
  m.def("_format_npy", [](const Tensor& tensor) { return py::bytes(FormatNpy(tensor)); });
  m.def("_save_npy", [](const std::string& path, const Tensor& tensor) {
    WithoutGil([&] { SaveNpy(path, tensor); });
  });
  m.def("_load_npz", [](const std::string& path) {
    py::dict tensors;
    for (const auto& [name, tensor] : WithoutGil([&] { return OrThrow(LoadNpz(path)); })) {
      tensors[py::str(name)] = py::cast(tensor);
    }
    return tensors;
  });
  m.def("_save_npz", [](const std::string& path, const py::dict& tensors) {
    const NamedTensors named = FromPythonDict(tensors);
    WithoutGil([&] { SaveNpz(path, named); });
  });
  py::class_<TensorSummary>(m, "TensorSummary", "What a tensor holds, in one line.")
      .def(py::init<const Tensor&>(), py::arg("tensor"))
      .def("__repr__", &TensorSummary::ToString)
      .def_property_readonly(
          "shape",
          [](const TensorSummary& s) {
            return py::tuple(py::reinterpret_steal<py::object>(ToPython(s.shape)));
          })
      .def_property_readonly("dtype",
                             [](const TensorSummary& s) {
                               return py::reinterpret_steal<py::object>(ToPython(s.dtype));
                             })
      .def_readonly("device", &TensorSummary::device)
      .def_readonly("min", &TensorSummary::min)
      .def_readonly("max", &TensorSummary::max)
      .def_readonly("mean", &TensorSummary::mean)
      .def_readonly("std", &TensorSummary::std)
      .def_readonly("nan_count", &TensorSummary::nan_count)
      .def_readonly("inf_count", &TensorSummary::inf_count);
  m.def("_to_bytes", [](const Tensor& tensor) {
    RequireDense("the bytes of a tensor", tensor);
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
  m.def("_memory_of", &MemoryOf);
  m.def("_view_of", &ViewOf);
  m.def("_check_pickle", [](const py::bytes& bytes) {
    const std::string_view view(bytes);
    return WithoutGil([&] { return CheckPickle(view); });
  });
  m.def("_write_file", [](const std::string& path, const py::bytes& bytes) {
    const std::string_view view(bytes);
    WithoutGil([&] { WriteFileAtomically(path, {view}); });
  });
}

}  // namespace neura::python
