#include "neura/onnx/mapping.h"

#include <array>

#include "neura/onnx/export_ops.h"
#include "neura/onnx/exporter.h"

namespace neura::onnx {
namespace {

void WriteDirect(Exporter& exporter, const graph::Node& node, const char* onnx_name) {
  std::vector<std::string> inputs;
  for (graph::ValueId input : node.inputs) inputs.push_back(exporter.Name(input));
  // Bool arithmetic exists here, but not there.
  const bool takes_bool = node.op == OpId::kWhere || SchemaOf(node.op).flags.view ||
                          node.op == OpId::kClone || node.op == OpId::kToDevice ||
                          node.op == OpId::kEq ||
                          SchemaOf(node.op).flags.rule == DTypeRule::kLogical;
  if (!takes_bool && exporter.value(node.inputs[0]).dtype == kBool) {
    exporter.Fail(node, "ONNX has it for numbers, not for bool; Cast() the input");
  }
  exporter.EmitTo({node.outputs[0]}, onnx_name, std::move(inputs));
}

void WriteNone(Exporter& exporter, const graph::Node& node, const char* why) {
  exporter.Fail(node, why);
}

constexpr std::array<Mapping, kNumBuiltinOps> MakeTable() {
  std::array<Mapping, kNumBuiltinOps> table = {};
#define ONNX_DIRECT(Name, op_type) \
  table[static_cast<size_t>(OpId::k##Name)] = {op_type, &WriteDirect, op_type};
#define ONNX_WRITE(Name, op_type, Function) \
  table[static_cast<size_t>(OpId::k##Name)] = {op_type, &Function, op_type};
#define ONNX_NONE(Name, why) table[static_cast<size_t>(OpId::k##Name)] = {nullptr, &WriteNone, why};
#include "neura/onnx/mapping.inc"
  return table;
}

}  // namespace

const Mapping& MappingOf(OpId op) {
  static constexpr std::array<Mapping, kNumBuiltinOps> kTable = MakeTable();
  static constexpr Mapping kRegistered = {nullptr, &WriteNone,
                                          "it is not one of the built-in operations"};
  const auto index = static_cast<size_t>(op);
  return index < kTable.size() ? kTable[index] : kRegistered;
}

}  // namespace neura::onnx
