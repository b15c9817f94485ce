#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/data/audio/functional.h"
#include "neura/tensor/tensor.h"

namespace neura::data::audio::functional {
namespace {

// What a bank of filters may have: more is taken for a mistake.
constexpr int64_t kMaxElements = int64_t{1} << 28;

void CheckSignal(const char* function, const Tensor& waveform) {
  const bool floats =
      waveform.defined() && (waveform.dtype() == kFloat32 || waveform.dtype() == kFloat64);
  if (!floats || waveform.dim() < 1) {
    ThrowInvalidArgument(
        absl::StrCat(function, ": a waveform [..., time] of float32 or float64 is expected, not ",
                     Describe(waveform)));
  }
}

Tensor WindowLike(const Tensor& window, const Tensor& signal) {
  return Cast(To(window, signal.device()), RealDType(signal.dtype()));
}

void CheckNormalized(const char* function, const std::string& normalized) {
  if (normalized != "none" && normalized != "window" && normalized != "frame_length") {
    ThrowInvalidArgument(absl::StrCat(function, ": normalized is 'window' or 'frame_length', not '",
                                      normalized, "'"));
  }
}

void CheckPower(const char* function, double power) {
  if (!(power > 0)) {
    ThrowInvalidArgument(absl::StrCat(function, ": power is above 0, not ", power));
  }
}

// The last `kept` dimensions behind one that holds all others.
Tensor Rows(const Tensor& input, int64_t kept) {
  Dims shape(input.shape().end() - kept, input.shape().end());
  shape.insert(shape.begin(), -1);
  return Reshape(input, shape);
}

// The other way round: `result` has one dimension for all but the last `kept` of `input`.
Tensor LikeRows(const Tensor& result, const Tensor& input, int64_t kept) {
  Dims shape(input.shape().begin(), input.shape().end() - kept);
  shape.insert(shape.end(), result.shape().begin() + 1, result.shape().end());
  return Reshape(result, shape);
}

double HzToMel(double hz, bool slaney) {
  if (!slaney) return 2595 * std::log10(1 + hz / 700);
  // 15 mels up to 1000 Hz, and 27 more for each factor of 6.4.
  return hz < 1000 ? hz * 3 / 200 : 15 + 27 * std::log(hz / 1000) / std::log(6.4);
}

double MelToHz(double mel, bool slaney) {
  if (!slaney) return 700 * (std::pow(10, mel / 2595) - 1);
  return mel < 15 ? mel * 200 / 3 : 1000 * std::exp((mel - 15) * std::log(6.4) / 27);
}

void CheckBank(const char* function, int64_t n_freqs, double f_min, double f_max, int64_t filters,
               int64_t sample_rate) {
  if (n_freqs < 1 || filters < 1 || sample_rate < 1) {
    ThrowInvalidArgument(absl::StrCat(function, ": positive sizes are expected, not ", n_freqs,
                                      " frequencies, ", filters, " filters and a sample rate of ",
                                      sample_rate));
  }
  if (n_freqs > kMaxElements / filters) {
    ThrowInvalidArgument(absl::StrCat(function, ": ", n_freqs, " frequencies times ", filters,
                                      " filters are too many"));
  }
  if (!(f_min >= 0 && f_min <= f_max)) {
    ThrowInvalidArgument(absl::StrCat(
        function, ": require 0 <= f_min <= f_max, not f_min = ", f_min, " and f_max = ", f_max));
  }
}

// Triangles with their feet and tops at three of the points after one another.
Tensor Triangles(int64_t n_freqs, int64_t sample_rate, const std::vector<double>& points,
                 bool equal_areas) {
  const size_t filters = points.size() - 2;
  std::vector<float> bank(static_cast<size_t>(n_freqs) * filters);
  // Half of the rate is a whole number, as torchaudio has it.
  const auto top = static_cast<double>(sample_rate / 2);
  const double step = n_freqs > 1 ? top / static_cast<double>(n_freqs - 1) : 0;
  for (size_t i = 0; i < static_cast<size_t>(n_freqs); ++i) {
    const double hz = step * static_cast<double>(i);
    for (size_t k = 0; k < filters; ++k) {
      const double up = (hz - points[k]) / (points[k + 1] - points[k]);
      const double down = (points[k + 2] - hz) / (points[k + 2] - points[k + 1]);
      const double height = std::max(0.0, std::min(up, down));
      const double scale = equal_areas ? 2 / (points[k + 2] - points[k]) : 1;
      bank[i * filters + k] = static_cast<float>(height * scale);
    }
  }
  return FromVector(bank, {n_freqs, static_cast<int64_t>(filters)});
}

}  // namespace

Tensor Spectrogram(const Tensor& waveform, const Tensor& window,
                   const SpectrogramOptions& options) {
  CheckSignal("spectrogram", waveform);
  CheckNormalized("spectrogram", options.normalized);
  if (options.power) CheckPower("spectrogram", *options.power);
  if (options.pad < 0) {
    ThrowInvalidArgument(absl::StrCat("spectrogram: pad is at least 0, not ", options.pad));
  }
  Tensor rows = Rows(waveform, 1);
  if (options.pad > 0) rows = Pad(rows, {.before = {0, options.pad}, .after = {0, options.pad}});
  const Tensor own = WindowLike(window, waveform);
  Tensor spectrum =
      Stft(rows, options.n_fft, options.hop(), options.window_length(), own, options.center,
           options.pad_mode, options.normalized == "frame_length", options.onesided);
  spectrum = LikeRows(spectrum, waveform, 1);
  if (options.normalized == "window") spectrum = spectrum / Sqrt(Sum(Square(own)));
  if (!options.power) return spectrum;
  if (*options.power == 1) return Abs(spectrum);
  if (*options.power == 2) return Sum(Square(ViewAsReal(spectrum)), {.dims = {-1}});
  return Pow(Abs(spectrum), *options.power);
}

Tensor InverseSpectrogram(const Tensor& spectrogram, const std::optional<int64_t>& length,
                          const Tensor& window, const SpectrogramOptions& options) {
  CheckNormalized("inverse_spectrogram", options.normalized);
  if (!spectrogram.defined() || !IsComplex(spectrogram.dtype()) || spectrogram.dim() < 2) {
    ThrowInvalidArgument(absl::StrCat(
        "inverse_spectrogram: complex numbers [..., frequency, frame] are expected, not ",
        Describe(spectrogram)));
  }
  const Tensor own = WindowLike(window, spectrogram);
  Tensor rows = Rows(spectrogram, 2);
  if (options.normalized == "window") rows = rows * Sqrt(Sum(Square(own)));
  std::optional<int64_t> padded = length;
  if (length) padded = *length + 2 * options.pad;
  Tensor waveform =
      Istft(rows, options.n_fft, options.hop(), options.window_length(), own, options.center,
            options.normalized == "frame_length", options.onesided, padded);
  if (length && options.pad > 0) waveform = Narrow(waveform, 1, options.pad, *length);
  return LikeRows(waveform, spectrogram, 2);
}

Tensor GriffinLim(const Tensor& specgram, const Tensor& window, const SpectrogramOptions& options,
                  const GriffinLimOptions& more) {
  CheckSignal("griffinlim", specgram);
  const double power = options.power.value_or(1);
  CheckPower("griffinlim", power);
  if (!(more.momentum >= 0 && more.momentum < 1) || specgram.dim() < 2) {
    ThrowInvalidArgument(absl::StrCat("griffinlim: a momentum in [0, 1) and a spectrogram [..., ",
                                      "frequency, frame] are expected, not ", more.momentum,
                                      " and ", Describe(specgram)));
  }
  const double momentum = more.momentum / (1 + more.momentum);
  const Tensor own = WindowLike(window, specgram);
  const Tensor heights = Pow(Rows(specgram, 2), 1 / power);
  const TensorOptions like{.dtype = specgram.dtype(), .device = specgram.device()};
  Tensor angles = more.rand_init
                      ? Complex(Rand(heights.shape(), like), Rand(heights.shape(), like))
                      : Complex(Ones(heights.shape(), like), Zeros(heights.shape(), like));
  const auto back = [&] {
    return Istft(heights * angles, options.n_fft, options.hop(), options.window_length(), own,
                 /*center=*/true, /*normalized=*/false, /*onesided=*/true, more.length);
  };
  Tensor previous;
  for (int64_t i = 0; i < more.n_iter; ++i) {
    const Tensor rebuilt = Stft(back(), options.n_fft, options.hop(), options.window_length(), own);
    angles = rebuilt;
    if (momentum > 0 && previous.defined()) angles = angles - previous * momentum;
    angles = angles / (Abs(angles) + 1e-16);
    previous = rebuilt;
  }
  return LikeRows(back(), specgram, 2);
}

Tensor MelscaleFbanks(int64_t n_freqs, double f_min, double f_max, int64_t n_mels,
                      int64_t sample_rate, const std::optional<std::string>& norm,
                      const std::string& mel_scale) {
  CheckBank("melscale_fbanks", n_freqs, f_min, f_max, n_mels, sample_rate);
  if (norm && *norm != "slaney") {
    ThrowInvalidArgument(
        absl::StrCat("melscale_fbanks: norm must be one of None or 'slaney', not '", *norm, "'"));
  }
  if (mel_scale != "htk" && mel_scale != "slaney") {
    ThrowInvalidArgument(absl::StrCat("melscale_fbanks: mel_scale should be one of 'htk' or ",
                                      "'slaney', not '", mel_scale, "'"));
  }
  const bool slaney = mel_scale == "slaney";
  const double low = HzToMel(f_min, slaney), high = HzToMel(f_max, slaney);
  std::vector<double> points;
  for (int64_t i = 0; i < n_mels + 2; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(n_mels + 1);
    points.push_back(MelToHz(low + (high - low) * share, slaney));
  }
  return Triangles(n_freqs, sample_rate, points, norm.has_value());
}

Tensor LinearFbanks(int64_t n_freqs, double f_min, double f_max, int64_t n_filter,
                    int64_t sample_rate) {
  CheckBank("linear_fbanks", n_freqs, f_min, f_max, n_filter, sample_rate);
  std::vector<double> points;
  for (int64_t i = 0; i < n_filter + 2; ++i) {
    points.push_back(f_min +
                     (f_max - f_min) * static_cast<double>(i) / static_cast<double>(n_filter + 1));
  }
  return Triangles(n_freqs, sample_rate, points, false);
}

Tensor AmplitudeToDb(const Tensor& x, double multiplier, double amin, double db_multiplier,
                     const std::optional<double>& top_db) {
  CheckSignal("amplitude_to_DB", x);
  if (!(amin > 0)) {
    ThrowInvalidArgument(absl::StrCat("amplitude_to_DB: amin is above 0, not ", amin));
  }
  Tensor db = multiplier * Log10(Clamp(x, {.min = amin})) - multiplier * db_multiplier;
  if (!top_db || db.numel() == 0) return db;
  // All of an example has one largest element.
  Dims dims;
  for (int64_t i = 0; i < std::min<int64_t>(db.dim(), 3); ++i) dims.push_back(-1 - i);
  return Maximum(db, AMax(db, {.dims = dims, .keepdim = true}) - *top_db);
}

Tensor DbToAmplitude(const Tensor& x, double ref, double power) {
  CheckSignal("DB_to_amplitude", x);
  return ref * Pow(Pow(10.0, 0.1 * x), power);
}

Tensor CreateDct(int64_t n_mfcc, int64_t n_mels, const std::optional<std::string>& norm) {
  if (norm && *norm != "ortho") {
    ThrowInvalidArgument(
        absl::StrCat("create_dct: norm must be one of None or 'ortho', not '", *norm, "'"));
  }
  if (n_mfcc < 1 || n_mels < 1 || n_mfcc > kMaxElements / n_mels) {
    ThrowInvalidArgument(absl::StrCat("create_dct: n_mfcc = ", n_mfcc, " and n_mels = ", n_mels,
                                      " are no size of a matrix"));
  }
  std::vector<float> matrix;
  matrix.reserve(static_cast<size_t>(n_mfcc * n_mels));
  const auto count = static_cast<double>(n_mels);
  for (int64_t n = 0; n < n_mels; ++n) {
    for (int64_t k = 0; k < n_mfcc; ++k) {
      const double value = std::cos(std::numbers::pi / count * (static_cast<double>(n) + 0.5) *
                                    static_cast<double>(k));
      const double scale = !norm ? 2 : k == 0 ? std::sqrt(1 / count) : std::sqrt(2 / count);
      matrix.push_back(static_cast<float>(value * scale));
    }
  }
  return FromVector(matrix, {n_mels, n_mfcc});
}

}  // namespace neura::data::audio::functional
