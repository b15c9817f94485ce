// Windows, and Fourier transforms of windows of a signal.
#include "neura/tensor/ops/signal.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/fft.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor WindowPlaces(std::string_view function, int64_t length, const std::optional<DType>& dtype) {
  if (length < 0) {
    ThrowInvalidArgument(absl::StrCat(function, ": no window has the length ", length));
  }
  const DType wanted = dtype.value_or(DefaultDType());
  if (!IsFloating(wanted)) {
    ThrowInvalidArgument(
        absl::StrCat(function, ": windows are of floating point, not of ", DTypeName(wanted)));
  }
  return Arange(0, length, 1, {.dtype = kFloat64});
}

Tensor AsWindow(const Tensor& values, const std::optional<DType>& dtype) {
  return Cast(values.numel() == 1 ? OnesLike(values) : values, dtype.value_or(DefaultDType()));
}

namespace {

// The angles 2 pi i / n of the places of a window: of n = length, or length - 1 where the last one
// is to be that of the first.
Tensor Angles(std::string_view function, int64_t length, bool periodic,
              const std::optional<DType>& dtype) {
  const int64_t n = periodic ? length : length - 1;
  return WindowPlaces(function, length, dtype) *
         (n > 0 ? 2 * std::numbers::pi / static_cast<double>(n) : 0);
}

}  // namespace

Tensor HammingWindow(int64_t window_length, bool periodic, double alpha, double beta,
                     const std::optional<DType>& dtype) {
  const Tensor angles = Angles("hamming_window", window_length, periodic, dtype);
  return AsWindow(alpha - beta * Cos(angles), dtype);
}
Tensor HannWindow(int64_t window_length, bool periodic, const std::optional<DType>& dtype) {
  const Tensor angles = Angles("hann_window", window_length, periodic, dtype);
  return AsWindow(0.5 - 0.5 * Cos(angles), dtype);
}
Tensor BlackmanWindow(int64_t window_length, bool periodic, const std::optional<DType>& dtype) {
  const Tensor angles = Angles("blackman_window", window_length, periodic, dtype);
  return AsWindow(0.42 - 0.5 * Cos(angles) + 0.08 * Cos(2 * angles), dtype);
}
Tensor BartlettWindow(int64_t window_length, bool periodic, const std::optional<DType>& dtype) {
  const Tensor angles = Angles("bartlett_window", window_length, periodic, dtype);
  return AsWindow(1 - Abs(angles / std::numbers::pi - 1), dtype);
}
Tensor KaiserWindow(int64_t window_length, bool periodic, double beta,
                    const std::optional<DType>& dtype) {
  if (!(beta >= 0)) {
    ThrowInvalidArgument(absl::StrCat("kaiser_window: beta must not be negative, got ", beta));
  }
  const Tensor angles = Angles("kaiser_window", window_length, periodic, dtype);
  const Tensor height = Sqrt(ClampMin(1 - Square(angles / std::numbers::pi - 1), 0));
  // exp(-x) I0(x), which does not overflow.
  const Tensor scaled = BesselI0e(beta * height) * Exp(beta * (height - 1));
  return AsWindow(scaled / BesselI0e(Full({}, beta, {.dtype = kFloat64})), dtype);
}

namespace {

// The sizes of a short-time Fourier transform, and its window as long as a frame.
struct Frames {
  int64_t size, hop;
  Tensor window;
};

Frames FramesOf(std::string_view function, const Tensor& input, int64_t n_fft,
                const std::optional<int64_t>& hop_length, const std::optional<int64_t>& win_length,
                const std::optional<Tensor>& window) {
  const int64_t length = win_length.value_or(n_fft), hop = hop_length.value_or(n_fft / 4);
  if (n_fft < 1 || hop < 1 || length < 1 || length > n_fft) {
    ThrowInvalidArgument(absl::StrCat(function, ": n_fft = ", n_fft, ", hop_length = ", hop,
                                      " and win_length = ", length,
                                      " must be positive, the last at most the first"));
  }
  const TensorOptions like{.dtype = RealDType(input.dtype()), .device = input.device()};
  Tensor values = window && window->defined() ? *window : Ones({length}, like);
  if (values.shape() != DimsView({length})) {
    ThrowInvalidArgument(absl::StrCat(function, ": the window must have win_length = ", length,
                                      " elements, got ", Describe(values)));
  }
  const int64_t before = (n_fft - length) / 2;
  if (length < n_fft) {
    values = Pad(values, {.before = {before}, .after = {n_fft - length - before}});
  }
  return {n_fft, hop, values};
}

// Each frame [..., t, n] added where it begins, hop after hop.
Tensor OverlapAdd(const Tensor& frames, const Frames& sizes) {
  const int64_t batch = frames.size(0), count = frames.size(1);
  const int64_t length = sizes.size + sizes.hop * (count - 1);
  return AsStridedGrad(frames, {batch, length}, {length, sizes.hop, 1}, 0);
}

}  // namespace

Tensor Stft(const Tensor& input, int64_t n_fft, const std::optional<int64_t>& hop_length,
            const std::optional<int64_t>& win_length, const std::optional<Tensor>& window,
            bool center, const std::string& pad_mode, bool normalized,
            const std::optional<bool>& onesided, const std::optional<bool>& return_complex) {
  if (input.dim() < 1 || input.dim() > 2 || !IsDifferentiable(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat("stft: takes signals [L] or [N, L] of floating point or ",
                                      "complex numbers, got ", Describe(input)));
  }
  const Frames frames = FramesOf("stft", input, n_fft, hop_length, win_length, window);
  Tensor signal = input.dim() == 1 ? Unsqueeze(input, 0) : input;
  if (center) {
    const int64_t side = n_fft / 2;
    signal = Squeeze(PadByPairs(Unsqueeze(signal, 0), {side, side}, pad_mode), {0});
  }
  if (signal.size(1) < n_fft) {
    ThrowInvalidArgument(
        absl::StrCat("stft: n_fft = ", n_fft, " is longer than the signal ", Describe(signal)));
  }
  Tensor x = Unfold(signal, 1, n_fft, frames.hop) * frames.window;
  const bool half = onesided.value_or(!IsComplex(x.dtype()));
  if (half && IsComplex(x.dtype())) {
    ThrowInvalidArgument("stft: complex signals or windows have no one-sided transform");
  }
  if (half) {
    x = Call<op::kFftR2C>({.dim = -1}, x);
  } else {
    x = Call<op::kFftC2C>({.dim = -1}, Cast(x, ComplexDType(x.dtype())));
  }
  if (normalized) x = x * (1 / std::sqrt(static_cast<double>(n_fft)));
  x = Transpose(x, 1, 2);
  if (input.dim() == 1) x = Squeeze(x, {0});
  return return_complex.value_or(true) ? x : ViewAsReal(x);
}

Tensor Istft(const Tensor& given, int64_t n_fft, const std::optional<int64_t>& hop_length,
             const std::optional<int64_t>& win_length, const std::optional<Tensor>& window,
             bool center, bool normalized, const std::optional<bool>& onesided,
             const std::optional<int64_t>& length, bool return_complex) {
  // Pairs of real and imaginary parts, as stft gives them where it is not to give complex numbers.
  const bool pairs = given.dim() >= 3 && given.size(-1) == 2 &&
                     (given.dtype() == kFloat32 || given.dtype() == kFloat64);
  const Tensor input = pairs ? ViewAsComplex(Contiguous(given)) : given;
  const int64_t rows = input.dim() < 2 ? 0 : input.size(-2);
  const bool half = onesided.value_or(rows != n_fft);
  if (!IsComplex(input.dtype()) || input.dim() < 2 || input.dim() > 3 || input.numel() == 0 ||
      rows != (half ? n_fft / 2 + 1 : n_fft)) {
    ThrowInvalidArgument(absl::StrCat("istft: takes what stft makes, complex numbers [F, T] or ",
                                      "[N, F, T] with F = n_fft / 2 + 1, or n_fft where not ",
                                      "onesided, got ", Describe(input), " for n_fft = ", n_fft));
  }
  const Frames frames = FramesOf("istft", input, n_fft, hop_length, win_length, window);
  Tensor x = Transpose(input.dim() == 2 ? Unsqueeze(input, 0) : input, 1, 2);
  const double size = static_cast<double>(n_fft);
  if (!return_complex) {
    // Of real signals one half says what the other does.
    x = Call<op::kFftC2R>({.dim = -1, .n = n_fft}, Slice(x, -1, 0, n_fft / 2 + 1));
  } else if (half) {
    ThrowInvalidArgument("istft: complex signals need a two-sided transform");
  } else {
    x = Call<op::kFftC2C>({.dim = -1, .inverse = true}, x);
  }
  x = x * (normalized ? 1 / std::sqrt(size) : 1 / size);
  Tensor signal = OverlapAdd(x * frames.window, frames);
  const Tensor squares = Expand(Square(frames.window), {1, x.size(1), n_fft});
  Tensor envelope = OverlapAdd(Contiguous(squares), frames);
  const int64_t total = signal.size(1), begin = center ? n_fft / 2 : 0;
  const int64_t end = length   ? begin + std::min(*length, INT64_MAX / 2)
                      : center ? total - n_fft / 2
                               : total;
  if (end <= begin) ThrowInvalidArgument("istft: the signal would have no elements");
  const int64_t present = std::min(end, total);
  signal = Slice(signal, 1, begin, present);
  envelope = Slice(envelope, 1, begin, present);
  if (AMin(Abs(envelope)).Item<double>() < 1e-11) {
    ThrowInvalidArgument("istft: the windows leave elements of the signal without weight");
  }
  signal = signal / envelope;
  if (end > present) signal = Pad(signal, {.before = {0, 0}, .after = {0, end - present}});
  return input.dim() == 2 ? Squeeze(signal, {0}) : signal;
}

}  // namespace neura
