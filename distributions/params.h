// The parameters of a distribution, of one dtype and broadcast to its batch.
#ifndef NEURA_DISTRIBUTIONS_PARAMS_H_
#define NEURA_DISTRIBUTIONS_PARAMS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/operand.h"

namespace neura::distributions {

// What a row says of a parameter.
struct ParamRow {
  std::string name;
  std::string constraint;  // by its name
  std::optional<double> default_value = {};
  bool required = true;
};

// How `probs` and `logits` follow from each other: as those of one event, or of the events in the
// last dimension.
enum class ProbsForm { kNone, kOfOne, kOfMany };

class Params {
 public:
  // Throws InvalidArgument, naming the distribution, for parameters that are missing or do not
  // broadcast.
  Params(const char* distribution, const std::vector<ParamRow>& rows, ProbsForm form,
         const std::vector<std::optional<Operand>>& given);
  // Of rules that ask others'.
  Params(std::vector<Tensor> values, ProbsForm form);

  // In the row's order, [batch, event of the parameter]; undefined where it was not given. A
  // `count` is one number.
  const Tensor& operator[](size_t i) const { return values_[i]; }
  void Set(size_t i, Tensor value) { values_[i] = std::move(value); }
  size_t size() const { return values_.size(); }
  bool given(size_t i) const { return values_[i].defined(); }
  // How many of its last dimensions are no batch; -1 of a count.
  int64_t event_dims(size_t i) const { return event_dims_[i]; }

  // Either from the other: probabilities sum to 1, logits are logarithms of such probabilities.
  // A logarithm of 0 is that of the dtype's smallest difference from 1.
  Tensor probs() const;
  Tensor logits() const;

  const Dims& batch() const { return batch_; }
  TensorOptions options() const;
  // The same under another batch shape.
  Params Expanded(DimsView batch) const;

 private:
  Dims EventOf(size_t i) const;

  std::vector<Tensor> values_;
  std::vector<int64_t> event_dims_;  // of each; -1: not of the batch
  ProbsForm form_;
  Dims batch_;
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_PARAMS_H_
