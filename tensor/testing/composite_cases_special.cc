// Cases of neura::special.
#include <cmath>
#include <limits>

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
