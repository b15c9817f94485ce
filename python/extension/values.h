// Values across the border: what a Python object means as a C++ argument, and back.
#ifndef NEURA_PYTHON_EXTENSION_VALUES_H_
#define NEURA_PYTHON_EXTENSION_VALUES_H_

#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/tensor/core/device.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/result.h"
#include "neura/tensor/core/scalar.h"
#include "neura/tensor/linalg/norm_order.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/image.h"
#include "neura/tensor/ops/operand.h"
#include "neura/tensor/random/generator.h"

namespace neura::python {

// FromPython sets *value and returns true, or returns false when the object is of another type.
// Errors inside the right type (an integer that is too large) throw. Subclasses of int, and 0-d
// integer arrays and tensors, are integers; bool is no integer dimension.
bool FromPython(PyObject* object, bool* value);
bool FromPython(PyObject* object, int64_t* value);
bool FromPython(PyObject* object, uint64_t* value);
bool FromPython(PyObject* object, double* value);
bool FromPython(PyObject* object, std::string* value);
bool FromPython(PyObject* object, DType* value);
bool FromPython(PyObject* object, Device* value);  // a Device or "cpu"; None is the default
bool FromPython(PyObject* object, Scalar* value);
bool FromPython(PyObject* object, Dims* value);        // an integer or a sequence of them
bool FromPython(PyObject* object, Sizes* value);       // an integer or up to three; None is kSame
bool FromPython(PyObject* object, Tensor* value);      // None is not a tensor
bool FromPython(PyObject* object, Generator** value);  // null for None
bool FromPython(PyObject* object, Operand* value);
bool FromPython(PyObject* object, linalg::NormOrder* value);
bool FromPython(PyObject* object, ConvPadding* value);
// An empty sequence is none, as None is.
bool FromPython(PyObject* object, std::optional<Sizes>* value);
bool FromPython(PyObject* object, std::vector<Tensor>* value);
bool FromPython(PyObject* object, std::vector<double>* value);
template <typename T>
bool FromPython(PyObject* object, std::optional<T>* value) {
  if (object == Py_None) {
    value->reset();
    return true;
  }
  return FromPython(object, &value->emplace());
}
// Dimensions, all of them for None, or a truth that stands in their place: x.var(False).
struct DimsOrFlag {
  std::optional<Dims> dims;
  std::optional<bool> flag;
};
bool FromPython(PyObject* object, DimsOrFlag* value);
// Bytes to which elements have to be aligned in memory that somebody else has made.
inline size_t AlignmentOf(DType dtype) { return ItemSize(dtype) / (IsComplex(dtype) ? 2 : 1); }

// Keeps the object itself.
bool FromPython(PyObject* object, pybind11::object* value);

// A new reference.
PyObject* ToPython(bool value);
PyObject* ToPython(int64_t value);
PyObject* ToPython(uint64_t value);
PyObject* ToPython(double value);
PyObject* ToPython(const std::string& value);
PyObject* ToPython(DType value);
PyObject* ToPython(Device value);
PyObject* ToPython(const Scalar& value);
PyObject* ToPython(DimsView value);  // a tuple
inline PyObject* ToPython(const Dims& value) { return ToPython(DimsView(value)); }
PyObject* ToPython(const Sizes& value);                // an integer where all are equal
PyObject* SizesTuple(const Sizes& value);              // always a tuple
PyObject* ToPython(const std::vector<Tensor>& value);  // a tuple
PyObject* ToPython(pybind11::object value);
template <typename T>
PyObject* ToPython(const std::optional<T>& value) {
  if (!value) Py_RETURN_NONE;
  return ToPython(*value);
}

// Several tensors are, as PyTorch's return_types, a tuple whose elements have names: "values,
// indices". The type lives for good.
PyTypeObject* NewResultType(const char* name, std::string_view members, const char* doc);
PyObject* ResultToPython(PyTypeObject* type, absl::Span<const Tensor> tensors);
template <NamedResult T>
PyObject* ToPython(const T& value) {
  static PyTypeObject* type = nullptr;  // made under the interpreter's lock
  if (type == nullptr) type = NewResultType(T::kName, T::kMembers, "");
  std::vector<Tensor> tensors;
  value.VisitTensors([&](const Tensor& tensor) { tensors.push_back(tensor); });
  return ResultToPython(type, tensors);
}

// How a type is written in a stub: "int | Sequence[int]".
template <typename T>
struct TypeText;
#define NEURA_TYPE_TEXT(type, text)           \
  template <>                                 \
  struct TypeText<type> {                     \
    static std::string Get() { return text; } \
  };
NEURA_TYPE_TEXT(bool, "bool")
NEURA_TYPE_TEXT(int64_t, "int")
NEURA_TYPE_TEXT(uint64_t, "int")
NEURA_TYPE_TEXT(double, "float")
NEURA_TYPE_TEXT(std::string, "str")
NEURA_TYPE_TEXT(DType, "dtype")
NEURA_TYPE_TEXT(Device, "DeviceLike")
NEURA_TYPE_TEXT(Scalar, "Number")
NEURA_TYPE_TEXT(Dims, "IntOrInts")
NEURA_TYPE_TEXT(Sizes, "IntOrSizes")
NEURA_TYPE_TEXT(Tensor, "Tensor")
NEURA_TYPE_TEXT(Operand, "Tensor | Number")
NEURA_TYPE_TEXT(linalg::NormOrder, "float | str")
NEURA_TYPE_TEXT(ConvPadding, "IntOrSizes | str")
NEURA_TYPE_TEXT(DimsOrFlag, "IntOrInts | bool | None")
NEURA_TYPE_TEXT(std::vector<Tensor>, "Sequence[Tensor]")
NEURA_TYPE_TEXT(std::vector<double>, "Sequence[float]")
NEURA_TYPE_TEXT(Generator*, "Generator | None")
NEURA_TYPE_TEXT(pybind11::object, "Any")
#undef NEURA_TYPE_TEXT
template <typename T>
struct TypeText<std::optional<T>> {
  static std::string Get() { return TypeText<T>::Get() + " | None"; }
};
template <NamedResult T>
struct TypeText<T> {
  static std::string Get() {
    std::string text;
    T().VisitTensors([&](const Tensor&) { text += text.empty() ? "tuple[Tensor" : ", Tensor"; });
    return text + "]";
  }
};

// The same for a field of an option struct.
bool FieldFromPython(PyObject* object, FieldRef field);
PyObject* FieldToPython(FieldRef field);
std::string FieldTypeText(FieldRef field);

// neura.dtype and neura.device, with their constants.
void InitValues(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_VALUES_H_
