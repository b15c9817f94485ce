// Signals and their spectra: torchaudio.functional. Waveforms are [..., time] of float32 or
// float64, spectrograms [..., frequency, frame]; results have their dtype and device. Everything is
// made of operations of tensors, and so has gradients. All functions throw InvalidArgument for
// other tensors and for parameters that mean nothing.
#ifndef NEURA_DATA_AUDIO_FUNCTIONAL_H_
#define NEURA_DATA_AUDIO_FUNCTIONAL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "neura/tensor/core/tensor.h"

namespace neura::data::audio {

struct SpectrogramOptions {
  int64_t n_fft = 400;                            // elements of a frame
  std::optional<int64_t> win_length = {};         // of the window; by default n_fft
  std::optional<int64_t> hop_length = {};         // between frames; by default win_length / 2
  int64_t pad = 0;                                // zeros on both sides
  std::function<Tensor(int64_t)> window_fn = {};  // of its length; by default HannWindow
  // Of the absolute value of a complex number; none: complex numbers.
  std::optional<double> power = 2.0;
  // By which number the transform is divided: "none", "window", the root of the sum of the window's
  // squares, or "frame_length", the root of n_fft.
  std::string normalized = "none";
  bool center = true;  // frame t is around element t * hop_length
  std::string pad_mode = "reflect";
  bool onesided = true;  // n_fft / 2 + 1 frequencies

  int64_t window_length() const { return win_length.value_or(n_fft); }
  int64_t hop() const { return hop_length.value_or(window_length() / 2); }
};

namespace functional {

// The short-time Fourier transform with a window of options.window_length() elements.
Tensor Spectrogram(const Tensor& waveform, const Tensor& window,
                   const SpectrogramOptions& options = {});
// The waveform of a complex spectrogram, in the sense of least squares; of `length` elements.
Tensor InverseSpectrogram(const Tensor& spectrogram, const std::optional<int64_t>& length,
                          const Tensor& window, const SpectrogramOptions& options = {});
// A waveform with this spectrogram of absolute values to a power: phases are estimated by going
// forth and back (Perraudin, Balazs and Sondergaard, 2013), from random ones or zeros on.
struct GriffinLimOptions {
  int64_t n_iter = 32;
  double momentum = 0.99;  // in [0, 1)
  std::optional<int64_t> length = {};
  bool rand_init = true;
};
Tensor GriffinLim(const Tensor& specgram, const Tensor& window, const SpectrogramOptions& options,
                  const GriffinLimOptions& more = {});

// Triangles between n_mels + 2 frequencies from f_min to f_max at equal distances on the mel scale,
// float32 [n_freqs, n_mels], for n_freqs frequencies from 0 to sample_rate / 2. `mel_scale` is
// "htk", 2595 log10(1 + f / 700), or "slaney", linear below 1000 Hz and logarithmic above. With the
// norm "slaney" each triangle has the area 2.
Tensor MelscaleFbanks(int64_t n_freqs, double f_min, double f_max, int64_t n_mels,
                      int64_t sample_rate, const std::optional<std::string>& norm = {},
                      const std::string& mel_scale = "htk");
// The same with equal distances in Hz.
Tensor LinearFbanks(int64_t n_freqs, double f_min, double f_max, int64_t n_filter,
                    int64_t sample_rate);

// multiplier * (log10(max(x, amin)) - db_multiplier); with top_db, at least the largest element of
// each example [channel, frequency, frame] less that.
Tensor AmplitudeToDb(const Tensor& x, double multiplier, double amin, double db_multiplier,
                     const std::optional<double>& top_db = {});
// ref * (10^(x / 10))^power
Tensor DbToAmplitude(const Tensor& x, double ref, double power);

// The discrete cosine transform of type II as a matrix, float32 [n_mels, n_mfcc]; `norm` is "ortho"
// or none.
Tensor CreateDct(int64_t n_mfcc, int64_t n_mels, const std::optional<std::string>& norm);

struct ResampleOptions {
  int64_t lowpass_filter_width = 6;  // zero crossings of the sinc on one side
  double rolloff = 0.99;             // the highest frequency, as a part of Nyquist's
  // Of the window: "sinc_interp_hann" or "sinc_interp_kaiser".
  std::string resampling_method = "sinc_interp_hann";
  std::optional<double> beta = {};  // of Kaiser's window; by default 14.769656459379492
};
// By interpolation with a windowed sinc (Smith, Digital Audio Resampling).
Tensor Resample(const Tensor& waveform, int64_t orig_freq, int64_t new_freq,
                const ResampleOptions& options = {});
// The interpolation as a kernel of a convolution, float64 [new, 1, taps], where orig and new are
// the frequencies over their greatest common divisor; and the resampling with it.
Tensor SincResampleKernel(int64_t orig_freq, int64_t new_freq, const ResampleOptions& options = {});
Tensor ApplySincResampleKernel(const Tensor& waveform, int64_t orig_freq, int64_t new_freq,
                               const Tensor& kernel);

}  // namespace functional
}  // namespace neura::data::audio

#endif  // NEURA_DATA_AUDIO_FUNCTIONAL_H_
