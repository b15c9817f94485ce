// Operations over complex numbers against their references.
#include "neura/tensor/testing/complex_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/fft/fft.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {
namespace {

using ::testing::HasSubstr;

class ComplexCaseTest : public ::testing::TestWithParam<size_t> {
 protected:
  const ComplexCase& complex_case() const { return ComplexCases()[GetParam()]; }

  void ExpectReference(const std::vector<Tensor>& inputs, double tolerance) const {
    SCOPED_TRACE(complex_case().name);
    std::vector<ComplexArray> arrays;
    for (const Tensor& input : inputs) arrays.push_back(ToComplexArray(input));
    const ComplexArray expected = complex_case().reference(arrays);
    const ComplexArray actual = ToComplexArray(complex_case().function(inputs));
    ASSERT_EQ(actual.shape, expected.shape);
    for (size_t i = 0; i < expected.values.size(); ++i) {
      const ComplexNumber want = expected.values[i];
      EXPECT_LE(std::abs(actual.values[i] - want), tolerance * (1 + std::abs(want)))
          << "element " << i << ": " << actual.values[i] << ", not " << want;
    }
  }
};

TEST_P(ComplexCaseTest, MatchesReference) { ExpectReference(complex_case().inputs, 1e-12); }

TEST_P(ComplexCaseTest, MatchesReferenceInComplex64) {
  ExpectReference(InSinglePrecision(complex_case().inputs), 2e-5);
}

TEST_P(ComplexCaseTest, StridedInputsGiveTheSame) {
  std::vector<Tensor> inputs = complex_case().inputs;
  for (Tensor& input : inputs) input = Strided(input);
  ExpectReference(inputs, 1e-12);
}

TEST_P(ComplexCaseTest, SameBitsForAnyNumberOfThreads) {
  const int threads = GetNumThreads();
  SetNumThreads(1);
  const Tensor expected = complex_case().function(complex_case().inputs);
  for (int n : {2, 3}) {
    SetNumThreads(n);
    EXPECT_TRUE(SameBits(complex_case().function(complex_case().inputs), expected)) << n;
  }
  SetNumThreads(threads);
}

INSTANTIATE_TEST_SUITE_P(All, ComplexCaseTest, ::testing::Range(size_t{0}, ComplexCases().size()));

using C = std::complex<double>;

TEST(ComplexTest, DTypesFollowFromOperands) {
  const Tensor single = Ones({2}, {.dtype = kComplex64}), real = Ones({2}, {.dtype = kFloat64});
  EXPECT_EQ((single * real).dtype(), kComplex128);
  EXPECT_EQ((single * 2.5).dtype(), kComplex64);
  EXPECT_EQ((Ones({2}) * Scalar(C(0, 1))).dtype(), kComplex64);
  EXPECT_EQ((real * Scalar(C(0, 1))).dtype(), kComplex128);
  EXPECT_EQ(Abs(single).dtype(), kFloat32);
  EXPECT_EQ(Angle(single).dtype(), kFloat32);
  EXPECT_EQ((single == real).dtype(), kBool);
  EXPECT_EQ(Sum(Ones({3}), {.dtype = kComplex64}).dtype(), kComplex64);
}

TEST(ComplexTest, PartsAreViews) {
  const Tensor z = FromList<C>({{1, 2}, {3, 4}});
  Fill(Imag(z), 7);
  MulInPlace(Real(z), 2);
  EXPECT_TRUE(SameBits(z, FromList<C>({{2, 7}, {6, 7}})));
  const Tensor ones = FromList<double>({1, 2});
  EXPECT_TRUE(IsSame(Real(ones), ones));
  EXPECT_TRUE(IsSame(Conj(ones), ones));
}

TEST(ComplexTest, WritesInPlace) {
  const Tensor z = FromList<C>({{3, 4}, {0, 1}});
  AddInPlace(z, 1);
  EXPECT_TRUE(SameBits(z, FromList<C>({{4, 4}, {1, 1}})));
  const Tensor w = FromList<C>({{3, 4}});
  AbsInPlace(w);
  EXPECT_TRUE(SameBits(w, FromList<C>({{5, 0}})));
  EXPECT_THAT(ErrorOf([] { MulInPlace(Ones({2}), Ones({2}, {.dtype = kComplex64})); }),
              HasSubstr("complex64"));
}

TEST(ComplexTest, SpecialValues) {
  const double inf = INFINITY;
  EXPECT_TRUE(SameBits(Pow(FromList<C>({0, {2, 1}}), 0), FromList<C>({1, 1})));
  EXPECT_TRUE(SameBits(Pow(FromList<C>({0}), 3), FromList<C>({0})));
  EXPECT_TRUE(SameBits(Sgn(FromList<C>({0})), FromList<C>({0})));
  EXPECT_TRUE(SameBits(Abs(FromList<C>({{inf, NAN}})), FromList<double>({inf})));
  EXPECT_TRUE(SameBits(IsInf(FromList<C>({{1, -inf}, {1, 2}})), FromList<bool>({true, false})));
  EXPECT_TRUE(SameBits(IsNan(FromList<C>({{1, NAN}, {1, 2}})), FromList<bool>({true, false})));
}

TEST(ComplexTest, SpreadIsReal) {
  const Tensor z = FromList<C>({{0, 1}, 2, 3});
  EXPECT_NEAR(Var(z).Item<double>(), 8.0 / 3, 1e-12);
  EXPECT_NEAR(Real(Cov(z)).Item<double>(), 8.0 / 3, 1e-12);
  EXPECT_TRUE(IsClose(z, z + 1e-12).dtype() == kBool && AllClose(z, z + 1e-12));
}

TEST(UnsignedTest, HoldsWhatInt64DoesNot) {
  const uint64_t most = ~uint64_t{0};
  const Tensor x = FromList<uint64_t>({0, 5, most});
  EXPECT_THAT(x.ToString(), HasSubstr("18446744073709551615"));
  EXPECT_TRUE(SameBits(x > -1, FromList<bool>({true, true, true})));
  EXPECT_TRUE(SameBits(x == -1, FromList<bool>({false, false, false})));
  EXPECT_TRUE(SameBits(x == Scalar(most), FromList<bool>({false, false, true})));
  EXPECT_TRUE(SameBits(Arange(2) < Scalar(most), FromList<bool>({true, true})));
  EXPECT_TRUE(SameBits(AMax(x), ScalarTensor(Scalar(most), {.dtype = kUInt64})));
  EXPECT_TRUE(SameBits(x / 5, FromList<float>({0, 1, 0x1p64f / 5})));
  EXPECT_TRUE(SameBits(FloorDivide(x, 2), FromList<uint64_t>({0, 2, most / 2})));
  EXPECT_TRUE(SameBits(Sort(x, {.descending = true}).values, FromList<uint64_t>({most, 5, 0})));
  EXPECT_FALSE(AllClose(x, x * 0, 0, 2));
}

TEST(FftTest, LongVectorsKeepTheirDigits) {
  for (int64_t n : {1 << 16, 65537, 3 * 5 * 7 * 11 * 13, 1 << 18}) {
    const Tensor x = Complex(Sample({n}, 1), Sample({n}, 2));
    const Tensor error = AMax(Abs(fft::Ifft(fft::Fft(x)) - x));
    EXPECT_LT(error.Item<double>(), 1e-13) << n;
    const Tensor real = Real(x);
    EXPECT_LT(AMax(Abs(fft::Irfft(fft::Rfft(real), n) - real)).Item<double>(), 1e-13) << n;
  }
}

TEST(FftTest, DTypes) {
  EXPECT_EQ(fft::Fft(Arange(4)).dtype(), kComplex64);
  EXPECT_EQ(fft::Fft(Ones({4}, {.dtype = kFloat64})).dtype(), kComplex128);
  EXPECT_EQ(fft::Rfft(Ones({4}, {.dtype = kFloat16})).dtype(), kComplex64);
  EXPECT_EQ(fft::Irfft(Ones({4}, {.dtype = kComplex64})).dtype(), kFloat32);
  EXPECT_EQ(fft::Fft(Ones({0, 4})).shape(), DimsView({0, 4}));
}

TEST(FftTest, IntegersBecomeTheDefaultDType) {
  SetDefaultDType(kFloat64);
  const DType of_integers = fft::Fft(Arange(4)).dtype(), of_window = HannWindow(4).dtype();
  const DType of_frequencies = fft::FftFreq(4).dtype(), of_angle = Angle(Arange(4)).dtype();
  const DType of_float = fft::Rfft(Ones({4}, {.dtype = kFloat32})).dtype();
  SetDefaultDType(kFloat32);
  EXPECT_EQ(of_integers, kComplex128);
  EXPECT_EQ(of_window, kFloat64);
  EXPECT_EQ(of_frequencies, kFloat64);
  EXPECT_EQ(of_angle, kFloat64);
  EXPECT_EQ(of_float, kComplex64);
}

TEST(FftTest, Errors) {
  const Tensor x = Ones({2, 3});
  EXPECT_THAT(ErrorOf([&] { fft::Fft(x, 0); }), HasSubstr("fft.fft: 0 elements"));
  EXPECT_THAT(ErrorOf([&] { fft::Fft(Ones({})); }), HasSubstr("fft.fft: a number"));
  EXPECT_THAT(ErrorOf([&] { fft::Irfft(Ones({})); }), HasSubstr("fft.irfft: a number"));
  EXPECT_THAT(ErrorOf([&] { fft::Fft(x, {}, 2); }), HasSubstr("fft: dim 2"));
  EXPECT_THAT(ErrorOf([&] { fft::Fft(x, {}, 0, "half"); }), HasSubstr("norm must be"));
  EXPECT_THAT(ErrorOf([&] { fft::Irfft(Ones({1})); }), HasSubstr("no 0 real numbers"));
  EXPECT_THAT(ErrorOf([&] { fft::Rfft(fft::Fft(x)); }), HasSubstr("takes real numbers"));
  EXPECT_THAT(ErrorOf([&] { fft::Fft2(x, {}, {0, 0}); }), HasSubstr("dim 0 is named twice"));
  EXPECT_THAT(ErrorOf([&] { fft::FftN(x, Dims{2}, Dims{0, 1}); }), HasSubstr("s has 1 extents"));
  EXPECT_THAT(ErrorOf([&] { fft::Fft(Ones({2, 0})); }), HasSubstr("0 elements"));
  EXPECT_THAT(ErrorOf([&] { fft::FftFreq(0); }), HasSubstr("n must be positive"));
}

TEST(ComplexTest, WhatHasNoOrderIsRefused) {
  const Tensor z = Ones({2}, {.dtype = kComplex64});
  const std::function<void()> calls[] = {
      [&] { Maximum(z, z); },   [&] { Floor(z); },      [&] { Sort(z); },
      [&] { z < z; },           [&] { AMax(z); },       [&] { Clamp(z, {.min = 0}); },
      [&] { Remainder(z, z); }, [&] { BitwiseNot(z); }, [&] { CumMax(z, 0); }};
  for (const auto& call : calls) EXPECT_THAT(ErrorOf(call), HasSubstr("complex64"));
  EXPECT_THAT(ErrorOf([] { Imag(Ones({2})); }), HasSubstr("imag: real numbers"));
  EXPECT_THAT(ErrorOf([] { ViewAsReal(Ones({2})); }), HasSubstr("takes complex numbers"));
  EXPECT_THAT(ErrorOf([] { ViewAsComplex(Ones({3})); }), HasSubstr("must be of 2"));
  EXPECT_THAT(ErrorOf([] {
                ViewAsComplex(Transpose(Ones({2, 3}), 0, 1));
              }),
              HasSubstr("Contiguous()"));
  EXPECT_THAT(ErrorOf([] { ViewAsComplex(Slice(Ones({5}), 0, 1, 3)); }), HasSubstr("Contiguous()"));
  EXPECT_THAT(ErrorOf([&] { Complex(Ones({2}), z); }), HasSubstr("both parts"));
}

}  // namespace
}  // namespace neura::testing
