#include "neura/optim/averaging.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/optimizer.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::optim {
namespace {

void CheckSizes(const std::vector<Tensor>& averaged, const std::vector<Tensor>& current) {
  if (averaged.size() != current.size()) {
    ThrowInvalidArgument(absl::StrCat("AveragedModel: ", current.size(),
                                      " tensors for averages of ", averaged.size()));
  }
  for (size_t i = 0; i < averaged.size(); ++i) {
    if (averaged[i].shape() == current[i].shape()) continue;
    ThrowInvalidArgument(absl::StrCat("AveragedModel: tensor ", i, " is ", Describe(current[i]),
                                      ", its average ", Describe(averaged[i])));
  }
}

double EmaWeight(double decay) {
  if (!(decay >= 0 && decay <= 1)) {
    ThrowInvalidArgument(absl::StrCat("GetEmaAvgFn: decay = ", decay, " must be in [0, 1]"));
  }
  return 1 - decay;
}
double SwaWeight(int64_t num_averaged) { return 1 / static_cast<double>(num_averaged + 1); }

Tensor Moved(const Tensor& averaged, const Tensor& current, double weight) {
  return averaged + (current - averaged) * weight;
}

}  // namespace

AvgFn GetSwaAvgFn() {
  return [](const Tensor& averaged, const Tensor& current, int64_t num_averaged) {
    return Moved(averaged, current, SwaWeight(num_averaged));
  };
}
MultiAvgFn GetSwaMultiAvgFn() {
  return [](const std::vector<Tensor>& averaged, const std::vector<Tensor>& current,
            int64_t num_averaged) { MoveAverages(averaged, current, SwaWeight(num_averaged)); };
}
AvgFn GetEmaAvgFn(double decay) {
  const double weight = EmaWeight(decay);
  return [weight](const Tensor& averaged, const Tensor& current, int64_t) {
    return Moved(averaged, current, weight);
  };
}
MultiAvgFn GetEmaMultiAvgFn(double decay) {
  const double weight = EmaWeight(decay);
  return [weight](const std::vector<Tensor>& averaged, const std::vector<Tensor>& current,
                  int64_t) { MoveAverages(averaged, current, weight); };
}

void MoveAverages(const std::vector<Tensor>& averaged, const std::vector<Tensor>& current,
                  double weight) {
  CheckSizes(averaged, current);
  const NoGradGuard no_grad;
  std::vector<Tensor> targets, values;
  for (size_t i = 0; i < averaged.size(); ++i) {
    const DType dtype = averaged[i].dtype();
    if (IsFloating(dtype) || IsComplex(dtype)) {
      targets.push_back(internal::RealView(averaged[i]));
      values.push_back(internal::RealView(To(Cast(current[i], dtype), averaged[i].device())));
    } else {
      Assign(averaged[i],
             Cast(Moved(Cast(averaged[i], kFloat64), Cast(current[i], kFloat64), weight), dtype));
    }
  }
  internal::MoveToInPlace(targets, values, weight);
}

namespace internal {

void CopyTensors(const std::vector<Tensor>& to, const std::vector<Tensor>& from) {
  CheckSizes(to, from);
  const NoGradGuard no_grad;
  for (size_t i = 0; i < to.size(); ++i) Assign(to[i], from[i]);
}

void UpdateAverages(const std::vector<Tensor>& averaged, const std::vector<Tensor>& current,
                    int64_t num_averaged, const AveragedModelOptions& options) {
  if (options.avg_fn && options.multi_avg_fn) {
    ThrowInvalidArgument("AveragedModel: only one of avg_fn and multi_avg_fn may be given");
  }
  if (num_averaged == 0) {
    CopyTensors(averaged, current);
  } else if (options.avg_fn) {
    CheckSizes(averaged, current);
    const NoGradGuard no_grad;
    for (size_t i = 0; i < averaged.size(); ++i) {
      Assign(averaged[i],
             Cast(options.avg_fn(averaged[i], current[i], num_averaged), averaged[i].dtype()));
    }
  } else if (options.multi_avg_fn) {
    options.multi_avg_fn(averaged, current, num_averaged);
  } else {
    MoveAverages(averaged, current, SwaWeight(num_averaged));
  }
}

NamedTensors JoinAveragedState(int64_t n_averaged, const NamedTensors& module) {
  NamedTensors state = {{"n_averaged", Full({}, n_averaged, {.dtype = kInt64, .device = kCpu})}};
  for (const auto& [name, tensor] : module) state.emplace_back("module." + name, tensor);
  return state;
}

std::pair<int64_t, NamedTensors> SplitAveragedState(const NamedTensors& state) {
  std::optional<int64_t> n_averaged;
  NamedTensors module;
  for (const auto& [name, tensor] : state) {
    if (absl::StartsWith(name, "module.")) {
      module.emplace_back(name.substr(7), tensor);
    } else if (name == "n_averaged" && tensor.numel() == 1 && IsIntegral(tensor.dtype())) {
      n_averaged = Cast(tensor, kInt64).Item<int64_t>();
    }
  }
  if (!n_averaged || *n_averaged < 0) {
    ThrowInvalidArgument("AveragedModel: the state has no n_averaged, a number of at least 0");
  }
  return {*n_averaged, std::move(module)};
}

}  // namespace internal
}  // namespace neura::optim
