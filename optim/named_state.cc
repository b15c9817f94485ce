#include "neura/optim/named_state.h"

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"

namespace neura::optim::internal {

double ToNumber(FieldRef field) {
  if (bool** flag = std::get_if<bool*>(&field)) return **flag ? 1 : 0;
  if (int64_t** integer = std::get_if<int64_t*>(&field)) return static_cast<double>(**integer);
  return *std::get<double*>(field);
}

void FromNumber(FieldRef field, double value) {
  if (bool** flag = std::get_if<bool*>(&field)) {
    **flag = value != 0;
  } else if (int64_t** integer = std::get_if<int64_t*>(&field)) {
    **integer = static_cast<int64_t>(value);
  } else {
    *std::get<double*>(field) = value;
  }
}

std::optional<Dims> StateShape(const OptimizerRow& row, size_t state, const Tensor& param) {
  if (row.state_shape != nullptr) return row.state_shape(state, param);
  return Dims(param.shape().begin(), param.shape().end());
}

Tensor NamedState::Take(const std::string& name) {
  const auto node = given_.extract(name);
  return node.empty() ? Tensor() : node.mapped();
}

double NamedState::TakeNumber(const std::string& name) {
  const Tensor value = Take(name);
  if (!value.defined() || value.numel() != 1) Fail("the state has no ", name);
  return value.Item<double>();
}

LoadedState NamedState::TakeParam(const std::string& prefix, const Tensor& param,
                                  const OptimizerRow& row) {
  LoadedState state;
  const Tensor step = Take(prefix + "step");
  if (step.defined()) {
    if (step.numel() != 1 || step.dtype() != kInt64 || step.Item<int64_t>() < 0) {
      Fail(prefix, "step must be one int64 that is not negative, got ", step.ToString());
    }
    state.step = step.Item<int64_t>();
  }
  size_t present = 0, expected = 0, least = 0;
  bool gap = false;  // one that is there after one that is not
  for (size_t k = 0; k < row.states.size(); ++k) {
    const std::optional<Dims> shape = StateShape(row, k, param);
    if (!shape) {
      state.tensors.emplace_back();
      continue;
    }
    const std::string& name = row.states[k];
    const Tensor tensor = Take(prefix + name);
    const DType wanted = StateDType(param);
    if (tensor.defined() && (tensor.shape() != *shape ||
                             (tensor.dtype() != wanted && tensor.dtype() != param.dtype()))) {
      Fail(prefix, name, " is ", Describe(tensor), ", but the parameter ", Describe(param));
    }
    gap |= tensor.defined() && present < expected;
    ++expected;
    least += k < row.least_states;
    present += tensor.defined();
    Tensor kept;
    if (tensor.defined()) kept = tensor.dtype() == wanted ? Clone(tensor) : Cast(tensor, wanted);
    state.tensors.push_back(kept);
  }
  if (state.step > 0 ? gap || present < least : present > 0) {
    Fail(prefix, "* holds ", present, " of ", present <= least ? least : expected,
         " tensors after ", state.step, " steps");
  }
  return state;
}

void NamedState::CheckAllTaken() const {
  if (!given_.empty()) {
    Fail("the state has ", given_.begin()->first, ", which this optimizer does not");
  }
}

}  // namespace neura::optim::internal
