// What all distributions have.
#ifndef NEURA_DISTRIBUTIONS_DISTRIBUTION_H_
#define NEURA_DISTRIBUTIONS_DISTRIBUTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "neura/distributions/constraint.h"
#include "neura/tensor/core/shape.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/random/generator.h"

namespace neura::distributions {

// A batch of distributions of shape batch_shape(), of which each gives events of shape
// event_shape(). Samples are [sample_shape, batch_shape, event_shape], and what is asked about a
// value, such as LogProb(), is of the shape [..., batch_shape] of the value and the batch broadcast
// against each other.
//
// What a distribution does not have throws Unimplemented.
class Distribution {
 public:
  virtual ~Distribution() = default;

  const Dims& batch_shape() const { return batch_shape_; }
  const Dims& event_shape() const { return event_shape_; }
  virtual std::string name() const = 0;
  // "Normal(loc: 0.0, scale: 1.0)"
  virtual std::string ToString() const;

  // Whether RSample() is there, and EnumerateSupport().
  virtual bool has_rsample() const { return false; }
  virtual bool has_enumerate_support() const { return false; }
  virtual Constraint support() const;

  // Draws, from the default generator where none is given. RSample() is differentiable by the
  // parameters; Sample() is not.
  virtual Tensor RSample(DimsView sample_shape = {}, Generator* generator = nullptr) const;
  virtual Tensor Sample(DimsView sample_shape = {}, Generator* generator = nullptr) const;

  // The logarithm of the density, or of the probability, at a value.
  virtual Tensor LogProb(const Tensor& value) const;
  // The distribution function and its inverse.
  virtual Tensor Cdf(const Tensor& value) const;
  virtual Tensor Icdf(const Tensor& value) const;
  virtual Tensor Entropy() const;
  // exp(Entropy()).
  Tensor Perplexity() const;
  virtual Tensor Mean() const;
  virtual Tensor Mode() const;
  virtual Tensor Variance() const;
  virtual Tensor StdDev() const;
  // All values, [number, batch_shape or ones, event_shape].
  virtual Tensor EnumerateSupport(bool expand = true) const;

  // The same distributions under a batch shape to which theirs broadcasts.
  virtual std::shared_ptr<const Distribution> Expand(DimsView batch_shape) const;

  // Whether values are checked, at the cost of reading them.
  bool validates() const { return validates_; }
  // Throws InvalidArgument for a value that is no event of the distribution.
  void ValidateSample(const Tensor& value) const;

 protected:
  Distribution(Dims batch_shape, Dims event_shape, std::optional<bool> validate_args = {});

  // [sample_shape, batch_shape, event_shape]
  Dims ExtendedShape(DimsView sample_shape) const;
  [[noreturn]] void Lacks(const char* what) const;

 private:
  const Dims batch_shape_, event_shape_;
  const bool validates_;
};

using DistributionRef = std::shared_ptr<const Distribution>;

// What distributions do that are not told: true.
void SetDefaultValidateArgs(bool validate);
bool DefaultValidateArgs();

namespace internal {
// Throws InvalidArgument, beginning with `what`, unless all of `value` belongs.
void RequireMember(const std::string& what, const Tensor& value, const Constraint& constraint);
}  // namespace internal

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_DISTRIBUTION_H_
