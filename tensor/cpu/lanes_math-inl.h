// Functions of real numbers over vectors of floats, under the names of tensor/elements/math.h. Per
// target: see Highway's foreach_target.h.
//
// But for Exp, Log, Tanh and Erf they compute in double, whose polynomials are exact to 2^-27 or
// better, and round once: the results hardly ever depend on whether the target fuses products.
// Those four compute in float, which has twice as many lanes. All are within an ulp everywhere,
// subnormal numbers, infinities and the sign of zero included. NaN gives NaN.
#if defined(NEURA_TENSOR_CPU_LANES_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_CPU_LANES_MATH_INL_H_
#undef NEURA_TENSOR_CPU_LANES_MATH_INL_H_
#else
#define NEURA_TENSOR_CPU_LANES_MATH_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "hwy/contrib/math/math-inl.h"
#include "neura/tensor/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

// ---- in double -------------------------------------------------------------------------------

// c[0] + c[1] x + c[2] x^2 + ...
template <class V, size_t kCount>
HWY_INLINE V Polynomial(V x, const typename V::Number (&c)[kCount]) {
  V sum(c[kCount - 1]);
#pragma GCC unroll 16
  for (size_t i = 2; i <= kCount; ++i) sum = MulAdd(sum, x, V(c[kCount - i]));
  return sum;
}

template <class D>
using Bits = hn::Vec<hn::RebindToUnsigned<D>>;
template <class D>
HWY_INLINE Bits<D> BitsOf(Lanes<D> x) {
  return hn::BitCast(hn::RebindToUnsigned<D>(), x.raw);
}
template <class D>
HWY_INLINE Lanes<D> FromBits(Bits<D> bits) {
  return Lanes<D>(hn::BitCast(D(), bits));
}
template <class D>
HWY_INLINE Bits<D> SetBits(uint64_t bits) {
  return hn::Set(hn::RebindToUnsigned<D>(), bits);
}

template <class V>
HWY_INLINE V Clamped(V x, double bound) {
  return Select(x > V(bound), V(bound), Select(x < V(-bound), V(-bound), x));
}

// exp(x) = scale * (1 + rest), where rest is exact near 0 and scale a power of 2. Beyond 200 all
// that floats hold is done, and so x is clamped there.
template <class D>
struct Powers {
  using V = Lanes<D>;
  explicit HWY_INLINE Powers(V unbounded) {
    static constexpr double kExpm1[] = {
        0x1.fffffffff60b8p-1, 0x1.fffffffffe028p-2,  0x1.5555557eb07e9p-3,  0x1.55555565dead9p-5,
        0x1.1110a5b46901ap-7, 0x1.6c166b8f94446p-10, 0x1.a17ea987d8dd3p-13, 0x1.a137426f16cfcp-16};
    const V x = Clamped(unbounded, 200);
    // The last bits of the sum are those of the nearest whole number of halvings, biased as an
    // exponent is.
    const V magic(0x1.8p52 + 1023);
    const V shifted = MulAdd(x, V(0x1.71547652b82fep+0), magic);
    const V r = NegMulAdd(shifted - magic, V(0x1.62e42fefa39efp-1), x);
    scale = FromBits<D>(hn::ShiftLeft<52>(BitsOf(shifted)));
    rest = r * Polynomial(r, kExpm1);
  }
  HWY_INLINE V Expm1() const { return MulAdd(scale, rest, scale - V(1)); }
  HWY_INLINE V Exp() const { return MulAdd(scale, rest, scale); }

  V scale, rest;
};

template <class V>
HWY_INLINE V WideExpm1(V x) {
  return CopySign(Powers(x).Expm1(), x);
}

template <class V>
HWY_INLINE V WideExp2(V x) {
  return Powers(x * V(0x1.62e42fefa39efp-1)).Exp();
}

template <class V>
HWY_INLINE V WideSinh(V x) {
  const V e = Powers(Abs(x)).Expm1();
  return CopySign(V(0.5) * (e + e / (e + V(1))), x);
}

template <class V>
HWY_INLINE V WideCosh(V x) {
  const V e = Powers(x).Exp();
  return V(0.5) * (e + V(1) / e);
}

// log(a + x) = e log(2) + log(1 + f), where a is 0 or 1: f comes from x itself, and so is exact
// near 1 - a.
template <class D>
struct Logarithm {
  using V = Lanes<D>;
  static constexpr double kAtanh[] = {0x1.fffffffffff03p+0, 0x1.5555555680003p-1,
                                      0x1.99999607b23a1p-2, 0x1.2494477cba95cp-2,
                                      0x1.c61bb59a58456p-3, 0x1.91e1660724015p-3};
  HWY_INLINE Logarithm(V x, double a) : Logarithm(x, a, kAtanh) {}
  // By the coefficients of 2 atanh(s) / s in s^2.
  template <size_t kCount>
  HWY_INLINE Logarithm(V x, double a, const double (&atanh)[kCount]) {
    // The biased exponent of (a + x) / sqrt(1/2), so that 1 + f is around 1.
    const auto above = hn::Add(hn::Sub(BitsOf(x + V(a)), SetBits<D>(0x3fe6a09e667f3bcd)),
                               SetBits<D>(uint64_t{1023} << 52));
    const auto biased = hn::ShiftRight<52>(above);
    const V inverse = FromBits<D>(hn::ShiftLeft<52>(hn::Sub(SetBits<D>(2046), biased)));
    const V f = MulAdd(x, inverse, MulAdd(V(a), inverse, V(-1.0)));
    const V s = f / (f + V(2));
    e = FromBits<D>(hn::Or(biased, SetBits<D>(0x4330000000000000))) - V(0x1p52 + 1023);
    rest = s * Polynomial(s * s, atanh);
  }
  // log(a + x) in units of log(2) / `exponents`, where 1 / log(2) * `exponents` is `rests`; at the
  // ends of where it is defined what it tends to.
  HWY_INLINE V In(V x, double a, double exponents, double rests) const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const V sum = MulAdd(e, V(exponents), rest * V(rests));
    const V at_end = Select(x == V(-a), V(-kInfinity), V(std::numeric_limits<double>::quiet_NaN()));
    const V defined = Select(x > V(-a), Select(x < V(kInfinity), sum, x), at_end);
    return Select(IsNan(x), x, defined);
  }

  V e, rest;
};

template <class V>
HWY_INLINE V WideLog1p(V x) {
  return CopySign(Logarithm(x, 1).In(x, 1, 0x1.62e42fefa39efp-1, 1), x);
}
// log(a + sqrt(a^2 + 1)), as log(1 + ...); squares of floats do not overflow.
template <class V>
HWY_INLINE V WideAsinh(V x) {
  const V a = Abs(x), square = a * a;
  const V above = a + square / (V(1) + Sqrt(V(1) + square));
  const V finite = Select(a < V(std::numeric_limits<double>::infinity()), above, a);
  return CopySign(WideLog1p(finite), x);
}

// log(x + sqrt(x^2 - 1)), likewise. Far below 1 the sum would be rounded to -1.
template <class V>
HWY_INLINE V WideAcosh(V x) {
  const V above = x - V(1);
  const V y = WideLog1p(above + Sqrt(above * (above + V(2))));
  return Select(x < V(1), V(std::numeric_limits<double>::quiet_NaN()), y);
}

template <class V>
HWY_INLINE V WideAtanh(V x) {
  return V(0.5) * WideLog1p((x + x) / (V(1) - x));
}

template <class V>
HWY_INLINE V WideLog2(V x) {
  return Logarithm(x, 0).In(x, 0, 1, 0x1.71547652b82fep+0);
}
template <class V>
HWY_INLINE V WideLog10(V x) {
  return Logarithm(x, 0).In(x, 0, 0x1.34413509f79ffp-2, 0x1.bcb7b1526e50ep-2);
}

// x^y for x >= 0, in which an error of log2(x) grows as y does: to 2^-38 at least, by the series.
template <class V>
HWY_INLINE V WidePow(V x, V y) {
  static constexpr double kAtanh[] = {2,       2.0 / 3,  2.0 / 5,  2.0 / 7,
                                      2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15};
  const V log2 = Logarithm(x, 0, kAtanh).In(x, 0, 1, 0x1.71547652b82fep+0);
  // 1 is 1 to the power of infinity, too.
  return WideExp2(Select(log2 == V(0.0), V(0.0), log2 * y));
}

inline constexpr double kMagic = 0x1.8p52;  // beside which the last bit of a double is 1
inline constexpr double kInversePi = 0x1.45f306dc9c883p-2;

inline constexpr float kMaxAngle = 0x1p20f;
// x less `count` times pi / 2, or `unit` as many: exact up to kMaxAngle.
template <class V>
HWY_INLINE V LessHalfPis(V x, V count, int unit = 1) {
  // In 33 bits, whose products are exact, and the rest.
  return NegMulAdd(count, V(unit * 0x1.0b4611a626331p-34),
                   NegMulAdd(count, V(unit * 0x1.921fb54400000p+0), x));
}

// x reduced to [-pi/4, pi/4] by quarters of a turn.
template <class D>
struct Angles {
  using V = Lanes<D>;
  explicit HWY_INLINE Angles(V x) {
    static constexpr double kSin[] = {0x1.fffffffff6003p-1, -0x1.55555548cb199p-3,
                                      0x1.111106ffa1420p-7, -0x1.a00eaf0644deap-13,
                                      0x1.6caa2ecd0b354p-19};
    static constexpr double kCos[] = {0x1.ffffffffffdedp-1,  -0x1.ffffffffe2025p-2,
                                      0x1.55555543c754dp-5,  -0x1.6c16b2630cabdp-10,
                                      0x1.a00e5c04eb3e2p-16, -0x1.23bb4542e1a08p-22};
    const V shifted = MulAdd(x, V(2 * kInversePi), V(kMagic));
    quarters = BitsOf(shifted);
    const V r = LessHalfPis(x, shifted - V(kMagic));
    sin = r * Polynomial(r * r, kSin);
    cos = Polynomial(r * r, kCos);
  }
  HWY_INLINE LaneMask<D> Odd() const {
    const hn::RebindToUnsigned<D> bits;
    return {hn::RebindMask(D(), hn::Eq(hn::And(quarters, hn::Set(bits, 1)), hn::Set(bits, 1)))};
  }

  V sin, cos;
  Bits<D> quarters;
};

// sin(x) within half a turn around 0, with its sign changed where the last bit of `odd` is 1.
template <class D>
HWY_INLINE Lanes<D> SinOfHalfTurn(Lanes<D> x, Bits<D> odd) {
  static constexpr double kSin[] = {0x1.ffffffd25456fp-1, -0x1.555547ede8910p-3,
                                    0x1.110e7b05aa134p-7, -0x1.9f643b9db52dcp-13,
                                    0x1.5d382e7b0273cp-19};
  const Lanes<D> y = x * Polynomial(x * x, kSin);
  return FromBits<D>(hn::Xor(BitsOf(y), hn::ShiftLeft<63>(odd)));
}

template <class D>
HWY_INLINE Lanes<D> WideSin(Lanes<D> x) {
  using V = Lanes<D>;
  const V shifted = MulAdd(x, V(kInversePi), V(kMagic)), turns = shifted - V(kMagic);
  return SinOfHalfTurn(LessHalfPis(x, turns, 2), BitsOf(shifted));
}

// sin(pi / 2 - x), from the odd number of quarters next to x.
template <class D>
HWY_INLINE Lanes<D> WideCos(Lanes<D> x) {
  using V = Lanes<D>;
  const V shifted = MulAdd(x, V(kInversePi), V(-0.5)) + V(kMagic), turns = shifted - V(kMagic);
  return SinOfHalfTurn(-LessHalfPis(x, MulAdd(turns, V(2), V(1))), BitsOf(shifted));
}

template <class V>
HWY_INLINE V WideTan(V x) {
  const Angles angles(x);
  const auto odd = angles.Odd();
  return Select(odd, -angles.cos, angles.sin) / Select(odd, angles.sin, angles.cos);
}

// For x in [0, 1].
template <class V>
HWY_INLINE V WideAtanToOne(V x) {
  static constexpr double kAbove[] = {0x1.fffffffe84feep-1, 0x1.4a4db1046461bp+0,
                                      0x1.a9a89719a3f5dp-2, 0x1.6e9c55c56ffbap-6,
                                      -0x1.b09f4340996d0p-12};
  static constexpr double kBelow[] = {1, 0x1.9fa305f964b3ep+0, 0x1.83854f9c35d74p-1,
                                      0x1.7c207af9dc15cp-4};
  const V square = x * x;
  return x * Polynomial(square, kAbove) / Polynomial(square, kBelow);
}

inline constexpr double kHalfPi = 0x1.921fb54442d18p+0;

template <class V>
HWY_INLINE V WideAtan(V x) {
  const V a = Abs(x);
  const auto inverted = a > V(1);
  const V y = WideAtanToOne(Select(inverted, V(1) / a, a));
  return CopySign(Select(inverted, V(kHalfPi) - y, y), x);
}

template <class V>
HWY_INLINE V WideAtan2(V y, V x) {
  const V a = Abs(y), b = Abs(x);
  const auto steep = a > b;
  const V low = Select(steep, b, a), high = Select(steep, a, b);
  // Equal ones, zeros and infinities among them, make 45 degrees, but zeros none.
  const V ratio = Select(low == high, Select(high == V(0.0), V(0.0), V(1)), low / high);
  V angle = WideAtanToOne(ratio);
  angle = Select(steep, V(kHalfPi) - angle, angle);
  angle = Select(CopySign(V(1), x) < V(0.0), V(2 * kHalfPi) - angle, angle);
  // A NaN of either comes through the sum.
  return Select(IsNan(x) | IsNan(y), x + y, CopySign(angle, y));
}

template <class V>
HWY_INLINE V WideAsin(V x) {
  return WideAtan(x / Sqrt((V(1) - x) * (V(1) + x)));
}

template <class V>
HWY_INLINE V WideAcos(V x) {
  const V from_above = x + V(0.0);  // without the sign of zero
  const V angle = WideAtan(Sqrt((V(1) - x) * (V(1) + x)) / from_above);
  return Select(x < V(0.0), angle + V(2 * kHalfPi), angle);
}

// ---- over floats -----------------------------------------------------------------------------

// f of both halves, in double.
template <class D, typename F, typename... X>
HWY_INLINE Lanes<D> InDouble(F f, Lanes<D> x, X... more) {
#if HWY_TARGET == HWY_SCALAR
  const hn::Rebind<double, D> wide;
  using V = Lanes<decltype(wide)>;
  return Lanes<D>(
      hn::DemoteTo(D(), f(V(hn::PromoteTo(wide, x.raw)), V(hn::PromoteTo(wide, more.raw))...).raw));
#else
  const hn::Half<D> half;
  const hn::Rebind<double, decltype(half)> wide;
  using V = Lanes<decltype(wide)>;
  const V low = f(V(hn::PromoteTo(wide, hn::LowerHalf(half, x.raw))),
                  V(hn::PromoteTo(wide, hn::LowerHalf(half, more.raw)))...);
  const V high = f(V(hn::PromoteTo(wide, hn::UpperHalf(half, x.raw))),
                   V(hn::PromoteTo(wide, hn::UpperHalf(half, more.raw)))...);
  return Lanes<D>(hn::Combine(D(), hn::DemoteTo(half, high.raw), hn::DemoteTo(half, low.raw)));
#endif
}

// y, but for the lanes with finite angles too large for it: there libm's.
template <class D>
HWY_INLINE Lanes<D> WithLargeAngles(Lanes<D> x, Lanes<D> y, float (*function)(float)) {
  const LaneMask<D> large = Abs(x) >= Lanes<D>(kMaxAngle);
  if (HWY_LIKELY(hn::AllFalse(D(), large.raw))) return y;
  constexpr size_t kN = hn::MaxLanes(D());
  HWY_ALIGN float angles[kN], results[kN];
  hn::Store(x.raw, D(), angles);
  hn::Store(y.raw, D(), results);
  for (size_t i = 0; i < kN; ++i) {
    if (std::abs(angles[i]) >= kMaxAngle) results[i] = function(angles[i]);
  }
  return Lanes<D>(hn::Load(D(), results));
}

#define NEURA_IN_DOUBLE(Name)                                                \
  template <class D>                                                         \
  HWY_INLINE Lanes<D> Name(Lanes<D> x) {                                     \
    return InDouble([](auto wide) HWY_ATTR { return Wide##Name(wide); }, x); \
  }
NEURA_IN_DOUBLE(Exp2)
NEURA_IN_DOUBLE(Expm1)
NEURA_IN_DOUBLE(Log2)
NEURA_IN_DOUBLE(Log10)
NEURA_IN_DOUBLE(Log1p)
NEURA_IN_DOUBLE(Asin)
NEURA_IN_DOUBLE(Acos)
NEURA_IN_DOUBLE(Atan)
NEURA_IN_DOUBLE(Sinh)
NEURA_IN_DOUBLE(Cosh)
NEURA_IN_DOUBLE(Asinh)
NEURA_IN_DOUBLE(Acosh)
NEURA_IN_DOUBLE(Atanh)
#undef NEURA_IN_DOUBLE

#define NEURA_OF_ANGLE(Name, name)                                                       \
  template <class D>                                                                     \
  HWY_INLINE Lanes<D> Name(Lanes<D> x) {                                                 \
    const Lanes<D> y = InDouble([](auto wide) HWY_ATTR { return Wide##Name(wide); }, x); \
    return WithLargeAngles(                                                              \
        x, y, +[](float angle) HWY_ATTR { return std::name(angle); });                   \
  }
NEURA_OF_ANGLE(Sin, sin)
NEURA_OF_ANGLE(Cos, cos)
NEURA_OF_ANGLE(Tan, tan)
#undef NEURA_OF_ANGLE

template <class D>
HWY_INLINE Lanes<D> Atan2(Lanes<D> y, Lanes<D> x) {
  return InDouble([](auto a, auto b) HWY_ATTR { return WideAtan2(a, b); }, y, x);
}

template <class D>
HWY_INLINE Lanes<D> Pow(Lanes<D> x, Lanes<D> y) {
  using V = Lanes<D>;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const V size = InDouble([](auto a, auto b) HWY_ATTR { return WidePow(a, b); }, Abs(x), y);
  const V half = y * V(0.5f);
  const LaneMask<D> whole = Floor(y) == y, odd = whole & (Floor(half) != half);
  const LaneMask<D> undefined = (x < V(0.0f)) & (x > V(-kInfinity)) & !whole;
  const V power = Select(undefined, V(std::numeric_limits<float>::quiet_NaN()),
                         Select(odd, CopySign(size, x), size));
  return Select((x == V(1.0f)) | (y == V(0.0f)), V(1.0f), power);
}

// 2^q (1 + p), where p is of the rest that q powers of 2 leave. NaN comes through: of two bounds
// the second is taken where it is NaN.
template <class D>
HWY_INLINE Lanes<D> Exp(Lanes<D> x) {
  using V = Lanes<D>;
  const hn::RebindToSigned<D> integers;
  // Beyond, floats hold nothing but 0 and infinity.
  const V bounded(hn::Min(V(89.0f).raw, hn::Max(V(-104.0f).raw, x.raw)));
  const auto q = hn::NearestInt((bounded * V(0x1.715476p+0f)).raw);
  const V n(hn::ConvertTo(D(), q));
  const V r = NegMulAdd(n, V(0x1.7f7d1cp-20f), NegMulAdd(n, V(0x1.62e4p-1f), bounded));
  V p = MulAdd(V(0x1.6a2318p-10f), r, V(0x1.123a8ep-7f));
  p = MulAdd(p, r, V(0x1.5558f6p-5f));
  p = MulAdd(p, r, V(0x1.555490p-3f));
  p = MulAdd(p, r, V(0x1.fffffcp-2f));
  p = MulAdd(p, r * r, r);
  // In two steps: 2^q need not be a normal number.
  const auto power = [&](auto exponent) HWY_ATTR {
    return V(hn::BitCast(D(), hn::ShiftLeft<23>(hn::Add(exponent, hn::Set(integers, 127)))));
  };
  const auto half = hn::ShiftRight<1>(q);
  return (V(1.0f) + p) * power(half) * power(hn::Sub(q, half));
}

// By the series around 0, and 1 - 2 / (exp(2 x) + 1) from where an error of the quotient is small
// beside the 1. From 9.3 on floats hold nothing but 1.
template <class D>
HWY_INLINE Lanes<D> Tanh(Lanes<D> x) {
  using V = Lanes<D>;
  static constexpr float kNear[] = {-0x1.bd51c6p-4f, -0x1.024842p-2f, 0x1.657a7p-4f,
                                    -0x1.f6249ap-6f, 0x1.610294p-7f,  -0x1.f02becp-9f,
                                    0x1.6d40a8p-10f, -0x1.05c7b2p-11f};
  static constexpr float kExp[] = {0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558aep-5f, 0x1.123980p-7f,
                                   0x1.6a4f28p-10f};
  const V a = Abs(x);
  const V near = MulAdd(a, Polynomial(MulAdd(a, a, V(-0.375f)), kNear), a);
  const V bounded(hn::Min(V(9.3f).raw, a.raw));
  // The last bits are the exponent of exp(2 x) / 2, as in Powers.
  const V magic(0x1.8p23f + 126);
  const V shifted = MulAdd(bounded, V(0x1.715476p+1f), magic);
  const V r = NegMulAdd(shifted - magic, V(0x1.62e43p-1f), bounded + bounded);
  const V scale(hn::BitCast(D(), hn::ShiftLeft<23>(BitsOf(shifted))));
  const V rest = MulAdd(r * r, Polynomial(r, kExp), r);
  const V far = V(1.0f) - V(1.0f) / MulAdd(scale, rest, scale + V(0.5f));
  return CopySign(Select(a >= V(0.9f), far, near), x);
}

// x + x p(x^2) near 0, and a polynomial of x beyond, around the middle of where it serves. From
// 3.93 on floats hold nothing but 1.
template <class D>
HWY_INLINE Lanes<D> Erf(Lanes<D> x) {
  using V = Lanes<D>;
  static constexpr float kNear[] = {-0x1.1ae14ep-5f, -0x1.1fd164p-2f, 0x1.454374p-4f,
                                    -0x1.2b8d9ep-6f, 0x1.c8176p-9f,   -0x1.288f12p-11f,
                                    0x1.5036d6p-14f};
  static constexpr float kFar[] = {
      0x1.fecb0cp-1f,   0x1.6acb2ap-7f,   -0x1.86129cp-6f, 0x1.f2bcaep-6f,
      -0x1.9637bap-6f,  0x1.8f9a2p-7f,    -0x1.1706ep-9f,  -0x1.a2ee6ep-10f,
      0x1.587ee8p-10f,  -0x1.482b3ap-12f, -0x1.9e50cp-14f, 0x1.68441p-14f,
      -0x1.f3ad98p-17f, -0x1.6bb0b4p-18f, 0x1.7422c6p-19f, -0x1.828366p-22f};
  const V a = Abs(x);
  const V near = MulAdd(a, Polynomial(MulAdd(a, a, V(-0.5f)), kNear), a);
  const V bounded(hn::Min(V(3.93f).raw, a.raw));
  const V far = Polynomial(bounded - V(0x1.133fd2p+1f), kFar);
  return CopySign(Select(a >= V(1.0f), far, near), x);
}

// Highway's Log is defined for positive finite numbers.
template <class D>
HWY_INLINE Lanes<D> Log(Lanes<D> x) {
  using V = Lanes<D>;
  const V infinity(std::numeric_limits<float>::infinity()), zero(0.0f);
  V y(hn::Log(D(), x.raw));
  y = Select(x == zero, -infinity, y);
  y = Select(x == infinity, x, y);
  return Select(x >= zero, y, V(std::numeric_limits<float>::quiet_NaN()));
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NEURA_TENSOR_CPU_LANES_MATH_INL_H_
