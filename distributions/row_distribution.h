// Distributions by their rows: all of distributions.inc.
#ifndef NEURA_DISTRIBUTIONS_ROW_DISTRIBUTION_H_
#define NEURA_DISTRIBUTIONS_ROW_DISTRIBUTION_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "neura/distributions/distribution.h"
#include "neura/distributions/params.h"

namespace neura::distributions {

// What is known of a distribution by its row and its rules. What it does not have is null.
struct DistributionRow {
  const char* name;
  const char* doc;
  std::vector<ParamRow> params;
  const char* support_name;  // empty: it depends on the parameters
  ProbsForm form;
  int64_t event_dims = 0;  // of a sample

  // Throws InvalidArgument for parameters that make no distribution together, and completes them.
  void (*prepare)(Params& params) = nullptr;
  Constraint (*support)(const Params& params) = nullptr;
  // Of shape [sample, batch, event].
  Tensor (*rsample)(const Params& params, DimsView shape, Generator* generator) = nullptr;
  Tensor (*sample)(const Params& params, DimsView shape, Generator* generator) = nullptr;
  Tensor (*log_prob)(const Params& params, const Tensor& value) = nullptr;
  Tensor (*cdf)(const Params& params, const Tensor& value) = nullptr;
  Tensor (*icdf)(const Params& params, const Tensor& value) = nullptr;
  Tensor (*entropy)(const Params& params) = nullptr;
  Tensor (*mean)(const Params& params) = nullptr;
  Tensor (*mode)(const Params& params) = nullptr;
  Tensor (*variance)(const Params& params) = nullptr;
  // A parameter that was not given, from those that were.
  Tensor (*derive)(const Params& params, size_t i) = nullptr;
  // Where it is not the last dimensions of the first parameter that has as many in its events.
  Dims (*event_shape)(const Params& params) = nullptr;
  // What else is known by a name, "concentration, rate", and how it follows from the parameters.
  const char* derived_names = "";
  Tensor (*derived)(const Params& params, std::string_view name) = nullptr;
  // [number, ones of the batch, event]
  Tensor (*enumerate_support)(const Params& params) = nullptr;
};
absl::Span<const DistributionRow> DistributionRows();
// Null where there is none.
const DistributionRow* FindRow(std::string_view name);

class RowDistribution : public Distribution {
 public:
  // Throws InvalidArgument for parameters that are missing, do not broadcast or, where it
  // validates, break their constraint; the error names them.
  RowDistribution(const DistributionRow& row, const std::vector<std::optional<Operand>>& params,
                  std::optional<bool> validate_args = {});

  const DistributionRow& row() const { return row_; }
  const Params& params() const { return params_; }
  // By its name, [batch, its event]; probabilities and logits also where the other was given, and
  // what the row derives.
  Tensor param(std::string_view name) const;

  std::string name() const override { return row_.name; }
  std::string ToString() const override;
  bool has_rsample() const override { return row_.rsample != nullptr; }
  bool has_enumerate_support() const override { return row_.enumerate_support != nullptr; }
  Constraint support() const override;
  Tensor RSample(DimsView sample_shape = {}, Generator* generator = nullptr) const override;
  Tensor Sample(DimsView sample_shape = {}, Generator* generator = nullptr) const override;
  Tensor LogProb(const Tensor& value) const override;
  Tensor Cdf(const Tensor& value) const override;
  Tensor Icdf(const Tensor& value) const override;
  Tensor Entropy() const override;
  Tensor Mean() const override;
  Tensor Mode() const override;
  Tensor Variance() const override;
  Tensor EnumerateSupport(bool expand = true) const override;
  DistributionRef Expand(DimsView batch_shape) const override;

 private:
  RowDistribution(const DistributionRow& row, Params params, bool validate_args);

  const DistributionRow& row_;
  const Params params_;
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_ROW_DISTRIBUTION_H_
