// Softmax and normalization.
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::onnx {

using graph::SymInt;
using graph::ValueId;

// Before operator set 13, over all dimensions from the axis on together.
void ReadSoftmax(NodeReader& node, OpId op) {
  const ValueId x = node.in(0);
  const int64_t axis = node.AxisOrZero(node.Int("axis", node.opset() < 13 ? 1 : -1), node.rank(x));
  if (node.opset() >= 13 || axis == node.rank(x) - 1) {
    return node.Out(node.Add(op, SoftmaxOptions{.dim = axis}, {x}));
  }
  const std::vector<SymInt>& shape = node.shape(x);
  std::vector<SymInt> flat(shape.begin(), shape.begin() + axis);
  flat.push_back(-1);
  const ValueId result = node.Add(op, SoftmaxOptions{.dim = -1}, {node.Reshape(x, flat)});
  node.Out(node.Reshape(result, node.shape(x)));
}

void ReadBatchNormalization(NodeReader& node) {
  const BatchNormOptions options{.eps = node.Float("epsilon", 1e-5)};
  node.Float("momentum", 0.9);
  if (node.opset() < 9 && node.Int("spatial", 1) != 1) node.Unsupported("spatial = 0");
  if (node.opset() < 7) node.Int("is_test", 0);
  if (node.Int("training_mode", 0) != 0 || node.Wants(1)) {
    return FindForm("BatchNormalization", "training")(node);
  }
  const ValueId scale = node.in(1), bias = node.in(2), mean = node.in(3), variance = node.in(4);
  node.Out(node.Add(op::kBatchNormInference, options, {node.in(0), mean, variance, scale, bias}));
}

void ReadInstanceNormalization(NodeReader& node) {
  const ValueId x = node.in(0);
  const double eps = node.Float("epsilon", 1e-5);
  const ReduceOptions over{.dims = SpatialDims(node, x), .keepdim = true};
  const ValueId centered = node.Add(op::kSub, {x, node.Add(op::kMean, over, {x})});
  const ValueId variance = node.Add(op::kMean, over, {node.Add(op::kSquare, {centered})});
  const auto per_channel = [&](ValueId id) {
    std::vector<SymInt> shape(static_cast<size_t>(node.rank(x) - 1), 1);
    shape[0] = -1;
    return node.Reshape(id, shape);
  };
  node.Out(
      node.Pointwise([=](const Tensor& x, const Tensor& variance, const Tensor& scale,
                         const Tensor& bias) { return x * Rsqrt(variance + eps) * scale + bias; },
                     centered, variance, per_channel(node.in(1)), per_channel(node.in(2))));
}

void ReadLayerNormalization(NodeReader& node) {
  const ValueId x = node.in(0), scale = node.in(1), bias = node.in_or_none(2);
  const int64_t axis = node.Axis(node.Int("axis", -1), node.rank(x));
  node.Int("stash_type", 1);
  const LayerNormOptions options{.num_dims = node.rank(x) - axis,
                                 .eps = node.Float("epsilon", 1e-5)};
  const ValueId y = node.Add(op::kLayerNorm, options, {x, scale, bias});
  node.Out(y);
  const std::vector<ValueId> outputs = node.graph().node(node.graph().value(y).producer).outputs;
  // The other outputs of the operation follow its first; ONNX keeps the reduced dimensions.
  std::vector<SymInt> kept(node.shape(x).begin(), node.shape(x).begin() + axis);
  kept.resize(static_cast<size_t>(node.rank(x)), 1);
  if (node.Wants(1)) node.Out(node.Reshape(outputs[1], kept), 1);
  if (node.Wants(2)) node.Out(node.Reshape(outputs[2], kept), 2);
}

}  // namespace neura::onnx
