// Reductions, scans, orders and normalization of all examples at once.
#include <optional>

#include "neura/autograd/batching_rules.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// One number for each example as a vector of one element, over which a dimension can run.
Tensor AtLeastOneDim(const BatchedCall& c, const Tensor& tensor, int64_t rank) {
  return rank > 0 ? tensor : Reshape(tensor, {c.size, 1});
}

std::vector<Tensor> InOutputShapes(const BatchedCall& c, std::vector<Tensor> outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].defined()) outputs[i] = Reshape(outputs[i], c.OutputShape(i));
  }
  return outputs;
}

std::vector<Tensor> Reduced(const BatchedCall& c) {
  auto options = c.Get<ReduceOptions>();
  const int64_t rank = c.rank(0);
  if (rank == 0 || options.dims.empty()) {
    options.dims.clear();
    for (int64_t dim = 0; dim < std::max<int64_t>(rank, 1); ++dim) options.dims.push_back(dim + 1);
  } else {
    for (int64_t& dim : options.dims) dim = c.DimOf(dim, rank);
  }
  return InOutputShapes(c, c.Run(&options, {AtLeastOneDim(c, c.input(0), rank)}));
}

std::vector<Tensor> ArgReduced(const BatchedCall& c) {
  auto options = c.Get<ArgReduceOptions>();
  const int64_t rank = c.rank(0);
  Tensor input = AtLeastOneDim(c, c.input(0), rank);
  if (rank > 0 && !options.dim) input = Reshape(input, {c.size, c.call.input(0).numel()});
  options.dim = rank > 0 && options.dim ? c.DimOf(*options.dim, rank) : 1;
  return InOutputShapes(c, c.Run(&options, {input}));
}

// Of inputs of one shape, along a dimension of it.
template <typename Options>
std::vector<Tensor> AlongDim(const BatchedCall& c) {
  auto options = c.Get<Options>();
  const int64_t rank = c.rank(0);
  options.dim = rank > 0 ? c.DimOf(options.dim, rank) : 1;
  std::vector<Tensor> inputs = c.AllRepeated();
  for (Tensor& input : inputs) input = AtLeastOneDim(c, input, rank);
  return InOutputShapes(c, c.Run(&options, inputs));
}

std::vector<Tensor> Searched(const BatchedCall& c) {
  // Beside a vector for each example its input is one row, whatever shape it has.
  const bool vectors = c.rank(0) == 1;
  Tensor input = c.Repeated(1);
  if (vectors) input = Reshape(input, {c.size, c.call.input(1).numel()});
  return InOutputShapes(
      c, c.Run(c.call.options, {vectors && !c.batched(0) ? c.input(0) : c.Repeated(0), input}));
}

// Statistics of the last dimensions are each example's own; weights must be shared.
std::vector<Tensor> LayerNormalized(const BatchedCall& c) {
  for (size_t i = 1; i < c.num_inputs(); ++i) {
    if (c.batched(i)) return RunForEach(c);
  }
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.num_inputs(); ++i) inputs.push_back(c.input(i));
  return InOutputShapes(c, c.Run(c.call.options, inputs));
}

// Statistics of each channel: the channels of all examples beside each other.
std::vector<Tensor> BatchNormalized(const BatchedCall& c) {
  const Tensor x = c.Repeated(0);  // [B, N, C, ...]
  const int64_t channels = x.size(2);
  Dims joined(x.shape().begin() + 1, x.shape().end());
  joined[1] = c.size * channels;
  std::vector<Tensor> inputs{Reshape(Transpose(x, 0, 1), joined)};
  for (size_t i = 1; i < c.num_inputs(); ++i) {
    inputs.push_back(c.has_input(i) ? Reshape(c.Repeated(i), {c.size * channels}) : Tensor());
  }
  std::vector<Tensor> outputs = c.Run(c.call.options, inputs);
  Dims apart(x.shape().begin(), x.shape().end());
  std::swap(apart[0], apart[1]);
  if (outputs[0].defined()) outputs[0] = Transpose(Reshape(outputs[0], apart), 0, 1);
  for (size_t i = 1; i < outputs.size(); ++i) {
    if (outputs[i].defined()) outputs[i] = Reshape(outputs[i], c.OutputShape(i));
  }
  return outputs;
}

}  // namespace

void AddReductionBatching(BatchingTable& table) {
  for (OpId op : {op::kSum, op::kMean, op::kProd, op::kAMax, op::kAMin, op::kAll, op::kAny}) {
    table[op] = &Reduced;
  }
  for (OpId op : {op::kArgMax, op::kArgMin}) table[op] = &ArgReduced;
  for (OpId op : {op::kCumSum, op::kCumProd, op::kCumMax, op::kCumMin}) {
    table[op] = &AlongDim<DimOptions>;
  }
  table[op::kSort] = &AlongDim<SortOptions>;
  table[op::kSearchSorted] = &Searched;
  for (OpId op : {op::kSoftmax, op::kSoftmaxGrad, op::kLogSoftmax, op::kLogSoftmaxGrad}) {
    table[op] = &AlongDim<SoftmaxOptions>;
  }
  table[op::kLayerNorm] = &LayerNormalized;
  for (OpId op : {op::kBatchNormTraining, op::kBatchNormInference}) table[op] = &BatchNormalized;
}

}  // namespace neura::autograd
