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

NEURA_INTERNAL_ACTIVATION_WITH(GELU, GeluOptions)
NEURA_INTERNAL_ACTIVATION_WITH(LeakyReLU, LeakyReluOptions)

struct EluOptions {
  Scalar alpha = 1.0;  // -alpha is the limit below
  NEURA_FIELDS(alpha)
};
NEURA_INTERNAL_ACTIVATION_WITH(ELU, EluOptions)

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

struct SoftmaxOptions {
  std::optional<int64_t> dim = {};  // absent: ImplicitSoftmaxDim
  NEURA_FIELDS(dim)
};
NEURA_INTERNAL_ACTIVATION_WITH(Softmax, SoftmaxOptions)
NEURA_INTERNAL_ACTIVATION_WITH(LogSoftmax, SoftmaxOptions)

#undef NEURA_INTERNAL_ACTIVATION
#undef NEURA_INTERNAL_ACTIVATION_WITH

}  // namespace neura::nn

#endif  // NEURA_NN_ACTIVATIONS_H_
