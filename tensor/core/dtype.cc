#include "neura/tensor/core/dtype.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

constexpr std::string_view kDTypeNames[kNumDTypes] = {
    "bool",  "uint8",   "int8",     "uint16",  "int16",   "uint32",    "int32",     "uint64",
    "int64", "float16", "bfloat16", "float32", "float64", "complex64", "complex128"};

}  // namespace

std::string_view DTypeName(DType dtype) { return kDTypeNames[static_cast<int>(dtype)]; }

std::string ToString(DTypes dtypes) {
  struct Category {
    const char* name;
    DTypes dtypes;
  };
  constexpr Category kCategories[] = {{"bool", {0b1}},
                                      {"integer", kIntegerDTypes},
                                      {"floating point", kFloatingDTypes},
                                      {"complex", kComplexDTypes}};
  std::string text;
  const auto add = [&text](std::string_view name) {
    if (!text.empty()) text += ", ";
    text += name;
  };
  for (const auto& [name, all] : kCategories) {
    const auto held = static_cast<uint16_t>(dtypes.bits & all.bits);
    if (held == all.bits) {
      add(name);
      continue;
    }
    for (int i = 0; i < kNumDTypes; ++i) {
      if (held >> i & 1) add(kDTypeNames[i]);
    }
  }
  return text;
}

DType PromoteTypes(DType a, DType b) {
  if (a == b) return a;
  const DType low = std::min(a, b), high = std::max(a, b);
  // The enumeration is ordered so that the higher one wins, with these exceptions.
  if (IsIntegral(low) && IsIntegral(high) && IsUnsigned(low) != IsUnsigned(high)) {
    const size_t size = ItemSize(IsUnsigned(low) ? low : high);
    if (size == ItemSize(kUInt64)) {
      ThrowInvalidArgument(absl::StrCat("no integer dtype holds both ", DTypeName(low), " and ",
                                        DTypeName(high), "; cast one of them first"));
    }
    if (IsUnsigned(high) || ItemSize(high) == size) {
      return size == 1 ? kInt16 : size == 2 ? kInt32 : kInt64;
    }
  }
  if (low == kFloat16 && high == kBFloat16) return kFloat32;
  if (low == kFloat64 && high == kComplex64) return kComplex128;
  return high;
}

}  // namespace neura
