// The inner loops of conversions. A web bundle holds those between the dtypes of its model.
#include <bit>
#include <complex>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/convert.h"
#include "neura/tensor/core/dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/cpu/few_targets.h"  // IWYU pragma: keep
#include "neura/tensor/cpu/kernels/move.h"
#include "neura/tensor/ops/linked_ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/conversions.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/elements/float16.h"

#ifndef NEURA_TENSOR_CPU_KERNELS_CONVERSIONS_CC_
#define NEURA_TENSOR_CPU_KERNELS_CONVERSIONS_CC_

namespace neura::cpu {
namespace {

// Too rare to be compiled for every instruction set.
template <typename T>
constexpr bool IsRare() {
  return std::is_same_v<T, int8_t> || std::is_same_v<T, int16_t> || std::is_same_v<T, uint16_t> ||
         std::is_same_v<T, uint32_t> || std::is_same_v<T, uint64_t> || kIsComplex<T>;
}

// Whether the program has the dtype. Every one has those of truths, indices and extents, and the
// one that 16 bits widen to.
template <typename T>
constexpr bool IsHeld() {
  if (std::is_same_v<T, bool> || std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t> ||
      std::is_same_v<T, float>) {
    return true;
  }
#define NEURA_CASE(type, name) \
  if (std::is_same_v<T, type>) return IsLinked(#name);
  NEURA_FORALL_DTYPES(NEURA_CASE)
#undef NEURA_CASE
  return false;
}

}  // namespace
}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_CONVERSIONS_CC_

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

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
    if (AllWithin<From>(from, 0x1p31)) {
      ForBlock([&](int k) HWY_ATTR { to[k] = static_cast<int32_t>(from[k]); });
    } else if (AllWithin<From>(from, 0x1p51)) {
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

// Null for pairs with a rare dtype, and for those that the program does not hold.
ConvertLoop FrequentConvertLoop(DType from, DType to) {
  return SwitchDType(from, [to]<typename From>(From) {
    return SwitchDType(to, []<typename To>(To) -> ConvertLoop {
      if constexpr (IsRare<From>() || IsRare<To>() || !IsHeld<From>() || !IsHeld<To>() ||
                    std::is_same_v<From, To>) {
        return nullptr;
      } else {
        return &ConvertElements<From, To>;
      }
    });
  });
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(FrequentConvertLoop);

template <typename From, typename To>
void ConvertRare(int64_t n, const void* source, void* target) {
  const From* from = static_cast<const From*>(source);
  To* to = static_cast<To*>(target);
  for (int64_t i = 0; i < n; ++i) to[i] = Convert<To>(from[i]);
}

ConvertLoop RareConvertLoop(DType from, DType to) {
  return SwitchDType(from, [to]<typename From>(From) {
    return SwitchDType(to, []<typename To>(To) -> ConvertLoop {
      if constexpr ((IsRare<From>() || IsRare<To>()) && IsHeld<From>() && IsHeld<To>()) {
        return &ConvertRare<From, To>;
      } else {
        return nullptr;
      }
    });
  });
}

}  // namespace

ConvertLoop ConvertLoopOf(DType from, DType to) {
  ConvertLoop loop = HWY_DYNAMIC_DISPATCH(FrequentConvertLoop)(from, to);
  if (loop == nullptr) loop = RareConvertLoop(from, to);
  if (loop == nullptr) {
    ThrowUnimplemented(absl::StrCat("this program was built without conversions from ",
                                    DTypeName(from), " to ", DTypeName(to)));
  }
  return loop;
}

}  // namespace neura::cpu
#endif
