#include "neura/tensor/testing/complex_cases.h"

#include <cmath>
#include <utility>

#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

using Number = ComplexNumber;
using Inputs = const std::vector<Tensor>&;
using Arrays = const std::vector<ComplexArray>&;

ComplexArray Map(const ComplexArray& in, const std::function<Number(Number)>& f) {
  ComplexArray out = in;
  for (Number& value : out.values) value = f(value);
  return out;
}

void AddUnary(std::vector<ComplexCase>& cases, std::string name, Tensor (*function)(const Tensor&),
              std::function<Number(Number)> f, Number middle = {0.3, 0.2}) {
  for (const Dims& shape : {Dims{3, 5}, Dims{}, Dims{0, 2}, Dims{2, 3, 40}}) {
    cases.push_back({name,
                     std::nullopt,
                     {Numbers(shape, 1, middle)},
                     [function](Inputs in) { return function(in[0]); },
                     [f](Arrays in) { return Map(in[0], f); }});
  }
}

void AddBinary(std::vector<ComplexCase>& cases, std::string name,
               Tensor (*function)(const Tensor&, const Tensor&),
               std::function<Number(Number, Number)> f) {
  cases.push_back({name,
                   std::nullopt,
                   {Numbers({3, 5}, 1), Numbers({3, 5}, 2, {2, 1})},
                   [function](Inputs in) { return function(in[0], in[1]); },
                   [f](Arrays in) {
                     ComplexArray out = in[0];
                     for (size_t i = 0; i < out.values.size(); ++i) {
                       out.values[i] = f(in[0].values[i], in[1].values[i]);
                     }
                     return out;
                   }});
  // A real tensor, and a row for all.
  cases.push_back({name + " with a real row",
                   std::nullopt,
                   {Numbers({3, 5}, 1), Sample({5}, 3, 1, 2)},
                   [function](Inputs in) { return function(in[0], in[1]); },
                   [f](Arrays in) {
                     ComplexArray out = in[0];
                     for (size_t i = 0; i < out.values.size(); ++i) {
                       out.values[i] = f(in[0].values[i], in[1].values[i % 5]);
                     }
                     return out;
                   }});
}

void AddPointwise(std::vector<ComplexCase>& cases) {
#define UNARY(Name, expression)                               \
  AddUnary(                                                   \
      cases, #Name, +[](const Tensor& x) { return Name(x); }, \
      [](Number z) -> Number { return expression; });
  UNARY(Neg, -z)
  UNARY(Abs, std::abs(z))
  UNARY(Sgn, z / std::abs(z))
  UNARY(Square, z * z)
  UNARY(Reciprocal, 1.0 / z)
  UNARY(Sqrt, std::sqrt(z))
  UNARY(Rsqrt, 1.0 / std::sqrt(z))
  UNARY(Exp, std::exp(z))
  UNARY(Exp2, std::exp(z * std::log(2.0)))
  UNARY(Expm1, std::exp(z) - 1.0)
  UNARY(Log, std::log(z))
  UNARY(Log2, std::log(z) / std::log(2.0))
  UNARY(Log10, std::log(z) / std::log(10.0))
  UNARY(Log1p, std::log(1.0 + z))
  UNARY(Sin, std::sin(z))
  UNARY(Cos, std::cos(z))
  UNARY(Tan, std::tan(z))
  UNARY(Asin, std::asin(z))
  UNARY(Acos, std::acos(z))
  UNARY(Atan, std::atan(z))
  UNARY(Sinh, std::sinh(z))
  UNARY(Cosh, std::cosh(z))
  UNARY(Tanh, std::tanh(z))
  UNARY(Asinh, std::asinh(z))
  UNARY(Acosh, std::acosh(z))
  UNARY(Atanh, std::atanh(z))
  UNARY(Sigmoid, 1.0 / (1.0 + std::exp(-z)))
  UNARY(Silu, z / (1.0 + std::exp(-z)))
  UNARY(Conj, std::conj(z))
  UNARY(ConjPhysical, std::conj(z))
  UNARY(Angle, std::arg(z))
  UNARY(Real, z.real())
  UNARY(Imag, z.imag())
#undef UNARY
#define BINARY(Name, expression)                                                  \
  AddBinary(                                                                      \
      cases, #Name, +[](const Tensor& x, const Tensor& y) { return Name(x, y); }, \
      [](Number a, Number b) -> Number { return expression; });
  BINARY(Add, a + b)
  BINARY(Sub, a - b)
  BINARY(Mul, a * b)
  BINARY(Div, a / b)
  BINARY(Pow, std::pow(a, b))
#undef BINARY
  cases.push_back(
      {"a number",
       std::nullopt,
       {Numbers({2, 3}, 5)},
       [](Inputs in) { return Scalar(Number(0.5, -2)) * in[0] + 1; },
       [](Arrays in) { return Map(in[0], [](Number z) { return Number(0.5, -2) * z + 1.0; }); }});
  cases.push_back({"where",
                   std::nullopt,
                   {Numbers({2, 3}, 6), Numbers({2, 3}, 7)},
                   [](Inputs in) {
                     return Where(FromList<bool>({true, false, true}), in[0], in[1]);
                   },
                   [](Arrays in) {
                     ComplexArray out = in[0];
                     for (size_t i = 1; i < 6; i += 3) out.values[i] = in[1].values[i];
                     return out;
                   }});
}

// The sum, product or what `fold` makes of each row of [rows, n].
ComplexArray FoldRows(const ComplexArray& in, Number init,
                      const std::function<Number(Number, Number)>& fold) {
  ComplexArray out{{in.shape[0]}, {}};
  const auto n = static_cast<size_t>(in.shape[1]);
  for (size_t r = 0; r < static_cast<size_t>(in.shape[0]); ++r) {
    Number total = init;
    for (size_t i = 0; i < n; ++i) total = fold(total, in.values[r * n + i]);
    out.values.push_back(total);
  }
  return out;
}
ComplexArray ScanRows(const ComplexArray& in, const std::function<Number(Number, Number)>& step) {
  ComplexArray out = in;
  const auto n = static_cast<size_t>(in.shape[1]);
  for (size_t i = 0; i < out.values.size(); ++i) {
    if (i % n != 0) out.values[i] = step(out.values[i - 1], in.values[i]);
  }
  return out;
}

void AddReductions(std::vector<ComplexCase>& cases) {
  const auto plus = [](Number a, Number b) { return a + b; };
  const auto times = [](Number a, Number b) { return a * b; };
  const Tensor x = Numbers({3, 5}, 11, {0.5, 0.5});
  cases.push_back({"sum",
                   std::nullopt,
                   {x},
                   [](Inputs in) { return Sum(in[0], {.dims = {-1}}); },
                   [plus](Arrays in) { return FoldRows(in[0], 0, plus); }});
  cases.push_back({"sum of all",
                   std::nullopt,
                   {Numbers({1, 40000}, 12)},
                   [](Inputs in) { return Reshape(Sum(in[0]), {1}); },
                   [plus](Arrays in) { return FoldRows(in[0], 0, plus); }});
  cases.push_back({"sum of columns",
                   std::nullopt,
                   {x},
                   [](Inputs in) { return Sum(Transpose(in[0], 0, 1), {.dims = {0}}); },
                   [plus](Arrays in) { return FoldRows(in[0], 0, plus); }});
  cases.push_back({"sum of a number",
                   std::nullopt,
                   {Numbers({}, 13)},
                   [](Inputs in) { return Sum(in[0], {.dims = {0}}); },
                   [](Arrays in) { return in[0]; }});
  cases.push_back({"mean",
                   std::nullopt,
                   {x},
                   [](Inputs in) { return Mean(in[0], {.dims = {1}}); },
                   [plus](Arrays in) {
                     return Map(FoldRows(in[0], 0, plus), [](Number z) { return z / 5.0; });
                   }});
  cases.push_back({"prod",
                   std::nullopt,
                   {x},
                   [](Inputs in) { return Prod(in[0], {.dims = {1}}); },
                   [times](Arrays in) { return FoldRows(in[0], 1, times); }});
  cases.push_back({"cumsum",
                   std::nullopt,
                   {x},
                   [](Inputs in) { return CumSum(in[0], 1); },
                   [plus](Arrays in) { return ScanRows(in[0], plus); }});
  cases.push_back({"cumprod",
                   std::nullopt,
                   {x},
                   [](Inputs in) { return CumProd(in[0], 1); },
                   [times](Arrays in) { return ScanRows(in[0], times); }});
}

void AddStatistics(std::vector<ComplexCase>& cases) {
  for (const double p : {-2.0, -0.5, 0.5, 2.0, 3.0}) {
    cases.push_back({"norm/complex",
                     std::nullopt,
                     {Numbers({2, 3}, 81, {1, 1})},
                     [p](Inputs in) { return Norm(in[0], p, {.dims = {1}}); },
                     [p](Arrays in) {
                       ComplexArray out{{2}, {0, 0}};
                       for (size_t i = 0; i < 6; ++i) {
                         out.values[i / 3] += std::pow(std::abs(in[0].values[i]), p);
                       }
                       for (Number& value : out.values) value = std::pow(value.real(), 1 / p);
                       return out;
                     }});
  }
  // Beside a 0 it is 0 for p < 0, and so are the derivatives.
  cases.push_back({"norm/beside_zero",
                   std::nullopt,
                   {FromList<double>({1, 0, 2})},
                   [](Inputs in) { return Norm(in[0], -1); },
                   [](Arrays) {
                     return ComplexArray{{}, {0}};
                   },
                   false});
  cases.push_back({"cov/weights",
                   std::nullopt,
                   {Numbers({2, 3}, 82), Sample({3}, 83, 0.5, 1)},
                   [](Inputs in) {
                     return Cov(in[0], 1, FromList<int64_t>({2, 1, 3}), in[1]);
                   },
                   [](Arrays in) {
                     const double often[] = {2, 1, 3};
                     double total = 0, squares = 0;
                     ComplexArray mean{{2}, {0, 0}}, out{{2, 2}, std::vector<Number>(4)};
                     for (int64_t i = 0; i < 3; ++i) {
                       const double weight = often[i] * in[1][i].real();
                       total += weight;
                       squares += weight * in[1][i].real();
                       for (int64_t r = 0; r < 2; ++r) {
                         mean.values[static_cast<size_t>(r)] += weight * in[0][r * 3 + i];
                       }
                     }
                     for (int64_t i = 0; i < 12; ++i) {
                       const int64_t r = i / 6, c = i / 3 % 2, k = i % 3;
                       out.values[static_cast<size_t>(r * 2 + c)] +=
                           often[k] * in[1][k].real() * (in[0][r * 3 + k] - mean[r] / total) *
                           std::conj(in[0][c * 3 + k] - mean[c] / total) /
                           (total - squares / total);
                     }
                     return out;
                   }});
  cases.push_back({"corrcoef/complex",
                   std::nullopt,
                   {Numbers({2, 3}, 84)},
                   [](Inputs in) { return Slice(CorrCoef(in[0]), 1, 1, 2); },
                   [](Arrays in) {
                     Number means[2] = {}, across = 0;
                     double squares[2] = {};
                     for (int64_t i = 0; i < 6; ++i) means[i / 3] += in[0][i] / 3.0;
                     for (int64_t i = 0; i < 3; ++i) {
                       const Number x = in[0][i] - means[0], y = in[0][i + 3] - means[1];
                       across += x * std::conj(y);
                       squares[0] += std::norm(x);
                       squares[1] += std::norm(y);
                     }
                     return ComplexArray{{2, 1}, {across / std::sqrt(squares[0] * squares[1]), 1}};
                   },
                   false});
}

void AddProducts(std::vector<ComplexCase>& cases) {
  cases.push_back({"matmul",
                   std::nullopt,
                   {Numbers({3, 4}, 21), Numbers({4, 2}, 22)},
                   [](Inputs in) { return MatMul(in[0], in[1]); },
                   [](Arrays in) { return Product(in[0], in[1]); }});
  cases.push_back({"matmul of many, transposed",
                   std::nullopt,
                   {Numbers({4, 3}, 21), Numbers({4, 2}, 22)},
                   [](Inputs in) {
                     const Tensor a = Transpose(Expand(Unsqueeze(in[0], 0), {2, 4, 3}), 1, 2);
                     return Select(MatMul(a, in[1]), 0, 1);
                   },
                   [](Arrays in) {
                     ComplexArray a{{3, 4}, {}};
                     for (int64_t i = 0; i < 12; ++i) a.values.push_back(in[0][i % 4 * 3 + i / 4]);
                     return Product(a, in[1]);
                   }});
  cases.push_back({"linear",
                   std::nullopt,
                   {Numbers({3, 4}, 23), Numbers({1, 4}, 24), Numbers({1}, 25)},
                   [](Inputs in) { return Linear(in[0], in[1], in[2]); },
                   [](Arrays in) {
                     const ComplexArray weight{{4, 1}, in[1].values};
                     return Map(Product(in[0], weight), [&](Number z) { return z + in[2][0]; });
                   }});
  cases.push_back({"inner products, the first vectors conjugated",
                   std::nullopt,
                   {Numbers({2, 3}, 27), Numbers({3}, 28)},
                   [](Inputs in) { return linalg::VecDot(in[0], in[1]); },
                   [](Arrays in) {
                     ComplexArray out{{2}, {0, 0}};
                     for (int64_t i = 0; i < 6; ++i) {
                       out.values[static_cast<size_t>(i / 3)] += std::conj(in[0][i]) * in[1][i % 3];
                     }
                     return out;
                   }});
  cases.push_back({"adjoint/matrix",
                   std::nullopt,
                   {Numbers({2, 3}, 26)},
                   [](Inputs in) { return Adjoint(in[0]); },
                   [](Arrays in) {
                     ComplexArray out{{3, 2}, {}};
                     for (int64_t i = 0; i < 6; ++i) {
                       out.values.push_back(std::conj(in[0][i % 2 * 3 + i / 2]));
                     }
                     return out;
                   }});
}

void AddArranging(std::vector<ComplexCase>& cases) {
  const Tensor x = Numbers({4}, 31), index = FromList<int64_t>({2, 0, 2});
  cases.push_back({"index_add",
                   std::nullopt,
                   {x, Numbers({3}, 32)},
                   [index](Inputs in) { return IndexAdd(in[0], 0, index, in[1]); },
                   [](Arrays in) {
                     ComplexArray out = in[0];
                     out.values[2] += in[1][0] + in[1][2];
                     out.values[0] += in[1][1];
                     return out;
                   }});
  cases.push_back({"scatter_add",
                   std::nullopt,
                   {x, Numbers({3}, 33)},
                   [index](Inputs in) { return ScatterAdd(in[0], 0, index, in[1]); },
                   [](Arrays in) {
                     ComplexArray out = in[0];
                     out.values[2] += in[1][0] + in[1][2];
                     out.values[0] += in[1][1];
                     return out;
                   }});
  // The gradient of windows adds.
  cases.push_back(
      {"unfold",
       std::nullopt,
       {x},
       [](Inputs in) { return Unfold(in[0], 0, 2, 1); },
       [](Arrays in) {
         return ComplexArray{{3, 2}, {in[0][0], in[0][1], in[0][1], in[0][2], in[0][2], in[0][3]}};
       }});
  cases.push_back({"view_as_real/vector",
                   op::kViewAsReal,
                   {x},
                   [](Inputs in) { return ViewAsReal(Slice(in[0], 0, 1)); },
                   [](Arrays in) {
                     ComplexArray out{{3, 2}, {}};
                     for (int64_t i = 1; i < 4; ++i) {
                       out.values.insert(out.values.end(), {in[0][i].real(), in[0][i].imag()});
                     }
                     return out;
                   }});
  cases.push_back({"view_as_complex/pairs",
                   op::kViewAsComplex,
                   {Sample({3, 2}, 34)},
                   [](Inputs in) { return ViewAsComplex(Contiguous(in[0])); },
                   [](Arrays in) {
                     ComplexArray out{{3}, {}};
                     for (int64_t i = 0; i < 6; i += 2) {
                       out.values.emplace_back(in[0][i].real(), in[0][i + 1].real());
                     }
                     return out;
                   }});
  const auto parts = [](Number (*f)(double, double)) {
    return [f](Arrays in) {
      ComplexArray out = in[0];
      for (size_t i = 0; i < out.values.size(); ++i) {
        out.values[i] = f(in[0].values[i].real(), in[1].values[i].real());
      }
      return out;
    };
  };
  cases.push_back({"complex/parts",
                   std::nullopt,
                   {Sample({2, 3}, 35), Sample({2, 3}, 36)},
                   [](Inputs in) { return Complex(in[0], in[1]); },
                   parts([](double a, double b) { return Number(a, b); })});
  cases.push_back({"polar/parts",
                   std::nullopt,
                   {Sample({2, 3}, 35, 1, 2), Sample({2, 3}, 36)},
                   [](Inputs in) { return Polar(in[0], in[1]); },
                   parts([](double a, double b) { return std::polar(a, b); })});
  const auto add_part = [&](const char* name, Tensor (*function)(const Tensor&),
                            std::function<Number(Number)> f) {
    cases.push_back({name,
                     std::nullopt,
                     {Numbers({2, 3}, 37)},
                     [function](Inputs in) { return function(in[0]); },
                     [f](Arrays in) { return Map(in[0], f); }});
  };
  add_part("real/part", &Real, [](Number z) { return z.real(); });
  add_part("imag/part", &Imag, [](Number z) { return z.imag(); });
  add_part("conj/numbers", &Conj, [](Number z) { return std::conj(z); });
  add_part("angle/numbers", &Angle, [](Number z) { return std::arg(z); });
  const auto add_test = [&](const char* name, Tensor (*function)(const Tensor&),
                            std::function<Number(Number)> f) {
    cases.push_back({name,
                     std::nullopt,
                     {Complex(Sample({2, 3}, 38), FromList<double>({0, 1, 0}))},
                     [function](Inputs in) { return function(in[0]); },
                     [f](Arrays in) { return Map(in[0], f); },
                     false});
  };
  add_test("isreal/numbers", &IsReal, [](Number z) { return z.imag() == 0; });
  add_test("logical_not", &LogicalNot, [](Number z) { return z == 0.0; });
  add_test("isfinite", &IsFinite, [](Number) { return true; });
  add_test(
      "eq", +[](const Tensor& x) { return x == Real(x); }, [](Number z) { return z.imag() == 0; });
}

}  // namespace

Tensor Numbers(DimsView shape, int seed, ComplexNumber middle) {
  return Complex(Sample(shape, seed) + middle.real(), Sample(shape, seed + 100) + middle.imag());
}

ComplexArray Product(const ComplexArray& a, const ComplexArray& b) {
  const int64_t m = a.shape[0], k = a.shape[1], n = b.shape[1];
  ComplexArray out{{m, n}, {}};
  for (int64_t i = 0; i < m * n; ++i) {
    Number sum = 0;
    for (int64_t l = 0; l < k; ++l) sum += a[i / n * k + l] * b[l * n + i % n];
    out.values.push_back(sum);
  }
  return out;
}

ComplexArray ToComplexArray(const Tensor& tensor) {
  ComplexArray array{Dims(tensor.shape().begin(), tensor.shape().end()), {}};
  const Tensor wide = Contiguous(Cast(tensor, kComplex128));
  const auto* numbers = static_cast<const Number*>(wide.raw_data());
  array.values.assign(numbers, numbers + wide.numel());
  return array;
}

std::vector<Tensor> InSinglePrecision(std::vector<Tensor> inputs) {
  for (Tensor& input : inputs) {
    input = Cast(input, IsComplex(input.dtype()) ? kComplex64 : kFloat32);
  }
  return inputs;
}

const std::vector<ComplexCase>& ComplexCases() {
  static const std::vector<ComplexCase> all = [] {
    std::vector<ComplexCase> cases;
    AddPointwise(cases);
    AddReductions(cases);
    AddStatistics(cases);
    AddProducts(cases);
    AddArranging(cases);
    AddFftCases(cases);
    AddSignalCases(cases);
    AddMatrixCases(cases);
    return cases;
  }();
  return all;
}

}  // namespace neura::testing
