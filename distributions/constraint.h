// Sets of values: those that a parameter may have, and those that a distribution gives.
#ifndef NEURA_DISTRIBUTIONS_CONSTRAINT_H_
#define NEURA_DISTRIBUTIONS_CONSTRAINT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

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

 private:
  std::string text_;
  CheckFunction check_;
  int64_t event_dim_ = 0;
  bool discrete_ = false;
};

// By its name: "real", "boolean", "positive", "nonnegative", "unit_interval", "minus_one_to_one",
// "nonnegative_integer", "positive_integer", "simplex", "one_hot", "real_vector", "real_matrix",
// "positive_vector", "lower_triangular", "lower_cholesky", "positive_definite", "dependent", which
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

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_CONSTRAINT_H_
