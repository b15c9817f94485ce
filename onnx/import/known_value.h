// What is known of values before a graph runs: constants, and integers that follow from open sizes.
#ifndef NEURA_ONNX_IMPORT_KNOWN_VALUE_H_
#define NEURA_ONNX_IMPORT_KNOWN_VALUE_H_

#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/graph/sym_int.h"
#include "neura/onnx/format/messages.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// Values of up to so many elements are computed while importing, so that shapes may follow from
// them; of those that depend on open sizes, only as many as a shape may have.
inline constexpr int64_t kMaxKnownElements = 1 << 14;

// The elements of a value. A constant has the same at all sizes; else they are integers, of
// whatever dtype, or bool, and expressions of open sizes.
struct KnownValue {
  Tensor constant;
  std::vector<graph::SymInt> sizes;  // in row-major order
  Dims shape;                        // of `sizes`
  DType dtype = kInt64;              // of `sizes`

  static KnownValue Constant(Tensor tensor) { return {std::move(tensor), {}, {}}; }
  // A constant where all are numbers.
  static KnownValue Sizes(std::vector<graph::SymInt> sizes, DimsView shape, DType dtype = kInt64);

  bool is_constant() const { return constant.defined(); }
  DimsView dims() const { return is_constant() ? constant.shape() : DimsView(shape); }
};

// The results of a node whose inputs are these constants (undefined where absent), or nothing.
using ConstantEvaluator =
    absl::FunctionRef<std::optional<std::vector<Tensor>>(const std::vector<Tensor>& inputs)>;

// What `node` makes of known inputs (nullptr where absent), of which one at least depends on open
// sizes: of operators that move elements, and of arithmetic of integers. Nothing for others, and
// where an expression grows too long.
std::optional<std::vector<KnownValue>> FollowSizes(const NodeMessage& node,
                                                   const std::vector<const KnownValue*>& inputs,
                                                   ConstantEvaluator evaluate);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_KNOWN_VALUE_H_
