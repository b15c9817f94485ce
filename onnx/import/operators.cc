#include <map>

#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list.h"

namespace neura::onnx {
namespace {

[[noreturn]] void ReadLeftOut(NodeReader&) {
  ThrowUnimplemented("this program was built without the operator");
}

using Readers = std::map<std::string_view, OperatorReader>;

const Readers& Operators() {
  static const Readers* operators = [] {
    auto* readers = new Readers;
#define ONNX_READ(Name, Function)   \
  (*readers)[#Name] = &ReadLeftOut; \
  if constexpr (IsLinked("onnx." #Name)) (*readers)[#Name] = Function;
#define ONNX_READ_AS(Name, Function, kOp) \
  ONNX_READ(                              \
      Name, +[](NodeReader& node) { Function(node, op::kOp); })
#include "neura/onnx/import/operators.inc"
    return readers;
  }();
  return *operators;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const Readers& kMade = Operators();

}  // namespace

OperatorReader FindOperator(std::string_view name) {
  const auto it = Operators().find(name);
  return it == Operators().end() ? nullptr : it->second;
}

BodyReader FindBodyReader(std::string_view name) {
  if (name != "If" && name != "Loop" && name != "Scan") return nullptr;
  if constexpr (IsLinked("onnx.If") || IsLinked("onnx.Loop") || IsLinked("onnx.Scan")) {
    return &ReadControlFlow;
  }
  return [](Scope&, const NodeMessage&, const std::vector<ImportedValue>&) {
    ThrowUnimplemented("this program was built without the operator");
  };
}

}  // namespace neura::onnx
