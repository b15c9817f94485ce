// How an operation works on all examples of a Vmap at once.
#ifndef NEURA_AUTOGRAD_BATCHING_RULES_H_
#define NEURA_AUTOGRAD_BATCHING_RULES_H_

#include <vector>

#include "absl/types/span.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

// A call of one example, and the tensors of all.
class BatchedCall {
 public:
  // inputs[i] is [B, ...] where batched[i], else the input that all examples share.
  BatchedCall(const OpCall& call, const OutputSpecs& specs, int64_t size,
              std::vector<Tensor> inputs, std::vector<bool> batched)
      : call(call),
        specs(specs),
        size(size),
        inputs_(std::move(inputs)),
        batched_(std::move(batched)) {}

  const OpCall& call;        // its inputs are those of one example
  const OutputSpecs& specs;  // of one example's outputs
  const int64_t size;        // of the batch, B

  template <typename Options>
  const Options& Get() const {
    return call.Get<Options>();
  }
  size_t num_inputs() const { return inputs_.size(); }
  bool batched(size_t i) const { return batched_[i]; }
  // False also for optional inputs that were left out.
  bool has_input(size_t i) const { return call.has_input(i); }
  // Dimensions of one example.
  int64_t rank(size_t i) const { return call.input(i).dim(); }
  // A dimension of one example as one of all.
  int64_t DimOf(int64_t dim, int64_t rank) const { return dim < 0 ? dim + rank + 1 : dim + 1; }

  const Tensor& input(size_t i) const { return inputs_[i]; }
  // Of at least `rank` dimensions behind the batch, so that it broadcasts beside others.
  Tensor Aligned(size_t i, int64_t rank) const;
  std::vector<Tensor> AllAligned() const;
  // [B, ...], repeated where all examples share it.
  Tensor Repeated(size_t i) const;
  std::vector<Tensor> AllRepeated() const;
  // The shape of one example's output, after B.
  Dims OutputShape(size_t i = 0) const { return WithBatch(specs[i].shape); }
  Dims WithBatch(DimsView shape) const;

  // Calls the operation with other options and inputs.
  std::vector<Tensor> Run(const void* options, const std::vector<Tensor>& inputs) const;

 private:
  const std::vector<Tensor> inputs_;
  const std::vector<bool> batched_;
};

// Returns the outputs of all examples, [B, ...].
using BatchingRule = std::vector<Tensor> (*)(const BatchedCall& c);

// Null where an operation runs for each example.
BatchingRule BatchingRuleOf(OpId op);

// Runs the operation for each example.
std::vector<Tensor> RunForEach(const BatchedCall& c);

// For operations that a program registers (RegisterOp). Call it before the operation is used.
void RegisterBatchingRule(OpId op, BatchingRule rule);

// ---- the rules, by groups of operations ------------------------------------------------------

struct BatchingTable {
  BatchingRule rules[kMaxOps] = {};
  BatchingRule& operator[](OpId op) { return rules[static_cast<size_t>(op)]; }
};
void AddShapeBatching(BatchingTable& table);
void AddReductionBatching(BatchingTable& table);
void AddProductBatching(BatchingTable& table);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_BATCHING_RULES_H_
