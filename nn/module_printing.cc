// How modules print.
#include <cxxabi.h>

#include <cstdlib>
#include <ostream>
#include <typeinfo>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/nn/module.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/units.h"

namespace neura::nn {

std::string ModuleBase::TypeName() const {
  int status = 0;
  char* demangled = abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : typeid(*this).name();
  std::free(demangled);
  const size_t scope = name.rfind("::");
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

namespace {

class TreePrinter final : public MemberVisitor {
 public:
  std::string Print(ModuleBase& module) {
    text_ = absl::StrCat(module.TypeName(), "(", module.Describe());
    const size_t head = text_.size();
    indent_ += 2;
    module.VisitMembers(*this);
    indent_ -= 2;
    // Only child modules write here; tensors are noted for the end.
    if (text_.size() > head) absl::StrAppend(&text_, "\n", Indent());
    text_ += ")";
    if (!tensors_.empty()) absl::StrAppend(&text_, "  ", absl::StrJoin(tensors_, ", "));
    return text_;
  }

  void Visit(const std::string& name, Parameter& parameter) override { Note(name, parameter); }
  void Visit(const std::string& name, Buffer& buffer) override { Note(name, buffer); }
  void Visit(const std::string& name, ModuleBase& module) override {
    if (depth_ == kMaxDepth) {
      absl::StrAppend(&text_, "\n", Indent(), "(", name, "): ...");
      return;
    }
    TreePrinter printer;
    printer.indent_ = indent_;
    printer.depth_ = depth_ + 1;
    absl::StrAppend(&text_, "\n", Indent(), "(", name, "): ", printer.Print(module));
  }

 private:
  std::string Indent() const { return std::string(indent_, ' '); }
  void Note(const std::string& name, const Tensor& tensor) {
    if (tensor.defined())
      tensors_.push_back(absl::StrCat(name, " ", neura::ToString(tensor.shape())));
  }

  // Nobody reads further, and each level takes of the stack.
  static constexpr int kMaxDepth = 100;

  size_t indent_ = 0;
  int depth_ = 0;
  std::string text_;
  std::vector<std::string> tensors_;
};

}  // namespace

std::string ModuleBase::ToString() const {
  return absl::StrCat(TreePrinter().Print(internal::Mutable(*this)), "\n",
                      WithSeparators(NumParameters()), " parameters");
}

std::ostream& operator<<(std::ostream& out, const ModuleBase& module) {
  return out << module.ToString();
}

}  // namespace neura::nn
