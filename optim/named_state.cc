#include "neura/optim/named_state.h"

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"

namespace neura::optim::internal {

double ToNumber(FieldRef field) {
  if (bool** flag = std::get_if<bool*>(&field)) return **flag ? 1 : 0;
  return *std::get<double*>(field);
}

void FromNumber(FieldRef field, double value) {
  if (bool** flag = std::get_if<bool*>(&field)) {
    **flag = value != 0;
  } else {
    *std::get<double*>(field) = value;
  }
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
                                  const std::vector<std::string>& names, bool every_step) {
  LoadedState state;
  const Tensor step = Take(prefix + "step");
  if (step.defined()) {
    if (step.numel() != 1 || step.dtype() != kInt64 || step.Item<int64_t>() < 0) {
      Fail(prefix, "step must be one int64 that is not negative, got ", step.ToString());
    }
    state.step = step.Item<int64_t>();
  }
  size_t present = 0;
  for (const std::string& name : names) {
    const Tensor tensor = Take(prefix + name);
    const DType wanted = StateDType(param);
    if (tensor.defined() && (tensor.shape() != param.shape() ||
                             (tensor.dtype() != wanted && tensor.dtype() != param.dtype()))) {
      Fail(prefix, name, " is ", Describe(tensor), ", but the parameter ", Describe(param));
    }
    present += tensor.defined();
    Tensor kept;
    if (tensor.defined()) kept = tensor.dtype() == wanted ? Clone(tensor) : Cast(tensor, wanted);
    state.tensors.push_back(kept);
  }
  const bool wanted = state.step > 0 && (every_step || present > 0);
  if (present != (wanted ? names.size() : 0)) {
    Fail(prefix, "* holds ", present, " of ", names.size(), " tensors after ", state.step,
         " steps");
  }
  return state;
}

void NamedState::CheckAllTaken() const {
  if (!given_.empty()) {
    Fail("the state has ", given_.begin()->first, ", which this optimizer does not");
  }
}

}  // namespace neura::optim::internal
