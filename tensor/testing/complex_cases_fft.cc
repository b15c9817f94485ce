// Cases of Fourier transforms: the sums that define them are the reference.
#include <cmath>
#include <numbers>
#include <utility>

#include "neura/tensor/fft/fft.h"
#include "neura/tensor/ops/op_list/fft.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/complex_cases.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

using Number = ComplexNumber;
using Inputs = const std::vector<Tensor>&;
using Arrays = const std::vector<ComplexArray>&;

Tensor Numbers(DimsView shape, int seed) {
  return Complex(Sample(shape, seed), Sample(shape, seed + 100));
}

// n numbers along `dim`, each of them sum(f(j, k) * x[j]) over the m that there are.
ComplexArray Along(const ComplexArray& in, int64_t dim, int64_t n,
                   const std::function<Number(int64_t j, int64_t k, Number x)>& f) {
  Dims shape = in.shape;
  shape[static_cast<size_t>(dim)] = n;
  ComplexArray out{shape, {}};
  for (int64_t i = 0; i < NumElements(shape); ++i) {
    Position at = PositionOf(shape, i);
    const int64_t k = std::exchange(at[static_cast<size_t>(dim)], 0);
    Number sum = 0;
    for (int64_t j = 0; j < in.shape[static_cast<size_t>(dim)]; ++j) {
      at[static_cast<size_t>(dim)] = j;
      sum += f(j, k, in[IndexOf(in.shape, at)]);
    }
    out.values.push_back(sum);
  }
  return out;
}

Number Root(int64_t jk, int64_t n) {
  return std::polar(1.0,
                    -2 * std::numbers::pi * static_cast<double>(jk % n) / static_cast<double>(n));
}

// The transform of n numbers, of which the first `kept` are computed; those behind the input are 0.
ComplexArray Transform(const ComplexArray& in, int64_t dim, int64_t n, int64_t kept, bool inverse) {
  return Along(in, dim, kept, [=](int64_t j, int64_t k, Number x) {
    if (j >= n) return Number(0);
    return x * (inverse ? std::conj(Root(j * k, n)) : Root(j * k, n));
  });
}
// The real numbers of a half: the others are their conjugates.
ComplexArray ToReal(const ComplexArray& in, int64_t dim, int64_t n, bool inverse) {
  return Along(in, dim, n, [=](int64_t j, int64_t k, Number x) {
    if (j > n / 2) return Number(0);
    const bool own = j == 0 || 2 * j == n;
    const Number term = x * (inverse ? std::conj(Root(j * k, n)) : Root(j * k, n));
    return own ? Number(x.real() * Root(j * k, n).real()) : Number(2 * term.real());
  });
}
ComplexArray Times(ComplexArray in, double factor) {
  for (Number& value : in.values) value *= factor;
  return in;
}

template <typename F, typename R>
void Add(std::vector<ComplexCase>& cases, const char* name, Tensor input, F function, R reference) {
  cases.push_back({name,
                   std::nullopt,
                   {std::move(input)},
                   [function](Inputs in) { return function(in[0]); },
                   [reference](Arrays in) { return reference(in[0]); }});
}

void AddPrimitives(std::vector<ComplexCase>& cases) {
  Add(
      cases, "fft_c2c/middle", Numbers({2, 3, 2}, 1),
      [](const Tensor& x) { return Call<op::kFftC2C>({.dim = 1}, x); },
      [](const ComplexArray& x) { return Transform(x, 1, 3, 3, false); });
  cases.back().op = op::kFftC2C;
  Add(
      cases, "fft_r2c/first", Sample({5, 2}, 2),
      [](const Tensor& x) { return Call<op::kFftR2C>({.dim = 0}, x); },
      [](const ComplexArray& x) { return Transform(x, 0, 5, 3, false); });
  cases.back().op = op::kFftR2C;
  Add(
      cases, "fft_c2r/last", Numbers({2, 3}, 3),
      [](const Tensor& x) { return Call<op::kFftC2R>({.dim = 1, .n = 5}, x); },
      [](const ComplexArray& x) { return ToReal(x, 1, 5, true); });
  cases.back().op = op::kFftC2R;
}

void AddOneDimension(std::vector<ComplexCase>& cases) {
  // Lengths of small factors, of one that the library takes by itself, and of a prime.
  for (int64_t n : {1, 2, 6, 30, 77, 64, 97, 254}) {
    Add(
        cases, "fft.fft/length", Numbers({2, n}, 4), [](const Tensor& x) { return fft::Fft(x); },
        [n](const ComplexArray& x) { return Transform(x, 1, n, n, false); });
    Add(
        cases, "fft.ifft/length", Numbers({2, n}, 5), [](const Tensor& x) { return fft::Ifft(x); },
        [n](const ComplexArray& x) {
          return Times(Transform(x, 1, n, n, true), 1 / static_cast<double>(n));
        });
    Add(
        cases, "fft.rfft/length", Sample({2, n}, 6), [](const Tensor& x) { return fft::Rfft(x); },
        [n](const ComplexArray& x) { return Transform(x, 1, n, n / 2 + 1, false); });
    Add(
        cases, "fft.irfft/length", Numbers({2, n / 2 + 1}, 7),
        [n](const Tensor& x) { return fft::Irfft(x, n); },
        [n](const ComplexArray& x) {
          return Times(ToReal(x, 1, n, true), 1 / static_cast<double>(n));
        });
  }
  Add(
      cases, "fft.fft/longer, ortho", Numbers({3, 2}, 8),
      [](const Tensor& x) { return fft::Fft(x, 5, 0, "ortho"); },
      [](const ComplexArray& x) { return Times(Transform(x, 0, 5, 5, false), 1 / std::sqrt(5)); });
  Add(
      cases, "fft.fft/shorter, forward", Numbers({2, 6}, 9),
      [](const Tensor& x) { return fft::Fft(x, 4, -1, "forward"); },
      [](const ComplexArray& x) { return Times(Transform(x, 1, 4, 4, false), 0.25); });
  Add(
      cases, "fft.fft/real", Sample({2, 6}, 10), [](const Tensor& x) { return fft::Fft(x); },
      [](const ComplexArray& x) { return Transform(x, 1, 6, 6, false); });
  Add(
      cases, "fft.hfft/odd", Numbers({2, 4}, 11), [](const Tensor& x) { return fft::Hfft(x, 7); },
      [](const ComplexArray& x) { return ToReal(x, 1, 7, false); });
  Add(
      cases, "fft.hfft/default", Numbers({2, 4}, 12), [](const Tensor& x) { return fft::Hfft(x); },
      [](const ComplexArray& x) { return ToReal(x, 1, 6, false); });
  Add(
      cases, "fft.ihfft/odd", Sample({2, 5}, 13), [](const Tensor& x) { return fft::Ihfft(x); },
      [](const ComplexArray& x) { return Times(Transform(x, 1, 5, 3, true), 0.2); });
}

void AddSeveralDimensions(std::vector<ComplexCase>& cases) {
  const auto both = [](const ComplexArray& x, int64_t m, int64_t n, bool inverse) {
    const ComplexArray y = Transform(Transform(x, 1, m, m, inverse), 2, n, n, inverse);
    return Times(y, inverse ? 1 / static_cast<double>(m * n) : 1);
  };
  const Tensor z = Numbers({2, 3, 4}, 21), x = Sample({2, 3, 4}, 22);
  Add(
      cases, "fft.fft2/batch", z, [](const Tensor& t) { return fft::Fft2(t); },
      [both](const ComplexArray& t) { return both(t, 3, 4, false); });
  Add(
      cases, "fft.ifft2/batch", z, [](const Tensor& t) { return fft::Ifft2(t); },
      [both](const ComplexArray& t) { return both(t, 3, 4, true); });
  Add(
      cases, "fft.fftn/all", z, [](const Tensor& t) { return fft::FftN(t); },
      [both](const ComplexArray& t) { return both(Transform(t, 0, 2, 2, false), 3, 4, false); });
  Add(
      cases, "fft.ifftn/sizes", z,
      [](const Tensor& t) {
        return fft::IfftN(t, Dims{4, 3});
      },
      [both](const ComplexArray& t) { return both(t, 4, 3, true); });
  const auto half = [](const ComplexArray& t) {
    return Transform(Transform(t, 2, 4, 3, false), 1, 3, 3, false);
  };
  Add(
      cases, "fft.rfft2/batch", x, [](const Tensor& t) { return fft::Rfft2(t); }, half);
  Add(
      cases, "fft.rfftn/dims", x,
      [](const Tensor& t) {
        return fft::RfftN(t, {}, Dims{1, 2});
      },
      half);
  const auto to_real = [](const ComplexArray& t) {
    return Times(ToReal(Transform(t, 1, 3, 3, true), 2, 6, true), 1.0 / 18);
  };
  Add(
      cases, "fft.irfft2/batch", z, [](const Tensor& t) { return fft::Irfft2(t); }, to_real);
  Add(
      cases, "fft.irfftn/sizes", z,
      [](const Tensor& t) {
        return fft::IrfftN(t, Dims{3, 6});
      },
      to_real);
  const auto of_half = [](const ComplexArray& t) {
    return ToReal(Transform(t, 1, 3, 3, false), 2, 6, false);
  };
  Add(
      cases, "fft.hfft2/batch", z, [](const Tensor& t) { return fft::Hfft2(t); }, of_half);
  Add(
      cases, "fft.hfftn/dims", z,
      [](const Tensor& t) {
        return fft::HfftN(t, {}, Dims{1, 2});
      },
      of_half);
  const auto to_half = [](const ComplexArray& t) {
    return Times(Transform(Transform(t, 2, 4, 3, true), 1, 3, 3, true), 1.0 / 12);
  };
  Add(
      cases, "fft.ihfft2/batch", x, [](const Tensor& t) { return fft::Ihfft2(t); }, to_half);
  Add(
      cases, "fft.ihfftn/dims", x,
      [](const Tensor& t) {
        return fft::IhfftN(t, {}, Dims{1, 2});
      },
      to_half);
}

void AddFrequencies(std::vector<ComplexCase>& cases) {
  const auto values = [](std::vector<Number> of) {
    return [of](const ComplexArray&) {
      return ComplexArray{{static_cast<int64_t>(of.size())}, of};
    };
  };
  const auto add = [&](const char* name, auto function, auto reference) {
    Add(cases, name, Sample({1}, 31), function, reference);
    cases.back().differentiable = false;
  };
  add(
      "fft.fftfreq/odd", [](const Tensor&) { return fft::FftFreq(5, 0.5, kFloat64); },
      values({0, 0.4, 0.8, -0.8, -0.4}));
  add(
      "fft.fftfreq/even", [](const Tensor&) { return fft::FftFreq(4); },
      values({0, 0.25, -0.5, -0.25}));
  add(
      "fft.rfftfreq/even", [](const Tensor&) { return fft::RfftFreq(4, 1, kFloat64); },
      values({0, 0.25, 0.5}));
  const auto turned = [](int64_t by) {
    return [by](const ComplexArray& x) {
      ComplexArray out = x;
      for (size_t i = 0; i < 5; ++i) out.values[(i + static_cast<size_t>(by)) % 5] = x.values[i];
      return out;
    };
  };
  Add(
      cases, "fft.fftshift/odd", Numbers({5}, 32), [](const Tensor& x) { return fft::FftShift(x); },
      turned(2));
  Add(
      cases, "fft.ifftshift/odd", Numbers({5}, 33),
      [](const Tensor& x) { return fft::IfftShift(x, Dims{0}); }, turned(3));
}

}  // namespace

void AddFftCases(std::vector<ComplexCase>& cases) {
  AddPrimitives(cases);
  AddOneDimension(cases);
  AddSeveralDimensions(cases);
  AddFrequencies(cases);
}

}  // namespace neura::testing
