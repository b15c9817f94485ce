// Pointwise loops over numbers one by one, compiled for a few targets: what the compiler makes
// vectors of (integers, truth values, tests), and what goes through libm. FillVectorLoops replaces
// those of floating point operations that have vectors.
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "neura/tensor/cpu/few_targets.h"  // IWYU pragma: keep
#include "neura/tensor/cpu/kernels/pointwise_rows.h"
#include "neura/tensor/cpu/kernels/pointwise_table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/pointwise_scalar.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/elements/pointwise.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

namespace el = elements::HWY_NAMESPACE;

// ---- the loops -------------------------------------------------------------------------------

template <typename T, size_t kSize>
struct Block {
  explicit HWY_INLINE Block(const T* from) { std::memcpy(x, from, sizeof(x)); }
  T x[kSize];
};

// out[i] = f(in[i]...). Whole blocks go through arrays that cannot overlap, which the compiler
// needs to know for vectors.
template <typename Out, typename F, typename... In>
HWY_INLINE void Map(size_t n, F f, Out* out, const In*... in) {
  // Measured: g++ unrolls 16 rounds of 32-bit numbers without making vectors of them.
  constexpr size_t kBlock = sizeof(Out) == 4 ? 64 : 16;
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    Out results[kBlock];
    const auto compute = [&](const auto&... from) HWY_ATTR {
      for (size_t k = 0; k < kBlock; ++k) results[k] = f(from.x[k]...);
    };
    compute(Block<In, kBlock>(in + i)...);
    std::memcpy(out + i, results, sizeof(results));
  }
  for (; i < n; ++i) out[i] = f(in[i]...);
}

template <typename Op, typename T>
void UnaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  using Out = decltype(Op::Do(T()));
  Map(
      n, [](T x) HWY_ATTR { return Op::Do(x); }, static_cast<Out*>(output),
      static_cast<const T*>(inputs[0]));
}

template <typename Op, typename T>
void BinaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  using Out = decltype(Op::Do(T(), T()));
  Map(
      n, [](T a, T b) HWY_ATTR { return Op::Do(a, b); }, static_cast<Out*>(output),
      static_cast<const T*>(inputs[0]), static_cast<const T*>(inputs[1]));
}

template <typename T>
void WhereLoop(size_t n, const void* const* inputs, void* output, const void*) {
  Map(
      n, [](uint8_t condition, T a, T b) HWY_ATTR { return condition != 0 ? a : b; },
      static_cast<T*>(output), static_cast<const uint8_t*>(inputs[0]),
      static_cast<const T*>(inputs[1]), static_cast<const T*>(inputs[2]));
}

// With an operation that is made from options.
template <typename Op, typename T, typename Options>
void LoopWith(size_t n, const void* const* inputs, void* output, const void* options) {
  const Op op(*static_cast<const Options*>(options));
  Map(
      n, [op](T x) HWY_ATTR { return op(x); }, static_cast<T*>(output),
      static_cast<const T*>(inputs[0]));
}

template <typename Op, typename T, typename Options>
void BinaryLoopWith(size_t n, const void* const* inputs, void* output, const void* options) {
  const Op op(*static_cast<const Options*>(options));
  Map(
      n, [op](T a, T b) HWY_ATTR { return op(a, b); }, static_cast<T*>(output),
      static_cast<const T*>(inputs[0]), static_cast<const T*>(inputs[1]));
}

// ---- the table: of each row the dtypes in which it computes, without floats that have vectors

// Calls set with a number of each of those dtypes.
template <DTypeRule kRule, typename Op, typename Set>
void ForDTypes(const Set& set) {
  constexpr DTypeRule rule = OfReals(kRule);
  if constexpr (TakesComplex(kRule)) {
    set(std::complex<float>());
    set(std::complex<double>());
  }
  if constexpr (rule == DTypeRule::kLogical) {
    set(bool());
  } else if constexpr (rule == DTypeRule::kFloat) {
    set(double());
  } else {
    if constexpr (rule != DTypeRule::kInteger && rule != DTypeRule::kBits) set(double());
    set(int64_t());
    set(uint64_t());
    set(int32_t());
    set(uint8_t());
    if constexpr (rule != DTypeRule::kNumber && rule != DTypeRule::kInteger) set(bool());
  }
  if constexpr (rule == DTypeRule::kTest || std::is_base_of_v<el::NumberByNumber, Op>) set(float());
}

template <DTypeRule rule, typename Op>
void Unary(PointwiseTable& table, OpId op) {
  ForDTypes<rule, Op>([&]<typename T>(T) { table.At(op, DTypeOf<T>) = &UnaryLoop<Op, T>; });
}

template <DTypeRule rule, template <typename> class Op, typename Options>
void UnaryWith(PointwiseTable& table, OpId op) {
  ForDTypes<rule, Op<double>>(
      [&]<typename T>(T) { table.At(op, DTypeOf<T>) = &LoopWith<Op<T>, T, Options>; });
}

template <DTypeRule rule, typename Op>
void Binary(PointwiseTable& table, OpId op) {
  ForDTypes<rule, Op>([&]<typename T>(T) { table.At(op, DTypeOf<T>) = &BinaryLoop<Op, T>; });
}

// It computes nothing, and so serves every dtype by its size.
template <typename T>
constexpr PointwiseLoop WhereLoopOf() {
  switch (sizeof(T)) {
    case 1:
      return &WhereLoop<uint8_t>;
    case 2:
      return &WhereLoop<uint16_t>;
    case 4:
      return &WhereLoop<uint32_t>;
    case 8:
      return &WhereLoop<uint64_t>;
    default:
      return &WhereLoop<std::complex<double>>;
  }
}

void Fill(PointwiseTable& table) {
#define NEURA_UNARY NEURA_FILL_UNARY
#define NEURA_UNARY_WITH NEURA_FILL_UNARY_WITH
#define NEURA_BINARY NEURA_FILL_BINARY
#include "neura/tensor/ops/op_list/pointwise.inc"
  // Bounds are cut to the dtype's own range, which computing in a wider one would exceed.
  if constexpr (IsLinked("Clamp")) {
    const auto add = [&]<typename T>(T) {
      table.At(op::kClamp, DTypeOf<T>) = &LoopWith<el::ClampOp<T>, T, ClampOptions>;
    };
    add(int8_t());
    add(int16_t());
    add(uint16_t());
    add(uint32_t());
  }
  if constexpr (IsLinked("NextAfter")) {
    const auto add = [&]<typename Bits, Bits kInfinity>(DType dtype) {
      table.At(op::kNextAfter, dtype) = &BinaryLoop<el::NextAfterOf<Bits, kInfinity>, Bits>;
    };
    add.template operator()<uint16_t, 0x7c00>(kFloat16);
    add.template operator()<uint16_t, 0x7f80>(kBFloat16);
    add.template operator()<uint32_t, 0x7f800000>(kFloat32);
    add.template operator()<uint64_t, 0x7ff0000000000000>(kFloat64);
  }
  if constexpr (IsLinked("Polynomial")) {
    table.At(op::kPolynomial, kFloat32) =
        &BinaryLoopWith<el::PolynomialOp<float>, float, PolynomialOptions>;
    table.At(op::kPolynomial, kFloat64) =
        &BinaryLoopWith<el::PolynomialOp<double>, double, PolynomialOptions>;
  }
  if constexpr (IsLinked("Where")) {
#define NEURA_FILL(T, name) table.At(op::kWhere, name) = WhereLoopOf<T>();
    NEURA_FORALL_DTYPES(NEURA_FILL)
#undef NEURA_FILL
  }
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {
HWY_EXPORT(Fill);
}  // namespace
void FillScalarLoops(PointwiseTable& table) { HWY_DYNAMIC_DISPATCH(Fill)(table); }
}  // namespace neura::cpu
#endif
