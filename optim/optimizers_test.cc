// Optimizers against their formulas in double precision, parameter groups, and state that survives.
#include "neura/optim/optimizers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "neura/autograd/autograd.h"
#include "neura/optim/clip.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

Tensor Param(double value, DType dtype = kFloat64) {
  return SetRequiresGrad(Full({3}, value, {.dtype = dtype}));
}

// Ten steps on the loss p^4 / 4, whose gradient is p^3; `update` is one step of the formula.
void ExpectFollows(optim::Optimizer& optimizer, const Tensor& param,
                   const std::function<double(double p, double g, int step)>& update) {
  double expected = param.data<double>()[0];
  for (int step = 1; step <= 10; ++step) {
    optimizer.ZeroGrad();
    Backward(Sum(Pow(param, 4)) / 4);
    optimizer.Step();
    expected = update(expected, expected * expected * expected, step);
    for (int i = 0; i < 3; ++i) ASSERT_NEAR(param.data<double>()[i], expected, 1e-12) << step;
  }
}

TEST(SgdTest, Plain) {
  const Tensor p = Param(1);
  optim::SGD optimizer({p}, {.lr = 0.1, .weight_decay = 0.01});
  ExpectFollows(optimizer, p, [](double p, double g, int) { return p - 0.1 * (g + 0.01 * p); });
}

TEST(SgdTest, MomentumAndNesterov) {
  for (bool nesterov : {false, true}) {
    const Tensor p = Param(1);
    optim::SGD optimizer({p}, {.lr = 0.1, .momentum = 0.9, .nesterov = nesterov});
    double b = 0;
    ExpectFollows(optimizer, p, [&](double p, double g, int step) {
      b = step == 1 ? g : 0.9 * b + g;
      return p - 0.1 * (nesterov ? g + 0.9 * b : b);
    });
  }
}

TEST(SgdTest, DampeningAndMaximize) {
  const Tensor p = Param(0.5);
  optim::SGD optimizer({p}, {.lr = 0.1, .momentum = 0.5, .dampening = 0.3, .maximize = true});
  double b = 0;
  ExpectFollows(optimizer, p, [&](double p, double g, int step) {
    b = step == 1 ? -g : 0.5 * b - 0.7 * g;
    return p - 0.1 * b;
  });
}

double AdamFormula(double p, double g, int step, double& m, double& v) {
  m = 0.9 * m + 0.1 * g;
  v = 0.999 * v + 0.001 * g * g;
  const double mhat = m / (1 - std::pow(0.9, step)), vhat = v / (1 - std::pow(0.999, step));
  return p - 0.05 * mhat / (std::sqrt(vhat) + 1e-8);
}

TEST(AdamTest, FollowsThePaper) {
  const Tensor p = Param(1);
  optim::Adam optimizer({p}, {.lr = 0.05, .weight_decay = 0.1});
  double m = 0, v = 0;
  ExpectFollows(optimizer, p, [&](double p, double g, int step) {
    return AdamFormula(p, g + 0.1 * p, step, m, v);
  });
}

TEST(AdamWTest, DecouplesTheWeightDecay) {
  const Tensor p = Param(1);
  optim::AdamW optimizer({p}, {.lr = 0.05, .weight_decay = 0.1});
  double m = 0, v = 0;
  ExpectFollows(optimizer, p, [&](double p, double g, int step) {
    return AdamFormula(p * (1 - 0.05 * 0.1), g, step, m, v);
  });
}

TEST(OptimizerTest, GroupsHaveTheirOwnOptionsAndMissingGradientsAreSkipped) {
  const Tensor a = Param(1), b = Param(1), c = Param(1);
  optim::SGD optimizer(
      {{.params = {a}, .options = {.lr = 0.1}}, {.params = {b, c}, .options = {.lr = 0.01}}});
  Backward(Sum(a + b));
  optimizer.Step();
  EXPECT_DOUBLE_EQ(a.data<double>()[0], 0.9);
  EXPECT_DOUBLE_EQ(b.data<double>()[0], 0.99);
  EXPECT_DOUBLE_EQ(c.data<double>()[0], 1);
}

TEST(OptimizerTest, StateGoesOnAsIfNothingHadHappened) {
  const auto train = [](optim::Optimizer& optimizer, const Tensor& p, int steps) {
    for (int i = 0; i < steps; ++i) {
      optimizer.ZeroGrad();
      Backward(Sum(Pow(p, 4)));
      optimizer.Step();
    }
  };
  const Tensor p = Param(1, kFloat32);
  optim::AdamW first({p}, {.lr = 0.03});
  train(first, p, 5);
  const Tensor q = SetRequiresGrad(Clone(Detach(p)));
  optim::AdamW second({q}, {.lr = 0.5});
  second.LoadStateDict(first.StateDict());
  EXPECT_DOUBLE_EQ(second.lr(0), 0.03);
  train(first, p, 5);
  train(second, q, 5);
  EXPECT_TRUE(All(p == q).Item<bool>());
}

TEST(OptimizerTest, ForeignStateIsRejectedAndChangesNothing) {
  const Tensor p = Param(1), q = SetRequiresGrad(Ones({5}, {.dtype = kFloat64}));
  optim::Adam first({p}), other({q}, {.lr = 0.7});
  Backward(Sum(p));
  first.Step();
  EXPECT_THAT(ErrorOf([&] { other.LoadStateDict(first.StateDict()); }), HasSubstr("float64 [5]"));
  EXPECT_DOUBLE_EQ(other.lr(0), 0.7);
  optim::SGD sgd({p});
  EXPECT_THAT(ErrorOf([&] { sgd.LoadStateDict(first.StateDict()); }),
              HasSubstr("SGD: the state has no number group.0.momentum"));
  optim::Adam two({{.params = {p}}, {.params = {q}}});
  EXPECT_THAT(ErrorOf([&] { two.LoadStateDict(first.StateDict()); }),
              HasSubstr("of 1 parameter groups, not of 2"));
  optim::Adagrad adagrad({p});
  Backward(Sum(p));
  adagrad.Step();
  NamedTensors mixed = first.StateDict();
  for (auto& entry : adagrad.StateDict()) {
    if (entry.first == "state.0.sum") mixed.push_back(entry);
  }
  EXPECT_THAT(ErrorOf([&] { first.LoadStateDict(mixed); }), HasSubstr("state.0.sum"));
}

TEST(OptimizerTest, SgdGoesOnWithItsMomentum) {
  const auto train = [](optim::Optimizer& optimizer, const Tensor& p, int steps) {
    for (int i = 0; i < steps; ++i) {
      optimizer.ZeroGrad();
      Backward(Sum(Pow(p, 4)));
      optimizer.Step();
    }
  };
  for (bool nesterov : {false, true}) {
    const optim::SgdOptions options{.lr = 0.01, .momentum = 0.9, .nesterov = nesterov};
    const Tensor p = Param(1);
    optim::SGD first({p}, options);
    train(first, p, 5);
    const Tensor q = SetRequiresGrad(Clone(Detach(p)));
    optim::SGD second({q});
    second.LoadStateDict(first.StateDict());
    EXPECT_EQ(second.options(0).nesterov, nesterov);
    EXPECT_EQ(second.momentum(0), 0.9);
    train(first, p, 5);
    train(second, q, 5);
    EXPECT_TRUE(SameBits(p, q));
    // Momentum that was forgotten would show.
    const Tensor r = SetRequiresGrad(Clone(Detach(p)));
    optim::SGD fresh({r}, options);
    train(first, p, 1);
    train(fresh, r, 1);
    EXPECT_FALSE(SameBits(p, r));
  }
}

// The state with another tensor of that name, and with none.
NamedTensors Changed(NamedTensors state, const std::string& name, const Tensor& value) {
  for (auto& [key, tensor] : state) {
    if (key == name) tensor = value;
  }
  return state;
}
NamedTensors Without(NamedTensors state, const std::string& name) {
  std::erase_if(state, [&name](const auto& entry) { return entry.first == name; });
  return state;
}

TEST(OptimizerTest, StateIsCheckedAsTheConstructorChecks) {
  const Tensor p = Param(1);
  optim::Adam adam({p}, {.lr = 0.5});
  Backward(Sum(p));
  adam.Step();
  const NamedTensors good = adam.StateDict();
  const auto number = [](double value) { return ScalarTensor(value, {.dtype = kFloat64}); };
  const auto error = [&](const NamedTensors& state) {
    return ErrorOf([&] { adam.LoadStateDict(state); });
  };
  EXPECT_THAT(error(Changed(good, "group.0.lr", number(-1))), HasSubstr("lr = -1"));
  EXPECT_THAT(error(Changed(good, "group.0.lr", number(NAN))), HasSubstr("lr = nan"));
  EXPECT_THAT(error(Changed(good, "group.0.beta2", number(1))), HasSubstr("beta2"));
  EXPECT_THAT(error(Changed(good, "state.0.step", ScalarTensor(int64_t{-3}))), HasSubstr("step"));
  EXPECT_THAT(error(Changed(good, "state.0.step", number(1.5))), HasSubstr("step"));
  EXPECT_THAT(error(Without(good, "state.0.step")), HasSubstr("2 of 2 tensors after 0 steps"));
  EXPECT_THAT(error(Without(good, "state.0.exp_avg")), HasSubstr("1 of 2 tensors after 1 steps"));
  EXPECT_THAT(error(Without(Without(good, "state.0.exp_avg"), "state.0.exp_avg_sq")),
              HasSubstr("0 of 2 tensors after 1 steps"));
  EXPECT_DOUBLE_EQ(adam.lr(0), 0.5);
  EXPECT_EQ(error(good), "no error");

  optim::SGD sgd({p}, {.momentum = 0.9, .nesterov = true});
  EXPECT_THAT(
      ErrorOf([&] { sgd.LoadStateDict(Changed(sgd.StateDict(), "group.0.momentum", number(0))); }),
      HasSubstr("nesterov"));
}

TEST(OptimizerTest, BadArguments) {
  const Tensor p = Param(1);
  EXPECT_THAT(ErrorOf([] { optim::SGD(std::vector<Tensor>{}); }), HasSubstr("no parameters"));
  EXPECT_THAT(ErrorOf([&] { optim::SGD({p, p}); }), HasSubstr("twice"));
  EXPECT_THAT(ErrorOf([&] { optim::SGD({p * 2}); }), HasSubstr("non-leaf"));
  const Tensor complex = SetRequiresGrad(Ones({2, 3}, {.dtype = kComplex64}));
  EXPECT_THAT(ErrorOf([&] { optim::Muon({complex}); }), HasSubstr("real numbers"));
  EXPECT_THAT(ErrorOf([&] { optim::SGD({p}, {.lr = -1}); }), HasSubstr("lr = -1"));
  EXPECT_THAT(ErrorOf([&] { optim::SGD({p}, {.nesterov = true}); }), HasSubstr("nesterov"));
  EXPECT_THAT(ErrorOf([&] { optim::Adam({p}, {.beta1 = 1}); }), HasSubstr("beta1"));
}

TEST(OptimizerTest, FrozenParametersStayAndStridedOnesAreTrained) {
  const Tensor frozen = Ones({2}), integers = Ones({2}, {.dtype = kInt64});
  const Tensor strided =
      SetRequiresGrad(Transpose(Reshape(Arange(0, 6, 1, {.dtype = kFloat64}), {2, 3}), 0, 1));
  const Tensor same = SetRequiresGrad(Clone(Detach(strided)));
  for (int k = 0; k < 2; ++k) {
    const Tensor& param = k == 0 ? strided : same;
    optim::Adam optimizer({frozen, integers, param}, {.lr = 0.1});
    for (int i = 0; i < 3; ++i) {
      optimizer.ZeroGrad();
      Backward(Sum(Pow(param, 3)));
      optimizer.Step();
    }
  }
  EXPECT_TRUE(All(Detach(strided) == Detach(same)).Item<bool>());
  EXPECT_TRUE(All(frozen == 1).Item<bool>());
}

TEST(OptimizerTest, ComplexParametersAreTrainedAsTheirParts) {
  const Tensor parts = SetRequiresGrad(FromList<double>({1, 2, -3, 0.5}, {2, 2}));
  const Tensor whole = SetRequiresGrad(Clone(ViewAsComplex(Detach(parts))));
  optim::Adam a({parts}, {.lr = 0.1}), b({whole}, {.lr = 0.1});
  for (int i = 0; i < 3; ++i) {
    a.ZeroGrad();
    b.ZeroGrad();
    Backward(Sum(Pow(parts, 4)));
    Backward(Sum(Pow(ViewAsReal(whole), 4)));
    a.Step();
    b.Step();
  }
  EXPECT_TRUE(All(ViewAsReal(Detach(whole)) == Detach(parts)).Item<bool>());
  for (const auto& [name, tensor] : b.StateDict()) {
    if (name == "state.0.exp_avg") {
      EXPECT_EQ(tensor.dtype(), kComplex128);
    }
  }
  optim::Adam again({whole});
  again.LoadStateDict(b.StateDict());
  EXPECT_DOUBLE_EQ(again.lr(0), 0.1);
}

TEST(OptimizerTest, TextsAreSaved) {
  const Tensor p = SetRequiresGrad(Ones({2, 3}));
  optim::Muon muon({p}, {.adjust_lr_fn = "match_rms_adamw"}), other({p});
  other.LoadStateDict(muon.StateDict());
  EXPECT_EQ(other.options(0).adjust_lr_fn, "match_rms_adamw");
  EXPECT_THAT(ErrorOf([&] { optim::Muon({p}, {.adjust_lr_fn = "fast"}); }),
              HasSubstr("adjust_lr_fn"));
}

TEST(OptimizerTest, ClosuresAreCalledOnce) {
  const Tensor p = Param(1);
  optim::SGD optimizer({p}, {.lr = 0.1});
  const NoGradGuard no_grad;
  const Tensor loss = optimizer.Step([&] {
    optimizer.ZeroGrad();
    const Tensor sum = Sum(p);
    Backward(sum);
    return sum;
  });
  EXPECT_DOUBLE_EQ(loss.Item<double>(), 3);
  EXPECT_DOUBLE_EQ(p.data<double>()[0], 0.9);
}

TEST(ClipTest, ByNormScalesAllTogether) {
  const Tensor a = Param(1), b = Param(1);
  Backward(Sum(a * 3) + Sum(b * 4));
  EXPECT_NEAR(optim::ClipGradNorm({a, b}, 1), std::sqrt(75.0), 1e-12);
  EXPECT_NEAR(autograd::GradOf(a).data<double>()[0], 3 / std::sqrt(75.0), 1e-6);
  EXPECT_NEAR(autograd::GradOf(b).data<double>()[0], 4 / std::sqrt(75.0), 1e-6);
  EXPECT_LE(optim::ClipGradNorm({a, b}, 10), 1);
  EXPECT_NEAR(optim::ClipGradNorm({a, b}, 10, INFINITY), 4 / std::sqrt(75.0), 1e-6);
}

TEST(ClipTest, NonFiniteNormsCanBeErrors) {
  const Tensor a = Param(1);
  Backward(Sum(a * INFINITY));
  EXPECT_THAT(ErrorOf([&] { optim::ClipGradNorm({a}, 1, 2, true); }), HasSubstr("inf"));
}

TEST(ClipTest, NormsOfAnyOrder) {
  const std::vector<Tensor> tensors = {FromList<double>({3, 0, -4}), FromList<float>({0, 1}),
                                       Zeros({0})};
  EXPECT_DOUBLE_EQ(optim::GetTotalNorm(tensors, 0), 3);
  EXPECT_DOUBLE_EQ(optim::GetTotalNorm(tensors, 1), 8);
  EXPECT_NEAR(optim::GetTotalNorm(tensors, 3), std::cbrt(27.0 + 64 + 1), 1e-12);
  EXPECT_DOUBLE_EQ(optim::GetTotalNorm(tensors, INFINITY), 4);
  EXPECT_DOUBLE_EQ(optim::GetTotalNorm({}), 0);
}

TEST(ClipTest, ByValue) {
  const Tensor a = SetRequiresGrad(FromList<float>({1, 1, 1}));
  Backward(Sum(a * FromList<float>({-5, 0.25, 5})));
  optim::ClipGradValue({a}, 0.5);
  const Tensor grad = autograd::GradOf(a);
  EXPECT_THAT(std::vector<float>(grad.data<float>(), grad.data<float>() + 3),
              ElementsAre(-0.5, 0.25, 0.5));
}

}  // namespace
}  // namespace neura
