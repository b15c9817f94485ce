// Pointwise loops over vectors of floating point numbers, compiled for every target; the best one
// for this machine is chosen when the table is filled.
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "neura/tensor/cpu/kernels/pointwise_rows.h"
#include "neura/tensor/cpu/kernels/pointwise_table.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/pointwise_vector.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "hwy/cache_control.h"
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

// Functions of many steps keep a processor from running ahead to where memory is slow, and so what
// is soon read and written is asked for. Where a vector is a small part of a line of the cache, the
// asking costs more than it brings.
template <typename T>
HWY_INLINE void Prefetch(const T* at) {
  constexpr size_t kAhead = 1024;
  if constexpr (hn::MaxLanes(hn::ScalableTag<T>()) * sizeof(T) >= 32) {
    hwy::Prefetch(reinterpret_cast<const char*>(at) + kAhead);
  }
}

// out[i] = f(inputs[i]...). The tail goes through the same vector code, padded, so that an
// element's value does not depend on where it stands.
template <typename T, typename F, typename... In>
HWY_INLINE void Map(size_t n, F f, T* out, const In*... in) {
  const hn::ScalableTag<T> d;
  constexpr size_t kN = hn::MaxLanes(d);
  size_t i = 0;
  for (; i + kN <= n; i += kN) {
    (Prefetch(in + i), ..., Prefetch(out + i));
    hn::StoreU(f(LoadFrom(in + i)...).raw, d, out + i);
  }
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

// With an operation that is made from options.
template <typename Op, typename T, typename Options>
void LoopWith(size_t n, const void* const* inputs, void* output, const void* options) {
  const Op op(*static_cast<const Options*>(options));
  Map(
      n, [op](Vector<T> x) HWY_ATTR { return op(x); }, static_cast<T*>(output),
      static_cast<const T*>(inputs[0]));
}

// ---- the table: of each row the dtypes that have vectors -------------------------------------

template <DTypeRule rule, typename Op>
inline constexpr bool kVectors = (OfReals(rule) == DTypeRule::kSame ||
                                  OfReals(rule) == DTypeRule::kNumber ||
                                  OfReals(rule) == DTypeRule::kFloat) &&
                                 !std::is_base_of_v<el::NumberByNumber, Op>;
// In double precision, what needs libm stays with it.
template <DTypeRule rule, typename Op>
inline constexpr bool kVectorsOfDouble = HWY_HAVE_FLOAT64&& kVectors<rule, Op> &&
                                         (OfReals(rule) == DTypeRule::kSame ||
                                          std::is_base_of_v<el::WithoutLibm, Op>);

template <DTypeRule rule, typename Op>
void Unary(PointwiseTable& table, OpId op) {
  if constexpr (kVectors<rule, Op>) table.At(op, kFloat32) = &UnaryLoop<Op, float>;
  if constexpr (kVectorsOfDouble<rule, Op>) table.At(op, kFloat64) = &UnaryLoop<Op, double>;
}

template <DTypeRule rule, template <typename> class Op, typename Options>
void UnaryWith(PointwiseTable& table, OpId op) {
  if constexpr (kVectors<rule, Op<float>>) {
    table.At(op, kFloat32) = &LoopWith<Op<float>, float, Options>;
  }
  if constexpr (kVectorsOfDouble<rule, Op<double>>) {
    table.At(op, kFloat64) = &LoopWith<Op<double>, double, Options>;
  }
}

template <DTypeRule rule, typename Op>
void Binary(PointwiseTable& table, OpId op) {
  if constexpr (kVectors<rule, Op>) table.At(op, kFloat32) = &BinaryLoop<Op, float>;
  if constexpr (kVectorsOfDouble<rule, Op>) table.At(op, kFloat64) = &BinaryLoop<Op, double>;
}

void Fill(PointwiseTable& table) {
#define NEURA_UNARY NEURA_FILL_UNARY
#define NEURA_UNARY_WITH NEURA_FILL_UNARY_WITH
#define NEURA_BINARY NEURA_FILL_BINARY
#include "neura/tensor/ops/op_list/pointwise.inc"
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
