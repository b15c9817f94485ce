// Spectra and resampling beside their formulas in plain loops.
#include "neura/data/audio/audio.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::data::audio {
namespace {

using neura::testing::Close;
using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

constexpr double kPi = std::numbers::pi;

// Some numbers in any order.
Tensor Noise(const Dims& shape) {
  Tensor noise = Zeros(shape, {.dtype = kFloat64});
  uint32_t state = 1;
  for (int64_t i = 0; i < noise.numel(); ++i) {
    state = state * 1664525 + 1013904223;
    noise.data<double>()[i] = state / 2147483648.0 - 1;
  }
  return noise;
}

// The power spectrogram of a signal, centred, with reflected ends, and Hann's window of n_fft.
std::vector<double> PowerOf(const std::vector<double>& signal, int64_t n_fft, int64_t hop) {
  const auto length = static_cast<int64_t>(signal.size());
  std::vector<double> power;
  for (int64_t f = 0; f <= n_fft / 2; ++f) {
    for (int64_t t = 0; t * hop <= length; ++t) {
      std::complex<double> sum = 0;
      for (int64_t i = 0; i < n_fft; ++i) {
        int64_t at = std::abs(t * hop + i - n_fft / 2);
        if (at >= length) at = 2 * (length - 1) - at;
        const double window =
            0.5 - 0.5 * std::cos(2 * kPi * static_cast<double>(i) / static_cast<double>(n_fft));
        sum += signal[static_cast<size_t>(at)] * window *
               std::polar(1.0, -2 * kPi * static_cast<double>(f * i) / static_cast<double>(n_fft));
      }
      power.push_back(std::norm(sum));
    }
  }
  return power;
}

TEST(SpectrogramTest, IsTheSquareOfTheTransform) {
  const Tensor signal = Noise({2, 50});
  const Tensor result = Spectrogram({.n_fft = 16})(signal);
  EXPECT_THAT(result.shape(), ElementsAre(2, 9, 7));
  EXPECT_THAT(Values<double>(Select(result, 0, 1)),
              Pointwise(DoubleNear(1e-5), PowerOf(Values<double>(Select(signal, 0, 1)), 16, 8)));
  // The window is float32.
  EXPECT_TRUE(Close(Spectrogram({.n_fft = 16, .power = 1.0})(signal), Sqrt(result), 1e-6));
  EXPECT_TRUE(Close(Spectrogram({.n_fft = 16, .power = 3.0})(signal), Pow(result, 1.5), 1e-4));
  const Tensor complex = Spectrogram({.n_fft = 16, .power = {}})(signal);
  EXPECT_EQ(complex.dtype(), kComplex128);
  EXPECT_TRUE(Close(Square(Abs(complex)), result, 1e-6));
  // The squares of Hann's window of 16 elements add up to 6.
  EXPECT_TRUE(Close(Spectrogram({.n_fft = 16, .normalized = "window"})(signal), result / 6, 1e-5));
  EXPECT_TRUE(
      Close(Spectrogram({.n_fft = 16, .normalized = "frame_length"})(signal), result / 16, 1e-5));
  const Tensor padded =
      Cat({Zeros({2, 3}, {.dtype = kFloat64}), signal, Zeros({2, 3}, {.dtype = kFloat64})}, 1);
  EXPECT_TRUE(
      Close(Spectrogram({.n_fft = 16, .pad = 3})(signal), Spectrogram({.n_fft = 16})(padded)));
  EXPECT_THAT(
      Spectrogram({.n_fft = 16, .hop_length = 5, .center = false, .onesided = false})(Noise({50}))
          .shape(),
      ElementsAre(16, 7));
}

TEST(SpectrogramTest, GoesBack) {
  const Tensor signal = Noise({2, 48});
  const Tensor complex =
      Spectrogram({.n_fft = 16, .pad = 4, .power = {}, .normalized = "window"})(signal);
  const InverseSpectrogram inverse({.n_fft = 16, .pad = 4, .normalized = "window"});
  EXPECT_TRUE(Close(inverse(complex, 48), signal, 1e-6));
  EXPECT_THAT(inverse(complex).shape(), ElementsAre(2, 56));
}

TEST(SpectrogramTest, GriffinLimComesCloser) {
  const Tensor signal = Sin(Arange(400.0) * 0.3);
  const Tensor power = Spectrogram({.n_fft = 64, .hop_length = 16})(signal);
  const auto error = [&](int64_t n_iter) {
    const GriffinLim back({.n_fft = 64, .hop_length = 16},
                          {.n_iter = n_iter, .length = 400, .rand_init = false});
    const Tensor again = Spectrogram({.n_fft = 64, .hop_length = 16})(back(power));
    return Mean(Abs(Sqrt(again) - Sqrt(power))).Item<double>();
  };
  EXPECT_LT(error(30), error(0) / 4);
}

TEST(SpectrogramTest, RefusesOtherTensors) {
  EXPECT_THAT(ErrorOf([] { Spectrogram()(Zeros({400}, {.dtype = kInt64})); }),
              HasSubstr("spectrogram: a waveform [..., time] of float32 or float64"));
  EXPECT_THAT(ErrorOf([] { Spectrogram({.normalized = "x"})(Zeros({400})); }),
              HasSubstr("not 'x'"));
  EXPECT_THAT(ErrorOf([] { Spectrogram({.power = 0.0})(Zeros({400})); }), HasSubstr("above 0"));
  EXPECT_THAT(ErrorOf([] { MelScale()(Zeros({100, 3})); }), HasSubstr("[..., 201, frame]"));
}

TEST(MelTest, FiltersAreTriangles) {
  // From 0 to 100 Hz three points at equal distances, of which the middle is one filter's top.
  const Tensor linear = functional::LinearFbanks(5, 0, 100, 1, 200);
  EXPECT_THAT(Values<double>(linear), ElementsAre(0, 0.5, 1, 0.5, 0));
  const double top = 700 * (std::sqrt(1 + 4000.0 / 700) - 1);  // half of the mels of 4000 Hz
  const Tensor mel = functional::MelscaleFbanks(3, 0, 4000, 1, 8000);
  EXPECT_THAT(Values<double>(mel),
              Pointwise(DoubleNear(1e-6), {0.0, (4000 - 2000) / (4000 - top), 0.0}));
  // On Slaney's scale, 500 Hz are 7.5 mels and 6400 Hz are 42.
  const Tensor slaney = functional::MelscaleFbanks(3, 0, 6400, 1, 12800, "slaney", "slaney");
  const double middle = 1000 * std::exp((21 - 15) * std::log(6.4) / 27);
  EXPECT_THAT(Values<double>(slaney),
              Pointwise(DoubleNear(1e-9), {0.0, 2 / 6400.0 * 3200 / (6400 - middle), 0.0}));
  EXPECT_THAT(ErrorOf([] { functional::MelscaleFbanks(3, 5, 1, 1, 8000); }),
              HasSubstr("require 0 <= f_min <= f_max"));
  EXPECT_THAT(ErrorOf([] { functional::MelscaleFbanks(3, 0, 1, 1, 8000, "x"); }),
              HasSubstr("norm"));
  EXPECT_THAT(ErrorOf([] { functional::MelscaleFbanks(3, 0, 1, 1, 8000, {}, "bark"); }),
              HasSubstr("'bark'"));
}

TEST(MelTest, SpectrogramsAreWeighed) {
  const Tensor signal = Noise({60});
  const MelSpectrogram mel({.sample_rate = 8000, .n_fft = 16, .n_mels = 4});
  const Tensor power = Spectrogram({.n_fft = 16})(signal);
  const Tensor expected = MatMul(Transpose(Cast(mel.mel_scale.fb, kFloat64), 0, 1), power);
  EXPECT_TRUE(Close(mel(signal), expected, 1e-9));
}

TEST(DecibelTest, HaveAFloorBelowTheLargest) {
  const Tensor x = FromList<double>({1, 10, 100, 0}, {1, 2, 2});
  EXPECT_THAT(Values<double>(AmplitudeToDb()(x)), ElementsAre(0, 10, 20, -100));
  EXPECT_THAT(Values<double>(AmplitudeToDb{.top_db = 15}(x)), ElementsAre(5, 10, 20, 5));
  EXPECT_THAT(Values<double>(AmplitudeToDb{.stype = "magnitude"}(x)), ElementsAre(0, 20, 40, -200));
  // Each example of a batch has its own.
  const Tensor batch = FromList<double>({1, 1000, 1, 10}, {2, 1, 1, 2});
  EXPECT_THAT(Values<double>(AmplitudeToDb{.top_db = 8}(batch)), ElementsAre(22, 30, 2, 10));
  EXPECT_TRUE(Close(functional::DbToAmplitude(FromList<double>({0, 10, 20}), 2, 0.5),
                    FromList<double>({2, 2 * std::sqrt(10.0), 20}), 1e-9));
  EXPECT_THAT(ErrorOf([&] { AmplitudeToDb{.top_db = -1}(x); }), HasSubstr("top_db"));
}

TEST(MfccTest, IsTheCosineTransformOfDecibels) {
  const Tensor dct = functional::CreateDct(2, 3, "ortho");
  EXPECT_THAT(
      Values<double>(dct),
      Pointwise(DoubleNear(1e-6),
                {std::sqrt(1 / 3.0), std::sqrt(2 / 3.0) * std::cos(kPi / 6), std::sqrt(1 / 3.0),
                 0.0, std::sqrt(1 / 3.0), std::sqrt(2 / 3.0) * std::cos(5 * kPi / 6)}));
  EXPECT_THAT(Values<double>(functional::CreateDct(2, 1, {})),
              Pointwise(DoubleNear(1e-6), {2.0, 0.0}));
  const Tensor signal = Noise({2, 100});
  const MelSpectrogramOptions mels{.sample_rate = 8000, .n_fft = 32, .n_mels = 6};
  const Mfcc mfcc({.sample_rate = 8000, .n_mfcc = 3, .melkwargs = mels});
  const Tensor db = AmplitudeToDb{.top_db = 80}(MelSpectrogram(mels)(signal));
  const Tensor matrix = Transpose(Cast(functional::CreateDct(3, 6, "ortho"), kFloat64), 0, 1);
  EXPECT_TRUE(Close(mfcc(signal), MatMul(matrix, db), 1e-9));
  EXPECT_THAT(ErrorOf([] { Mfcc({.n_mfcc = 200}); }), HasSubstr("more MFCC coefficients (200)"));
}

// The sum over all elements of what each adds at a time of the result.
std::vector<double> Resampled(const std::vector<double>& signal, double orig, double made,
                              size_t count, double width, double rolloff) {
  const double base = std::min(orig, made) * rolloff;
  std::vector<double> result(count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t k = 0; k < signal.size(); ++k) {
      const double t = (static_cast<double>(k) / orig - static_cast<double>(i) / made) * base;
      if (std::abs(t) >= width) continue;
      const double sinc = t == 0 ? 1 : std::sin(kPi * t) / (kPi * t);
      result[i] += signal[k] * sinc * std::pow(std::cos(kPi * t / width / 2), 2) * base / orig;
    }
  }
  return result;
}

TEST(ResampleTest, InterpolatesByASinc) {
  const Tensor signal = Noise({2, 61});
  for (const auto& rates :
       std::vector<std::pair<int64_t, int64_t>>{{3, 2}, {2, 3}, {8000, 16000}, {7, 5}}) {
    const Tensor result = functional::Resample(signal, rates.first, rates.second);
    const auto length = (61 * rates.second + rates.first - 1) / rates.first;
    ASSERT_THAT(result.shape(), ElementsAre(2, length));
    EXPECT_THAT(Values<double>(Select(result, 0, 1)),
                Pointwise(DoubleNear(1e-9), Resampled(Values<double>(Select(signal, 0, 1)),
                                                      static_cast<double>(rates.first),
                                                      static_cast<double>(rates.second),
                                                      static_cast<size_t>(length), 6, 0.99)));
    EXPECT_TRUE(Close(Resample(rates.first, rates.second)(signal), result, 1e-12));
  }
  EXPECT_TRUE(Close(functional::Resample(signal, 5, 5), signal));
  // Kaiser's window with beta 0 is flat.
  const Tensor flat = functional::SincResampleKernel(
      2, 1, {.rolloff = 1, .resampling_method = "sinc_interp_kaiser", .beta = 0});
  EXPECT_NEAR(flat.data<double>()[12], 0.5, 1e-12);
  EXPECT_NEAR(flat.data<double>()[13], 0.5 * 2 / kPi, 1e-12);
  EXPECT_THAT(ErrorOf([&] { functional::Resample(signal, 44100, 1000003); }),
              HasSubstr("larger common divisor"));
  EXPECT_THAT(ErrorOf([&] { functional::Resample(signal, 0, 3); }), HasSubstr("positive"));
  EXPECT_THAT(ErrorOf([&] { functional::Resample(signal, 1, 2, {.resampling_method = "x"}); }),
              HasSubstr("'x'"));
}

TEST(AudioGradientsTest, AreThoseOfNumbers) {
  using autograd::GradCheck;
  const std::vector<Tensor> signal = {Noise({40})};
  const auto check = [&](const auto& f) {
    return GradCheck([&](const std::vector<Tensor>& in) { return std::vector<Tensor>{f(in[0])}; },
                     signal, {.eps = 1e-6, .atol = 1e-4, .rtol = 1e-4});
  };
  EXPECT_EQ(check(Spectrogram({.n_fft = 8})), "");
  EXPECT_EQ(check(Spectrogram({.n_fft = 8, .power = 1.0, .normalized = "window"})), "");
  EXPECT_EQ(check(MelSpectrogram({.sample_rate = 100, .n_fft = 8, .n_mels = 2})), "");
  EXPECT_EQ(check(Mfcc({.sample_rate = 100,
                        .n_mfcc = 2,
                        .melkwargs = {.sample_rate = 100, .n_fft = 8, .n_mels = 2}})),
            "");
  EXPECT_EQ(check(Resample(3, 2)), "");
  const Spectrogram forth({.n_fft = 8, .power = {}});
  const InverseSpectrogram back({.n_fft = 8});
  EXPECT_EQ(check([&](const Tensor& x) { return back(forth(x) * x.size(0)); }), "");
}

}  // namespace
}  // namespace neura::data::audio
