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

TEST(TransformTest, PartsHaveTransformsOfTheirOwn) {
  const Tensor x = FromList<double>({0.3, 0.7, 1.6, -0.2, 0.5, 0.9}, {2, 3});
  const TransformRef cat =
      CatTransform({ExpTransform(), AffineTransform(1.0, 2.0)}, -1, Dims{1, 2});
  const Tensor y = cat->Call(x);
  EXPECT_TRUE(Close(y, Cat({Exp(Narrow(x, 1, 0, 1)), Narrow(x, 1, 1, 2) * 2 + 1}, 1), 1e-15));
  EXPECT_TRUE(Close(cat->Inverse(y), x, 1e-12));
  const Tensor two = Full({2, 2}, std::log(2.0), {.dtype = kFloat64});
  EXPECT_TRUE(Close(cat->LogAbsDetJacobian(x, y), Cat({Narrow(x, 1, 0, 1), two}, 1), 1e-12));
  EXPECT_TRUE(All(cat->codomain().Check(y)).Item<bool>());
  EXPECT_THAT(ErrorOf([&] { cat->Call(Ones({2, 4})); }), HasSubstr("must be 3"));
  const TransformRef stack = StackTransform({ExpTransform(), AffineTransform(1.0, 2.0)}, 0);
  const Tensor z = stack->Call(x);
  EXPECT_TRUE(Close(Select(z, 0, 0), Exp(Select(x, 0, 0)), 1e-15));
  EXPECT_TRUE(Close(stack->Inverse(z), x, 1e-12));
  EXPECT_TRUE(Close(Select(stack->LogAbsDetJacobian(x, z), 0, 0), Select(x, 0, 0), 1e-12));
  EXPECT_THAT(ErrorOf([&] { stack->Call(Ones({3, 3})); }), HasSubstr("the number of parts"));
  EXPECT_TRUE(stack->Equals(*StackTransform({ExpTransform(), AffineTransform(1.0, 2.0)}, 0)));
  EXPECT_FALSE(stack->Equals(*cat));
}

TEST(TransformTest, CorrelationMatrices) {
  const TransformRef transform = CorrCholeskyTransform();
  const Tensor x = SetRequiresGrad(FromList<double>({0.3, -0.7, 0.5}));
  const Tensor y = transform->Call(x);
  EXPECT_EQ(y.shape(), (Dims{3, 3}));
  EXPECT_TRUE(transform->codomain().Check(Detach(y)).Item<bool>());
  EXPECT_TRUE(Close(Detach(transform->Inverse(y)), Detach(x), 1e-9));
  // The determinant by the three elements below the diagonal.
  double d[3][3];
  const int places[] = {3, 6, 7};
  for (int i = 0; i < 3; ++i) {
    const Tensor row =
        Grad({Select(Reshape(y, {9}), 0, places[i])}, {x}, {.retain_graph = true})[0];
    for (int j = 0; j < 3; ++j) d[i][j] = row.data<double>()[j];
  }
  const double det = d[0][0] * (d[1][1] * d[2][2] - d[1][2] * d[2][1]) -
                     d[0][1] * (d[1][0] * d[2][2] - d[1][2] * d[2][0]) +
                     d[0][2] * (d[1][0] * d[2][1] - d[1][1] * d[2][0]);
  EXPECT_NEAR(transform->LogAbsDetJacobian(x, y).Item<double>(), std::log(std::fabs(det)), 1e-9);
  EXPECT_EQ(transform->ForwardShape(Dims{5, 6}), (Dims{5, 4, 4}));
  EXPECT_EQ(transform->InverseShape(Dims{5, 4, 4}), (Dims{5, 6}));
  EXPECT_THAT(ErrorOf([&] { transform->Call(Ones({4})); }), HasSubstr("4 numbers"));
}

TEST(TransformTest, DistributionFunctions) {
  const auto normal = std::make_shared<Normal>(NormalParams{.loc = 0.5, .scale = 2.0});
  const TransformRef transform = CumulativeDistributionTransform(normal);
  const Tensor x = FromList<float>({0.3, 1.7});
  EXPECT_TRUE(SameBits(transform->Call(x), normal->Cdf(x)));
  EXPECT_TRUE(SameBits(transform->LogAbsDetJacobian(x, x), normal->LogProb(x)));
  EXPECT_TRUE(
      Close(Cast(transform->Inverse(transform->Call(x)), kFloat64), Cast(x, kFloat64), 1e-4));
}

TEST(RegistryTest, ConstraintsHaveTransforms) {
  const Tensor x = FromList<double>({0.3, -0.7, 1.1});
  const Tensor bounds = FromList<double>({1, 2, 3});
  for (const Constraint& constraint :
       {Constraint(), NamedConstraint("positive"), NamedConstraint("nonnegative"),
        NamedConstraint("unit_interval"), NamedConstraint("minus_one_to_one"),
        NamedConstraint("simplex"), NamedConstraint("real_vector"),
        NamedConstraint("corr_cholesky"), GreaterThanConstraint(bounds),
        GreaterThanEqConstraint(-2.0), LessThanConstraint(3.0), IntervalConstraint(bounds, 4.0),
        HalfOpenIntervalConstraint(1.0, 2.0),
        IndependentConstraint(GreaterThanConstraint(0.0), 1)}) {
    for (const TransformRef& transform : {BijectTo(constraint), TransformTo(constraint)}) {
      EXPECT_TRUE(All(constraint.Check(transform->Call(x))).Item<bool>()) << constraint.ToString();
    }
    const TransformRef bijection = BijectTo(constraint);
    EXPECT_TRUE(bijection->bijective());
    EXPECT_TRUE(Close(bijection->Inverse(bijection->Call(x)), x, 1e-9)) << constraint.ToString();
  }
  EXPECT_EQ(BijectTo(NamedConstraint("positive"))->ToString(), "ExpTransform()");
  EXPECT_EQ(TransformTo(NamedConstraint("simplex"))->ToString(), "SoftmaxTransform()");
  const Tensor square = FromList<double>({0.3, 9, 2, -0.5}, {2, 2});
  const Constraint cholesky = NamedConstraint("lower_cholesky");
  EXPECT_TRUE(All(cholesky.Check(TransformTo(cholesky)->Call(square))).Item<bool>());
  EXPECT_THAT(ErrorOf([&] { BijectTo(NamedConstraint("boolean")); }),
              HasSubstr("biject_to: cannot transform Boolean constraints"));
  RegisterTransformTo("Boolean", [](const Constraint&) { return SigmoidTransform(); });
  EXPECT_EQ(TransformTo(NamedConstraint("boolean"))->ToString(), "SigmoidTransform()");
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
