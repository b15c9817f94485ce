#include "neura/cli/run_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/graph/datum.h"
#include "neura/tensor/core/units.h"
#include "neura/tensor/tensor.h"

namespace neura::cli {
namespace {

// Float64, of whatever dtype.
Tensor Numbers(const Tensor& tensor) {
  const bool is_complex = CategoryOf(tensor.dtype()) == DTypeCategory::kComplex;
  return Contiguous(Cast(is_complex ? ViewAsReal(tensor) : tensor, kFloat64));
}

Json NumberJson(double number) {
  return std::isfinite(number) ? Json(number) : Json(absl::StrCat(number));
}

}  // namespace

NamedTensors RunModel(const std::string& path, const graph::Program& program,
                      const std::vector<Tensor>& inputs) {
  try {
    const std::vector<graph::Datum> results =
        program.RunData(std::vector<graph::Datum>(inputs.begin(), inputs.end()));
    NamedTensors outputs;
    for (size_t i = 0; i < results.size(); ++i) {
      const std::string& name = program.graph().output_names()[i];
      switch (results[i].kind()) {
        case graph::ValueKind::kTensor:
          outputs.emplace_back(name, results[i].tensor());
          break;
        case graph::ValueKind::kSequence:
          for (size_t k = 0; k < results[i].sequence().size(); ++k) {
            outputs.emplace_back(absl::StrCat(name, ".", k), results[i].sequence()[k]);
          }
          break;
        case graph::ValueKind::kOptional:
          break;
        case graph::ValueKind::kStrings:
          ThrowUnimplemented(absl::StrCat("output ", name, " is made of strings"));
        case graph::ValueKind::kMap:
          // The values alone; keys are no tensor where they are strings.
          if (results[i].values().kind() == graph::ValueKind::kTensor) {
            outputs.emplace_back(name, results[i].values().tensor());
            break;
          }
          ThrowUnimplemented(absl::StrCat("output ", name, " is made of strings"));
      }
    }
    return outputs;
  } catch (Error& error) {
    error.AddContext(path);
    throw;
  }
}

Difference Compare(const std::string& name, const Tensor& actual, const Tensor& expected,
                   double rtol, double atol) {
  Difference difference{.name = name};
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    difference.mismatch = absl::StrCat("is ", Describe(actual), ", expected ", Describe(expected));
    return difference;
  }
  const Tensor a = Numbers(actual), b = Numbers(expected);
  // Whole numbers that differ may be the same in float64.
  const bool whole = IsIntegral(actual.dtype());
  const Tensor m = whole ? Contiguous(Cast(actual, kInt64)) : Tensor();
  const Tensor n = whole ? Contiguous(Cast(expected, kInt64)) : Tensor();
  difference.elements = a.numel();
  for (int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data<double>()[i], y = b.data<double>()[i];
    if (whole ? m.data<int64_t>()[i] == n.data<int64_t>()[i]
              : x == y || (std::isnan(x) && std::isnan(y))) {
      continue;
    }
    // What is infinite or NaN on one side alone is as far away as can be.
    const double distance = std::isfinite(x) && std::isfinite(y)
                                ? std::max(std::abs(x - y), whole ? 1.0 : 0.0)
                                : std::numeric_limits<double>::infinity();
    difference.beyond += !(distance <= atol + rtol * std::abs(y)) || std::isinf(distance);
    difference.max_relative = std::max(difference.max_relative, distance / std::abs(y));
    if (distance > difference.max_absolute) {
      difference.max_absolute = distance;
      difference.worst = i;
      difference.actual = x;
      difference.expected = y;
    }
  }
  return difference;
}

std::vector<Difference> CompareAll(const NamedTensors& actual, const NamedTensors& expected,
                                   double rtol, double atol) {
  const auto find = [](const NamedTensors& tensors, const std::string& name) {
    return std::find_if(tensors.begin(), tensors.end(),
                        [&](const auto& each) { return each.first == name; });
  };
  std::vector<Difference> differences;
  for (const auto& [name, tensor] : expected) {
    const auto found = find(actual, name);
    differences.push_back(found == actual.end() ? Difference{.name = name, .mismatch = "is missing"}
                                                : Compare(name, found->second, tensor, rtol, atol));
  }
  for (const auto& [name, tensor] : actual) {
    if (find(expected, name) == expected.end()) {
      differences.push_back({.name = name, .mismatch = "has nothing to be compared with"});
    }
  }
  return differences;
}

std::string DifferencesText(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& each : differences) {
    absl::StrAppend(&text, each.name, ": ");
    if (!each.mismatch.empty()) {
      absl::StrAppend(&text, "DIFFERS, ", each.mismatch, "\n");
      continue;
    }
    absl::StrAppend(&text, each.is_close() ? "ok" : "DIFFERS", ", ", WithSeparators(each.elements),
                    " elements");
    if (each.beyond > 0) {
      absl::StrAppend(&text, ", ", WithSeparators(each.beyond), " beyond the tolerance");
    }
    if (each.max_absolute == 0) {
      absl::StrAppend(&text, ", equal\n");
    } else {
      absl::StrAppendFormat(&text,
                            ", largest difference %.3g (relative %.3g): element %d is %.9g, "
                            "expected %.9g\n",
                            each.max_absolute, each.max_relative, each.worst, each.actual,
                            each.expected);
    }
  }
  return text;
}

Json DifferencesJson(const std::vector<Difference>& differences) {
  Json list = Json::array();
  for (const Difference& each : differences) {
    Json json = {{"name", each.name}, {"ok", each.is_close()}};
    if (!each.mismatch.empty()) {
      json["mismatch"] = each.mismatch;
    } else {
      json.update({{"elements", each.elements},
                   {"beyond_tolerance", each.beyond},
                   {"max_absolute", NumberJson(each.max_absolute)},
                   {"max_relative", NumberJson(each.max_relative)}});
    }
    list.push_back(json);
  }
  return list;
}

}  // namespace neura::cli
