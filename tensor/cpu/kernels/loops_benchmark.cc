// Loops over elements, on one thread: bytes read and written each second, to be held against what
// memory gives ("clone").
#include <cstdint>
#include <string>

#include "benchmark/benchmark.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

int64_t BytesOf(const Tensor& tensor) {
  return tensor.numel() * static_cast<int64_t>(ItemSize(tensor.dtype()));
}

// Made when first asked for: kernels are not yet installed when the benchmarks are registered.
struct Inputs {
  Generator generator{1};
  Tensor x = Normal({1024, 1024}, 0, 1, {}, &generator);
  Tensor positive = Abs(x) + 0.1, wide = Cast(x, kFloat64), ints = Cast(x * 100, kInt32);
  Tensor half = Cast(x, kFloat16), longs = Cast(ints, kInt64), none = x > 100;
  Tensor images = Reshape(x, {16, 64, 1024});
  Tensor row = Normal({1024}, 0, 1, {}, &generator), channel = Normal({64}, 0, 1, {}, &generator);
};
const Inputs& In() {
  static const auto* inputs = new Inputs;
  return *inputs;
}

using Work = Tensor (*)(const Tensor& input);

void Register(const std::string& name, Tensor Inputs::*input, Work work) {
  benchmark::RegisterBenchmark(name.c_str(), [input, work](benchmark::State& state) {
    const int threads = GetNumThreads();
    SetNumThreads(1);
    const Tensor& x = In().*input;
    const int64_t bytes = BytesOf(x) + BytesOf(work(x));
    for (auto _ : state) benchmark::DoNotOptimize(work(x));
    state.SetBytesProcessed(state.iterations() * bytes);
    SetNumThreads(threads);
  });
}

[[maybe_unused]] const bool kRegistered = [] {
  Register("clone", &Inputs::x, [](const Tensor& t) { return Clone(t); });

  Register("sum", &Inputs::x, [](const Tensor& t) { return Sum(t); });
  Register("sum/float64", &Inputs::wide, [](const Tensor& t) { return Sum(t); });
  Register("sum/int32", &Inputs::ints, [](const Tensor& t) { return Sum(t); });
  Register("sum/last", &Inputs::x, [](const Tensor& t) { return Sum(t, {.dims = {1}}); });
  Register("sum/first", &Inputs::x, [](const Tensor& t) { return Sum(t, {.dims = {0}}); });
  Register("prod/last", &Inputs::x, [](const Tensor& t) { return Prod(t, {.dims = {1}}); });
  Register("amax", &Inputs::x, [](const Tensor& t) { return AMax(t); });
  Register("amax/int32", &Inputs::ints, [](const Tensor& t) { return AMax(t); });
  Register("amax/last", &Inputs::x, [](const Tensor& t) { return AMax(t, {.dims = {1}}); });
  Register("amax/first", &Inputs::x, [](const Tensor& t) { return AMax(t, {.dims = {0}}); });
  Register("argmax", &Inputs::x, [](const Tensor& t) { return ArgMax(t); });
  Register("argmax/last", &Inputs::x, [](const Tensor& t) { return ArgMax(t, {.dim = 1}); });
  Register("argmax/first", &Inputs::x, [](const Tensor& t) { return ArgMax(t, {.dim = 0}); });
  Register("any", &Inputs::none, [](const Tensor& t) { return Any(t); });
  Register("softmax", &Inputs::x, [](const Tensor& t) { return Softmax(t); });
  Register("log_softmax", &Inputs::x, [](const Tensor& t) { return LogSoftmax(t); });

#define NEURA_CAST(name, from, to) \
  Register("cast/" name, &Inputs::from, [](const Tensor& t) { return Cast(t, to); })
  NEURA_CAST("float32_int64", x, kInt64);
  NEURA_CAST("float32_int32", x, kInt32);
  NEURA_CAST("float32_uint8", positive, kUInt8);
  NEURA_CAST("float32_bool", x, kBool);
  NEURA_CAST("float32_float64", x, kFloat64);
  NEURA_CAST("float32_float16", x, kFloat16);
  NEURA_CAST("float32_bfloat16", x, kBFloat16);
  NEURA_CAST("float64_float32", wide, kFloat32);
  NEURA_CAST("float16_float32", half, kFloat32);
  NEURA_CAST("int32_float32", ints, kFloat32);
  NEURA_CAST("int64_float32", longs, kFloat32);
  NEURA_CAST("bool_float32", none, kFloat32);
#undef NEURA_CAST
  Register("transposed/float32", &Inputs::x,
           [](const Tensor& t) { return Contiguous(Transpose(t, 0, 1)); });
  Register("transposed/float64", &Inputs::wide,
           [](const Tensor& t) { return Contiguous(Transpose(t, 0, 1)); });
  Register("transposed/uint8", &Inputs::none,
           [](const Tensor& t) { return Contiguous(Transpose(t, 0, 1)); });

#define NEURA_UNARY_OF(Name, of) \
  Register(#Name, &Inputs::of, [](const Tensor& t) { return Name(t); })
  NEURA_UNARY_OF(Exp, x);
  NEURA_UNARY_OF(Expm1, x);
  NEURA_UNARY_OF(Log, positive);
  NEURA_UNARY_OF(Log1p, positive);
  NEURA_UNARY_OF(Sin, x);
  NEURA_UNARY_OF(Cos, x);
  NEURA_UNARY_OF(Tan, x);
  NEURA_UNARY_OF(Asin, x);
  NEURA_UNARY_OF(Acos, x);
  NEURA_UNARY_OF(Atan, x);
  NEURA_UNARY_OF(Sinh, x);
  NEURA_UNARY_OF(Cosh, x);
  NEURA_UNARY_OF(Tanh, x);
  NEURA_UNARY_OF(Erf, x);
  NEURA_UNARY_OF(Softplus, x);
  NEURA_UNARY_OF(Sigmoid, x);
  NEURA_UNARY_OF(Sign, x);
  NEURA_UNARY_OF(IsNan, x);
#undef NEURA_UNARY_OF
  Register("Gelu", &Inputs::x, [](const Tensor& t) { return Gelu(t); });
  Register("Gelu/tanh", &Inputs::x,
           [](const Tensor& t) { return Gelu(t, {.approximate = "tanh"}); });
  Register("Gt", &Inputs::x, [](const Tensor& t) { return t > 0; });
  Register("Clamp", &Inputs::x, [](const Tensor& t) { return Clamp(t, {.min = -1, .max = 1}); });

  Register("layer_norm", &Inputs::x,
           [](const Tensor& t) { return LayerNorm(t, In().row, In().row).output; });
  Register("batch_norm", &Inputs::images,
           [](const Tensor& t) { return BatchNormTraining(t, In().channel, In().channel).output; });
  return true;
}();

}  // namespace
}  // namespace neura
