// How each operation is written in ONNX.
#ifndef NEURA_ONNX_EXPORT_MAPPING_H_
#define NEURA_ONNX_EXPORT_MAPPING_H_

#include "neura/graph/graph.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura::onnx {

class Exporter;

struct Mapping {
  const char* onnx_name = nullptr;  // the main one of the operators written; null: none
  // Throws Unimplemented with the reason where there is no way.
  void (*write)(Exporter& exporter, const graph::Node& node, const char* argument) = nullptr;
  const char* argument = nullptr;  // handed to `write`: the name, or the reason why there is none

  void Write(Exporter& exporter, const graph::Node& node) const { write(exporter, node, argument); }
  bool has_row() const { return write != nullptr; }
};

// Operations that a program registered itself have no row: they cannot be written.
const Mapping& MappingOf(OpId op);

// Whether an operator set has an operator for this call of a function, which is then to be captured
// as a whole.
bool HasOperator(const OpCall& call, int opset);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_EXPORT_MAPPING_H_
