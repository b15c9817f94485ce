#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/readings.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list.h"

namespace neura::onnx {
namespace {

constexpr std::string_view kPreview = "ai.onnx.preview";
constexpr std::string_view kMicrosoft = "com.microsoft";
constexpr std::string_view kMl = "ai.onnx.ml";
constexpr int64_t kMaxMlSet = 5;

[[noreturn]] void ReadLeftOut(NodeReader&) {
  ThrowUnimplemented("this program was built without the operator");
}

struct Row {
  std::string_view domain, name, form;  // the domain of ai.onnx is ""
  OperatorReader read;
};

#define ONNX_ROW(domain, Name, form, Function, gate)                           \
  Row{domain, #Name, form, [] {                                                \
        if constexpr (IsLinked("onnx." gate)) return OperatorReader(Function); \
        return OperatorReader(&ReadLeftOut);                                   \
      }()},

constexpr Row kOperators[] = {
#define ONNX_READ(Name, Function) ONNX_ROW("", Name, "", Function, #Name)
#define ONNX_READ_AS(Name, Function, kOp) \
  ONNX_READ(                              \
      Name, +[](NodeReader& node) { Function(node, op::kOp); })
#define ONNX_READ_OF(domain, Name, Function) ONNX_ROW(domain, Name, "", Function, domain "." #Name)
#define ONNX_READ_FORM(Name, form, Function) ONNX_ROW("", Name, #form, Function, #Name ":" #form)
#include "neura/onnx/import/operators.inc"
};

#undef ONNX_ROW

OperatorReader Find(std::string_view domain, std::string_view name, std::string_view form) {
  for (const Row& row : kOperators) {
    if (row.name == name && row.domain == domain && row.form == form) return row.read;
  }
  return nullptr;
}

}  // namespace

bool IsReadDomain(std::string_view domain) {
  return IsOnnxDomain(domain) || domain == kPreview || domain == "ai.onnx.preview.training" ||
         domain == kMicrosoft || domain == kMl;
}

void RequireSetOf(std::string_view domain, int64_t set) {
  if (domain != kMicrosoft && domain != kMl) return;
  const int64_t last = domain == kMl ? kMaxMlSet : 1;
  if (set >= 1 && set <= last) return;
  ThrowUnimplemented(absl::StrCat("operator set ", set, " of ", domain, " is not supported; 1 to ",
                                  last, last == 1 ? " is" : " are"));
}

OperatorReader FindOperator(std::string_view domain, std::string_view name) {
  return Find(IsOnnxDomain(domain) ? "" : domain, name, "");
}

OperatorReader FindForm(std::string_view name, std::string_view form) {
  return Find("", name, form);
}

std::string_view FormOf(const NodeMessage& node, absl::FunctionRef<bool(size_t)> is_constant) {
  const auto given = [&node](size_t i) {
    return i < node.inputs.size() && !node.inputs[i].empty();
  };
  if (!IsOnnxDomain(node.domain)) return "";
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

AnyRankReader FindAnyRankReader() {
  if constexpr (IsLinked("onnx.Input:any_rank")) return &ReadAtAnyRank;
  return nullptr;
}

BodyReader FindBodyReader(std::string_view domain, std::string_view name) {
  if (domain == kPreview && name == "FlexAttention") {
    if constexpr (IsLinked("onnx.ai.onnx.preview.FlexAttention")) return &ReadFlexAttention;
  } else if (!IsOnnxDomain(domain) ||
             (name != "If" && name != "Loop" && name != "Scan" && name != "SequenceMap")) {
    return nullptr;
  }
  if constexpr (IsLinked("onnx.If") || IsLinked("onnx.Loop") || IsLinked("onnx.Scan") ||
                IsLinked("onnx.SequenceMap")) {
    return &ReadControlFlow;
  }
  return [](Scope&, const NodeMessage&, const std::vector<ImportedValue>&) {
    ThrowUnimplemented("this program was built without the operator");
  };
}

}  // namespace neura::onnx
