// Activations as layers.
#ifndef NEURA_NN_ACTIVATIONS_H_
#define NEURA_NN_ACTIVATIONS_H_

#include <optional>

#include "neura/nn/with_options.h"
#include "neura/tensor/core/scalar.h"
#include "neura/tensor/ops/options/pointwise.h"

namespace neura::nn {

#define NEURA_INTERNAL_ACTIVATION(Name)           \
  class Name : public Module {                    \
   public:                                        \
    Tensor Forward(const Tensor& input) override; \
    NEURA_MODULE()                                \
  };
#define NEURA_INTERNAL_ACTIVATION_WITH(Name, Options)                             \
  class Name : public WithOptions<Options> {                                      \
   public:                                                                        \
    explicit Name(const Options& options = {}) : WithOptions<Options>(options) {} \
    Tensor Forward(const Tensor& input) override;                                 \
    NEURA_MODULE()                                                                \
  };

NEURA_INTERNAL_ACTIVATION(ReLU)
NEURA_INTERNAL_ACTIVATION(SiLU)
NEURA_INTERNAL_ACTIVATION(Tanh)
NEURA_INTERNAL_ACTIVATION(Sigmoid)
NEURA_INTERNAL_ACTIVATION(LogSigmoid)
NEURA_INTERNAL_ACTIVATION(ReLU6)
NEURA_INTERNAL_ACTIVATION(SELU)
NEURA_INTERNAL_ACTIVATION(Mish)
NEURA_INTERNAL_ACTIVATION(Hardsigmoid)
NEURA_INTERNAL_ACTIVATION(Hardswish)
NEURA_INTERNAL_ACTIVATION(Softsign)
NEURA_INTERNAL_ACTIVATION(Tanhshrink)
// Of [N, C, H, W] or [C, H, W] along the channels.
NEURA_INTERNAL_ACTIVATION(Softmax2d)

class GELU : public WithOptions<GeluOptions> {
 public:
  explicit GELU(const GeluOptions& options = {});
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};
NEURA_INTERNAL_ACTIVATION_WITH(LeakyReLU, LeakyReluOptions)

struct EluOptions {
  Scalar alpha = 1.0;  // -alpha is the limit below
  NEURA_FIELDS(alpha)
};
NEURA_INTERNAL_ACTIVATION_WITH(ELU, EluOptions)

struct CeluOptions {
  double alpha = 1;  // -alpha is the limit below
  NEURA_FIELDS(alpha)
};
NEURA_INTERNAL_ACTIVATION_WITH(CELU, CeluOptions)

struct HardtanhOptions {
  Scalar min_val = -1.0;
  Scalar max_val = 1.0;
  NEURA_FIELDS(min_val, max_val)
};
NEURA_INTERNAL_ACTIVATION_WITH(Hardtanh, HardtanhOptions)

struct SoftplusOptions {
  Scalar beta = 1;
  Scalar threshold = 20;  // from which on beta * x gives x itself
  NEURA_FIELDS(beta, threshold)
};
NEURA_INTERNAL_ACTIVATION_WITH(Softplus, SoftplusOptions)

struct ShrinkOptions {
  double lambd = 0.5;
  NEURA_FIELDS(lambd)
};
NEURA_INTERNAL_ACTIVATION_WITH(Hardshrink, ShrinkOptions)
NEURA_INTERNAL_ACTIVATION_WITH(Softshrink, ShrinkOptions)

struct ThresholdOptions {
  Scalar threshold = 0;
  Scalar value = 0;  // where the input is not above
  NEURA_FIELDS(threshold, value)
};
NEURA_INTERNAL_ACTIVATION_WITH(Threshold, ThresholdOptions)

struct RReluOptions {
  double lower = 1.0 / 8;
  double upper = 1.0 / 3;
  NEURA_FIELDS(lower, upper)
};
NEURA_INTERNAL_ACTIVATION_WITH(RReLU, RReluOptions)

struct PReluOptions {
  int64_t num_parameters = 1;  // one for each channel, or one for all
  double init = 0.25;
  NEURA_FIELDS(num_parameters, init)
};
// The input where positive, weight * input elsewhere. He et al., 2015 (arXiv:1502.01852).
class PReLU : public WithOptions<PReluOptions> {
 public:
  explicit PReLU(const PReluOptions& options = {});
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // [num_parameters], `init`
  NEURA_MODULE(weight)
};

struct GluOptions {
  int64_t dim = -1;
  NEURA_FIELDS(dim)
};
NEURA_INTERNAL_ACTIVATION_WITH(GLU, GluOptions)

struct SoftmaxOptions {
  std::optional<int64_t> dim = {};  // absent: ImplicitSoftmaxDim
  NEURA_FIELDS(dim)
};
NEURA_INTERNAL_ACTIVATION_WITH(Softmax, SoftmaxOptions)
NEURA_INTERNAL_ACTIVATION_WITH(LogSoftmax, SoftmaxOptions)
NEURA_INTERNAL_ACTIVATION_WITH(Softmin, SoftmaxOptions)

#undef NEURA_INTERNAL_ACTIVATION
#undef NEURA_INTERNAL_ACTIVATION_WITH

}  // namespace neura::nn

#endif  // NEURA_NN_ACTIVATIONS_H_
