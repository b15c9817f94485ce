// A state dict that is being read.
#ifndef NEURA_OPTIM_NAMED_STATE_H_
#define NEURA_OPTIM_NAMED_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/optim/optimizer.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim::internal {

// States are float32 beside float16 and bfloat16 parameters, else as the parameter.
inline DType StateDType(const Tensor& param) { return WideDType(param.dtype()); }

// The extents of a state; nothing where the parameter has none.
std::optional<Dims> StateShape(const OptimizerRow& row, size_t state, const Tensor& param);

// The options of optimizers are numbers and switches, which are saved as 0 and 1. Integers have at
// most 53 bits.
double ToNumber(FieldRef field);
void FromNumber(FieldRef field, double value);

// The state of one parameter as it was read.
struct LoadedState {
  int64_t step = 0;
  std::vector<Tensor> tensors;
};

// Tensors by name, of which each is taken once. Errors name the optimizer.
class NamedState {
 public:
  NamedState(const char* optimizer, const NamedTensors& state)
      : optimizer_(optimizer), given_(state.begin(), state.end()) {}

  double TakeNumber(const std::string& name);
  // The state of one parameter under the names prefix + "step" and prefix + row.states[k], copied,
  // in the dtype of states.
  LoadedState TakeParam(const std::string& prefix, const Tensor& param, const OptimizerRow& row);
  void CheckAllTaken() const;

 private:
  // Undefined where there is none.
  Tensor Take(const std::string& name);
  template <typename... Parts>
  [[noreturn]] void Fail(const Parts&... parts) const {
    ThrowInvalidArgument(absl::StrCat(optimizer_, ": ", parts...));
  }

  const char* optimizer_;
  std::unordered_map<std::string, Tensor> given_;
};

}  // namespace neura::optim::internal

#endif  // NEURA_OPTIM_NAMED_STATE_H_
