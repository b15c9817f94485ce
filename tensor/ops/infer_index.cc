// Inference of indexing, joining and arranging.
#include <algorithm>
#include <string>

#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/options/index.h"

namespace neura::infer {
namespace {

void CheckIndexDType(const OpCall& call, const Tensor& index) {
  if (index.dtype() != kInt64 && index.dtype() != kInt32) {
    Fail(call, "the index must be int64 or int32");
  }
}

int64_t IndexDim(const OpCall& call, int64_t dim) {
  return NormalizeDim(call.schema().name, dim, call.input(0).dim());
}
int64_t IndexDim(const OpCall& call) { return IndexDim(call, call.Get<DimOptions>().dim); }

// Gather and scatter: outside `dim` the index may not reach past the tensor.
void CheckIndexShape(const OpCall& call, const Tensor& tensor, const Tensor& index, int64_t dim) {
  CheckIndexDType(call, index);
  bool fits = index.dim() == tensor.dim();
  for (int64_t i = 0; fits && i < index.dim(); ++i) {
    fits = i == dim || index.size(i) <= tensor.size(i);
  }
  if (!fits) {
    Fail(call, "the index must have the input's dimensions, and outside dim ", dim,
         " no larger extents");
  }
}

}  // namespace

void InferIndexSelect(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& index = call.input(1);
  CheckIndexDType(call, index);
  const auto dim = static_cast<size_t>(IndexDim(call));
  if (index.dim() > 1) Fail(call, "the index must have one dimension");
  if (call.input(0).dim() == 0) Fail(call, "the input needs at least one dimension");
  SameAsInput(call, outputs[0]);
  outputs[0].shape[dim] = index.numel();
}

void InferIndexAdd(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &index = call.input(1), &source = call.input(2);
  CheckIndexDType(call, index);
  const int64_t dim = IndexDim(call);
  bool fits = index.dim() <= 1 && input.dim() > 0 && source.dim() == input.dim();
  for (int64_t i = 0; fits && i < source.dim(); ++i) {
    fits = source.size(i) == (i == dim ? index.numel() : input.size(i));
  }
  if (!fits || source.dtype() != input.dtype()) {
    Fail(call, "source must have the input's dtype and shape, except as many slices of dim ", dim,
         " as the 1-d index has elements");
  }
  SameAsInput(call, outputs[0]);
}

void InferGather(const OpCall& call, OutputSpecs& outputs) {
  CheckIndexShape(call, call.input(0), call.input(1), IndexDim(call));
  outputs[0].dtype = call.input(0).dtype();
  outputs[0].shape.assign(call.input(1).shape().begin(), call.input(1).shape().end());
}

namespace {

void InferScatter(const OpCall& call, int64_t dim, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &index = call.input(1), &source = call.input(2);
  CheckIndexShape(call, input, index, dim);
  bool fits = source.dim() == index.dim() && source.dtype() == input.dtype();
  for (int64_t i = 0; fits && i < index.dim(); ++i) fits = index.size(i) <= source.size(i);
  if (!fits) Fail(call, "source must have the input's dtype and at least the index's extents");
  SameAsInput(call, outputs[0]);
}

}  // namespace

void InferScatterAdd(const OpCall& call, OutputSpecs& outputs) {
  InferScatter(call, IndexDim(call), outputs);
}

void InferScatterElements(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<ScatterOptions>();
  const std::string& r = options.reduction;
  if (r != "none" && r != "add" && r != "mul" && r != "max" && r != "min") {
    Fail(call, "reduction must be \"none\", \"add\", \"mul\", \"max\" or \"min\", got \"", r, "\"");
  }
  InferScatter(call, IndexDim(call, options.dim), outputs);
}

void InferCat(const OpCall& call, OutputSpecs& outputs) {
  if (call.inputs.empty()) Fail(call, "needs at least one tensor");
  const Tensor& first = call.input(0);
  if (first.dim() == 0) Fail(call, "tensors without dimensions cannot be joined; Stack() them");
  const auto dim =
      static_cast<size_t>(NormalizeDim("cat", call.Get<DimOptions>().dim, first.dim()));
  SameAsInput(call, outputs[0]);
  outputs[0].shape[dim] = 0;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const Tensor& tensor = call.input(i);
    for (size_t d = 0; d < first.shape().size(); ++d) {
      if (tensor.dim() != first.dim() || (d != dim && tensor.shape()[d] != first.shape()[d])) {
        Fail(call, "tensor ", i, " must match the first outside dim ", dim);
      }
    }
    int64_t& joined = outputs[0].shape[dim];
    if (__builtin_add_overflow(joined, tensor.shape()[dim], &joined)) {
      Fail(call, "the extents of dim ", dim, " add up to more than 64 bits can count");
    }
  }
}

void InferPad(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<PadOptions>();
  const size_t rank = call.input(0).shape().size();
  if (options.before.size() != rank || options.after.size() != rank) {
    Fail(call, "needs one width before and one after each of the ", rank, " dimensions");
  }
  CheckFits(call, options.value, call.input(0).dtype());
  SameAsInput(call, outputs[0]);
  for (size_t i = 0; i < rank; ++i) {
    int64_t extent;
    if (options.before[i] < 0 || options.after[i] < 0 ||
        __builtin_add_overflow(options.before[i], options.after[i], &extent) ||
        __builtin_add_overflow(extent, outputs[0].shape[i], &outputs[0].shape[i])) {
      Fail(call, "the widths of dimension ", i,
           " must not be negative, nor the extent beyond 64 bits");
    }
  }
}

void InferFlip(const OpCall& call, OutputSpecs& outputs) {
  for (int64_t dim : call.Get<DimsOptions>().dims) NormalizeDim("flip", dim, call.input(0).dim());
  SameAsInput(call, outputs[0]);
}

void InferTriangle(const OpCall& call, OutputSpecs& outputs) {
  if (call.input(0).dim() < 2) Fail(call, "needs at least two dimensions");
  SameAsInput(call, outputs[0]);
}

}  // namespace neura::infer
