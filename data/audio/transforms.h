// Transforms of waveforms and spectrograms: torchaudio.transforms. Each is made of options, keeps
// what it makes of them, and is a function of a tensor; see functional.h for shapes and errors.
//
//   audio::MelSpectrogram mel({.sample_rate = 16000, .n_mels = 64});
//   Tensor spectrogram = audio::AmplitudeToDb()(mel(waveform));
#ifndef NEURA_DATA_AUDIO_TRANSFORMS_H_
#define NEURA_DATA_AUDIO_TRANSFORMS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "neura/data/audio/functional.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data::audio {

class Spectrogram {
 public:
  explicit Spectrogram(SpectrogramOptions options = {});
  Tensor operator()(const Tensor& waveform) const;

  const SpectrogramOptions options;
  const Tensor window;
};

class InverseSpectrogram {
 public:
  explicit InverseSpectrogram(SpectrogramOptions options = {});
  Tensor operator()(const Tensor& spectrogram, const std::optional<int64_t>& length = {}) const;

  const SpectrogramOptions options;
  const Tensor window;
};

class GriffinLim {
 public:
  explicit GriffinLim(SpectrogramOptions options = {}, functional::GriffinLimOptions more = {});
  Tensor operator()(const Tensor& specgram) const;

  const SpectrogramOptions options;
  const functional::GriffinLimOptions more;
  const Tensor window;
};

struct MelScaleOptions {
  int64_t n_mels = 128;
  int64_t sample_rate = 16000;
  double f_min = 0;
  std::optional<double> f_max = {};  // by default sample_rate / 2
  int64_t n_stft = 201;              // frequencies of the spectrogram
  std::optional<std::string> norm = {};
  std::string mel_scale = "htk";
};
// From frequencies to mels.
class MelScale {
 public:
  explicit MelScale(const MelScaleOptions& options = {});
  Tensor operator()(const Tensor& specgram) const;

  const Tensor fb;  // [n_stft, n_mels]
};

struct MelSpectrogramOptions {
  int64_t sample_rate = 16000;
  int64_t n_fft = 400;
  std::optional<int64_t> win_length = {};
  std::optional<int64_t> hop_length = {};
  double f_min = 0;
  std::optional<double> f_max = {};
  int64_t pad = 0;
  int64_t n_mels = 128;
  std::function<Tensor(int64_t)> window_fn = {};
  double power = 2;
  std::string normalized = "none";
  bool center = true;
  std::string pad_mode = "reflect";
  std::optional<std::string> norm = {};
  std::string mel_scale = "htk";
};
class MelSpectrogram {
 public:
  explicit MelSpectrogram(const MelSpectrogramOptions& options = {});
  Tensor operator()(const Tensor& waveform) const { return mel_scale(spectrogram(waveform)); }

  const Spectrogram spectrogram;
  const MelScale mel_scale;
};

// In decibels. `stype` is "power" or "magnitude"; what is more than top_db below the largest
// element is raised to that.
struct AmplitudeToDb {
  std::string stype = "power";
  std::optional<double> top_db = {};
  Tensor operator()(const Tensor& x) const;
};

struct MfccOptions {
  int64_t sample_rate = 16000;
  int64_t n_mfcc = 40;
  std::optional<std::string> norm = "ortho";
  bool log_mels = false;  // the logarithm, rather than decibels
  // Its sample rate is that above.
  MelSpectrogramOptions melkwargs = {};
};
// Mel-frequency cepstral coefficients: the cosine transform of a mel spectrogram in decibels.
class Mfcc {
 public:
  explicit Mfcc(MfccOptions options = {});
  Tensor operator()(const Tensor& waveform) const;

  const MfccOptions options;
  const MelSpectrogram mel_spectrogram;
  const Tensor dct_mat;  // [n_mels, n_mfcc]
};

class Resample {
 public:
  Resample(int64_t orig_freq, int64_t new_freq, const functional::ResampleOptions& options = {});
  Tensor operator()(const Tensor& waveform) const;

  const int64_t orig_freq, new_freq;
  const Tensor kernel;
};

}  // namespace neura::data::audio

#endif  // NEURA_DATA_AUDIO_TRANSFORMS_H_
