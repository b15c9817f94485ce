// Rules of distributions over integers and choices.
#ifndef NEURA_DISTRIBUTIONS_DISCRETE_RULES_H_
#define NEURA_DISTRIBUTIONS_DISCRETE_RULES_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "neura/distributions/constraint.h"
#include "neura/distributions/draws.h"
#include "neura/distributions/params.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/random/generator.h"

namespace neura::distributions {

// -log(p) of what has the logit of p with probability `target`, without overflow.
inline Tensor CrossEntropyOfLogits(const Tensor& logits, const Tensor& target) {
  return -LogSigmoid(-logits) - logits * target;
}

// 0, 1, ... as [count, 1, ..., 1] beside a batch.
inline Tensor Numbers(int64_t count, const Params& p, DType dtype) {
  Dims shape(p.batch().size() + 1, 1);
  shape[0] = count;
  return Reshape(Arange(0, count, 1, {.dtype = dtype, .device = p.options().device}), shape);
}

struct BernoulliRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfOne;
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    return neura::Bernoulli(Contiguous(Expand(p.probs(), shape)), generator);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return -CrossEntropyOfLogits(p.logits(), x);
  }
  static Tensor Entropy(const Params& p) { return CrossEntropyOfLogits(p.logits(), p.probs()); }
  static Tensor Mean(const Params& p) { return p.probs(); }
  static Tensor Mode(const Params& p) {
    const Tensor probs = p.probs();
    return Where(probs == 0.5, std::numeric_limits<double>::quiet_NaN(),
                 Cast(probs >= 0.5, probs.dtype()));
  }
  static Tensor Variance(const Params& p) { return p.probs() * (1 - p.probs()); }
  static Tensor EnumerateSupport(const Params& p) { return Numbers(2, p, p.options().dtype); }
};

struct GeometricRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfOne;
  static void Prepare(Params& p) {
    if (p.given(0) && !All(p[0] > 0).Item<bool>()) {
      ThrowInvalidArgument(
          "Geometric: Expected parameter probs of distribution Geometric to be positive, but found "
          "invalid values: " +
          p[0].ToString());
    }
  }
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    return Floor(-neura::Exponential(shape, 1, p.options(), generator) / Log1p(-p.probs()));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor probs = p.probs();
    // Of a success for sure there is no logarithm of a failure, and none is needed.
    const Tensor failing = Where(LogicalAnd(probs == 1, x == 0), 0.0, -probs);
    return x * Log1p(failing) + Log(probs);
  }
  static Tensor Entropy(const Params& p) {
    return CrossEntropyOfLogits(p.logits(), p.probs()) / p.probs();
  }
  static Tensor Mean(const Params& p) { return Reciprocal(p.probs()) - 1; }
  static Tensor Mode(const Params& p) { return ZerosLike(p.probs()); }
  static Tensor Variance(const Params& p) { return (Reciprocal(p.probs()) - 1) / p.probs(); }
};

struct PoissonRules {
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    return neura::Poisson(Expand(p[0], shape), generator);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return XLogY(x, p[0]) - p[0] - Lgamma(x + 1);
  }
  static Tensor Mean(const Params& p) { return p[0]; }
  static Tensor Mode(const Params& p) { return Floor(p[0]); }
  static Tensor Variance(const Params& p) { return p[0]; }
};

struct BinomialRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfOne;
  static Constraint Support(const Params& p) { return IntegerIntervalConstraint(0, p[0]); }
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    return BinomialCounts(Expand(p[0], shape), Expand(p.probs(), shape), generator);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor logits = p.logits(), &count = p[0];
    const Tensor failures = count * -LogSigmoid(-logits);
    return x * logits - failures + Lgamma(count + 1) - Lgamma(x + 1) - Lgamma(count - x + 1);
  }
  static Tensor Entropy(const Params& p) {
    const Tensor log_prob = LogProb(p, EnumerateSupport(p));
    return -Sum(Exp(log_prob) * log_prob, {.dims = {0}});
  }
  static Tensor Mean(const Params& p) { return p[0] * p.probs(); }
  static Tensor Mode(const Params& p) { return Minimum(Floor((p[0] + 1) * p.probs()), p[0]); }
  static Tensor Variance(const Params& p) { return p[0] * p.probs() * (1 - p.probs()); }
  static Tensor EnumerateSupport(const Params& p) {
    if (p[0].numel() == 0 || AMin(p[0]).Item<double>() != AMax(p[0]).Item<double>()) {
      ThrowUnimplemented(
          "Binomial: Inhomogeneous total count not supported by `enumerate_support`.");
    }
    const auto count = static_cast<int64_t>(AMax(p[0]).Item<double>());
    return Numbers(count + 1, p, p.options().dtype);
  }
};

// Successes before total_count failures, which need not be an integer.
struct NegativeBinomialRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfOne;
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor count = Expand(p[0], shape);
    const Tensor rate = StandardGamma(Where(count > 0, count, 1.0), generator) * Exp(p.logits());
    return neura::Poisson(Where(count > 0, rate, 0.0), generator);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor logits = p.logits(), all = p[0] + x;
    const Tensor ways = Lgamma(all) - Lgamma(x + 1) - Lgamma(p[0]);
    // Of no failures there is one way, which has no successes.
    return p[0] * LogSigmoid(-logits) + x * LogSigmoid(logits) + Where(all == 0, 0.0, ways);
  }
  static Tensor Mean(const Params& p) { return p[0] * Exp(p.logits()); }
  static Tensor Mode(const Params& p) { return ClampMin(Floor((p[0] - 1) * Exp(p.logits())), 0.0); }
  static Tensor Variance(const Params& p) { return Mean(p) / Sigmoid(-p.logits()); }
};

struct CategoricalRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfMany;
  static int64_t Choices(const Params& p) { return p.logits().size(-1); }
  static Constraint Support(const Params& p) {
    return IntegerIntervalConstraint(0, Choices(p) - 1);
  }
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor probs = p.probs();
    int64_t batch = 1, all = 1;
    for (const int64_t extent : p.batch()) batch *= extent;
    for (const int64_t extent : shape) all *= extent;
    if (all == 0) return Empty(shape, {.dtype = kInt64, .device = probs.device()});
    const Tensor drawn =
        neura::Multinomial(Reshape(probs, {batch, probs.size(-1)}), all / batch, true, generator);
    return Reshape(Transpose(drawn, 0, 1), shape);
  }
  // The logit of each value, [..., batch].
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor logits = p.logits();
    const Dims shape = BroadcastShapes("Categorical", x.shape(), p.batch());
    const Tensor index = Expand(Cast(x, kInt64), shape);
    const Tensor all = Expand(logits, Joined(shape, Dims{logits.size(-1)}));
    return Squeeze(Gather(all, -1, Unsqueeze(index, -1)), {-1});
  }
  static Tensor Entropy(const Params& p) {
    const Tensor logits = p.logits();
    // Of an impossible choice 0 rather than 0 * infinity.
    const double least = -FloatLimitsOf(logits.dtype()).max;
    return -Sum(ClampMin(logits, least) * p.probs(), {.dims = {-1}});
  }
  static Tensor Mean(const Params& p) {
    return Full(p.batch(), std::numeric_limits<double>::quiet_NaN(), p.options());
  }
  static Tensor Mode(const Params& p) { return ArgMax(p.logits(), {.dim = -1}); }
  static Tensor Variance(const Params& p) { return Mean(p); }
  static Tensor EnumerateSupport(const Params& p) { return Numbers(Choices(p), p, kInt64); }
};

struct OneHotCategoricalRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfMany;
  static constexpr int64_t kEventDims = 1;
  static Tensor UnitVectors(const Params& p, const Tensor& index) {
    return Cast(OneHot(index, CategoricalRules::Choices(p)), p.options().dtype);
  }
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    return UnitVectors(p, CategoricalRules::Sample(p, shape.first(shape.size() - 1), generator));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return CategoricalRules::LogProb(p, ArgMax(x, {.dim = -1}));
  }
  static Tensor Entropy(const Params& p) { return CategoricalRules::Entropy(p); }
  static Tensor Mean(const Params& p) { return p.probs(); }
  static Tensor Mode(const Params& p) { return UnitVectors(p, CategoricalRules::Mode(p)); }
  static Tensor Variance(const Params& p) { return p.probs() * (1 - p.probs()); }
  static Tensor EnumerateSupport(const Params& p) {
    const int64_t choices = CategoricalRules::Choices(p);
    Dims shape(p.batch().size() + 2, 1);
    shape.front() = shape.back() = choices;
    return Reshape(Eye(choices, p.options()), shape);
  }
};

struct MultinomialRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfMany;
  static constexpr int64_t kEventDims = 1;
  static void Prepare(Params& p) {
    const double count = p[0].numel() == 1 ? p[0].Item<double>() : -1;
    if (!(count >= 0 && count == std::floor(count))) {
      ThrowInvalidArgument(
          "Multinomial: total_count must be one integer that is not negative, got " +
          p[0].ToString());
    }
  }
  static int64_t Count(const Params& p) { return static_cast<int64_t>(p[0].Item<double>()); }
  static Constraint Support(const Params& p) { return MultinomialConstraint(p[0]); }
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    const DimsView without = shape.first(shape.size() - 1);
    // The draws of one sample come first, as samples of their own.
    const Tensor drawn = CategoricalRules::Sample(p, Joined(Dims{Count(p)}, without), generator);
    return Sum(OneHotCategoricalRules::UnitVectors(p, drawn), {.dims = {0}});
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor ways = Lgamma(Sum(x, {.dims = {-1}}) + 1) - Sum(Lgamma(x + 1), {.dims = {-1}});
    // What never comes and did not come counts 0 rather than 0 * infinity.
    const Tensor logits = p.logits();
    const Tensor absent = LogicalAnd(x == 0, logits == -std::numeric_limits<double>::infinity());
    return ways + Sum(Where(absent, 0.0, logits * x), {.dims = {-1}});
  }
  // That of the choices, less the expected logarithm of the number of their orders.
  static Tensor Entropy(const Params& p) {
    const double count = static_cast<double>(Count(p));
    const Tensor probs = p.probs();
    const Params each({FullLike(probs, count), probs, Tensor()}, ProbsForm::kOfOne);
    const Tensor support = Slice(BinomialRules::EnumerateSupport(each), 0, 1);
    const Tensor expected =
        Sum(Exp(BinomialRules::LogProb(each, support)) * Lgamma(support + 1), {.dims = {0, -1}});
    return CategoricalRules::Entropy(p) * count - std::lgamma(count + 1) + expected;
  }
  static Tensor Mean(const Params& p) { return p.probs() * p[0]; }
  static Tensor Variance(const Params& p) { return p.probs() * (1 - p.probs()) * p[0]; }
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_DISCRETE_RULES_H_
