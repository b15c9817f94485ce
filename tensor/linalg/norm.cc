// Norms.
#include <cmath>

#include "neura/tensor/linalg/checks.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

namespace neura::linalg {

Tensor VectorNorm(const Tensor& x, double ord, const std::optional<Dims>& dim, bool keepdim,
                  const std::optional<DType>& dtype) {
  RequireFloating("linalg.vector_norm", x);
  const Tensor sizes = Abs(dtype ? Cast(x, *dtype) : x);
  const ReduceOptions along{.dims = dim ? *dim : Dims{}, .keepdim = keepdim};
  if (ord > 0) return neura::Norm(sizes, ord, along);
  if (ord == 0) return Sum(Cast(sizes != 0, sizes.dtype()), along);
  if (std::isinf(ord)) return AMin(sizes, along);
  return Pow(Sum(Pow(sizes, ord), along), 1 / ord);
}

}  // namespace neura::linalg
