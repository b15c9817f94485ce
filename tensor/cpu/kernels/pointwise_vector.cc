// Pointwise loops over vectors of floating point numbers, compiled for every target; the best one
// for this machine is chosen when the table is filled.
#include <cstddef>
#include <cstring>

#include "neura/tensor/cpu/kernels/pointwise_table.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/pointwise_vector.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/cpu/lanes_math-inl.h"
#include "neura/tensor/elements/pointwise.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

namespace el = elements::HWY_NAMESPACE;

template <typename T>
using Vector = Lanes<hn::ScalableTag<T>>;

template <typename T>
HWY_INLINE Vector<T> LoadFrom(const T* from) {
  return Vector<T>(hn::LoadU(hn::ScalableTag<T>(), from));
}

// out[i] = f(inputs[i]...). The tail goes through the same vector code, padded, so that an
// element's value does not depend on where it stands.
template <typename T, typename F, typename... In>
HWY_INLINE void Map(size_t n, F f, T* out, const In*... in) {
  const hn::ScalableTag<T> d;
  constexpr size_t kN = hn::MaxLanes(d);
  size_t i = 0;
  for (; i + kN <= n; i += kN) hn::StoreU(f(LoadFrom(in + i)...).raw, d, out + i);
  if (i == n) return;
  const auto padded = [&](const T* from) HWY_ATTR {
    HWY_ALIGN T lanes[kN] = {};
    std::memcpy(lanes, from + i, (n - i) * sizeof(T));
    return LoadFrom(lanes);
  };
  HWY_ALIGN T lanes[kN];
  hn::Store(f(padded(in)...).raw, d, lanes);
  std::memcpy(out + i, lanes, (n - i) * sizeof(T));
}

template <typename Op, typename T>
void UnaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  Map(
      n, [](Vector<T> x) HWY_ATTR { return Op::Do(x); }, static_cast<T*>(output),
      static_cast<const T*>(inputs[0]));
}

template <typename Op, typename T>
void BinaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  Map(
      n, [](Vector<T> a, Vector<T> b) HWY_ATTR { return Op::Do(a, b); }, static_cast<T*>(output),
      static_cast<const T*>(inputs[0]), static_cast<const T*>(inputs[1]));
}

// With an operation that was made from options.
template <typename T, typename Op>
HWY_INLINE void LoopWith(size_t n, const void* const* inputs, void* output, const Op& op) {
  Map(
      n, [op](Vector<T> x) HWY_ATTR { return op(x); }, static_cast<T*>(output),
      static_cast<const T*>(inputs[0]));
}

template <typename T>
void GeluLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  if (static_cast<const GeluOptions*>(options)->approximate == "tanh") {
    LoopWith<T>(n, inputs, output, el::GeluOp<T>{true});
  } else {
    LoopWith<T>(n, inputs, output, el::GeluOp<T>{false});
  }
}

template <typename T>
void LeakyReluLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  const double slope = static_cast<const LeakyReluOptions*>(options)->negative_slope;
  LoopWith<T>(n, inputs, output, el::LeakyReluOp<T>{static_cast<T>(slope)});
}

template <typename T>
void ClampLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  LoopWith<T>(n, inputs, output, el::ClampOp<T>(*static_cast<const ClampOptions*>(options)));
}

template <typename T>
void FillFloat(PointwiseTable& table) {
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, DTypeOf<T>, &UnaryLoop<el::Name##Op, T>)
  NEURA_LOOP(Neg);
  NEURA_LOOP(Abs);
  NEURA_LOOP(Sign);
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
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, DTypeOf<T>, &BinaryLoop<el::Name##Op, T>)
  NEURA_LOOP(Add);
  NEURA_LOOP(Sub);
  NEURA_LOOP(Mul);
  NEURA_LOOP(Div);
  NEURA_LOOP(Maximum);
  NEURA_LOOP(Minimum);
  NEURA_LOOP(ReluGrad);
#undef NEURA_LOOP
  NEURA_SET_LOOP(LeakyRelu, DTypeOf<T>, &LeakyReluLoop<T>);
  NEURA_SET_LOOP(Clamp, DTypeOf<T>, &ClampLoop<T>);
}

void Fill(PointwiseTable& table) {
  FillFloat<float>(table);
#if HWY_HAVE_FLOAT64
  FillFloat<double>(table);
#endif
  // In double precision these stay with libm.
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, kFloat32, &UnaryLoop<el::Name##Op, float>)
  NEURA_LOOP(Exp);
  NEURA_LOOP(Expm1);
  NEURA_LOOP(Log);
  NEURA_LOOP(Log2);
  NEURA_LOOP(Log10);
  NEURA_LOOP(Log1p);
  NEURA_LOOP(Sin);
  NEURA_LOOP(Cos);
  NEURA_LOOP(Tan);
  NEURA_LOOP(Asin);
  NEURA_LOOP(Acos);
  NEURA_LOOP(Atan);
  NEURA_LOOP(Sinh);
  NEURA_LOOP(Cosh);
  NEURA_LOOP(Tanh);
  NEURA_LOOP(Erf);
  NEURA_LOOP(Sigmoid);
  NEURA_LOOP(Silu);
  NEURA_LOOP(Softplus);
#undef NEURA_LOOP
  NEURA_SET_LOOP(Atan2, kFloat32, &BinaryLoop<el::Atan2Op, float>);
  NEURA_SET_LOOP(Gelu, kFloat32, &GeluLoop<float>);
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
