#include "neura/distributions/constraint.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::distributions {
namespace {

bool IsInteger(const Tensor& x) { return !IsFloating(x.dtype()); }

Tensor IsWhole(const Tensor& x) { return IsInteger(x) ? x == x : x == Floor(x); }

// All over the last dimensions.
Tensor AllOver(const Tensor& holds, int64_t count) {
  return count == 0 ? holds : All(holds, {.dims = LastDims(count)});
}

std::string BoundText(const Operand& bound) {
  if (bound.is_tensor) {
    return bound.tensor.numel() == 1 ? NumberText(bound.tensor.Item<double>())
                                     : Describe(bound.tensor);
  }
  const bool real = bound.scalar.category() == DTypeCategory::kFloating;
  return real ? NumberText(bound.scalar.To<double>()) : absl::StrCat(bound.scalar.To<int64_t>());
}

// A bound as a tensor beside x.
Tensor Beside(const Tensor& x, const Operand& bound) {
  if (bound.is_tensor) return bound.tensor;
  return ScalarTensor(bound.scalar, {.dtype = kFloat64, .device = x.device()});
}

Constraint Bounded(const char* name, const char* bound_name, const Operand& bound,
                   Tensor (*holds)(const Tensor&, const Tensor&)) {
  return Constraint(absl::StrCat(name, "(", bound_name, "=", BoundText(bound), ")"),
                    [bound, holds](const Tensor& x) { return holds(x, Beside(x, bound)); })
      .MadeOf({bound});
}
std::string BoundsText(const char* name, const Operand& lower, const Operand& upper) {
  return absl::StrCat(name, "(lower_bound=", BoundText(lower), ", upper_bound=", BoundText(upper),
                      ")");
}

Tensor IsLower(const Tensor& x) { return AllOver(Tril(x) == x, 2); }

Tensor IsSymmetric(const Tensor& x) {
  return AllOver(Abs(x - Transpose(x, -2, -1)) <= 1e-6 * Maximum(Abs(x), 1.0), 2);
}

const std::map<std::string_view, Constraint>& Named() {
  static const auto* const named = new std::map<std::string_view, Constraint>{
      {"real", Constraint()},
      {"dependent", {"Dependent()", [](const Tensor& x) { return x == x; }}},
      {"boolean",
       {"Boolean()", [](const Tensor& x) { return LogicalOr(x == 0, x == 1); }, 0, true}},
      {"positive", GreaterThanConstraint(0.0)},
      {"nonnegative", GreaterThanEqConstraint(0.0)},
      {"unit_interval", IntervalConstraint(0.0, 1.0)},
      {"nonnegative_integer",
       {"IntegerGreaterThan(lower_bound=0)",
        [](const Tensor& x) { return LogicalAnd(IsWhole(x), x >= 0); }, 0, true}},
      {"positive_integer",
       {"IntegerGreaterThan(lower_bound=1)",
        [](const Tensor& x) { return LogicalAnd(IsWhole(x), x >= 1); }, 0, true}},
      {"simplex",
       {"Simplex()",
        [](const Tensor& x) {
          return LogicalAnd(AllOver(x >= 0, 1), Abs(Sum(x, {.dims = {-1}}) - 1) < 1e-6);
        },
        1}},
      {"one_hot",
       {"OneHot()",
        [](const Tensor& x) {
          return LogicalAnd(AllOver(LogicalOr(x == 0, x == 1), 1), Sum(x, {.dims = {-1}}) == 1);
        },
        1, true}},
      {"minus_one_to_one", IntervalConstraint(-1.0, 1.0)},
      {"real_matrix", IndependentConstraint(Constraint(), 2)},
      {"real_vector", IndependentConstraint(Constraint(), 1)},
      {"positive_vector", IndependentConstraint(GreaterThanConstraint(0.0), 1)},
      {"lower_triangular", {"LowerTriangular()", IsLower, 2}},
      {"lower_cholesky",
       {"LowerCholesky()",
        [](const Tensor& x) {
          return LogicalAnd(IsLower(x), AllOver(Diagonal(x, 0, -2, -1) > 0, 1));
        },
        2}},
      {"corr_cholesky",
       {"CorrCholesky()",
        [](const Tensor& x) {
          const Tensor norm = Sqrt(Sum(Square(x), {.dims = {-1}}));
          const double tolerance =
              FloatLimitsOf(x.dtype()).eps * static_cast<double>(x.size(-1)) * 10;
          return LogicalAnd(LogicalAnd(IsLower(x), AllOver(Diagonal(x, 0, -2, -1) > 0, 1)),
                            AllOver(Abs(norm - 1) <= tolerance, 1));
        },
        2}},
      {"square",
       {"Square()",
        [](const Tensor& x) {
          const bool square = x.dim() >= 2 && x.size(-1) == x.size(-2);
          return Full(x.shape().first(x.shape().size() - 2), square,
                      {.dtype = kBool, .device = x.device()});
        },
        2}},
      {"symmetric", {"Symmetric()", IsSymmetric, 2}},
      {"positive_semidefinite",
       {"PositiveSemidefinite()",
        [](const Tensor& x) {
          return LogicalAnd(IsSymmetric(x), AllOver(linalg::EigvalsH(x) >= -1e-6, 1));
        },
        2}},
      {"unit_half_open", HalfOpenIntervalConstraint(0.0, 1.0)},
      {"positive_definite",
       {"PositiveDefinite()",
        [](const Tensor& x) { return LogicalAnd(IsSymmetric(x), linalg::CholeskyEx(x).info == 0); },
        2}},
  };
  return *named;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const auto& kMade = Named();

}  // namespace

Constraint::Constraint() : Constraint("Real()", [](const Tensor& x) { return x == x; }) {}

Constraint Constraint::MadeOf(std::vector<Operand> bounds, std::vector<Constraint> parts,
                              Dims numbers) const {
  Constraint made = *this;
  made.bounds_ = std::move(bounds);
  made.parts_ = std::move(parts);
  made.numbers_ = std::move(numbers);
  return made;
}

Constraint NamedConstraint(std::string_view name) {
  const auto found = Named().find(name);
  if (found == Named().end()) ThrowInvalidArgument(absl::StrCat("there is no constraint ", name));
  return found->second;
}

Constraint GreaterThanConstraint(const Operand& lower_bound) {
  return Bounded("GreaterThan", "lower_bound", lower_bound,
                 [](const Tensor& x, const Tensor& b) { return x > b; });
}
Constraint GreaterThanEqConstraint(const Operand& lower_bound) {
  return Bounded("GreaterThanEq", "lower_bound", lower_bound,
                 [](const Tensor& x, const Tensor& b) { return x >= b; });
}
Constraint LessThanConstraint(const Operand& upper_bound) {
  return Bounded("LessThan", "upper_bound", upper_bound,
                 [](const Tensor& x, const Tensor& b) { return x < b; });
}
Constraint IntervalConstraint(const Operand& lower, const Operand& upper) {
  return Constraint(BoundsText("Interval", lower, upper),
                    [=](const Tensor& x) {
                      return LogicalAnd(x >= Beside(x, lower), x <= Beside(x, upper));
                    })
      .MadeOf({lower, upper});
}
Constraint HalfOpenIntervalConstraint(const Operand& lower, const Operand& upper) {
  return Constraint(BoundsText("HalfOpenInterval", lower, upper),
                    [=](const Tensor& x) {
                      return LogicalAnd(x >= Beside(x, lower), x < Beside(x, upper));
                    })
      .MadeOf({lower, upper});
}
Constraint IntegerIntervalConstraint(const Operand& lower, const Operand& upper) {
  return {BoundsText("IntegerInterval", lower, upper),
          [=](const Tensor& x) {
            return LogicalAnd(IsWhole(x), LogicalAnd(x >= Beside(x, lower), x <= Beside(x, upper)));
          },
          0, true};
}
Constraint MultinomialConstraint(const Operand& upper_bound) {
  return {"Multinomial()",
          [=](const Tensor& x) {
            return LogicalAnd(AllOver(LogicalAnd(IsWhole(x), x >= 0), 1),
                              Sum(x, {.dims = {-1}}) <= Beside(x, upper_bound));
          },
          1, true};
}
Constraint IndependentConstraint(const Constraint& base, int64_t count) {
  if (count == 0) return base;
  return Constraint(
             absl::StrCat("IndependentConstraint(", base.ToString(), ", ", count, ")"),
             [base, count](const Tensor& x) {
               if (x.dim() < base.event_dim() + count) {
                 ThrowInvalidArgument(absl::StrCat("a member of ", base.ToString(), " with ", count,
                                                   " more dimensions cannot be ", Describe(x)));
               }
               return AllOver(base.Check(x), count);
             },
             base.event_dim() + count, base.is_discrete())
      .MadeOf({}, {base});
}

namespace {

// How many dimensions the largest events have, and whether one is discrete.
int64_t MostEventDims(const std::vector<Constraint>& parts) {
  int64_t most = 0;
  for (const Constraint& part : parts) most = std::max(most, part.event_dim());
  return most;
}
bool AnyDiscrete(const std::vector<Constraint>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [](const Constraint& part) { return part.is_discrete(); });
}

}  // namespace

Constraint CatConstraint(const std::vector<Constraint>& parts, int64_t dim, const Dims& lengths) {
  Dims numbers{dim};
  numbers.insert(numbers.end(), lengths.begin(), lengths.end());
  return Constraint(
             "Cat()",
             [=](const Tensor& x) {
               std::vector<Tensor> each;
               int64_t start = 0;
               for (size_t i = 0; i < parts.size(); ++i) {
                 each.push_back(parts[i].Check(Narrow(x, dim, start, lengths[i])));
                 start += lengths[i];
               }
               return Cat(each, dim);
             },
             MostEventDims(parts), AnyDiscrete(parts))
      .MadeOf({}, parts, std::move(numbers));
}

Constraint StackConstraint(const std::vector<Constraint>& parts, int64_t dim) {
  const int64_t most = MostEventDims(parts);
  return Constraint(
             "Stack()",
             [=](const Tensor& x) {
               std::vector<Tensor> each;
               for (size_t i = 0; i < parts.size(); ++i) {
                 each.push_back(parts[i].Check(Select(x, dim, static_cast<int64_t>(i))));
               }
               return Stack(each, dim);
             },
             dim + most < 0 ? most + 1 : most, AnyDiscrete(parts))
      .MadeOf({}, parts, {dim});
}

}  // namespace neura::distributions
