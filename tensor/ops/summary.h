// What a tensor holds, in one line.
#ifndef NEURA_TENSOR_OPS_SUMMARY_H_
#define NEURA_TENSOR_OPS_SUMMARY_H_

#include <cstdint>
#include <string>

#include "neura/tensor/core/tensor.h"

namespace neura {

// Statistics are of the finite elements, in float64; without any they are NaN. bool counts as 0
// and 1. Throws Unimplemented for complex numbers.
struct TensorSummary {
  explicit TensorSummary(const Tensor& tensor);

  Dims shape;
  DType dtype;
  Device device;
  double min, max, mean;
  double std;  // over the count less 1
  int64_t nan_count, inf_count;

  // "float32 [2, 3] on cpu: min -1, max 2, mean 0.5, std 1.1, 0 NaN, 0 inf"
  std::string ToString() const;
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_SUMMARY_H_
