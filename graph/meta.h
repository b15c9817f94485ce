// Tensors without memory, on which shapes are inferred.
#ifndef NEURA_GRAPH_META_H_
#define NEURA_GRAPH_META_H_

#include <vector>

#include "neura/graph/graph.h"
#include "neura/graph/options_box.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/tensor.h"

namespace neura::graph {

// Has dtype, shape and strides, and nothing behind them.
Tensor MetaTensor(DType dtype, DimsView shape, DimsView strides);
// Contiguous.
Tensor MetaTensor(DType dtype, DimsView shape);

// Undefined.
const Tensor& Absent();
// The inputs of a node: tensor_of(id), and an undefined tensor for those that are absent.
template <typename TensorOf>
std::vector<const Tensor*> Refs(absl::Span<const ValueId> ids, TensorOf tensor_of) {
  std::vector<const Tensor*> refs;
  for (ValueId id : ids) refs.push_back(id == kNone ? &Absent() : &tensor_of(id));
  return refs;
}

// What an operation makes of inputs of these dtypes, shapes and strides. Inputs must already have
// the dtype that the operation promotes to. Throws Error as the operation would.
OutputSpecs InferOutputs(OpId op, const OptionsBox& options, TensorRefs inputs);

// The same as a meta tensor: of views with the strides that they have, else contiguous.
Tensor MetaTensor(OpId op, const OutputSpec& spec);

// Whether an expression follows from more than extents.
bool ReadsElements(const SymInt& size);

// Element `index`, in row-major order, of a tensor of integers; waits for its device. Throws
// OutOfRange where there is none.
int64_t ReadElement(const Tensor& tensor, int64_t index);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_META_H_
