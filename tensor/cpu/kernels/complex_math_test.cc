// The functions of complex numbers against libm's in long double, each part by itself: over many
// magnitudes, at zeros of either sign, infinities and NaN.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <vector>

#include "neura/tensor/tensor.h"

namespace neura::cpu {
namespace {

using Exact = std::complex<long double>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Function {
  std::string name;
  Tensor (*computed)(const Tensor&);
  Exact (*exact)(const Exact&);
};

#define NEURA_FUNCTION(Name, name)                                                              \
  {                                                                                             \
#Name, [](const Tensor& x) { return Name(x); }, [](const Exact& x) { return std::name(x); } \
  }
const Function kFunctions[] = {
    NEURA_FUNCTION(Sqrt, sqrt),   NEURA_FUNCTION(Log, log),     NEURA_FUNCTION(Exp, exp),
    NEURA_FUNCTION(Sin, sin),     NEURA_FUNCTION(Cos, cos),     NEURA_FUNCTION(Tan, tan),
    NEURA_FUNCTION(Asin, asin),   NEURA_FUNCTION(Acos, acos),   NEURA_FUNCTION(Atan, atan),
    NEURA_FUNCTION(Sinh, sinh),   NEURA_FUNCTION(Cosh, cosh),   NEURA_FUNCTION(Tanh, tanh),
    NEURA_FUNCTION(Asinh, asinh), NEURA_FUNCTION(Acosh, acosh), NEURA_FUNCTION(Atanh, atanh),
};

template <typename T>
std::vector<std::complex<T>> Arguments() {
  std::vector<T> parts = {0,  -0.0, T(kInfinity),         T(-kInfinity), T(NAN), 1, -1, 0.5, 1.25,
                          -2, 3,    T(1.5707963267948966)};
  for (int power = -30; power <= 30; power += 3) {
    parts.push_back(std::ldexp(T(1.37), power));
    parts.push_back(std::ldexp(T(-1.11), power));
  }
  for (T edge : {std::numeric_limits<T>::max(), std::numeric_limits<T>::min(),
                 std::numeric_limits<T>::denorm_min()}) {
    parts.push_back(edge);
  }
  std::vector<std::complex<T>> arguments;
  for (T real : parts) {
    for (T imag : parts) arguments.emplace_back(real, imag);
  }
  return arguments;
}

// In units of the last digit of `exact`, or of the smallest number with all digits.
template <typename T>
double Apart(T computed, long double exact) {
  const T rounded = static_cast<T>(exact);
  if (std::isnan(rounded) || std::isnan(computed))
    return std::isnan(rounded) == std::isnan(computed) ? 0 : kInfinity;
  if (computed == rounded) return 0;
  if (std::isinf(rounded) || std::isinf(computed)) return kInfinity;
  const long double unit =
      std::max(std::fabs(exact), static_cast<long double>(std::numeric_limits<T>::min())) *
      std::numeric_limits<T>::epsilon();
  return static_cast<double>(std::fabs(computed - exact) / unit);
}

template <typename T>
void CheckAll() {
  const std::vector<std::complex<T>> arguments = Arguments<T>();
  const Tensor x = FromVector(arguments, {static_cast<int64_t>(arguments.size())});
  for (const Function& function : kFunctions) {
    SCOPED_TRACE(function.name);
    const Tensor y = function.computed(x);
    int shown = 0;
    for (size_t i = 0; i < arguments.size() && shown < 3; ++i) {
      const std::complex<T> got = y.template data<std::complex<T>>()[i];
      const Exact exact = function.exact(Exact(arguments[i]));
      const bool at_infinity =
          !std::isfinite(arguments[i].real()) || !std::isfinite(arguments[i].imag());
      // The signs of zeros and NaN at infinities are left open; libm's long double is no judge of
      // them.
      if (at_infinity && (std::isnan(exact.real()) || std::isnan(exact.imag()))) continue;
      // log |z| near 1 is a small difference of large ones: right to the digits of the larger part.
      const bool cancels = function.name == "Log" && std::fabs(exact.real()) < 0.1L;
      const double bound = cancels ? 100 : 4;
      if (Apart(got.real(), exact.real()) <= bound && Apart(got.imag(), exact.imag()) <= bound)
        continue;
      ++shown;
      ADD_FAILURE() << arguments[i] << ": " << got << ", exactly " << exact;
    }
  }
}

TEST(ComplexMathTest, Complex128) { CheckAll<double>(); }
TEST(ComplexMathTest, Complex64) { CheckAll<float>(); }

}  // namespace
}  // namespace neura::cpu
