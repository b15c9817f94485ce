// Inference of pointwise operations, copies and casts.
#include <algorithm>
#include <iterator>

#include "absl/strings/str_join.h"
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura::infer {
void InferPointwise(const OpCall& call, OutputSpecs& outputs) {
  const OpSchema& schema = call.schema();
  if (call.op == op::kGelu) {
    const std::string& approximate = call.Get<GeluOptions>().approximate;
    if (approximate != "none" && approximate != "tanh") {
      Fail(call, "approximate must be \"none\" or \"tanh\"");
    }
  }
  if (call.op == op::kPolyGamma) {
    const int64_t n = call.Get<PolyGammaOptions>().n;
    // Beyond a few hundred the factorial is infinite.
    constexpr int64_t kMost = 1 << 20;
    if (n < 0) Fail(call, "n must not be negative");
    if (n > kMost) Fail(call, "n must be at most ", kMost);
  }
  if (call.op == op::kPolynomial) {
    const auto& options = call.Get<PolynomialOptions>();
    if (std::find(std::begin(kPolynomialFamilies), std::end(kPolynomialFamilies), options.family) ==
        std::end(kPolynomialFamilies)) {
      Fail(call, "family must be one of ", absl::StrJoin(kPolynomialFamilies, ", "));
    }
    if (options.derivative < 0 || options.derivative > kMostPolynomialDerivatives) {
      Fail(call, "derivative must be from 0 to ", kMostPolynomialDerivatives);
    }
  }
  const size_t first = schema.flags.first_value;
  OutputSpec& output = outputs[0];
  DType dtype = call.input(first).dtype();
  SetDims(output.shape, call.input(0).shape());
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    const Tensor& input = call.input(i);
    // Where they differ, one is a number in the dtype that computes the other's.
    if (i > first && input.dtype() != dtype && WideDType(input.dtype()) == dtype) {
      dtype = input.dtype();
    }
    if (input.dim() == 0 || SameDims(output.shape, input.shape())) continue;
    output.shape = BroadcastShapes(schema.name, output.shape, input.shape());
  }
  output.dtype = ResultDType(schema.flags.rule, dtype);
}

void InferWhere(const OpCall& call, OutputSpecs& outputs) {
  if (call.input(0).dtype() != kBool) Fail(call, "the condition must be bool");
  InferPointwise(call, outputs);
}

void InferSame(const OpCall& call, OutputSpecs& outputs) { SameAsInput(call, outputs[0]); }

void InferCast(const OpCall& call, OutputSpecs& outputs) {
  SameAsInput(call, outputs[0]);
  outputs[0].dtype = call.Get<CastOptions>().dtype;
}

void InferAssign(const OpCall& call, OutputSpecs& outputs) {
  SameAsInput(call, outputs[0]);
  const Dims shape = BroadcastShapes("assign", call.input(0).shape(), call.input(1).shape());
  if (DimsView(shape) != call.input(0).shape()) {
    Fail(call, "the source does not broadcast to the shape of the input");
  }
}

}  // namespace neura::infer
