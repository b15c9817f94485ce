#include "neura/graph/datum.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::graph {

struct Datum::MapParts {
  Datum keys, values;
};

const char* KindName(ValueKind kind) {
  static constexpr const char* kNames[] = {"tensor", "sequence", "optional", "strings", "map"};
  return kNames[static_cast<size_t>(kind)];
}

Datum Datum::Sequence(std::vector<Tensor> elements) {
  Datum datum;
  datum.kind_ = ValueKind::kSequence;
  datum.sequence_ = std::make_shared<const std::vector<Tensor>>(std::move(elements));
  return datum;
}

Datum Datum::Strings(std::vector<std::string> elements, DimsView shape) {
  if (NumElements(shape) != static_cast<int64_t>(elements.size())) {
    ThrowInvalidArgument(
        absl::StrCat(elements.size(), " strings cannot take shape ", ToString(shape)));
  }
  Datum datum;
  datum.kind_ = ValueKind::kStrings;
  datum.strings_ = std::make_shared<const StringArray>(
      StringArray{std::move(elements), Dims(shape.begin(), shape.end())});
  return datum;
}

Datum Datum::Map(Datum keys, Datum values) {
  const DimsView of_keys = keys.array_shape(), of_values = values.array_shape();
  const bool named = keys.kind() == ValueKind::kStrings || keys.tensor().dtype() == kInt64;
  if (!named || of_keys.size() != 1 || (of_values.size() != 1 && of_values.size() != 2) ||
      of_values[of_values.size() - 1] != of_keys[0]) {
    ThrowInvalidArgument(absl::StrCat("keys ", ToString(of_keys), " and values ",
                                      ToString(of_values), " are no map"));
  }
  Datum datum;
  datum.kind_ = ValueKind::kMap;
  datum.map_ = std::make_shared<const MapParts>(MapParts{std::move(keys), std::move(values)});
  return datum;
}

DimsView Datum::array_shape() const {
  return kind_ == ValueKind::kStrings ? strings_shape() : tensor().shape();
}

void Datum::Require(ValueKind kind) const {
  if (kind_ == kind) return;
  ThrowInvalidArgument(absl::StrCat("expected a value of kind ", KindName(kind), ", got ",
                                    kind_ == ValueKind::kOptional ? "nothing" : KindName(kind_)));
}

const Tensor& Datum::tensor() const {
  Require(ValueKind::kTensor);
  return tensor_;
}
const std::vector<Tensor>& Datum::sequence() const {
  Require(ValueKind::kSequence);
  return *sequence_;
}
const std::vector<std::string>& Datum::strings() const {
  Require(ValueKind::kStrings);
  return strings_->elements;
}
DimsView Datum::strings_shape() const {
  Require(ValueKind::kStrings);
  return strings_->shape;
}

const Datum& Datum::keys() const {
  Require(ValueKind::kMap);
  return map_->keys;
}
const Datum& Datum::values() const {
  Require(ValueKind::kMap);
  return map_->values;
}

}  // namespace neura::graph
