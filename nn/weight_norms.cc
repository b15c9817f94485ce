#include "neura/nn/weight_norms.h"

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

Tensor TwoNorm(const Tensor& x) { return Sqrt(Sum(Square(x))); }
Tensor Unit(const Tensor& x, double eps) { return x / ClampMin(TwoNorm(x), eps); }

// A dimension of the tensor, counted from the start. Throws InvalidArgument where it has none.
int64_t DimOf(const char* name, const Tensor& tensor, int64_t dim) {
  RequireDefined(name, tensor);
  const int64_t counted = dim < 0 ? dim + tensor.dim() : dim;
  if (counted >= 0 && counted < tensor.dim()) return counted;
  ThrowInvalidArgument(absl::StrCat(name, ": dim = ", dim, " is none of ", Describe(tensor)));
}

}  // namespace

Tensor NormExceptDim(const Tensor& v, const std::optional<int64_t>& dim) {
  RequireDefined("norm_except_dim", v);
  if (!dim) return TwoNorm(v);
  const int64_t kept = DimOf("norm_except_dim", v, *dim);
  Dims others;
  for (int64_t d = 0; d < v.dim(); ++d) {
    if (d != kept) others.push_back(d);
  }
  if (others.empty()) return Abs(v);
  return Sqrt(Sum(Square(v), {.dims = others, .keepdim = true}));
}

Tensor WeightNorm(const Tensor& v, const Tensor& g, const std::optional<int64_t>& dim) {
  RequireDefined("weight_norm", g);
  return v * (g / NormExceptDim(v, dim));
}

Tensor SpectralNorm(const Tensor& weight, const Tensor& u, const Tensor& v,
                    const SpectralNormOptions& options) {
  constexpr char kName[] = "spectral_norm";
  const int64_t dim = DimOf(kName, weight, options.dim);
  if (weight.dim() == 1) return Unit(weight, options.eps);
  Dims order = {dim};
  for (int64_t d = 0; d < weight.dim(); ++d) {
    if (d != dim) order.push_back(d);
  }
  const Tensor matrix = Flatten(Permute(weight, order), 1, -1);
  RequireDims(kName, u, 1);
  RequireDims(kName, v, 1);
  if (u.size(0) != matrix.size(0) || v.size(0) != matrix.size(1)) {
    ThrowInvalidArgument(absl::StrCat(kName, ": u, ", Describe(u), ", and v, ", Describe(v),
                                      ", must be of the rows and columns of ", Describe(matrix)));
  }
  {
    NoGradGuard no_grad;
    const Tensor rows = Detach(matrix), columns = Transpose(rows, 0, 1);
    for (int64_t i = 0; i < options.iterations; ++i) {
      if (options.u_first) Assign(u, Unit(MatMul(rows, v), options.eps));
      Assign(v, Unit(MatMul(columns, u), options.eps));
      if (!options.u_first) Assign(u, Unit(MatMul(rows, v), options.eps));
    }
  }
  // The graph keeps these vectors; the next iteration overwrites their places.
  const bool moved = options.iterations > 0;
  const Tensor left = moved ? Clone(u) : u, right = moved ? Clone(v) : v;
  return weight / Sum(left * MatMul(matrix, right));
}

FusedWeights FuseNorm(const Tensor& weight, const Tensor& bias, const NormStatistics& norm,
                      int64_t channel_dim) {
  constexpr char kName[] = "fuse_conv_bn";
  const int64_t dim = DimOf(kName, weight, channel_dim);
  RequireDefined(kName, norm.running_mean);
  RequireDefined(kName, norm.running_var);
  Tensor scale = Rsqrt(norm.running_var + norm.eps);
  if (norm.weight.defined()) scale = scale * norm.weight;
  Dims shape(weight.shape().size(), 1);
  shape[static_cast<size_t>(dim)] = -1;
  const Tensor centre = bias.defined() ? bias - norm.running_mean : -norm.running_mean;
  Tensor fused = centre * scale;
  if (norm.bias.defined()) fused = fused + norm.bias;
  return {weight * Cast(Reshape(scale, shape), weight.dtype()), Cast(fused, weight.dtype())};
}

}  // namespace neura::nn
