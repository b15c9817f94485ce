#include "neura/optim/named_state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/shape.h"

namespace neura::optim::internal {

Tensor OptionToTensor(FieldRef field) {
  const auto number = [](double value) { return ScalarTensor(value, {.dtype = kFloat64}); };
  const auto optional = [&](const auto& value) {
    return number(value ? static_cast<double>(*value) : std::numeric_limits<double>::quiet_NaN());
  };
  if (auto* const flag = std::get_if<bool*>(&field)) return number(**flag ? 1 : 0);
  if (auto* const integer = std::get_if<int64_t*>(&field)) {
    return number(static_cast<double>(**integer));
  }
  if (auto* const real = std::get_if<double*>(&field)) return number(**real);
  if (auto* const maybe = std::get_if<std::optional<int64_t>*>(&field)) return optional(**maybe);
  if (auto* const dims = std::get_if<Dims*>(&field)) {
    return FromSpan<int64_t>(**dims, {static_cast<int64_t>((*dims)->size())});
  }
  const std::string& text = *std::get<std::string*>(field);
  return FromSpan<uint8_t>({reinterpret_cast<const uint8_t*>(text.data()), text.size()},
                           {static_cast<int64_t>(text.size())});
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
  if (!value.defined() || value.numel() != 1) {
    Fail("the state has no number ", name, "; is it that of another kind?");
  }
  return value.Item<double>();
}

int64_t NamedState::TakeInteger(const std::string& name) {
  const double value = TakeNumber(name);
  if (!(std::fabs(value) <= 0x1p53 && value == std::floor(value))) {
    Fail(name, " = ", value, " must be an integer");
  }
  return static_cast<int64_t>(value);
}

std::string NamedState::TakeText(const std::string& name) {
  const Tensor value = Take(name);
  if (!value.defined() || value.dtype() != kUInt8) Fail("the state has no text ", name);
  const Tensor on_cpu = Contiguous(To(value, kCpu));
  return {reinterpret_cast<const char*>(on_cpu.data<uint8_t>()),
          static_cast<size_t>(on_cpu.numel())};
}

void NamedState::TakeOption(const std::string& name, FieldRef field) {
  const auto integer = [&](double value) {
    if (!(std::fabs(value) <= 0x1p53)) Fail(name, " = ", value, " must be an integer");
    return static_cast<int64_t>(value);
  };
  if (auto* const dims = std::get_if<Dims*>(&field)) {
    const Tensor value = Take(name);
    if (!value.defined() || value.dtype() != kInt64) Fail("the state has no integers ", name);
    const Tensor on_cpu = Contiguous(To(value, kCpu));
    (*dims)->assign(on_cpu.data<int64_t>(), on_cpu.data<int64_t>() + on_cpu.numel());
  } else if (auto* const text = std::get_if<std::string*>(&field)) {
    **text = TakeText(name);
  } else if (auto* const flag = std::get_if<bool*>(&field)) {
    **flag = TakeNumber(name) != 0;
  } else if (auto* const whole = std::get_if<int64_t*>(&field)) {
    **whole = integer(TakeNumber(name));
  } else if (auto* const maybe = std::get_if<std::optional<int64_t>*>(&field)) {
    const double value = TakeNumber(name);
    **maybe = std::isnan(value) ? std::nullopt : std::optional<int64_t>(integer(value));
  } else {
    *std::get<double*>(field) = TakeNumber(name);
  }
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
    Tensor tensor = Take(prefix + name);
    if (tensor.defined() && IsComplex(tensor.dtype())) tensor = ViewAsReal(tensor);
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

NamedTensors NamedState::TakeAll(const std::string& prefix) {
  NamedTensors taken;
  auto at = given_.lower_bound(prefix);
  while (at != given_.end() && absl::StartsWith(at->first, prefix)) {
    taken.emplace_back(at->first.substr(prefix.size()), at->second);
    at = given_.erase(at);
  }
  return taken;
}

size_t NamedState::CountOf(const std::string& prefix) const {
  size_t count = 0;
  for (auto at = given_.lower_bound(prefix);
       at != given_.end() && absl::StartsWith(at->first, prefix); ++at) {
    const std::string_view rest = std::string_view(at->first).substr(prefix.size());
    size_t number = 0;
    if (absl::SimpleAtoi(rest.substr(0, rest.find('.')), &number)) {
      count = std::max(count, number + 1);
    }
  }
  return count;
}

void NamedState::CheckCount(const std::string& prefix, size_t count, const char* what) const {
  const size_t found = CountOf(prefix);
  if (found != count) Fail("the state is of ", found, " ", what, ", not of ", count);
}

void NamedState::CheckAtMost(const std::string& prefix, size_t count, const char* what) const {
  const size_t found = CountOf(prefix);
  if (found > count) Fail("the state is of at least ", found, " ", what, ", not of ", count);
}

void NamedState::CheckAllTaken() const {
  if (given_.empty()) return;
  Fail("the state has ", given_.begin()->first, ", which is unknown here; is it that of another ",
       "kind?");
}

}  // namespace neura::optim::internal
