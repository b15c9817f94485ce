#include "neura/data/audio/transforms.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/tensor.h"

namespace neura::data::audio {
namespace {

Tensor WindowOf(const SpectrogramOptions& options) {
  const int64_t length = options.window_length();
  return options.window_fn ? options.window_fn(length) : HannWindow(length);
}

// [..., a, frame] times a matrix [a, b].
Tensor AcrossFrequencies(const Tensor& specgram, const Tensor& matrix) {
  const Tensor own = Cast(To(matrix, specgram.device()), specgram.dtype());
  return Transpose(MatMul(Transpose(specgram, -1, -2), own), -1, -2);
}

SpectrogramOptions SpectrumOf(const MelSpectrogramOptions& options) {
  return {.n_fft = options.n_fft,
          .win_length = options.win_length,
          .hop_length = options.hop_length,
          .pad = options.pad,
          .window_fn = options.window_fn,
          .power = options.power,
          .normalized = options.normalized,
          .center = options.center,
          .pad_mode = options.pad_mode};
}

MelScaleOptions ScaleOf(const MelSpectrogramOptions& options) {
  return {.n_mels = options.n_mels,
          .sample_rate = options.sample_rate,
          .f_min = options.f_min,
          .f_max = options.f_max,
          .n_stft = options.n_fft / 2 + 1,
          .norm = options.norm,
          .mel_scale = options.mel_scale};
}

MelSpectrogramOptions MelsOf(const MfccOptions& options) {
  if (options.n_mfcc > options.melkwargs.n_mels) {
    ThrowInvalidArgument(absl::StrCat("MFCC: cannot select more MFCC coefficients (",
                                      options.n_mfcc, ") than mel bins (", options.melkwargs.n_mels,
                                      ")"));
  }
  MelSpectrogramOptions mels = options.melkwargs;
  mels.sample_rate = options.sample_rate;
  return mels;
}

}  // namespace

Spectrogram::Spectrogram(SpectrogramOptions given)
    : options(std::move(given)), window(WindowOf(options)) {}

Tensor Spectrogram::operator()(const Tensor& waveform) const {
  return functional::Spectrogram(waveform, window, options);
}

InverseSpectrogram::InverseSpectrogram(SpectrogramOptions given)
    : options(std::move(given)), window(WindowOf(options)) {}

Tensor InverseSpectrogram::operator()(const Tensor& spectrogram,
                                      const std::optional<int64_t>& length) const {
  return functional::InverseSpectrogram(spectrogram, length, window, options);
}

GriffinLim::GriffinLim(SpectrogramOptions given, functional::GriffinLimOptions rest)
    : options(std::move(given)), more(std::move(rest)), window(WindowOf(options)) {}

Tensor GriffinLim::operator()(const Tensor& specgram) const {
  return functional::GriffinLim(specgram, window, options, more);
}

MelScale::MelScale(const MelScaleOptions& options)
    : fb(functional::MelscaleFbanks(
          options.n_stft, options.f_min,
          options.f_max.value_or(static_cast<double>(options.sample_rate / 2)), options.n_mels,
          options.sample_rate, options.norm, options.mel_scale)) {}

Tensor MelScale::operator()(const Tensor& specgram) const {
  if (!specgram.defined() || specgram.dim() < 2 || specgram.size(-2) != fb.size(0)) {
    ThrowInvalidArgument(absl::StrCat("MelScale: a spectrogram [..., ", fb.size(0),
                                      ", frame] is expected, not ", Describe(specgram)));
  }
  return AcrossFrequencies(specgram, fb);
}

MelSpectrogram::MelSpectrogram(const MelSpectrogramOptions& options)
    : spectrogram(SpectrumOf(options)), mel_scale(ScaleOf(options)) {}

Tensor AmplitudeToDb::operator()(const Tensor& x) const {
  if (stype != "power" && stype != "magnitude") {
    ThrowInvalidArgument(
        absl::StrCat("AmplitudeToDB: stype is 'power' or 'magnitude', not '", stype, "'"));
  }
  if (top_db && !(*top_db >= 0)) {
    ThrowInvalidArgument(
        absl::StrCat("AmplitudeToDB: top_db must be positive value, not ", *top_db));
  }
  // Against 1.
  return functional::AmplitudeToDb(x, stype == "power" ? 10 : 20, 1e-10, 0, top_db);
}

Mfcc::Mfcc(MfccOptions given)
    : options(std::move(given)),
      mel_spectrogram(MelsOf(options)),
      dct_mat(functional::CreateDct(options.n_mfcc, options.melkwargs.n_mels, options.norm)) {}

Tensor Mfcc::operator()(const Tensor& waveform) const {
  const Tensor mels = mel_spectrogram(waveform);
  return AcrossFrequencies(options.log_mels ? Log(mels + 1e-6) : AmplitudeToDb{.top_db = 80}(mels),
                           dct_mat);
}

Resample::Resample(int64_t orig, int64_t made, const functional::ResampleOptions& options)
    : orig_freq(orig),
      new_freq(made),
      kernel(functional::SincResampleKernel(orig, made, options)) {}

Tensor Resample::operator()(const Tensor& waveform) const {
  if (orig_freq == new_freq) return waveform;
  return functional::ApplySincResampleKernel(waveform, orig_freq, new_freq, kernel);
}

}  // namespace neura::data::audio
