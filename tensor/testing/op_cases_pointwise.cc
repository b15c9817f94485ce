// Cases of pointwise operations: the C++ library's functions on doubles are the reference.
#include <cmath>
#include <numeric>

#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

using Unary = std::function<double(double)>;
using Binary = std::function<double(double, double)>;

struct Shapes {
  const char* name;
  Dims first;
  Dims second;
};
const Shapes kUnaryShapes[] = {
    {"matrix", {3, 5}, {}}, {"scalar", {}, {}}, {"empty", {2, 0, 3}, {}}, {"long", {2, 3, 37}, {}}};
const Shapes kBinaryShapes[] = {{"same", {3, 5}, {3, 5}},   {"row", {4, 3, 5}, {5}},
                                {"column", {3, 1}, {1, 4}}, {"scalar", {}, {2, 3}},
                                {"scalars", {}, {}},        {"empty", {0, 3}, {1, 3}}};

void AddUnary(CaseList& cases, OpId op, const Unary& f, double low = -1, double high = 1,
              std::shared_ptr<const void> options = nullptr) {
  for (const Shapes& shapes : kUnaryShapes) {
    cases.push_back({std::string(SchemaOf(op).name) + "/" + shapes.name,
                     op,
                     {Sample(shapes.first, 1, low, high)},
                     options,
                     Elementwise(f)});
  }
}

void AddBinary(CaseList& cases, OpId op, const Binary& f, double low = -1, double high = 1,
               double low2 = -1, double high2 = 1) {
  for (const Shapes& shapes : kBinaryShapes) {
    cases.push_back({std::string(SchemaOf(op).name) + "/" + shapes.name,
                     op,
                     {Sample(shapes.first, 1, low, high), Sample(shapes.second, 2, low2, high2)},
                     nullptr,
                     Elementwise(f)});
  }
}

// The same operation on small integers.
void AddIntegers(CaseList& cases, OpId op, const Binary& f, int64_t low2 = -4) {
  for (DType dtype : {kInt64, kInt32, kUInt8}) {
    const bool is_unsigned = dtype == kUInt8;
    const Tensor a = Reshape(Arange(0, 12), {3, 4}) - (is_unsigned ? 0 : 6);
    Tensor b = Arange(is_unsigned ? 1 : low2, is_unsigned ? 5 : low2 + 4);
    cases.push_back({std::string(SchemaOf(op).name) + "/" + std::string(DTypeName(dtype)),
                     op,
                     {Cast(a, dtype), Cast(b, dtype)},
                     nullptr,
                     Elementwise(f)});
  }
}

double Gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double GeluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}
// From their definitions: the series, and the integral of what is left of it.
double Digamma(double x) {
  constexpr int kTerms = 100000;
  double sum = -0.57721566490153286061;
  for (int k = 0; k < kTerms; ++k) sum += 1.0 / (k + 1) - 1.0 / (k + x);
  return sum + std::log((kTerms + x - 0.5) / (kTerms + 0.5));
}
double PolyGamma(int n, double x) {
  constexpr int kTerms = 20000;
  double sum = 0;
  for (int k = 0; k < kTerms; ++k) sum += std::pow(k + x, -n - 1);
  sum += std::pow(kTerms + x - 0.5, -n) / n;
  return (n % 2 == 0 ? -1 : 1) * std::tgamma(n + 1.0) * sum;
}
double ErfInv(double y) {
  double low = -6, high = 6;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erf(middle) < y ? low : high) = middle;
  }
  return low;
}
// (f(0) / 2 + f(1 / n) + ... + f(1) / 2) / n, which is exact for smooth periodic functions.
double MeanOf(const std::function<double(double)>& f) {
  constexpr int kSteps = 4000;
  double sum = (f(0) + f(1)) / 2;
  for (int i = 1; i < kSteps; ++i) sum += f(static_cast<double>(i) / kSteps);
  return sum / kSteps;
}
// Of angles from 0 to pi (DLMF 10.32.3 and 10.9.2).
double BesselIe(int order, double x) {
  return MeanOf([=](double t) {
    return std::exp(x * std::cos(M_PI * t) - std::abs(x)) * std::cos(order * M_PI * t);
  });
}
double BesselJ(int order, double x) {
  return MeanOf([=](double t) { return std::cos(order * M_PI * t - x * std::sin(M_PI * t)); });
}
// By Simpson's rule.
double Integral(double low, double high, const std::function<double(double)>& f) {
  constexpr int kSteps = 8000;
  const double step = (high - low) / kSteps;
  double sum = f(low) + f(high);
  for (int i = 1; i < kSteps; ++i) sum += (i % 2 == 1 ? 4 : 2) * f(low + i * step);
  return sum * step / 3;
}
// DLMF 10.9.7 and 10.32.9.
double BesselY(int order, double x) {
  const double waves =
      Integral(0, M_PI, [=](double t) { return std::sin(x * std::sin(t) - order * t); });
  const double rest = Integral(0, 8, [=](double t) {
    return (std::exp(order * t) + std::cos(order * M_PI) * std::exp(-order * t)) *
           std::exp(-x * std::sinh(t));
  });
  return (waves - rest) / M_PI;
}
double BesselKe(int order, double x) {
  return Integral(0, 8, [=](double t) {
    const double half = std::sinh(t / 2);
    return std::exp(-2 * x * half * half) * std::cosh(order * t);
  });
}
// The solution of y'' = x y and its derivative, from what they are at 0, by Runge and Kutta's
// method.
double Airy(bool derivative, double x) {
  constexpr int kSteps = 4000;
  const double h = x / kSteps;
  double y = 0.35502805388781724, z = -0.25881940379280680;
  for (int i = 0; i < kSteps; ++i) {
    const double t = i * h, middle = t + h / 2;
    const double y1 = z, z1 = t * y;
    const double y2 = z + h / 2 * z1, z2 = middle * (y + h / 2 * y1);
    const double y3 = z + h / 2 * z2, z3 = middle * (y + h / 2 * y2);
    const double y4 = z + h * z3, z4 = (t + h) * (y + h * y3);
    y += h / 6 * (y1 + 2 * y2 + 2 * y3 + y4);
    z += h / 6 * (z1 + 2 * z2 + 2 * z3 + z4);
  }
  return derivative ? z : y;
}
double NdTri(double p) {
  double low = -9, high = 9;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
  }
  return low;
}
double FloorDivide(double a, double b) { return std::floor(a / b); }
double Remainder(double a, double b) { return a - b * std::floor(a / b); }

void AddTests(CaseList& cases) {
  const auto compare = [&](OpId op, const Binary& f) {
    AddBinary(cases, op, f);
    AddIntegers(cases, op, f);
  };
  compare(op::kEq, [](double a, double b) { return a == b; });
  compare(op::kNe, [](double a, double b) { return a != b; });
  compare(op::kLt, [](double a, double b) { return a < b; });
  compare(op::kLe, [](double a, double b) { return a <= b; });
  compare(op::kGt, [](double a, double b) { return a > b; });
  compare(op::kGe, [](double a, double b) { return a >= b; });
  AddUnary(cases, op::kIsNan, [](double x) { return std::isnan(x); });
  AddUnary(cases, op::kIsInf, [](double x) { return std::isinf(x); });
  AddUnary(cases, op::kIsFinite, [](double x) { return std::isfinite(x); });
  AddUnary(cases, op::kSignBit, [](double x) { return std::signbit(x); });
  const Tensor special = FromList<double>({NAN, INFINITY, -INFINITY, 0.0, -0.0, -2.5});
  for (auto [op, f] : {std::pair<OpId, Unary>{op::kIsNan, [](double x) { return std::isnan(x); }},
                       {op::kIsInf, [](double x) { return std::isinf(x); }},
                       {op::kIsFinite, [](double x) { return std::isfinite(x); }},
                       {op::kSignBit, [](double x) { return std::signbit(x); }}}) {
    cases.push_back(
        {std::string(SchemaOf(op).name) + "/special", op, {special}, nullptr, Elementwise(f)});
  }
  const Tensor truth = FromList<bool>({true, false, true, false}),
               other = FromList<bool>({true, true, false, false});
  const auto logical = [&](OpId op, const Binary& f) {
    cases.push_back(
        {std::string(SchemaOf(op).name) + "/bool", op, {truth, other}, nullptr, Elementwise(f)});
  };
  logical(op::kLogicalAnd, [](double a, double b) { return a != 0 && b != 0; });
  logical(op::kLogicalOr, [](double a, double b) { return a != 0 || b != 0; });
  logical(op::kBitwiseAnd, [](double a, double b) { return a != 0 && b != 0; });
  logical(op::kBitwiseOr, [](double a, double b) { return a != 0 || b != 0; });
  logical(op::kBitwiseXor, [](double a, double b) { return (a != 0) != (b != 0); });
  cases.push_back(
      {"bitwise_not/bool", op::kBitwiseNot, {truth}, nullptr, Elementwise(Unary([](double x) {
         return x == 0;
       }))});
  logical(op::kLogicalXor, [](double a, double b) { return (a != 0) != (b != 0); });
  cases.push_back(
      {"logical_not/bool", op::kLogicalNot, {truth}, nullptr, Elementwise(Unary([](double x) {
         return x == 0;
       }))});
}

void AddBits(CaseList& cases) {
  const auto bits = [](auto f) {
    return [f](double a, double b) {
      return static_cast<double>(f(static_cast<int64_t>(a), static_cast<int64_t>(b)));
    };
  };
  AddIntegers(cases, op::kBitwiseAnd, bits([](int64_t a, int64_t b) { return a & b; }));
  AddIntegers(cases, op::kBitwiseOr, bits([](int64_t a, int64_t b) { return a | b; }));
  AddIntegers(cases, op::kBitwiseXor, bits([](int64_t a, int64_t b) { return a ^ b; }));
  AddIntegers(
      cases, op::kBitwiseLeftShift, [](double a, double b) { return a * std::exp2(b); }, 0);
  AddIntegers(
      cases, op::kBitwiseRightShift,
      [](double a, double b) { return std::floor(a * std::exp2(-b)); }, 0);
  for (DType dtype : {kInt64, kInt32}) {
    cases.push_back({std::string("bitwise_not/") + std::string(DTypeName(dtype)),
                     op::kBitwiseNot,
                     {Cast(Arange(-3, 4), dtype)},
                     nullptr,
                     Elementwise(Unary([](double x) { return -1 - x; }))});
  }
}

void AddCopies(CaseList& cases) {
  const Reference same = [](const std::vector<Array>& in) { return std::vector<Array>{in[0]}; };
  for (const Shapes& shapes : kUnaryShapes) {
    cases.push_back(
        {std::string("clone/") + shapes.name, op::kClone, {Sample(shapes.first)}, nullptr, same});
    cases.push_back({std::string("to_device/") + shapes.name,
                     op::kToDevice,
                     {Sample(shapes.first)},
                     Own(ToDeviceOptions{}),
                     same});
  }
  cases.push_back({"cast/float32",
                   op::kCast,
                   {Sample({3, 4})},
                   Own(CastOptions{.dtype = kFloat32}),
                   same,
                   1e-7});
  cases.push_back(
      {"cast/float64", op::kCast, {Sample({3, 4})}, Own(CastOptions{.dtype = kFloat64}), same});
  cases.push_back({"cast/int32",
                   op::kCast,
                   {Sample({3, 4}, 0, -50, 50)},
                   Own(CastOptions{.dtype = kInt32}),
                   Elementwise(Unary([](double x) { return std::trunc(x); }))});
  cases.push_back(
      {"where/broadcast",
       op::kWhere,
       {FromList<bool>({true, false, true}), Sample({4, 3}, 1), Sample({4, 1}, 2)},
       nullptr,
       Elementwise([](const std::vector<double>& v) { return v[0] != 0 ? v[1] : v[2]; })});
}

}  // namespace

void AddPointwiseCases(CaseList& cases) {
  AddUnary(cases, op::kNeg, [](double x) { return -x; });
  AddUnary(cases, op::kAbs, [](double x) { return std::fabs(x); });
  for (OpId op : {op::kSign, op::kSgn}) {
    AddUnary(cases, op, [](double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; });
  }
  AddUnary(cases, op::kConjPhysical, [](double x) { return x; });
  AddUnary(cases, op::kSquare, [](double x) { return x * x; });
  AddUnary(
      cases, op::kFloor, [](double x) { return std::floor(x); }, -5, 5);
  AddUnary(
      cases, op::kCeil, [](double x) { return std::ceil(x); }, -5, 5);
  AddUnary(
      cases, op::kRound, [](double x) { return std::nearbyint(x); }, -5, 5);
  AddUnary(
      cases, op::kTrunc, [](double x) { return std::trunc(x); }, -5, 5);
  AddUnary(cases, op::kRelu, [](double x) { return std::fmax(x, 0); });
  AddUnary(
      cases, op::kReciprocal, [](double x) { return 1 / x; }, 0.5, 2);
  AddUnary(
      cases, op::kSqrt, [](double x) { return std::sqrt(x); }, 0.2, 3);
  AddUnary(
      cases, op::kRsqrt, [](double x) { return 1 / std::sqrt(x); }, 0.3, 3);
  AddUnary(
      cases, op::kExp, [](double x) { return std::exp(x); }, -3, 2);
  AddUnary(
      cases, op::kExp2, [](double x) { return std::exp2(x); }, -3, 2);
  AddUnary(cases, op::kExpm1, [](double x) { return std::expm1(x); });
  AddUnary(
      cases, op::kLog, [](double x) { return std::log(x); }, 0.3, 4);
  AddUnary(
      cases, op::kLog2, [](double x) { return std::log2(x); }, 0.3, 4);
  AddUnary(
      cases, op::kLog10, [](double x) { return std::log10(x); }, 0.3, 4);
  AddUnary(
      cases, op::kLog1p, [](double x) { return std::log1p(x); }, -0.5, 2);
  AddUnary(
      cases, op::kSin, [](double x) { return std::sin(x); }, -4, 4);
  AddUnary(
      cases, op::kCos, [](double x) { return std::cos(x); }, -4, 4);
  AddUnary(cases, op::kTan, [](double x) { return std::tan(x); });
  AddUnary(
      cases, op::kAsin, [](double x) { return std::asin(x); }, -0.8, 0.8);
  AddUnary(
      cases, op::kAcos, [](double x) { return std::acos(x); }, -0.8, 0.8);
  AddUnary(
      cases, op::kAtan, [](double x) { return std::atan(x); }, -3, 3);
  AddUnary(cases, op::kSinh, [](double x) { return std::sinh(x); });
  AddUnary(cases, op::kCosh, [](double x) { return std::cosh(x); });
  AddUnary(
      cases, op::kTanh, [](double x) { return std::tanh(x); }, -3, 3);
  AddUnary(
      cases, op::kAsinh, [](double x) { return std::asinh(x); }, -3, 3);
  AddUnary(
      cases, op::kAcosh, [](double x) { return std::acosh(x); }, 1.2, 4);
  AddUnary(
      cases, op::kAtanh, [](double x) { return std::atanh(x); }, -0.8, 0.8);
  AddUnary(
      cases, op::kErf, [](double x) { return std::erf(x); }, -2, 2);
  AddUnary(
      cases, op::kErfc, [](double x) { return std::erfc(x); }, -2, 2);
  AddUnary(cases, op::kErfInv, ErfInv, -0.9, 0.9);
  AddUnary(
      cases, op::kErfCx, [](double x) { return std::exp(x * x) * std::erfc(x); }, -1, 3);
  AddUnary(cases, op::kNdTri, NdTri, 0.02, 0.95);
  AddUnary(
      cases, op::kBesselI0e, [](double x) { return BesselIe(0, x); }, -4, 4);
  AddUnary(
      cases, op::kBesselI1e, [](double x) { return BesselIe(1, x); }, -4, 4);
  AddUnary(
      cases, op::kBesselJ0, [](double x) { return BesselJ(0, x); }, -9, 9);
  AddUnary(
      cases, op::kBesselJ1, [](double x) { return BesselJ(1, x); }, -9, 9);
  for (int order : {0, 1}) {
    AddUnary(
        cases, order == 0 ? op::kBesselY0 : op::kBesselY1,
        [=](double x) { return BesselY(order, x); }, 0.4, 9);
    AddUnary(
        cases, order == 0 ? op::kBesselK0e : op::kBesselK1e,
        [=](double x) { return BesselKe(order, x); }, 0.4, 9);
    const auto airy = [=](double x) { return Airy(order == 1, x); };
    const auto options = Own(AiryAiOptions{.derivative = order == 1});
    AddUnary(cases, op::kAiryAi, airy, -1.5, 0.9, options);
    AddUnary(cases, op::kAiryAi, airy, -7, -2.5, options);
    AddUnary(cases, op::kAiryAi, airy, 1.1, 2, options);
  }
  AddUnary(
      cases, op::kFrexpMantissa, [](double x) { return x / 8; }, 4.1, 7.9);
  AddUnary(
      cases, op::kFrexpExponent, [](double) { return -1; }, 0.26, 0.49);
  // Of integer degrees, which no derivative is taken by; by the angle of x.
  const Tensor degrees = FromVector<uint8_t>({0, 1, 2, 5}, {4, 1});
  for (int64_t derivative : {0, 1}) {
    cases.push_back({"special_polynomial/derivative" + std::to_string(derivative),
                     op::kPolynomial,
                     {Sample({7}, 4, -0.9, 0.9), degrees},
                     Own(PolynomialOptions{.family = "chebyshev_t", .derivative = derivative}),
                     Elementwise([derivative](double x, double n) {
                       const double angle = std::acos(x);
                       return derivative == 0 ? std::cos(n * angle)
                                              : n * std::sin(n * angle) / std::sin(angle);
                     })});
  }
  // Beyond where series and recurrences end.
  const auto large = [&](const char* name, OpId op, auto f) {
    cases.push_back(
        {name, op, {Cast(Sample({20}, 3, 20, 60), kFloat32)}, nullptr, Elementwise([=](double x) {
           return f(x);
         })});
  };
  large("special_i0e/large", op::kBesselI0e, [](double x) { return BesselIe(0, x); });
  large("special_i1e/large", op::kBesselI1e, [](double x) { return BesselIe(1, x); });
  large("special_bessel_j0/large", op::kBesselJ0, [](double x) { return BesselJ(0, x); });
  large("special_bessel_j1/large", op::kBesselJ1, [](double x) { return BesselJ(1, x); });
  large("special_bessel_y0/large", op::kBesselY0, [](double x) { return BesselY(0, x); });
  large("special_scaled_modified_bessel_k1/large", op::kBesselK1e,
        [](double x) { return BesselKe(1, x); });
  AddUnary(
      cases, op::kLgamma, [](double x) { return std::lgamma(x); }, 0.3, 4);
  AddUnary(
      cases, op::kLgamma, [](double x) { return std::lgamma(x); }, -1.8, -1.2);
  AddUnary(cases, op::kDigamma, Digamma, 0.3, 4);
  AddUnary(cases, op::kDigamma, Digamma, -1.8, -1.2);
  for (int n : {1, 2, 3}) {
    const auto reference = [n](double x) { return PolyGamma(n, x); };
    AddUnary(cases, op::kPolyGamma, reference, 0.5, 4, Own(PolyGammaOptions{.n = n}));
    AddUnary(cases, op::kPolyGamma, reference, -1.7, -1.3, Own(PolyGammaOptions{.n = n}));
  }
  AddUnary(
      cases, op::kSigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -4, 4);
  AddUnary(
      cases, op::kSilu, [](double x) { return x / (1 + std::exp(-x)); }, -4, 4);
  AddUnary(
      cases, op::kSoftplus, [](double x) { return std::log1p(std::exp(x)); }, -4, 4);
  AddUnary(cases, op::kGelu, Gelu, -3, 3, Own(GeluOptions{}));
  AddUnary(cases, op::kGelu, GeluTanh, -3, 3, Own(GeluOptions{.approximate = "tanh"}));
  AddUnary(
      cases, op::kLeakyRelu, [](double x) { return x > 0 ? x : 0.2 * x; }, -1, 1,
      Own(LeakyReluOptions{.negative_slope = 0.2}));
  AddUnary(
      cases, op::kClamp, [](double x) { return std::fmin(std::fmax(x, -0.5), 0.25); }, -1, 1,
      Own(ClampOptions{.min = -0.5, .max = 0.25}));
  AddUnary(
      cases, op::kClamp, [](double x) { return std::fmax(x, 0.1); }, -1, 1,
      Own(ClampOptions{.min = 0.1}));

  AddBinary(cases, op::kAdd, [](double a, double b) { return a + b; });
  AddIntegers(
      cases, op::kAdd, [](double a, double b) { return a + b; }, 7);
  AddBinary(cases, op::kSub, [](double a, double b) { return a - b; });
  AddBinary(cases, op::kMul, [](double a, double b) { return a * b; });
  AddIntegers(cases, op::kMul, [](double a, double b) { return a * b; });
  AddBinary(
      cases, op::kDiv, [](double a, double b) { return a / b; }, -1, 1, 0.5, 2);
  AddBinary(cases, op::kFloorDivide, FloorDivide, -9, 9, 0.7, 2.3);
  AddIntegers(cases, op::kFloorDivide, FloorDivide, 1);
  AddIntegers(cases, op::kFloorDivide, FloorDivide, -4);
  AddBinary(cases, op::kRemainder, Remainder, -9, 9, 0.7, 2.3);
  AddIntegers(cases, op::kRemainder, Remainder, 1);
  AddIntegers(cases, op::kRemainder, Remainder, -4);
  AddBinary(
      cases, op::kFmod, [](double a, double b) { return std::fmod(a, b); }, -9, 9, 0.7, 2.3);
  AddIntegers(
      cases, op::kFmod, [](double a, double b) { return std::fmod(a, b); }, 1);
  AddIntegers(
      cases, op::kFmod, [](double a, double b) { return std::fmod(a, b); }, -4);
  AddBinary(
      cases, op::kHypot, [](double a, double b) { return std::hypot(a, b); }, 0.2, 1);
  AddBinary(cases, op::kCopySign, [](double a, double b) { return std::copysign(a, b); });
  AddBinary(
      cases, op::kPow, [](double a, double b) { return std::pow(a, b); }, 0.3, 2, -2, 2);
  AddBinary(
      cases, op::kAtan2, [](double a, double b) { return std::atan2(a, b); }, 0.2, 1);
  AddIntegers(
      cases, op::kGcd,
      [](double a, double b) {
        return static_cast<double>(std::gcd(static_cast<int64_t>(a), static_cast<int64_t>(b)));
      },
      6);
  AddBinary(cases, op::kMaximum, [](double a, double b) { return std::fmax(a, b); });
  AddIntegers(cases, op::kMaximum, [](double a, double b) { return std::fmax(a, b); });
  AddBinary(cases, op::kMinimum, [](double a, double b) { return std::fmin(a, b); });
  AddIntegers(cases, op::kMinimum, [](double a, double b) { return std::fmin(a, b); });
  AddBinary(cases, op::kReluGrad, [](double g, double y) { return y > 0 ? g : 0; });
  AddTests(cases);
  AddBits(cases);
  AddCopies(cases);
}

}  // namespace neura::testing
