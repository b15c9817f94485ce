#include "neura/graph/options_box.h"

#include <new>
#include <variant>

namespace neura::graph {

OptionsBox::OptionsBox(OpId op, const void* options)
    : type_(SchemaOf(op).options), data_(::operator new(type_->size)) {
  options != nullptr ? type_->copy(data_, options) : type_->construct(data_);
}

OptionsBox::OptionsBox(const OptionsBox& other)
    : type_(other.type_), data_(::operator new(type_->size)) {
  type_->copy(data_, other.data_);
}

OptionsBox::~OptionsBox() {
  if (data_ == nullptr) return;
  type_->destroy(data_);
  ::operator delete(data_);
}

std::vector<int64_t*> OptionsBox::Integers() {
  struct Collect {
    std::vector<int64_t*>& integers;
    void operator()(int64_t* value) { integers.push_back(value); }
    void operator()(Dims* dims) {
      for (int64_t& value : *dims) integers.push_back(&value);
    }
    void operator()(Sizes* sizes) {
      for (int64_t& value : sizes->given()) integers.push_back(&value);
    }
    void operator()(std::optional<int64_t>* value) {
      if (*value) integers.push_back(&**value);
    }
    void operator()(std::optional<Sizes>* sizes) {
      if (*sizes) (*this)(&**sizes);
    }
    void operator()(bool*) {}
    void operator()(uint64_t*) {}
    void operator()(double*) {}
    void operator()(DType*) {}
    void operator()(Scalar*) {}
    void operator()(std::string*) {}
    void operator()(std::optional<double>*) {}
    void operator()(std::optional<Scalar>*) {}
    void operator()(std::optional<DType>*) {}
  };
  std::vector<int64_t*> integers;
  type_->visit(data_,
               [&integers](const char*, FieldRef field) { std::visit(Collect{integers}, field); });
  return integers;
}

OptionsBox Resolve(const OptionsBox& options, absl::Span<const SymbolicOption> symbolic,
                   SymInt::ReadLeaf read) {
  OptionsBox resolved = options;
  if (symbolic.empty()) return resolved;
  const std::vector<int64_t*> integers = resolved.Integers();
  for (const SymbolicOption& entry : symbolic) {
    *integers[static_cast<size_t>(entry.index)] = entry.value.Evaluate(read);
  }
  return resolved;
}

}  // namespace neura::graph
