#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/data/audio/functional.h"
#include "neura/tensor/tensor.h"

namespace neura::data::audio::functional {
namespace {

// Of a kernel: more is taken for a mistake.
constexpr double kMaxKernelElements = 1 << 28;

// Both over their greatest common divisor.
std::pair<int64_t, int64_t> Reduced(int64_t orig_freq, int64_t new_freq) {
  if (orig_freq < 1 || new_freq < 1) {
    ThrowInvalidArgument(
        absl::StrCat("resample: frequencies are positive, not ", orig_freq, " and ", new_freq));
  }
  const int64_t divisor = std::gcd(orig_freq, new_freq);
  return {orig_freq / divisor, new_freq / divisor};
}

// How far a kernel reaches on both sides, in elements of the original.
int64_t Reach(int64_t orig, double base, const ResampleOptions& options) {
  return static_cast<int64_t>(std::ceil(static_cast<double>(options.lowpass_filter_width) *
                                        static_cast<double>(orig) / base));
}

}  // namespace

Tensor SincResampleKernel(int64_t orig_freq, int64_t new_freq, const ResampleOptions& options) {
  const auto [orig, made] = Reduced(orig_freq, new_freq);
  const bool kaiser = options.resampling_method == "sinc_interp_kaiser";
  if (!kaiser && options.resampling_method != "sinc_interp_hann") {
    ThrowInvalidArgument(absl::StrCat("resample: invalid resampling method: '",
                                      options.resampling_method,
                                      "'; 'sinc_interp_hann' or 'sinc_interp_kaiser'"));
  }
  if (options.lowpass_filter_width < 1 || !(options.rolloff > 0 && options.rolloff <= 1)) {
    ThrowInvalidArgument(absl::StrCat("resample: a positive lowpass_filter_width and a rolloff in ",
                                      "(0, 1] are expected, not ", options.lowpass_filter_width,
                                      " and ", options.rolloff));
  }
  const double beta = options.beta.value_or(14.769656459379492);
  if (!(beta >= 0)) ThrowInvalidArgument(absl::StrCat("resample: beta is at least 0, not ", beta));
  const double base = static_cast<double>(std::min(orig, made)) * options.rolloff;
  const auto width = static_cast<double>(options.lowpass_filter_width);
  const double all =
      (2 * std::ceil(width * static_cast<double>(orig) / base) + static_cast<double>(orig)) *
      static_cast<double>(made);
  if (!(all <= kMaxKernelElements)) {
    ThrowInvalidArgument(
        absl::StrCat("resample: from ", orig_freq, " to ", new_freq, " would take a kernel of ",
                     all, " elements; frequencies with a larger common divisor take less"));
  }
  const int64_t reach = Reach(orig, base, options), taps = 2 * reach + orig;
  std::vector<double> times, heights;  // in zero crossings, and the arguments of Kaiser's window
  times.reserve(static_cast<size_t>(made * taps));
  for (int64_t phase = 0; phase < made; ++phase) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      const double time = static_cast<double>(tap - reach) / static_cast<double>(orig) -
                          static_cast<double>(phase) / static_cast<double>(made);
      times.push_back(std::clamp(time * base, -width, width));
    }
  }
  std::vector<double> values(times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    const double angle = times[i] * std::numbers::pi;
    const double sinc = angle == 0 ? 1 : std::sin(angle) / angle;
    const double wave = std::cos(angle / width / 2);
    values[i] = sinc * base / static_cast<double>(orig) * (kaiser ? 1 : wave * wave);
  }
  const Dims shape = {made, 1, taps};
  const Tensor kernel = FromVector(values, shape);
  if (!kaiser) return kernel;
  for (const double time : times) {
    heights.push_back(std::sqrt(std::max(0.0, 1 - time / width * (time / width))));
  }
  const Tensor height = FromVector(heights, shape);
  // I0(beta height) / I0(beta), which does not overflow.
  const Tensor top = BesselI0e(Full({}, beta, {.dtype = kFloat64}));
  return kernel * (BesselI0e(beta * height) * Exp(beta * (height - 1)) / top);
}

Tensor ApplySincResampleKernel(const Tensor& waveform, int64_t orig_freq, int64_t new_freq,
                               const Tensor& kernel) {
  const auto [orig, made] = Reduced(orig_freq, new_freq);
  const bool floats =
      waveform.defined() && (waveform.dtype() == kFloat32 || waveform.dtype() == kFloat64);
  if (!floats || waveform.dim() < 1) {
    ThrowInvalidArgument(
        absl::StrCat("resample: expected floating point type for waveform tensor [..., time] ",
                     "(float32 or float64), got ", Describe(waveform)));
  }
  if (!kernel.defined() || kernel.dim() != 3 || kernel.size(0) != made || kernel.size(1) != 1 ||
      kernel.size(2) < orig) {
    ThrowInvalidArgument(absl::StrCat("resample: the kernel of ", orig_freq, " to ", new_freq,
                                      " is [", made, ", 1, taps], not ", Describe(kernel)));
  }
  const int64_t length = waveform.size(-1), reach = (kernel.size(2) - orig) / 2;
  const Tensor rows = Reshape(waveform, {-1, 1, length});
  const Tensor padded = Pad(rows, {.before = {0, 0, reach}, .after = {0, 0, reach + orig}});
  const Tensor weight = Cast(To(kernel, waveform.device()), waveform.dtype());
  Tensor result = Conv1d(padded, weight, {}, {.stride = orig});  // [rows, new, frames]
  const auto target =
      static_cast<int64_t>((static_cast<unsigned __int128>(length) * static_cast<uint64_t>(made) +
                            static_cast<uint64_t>(orig) - 1) /
                           static_cast<uint64_t>(orig));
  result = Reshape(Transpose(result, 1, 2), {rows.size(0), -1});
  result = Slice(result, 1, 0, target);
  Dims shape(waveform.shape().begin(), waveform.shape().end() - 1);
  shape.push_back(target);
  return Reshape(result, shape);
}

Tensor Resample(const Tensor& waveform, int64_t orig_freq, int64_t new_freq,
                const ResampleOptions& options) {
  const auto [orig, made] = Reduced(orig_freq, new_freq);
  if (orig == made) return waveform;
  return ApplySincResampleKernel(waveform, orig_freq, new_freq,
                                 SincResampleKernel(orig_freq, new_freq, options));
}

}  // namespace neura::data::audio::functional
