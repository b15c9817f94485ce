// Gradients, optimizers, modules and the loader on a device: none of them knows CUDA.
#include <gtest/gtest.h>

#include <string>

#include "neura/autograd/autograd.h"
#include "neura/cuda/testing/device_test.h"
#include "neura/data/data.h"
#include "neura/nn/nn.h"
#include "neura/optim/optim.h"

namespace neura::cuda {
namespace {

using TrainingTest = DeviceTest;

struct Net : nn::Module {
  nn::Conv2d conv{{.in_channels = 1, .out_channels = 8, .kernel_size = 3, .padding = 1}};
  nn::BatchNorm2d norm{{.num_features = 8}};
  nn::Linear hidden{{.in_features = 8 * 4 * 4, .out_features = 32}};
  nn::LayerNorm layer_norm{{.normalized_shape = {32}}};
  nn::Linear scores{{.in_features = 32, .out_features = 3}};

  Tensor Forward(const Tensor& x) override {
    const Tensor h = MaxPool2d(Relu(norm(conv(x))), {.kernel_size = 2});
    return scores(Gelu(layer_norm(hidden(Flatten(h, 1)))));
  }
  NEURA_MODULE(conv, norm, hidden, layer_norm, scores)
};

struct Batch {
  Tensor images, labels;
};

// Images of three kinds: bright on the left, in the middle, on the right.
Batch MakeBatch(int64_t size) {
  Generator generator(11);
  Tensor images = Uniform({size, 1, 8, 8}, 0, 0.5, {}, &generator);
  const Tensor labels = RandInt(0, 3, {size}, {.dtype = kInt64}, &generator);
  for (int64_t i = 0; i < size; ++i) {
    const int64_t begin = 3 * labels.data<int64_t>()[i];
    AddInPlace(Slice(Select(images, 0, i), 2, begin, std::min<int64_t>(begin + 3, 8)), Scalar(1.0));
  }
  return {images, labels};
}

Net NewNet(Device device) {
  ManualSeed(1);
  Net net;
  net.To(device);
  return net;
}

void ExpectSameState(const nn::Module& actual, const nn::Module& expected, double tolerance) {
  const NamedTensors a = actual.StateDict(), b = expected.StateDict();
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(a[i].first);
    ExpectClose(a[i].second, b[i].second, tolerance);
  }
}

TEST_F(TrainingTest, GradientsAreThoseOfTheCpu) {
  const Batch batch = MakeBatch(16);
  Net cpu = NewNet(kCpu), gpu = NewNet(kGpu);
  Backward(nn::CrossEntropy(cpu(batch.images), batch.labels));
  Backward(nn::CrossEntropy(gpu(ToGpu(batch.images)), ToGpu(batch.labels)));
  const std::vector<Tensor> expected = cpu.Parameters(), actual = gpu.Parameters();
  for (size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE("parameter " + std::to_string(i));
    const Tensor grad = autograd::GradOf(actual[i]);
    EXPECT_EQ(grad.device(), kGpu);
    ExpectClose(grad, autograd::GradOf(expected[i]), 1e-4);
  }
}

template <typename Optimizer, typename Options>
void ExpectSameSteps(const Options& options) {
  const Batch batch = MakeBatch(16);
  Net nets[] = {NewNet(kCpu), NewNet(kGpu)};
  for (Net& net : nets) {
    const Device device = net.Parameters()[0].device();
    Optimizer optimizer(net.Parameters(), options);
    for (int step = 0; step < 3; ++step) {
      optimizer.ZeroGrad();
      Backward(nn::CrossEntropy(net(To(batch.images, device)), To(batch.labels, device)));
      optimizer.Step();
    }
  }
  // Adam divides by the gradient's own size, so that small differences grow.
  ExpectSameState(nets[1], nets[0], 1e-3);
}

TEST_F(TrainingTest, StepsOfSgdAreThoseOfTheCpu) {
  ExpectSameSteps<optim::SGD>(optim::SgdOptions{.lr = 0.05, .momentum = 0.9});
}
TEST_F(TrainingTest, StepsOfAdamWAreThoseOfTheCpu) {
  // A bias before a batch norm has a gradient of 0, of which rounding is left: the usual epsilon
  // would make steps of it.
  ExpectSameSteps<optim::AdamW>(optim::AdamWOptions{.lr = 1e-3, .eps = 1e-5});
}

template <typename Optimizer, typename Options>
void ExpectSameSparseSteps(const Options& options) {
  const Tensor input = FromList<int64_t>({5, 1, 5, 0, 9, 1}, {2, 3});
  ManualSeed(1);
  const Tensor start = Randn({10, 4});
  std::vector<Tensor> weights;
  for (Device device : {kCpu, kGpu}) {
    nn::Embedding layer({.num_embeddings = 10, .embedding_dim = 4, .sparse = true});
    layer.To(device);
    {
      const NoGradGuard no_grad;
      Assign(layer.weight, To(start, device));
    }
    Optimizer optimizer({layer.weight}, options);
    for (int step = 0; step < 3; ++step) {
      optimizer.ZeroGrad();
      Backward(Sum(Square(layer(To(input, device)))));
      EXPECT_EQ(autograd::GradOf(layer.weight).device(), kSparse);
      optimizer.Step();
    }
    weights.push_back(layer.weight);
  }
  ExpectClose(weights[1], weights[0], 1e-5);
}
TEST_F(TrainingTest, StepsOfRowsThatSparseGradientsNameAreThoseOfTheCpu) {
  ExpectSameSparseSteps<optim::SGD>(optim::SgdOptions{.lr = 0.05, .momentum = 0.9});
  ExpectSameSparseSteps<optim::Adagrad>(optim::AdagradOptions{.lr = 0.05});
  ExpectSameSparseSteps<optim::SparseAdam>(optim::SparseAdamOptions{.lr = 0.05});
}

TEST_F(TrainingTest, LearnsFromPinnedBatchesTheSameWayTwice) {
  const Batch all = MakeBatch(256);
  const auto train = [&] {
    Net net = NewNet(kGpu);
    optim::AdamW optimizer(net.Parameters(), {.lr = 3e-3});
    data::DataLoader loader(
        data::TensorDataset(all.images, all.labels),
        {.batch_size = 32, .shuffle = true, .num_workers = 2, .pin_memory = true, .seed = 4});
    for (int epoch = 0; epoch < 5; ++epoch) {
      for (const auto& batch : loader) {
        optimizer.ZeroGrad();
        Backward(nn::CrossEntropy(net(To(batch[0], kGpu, /*non_blocking=*/true)),
                                  To(batch[1], kGpu, /*non_blocking=*/true)));
        optimizer.Step();
      }
    }
    return net;
  };
  Net net = train();
  const Net again = train();
  const NamedTensors a = net.StateDict(), b = again.StateDict();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(SameBits(a[i].second, b[i].second)) << a[i].first;
  net.Eval();
  NoGradGuard no_grad;
  const Tensor right = ArgMax(net(ToGpu(all.images)), {.dim = 1}) == ToGpu(all.labels);
  EXPECT_GT(Mean(Cast(right, kFloat32)).Item<float>(), 0.9f);
}

}  // namespace
}  // namespace neura::cuda
