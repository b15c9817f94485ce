// Reductions, scans and orders: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_REDUCE_H_
#define NEURA_TENSOR_OPS_OPTIONS_REDUCE_H_

#include <cstdint>
#include <optional>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura {

// Empty `dims` reduces over all of them. `dtype` is that of the accumulation and the result;
// without it, bool and integers are summed in int64. Only sums, products and means take one.
struct ReduceOptions {
  Dims dims = {};
  bool keepdim = false;
  std::optional<DType> dtype = {};
  NEURA_FIELDS(dims, keepdim, dtype)
};

// Without `dim`, over the flattened tensor.
struct ArgReduceOptions {
  std::optional<int64_t> dim = {};
  bool keepdim = false;
  NEURA_FIELDS(dim, keepdim)
};

// Equal elements stay in their order whether `stable` asks for it or not.
struct SortOptions {
  int64_t dim = -1;
  bool descending = false;
  bool stable = false;
  NEURA_FIELDS(dim, descending, stable)
};

// Before equal elements, or behind them.
struct SearchSortedOptions {
  bool right = false;
  NEURA_FIELDS(right)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_REDUCE_H_
