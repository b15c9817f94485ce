#include <iostream>

#include "neura/neura.h"

using namespace neura;

struct Net : nn::Module {
  nn::Linear fc1{{.in_features = 2, .out_features = 16}};
  nn::Linear fc2{{.in_features = 16, .out_features = 2}};

  Tensor Forward(const Tensor& x) override { return fc2(Relu(fc1(x))); }
  NEURA_MODULE(fc1, fc2)  // names and order: parameters, state dict, printing
};

int main() {
  ManualSeed(0);
  Tensor points = Uniform({1000, 2}, -1, 1);
  Tensor labels = Cast(Prod(points, {.dims = {1}}) > 0, kInt64);  // which quadrants: xor

  Net net;
  std::cout << net << "\n";
  optim::AdamW optimizer(net.Parameters(), {.lr = 1e-2});
  data::DataLoader loader(data::TensorDataset(points, labels), {.batch_size = 50, .shuffle = true});
  for (int epoch = 0; epoch < 30; ++epoch) {
    for (auto [x, y] : loader) {
      optimizer.ZeroGrad();
      Backward(nn::CrossEntropy(net(x), y));
      optimizer.Step();
    }
  }
  NoGradGuard no_grad;
  Tensor right = ArgMax(net(points), {.dim = 1}) == labels;
  std::cout << "accuracy " << Mean(Cast(right, kFloat32)).Item<float>() << "\n";
  onnx::Export(net, {Slice(points, 0, 0, 2)}, "xor.onnx");
}
