#include "neura/python/extension/modules.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <optional>

#include "neura/autograd/autograd.h"
#include "neura/nn/layers.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/garbage.h"
#include "neura/python/extension/py_module.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/tensor_garbage.h"
#include "neura/python/extension/values.h"

namespace neura::python {

namespace py = pybind11;

PythonMembers::Member* PythonMembers::Find(const std::string& name) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const auto& member) { return member->name == name; });
  return found == members_.end() ? nullptr : found->get();
}

void PythonMembers::Set(const std::string& name, Value value) {
  std::shared_ptr<Member> made(new Member{name, std::move(value)}, [](Member* member) {
    const GilHeld held;
    delete member;
  });
  for (std::shared_ptr<Member>& member : members_) {
    if (member->name != name) continue;
    member.swap(made);
    return;
  }
  members_.push_back(std::move(made));
}

bool PythonMembers::Erase(const std::string& name) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const auto& member) { return member->name == name; });
  if (found == members_.end()) return false;
  // What dies with it may run Python code, which may look at the members.
  const std::shared_ptr<Member> gone = std::move(*found);
  members_.erase(found);
  return true;
}

void PythonMembers::VisitPython(nn::MemberVisitor& visitor) {
  std::vector<std::shared_ptr<Member>> members;
  std::vector<nn::Module*> modules;  // null for tensors
  {
    const GilHeld held;
    members = members_;
    for (const auto& member : members) {
      auto* const object = std::get_if<py::object>(&member->value);
      modules.push_back(object == nullptr ? nullptr : object->cast<nn::Module*>());
    }
  }
  for (size_t i = 0; i < members.size(); ++i) {
    Member& member = *members[i];
    if (modules[i] != nullptr) {
      visitor.Visit(member.name, *modules[i]);
    } else if (auto* const parameter = std::get_if<nn::Parameter>(&member.value)) {
      visitor.Visit(member.name, *parameter);
    } else {
      visitor.Visit(member.name, std::get<nn::Buffer>(member.value));
    }
  }
}

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

// The object that Python has registered under that name; a member of a C++ module gets one that
// does not own it.
py::object ModuleToPython(nn::Module& owner, const std::string& name, nn::Module& module) {
  if (auto* const members = dynamic_cast<PythonMembers*>(&owner)) {
    if (PythonMembers::Member* const member = members->Find(name)) {
      return std::get<py::object>(member->value);
    }
  }
  return py::cast(&module, py::return_value_policy::reference);
}

// The direct members as (kind, name, value).
class Lister final : public nn::MemberVisitor {
 public:
  explicit Lister(nn::Module& owner) : owner_(owner) { owner.VisitMembers(*this); }
  void Visit(const std::string& name, nn::Parameter& p) override {
    list.append(py::make_tuple("parameter", name, ParameterToPython(p)));
  }
  void Visit(const std::string& name, nn::Buffer& b) override {
    list.append(py::make_tuple("buffer", name, py::cast(b.tensor())));
  }
  void Visit(const std::string& name, nn::Module& module) override {
    list.append(py::make_tuple("module", name, ModuleToPython(owner_, name, module)));
  }
  py::list list;

 private:
  nn::Module& owner_;
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
  Finder(nn::Module& owner, const std::string& name, const Tensor* replacement)
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
  void Visit(const std::string& name, nn::Module& module) override {
    if (name == name_) found = ModuleToPython(owner_, name, module);
  }
  py::object found;

 private:
  nn::Module& owner_;
  const std::string& name_;
  const Tensor* const replacement_;
};

PythonMembers& MembersOf(nn::Module& module) {
  auto* const members = dynamic_cast<PythonMembers*>(&module);
  if (members == nullptr) {
    throw std::runtime_error("this module belongs to a C++ module and takes no new members");
  }
  return *members;
}

// Replaces a member that C++ has, or registers one of Python's.
template <typename Kind>
void SetTensor(nn::Module& module, const std::string& name, const Tensor& tensor) {
  auto* const members = dynamic_cast<PythonMembers*>(&module);
  if (members == nullptr || members->Find(name) == nullptr) {
    if (Finder(module, name, &tensor).found) return;
  }
  Kind member;
  Set(member, tensor);
  MembersOf(module).Set(name, std::move(member));
}

py::object CallModule(nn::Module& module, const Tensor& input) {
  return py::cast(WithoutGil([&] { return module(input); }));
}

// Calls `function` with each tensor of a module itself and the number of references to it that are
// the module's or the caller's.
template <typename F>
void ForOwnTensors(nn::Module& module, F function) {
  class Visitor final : public nn::MemberVisitor {
   public:
    explicit Visitor(F& function) : function_(function) {}
    void Visit(const std::string&, nn::Parameter& p) override { Show(p.slot()); }
    void Visit(const std::string&, nn::Buffer& b) override { Show(b.slot()); }
    void Visit(const std::string&, nn::Module&) override {}

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
  static PythonMembers* Of(PyObject* self) {
    return dynamic_cast<PythonMembers*>(static_cast<nn::Module*>(ValueOf(self)));
  }
  template <typename F>
  static void Visit(PyObject* self, F visit) {
    const PythonMembers* const members = Of(self);
    if (members == nullptr) return;
    if (TensorsOwnPython()) {
      ForOwnTensors(*static_cast<nn::Module*>(ValueOf(self)),
                    [&](const TensorImpl& tensor, uint32_t owners) {
                      VisitOwned(self, tensor, owners, visit);
                    });
    }
    for (const auto& member : members->members()) {
      if (auto* const object = std::get_if<py::object>(&member->value)) visit(object->ptr());
    }
  }
  static void Clear(PyObject* self) {
    PythonMembers* const members = Of(self);
    if (members == nullptr) return;
    if (TensorsOwnPython()) {
      ForOwnTensors(*static_cast<nn::Module*>(ValueOf(self)),
                    [&](const TensorImpl& tensor, uint32_t) { ClearOwned(self, tensor); });
    }
    members->Clear();
  }
};

// Members, and the options that a layer of C++ was made with: layer.weight, layer.in_features.
py::object GetAttribute(const py::object& self, const std::string& name) {
  const Finder finder(self.cast<nn::Module&>(), name, nullptr);
  if (finder.found) return finder.found;
  if (name != "_options" && py::hasattr(py::type::of(self), "_options")) {
    const py::dict options = self.attr("_options")();
    if (options.contains(name)) return options[name.c_str()];
  }
  throw py::attribute_error("'" + std::string(Py_TYPE(self.ptr())->tp_name) +
                            "' object has no attribute '" + name + "'");
}

// What module(x) does; see Call.
PyObject* g_cpp_forward = nullptr;   // Module.forward, as C++ defined it
PyObject* g_forward_name = nullptr;  // "forward"
PyObject* g_hooked_name = nullptr;   // "_call_with_hooks"
int g_hooks = 0;                     // modules that have hooks

// module(*arguments, **keywords). A layer of C++ is called without a detour through Python; a
// module with hooks goes the long way round.
PyObject* Call(PyObject* self, PyObject* arguments, PyObject* keywords) {
  return Guarded([&]() -> PyObject* {
    if (g_hooks > 0) {
      const auto hooked = py::reinterpret_steal<py::object>(PyObject_GetAttr(self, g_hooked_name));
      if (!hooked) throw py::error_already_set();
      return PyObject_Call(hooked.ptr(), arguments, keywords);
    }
    if (_PyType_Lookup(Py_TYPE(self), g_forward_name) == g_cpp_forward && keywords == nullptr &&
        PyTuple_GET_SIZE(arguments) == 1 && IsTensor(PyTuple_GET_ITEM(arguments, 0))) {
      auto& module = *py::handle(self).cast<nn::Module*>();
      const Tensor& input = TensorOf(PyTuple_GET_ITEM(arguments, 0));
      return ToPython(WithoutGil([&] { return module(input); }));
    }
    const auto forward = py::reinterpret_steal<py::object>(PyObject_GetAttr(self, g_forward_name));
    if (!forward) throw py::error_already_set();
    return PyObject_Call(forward.ptr(), arguments, keywords);
  });
}

void BindModuleBase(py::module_& m) {
  SharedClass<nn::Module> module(
      m, "Module", py::dynamic_attr(), py::custom_type_setup([](PyHeapTypeObject* type) {
        type->ht_type.tp_call = Call;
        GarbageCollected<ModuleReferences>::SetUp(type);
      }),
      "What layers and networks are: parameters, buffers and other modules, with a forward().");
  module
      .def(py::init(
          [] { return std::shared_ptr<nn::Module>(std::make_shared<PyModule<nn::Module>>()); }))
      .def("forward", &CallModule, py::arg("input"))
      .def_property("training", &nn::Module::training, &nn::Module::set_training,
                    "Whether dropout and normalization behave as in training.")
      .def("_to_dtype",
           [](nn::Module& self, const py::object& dtype) {
             DType to;
             if (!FromPython(dtype.ptr(), &to)) ThrowTypeError("to(): expected a dtype");
             self.To(to);
           })
      .def("_load_state_dict",
           [](nn::Module& self, const NamedTensors& state, bool strict) {
             const nn::LoadReport report = self.LoadStateDict(state, {.strict = strict});
             return py::make_tuple(report.missing, report.unexpected);
           })
      .def("_members", [](nn::Module& self) { return Lister(self).list; })
      .def("__getattr__", &GetAttribute)
      .def("_set_parameter", &SetTensor<nn::Parameter>)
      .def("_set_buffer", &SetTensor<nn::Buffer>)
      .def("_set_module",
           [](nn::Module& self, const std::string& name, const py::object& child) {
             child.cast<nn::Module&>();
             MembersOf(self).Set(name, child);
           })
      .def("_delete_member", [](nn::Module& self, const std::string& name) {
        auto* const members = dynamic_cast<PythonMembers*>(&self);
        return members != nullptr && members->Erase(name);
      });
  LearnWhatSubclassesShow(module);
  g_cpp_forward = py::object(module.attr("__dict__")["forward"]).release().ptr();
  g_forward_name = PyUnicode_InternFromString("forward");
  g_hooked_name = PyUnicode_InternFromString("_call_with_hooks");
}

// What PyTorch's layers take besides their options: device= and dtype=.
std::optional<DType> TakeDType(py::kwargs& keywords) {
  const py::object take = keywords.attr("pop");
  const py::object device_given = take("device", py::none()),
                   dtype_given = take("dtype", py::none());
  std::optional<Device> device;
  if (!FromPython(device_given.ptr(), &device))
    ThrowTypeError("argument 'device' must be a device");
  std::optional<DType> dtype;
  if (!FromPython(dtype_given.ptr(), &dtype)) ThrowTypeError("argument 'dtype' must be a dtype");
  return dtype;
}

// Layer(...) with the fields of its options as arguments; the first `required` have no default.
template <typename Layer, typename Owner, typename Options>
void BindLayer(py::module_& m, const char* name, size_t required, const char* doc,
               Options Owner::*) {
  const OptionsType& type = *OptionsTypeOf<Options>(name);
  const std::vector<Parameter> parameters = ParametersOfOptions(type, required);
  SharedClass<Layer, nn::Module>(m, name, py::dynamic_attr(),
                                 py::custom_type_setup(GarbageCollected<ModuleReferences>::SetUp),
                                 doc)
      .def(py::init([name, parameters](const py::args& arguments, const py::kwargs& given) {
        py::kwargs keywords(given);
        const std::optional<DType> dtype = TakeDType(keywords);
        const auto options = MakeOptions<Options>(name, parameters, arguments, keywords);
        const auto layer = std::make_shared<PyModule<Layer>>(options);
        if (dtype) layer->To(*dtype);
        return std::shared_ptr<Layer>(layer);
      }))
      .def("_options", [&type](const py::object& self) {
        self.cast<nn::Module&>();  // an error where there is no layer yet
        return OptionsToDict(type, &self.cast<const Layer&>().options);
      });
  NoteConstructor("nn", name, parameters, doc);
}

// A layer without options.
template <typename Layer>
void BindPlainLayer(py::module_& m, const char* name, const char* doc) {
  SharedClass<Layer, nn::Module>(m, name, py::dynamic_attr(),
                                 py::custom_type_setup(GarbageCollected<ModuleReferences>::SetUp),
                                 doc)
      // PyTorch's activations take inplace=, which changes no result.
      .def(py::init(
               [](bool) { return std::shared_ptr<Layer>(std::make_shared<PyModule<Layer>>()); }),
           py::arg("inplace") = false);
  std::vector<Parameter> parameters = ParseParameters("inplace=False");
  parameters[0].type = TypeText<bool>::Get();
  NoteConstructor("nn", name, std::move(parameters), doc);
}

}  // namespace

void InitModules(py::module_& m) {
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
  m.def("_count_hooks", [](int change) { g_hooks += change; });
  BindModuleBase(m);
#define NEURA_LAYER(Layer, required, doc) \
  BindLayer<nn::Layer>(m, #Layer, required, doc, &nn::Layer::options);
  NEURA_LAYER(Linear, 2, "x @ weight.T + bias")
  NEURA_LAYER(Conv2d, 3, "Cross-correlation over [N, C, H, W]")
  NEURA_LAYER(BatchNorm1d, 1, "Normalizes each channel of [N, C] or [N, C, L]")
  NEURA_LAYER(BatchNorm2d, 1, "Normalizes each channel of [N, C, H, W]")
  NEURA_LAYER(LayerNorm, 1, "Normalizes over the last dimensions")
  NEURA_LAYER(MaxPool2d, 1, "Largest element of each window of [N, C, H, W]")
  NEURA_LAYER(AvgPool2d, 1, "Mean of each window of [N, C, H, W]")
  NEURA_LAYER(AdaptiveAvgPool2d, 1, "Means of windows that divide the plane into output_size parts")
  NEURA_LAYER(Dropout, 0, "Zeros elements at random while training")
  NEURA_LAYER(Flatten, 0, "Joins dimensions start_dim to end_dim into one")
  NEURA_LAYER(GELU, 0, "Gaussian error linear unit")
#undef NEURA_LAYER
#define NEURA_PLAIN(Layer, doc) BindPlainLayer<nn::Layer>(m, #Layer, doc);
  NEURA_PLAIN(ReLU, "max(x, 0)")
  NEURA_PLAIN(SiLU, "x * sigmoid(x)")
  NEURA_PLAIN(Tanh, "Hyperbolic tangent")
  NEURA_PLAIN(Sigmoid, "1 / (1 + exp(-x))")
  NEURA_PLAIN(Identity, "x")
#undef NEURA_PLAIN
}

}  // namespace neura::python
