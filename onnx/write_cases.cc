// Writes the sample calls of all operations, and a few whole models, as ONNX files.
//
// usage: write_cases DIRECTORY [OPSET]
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "neura/onnx/onnx.h"
#include "neura/onnx/round_trip.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/image.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::onnx {
namespace {

namespace fs = std::filesystem;

Tensor ConvNet(const Tensor& x) {
  const Tensor weight = testing::Sample({4, 1, 3, 3}), mean = testing::Sample({4});
  const Tensor scale = testing::Sample({4}, 1, 0.5, 2), fc = testing::Sample({3, 36});
  const auto f32 = [](const Tensor& tensor) { return Cast(tensor, kFloat32); };
  Tensor h = Conv2d(x, f32(weight), {}, {.padding = 1});
  h = BatchNormInference(h, f32(mean), f32(scale), f32(scale), f32(mean));
  h = MaxPool2d(Relu(h), {.kernel_size = 2});
  return LogSoftmax(Linear(Flatten(h, 1), f32(fc)));
}

Tensor Attention(const Tensor& x) {
  const Tensor heads = Permute(Reshape(x, {x.size(0), x.size(1), 2, 3}), {0, 2, 1, 3});
  const Tensor scores = Softmax(MatMul(heads, Transpose(heads, 2, 3)) * 0.5);
  const Tensor mixed = Permute(MatMul(scores, heads), {0, 2, 1, 3});
  return Gelu(Reshape(mixed, {x.size(0), x.size(1), 6}));
}

void WriteAll(const fs::path& directory, int opset) {
  fs::create_directories(directory);
  for (const testing::OpCase& op_case : testing::OpCases()) {
    if (op_case.reads_elements) continue;
    std::string name = op_case.name;
    std::replace(name.begin(), name.end(), '/', '-');
    try {
      ExportGraph(GraphOf(op_case, opset), directory / (name + ".onnx"), {.opset = opset});
    } catch (const Error& error) {
      if (error.code() != absl::StatusCode::kUnimplemented) throw;
    }
  }
  ExportOptions options{.opset = opset};
  Export(ConvNet, {Rand({2, 1, 6, 6})}, directory / "model-conv.onnx", options);
  options.capture.dynamic_dims = {{0, 1, "length"}};
  Export(Attention, {Rand({2, 5, 6})}, directory / "model-attention.onnx", options);
  Export(
      [](const Tensor& x) {
        return x + Zeros({x.size(0), 3});
      },
      {Rand({2, 3})}, directory / "model-fill.onnx", {.opset = opset});
}

}  // namespace
}  // namespace neura::onnx

int main(int argc, char** argv) {
  int opset = neura::onnx::kOpset;
  if (argc < 2 || argc > 3 || (argc == 3 && !absl::SimpleAtoi(argv[2], &opset))) {
    std::cerr << "usage: write_cases DIRECTORY [OPSET]\n";
    return 2;
  }
  neura::onnx::WriteAll(argv[1], opset);
}
