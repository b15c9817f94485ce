// Averages of a model beside means and exponential means in plain loops.
#include "neura/optim/averaging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Close;
using testing::ErrorOf;
using ::testing::HasSubstr;

// As modules are: a copy has tensors of its own.
struct Model {
  Model() = default;
  Model(const Model& other)
      : weight(SetRequiresGrad(Clone(Detach(other.weight)))),
        half(Clone(other.half)),
        mean(Clone(other.mean)),
        count(Clone(other.count)) {}
  std::vector<Tensor> Parameters() const { return {weight, half}; }
  NamedTensors NamedBuffers() const { return {{"mean", mean}, {"count", count}}; }
  NamedTensors StateDict() const { return {{"weight", weight}}; }
  void LoadStateDict(const NamedTensors& state) { Assign(Detach(weight), state.at(0).second); }
  Tensor operator()(const Tensor& x) const { return x * weight; }
  void Set(double value) {
    Assign(Detach(weight), Full({2}, value, {.dtype = kFloat64}));
    Assign(half, Full({3}, value, {.dtype = kFloat16}));
    Assign(mean, Full({1}, value));
    Assign(count, Full({}, value, {.dtype = kInt64}));
  }

  Tensor weight = SetRequiresGrad(Zeros({2}, {.dtype = kFloat64}));
  Tensor half = Zeros({3}, {.dtype = kFloat16});
  Tensor mean = Zeros({1});
  Tensor count = Zeros({}, {.dtype = kInt64});
};

TEST(AveragingTest, Means) {
  Model model;
  optim::AveragedModel<Model> average(model);
  for (double value : {1.0, 3.0, 8.0}) {
    model.Set(value);
    average.UpdateParameters(model);
  }
  EXPECT_TRUE(Close(Detach(average.module.weight), Full({2}, 4.0, {.dtype = kFloat64}), 1e-12));
  EXPECT_TRUE(All(average.module.half == 4).Item<bool>());
  EXPECT_EQ(average.module.mean.Item<float>(), 8);
  EXPECT_EQ(average.n_averaged(), 3);
  EXPECT_TRUE(Close(Detach(average(Full({2}, 2.0))), Full({2}, 8.0, {.dtype = kFloat64}), 1e-12));
}

TEST(AveragingTest, GoesOnFromAState) {
  Model model;
  optim::AveragedModel<Model> first(model);
  for (double value : {1.0, 3.0}) {
    model.Set(value);
    first.UpdateParameters(model);
  }
  optim::AveragedModel<Model> second{Model()};
  second.LoadStateDict(first.StateDict());
  EXPECT_EQ(second.n_averaged(), 2);
  model.Set(8);
  second.UpdateParameters(model);
  EXPECT_TRUE(Close(Detach(second.module.weight), Full({2}, 4.0, {.dtype = kFloat64}), 1e-12));
  EXPECT_THAT(ErrorOf([&] { second.LoadStateDict({}); }), HasSubstr("no n_averaged"));
}

TEST(AveragingTest, ExponentialMeansOfAllAndOfEach) {
  Model model;
  optim::AveragedModel<Model> all(
      model, {.multi_avg_fn = optim::GetEmaMultiAvgFn(0.75), .use_buffers = true});
  optim::AveragedModel<Model> each(model,
                                   {.avg_fn = optim::GetEmaAvgFn(0.75), .use_buffers = true});
  double expected = 0;
  bool first = true;
  for (double value : {1.0, 4.0, 2.0}) {
    model.Set(value);
    all.UpdateParameters(model);
    each.UpdateParameters(model);
    expected = first ? value : 0.75 * expected + 0.25 * value;
    first = false;
  }
  for (const auto* average : {&all, &each}) {
    EXPECT_DOUBLE_EQ(average->module.weight.data<double>()[0], expected);
    EXPECT_FLOAT_EQ(average->module.mean.Item<float>(), static_cast<float>(expected));
    EXPECT_EQ(average->module.count.Item<int64_t>(), 1);
  }
}

TEST(AveragingTest, BadArguments) {
  EXPECT_THAT(ErrorOf([] { optim::GetEmaAvgFn(1.5); }), HasSubstr("decay = 1.5"));
  EXPECT_THAT(ErrorOf([] { optim::MoveAverages({Ones({2})}, {Ones({3})}, 0.5); }),
              HasSubstr("float32 [3]"));
  Model model;
  optim::AveragedModel<Model> average(
      model, {.avg_fn = optim::GetEmaAvgFn(), .multi_avg_fn = optim::GetEmaMultiAvgFn()});
  EXPECT_THAT(ErrorOf([&] { average.UpdateParameters(model); }), HasSubstr("only one"));
}

}  // namespace
}  // namespace neura
