// Distributions that are made of another one.
#ifndef NEURA_DISTRIBUTIONS_TRANSFORMED_H_
#define NEURA_DISTRIBUTIONS_TRANSFORMED_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neura/distributions/distribution.h"
#include "neura/distributions/transform.h"

namespace neura::distributions {

// The last dimensions of the base's batch as dimensions of one event, whose parts are independent.
class Independent final : public Distribution {
 public:
  // Throws InvalidArgument for more dimensions than the batch has.
  Independent(DistributionRef base, int64_t reinterpreted_batch_ndims,
              std::optional<bool> validate_args = {});

  const DistributionRef& base() const { return base_; }
  int64_t reinterpreted_batch_ndims() const { return count_; }

  std::string name() const override { return "Independent"; }
  std::string ToString() const override;
  bool has_rsample() const override { return base_->has_rsample(); }
  // Throws Unimplemented where it enumerates more than one dimension.
  bool has_enumerate_support() const override {
    return count_ == 0 && base_->has_enumerate_support();
  }
  Constraint support() const override;
  Tensor RSample(DimsView sample_shape = {}, Generator* generator = nullptr) const override;
  Tensor Sample(DimsView sample_shape = {}, Generator* generator = nullptr) const override;
  Tensor LogProb(const Tensor& value) const override;
  Tensor Entropy() const override;
  Tensor Mean() const override { return base_->Mean(); }
  Tensor Mode() const override { return base_->Mode(); }
  Tensor Variance() const override { return base_->Variance(); }
  Tensor EnumerateSupport(bool expand = true) const override;
  DistributionRef Expand(DimsView batch_shape) const override;

 private:
  const DistributionRef base_;
  const int64_t count_;
};

// What transforms make of samples of the base, one after the other.
class TransformedDistribution : public Distribution {
 public:
  // Throws InvalidArgument where the base has too few dimensions for the transforms.
  TransformedDistribution(DistributionRef base, std::vector<TransformRef> transforms,
                          std::optional<bool> validate_args = {});

  // Of the shape that the transforms broadcast to.
  const DistributionRef& base() const { return made_.base; }
  const std::vector<TransformRef>& transforms() const { return transforms_; }

  std::string name() const override { return "TransformedDistribution"; }
  bool has_rsample() const override { return base()->has_rsample(); }
  Constraint support() const override;
  Tensor RSample(DimsView sample_shape = {}, Generator* generator = nullptr) const override;
  Tensor Sample(DimsView sample_shape = {}, Generator* generator = nullptr) const override;
  Tensor LogProb(const Tensor& value) const override;
  // Of transforms with a sign.
  Tensor Cdf(const Tensor& value) const override;
  Tensor Icdf(const Tensor& value) const override;
  DistributionRef Expand(DimsView batch_shape) const override;

 private:
  struct Made {
    DistributionRef base;
    Dims batch, event;
  };
  static Made Make(DistributionRef base, const Transform& all);
  TransformedDistribution(Made made, std::vector<TransformRef> transforms, TransformRef all,
                          std::optional<bool> validate_args);
  Tensor Transformed(Tensor x) const;
  // The distribution function falls where all transforms together do.
  Tensor Monotonized(const Tensor& value) const;

  const Made made_;
  const std::vector<TransformRef> transforms_;
  const TransformRef all_;
};

// From a distribution's values to [0, 1] by its distribution function.
TransformRef CumulativeDistributionTransform(DistributionRef distribution);

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_TRANSFORMED_H_
