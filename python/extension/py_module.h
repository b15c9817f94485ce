// The C++ object behind every module of Python: what Python has registered with it and, for a layer
// of C++, that layer.
#ifndef NEURA_PYTHON_EXTENSION_PY_MODULE_H_
#define NEURA_PYTHON_EXTENSION_PY_MODULE_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/nn/module.h"

namespace neura::python {

struct LayerClass;

// One type serves all layers: what one of them adds to Python is a row of data (layer_class.h), not
// code. Its signature is Python's, so C++ sees it as a member of a tree and calls it through Python
// alone.
class PyModule final : public nn::ModuleBase {
 public:
  using Value = std::variant<nn::Parameter, nn::Buffer, pybind11::object>;
  struct Member {
    std::string name;
    Value value;
  };

  PyModule() = default;
  PyModule(const LayerClass& layer_class, std::unique_ptr<nn::ModuleBase> layer)
      : layer_class_(&layer_class), layer_(std::move(layer)) {}
  PyModule(const PyModule&) = delete;

  // Null for a module that Python alone has defined.
  const LayerClass* layer_class() const { return layer_class_; }
  nn::ModuleBase* layer() const { return layer_.get(); }
  // Runs a call of the layer, whose errors get the name of the class in Python.
  void CallLayer(absl::FunctionRef<void()> call) { Call(call); }

  // What Python has registered, in that order; all of it under the interpreter's lock.
  Member* Find(const std::string& name);
  void Set(const std::string& name, Value value);
  bool Erase(const std::string& name);
  const std::vector<std::shared_ptr<Member>>& members() const { return members_; }
  void Clear() { const auto gone = std::exchange(members_, {}); }

  // Takes a tensor of the layer away from the module: it is no parameter or buffer any more, and
  // the layer reads what PutTaken says, such as what has been computed from other parameters. False
  // where the layer has none of that name.
  bool Take(const std::string& name);
  // Makes it a member again.
  void GiveBack(const std::string& name);
  const std::vector<std::string>& taken() const { return taken_; }
  bool IsTaken(const std::string& name) const;
  // What the layer reads in the place of one that was taken.
  Tensor TakenTensor(const std::string& name);
  void PutTaken(const std::string& name, const Tensor& tensor);

  // The layer's members, but for those that were taken, and then Python's. May be called without
  // the interpreter's lock, as what follows.
  void VisitMembers(nn::MemberVisitor& visitor) override;
  void set_training(bool training) override;
  // That of the class in Python.
  std::string TypeName() const override;
  std::string Describe() const override;

 private:
  const LayerClass* const layer_class_ = nullptr;
  const std::unique_ptr<nn::ModuleBase> layer_;
  // A member that has been replaced or erased lives on for whoever is looking at it.
  std::vector<std::shared_ptr<Member>> members_;
  // Of the layer, under the interpreter's lock.
  std::vector<std::string> taken_;
};

// The module of a Python object. Throws AttributeError for one whose Module.__init__() has not run,
// TypeError for what is no module.
PyModule& ModuleOf(PyObject* object);

}  // namespace neura::python

namespace pybind11::detail {

// A module whose __init__ has not run yet has no C++ object: pybind11 would hand out memory that
// nobody has constructed.
template <>
class type_caster<neura::python::PyModule> : public type_caster_base<neura::python::PyModule> {
 public:
  bool load(handle source, bool convert) {
    const handle type = get_type_handle(typeid(neura::python::PyModule), false);
    if (source && isinstance(source, type)) {
      for (value_and_holder& part : values_and_holders(reinterpret_cast<instance*>(source.ptr()))) {
        if (part.value_ptr() != nullptr) continue;
        throw attribute_error("a module is used before its Module.__init__() was called");
      }
    }
    return type_caster_base::load(source, convert);
  }
};

}  // namespace pybind11::detail

#endif  // NEURA_PYTHON_EXTENSION_PY_MODULE_H_
