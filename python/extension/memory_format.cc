#include "neura/python/extension/memory_format.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

std::string NameOf(MemoryFormat format) {
  switch (format) {
    case MemoryFormat::kContiguous:
      return "contiguous_format";
    case MemoryFormat::kPreserve:
      return "preserve_format";
    case MemoryFormat::kChannelsLast:
      return "channels_last";
    case MemoryFormat::kChannelsLast3d:
      break;
  }
  return "channels_last_3d";
}

int64_t DimsOf(MemoryFormat format) { return format == MemoryFormat::kChannelsLast ? 4 : 5; }

// With the channels, dimension 1, behind all others.
Tensor ChannelsBehind(const Tensor& tensor) {
  Dims order{0};
  for (int64_t d = 2; d < tensor.dim(); ++d) order.push_back(d);
  order.push_back(1);
  return Permute(tensor, order);
}
Tensor ChannelsBack(const Tensor& tensor) {
  Dims order{0, tensor.dim() - 1};
  for (int64_t d = 1; d + 1 < tensor.dim(); ++d) order.push_back(d);
  return Permute(tensor, order);
}

bool IsInFormat(const Tensor& tensor, MemoryFormat format) {
  if (format == MemoryFormat::kContiguous || format == MemoryFormat::kPreserve) {
    return tensor.is_contiguous();
  }
  return tensor.dim() == DimsOf(format) && ChannelsBehind(tensor).is_contiguous();
}

MemoryFormat FormatOf(const char* function, const py::object& object, MemoryFormat otherwise) {
  if (object.is_none()) return otherwise;
  MemoryFormat format;
  if (FromPython(object.ptr(), &format)) return format;
  ThrowTypeError(absl::StrCat(function, "(): argument 'memory_format' must be a memory_format"));
}

}  // namespace

bool FromPython(PyObject* object, MemoryFormat* format) {
  *format = MemoryFormat::kPreserve;
  if (object == Py_None) return true;
  if (!py::isinstance<MemoryFormat>(object)) return false;
  *format = py::handle(object).cast<MemoryFormat>();
  return true;
}

Tensor InFormat(const Tensor& tensor, MemoryFormat format) {
  if (format == MemoryFormat::kPreserve) return tensor;
  if (format == MemoryFormat::kContiguous) return Contiguous(tensor);
  if (tensor.dim() != DimsOf(format)) {
    ThrowInvalidArgument(absl::StrCat(NameOf(format), " is a format of ", DimsOf(format),
                                      " dimensions, not of ", Describe(tensor)));
  }
  return IsInFormat(tensor, format) ? tensor : ChannelsBack(Contiguous(ChannelsBehind(tensor)));
}

void InitMemoryFormat(py::module_& m) {
  py::class_<MemoryFormat>(m, "memory_format", "In which order the elements of a tensor lie.")
      .def("__repr__",
           [](const MemoryFormat& format) { return absl::StrCat("neura.", NameOf(format)); })
      .def("__reduce__", [](const MemoryFormat& format) { return NameOf(format); });
  for (MemoryFormat format : {MemoryFormat::kContiguous, MemoryFormat::kPreserve,
                              MemoryFormat::kChannelsLast, MemoryFormat::kChannelsLast3d}) {
    m.attr(NameOf(format).c_str()) = py::cast(format);
  }
  const Binder bind(m, "");
  bind.Method(
      "contiguous", "input, memory_format=None",
      "The tensor itself when its elements lie in row-major order, or in memory_format, else "
      "such a copy",
      NEURA_FN((const Tensor& x, const py::object& format),
               {
                 const MemoryFormat wanted =
                     FormatOf("contiguous", format, MemoryFormat::kContiguous);
                 return py::cast(WithoutGil([&] { return InFormat(x, wanted); }));
               }),
      "Tensor");
  bind.Method("is_contiguous", "self, memory_format=None",
              "Whether the elements lie in row-major order without gaps, or in memory_format",
              NEURA_FN((const Tensor& x, const py::object& format),
                       {
                         return py::object(py::bool_(IsInFormat(
                             x, FormatOf("is_contiguous", format, MemoryFormat::kContiguous))));
                       }),
              "bool");
}

}  // namespace neura::python
