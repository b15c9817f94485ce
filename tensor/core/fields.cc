#include "neura/tensor/core/fields.h"

#include <bit>
#include <vector>

#include "absl/strings/str_cat.h"

namespace neura {
namespace {

std::string Print(bool value) { return value ? "true" : "false"; }
std::string Print(int64_t value) { return absl::StrCat(value); }
std::string Print(uint64_t value) { return absl::StrCat(value); }
std::string Print(double value) { return absl::StrCat(value); }
std::string Print(DType value) { return std::string(DTypeName(value)); }
std::string Print(const Scalar& value) { return ToString(value); }
std::string Print(const Dims& value) { return ToString(DimsView(value)); }
std::string Print(const Sizes& value) { return ToString(value); }
std::string Print(const std::string& value) { return absl::StrCat("\"", value, "\""); }
template <typename T>
std::string Print(const std::optional<T>& value) {
  return value ? Print(*value) : "none";
}

template <typename T>
bool Same(const T& a, const T& b) {
  return a == b;
}
bool Same(const double& a, const double& b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}
bool Same(const std::optional<double>& a, const std::optional<double>& b) {
  return a && b ? Same(*a, *b) : a.has_value() == b.has_value();
}

std::vector<FieldRef> FieldsOf(const OptionsType& type, const void* options) {
  std::vector<FieldRef> fields;
  // Visiting hands out pointers and changes nothing.
  type.visit(const_cast<void*>(options),
             [&fields](const char*, FieldRef field) { fields.push_back(field); });
  return fields;
}

}  // namespace

std::string OptionsToString(const OptionsType& type, const void* options) {
  if (type.print != nullptr) return type.print(options);
  std::string text = "{";
  type.visit(const_cast<void*>(options), [&text](const char* name, FieldRef field) {
    absl::StrAppend(&text, text.size() == 1 ? "" : ", ", name, "=",
                    std::visit([](auto* value) { return Print(*value); }, field));
  });
  return text + "}";
}

bool OptionsEqual(const OptionsType& type, const void* a, const void* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (type.equal != nullptr) return type.equal(a, b);
  const std::vector<FieldRef> left = FieldsOf(type, a), right = FieldsOf(type, b);
  for (size_t i = 0; i < left.size(); ++i) {
    const bool equal = std::visit(
        [&right, i](auto* value) { return Same(*value, *std::get<decltype(value)>(right[i])); },
        left[i]);
    if (!equal) return false;
  }
  return true;
}

}  // namespace neura
