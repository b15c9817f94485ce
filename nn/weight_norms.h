// Weights that are made from other parameters before each use, and layers in evaluation joined into
// one. Names and definitions are PyTorch's.
#ifndef NEURA_NN_WEIGHT_NORMS_H_
#define NEURA_NN_WEIGHT_NORMS_H_

#include <cstdint>
#include <optional>

#include "neura/nn/parts.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// The 2-norm of v over all dimensions but dim, which have the extent 1; over all of them, [], where
// dim is absent.
Tensor NormExceptDim(const Tensor& v, const std::optional<int64_t>& dim = 0);

// The direction of v with the norm g, as NormExceptDim has it: g * v / NormExceptDim(v, dim).
// Salimans and Kingma, 2016 (arXiv:1602.07868).
Tensor WeightNorm(const Tensor& v, const Tensor& g, const std::optional<int64_t>& dim = 0);

struct SpectralNormOptions {
  int64_t iterations = 1;  // of the power method; 0: u and v are right
  double eps = 1e-12;      // the least that norms count
  int64_t dim = 0;         // whose slices are the rows of the matrix
  bool u_first = false;    // whether an iteration renews u before v
};
// A weight over the greatest singular value of the matrix [rows, columns] that it is; of a vector
// over its norm. u [rows] and v [columns] are the singular vectors, which the power method
// overwrites outside of any graph. Miyato et al., 2018 (arXiv:1802.05957).
Tensor SpectralNorm(const Tensor& weight, const Tensor& u, const Tensor& v,
                    const SpectralNormOptions& options = {});

// The statistics and parameters of a batch norm, of which weight and bias may be undefined.
struct NormStatistics {
  Tensor running_mean;
  Tensor running_var;
  double eps = 1e-5;
  Tensor weight = {};
  Tensor bias = {};
};
struct FusedWeights {
  Tensor weight;
  Tensor bias;
  NEURA_PARTS(weight, bias)
};
// The weight and bias of a convolution or a linear map that does what `weight` and `bias`, or none,
// and a batch norm in evaluation after it do. `channel_dim` is the dimension of its outputs: 0, or
// 1 of a transposed convolution.
FusedWeights FuseNorm(const Tensor& weight, const Tensor& bias, const NormStatistics& norm,
                      int64_t channel_dim = 0);

}  // namespace neura::nn

#endif  // NEURA_NN_WEIGHT_NORMS_H_
