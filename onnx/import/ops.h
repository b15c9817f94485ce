// The functions that operators.inc names: each reads one ONNX operator into operations.
#ifndef NEURA_ONNX_IMPORT_OPS_H_
#define NEURA_ONNX_IMPORT_OPS_H_

#include "neura/onnx/import/importer.h"

namespace neura::onnx {

template <OpId op>
void ReadUnary(NodeReader& node) {
  node.Out(node.Add(op, {node.in(0)}));
}

template <OpId op>
void ReadBinary(NodeReader& node) {
  node.Out(node.Add(op, {node.in(0), node.in(1)}));
}

// One or more inputs, from the left.
template <OpId op>
void ReadVariadic(NodeReader& node) {
  graph::ValueId result = node.in(0);
  for (size_t i = 1; i < node.num_inputs(); ++i) result = node.Add(op, {result, node.in(i)});
  node.Out(result);
}

void ReadIsInf(NodeReader& node);
void ReadGelu(NodeReader& node);
void ReadLeakyRelu(NodeReader& node);
void ReadElu(NodeReader& node);
void ReadCelu(NodeReader& node);
void ReadSelu(NodeReader& node);
void ReadHardSigmoid(NodeReader& node);
void ReadHardSwish(NodeReader& node);
void ReadPRelu(NodeReader& node);
void ReadSoftsign(NodeReader& node);
void ReadThresholdedRelu(NodeReader& node);
void ReadClip(NodeReader& node);
void ReadDiv(NodeReader& node);
void ReadMod(NodeReader& node);
void ReadPow(NodeReader& node);
void ReadVariadicMean(NodeReader& node);
void ReadWhere(NodeReader& node);
void ReadCast(NodeReader& node);
void ReadCastLike(NodeReader& node);
void ReadIdentity(NodeReader& node);
void ReadDropout(NodeReader& node);

void ReadReduce(NodeReader& node);
void ReadArgExtremum(NodeReader& node, OpId op);
template <OpId op>
void ReadArgReduce(NodeReader& node) {
  ReadArgExtremum(node, op);
}
void ReadCumSum(NodeReader& node);
void ReadMatMul(NodeReader& node);
void ReadGemm(NodeReader& node);

void ReadConv(NodeReader& node);
void ReadConvTranspose(NodeReader& node);
void ReadMaxPool(NodeReader& node);
void ReadAveragePool(NodeReader& node);
void ReadGlobalAveragePool(NodeReader& node);
void ReadGlobalMaxPool(NodeReader& node);
// Those of [N, C, ...] after C.
Dims SpatialDims(NodeReader& node, graph::ValueId x);
void ReadSoftmaxLike(NodeReader& node, OpId op);
template <OpId op>
void ReadSoftmax(NodeReader& node) {
  ReadSoftmaxLike(node, op);
}
void ReadBatchNormalization(NodeReader& node);
void ReadInstanceNormalization(NodeReader& node);
void ReadLayerNormalization(NodeReader& node);

void ReadShape(NodeReader& node);
void ReadSize(NodeReader& node);
void ReadConstant(NodeReader& node);
void ReadConstantOfShape(NodeReader& node);
void ReadRange(NodeReader& node);
void ReadReshape(NodeReader& node);
void ReadFlatten(NodeReader& node);
void ReadTranspose(NodeReader& node);
void ReadSqueeze(NodeReader& node);
void ReadUnsqueeze(NodeReader& node);
void ReadExpand(NodeReader& node);
void ReadTile(NodeReader& node);
void ReadConcat(NodeReader& node);
void ReadSplit(NodeReader& node);
void ReadSlice(NodeReader& node);
void ReadGather(NodeReader& node);
void ReadGatherElements(NodeReader& node);
void ReadScatterElements(NodeReader& node);
void ReadPad(NodeReader& node);
void ReadTrilu(NodeReader& node);
void ReadDepthToSpace(NodeReader& node);
void ReadSpaceToDepth(NodeReader& node);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_OPS_H_
