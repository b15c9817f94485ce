// Rules of normal distributions of low rank and of distributions over matrices.
#ifndef NEURA_DISTRIBUTIONS_MATRIX_RULES_H_
#define NEURA_DISTRIBUTIONS_MATRIX_RULES_H_

#include <cmath>
#include <numbers>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/distributions/continuous_rules.h"
#include "neura/distributions/normal_rules.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/linalg.h"

namespace neura::distributions {

// Of loc, cov_factor W [..., n, rank] and cov_diag D: the covariance is W W^T + D.
struct LowRankMultivariateNormalRules {
  static constexpr int64_t kEventDims = 1;
  static constexpr const char* kDerived = "covariance_matrix, precision_matrix, scale_tril";

  static void Prepare(Params& p) {
    if (p[1].size(-2) != p[0].size(-1) || p[2].size(-1) != p[0].size(-1)) {
      ThrowInvalidArgument(absl::StrCat("LowRankMultivariateNormal: loc ", Describe(p[0]),
                                        " needs cov_factor [..., ", p[0].size(-1),
                                        ", rank] and cov_diag [..., ", p[0].size(-1), "], not ",
                                        Describe(p[1]), " and ", Describe(p[2])));
    }
  }
  static Tensor Transposed(const Tensor& x) { return Transpose(x, -2, -1); }
  static Tensor Times(const Tensor& matrix, const Tensor& vector) {
    return Squeeze(MatMul(matrix, Unsqueeze(vector, -1)), {-1});
  }
  // W^T D^-1
  static Tensor Scaled(const Params& p) { return Transposed(p[1]) / Unsqueeze(p[2], -2); }
  // The Cholesky factor of 1 + W^T D^-1 W, by which inverse and determinant follow (Woodbury).
  static Tensor Capacitance(const Params& p) {
    const Tensor small = MatMul(Scaled(p), p[1]);
    return linalg::Cholesky(
        small + Eye(small.size(-1), {.dtype = small.dtype(), .device = small.device()}));
  }
  static Tensor LogDeterminant(const Params& p, const Tensor& capacitance) {
    return MultivariateNormalRules::LogDeterminantOfFactor(capacitance) * 2 +
           Sum(Log(p[2]), {.dims = {-1}});
  }
  static Tensor Covariance(const Params& p) {
    return MatMul(p[1], Transposed(p[1])) + DiagEmbed(p[2]);
  }
  static Tensor Factor(const Params& p) {
    // Of the roots of D first, around which it is near 1.
    const Tensor root = Unsqueeze(Sqrt(p[2]), -1), w = p[1] / root;
    const Tensor around =
        MatMul(w, Transposed(w)) + Eye(w.size(-2), {.dtype = w.dtype(), .device = w.device()});
    return root * linalg::Cholesky(around);
  }
  static Tensor Derived(const Params& p, std::string_view name) {
    if (name == "covariance_matrix") return Covariance(p);
    if (name == "scale_tril") return Factor(p);
    const Tensor half = linalg::SolveTriangular(Capacitance(p), Scaled(p), false);
    return DiagEmbed(Reciprocal(p[2])) - MatMul(Transposed(half), half);
  }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    Dims of_rank(shape.begin(), shape.end());
    of_rank.back() = p[1].size(-1);
    const Tensor common = Randn(of_rank, p.options(), generator);
    return p[0] + Times(p[1], common) + Randn(shape, p.options(), generator) * Sqrt(p[2]);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor apart = x - p[0], capacitance = Capacitance(p);
    const Tensor solved =
        linalg::SolveTriangular(capacitance, Unsqueeze(Times(Scaled(p), apart), -1), false);
    const Tensor distance =
        Sum(Square(apart) / p[2], {.dims = {-1}}) - Sum(Square(solved), {.dims = {-2, -1}});
    const double size = static_cast<double>(p[0].size(-1));
    return (distance + LogDeterminant(p, capacitance) + size * kLogOfTwoPi) * -0.5;
  }
  static Tensor Entropy(const Params& p) {
    const double size = static_cast<double>(p[0].size(-1));
    return LogDeterminant(p, Capacitance(p)) * 0.5 + 0.5 * size * (1 + kLogOfTwoPi);
  }
  static Tensor Mean(const Params& p) { return p[0]; }
  static Tensor Mode(const Params& p) { return p[0]; }
  static Tensor Variance(const Params& p) {
    return Expand(Sum(Square(p[1]), {.dims = {-1}}) + p[2], p[0].shape());
  }
};

// Of df and one of three matrices, of which scale_tril computes, as that of MultivariateNormal.
struct WishartRules {
  static constexpr int64_t kEventDims = 2;

  static int64_t Size(const Params& p) { return p[3].size(-1); }
  static void Prepare(Params& p) {
    MultivariateNormalRules::Complete("Wishart", p);
    if (!All(p[0] > static_cast<double>(Size(p) - 1)).Item<bool>()) {
      const std::string df = p[0].numel() == 1 ? NumberText(p[0].Item<double>()) : p[0].ToString();
      ThrowInvalidArgument(absl::StrCat("Wishart: Value of df=", df,
                                        " expected to be greater than ndim - 1 = ", Size(p) - 1,
                                        "."));
    }
  }
  static Tensor Derive(const Params& p, size_t i) { return MultivariateNormalRules::Derive(p, i); }
  static Tensor Covariance(const Params& p) { return Derive(p, 1); }
  static Tensor Wide(const Tensor& x) { return Unsqueeze(Unsqueeze(x, -1), -1); }
  // The sum of digamma over (df - i) / 2, the derivative of the logarithm of the many-dimensional
  // gamma function.
  static Tensor MultiDigamma(const Tensor& half_df, int64_t size) {
    return Sum(Digamma(Unsqueeze(half_df, -1) - Numbers(half_df, size) * 0.5), {.dims = {-1}});
  }
  static Tensor Numbers(const Tensor& like, int64_t size) {
    return Arange(0, size, 1, {.dtype = like.dtype(), .device = like.device()});
  }

  // Bartlett's decomposition: normal numbers below the diagonal, roots of Chi2 draws on it.
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const int64_t size = Size(p);
    const Tensor half = (Unsqueeze(p[0], -1) - Numbers(p[0], size)) * 0.5;
    const Tensor squares =
        StandardGamma(Expand(half, shape.first(shape.size() - 1)), generator) * 2;
    const Tensor lower = Tril(Randn(shape, p.options(), generator), -1) + DiagEmbed(Sqrt(squares));
    const Tensor factor = MatMul(p[3], lower);
    return MatMul(factor, Transpose(factor, -2, -1));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const double size = static_cast<double>(Size(p));
    const Tensor &df = p[0], &factor = p[3];
    const Dims batch = BroadcastShapes("Wishart", x.shape(), factor.shape());
    const Tensor solved = linalg::CholeskySolve(Expand(x, batch), Expand(factor, batch));
    const Tensor trace = Sum(Diagonal(solved, 0, -2, -1), {.dims = {-1}});
    return -df * (MultivariateNormalRules::LogDeterminantOfFactor(factor) +
                  size * std::numbers::ln2 / 2) -
           MultiGammaLn(df * 0.5, Size(p)) + (df - size - 1) * 0.5 * linalg::SlogDet(x).logabsdet -
           trace * 0.5;
  }
  static Tensor Entropy(const Params& p) {
    const double size = static_cast<double>(Size(p));
    const Tensor &df = p[0], half = df * 0.5;
    return (MultivariateNormalRules::LogDeterminantOfFactor(p[3]) + size * std::numbers::ln2 / 2) *
               (size + 1) +
           MultiGammaLn(half, Size(p)) - (df - size - 1) * 0.5 * MultiDigamma(half, Size(p)) +
           df * (size / 2);
  }
  static Tensor Mean(const Params& p) { return Covariance(p) * Wide(p[0]); }
  static Tensor Mode(const Params& p) {
    const Tensor factor = p[0] - static_cast<double>(Size(p) + 1);
    return Covariance(p) * Wide(Where(factor > 0, factor, kNan));
  }
  static Tensor Variance(const Params& p) {
    const Tensor v = Covariance(p), diagonal = Diagonal(v, 0, -2, -1);
    return (Square(v) + Unsqueeze(diagonal, -1) * Unsqueeze(diagonal, -2)) * Wide(p[0]);
  }
};

// Of dim, one number, and concentration. Lewandowski, Kurowicka and Joe, "Generating random
// correlation matrices based on vines and extended onion method", 2009: the Cholesky factors of
// correlation matrices, whose density is det^(concentration - 1).
struct LKJCholeskyRules {
  static constexpr int64_t kEventDims = 2;

  static int64_t Size(const Params& p) { return static_cast<int64_t>(p[0].Item<double>()); }
  static Dims EventShape(const Params& p) { return {Size(p), Size(p)}; }
  static void Prepare(Params& p) {
    const double dim = p[0].numel() == 1 ? p[0].Item<double>() : 0;
    if (!(dim >= 2 && dim == std::floor(dim))) {
      ThrowInvalidArgument(
          "LKJCholesky: Expected dim to be an integer greater than or equal to 2. "
          "Found dim=" +
          (p[0].numel() == 1 ? absl::StrCat(dim) : p[0].ToString()) + ".");
    }
  }
  static Tensor Count(const Params& p, int64_t begin, int64_t end) {
    return Arange(begin, end, 1, {.dtype = p[1].dtype(), .device = p[1].device()});
  }
  // Row i is a direction among i dimensions, as long as a root of a Beta draw.
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    const int64_t size = Size(p);
    const double half = static_cast<double>(size - 1) / 2;
    const Tensor place = Count(p, 1, size) * 0.5;  // of the rows from 1 on
    const Tensor other = Unsqueeze(p[1], -1) + half - place;
    const DimsView lead = shape.first(shape.size() - 2);
    const Params beta({Expand(place, other.shape()), other}, ProbsForm::kNone);
    const Tensor length = Sqrt(BetaRules::RSample(beta, Joined(lead, Dims{size - 1}), generator));
    const Tensor normal =
        Tril(Randn(Joined(lead, Dims{size - 1, size - 1}), p.options(), generator));
    const Tensor direction = normal * Rsqrt(Sum(Square(normal), {.dims = {-1}, .keepdim = true}));
    const Tensor below = direction * Unsqueeze(length, -1);
    Dims first(shape.begin(), shape.end()), last = first;
    first[first.size() - 2] = 1;
    first.back() = size - 1;
    last.back() = 1;
    const Tensor rows = Cat({Zeros(first, p.options()), below}, -2);
    const Tensor square = Cat({rows, Zeros(last, p.options())}, -1);
    const double least = FloatLimitsOf(p.options().dtype).smallest_normal;
    return square + DiagEmbed(Sqrt(ClampMin(1 - Sum(Square(square), {.dims = {-1}}), least)));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const int64_t size = Size(p);
    const double less = static_cast<double>(size - 1);
    const Tensor diagonal = Slice(Diagonal(x, 0, -2, -1), -1, 1);
    const Tensor power =
        Unsqueeze((p[1] - 1) * 2, -1) + (static_cast<double>(size) - Count(p, 2, size + 1));
    const Tensor alpha = p[1] + less / 2;
    const Tensor norm = MultiGammaLn(alpha - 0.5, size - 1) - Lgamma(alpha) * less +
                        less / 2 * std::log(std::numbers::pi);
    return Sum(power * Log(diagonal), {.dims = {-1}}) - norm;
  }
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_MATRIX_RULES_H_
