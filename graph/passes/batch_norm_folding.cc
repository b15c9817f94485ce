#include "neura/graph/passes/passes.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::graph {
namespace {

// Undefined where the input is absent.
Tensor Constant(const Graph& graph, const Node& node, size_t index) {
  if (index >= node.inputs.size() || node.inputs[index] == kNone) return {};
  return graph.value(node.inputs[index]).constant;
}

bool InputsAreConstant(const Graph& graph, const Node& node, size_t first) {
  for (size_t i = first; i < node.inputs.size(); ++i) {
    if (node.inputs[i] != kNone && !graph.value(node.inputs[i]).is_constant()) return false;
  }
  return true;
}

}  // namespace

// With s = weight / sqrt(variance + eps) for each channel,
//   norm(conv(x, w) + b) = conv(x, s * w) + s * (b - mean) + bias.
void FoldBatchNorm(Graph& graph) {
  RewriteBodies(graph, &FoldBatchNorm);
  for (NodeId id : graph.nodes()) {
    const Node& norm = graph.node(id);
    if (!norm.Is(op::kBatchNormInference) || !InputsAreConstant(graph, norm, 1)) continue;
    const ValueId between = norm.inputs[0];
    const NodeId conv_id = graph.value(between).producer;
    if (conv_id == kNoNode || !graph.node(conv_id).Is(op::kConv)) continue;
    const Node& conv = graph.node(conv_id);
    if (graph.value(between).users.size() != 1 || graph.IsOutput(between)) continue;
    if (!InputsAreConstant(graph, conv, 1)) continue;

    const DType dtype = graph.value(between).dtype;
    const auto wide = [](const Tensor& tensor) {
      return tensor.defined() ? Cast(tensor, kFloat64) : tensor;
    };
    const Tensor mean = wide(Constant(graph, norm, 1)), variance = wide(Constant(graph, norm, 2));
    const Tensor gamma = wide(Constant(graph, norm, 3)), beta = wide(Constant(graph, norm, 4));
    const Tensor weight = wide(Constant(graph, conv, 1)), bias = wide(Constant(graph, conv, 2));
    Tensor scale = Rsqrt(variance + norm.options().Get<BatchNormOptions>().eps);
    if (gamma.defined()) scale = scale * gamma;
    Tensor shift = (bias.defined() ? bias - mean : -mean) * scale;
    if (beta.defined()) shift = shift + beta;
    Dims per_channel(weight.shape().size(), 1);
    per_channel[0] = scale.numel();
    const Tensor scaled = Cast(weight * Reshape(scale, per_channel), dtype);
    const ValueId folded_weight = graph.AddConstant(scaled, graph.value(conv.inputs[1]).name);
    graph.ReplaceInput(conv_id, 1, folded_weight);
    graph.ReplaceInput(conv_id, 2, graph.AddConstant(Cast(shift, dtype)));
    graph.ReplaceAllUses(norm.outputs[0], between);
    graph.Erase(id);
  }
}

}  // namespace neura::graph
