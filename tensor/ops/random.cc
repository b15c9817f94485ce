// Draws from distributions, and what is dropped at random.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/random/element_draws.h"

namespace neura {
namespace {

// f of uniform numbers in [0, 1), at least of float32.
template <typename F>
Tensor FromUniform(DimsView shape, const TensorOptions& options, Generator* generator, const F& f) {
  const TensorOptions wide{.dtype = options.dtype == kFloat64 ? kFloat64 : kFloat32,
                           .device = options.device};
  return Cast(f(Rand(shape, wide, generator)), options.dtype);
}

}  // namespace

Tensor Exponential(DimsView shape, double rate, const TensorOptions& options,
                   Generator* generator) {
  if (!(rate > 0)) {
    ThrowInvalidArgument(absl::StrCat("exponential: the rate ", rate, " must be positive"));
  }
  return FromUniform(shape, options, generator, [&](const Tensor& u) {
    // Never 0, of which there is no logarithm.
    return ClampMin(Log1p(-u) * (-1 / rate), FloatLimitsOf(u.dtype()).smallest_normal);
  });
}
Tensor Geometric(DimsView shape, double p, const TensorOptions& options, Generator* generator) {
  if (!(p > 0 && p < 1)) {
    ThrowInvalidArgument(absl::StrCat("geometric: p = ", p, " must lie between 0 and 1"));
  }
  return FromUniform(shape, options, generator, [&](const Tensor& u) {
    return ClampMin(Ceil(Log1p(-u) * (1 / std::log1p(-p))), 1);
  });
}
Tensor Cauchy(DimsView shape, double median, double sigma, const TensorOptions& options,
              Generator* generator) {
  if (!(sigma > 0)) {
    ThrowInvalidArgument(absl::StrCat("cauchy: sigma = ", sigma, " must be positive"));
  }
  constexpr double kPi = 3.14159265358979323846;
  return FromUniform(shape, options, generator,
                     [&](const Tensor& u) { return Tan((u - 0.5) * kPi) * sigma + median; });
}
Tensor LogNormal(DimsView shape, double mean, double std, const TensorOptions& options,
                 Generator* generator) {
  const TensorOptions wide{.dtype = options.dtype == kFloat64 ? kFloat64 : kFloat32,
                           .device = options.device};
  return Cast(Exp(Normal(shape, mean, std, wide, generator)), options.dtype);
}

Tensor Multinomial(const Tensor& input, int64_t num_samples, bool replacement,
                   Generator* generator) {
  RequireDefined("multinomial", input);
  if ((input.dim() != 1 && input.dim() != 2) || !IsFloating(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat(
        "multinomial: expected floating point numbers [C] or [N, C], got ", Describe(input)));
  }
  const int64_t columns = input.size(-1);
  if (num_samples < 1 || (!replacement && num_samples > columns)) {
    ThrowInvalidArgument(absl::StrCat("multinomial: ", num_samples, " samples of ", columns,
                                      " columns", replacement ? "" : " without replacement"));
  }
  const Tensor weights = Cast(input, kFloat64);
  // Of the running sums the last is that of all, to the bit: no draw lies beyond it.
  const Tensor running = CumSum(weights, -1);
  const Tensor total = columns > 0 ? Slice(running, -1, columns - 1, columns)
                                   : Sum(weights, {.dims = {-1}, .keepdim = true});
  if (input.numel() > 0 && (!All(weights >= 0).Item<bool>() ||
                            !All(LogicalAnd(total > 0, IsFinite(total))).Item<bool>())) {
    ThrowInvalidArgument(
        "multinomial: the elements must be finite and not negative, and some of each row positive");
  }
  if (input.size(-1) == 0 && num_samples > 0) {
    ThrowInvalidArgument(absl::StrCat("multinomial: nothing to draw from in ", Describe(input)));
  }
  const TensorOptions options{.dtype = kFloat64, .device = input.device()};
  if (replacement) {
    Dims shape(input.shape().begin(), input.shape().end());
    shape.back() = num_samples;
    return SearchSorted(running / total, Rand(shape, options, generator), {.right = true});
  }
  if (input.numel() > 0 && AMin(CountNonZero(weights, Dims{-1})).Item<int64_t>() < num_samples) {
    ThrowInvalidArgument(absl::StrCat("multinomial: a row has fewer than ", num_samples,
                                      " elements that are not 0, and there is no replacement"));
  }
  // The first of exponential waiting times, whose rates are the weights.
  const Tensor order = Log(weights) - Log(Exponential(input.shape(), 1, options, generator));
  const double never = -std::numeric_limits<double>::infinity();
  return TopK(Where(weights > 0, order, never), num_samples).indices;
}

namespace {

// Small means by counting how many uniform factors keep a product above exp(-mean), large ones by
// transformed rejection: W. Hormann, "The transformed rejection method for generating Poisson
// random variables", 1993, algorithm PTRS.
double DrawPoisson(double mean, ElementDraws& draw) {
  if (mean < 10) {
    const double limit = std::exp(-mean);
    double product = draw();
    double count = 0;
    while (product > limit) {
      product *= draw();
      ++count;
    }
    return count;
  }
  const double b = 0.931 + 2.53 * std::sqrt(mean), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = draw() - 0.5, v = draw(), s = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / s + b) * u + mean + 0.43);
    if (s >= 0.07 && v <= v_r) return k;
    if (k < 0 || (s < 0.013 && v > s)) continue;
    if (std::log(v * inverse_alpha / (a / (s * s) + b)) <=
        k * std::log(mean) - mean - std::lgamma(k + 1)) {
      return k;
    }
  }
}

}  // namespace

Tensor Poisson(const Tensor& input, Generator* generator) {
  RequireDefined("poisson", input);
  if (!IsFloating(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("poisson: expected floating point numbers, got ", Describe(input)));
  }
  const Tensor means = Contiguous(To(Cast(input, kFloat64), kCpu));
  const Tensor counts = Empty(input.shape(), {.dtype = kFloat64, .device = kCpu});
  const auto* mean = means.data<double>();
  auto* count = counts.data<double>();
  const RandomState state =
      (generator ? *generator : DefaultGenerator()).Reserve(2 * input.numel());
  for (int64_t i = 0; i < input.numel(); ++i) {
    if (!(mean[i] >= 0 && std::isfinite(mean[i]))) {
      ThrowInvalidArgument(
          absl::StrCat("poisson: a mean of ", mean[i], " must be finite and not negative"));
    }
    ElementDraws draw(state, i);
    count[i] = DrawPoisson(mean[i], draw);
  }
  return Cast(To(counts, input.device()), input.dtype());
}

namespace {

void RequireProbability(std::string_view op, const Tensor& input, double p) {
  RequireDefined(op, input);
  if (p >= 0 && p <= 1) return;
  ThrowInvalidArgument(absl::StrCat(op, ": p = ", p, " must be a probability"));
}

// Whether each element stays, or each channel of [N, C, ...].
Tensor Kept(std::string_view op, const Tensor& input, double p, bool channels) {
  Dims shape(input.shape().begin(), input.shape().end());
  if (channels) {
    if (input.dim() < 2) {
      ThrowInvalidArgument(absl::StrCat(op, ": expected [N, C, ...], got ", Describe(input)));
    }
    std::fill(shape.begin() + 2, shape.end(), 1);
  }
  return Bernoulli(shape, 1 - p, {.dtype = kBool, .device = input.device()});
}

// What is dropped takes the value that selu has far below 0; then all are scaled and moved.
Tensor DropToSaturation(std::string_view op, const Tensor& input, double p, bool training,
                        bool channels) {
  RequireProbability(op, input, p);
  if (p == 0 || !training) return Clone(input);
  if (p == 1) return ZerosLike(input);
  constexpr double kSaturation = -1.7580993408473766;  // of selu, -scale * alpha
  const double scale = 1 / std::sqrt((1 - p) * (1 + p * kSaturation * kSaturation));
  return Where(Kept(op, input, p, channels), input, kSaturation) * scale - scale * p * kSaturation;
}

}  // namespace

Tensor DropChannels(const Tensor& input, double p, bool training, bool) {
  RequireProbability("dropout", input, p);
  if (p == 0 || !training) return Clone(input);
  return Where(Kept("dropout", input, p, true), input * (p < 1 ? 1 / (1 - p) : 0), 0);
}
Tensor AlphaDropout(const Tensor& input, double p, bool training, bool) {
  return DropToSaturation("alpha_dropout", input, p, training, false);
}
Tensor FeatureAlphaDropout(const Tensor& input, double p, bool training, bool) {
  return DropToSaturation("feature_alpha_dropout", input, p, training, true);
}

Tensor RRelu(const Tensor& input, double lower, double upper, bool training, bool) {
  RequireDefined("rrelu", input);
  if (!(lower <= upper)) {
    ThrowInvalidArgument(
        absl::StrCat("rrelu: lower = ", lower, " must not be above upper = ", upper));
  }
  if (!training || lower == upper) return LeakyRelu(input, {.negative_slope = (lower + upper) / 2});
  const TensorOptions options{.dtype = input.dtype(), .device = input.device()};
  return Where(input > 0, input, input * Uniform(input.shape(), lower, upper, options));
}

}  // namespace neura
