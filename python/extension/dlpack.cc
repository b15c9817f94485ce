#include "neura/python/extension/dlpack.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/convert.h"
#include "neura/python/extension/dlpack_abi.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/function.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/core/storage.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

template <typename M>
constexpr const char* kFresh =
    std::is_same_v<M, dlpack::Managed> ? "dltensor" : "dltensor_versioned";
template <typename M>
constexpr const char* kUsed =
    std::is_same_v<M, dlpack::Managed> ? "used_dltensor" : "used_dltensor_versioned";

// ---- out -------------------------------------------------------------------------------------

dlpack::DataType TypeOf(DType dtype) {
  const auto bits = static_cast<uint8_t>(8 * ItemSize(dtype));
  switch (CategoryOf(dtype)) {
    case DTypeCategory::kBool:
      return {dlpack::kBoolean, bits, 1};
    case DTypeCategory::kComplex:
      return {dlpack::kComplex, bits, 1};
    case DTypeCategory::kFloating:
      return {dtype == kBFloat16 ? dlpack::kBfloat : dlpack::kFloat, bits, 1};
    case DTypeCategory::kIntegral:
      break;
  }
  return {IsUnsigned(dtype) ? dlpack::kUInt : dlpack::kInt, bits, 1};
}

// What a capsule holds: the tensor, and the arrays that the view points at.
template <typename M>
struct Export {
  M managed = {};
  Tensor tensor;
  Dims shape, strides;
};

template <typename M>
py::object ExportCapsule(const Tensor& tensor, bool copied) {
  RequireDense("dlpack", tensor);
  tensor.NotifyRead();
  auto owned = std::make_unique<Export<M>>();
  owned->tensor = tensor;
  owned->shape = Dims(tensor.shape().begin(), tensor.shape().end());
  owned->strides = Dims(tensor.strides().begin(), tensor.strides().end());
  M& managed = owned->managed;
  managed.tensor = {.data = tensor.raw_data(),
                    .device = {dlpack::kDeviceCpu, 0},
                    .ndim = static_cast<int32_t>(tensor.dim()),
                    .dtype = TypeOf(tensor.dtype()),
                    .shape = owned->shape.data(),
                    .strides = owned->strides.data(),
                    .byte_offset = 0};
  if constexpr (std::is_same_v<M, dlpack::ManagedVersioned>) {
    managed.version = {1, 0};
    managed.flags = copied ? dlpack::kIsCopied : 0;
  }
  managed.context = owned.get();
  managed.deleter = [](M* self) { delete static_cast<Export<M>*>(self->context); };
  PyObject* const capsule = PyCapsule_New(&managed, kFresh<M>, [](PyObject* object) {
    // A consumer has renamed it and deletes the tensor itself.
    if (PyCapsule_IsValid(object, kFresh<M>) == 0) return;
    auto* const unused = static_cast<M*>(PyCapsule_GetPointer(object, kFresh<M>));
    unused->deleter(unused);
  });
  if (capsule == nullptr) throw py::error_already_set();
  owned.release();
  return py::reinterpret_steal<py::object>(capsule);
}

[[noreturn]] void ThrowBufferError(const std::string& message) {
  PyErr_SetString(PyExc_BufferError, message.c_str());
  throw py::error_already_set();
}

py::object ToDlpack(const Tensor& self, const py::object& stream, const py::object& max_version,
                    const py::object& dl_device, const std::optional<bool>& copy) {
  if (RequiresGrad(self)) {
    ThrowBufferError("__dlpack__() of a tensor that requires a gradient; use tensor.detach()");
  }
  if (!stream.is_none()) ThrowBufferError("__dlpack__(): CPU memory has no stream");
  if (!dl_device.is_none() && !dl_device.equal(py::make_tuple(dlpack::kDeviceCpu, 0))) {
    ThrowBufferError("__dlpack__(): the tensor is on the CPU and cannot be exported elsewhere");
  }
  const bool copied = copy.value_or(false);
  const Tensor tensor = copied ? Clone(self) : self;
  if (!max_version.is_none() && max_version.attr("__getitem__")(0).cast<int>() >= 1) {
    return ExportCapsule<dlpack::ManagedVersioned>(tensor, copied);
  }
  return ExportCapsule<dlpack::Managed>(tensor, copied);
}

// ---- in --------------------------------------------------------------------------------------

DType DTypeOfDlpack(const dlpack::DataType& type) {
  if (type.lanes == 1) {
    for (int i = 0; i < kNumDTypes; ++i) {
      const dlpack::DataType ours = TypeOf(static_cast<DType>(i));
      if (ours.code == type.code && ours.bits == type.bits) return static_cast<DType>(i);
    }
  }
  ThrowBufferError(absl::StrCat("from_dlpack(): no dtype has code ", static_cast<int>(type.code),
                                ", ", static_cast<int>(type.bits), " bits and ", type.lanes,
                                " lanes"));
}

template <typename M>
Tensor ImportCapsule(PyObject* capsule, const std::optional<bool>& copy) {
  auto* const managed = static_cast<M*>(PyCapsule_GetPointer(capsule, kFresh<M>));
  if (managed == nullptr) throw py::error_already_set();
  bool read_only = false;
  if constexpr (std::is_same_v<M, dlpack::ManagedVersioned>) {
    if (managed->version.major > 1) {
      ThrowBufferError(
          absl::StrCat("from_dlpack(): version ", managed->version.major, " is newer than 1"));
    }
    read_only = (managed->flags & dlpack::kReadOnly) != 0;
  }
  const dlpack::TensorView& view = managed->tensor;
  if (view.device.type != dlpack::kDeviceCpu) {
    ThrowBufferError(absl::StrCat("from_dlpack(): device type ", view.device.type,
                                  "; this build reaches CPU memory only"));
  }
  if (read_only && copy == false) {
    ThrowBufferError("from_dlpack(): the memory is read-only, so it must be copied");
  }
  const DType dtype = DTypeOfDlpack(view.dtype);
  if (view.ndim < 0) ThrowBufferError(absl::StrCat("from_dlpack(): ", view.ndim, " dimensions"));
  const size_t rank = static_cast<size_t>(view.ndim);
  CheckNumDims("from_dlpack()", rank);
  const Dims shape(view.shape, view.shape + rank);
  if ((reinterpret_cast<uintptr_t>(view.data) + view.byte_offset) % AlignmentOf(dtype) != 0) {
    ThrowBufferError("from_dlpack(): the memory is not aligned to its elements; pass a copy");
  }
  const int64_t numel = NumElements(shape);
  Dims strides = ContiguousStrides(shape);
  int64_t last = 0;
  if (view.strides != nullptr && numel > 0) {
    strides.assign(view.strides, view.strides + rank);
    for (size_t d = 0; d < rank; ++d) {
      if (strides[d] < 0 && shape[d] > 1) {
        ThrowBufferError("from_dlpack(): negative strides; pass a copy");
      }
    }
  }
  for (size_t d = 0; d < rank && numel > 0; ++d) last += (shape[d] - 1) * strides[d];
  const size_t bytes = numel == 0 ? 0 : static_cast<size_t>(last + 1) * ItemSize(dtype);
  if (PyCapsule_SetName(capsule, kUsed<M>) < 0) throw py::error_already_set();
  // From here on the tensor's storage deletes it.
  auto storage = Storage::External(
      static_cast<char*>(view.data) + view.byte_offset, bytes, kCpu,
      [](void* context) {
        const GilHeld held;  // the deleter may be Python's
        auto* const self = static_cast<M*>(context);
        if (self->deleter != nullptr) self->deleter(self);
      },
      managed);
  const Tensor tensor = Tensor::View(std::move(storage), 0, shape, strides, dtype);
  RequireBools(tensor, "from_dlpack()");
  return copy.value_or(false) || read_only ? Clone(tensor) : tensor;
}

Tensor FromDlpack(const py::object& source, const std::optional<bool>& copy) {
  py::object capsule = source;
  if (PyCapsule_CheckExact(source.ptr()) == 0) {
    if (!py::hasattr(source, "__dlpack__")) {
      ThrowTypeError(
          absl::StrCat("from_dlpack(): ", Py_TYPE(source.ptr())->tp_name, " has no __dlpack__()"));
    }
    if (py::hasattr(source, "__dlpack_device__")) {
      const auto device = source.attr("__dlpack_device__")().cast<py::tuple>();
      if (py::int_(device[0]).cast<int>() != dlpack::kDeviceCpu) {
        ThrowBufferError("from_dlpack(): this build reaches CPU memory only");
      }
    }
    try {
      capsule = source.attr("__dlpack__")(py::arg("max_version") = py::make_tuple(1, 0));
    } catch (py::error_already_set& error) {
      // Producers before DLPack 1.0 know no max_version.
      if (!error.matches(PyExc_TypeError)) throw;
      capsule = source.attr("__dlpack__")();
    }
  }
  if (PyCapsule_IsValid(capsule.ptr(), kFresh<dlpack::ManagedVersioned>) != 0) {
    return ImportCapsule<dlpack::ManagedVersioned>(capsule.ptr(), copy);
  }
  if (PyCapsule_IsValid(capsule.ptr(), kFresh<dlpack::Managed>) != 0) {
    return ImportCapsule<dlpack::Managed>(capsule.ptr(), copy);
  }
  throw py::value_error("from_dlpack(): not a DLPack capsule, or one that was used before");
}

}  // namespace

void InitDlpack(py::module_& m) {
  const py::handle type(reinterpret_cast<PyObject*>(g_tensor_type));
  Bind(type, "Tensor", "__dlpack__",
       MakeFunction(
           "__dlpack__", "self, *, stream=None, max_version=None, dl_device=None, copy=None",
           "A capsule over the same memory, for from_dlpack() of other libraries",
           +[](const Tensor& self, const py::object& stream, const py::object& version,
               const py::object& device, const std::optional<bool>& copy) {
             return ToDlpack(self, stream, version, device, copy);
           }));
  Bind(type, "Tensor", "__dlpack_device__",
       MakeFunction(
           "__dlpack_device__", "self", "DLPack's numbers of the device", +[](const Tensor&) {
             return Dims{dlpack::kDeviceCpu, 0};
           }));
  Bind(m, "", "from_dlpack",
       MakeFunction(
           "from_dlpack", "source, *, copy=None",
           "A tensor over the memory of any object that has __dlpack__()",
           +[](const py::object& source, const std::optional<bool>& copy) {
             return py::cast(FromDlpack(source, copy));
           },
           "Tensor"));
}

}  // namespace neura::python
