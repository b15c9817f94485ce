// Cases of neura::special.
#include <cmath>
#include <limits>
#include <string>

#include "neura/tensor/special/special.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

// By Simpson's rule for its integral, for a of at least 3.
double LowerGamma(double a, double x) {
  constexpr int kSteps = 4000;
  const auto f = [=](double t) { return std::pow(t, a - 1) * std::exp(-t); };
  double sum = f(0) + f(x);
  for (int i = 1; i < kSteps; ++i) sum += (i % 2 == 1 ? 4 : 2) * f(x * i / kSteps);
  return sum * x / kSteps / 3 / std::tgamma(a);
}
double HurwitzSum(double s, double q) {
  constexpr int kTerms = 20000;
  double sum = 0;
  for (int k = 0; k < kTerms; ++k) sum += std::pow(k + q, -s);
  return sum + std::pow(kTerms + q - 0.5, 1 - s) / (s - 1);
}

// From the powers of x: DLMF 18.5.13, 18.5.12 and 18.5.7, and for Chebyshev's the angle of x.
double Factorial(int n) { return std::tgamma(n + 1.0); }
double Hermite(int n, double x) {
  double sum = 0;
  for (int m = 0; 2 * m <= n; ++m) {
    sum += std::pow(-1, m) * std::pow(2 * x, n - 2 * m) / (Factorial(m) * Factorial(n - 2 * m));
  }
  return Factorial(n) * sum;
}
double HermiteE(int n, double x) { return Hermite(n, x / std::sqrt(2.0)) * std::exp2(-0.5 * n); }
double Laguerre(int n, double x) {
  double sum = 0;
  for (int k = 0; k <= n; ++k) {
    sum += std::pow(-x, k) * Factorial(n) / (Factorial(n - k) * Factorial(k) * Factorial(k));
  }
  return sum;
}
double Legendre(int n, double x) {
  double sum = 0;
  for (int k = 0; k <= n; ++k) {
    sum += Factorial(n + k) / (Factorial(n - k) * Factorial(k) * Factorial(k)) *
           std::pow((x - 1) / 2, k);
  }
  return sum;
}
double ChebyshevT(int n, double x) { return std::cos(n * std::acos(x)); }
double ChebyshevU(int n, double x) {
  return std::sin((n + 1) * std::acos(x)) / std::sin(std::acos(x));
}
double ChebyshevV(int n, double x) {
  return std::cos((n + 0.5) * std::acos(x)) / std::cos(std::acos(x) / 2);
}
double ChebyshevW(int n, double x) {
  return std::sin((n + 0.5) * std::acos(x)) / std::sin(std::acos(x) / 2);
}

void AddPolynomials(CaseList& cases) {
  const auto polynomial = [&](const std::string& name,
                              Tensor (*function)(const Operand&, const Operand&),
                              double (*reference)(int, double), bool shifted) {
    const double low = shifted ? 0.1 : -0.8;
    cases.push_back(Case(
        "special." + name + "/degrees",
        {Sample({2, 4}, 1, low, 0.9), FromVector<int64_t>({0, 1, 3, 6}, {4})},
        [function](Inputs in) { return function(in[0], in[1]); },
        Elementwise([=](double x, double n) {
          return reference(static_cast<int>(n), shifted ? 2 * x - 1 : x);
        })));
    cases.push_back(Case(
        "special." + name + "/number", {Sample({5}, 2, low, 0.9)},
        [function](Inputs in) { return function(in[0], 4); },
        Elementwise([=](double x) { return reference(4, shifted ? 2 * x - 1 : x); })));
  };
  polynomial("chebyshev_polynomial_t", &special::ChebyshevPolynomialT, &ChebyshevT, false);
  polynomial("chebyshev_polynomial_u", &special::ChebyshevPolynomialU, &ChebyshevU, false);
  polynomial("chebyshev_polynomial_v", &special::ChebyshevPolynomialV, &ChebyshevV, false);
  polynomial("chebyshev_polynomial_w", &special::ChebyshevPolynomialW, &ChebyshevW, false);
  polynomial("shifted_chebyshev_polynomial_t", &special::ShiftedChebyshevPolynomialT, &ChebyshevT,
             true);
  polynomial("shifted_chebyshev_polynomial_u", &special::ShiftedChebyshevPolynomialU, &ChebyshevU,
             true);
  polynomial("shifted_chebyshev_polynomial_v", &special::ShiftedChebyshevPolynomialV, &ChebyshevV,
             true);
  polynomial("shifted_chebyshev_polynomial_w", &special::ShiftedChebyshevPolynomialW, &ChebyshevW,
             true);
  polynomial("hermite_polynomial_h", &special::HermitePolynomialH, &Hermite, false);
  polynomial("hermite_polynomial_he", &special::HermitePolynomialHe, &HermiteE, false);
  polynomial("laguerre_polynomial_l", &special::LaguerrePolynomialL, &Laguerre, false);
  polynomial("legendre_polynomial_p", &special::LegendrePolynomialP, &Legendre, false);
}

}  // namespace

void AddSpecialCases(CaseList& cases) {
  const Tensor positive = Sample({2, 3}, 1, 0.2, 2), any = Sample({2, 3}, 2, -3, 3);
  const double inf = std::numeric_limits<double>::infinity();
  cases.push_back(Case(
      "special.entr/positive", {positive}, [](Inputs in) { return special::Entr(in[0]); },
      Elementwise([](double x) { return -x * std::log(x); })));
  cases.push_back(Case(
      "special.entr/edges", {Cast(FromList<double>({0, -1, inf}), kFloat32)},
      [](Inputs in) { return special::Entr(in[0]); },
      Elementwise([](double x) { return x < 0 || x > 1 ? -INFINITY : 0.0; })));
  cases.push_back(Case(
      "special.ndtr/vectors", {any}, [](Inputs in) { return special::Ndtr(in[0]); },
      Elementwise([](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; })));
  // The series of I_n.
  const auto bessel = [](int order) {
    return Elementwise([order](double x) {
      double term = order == 0 ? 1 : x / 2, sum = term;
      for (int k = 1; k < 40; ++k) sum += term *= x * x / 4 / (k * (k + order));
      return sum;
    });
  };
  cases.push_back(Case(
      "special.i0/vectors", {any}, [](Inputs in) { return special::I0(in[0]); }, bessel(0)));
  cases.push_back(Case(
      "special.i1/vectors", {any}, [](Inputs in) { return special::I1(in[0]); }, bessel(1)));
  AddPolynomials(cases);
  // DLMF 10.32.9 by the trapezoidal rule.
  const auto modified = [](int order) {
    return Elementwise([order](double x) {
      double sum = std::exp(-x) / 2;
      for (int k = 1; k < 1000; ++k) {
        sum += std::exp(-x * std::cosh(k * 0.01)) * std::cosh(order * k * 0.01);
      }
      return sum * 0.01;
    });
  };
  const Tensor above = Sample({2, 3}, 6, 0.4, 3);
  cases.push_back(Case(
      "special.modified_bessel_k0/vectors", {above},
      [](Inputs in) { return special::ModifiedBesselK0(in[0]); }, modified(0)));
  cases.push_back(Case(
      "special.modified_bessel_k1/vectors", {above},
      [](Inputs in) { return special::ModifiedBesselK1(in[0]); }, modified(1)));
  cases.push_back(Case(
      "special.spherical_bessel_j0/vectors", {any},
      [](Inputs in) { return special::SphericalBesselJ0(in[0]); },
      Elementwise([](double x) { return std::sin(x) / x; })));
  cases.push_back(Case(
      "special.log_ndtr/vectors", {any}, [](Inputs in) { return special::LogNdtr(in[0]); },
      Elementwise([](double x) { return std::log(std::erfc(-x / std::sqrt(2.0)) / 2); })));
  // Of three orders, which no derivative is taken by.
  const auto of_orders = [&](const char* name, Tensor (*function)(const Tensor&, const Tensor&),
                             double (*reference)(double, double)) {
    const std::vector<double> orders = {3, 4.5, 6};
    cases.push_back(Case(
        name, {Sample({4}, 5, 0.5, 9)},
        [=](Inputs in) {
          const Tensor column = To(FromVector(orders, {3, 1}), in[0].device());
          return function(Cast(column, in[0].dtype()), in[0]);
        },
        [=](Arrays in) {
          Array out{{3, 4}, {}};
          for (double order : orders) {
            for (double x : in[0].values) out.values.push_back(reference(order, x));
          }
          return std::vector<Array>{out};
        }));
  };
  of_orders("special.gammainc/orders", &neura::GammaInc, &LowerGamma);
  of_orders("special.gammaincc/orders", &neura::GammaIncC,
            [](double a, double x) { return 1 - LowerGamma(a, x); });
  of_orders("special.zeta/orders", &neura::Zeta, &HurwitzSum);
  cases.push_back(Case(
      "special.zeta/number", {positive}, [](Inputs in) { return special::ZetaOf(2, in[0]); },
      Elementwise([](double q) { return HurwitzSum(2, q); })));
  cases.push_back(Case(
      "special.xlog1py/broadcast", {any, Sample({3}, 3, 0.2, 2)},
      [](Inputs in) { return special::XLog1pY(in[0], in[1]); },
      Elementwise([](double x, double y) { return x * std::log1p(y); })));
  cases.push_back(Case(
      "special.xlog1py/number", {any}, [](Inputs in) { return special::XLog1pY(in[0], 0.5); },
      Elementwise([](double x) { return x * std::log1p(0.5); })));
}

}  // namespace neura::testing
