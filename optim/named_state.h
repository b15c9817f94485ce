// A state dict that is being read.
#ifndef NEURA_OPTIM_NAMED_STATE_H_
#define NEURA_OPTIM_NAMED_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/optim/row_optimizer.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim::internal {

// States are float32 beside float16 and bfloat16 parameters, else as the parameter.
inline DType StateDType(const Tensor& param) { return WideDType(param.dtype()); }

// The extents of a state; nothing where the parameter has none.
std::optional<Dims> StateShape(const OptimizerRow& row, size_t state, const Tensor& param);

// An option in a state dict: numbers and switches are float64 scalars, NaN where there is none,
// lists of integers int64 [n] and texts uint8 [n]. Integers have at most 53 bits.
Tensor OptionToTensor(FieldRef field);

// The state of one parameter as it was read.
struct LoadedState {
  int64_t step = 0;
  std::vector<Tensor> tensors;
};

// Tensors by name, of which each is taken once. Errors are InvalidArgument and name the owner, an
// optimizer or a schedule.
class NamedState {
 public:
  NamedState(std::string owner, const NamedTensors& state)
      : owner_(std::move(owner)), given_(state.begin(), state.end()) {}

  bool Has(const std::string& name) const { return given_.contains(name); }
  double TakeNumber(const std::string& name);
  int64_t TakeInteger(const std::string& name);
  std::string TakeText(const std::string& name);
  void TakeOption(const std::string& name, FieldRef field);
  // Undefined where there is none.
  Tensor Take(const std::string& name);
  // The state of one parameter under the names prefix + "step" and prefix + row.states[k], copied,
  // in the dtype of states.
  LoadedState TakeParam(const std::string& prefix, const Tensor& param, const OptimizerRow& row);
  // All whose names begin with the prefix, under the rest of their names.
  NamedTensors TakeAll(const std::string& prefix);
  // One more than the largest number that follows the prefix.
  size_t CountOf(const std::string& prefix) const;
  // That tensors of the prefix are numbered up to `count`, or not beyond it.
  void CheckCount(const std::string& prefix, size_t count, const char* what) const;
  void CheckAtMost(const std::string& prefix, size_t count, const char* what) const;
  void CheckAllTaken() const;

  template <typename... Parts>
  [[noreturn]] void Fail(const Parts&... parts) const {
    ThrowInvalidArgument(absl::StrCat(owner_, ": ", parts...));
  }

 private:
  const std::string owner_;
  std::map<std::string, Tensor> given_;
};

}  // namespace neura::optim::internal

#endif  // NEURA_OPTIM_NAMED_STATE_H_
