// Functions of other operations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::ErrorOf;
using ::testing::HasSubstr;
using ::testing::IsNan;
using testing::Values;

TEST(CompositeTest, ReductionsOfReductions) {
  const Tensor x = FromList<float>({1, 2, 3, 4, 5, 9}, {2, 3});
  EXPECT_FLOAT_EQ(Var(x).Item<float>(), 8.0f);
  EXPECT_FLOAT_EQ(Std(x, {}, 0).Item<float>(), std::sqrt(40.0f / 6));
  EXPECT_FLOAT_EQ(Norm(x).Item<float>(), std::sqrt(136.0f));
  EXPECT_FLOAT_EQ(Norm(x, 1).Item<float>(), 24);
  EXPECT_FLOAT_EQ(Norm(x, INFINITY).Item<float>(), 9);
  EXPECT_FLOAT_EQ(LogSumExp(FromList<float>({1000, 1000})).Item<float>(), 1000 + std::log(2.0f));
  EXPECT_EQ(LogSumExp(FromList<float>({-INFINITY, -INFINITY})).Item<float>(), -INFINITY);
  const ValuesAndIndices max = Max(x, 1);
  EXPECT_THAT(Values(max.values), ElementsAre(3, 9));
  EXPECT_THAT(Values(max.indices), ElementsAre(2, 2));
  EXPECT_THAT(Values(Lerp(x, x * 2, 0.5)), ElementsAre(1.5, 3, 4.5, 6, 7.5, 13.5));
  EXPECT_THAT(Values(MaskedFill(x, x > 3, 0)), ElementsAre(1, 2, 3, 0, 0, 0));
}

TEST(CompositeTest, NanWins) {
  const Tensor x = FromList<float>({1, NAN, 3});
  EXPECT_TRUE(std::isnan(AMax(x).Item<float>()));
  EXPECT_TRUE(std::isnan(AMin(x).Item<float>()));
  EXPECT_EQ(ArgMax(x).Item<int64_t>(), 1);
  EXPECT_TRUE(std::isnan(Values(Maximum(x, FromList<float>({NAN, 0, 0})))[0]));
  EXPECT_TRUE(std::isnan(Values(Relu(x))[1]));
}

TEST(CompositeTest, ReductionsInAnotherDtype) {
  const Tensor x = FromList<float>({1, 2, 4});
  for (const Tensor& y :
       {Var(x, {.dtype = kFloat64}), Std(x, {.dtype = kFloat64}), LogSumExp(x, {.dtype = kFloat64}),
        Norm(x, 3, {.dtype = kFloat64}), Norm(x, INFINITY, {.dtype = kFloat64})}) {
    EXPECT_EQ(y.dtype(), kFloat64);
  }
  EXPECT_NEAR(Norm(x, 3, {.dtype = kFloat64}).Item<double>(), std::cbrt(73.0), 1e-12);
}

TEST(CompositeTest, NormOfZeros) {
  EXPECT_EQ(Norm(Zeros({3})).Item<float>(), 0);
  EXPECT_TRUE(std::isnan(Norm(FromList<float>({NAN, 0})).Item<float>()));
}

TEST(CompositeTest, SumsOfFloatsInDouble) {
  const Tensor x = Full({3, 50'000}, 0.1f), wide = Cast(x, kFloat64);
  for (const Dims& dims : {Dims{}, Dims{0}, Dims{1}}) {
    const ReduceOptions options{.dims = dims, .dtype = kFloat64};
    EXPECT_EQ(Values<double>(Sum(x, options)), Values<double>(Sum(wide, {.dims = dims})));
    EXPECT_EQ(Values<double>(Mean(x, options)), Values<double>(Mean(wide, {.dims = dims})));
  }
  // A product that float does not hold.
  EXPECT_NEAR(Prod(Full({60}, 1e-5f), {.dtype = kFloat64}).Item<double>() * 1e300, 1, 1e-3);
}

TEST(CompositeTest, ComplexNumbersHaveNoLogSumExp) {
  EXPECT_THAT(ErrorOf([] { LogSumExp(Ones({2}, {.dtype = kComplex64})); }), HasSubstr("complex64"));
}

TEST(CompositeTest, UndefinedTensorsAreErrors) {
  const Tensor none;
  EXPECT_THAT(ErrorOf([&] { Var(none); }), HasSubstr("var: the tensor is undefined"));
  EXPECT_THAT(ErrorOf([&] { LogSumExp(none); }), HasSubstr("logsumexp"));
  EXPECT_THAT(ErrorOf([&] { Norm(none); }), HasSubstr("norm"));
  EXPECT_THAT(ErrorOf([&] { SumTo(none, {1}); }), HasSubstr("SumTo"));
  EXPECT_THAT(ErrorOf([&] { ZerosLike(none); }), HasSubstr("full_like"));
  EXPECT_THAT(ErrorOf([&] { EmptyLike(none); }), HasSubstr("empty_like"));
}

TEST(CompositeTest, LerpReachesBothEnds) {
  const Tensor one = ScalarTensor(1.0), tiny = ScalarTensor(1e-9);
  EXPECT_EQ(Lerp(one, tiny, 1.0).Item<float>(), 1e-9f);
  EXPECT_EQ(Lerp(tiny, one, 0.0).Item<float>(), 1e-9f);
  EXPECT_EQ(Lerp(one, tiny, 1).Item<float>(), 1e-9f);
  EXPECT_FLOAT_EQ(Lerp(one, ScalarTensor(3.0), 0.75).Item<float>(), 2.5f);
  for (int weight : {0, 1, 2}) {
    const Tensor integers = Lerp(FromList<int64_t>({1, 5}), FromList<int64_t>({4, 5}), weight);
    EXPECT_EQ(integers.dtype(), kInt64);
    EXPECT_THAT(Values(integers), ElementsAre(1 + 3 * weight, 5));
  }
}

TEST(CompositeTest, ComplexNumbersMeetOnTheirWay) {
  const Tensor a = FromList<std::complex<double>>({{1, 1}}),
               b = FromList<std::complex<double>>({{2, -1}});
  const auto value = [](const Tensor& z) { return *z.data<std::complex<double>>(); };
  for (const std::complex<double> w : {std::complex<double>(1.2, 0.1), {0.1, -0.2}}) {
    const std::complex<double> expected =
        std::complex<double>(1, 1) + w * std::complex<double>(1, -2);
    EXPECT_LT(std::abs(value(Lerp(a, b, Scalar(w))) - expected), 1e-15);
  }
  EXPECT_EQ(FloatPower(FromList<std::complex<float>>({{0, 1}}), 2).dtype(), kComplex128);
  EXPECT_LT(std::abs(value(FloatPower(2, b)) - std::pow(2.0, std::complex<double>(2, -1))), 1e-15);
  EXPECT_EQ(FloatPower(Ones({1}), 2).dtype(), kFloat64);
  const Tensor z = FromList<std::complex<double>>({{1, 2}, {NAN, 1}, {3, INFINITY}});
  EXPECT_EQ(value(NanSum(Slice(z, 0, 0, 2))), std::complex<double>(1, 2));
}

TEST(CompositeTest, ProductsAsTruthValues) {
  const Tensor x = FromList<float>({0.5, 0, 2, 3}, {2, 2});
  const Tensor product = Prod(x, {.dims = {1}, .dtype = kBool});
  EXPECT_EQ(product.dtype(), kBool);
  EXPECT_THAT(Values(product), ElementsAre(0, 1));
}

TEST(CompositeTest, IndicesAreIntegersAndMasksFit) {
  const Tensor x = Zeros({2, 3}), fraction = FromList<float>({1.5});
  EXPECT_THAT(ErrorOf([&] { Take(x, fraction); }), HasSubstr("take: indices must be integers"));
  EXPECT_THAT(ErrorOf([&] { Take(x, FromList<bool>({true})); }), HasSubstr("bool [1]"));
  const Tensor one = Ones({});
  EXPECT_THAT(ErrorOf([&] { IndexPut(x, {fraction}, one); }), HasSubstr("index_put: indices"));
  for (const Tensor& mask : {FromList<bool>({true, true, true}), FromList<bool>({true}, {1, 1}),
                             FromList<bool>({true}, {}), FromList<bool>({true}, {1, 1, 1})}) {
    EXPECT_THAT(ErrorOf([&] { IndexPut(x, {mask}, one); }), HasSubstr("does not have the extents"));
  }
  const Tensor column = FromList<bool>({false, true, true});
  EXPECT_THAT(Values(IndexPut(x, {FromList<int64_t>({1}), column}, one)),
              ElementsAre(0, 0, 0, 0, 1, 1));
}

TEST(CompositeTest, MultinomialDrawsNothingOfNoWeight) {
  // Running sums of tenths round, and what has no weight stands behind them.
  const Tensor weights = Cat({Full({1000}, 0.1), Zeros({8})});
  const Tensor drawn = Multinomial(weights, 100'000, true);
  EXPECT_LT(AMax(drawn).Item<int64_t>(), 1000);
  EXPECT_GE(AMin(drawn).Item<int64_t>(), 0);
  // One category alone, whatever is drawn.
  const Tensor alone = Multinomial(FromList<float>({0, 3, 0}), 1000, true);
  EXPECT_EQ(AMin(alone).Item<int64_t>(), 1);
  EXPECT_EQ(AMax(alone).Item<int64_t>(), 1);
}

TEST(CompositeTest, MaskedFillKeepsTheDtype) {
  const Tensor mask = FromList<bool>({true, false});
  EXPECT_EQ(MaskedFill(FromList<bool>({false, false}), mask, 1).dtype(), kBool);
  EXPECT_EQ(MaskedFill(FromList<int32_t>({1, 2}), mask, 7.9).data<int32_t>()[0], 7);
  EXPECT_THAT(Values(MaskedFill(Ones({2}), mask, FromList<double>({4}))), ElementsAre(4, 1));
  EXPECT_THAT(ErrorOf([&] { MaskedFill(Ones({2}), mask, Ones({2})); }), HasSubstr("one element"));
}

TEST(CompositeTest, IsCloseNearInfinitiesAndWraps) {
  const auto close = [](const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8) {
    return Values(IsClose(a, b, rtol, atol));
  };
  const double inf = INFINITY;
  EXPECT_THAT(
      close(FromList<double>({1, -inf, inf, inf, NAN}), FromList<double>({inf, inf, 1, inf, NAN})),
      ElementsAre(0, 0, 0, 1, 0));
  EXPECT_THAT(Values(IsClose(ScalarTensor(NAN), ScalarTensor(NAN), 0, 0, true)), ElementsAre(1));
  EXPECT_THAT(close(FromList<uint8_t>({1, 1}), FromList<uint8_t>({2, 3}), 0, 1), ElementsAre(1, 0));
  EXPECT_THAT(close(FromList<int32_t>({INT32_MIN}), FromList<int32_t>({0})), ElementsAre(0));
  EXPECT_THAT(close(FromList<int64_t>({INT64_MIN}), FromList<int64_t>({INT64_MAX})),
              ElementsAre(0));
  EXPECT_THAT(close(FromList<int64_t>({INT64_MIN}), FromList<int64_t>({INT64_MAX}), 0, 2e19),
              ElementsAre(1));
  const int64_t big = int64_t{1} << 60;
  EXPECT_THAT(close(FromList<int64_t>({big, big}), FromList<int64_t>({big + 1, big + 1}), 0, 0.5),
              ElementsAre(0, 0));
  EXPECT_THAT(close(FromList<bool>({true, true}), FromList<bool>({true, false})),
              ElementsAre(1, 0));
}

TEST(CompositeTest, ConvolutionsOfIntegersWrapAsTheirProductsDo) {
  const Tensor x = Cast(Floor(Rand({2, 4, 5, 6}, {.dtype = kFloat64}) * 9), kInt64),
               w = Cast(Floor(Rand({6, 2, 2, 3}, {.dtype = kFloat64}) * 9), kInt64),
               bias = Arange(6);
  const ConvOptions options{.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .groups = 2};
  const auto wide = [](const Tensor& t) { return Cast(t, kFloat64); };
  const Tensor y = Conv2d(x, w, bias, options);
  EXPECT_EQ(y.dtype(), kInt64);
  EXPECT_THAT(Values(y), ElementsAreArray(Values(Conv2d(wide(x), wide(w), wide(bias), options))));
  const ConvTransposeOptions back{
      .stride = {2, 1}, .padding = {2, 1}, .output_padding = {1, 0}, .groups = 2, .dilation = 2};
  const Tensor v = Cast(Floor(Rand({4, 3, 2, 3}, {.dtype = kFloat64}) * 9), kInt64);
  const Tensor z = ConvTranspose2d(x, v, {}, back);
  EXPECT_THAT(Values(z), ElementsAreArray(Values(ConvTranspose2d(wide(x), wide(v), {}, back))));
  // 2^62 * 4 + 3 * 1
  const Tensor large = Conv1d(FromList<int64_t>({int64_t{1} << 62, 3}, {1, 1, 2}),
                              FromList<int64_t>({4, 1}, {1, 1, 2}));
  EXPECT_EQ(large.Item<int64_t>(), 3);
  EXPECT_THAT(ErrorOf([&] { Conv2d(x, v, {}, options); }), HasSubstr("conv2d: with groups = 2"));
}

TEST(CompositeTest, AveragesOfIntegersAreCutOff) {
  const Tensor x = FromList<int64_t>({1, 2, -4, -4, 7}, {1, 1, 5});
  EXPECT_THAT(Values(AvgPool1d(x, {.kernel_size = 2, .stride = 1})), ElementsAre(1, -1, -4, 1));
}

TEST(CompositeTest, PaddingByNames) {
  const Tensor x = Arange(1.0, 6.0), w = FromList<float>({1, 10, 100, 1000}, {1, 1, 4});
  const Tensor signal = Reshape(x, {1, 1, 5});
  const auto conv = [&](const ConvPadding& padding, const Sizes& stride = 1) {
    return ConvFrom<&Conv1d>(signal, w, {}, stride, padding, 1, 1);
  };
  // One zero before, two behind.
  EXPECT_THAT(Values(conv(std::string("same"))), ElementsAre(3210, 4321, 5432, 543, 54));
  EXPECT_THAT(Values(conv(std::string("valid"))), ElementsAre(4321, 5432));
  EXPECT_THAT(ErrorOf([&] { conv(std::string("same"), 2); }), HasSubstr("strided convolutions"));
  EXPECT_THAT(ErrorOf([&] { conv(std::string("full")); }), HasSubstr("'full'"));
}

TEST(CompositeTest, HistogramsOfPoints) {
  const Tensor points = FromList<double>({0, 0, 1, 3, 2, 1, 2, 3, 9, 9}, {5, 2});
  const Tensor rows = FromList<double>({0, 1, 2});
  const HistogramOfPoints result = HistogramDd(points, {rows, 3}, std::vector<double>{0, 0, 0, 3},
                                               FromList<double>({1, 2, 3, 4, 5}));
  EXPECT_EQ(result.hist.shape(), DimsView({2, 3}));
  EXPECT_THAT(Values(result.hist), ElementsAre(1, 0, 0, 0, 3, 6));
  EXPECT_THAT(Values(result.bin_edges[1]), ElementsAre(0, 1, 2, 3));
  const HistogramOfPoints density =
      HistogramDd(points, {rows, FromList<double>({0, 2, 4})}, {}, {}, true);
  EXPECT_THAT(Values(density.hist), ElementsAre(0.125, 0, 0.125, 0.25));
  EXPECT_THAT(ErrorOf([&] { HistogramDd(points, {1, 2, 3}); }), HasSubstr("3 bins for 2 dim"));
}

TEST(CompositeTest, SegmentsOfNothing) {
  const Tensor x = FromList<double>({1, NAN}), lengths = FromList<int64_t>({0, 2});
  EXPECT_THAT(Values(SegmentReduce(x, "sum", lengths)), ElementsAre(0, IsNan()));
  EXPECT_THAT(Values(SegmentReduce(x, "mean", lengths)), ElementsAre(IsNan(), IsNan()));
  EXPECT_THAT(Values(SegmentReduce(x, "max", lengths)), ElementsAre(-INFINITY, IsNan()));
  EXPECT_THAT(Values(SegmentReduce(x, "min", lengths, {}, 0, false, 3)), ElementsAre(3, IsNan()));
  EXPECT_THAT(ErrorOf([&] { SegmentReduce(x, "sum", FromList<int64_t>({1})); }),
              HasSubstr("extent 2 of dimension 0"));
  EXPECT_THAT(ErrorOf([&] { SegmentReduce(x, "all", lengths); }), HasSubstr("\"all\""));
}

TEST(CompositeTest, OverNoElements) {
  EXPECT_EQ(LogSumExp(Zeros({0})).Item<float>(), -INFINITY);
  EXPECT_THAT(Values(LogSumExp(Zeros({2, 0}), {.dims = {1}})), ElementsAre(-INFINITY, -INFINITY));
  EXPECT_EQ(LogSumExp(Zeros({2, 0}), {.dims = {1}, .keepdim = true}).shape(), DimsView({2, 1}));
  EXPECT_EQ(LogSumExp(Zeros({2, 0}), {.dims = {0}}).numel(), 0);
  EXPECT_THAT(ErrorOf([] { Norm(Zeros({0}), INFINITY); }), HasSubstr("norm: "));
  EXPECT_THAT(ErrorOf([] { Norm(Zeros({2, 0}), INFINITY, {.dims = {-1}}); }), HasSubstr("norm: "));
}

TEST(TensorSummaryTest, CountsWhatIsNotFiniteApart) {
  const double inf = INFINITY;
  const TensorSummary summary(FromList<float>({1, 3, NAN, static_cast<float>(-inf)}, {2, 2}));
  EXPECT_EQ(summary.ToString(),
            "float32 [2, 2] on cpu: min 1, max 3, mean 2, std 1.41421, 1 NaN, 1 inf");
  EXPECT_TRUE(std::isnan(TensorSummary(Zeros({0})).mean));
  EXPECT_EQ(TensorSummary(FromList<bool>({true, false})).mean, 0.5);
}

TEST(SearchSortedTest, SameForManyElements) {
  const Tensor sorted = Arange(0.0, 100.0), x = Linspace(-5, 105, 5000);
  const Tensor places = SearchSorted(sorted, x);
  for (int64_t i : {0, 1023, 1024, 4999}) {
    EXPECT_EQ(SearchSorted(sorted, Slice(x, 0, i, i + 1)).Item<int64_t>(),
              Select(places, 0, i).Item<int64_t>());
  }
}

}  // namespace
}  // namespace neura
