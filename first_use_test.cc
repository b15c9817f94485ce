// A process that computes is ready to fork at any moment. What is made on first use is not: a fork
// may leave the thread behind that is making it, and the child would wait for that thread for ever.
// So nothing is, once main() has begun.
#include <cxxabi.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iterator>
#include <vector>

#include "absl/debugging/symbolize.h"
#include "neura/neura.h"
#include "neura/tensor/testing/op_cases.h"

namespace {

std::atomic<bool> watching{false};
// Code that made something while watched.
std::atomic<int> num_made{0};
void* makers[20] = {};

using Acquire = int (*)(__cxxabiv1::__guard*);
constinit std::atomic<Acquire> original{nullptr};

}  // namespace

// What compilers call where a static variable of a function may have to be made.
extern "C" int __cxxabiv1::__cxa_guard_acquire(__guard* guard) {
  if (original.load() == nullptr) {
    original = reinterpret_cast<Acquire>(dlsym(RTLD_NEXT, "__cxa_guard_acquire"));
  }
  const int unmade = original.load()(guard);
  if (unmade && watching) makers[num_made++ % std::size(makers)] = __builtin_return_address(0);
  return unmade;
}

namespace neura {
namespace {

void Train() {
  nn::Sequential net(nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3}),
                     nn::BatchNorm2d({.num_features = 4}), nn::ReLU(),
                     nn::MaxPool2d({.kernel_size = 2}), nn::Flatten(), nn::Dropout({.p = 0.1}),
                     nn::Linear({.in_features = 4 * 3 * 3, .out_features = 3}));
  optim::AdamW adam(net.Parameters(), {.lr = 1e-3});
  optim::SGD sgd(net.Parameters(), {.lr = 1e-3, .momentum = 0.9});
  data::DataLoader loader(
      data::TensorDataset(Rand({8, 1, 8, 8}), FromList<int64_t>({0, 1, 2, 0, 1, 2, 0, 1})),
      {.batch_size = 4, .shuffle = true, .num_workers = 1});
  for (auto [images, labels] : loader) {
    net.ZeroGrad();
    Backward(nn::CrossEntropy(net(images), labels));
    adam.Step();
    sgd.Step();
  }
  const distributions::Gamma prior({.concentration = 2.0, .rate = 1.0});
  const distributions::Gamma posterior({.concentration = 3.0, .rate = 1.0});
  posterior.LogProb(posterior.RSample(Dims{4}));
  distributions::KlDivergence(posterior, prior);
  net.Eval();
  const graph::Graph graph = graph::Capture(net, {Rand({2, 1, 8, 8})});
  const auto read = onnx::FromBytes(onnx::ToBytes(graph));
  ASSERT_TRUE(read.ok()) << read.status();
  graph::Compile(*read).Run({Rand({2, 1, 8, 8})});
}

void ComputeEveryCase() {
  for (const testing::OpCase& c : testing::OpCases()) {
    std::vector<Tensor> inputs = c.inputs;
    for (Tensor& input : inputs) {
      if (input.defined() && IsDifferentiable(input.dtype())) input = Clone(input);
      if (input.defined() && IsDifferentiable(input.dtype())) SetRequiresGrad(input);
    }
    const Tensor output = testing::RunCase(c, inputs)[0];
    if (RequiresGrad(output)) Backward(Sum(output));
  }
}

TEST(FirstUse, MakesNothing) {
  testing::OpCases();
  watching = true;
  Train();
  ComputeEveryCase();
  watching = false;
  EXPECT_EQ(num_made, 0);
  absl::InitializeSymbolizer("first_use_test");
  for (void* maker : makers) {
    char name[1000];
    if (maker != nullptr && absl::Symbolize(maker, name, sizeof(name))) ADD_FAILURE() << name;
  }
}

}  // namespace
}  // namespace neura
