// Scaling of losses, so that gradients of 16-bit numbers do not vanish: Micikevicius et al., "Mixed
// Precision Training", 2018 (arXiv:1710.03740), section 3.2.
//
//   optim::GradScaler scaler;
//   Backward(scaler.Scale(loss));
//   scaler.Step(optimizer);
//   scaler.Update();
#ifndef NEURA_OPTIM_GRAD_SCALER_H_
#define NEURA_OPTIM_GRAD_SCALER_H_

#include <cstdint>
#include <map>
#include <optional>

#include "neura/optim/optimizer.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim {

struct GradScalerOptions {
  double init_scale = 65536;
  double growth_factor = 2;     // of the scale, after growth_interval steps without an infinity
  double backoff_factor = 0.5;  // of the scale, after a step with one
  int64_t growth_interval = 2000;
  bool enabled = true;  // else scaling does nothing, and every step is taken
  NEURA_FIELDS(init_scale, growth_factor, backoff_factor, growth_interval, enabled)
};

// Several optimizers may share one; each is stepped once between two updates.
class GradScaler {
 public:
  // Throws InvalidArgument unless growth_factor > 1 and backoff_factor < 1.
  explicit GradScaler(const GradScalerOptions& options = {});

  // outputs * scale().
  Tensor Scale(const Tensor& outputs);
  // Divides the gradients of the optimizer's parameters by the scale, and notes whether one is
  // infinite or NaN; for clipping before the step. Throws FailedPrecondition where nothing was ever
  // scaled, a second time before Update(), and after the step, InvalidArgument for gradients of
  // float16.
  void Unscale(const Optimizer& optimizer);
  // Unscales, unless that has been done, and steps if all gradients are finite. Returns whether it
  // did. Throws FailedPrecondition a second time before Update().
  bool Step(Optimizer& optimizer);
  // What Step() asks before it steps.
  bool BeginStep(const Optimizer& optimizer);
  // Whether what was unscaled since the last update is not all finite.
  bool FoundInf() const;
  // Adapts the scale, or sets it. Throws FailedPrecondition when nothing was unscaled.
  void Update(std::optional<double> new_scale = {});

  bool enabled() const { return options_.enabled; }
  // 1 when it is not enabled.
  double scale() const { return options_.enabled ? scale_ : 1; }
  int64_t growth_tracker() const { return growth_tracker_; }
  const GradScalerOptions& options() const { return options_; }
  // Throws InvalidArgument for what the constructor would refuse.
  void set_options(const GradScalerOptions& options);

  // "scale", "growth_factor", "backoff_factor", float64, "growth_interval", "_growth_tracker",
  // int64; nothing when it is not enabled.
  NamedTensors StateDict() const;
  // Throws InvalidArgument, and changes nothing, for what is no such state.
  void LoadStateDict(const NamedTensors& state);

 private:
  struct Unscaled {
    bool found_inf = false;
    bool stepped = false;
  };

  GradScalerOptions options_;
  double scale_;
  int64_t growth_tracker_ = 0;
  bool scaled_ = false;                            // something, once
  std::map<const Optimizer*, Unscaled> unscaled_;  // since the last update
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_GRAD_SCALER_H_
