// Losses of classes.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// Of log probabilities [N, C, ...] and classes [N, ...], with a weight for each class or none.
ValueId NegativeLogLikelihood(NodeReader& node, ValueId scores, ValueId classes, ValueId weights) {
  const std::string reduction = node.String("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean") {
    node.Unsupported(absl::StrCat("reduction ", reduction));
  }
  const bool ignores = node.HasAttribute("ignore_index");
  const int64_t ignored = node.Int("ignore_index", 0);
  const auto loss_of = [=](absl::Span<const Tensor> in) {
    const Tensor& x = in[0];
    Tensor target = in[1], weight, kept;
    if (ignores) {
      kept = Ne(target, ignored);
      target = Where(kept, target, ZerosLike(target));
    }
    Tensor loss = -Squeeze(Gather(x, 1, Unsqueeze(target, 1)), {1});
    if (in[2].defined()) {
      weight = Reshape(IndexSelect(in[2], 0, Flatten(target)), target.shape());
    } else if (ignores) {
      weight = OnesLike(loss);
    }
    if (ignores) {
      weight = Where(kept, weight, ZerosLike(weight));
      loss = Where(kept, loss, ZerosLike(loss));
    }
    if (weight.defined()) loss = loss * weight;
    if (reduction == "sum") loss = Sum(loss);
    if (reduction == "mean") loss = weight.defined() ? Sum(loss) / Sum(weight) : Mean(loss);
    return std::vector{loss};
  };
  return node.TraceAll({scores, node.Cast(classes, kInt64), weights}, loss_of)[0];
}

}  // namespace

void ReadNegativeLogLikelihoodLoss(NodeReader& node) {
  node.Out(NegativeLogLikelihood(node, node.in(0), node.in(1), node.in_or_none(2)));
}

void ReadSoftmaxCrossEntropyLoss(NodeReader& node) {
  const ValueId log_prob =
      node.Trace([](const Tensor& x) { return LogSoftmax(x, {.dim = 1}); }, node.in(0));
  node.Out(NegativeLogLikelihood(node, log_prob, node.in(1), node.in_or_none(2)));
  if (node.Wants(1)) node.Out(log_prob, 1);
}

}  // namespace neura::onnx
