// Inference of Fourier transforms.
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/fft.h"

namespace neura::infer {
namespace {

// The place of `dim`, over which there must be something to transform.
size_t TransformedDim(const OpCall& call, int64_t dim) {
  const Tensor& input = call.input(0);
  if (input.dim() == 0) Fail(call, "a number has no dimension to transform");
  const int64_t place = NormalizeDim(call.schema().name, dim, input.dim());
  if (input.size(place) == 0) Fail(call, "the transformed dimension is empty");
  return static_cast<size_t>(place);
}

}  // namespace

void InferFftC2C(const OpCall& call, OutputSpecs& outputs) {
  TransformedDim(call, call.Get<FftOptions>().dim);
  SameAsInput(call, outputs[0]);
}

void InferFftR2C(const OpCall& call, OutputSpecs& outputs) {
  const size_t dim = TransformedDim(call, call.Get<DimOptions>().dim);
  SameAsInput(call, outputs[0]);
  outputs[0].dtype = ComplexDType(outputs[0].dtype);
  outputs[0].shape[dim] = outputs[0].shape[dim] / 2 + 1;
}

void InferFftC2R(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<FftToRealOptions>();
  const size_t dim = TransformedDim(call, options.dim);
  SameAsInput(call, outputs[0]);
  if (options.n < 1 || outputs[0].shape[dim] != options.n / 2 + 1) {
    Fail(call, "dim must have n / 2 + 1 = ", options.n / 2 + 1, " elements for n = ", options.n);
  }
  outputs[0].dtype = RealDType(outputs[0].dtype);
  outputs[0].shape[dim] = options.n;
}

}  // namespace neura::infer
