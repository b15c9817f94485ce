// Cases of composites.
#include "neura/tensor/testing/composite_cases.h"

#include <algorithm>
#include <cmath>

#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

void AddPointwise(CaseList& cases) {
  const Tensor x = Sample({3, 5}, 1), y = Sample({5}, 2), z = Sample({3, 1}, 3, 0.5, 2);
  for (double weight : {0.0, 0.3, 0.75, 1.0}) {
    cases.push_back(Case(
        "lerp/" + std::to_string(weight), {x, y},
        [weight](Inputs in) { return Lerp(in[0], in[1], weight); },
        Elementwise([weight](double a, double b) { return a + weight * (b - a); })));
  }
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
  const auto norm = [](double p) {
    return [p](Arrays in) {
      Array out = in[0];
      for (int64_t row = 0; row < in[0].size(0); ++row) {
        const int64_t n = in[0].size(1);
        double sum = 0;
        for (int64_t i = 0; i < n; ++i) sum += std::pow(std::abs(in[0][row * n + i]), p);
        for (int64_t i = 0; i < n; ++i) out[row * n + i] /= std::pow(sum, 1 / p);
      }
      return std::vector<Array>{out};
    };
  };
  for (double p : {1.0, 2.0, 3.0}) {
    cases.push_back(Case(
        "normalize/p" + std::to_string(p), {Sample({3, 4}, 2)},
        [p](Inputs in) { return Normalize(in[0], p); }, norm(p)));
  }
  cases.push_back(Case(
      "layer_norm/two_dims", {Sample({2, 3, 4}, 3), Sample({3, 4}, 4), Sample({3, 4}, 5)},
      [](Inputs in) {
        return LayerNormOver(in[0], {3, 4}, in[1], in[2], 1e-3);
      },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t row = 0; row < 2; ++row) {
          double mean = 0, variance = 0;
          for (int64_t i = 0; i < 12; ++i) mean += in[0][row * 12 + i] / 12;
          for (int64_t i = 0; i < 12; ++i) variance += std::pow(in[0][row * 12 + i] - mean, 2) / 12;
          for (int64_t i = 0; i < 12; ++i) {
            out[row * 12 + i] =
                (in[0][row * 12 + i] - mean) / std::sqrt(variance + 1e-3) * in[1][i] + in[2][i];
          }
        }
        return std::vector<Array>{out};
      }));
}

void AddReductions(CaseList& cases) {
  const auto moment = [](Values v, double correction) {
    double mean = 0, sum = 0;
    for (double value : v) mean += value / static_cast<double>(v.size());
    for (double value : v) sum += (value - mean) * (value - mean);
    return sum / (static_cast<double>(v.size()) - correction);
  };
  const Tensor x = Sample({3, 4, 2}, 1);
  const ReduceOptions last_two = {.dims = {1, -1}, .keepdim = true};
  cases.push_back(Case(
      "var/all", {x}, [](Inputs in) { return Var(in[0]); },
      Reduce({}, false, [=](Values v) { return moment(v, 1); })));
  cases.push_back(Case(
      "var/dims", {x}, [=](Inputs in) { return Var(in[0], last_two, 0); },
      Reduce({1, -1}, true, [=](Values v) { return moment(v, 0); })));
  cases.push_back(Case(
      "std/dims", {x}, [=](Inputs in) { return Std(in[0], last_two); },
      Reduce({1, -1}, true, [=](Values v) { return std::sqrt(moment(v, 1)); })));
  cases.push_back(Case(
      "logsumexp/dim", {x}, [](Inputs in) { return LogSumExp(in[0], {.dims = {0}}); },
      Reduce({0}, false, [](Values v) {
        double sum = 0;
        for (double value : v) sum += std::exp(value);
        return std::log(sum);
      })));
  cases.push_back(Case(
      "argsort/descending", {FromList<int64_t>({3, 9, 3, 7})},
      [](Inputs in) { return ArgSort(in[0], 0, true); },
      [](const std::vector<Array>&) {
        return std::vector<Array>{{.shape = {4}, .values = {1, 3, 0, 2}}};
      }));
  for (double p : {1.0, 2.0, 2.5}) {
    cases.push_back(Case(
        "norm/p" + std::to_string(p), {x}, [p](Inputs in) { return Norm(in[0], p, {.dims = {2}}); },
        Reduce({2}, false, [p](Values v) {
          double sum = 0;
          for (double value : v) sum += std::pow(std::abs(value), p);
          return std::pow(sum, 1 / p);
        })));
  }
  const auto count = [](Values v) {
    return static_cast<double>(std::ranges::count_if(v, [](double value) { return value != 0; }));
  };
  const Tensor sparse = Relu(x);
  cases.push_back(Case(
      "count_nonzero/all", {sparse}, [](Inputs in) { return CountNonZero(in[0]); },
      Reduce({}, false, count)));
  cases.push_back(Case(
      "count_nonzero/dim", {sparse}, [](Inputs in) { return CountNonZero(in[0], Dims{1}); },
      Reduce({1}, false, count)));
  cases.push_back(Case(
      "trace/wide", {Sample({3, 4}, 2)}, [](Inputs in) { return Trace(in[0]); },
      [](Arrays in) {
        return std::vector<Array>{MakeArray({}, in[0][0] + in[0][5] + in[0][10])};
      }));
}

void AddViews(CaseList& cases) {
  const Tensor x = Sample({2, 3, 4}, 1);
  const auto first_in_shape = [](Arrays in) { return InShape(in[1].shape)(in); };
  // A vector can be seen under other shapes also where its elements lie apart.
  cases.push_back(Case(
      "view_as/vector", {Sample({6}, 1), Sample({2, 3}, 2)},
      [](Inputs in) { return ViewAs(in[0], in[1]); }, first_in_shape));
  cases.push_back(Case(
      "reshape_as/matrix", {x, Sample({6, 4}, 2)},
      [](Inputs in) { return ReshapeAs(in[0], in[1]); }, first_in_shape));
  cases.push_back(Case(
      "expand_as/row", {Sample({1, 4}, 1), Sample({2, 3, 4}, 2)},
      [](Inputs in) { return ExpandAs(in[0], in[1]); }, Take({2, 3, 4}, [](Position p) {
        return Position{0, p[2]};
      })));
  cases.push_back(Case(
      "ravel/cube", {x}, [](Inputs in) { return Ravel(in[0]); }, InShape({24})));
  cases.push_back(Case(
      "flatten/some", {x}, [](Inputs in) { return Flatten(in[0], 1); }, InShape({2, 12})));
  cases.push_back(Case(
      "transpose/ends", {x}, [](Inputs in) { return Transpose(in[0], 0, -1); },
      Take({4, 3, 2}, [](Position p) {
        return Position{p[2], p[1], p[0]};
      })));
  cases.push_back(Case(
      "t/matrix", {Sample({2, 3}, 1)}, [](Inputs in) { return TransposeMatrix(in[0]); },
      Take({3, 2}, [](Position p) {
        return Position{p[1], p[0]};
      })));
  cases.push_back(Case(
      "t/vector", {Sample({3}, 1)}, [](Inputs in) { return TransposeMatrix(in[0]); },
      InShape({3})));
  cases.push_back(Case(
      "movedim/one", {x}, [](Inputs in) { return MoveDim(in[0], {0}, {-1}); },
      Take({3, 4, 2}, [](Position p) {
        return Position{p[2], p[0], p[1]};
      })));
  cases.push_back(Case(
      "movedim/two", {x},
      [](Inputs in) {
        return MoveDim(in[0], {0, 1}, {2, 0});
      },
      Take({3, 4, 2}, [](Position p) {
        return Position{p[2], p[0], p[1]};
      })));
  cases.push_back(Case(
      "narrow/middle", {x}, [](Inputs in) { return Narrow(in[0], 2, 1, 2); },
      Take({2, 3, 2}, [](Position p) {
        return Position{p[0], p[1], p[2] + 1};
      })));
  cases.push_back(Case(
      "select/last", {x}, [](Inputs in) { return Select(in[0], 1, -1); },
      Take({2, 4}, [](Position p) {
        return Position{p[0], 2, p[1]};
      })));
  const auto slices = [](std::vector<Dims> shapes, int64_t size, size_t dim) {
    return [=](Arrays in) {
      std::vector<Array> parts;
      for (size_t k = 0; k < shapes.size(); ++k) {
        const int64_t first = static_cast<int64_t>(k) * size;
        parts.push_back(Take(shapes[k], [&](Position p) {
          if (p.size() < in[0].shape.size()) {
            p.insert(p.begin() + static_cast<ptrdiff_t>(dim), 0);
          }
          p[dim] += first;
          return p;
        })(in)[0]);
      }
      return parts;
    };
  };
  cases.push_back(Case(
      "chunk/uneven", {x}, [](Inputs in) { return Chunk(in[0], 3, 2); },
      slices({{2, 3, 2}, {2, 3, 2}}, 2, 2)));
  cases.push_back(Case(
      "split/by_size", {x}, [](Inputs in) { return Split(in[0], 3, 2); },
      slices({{2, 3, 3}, {2, 3, 1}}, 3, 2)));
}

void AddArranging(CaseList& cases) {
  const Tensor x = Sample({2, 3}, 1);
  const auto joined = [](Dims shape, size_t dim) {
    return [=](Arrays in) {
      Array out = MakeArray(shape);
      int64_t first = 0;
      for (const Array& part : in) {
        // Vectors and numbers are seen with as many dimensions as the result has.
        Dims extents(shape.size() - part.shape.size(), 1);
        extents.insert(extents.end(), part.shape.begin(), part.shape.end());
        for (int64_t i = 0; i < part.numel(); ++i) {
          Position p = PositionOf(extents, i);
          p[dim] += first;
          out[IndexOf(shape, p)] = part[i];
        }
        first += extents[dim];
      }
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "stack/first", {x, Sample({2, 3}, 2)}, [](Inputs in) { return Stack(in, 0); },
      joined({2, 2, 3}, 0)));
  cases.push_back(Case(
      "hstack/matrices", {x, Sample({2, 1}, 2)}, [](Inputs in) { return HStack(in); },
      joined({2, 4}, 1)));
  cases.push_back(Case(
      "hstack/vectors", {Sample({3}, 1), Sample({}, 2)}, [](Inputs in) { return HStack(in); },
      joined({4}, 0)));
  cases.push_back(Case(
      "vstack/rows", {x, Sample({3}, 2)}, [](Inputs in) { return VStack(in); }, joined({3, 3}, 0)));
  cases.push_back(Case(
      "meshgrid/ij", {Sample({2}, 1), Sample({3}, 2)}, [](Inputs in) { return MeshGrid(in); },
      [](Arrays in) {
        Array a = MakeArray({2, 3}), b = a;
        for (int64_t i = 0; i < 6; ++i) a[i] = in[0][i / 3], b[i] = in[1][i % 3];
        return std::vector<Array>{a, b};
      }));
  cases.push_back(Case(
      "meshgrid/xy", {Sample({2}, 1), Sample({3}, 2)}, [](Inputs in) { return MeshGrid(in, "xy"); },
      [](Arrays in) {
        Array a = MakeArray({3, 2}), b = a;
        for (int64_t i = 0; i < 6; ++i) a[i] = in[0][i % 2], b[i] = in[1][i / 2];
        return std::vector<Array>{a, b};
      }));
  cases.push_back(Case(
      "repeat/new_dim", {x},
      [](Inputs in) {
        return Repeat(in[0], {2, 1, 3});
      },
      Take({2, 2, 9}, [](Position p) {
        return Position{p[1], p[2] % 3};
      })));
  cases.push_back(Case(
      "roll/flat", {x}, [](Inputs in) { return Roll(in[0], {-2}); }, Take({2, 3}, [](Position p) {
        const int64_t from = (p[0] * 3 + p[1] + 2) % 6;
        return Position{from / 3, from % 3};
      })));
  cases.push_back(Case(
      "roll/dims", {x},
      [](Inputs in) {
        return Roll(in[0], {1, -7}, Dims{0, 1});
      },
      Take({2, 3}, [](Position p) {
        return Position{(p[0] + 1) % 2, (p[1] + 7) % 3};
      })));
  cases.push_back(Case(
      "roll/empty", {Sample({2, 0}, 1)}, [](Inputs in) { return Roll(in[0], {1}, Dims{1}); },
      InShape({2, 0})));
  cases.push_back(Case(
      "diag/of_matrix", {x}, [](Inputs in) { return Diag(in[0], 1); }, Take({2}, [](Position p) {
        return Position{p[0], p[0] + 1};
      })));
  for (int64_t diagonal : {-1, 0, 2}) {
    const int64_t extent = 3 + std::abs(diagonal);
    cases.push_back(Case(
        "diag/matrix" + std::to_string(diagonal), {Sample({3}, 1)},
        [diagonal](Inputs in) { return Diag(in[0], diagonal); },
        Take({extent, extent}, [diagonal](Position p) {
          if (p[1] - p[0] != diagonal) return Position{};
          return Position{std::min(p[0], p[1])};
        })));
  }
  cases.push_back(Case(
      "pad/around", {x},
      [](Inputs in) {
        return PadByPairs(in[0], {1, 2, 0, 1}, "constant", 7);
      },
      Take(
          {3, 6},
          [](Position p) {
            if (p[0] > 1 || p[1] < 1 || p[1] > 3) return Position{};
            return Position{p[0], p[1] - 1};
          },
          7)));
  cases.push_back(Case(
      "pad/cropped", {x},
      [](Inputs in) {
        return PadByPairs(in[0], {-1, 1});
      },
      Take({2, 3}, [](Position p) {
        if (p[1] == 2) return Position{};
        return Position{p[0], p[1] + 1};
      })));
}

void AddPicking(CaseList& cases) {
  const Tensor x = Sample({3, 4}, 1);
  const Tensor mask = FromList<bool>({true, false, true, true});
  cases.push_back(Reading(
      "masked_select/broadcast", {x, mask}, [](Inputs in) { return MaskedSelect(in[0], in[1]); },
      Take({9}, [](Position p) {
        const int64_t columns[] = {0, 2, 3};
        return Position{p[0] / 3, columns[p[0] % 3]};
      })));
  const Tensor index = FromList<int64_t>({2, 0, 1, 0}, {1, 4});
  const auto scatter = [](Arrays in) {
    Array out = in[0];
    for (int64_t i = 0; i < 4; ++i) {
      out[static_cast<int64_t>(in[1][i]) * 4 + i] = in.size() > 2 ? in[2][i] : 7;
    }
    return std::vector<Array>{out};
  };
  cases.push_back(Case(
      "scatter/tensor", {x, index, Sample({2, 4}, 2)},
      [](Inputs in) { return Scatter(in[0], 0, in[1], in[2]); }, scatter));
  cases.push_back(Case(
      "scatter/number", {x, index}, [](Inputs in) { return Scatter(in[0], 0, in[1], 7); },
      scatter));
  const auto one_hot = [](Arrays in) {
    Array out = MakeArray({4, 3});
    for (int64_t i = 0; i < 4; ++i) out[i * 3 + static_cast<int64_t>(in[0][i])] = 1;
    return std::vector<Array>{out};
  };
  const Tensor classes = FromList<int64_t>({2, 0, 1, 0});
  cases.push_back(Reading(
      "one_hot/counted", {classes}, [](Inputs in) { return OneHot(in[0]); }, one_hot));
  cases.push_back(Reading(
      "one_hot/given", {classes}, [](Inputs in) { return OneHot(in[0], 3); }, one_hot));
  cases.push_back(Case(
      "embedding/matrix", {Reshape(classes, {2, 2}), Sample({3, 5}, 3)},
      [](Inputs in) { return Embedding(in[0], in[1]); },
      [](Arrays in) {
        Array out = MakeArray({2, 2, 5});
        for (int64_t i = 0; i < out.numel(); ++i) {
          out[i] = in[1][static_cast<int64_t>(in[0][i / 5]) * 5 + i % 5];
        }
        return std::vector<Array>{out};
      }));
}

void AddProducts(CaseList& cases) {
  // Rows of the first and columns of the second, in `count` products one after the other.
  const auto product = [](Dims shape, int64_t count, int64_t m, int64_t k, int64_t n) {
    return [=](Arrays in) {
      Array out = MakeArray(shape);
      for (int64_t b = 0; b < count; ++b) {
        for (int64_t i = 0; i < m * n; ++i) {
          for (int64_t j = 0; j < k; ++j) {
            out[b * m * n + i] += in[0][(b * m + i / n) * k + j] * in[1][(b * k + j) * n + i % n];
          }
        }
      }
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "mm/matrices", {Sample({2, 3}, 1), Sample({3, 4}, 2)},
      [](Inputs in) { return Mm(in[0], in[1]); }, product({2, 4}, 1, 2, 3, 4)));
  cases.push_back(Case(
      "bmm/matrices", {Sample({3, 2, 3}, 1), Sample({3, 3, 4}, 2)},
      [](Inputs in) { return Bmm(in[0], in[1]); }, product({3, 2, 4}, 3, 2, 3, 4)));
  cases.push_back(Case(
      "mv/vector", {Sample({2, 3}, 1), Sample({3}, 2)}, [](Inputs in) { return Mv(in[0], in[1]); },
      product({2}, 1, 2, 3, 1)));
  cases.push_back(Case(
      "dot/vectors", {Sample({5}, 1), Sample({5}, 2)}, [](Inputs in) { return Dot(in[0], in[1]); },
      product({}, 1, 1, 5, 1)));
  cases.push_back(Case(
      "outer/vectors", {Sample({2}, 1), Sample({3}, 2)},
      [](Inputs in) { return Outer(in[0], in[1]); }, product({2, 3}, 1, 2, 1, 3)));
  cases.push_back(Case(
      "addmm/scaled", {Sample({2, 3}, 1), Sample({3, 4}, 2), Sample({4}, 3)},
      [](Inputs in) { return Addmm(in[2], in[0], in[1], 0.5, -2); },
      [=](Arrays in) {
        Array out = product({2, 4}, 1, 2, 3, 4)(in)[0];
        for (int64_t i = 0; i < 8; ++i) out[i] = 0.5 * in[2][i % 4] - 2 * out[i];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "bilinear/bias",
      {Sample({2, 2, 3}, 1), Sample({2, 2, 2}, 2), Sample({4, 3, 2}, 3), Sample({4}, 4)},
      [](Inputs in) { return Bilinear(in[0], in[1], in[2], in[3]); }, BilinearForms({2, 2, 4})));
  cases.push_back(Case(
      "bilinear/vectors", {Sample({3}, 1), Sample({2}, 2), Sample({4, 3, 2}, 3)},
      [](Inputs in) { return Bilinear(in[0], in[1], in[2]); }, BilinearForms({4})));
  cases.push_back(Case(
      "bilinear/no_rows", {Sample({0, 3}, 1), Sample({0, 2}, 2), Sample({4, 3, 2}, 3)},
      [](Inputs in) { return Bilinear(in[0], in[1], in[2]); }, BilinearForms({0, 4})));
}

}  // namespace

void AddCompositeCases(CaseList& cases) {
  AddPointwise(cases);
  AddActivations(cases);
  AddReductions(cases);
  AddViews(cases);
  AddArranging(cases);
  AddPicking(cases);
  AddProducts(cases);
  AddArrangingCases(cases);
  AddOrderCases(cases);
  AddProductCases(cases);
}

}  // namespace neura::testing
