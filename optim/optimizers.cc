#include "neura/optim/optimizers.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/tensor.h"

namespace neura::optim {
namespace {

template <typename Options>
std::vector<ParamGroup<Options>> OneGroup(std::vector<Tensor> params, const Options& options) {
  std::vector<ParamGroup<Options>> groups(1);
  groups[0].params = std::move(params);
  groups[0].options = options;
  return groups;
}

template <typename Options>
std::vector<std::vector<Tensor>> ParamsOf(const std::vector<ParamGroup<Options>>& groups) {
  std::vector<std::vector<Tensor>> params;
  for (const auto& group : groups) params.push_back(group.params);
  return params;
}

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

template <typename Options>
void CheckAdamOptions(const char* name, const std::vector<ParamGroup<Options>>& groups) {
  for (const auto& group : groups) {
    CheckNotNegative(name, "lr", group.options.lr);
    CheckNotNegative(name, "eps", group.options.eps);
    CheckNotNegative(name, "weight_decay", group.options.weight_decay);
    CheckBeta(name, "beta1", group.options.beta1);
    CheckBeta(name, "beta2", group.options.beta2);
  }
}

// One step of an operation that changes its inputs.
void CallStep(OpId op, const void* options, TensorRefs inputs) {
  NoGradGuard no_grad;
  Dispatch(op, options, inputs, {});
}

template <typename State, typename Options>
void AdamStep(const Tensor& param, const Tensor& grad, const Options& options, State& state,
              bool decoupled) {
  for (Tensor& tensor : state.tensors) {
    if (!tensor.defined()) tensor = ZerosLike(param);
  }
  const AdamStepOptions step{.lr = options.lr,
                             .beta1 = options.beta1,
                             .beta2 = options.beta2,
                             .eps = options.eps,
                             .weight_decay = options.weight_decay,
                             .decoupled_weight_decay = decoupled,
                             .maximize = options.maximize,
                             .step = state.step};
  CallStep(OpId::kAdamStep, &step, {&param, &grad, &state.tensors[0], &state.tensors[1]});
}

}  // namespace

template <typename Options>
GroupedOptimizer<Options>::GroupedOptimizer(const char* name,
                                            std::vector<ParamGroup<Options>> groups,
                                            std::vector<const char*> state_names)
    : Optimizer(name, ParamsOf(groups)), name_(name), state_names_(std::move(state_names)) {
  for (const auto& group : groups) {
    options_.push_back(group.options);
    ParamState empty;
    empty.tensors.resize(state_names_.size());
    states_.emplace_back(group.params.size(), empty);
  }
}

template <typename Options>
void GroupedOptimizer<Options>::Step() {
  for (size_t g = 0; g < num_groups(); ++g) {
    for (size_t i = 0; i < params(g).size(); ++i) {
      const Tensor& param = params(g)[i];
      const Tensor grad = autograd::GradOf(param);
      if (!grad.defined()) continue;
      ++states_[g][i].step;
      StepOne(param, Contiguous(Detach(grad)), options_[g], states_[g][i]);
    }
  }
}

template <typename Options>
NamedTensors GroupedOptimizer<Options>::StateDict() const {
  NamedTensors state;
  size_t index = 0;  // counts parameters over all groups
  for (size_t g = 0; g < num_groups(); ++g) {
    Options options = options_[g];
    options.VisitFields([&](const char* name, FieldRef field) {
      const double value = std::visit(
          [](auto* v) {
            if constexpr (std::is_arithmetic_v<std::remove_pointer_t<decltype(v)>>) {
              return static_cast<double>(*v);
            } else {
              return 0.0;
            }
          },
          field);
      state.emplace_back(absl::StrCat("group.", g, ".", name),
                         ScalarTensor(value, {.dtype = kFloat64}));
    });
    for (const ParamState& param : states_[g]) {
      const std::string prefix = absl::StrCat("state.", index++, ".");
      if (param.step == 0) continue;
      state.emplace_back(prefix + "step", ScalarTensor(param.step));
      for (size_t k = 0; k < state_names_.size(); ++k) {
        if (param.tensors[k].defined()) {
          state.emplace_back(prefix + state_names_[k], Clone(param.tensors[k]));
        }
      }
    }
  }
  return state;
}

template <typename Options>
void GroupedOptimizer<Options>::LoadStateDict(const NamedTensors& state) {
  absl::flat_hash_map<std::string, Tensor> given(state.begin(), state.end());
  const auto take = [&](const std::string& name) {
    const auto node = given.extract(name);
    return node.empty() ? Tensor() : node.mapped();
  };
  // Read aside first, so that an error changes nothing.
  std::vector<Options> options = options_;
  auto states = states_;
  size_t index = 0;
  for (size_t g = 0; g < num_groups(); ++g) {
    options[g].VisitFields([&](const char* name, FieldRef field) {
      const Tensor value = take(absl::StrCat("group.", g, ".", name));
      if (!value.defined() || value.numel() != 1) {
        ThrowInvalidArgument(absl::StrCat(name_, ": the state has no group.", g, ".", name));
      }
      std::visit(
          [&](auto* v) {
            using T = std::remove_pointer_t<decltype(v)>;
            if constexpr (std::is_arithmetic_v<T>) *v = value.Item<T>();
          },
          field);
    });
    for (size_t i = 0; i < params(g).size(); ++i) {
      const std::string prefix = absl::StrCat("state.", index++, ".");
      const Tensor& param = params(g)[i];
      ParamState loaded;
      const Tensor step = take(prefix + "step");
      loaded.step = step.defined() ? step.Item<int64_t>() : 0;
      for (const char* name : state_names_) {
        const Tensor tensor = take(prefix + name);
        if (tensor.defined() &&
            (tensor.shape() != param.shape() || tensor.dtype() != param.dtype())) {
          ThrowInvalidArgument(absl::StrCat(name_, ": ", prefix, name, " is ", Describe(tensor),
                                            ", but the parameter ", Describe(param)));
        }
        loaded.tensors.push_back(tensor.defined() ? Clone(tensor) : Tensor());
      }
      states[g][i] = std::move(loaded);
    }
  }
  if (!given.empty()) {
    ThrowInvalidArgument(absl::StrCat(name_, ": the state has ", given.begin()->first,
                                      ", which this optimizer does not"));
  }
  options_ = std::move(options);
  states_ = std::move(states);
}

template class GroupedOptimizer<SgdOptions>;
template class GroupedOptimizer<AdamOptions>;
template class GroupedOptimizer<AdamWOptions>;

SGD::SGD(std::vector<Tensor> params, const SgdOptions& options)
    : SGD(OneGroup(std::move(params), options)) {}

SGD::SGD(std::vector<ParamGroup<SgdOptions>> groups)
    : GroupedOptimizer("SGD", groups, {"momentum_buffer"}) {
  for (const auto& group : groups) {
    const SgdOptions& options = group.options;
    CheckNotNegative("SGD", "lr", options.lr);
    CheckNotNegative("SGD", "momentum", options.momentum);
    CheckNotNegative("SGD", "weight_decay", options.weight_decay);
    if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
      ThrowInvalidArgument("SGD: nesterov needs momentum and no dampening");
    }
  }
}

void SGD::StepOne(const Tensor& param, const Tensor& grad, const SgdOptions& options,
                  ParamState& state) {
  Tensor& buffer = state.tensors[0];
  const bool first = !buffer.defined();
  if (options.momentum != 0 && first) buffer = ZerosLike(param);
  const SgdStepOptions step{.lr = options.lr,
                            .momentum = options.momentum,
                            .dampening = options.dampening,
                            .weight_decay = options.weight_decay,
                            .nesterov = options.nesterov,
                            .maximize = options.maximize,
                            .first_step = first};
  CallStep(OpId::kSgdStep, &step, {&param, &grad, &buffer});
}

Adam::Adam(std::vector<Tensor> params, const AdamOptions& options)
    : Adam(OneGroup(std::move(params), options)) {}
Adam::Adam(std::vector<ParamGroup<AdamOptions>> groups)
    : GroupedOptimizer("Adam", groups, {"exp_avg", "exp_avg_sq"}) {
  CheckAdamOptions("Adam", groups);
}
void Adam::StepOne(const Tensor& param, const Tensor& grad, const AdamOptions& options,
                   ParamState& state) {
  AdamStep(param, grad, options, state, /*decoupled=*/false);
}

AdamW::AdamW(std::vector<Tensor> params, const AdamWOptions& options)
    : AdamW(OneGroup(std::move(params), options)) {}
AdamW::AdamW(std::vector<ParamGroup<AdamWOptions>> groups)
    : GroupedOptimizer("AdamW", groups, {"exp_avg", "exp_avg_sq"}) {
  CheckAdamOptions("AdamW", groups);
}
void AdamW::StepOne(const Tensor& param, const Tensor& grad, const AdamWOptions& options,
                    ParamState& state) {
  AdamStep(param, grad, options, state, /*decoupled=*/true);
}

}  // namespace neura::optim
