// Corners of pointwise operations that the cases of //tensor/testing do not reach.
#include "neura/tensor/ops/op_list/pointwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdint>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

TEST(ClampTest, BoundsRaiseTheDtypeAsNumbersDo) {
  const Tensor x = FromList<int32_t>({1, 5});
  const Tensor y = Clamp(x, {.max = 2.5});
  EXPECT_EQ(y.dtype(), kFloat32);
  EXPECT_THAT(Values(y), ElementsAre(1, 2.5));
  EXPECT_EQ(Clamp(x, {.min = 2}).dtype(), kInt32);
  EXPECT_EQ(Clamp(FromList<bool>({true}), {.min = 0}).dtype(), kInt64);
  EXPECT_THAT(ErrorOf([&] { ClampInPlace(x, {.max = 2.5}); }), HasSubstr("int32 memory"));
}

TEST(ClampTest, BoundsOutsideTheDtype) {
  const Tensor bytes = FromList<uint8_t>({0, 100, 255});
  EXPECT_THAT(Values(Clamp(bytes, {.max = -5})), ElementsAre(0, 0, 0));
  EXPECT_THAT(Values(Clamp(bytes, {.min = 300})), ElementsAre(255, 255, 255));
  EXPECT_THAT(Values(Clamp(bytes, {.min = -5, .max = 300})), ElementsAre(0, 100, 255));
  EXPECT_THAT(Values(Clamp(Ones({1}), {.min = INFINITY})), ElementsAre(INFINITY));
}

TEST(ClampTest, NanIsNoBound) {
  const Tensor x = FromList<float>({1, 5});
  for (const ClampOptions& options :
       {ClampOptions{.min = NAN}, ClampOptions{.max = NAN}, ClampOptions{.min = NAN, .max = 3},
        ClampOptions{.min = 2, .max = NAN}}) {
    for (double value : Values(Clamp(x, options))) EXPECT_TRUE(std::isnan(value));
  }
  EXPECT_TRUE(std::isnan(Values(Clamp(FromList<float>({NAN}), {.min = 0, .max = 1}))[0]));
}

TEST(ClampTest, BetweenTensors) {
  const Tensor x = FromList<float>({-2, 0, 2, NAN}), low = FromList<float>({-1, 1, 1, 1});
  EXPECT_THAT(Values(Slice(ClampBetween(x, low, 1.5), 0, 0, 3)), ElementsAre(-1, 1, 1.5));
  EXPECT_TRUE(std::isnan(Values(ClampBetween(x, low, {}))[3]));
  EXPECT_TRUE(std::isnan(Values(ClampBetween(low, x, {}))[3]));
  EXPECT_THAT(Values(ClampBetween(FromList<int64_t>({1, 5}), {}, FromList<float>({2.5}))),
              ElementsAre(1, 2.5));
}

TEST(NumberTest, ComparesAndDividesAsItIs) {
  const Tensor bytes = FromList<uint8_t>({1, 44});
  EXPECT_THAT(Values(bytes == 257), ElementsAre(0, 0));
  EXPECT_THAT(Values(bytes != 257), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes < 256), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes <= 300), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes > -1), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes >= 300), ElementsAre(0, 0));
  EXPECT_THAT(Values(300 == bytes), ElementsAre(0, 0));
  EXPECT_EQ((ScalarTensor(1, {.dtype = kUInt8}) == 257).shape(), DimsView());
  EXPECT_THAT(Values(FromList<int32_t>({1}) == (int64_t{1} << 32) + 1), ElementsAre(0));
  EXPECT_THAT(Values(FromList<uint8_t>({150}) / 300), ElementsAre(0.5));
  EXPECT_THAT(Values(LogicalAnd(bytes, 256)), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes + 256), ElementsAre(1, 44));
  EXPECT_THAT(ErrorOf([&] { Maximum(bytes, 300); }),
              HasSubstr("maximum: the number 300 is outside"));
  EXPECT_THAT(ErrorOf([&] { Minimum(-200, bytes); }), HasSubstr("-200"));
  EXPECT_THAT(ErrorOf([&] { Remainder(bytes, 300); }), HasSubstr("300"));
}

TEST(ClampTest, ComplexNumbersHaveNoOrder) {
  const Tensor z = FromList<std::complex<double>>({{1, 2}}), x = Ones({1});
  EXPECT_THAT(ErrorOf([&] { ClampBetween(z, 0, 1); }), HasSubstr("clamp: complex numbers"));
  EXPECT_THAT(ErrorOf([&] { ClampBetween(x, z, {}); }), HasSubstr("complex128 [1]"));
  EXPECT_THAT(ErrorOf([&] { ClampMax(x, Scalar(std::complex<double>(0, 1))); }),
              HasSubstr("no order"));
}

TEST(FactorTest, BesideIntegersIsOne) {
  const Tensor i = FromList<int64_t>({1, 2}), j = FromList<int64_t>({3, 4});
  const Tensor sum = Addcmul(i, j, j, 3.9);
  EXPECT_EQ(sum.dtype(), kInt64);
  EXPECT_THAT(Values(sum), ElementsAre(28, 50));
  const Tensor square = Ones({2, 2}, {.dtype = kInt32});
  EXPECT_THAT(Values(Addmm(square, square, square, 0.2, 1.6)), ElementsAre(2, 2, 2, 2));
  const Tensor truth = FromList<bool>({true, false});
  const Tensor outer = Addr(Expand(truth, {2, 2}), truth, truth, 3, 0);
  EXPECT_EQ(outer.dtype(), kBool);
  EXPECT_THAT(Values(outer), ElementsAre(1, 0, 1, 0));
  EXPECT_THAT(ErrorOf([&] { Addcmul(i, j, j, 1e30); }), HasSubstr("int64"));
  EXPECT_EQ(Addcmul(Ones({2}), j, j, 0.5).dtype(), kFloat32);
}

// Of each format, from 0, across an exponent, to infinity and back, and NaN.
TEST(NextAfterTest, IsTheNextNumberOfTheDtype) {
  struct Format {
    DType dtype;
    double least, epsilon, most;
  };
  for (const Format& format : {Format{kFloat16, 0x1p-24, 0x1p-10, 65504},
                               {kBFloat16, 0x1p-133, 0x1p-7, 0x1.fep127},
                               {kFloat32, 0x1p-149, 0x1p-23, 0x1.fffffep127},
                               {kFloat64, 0x1p-1074, 0x1p-52, 0x1.fffffffffffffp1023}}) {
    SCOPED_TRACE(DTypeName(format.dtype));
    const auto next = [&](double a, double b) {
      const TensorOptions options{.dtype = format.dtype};
      const Tensor x = Full({3}, a, options), y = Full({3}, b, options);
      const Tensor result = NextAfter(x, y);
      EXPECT_EQ(result.dtype(), format.dtype);
      return Select(result, 0, 2).Item<double>();
    };
    EXPECT_EQ(next(0, 1), format.least);
    EXPECT_EQ(next(0, -1), -format.least);
    EXPECT_EQ(next(format.least, -1), 0);
    EXPECT_EQ(next(1, 2), 1 + format.epsilon);
    EXPECT_EQ(next(1, -2), 1 - format.epsilon / 2);
    EXPECT_EQ(next(-1, -2), -1 - format.epsilon);
    EXPECT_EQ(next(format.most, INFINITY), INFINITY);
    EXPECT_EQ(next(INFINITY, 0), format.most);
    EXPECT_EQ(next(-INFINITY, INFINITY), -format.most);
    EXPECT_EQ(next(2.5, 2.5), 2.5);
    EXPECT_TRUE(std::signbit(next(0, -0.0)));
    EXPECT_TRUE(std::isnan(next(NAN, 1)));
    EXPECT_TRUE(std::isnan(next(1, NAN)));
  }
}

TEST(FrexpTest, OfWhatHasNoExponentAndSubnormals) {
  const Tensor x = FromList<double>({0, 1, -3.5, 0x1p-1074, INFINITY, -INFINITY, NAN});
  const FrexpResult parts = Frexp(x);
  EXPECT_EQ(parts.exponent.dtype(), kInt32);
  EXPECT_THAT(Values(parts.exponent), ElementsAre(0, 1, 2, -1073, 0, 0, 0));
  EXPECT_THAT(Values(Slice(parts.mantissa, 0, 0, 6)),
              ElementsAre(0, 0.5, -0.875, 0.5, INFINITY, -INFINITY));
  EXPECT_TRUE(std::isnan(Values(parts.mantissa)[6]));
  const FrexpResult half = Frexp(FromList<Half>({Half(0x1p-24f), Half(-65504.f)}));
  EXPECT_EQ(half.mantissa.dtype(), kFloat16);
  EXPECT_THAT(Values(half.exponent), ElementsAre(-23, 16));
  EXPECT_THAT(ErrorOf([] { Frexp(FromList<int32_t>({1})); }), HasSubstr("int32 [1]"));
}

TEST(PolynomialTest, DegreesAndFamilies) {
  const Tensor x = FromList<double>({-1, 0, 1, 1.5});
  const PolynomialOptions legendre{.family = "legendre_p"};
  EXPECT_THAT(Values(Polynomial(x, FromList<double>({-1}), legendre)), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(Values(Polynomial(x, FromList<double>({3.9}), legendre)),
              ElementsAre(-1, 0, 1, 6.1875));
  EXPECT_TRUE(std::isnan(Values(Polynomial(x, FromList<double>({0x1p21}), legendre))[0]));
  EXPECT_EQ(Values(Polynomial(x, FromList<double>({1001}), {.family = "chebyshev_w"}))[2], 2003);
  EXPECT_EQ(Polynomial(FromList<int32_t>({2}), FromList<int64_t>({2}), {}).dtype(), kFloat32);
  EXPECT_THAT(ErrorOf([&] { Polynomial(x, x, {.family = "jacobi"}); }), HasSubstr("legendre_p"));
  EXPECT_THAT(ErrorOf([&] { Polynomial(x, x, {.derivative = 9}); }), HasSubstr("from 0 to 8"));
}

TEST(PowTest, IntegersHaveNoNegativePowers) {
  EXPECT_THAT(ErrorOf([] { Pow(FromList<int32_t>({2}), -1); }), HasSubstr("no negative powers"));
  EXPECT_THAT(ErrorOf([] { PowInPlace(FromList<int64_t>({2}), -1); }), HasSubstr("negative"));
  EXPECT_THAT(Values(Pow(FromList<int32_t>({2}), -1.0)), ElementsAre(0.5));
  EXPECT_THAT(Values(Pow(-2, FromList<int32_t>({2}))), ElementsAre(4));
}

TEST(WhereTest, ChoosesAmongElementsOfEveryDtype) {
  const Tensor condition = Expand(FromList<bool>({true, false}, {2, 1}), {2, 3});
  const Tensor values = Reshape(Arange(0, 6), {3, 2});
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    const Tensor a = Transpose(Cast(values, dtype), 0, 1), b = Cast(Ones({3}), dtype);
    EXPECT_TRUE(SameBits(Where(condition, a, b), Cat({Slice(a, 0, 0, 1), Reshape(b, {1, 3})})))
        << DTypeName(dtype);
  }
}

TEST(FloorDivideTest, ByInfinityAndZero) {
  const Tensor x = FromList<float>({-5, 5, -0.0f, 0});
  EXPECT_THAT(Values(FloorDivide(x, INFINITY)), ElementsAre(-1, 0, 0, 0));
  EXPECT_THAT(Values(FloorDivide(x, -INFINITY)), ElementsAre(0, -1, 0, 0));
  EXPECT_THAT(Values(FloorDivide(FromList<float>({7, -7, 6, -6}), 2.0)), ElementsAre(3, -4, 3, -3));
  EXPECT_THAT(Values(FloorDivide(FromList<float>({7, -7, 1}), -2.0)), ElementsAre(-4, 3, -1));
  EXPECT_EQ(Values(FloorDivide(FromList<float>({-5}), 0.0))[0], -INFINITY);
  const Tensor i = FromList<int64_t>({7, -7});
  const Tensor some_zero = FromList<int64_t>({0, 3, 2, 0, 1, 0});
  const auto wrong = HasSubstr("ZeroDivisionError: integers have no quotient by 0");
  EXPECT_THAT(ErrorOf([&] { FloorDivide(i, 0); }), wrong);
  EXPECT_THAT(ErrorOf([&] { Remainder(i, 0); }), wrong);
  EXPECT_THAT(ErrorOf([&] { Fmod(i, Slice(some_zero, 0, 2, 4)); }), wrong);
  EXPECT_THAT(ErrorOf([&] { FloorDivide(Cast(i, kUInt8), Select(Cast(some_zero, kUInt8), 0, 0)); }),
              wrong);
  EXPECT_THAT(ErrorOf([&] { DivRounded(i, 0, "trunc"); }), wrong);
  // Where a stride passes by what is 0, and where there is nothing to divide.
  EXPECT_THAT(Values(FloorDivide(FromList<int64_t>({7, 7}), Slice(some_zero, 0, 1, 3))),
              ElementsAre(2, 3));
  EXPECT_EQ(FloorDivide(Slice(i, 0, 0, 0), 0).numel(), 0);
}

TEST(GeluTest, KnowsTwoForms) {
  EXPECT_THAT(ErrorOf([] { Gelu(Ones({2}), {.approximate = "erf"}); }),
              HasSubstr("\"none\" or \"tanh\""));
}

}  // namespace
}  // namespace neura
