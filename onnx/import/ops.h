// The functions that operators.inc names: each reads one ONNX operator into operations.
#ifndef NEURA_ONNX_IMPORT_OPS_H_
#define NEURA_ONNX_IMPORT_OPS_H_

#include "neura/onnx/import/importer.h"

namespace neura::onnx {

#define ONNX_READ(Name, Function) void Function(NodeReader& node);
#define ONNX_READ_AS(Name, Function, kOp) void Function(NodeReader& node, OpId op);
#include "neura/onnx/import/operators.inc"

// Those of [N, C, ...] after C.
Dims SpatialDims(NodeReader& node, graph::ValueId x);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_OPS_H_
