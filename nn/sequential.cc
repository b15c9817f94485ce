#include "neura/nn/sequential.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::nn {

Sequential::Sequential(const Sequential& other) : Module(other) {
  for (const auto& module : other.modules_) modules_.push_back(module->Clone());
}

Sequential& Sequential::operator=(const Sequential& other) { return *this = Sequential(other); }

Module& Sequential::operator[](size_t index) {
  if (index >= modules_.size()) {
    ThrowOutOfRange(absl::StrCat("Sequential: index ", index, " of ", modules_.size(), " modules"));
  }
  return *modules_[index];
}

Tensor Sequential::Forward(const Tensor& input) {
  Tensor x = input;
  for (const auto& module : modules_) x = (*module)(x);
  return x;
}

void Sequential::VisitMembers(MemberVisitor& visitor) {
  for (size_t i = 0; i < modules_.size(); ++i) visitor.Visit(absl::StrCat(i), *modules_[i]);
}

}  // namespace neura::nn
