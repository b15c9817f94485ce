// Writes the class of each test image, one byte each, that a model finds natively.
//
// usage: predict MODEL.onnx CLASSES
#include <fstream>
#include <iostream>

#include "neura/examples/exit_code.h"
#include "neura/examples/fashion_mnist/training.h"
#include "neura/neura.h"

namespace neura::examples {
namespace {

int Run(const char* model, const char* path) {
  auto program = onnx::Load(model);
  if (!program.ok()) ThrowStatus(program.status());
  const Tensor images = LoadImages(false).tensors()[0];
  const Tensor classes =
      Cast(Predict([&](const Tensor& batch) { return program->Run({batch})[0]; }, images), kUInt8);
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(classes.raw_data()), classes.numel());
  return file.flush() ? 0 : 1;
}

}  // namespace
}  // namespace neura::examples

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: predict MODEL.onnx CLASSES\n";
    return 2;
  }
  return neura::examples::ExitCodeOf([&] { return neura::examples::Run(argv[1], argv[2]); });
}
