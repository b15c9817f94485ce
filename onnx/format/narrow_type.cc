#include "neura/onnx/format/narrow_type.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::onnx {
namespace {

constexpr auto kFloating = NarrowType::Kind::kFloating;
constexpr NarrowType kNarrowTypes[] = {
    {"float8e4m3fn", 17, kUInt8, 8, kFloating, 3, 7, 0x7e, -1, 0x7f},
    {"float8e4m3fnuz", 18, kUInt8, 8, kFloating, 3, 8, 0x7f, -1, 0x80},
    {"float8e5m2", 19, kUInt8, 8, kFloating, 2, 15, 0x7b, 0x7c, 0x7e},
    {"float8e5m2fnuz", 20, kUInt8, 8, kFloating, 2, 16, 0x7f, -1, 0x80},
    {"uint4", 21, kUInt8, 4},
    {"int4", 22, kInt8, 4},
    {"float4e2m1", 23, kUInt8, 4, kFloating, 1, 1, 0x7},
    {"float8e8m0", 24, kUInt8, 8, NarrowType::Kind::kScale, 0, 127, 0xfe, -1, 0xff},
    {"uint2", 25, kUInt8, 2},
    {"int2", 26, kInt8, 2},
    {"float6e2m3", 27, kUInt8, 6, kFloating, 3, 1, 0x1f},
    {"float6e3m2", 28, kUInt8, 6, kFloating, 2, 3, 0x1f},
};

}  // namespace

const NarrowType* FindNarrowType(int element_type) {
  for (const NarrowType& type : kNarrowTypes) {
    if (type.element_type == element_type) return &type;
  }
  return nullptr;
}

int64_t PackedBytes(const NarrowType& type, int64_t count) {
  return count / 8 * type.bits + (count % 8 * type.bits + 7) / 8;
}

std::string Unpack(const NarrowType& type, std::string_view packed, int64_t count) {
  const auto bits = static_cast<size_t>(type.bits), number = static_cast<size_t>(count);
  const int64_t expected = PackedBytes(type, count);
  if (packed.size() != static_cast<size_t>(expected)) {
    ThrowInvalidArgument(absl::StrCat("has ", packed.size(), " bytes, its extents say ", expected));
  }
  std::string elements(number, '\0');
  const int unused = 8 - type.bits;
  for (size_t i = 0; i < number; ++i) {
    const size_t bit = i * bits, shift = bit % 8;
    unsigned word = static_cast<uint8_t>(packed[bit / 8]);
    if (shift + bits > 8) word |= unsigned{static_cast<uint8_t>(packed[bit / 8 + 1])} << 8;
    const auto high = static_cast<uint8_t>(word >> shift << unused);
    elements[i] = static_cast<char>(type.dtype == kInt8 ? static_cast<int8_t>(high) >> unused
                                                        : high >> unused);
  }
  return elements;
}

}  // namespace neura::onnx
