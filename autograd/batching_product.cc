// Products, convolution and pooling of all examples at once.
#include <utility>

#include "neura/autograd/batching_rules.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// [..., k] as [rows, k].
Tensor Rows(const Tensor& tensor) {
  return Reshape(tensor, {tensor.numel() / tensor.size(-1), tensor.size(-1)});
}

std::vector<Tensor> Multiplied(const BatchedCall& c) {
  const Tensor &a = c.input(0), &b = c.input(1);
  const bool both = c.batched(0) && c.batched(1);
  if (both || a.numel() == 0 || b.numel() == 0) return c.Run(c.call.options, c.AllAligned());
  // A matrix that all examples share is multiplied once, by the rows of all of them.
  if (c.batched(0) && c.rank(1) == 2) return {Reshape(MatMul(Rows(a), b), c.OutputShape())};
  if (c.batched(1) && c.rank(0) == 2) {
    // (a b)^T = b^T a^T
    Dims transposed = c.OutputShape();
    std::swap(transposed.end()[-1], transposed.end()[-2]);
    const Tensor rows = Rows(Transpose(b, -2, -1));
    return {Transpose(Reshape(MatMul(rows, Transpose(a, 0, 1)), transposed), -2, -1)};
  }
  return c.Run(c.call.options, c.AllAligned());
}

// A shared weight serves the rows of all examples.
std::vector<Tensor> LinearOf(const BatchedCall& c) {
  const bool biased = c.has_input(2);
  if (!c.batched(1) && !(biased && c.batched(2))) {
    return c.Run(c.call.options, {c.input(0), c.input(1), biased ? c.input(2) : Tensor()});
  }
  const Tensor x = c.Repeated(0), weight = c.Repeated(1);
  const Tensor rows =
      Reshape(x, {c.size, x.numel() / std::max<int64_t>(c.size * x.size(-1), 1), x.size(-1)});
  Tensor y = MatMul(rows, Transpose(weight, 1, 2));
  if (biased) y = y + Unsqueeze(c.Repeated(2), 1);
  return {Reshape(y, c.OutputShape())};
}

// ---- [N, C, ...] ----

// [B, N, ...] as [B * N, ...].
Tensor Joined(const Tensor& tensor) {
  Dims shape(tensor.shape().begin() + 1, tensor.shape().end());
  shape[0] *= tensor.size(0);
  return Reshape(tensor, shape);
}

// [B, N, C, ...] as [N, B * C, ...].
Tensor ChannelsJoined(const Tensor& tensor) {
  Dims shape(tensor.shape().begin() + 1, tensor.shape().end());
  shape[1] *= tensor.size(0);
  return Reshape(Transpose(tensor, 0, 1), shape);
}

// And back, to an output of this call.
Tensor ChannelsApart(const BatchedCall& c, const Tensor& tensor) {
  Dims shape = c.OutputShape();
  std::swap(shape[0], shape[1]);
  return Transpose(Reshape(tensor, shape), 0, 1);
}

// What works on each of N by itself: those of all examples, one after the other.
std::vector<Tensor> EachImage(const BatchedCall& c) {
  if (c.size == 0) return RunForEach(c);
  std::vector<Tensor> inputs = c.AllRepeated();
  for (Tensor& input : inputs) input = Joined(input);
  std::vector<Tensor> outputs = c.Run(c.call.options, inputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].defined()) outputs[i] = Reshape(outputs[i], c.OutputShape(i));
  }
  return outputs;
}

// With a weight of its own, each example is a group of channels.
std::vector<Tensor> Convolved(const BatchedCall& c) {
  if (c.size == 0) return RunForEach(c);
  const bool biased = c.has_input(2);
  if (!c.batched(1) && !(biased && c.batched(2))) {
    const auto outputs =
        c.Run(c.call.options, {Joined(c.input(0)), c.input(1), biased ? c.input(2) : Tensor()});
    return {Reshape(outputs[0], c.OutputShape())};
  }
  auto options = c.Get<ConvOptions>();
  options.groups *= c.size;
  Tensor bias;
  if (biased) bias = Reshape(c.Repeated(2), {c.size * c.call.input(2).numel()});
  const auto outputs =
      c.Run(&options, {ChannelsJoined(c.Repeated(0)), Joined(c.Repeated(1)), bias});
  return {ChannelsApart(c, outputs[0])};
}

std::vector<Tensor> ConvInputGradOf(const BatchedCall& c) {
  if (c.size == 0) return RunForEach(c);
  if (!c.batched(1)) {
    const auto outputs = c.Run(c.call.options, {Joined(c.input(0)), c.input(1)});
    return {Reshape(outputs[0], c.OutputShape())};
  }
  auto options = c.Get<ConvGradOptions>();
  options.groups *= c.size;
  const auto outputs = c.Run(&options, {ChannelsJoined(c.Repeated(0)), Joined(c.input(1))});
  return {ChannelsApart(c, outputs[0])};
}

std::vector<Tensor> ConvWeightGradOf(const BatchedCall& c) {
  if (c.size == 0) return RunForEach(c);
  auto options = c.Get<ConvGradOptions>();
  options.groups *= c.size;
  const auto outputs =
      c.Run(&options, {ChannelsJoined(c.Repeated(0)), ChannelsJoined(c.Repeated(1))});
  return {Reshape(outputs[0], c.OutputShape())};
}

}  // namespace

void AddProductBatching(BatchingTable& table) {
  table[op::kMatMul] = &Multiplied;
  table[op::kLinear] = &LinearOf;
  table[op::kConv] = &Convolved;
  table[op::kConvInputGrad] = &ConvInputGradOf;
  table[op::kConvWeightGrad] = &ConvWeightGradOf;
  for (OpId op : {op::kMaxPool, op::kMaxPoolScatter, op::kMaxPoolGather, op::kAvgPool,
                  op::kAvgPoolGrad, op::kAdaptiveAvgPool, op::kAdaptiveAvgPoolGrad}) {
    table[op] = &EachImage;
  }
}

}  // namespace neura::autograd
