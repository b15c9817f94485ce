#include "neura/python/extension/convert.h"

#include <pybind11/numpy.h>

#include <complex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/function.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/core/storage.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// ---- NumPy's dtypes --------------------------------------------------------------------------

// NumPy has no bfloat16 of its own; the package ml_dtypes adds one.
py::object BFloat16OrNone() {
  try {
    return py::module_::import("ml_dtypes").attr("bfloat16");
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ImportError)) throw;
    return py::none();
  }
}

py::dtype NumpyDType(DType dtype) {
  if (dtype != kBFloat16) return py::dtype(std::string(DTypeName(dtype)));
  const py::object type = BFloat16OrNone();
  if (type.is_none()) {
    ThrowTypeError(
        "numpy() of a bfloat16 tensor needs the package ml_dtypes; or cast it: .float()");
  }
  return py::dtype::from_args(type);
}

std::optional<DType> DTypeOfNumpy(const py::dtype& dtype) {
  const auto size = dtype.itemsize();
  switch (dtype.kind()) {
    case 'b':
      return kBool;
    case 'u':
      if (size == 1) return kUInt8;
      if (size == 2) return kUInt16;
      if (size == 4) return kUInt32;
      if (size == 8) return kUInt64;
      break;
    case 'i':
      if (size == 1) return kInt8;
      if (size == 2) return kInt16;
      if (size == 4) return kInt32;
      if (size == 8) return kInt64;
      break;
    case 'f':
      if (size == 2) return kFloat16;
      if (size == 4) return kFloat32;
      if (size == 8) return kFloat64;
      break;
    case 'c':
      if (size == 8) return kComplex64;
      if (size == 16) return kComplex128;
      break;
    case 'V':
      if (py::str(dtype.attr("name")).cast<std::string>() == "bfloat16") return kBFloat16;
      break;
    default:
      break;
  }
  return std::nullopt;
}

DType MustHaveDType(const py::array& array, const char* what) {
  const std::optional<DType> dtype = DTypeOfNumpy(array.dtype());
  // Written in Python, and so only asked for where it is told.
  const auto name = [&] { return py::str(array.dtype()).cast<std::string>(); };
  if (!dtype) {
    ThrowTypeError(absl::StrCat(what, ": NumPy's dtype ", name(),
                                " has no counterpart; use bool, uint8 to uint64, int8 to int64, "
                                "float16 to float64, complex64 or complex128"));
  }
  if (array.dtype().attr("isnative").cast<bool>()) return *dtype;
  throw py::value_error(absl::StrCat(what, ": the array's byte order ", name(),
                                     " is not this machine's; convert it with "
                                     ".astype(array.dtype.newbyteorder('='))"));
}

// The array's memory as a tensor, which keeps the array alive.
Tensor ShareNumpy(const py::array& array, DType dtype, const char* what) {
  const auto item = static_cast<py::ssize_t>(ItemSize(dtype));
  Dims shape, strides;
  for (py::ssize_t d = 0; d < array.ndim(); ++d) {
    shape.push_back(array.shape(d));
    if (array.strides(d) % item != 0 || (array.strides(d) < 0 && array.shape(d) > 1)) {
      throw py::value_error(absl::StrCat(what,
                                         ": the array's strides are negative or no multiple "
                                         "of its elements; pass array.copy()"));
    }
    strides.push_back(array.shape(d) > 1 ? array.strides(d) / item : 0);
  }
  if (reinterpret_cast<uintptr_t>(array.data()) % AlignmentOf(dtype) != 0) {
    throw py::value_error(absl::StrCat(what,
                                       ": the array's memory is not aligned to its elements; "
                                       "pass array.copy()"));
  }
  int64_t last = 0;
  for (size_t d = 0; d < shape.size(); ++d) last += std::max<int64_t>(shape[d] - 1, 0) * strides[d];
  const size_t bytes = array.size() == 0 ? 0 : static_cast<size_t>((last + 1) * item);
  if (array.size() == 0) strides = ContiguousStrides(shape);
  auto* const owner = new py::object(array);
  auto storage = Storage::External(
      const_cast<void*>(array.data()), bytes, kCpu,
      [](void* context) {
        const GilHeld held;
        delete static_cast<py::object*>(context);
      },
      owner);
  const Tensor tensor = Tensor::View(std::move(storage), 0, shape, strides, dtype);
  RequireBools(tensor, what);
  return tensor;
}

Tensor CopyOfNumpy(const py::array& array, const char* what) {
  const DType dtype = MustHaveDType(array, what);
  const py::array contiguous = py::module_::import("numpy")
                                   .attr("require")(array, array.dtype(), "CA")
                                   .attr("reshape")(array.attr("shape"));
  NoGradGuard no_grad;
  return Clone(ShareNumpy(contiguous, dtype, what));
}

// ---- nested lists ----------------------------------------------------------------------------

class ListReader {
 public:
  Tensor Read(const py::object& data, std::optional<DType> dtype) {
    dtype_is_given_ = dtype.has_value();
    FindShape(data);
    Collect(data, 0);
    const DType wanted = dtype.value_or(OwnDType());
    Tensor tensor = Empty(shape_, {.dtype = wanted});
    switch (wanted) {
#define NEURA_CASE(type, name)                       \
  case DType::name: {                                \
    for (size_t i = 0; i < items_.size(); ++i) {     \
      CheckFits(items_[i], wanted);                  \
      tensor.data<type>()[i] = items_[i].To<type>(); \
    }                                                \
    break;                                           \
  }
      NEURA_FORALL_DTYPES(NEURA_CASE)
#undef NEURA_CASE
    }
    return tensor;
  }

 private:
  static bool IsSequence(PyObject* object) {
    return PyList_Check(object) || PyTuple_Check(object) ||
           (!IsTensor(object) && PySequence_Check(object) && !PyUnicode_Check(object) &&
            !PyBytes_Check(object));
  }

  static void CheckFits(const Scalar& item, DType dtype) {
    if (item.Fits(dtype)) return;
    throw py::value_error(absl::StrCat("tensor(): the number ", ToString(item),
                                       " is outside of what ", DTypeName(dtype), " holds"));
  }

  void FindShape(py::object data) {
    while (IsSequence(data.ptr())) {
      if (shape_.size() == kMaxDims) {
        throw py::value_error(absl::StrCat("tensor(): nested deeper than ", kMaxDims, " lists"));
      }
      const py::ssize_t size = PySequence_Size(data.ptr());
      if (size < 0) throw py::error_already_set();
      shape_.push_back(size);
      if (size == 0) break;
      data = py::reinterpret_steal<py::object>(PySequence_GetItem(data.ptr(), 0));
      if (!data) throw py::error_already_set();
    }
  }

  void Collect(const py::object& data, size_t depth) {
    if (depth == shape_.size()) {
      Scalar item;
      if (IsSequence(data.ptr())) Ragged(data, depth);
      if (!FromPython(data.ptr(), &item)) {
        ThrowTypeError(
            absl::StrCat("tensor(): expected numbers, got ", Py_TYPE(data.ptr())->tp_name));
      }
      items_.push_back(item);
      if (!dtype_is_given_) NoteDType(data, item);
      return;
    }
    if (!IsSequence(data.ptr()) || PySequence_Size(data.ptr()) != shape_[depth]) {
      Ragged(data, depth);
    }
    for (py::ssize_t i = 0; i < shape_[depth]; ++i) {
      const auto item = py::reinterpret_steal<py::object>(PySequence_GetItem(data.ptr(), i));
      if (!item) throw py::error_already_set();
      Collect(item, depth + 1);
    }
  }

  [[noreturn]] void Ragged(const py::object& data, size_t depth) const {
    const std::string got = IsSequence(data.ptr())
                                ? absl::StrCat("a sequence of ", PySequence_Size(data.ptr()))
                                : std::string("a number");
    throw py::value_error(absl::StrCat(
        "tensor(): the lists are ragged: expected ",
        depth < shape_.size() ? absl::StrCat("a sequence of ", shape_[depth]) : "a number",
        " at depth ", depth, ", got ", got));
  }

  // Python's numbers have the default dtype of their kind; tensors and NumPy's numbers their own.
  void NoteDType(const py::object& data, const Scalar& item) {
    DType dtype = item.default_dtype();
    if (IsTensor(data.ptr())) {
      dtype = TensorOf(data.ptr()).dtype();
    } else if (!PyFloat_CheckExact(data.ptr()) && !PyLong_CheckExact(data.ptr()) &&
               !PyBool_Check(data.ptr()) && py::hasattr(data, "dtype") &&
               py::isinstance<py::dtype>(data.attr("dtype"))) {
      dtype = DTypeOfNumpy(data.attr("dtype").cast<py::dtype>()).value_or(dtype);
    } else if (dtype == kUInt64) {
      beyond_int64_ = true;
      dtype = kInt64;
    }
    if (dtype_ != dtype) dtype_ = dtype_ ? PromoteTypes(*dtype_, dtype) : dtype;
  }

  // Integers of Python are int64 unless one is too large for it, as in NumPy.
  DType OwnDType() const {
    const DType dtype = dtype_.value_or(kFloat32);
    return dtype == kInt64 && beyond_int64_ ? kUInt64 : dtype;
  }

  Dims shape_;
  std::vector<Scalar> items_;
  bool dtype_is_given_ = false;
  std::optional<DType> dtype_;
  bool beyond_int64_ = false;  // an integer of Python
};

// A sequence of tensors of one element, or of arrays, is stacked first.
bool IsSequenceOfTensors(const py::object& data) {
  if (!PyList_Check(data.ptr()) && !PyTuple_Check(data.ptr())) return false;
  if (PySequence_Size(data.ptr()) == 0) return false;
  const auto first = py::reinterpret_steal<py::object>(PySequence_GetItem(data.ptr(), 0));
  return (IsTensor(first.ptr()) && TensorOf(first.ptr()).dim() > 0) || IsNumpyArray(first.ptr());
}

Tensor StackData(const py::object& data, std::optional<DType> dtype) {
  std::vector<Tensor> tensors;
  for (const py::handle item : data) {
    tensors.push_back(TensorFromData(py::reinterpret_borrow<py::object>(item), dtype));
  }
  return Stack(tensors);
}

// ---- functions -------------------------------------------------------------------------------

py::object MakeTensor(const py::object& data, const std::optional<DType>& dtype, const Device&,
                      bool requires_grad) {
  Tensor tensor = TensorFromData(data, dtype);
  if (requires_grad) SetRequiresGrad(tensor);
  return py::cast(tensor);
}

Tensor FromNumpy(const py::object& object) {
  if (!IsNumpyArray(object.ptr())) {
    ThrowTypeError(
        absl::StrCat("from_numpy(): expected a NumPy array, got ", Py_TYPE(object.ptr())->tp_name));
  }
  const auto array = py::reinterpret_borrow<py::array>(object);
  const DType dtype = MustHaveDType(array, "from_numpy()");
  if (!array.writeable()) {
    throw py::value_error(
        "from_numpy(): the array is read-only, and a tensor over it could be written to; use "
        "neura.tensor(array), which copies it");
  }
  return ShareNumpy(array, dtype, "from_numpy()");
}

py::object AsTensor(const py::object& data, const std::optional<DType>& dtype, const Device&) {
  if (IsTensor(data.ptr())) {
    if (!dtype || TensorOf(data.ptr()).dtype() == *dtype) return data;
    return py::cast(Cast(TensorOf(data.ptr()), *dtype));
  }
  if (IsNumpyArray(data.ptr())) {
    const auto array = py::reinterpret_borrow<py::array>(data);
    const std::optional<DType> own = DTypeOfNumpy(array.dtype());
    if (array.writeable() && own && (!dtype || *dtype == *own)) return py::cast(FromNumpy(data));
  }
  return py::cast(TensorFromData(data, dtype));
}

// Shares memory. The array keeps the tensor alive.
py::object ToNumpy(const py::object& self, bool force) {
  Tensor tensor = TensorOf(self.ptr());
  RequireDense("numpy", tensor);
  if (RequiresGrad(tensor)) {
    if (!force) {
      throw std::runtime_error(
          "numpy() of a tensor that requires a gradient; use tensor.detach().numpy()");
    }
    tensor = Detach(tensor);
  }
  const py::dtype dtype = NumpyDType(tensor.dtype());
  std::vector<py::ssize_t> shape, strides;
  for (size_t d = 0; d < tensor.shape().size(); ++d) {
    shape.push_back(tensor.shape()[d]);
    strides.push_back(tensor.strides()[d] * static_cast<py::ssize_t>(ItemSize(tensor.dtype())));
  }
  tensor.NotifyRead();
  const py::object owner = py::reinterpret_steal<py::object>(ToPython(tensor));
  return py::array(dtype, shape, strides, tensor.raw_data(), owner);
}

py::object ToArray(const py::object& self, const py::object& dtype, const py::object& copy) {
  py::object array = ToNumpy(self, false);
  if (!dtype.is_none()) array = array.attr("astype")(dtype, py::arg("copy") = false);
  if (!copy.is_none() && copy.cast<bool>()) array = array.attr("copy")();
  return array;
}

py::object ToList(const Tensor& tensor) {
  if (tensor.dim() == 0) return py::reinterpret_steal<py::object>(ToPython(tensor.ItemScalar()));
  const Tensor plain = tensor.dtype() == kBFloat16 ? Cast(tensor, kFloat32) : tensor;
  return ToNumpy(py::cast(Detach(plain)), false).attr("tolist")();
}

}  // namespace

void RequireBools(const Tensor& tensor, const char* what) {
  if (tensor.dtype() != kBool) return;
  const NoGradGuard no_grad;
  const Tensor bytes = Tensor::View(tensor.storage(), tensor.storage_offset(), tensor.shape(),
                                    tensor.strides(), kUInt8);
  if (Any(Gt(bytes, 1)).Item<bool>()) {
    throw py::value_error(absl::StrCat(what, ": a byte of a bool is neither 0 nor 1"));
  }
}

bool IsNumpyArray(PyObject* object) { return py::isinstance<py::array>(object); }

Tensor TensorFromData(const py::object& data, std::optional<DType> dtype) {
  if (IsTensor(data.ptr())) {
    NoGradGuard no_grad;
    const Tensor& tensor = TensorOf(data.ptr());
    return dtype && *dtype != tensor.dtype() ? Cast(tensor, *dtype) : Clone(tensor);
  }
  if (IsNumpyArray(data.ptr())) {
    const Tensor copy = CopyOfNumpy(py::reinterpret_borrow<py::array>(data), "tensor()");
    return dtype ? Cast(copy, *dtype) : copy;
  }
  if (IsSequenceOfTensors(data)) return StackData(data, dtype);
  return ListReader().Read(data, dtype);
}

void InitConvert(py::module_& m) {
  // Now, and not where threads may meet: see g_size_type in properties.cc.
  py::detail::npy_api::get();
  const py::handle type(reinterpret_cast<PyObject*>(g_tensor_type));
  Bind(m, "", "tensor",
       MakeFunction("tensor", "data, *, dtype=None, device='cpu', requires_grad=False",
                    "A copy of a number, nested lists, an array or a tensor", &MakeTensor,
                    "Tensor"));
  Bind(m, "", "as_tensor",
       MakeFunction("as_tensor", "data, dtype=None, device='cpu'",
                    "A tensor over the memory of data where that can be shared, else a copy",
                    &AsTensor, "Tensor"));
  Bind(m, "", "from_numpy",
       MakeFunction(
           "from_numpy", "array", "A tensor over the memory of a writable NumPy array",
           +[](const py::object& array) { return py::cast(FromNumpy(array)); }, "Tensor"));
  Bind(type, "Tensor", "numpy",
       MakeFunction("numpy", "self, *, force=False",
                    "A NumPy array over the same memory; force detaches the tensor first", &ToNumpy,
                    "Any"));
  Bind(type, "Tensor", "tolist",
       MakeFunction(
           "tolist", "self", "Nested lists of Python numbers",
           +[](const py::object& self) { return ToList(TensorOf(self.ptr())); }, "Any"));
  Bind(type, "Tensor", "__array__",
       MakeFunction("__array__", "self, dtype=None, copy=None", "What numpy.asarray() takes",
                    &ToArray, "Any"));
}

}  // namespace neura::python
