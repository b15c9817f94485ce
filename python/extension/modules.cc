#include "neura/python/extension/modules.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/activations.h"
#include "neura/nn/convolution.h"
#include "neura/nn/dropout.h"
#include "neura/nn/images.h"
#include "neura/nn/layers.h"
#include "neura/nn/losses_of_several.h"
#include "neura/nn/normalization.h"
#include "neura/nn/padding.h"
#include "neura/nn/pooling.h"
#include "neura/nn/positions.h"
#include "neura/nn/recurrent.h"
#include "neura/nn/summary.h"
#include "neura/python/extension/error_path.h"
#include "neura/python/extension/garbage.h"
#include "neura/python/extension/layer_class.h"
#include "neura/python/extension/losses.h"
#include "neura/python/extension/named_modules.h"
#include "neura/python/extension/py_module.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/tensor_garbage.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"

namespace neura::python {

namespace py = pybind11;

namespace {

PyTypeObject* g_parameter_type = nullptr;  // neura.nn.Parameter

// As ToPython, with the type of parameters.
py::object ParameterToPython(const Tensor& tensor) {
  if (!tensor.defined()) return py::none();
  PyObject* const known = KnownObject(tensor);
  if (known != nullptr) return py::reinterpret_steal<py::object>(known);
  PyObject* const object =
      NewTensorObject(g_parameter_type == nullptr ? g_tensor_type : g_parameter_type, tensor);
  if (object == nullptr) throw py::error_already_set();
  KeepIdentity(object);
  return py::reinterpret_steal<py::object>(object);
}

// The object that Python has registered under that name.
py::object ChildNamed(PyModule& owner, const std::string& name) {
  PyModule::Member* const member = owner.Find(name);
  if (member == nullptr) {
    ThrowUnimplemented(owner.TypeName() + "." + name +
                       ": Python does not see the modules inside of a layer of C++");
  }
  return std::get<py::object>(member->value);
}

// The direct members as (kind, name, value).
class Lister final : public nn::MemberVisitor {
 public:
  explicit Lister(PyModule& owner) : owner_(owner) { owner.VisitMembers(*this); }
  void Visit(const std::string& name, nn::Parameter& p) override {
    list.append(py::make_tuple("parameter", name, ParameterToPython(p)));
  }
  void Visit(const std::string& name, nn::Buffer& b) override {
    list.append(py::make_tuple("buffer", name, py::cast(b.tensor())));
  }
  void Visit(const std::string& name, nn::ModuleBase&) override {
    list.append(py::make_tuple("module", name, ChildNamed(owner_, name)));
  }
  py::list list;

 private:
  PyModule& owner_;
};

// A parameter of Python may be frozen; Replace() makes it one that is trained.
void Set(nn::Parameter& parameter, const Tensor& tensor) {
  const bool frozen = tensor.defined() && !RequiresGrad(tensor);
  parameter.Replace(tensor);
  if (frozen) SetRequiresGrad(tensor, false);
}
void Set(nn::Buffer& buffer, const Tensor& tensor) { buffer.Replace(tensor); }

// One direct member by its name, read or replaced.
class Finder final : public nn::MemberVisitor {
 public:
  Finder(PyModule& owner, const std::string& name, const Tensor* replacement)
      : owner_(owner), name_(name), replacement_(replacement) {
    owner.VisitMembers(*this);
  }
  void Visit(const std::string& name, nn::Parameter& p) override {
    if (name != name_) return;
    if (replacement_ != nullptr) Set(p, *replacement_);
    found = ParameterToPython(p);
  }
  void Visit(const std::string& name, nn::Buffer& b) override {
    if (name != name_) return;
    if (replacement_ != nullptr) Set(b, *replacement_);
    found = py::cast(b.tensor());
  }
  void Visit(const std::string& name, nn::ModuleBase&) override {
    if (name == name_) found = ChildNamed(owner_, name);
  }
  py::object found;

 private:
  PyModule& owner_;
  const std::string& name_;
  const Tensor* const replacement_;
};

// Replaces a member that C++ has, or registers one of Python's.
template <typename Kind>
void SetTensor(PyModule& module, const std::string& name, const Tensor& tensor) {
  module.GiveBack(name);
  if (module.Find(name) == nullptr && Finder(module, name, &tensor).found) return;
  Kind member;
  Set(member, tensor);
  module.Set(name, std::move(member));
}

// Calls `function` with each tensor of a module itself and the number of references to it that are
// the module's or the caller's.
template <typename F>
void ForOwnTensors(PyModule& module, F function) {
  class Visitor final : public nn::MemberVisitor {
   public:
    explicit Visitor(F& function) : function_(function) {}
    void Visit(const std::string&, nn::Parameter& p) override { Show(p.slot()); }
    void Visit(const std::string&, nn::Buffer& b) override { Show(b.slot()); }
    void Visit(const std::string&, nn::ModuleBase&) override {}

   private:
    void Show(const AtomicPtr<TensorImpl>& slot) {
      const IntrusivePtr<TensorImpl> tensor = slot.Load();
      if (tensor) function_(*tensor, slot.owned() + 1);
    }
    F& function_;
  } visitor(function);
  module.VisitMembers(visitor);
}

// What a module holds of Python: the members that Python gave it, and hooks of its tensors.
struct ModuleReferences {
  // Null before __init__().
  static PyModule* Of(PyObject* self) { return static_cast<PyModule*>(ValueOf(self)); }
  template <typename F>
  static void Visit(PyObject* self, F visit) {
    PyModule* const module = Of(self);
    if (module == nullptr) return;
    if (TensorsOwnPython()) {
      ForOwnTensors(*module, [&](const TensorImpl& tensor, uint32_t owners) {
        VisitOwned(self, tensor, owners, visit);
      });
    }
    for (const auto& member : module->members()) {
      if (auto* const object = std::get_if<py::object>(&member->value)) visit(object->ptr());
    }
  }
  static void Clear(PyObject* self) {
    PyModule* const module = Of(self);
    if (module == nullptr) return;
    if (TensorsOwnPython()) {
      ForOwnTensors(*module, [&](const TensorImpl& tensor, uint32_t) { ClearOwned(self, tensor); });
    }
    module->Clear();
  }
};

// Members, and the options that a layer of C++ was made with: layer.weight, layer.in_features.
py::object GetAttribute(const py::object& self, const std::string& name) {
  auto& module = self.cast<PyModule&>();
  const Finder finder(module, name, nullptr);
  if (finder.found) return finder.found;
  if (module.IsTaken(name)) {
    if (const Tensor tensor = module.TakenTensor(name); tensor.defined()) return py::cast(tensor);
  } else if (py::object option = LayerOption(module, name)) {
    return option;
  }
  throw py::attribute_error("'" + std::string(Py_TYPE(self.ptr())->tp_name) +
                            "' object has no attribute '" + name + "'");
}

// What module(x) does; see Call.
PyObject* g_forward_name = nullptr;  // "forward"
PyObject* g_hooked_name = nullptr;   // "_call_with_hooks"
int g_hooks = 0;                     // modules that have hooks

// A layer of C++ is called without a detour through Python; a module with hooks goes the long way
// round. Null with an error set.
PyObject* CallForward(PyObject* self, PyObject* arguments, PyObject* keywords) {
  if (g_hooks > 0) {
    const auto hooked = py::reinterpret_steal<py::object>(PyObject_GetAttr(self, g_hooked_name));
    return hooked ? PyObject_Call(hooked.ptr(), arguments, keywords) : nullptr;
  }
  const PyModule* const module = ModuleReferences::Of(self);
  if (module != nullptr && keywords == nullptr) {
    const LayerClass* const layer_class = module->layer_class();
    if (layer_class != nullptr &&
        _PyType_Lookup(Py_TYPE(self), g_forward_name) == layer_class->forward_object) {
      return layer_class->Forward(self, arguments);
    }
  }
  const auto forward = py::reinterpret_steal<py::object>(PyObject_GetAttr(self, g_forward_name));
  return forward ? PyObject_Call(forward.ptr(), arguments, keywords) : nullptr;
}

// module(*arguments, **keywords)
PyObject* Call(PyObject* self, PyObject* arguments, PyObject* keywords) {
  return Guarded([&] {
    const RunningModule running(self);
    PyObject* const result = CallForward(self, arguments, keywords);
    if (result == nullptr) ExtendPath(self);
    return result;
  });
}

// The class that all modules of Python derive from.
py::object BindModule(py::module_& m) {
  SharedClass<PyModule> module(
      m, "Module", py::dynamic_attr(), py::custom_type_setup([](PyHeapTypeObject* type) {
        type->ht_type.tp_call = Call;
        GarbageCollected<ModuleReferences>::SetUp(type);
      }),
      "What layers and networks are: parameters, buffers and other modules, with a forward().");
  module
      .def(py::init([](const py::args& arguments, const py::kwargs& keywords) {
        if (!arguments.empty() || !keywords.empty()) {
          ThrowTypeError("Module.__init__() takes no arguments");
        }
        return std::make_shared<PyModule>();
      }))
      .def("forward",
           [](const PyModule&, const py::args&, const py::kwargs&) {
             ThrowUnimplemented("a module must define forward()");
           })
      .def_property("training", &PyModule::training, &PyModule::set_training,
                    "Whether dropout and normalization behave as in training.")
      .def("_to_dtype",
           [](PyModule& self, const py::object& dtype) {
             DType to;
             if (!FromPython(dtype.ptr(), &to)) ThrowTypeError("to(): expected a dtype");
             self.To(to);
           })
      .def("_to_device",
           [](PyModule& self, const py::object& device) {
             Device to;
             if (!FromPython(device.ptr(), &to)) ThrowTypeError("to(): expected a device");
             self.To(to);
           })
      // Puts what a function makes of each parameter and buffer in its place.
      .def("_convert",
           [](PyModule& self, const py::function& change) {
             self.Convert([&](const Tensor& tensor) {
               const py::object changed = change(tensor);
               if (!IsTensor(changed.ptr())) {
                 ThrowTypeError(std::string("the function must return a tensor, not ") +
                                Py_TYPE(changed.ptr())->tp_name);
               }
               return TensorOf(changed.ptr());
             });
           })
      .def("_load_state_dict",
           [](PyModule& self, const py::dict& given, bool strict) {
             NamedTensors state;
             for (const auto& [key, value] : given) {
               std::string name;
               Tensor tensor;
               if (!FromPython(key.ptr(), &name) || !FromPython(value.ptr(), &tensor)) {
                 ThrowTypeError(
                     "load_state_dict(): the state dict must hold tensors by their names, not " +
                     py::repr(key).cast<std::string>() + ": " + Py_TYPE(value.ptr())->tp_name);
               }
               state.emplace_back(std::move(name), std::move(tensor));
             }
             const nn::LoadReport report = self.LoadStateDict(state, {.strict = strict});
             return py::make_tuple(report.missing, report.unexpected);
           })
      .def("_members", [](PyModule& self) { return Lister(self).list; })
      .def("__getattr__", &GetAttribute)
      .def("_set_parameter", &SetTensor<nn::Parameter>)
      .def("_set_buffer", &SetTensor<nn::Buffer>)
      .def("_set_module",
           [](PyModule& self, const std::string& name, const py::object& child) {
             ModuleOf(child.ptr());
             self.Set(name, child);
           })
      .def("_delete_member",
           [](PyModule& self, const std::string& name) {
             return self.Erase(name) || self.Take(name);
           })
      .def("_taken",
           [](PyModule& self) {
             py::dict tensors;
             for (const std::string& name : self.taken()) {
               tensors[name.c_str()] = py::cast(self.TakenTensor(name));
             }
             return tensors;
           })
      // False where no tensor of that name was taken from the layer.
      .def("_put_taken",
           [](PyModule& self, const std::string& name, const Tensor& tensor) {
             if (!self.IsTaken(name)) return false;
             self.PutTaken(name, tensor);
             return true;
           })
      .def("_options", &LayerOptions)
      .def("_set_option",
           [](const py::object& self, const std::string& name, const py::object& value) {
             PyModule* const module = ModuleReferences::Of(self.ptr());
             return module != nullptr && SetLayerOption(*module, name, value);
           })
      .def("_shown_options", &ShowLayerOptions);
  LearnWhatSubclassesShow(module);
  g_forward_name = PyUnicode_InternFromString("forward");
  g_hooked_name = PyUnicode_InternFromString("_call_with_hooks");
  return module;
}

// A hook of Python on the way back, of one call: a function of tuples of gradients, with None for
// what has none, that returns None or as many.
std::vector<Tensor> CallHook(const AutogradCallable& hook, const char* what, size_t expected,
                             const py::tuple& arguments) {
  const py::object result = (*hook)(*arguments);
  if (result.is_none()) return {};
  std::vector<Tensor> tensors;
  for (const py::handle each : result) tensors.push_back(each.cast<Tensor>());
  if (tensors.size() != expected) {
    throw std::runtime_error("Backward hook returned an invalid number of " + std::string(what) +
                             ", got " + std::to_string(tensors.size()) + ", but expected " +
                             std::to_string(expected));
  }
  return tensors;
}

py::tuple TupleOf(absl::Span<const Tensor> tensors) {
  py::tuple tuple(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) tuple[i] = py::cast(tensors[i]);
  return tuple;
}

// before(grad_outputs) and after(grad_inputs, grad_outputs) of one call of a module.
void BindWayBack(py::module_& m) {
  using nn::internal::WayBack;
  py::class_<WayBack>(m, "_WayBack")
      .def(py::init([](const py::object& before, const py::object& after) {
        const AutogradCallable held_before(before), held_after(after);
        return std::make_unique<WayBack>(
            [held_before](absl::Span<Tensor> grad_outputs) {
              const GilHeld held;
              const auto replaced = CallHook(held_before, "grad_output", grad_outputs.size(),
                                             py::make_tuple(TupleOf(grad_outputs)));
              std::copy(replaced.begin(), replaced.end(), grad_outputs.begin());
            },
            [held_after](absl::Span<Tensor> grad_inputs, absl::Span<const Tensor> grad_outputs) {
              const GilHeld held;
              const auto replaced =
                  CallHook(held_after, "grad_input", grad_inputs.size(),
                           py::make_tuple(TupleOf(grad_inputs), TupleOf(grad_outputs)));
              std::copy(replaced.begin(), replaced.end(), grad_inputs.begin());
            });
      }))
      // Of tensors or None, in a list.
      .def("inputs",
           [](WayBack& self, std::vector<Tensor> tensors) {
             self.PassInputs(absl::MakeSpan(tensors));
             return tensors;
           })
      .def("outputs", [](WayBack& self, std::vector<Tensor> tensors) {
        self.PassOutputs(absl::MakeSpan(tensors));
        return tensors;
      });
}

// Python ends it, on the thread that has made it.
struct PySummarizer {
  std::unique_ptr<nn::internal::Summarizer> summarizer;
};

void BindSummary(py::module_& m) {
  py::class_<PySummarizer>(m, "_Summarizer")
      .def(py::init([](PyModule& root) {
             return PySummarizer{std::make_unique<nn::internal::Summarizer>(root)};
           }),
           py::keep_alive<1, 2>())
      .def("enter",
           [](PySummarizer& self, const PyModule& module) { self.summarizer->Enter(module); })
      .def("leave",
           [](PySummarizer& self, const PyModule& module, const std::vector<Tensor>& outputs) {
             self.summarizer->Leave(module, outputs);
           })
      .def("close", [](PySummarizer& self) { self.summarizer.reset(); })
      .def("finish", [](PySummarizer& self, const std::vector<Tensor>& inputs) {
        const nn::ModuleSummary summary = self.summarizer->Finish(inputs);
        py::list rows;
        for (const nn::SummaryRow& row : summary.rows) {
          py::list outputs;
          for (const Dims& shape : row.outputs) {
            outputs.append(py::reinterpret_steal<py::object>(ToPython(shape)));
          }
          rows.append(py::make_tuple(row.name, row.type, row.depth, row.calls, outputs,
                                     row.parameters, row.trainable, row.multiply_adds,
                                     row.output_bytes));
        }
        return py::make_tuple(rows, summary.parameters, summary.trainable, summary.multiply_adds,
                              summary.input_bytes, summary.output_bytes, summary.parameter_bytes,
                              summary.ToString());
      });
}

}  // namespace

void InitModules(py::module_& m, py::module_& functional) {
  m.def("_set_parameter_type", [](const py::type& type) {
    g_parameter_type = reinterpret_cast<PyTypeObject*>(py::object(type).release().ptr());
  });
  // An object of a subclass of Tensor over the same tensor.
  m.def("_as_type", [](const py::type& type, const Tensor& tensor) {
    auto object = py::reinterpret_steal<py::object>(
        NewTensorObject(reinterpret_cast<PyTypeObject*>(type.ptr()), tensor));
    if (tensor.impl()->extensions) KeepIdentity(object.ptr());
    return object;
  });
  m.def("_set_uninitialized_type", [](const py::type& type) {
    g_uninitialized_type = reinterpret_cast<PyTypeObject*>(py::object(type).release().ptr());
  });
  m.def("_count_hooks", [](int change) { g_hooks += change; });
  const py::object module = BindModule(m);
#define NEURA_LAYER(Layer, inputs, constructor, shown, doc) \
  BindLayer(m, module, inputs, MakeLayerRow<nn::Layer>(#Layer, constructor, shown, doc));
#include "neura/nn/layers.inc"
  InitLosses(m, functional, module);
  BindWayBack(m);
  BindSummary(m);
  InitNamedModules();
}

}  // namespace neura::python
