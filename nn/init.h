// Initial values. Each function overwrites its tensor, outside of any graph, and returns it.
#ifndef NEURA_NN_INIT_H_
#define NEURA_NN_INIT_H_

#include <cstdint>
#include <string>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/random/generator.h"

namespace neura::nn::init {

struct KaimingOptions {
  double a = 0;                             // slope of leaky_relu
  std::string mode = "fan_in";              // or "fan_out"
  std::string nonlinearity = "leaky_relu";  // see CalculateGain
  Generator* generator = nullptr;
};

// sqrt(2) for relu, 5/3 for tanh, 1 for linear, sigmoid and convolutions (conv2d,
// conv_transpose1d...), 3/4 for selu, sqrt(2 / (1 + a^2)) for leaky_relu. Throws InvalidArgument
// for other names.
double CalculateGain(const std::string& nonlinearity, double a = 0.01);

// He et al., 2015 (arXiv:1502.01852): standard deviation gain / sqrt(fan). The tensor needs two
// dimensions or more: [out, in, kernel...].
Tensor KaimingUniform(const Tensor& tensor, const KaimingOptions& options = {});
Tensor KaimingNormal(const Tensor& tensor, const KaimingOptions& options = {});

// Glorot and Bengio, 2010: standard deviation gain * sqrt(2 / (fan_in + fan_out)).
Tensor XavierUniform(const Tensor& tensor, double gain = 1, Generator* generator = nullptr);
Tensor XavierNormal(const Tensor& tensor, double gain = 1, Generator* generator = nullptr);

Tensor Uniform(const Tensor& tensor, double low = 0, double high = 1,
               Generator* generator = nullptr);
Tensor Normal(const Tensor& tensor, double mean = 0, double std = 1,
              Generator* generator = nullptr);
Tensor Constant(const Tensor& tensor, const Scalar& value);

struct TruncNormalOptions {
  double mean = 0;
  double std = 1;
  double a = -2;
  double b = 2;
  Generator* generator = nullptr;
};
// The part of a normal distribution from a to b, by the inverse of its distribution function.
// Throws InvalidArgument unless std is positive and a not above b.
Tensor TruncNormal(const Tensor& tensor, const TruncNormalOptions& options = {});

// Orthogonal rows or columns, whichever there are fewer of, of length `gain`: of [out, in,
// kernel...] as a matrix [out, in * kernel...]. Saxe, McClelland and Ganguli, 2014
// (arXiv:1312.6120), uniformly distributed as in Mezzadri, 2007 (arXiv:math-ph/0609050).
Tensor Orthogonal(const Tensor& tensor, double gain = 1, Generator* generator = nullptr);

// A matrix each column of which has ceil(sparsity * rows) zeros, in random places, and else normal
// elements. Martens, 2010.
Tensor Sparse(const Tensor& tensor, double sparsity, double std = 0.01,
              Generator* generator = nullptr);

// Ones on the diagonal of a matrix, zeros elsewhere.
Tensor Eye(const Tensor& tensor);

// The weight [out, in, kernel...] of a convolution of one to three dimensions that passes on as
// many of the channels of each group as there are. Throws InvalidArgument unless `groups` divides
// `out`.
Tensor Dirac(const Tensor& tensor, int64_t groups = 1);

}  // namespace neura::nn::init

#endif  // NEURA_NN_INIT_H_
