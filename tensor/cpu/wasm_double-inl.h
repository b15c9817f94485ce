// Two doubles in a vector of WebAssembly's SIMD, which has them where Highway 1.0.3 leaves them
// out. What the kernels of this folder use, under Highway's names; Exp and Log go through libm.
#if defined(NEURA_TENSOR_CPU_WASM_DOUBLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_CPU_WASM_DOUBLE_INL_H_
#undef NEURA_TENSOR_CPU_WASM_DOUBLE_INL_H_
#else
#define NEURA_TENSOR_CPU_WASM_DOUBLE_INL_H_
#endif

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"

#if HWY_TARGET == HWY_WASM && !HWY_HAVE_FLOAT64
HWY_BEFORE_NAMESPACE();
namespace hwy::HWY_NAMESPACE {

template <size_t N>
HWY_API Vec128<double, N> Set(Simd<double, N, 0>, double value) {
  return {wasm_f64x2_splat(value)};
}

template <size_t N>
HWY_API Vec128<double, N> operator+(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_add(a.raw, b.raw)};
}
template <size_t N>
HWY_API Vec128<double, N> operator-(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_sub(a.raw, b.raw)};
}
template <size_t N>
HWY_API Vec128<double, N> operator*(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_mul(a.raw, b.raw)};
}
template <size_t N>
HWY_API Vec128<double, N> operator/(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_div(a.raw, b.raw)};
}
template <size_t N>
HWY_API Vec128<double, N> MulAdd(Vec128<double, N> mul, Vec128<double, N> x,
                                 Vec128<double, N> add) {
  return mul * x + add;
}
template <size_t N>
HWY_API Vec128<double, N> NegMulAdd(Vec128<double, N> mul, Vec128<double, N> x,
                                    Vec128<double, N> add) {
  return add - mul * x;
}
template <size_t N>
HWY_API Vec128<double, N> Sqrt(Vec128<double, N> v) {
  return {wasm_f64x2_sqrt(v.raw)};
}
template <size_t N>
HWY_API Vec128<double, N> Abs(Vec128<double, N> v) {
  return {wasm_f64x2_abs(v.raw)};
}
// As for float: the second where either is NaN.
template <size_t N>
HWY_API Vec128<double, N> Min(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_pmin(b.raw, a.raw)};
}
template <size_t N>
HWY_API Vec128<double, N> Max(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_pmax(b.raw, a.raw)};
}

template <size_t N>
HWY_API Mask128<double, N> operator==(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_eq(a.raw, b.raw)};
}
template <size_t N>
HWY_API Mask128<double, N> operator!=(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_ne(a.raw, b.raw)};
}
template <size_t N>
HWY_API Mask128<double, N> operator>(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_gt(a.raw, b.raw)};
}
template <size_t N>
HWY_API Mask128<double, N> operator<(Vec128<double, N> a, Vec128<double, N> b) {
  return {wasm_f64x2_lt(a.raw, b.raw)};
}

template <size_t N>
HWY_API Vec128<double, N> PromoteTo(Simd<double, N, 0>, Vec128<float, N> v) {
  return {wasm_f64x2_promote_low_f32x4(v.raw)};
}
template <size_t N>
HWY_API Vec128<float, N> DemoteTo(Simd<float, N, 0>, Vec128<double, N> v) {
  return {wasm_f32x4_demote_f64x2_zero(v.raw)};
}

template <size_t N>
HWY_API Vec128<double, N> Exp(Simd<double, N, 0>, Vec128<double, N> x) {
  return {wasm_f64x2_make(std::exp(wasm_f64x2_extract_lane(x.raw, 0)),
                          std::exp(wasm_f64x2_extract_lane(x.raw, 1)))};
}
template <size_t N>
HWY_API Vec128<double, N> Log(Simd<double, N, 0>, Vec128<double, N> x) {
  return {wasm_f64x2_make(std::log(wasm_f64x2_extract_lane(x.raw, 0)),
                          std::log(wasm_f64x2_extract_lane(x.raw, 1)))};
}

}  // namespace hwy::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#endif  // NEURA_TENSOR_CPU_WASM_DOUBLE_INL_H_
