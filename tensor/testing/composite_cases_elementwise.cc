// Cases of composites that compute element by element.
#include <algorithm>
#include <cmath>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

void AddFunctions(CaseList& cases) {
  const Tensor x = Sample({3, 5}, 1), y = Sample({5}, 2), z = Sample({3, 1}, 3, 0.5, 2);
  for (double weight : {0.0, 0.3, 0.75, 1.0}) {
    cases.push_back(Case(
        "lerp/" + std::to_string(weight), {x, y},
        [weight](Inputs in) { return Lerp(in[0], in[1], weight); },
        Elementwise([weight](double a, double b) { return a + weight * (b - a); })));
  }
  cases.push_back(Case(
      "lerp/weights", {x, y, Sample({5}, 7, -1, 2)},
      [](Inputs in) { return Lerp(in[0], in[1], in[2]); },
      Elementwise([](const std::vector<double>& v) { return v[0] + v[2] * (v[1] - v[0]); })));
  const auto unary = [&](const char* name, Tensor (*function)(const Tensor&), auto reference) {
    cases.push_back(Case(
        name, {x * 2}, [function](Inputs in) { return function(in[0]); },
        Elementwise([reference](double a) -> double { return reference(a); })));
  };
  unary("frac/vectors", &Frac, [](double a) { return a - std::trunc(a); });
  unary("positive/vectors", &Positive, [](double a) { return a; });
  unary("deg2rad/vectors", &DegToRad, [](double a) { return a * M_PI / 180; });
  unary("rad2deg/vectors", &RadToDeg, [](double a) { return a * 180 / M_PI; });
  unary("sinc/vectors", &Sinc, [](double a) { return std::sin(M_PI * a) / (M_PI * a); });
  unary("isposinf/vectors", &IsPosInf, [](double a) { return a == INFINITY; });
  unary("isneginf/vectors", &IsNegInf, [](double a) { return a == -INFINITY; });
  const auto binary = [&](const char* name, Tensor (*function)(const Tensor&, const Tensor&),
                          auto reference) {
    cases.push_back(Case(
        name, {x, y}, [function](Inputs in) { return function(in[0], in[1]); },
        Elementwise([reference](double a, double b) -> double { return reference(a, b); })));
  };
  binary("fmax/broadcast", &FMax, [](double a, double b) { return std::fmax(a, b); });
  binary("fmin/broadcast", &FMin, [](double a, double b) { return std::fmin(a, b); });
  binary("heaviside/broadcast", &Heaviside, [](double a, double) { return a > 0; });
  binary("logaddexp/broadcast", &LogAddExp,
         [](double a, double b) { return std::log(std::exp(a) + std::exp(b)); });
  binary("logaddexp2/broadcast", &LogAddExp2,
         [](double a, double b) { return std::log2(std::exp2(a) + std::exp2(b)); });
  binary("ldexp/broadcast", &LdExp, [](double a, double b) { return a * std::exp2(b); });
  const Tensor positive = Sample({2, 3}, 4, 0.1, 3);
  cases.push_back(Case(
      "xlogy/tensors", {x, z}, [](Inputs in) { return XLogY(in[0], in[1]); },
      Elementwise([](double a, double b) { return a * std::log(b); })));
  cases.push_back(Case(
      "float_power/number", {positive}, [](Inputs in) { return FloatPower(in[0], 1.5); },
      Elementwise([](double a) { return std::pow(a, 1.5); })));
  cases.push_back(Case(
      "logit/eps", {x}, [](Inputs in) { return Logit(in[0], 0.1); }, Elementwise([](double a) {
        const double kept = std::min(std::max(a, 0.1), 0.9);
        return std::log(kept / (1 - kept));
      })));
  cases.push_back(Case(
      "frexp/vectors", {z},
      [](Inputs in) {
        const FrexpResult parts = Frexp(in[0]);
        return std::vector<Tensor>{parts.mantissa, parts.exponent};
      },
      Each({Elementwise([](double a) { return a * std::exp2(a < 1 ? 0 : -1); }),
            Elementwise([](double a) { return a < 1 ? 0.0 : 1.0; })})));
  cases.push_back(Case(
      "fill/tensor", {x, Sample({}, 5)}, [](Inputs in) { return Filled(in[0], in[1]); },
      Elementwise([](double, double v) { return v; })));
  cases.push_back(Case(
      "fill/number", {x}, [](Inputs in) { return Filled(in[0], 2.5); },
      Elementwise([](double) { return 2.5; })));
  cases.push_back(Case(
      "nan_to_num/numbers", {x}, [](Inputs in) { return NanToNum(in[0]); },
      Elementwise([](double a) { return a; })));
  cases.push_back(Case(
      "mvlgamma/vectors", {z + 2}, [](Inputs in) { return MultiGammaLn(in[0], 2); },
      Elementwise(
          [](double a) { return std::lgamma(a) + std::lgamma(a - 0.5) + 0.5 * std::log(M_PI); })));
  for (const char* mode : {"trunc", "floor"}) {
    cases.push_back(Case(
        std::string("div/") + mode, {x * 3, z},
        [mode](Inputs in) { return DivRounded(in[0], in[1], mode); },
        Elementwise([mode](double a, double b) {
          return mode[0] == 't' ? std::trunc(a / b) : std::floor(a / b);
        })));
  }
  cases.push_back(Case(
      "round/decimals", {x}, [](Inputs in) { return RoundTo(in[0], 1); },
      Elementwise([](double a) { return std::nearbyint(a * 10) / 10; })));
  cases.push_back(Case(
      "addcmul/broadcast", {x, y, z}, [](Inputs in) { return Addcmul(in[0], in[1], in[2], 0.5); },
      Elementwise([](Values v) { return v[0] + 0.5 * v[1] * v[2]; })));
  cases.push_back(Case(
      "addcdiv/broadcast", {x, y, z}, [](Inputs in) { return Addcdiv(in[0], in[1], in[2], -2); },
      Elementwise([](Values v) { return v[0] - 2 * v[1] / v[2]; })));
  cases.push_back(Case(
      "add/alpha", {x, y}, [](Inputs in) { return AddScaled(in[0], in[1], 3); },
      Elementwise([](double a, double b) { return a + 3 * b; })));
  cases.push_back(Case(
      "add/number", {x}, [](Inputs in) { return AddScaled(2.5, in[0], 3); },
      Elementwise([](double a) { return 2.5 + 3 * a; })));
  cases.push_back(Case(
      "sub/alpha", {x, y}, [](Inputs in) { return SubScaled(in[0], in[1], 0.5); },
      Elementwise([](double a, double b) { return a - 0.5 * b; })));
  cases.push_back(Case(
      "clamp/numbers", {x}, [](Inputs in) { return ClampBetween(in[0], -0.55, 0.45); },
      Elementwise([](double a) { return std::min(std::max(a, -0.55), 0.45); })));
  cases.push_back(Case(
      "clamp/tensors", {x, y, z}, [](Inputs in) { return ClampBetween(in[0], in[1], in[2]); },
      Elementwise([](Values v) { return std::min(std::max(v[0], v[1]), v[2]); })));
  cases.push_back(Case(
      "clamp/number_and_tensor", {x, y}, [](Inputs in) { return ClampBetween(in[0], in[1], 0.25); },
      Elementwise([](double a, double b) { return std::min(std::max(a, b), 0.25); })));
  cases.push_back(Case(
      "clamp_min/tensor", {x, y}, [](Inputs in) { return ClampMin(in[0], in[1]); },
      Elementwise([](double a, double b) { return std::max(a, b); })));
  cases.push_back(Case(
      "clamp_max/number", {x}, [](Inputs in) { return ClampMax(in[0], 0.1); },
      Elementwise([](double a) { return std::min(a, 0.1); })));
  const Tensor mask = Sample({5}, 5) > 0;
  cases.push_back(Case(
      "masked_fill/number", {x, mask}, [](Inputs in) { return MaskedFill(in[0], in[1], 7); },
      Elementwise([](double a, double m) { return m != 0 ? 7 : a; })));
  cases.push_back(Case(
      "masked_fill/tensor", {x, mask, Sample({}, 6)},
      [](Inputs in) { return MaskedFill(in[0], in[1], in[2]); },
      Elementwise([](Values v) { return v[1] != 0 ? v[2] : v[0]; })));
  const Tensor near = FromList<double>({0, 1.00000001, -2, 3.1, 1e-9});
  const Tensor far = FromList<double>({0, 1, -2, 3, 0});
  const auto close = [](double a, double b) {
    return std::abs(a - b) <= 1e-8 + 1e-5 * std::abs(b) ? 1.0 : 0.0;
  };
  cases.push_back(Case(
      "isclose/vector", {near, far}, [](Inputs in) { return IsClose(in[0], in[1]); },
      Elementwise(close)));
  const auto constant = [](double value) {
    return [value](Arrays) { return std::vector<Array>{MakeArray({}, value)}; };
  };
  cases.push_back(Reading(
      "allclose/not", {near, far}, [](Inputs in) { return Truth(AllClose(in[0], in[1]), in[0]); },
      constant(0)));
  cases.push_back(Reading(
      "allclose/near", {near, far},
      [](Inputs in) { return Truth(AllClose(in[0], in[1], 0.1), in[0]); }, constant(1)));
  cases.push_back(Reading(
      "equal/same", {x, Clone(x)}, [](Inputs in) { return Truth(Equal(in[0], in[1]), in[0]); },
      constant(1)));
  cases.push_back(Reading(
      "equal/shape", {x, y}, [](Inputs in) { return Truth(Equal(in[0], in[1]), in[0]); },
      constant(0)));
}

void AddActivations(CaseList& cases) {
  for (const Dims& shape : {Dims{3, 5}, Dims{}, Dims{0, 2}}) {
    const Tensor x = Sample(shape, 1, -4, 8);
    const std::string form = "/dims" + std::to_string(shape.size());
    cases.push_back(Case(
        "elu" + form, {x}, [](Inputs in) { return Elu(in[0], 1.5); },
        Elementwise([](double v) { return v > 0 ? v : 1.5 * std::expm1(v); })));
    cases.push_back(Case(
        "relu6" + form, {x}, [](Inputs in) { return Relu6(in[0]); },
        Elementwise([](double v) { return std::min(std::max(v, 0.0), 6.0); })));
    cases.push_back(Case(
        "hardtanh" + form, {x}, [](Inputs in) { return HardTanh(in[0], -2, 3); },
        Elementwise([](double v) { return std::min(std::max(v, -2.0), 3.0); })));
    cases.push_back(Case(
        "softplus" + form, {x}, [](Inputs in) { return SoftplusBelow(in[0], 2, 5.1); },
        Elementwise([](double v) { return 2 * v > 5.1 ? v : std::log1p(std::exp(2 * v)) / 2; })));
    const auto activation = [&](const char* name, auto function, auto reference) {
      cases.push_back(Case(
          name + form, {x}, [function](Inputs in) { return function(in[0]); },
          Elementwise([reference](double v) -> double { return reference(v); })));
    };
    const auto relu6 = [](double v) { return std::min(std::max(v, 0.0), 6.0); };
    activation(
        "celu", [](const Tensor& t) { return Celu(t, 1.5); },
        [](double v) { return v > 0 ? v : 1.5 * std::expm1(v / 1.5); });
    activation(
        "selu", [](const Tensor& t) { return Selu(t); },
        [](double v) {
          return 1.0507009873554805 * (v > 0 ? v : 1.6732632423543772 * std::expm1(v));
        });
    activation(
        "mish", [](const Tensor& t) { return Mish(t); },
        [](double v) { return v * std::tanh(std::log1p(std::exp(v))); });
    activation(
        "hardsigmoid", [](const Tensor& t) { return HardSigmoid(t); },
        [=](double v) { return relu6(v + 3) / 6; });
    activation(
        "hardswish", [](const Tensor& t) { return HardSwish(t); },
        [=](double v) { return v * relu6(v + 3) / 6; });
    activation("softsign", &SoftSign, [](double v) { return v / (1 + std::abs(v)); });
    activation("tanhshrink", &TanhShrink, [](double v) { return v - std::tanh(v); });
    activation(
        "hardshrink", [](const Tensor& t) { return HardShrink(t, 1.5); },
        [](double v) { return std::abs(v) <= 1.5 ? 0 : v; });
    activation(
        "softshrink", [](const Tensor& t) { return SoftShrink(t, 1.5); },
        [](double v) { return v > 1.5    ? v - 1.5
                              : v < -1.5 ? v + 1.5
                                         : 0; });
    activation(
        "threshold", [](const Tensor& t) { return Threshold(t, 1.5, 7.0); },
        [](double v) { return v > 1.5 ? v : 7; });
    cases.push_back(Case(
        "prelu/one" + form, {x, Sample({}, 2)}, [](Inputs in) { return PRelu(in[0], in[1]); },
        Elementwise([](double v, double w) { return v > 0 ? v : w * v; })));
    cases.push_back(Case(
        "logsigmoid" + form, {x}, [](Inputs in) { return LogSigmoid(in[0]); },
        Elementwise([](double v) { return -std::log1p(std::exp(-v)); })));
  }
  cases.push_back(Case(
      "prelu/channels", {Sample({2, 3, 4}, 1), Sample({3}, 2)},
      [](Inputs in) { return PRelu(in[0], in[1]); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 24; ++i) {
          const double v = in[0][i];
          out[i] = v > 0 ? v : in[1][i / 4 % 3] * v;
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "glu/rows", {Sample({2, 6}, 1)}, [](Inputs in) { return Glu(in[0]); },
      [](Arrays in) {
        Array out{{2, 3}, std::vector<double>(6)};
        for (int64_t i = 0; i < 6; ++i) {
          const int64_t at = i / 3 * 6 + i % 3;
          out[i] = in[0][at] / (1 + std::exp(-in[0][at + 3]));
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "softmin/rows", {Sample({2, 3}, 1)}, [](Inputs in) { return SoftMin(in[0], 1); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t row = 0; row < 2; ++row) {
          double sum = 0;
          for (int64_t i = 0; i < 3; ++i) sum += std::exp(-in[0][row * 3 + i]);
          for (int64_t i = 0; i < 3; ++i) out[row * 3 + i] = std::exp(-in[0][row * 3 + i]) / sum;
        }
        return std::vector<Array>{out};
      }));
}

}  // namespace

void AddElementwiseCases(CaseList& cases) {
  AddFunctions(cases);
  AddActivations(cases);
}

}  // namespace neura::testing
