// Writes the models that the suite `wasm` runs: matmul_512.onnx, conv2d_64x56x56_3x3.onnx and
// load_5mb.onnx.
//
// usage: web_models FOLDER
#include <filesystem>
#include <iostream>

#include "neura/neura.h"

namespace neura::benchmarks {
namespace {

void WriteModels(const std::filesystem::path& folder) {
  ManualSeed(1);
  const Tensor weight = Uniform({512, 512}, -1, 1);
  onnx::Export([&](const Tensor& x) { return MatMul(x, weight); }, {Ones({512, 512})},
               folder / "matmul_512.onnx");

  nn::Conv2d conv{{.in_channels = 64, .out_channels = 64, .kernel_size = 3, .padding = 1}};
  onnx::Export(conv, {Ones({1, 64, 56, 56})}, folder / "conv2d_64x56x56_3x3.onnx");

  nn::Linear first{{.in_features = 512, .out_features = 1280}};
  nn::Linear second{{.in_features = 1280, .out_features = 512}};
  onnx::Export([&](const Tensor& x) { return second(Relu(first(x))); }, {Ones({1, 512})},
               folder / "load_5mb.onnx");
}

}  // namespace
}  // namespace neura::benchmarks

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: web_models FOLDER\n";
    return 2;
  }
  try {
    neura::benchmarks::WriteModels(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
