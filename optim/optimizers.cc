#include "neura/optim/optimizers.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/step.h"
#include "neura/tensor/tensor.h"

namespace neura::optim {
namespace {

using internal::ParamState;

void CheckNotNegative(const char* optimizer, const char* name, double value) {
  if (!(value >= 0)) {
    ThrowInvalidArgument(
        absl::StrCat(optimizer, ": ", name, " = ", value, " must not be negative"));
  }
}

void CheckBeta(const char* optimizer, const char* name, double value) {
  if (!(value >= 0 && value < 1)) {
    ThrowInvalidArgument(absl::StrCat(optimizer, ": ", name, " = ", value, " must be in [0, 1)"));
  }
}

// One step of an operation that changes its inputs.
void CallStep(OpId op, const void* options, TensorRefs inputs) {
  NoGradGuard no_grad;
  Dispatch(op, options, inputs, {});
}

// State of zeros for a parameter, put where it belongs.
Tensor Begin(TensorSlot& slot, const Tensor& param) {
  const Tensor zeros = ZerosLike(param);
  slot.Store(zeros);
  return zeros;
}

// What the optimizer of these options is called and keeps for each parameter, which options it
// takes, and its step, which overwrites the parameter; state.step already counts it.
template <typename Options>
struct Rule;

template <>
struct Rule<SgdOptions> {
  static constexpr const char* kName = "SGD";
  static constexpr std::array kStates = {"momentum_buffer"};
  // The buffer begins with the first step that has momentum.
  static constexpr bool kStateFromFirstStep = false;

  static double& Momentum(SgdOptions& options) { return options.momentum; }

  static void Check(const SgdOptions& options) {
    CheckNotNegative(kName, "lr", options.lr);
    CheckNotNegative(kName, "momentum", options.momentum);
    CheckNotNegative(kName, "weight_decay", options.weight_decay);
    if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
      ThrowInvalidArgument("SGD: nesterov needs momentum and no dampening");
    }
  }

  static void Step(const Tensor& param, const Tensor& grad, const SgdOptions& options,
                   ParamState& state) {
    Tensor buffer = state.tensors[0].Load();
    const bool first = !buffer.defined();
    if (options.momentum != 0 && first) buffer = Begin(state.tensors[0], param);
    const SgdStepOptions step{.lr = options.lr,
                              .momentum = options.momentum,
                              .dampening = options.dampening,
                              .weight_decay = options.weight_decay,
                              .nesterov = options.nesterov,
                              .maximize = options.maximize,
                              .first_step = first};
    CallStep(op::kSgdStep, &step, {&param, &grad, &buffer});
  }
};

// Adam and AdamW differ in where the weight decay acts.
template <typename Options, bool kDecoupled>
struct AdamRule {
  static constexpr const char* kName = kDecoupled ? "AdamW" : "Adam";
  static constexpr std::array kStates = {"exp_avg", "exp_avg_sq"};
  static constexpr bool kStateFromFirstStep = true;

  static double& Momentum(Options& options) { return options.beta1; }

  static void Check(const Options& options) {
    CheckNotNegative(kName, "lr", options.lr);
    CheckNotNegative(kName, "eps", options.eps);
    CheckNotNegative(kName, "weight_decay", options.weight_decay);
    CheckBeta(kName, "beta1", options.beta1);
    CheckBeta(kName, "beta2", options.beta2);
  }

  static void Step(const Tensor& param, const Tensor& grad, const Options& options,
                   ParamState& state) {
    std::array<Tensor, 2> averages;
    for (size_t i = 0; i < averages.size(); ++i) {
      averages[i] = state.tensors[i].Load();
      if (!averages[i].defined()) averages[i] = Begin(state.tensors[i], param);
    }
    const AdamStepOptions step{.lr = options.lr,
                               .beta1 = options.beta1,
                               .beta2 = options.beta2,
                               .eps = options.eps,
                               .weight_decay = options.weight_decay,
                               .decoupled_weight_decay = kDecoupled,
                               .maximize = options.maximize,
                               .step = state.step.load(std::memory_order_relaxed)};
    CallStep(op::kAdamStep, &step, {&param, &grad, &averages[0], &averages[1]});
  }
};
template <>
struct Rule<AdamOptions> : AdamRule<AdamOptions, false> {};
template <>
struct Rule<AdamWOptions> : AdamRule<AdamWOptions, true> {};

template <typename Options>
std::vector<std::vector<Tensor>> ParamsOf(const std::vector<ParamGroup<Options>>& groups) {
  std::vector<std::vector<Tensor>> params;
  for (const auto& group : groups) params.push_back(group.params);
  return params;
}

// The options of optimizers are numbers and switches, which are saved as 0 and 1.
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

// The state of one parameter as it was read.
struct LoadedState {
  int64_t step = 0;
  std::vector<Tensor> tensors;
};

// Tensors by name, of which each is taken once.
class NamedState {
 public:
  NamedState(const char* optimizer, const NamedTensors& state)
      : optimizer_(optimizer), given_(state.begin(), state.end()) {}

  // Undefined where there is none.
  Tensor Take(const std::string& name) {
    const auto node = given_.extract(name);
    return node.empty() ? Tensor() : node.mapped();
  }

  double TakeNumber(const std::string& name) {
    const Tensor value = Take(name);
    if (!value.defined() || value.numel() != 1) Fail("the state has no ", name);
    return value.Item<double>();
  }

  // The state of one parameter under the names prefix + "step" and prefix + names[k].
  LoadedState TakeParam(const std::string& prefix, const Tensor& param,
                        absl::Span<const char* const> names, bool from_first_step) {
    LoadedState state;
    const Tensor step = Take(prefix + "step");
    if (step.defined()) {
      if (step.numel() != 1 || step.dtype() != kInt64 || step.Item<int64_t>() < 0) {
        Fail(prefix, "step must be one int64 that is not negative, got ", step.ToString());
      }
      state.step = step.Item<int64_t>();
    }
    size_t present = 0;
    for (const char* name : names) {
      const Tensor tensor = Take(prefix + name);
      if (tensor.defined() &&
          (tensor.shape() != param.shape() || tensor.dtype() != param.dtype())) {
        Fail(prefix, name, " is ", Describe(tensor), ", but the parameter ", Describe(param));
      }
      present += tensor.defined();
      state.tensors.push_back(tensor.defined() ? Clone(tensor) : Tensor());
    }
    const bool wanted = state.step > 0 && (from_first_step || present > 0);
    if (present != (wanted ? names.size() : 0)) {
      Fail(prefix, "* holds ", present, " of ", names.size(), " tensors after ", state.step,
           " steps");
    }
    return state;
  }

  void CheckAllTaken() const {
    if (!given_.empty()) {
      Fail("the state has ", given_.begin()->first, ", which this optimizer does not");
    }
  }

 private:
  template <typename... Parts>
  [[noreturn]] void Fail(const Parts&... parts) const {
    ThrowInvalidArgument(absl::StrCat(optimizer_, ": ", parts...));
  }

  const char* optimizer_;
  std::unordered_map<std::string, Tensor> given_;
};

}  // namespace

template <typename Options>
OptimizerWith<Options>::OptimizerWith(std::vector<Tensor> params, const Options& options)
    : OptimizerWith(std::vector<ParamGroup<Options>>{{std::move(params), options}}) {}

template <typename Options>
OptimizerWith<Options>::OptimizerWith(const std::vector<ParamGroup<Options>>& groups)
    : Optimizer(Rule<Options>::kName, ParamsOf(groups)) {
  for (const auto& group : groups) {
    Rule<Options>::Check(group.options);
    options_.push_back(group.options);
    for (ParamState& state : states_.emplace_back(group.params.size())) {
      state.tensors = std::vector<TensorSlot>(Rule<Options>::kStates.size());
    }
  }
}

template <typename Options>
void OptimizerWith<Options>::set_options(size_t group, const Options& options) {
  Rule<Options>::Check(options);
  options_[group] = options;
}

template <typename Options>
void OptimizerWith<Options>::Step() {
  for (size_t g = 0; g < num_groups(); ++g) {
    for (size_t i = 0; i < params(g).size(); ++i) {
      const Tensor& param = params(g)[i];
      const Tensor grad = autograd::GradOf(param);
      if (!grad.defined()) continue;
      states_[g][i].step.fetch_add(1, std::memory_order_relaxed);
      Rule<Options>::Step(param, Contiguous(Detach(grad)), options_[g], states_[g][i]);
    }
  }
}

template <typename Options>
double OptimizerWith<Options>::momentum(size_t group) const {
  Options options = options_[group];
  return Rule<Options>::Momentum(options);
}

template <typename Options>
void OptimizerWith<Options>::set_momentum(size_t group, double momentum) {
  Rule<Options>::Momentum(options_[group]) = momentum;
}

template <typename Options>
NamedTensors OptimizerWith<Options>::StateDict() const {
  NamedTensors state;
  size_t index = 0;  // counts parameters over all groups
  for (size_t g = 0; g < num_groups(); ++g) {
    Options options = options_[g];
    options.VisitFields([&](const char* name, FieldRef field) {
      state.emplace_back(absl::StrCat("group.", g, ".", name),
                         ScalarTensor(ToNumber(field), {.dtype = kFloat64}));
    });
    for (size_t i = 0; i < states_[g].size(); ++i) {
      const ParamState& kept = states_[g][i];
      const std::string prefix = absl::StrCat("state.", index++, ".");
      const int64_t step = kept.step.load(std::memory_order_relaxed);
      if (step == 0) continue;
      state.emplace_back(prefix + "step", ScalarTensor(step));
      for (size_t k = 0; k < kept.tensors.size(); ++k) {
        Tensor tensor = kept.tensors[k].Load();
        // Counted, but not begun: another thread is about to, or had no memory for it.
        if (!tensor.defined() && Rule<Options>::kStateFromFirstStep) {
          tensor = ZerosLike(params(g)[i]);
        }
        if (!tensor.defined()) continue;
        state.emplace_back(prefix + Rule<Options>::kStates[k], Clone(tensor));
      }
    }
  }
  return state;
}

template <typename Options>
void OptimizerWith<Options>::LoadStateDict(const NamedTensors& state) {
  NamedState named(Rule<Options>::kName, state);
  // Read aside first, so that an error changes nothing.
  std::vector<Options> options = options_;
  std::vector<LoadedState> states;
  size_t index = 0;
  for (size_t g = 0; g < num_groups(); ++g) {
    options[g].VisitFields([&](const char* name, FieldRef field) {
      FromNumber(field, named.TakeNumber(absl::StrCat("group.", g, ".", name)));
    });
    Rule<Options>::Check(options[g]);
    for (size_t i = 0; i < params(g).size(); ++i) {
      states.push_back(named.TakeParam(absl::StrCat("state.", index++, "."), params(g)[i],
                                       Rule<Options>::kStates, Rule<Options>::kStateFromFirstStep));
    }
  }
  named.CheckAllTaken();
  std::copy(options.begin(), options.end(), options_.begin());
  auto loaded = states.begin();
  for (auto& group : states_) {
    for (ParamState& state : group) {
      state.step.store(loaded->step, std::memory_order_relaxed);
      for (size_t k = 0; k < state.tensors.size(); ++k) state.tensors[k].Store(loaded->tensors[k]);
      ++loaded;
    }
  }
}

template class OptimizerWith<SgdOptions>;
template class OptimizerWith<AdamOptions>;
template class OptimizerWith<AdamWOptions>;

}  // namespace neura::optim
