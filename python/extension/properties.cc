#include "neura/python/extension/properties.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/function.h"
#include "neura/python/extension/grad_fn.h"
#include "neura/python/extension/memory_format.h"
#include "neura/python/extension/tensor_garbage.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// ---- attributes ------------------------------------------------------------------------------

template <auto get>
PyObject* Get(PyObject* self, void*) {
  return Guarded([&] { return ToPython(get(TensorOf(self))); });
}

// A tuple that prints as neura.Size([2, 3]). What Python has to import is imported with the module:
// threads that meet in the initialization of a static variable wait for each other, with the lock.
PyObject* g_size_type = nullptr;

PyObject* GetShape(PyObject* self, void*) {
  return Guarded([&]() -> PyObject* {
    const auto extents = py::reinterpret_steal<py::object>(ToPython(TensorOf(self).shape()));
    return PyObject_CallOneArg(g_size_type, extents.ptr());
  });
}

int SetGrad(PyObject* self, PyObject* value, void*) {
  return GuardedInt([&] {
    Tensor grad;
    if (value != nullptr && value != Py_None && !FromPython(value, &grad)) {
      ThrowTypeError("grad must be a Tensor or None");
    }
    autograd::SetGrad(TensorOf(self), grad);
  });
}

int SetRequiresGradAttribute(PyObject* self, PyObject* value, void*) {
  return GuardedInt([&] {
    bool requires_grad = false;
    if (value == nullptr || !FromPython(value, &requires_grad)) {
      ThrowTypeError("requires_grad must be a bool");
    }
    SetRequiresGrad(TensorOf(self), requires_grad);
    if (requires_grad) KeepIdentity(self);
  });
}

// Overwrites the values outside of any graph; the tensor stays the leaf that it is.
int SetData(PyObject* self, PyObject* value, void*) {
  return GuardedInt([&] {
    Tensor data;
    if (value == nullptr || !FromPython(value, &data)) ThrowTypeError("data must be a Tensor");
    if (data.shape() != TensorOf(self).shape()) {
      if (RequiresGrad(TensorOf(self))) {
        ThrowInvalidArgument(
            absl::StrCat("data of ", Describe(TensorOf(self)), " cannot be ", Describe(data)));
      }
      return ReplaceTensor(self, Detach(data));
    }
    NoGradGuard no_grad;
    Assign(TensorOf(self), data);
  });
}

template <Tensor (*part)(const Tensor&)>
int SetPart(PyObject* self, PyObject* value, void*) {
  return GuardedInt([&] {
    Operand operand;
    if (value == nullptr || !FromPython(value, &operand)) {
      ThrowTypeError("real and imag must be a tensor or a number");
    }
    const Tensor target = part(TensorOf(self));
    operand.is_tensor ? Assign(target, operand.tensor) : Fill(target, operand.scalar);
  });
}

PyObject* GetGradFn(PyObject* self, void*) {
  return Guarded([&] { return GradFnOf(TensorOf(self)).release().ptr(); });
}

// A number is its own transpose.
Tensor MatrixTranspose(const Tensor& x) {
  if (x.dim() == 0) return x;
  if (x.dim() < 2) {
    ThrowInvalidArgument(absl::StrCat("mT: expected at least 2 dimensions, got ", Describe(x)));
  }
  return Transpose(x, -2, -1);
}

Tensor AdjointOfMatrices(const Tensor& x) { return Conj(MatrixTranspose(x)); }

Tensor AdjointOfMatrix(const Tensor& x) {
  if (x.dim() != 2 && x.dim() != 0) {
    ThrowInvalidArgument(absl::StrCat("H: expected a matrix, got ", Describe(x)));
  }
  return AdjointOfMatrices(x);
}

Tensor ReversedDims(const Tensor& x) {
  Dims dims;
  for (int64_t i = x.dim(); i-- > 0;) dims.push_back(i);
  return Permute(x, dims);
}

#define NEURA_READ(name, doc, expression)                                        \
  {                                                                              \
    name, Get<[](const Tensor& x) { return expression; }>, nullptr, doc, nullptr \
  }
PyGetSetDef g_properties[] = {
    {"shape", GetShape, nullptr, "The extent of each dimension, a Size", nullptr},
    NEURA_READ("dtype", "The element type, a dtype", x.dtype()),
    NEURA_READ("device", "Where the memory is, a device",
               IsSparse(x) ? PartsOf("device", x).values.device() : x.device()),
    NEURA_READ("is_sparse", "Whether it is values at places, with zeros elsewhere, a bool",
               IsSparse(x)),
    NEURA_READ("ndim", "The number of dimensions, an int", x.dim()),
    NEURA_READ("itemsize", "Bytes of one element, an int",
               static_cast<int64_t>(ItemSize(x.dtype()))),
    NEURA_READ("nbytes", "Bytes of all elements, an int",
               x.numel() * static_cast<int64_t>(ItemSize(x.dtype()))),
    NEURA_READ("is_leaf", "Whether no recorded operation made the tensor, a bool",
               autograd::IsLeaf(x)),
    NEURA_READ("T", "With its dimensions in reverse order, a Tensor", ReversedDims(x)),
    NEURA_READ("mT", "With its last two dimensions exchanged, a Tensor", MatrixTranspose(x)),
    NEURA_READ("H", "The adjoint of a matrix, a Tensor", AdjointOfMatrix(x)),
    NEURA_READ("mH", "The adjoint of the matrices in the last two dimensions, a Tensor",
               AdjointOfMatrices(x)),
    {"real", Get<[](const Tensor& x) { return Real(x); }>, SetPart<&Real>,
     "A view of the real parts; a real tensor itself", nullptr},
    {"imag", Get<[](const Tensor& x) { return Imag(x); }>, SetPart<&Imag>,
     "A view of the imaginary parts", nullptr},
    NEURA_READ("_version", "How often the memory was changed in place, an int",
               static_cast<int64_t>(x.version())),
    {"grad", Get<[](const Tensor& x) { return autograd::GradOf(x); }>, SetGrad,
     "The accumulated gradient, a Tensor or None", nullptr},
    {"requires_grad", Get<[](const Tensor& x) { return RequiresGrad(x); }>,
     SetRequiresGradAttribute, "Whether a gradient flows through the tensor, a bool", nullptr},
    {"data", Get<[](const Tensor& x) { return Detach(x); }>, SetData,
     "The same memory outside of any graph, a Tensor", nullptr},
    {"grad_fn", GetGradFn, nullptr, "The operation that made the tensor, an object or None",
     nullptr},
    {},
};
#undef NEURA_READ

// ---- methods ---------------------------------------------------------------------------------

py::object Size(const Tensor& x, const std::optional<int64_t>& dim) {
  if (dim) return py::int_(x.size(*dim));
  return py::cast(x).attr("shape");
}

py::object Stride(const Tensor& x, const std::optional<int64_t>& dim) {
  if (dim) {
    return py::int_(x.strides()[static_cast<size_t>(NormalizeDim("stride", *dim, x.dim()))]);
  }
  return py::reinterpret_steal<py::object>(ToPython(x.strides()));
}

MemoryFormat FormatFrom(const char* method, const py::object& given) {
  MemoryFormat format;
  if (!FromPython(given.ptr(), &format)) {
    ThrowTypeError(absl::StrCat(method, "(): argument 'memory_format' must be a memory_format"));
  }
  return format;
}

// x.to(dtype), x.to(device), x.to(device, dtype), x.to(other). A bool in the dtype's place is
// non_blocking, which changes nothing.
py::object To(const Tensor& x, const py::object& target, const py::object& dtype, bool, bool copy,
              const py::object& device, const py::object& memory_format) {
  DType to = x.dtype();
  Device where;
  if (IsTensor(target.ptr())) {
    to = TensorOf(target.ptr()).dtype();
  } else if (!target.is_none() && !FromPython(target.ptr(), &to) &&
             !FromPython(target.ptr(), &where)) {
    ThrowTypeError("to(): expected a dtype, a device or a tensor");
  }
  if (!dtype.is_none() && !PyBool_Check(dtype.ptr()) && !FromPython(dtype.ptr(), &to)) {
    ThrowTypeError("to(): argument 'dtype' must be a dtype");
  }
  if (!device.is_none() && !FromPython(device.ptr(), &where)) {
    ThrowTypeError("to(): argument 'device' must be a device");
  }
  const MemoryFormat format = FormatFrom("to", memory_format);
  return py::cast(WithoutGil(
      [&] { return InFormat(copy && to == x.dtype() ? Clone(x) : Cast(x, to), format); }));
}

template <DType dtype>
py::object CastTo(const Tensor& x, const py::object& memory_format) {
  const MemoryFormat format = FormatFrom("cast", memory_format);
  return py::cast(WithoutGil([&] { return InFormat(Cast(x, dtype), format); }));
}

py::object Backward(const py::object& self, const std::optional<Tensor>& gradient,
                    const std::optional<bool>& retain_graph, bool create_graph,
                    const std::optional<std::vector<Tensor>>& inputs) {
  WithoutGil([&] {
    neura::Backward(TensorOf(self.ptr()), {.gradient = gradient.value_or(Tensor()),
                                           .retain_graph = retain_graph.value_or(false),
                                           .create_graph = create_graph,
                                           .inputs = inputs.value_or(std::vector<Tensor>())});
  });
  return py::none();
}

py::object RequiresGradInPlace(const py::object& self, bool requires_grad) {
  self.attr("requires_grad") = py::bool_(requires_grad);
  return self;
}

// The handle that takes the hook away again is what is called, so that it can fall silent.
py::object RegisterHook(const Tensor& x, const py::object& hook) {
  const py::object handle = py::module_::import("neura.autograd").attr("HookHandle")(hook);
  autograd::RegisterHook(x, PythonHook{AutogradCallable(handle)});
  return handle;
}

py::object FillInPlace(const py::object& self, const Scalar& value) {
  WithoutGil([&] { Fill(TensorOf(self.ptr()), value); });
  return self;
}
py::object ZeroInPlace(const py::object& self) { return FillInPlace(self, int64_t{0}); }
py::object CopyInPlace(const py::object& self, const Tensor& source) {
  WithoutGil([&] { Assign(TensorOf(self.ptr()), source); });
  return self;
}
template <Tensor (*make)(DimsView, double, double, const TensorOptions&, Generator*)>
py::object RandomInPlace(const py::object& self, double first, double second,
                         Generator* generator) {
  const Tensor& x = TensorOf(self.ptr());
  WithoutGil([&] { Assign(x, make(x.shape(), first, second, {.dtype = x.dtype()}, generator)); });
  return self;
}
template <Tensor (*make)(DimsView, double, const TensorOptions&, Generator*)>
py::object RandomInPlace(const py::object& self, double first, Generator* generator) {
  const Tensor& x = TensorOf(self.ptr());
  WithoutGil([&] { Assign(x, make(x.shape(), first, {.dtype = x.dtype()}, generator)); });
  return self;
}

}  // namespace

PyGetSetDef* TensorProperties() { return g_properties; }

void InitTensorMethods(py::module_&) {
  g_size_type = py::object(py::module_::import("neura._size").attr("Size")).release().ptr();
  const py::handle type(reinterpret_cast<PyObject*>(g_tensor_type));
  const auto method = [&](const char* name, const char* parameters, const char* doc, auto function,
                          const char* result = nullptr) {
    auto made = result == nullptr ? MakeFunction(name, parameters, doc, function)
                                  : MakeFunction(name, parameters, doc, function, result);
    Bind(type, "Tensor", name, std::move(made));
  };
  method("size", "self, dim=None", "The shape, or the extent of one dimension", &Size, "Any");
  method("stride", "self, dim=None", "Elements between neighbours of each dimension, or of one",
         &Stride, "Any");
  method(
      "dim", "self", "The number of dimensions", +[](const Tensor& x) { return x.dim(); });
  method(
      "numel", "self", "The number of elements", +[](const Tensor& x) { return x.numel(); });
  method(
      "storage_offset", "self", "Elements before the first one in the memory",
      +[](const Tensor& x) { return x.storage_offset(); });
  method(
      "data_ptr", "self", "The address of the first element", +[](const Tensor& x) {
        RequireDense("data_ptr", x);
        return static_cast<int64_t>(reinterpret_cast<intptr_t>(x.raw_data()));
      });
  method(
      "element_size", "self", "Bytes of one element",
      +[](const Tensor& x) { return static_cast<int64_t>(ItemSize(x.dtype())); });
  method(
      "is_floating_point", "self", "Whether the dtype is a floating point one",
      +[](const Tensor& x) { return IsFloating(x.dtype()); });
  method(
      "item", "self", "The only element, as a Python number",
      +[](const Tensor& x) { return x.ItemScalar(); }, "Any");
  method("to",
         "self, target=None, dtype=None, non_blocking=False, copy=False, *, device=None, "
         "memory_format=None",
         "A tensor of another dtype or memory format; the tensor itself when it has them already",
         &To, "Tensor");
  method(
      "type_as", "self, other", "Cast to the dtype of other",
      +[](const Tensor& x, const Tensor& other) { return Cast(x, other.dtype()); });
  const char* const as_it_lies = "self, memory_format=None";
  method("float", as_it_lies, "Cast to float32", &CastTo<kFloat32>, "Tensor");
  method("double", as_it_lies, "Cast to float64", &CastTo<kFloat64>, "Tensor");
  method("half", as_it_lies, "Cast to float16", &CastTo<kFloat16>, "Tensor");
  method("bfloat16", as_it_lies, "Cast to bfloat16", &CastTo<kBFloat16>, "Tensor");
  method("byte", as_it_lies, "Cast to uint8", &CastTo<kUInt8>, "Tensor");
  method("char", as_it_lies, "Cast to int8", &CastTo<kInt8>, "Tensor");
  method("short", as_it_lies, "Cast to int16", &CastTo<kInt16>, "Tensor");
  method("int", as_it_lies, "Cast to int32", &CastTo<kInt32>, "Tensor");
  method("long", as_it_lies, "Cast to int64", &CastTo<kInt64>, "Tensor");
  method("bool", as_it_lies, "Cast to bool", &CastTo<kBool>, "Tensor");
  method("cfloat", as_it_lies, "Cast to complex64", &CastTo<kComplex64>, "Tensor");
  method("cdouble", as_it_lies, "Cast to complex128", &CastTo<kComplex128>, "Tensor");
  method(
      "cpu", "self", "The tensor itself: its memory is the host's",
      +[](const Tensor& x) { return x; });
  method("detach", "self", "The same memory, outside of any graph", &Detach);
  method("backward", "self, gradient=None, retain_graph=None, create_graph=False, inputs=None",
         "Adds the gradient of this tensor to .grad of every leaf that it was computed from, or of "
         "those among inputs",
         &Backward, "None");
  method("requires_grad_", "self, requires_grad=True",
         "Makes the tensor a leaf whose gradient backward() accumulates, or no longer one",
         &RequiresGradInPlace, "Tensor");
  method("register_hook", "self, hook",
         "Calls hook with the gradient of this tensor when it is known; a result replaces it. "
         "handle.remove() of what this returns takes the hook away",
         &RegisterHook, "Any");
  method("fill_", "self, value", "Overwrites every element with a number", &FillInPlace, "Tensor");
  method("zero_", "self", "Overwrites every element with 0", &ZeroInPlace, "Tensor");
  method("copy_", "self, source",
         "Overwrites the elements with those of source, broadcast and "
         "converted",
         &CopyInPlace, "Tensor");
  method("uniform_", "self, a=0.0, b=1.0, *, generator=None",
         "Overwrites with uniform numbers in [a, b)", &RandomInPlace<Uniform>, "Tensor");
  method("normal_", "self, mean=0.0, std=1.0, *, generator=None", "Overwrites with normal numbers",
         &RandomInPlace<Normal>, "Tensor");
  method("log_normal_", "self, mean=1.0, std=2.0, *, generator=None",
         "Overwrites with exp() of normal numbers", &RandomInPlace<LogNormal>, "Tensor");
  method("cauchy_", "self, median=0.0, sigma=1.0, *, generator=None",
         "Overwrites with numbers of the Cauchy distribution, whose quartiles are sigma away",
         &RandomInPlace<Cauchy>, "Tensor");
  method("exponential_", "self, lambd=1.0, *, generator=None",
         "Overwrites with numbers of density lambd * exp(-lambd * x)", &RandomInPlace<Exponential>,
         "Tensor");
  method("geometric_", "self, p, *, generator=None",
         "Overwrites with how many trials of probability p there are up to the first success",
         &RandomInPlace<Geometric>, "Tensor");
}

}  // namespace neura::python
