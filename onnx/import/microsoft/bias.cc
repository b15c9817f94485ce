// Sums with what follows them.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {

using graph::SymInt;
using graph::ValueId;

void ReadBiasAdd(NodeReader& node) {
  node.Out(node.Add(op::kAdd, {node.Add(op::kAdd, {node.in(0), node.in(1)}), node.in(2)}));
}

void ReadBiasGelu(NodeReader& node) {
  node.Out(node.Add(op::kGelu, GeluOptions{}, {node.Add(op::kAdd, {node.in(0), node.in(1)})}));
}

void ReadFastGelu(NodeReader& node) {
  ValueId x = node.in(0);
  if (node.has(1)) x = node.Add(op::kAdd, {x, node.in(1)});
  node.Out(node.Add(op::kGelu, GeluOptions{.approximate = "tanh"}, {x}));
}

void ReadQuickGelu(NodeReader& node) {
  const double alpha = node.Float("alpha", 1.702);
  node.Out(node.Pointwise([=](const Tensor& x) { return x * Sigmoid(x * alpha); }, node.in(0)));
}

// The first half of the features times the second one's gate.
void ReadBiasSplitGelu(NodeReader& node) {
  node.Out(node.Trace(
      [](const Tensor& x, const Tensor& bias) {
        const Tensor sum = x + bias;
        const int64_t half = sum.size(-1) / 2;
        return Slice(sum, -1, 0, half) * Gelu(Slice(sum, -1, half, 2 * half));
      },
      node.in(0), node.in(1)));
}

// Over all dimensions from the axis on together.
void ReadBiasSoftmax(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", 1), node.rank(x));
  node.Int("is_inner_broadcast", 0);  // extents of 1 say the same
  node.Out(node.Trace(
      [&](const Tensor& x, const Tensor& bias) {
        const Tensor sum = x + bias;
        return Reshape(Softmax(Flatten(sum, axis, -1), {.dim = -1}), sum.shape());
      },
      x, node.in(1)));
}

// In inference.
void ReadBiasDropout(NodeReader& node) {
  node.Int("seed", 0);
  if (node.has(4)) {
    const std::optional<Tensor> training = node.Known(4);
    if (!training || training->numel() != 1 || training->Item<bool>()) {
      node.Unsupported("training_mode = 1");
    }
  }
  ValueId y = node.Add(op::kAdd, {node.in(0), node.in(1)});
  if (node.has(2)) y = node.Add(op::kAdd, {y, node.in(2)});
  node.Out(y);
  if (node.Wants(1)) node.Out(node.Full(node.shape(y), true, kBool), 1);
}

}  // namespace neura::onnx
