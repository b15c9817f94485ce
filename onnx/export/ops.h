// The functions that mapping.inc names: each writes one operation as ONNX nodes.
#ifndef NEURA_ONNX_EXPORT_OPS_H_
#define NEURA_ONNX_EXPORT_OPS_H_

#include "neura/graph/graph.h"

namespace neura::onnx {

class Exporter;

// `op_type` is the operator in the operation's row. Operations that share a function write alike.
#define ONNX_DIRECT(Name, op_type)
#define ONNX_NONE(Name, why)
#define ONNX_WHOLE ONNX_WRITE
#define ONNX_WRITE(Name, op_type, Function) \
  void Function(Exporter& exporter, const graph::Node& node, const char* onnx_name);
#include "neura/onnx/export/mapping.inc"

}  // namespace neura::onnx

#endif  // NEURA_ONNX_EXPORT_OPS_H_
