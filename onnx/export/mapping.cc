#include "neura/onnx/export/mapping.h"

#include <array>

#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/tensor/ops/op_list.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura::onnx {
namespace {

void WriteDirect(Exporter& exporter, const graph::Node& node, const char* onnx_name) {
  std::vector<std::string> inputs;
  for (graph::ValueId input : node.inputs) inputs.push_back(exporter.Name(input));
  // Bool arithmetic exists here, but not there.
  const bool takes_bool = node.op() == op::kWhere || SchemaOf(node.op()).flags.view ||
                          node.op() == op::kClone || node.op() == op::kToDevice ||
                          node.op() == op::kEq ||
                          SchemaOf(node.op()).flags.rule == DTypeRule::kLogical;
  if (!takes_bool && exporter.value(node.inputs[0]).dtype == kBool) {
    exporter.Fail(node, "ONNX has it for numbers, not for bool; Cast() the input");
  }
  exporter.EmitTo({node.outputs[0]}, onnx_name, std::move(inputs));
}

void WriteNone(Exporter& exporter, const graph::Node& node, const char* why) {
  exporter.Fail(node, why);
}

constexpr size_t kNumMappings = static_cast<size_t>(OpFamily::kRegistered);

constexpr std::array<Mapping, kNumMappings> MakeTable() {
  std::array<Mapping, kNumMappings> table = {};
#define ONNX_DIRECT(Name, op_type) \
  table[static_cast<size_t>(op::k##Name)] = {op_type, &WriteDirect, op_type};
#define ONNX_WRITE(Name, op_type, Function) \
  table[static_cast<size_t>(op::k##Name)] = {op_type, &Function, op_type};
#define ONNX_NONE(Name, why) table[static_cast<size_t>(op::k##Name)] = {nullptr, &WriteNone, why};
#define ONNX_WHOLE(Name, op_type, Function)
#include "neura/onnx/export/mapping.inc"
  return table;
}

constexpr std::array<Mapping, kNumWholeFunctions> MakeWholeTable() {
  std::array<Mapping, kNumWholeFunctions> table = {};
#define ONNX_DIRECT(Name, op_type)
#define ONNX_WRITE(Name, op_type, Function)
#define ONNX_NONE(Name, why)
#define ONNX_WHOLE(Name, op_type, Function) \
  table[static_cast<size_t>(WholeFunction::k##Name)] = {op_type, &Function, op_type};
#include "neura/onnx/export/mapping.inc"
  return table;
}

}  // namespace

const Mapping& MappingOf(OpId op) {
  static constexpr std::array<Mapping, kNumMappings> kTable = MakeTable();
  static constexpr Mapping kRegistered = {nullptr, &WriteNone,
                                          "it is not one of the built-in operations"};
  static constexpr std::array<Mapping, kNumWholeFunctions> kWhole = MakeWholeTable();
  const auto index = static_cast<size_t>(op);
  if (index < kTable.size()) return kTable[index];
  const std::optional<WholeFunction> whole = WholeFunctionOf(op);
  return whole ? kWhole[static_cast<size_t>(*whole)] : kRegistered;
}

}  // namespace neura::onnx
