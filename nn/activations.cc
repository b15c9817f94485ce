#include "neura/nn/activations.h"

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::nn {

Tensor ReLU::Forward(const Tensor& input) { return neura::Relu(input); }
Tensor SiLU::Forward(const Tensor& input) { return neura::Silu(input); }
Tensor Tanh::Forward(const Tensor& input) { return neura::Tanh(input); }
Tensor Sigmoid::Forward(const Tensor& input) { return neura::Sigmoid(input); }
Tensor LogSigmoid::Forward(const Tensor& input) { return neura::LogSigmoid(input); }
Tensor ReLU6::Forward(const Tensor& input) { return neura::Relu6(input); }
Tensor GELU::Forward(const Tensor& input) { return neura::Gelu(input, options); }
Tensor LeakyReLU::Forward(const Tensor& input) { return neura::LeakyRelu(input, options); }
Tensor ELU::Forward(const Tensor& input) { return neura::Elu(input, options.alpha.To<double>()); }
Tensor Hardtanh::Forward(const Tensor& input) {
  return neura::HardTanh(input, options.min_val, options.max_val);
}
Tensor Softplus::Forward(const Tensor& input) {
  return neura::SoftplusBelow(input, options.beta.To<double>(), options.threshold.To<double>());
}
Tensor Softmax::Forward(const Tensor& input) {
  return neura::Softmax(input, {.dim = options.dim.value_or(ImplicitSoftmaxDim(input))});
}
Tensor LogSoftmax::Forward(const Tensor& input) {
  return neura::LogSoftmax(input, {.dim = options.dim.value_or(ImplicitSoftmaxDim(input))});
}

}  // namespace neura::nn
