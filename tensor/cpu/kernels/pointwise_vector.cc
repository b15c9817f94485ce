// Pointwise loops in Highway, compiled for every target; the best one for this machine is chosen
// when the table is filled.
#include <limits>

#include "neura/tensor/cpu/kernels/pointwise_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/pointwise_vector.cc"
#include "hwy/foreach_target.h"  // must come before what follows
#include "hwy/highway.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Highway's Exp is exact to an ulp up to here and undefined above; NaN must come through.
template <class D, class V>
HWY_INLINE V ExpAll(D d, V x) {
  const V limit = hn::Set(d, 88.72283f);
  const V y = hn::Exp(d, hn::Min(x, limit));
  const V bounded =
      hn::IfThenElse(hn::Gt(x, limit), hn::Set(d, std::numeric_limits<float>::infinity()), y);
  return hn::IfThenElse(hn::IsNaN(x), x, bounded);
}

// Highway's Log is defined for positive finite numbers.
template <class D, class V>
HWY_INLINE V LogAll(D d, V x) {
  const float inf = std::numeric_limits<float>::infinity();
  const V zero = hn::Zero(d);
  V y = hn::Log(d, x);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Set(d, -inf), y);
  y = hn::IfThenElse(hn::Eq(x, hn::Set(d, inf)), x, y);
  return hn::IfThenElse(hn::Ge(x, zero), y, hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
}

struct NegOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Neg(x);
  }
};
struct AbsOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Abs(x);
  }
};
struct SquareOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Mul(x, x);
  }
};
struct FloorOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Floor(x);
  }
};
struct CeilOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Ceil(x);
  }
};
struct RoundOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Round(x);
  }
};
struct TruncOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Trunc(x);
  }
};
struct SqrtOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V x) const {
    return hn::Sqrt(x);
  }
};
struct RsqrtOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Div(hn::Set(d, 1), hn::Sqrt(x));
  }
};
struct ReciprocalOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Div(hn::Set(d, 1), x);
  }
};
struct ReluOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  }
};
struct ExpOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return ExpAll(d, x);
  }
};
struct LogOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return LogAll(d, x);
  }
};
struct TanhOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    // Beyond 9 the result rounds to 1; clamping keeps the exponential finite.
    const V y = hn::Tanh(d, hn::Clamp(x, hn::Set(d, -10.0f), hn::Set(d, 10.0f)));
    return hn::IfThenElse(hn::IsNaN(x), x, y);
  }
};
struct SigmoidOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V one = hn::Set(d, 1.0f);
    return hn::Div(one, hn::Add(one, ExpAll(d, hn::Neg(x))));
  }
};
struct SiluOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Div(x, hn::Add(hn::Set(d, 1.0f), ExpAll(d, hn::Neg(x))));
  }
};

struct AddOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Add(a, b);
  }
};
struct SubOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Sub(a, b);
  }
};
struct MulOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Mul(a, b);
  }
};
struct DivOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::Div(a, b);
  }
};
struct MaximumOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(b)), b, a);
  }
};
struct MinimumOp {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return hn::IfThenElse(hn::Or(hn::Lt(b, a), hn::IsNaN(b)), b, a);
  }
};
struct ReluGradOp {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V y) const {
    return hn::IfThenElseZero(hn::Gt(y, hn::Zero(d)), g);
  }
};

// The tail goes through the same vector code, padded, so that an element's value does not depend on
// where it stands.
template <typename Op, typename T>
void UnaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  const Op op;
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(op(d, hn::LoadU(d, x + i)), d, out + i);
  if (i == n) return;
  HWY_ALIGN T buffer[HWY_MAX_BYTES / sizeof(T)] = {};
  for (size_t k = i; k < n; ++k) buffer[k - i] = x[k];
  hn::Store(op(d, hn::Load(d, buffer)), d, buffer);
  for (size_t k = i; k < n; ++k) out[k] = buffer[k - i];
}

template <typename Op, typename T>
void BinaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const T* a = static_cast<const T*>(inputs[0]);
  const T* b = static_cast<const T*>(inputs[1]);
  T* out = static_cast<T*>(output);
  const Op op;
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(op(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  }
  if (i == n) return;
  HWY_ALIGN T left[HWY_MAX_BYTES / sizeof(T)] = {};
  HWY_ALIGN T right[HWY_MAX_BYTES / sizeof(T)] = {};
  for (size_t k = i; k < n; ++k) {
    left[k - i] = a[k];
    right[k - i] = b[k];
  }
  hn::Store(op(d, hn::Load(d, left), hn::Load(d, right)), d, left);
  for (size_t k = i; k < n; ++k) out[k] = left[k - i];
}

template <typename T>
void FillFloat(PointwiseTable& table) {
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, DTypeOf<T>, &UnaryLoop<Name##Op, T>)
  NEURA_LOOP(Neg);
  NEURA_LOOP(Abs);
  NEURA_LOOP(Square);
  NEURA_LOOP(Floor);
  NEURA_LOOP(Ceil);
  NEURA_LOOP(Round);
  NEURA_LOOP(Trunc);
  NEURA_LOOP(Sqrt);
  NEURA_LOOP(Rsqrt);
  NEURA_LOOP(Reciprocal);
  NEURA_LOOP(Relu);
#undef NEURA_LOOP
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, DTypeOf<T>, &BinaryLoop<Name##Op, T>)
  NEURA_LOOP(Add);
  NEURA_LOOP(Sub);
  NEURA_LOOP(Mul);
  NEURA_LOOP(Div);
  NEURA_LOOP(Maximum);
  NEURA_LOOP(Minimum);
  NEURA_LOOP(ReluGrad);
#undef NEURA_LOOP
}

void Fill(PointwiseTable& table) {
  FillFloat<float>(table);
#if HWY_HAVE_FLOAT64
  FillFloat<double>(table);
#endif
  // In double precision the exponential family stays with libm, which is exact to an ulp
  // everywhere.
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, kFloat32, &UnaryLoop<Name##Op, float>)
  NEURA_LOOP(Exp);
  NEURA_LOOP(Log);
  NEURA_LOOP(Tanh);
  NEURA_LOOP(Sigmoid);
  NEURA_LOOP(Silu);
#undef NEURA_LOOP
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {
HWY_EXPORT(Fill);
}  // namespace
void FillVectorLoops(PointwiseTable& table) { HWY_DYNAMIC_DISPATCH(Fill)(table); }
}  // namespace neura::cpu
#endif
