#include "neura/python/extension/py_module.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"

namespace neura::python {

namespace py = pybind11;

PyModule::Member* PyModule::Find(const std::string& name) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const auto& member) { return member->name == name; });
  return found == members_.end() ? nullptr : found->get();
}

void PyModule::Set(const std::string& name, Value value) {
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

bool PyModule::Erase(const std::string& name) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const auto& member) { return member->name == name; });
  if (found == members_.end()) return false;
  // What dies with it may run Python code, which may look at the members.
  const std::shared_ptr<Member> gone = std::move(*found);
  members_.erase(found);
  return true;
}

namespace {

// Passes on the members that are not among those names.
class Others final : public nn::MemberVisitor {
 public:
  Others(const std::vector<std::string>& names, nn::MemberVisitor& visitor)
      : names_(names), visitor_(visitor) {}
  void Visit(const std::string& name, nn::Parameter& p) override { Pass(name, p); }
  void Visit(const std::string& name, nn::Buffer& b) override { Pass(name, b); }
  void Visit(const std::string& name, nn::ModuleBase& m) override { Pass(name, m); }

 private:
  template <typename Value>
  void Pass(const std::string& name, Value& value) {
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) visitor_.Visit(name, value);
  }
  const std::vector<std::string>& names_;
  nn::MemberVisitor& visitor_;
};

// Calls fn with the tensor of a layer that has that name.
template <typename F>
class Named final : public nn::MemberVisitor {
 public:
  Named(nn::ModuleBase& layer, const std::string& name, F fn) : name_(name), fn_(std::move(fn)) {
    layer.VisitMembers(*this);
  }
  void Visit(const std::string& name, nn::Parameter& p) override { Show(name, p); }
  void Visit(const std::string& name, nn::Buffer& b) override { Show(name, b); }
  void Visit(const std::string&, nn::ModuleBase&) override {}
  bool found = false;

 private:
  template <typename Value>
  void Show(const std::string& name, Value& value) {
    if (name != name_) return;
    found = true;
    fn_(value);
  }
  const std::string& name_;
  F fn_;
};

}  // namespace

bool PyModule::IsTaken(const std::string& name) const {
  return std::find(taken_.begin(), taken_.end(), name) != taken_.end();
}

bool PyModule::Take(const std::string& name) {
  if (layer_ == nullptr || IsTaken(name)) return false;
  const auto empty = [](auto& member) { member.Put({}); };
  if (!Named(*layer_, name, empty).found) return false;
  taken_.push_back(name);
  return true;
}

void PyModule::GiveBack(const std::string& name) { std::erase(taken_, name); }

Tensor PyModule::TakenTensor(const std::string& name) {
  Tensor tensor;
  if (layer_ != nullptr) Named(*layer_, name, [&](auto& member) { tensor = member.tensor(); });
  return tensor;
}

void PyModule::PutTaken(const std::string& name, const Tensor& tensor) {
  if (layer_ != nullptr) Named(*layer_, name, [&](auto& member) { member.Put(tensor); });
}

void PyModule::VisitMembers(nn::MemberVisitor& visitor) {
  std::vector<std::shared_ptr<Member>> members;
  std::vector<PyModule*> modules;  // null for tensors
  std::vector<std::string> taken;
  {
    const GilHeld held;
    taken = taken_;
    members = members_;
    for (const auto& member : members) {
      auto* const object = std::get_if<py::object>(&member->value);
      modules.push_back(object == nullptr ? nullptr : &ModuleOf(object->ptr()));
    }
  }
  if (layer_ != nullptr && taken.empty()) {
    layer_->VisitMembers(visitor);
  } else if (layer_ != nullptr) {
    Others others(taken, visitor);
    layer_->VisitMembers(others);
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

void PyModule::set_training(bool training) {
  ModuleBase::set_training(training);
  if (layer_ != nullptr) layer_->set_training(training);
}

std::string PyModule::TypeName() const {
  const GilHeld held;
  const py::handle self =
      py::detail::get_object_handle(this, py::detail::get_type_info(typeid(PyModule)));
  return self ? Py_TYPE(self.ptr())->tp_name : ModuleBase::TypeName();
}

std::string PyModule::Describe() const { return layer_ == nullptr ? "" : layer_->Describe(); }

PyModule& ModuleOf(PyObject* object) {
  if (object == Py_None) ThrowTypeError("expected a Module, not None");
  try {
    return py::handle(object).cast<PyModule&>();
  } catch (const py::cast_error&) {
    ThrowTypeError(
        absl::StrCat("expected a Module, not ", PyType_Check(object) != 0 ? "the class " : "",
                     PyType_Check(object) != 0 ? reinterpret_cast<PyTypeObject*>(object)->tp_name
                                               : Py_TYPE(object)->tp_name));
  }
}

}  // namespace neura::python
