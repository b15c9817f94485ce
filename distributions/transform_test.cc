// Transforms: there and back, and how they stretch beside determinants of their derivatives.
#include "neura/distributions/transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/distributions/distributions.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::distributions {
namespace {

using neura::testing::Close;
using neura::testing::ErrorOf;
using ::testing::HasSubstr;

std::vector<TransformRef> OfNumbers() {
  return {ExpTransform(),
          SigmoidTransform(),
          TanhTransform(),
          SoftplusTransform(),
          AffineTransform(0.5, -2.0),
          InverseTransform(ExpTransform()),
          PowerTransform(3.0),
          ComposeTransform({AffineTransform(0.0, 0.5), TanhTransform()}),
          CachedTransform(TanhTransform())};
}

TEST(TransformTest, OfNumbersGoThereAndBackAndStretchByTheirSlope) {
  const Tensor x = SetRequiresGrad(FromList<double>({0.3, 0.7, 1.6}));
  for (const TransformRef& transform : OfNumbers()) {
    const Tensor y = transform->Call(x);
    EXPECT_TRUE(Close(Detach(transform->Inverse(y)), Detach(x), 1e-9)) << transform->ToString();
    const Tensor slope = Grad({Sum(y)}, {x})[0];
    EXPECT_TRUE(Close(Detach(transform->LogAbsDetJacobian(x, y)), Log(Abs(slope)), 1e-9))
        << transform->ToString();
    EXPECT_TRUE(All(Sign(slope) == transform->Sign()).Item<bool>()) << transform->ToString();
    EXPECT_TRUE(All(transform->codomain().Check(Detach(y))).Item<bool>()) << transform->ToString();
    EXPECT_TRUE(transform->bijective());
  }
}

TEST(TransformTest, StickBreaking) {
  const TransformRef transform = StickBreakingTransform();
  const Tensor x = SetRequiresGrad(FromList<double>({0.3, -0.7}));
  const Tensor y = transform->Call(x);
  EXPECT_EQ(y.shape(), Dims{3});
  EXPECT_NEAR(Sum(y).Item<double>(), 1, 1e-12);
  EXPECT_TRUE(Close(Detach(transform->Inverse(y)), Detach(x), 1e-9));
  // The determinant of the derivative of the first two shares, which the third follows from.
  double d[2][2];
  for (int i = 0; i < 2; ++i) {
    const Tensor row = Grad({Select(y, 0, i)}, {x}, {.retain_graph = true})[0];
    for (int j = 0; j < 2; ++j) d[i][j] = row.data<double>()[j];
  }
  EXPECT_NEAR(transform->LogAbsDetJacobian(x, y).Item<double>(),
              std::log(std::fabs(d[0][0] * d[1][1] - d[0][1] * d[1][0])), 1e-9);
  EXPECT_EQ(transform->ForwardShape(Dims{4, 2}), (Dims{4, 3}));
  EXPECT_EQ(transform->InverseShape(Dims{4, 3}), (Dims{4, 2}));
}

TEST(TransformTest, OthersGoBackAsFarAsTheyCan) {
  const Tensor x = FromList<double>({0.3, -0.7, 1.1});
  const Tensor y = SoftmaxTransform()->Call(x);
  EXPECT_NEAR(Sum(y).Item<double>(), 1, 1e-12);
  EXPECT_TRUE(Close(SoftmaxTransform()->Call(SoftmaxTransform()->Inverse(y)), y, 1e-12));
  EXPECT_THAT(ErrorOf([&] { SoftmaxTransform()->LogAbsDetJacobian(x, y); }),
              HasSubstr("SoftmaxTransform() has no log_abs_det_jacobian"));
  EXPECT_TRUE(Close(AbsTransform()->Call(x), Abs(x), 1e-15));
  const Tensor matrix = FromList<double>({0.3, 9, 2, -0.5}, {2, 2});
  const Tensor factor = LowerCholeskyTransform()->Call(matrix);
  EXPECT_TRUE(All(LowerCholeskyTransform()->codomain().Check(factor)).Item<bool>());
  EXPECT_TRUE(Close(LowerCholeskyTransform()->Inverse(factor), Tril(matrix), 1e-12));
  const TransformRef reshape = ReshapeTransform({2, 3}, {6});
  EXPECT_EQ(reshape->Call(Ones({4, 2, 3})).shape(), (Dims{4, 6}));
  EXPECT_EQ(reshape->LogAbsDetJacobian(Ones({4, 2, 3}), Ones({4, 6})).shape(), Dims{4});
  EXPECT_THAT(ErrorOf([] { ReshapeTransform({2, 3}, {5}); }), HasSubstr("different numbers"));
}

TEST(TransformTest, EventsOfPartsMeet) {
  // Numbers, then a vector: the exponential counts once for each number of the vector.
  const TransformRef all =
      ComposeTransform({InverseTransform(ExpTransform()), StickBreakingTransform()});
  EXPECT_EQ(all->domain().event_dim(), 1);
  EXPECT_EQ(all->codomain().event_dim(), 1);
  const Tensor x = FromList<double>({1.5, 0.5}), y = all->Call(x), middle = Log(x);
  const double expected = StickBreakingTransform()->LogAbsDetJacobian(middle, y).Item<double>() -
                          std::log(1.5) - std::log(0.5);
  EXPECT_NEAR(all->LogAbsDetJacobian(x, y).Item<double>(), expected, 1e-12);
  EXPECT_TRUE(
      all->Equals(*ComposeTransform({InverseTransform(ExpTransform()), StickBreakingTransform()})));
  EXPECT_FALSE(all->Equals(*ComposeTransform({StickBreakingTransform()})));
  EXPECT_FALSE(AffineTransform(0.0, 1.0)->Equals(*AffineTransform(0.0, 2.0)));
  const TransformRef rows = IndependentTransform(ExpTransform(), 1);
  EXPECT_EQ(rows->LogAbsDetJacobian(Ones({3, 2}), Ones({3, 2})).shape(), Dims{3});
}

TEST(TransformedTest, IsLogNormalUnderExp) {
  const Tensor loc = FromList<double>({0.2, -0.3});
  const auto normal = std::make_shared<Normal>(NormalParams{.loc = loc, .scale = 0.5});
  const TransformedDistribution moved(normal, {ExpTransform()});
  const LogNormal expected({.loc = loc, .scale = 0.5});
  const Tensor x = FromList<double>({0.7, 2.5});
  EXPECT_TRUE(Close(moved.LogProb(x), expected.LogProb(x), 1e-12));
  EXPECT_TRUE(Close(moved.Cdf(x), expected.Cdf(x), 1e-12));
  EXPECT_TRUE(Close(moved.Icdf(moved.Cdf(x)), x, 1e-9));
  EXPECT_EQ(moved.support().ToString(), "GreaterThan(lower_bound=0.0)");
  EXPECT_EQ(moved.Expand(Dims{3, 2})->Sample(Dims{4}).shape(), (Dims{4, 3, 2}));
  // Falling: what is below becomes what is above.
  const TransformedDistribution turned(normal, {AffineTransform(0.0, -1.0)});
  EXPECT_TRUE(Close(turned.Cdf(x), 1 - normal->Cdf(-x), 1e-12));
}

TEST(TransformedTest, ShapesFollowTheTransforms) {
  const auto normal = std::make_shared<Normal>(NormalParams{.loc = Zeros({5, 3}), .scale = 1.0});
  const TransformedDistribution simplex(normal, {StickBreakingTransform()});
  EXPECT_EQ(simplex.batch_shape(), Dims{5});
  EXPECT_EQ(simplex.event_shape(), Dims{4});
  EXPECT_EQ(simplex.LogProb(simplex.RSample(Dims{2})).shape(), (Dims{2, 5}));
  const TransformedDistribution wide(
      std::make_shared<Normal>(NormalParams{.loc = 0.0, .scale = 1.0}),
      {AffineTransform(Zeros({4}), 2.0)});
  EXPECT_EQ(wide.batch_shape(), Dims{4});
  EXPECT_THAT(ErrorOf([] {
                TransformedDistribution(
                    std::make_shared<Normal>(NormalParams{.loc = 0.0, .scale = 1.0}),
                    {StickBreakingTransform()});
              }),
              HasSubstr("size at least 1"));
}

TEST(TransformTest, ACacheGoesBackExactly) {
  const TransformRef tanh = CachedTransform(TanhTransform());
  const Tensor x = FromList<float>({12});  // whose tanh is 1
  const Tensor y = tanh->Call(x);
  EXPECT_EQ(tanh->Inverse(y).Item<float>(), 12);
  EXPECT_EQ(TanhTransform()->Inverse(y).Item<float>(), INFINITY);
}

}  // namespace
}  // namespace neura::distributions
