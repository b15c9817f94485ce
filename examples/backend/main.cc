// Trains a perceptron on Fashion-MNIST on the counting backend, shows which kernels ran, and that
// the CPU by itself gives the same bits.
#include <iostream>

#include "absl/strings/str_format.h"
#include "neura/data/fashion_mnist.h"
#include "neura/examples/backend/counting_backend.h"
#include "neura/examples/exit_code.h"
#include "neura/neura.h"

namespace neura::examples {
namespace {

struct Perceptron : nn::Module {
  nn::Linear fc1{{.in_features = 784, .out_features = 256}};
  nn::Linear fc2{{.in_features = 256, .out_features = 10}};
  Tensor Forward(const Tensor& x) override { return fc2(Relu(fc1(Flatten(x, 1)))); }
  NEURA_MODULE(fc1, fc2)
};

using Images = data::TensorDataset<2>;

Images Load(bool train) {
  auto dataset = data::FashionMnist({.train = train});
  if (!dataset.ok()) ThrowStatus(dataset.status());
  return Images(data::ToFloat()(dataset->tensors()[0], {}), dataset->tensors()[1]);
}

// One epoch with Adam. Not a line of this knows what device it is.
Perceptron Train(const Images& images, Device device) {
  ManualSeed(1);
  Perceptron net;
  net.To(device);
  optim::Adam optimizer(net.Parameters(), {.lr = 1e-3});
  for (auto [x, y] : data::DataLoader(images, {.batch_size = 64, .shuffle = true, .seed = 1})) {
    optimizer.ZeroGrad();
    Backward(nn::CrossEntropy(net(To(x, device)), To(y, device)));
    optimizer.Step();
  }
  return net;
}

bool SameParameters(const nn::Module& a, const nn::Module& b) {
  const std::vector<Tensor> left = a.Parameters(), right = b.Parameters();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), &SameBits);
}

int Run() {
  const Images train = Load(true), test = Load(false);
  Perceptron net = Train(train, kCounting);
  for (const auto& [op, calls] : CountedCalls()) {
    std::cout << absl::StrFormat("%-18s%8d calls\n", SchemaOf(op).name, calls);
  }
  std::cout << absl::StrFormat("%.1f MB copied to or from %s\n", CopiedBytes() / 1e6,
                               ToString(kCounting));
  {
    NoGradGuard no_grad;
    const Tensor classes = ArgMax(net(To(test.tensors()[0], kCounting)), {.dim = 1});
    const Tensor right = classes == To(test.tensors()[1], kCounting);
    std::cout << absl::StrFormat("Test accuracy after one epoch: %.2f%%\n",
                                 100 * Mean(Cast(right, kFloat64)).Item<double>());
  }
  const bool same = SameParameters(net, Train(train, kCpu));
  std::cout << "The CPU gives " << (same ? "the same bits" : "OTHER BITS") << "\n";
  return same ? 0 : 1;
}

}  // namespace
}  // namespace neura::examples

int main() { return neura::examples::ExitCodeOf(neura::examples::Run); }
