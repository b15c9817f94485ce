// The functions that operators.inc names: each reads one ONNX operator into operations.
#ifndef NEURA_ONNX_IMPORT_OPS_H_
#define NEURA_ONNX_IMPORT_OPS_H_

#include "neura/onnx/import/importer.h"

namespace neura::onnx {

#define ONNX_READ(Name, Function) void Function(NodeReader& node);
#define ONNX_READ_AS(Name, Function, kOp) void Function(NodeReader& node, OpId op);
#include "neura/onnx/import/operators.inc"

// A convolution with the window that the node's attributes say; `bias` may be absent.
graph::ValueId ConvOf(NodeReader& node, graph::ValueId x, graph::ValueId weight,
                      graph::ValueId bias);

// Indices below 0 of input `input` count from the end of dimension `axis` of x.
graph::ValueId FromStart(NodeReader& node, graph::ValueId index, size_t input, graph::ValueId x,
                         int64_t axis);

// Those of [N, C, ...] after C.
Dims SpatialDims(NodeReader& node, graph::ValueId x);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_OPS_H_
