// Pointwise loops in plain C++ over the operations of tensor/elements. Compiled with vectorization,
// which serves the integers; FillVectorLoops replaces the floating point ones that matter.
#include <cstddef>
#include <cstdint>

#include "neura/tensor/cpu/kernels/pointwise_table.h"
#include "neura/tensor/elements/pointwise.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura::cpu {
namespace {

// ---- the loops -------------------------------------------------------------------------------

template <typename Op, typename T>
void UnaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  using Out = decltype(Op::Do(T()));
  const T* x = static_cast<const T*>(inputs[0]);
  Out* out = static_cast<Out*>(output);
  for (size_t i = 0; i < n; ++i) out[i] = Op::Do(x[i]);
}

template <typename Op, typename T>
void BinaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  using Out = decltype(Op::Do(T(), T()));
  const T* a = static_cast<const T*>(inputs[0]);
  const T* b = static_cast<const T*>(inputs[1]);
  Out* out = static_cast<Out*>(output);
  for (size_t i = 0; i < n; ++i) out[i] = Op::Do(a[i], b[i]);
}

template <typename T>
void WhereLoop(size_t n, const void* const* inputs, void* output, const void*) {
  const uint8_t* condition = static_cast<const uint8_t*>(inputs[0]);
  const T* a = static_cast<const T*>(inputs[1]);
  const T* b = static_cast<const T*>(inputs[2]);
  T* out = static_cast<T*>(output);
  for (size_t i = 0; i < n; ++i) {
    // Both are read, so that the choice needs no branch.
    const T x = a[i], y = b[i];
    out[i] = condition[i] != 0 ? x : y;
  }
}

// With an operation that was made from options.
template <typename T, typename Op>
void LoopWith(size_t n, const void* const* inputs, void* output, const Op& op) {
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  for (size_t i = 0; i < n; ++i) out[i] = op(x[i]);
}

template <typename T>
void GeluLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  const bool tanh = static_cast<const GeluOptions*>(options)->approximate == "tanh";
  LoopWith<T>(n, inputs, output, elements::GeluOp<T>{tanh});
}

template <typename T>
void LeakyReluLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  const double slope = static_cast<const LeakyReluOptions*>(options)->negative_slope;
  LoopWith<T>(n, inputs, output, elements::LeakyReluOp<T>{static_cast<T>(slope)});
}

template <typename T>
void ClampLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  LoopWith<T>(n, inputs, output, elements::ClampOp<T>(*static_cast<const ClampOptions*>(options)));
}

// ---- the table -------------------------------------------------------------------------------

template <typename T>
void FillFloat(PointwiseTable& table) {
  constexpr DType dtype = DTypeOf<T>;
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &UnaryLoop<elements::Name##Op, T>)
  NEURA_LOOP(Reciprocal);
  NEURA_LOOP(Sqrt);
  NEURA_LOOP(Rsqrt);
  NEURA_LOOP(Exp);
  NEURA_LOOP(Expm1);
  NEURA_LOOP(Log);
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
  NEURA_SET_LOOP(Div, dtype, &BinaryLoop<elements::DivOp, T>);
  NEURA_SET_LOOP(Atan2, dtype, &BinaryLoop<elements::Atan2Op, T>);
  NEURA_SET_LOOP(Gelu, dtype, &GeluLoop<T>);
  NEURA_SET_LOOP(LeakyRelu, dtype, &LeakyReluLoop<T>);
}

template <typename T>
void FillNumber(PointwiseTable& table) {
  constexpr DType dtype = DTypeOf<T>;
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &UnaryLoop<elements::Name##Op, T>)
  NEURA_LOOP(Neg);
  NEURA_LOOP(Abs);
  NEURA_LOOP(Square);
  NEURA_LOOP(Floor);
  NEURA_LOOP(Ceil);
  NEURA_LOOP(Round);
  NEURA_LOOP(Trunc);
  NEURA_LOOP(Relu);
#undef NEURA_LOOP
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &BinaryLoop<elements::Name##Op, T>)
  NEURA_LOOP(Sub);
  NEURA_LOOP(FloorDivide);
  NEURA_LOOP(Remainder);
  NEURA_LOOP(Pow);
  NEURA_LOOP(ReluGrad);
#undef NEURA_LOOP
  NEURA_SET_LOOP(Clamp, dtype, &ClampLoop<T>);
}

template <typename T>
void FillAny(PointwiseTable& table) {
  constexpr DType dtype = DTypeOf<T>;
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &UnaryLoop<elements::Name##Op, T>)
  NEURA_LOOP(IsNan);
  NEURA_LOOP(IsInf);
  NEURA_LOOP(IsFinite);
#undef NEURA_LOOP
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &BinaryLoop<elements::Name##Op, T>)
  NEURA_LOOP(Maximum);
  NEURA_LOOP(Minimum);
  NEURA_LOOP(Eq);
  NEURA_LOOP(Ne);
  NEURA_LOOP(Lt);
  NEURA_LOOP(Le);
  NEURA_LOOP(Gt);
  NEURA_LOOP(Ge);
#undef NEURA_LOOP
  NEURA_SET_LOOP(Sign, dtype, &UnaryLoop<elements::SignOp, T>);
}

}  // namespace

void FillScalarLoops(PointwiseTable& table) {
  FillFloat<float>(table);
  FillFloat<double>(table);
#define NEURA_FILL(T)                                               \
  FillNumber<T>(table);                                             \
  FillAny<T>(table);                                                \
  NEURA_SET_LOOP(Add, DTypeOf<T>, &BinaryLoop<elements::AddOp, T>); \
  NEURA_SET_LOOP(Mul, DTypeOf<T>, &BinaryLoop<elements::MulOp, T>)
  NEURA_FILL(float);
  NEURA_FILL(double);
  NEURA_FILL(int64_t);
  NEURA_FILL(int32_t);
  NEURA_FILL(uint8_t);
#undef NEURA_FILL
  FillAny<bool>(table);
  // Bounds are cut to the dtype's own range, which computing in int32 would exceed.
  NEURA_SET_LOOP(Clamp, kInt8, &ClampLoop<int8_t>);
  NEURA_SET_LOOP(Clamp, kInt16, &ClampLoop<int16_t>);
  // It computes nothing, and so serves every dtype.
#define NEURA_FILL(T, name) NEURA_SET_LOOP(Where, name, &WhereLoop<T>);
  NEURA_FORALL_DTYPES(NEURA_FILL)
#undef NEURA_FILL
  // The sum and the product of truth values, as in PyTorch.
  NEURA_SET_LOOP(Add, kBool, &BinaryLoop<elements::LogicalOrOp, bool>);
  NEURA_SET_LOOP(Mul, kBool, &BinaryLoop<elements::LogicalAndOp, bool>);
  NEURA_SET_LOOP(LogicalNot, kBool, &UnaryLoop<elements::LogicalNotOp, bool>);
  NEURA_SET_LOOP(LogicalAnd, kBool, &BinaryLoop<elements::LogicalAndOp, bool>);
  NEURA_SET_LOOP(LogicalOr, kBool, &BinaryLoop<elements::LogicalOrOp, bool>);
  NEURA_SET_LOOP(LogicalXor, kBool, &BinaryLoop<elements::LogicalXorOp, bool>);
}

}  // namespace neura::cpu
