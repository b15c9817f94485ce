#include "neura/tensor/core/dtype.h"

#include <algorithm>

namespace neura {
namespace {

constexpr std::string_view kNames[kNumDTypes] = {"bool",    "uint8",   "int8",      "int16",
                                                 "int32",   "int64",   "float16",   "bfloat16",
                                                 "float32", "float64", "complex64", "complex128"};

}  // namespace

std::string_view DTypeName(DType dtype) { return kNames[static_cast<int>(dtype)]; }

std::string ToString(DTypes dtypes) {
  struct Category {
    const char* name;
    DTypes dtypes;
  };
  constexpr Category kCategories[] = {{"bool", {0b1}},
                                      {"integer", {0b0011'1110}},
                                      {"floating point", kFloatingDTypes},
                                      {"complex", {0b1100'0000'0000}}};
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
      if (held >> i & 1) add(kNames[i]);
    }
  }
  return text;
}

DType PromoteTypes(DType a, DType b) {
  if (a == b) return a;
  const DType low = std::min(a, b), high = std::max(a, b);
  // The enumeration is ordered so that the higher one wins, with three exceptions.
  if (low == kUInt8 && high == kInt8) return kInt16;
  if (low == kFloat16 && high == kBFloat16) return kFloat32;
  if (low == kFloat64 && high == kComplex64) return kComplex128;
  return high;
}

}  // namespace neura
