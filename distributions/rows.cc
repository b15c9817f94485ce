// What the rows of distributions.inc and the rules say, as a table.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "neura/distributions/continuous_rules.h"
#include "neura/distributions/discrete_rules.h"
#include "neura/distributions/matrix_rules.h"
#include "neura/distributions/normal_rules.h"
#include "neura/distributions/positive_rules.h"
#include "neura/distributions/relaxed_rules.h"
#include "neura/distributions/row_distribution.h"

namespace neura::distributions {
namespace {

// "loc: real, scale: positive = 1"
std::vector<ParamRow> ParseParams(std::string_view text) {
  std::vector<ParamRow> rows;
  for (const std::string_view part : absl::StrSplit(text, ", ")) {
    const std::pair<std::string_view, std::string_view> named = absl::StrSplit(part, ": ");
    const std::pair<std::string_view, std::string_view> of = absl::StrSplit(named.second, " = ");
    ParamRow row{.name = std::string(named.first), .constraint = std::string(of.first)};
    row.required = of.second.empty();
    double value = 0;
    if (absl::SimpleAtod(of.second, &value)) row.default_value = value;
    rows.push_back(std::move(row));
  }
  return rows;
}

template <typename Rules>
DistributionRow RowFor(const char* name, const char* params, const char* support, const char* doc) {
  DistributionRow row{.name = name,
                      .doc = doc,
                      .params = ParseParams(params),
                      .support_name = support,
                      .form = ProbsForm::kNone};
  if constexpr (requires { Rules::kForm; }) row.form = Rules::kForm;
  if constexpr (requires { Rules::kEventDims; }) row.event_dims = Rules::kEventDims;
  if constexpr (requires { &Rules::Prepare; }) row.prepare = &Rules::Prepare;
  if constexpr (requires { &Rules::Support; }) row.support = &Rules::Support;
  if constexpr (requires { &Rules::RSample; }) row.rsample = &Rules::RSample;
  if constexpr (requires { &Rules::Sample; }) row.sample = &Rules::Sample;
  if constexpr (requires { &Rules::LogProb; }) row.log_prob = &Rules::LogProb;
  if constexpr (requires { &Rules::Cdf; }) row.cdf = &Rules::Cdf;
  if constexpr (requires { &Rules::Icdf; }) row.icdf = &Rules::Icdf;
  if constexpr (requires { &Rules::Entropy; }) row.entropy = &Rules::Entropy;
  if constexpr (requires { &Rules::Mean; }) row.mean = &Rules::Mean;
  if constexpr (requires { &Rules::Mode; }) row.mode = &Rules::Mode;
  if constexpr (requires { &Rules::Variance; }) row.variance = &Rules::Variance;
  if constexpr (requires { &Rules::Derive; }) row.derive = &Rules::Derive;
  if constexpr (requires { &Rules::EventShape; }) row.event_shape = &Rules::EventShape;
  if constexpr (requires { &Rules::Derived; }) {
    row.derived_names = Rules::kDerived;
    row.derived = &Rules::Derived;
  }
  if constexpr (requires { &Rules::EnumerateSupport; }) {
    row.enumerate_support = &Rules::EnumerateSupport;
  }
  return row;
}

const std::vector<DistributionRow>& Table() {
  static const auto* const table = new std::vector<DistributionRow>{
#define NEURA_DISTRIBUTION(Name, parameters, texts, support, doc) \
  RowFor<Name##Rules>(#Name, texts, support, doc),
#include "neura/distributions/distributions.inc"
  };
  return *table;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const auto& kMade = Table();

}  // namespace

absl::Span<const DistributionRow> DistributionRows() { return Table(); }

const DistributionRow* FindRow(std::string_view name) {
  for (const DistributionRow& row : Table()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

}  // namespace neura::distributions
