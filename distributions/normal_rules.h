// Rules of the normal distribution and those that are made of it.
#ifndef NEURA_DISTRIBUTIONS_NORMAL_RULES_H_
#define NEURA_DISTRIBUTIONS_NORMAL_RULES_H_

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "neura/distributions/params.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/random/generator.h"

namespace neura::distributions {

inline const double kLogOfTwoPi = std::log(2 * std::numbers::pi);

struct NormalRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return p[0] + Randn(shape, p.options(), generator) * p[1];
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return Square((x - p[0]) / p[1]) * -0.5 - Log(p[1]) - kLogOfTwoPi / 2;
  }
  static Tensor Cdf(const Params& p, const Tensor& x) {
    return (Erf((x - p[0]) / (p[1] * std::numbers::sqrt2)) + 1) * 0.5;
  }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    return p[0] + p[1] * ErfInv(x * 2 - 1) * std::numbers::sqrt2;
  }
  static Tensor Entropy(const Params& p) { return Log(p[1]) + (0.5 + kLogOfTwoPi / 2); }
  static Tensor Mean(const Params& p) { return p[0]; }
  static Tensor Mode(const Params& p) { return p[0]; }
  static Tensor Variance(const Params& p) { return Square(p[1]); }
};

struct LogNormalRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return Exp(NormalRules::RSample(p, shape, generator));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor log_x = Log(x);
    return NormalRules::LogProb(p, log_x) - log_x;
  }
  static Tensor Cdf(const Params& p, const Tensor& x) { return NormalRules::Cdf(p, Log(x)); }
  static Tensor Icdf(const Params& p, const Tensor& x) { return Exp(NormalRules::Icdf(p, x)); }
  static Tensor Entropy(const Params& p) { return NormalRules::Entropy(p) + p[0]; }
  static Tensor Mean(const Params& p) { return Exp(p[0] + Square(p[1]) * 0.5); }
  static Tensor Mode(const Params& p) { return Exp(p[0] - Square(p[1])); }
  static Tensor Variance(const Params& p) {
    const Tensor square = Square(p[1]);
    return Expm1(square) * Exp(p[0] * 2 + square);
  }
};

struct HalfNormalRules {
  static Params Whole(const Params& p) { return Params({ZerosLike(p[0]), p[0]}, ProbsForm::kNone); }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return Abs(Randn(shape, p.options(), generator)) * p[0];
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return Where(x >= 0, NormalRules::LogProb(Whole(p), x) + std::numbers::ln2,
                 -std::numeric_limits<double>::infinity());
  }
  static Tensor Cdf(const Params& p, const Tensor& x) {
    return NormalRules::Cdf(Whole(p), x) * 2 - 1;
  }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    return NormalRules::Icdf(Whole(p), (x + 1) * 0.5);
  }
  static Tensor Entropy(const Params& p) {
    return NormalRules::Entropy(Whole(p)) - std::numbers::ln2;
  }
  static Tensor Mean(const Params& p) { return p[0] * std::sqrt(2 / std::numbers::pi); }
  static Tensor Mode(const Params& p) { return ZerosLike(p[0]); }
  static Tensor Variance(const Params& p) { return Square(p[0]) * (1 - 2 / std::numbers::pi); }
};

// Of one of three matrices, the lower Cholesky factor of the covariance is what computes; it stands
// in the place of scale_tril.
struct MultivariateNormalRules {
  static constexpr int64_t kEventDims = 1;

  static void Prepare(Params& p) {
    Complete("MultivariateNormal", p);
    if (p[3].size(-1) != p[0].size(-1)) {
      ThrowInvalidArgument("MultivariateNormal: loc " + Describe(p[0]) +
                           " needs a square matrix, not " + Describe(p[3]));
    }
  }
  // Of the parameters from 1 on, a covariance, its inverse and its factor, exactly one is given.
  static void Complete(const std::string& name, Params& p) {
    if (p.given(1) + p.given(2) + p.given(3) != 1) {
      ThrowInvalidArgument(
          name +
          ": Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.");
    }
    const Tensor& matrix = p[p.given(1) ? 1 : p.given(2) ? 2 : 3];
    if (matrix.size(-1) != matrix.size(-2)) {
      ThrowInvalidArgument(name + ": a square matrix is needed, not " + Describe(matrix));
    }
    if (p.given(1)) p.Set(3, linalg::Cholesky(p[1]));
    if (p.given(2)) p.Set(3, FactorOfInverse(p[2]));
  }
  // With P = U U^T and U upper, the inverse is L L^T with L = U^-T.
  static Tensor FactorOfInverse(const Tensor& precision) {
    const Tensor upper = Flip(linalg::Cholesky(Flip(precision, {-2, -1})), {-2, -1});
    const TensorOptions options{.dtype = precision.dtype(), .device = precision.device()};
    return linalg::SolveTriangular(Transpose(upper, -2, -1), Eye(precision.size(-1), options),
                                   false);
  }
  // The covariance, or its inverse.
  static Tensor Derive(const Params& p, size_t i) {
    if (i == 1) return MatMul(p[3], Transpose(p[3], -2, -1));
    const TensorOptions options{.dtype = p[3].dtype(), .device = p[3].device()};
    const Tensor inverse = linalg::SolveTriangular(p[3], Eye(p[3].size(-1), options), false);
    return MatMul(Transpose(inverse, -2, -1), inverse);
  }
  static Tensor LogDeterminantOfFactor(const Tensor& factor) {
    return Sum(Log(Diagonal(factor, 0, -2, -1)), {.dims = {-1}});
  }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor z = Randn(shape, p.options(), generator);
    return p[0] + Squeeze(MatMul(p[3], Unsqueeze(z, -1)), {-1});
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor difference = x - p[0];
    const Tensor solved =
        Squeeze(linalg::SolveTriangular(p[3], Unsqueeze(difference, -1), false), {-1});
    const double size = static_cast<double>(p[0].size(-1));
    return (Sum(Square(solved), {.dims = {-1}}) + size * kLogOfTwoPi) * -0.5 -
           LogDeterminantOfFactor(p[3]);
  }
  static Tensor Entropy(const Params& p) {
    const double size = static_cast<double>(p[0].size(-1));
    return LogDeterminantOfFactor(p[3]) + 0.5 * size * (1 + kLogOfTwoPi);
  }
  static Tensor Mean(const Params& p) { return p[0]; }
  static Tensor Mode(const Params& p) { return p[0]; }
  static Tensor Variance(const Params& p) {
    return Expand(Sum(Square(p[3]), {.dims = {-1}}), p[0].shape());
  }
};

struct CauchyRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return p[0] + neura::Cauchy(shape, 0, 1, p.options(), generator) * p[1];
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return -Log1p(Square((x - p[0]) / p[1])) - Log(p[1]) - std::log(std::numbers::pi);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) {
    return Atan((x - p[0]) / p[1]) / std::numbers::pi + 0.5;
  }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    return Tan((x - 0.5) * std::numbers::pi) * p[1] + p[0];
  }
  static Tensor Entropy(const Params& p) { return Log(p[1]) + std::log(4 * std::numbers::pi); }
  static Tensor Mean(const Params& p) {
    return FullLike(p[0], std::numeric_limits<double>::quiet_NaN());
  }
  static Tensor Mode(const Params& p) { return p[0]; }
  static Tensor Variance(const Params& p) {
    return FullLike(p[0], std::numeric_limits<double>::infinity());
  }
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_NORMAL_RULES_H_
