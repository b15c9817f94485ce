#include "neura/tensor/ops/autocast.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/nn.h"
#include "neura/optim/optim.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::HasSubstr;

AutocastOptions Low(bool enabled = true) { return {.dtype = kBFloat16, .enabled = enabled}; }

TEST(Autocast, ProductsHaveSixteenBits) {
  const Tensor x = Rand({2, 3, 4}), w = Rand({5, 4}), image = Rand({1, 2, 6, 6});
  const AutocastMode autocast(DeviceType::kCpu, Low());
  EXPECT_EQ(MatMul(x, Transpose(w, 0, 1)).dtype(), kBFloat16);
  EXPECT_EQ(Linear(x, w).dtype(), kBFloat16);
  EXPECT_EQ(Conv2d(image, Rand({3, 2, 3, 3}), Rand({3})).dtype(), kBFloat16);
  EXPECT_EQ(ConvTranspose2d(image, Rand({2, 3, 3, 3})).dtype(), kBFloat16);
  EXPECT_EQ(Addmm(Rand({2, 5}), Rand({2, 4}), Rand({4, 5})).dtype(), kBFloat16);
  EXPECT_EQ(Baddbmm(Rand({2, 3, 3}), x, Rand({2, 4, 3})).dtype(), kBFloat16);
  EXPECT_EQ(ScaledDotProductAttention(x, x, x).dtype(), kBFloat16);
  // Rounded once: the product of what was rounded before.
  const Tensor expected = Cast(MatMul(Cast(Cast(x, kBFloat16), kFloat32),
                                      Cast(Cast(Transpose(w, 0, 1), kBFloat16), kFloat32)),
                               kBFloat16);
  EXPECT_EQ(expected.dtype(), kBFloat16);
}

TEST(Autocast, WhatNeedsRangeIsFloat32) {
  const Tensor low = Cast(Rand({4, 4}), kBFloat16), classes = FromList<int64_t>({0, 1, 2, 3});
  const AutocastMode autocast(DeviceType::kCpu, Low());
  EXPECT_EQ(nn::CrossEntropy(low, classes).dtype(), kFloat32);
  EXPECT_EQ(nn::Mse(low, low).dtype(), kFloat32);
  EXPECT_EQ(nn::BinaryCrossEntropyWithLogits(low, low).dtype(), kFloat32);
  EXPECT_EQ(Prod(low).dtype(), kFloat32);
  EXPECT_EQ(CDist(low, low).dtype(), kFloat32);
  EXPECT_EQ(Trace(low).dtype(), kFloat32);
  EXPECT_EQ(Quantile(low, 0.5).dtype(), kFloat32);
  EXPECT_EQ(linalg::SvdVals(low).dtype(), kFloat32);
}

TEST(Autocast, TheRestStaysAsItIs) {
  const Tensor x = Rand({4, 4}), low = Cast(x, kBFloat16);
  const AutocastMode autocast(DeviceType::kCpu, Low());
  for (const Tensor& input : {x, low}) {
    for (const Tensor& result : {Exp(input), Sum(input), Softmax(input, {.dim = 1}), input * 2,
                                 Relu(input), Cat({input, input}, 0)}) {
      EXPECT_EQ(result.dtype(), input.dtype());
    }
  }
  EXPECT_EQ((x + low).dtype(), kFloat32);
  const Tensor wide = Rand({4, 4}, {.dtype = kFloat64});
  EXPECT_EQ(MatMul(wide, wide).dtype(), kFloat64);
  const Tensor whole = Ones({2, 2}, {.dtype = kInt64});
  EXPECT_EQ(MatMul(whole, whole).dtype(), kInt64);
}

TEST(Autocast, NormalizationsTakeParametersOfFloat32) {
  const Tensor image = Cast(Rand({2, 3, 4, 4}), kBFloat16);
  nn::BatchNorm2d norm({.num_features = 3});
  nn::LayerNorm layer_norm({.normalized_shape = {4}});
  const AutocastMode autocast(DeviceType::kCpu, Low());
  EXPECT_EQ(norm(image).dtype(), kBFloat16);
  norm.Eval();
  EXPECT_EQ(norm(image).dtype(), kBFloat16);
  EXPECT_EQ(layer_norm(image).dtype(), kBFloat16);
}

TEST(Autocast, ScopesNestAndBelongToThreads) {
  const Tensor x = Rand({3, 3});
  const auto dtype = [&] { return MatMul(x, x).dtype(); };
  EXPECT_FALSE(AutocastEnabled(DeviceType::kCpu));
  {
    const AutocastMode outer(DeviceType::kCpu, Low());
    EXPECT_TRUE(AutocastEnabled(DeviceType::kCpu));
    EXPECT_EQ(dtype(), kBFloat16);
    {
      const AutocastMode inner(DeviceType::kCpu, {.enabled = false});
      EXPECT_EQ(dtype(), kFloat32);
      const AutocastMode innermost(DeviceType::kCpu, {.dtype = kFloat16});
      EXPECT_EQ(dtype(), kFloat16);
    }
    EXPECT_EQ(dtype(), kBFloat16);
    DType elsewhere = kBFloat16;
    std::thread([&] { elsewhere = dtype(); }).join();
    EXPECT_EQ(elsewhere, kFloat32);
    const AutocastMode other(DeviceType::kCuda);
    EXPECT_EQ(dtype(), kBFloat16);
  }
  EXPECT_EQ(dtype(), kFloat32);
  {
    const AutocastMode off(DeviceType::kCpu, {.enabled = false});
    const AutocastMode inner(DeviceType::kCpu, Low());
    EXPECT_EQ(dtype(), kBFloat16);
  }
  EXPECT_THAT(ErrorOf([] { AutocastMode(DeviceType::kMeta); }), HasSubstr("CPU and CUDA"));
  EXPECT_THAT(ErrorOf([] { AutocastMode(DeviceType::kCpu, {.dtype = kFloat64}); }),
              HasSubstr("float64"));
}

TEST(Autocast, GradientsHaveTheDtypesOfTheParameters) {
  nn::Sequential net(nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3}),
                     nn::BatchNorm2d({.num_features = 4}), nn::ReLU(), nn::Flatten(),
                     nn::Linear({.in_features = 4 * 16, .out_features = 3}));
  const Tensor x = Rand({5, 1, 6, 6}), classes = FromList<int64_t>({0, 1, 2, 0, 1});
  Tensor loss;
  {
    const AutocastMode autocast(DeviceType::kCpu, Low());
    loss = nn::CrossEntropy(net(x), classes);
  }
  EXPECT_EQ(loss.dtype(), kFloat32);
  Backward(loss);
  for (const auto& [name, parameter] : net.NamedParameters()) {
    ASSERT_TRUE(autograd::GradOf(parameter).defined()) << name;
    EXPECT_EQ(autograd::GradOf(parameter).dtype(), kFloat32) << name;
  }
}

// A parameter that is used often is converted once, until it changes.
TEST(Autocast, KeepsConvertedParameters) {
  const Tensor w = SetRequiresGrad(Ones({2, 2})), x = Ones({2, 2});
  struct Casts : OpObserver {
    void OnOp(const OpCall& call, absl::Span<Tensor>) override {
      count += std::string_view(call.schema().name) == "cast" ? 1 : 0;
    }
    int count = 0;
  } casts;
  const AutocastMode autocast(DeviceType::kCpu, Low());
  {
    const ScopedObserver observer(&casts);
    MatMul(w, w);
    MatMul(w, w);
    EXPECT_EQ(casts.count, 1);
    NoGradGuard no_grad;
    AddInPlace(w, Ones({2, 2}));
    EnableGradGuard grad;
    const Tensor product = MatMul(w, w);
    EXPECT_EQ(casts.count, 2);
    EXPECT_THAT(Values(product), ::testing::Each(8));
  }
  Backward(Sum(Cast(MatMul(w, w), kFloat32) + Cast(MatMul(x, w), kFloat32)));
  EXPECT_THAT(Values(autograd::GradOf(w)), ::testing::Each(4 + 4 + 2));
}

TEST(Autocast, TrainsAsFloat32Does) {
  const auto train = [](bool low) {
    ManualSeed(1);
    nn::Sequential net(nn::Linear({.in_features = 2, .out_features = 32}), nn::ReLU(),
                       nn::Linear({.in_features = 32, .out_features = 2}));
    const Tensor x = Uniform({256, 2}, -1, 1), classes = Cast(Prod(x, {.dims = {1}}) > 0, kInt64);
    optim::AdamW optimizer(net.Parameters(), {.lr = 2e-2});
    optim::GradScaler scaler({.init_scale = 1024});
    double last = 0;
    for (int step = 0; step < 100; ++step) {
      optimizer.ZeroGrad();
      Tensor loss;
      {
        const AutocastMode autocast(DeviceType::kCpu, Low(low));
        loss = nn::CrossEntropy(net(x), classes);
      }
      Backward(scaler.Scale(loss));
      scaler.Step(optimizer);
      scaler.Update();
      last = loss.Item<float>();
    }
    return last;
  };
  EXPECT_LT(train(true), 0.15);
  EXPECT_NEAR(train(true), train(false), 0.03);
}

}  // namespace
}  // namespace neura
