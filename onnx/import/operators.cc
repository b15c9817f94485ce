#include <map>
#include <utility>

#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list.h"

namespace neura::onnx {
namespace {

constexpr std::string_view kPreview = "ai.onnx.preview";

[[noreturn]] void ReadLeftOut(NodeReader&) {
  ThrowUnimplemented("this program was built without the operator");
}

// By domain, where that of ai.onnx is "", and name.
using Readers = std::map<std::pair<std::string_view, std::string_view>, OperatorReader>;

const Readers& Operators() {
  static const Readers* operators = [] {
    auto* readers = new Readers;
#define ONNX_READ_OF(domain, Name, Function)  \
  (*readers)[{domain, #Name}] = &ReadLeftOut; \
  if constexpr (IsLinked("onnx." #Name)) (*readers)[{domain, #Name}] = Function;
#define ONNX_READ(Name, Function) ONNX_READ_OF("", Name, Function)
#define ONNX_READ_AS(Name, Function, kOp) \
  ONNX_READ(                              \
      Name, +[](NodeReader& node) { Function(node, op::kOp); })
#include "neura/onnx/import/operators.inc"
    return readers;
  }();
  return *operators;
}

// By name and form.
const Readers& Forms() {
  static const Readers* forms = [] {
    auto* readers = new Readers;
#define ONNX_READ(Name, Function)
#define ONNX_READ_AS(Name, Function, kOp)
#define ONNX_READ_FORM(Name, form, Function) \
  (*readers)[{#Name, #form}] = &ReadLeftOut; \
  if constexpr (IsLinked("onnx." #Name ":" #form)) (*readers)[{#Name, #form}] = Function;
#include "neura/onnx/import/operators.inc"
    return readers;
  }();
  return *forms;
}

// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const Readers& kMade = Operators();
[[maybe_unused]] const Readers& kFormsMade = Forms();

}  // namespace

bool IsReadDomain(std::string_view domain) {
  return IsOnnxDomain(domain) || domain == kPreview || domain == "ai.onnx.preview.training";
}

OperatorReader FindOperator(std::string_view domain, std::string_view name) {
  const auto it = Operators().find({IsOnnxDomain(domain) ? "" : domain, name});
  return it == Operators().end() ? nullptr : it->second;
}

OperatorReader FindForm(std::string_view name, std::string_view form) {
  return Forms().at({name, form});
}

std::string_view FormOf(const NodeMessage& node, absl::FunctionRef<bool(size_t)> is_constant) {
  const auto given = [&node](size_t i) {
    return i < node.inputs.size() && !node.inputs[i].empty();
  };
  if (node.op_type == "Slice") {
    for (const size_t i : {3, 4}) {
      if (given(i) && !is_constant(i)) return "at_run_time";
    }
  } else if (node.op_type == "Dropout") {
    if (given(2)) return "training";
  } else if (node.op_type == "BatchNormalization") {
    if (node.outputs.size() > 1) return "training";
    for (const AttributeMessage& attribute : node.attributes) {
      if (attribute.name == "training_mode" && attribute.i != 0) return "training";
    }
  }
  return "";
}

BodyReader FindBodyReader(std::string_view domain, std::string_view name) {
  if (domain == kPreview && name == "FlexAttention") {
    if constexpr (IsLinked("onnx.FlexAttention")) return &ReadFlexAttention;
  } else if (!IsOnnxDomain(domain) || (name != "If" && name != "Loop" && name != "Scan")) {
    return nullptr;
  }
  if constexpr (IsLinked("onnx.If") || IsLinked("onnx.Loop") || IsLinked("onnx.Scan")) {
    return &ReadControlFlow;
  }
  return [](Scope&, const NodeMessage&, const std::vector<ImportedValue>&) {
    ThrowUnimplemented("this program was built without the operator");
  };
}

}  // namespace neura::onnx
