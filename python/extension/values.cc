#include "neura/python/extension/values.h"

#include <array>
#include <complex>
#include <type_traits>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/python/extension/errors.h"
#include "neura/tensor/core/dtype_limits.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// A dtype as Python sees it: one object for each, so that `is` works.
struct PyDType {
  DType dtype;
};
std::array<PyObject*, kNumDTypes> g_dtypes = {};

// Whether the object is an integer, or a 0-d integer array or tensor; never a bool.
bool IsInteger(PyObject* object) {
  if (PyLong_Check(object)) return !PyBool_Check(object);
  if (IsTensor(object)) {
    const Tensor& tensor = TensorOf(object);
    return tensor.numel() == 1 && IsIntegral(tensor.dtype());
  }
  return PyIndex_Check(object);
}

}  // namespace

bool FromPython(PyObject* object, bool* value) {
  if (PyBool_Check(object)) {
    *value = object == Py_True;
    return true;
  }
  // numpy.bool_ and 0/1.
  if (!PyNumber_Check(object) || PyFloat_Check(object) || IsTensor(object)) return false;
  const int truth = PyObject_IsTrue(object);
  if (truth < 0) throw py::error_already_set();
  *value = truth == 1;
  return true;
}

namespace {

// After a conversion of an integer that may have failed.
void CheckInteger(PyObject* integer) {
  if (PyErr_Occurred() == nullptr) return;
  if (PyErr_ExceptionMatches(PyExc_OverflowError) != 0) {
    PyErr_Clear();
    PyErr_Format(PyExc_OverflowError, "the integer %S does not fit into 64 bits", integer);
  }
  throw py::error_already_set();
}

}  // namespace

bool FromPython(PyObject* object, int64_t* value) {
  if (!IsInteger(object)) return false;
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object));
  if (!index) throw py::error_already_set();
  *value = PyLong_AsLongLong(index.ptr());
  if (*value == -1) CheckInteger(index.ptr());
  return true;
}

bool FromPython(PyObject* object, uint64_t* value) {
  if (!IsInteger(object)) return false;
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object));
  if (!index) throw py::error_already_set();
  *value = PyLong_AsUnsignedLongLong(index.ptr());
  CheckInteger(index.ptr());
  return true;
}

bool FromPython(PyObject* object, double* value) {
  if (PyFloat_CheckExact(object)) {
    *value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (PyComplex_Check(object) || PyUnicode_Check(object)) return false;
  if (IsTensor(object) && TensorOf(object).numel() != 1) return false;
  if (!PyFloat_Check(object) && !PyIndex_Check(object) &&
      (Py_TYPE(object)->tp_as_number == nullptr ||
       Py_TYPE(object)->tp_as_number->nb_float == nullptr)) {
    return false;
  }
  *value = PyFloat_AsDouble(object);
  if (*value == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return true;
}

bool FromPython(PyObject* object, std::string* value) {
  if (!PyUnicode_Check(object)) return false;
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(object, &size);
  if (text == nullptr) throw py::error_already_set();
  value->assign(text, static_cast<size_t>(size));
  return true;
}

bool FromPython(PyObject* object, DType* value) {
  for (size_t i = 0; i < g_dtypes.size(); ++i) {
    if (object == g_dtypes[i]) {
      *value = static_cast<DType>(i);
      return true;
    }
  }
  if (object == reinterpret_cast<PyObject*>(&PyFloat_Type)) return *value = kFloat32, true;
  if (object == reinterpret_cast<PyObject*>(&PyLong_Type)) return *value = kInt64, true;
  if (object == reinterpret_cast<PyObject*>(&PyBool_Type)) return *value = kBool, true;
  return false;
}

bool FromPython(PyObject* object, Device* value) {
  if (object == Py_None) {
    *value = DefaultDevice();
    return true;
  }
  if (py::isinstance<Device>(object)) {
    *value = py::handle(object).cast<Device>();
    return true;
  }
  std::string name;
  if (!FromPython(object, &name)) return false;
  if (name != "cpu" && name != "cpu:0") {
    throw py::value_error("no backend for device '" + name + "' in this build; there is 'cpu'");
  }
  *value = kCpu;
  return true;
}

bool FromPython(PyObject* object, Scalar* value) {
  if (PyFloat_CheckExact(object)) {
    *value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  if (PyBool_Check(object)) {
    *value = object == Py_True;
    return true;
  }
  if (PyLong_CheckExact(object)) {
    int overflow = 0;
    const long long integer = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow > 0) {
      *value = static_cast<uint64_t>(PyLong_AsUnsignedLongLong(object));
      CheckInteger(object);
    } else {
      int64_t whole = integer;
      if (overflow < 0) FromPython(object, &whole);  // which says what is wrong
      *value = whole;
    }
    return true;
  }
  if (IsTensor(object)) {
    const Tensor& tensor = TensorOf(object);
    if (tensor.numel() != 1) return false;
    *value = tensor.ItemScalar();
    return true;
  }
  if (PyComplex_Check(object)) {
    *value = std::complex<double>(PyComplex_RealAsDouble(object), PyComplex_ImagAsDouble(object));
    return true;
  }
  if (PySequence_Check(object) || !PyNumber_Check(object)) return false;
  // NumPy's numbers.
  const auto item = py::reinterpret_steal<py::object>(
      PyIndex_Check(object) ? PyNumber_Index(object) : PyNumber_Float(object));
  if (!item) throw py::error_already_set();
  return FromPython(item.ptr(), value);
}

bool FromPython(PyObject* object, Dims* value) {
  value->clear();
  if (int64_t extent = 0; FromPython(object, &extent)) {
    value->push_back(extent);
    return true;
  }
  if (!PySequence_Check(object) || PyUnicode_Check(object) || PyBytes_Check(object) ||
      IsTensor(object)) {
    return false;
  }
  const auto items = py::reinterpret_steal<py::object>(PySequence_Fast(object, ""));
  if (!items) throw py::error_already_set();
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(items.ptr());
  // x.permute((0, 1)) passes the sequence as the only one of its integers.
  if (size == 1 && !IsInteger(PySequence_Fast_GET_ITEM(items.ptr(), 0))) {
    return PySequence_Check(PySequence_Fast_GET_ITEM(items.ptr(), 0)) != 0 &&
           FromPython(PySequence_Fast_GET_ITEM(items.ptr(), 0), value);
  }
  for (Py_ssize_t i = 0; i < size; ++i) {
    int64_t extent = 0;
    if (!FromPython(PySequence_Fast_GET_ITEM(items.ptr(), i), &extent)) return false;
    value->push_back(extent);
  }
  return true;
}

bool FromPython(PyObject* object, Sizes* value) {
  if (int64_t all = 0; FromPython(object, &all)) {
    *value = all;
    return true;
  }
  if (!PySequence_Check(object) || PyUnicode_Check(object) || PyBytes_Check(object) ||
      IsTensor(object)) {
    return false;
  }
  const auto items = py::reinterpret_steal<py::object>(PySequence_Fast(object, ""));
  if (!items) throw py::error_already_set();
  Dims each;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.ptr()); ++i) {
    PyObject* const item = PySequence_Fast_GET_ITEM(items.ptr(), i);
    int64_t number = Sizes::kSame;
    if (item != Py_None && !FromPython(item, &number)) return false;
    each.push_back(number);
  }
  if (each.empty() || each.size() > Sizes::kMostDims) return false;
  *value = Sizes(DimsView(each));
  return true;
}

bool FromPython(PyObject* object, Tensor* value) {
  if (!IsTensor(object)) return false;
  CheckInitialized(object);
  *value = TensorOf(object);
  return true;
}

bool FromPython(PyObject* object, Generator** value) {
  *value = nullptr;
  if (object == Py_None) return true;
  if (!py::isinstance<Generator>(object)) return false;
  *value = py::handle(object).cast<Generator*>();
  return true;
}

bool FromPython(PyObject* object, linalg::NormOrder* value) {
  return FromPython(object, &value->name) || FromPython(object, &value->p);
}

bool FromPython(PyObject* object, ConvPadding* value) {
  return FromPython(object, &value->name) || FromPython(object, &value->sizes);
}

bool FromPython(PyObject* object, std::optional<Sizes>* value) {
  value->reset();
  if (object == Py_None || (PyTuple_Check(object) && PyTuple_GET_SIZE(object) == 0) ||
      (PyList_Check(object) && PyList_GET_SIZE(object) == 0)) {
    return true;
  }
  return FromPython(object, &value->emplace());
}

bool FromPython(PyObject* object, DimsOrFlag* value) {
  *value = {};
  if (!PyBool_Check(object)) return FromPython(object, &value->dims);
  value->flag = object == Py_True;
  return true;
}

bool FromPython(PyObject* object, Operand* value) {
  value->is_tensor = FromPython(object, &value->tensor);
  return value->is_tensor || FromPython(object, &value->scalar);
}

namespace {

template <typename T>
bool SequenceFromPython(PyObject* object, std::vector<T>* value) {
  value->clear();
  if (IsTensor(object) || PyUnicode_Check(object)) return false;
  const auto items = py::reinterpret_steal<py::object>(PySequence_Fast(object, ""));
  if (!items) {
    PyErr_Clear();
    return false;
  }
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(items.ptr());
  for (Py_ssize_t i = 0; i < size; ++i) {
    T element{};
    if (!FromPython(PySequence_Fast_GET_ITEM(items.ptr(), i), &element)) return false;
    value->push_back(std::move(element));
  }
  return true;
}

}  // namespace

bool FromPython(PyObject* object, std::vector<Tensor>* value) {
  return SequenceFromPython(object, value);
}
bool FromPython(PyObject* object, std::vector<double>* value) {
  return SequenceFromPython(object, value);
}

bool FromPython(PyObject* object, py::object* value) {
  *value = py::reinterpret_borrow<py::object>(object);
  return true;
}

PyObject* ToPython(bool value) { return PyBool_FromLong(value); }
PyObject* ToPython(int64_t value) { return PyLong_FromLongLong(value); }
PyObject* ToPython(uint64_t value) { return PyLong_FromUnsignedLongLong(value); }
PyObject* ToPython(double value) { return PyFloat_FromDouble(value); }
PyObject* ToPython(const std::string& value) {
  return PyUnicode_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size()));
}
PyObject* ToPython(DType value) { return Py_NewRef(g_dtypes[static_cast<size_t>(value)]); }
PyObject* ToPython(Device value) { return py::cast(value).release().ptr(); }
PyObject* ToPython(const Scalar& value) {
  switch (value.category()) {
    case DTypeCategory::kBool:
      return ToPython(value.To<bool>());
    case DTypeCategory::kIntegral:
      return value.beyond_int64() ? ToPython(value.To<uint64_t>()) : ToPython(value.To<int64_t>());
    case DTypeCategory::kFloating:
      return ToPython(value.To<double>());
    case DTypeCategory::kComplex:
      break;
  }
  const auto number = value.To<std::complex<double>>();
  return PyComplex_FromDoubles(number.real(), number.imag());
}
PyObject* ToPython(DimsView value) {
  PyObject* const tuple = PyTuple_New(static_cast<Py_ssize_t>(value.size()));
  for (size_t i = 0; tuple != nullptr && i < value.size(); ++i) {
    PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), PyLong_FromLongLong(value[i]));
  }
  return tuple;
}
PyObject* ToPython(const Sizes& value) {
  const bool all_equal = value == Sizes(value[0]).Each(value.given().size());
  if (all_equal && value[0] != Sizes::kSame) return ToPython(value[0]);
  return SizesTuple(value);
}
PyObject* SizesTuple(const Sizes& value) {
  PyObject* const tuple = ToPython(value.given());
  for (size_t i = 0; tuple != nullptr && i < value.given().size(); ++i) {
    if (value.given()[i] == Sizes::kSame) {
      PyTuple_SetItem(tuple, static_cast<Py_ssize_t>(i), Py_NewRef(Py_None));
    }
  }
  return tuple;
}
PyObject* ToPython(const std::vector<Tensor>& value) {
  PyObject* const tuple = PyTuple_New(static_cast<Py_ssize_t>(value.size()));
  for (size_t i = 0; tuple != nullptr && i < value.size(); ++i) {
    PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), ToPython(value[i]));
  }
  return tuple;
}
PyObject* ToPython(py::object value) { return value.release().ptr(); }

PyTypeObject* NewResultType(const char* name, std::string_view members, const char* doc) {
  // All live as long as the type.
  auto* const names = new std::vector<std::string>(absl::StrSplit(members, ", "));
  auto* const fields = new std::vector<PyStructSequence_Field>;
  for (const std::string& member : *names) fields->push_back({member.c_str(), nullptr});
  fields->push_back({nullptr, nullptr});
  auto* const type_name = new std::string(absl::StrCat("neura.return_types.", name));
  PyStructSequence_Desc description = {type_name->c_str(), doc, fields->data(),
                                       static_cast<int>(names->size())};
  PyTypeObject* const type = PyStructSequence_NewType(&description);
  if (type == nullptr) throw py::error_already_set();
  return type;
}
PyObject* ResultToPython(PyTypeObject* type, absl::Span<const Tensor> tensors) {
  auto result = py::reinterpret_steal<py::object>(PyStructSequence_New(type));
  if (!result) throw py::error_already_set();
  for (size_t i = 0; i < tensors.size(); ++i) {
    PyStructSequence_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(i), ToPython(tensors[i]));
  }
  return result.release().ptr();
}

bool FieldFromPython(PyObject* object, FieldRef field) {
  return std::visit([&](auto* value) { return FromPython(object, value); }, field);
}
PyObject* FieldToPython(FieldRef field) {
  return std::visit([](auto* value) { return ToPython(*value); }, field);
}
std::string FieldTypeText(FieldRef field) {
  return std::visit(
      [](auto* value) { return TypeText<std::remove_pointer_t<decltype(value)>>::Get(); }, field);
}

namespace {

struct FInfo {
  DType dtype;
  FloatLimits limits;
  // Of one number; complex ones have two.
  size_t bits() const { return 8 * ItemSize(dtype) / (IsComplex(dtype) ? 2 : 1); }
};
struct IInfo {
  DType dtype;
  IntegerLimits limits;
  size_t bits() const { return 8 * ItemSize(dtype); }
};

}  // namespace

void InitValues(py::module_& m) {
  py::class_<PyDType>(m, "dtype", "The element type of a tensor.")
      .def("__repr__", [](const PyDType& t) { return absl::StrCat("neura.", DTypeName(t.dtype)); })
      .def_property_readonly("name",
                             [](const PyDType& t) { return std::string(DTypeName(t.dtype)); })
      .def_property_readonly("itemsize", [](const PyDType& t) { return ItemSize(t.dtype); })
      .def_property_readonly("is_floating_point",
                             [](const PyDType& t) { return IsFloating(t.dtype); })
      .def_property_readonly("is_complex", [](const PyDType& t) { return IsComplex(t.dtype); })
      .def_property_readonly(
          "is_signed", [](const PyDType& t) { return t.dtype != kBool && !IsUnsigned(t.dtype); });
  py::class_<FInfo>(m, "finfo", "What numbers a floating point dtype has.")
      .def(py::init([](const py::object& dtype) {
             const DType of = dtype.is_none() ? kFloat32 : dtype.cast<PyDType>().dtype;
             return FInfo{of, FloatLimitsOf(of)};
           }),
           py::arg("dtype") = py::none())
      .def("__repr__",
           [](const FInfo& info) {
             const FloatLimits& limits = info.limits;
             return absl::StrCat("finfo(resolution=", limits.resolution, ", min=", -limits.max,
                                 ", max=", limits.max, ", eps=", limits.eps,
                                 ", smallest_normal=", limits.smallest_normal,
                                 ", tiny=", limits.smallest_normal,
                                 ", dtype=", DTypeName(info.dtype), ")");
           })
      .def_property_readonly("bits", [](const FInfo& info) { return info.bits(); })
      .def_property_readonly("max", [](const FInfo& info) { return info.limits.max; })
      .def_property_readonly("min", [](const FInfo& info) { return -info.limits.max; })
      .def_property_readonly("eps", [](const FInfo& info) { return info.limits.eps; })
      .def_property_readonly("tiny", [](const FInfo& info) { return info.limits.smallest_normal; })
      .def_property_readonly("smallest_normal",
                             [](const FInfo& info) { return info.limits.smallest_normal; })
      .def_property_readonly("resolution", [](const FInfo& info) { return info.limits.resolution; })
      .def_property_readonly("dtype",
                             [](const FInfo& info) { return std::string(DTypeName(info.dtype)); });
  py::class_<IInfo>(m, "iinfo", "What numbers an integer dtype has.")
      .def(py::init([](const PyDType& dtype) {
             return IInfo{dtype.dtype, IntegerLimitsOf(dtype.dtype)};
           }),
           py::arg("dtype"))
      .def("__repr__",
           [](const IInfo& info) {
             return absl::StrCat("iinfo(min=", info.limits.min, ", max=", info.limits.max,
                                 ", dtype=", DTypeName(info.dtype), ")");
           })
      .def_property_readonly("bits", [](const IInfo& info) { return info.bits(); })
      .def_property_readonly("max", [](const IInfo& info) { return info.limits.max; })
      .def_property_readonly("min", [](const IInfo& info) { return info.limits.min; })
      .def_property_readonly("dtype",
                             [](const IInfo& info) { return std::string(DTypeName(info.dtype)); });
  for (size_t i = 0; i < g_dtypes.size(); ++i) {
    const DType dtype = static_cast<DType>(i);
    g_dtypes[i] = py::cast(PyDType{dtype}).release().ptr();
    m.add_object(std::string(DTypeName(dtype)).c_str(), py::handle(g_dtypes[i]));
  }
  const auto alias = [&](const char* name, DType dtype) {
    m.add_object(name, py::handle(g_dtypes[static_cast<size_t>(dtype)]));
  };
  alias("float", kFloat32);
  alias("double", kFloat64);
  alias("half", kFloat16);
  alias("int", kInt32);
  alias("long", kInt64);
  alias("short", kInt16);
  alias("cfloat", kComplex64);
  alias("cdouble", kComplex128);

  py::class_<Device>(m, "device", "Where a tensor's memory is.")
      .def(py::init([](const py::object& name) {
             Device device;
             if (!FromPython(name.ptr(), &device)) {
               ThrowTypeError("device(): argument 'name' must be str or device");
             }
             return device;
           }),
           py::arg("name"))
      // `with device("cpu"):` makes tensors there, where they are made anyway.
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](const Device&, const py::args&) {})
      .def_property_readonly("type", [](const Device&) { return "cpu"; })
      .def_property_readonly("index", [](const Device& d) { return d.index; })
      .def(
          "__eq__", [](const Device& a, const Device& b) { return a == b; }, py::is_operator())
      .def("__hash__", [](const Device& d) { return d.index; })
      .def("__str__", [](const Device&) { return "cpu"; })
      .def("__reduce__",
           [](const py::object& self) {
             return py::make_tuple(py::type::of(self), py::make_tuple(py::str(self)));
           })
      .def("__repr__", [](const Device&) { return "device(type='cpu')"; });
}

}  // namespace neura::python
