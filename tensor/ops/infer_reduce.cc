// Inference of reductions and matrix products.
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura::infer {
namespace {

// The shape after reducing `dims` (all when empty).
Dims ReducedShape(const OpCall& call, DimsView dims, bool keepdim) {
  const Tensor& input = call.input(0);
  absl::InlinedVector<bool, 6> reduced(static_cast<size_t>(std::max<int64_t>(input.dim(), 1)),
                                       dims.empty());
  for (int64_t dim : dims) {
    const auto d = static_cast<size_t>(NormalizeDim(call.schema().name, dim, input.dim()));
    if (reduced[d]) Fail(call, "dim ", d, " is named twice");
    reduced[d] = true;
  }
  Dims shape;
  for (size_t i = 0; i < input.shape().size(); ++i) {
    if (!reduced[i]) shape.push_back(input.shape()[i]);
    if (reduced[i] && keepdim) shape.push_back(1);
  }
  return shape;
}

DType SumDType(const OpCall& call) {
  const auto& options = call.Get<ReduceOptions>();
  if (options.dtype) return *options.dtype;
  const DType dtype = call.input(0).dtype();
  return IsDifferentiable(dtype) ? dtype : kInt64;
}

void InferReduce(const OpCall& call, OutputSpec& output, DType dtype) {
  const auto& options = call.Get<ReduceOptions>();
  output.dtype = dtype;
  output.shape = ReducedShape(call, options.dims, options.keepdim);
}

// Reductions whose result has a dtype of its own.
void CheckNoDType(const OpCall& call) {
  if (call.Get<ReduceOptions>().dtype) Fail(call, "takes no dtype; Cast() the input");
}

// Reductions that have no value for an empty range.
void CheckNotEmpty(const OpCall& call, DimsView dims) {
  const Tensor& input = call.input(0);
  if (input.numel() > 0) return;
  bool empty = dims.empty();
  for (int64_t dim : dims) {
    empty |= input.dim() > 0 && input.size(NormalizeDim(call.schema().name, dim, input.dim())) == 0;
  }
  if (empty) Fail(call, "has no value over zero elements");
}

}  // namespace

void InferExtremum(const OpCall& call, OutputSpecs& outputs) {
  CheckNoDType(call);
  InferReduce(call, outputs[0], call.input(0).dtype());
  CheckNotEmpty(call, call.Get<ReduceOptions>().dims);
}

void InferArgExtremum(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<ArgReduceOptions>();
  Dims dims;
  if (options.dim) dims.push_back(*options.dim);
  CheckNotEmpty(call, dims);
  outputs[0].dtype = kInt64;
  outputs[0].shape = ReducedShape(call, dims, options.keepdim);
}

void InferSum(const OpCall& call, OutputSpecs& outputs) {
  InferReduce(call, outputs[0], SumDType(call));
}
void InferMean(const OpCall& call, OutputSpecs& outputs) {
  const DType dtype = call.Get<ReduceOptions>().dtype.value_or(call.input(0).dtype());
  if (!IsDifferentiable(dtype)) {
    Fail(call, "the mean needs a floating point or complex dtype; Cast() the input or pass .dtype");
  }
  InferReduce(call, outputs[0], dtype);
}
void InferTest(const OpCall& call, OutputSpecs& outputs) {
  CheckNoDType(call);
  InferReduce(call, outputs[0], kBool);
}
void InferCumSum(const OpCall& call, OutputSpecs& outputs) {
  SameAsInput(call, outputs[0]);
  NormalizeDim(call.schema().name, call.Get<DimOptions>().dim, call.input(0).dim());
  if (!IsDifferentiable(outputs[0].dtype)) outputs[0].dtype = kInt64;
}

void InferCumExtremum(const OpCall& call, OutputSpecs& outputs) {
  NormalizeDim(call.schema().name, call.Get<DimOptions>().dim, call.input(0).dim());
  SameAsInput(call, outputs[0]);
  SameAsInput(call, outputs[1]);
  outputs[1].dtype = kInt64;
}

void InferSearchSorted(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &sorted = call.input(0), &input = call.input(1);
  const auto leads = [](const Tensor& tensor) { return tensor.shape().first(tensor.dim() - 1); };
  if (sorted.dim() == 0 ||
      (sorted.dim() > 1 && (input.dim() != sorted.dim() || leads(sorted) != leads(input)))) {
    Fail(call,
         "sorted_sequence must be a vector, or have the shape of the input but for the last "
         "dimension");
  }
  outputs[0].shape = Dims(input.shape().begin(), input.shape().end());
  outputs[0].dtype = kInt64;
}

void InferSort(const OpCall& call, OutputSpecs& outputs) {
  NormalizeDim("sort", call.Get<SortOptions>().dim, call.input(0).dim());
  SameAsInput(call, outputs[0]);
  SameAsInput(call, outputs[1]);
  outputs[1].dtype = kInt64;
}

void InferMatMul(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &a = call.input(0), &b = call.input(1);
  if (a.dim() < 2 || b.dim() < 2) Fail(call, "both inputs need at least two dimensions");
  if (a.size(-1) != b.size(-2)) {
    Fail(call, "the last extent of the first, ", a.size(-1),
         ", must equal the last but one of the second, ", b.size(-2));
  }
  outputs[0].dtype = a.dtype();
  outputs[0].shape = BroadcastShapes("matmul", a.shape().first(a.shape().size() - 2),
                                     b.shape().first(b.shape().size() - 2));
  outputs[0].shape.push_back(a.size(-2));
  outputs[0].shape.push_back(b.size(-1));
}

void InferLinear(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &weight = call.input(1);
  CheckFloating(call);
  CheckRank(call, 1, 2, "[out_features, in_features]");
  if (input.dim() < 1 || input.size(-1) != weight.size(1)) {
    Fail(call, "the input's last extent must be in_features = ", weight.size(1));
  }
  if (call.has_input(2) && (call.input(2).dim() != 1 || call.input(2).size(0) != weight.size(0))) {
    Fail(call, "the bias must have shape [out_features] = [", weight.size(0), "]");
  }
  SameAsInput(call, outputs[0]);
  outputs[0].shape.back() = weight.size(0);
}

}  // namespace neura::infer
