// Pointwise loops over numbers one by one, compiled for a few targets: what the compiler makes
// vectors of (integers, truth values, tests), and what goes through libm. FillVectorLoops replaces
// those of floating point operations that have vectors.
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "neura/tensor/cpu/few_targets.h"  // IWYU pragma: keep
#include "neura/tensor/cpu/kernels/pointwise_table.h"
#include "neura/tensor/ops/op_list/pointwise.h"

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

// With an operation that was made from options.
template <typename T, typename Op>
HWY_INLINE void LoopWith(size_t n, const void* const* inputs, void* output, const Op& op) {
  Map(
      n, [op](T x) HWY_ATTR { return op(x); }, static_cast<T*>(output),
      static_cast<const T*>(inputs[0]));
}

template <typename T>
void GeluLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  const bool tanh = static_cast<const GeluOptions*>(options)->approximate == "tanh";
  LoopWith<T>(n, inputs, output, el::GeluOp<T>{tanh});
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

// ---- the table -------------------------------------------------------------------------------

#define NEURA_UNARY_LOOP(Name) NEURA_SET_LOOP(Name, DTypeOf<T>, &UnaryLoop<el::Name##Op, T>)
#define NEURA_BINARY_LOOP(Name) NEURA_SET_LOOP(Name, DTypeOf<T>, &BinaryLoop<el::Name##Op, T>)

// What float32 has vectors for and double does with libm, or where vectors of double are missing.
void FillDouble(PointwiseTable& table) {
  using T = double;
  NEURA_UNARY_LOOP(Reciprocal);
  NEURA_UNARY_LOOP(Sqrt);
  NEURA_UNARY_LOOP(Rsqrt);
  NEURA_UNARY_LOOP(Exp);
  NEURA_UNARY_LOOP(Expm1);
  NEURA_UNARY_LOOP(Log);
  NEURA_UNARY_LOOP(Log2);
  NEURA_UNARY_LOOP(Log10);
  NEURA_UNARY_LOOP(Log1p);
  NEURA_UNARY_LOOP(Sin);
  NEURA_UNARY_LOOP(Cos);
  NEURA_UNARY_LOOP(Tan);
  NEURA_UNARY_LOOP(Asin);
  NEURA_UNARY_LOOP(Acos);
  NEURA_UNARY_LOOP(Atan);
  NEURA_UNARY_LOOP(Sinh);
  NEURA_UNARY_LOOP(Cosh);
  NEURA_UNARY_LOOP(Tanh);
  NEURA_UNARY_LOOP(Erf);
  NEURA_UNARY_LOOP(Sigmoid);
  NEURA_UNARY_LOOP(Silu);
  NEURA_UNARY_LOOP(Softplus);
  NEURA_BINARY_LOOP(Div);
  NEURA_BINARY_LOOP(Atan2);
  NEURA_SET_LOOP(Gelu, kFloat64, &GeluLoop<double>);
  NEURA_SET_LOOP(LeakyRelu, kFloat64, &LeakyReluLoop<double>);
}

template <typename T>
void FillArithmetic(PointwiseTable& table) {
  NEURA_UNARY_LOOP(Neg);
  NEURA_UNARY_LOOP(Abs);
  NEURA_UNARY_LOOP(Square);
  NEURA_UNARY_LOOP(Floor);
  NEURA_UNARY_LOOP(Ceil);
  NEURA_UNARY_LOOP(Round);
  NEURA_UNARY_LOOP(Trunc);
  NEURA_UNARY_LOOP(Relu);
  NEURA_BINARY_LOOP(Add);
  NEURA_BINARY_LOOP(Sub);
  NEURA_BINARY_LOOP(Mul);
  NEURA_BINARY_LOOP(ReluGrad);
  NEURA_SET_LOOP(Clamp, DTypeOf<T>, &ClampLoop<T>);
}

template <typename T>
void FillOrder(PointwiseTable& table) {
  NEURA_UNARY_LOOP(Sign);
  NEURA_BINARY_LOOP(Maximum);
  NEURA_BINARY_LOOP(Minimum);
}

template <typename T>
void FillDivision(PointwiseTable& table) {
  NEURA_BINARY_LOOP(FloorDivide);
  NEURA_BINARY_LOOP(Remainder);
  NEURA_BINARY_LOOP(Pow);
}

template <typename T>
void FillTests(PointwiseTable& table) {
  NEURA_UNARY_LOOP(IsNan);
  NEURA_UNARY_LOOP(IsInf);
  NEURA_UNARY_LOOP(IsFinite);
  NEURA_BINARY_LOOP(Eq);
  NEURA_BINARY_LOOP(Ne);
  NEURA_BINARY_LOOP(Lt);
  NEURA_BINARY_LOOP(Le);
  NEURA_BINARY_LOOP(Gt);
  NEURA_BINARY_LOOP(Ge);
}

void FillLogical(PointwiseTable& table) {
  using T = bool;
  NEURA_UNARY_LOOP(LogicalNot);
  NEURA_BINARY_LOOP(LogicalAnd);
  NEURA_BINARY_LOOP(LogicalOr);
  NEURA_BINARY_LOOP(LogicalXor);
  // The sum and the product of truth values, as in PyTorch.
  NEURA_SET_LOOP(Add, kBool, &BinaryLoop<el::LogicalOrOp, bool>);
  NEURA_SET_LOOP(Mul, kBool, &BinaryLoop<el::LogicalAndOp, bool>);
}

#undef NEURA_UNARY_LOOP
#undef NEURA_BINARY_LOOP

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
  FillDouble(table);
  FillLogical(table);
#define NEURA_FILL(T)       \
  FillArithmetic<T>(table); \
  FillOrder<T>(table);      \
  FillDivision<T>(table);   \
  FillTests<T>(table)
  NEURA_FILL(double);
  NEURA_FILL(int64_t);
  NEURA_FILL(int32_t);
  NEURA_FILL(uint8_t);
#undef NEURA_FILL
  FillDivision<float>(table);
  FillTests<float>(table);
  FillOrder<bool>(table);
  FillTests<bool>(table);
  // Bounds are cut to the dtype's own range, which computing in int32 would exceed.
  NEURA_SET_LOOP(Clamp, kInt8, &ClampLoop<int8_t>);
  NEURA_SET_LOOP(Clamp, kInt16, &ClampLoop<int16_t>);
#define NEURA_FILL(T, name) NEURA_SET_LOOP(Where, name, WhereLoopOf<T>());
  NEURA_FORALL_DTYPES(NEURA_FILL)
#undef NEURA_FILL
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
