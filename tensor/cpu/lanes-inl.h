// Vectors that compute like numbers: what element functions (tensor/elements) are instantiated with
// beside numbers. Per target: see Highway's foreach_target.h.
#if defined(NEURA_TENSOR_CPU_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_CPU_LANES_INL_H_
#undef NEURA_TENSOR_CPU_LANES_INL_H_
#else
#define NEURA_TENSOR_CPU_LANES_INL_H_
#endif

#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"
#include "neura/tensor/cpu/wasm_double-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// What a comparison of vectors gives.
template <class D>
struct LaneMask {
  hn::Mask<D> raw;

  friend HWY_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {hn::And(a.raw, b.raw)}; }
  friend HWY_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {hn::Or(a.raw, b.raw)}; }
  friend HWY_INLINE LaneMask operator!(LaneMask a) { return {hn::Not(a.raw)}; }
};

template <class D>
struct Lanes {
  using Number = hn::TFromD<D>;
  using Mask = LaneMask<D>;

  Lanes() = default;
  explicit HWY_INLINE Lanes(hn::Vec<D> vector) : raw(vector) {}
  explicit HWY_INLINE Lanes(Number value) : raw(hn::Set(D(), value)) {}

  hn::Vec<D> raw;

  friend HWY_INLINE Lanes operator+(Lanes a, Lanes b) { return Lanes(hn::Add(a.raw, b.raw)); }
  friend HWY_INLINE Lanes operator-(Lanes a, Lanes b) { return Lanes(hn::Sub(a.raw, b.raw)); }
  friend HWY_INLINE Lanes operator*(Lanes a, Lanes b) { return Lanes(hn::Mul(a.raw, b.raw)); }
  friend HWY_INLINE Lanes operator/(Lanes a, Lanes b) { return Lanes(hn::Div(a.raw, b.raw)); }
  friend HWY_INLINE Lanes operator-(Lanes a) { return Lanes(hn::Neg(a.raw)); }

  friend HWY_INLINE Mask operator<(Lanes a, Lanes b) { return {hn::Lt(a.raw, b.raw)}; }
  friend HWY_INLINE Mask operator>(Lanes a, Lanes b) { return {hn::Gt(a.raw, b.raw)}; }
  friend HWY_INLINE Mask operator<=(Lanes a, Lanes b) { return {hn::Le(a.raw, b.raw)}; }
  friend HWY_INLINE Mask operator>=(Lanes a, Lanes b) { return {hn::Ge(a.raw, b.raw)}; }
  friend HWY_INLINE Mask operator==(Lanes a, Lanes b) { return {hn::Eq(a.raw, b.raw)}; }
  // Highway's own is false for NaN on some targets.
  friend HWY_INLINE Mask operator!=(Lanes a, Lanes b) { return {hn::Not(hn::Eq(a.raw, b.raw))}; }

  friend HWY_INLINE Lanes Select(Mask condition, Lanes yes, Lanes no) {
    return Lanes(hn::IfThenElse(condition.raw, yes.raw, no.raw));
  }
  friend HWY_INLINE Lanes Abs(Lanes x) { return Lanes(hn::Abs(x.raw)); }
  friend HWY_INLINE Lanes Sqrt(Lanes x) { return Lanes(hn::Sqrt(x.raw)); }
  friend HWY_INLINE Lanes Floor(Lanes x) { return Lanes(hn::Floor(x.raw)); }
  friend HWY_INLINE Lanes Ceil(Lanes x) { return Lanes(hn::Ceil(x.raw)); }
  friend HWY_INLINE Lanes Round(Lanes x) { return Lanes(hn::Round(x.raw)); }
  friend HWY_INLINE Lanes Trunc(Lanes x) { return Lanes(hn::Trunc(x.raw)); }
  friend HWY_INLINE Lanes MulAdd(Lanes a, Lanes b, Lanes c) {
    return Lanes(hn::MulAdd(a.raw, b.raw, c.raw));
  }
  // c - a * b
  friend HWY_INLINE Lanes NegMulAdd(Lanes a, Lanes b, Lanes c) {
    return Lanes(hn::NegMulAdd(a.raw, b.raw, c.raw));
  }
  friend HWY_INLINE Lanes CopySign(Lanes magnitude, Lanes sign) {
    return Lanes(hn::CopySign(magnitude.raw, sign.raw));
  }
  friend HWY_INLINE Mask IsNan(Lanes x) {
    if constexpr (std::is_floating_point_v<Number>) {
      return {hn::IsNaN(x.raw)};
    } else {
      return x != x;
    }
  }
};

// Elements as a vector of a type as wide or wider: floats as double, integers as 64 bits of either
// sign.
template <class D, typename T>
HWY_INLINE Lanes<D> LoadAs(D d, const T* from) {
  using Wide = hn::TFromD<D>;
  if constexpr (sizeof(T) == sizeof(Wide)) {
    return Lanes<D>(hn::LoadU(d, reinterpret_cast<const Wide*>(from)));
  } else {
    using Signed = std::conditional_t<std::is_floating_point_v<Wide>, double, int64_t>;
    const hn::Rebind<Signed, D> wide;
    return Lanes<D>(hn::BitCast(d, hn::PromoteTo(wide, hn::LoadU(hn::Rebind<T, D>(), from))));
  }
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NEURA_TENSOR_CPU_LANES_INL_H_
