#include "neura/python/extension/audio.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "neura/data/audio/audio.h"
#include "neura/python/extension/binder.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
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

template <typename T>
T OrThrow(absl::StatusOr<T> result) {
  if (!result.ok()) ThrowStatus(result.status());
  return *std::move(result);
}

// What `parse` makes of the bytes of a bytes object, or `read` of a file of that name.
template <typename Parse, typename Read>
auto FromFile(const py::object& file, Parse parse, Read read) {
  if (PyBytes_Check(file.ptr())) {
    const std::string_view bytes(PyBytes_AS_STRING(file.ptr()),
                                 static_cast<size_t>(PyBytes_GET_SIZE(file.ptr())));
    return WithoutGil([&] { return OrThrow(parse(bytes)); });
  }
  const auto path = file.cast<std::string>();
  return WithoutGil([&] { return OrThrow(read(path)); });
}

audio::SaveOptions SaveOptionsOf(bool channels_first, const OptionalText& encoding,
                                 const std::optional<int64_t>& bits) {
  return {.channels_first = channels_first, .encoding = encoding, .bits_per_sample = bits};
}

// What neura.utils.data.audio makes its functions of files of.
void BindFiles(const Binder& bind) {
  bind("load", "file, frame_offset, num_frames, normalize, channels_first",
       "(waveform, sample_rate) of a WAV file, of which the name or the bytes are given",
       NEURA_FN((const py::object& file, int64_t frame_offset, int64_t num_frames, bool normalize,
                 bool channels_first),
                {
                  const audio::LoadOptions options{.frame_offset = frame_offset,
                                                   .num_frames = num_frames,
                                                   .normalize = normalize,
                                                   .channels_first = channels_first};
                  const audio::Audio sound = FromFile(
                      file,
                      [&](std::string_view bytes) { return audio::ParseAudio(bytes, options); },
                      [&](const std::string& path) { return audio::LoadAudio(path, options); });
                  return py::object(py::make_tuple(sound.waveform, sound.sample_rate));
                }),
       "tuple[Tensor, int]");
  bind("info", "file",
       "(sample_rate, num_frames, num_channels, bits_per_sample, encoding) of a WAV file",
       NEURA_FN((const py::object& file),
                {
                  const audio::AudioInfo info =
                      FromFile(file, audio::ParseAudioInfo, audio::ReadAudioInfo);
                  return py::object(py::make_tuple(info.sample_rate, info.num_frames,
                                                   info.num_channels, info.bits_per_sample,
                                                   info.encoding));
                }),
       "tuple[int, int, int, int, str]");
  bind("encode", "src, sample_rate, channels_first, encoding, bits_per_sample",
       "The bytes of a WAV file",
       NEURA_FN((const Tensor& src, int64_t sample_rate, bool channels_first,
                 const OptionalText& encoding, const std::optional<int64_t>& bits_per_sample),
                {
                  return py::object(py::bytes(WithoutGil([&] {
                    return audio::EncodeWav(
                        src, sample_rate, SaveOptionsOf(channels_first, encoding, bits_per_sample));
                  })));
                }),
       "bytes");
  bind("save", "path, src, sample_rate, channels_first, encoding, bits_per_sample",
       "Writes a WAV file",
       NEURA_FN(
           (const std::string& path, const Tensor& src, int64_t sample_rate, bool channels_first,
            const OptionalText& encoding, const std::optional<int64_t>& bits_per_sample),
           {
             WithoutGil([&] {
               audio::SaveAudio(path, src, sample_rate,
                                SaveOptionsOf(channels_first, encoding, bits_per_sample));
             });
             return py::object(py::none());
           }),
       "None");
}

}  // namespace

void InitAudio(py::module_& data) {
  py::module_ m = data.def_submodule("audio");
  const Binder bind(m, "utils.data.audio.functional");
  BindSpectra(bind);
  BindFilters(bind);
  BindResampling(bind);
  py::module_ files = m.def_submodule("_files");
  BindFiles(Binder(files, "utils.data.audio"));
}

}  // namespace neura::python
