// Cases of windows and short-time transforms.
#include <cmath>
#include <numbers>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/complex_cases.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/windows/windows.h"

namespace neura::testing {
namespace {

using Number = ComplexNumber;
using Inputs = const std::vector<Tensor>&;
using Arrays = const std::vector<ComplexArray>&;

void AddWindow(std::vector<ComplexCase>& cases, const char* name, int64_t n, Tensor window,
               double (*value)(double part)) {
  cases.push_back({name,
                   std::nullopt,
                   {Sample({1}, 1)},
                   [window](Inputs) { return window; },
                   [=](Arrays) {
                     ComplexArray out{window.shape().empty() ? Dims{} : Dims{window.size(0)}, {}};
                     for (int64_t i = 0; i < window.size(0); ++i) {
                       out.values.emplace_back(
                           value(static_cast<double>(i) / static_cast<double>(n)));
                     }
                     return out;
                   },
                   false});
}

// By its power series (DLMF 10.25.2).
double BesselI0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 60; ++k) {
    term *= x * x / 4 / (k * k);
    sum += term;
  }
  return sum;
}

double Kaiser(double beta, double part) {
  const double height = 1 - (2 * part - 1) * (2 * part - 1);
  return BesselI0(beta * std::sqrt(height)) / BesselI0(beta);
}

double Cosine(double part) { return std::cos(2 * std::numbers::pi * part); }

}  // namespace

void AddSignalCases(std::vector<ComplexCase>& cases) {
  AddWindow(cases, "hann_window/periodic", 7, HannWindow(7, true, kFloat64),
            [](double part) { return 0.5 - 0.5 * Cosine(part); });
  AddWindow(cases, "hamming_window/whole", 6, HammingWindow(7, false, 0.6, 0.3, kFloat64),
            [](double part) { return 0.6 - 0.3 * Cosine(part); });
  AddWindow(cases, "blackman_window/whole", 6, BlackmanWindow(7, false, kFloat64),
            [](double part) { return 0.42 - 0.5 * Cosine(part) + 0.08 * Cosine(2 * part); });
  AddWindow(cases, "bartlett_window/periodic", 7, BartlettWindow(7, true, kFloat64),
            [](double part) { return 1 - std::fabs(2 * part - 1); });

  AddWindow(cases, "kaiser_window/periodic", 7, KaiserWindow(7, true, 5, kFloat64),
            [](double part) { return Kaiser(5, part); });
  AddWindow(cases, "windows.bartlett/sym", 6, windows::Bartlett(7, true, kFloat64),
            [](double part) { return 1 - std::fabs(2 * part - 1); });
  AddWindow(cases, "windows.blackman/sym", 6, windows::Blackman(7, true, kFloat64),
            [](double part) { return 0.42 - 0.5 * Cosine(part) + 0.08 * Cosine(2 * part); });
  AddWindow(cases, "windows.cosine/sym", 6, windows::Cosine(7, true, kFloat64),
            [](double part) { return std::sin(std::numbers::pi * (6 * part + 0.5) / 7); });
  AddWindow(cases, "windows.exponential/sym", 6, windows::Exponential(7, {}, 3, true, kFloat64),
            [](double part) { return std::exp(-std::fabs(6 * part - 3) / 3); });
  AddWindow(cases, "windows.gaussian/sym", 6, windows::Gaussian(7, 2, true, kFloat64),
            [](double part) { return std::exp(-std::pow((6 * part - 3) / 2, 2) / 2); });
  AddWindow(cases, "windows.general_cosine/sym", 6,
            windows::GeneralCosine(7, {0.5, 0.3, 0.2}, true, kFloat64),
            [](double part) { return 0.5 - 0.3 * Cosine(part) + 0.2 * Cosine(2 * part); });
  AddWindow(cases, "windows.general_hamming/sym", 6,
            windows::GeneralHamming(7, 0.6, true, kFloat64),
            [](double part) { return 0.6 - 0.4 * Cosine(part); });
  AddWindow(cases, "windows.hamming/periodic", 7, windows::Hamming(7, false, kFloat64),
            [](double part) { return 0.54 - 0.46 * Cosine(part); });
  AddWindow(cases, "windows.hann/sym", 6, windows::Hann(7, true, kFloat64),
            [](double part) { return 0.5 - 0.5 * Cosine(part); });
  AddWindow(cases, "windows.kaiser/sym", 6, windows::Kaiser(7, 8, true, kFloat64),
            [](double part) { return Kaiser(8, part); });
  AddWindow(cases, "windows.nuttall/sym", 6, windows::Nuttall(7, true, kFloat64), [](double part) {
    return 0.3635819 - 0.4891775 * Cosine(part) + 0.1365995 * Cosine(2 * part) -
           0.0106411 * Cosine(3 * part);
  });

  // Frames of 4 every 3 of 10 elements, without padding.
  const Tensor window = Sample({4}, 2, 0.5, 1);
  cases.push_back({"stft/frames",
                   std::nullopt,
                   {Sample({10}, 3), window},
                   [](Inputs in) { return Stft(in[0], 4, 3, {}, in[1], /*center=*/false); },
                   [](Arrays in) {
                     ComplexArray out{{3, 3}, {}};
                     for (int64_t i = 0; i < 9; ++i) {
                       const int64_t k = i / 3, t = i % 3;
                       Number sum = 0;
                       for (int64_t j = 0; j < 4; ++j) {
                         const double angle =
                             -2 * std::numbers::pi * static_cast<double>(j * k) / 4;
                         sum += in[0][3 * t + j] * in[1][j] * std::polar(1.0, angle);
                       }
                       out.values.push_back(sum);
                     }
                     return out;
                   }});
  // A signal comes back from what was made of it.
  for (const bool center : {true, false}) {
    // Without padding every place needs a weight.
    const Tensor frame = center ? window : Sample({6}, 5, 0.5, 1);
    cases.push_back({"istft/inverse",
                     std::nullopt,
                     {Sample({2, 25}, 4), frame},
                     [center](Inputs in) {
                       const int64_t n = in[1].size(0);
                       const Tensor x = Stft(in[0], 6, 2, n, in[1], center);
                       return Slice(Istft(x, 6, 2, n, in[1], center, false, {}, center ? 25 : 24),
                                    1, 2, 20);
                     },
                     [](Arrays in) {
                       ComplexArray out{{2, 18}, {}};
                       for (int64_t i = 0; i < 36; ++i) {
                         out.values.push_back(in[0][i / 18 * 25 + 2 + i % 18]);
                       }
                       return out;
                     }});
  }
}

}  // namespace neura::testing
