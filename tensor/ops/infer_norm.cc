// Inference of softmax and normalization.
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/norm.h"

namespace neura::infer {
namespace {

// Each defined input from `first` on must have exactly this shape.
void CheckParameters(const OpCall& call, size_t first, DimsView shape) {
  for (size_t i = first; i < call.inputs.size(); ++i) {
    if (call.has_input(i) && call.input(i).shape() != shape) {
      Fail(call, "input ", i, " must have shape ", ToString(shape));
    }
  }
}

void CheckChannels(const OpCall& call, const Tensor& input, size_t first) {
  CheckFloating(call);
  if (input.dim() < 2) Fail(call, "the input must have dimensions [N, C, ...]");
  CheckParameters(call, first, {input.size(1)});
}

DimsView NormalizedShape(const OpCall& call, const Tensor& input) {
  const int64_t num_dims = call.Get<LayerNormOptions>().num_dims;
  if (num_dims < 1 || num_dims > input.dim()) {
    Fail(call, "num_dims must be between 1 and the dimensions of the input");
  }
  return input.shape().last(static_cast<size_t>(num_dims));
}

}  // namespace

void InferSoftmax(const OpCall& call, OutputSpecs& outputs) {
  CheckFloating(call);
  SameAsInput(call, outputs[0]);
  NormalizeDim(call.schema().name, call.Get<SoftmaxOptions>().dim, call.input(0).dim());
  if (call.inputs.size() == 2 && call.input(1).shape() != call.input(0).shape()) {
    Fail(call, "the gradient and the output must have the same shape");
  }
}

void InferBatchNormTraining(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  CheckChannels(call, input, 1);
  if (input.size(1) > 0 && input.numel() / input.size(1) < 2) {
    Fail(call, "training needs more than one value per channel");
  }
  SameAsInput(call, outputs[0]);
  for (size_t i = 1; i < outputs.size(); ++i) {
    outputs[i].dtype = input.dtype();
    outputs[i].shape = {input.size(1)};
  }
}

void InferBatchNormTrainingGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(1);
  CheckChannels(call, input, 2);
  if (call.input(0).shape() != input.shape()) {
    Fail(call, "the gradient must have the shape of the input");
  }
  SameAsInput(call, outputs[0]);
  outputs[1].dtype = outputs[2].dtype = input.dtype();
  outputs[1].shape = outputs[2].shape = {input.size(1)};
}

void InferBatchNormInference(const OpCall& call, OutputSpecs& outputs) {
  CheckChannels(call, call.input(0), 1);
  SameAsInput(call, outputs[0]);
}

void InferLayerNorm(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  CheckFloating(call);
  const DimsView normalized = NormalizedShape(call, input);
  CheckParameters(call, 1, normalized);
  SameAsInput(call, outputs[0]);
  outputs[1].dtype = outputs[2].dtype = input.dtype();
  const DimsView rows = input.shape().first(input.shape().size() - normalized.size());
  outputs[1].shape.assign(rows.begin(), rows.end());
  outputs[2].shape = outputs[1].shape;
}

void InferLayerNormGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(1);
  CheckFloating(call);
  const DimsView normalized = NormalizedShape(call, input);
  const DimsView rows = input.shape().first(input.shape().size() - normalized.size());
  if (call.input(0).shape() != input.shape() || call.input(3).shape() != rows ||
      call.input(4).shape() != rows || (call.has_input(2) && call.input(2).shape() != normalized)) {
    Fail(call, "expects grad and input of one shape, weight ", ToString(normalized),
         ", mean and rstd ", ToString(rows));
  }
  SameAsInput(call, outputs[0]);
  outputs[1].dtype = outputs[2].dtype = input.dtype();
  outputs[1].shape.assign(normalized.begin(), normalized.end());
  outputs[2].shape = outputs[1].shape;
}

}  // namespace neura::infer
