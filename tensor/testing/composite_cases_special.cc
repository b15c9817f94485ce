// Cases of neura::special.
#include <cmath>
#include <limits>

#include "neura/tensor/special/special.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {

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
  cases.push_back(Case(
      "special.xlog1py/broadcast", {any, Sample({3}, 3, 0.2, 2)},
      [](Inputs in) { return special::XLog1pY(in[0], in[1]); },
      Elementwise([](double x, double y) { return x * std::log1p(y); })));
  cases.push_back(Case(
      "special.xlog1py/number", {any}, [](Inputs in) { return special::XLog1pY(in[0], 0.5); },
      Elementwise([](double x) { return x * std::log1p(0.5); })));
}

}  // namespace neura::testing
