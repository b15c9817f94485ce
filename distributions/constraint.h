// Sets of values: those that a parameter may have, and those that a distribution gives.
#ifndef NEURA_DISTRIBUTIONS_CONSTRAINT_H_
#define NEURA_DISTRIBUTIONS_CONSTRAINT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/operand.h"

namespace neura::distributions {

// `event_dim` is how many of a value's last dimensions make one member: Check() of [..., event] is
// bool [...].
class Constraint {
 public:
  using CheckFunction = std::function<Tensor(const Tensor& value)>;

  // Real numbers.
  Constraint();
  Constraint(std::string text, CheckFunction check, int64_t event_dim = 0, bool discrete = false)
      : text_(std::move(text)),
        check_(std::move(check)),
        event_dim_(event_dim),
        discrete_(discrete) {}

  Tensor Check(const Tensor& value) const { return check_(value); }
  int64_t event_dim() const { return event_dim_; }
  bool is_discrete() const { return discrete_; }
  // As PyTorch prints it: "GreaterThan(lower_bound=0.0)".
  const std::string& ToString() const { return text_; }

  // "GreaterThan", and what one of this kind is made of: bounds, other constraints, integers.
  std::string kind() const { return text_.substr(0, text_.find('(')); }
  const std::vector<Operand>& bounds() const { return bounds_; }
  const std::vector<Constraint>& parts() const { return parts_; }
  const Dims& numbers() const { return numbers_; }
  Constraint MadeOf(std::vector<Operand> bounds, std::vector<Constraint> parts = {},
                    Dims numbers = {}) const;

 private:
  std::string text_;
  CheckFunction check_;
  int64_t event_dim_ = 0;
  bool discrete_ = false;
  std::vector<Operand> bounds_;
  std::vector<Constraint> parts_;
  Dims numbers_;
};

// By its name: "real", "boolean", "positive", "nonnegative", "unit_interval", "minus_one_to_one",
// "nonnegative_integer", "positive_integer", "simplex", "one_hot", "real_vector", "real_matrix",
// "positive_vector", "lower_triangular", "lower_cholesky", "corr_cholesky", "square", "symmetric",
// "positive_semidefinite", "positive_definite", "unit_half_open", [0, 1), and "dependent", which
// holds for all. Throws InvalidArgument for another.
Constraint NamedConstraint(std::string_view name);

Constraint GreaterThanConstraint(const Operand& lower_bound);
Constraint GreaterThanEqConstraint(const Operand& lower_bound);
Constraint LessThanConstraint(const Operand& upper_bound);
// Both bounds belong to it; of half_open, the lower one.
Constraint IntervalConstraint(const Operand& lower_bound, const Operand& upper_bound);
Constraint HalfOpenIntervalConstraint(const Operand& lower_bound, const Operand& upper_bound);
Constraint IntegerIntervalConstraint(const Operand& lower_bound, const Operand& upper_bound);
// Vectors of counts that add up to upper_bound.
Constraint MultinomialConstraint(const Operand& upper_bound);
// `count` more dimensions make one member, of which all hold.
Constraint IndependentConstraint(const Constraint& base, int64_t count);
// Parts of dim of these lengths, or single places of it, each with a constraint of its own.
Constraint CatConstraint(const std::vector<Constraint>& parts, int64_t dim, const Dims& lengths);
Constraint StackConstraint(const std::vector<Constraint>& parts, int64_t dim);

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_CONSTRAINT_H_
