// The optimizers whose step is no function of single elements: for each its options, and the rule
// by which it steps.
#ifndef NEURA_OPTIM_TENSOR_RULES_H_
#define NEURA_OPTIM_TENSOR_RULES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "neura/optim/rules.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim {

struct AdafactorOptions {
  double lr = 1e-2;           // of the parameter's own scale
  double beta2_decay = -0.8;  // the weight of step t in averages is t^beta2_decay
  double eps1 = 0;            // 0: the smallest difference from 1 of the dtype
  double eps2 = 1e-3;         // the least scale of a parameter
  double d = 1;               // updates of a larger root mean square are scaled to it
  double weight_decay = 0;    // decoupled
  bool maximize = false;
  NEURA_FIELDS(lr, beta2_decay, eps1, eps2, d, weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, eps1, eps2, weight_decay";
  static constexpr const char* kFractions = "";
  void Check() const;
};
struct AdafactorRule {
  // Of the rows and the columns of matrices, else of the elements.
  static std::optional<Dims> StateShape(size_t state, const Tensor& param);
  static void Step(const AdafactorOptions& options, const StepInfo& info, const Tensor& param,
                   const Tensor& grad, absl::Span<const Tensor> states);
};

struct MuonOptions {
  double lr = 1e-3;
  double weight_decay = 0.1;  // decoupled
  double momentum = 0.95;
  bool nesterov = true;
  // Of the quintic that an iteration is.
  double ns_coefficients1 = 3.4445, ns_coefficients2 = -4.7750, ns_coefficients3 = 2.0315;
  double eps = 1e-7;
  int64_t ns_steps = 5;
  // How the rate follows from the extents of a matrix: "original", sqrt(max(1, rows / columns)), or
  // "match_rms_adamw", such that an update is as large as AdamW's (Liu et al., 2025,
  // arXiv:2502.16982).
  std::string adjust_lr_fn = "original";
  bool maximize = false;
  NEURA_FIELDS(lr, weight_decay, momentum, nesterov, ns_coefficients1, ns_coefficients2,
               ns_coefficients3, eps, ns_steps, adjust_lr_fn, maximize)
  static constexpr const char* kNotNegative = "lr, weight_decay, eps";
  static constexpr const char* kFractions = "momentum";
  void Check() const;
};
struct MuonRule {
  // Throws InvalidArgument for a parameter that is no matrix.
  static std::optional<Dims> StateShape(size_t state, const Tensor& param);
  static void Step(const MuonOptions& options, const StepInfo& info, const Tensor& param,
                   const Tensor& grad, absl::Span<const Tensor> states);
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_TENSOR_RULES_H_
