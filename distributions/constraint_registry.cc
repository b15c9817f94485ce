#include "neura/distributions/constraint_registry.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::distributions {
namespace {

using Registry = std::map<std::string, TransformFactory>;

bool IsNumber(const Operand& bound, double value) {
  return !bound.is_tensor && bound.scalar.To<double>() == value;
}
Operand Minus(const Operand& a, const Operand& b) {
  if (!a.is_tensor && !b.is_tensor) return a.scalar.To<double>() - b.scalar.To<double>();
  if (!a.is_tensor) return a.scalar - b.tensor;
  return b.is_tensor ? a.tensor - b.tensor : a.tensor - b.scalar;
}

// Above a bound, or with the scale -1 below it.
TransformFactory Beyond(double scale) {
  return [scale](const Constraint& constraint) -> TransformRef {
    const Operand& bound = constraint.bounds()[0];
    if (scale > 0 && IsNumber(bound, 0)) return ExpTransform();
    return ComposeTransform({ExpTransform(), AffineTransform(bound, scale)});
  };
}
TransformRef Between(const Constraint& constraint) {
  const Operand &lower = constraint.bounds()[0], &upper = constraint.bounds()[1];
  if (IsNumber(lower, 0) && IsNumber(upper, 1)) return SigmoidTransform();
  return ComposeTransform({SigmoidTransform(), AffineTransform(lower, Minus(upper, lower))});
}

// What holds for both, with `find` for the constraints that others are made of.
Registry Common(TransformRef (*find)(const Constraint&)) {
  const auto parts_of = [find](const Constraint& constraint) {
    std::vector<TransformRef> parts;
    for (const Constraint& part : constraint.parts()) parts.push_back(find(part));
    return parts;
  };
  return {
      {"Real", [](const Constraint&) { return ComposeTransform({}); }},
      {"IndependentConstraint",
       [find](const Constraint& constraint) {
         const Constraint& base = constraint.parts()[0];
         return IndependentTransform(find(base), constraint.event_dim() - base.event_dim());
       }},
      {"GreaterThan", Beyond(1)},
      {"GreaterThanEq", Beyond(1)},
      {"LessThan", Beyond(-1)},
      {"Interval", Between},
      {"HalfOpenInterval", Between},
      {"CorrCholesky", [](const Constraint&) { return CorrCholeskyTransform(); }},
      {"Cat",
       [parts_of](const Constraint& constraint) {
         const Dims& numbers = constraint.numbers();
         return CatTransform(parts_of(constraint), numbers[0],
                             Dims(numbers.begin() + 1, numbers.end()));
       }},
      {"Stack",
       [parts_of](const Constraint& constraint) {
         return StackTransform(parts_of(constraint), constraint.numbers()[0]);
       }},
  };
}

Registry& Bijections() {
  static auto* const registry = [] {
    auto* const made = new Registry(Common(&BijectTo));
    (*made)["Simplex"] = [](const Constraint&) { return StickBreakingTransform(); };
    return made;
  }();
  return *registry;
}
Registry& Transforms() {
  static auto* const registry = [] {
    auto* const made = new Registry(Common(&TransformTo));
    (*made)["Simplex"] = [](const Constraint&) { return SoftmaxTransform(); };
    (*made)["LowerCholesky"] = [](const Constraint&) { return LowerCholeskyTransform(); };
    return made;
  }();
  return *registry;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const auto& kMadeBijections = Bijections();
[[maybe_unused]] const auto& kMadeTransforms = Transforms();

TransformRef Find(const char* name, const Registry& registry, const Constraint& constraint) {
  const auto found = registry.find(constraint.kind());
  // Of a program's own that has the name of another one nothing else is known.
  const bool bare = constraint.bounds().empty() && constraint.parts().empty();
  const bool needs = absl::StrContains(constraint.kind(), "Than") ||
                     absl::StrContains(constraint.kind(), "Interval") ||
                     absl::StartsWith(constraint.kind(), "Independent");
  if (found == registry.end() || (bare && needs)) {
    ThrowUnimplemented(
        absl::StrCat(name, ": cannot transform ", constraint.kind(), " constraints"));
  }
  return found->second(constraint);
}

}  // namespace

TransformRef BijectTo(const Constraint& constraint) {
  return Find("biject_to", Bijections(), constraint);
}
TransformRef TransformTo(const Constraint& constraint) {
  return Find("transform_to", Transforms(), constraint);
}
void RegisterBijectTo(const std::string& kind, TransformFactory factory) {
  Bijections()[kind] = std::move(factory);
}
void RegisterTransformTo(const std::string& kind, TransformFactory factory) {
  Transforms()[kind] = std::move(factory);
}

}  // namespace neura::distributions
