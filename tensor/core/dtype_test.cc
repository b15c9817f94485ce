#include "neura/tensor/core/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/scalar.h"

namespace neura {
namespace {

// The table of torch.promote_types, from PyTorch's documentation, and for uint16 to uint64, which
// it leaves out, that of the Array API standard; rows and columns in the order of the enumeration.
TEST(PromoteTypesTest, IsTheDocumentedTable) {
  constexpr DType b = kBool, u1 = kUInt8, i1 = kInt8, u2 = kUInt16, i2 = kInt16, u4 = kUInt32,
                  i4 = kInt32, u8 = kUInt64, i8 = kInt64, f2 = kFloat16, bf = kBFloat16,
                  f4 = kFloat32, f8 = kFloat64, c8 = kComplex64, c16 = kComplex128;
  constexpr DType none = static_cast<DType>(kNumDTypes);
  const DType table[kNumDTypes][kNumDTypes] = {
      {b, u1, i1, u2, i2, u4, i4, u8, i8, f2, bf, f4, f8, c8, c16},
      {u1, u1, i2, u2, i2, u4, i4, u8, i8, f2, bf, f4, f8, c8, c16},
      {i1, i2, i1, i4, i2, i8, i4, none, i8, f2, bf, f4, f8, c8, c16},
      {u2, u2, i4, u2, i4, u4, i4, u8, i8, f2, bf, f4, f8, c8, c16},
      {i2, i2, i2, i4, i2, i8, i4, none, i8, f2, bf, f4, f8, c8, c16},
      {u4, u4, i8, u4, i8, u4, i8, u8, i8, f2, bf, f4, f8, c8, c16},
      {i4, i4, i4, i4, i4, i8, i4, none, i8, f2, bf, f4, f8, c8, c16},
      {u8, u8, none, u8, none, u8, none, u8, none, f2, bf, f4, f8, c8, c16},
      {i8, i8, i8, i8, i8, i8, i8, none, i8, f2, bf, f4, f8, c8, c16},
      {f2, f2, f2, f2, f2, f2, f2, f2, f2, f2, f4, f4, f8, c8, c16},
      {bf, bf, bf, bf, bf, bf, bf, bf, bf, f4, bf, f4, f8, c8, c16},
      {f4, f4, f4, f4, f4, f4, f4, f4, f4, f4, f4, f4, f8, c8, c16},
      {f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, c16, c16},
      {c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c8, c16, c8, c16},
      {c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16, c16},
  };
  for (int a = 0; a < kNumDTypes; ++a) {
    for (int c = 0; c < kNumDTypes; ++c) {
      const DType left = static_cast<DType>(a), right = static_cast<DType>(c);
      SCOPED_TRACE(std::string(DTypeName(left)) + " with " + std::string(DTypeName(right)));
      if (table[a][c] == none) {
        EXPECT_THROW(PromoteTypes(left, right), Error);
      } else {
        EXPECT_EQ(PromoteTypes(left, right), table[a][c]);
      }
    }
  }
}

// Every half is a float; its neighbours and midpoints pin the rounding.
TEST(HalfTest, EveryValueSurvivesAndMidpointsGoToEven) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    Half half;
    half.bits = static_cast<uint16_t>(bits);
    const float value = static_cast<float>(half);
    ASSERT_EQ(Half(value).bits, bits);
    ASSERT_EQ(Half(-value).bits, bits | 0x8000);
    if (bits + 1 == 0x7c00) break;
    Half next;
    next.bits = static_cast<uint16_t>(bits + 1);
    const float middle = (value + static_cast<float>(next)) / 2;
    ASSERT_EQ(Half(middle).bits, bits + (bits & 1)) << value;
    ASSERT_EQ(Half(std::nextafter(middle, 0.0f)).bits, bits);
    ASSERT_EQ(Half(std::nextafter(middle, 1e30f)).bits, bits + 1);
  }
}

TEST(HalfTest, KnownValues) {
  EXPECT_EQ(Half(1.0f).bits, 0x3c00);
  EXPECT_EQ(Half(65504.0f).bits, 0x7bff);
  EXPECT_EQ(Half(65520.0f).bits, 0x7c00);
  EXPECT_EQ(Half(0x1p-24f).bits, 0x0001);
  EXPECT_TRUE(std::isinf(static_cast<float>(Half(INFINITY))));
  EXPECT_TRUE(std::isnan(static_cast<float>(Half(NAN))));
}

TEST(BFloat16Test, RoundsToNearestEven) {
  EXPECT_EQ(BFloat16(1.0f).bits, 0x3f80);
  EXPECT_EQ(BFloat16(1.0f + 0x1p-8f).bits, 0x3f80);      // tie, to even
  EXPECT_EQ(BFloat16(1.0f + 3 * 0x1p-8f).bits, 0x3f82);  // tie, to even
  EXPECT_EQ(BFloat16(1.0f + 0x1p-8f + 0x1p-20f).bits, 0x3f81);
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(NAN))));
  EXPECT_TRUE(std::isinf(static_cast<float>(BFloat16(std::numeric_limits<float>::max()))));
}

TEST(ConvertTest, IsDefinedForEveryValue) {
  EXPECT_EQ((Convert<int32_t>(-2.9)), -2);
  EXPECT_EQ((Convert<uint8_t>(257)), 1);
  EXPECT_EQ((Convert<bool>(0.5)), true);
  EXPECT_EQ((Convert<bool>(std::complex<float>(0, 1))), true);
  EXPECT_EQ((Convert<int64_t>(std::numeric_limits<double>::quiet_NaN())),
            std::numeric_limits<int64_t>::min());
  EXPECT_EQ((Convert<int64_t>(1e300)), std::numeric_limits<int64_t>::min());
  EXPECT_EQ((Convert<float>(std::complex<double>(3, 4))), 3.0f);
  EXPECT_EQ((Convert<float>(Half(0.5f))), 0.5f);
}

TEST(ScalarTest, RemembersItsCategory) {
  EXPECT_EQ(Scalar(true).default_dtype(), kBool);
  EXPECT_EQ(Scalar(3).default_dtype(), kInt64);
  EXPECT_EQ(Scalar(3.5).default_dtype(), kFloat32);
  EXPECT_EQ(Scalar(std::complex<double>(1, 2)).default_dtype(), kComplex64);
  EXPECT_EQ(Scalar(int64_t{1} << 62).To<int64_t>(), int64_t{1} << 62);
  EXPECT_EQ(ToString(Scalar(std::complex<double>(1, -2))), "1-2j");
}

TEST(ScalarTest, FitsWhatADtypeHolds) {
  EXPECT_TRUE(Scalar(255).Fits(kUInt8));
  EXPECT_FALSE(Scalar(256).Fits(kUInt8));
  EXPECT_FALSE(Scalar(-1).Fits(kUInt8));
  EXPECT_TRUE(Scalar(-128).Fits(kInt8));
  EXPECT_FALSE(Scalar(128).Fits(kInt8));
  EXPECT_FALSE(Scalar(int64_t{1} << 31).Fits(kInt32));
  EXPECT_TRUE(Scalar(255.9).Fits(kUInt8));
  EXPECT_TRUE(Scalar(-0.9).Fits(kUInt8));
  EXPECT_FALSE(Scalar(256.0).Fits(kUInt8));
  EXPECT_TRUE(Scalar(-0x1p63).Fits(kInt64));
  EXPECT_FALSE(Scalar(0x1p63).Fits(kInt64));
  EXPECT_FALSE(Scalar(std::numeric_limits<double>::quiet_NaN()).Fits(kInt64));
  EXPECT_FALSE(Scalar(std::numeric_limits<double>::infinity()).Fits(kInt32));
  EXPECT_TRUE(Scalar(std::numeric_limits<double>::quiet_NaN()).Fits(kFloat16));
  EXPECT_TRUE(Scalar(300).Fits(kBool));
  EXPECT_FALSE(Scalar(std::complex<double>(1, 2)).Fits(kFloat32));
  EXPECT_TRUE(Scalar(std::complex<double>(1, 2)).Fits(kComplex64));
}

TEST(ScalarTest, SaturatesWhereConversionWraps) {
  EXPECT_EQ(Scalar(300).Saturate<uint8_t>(), 255);
  EXPECT_EQ(Scalar(-5).Saturate<uint8_t>(), 0);
  EXPECT_EQ(Scalar(1e300).Saturate<int32_t>(), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(Scalar((int64_t{1} << 53) + 1).Saturate<int64_t>(), (int64_t{1} << 53) + 1);
  EXPECT_EQ(Scalar(2.5).Saturate<float>(), 2.5f);
}

}  // namespace
}  // namespace neura
