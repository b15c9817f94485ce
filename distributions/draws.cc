#include "neura/distributions/draws.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/function.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/random/element_draws.h"

namespace neura::distributions {
namespace {

Tensor OnCpu(const Tensor& x) { return Contiguous(To(Cast(Detach(x), kFloat64), kCpu)); }
Tensor NewOnCpu(DimsView shape) { return Empty(shape, {.dtype = kFloat64, .device = kCpu}); }

RandomState Reserve(Generator* generator, int64_t elements) {
  return (generator != nullptr ? *generator : DefaultGenerator()).Reserve(2 * elements);
}

void RequireFloating(const char* name, const Tensor& concentration) {
  RequireDefined(name, concentration);
  if (IsFloating(concentration.dtype())) return;
  ThrowInvalidArgument(
      absl::StrCat(name, ": expected floating point numbers, got ", Describe(concentration)));
}
double Positive(const char* name, double concentration) {
  if (concentration > 0 && std::isfinite(concentration)) return concentration;
  ThrowInvalidArgument(
      absl::StrCat(name, ": a concentration of ", concentration, " must be finite and positive"));
}

// Box and Muller, 1958.
double DrawNormal(ElementDraws& draw) {
  const double radius = std::sqrt(-2 * std::log1p(-draw()));
  return radius * std::cos(2 * std::numbers::pi * draw());
}

double DrawGamma(double a, ElementDraws& draw) {
  // Below 1, one of a + 1 is shrunk.
  const double shrink = a < 1 ? std::pow(1 - draw(), 1 / a) : 1;
  const double d = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = DrawNormal(draw), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log1p(-draw()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v * shrink;
  }
}

// Nodes and weights of the Gauss-Legendre rule of 16 points over [-1, 1], of which one half is
// given: Abramowitz and Stegun, "Handbook of Mathematical Functions", table 25.4.
constexpr double kNodes[] = {0.09501250983763745, 0.2816035507792589, 0.45801677765722737,
                             0.6178762444026438,  0.755404408355003,  0.8656312023878318,
                             0.9445750230732326,  0.9894009349916499};
constexpr double kWeights[] = {0.18945061045506859,  0.1826034150449236,  0.16915651939500262,
                               0.14959598881657676,  0.12462897125553403, 0.09515851168249259,
                               0.062253523938647706, 0.027152459411754037};

template <typename F>
double Integrate(double end, const F& f) {
  constexpr int kPanels = 6;
  double sum = 0;
  for (int panel = 0; panel < kPanels; ++panel) {
    const double half = end / (2 * kPanels), middle = half * (2 * panel + 1);
    for (int i = 0; i < 8; ++i) {
      sum += kWeights[i] * half * (f(middle - half * kNodes[i]) + f(middle + half * kNodes[i]));
    }
  }
  return sum;
}

// With t = x +- u, the derivative is an integral of (ln t - psi(a)) times the density's ratio
// f(t) / f(x), over either side of x: both vanish together, since the expectation of ln t is
// psi(a). Where a is small and x below it, it is a sum of terms that are all positive.
double GammaGrad(double a, double x, double psi) {
  constexpr double kNegligible = 40;  // in the exponent
  if (!(x > 0) || !std::isfinite(x)) return 0;
  if (x <= a + 1 && a < 100) {
    // F = sum over n of x^(a + n) exp(-x) / Gamma(a + n + 1), differentiated term by term.
    const double log_x = std::log(x);
    double term = x / a, next = psi + 1 / a, sum = 0;
    for (int n = 1; n < 2000; ++n) {
      const double part = term * (next - log_x);
      sum += part;
      if (term < 1e-17 * sum) break;
      term *= x / (a + n);
      next += 1 / (a + n);
    }
    return sum;
  }
  const double side = x <= a + 1 ? -1 : 1;
  const auto exponent = [&](double u) { return side * u - (a - 1) * std::log1p(side * u / x); };
  double end = std::max(1.0, std::sqrt(a)) / 4;
  while ((side > 0 || end < x) && exponent(end) < kNegligible) end *= 1.5;
  if (side < 0) end = std::min(end, x);
  return side * Integrate(end, [&](double u) {
           return (std::log(x + side * u) - psi) * std::exp(-exponent(u));
         });
}

double DrawVonMises(double k, ElementDraws& draw) {
  // So narrow that it is normal, up to terms of 1 / k.
  if (k > 1e8) return DrawNormal(draw) / std::sqrt(k);
  const double tau = 1 + std::sqrt(1 + 4 * k * k), rho = (tau - std::sqrt(2 * tau)) / (2 * k);
  // Of small concentrations the first terms, which do not cancel.
  const double r = k < 1e-5 ? 1 / k + k : (1 + rho * rho) / (2 * rho);
  while (true) {
    const double z = std::cos(std::numbers::pi * draw()), f = (1 + r * z) / (r + z);
    const double c = k * (r - f), u = draw();
    const bool right = draw() < 0.5;
    if (c * (2 - c) <= u && std::log(c / u) + 1 - c < 0) continue;
    const double angle = std::acos(std::clamp(f, -1.0, 1.0));
    return right ? angle : -angle;
  }
}

double DrawBinomial(double count, double p, ElementDraws& draw) {
  if (p > 0.5) return count - DrawBinomial(count, 1 - p, draw);
  if (count == 0 || p == 0) return 0;
  if (count * p < 10) {
    // Trials are skipped by the number of failures before each success.
    const double log_failure = std::log1p(-p);
    double successes = 0, trials = 0;
    while (true) {
      trials += std::floor(std::log1p(-draw()) / log_failure) + 1;
      if (trials > count) return successes;
      ++successes;
    }
  }
  const double deviation = std::sqrt(count * p * (1 - p));
  const double b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = count * p + 0.5, v_r = 0.92 - 4.2 / b, odds = p / (1 - p);
  const double alpha = (2.83 + 5.1 / b) * deviation, mode = std::floor((count + 1) * p);
  const auto log_ways = [count](double k) {
    return std::lgamma(k + 1) + std::lgamma(count - k + 1);
  };
  while (true) {
    const double u = draw() - 0.5, v = draw(), s = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / s + b) * u + c);
    if (k < 0 || k > count) continue;
    if (s >= 0.07 && v <= v_r) return k;
    if (std::log(v * alpha / (a / (s * s) + b)) <=
        log_ways(mode) - log_ways(k) + (k - mode) * std::log(odds)) {
      return k;
    }
  }
}

}  // namespace

Tensor StandardGammaGrad(const Tensor& concentration, const Tensor& sample) {
  const NoGradGuard no_grad;
  const Tensor a = OnCpu(concentration), x = OnCpu(sample), psi = Digamma(a);
  const Tensor grad = NewOnCpu(a.shape());
  for (int64_t i = 0; i < a.numel(); ++i) {
    grad.data<double>()[i] =
        GammaGrad(a.data<double>()[i], x.data<double>()[i], psi.data<double>()[i]);
  }
  return grad;
}

Tensor StandardGamma(const Tensor& concentration, Generator* generator) {
  RequireFloating("standard_gamma", concentration);
  Tensor sample;
  {
    const NoGradGuard no_grad;
    const Tensor a = OnCpu(concentration), drawn = NewOnCpu(a.shape());
    const RandomState state = Reserve(generator, a.numel());
    const double least = FloatLimitsOf(concentration.dtype()).smallest_normal;
    for (int64_t i = 0; i < a.numel(); ++i) {
      const double own = Positive("standard_gamma", a.data<double>()[i]);
      ElementDraws draw(state, i);
      drawn.data<double>()[i] = std::max(DrawGamma(own, draw), least);
    }
    sample = Cast(To(drawn, concentration.device()), concentration.dtype());
  }
  autograd::RecordFunction(
      "standard_gamma", {concentration}, {sample},
      [a = concentration, x = Detach(sample)](const std::vector<Tensor>& grads) {
        const Tensor own = Cast(To(StandardGammaGrad(a, x), a.device()), a.dtype());
        autograd::RecordFunction(
            "standard_gamma_grad", {a}, {own},
            [](const std::vector<Tensor>&) -> std::vector<Tensor> {
              ThrowUnimplemented(
                  "standard_gamma: the gradient of a draw has no gradient for the concentration");
            });
        return std::vector<Tensor>{grads[0] * own};
      });
  return sample;
}

Tensor VonMisesAngles(const Tensor& concentration, Generator* generator) {
  RequireFloating("von_mises", concentration);
  const NoGradGuard no_grad;
  const Tensor k = OnCpu(concentration), drawn = NewOnCpu(k.shape());
  const RandomState state = Reserve(generator, k.numel());
  for (int64_t i = 0; i < k.numel(); ++i) {
    ElementDraws draw(state, i);
    drawn.data<double>()[i] = DrawVonMises(Positive("von_mises", k.data<double>()[i]), draw);
  }
  return Cast(To(drawn, concentration.device()), concentration.dtype());
}

Tensor StandardDirichlet(const Tensor& concentration, Generator* generator) {
  // In double: small concentrations give numbers that float32 does not hold.
  const Tensor drawn = StandardGamma(Cast(concentration, kFloat64), generator);
  const Tensor shares = drawn / Sum(drawn, {.dims = {-1}, .keepdim = true});
  const double least = FloatLimitsOf(concentration.dtype()).smallest_normal;
  return Cast(Maximum(shares, least), concentration.dtype());
}

Tensor BinomialCounts(const Tensor& count, const Tensor& probability, Generator* generator) {
  if (count.shape() != probability.shape()) {
    ThrowInvalidArgument(absl::StrCat("binomial: counts ", Describe(count), " and probabilities ",
                                      Describe(probability), " must have one shape"));
  }
  const NoGradGuard no_grad;
  const Tensor n = OnCpu(count), p = OnCpu(probability), drawn = NewOnCpu(n.shape());
  const RandomState state = Reserve(generator, n.numel());
  for (int64_t i = 0; i < n.numel(); ++i) {
    const double own = n.data<double>()[i], chance = p.data<double>()[i];
    if (!(own >= 0 && own == std::floor(own) && chance >= 0 && chance <= 1)) {
      ThrowInvalidArgument(absl::StrCat("binomial: ", own, " trials of probability ", chance));
    }
    ElementDraws draw(state, i);
    drawn.data<double>()[i] = DrawBinomial(own, chance, draw);
  }
  return Cast(To(drawn, probability.device()), probability.dtype());
}

}  // namespace neura::distributions
