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

void PyModule::VisitMembers(nn::MemberVisitor& visitor) {
  if (layer_ != nullptr) layer_->VisitMembers(visitor);
  std::vector<std::shared_ptr<Member>> members;
  std::vector<PyModule*> modules;  // null for tensors
  {
    const GilHeld held;
    members = members_;
    for (const auto& member : members) {
      auto* const object = std::get_if<py::object>(&member->value);
      modules.push_back(object == nullptr ? nullptr : &ModuleOf(object->ptr()));
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
