#include "neura/optim/grad_scaler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/optim/clip.h"
#include "neura/optim/named_state.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/sparse/sparse.h"

namespace neura::optim {
namespace {

void CheckOptions(const GradScalerOptions& options) {
  if (!(options.growth_factor > 1)) {
    ThrowInvalidArgument(absl::StrCat("GradScaler: growth_factor = ", options.growth_factor,
                                      " must be above 1: the growth factor must be > 1.0"));
  }
  if (!(options.backoff_factor < 1)) {
    ThrowInvalidArgument(absl::StrCat("GradScaler: backoff_factor = ", options.backoff_factor,
                                      " must be below 1: the backoff factor must be < 1.0"));
  }
}

}  // namespace

GradScaler::GradScaler(const GradScalerOptions& options)
    : options_(options), scale_(options.init_scale) {
  if (options.enabled) CheckOptions(options);
}

void GradScaler::set_options(const GradScalerOptions& options) {
  CheckOptions(options);
  options_ = options;
}

Tensor GradScaler::Scale(const Tensor& outputs) {
  if (!options_.enabled) return outputs;
  scaled_ = true;
  // A float32 tensor rather than a number: the scale may be beyond what float16 holds.
  return outputs * ScalarTensor(scale_, {.dtype = kFloat32, .device = outputs.device()});
}

void GradScaler::Unscale(const Optimizer& optimizer) {
  if (!options_.enabled) return;
  if (!scaled_) {
    ThrowFailedPrecondition(
        "GradScaler: attempted step() or unscale_() but nothing was scaled: this may indicate that "
        "scale(loss) was not used earlier in the iteration");
  }
  const auto found = unscaled_.find(&optimizer);
  if (found != unscaled_.end()) {
    ThrowFailedPrecondition(
        found->second.stepped
            ? "GradScaler: unscale_() is being called after step()"
            : "GradScaler: unscale_() has already been called on this optimizer since the last "
              "update()");
  }
  std::vector<Tensor> grads;
  for (size_t g = 0; g < optimizer.num_groups(); ++g) {
    for (const Tensor& grad : internal::GradientsOf(optimizer.params(g))) {
      if (grad.dtype() == kFloat16) {
        ThrowInvalidArgument(absl::StrCat("GradScaler: attempting to unscale FP16 gradients, ",
                                          Describe(grad), ": parameters must be float32"));
      }
      grads.push_back(internal::RealView(IsSparse(grad) ? sparse::Values(grad) : grad));
    }
  }
  internal::ScaleInPlace(grads, 1 / scale_);
  // One number for all gradients, and one wait for it.
  const double largest = GetTotalNorm(grads, std::numeric_limits<double>::infinity());
  unscaled_[&optimizer].found_inf = !std::isfinite(largest);
}

bool GradScaler::BeginStep(const Optimizer& optimizer) {
  if (!options_.enabled) return true;
  const auto found = unscaled_.find(&optimizer);
  if (found == unscaled_.end()) {
    Unscale(optimizer);
  } else if (found->second.stepped) {
    ThrowFailedPrecondition("GradScaler: step() has already been called since the last update()");
  }
  Unscaled& unscaled = unscaled_[&optimizer];
  unscaled.stepped = true;
  return !unscaled.found_inf;
}

bool GradScaler::Step(Optimizer& optimizer) {
  const bool steps = BeginStep(optimizer);
  if (steps) optimizer.Step();
  return steps;
}

bool GradScaler::FoundInf() const {
  return std::any_of(unscaled_.begin(), unscaled_.end(),
                     [](const auto& entry) { return entry.second.found_inf; });
}

void GradScaler::Update(std::optional<double> new_scale) {
  if (!options_.enabled) return;
  if (new_scale) {
    if (!(*new_scale > 0)) {
      ThrowInvalidArgument(
          absl::StrCat("GradScaler: new_scale = ", *new_scale, " must be positive"));
    }
    scale_ = *new_scale;
  } else if (unscaled_.empty()) {
    ThrowFailedPrecondition("GradScaler: no inf checks were recorded prior to update()");
  } else if (FoundInf()) {
    scale_ *= options_.backoff_factor;
    growth_tracker_ = 0;
  } else if (++growth_tracker_ == options_.growth_interval) {
    const double grown = scale_ * options_.growth_factor;
    // As far as float32 goes, in which losses are scaled.
    if (grown <= std::numeric_limits<float>::max()) scale_ = grown;
    growth_tracker_ = 0;
  }
  unscaled_.clear();
}

NamedTensors GradScaler::StateDict() const {
  if (!options_.enabled) return {};
  const auto number = [](double value) { return ScalarTensor(value, {.dtype = kFloat64}); };
  return {{"scale", number(scale_)},
          {"growth_factor", number(options_.growth_factor)},
          {"backoff_factor", number(options_.backoff_factor)},
          {"growth_interval", ScalarTensor(options_.growth_interval)},
          {"_growth_tracker", ScalarTensor(growth_tracker_)}};
}

void GradScaler::LoadStateDict(const NamedTensors& state) {
  if (!options_.enabled) return;
  internal::NamedState named("GradScaler", state);
  GradScalerOptions options = options_;
  const double scale = named.TakeNumber("scale");
  options.growth_factor = named.TakeNumber("growth_factor");
  options.backoff_factor = named.TakeNumber("backoff_factor");
  options.growth_interval = named.TakeInteger("growth_interval");
  const int64_t growth_tracker = named.TakeInteger("_growth_tracker");
  named.CheckAllTaken();
  set_options(options);
  scale_ = scale;
  growth_tracker_ = growth_tracker;
  scaled_ = true;  // gradients that a checkpoint holds are
}

}  // namespace neura::optim
