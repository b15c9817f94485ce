#include "neura/tensor/cpu/kernels/move.h"

#include <algorithm>
#include <bit>
#include <complex>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/cpu/few_targets.h"  // IWYU pragma: keep

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/move.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/elements/float16.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// ---- conversions -----------------------------------------------------------------------------

// Loops of so many rounds without branches are what the compiler makes vectors of; fewer it would
// unroll first.
constexpr int kBlock = 64;

template <typename F>
HWY_INLINE void ForBlock(F f) {
  for (int k = 0; k < kBlock; ++k) f(k);
}

// Whether all are in (-limit, limit).
template <typename T>
HWY_INLINE bool AllWithin(const T* x, T limit) {
  int outside = 0;
  ForBlock([&](int k) HWY_ATTR { outside |= !(x[k] > -limit) | !(x[k] < limit); });
  return outside == 0;
}

// Cut off towards zero, for |x| < 2^51.
HWY_INLINE int64_t Truncated(double x) {
  constexpr double kMagic = 0x1.8p52;  // beside which the last bit of a double is 1
  const double shifted = x + kMagic, nearest = shifted - kMagic;
  const int64_t whole = std::bit_cast<int64_t>(shifted) - std::bit_cast<int64_t>(kMagic);
  const int64_t down = (x >= 0) & (nearest > x), up = (x < 0) & (nearest < x);
  return whole - down + up;
}

template <typename From, typename To>
HWY_INLINE void ConvertBlock(const From* HWY_RESTRICT from, To* HWY_RESTRICT to) {
  if constexpr (kIsFloat16<From>) {
    float wide[kBlock];
    ForBlock([&](int k) HWY_ATTR {
      if constexpr (std::is_same_v<From, Half>) {
        wide[k] = elements::HWY_NAMESPACE::FloatOfHalf(from[k].bits);
      } else {
        wide[k] = static_cast<float>(from[k]);
      }
    });
    ConvertBlock(wide, to);
  } else if constexpr (std::is_same_v<To, Half>) {
    ForBlock([&](int k) HWY_ATTR {
      to[k].bits = elements::HWY_NAMESPACE::HalfBits(Convert<float>(from[k]));
    });
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    ForBlock([&](int k) HWY_ATTR {
      to[k].bits = elements::HWY_NAMESPACE::BFloat16Bits(Convert<float>(from[k]));
    });
  } else if constexpr (std::is_floating_point_v<From> && std::is_same_v<To, int64_t>) {
    if (AllWithin<From>(from, 0x1p51)) {
      ForBlock([&](int k) HWY_ATTR { to[k] = Truncated(from[k]); });
    } else {
      for (int k = 0; k < kBlock; ++k) to[k] = Convert<To>(from[k]);
    }
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> &&
                       !std::is_same_v<To, bool>) {
    if (AllWithin<From>(from, 0x1p31)) {
      ForBlock([&](int k) HWY_ATTR { to[k] = static_cast<To>(static_cast<int32_t>(from[k])); });
    } else {
      for (int k = 0; k < kBlock; ++k) to[k] = Convert<To>(from[k]);
    }
  } else {
    ForBlock([&](int k) HWY_ATTR { to[k] = Convert<To>(from[k]); });
  }
}

template <typename From, typename To>
void ConvertElements(int64_t n, const void* source, void* target) {
  const From* from = static_cast<const From*>(source);
  To* to = static_cast<To*>(target);
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) ConvertBlock(from + i, to + i);
  for (; i < n; ++i) to[i] = Convert<To>(from[i]);
}

// Null for dtypes that are too rare to be compiled for every target.
template <typename F>
ConvertLoop SwitchFrequent(DType dtype, F f) {
  switch (dtype) {
#define NEURA_CASE(T) \
  case DTypeOf<T>:    \
    return f(T());
    NEURA_CASE(bool)
    NEURA_CASE(uint8_t)
    NEURA_CASE(int32_t)
    NEURA_CASE(int64_t)
    NEURA_CASE(Half)
    NEURA_CASE(BFloat16)
    NEURA_CASE(float)
    NEURA_CASE(double)
#undef NEURA_CASE
    default:
      return nullptr;
  }
}

ConvertLoop FrequentConvertLoop(DType from, DType to) {
  return SwitchFrequent(from, [to]<typename From>(From) {
    return SwitchFrequent(to, []<typename To>(To) -> ConvertLoop {
      if constexpr (std::is_same_v<From, To>) return nullptr;
      return &ConvertElements<From, To>;
    });
  });
}

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

HWY_EXPORT(FrequentConvertLoop);
HWY_EXPORT(LoopOfSize);
HWY_EXPORT(RepeatOfSize);

template <typename From, typename To>
void ConvertRare(int64_t n, const void* source, void* target) {
  const From* from = static_cast<const From*>(source);
  To* to = static_cast<To*>(target);
  for (int64_t i = 0; i < n; ++i) to[i] = Convert<To>(from[i]);
}

template <typename T>
inline constexpr bool kRare =
    std::is_same_v<T, int8_t> || std::is_same_v<T, int16_t> || std::is_same_v<T, uint16_t> ||
    std::is_same_v<T, uint32_t> || std::is_same_v<T, uint64_t> || kIsComplex<T>;

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
  for (int64_t i = 0; i < n; ++i) {
    T value;  // through memcpy: views may lie at any address
    std::memcpy(&value, from + i * from_stride, sizeof(T));
    std::memcpy(to + i * to_stride, &value, sizeof(T));
  }
}

}  // namespace

ConvertLoop ConvertLoopOf(DType from, DType to) {
  const ConvertLoop frequent = HWY_DYNAMIC_DISPATCH(FrequentConvertLoop)(from, to);
  if (frequent != nullptr) return frequent;
  return SwitchDType(from, [to]<typename From>(From) {
    return SwitchDType(to, []<typename To>(To) -> ConvertLoop {
      if constexpr (kRare<From> || kRare<To>) {
        return &ConvertRare<From, To>;
      } else {
        return nullptr;
      }
    });
  });
}

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
