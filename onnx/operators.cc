#include <map>

#include "neura/onnx/import_ops.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/linked_ops.h"

namespace neura::onnx {
namespace {

[[noreturn]] void ReadLeftOut(NodeReader&) {
  ThrowUnimplemented("this program was built without the operator");
}

}  // namespace

OperatorReader FindOperator(std::string_view name) {
  using Readers = std::map<std::string_view, OperatorReader>;
  static const auto* operators = [] {
    auto* readers = new Readers;
#define ONNX_READ(Name, ...)        \
  (*readers)[#Name] = &ReadLeftOut; \
  if constexpr (IsLinked("onnx." #Name)) (*readers)[#Name] = &__VA_ARGS__;
#include "neura/onnx/operators.inc"
    return readers;
  }();
  const auto it = operators->find(name);
  return it == operators->end() ? nullptr : it->second;
}

}  // namespace neura::onnx
