// Modules that Python can extend: a C++ module whose subclass in Python may override forward() and
// add members.
#ifndef NEURA_PYTHON_EXTENSION_PY_MODULE_H_
#define NEURA_PYTHON_EXTENSION_PY_MODULE_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "neura/nn/module.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/tensor/core/error.h"

namespace pybind11::detail {

// A module whose __init__ has not run yet has no C++ object: pybind11 would hand out memory that
// nobody has constructed.
template <>
class type_caster<neura::nn::Module> : public type_caster_base<neura::nn::Module> {
 public:
  bool load(handle source, bool convert) {
    const handle type = get_type_handle(typeid(neura::nn::Module), false);
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

namespace neura::python {

// What Python has registered with a module, in that order.
class PythonMembers {
 public:
  using Value = std::variant<nn::Parameter, nn::Buffer, pybind11::object>;
  struct Member {
    std::string name;
    Value value;
  };

  virtual ~PythonMembers() = default;
  // All of it under the interpreter's lock, but for VisitPython(), which may be called without.
  Member* Find(const std::string& name);
  void Set(const std::string& name, Value value);
  bool Erase(const std::string& name);
  const std::vector<std::shared_ptr<Member>>& members() const { return members_; }
  void Clear() { const auto gone = std::exchange(members_, {}); }

 protected:
  void VisitPython(nn::MemberVisitor& visitor);

 private:
  // A member that has been replaced or erased lives on for whoever is looking at it.
  std::vector<std::shared_ptr<Member>> members_;
};

// Base, which may be abstract, with members and a forward() from Python. Every module that Python
// makes is one.
template <typename Base>
class PyModule final : public Base, public PythonMembers {
 public:
  using Base::Base;
  // So that Module's protected constructor can be reached.
  PyModule() requires std::is_default_constructible_v<Base> || std::is_abstract_v<Base>
  = default;
  PyModule(const PyModule&) = delete;

  Tensor Forward(const Tensor& input) override {
    {
      const GilHeld held;
      const pybind11::function forward =
          pybind11::get_override(static_cast<const Base*>(this), "forward");
      if (forward) {
        return CallPython(forward, pybind11::make_tuple(input)).template cast<Tensor>();
      }
    }
    if constexpr (std::is_same_v<Base, nn::Module>) {
      ThrowUnimplemented("a module must define forward()");
    } else {
      return Base::Forward(input);
    }
  }

  void VisitMembers(nn::MemberVisitor& visitor) override {
    if constexpr (!std::is_same_v<Base, nn::Module>) Base::VisitMembers(visitor);
    VisitPython(visitor);
  }

  // That of the class in Python.
  std::string TypeName() const override {
    const GilHeld held;
    const pybind11::handle self = pybind11::detail::get_object_handle(
        static_cast<const Base*>(this), pybind11::detail::get_type_info(typeid(Base)));
    return self ? Py_TYPE(self.ptr())->tp_name : Base::TypeName();
  }

  std::unique_ptr<nn::Module> Clone() const override {
    ThrowUnimplemented("a module made in Python is copied with copy.deepcopy()");
  }
};

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_PY_MODULE_H_
