#include "neura/python/extension/audio.h"

#include <optional>
#include <string>

#include "neura/data/audio/audio.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/tensor.h"

// Beside the types, where the functions that read parameters look for them.
namespace neura::data::audio {

// True stands for "window".
struct Normalized {
  std::string name = "none";
};

static bool FromPython(PyObject* object, Normalized* value) {
  bool flag = false;
  if (python::FromPython(object, &flag)) {
    value->name = flag ? "window" : "none";
    return true;
  }
  return python::FromPython(object, &value->name);
}

}  // namespace neura::data::audio

namespace neura::python {

template <>
struct TypeText<data::audio::Normalized> {
  static std::string Get() { return "bool | str"; }
};

namespace {

namespace py = pybind11;
namespace audio = data::audio;
using audio::Normalized;
using audio::SpectrogramOptions;
using OptionalText = std::optional<std::string>;

void BindSpectra(const Binder& bind) {
  bind("spectrogram",
       "waveform, pad, window, n_fft, hop_length, win_length, power, normalized, center=True, "
       "pad_mode='reflect', onesided=True, return_complex=None",
       "The short-time Fourier transform of [..., time], of its absolute value the power-th power, "
       "or complex numbers for None: [..., frequency, frame]",
       NEURA_FN((const Tensor& waveform, int64_t pad, const Tensor& window, int64_t n_fft,
                 int64_t hop_length, int64_t win_length, const std::optional<double>& power,
                 const Normalized& normalized, bool center, const std::string& pad_mode,
                 bool onesided, const std::optional<bool>&),
                {
                  return audio::functional::Spectrogram(waveform, window,
                                                        {.n_fft = n_fft,
                                                         .win_length = win_length,
                                                         .hop_length = hop_length,
                                                         .pad = pad,
                                                         .power = power,
                                                         .normalized = normalized.name,
                                                         .center = center,
                                                         .pad_mode = pad_mode,
                                                         .onesided = onesided});
                }));
  bind("inverse_spectrogram",
       "spectrogram, length, pad, window, n_fft, hop_length, win_length, normalized, center=True, "
       "pad_mode='reflect', onesided=True",
       "The waveform of a complex spectrogram, in the sense of least squares",
       NEURA_FN(
           (const Tensor& spectrogram, const std::optional<int64_t>& length, int64_t pad,
            const Tensor& window, int64_t n_fft, int64_t hop_length, int64_t win_length,
            const Normalized& normalized, bool center, const std::string& pad_mode, bool onesided),
           {
             return audio::functional::InverseSpectrogram(spectrogram, length, window,
                                                          {.n_fft = n_fft,
                                                           .win_length = win_length,
                                                           .hop_length = hop_length,
                                                           .pad = pad,
                                                           .normalized = normalized.name,
                                                           .center = center,
                                                           .pad_mode = pad_mode,
                                                           .onesided = onesided});
           }));
  bind(
      "griffinlim",
      "specgram, window, n_fft, hop_length, win_length, power, n_iter, momentum, length, rand_init",
      "A waveform with this spectrogram, whose phases are estimated (Perraudin et al., 2013)",
      NEURA_FN(
          (const Tensor& specgram, const Tensor& window, int64_t n_fft, int64_t hop_length,
           int64_t win_length, double power, int64_t n_iter, double momentum,
           const std::optional<int64_t>& length, bool rand_init),
          {
            return audio::functional::GriffinLim(
                specgram, window,
                {.n_fft = n_fft,
                 .win_length = win_length,
                 .hop_length = hop_length,
                 .power = power},
                {.n_iter = n_iter, .momentum = momentum, .length = length, .rand_init = rand_init});
          }));
}

void BindFilters(const Binder& bind) {
  bind("melscale_fbanks", "n_freqs, f_min, f_max, n_mels, sample_rate, norm=None, mel_scale='htk'",
       "Triangles at equal distances on the mel scale, float32 [n_freqs, n_mels]",
       NEURA_FN((int64_t n_freqs, double f_min, double f_max, int64_t n_mels, int64_t sample_rate,
                 const OptionalText& norm, const std::string& mel_scale),
                {
                  return audio::functional::MelscaleFbanks(n_freqs, f_min, f_max, n_mels,
                                                           sample_rate, norm, mel_scale);
                }));
  bind("linear_fbanks", "n_freqs, f_min, f_max, n_filter, sample_rate",
       "Triangles at equal distances in Hz, float32 [n_freqs, n_filter]",
       &audio::functional::LinearFbanks);
  bind("create_dct", "n_mfcc, n_mels, norm",
       "The discrete cosine transform of type II, float32 [n_mels, n_mfcc]",
       NEURA_FN((int64_t n_mfcc, int64_t n_mels, const OptionalText& norm),
                { return audio::functional::CreateDct(n_mfcc, n_mels, norm); }));
  bind("amplitude_to_DB", "x, multiplier, amin, db_multiplier, top_db=None",
       "multiplier * (log10(max(x, amin)) - db_multiplier), at least the largest less top_db",
       NEURA_FN((const Tensor& x, double multiplier, double amin, double db_multiplier,
                 const std::optional<double>& top_db),
                {
                  return audio::functional::AmplitudeToDb(x, multiplier, amin, db_multiplier,
                                                          top_db);
                }));
  bind("DB_to_amplitude", "x, ref, power", "ref * (10^(x / 10))^power",
       &audio::functional::DbToAmplitude);
}

audio::functional::ResampleOptions ResampleOptionsOf(int64_t width, double rolloff,
                                                     const std::string& method,
                                                     const std::optional<double>& beta) {
  return {
      .lowpass_filter_width = width, .rolloff = rolloff, .resampling_method = method, .beta = beta};
}

void BindResampling(const Binder& bind) {
  bind("resample",
       "waveform, orig_freq, new_freq, lowpass_filter_width=6, rolloff=0.99, "
       "resampling_method='sinc_interp_hann', beta=None",
       "[..., time] at another rate, by interpolation with a windowed sinc",
       NEURA_FN((const Tensor& waveform, int64_t orig_freq, int64_t new_freq, int64_t width,
                 double rolloff, const std::string& method, const std::optional<double>& beta),
                {
                  return audio::functional::Resample(
                      waveform, orig_freq, new_freq,
                      ResampleOptionsOf(width, rolloff, method, beta));
                }));
  bind("sinc_resample_kernel",
       "orig_freq, new_freq, lowpass_filter_width=6, rolloff=0.99, "
       "resampling_method='sinc_interp_hann', beta=None",
       "The kernel of resample, float64 [new, 1, taps]",
       NEURA_FN((int64_t orig_freq, int64_t new_freq, int64_t width, double rolloff,
                 const std::string& method, const std::optional<double>& beta),
                {
                  return audio::functional::SincResampleKernel(
                      orig_freq, new_freq, ResampleOptionsOf(width, rolloff, method, beta));
                }));
  bind("apply_sinc_resample_kernel", "waveform, orig_freq, new_freq, kernel",
       "resample with a kernel that is there", &audio::functional::ApplySincResampleKernel);
}

}  // namespace

void InitAudio(py::module_& data) {
  py::module_ m = data.def_submodule("audio");
  const Binder bind(m, "utils.data.audio.functional");
  BindSpectra(bind);
  BindFilters(bind);
  BindResampling(bind);
}

}  // namespace neura::python
