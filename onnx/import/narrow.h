// Numbers of the narrow types (format/narrow_type.h) as functions of tensors.
#ifndef NEURA_ONNX_IMPORT_NARROW_H_
#define NEURA_ONNX_IMPORT_NARROW_H_

#include <string_view>

#include "neura/onnx/format/narrow_type.h"
#include "neura/onnx/import/importer.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// What all the elements of a floating type stand for, by their bits: float32, on the CPU.
Tensor NumbersOf(const NarrowType& type);
// What elements as they are held stand for: exact, float32; of integers the same value.
graph::ValueId FromNarrow(NodeReader& node, const NarrowType& type, graph::ValueId held);

struct ToNarrowOptions {
  // What is too large becomes the largest number; else infinity, or NaN where there is none. Of
  // float8e4m3fn and its kin alone.
  bool saturate = true;
  // Of float8e8m0: "up", "down" or "nearest".
  std::string_view round_mode = "up";
};
// The nearest numbers, as they are held; of two as near the even one. Integers lose the bits that
// are too many, and fractions.
Tensor ToNarrow(const NarrowType& type, const Tensor& x, const ToNarrowOptions& options = {});

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_NARROW_H_
