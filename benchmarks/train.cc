// Training steps of the example's network, and of a small perceptron.
#include <cmath>
#include <memory>

#include "neura/benchmarks/cases.h"
#include "neura/examples/fashion_mnist/net.h"
#include "neura/neura.h"

namespace neura::benchmarks {
namespace {

// The same weights on both sides: waves, scaled by fan-in, and no biases.
void FillWithWaves(nn::Module& module) {
  NoGradGuard no_grad;
  double seed = 0;
  for (const auto& [name, parameter] : module.NamedParameters()) {
    if (name.ends_with("bias")) Fill(parameter, 0);
    if (parameter.dim() > 1) {
      const double fan_in = static_cast<double>(parameter.numel() / parameter.size(0));
      Assign(parameter, Wave(parameter.shape(), seed, 1 / std::sqrt(fan_in)));
    }
    seed += 1;
  }
}

template <typename Net>
Case TrainingStep(DimsView image_shape) {
  constexpr int64_t kBatch = 64;
  Dims shape = {kBatch};
  shape.insert(shape.end(), image_shape.begin(), image_shape.end());
  const auto net = std::make_shared<Net>();
  net->To(DefaultDevice());
  FillWithWaves(*net);
  const Tensor images = Wave(shape, 0), labels = Remainder(Arange(kBatch), 10);
  const auto optimizer = std::make_shared<optim::Adam>(net->Parameters());
  Case work;
  work.value = [=] {
    // In evaluation mode: dropout differs between any two libraries.
    NoGradGuard no_grad;
    net->Eval();
    Tensor scores = (*net)(images);
    net->Train();
    return scores;
  };
  work.run = [=] {
    optimizer->ZeroGrad();
    Backward(nn::CrossEntropy((*net)(images), labels));
    optimizer->Step();
  };
  return work;
}

struct Perceptron : nn::Module {
  nn::Linear fc1{{.in_features = 784, .out_features = 256}};
  nn::Linear fc2{{.in_features = 256, .out_features = 10}};
  Tensor Forward(const Tensor& x) override { return fc2(Relu(fc1(x))); }
  NEURA_MODULE(fc1, fc2)
};

}  // namespace

void AddTrainCases(CaseMap& cases) {
  cases["fashion_mnist_cnn_b64"] = [] { return TrainingStep<examples::Net>({1, 28, 28}); };
  cases["mlp_784_256_10_b64"] = [] { return TrainingStep<Perceptron>({784}); };
}

}  // namespace neura::benchmarks
