#include "neura/tensor/cpu/kernels/move.h"

#include <complex>
#include <cstdint>
#include <cstring>
#include <utility>

#include "neura/tensor/cpu/few_targets.h"  // IWYU pragma: keep

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/move.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// ---- transposes ------------------------------------------------------------------------------

template <typename T>
void TransposeElements(int64_t rows, int64_t columns, const void* source, int64_t from_stride,
                       void* target, int64_t to_stride) {
  const T* from = static_cast<const T*>(source);
  T* to = static_cast<T*>(target);
  int64_t whole_rows = 0, whole_columns = 0;
#if HWY_TARGET != HWY_SCALAR
  // Squares of 16 bytes by as many: rounds of interleaving shuffle them like cards.
  if constexpr (sizeof(T) <= 8) {
    const hn::Full128<T> d;
    constexpr int64_t kN = static_cast<int64_t>(16 / sizeof(T));
    whole_rows = rows / kN * kN;
    whole_columns = columns / kN * kN;
    for (int64_t i = 0; i < whole_rows; i += kN) {
      for (int64_t j = 0; j < whole_columns; j += kN) {
        hn::Vec<decltype(d)> square[kN], mixed[kN];
#pragma GCC unroll 16
        for (int64_t k = 0; k < kN; ++k) square[k] = hn::LoadU(d, from + (j + k) * from_stride + i);
#pragma GCC unroll 4
        for (int64_t round = 1; round < kN; round *= 2) {
#pragma GCC unroll 8
          for (int64_t k = 0; k < kN / 2; ++k) {
            mixed[2 * k] = hn::InterleaveLower(d, square[k], square[k + kN / 2]);
            mixed[2 * k + 1] = hn::InterleaveUpper(d, square[k], square[k + kN / 2]);
          }
#pragma GCC unroll 16
          for (int64_t k = 0; k < kN; ++k) square[k] = mixed[k];
        }
#pragma GCC unroll 16
        for (int64_t k = 0; k < kN; ++k) hn::StoreU(square[k], d, to + (i + k) * to_stride + j);
      }
    }
  }
#endif
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t first = i < whole_rows ? whole_columns : 0;
    for (int64_t j = first; j < columns; ++j) to[i * to_stride + j] = from[j * from_stride + i];
  }
}

// ---- one element for many --------------------------------------------------------------------

template <typename T>
void RepeatElement(int64_t n, const void* from, void* to) {
  const hn::ScalableTag<T> d;
  T value;
  std::memcpy(&value, from, sizeof(T));
  const auto values = hn::Set(d, value);
  T* const out = static_cast<T*>(to);
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) hn::Store(values, d, out + i);
}
void RepeatPair(int64_t n, const void* from, void* to) {
  for (int64_t i = 0; i < n; ++i) std::memcpy(static_cast<char*>(to) + i * 16, from, 16);
}

RepeatLoop RepeatOfSize(size_t item_size) {
  switch (item_size) {
    case 1:
      return &RepeatElement<uint8_t>;
    case 2:
      return &RepeatElement<uint16_t>;
    case 4:
      return &RepeatElement<uint32_t>;
    case 8:
      return &RepeatElement<uint64_t>;
    default:
      return &RepeatPair;
  }
}

TransposeLoop LoopOfSize(size_t item_size) {
  switch (item_size) {
    case 1:
      return &TransposeElements<uint8_t>;
    case 2:
      return &TransposeElements<uint16_t>;
    case 4:
      return &TransposeElements<uint32_t>;
    case 8:
      return &TransposeElements<uint64_t>;
    default:
      return &TransposeElements<std::pair<uint64_t, uint64_t>>;
  }
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(LoopOfSize);
HWY_EXPORT(RepeatOfSize);

template <typename T>
void CopyAs(int64_t n, const char* from, int64_t from_stride, char* to, int64_t to_stride) {
  if (from_stride == 0 && to_stride == sizeof(T)) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    for (int64_t i = 0; i < n; ++i) {
      std::memcpy(to + i * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
    }
    return;
  }
  // Steps that the compiler knows, for which it has vectors.
  constexpr auto kItem = static_cast<int64_t>(sizeof(T));
  if (from_stride == -kItem && to_stride == kItem) {
    for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * kItem, from - i * kItem, sizeof(T));
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    T value;  // through memcpy: views may lie at any address
    std::memcpy(&value, from + i * from_stride, sizeof(T));
    std::memcpy(to + i * to_stride, &value, sizeof(T));
  }
}

}  // namespace

TransposeLoop TransposeLoopOf(size_t item_size) {
  return HWY_DYNAMIC_DISPATCH(LoopOfSize)(item_size);
}

RepeatLoop RepeatLoopOf(size_t item_size) { return HWY_DYNAMIC_DISPATCH(RepeatOfSize)(item_size); }

void CopyStrided(int64_t n, size_t item_size, const char* from, int64_t from_stride, char* to,
                 int64_t to_stride) {
  switch (item_size) {
    case 1:
      return CopyAs<uint8_t>(n, from, from_stride, to, to_stride);
    case 2:
      return CopyAs<uint16_t>(n, from, from_stride, to, to_stride);
    case 4:
      return CopyAs<uint32_t>(n, from, from_stride, to, to_stride);
    case 8:
      return CopyAs<uint64_t>(n, from, from_stride, to, to_stride);
    default:
      return CopyAs<std::complex<double>>(n, from, from_stride, to, to_stride);
  }
}

}  // namespace neura::cpu
#endif
