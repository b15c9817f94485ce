#include "neura/optim/lbfgs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "neura/autograd/autograd.h"
#include "neura/optim/schedulers.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Close;
using testing::ErrorOf;
using ::testing::HasSubstr;

// Rosenbrock's valley, whose least value, 0, is at (1, 1).
Tensor Rosenbrock(const Tensor& x) {
  const Tensor a = Select(x, 0, 0), b = Select(x, 0, 1);
  return Pow(1 - a, 2) + 100 * Pow(b - a * a, 2);
}

optim::LBFGS::Closure ClosureOf(optim::LBFGS& optimizer, const Tensor& x) {
  return [&optimizer, x] {
    optimizer.ZeroGrad();
    const Tensor loss = Rosenbrock(x);
    Backward(loss);
    return loss;
  };
}

Tensor Start() { return SetRequiresGrad(FromList<double>({-1.2, 1.0})); }

TEST(LbfgsTest, FindsTheValleysEndByLineSearch) {
  const Tensor x = Start();
  optim::LBFGS optimizer({x}, {.line_search_fn = "strong_wolfe"});
  const Tensor first = optimizer.Step(ClosureOf(optimizer, x));
  EXPECT_NEAR(first.Item<double>(), 24.2, 1e-12);
  for (int i = 0; i < 4; ++i) optimizer.Step(ClosureOf(optimizer, x));
  EXPECT_TRUE(Close(Detach(x), FromList<double>({1, 1}), 1e-4));
}

TEST(LbfgsTest, ASumOfSquaresIsSolvedWithoutASearch) {
  const Tensor x = SetRequiresGrad(FromList<double>({3, -2, 5}));
  const Tensor scale = FromList<double>({1, 2, 0.5});
  optim::LBFGS optimizer({x}, {.max_iter = 40});
  const auto closure = [&] {
    optimizer.ZeroGrad();
    const Tensor loss = Sum(scale * (x - 1) * (x - 1));
    Backward(loss);
    return loss;
  };
  optimizer.Step(closure);
  EXPECT_TRUE(Close(Detach(x), Ones({3}, {.dtype = kFloat64}), 1e-6));
}

TEST(LbfgsTest, GoesOnFromASavedState) {
  const Tensor x = Start();
  optim::LBFGS optimizer({x}, {.max_iter = 4, .line_search_fn = "strong_wolfe"});
  optimizer.Step(ClosureOf(optimizer, x));
  const Tensor y = SetRequiresGrad(Clone(Detach(x)));
  optim::LBFGS other({y}, {.max_iter = 4, .line_search_fn = "strong_wolfe"});
  other.LoadStateDict(optimizer.StateDict());
  optimizer.Step(ClosureOf(optimizer, x));
  other.Step(ClosureOf(other, y));
  EXPECT_TRUE(SameBits(Detach(x), Detach(y)));
}

TEST(LbfgsTest, AClosureThatThrowsChangesNothing) {
  for (const char* search : {"", "strong_wolfe"}) {
    const Tensor x = Start(), y = Start();
    optim::LBFGS optimizer({x}, {.lr = 1e-3, .max_iter = 4, .line_search_fn = search});
    optim::LBFGS other({y}, {.lr = 1e-3, .max_iter = 4, .line_search_fn = search});
    optimizer.Step(ClosureOf(optimizer, x));
    other.Step(ClosureOf(other, y));
    int calls = 0;
    const auto closure = ClosureOf(optimizer, x);
    EXPECT_THROW(optimizer.Step([&]() -> Tensor {
      if (++calls == 3) throw std::runtime_error("from the closure");
      return closure();
    }),
                 std::runtime_error);
    EXPECT_TRUE(SameBits(Detach(x), Detach(y))) << search;
    optimizer.Step(closure);
    other.Step(ClosureOf(other, y));
    EXPECT_TRUE(SameBits(Detach(x), Detach(y))) << search;
  }
}

TEST(LbfgsTest, SchedulesSetItsRate) {
  const Tensor x = Start();
  optim::LBFGS optimizer({x}, {.lr = 0.5});
  optim::StepLR schedule(optimizer, {.step_size = 1, .gamma = 0.1});
  schedule.Step();
  EXPECT_DOUBLE_EQ(optimizer.options().lr, 0.05);
  optim::LBFGS other({x});
  other.LoadStateDict(optimizer.StateDict());
  EXPECT_DOUBLE_EQ(other.lr(0), 0.05);
}

TEST(LbfgsTest, BadArguments) {
  const Tensor x = Start();
  EXPECT_THAT(ErrorOf([&] { optim::LBFGS({x}, {.lr = -1}); }), HasSubstr("lr = -1"));
  EXPECT_THAT(ErrorOf([&] { optim::LBFGS({x}, {.line_search_fn = "wolfe"}); }),
              HasSubstr("strong_wolfe"));
  EXPECT_THAT(ErrorOf([&] { optim::LBFGS({}); }), HasSubstr("no parameters"));
  EXPECT_THAT(ErrorOf([&] { optim::LBFGS({x * 2}); }), HasSubstr("non-leaf"));
  optim::LBFGS optimizer({x});
  EXPECT_THAT(ErrorOf([&] {
                optimizer.LoadStateDict({{"func_evals", ScalarTensor(1)}});
              }),
              HasSubstr("0 parameter groups"));
  EXPECT_THAT(ErrorOf([&] { optimizer.Step(); }), HasSubstr("needs a closure"));
}

}  // namespace
}  // namespace neura
