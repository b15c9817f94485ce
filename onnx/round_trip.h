// Cases of operations as graphs, for tests.
#ifndef NEURA_ONNX_ROUND_TRIP_H_
#define NEURA_ONNX_ROUND_TRIP_H_

#include "neura/graph/capture.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::onnx {

// The inputs that are there, floating point ones as float32: what the graph below takes.
inline std::vector<Tensor> GraphInputs(const testing::OpCase& op_case) {
  std::vector<Tensor> inputs;
  for (const Tensor& input : testing::InputsAs(op_case, kFloat32)) {
    if (input.defined()) inputs.push_back(input);
  }
  return inputs;
}

// Whether ONNX has the case's other outputs, too.
inline bool HasAllOutputs(const testing::OpCase& op_case) {
  return !op_case.op || op_case.op == op::kLayerNorm;
}

// A function that calls the case's operation and returns the outputs that ONNX has: all of them, or
// the first.
inline auto FunctionOf(const testing::OpCase& op_case) {
  return [&op_case](absl::Span<const Tensor> given) {
    std::vector<Tensor> inputs(op_case.inputs.size());
    size_t next = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (op_case.inputs[i].defined()) inputs[i] = given[next++];
    }
    std::vector<Tensor> outputs = testing::RunCase(op_case, inputs);
    if (!HasAllOutputs(op_case)) outputs.resize(1);
    return outputs;
  };
}

// For a model of this operator set.
inline graph::Graph GraphOf(const testing::OpCase& op_case, int opset = kOpset) {
  ExportOptions options{.opset = opset};
  options.capture.dynamic_batch = false;
  return graph::CaptureFunction(FunctionOf(op_case), GraphInputs(op_case),
                                CaptureOptionsOf(options));
}

}  // namespace neura::onnx

#endif  // NEURA_ONNX_ROUND_TRIP_H_
