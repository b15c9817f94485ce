// Gradients of functions of complex numbers: of a real loss, the derivatives for the real and the
// imaginary part, as PyTorch has them.
#include <gtest/gtest.h>

#include <complex>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/complex_cases.h"

namespace neura::autograd {
namespace {

using C = std::complex<double>;
using testing::ComplexCase;
using testing::ComplexCases;

class ComplexGradientTest : public ::testing::TestWithParam<size_t> {
 protected:
  TensorFunction function() const {
    return [c = ComplexCases()[GetParam()]](const std::vector<Tensor>& in) {
      return std::vector<Tensor>{c.function(in)};
    };
  }
  const std::vector<Tensor>& inputs() const { return ComplexCases()[GetParam()].inputs; }
};

TEST_P(ComplexGradientTest, First) {
  EXPECT_EQ(GradCheck(function(), inputs()), "") << ComplexCases()[GetParam()].name;
}
TEST_P(ComplexGradientTest, Second) {
  EXPECT_EQ(GradGradCheck(function(), inputs(), {.atol = 1e-5}), "")
      << ComplexCases()[GetParam()].name;
}

std::vector<size_t> SmallCases() {
  std::vector<size_t> indices;
  for (size_t i = 0; i < ComplexCases().size(); ++i) {
    const ComplexCase& c = ComplexCases()[i];
    if (c.differentiable && c.inputs[0].numel() > 0 && c.inputs[0].numel() < 100) {
      indices.push_back(i);
    }
  }
  return indices;
}
INSTANTIATE_TEST_SUITE_P(All, ComplexGradientTest, ::testing::ValuesIn(SmallCases()));

TEST(ComplexGradientTest, IsTheDirectionOfSteepestAscent) {
  const Tensor z = SetRequiresGrad(FromList<C>({{3, 4}, {1, -2}}));
  Backward(Sum(Square(Abs(z))));
  EXPECT_TRUE(SameBits(GradOf(z), FromList<C>({{6, 8}, {2, -4}})));
}

TEST(ComplexGradientTest, NumbersNeedASeed) {
  const Tensor z = SetRequiresGrad(FromList<C>({{3, 4}}));
  const Tensor loss = Square(z);
  EXPECT_THROW(Backward(loss), Error);
  Backward(loss, {.gradient = FromList<C>({{1, 0}})});
  EXPECT_TRUE(SameBits(GradOf(z), FromList<C>({{6, -8}})));
}

TEST(ComplexGradientTest, RealInputsHaveRealGradients) {
  const Tensor x = SetRequiresGrad(FromList<double>({2, 3}));
  const Tensor z = x * FromList<C>({{1, 2}, {0, 1}});
  Backward(Sum(Imag(z)));
  EXPECT_TRUE(SameBits(GradOf(x), FromList<double>({2, 1})));
}

TEST(ComplexGradientTest, OfNothingIsZero) {
  const Tensor z = SetRequiresGrad(FromList<C>({0}));
  Backward(Sum(Abs(z)) + Sum(Angle(z)));
  EXPECT_TRUE(SameBits(GradOf(z), FromList<C>({0})));
}

// A write to the parts of a recorded tensor is a part of its history.
TEST(ComplexGradientTest, WritesThroughParts) {
  const Tensor leaf = SetRequiresGrad(FromList<C>({{1, 2}, {3, 4}}));
  const Tensor z = leaf * 2;
  MulInPlace(Real(z), 10);
  Backward(Sum(Real(z)) + Sum(Imag(z)));
  EXPECT_TRUE(SameBits(GradOf(leaf), FromList<C>({{20, 2}, {20, 2}})));

  const Tensor pairs = SetRequiresGrad(FromList<double>({1, 2, 3, 4}, {2, 2}));
  const Tensor doubled = pairs * 2;
  MulInPlace(ViewAsComplex(doubled), FromList<C>({{0, 1}}));
  Backward(Sum(Select(doubled, 1, 0)));
  EXPECT_TRUE(SameBits(GradOf(pairs), FromList<double>({0, -2, 0, -2}, {2, 2})));
}

}  // namespace
}  // namespace neura::autograd
