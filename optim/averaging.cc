#include "neura/optim/averaging.h"

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/optimizer.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
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

}  // namespace internal
}  // namespace neura::optim
