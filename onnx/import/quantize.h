// Quantized tensors: integers that stand for scale * (integer - zero point).
#ifndef NEURA_ONNX_IMPORT_QUANTIZE_H_
#define NEURA_ONNX_IMPORT_QUANTIZE_H_

#include <array>

#include "neura/onnx/import/importer.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// int8, uint8, int16 or uint16.
bool IsQuantized(DType dtype);
// Scales and zero points as they broadcast with x: one for all, one for each slice of the axis, or
// one for each block of `block` elements along it.
Tensor Spread(const Tensor& value, const Tensor& x, int64_t axis, int64_t block);
// In the range of the dtype, or in that of a narrow type whose elements it holds.
Tensor Saturated(const Tensor& x, DType dtype, const NarrowType* narrow = nullptr);

// With one scale and zero point for all elements, so that they are uint8; the scale is 1 where all
// are 0.
struct Quantized {
  Tensor elements, scale, zero;
};
Quantized DynamicallyQuantized(const Tensor& x);

// An exact product of matrices, int32, whose zero points may be absent: one for all, of `a` one for
// each row, of `b` one for each column.
graph::ValueId IntegerProduct(NodeReader& node, graph::ValueId a, graph::ValueId a_zero,
                              graph::ValueId b, graph::ValueId b_zero);
// A sum of products in the steps of its result: scales are those of both factors, the second's one
// for each slice of dimension `channel`, and of the result.
graph::ValueId Requantized(NodeReader& node, graph::ValueId sum,
                           std::array<graph::ValueId, 3> scales, graph::ValueId zero,
                           int64_t channel);

// The operator of its name, of x in the place of input 0.
graph::ValueId QLinearConvOf(NodeReader& node, graph::ValueId x);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_QUANTIZE_H_
