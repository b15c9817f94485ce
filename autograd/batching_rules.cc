#include "neura/autograd/batching_rules.h"

#include <algorithm>

#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {

Tensor BatchedCall::Aligned(size_t i, int64_t rank) const {
  Tensor tensor = inputs_[i];
  if (!batched_[i]) return tensor;
  while (tensor.dim() < rank + 1) tensor = Unsqueeze(tensor, 1);
  return tensor;
}

std::vector<Tensor> BatchedCall::AllAligned() const {
  int64_t most = 0;
  for (size_t i = 0; i < num_inputs(); ++i) {
    if (has_input(i)) most = std::max(most, rank(i));
  }
  std::vector<Tensor> aligned;
  for (size_t i = 0; i < num_inputs(); ++i) aligned.push_back(Aligned(i, most));
  return aligned;
}

Tensor BatchedCall::Repeated(size_t i) const {
  const Tensor& tensor = inputs_[i];
  if (!tensor.defined() || batched_[i]) return tensor;
  return Expand(Unsqueeze(tensor, 0), WithBatch(tensor.shape()));
}

std::vector<Tensor> BatchedCall::AllRepeated() const {
  std::vector<Tensor> repeated;
  for (size_t i = 0; i < num_inputs(); ++i) repeated.push_back(Repeated(i));
  return repeated;
}

Dims BatchedCall::WithBatch(DimsView shape) const {
  Dims with{size};
  with.insert(with.end(), shape.begin(), shape.end());
  return with;
}

std::vector<Tensor> BatchedCall::Run(const void* options, const std::vector<Tensor>& inputs) const {
  std::vector<const Tensor*> refs;
  for (const Tensor& input : inputs) refs.push_back(&input);
  const OpSchema& schema = call.schema();
  if (schema.flags.list) return DispatchList(call.op, options, refs);
  std::vector<Tensor> outputs(schema.num_outputs);
  Dispatch(call.op, options, refs, absl::MakeSpan(outputs), call.device, call.wanted);
  return outputs;
}

std::vector<Tensor> RunForEach(const BatchedCall& c) {
  const size_t count = c.specs.size();
  if (c.size == 0) {
    std::vector<Tensor> empty;
    for (size_t k = 0; k < count; ++k) {
      empty.push_back(Tensor::Empty(c.OutputShape(k), c.specs[k].dtype, c.call.device));
    }
    return empty;
  }
  std::vector<std::vector<Tensor>> examples(c.num_inputs());
  for (size_t i = 0; i < c.num_inputs(); ++i) {
    if (c.batched(i)) examples[i] = Unbind(c.input(i), 0);
  }
  std::vector<std::vector<Tensor>> made(count);
  for (size_t b = 0; b < static_cast<size_t>(c.size); ++b) {
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < c.num_inputs(); ++i) {
      inputs.push_back(c.batched(i) ? examples[i][b] : c.input(i));
    }
    const std::vector<Tensor> outputs = c.Run(c.call.options, inputs);
    for (size_t k = 0; k < count; ++k) made[k].push_back(outputs[k]);
  }
  std::vector<Tensor> stacked;
  for (const std::vector<Tensor>& all : made) {
    stacked.push_back(all[0].defined() ? Stack(all) : Tensor());
  }
  return stacked;
}

namespace {

std::vector<Tensor> Pointwise(const BatchedCall& c) {
  return c.Run(c.call.options, c.AllAligned());
}

BatchingTable& Table() {
  static BatchingTable* const table = [] {
    auto* filled = new BatchingTable;
    for (OpId op : BuiltinOps()) {
      if (SchemaOf(op).flags.pointwise) (*filled)[op] = &Pointwise;
    }
    for (OpId op : {op::kFusedPointwise, op::kCast, op::kClone, op::kToDevice}) {
      (*filled)[op] = &Pointwise;
    }
    AddShapeBatching(*filled);
    AddReductionBatching(*filled);
    AddProductBatching(*filled);
    return filled;
  }();
  return *table;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const BatchingTable& kMade = Table();

}  // namespace

BatchingRule BatchingRuleOf(OpId op) { return Table()[op]; }
void RegisterBatchingRule(OpId op, BatchingRule rule) { Table()[op] = rule; }

}  // namespace neura::autograd
