// Random numbers from a counter: element i depends on seed, offset and i alone, as on the CPU.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/elements/normal.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/random/philox.h"
#include "neura/tensor/random/uniform.h"

namespace neura::cuda {
namespace {

// One block of words of the generator: kPerBlock elements, as far as there are so many.
template <typename Make, typename T, int kPerBlock>
struct FillBlocks {
  uint64_t seed, offset;
  int64_t count;
  T* output;
  Make make;
  NEURA_DEVICE void operator()(int64_t block) const {
    const PhiloxWords words = Philox(seed, offset + static_cast<uint64_t>(block));
    T values[kPerBlock];
    make(words, values);
    const int64_t first = block * kPerBlock;
    for (int k = 0; k < kPerBlock && first + k < count; ++k) output[first + k] = values[k];
  }
};

template <typename T>
constexpr int kPerBlock = sizeof(T) == 8 ? 2 : 4;

template <typename T, typename Make>
void Fill(const KernelCall& call, const Tensor& output, const Make& make) {
  const auto& options = call.Get<RandomOptions>();
  const int64_t count = output.numel(), blocks = (count + kPerBlock<T> - 1) / kPerBlock<T>;
  ForEach(
      call, blocks,
      FillBlocks<Make, T, kPerBlock<T>>{options.seed, options.offset, count, Out<T>(output), make});
}

// Calls f with a value of float or double and a tensor of that dtype to fill: the output, or what
// is then converted to it.
template <typename F>
void InFloat(const KernelCall& call, F f) {
  const Tensor& output = call.output();
  if (output.dtype() == kFloat64) return f(double(), output);
  if (output.dtype() == kFloat32) return f(float(), output);
  const Tensor values = Scratch(call, output.shape(), kFloat32);
  f(float(), values);
  CopyElements(call, values, output);
}

NEURA_DEVICE inline void UniformValues(const PhiloxWords& words, float (&values)[4]) {
  for (size_t k = 0; k < 4; ++k) values[k] = UniformFloat(words[k]);
}
NEURA_DEVICE inline void UniformValues(const PhiloxWords& words, double (&values)[2]) {
  for (size_t k = 0; k < 2; ++k) values[k] = UniformDouble(words[2 * k], words[2 * k + 1]);
}

template <typename T>
struct MakeUniform {
  UniformRange<T> range;
  NEURA_DEVICE void operator()(const PhiloxWords& words, T (&values)[kPerBlock<T>]) const {
    UniformValues(words, values);
    for (T& value : values) value = range(value);
  }
};

template <typename T>
struct MakeNormal {
  T mean, std;
  NEURA_DEVICE void operator()(const PhiloxWords& words, T (&values)[kPerBlock<T>]) const {
    UniformValues(words, values);
    for (int k = 0; k < kPerBlock<T>; k += 2) {
      const auto pair = elements::NormalsOf(values[k], values[k + 1]);
      values[k] = mean + std * pair.first;
      values[k + 1] = mean + std * pair.second;
    }
  }
};

struct MakeBernoulli {
  float p;
  NEURA_DEVICE void operator()(const PhiloxWords& words, float (&values)[4]) const {
    UniformValues(words, values);
    for (float& value : values) value = value < p ? 1.0f : 0.0f;
  }
};

struct MakeInt {
  int64_t low;
  uint64_t range;
  NEURA_DEVICE void operator()(const PhiloxWords& words, int64_t (&values)[2]) const {
    for (size_t k = 0; k < 2; ++k) {
      const uint64_t bits = uint64_t{words[2 * k + 1]} << 32 | words[2 * k];
      values[k] = static_cast<int64_t>(static_cast<uint64_t>(low) + UniformBelow(bits, range));
    }
  }
};

// Fills values of a dtype of their own, converted where the output is of another.
template <typename T, typename Make>
void FillAs(const KernelCall& call, const Make& make) {
  const Tensor& output = call.output();
  const bool same = output.dtype() == DTypeOf<T>;
  const Tensor values = same ? output : Scratch(call, output.shape(), DTypeOf<T>);
  Fill<T>(call, values, make);
  if (!same) CopyElements(call, values, output);
}

}  // namespace

void RandomUniformKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  const auto low = options.low.To<double>(), high = options.high.To<double>();
  InFloat(call, [&]<typename T>(T, const Tensor& output) {
    Fill<T>(call, output, MakeUniform<T>{UniformRange<T>(low, high, options.dtype)});
  });
}

void RandomNormalKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  const auto mean = options.low.To<double>(), std = options.high.To<double>();
  InFloat(call, [&]<typename T>(T, const Tensor& output) {
    Fill<T>(call, output, MakeNormal<T>{static_cast<T>(mean), static_cast<T>(std)});
  });
}

void RandomBernoulliKernel(KernelCall& call) {
  const auto p = static_cast<float>(call.Get<RandomOptions>().low.To<double>());
  FillAs<float>(call, MakeBernoulli{p});
}

void RandomIntKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  const auto low = options.low.To<int64_t>(), high = options.high.To<int64_t>();
  FillAs<int64_t>(call, MakeInt{low, static_cast<uint64_t>(high) - static_cast<uint64_t>(low)});
}

// Each step of the shuffle depends on the one before it: the CPU's kernel makes it.
void RandomPermutationKernel(KernelCall& call) {
  const Tensor& output = call.output();
  Tensor host = Tensor::Empty(output.shape(), output.dtype(), kCpu);
  RunKernel({call.call.op, call.call.options, {}, kCpu}, absl::MakeSpan(&host, 1));
  CopyBytes({output.raw_data(), output.device()}, {host.raw_data(), kCpu}, output.nbytes());
}

}  // namespace neura::cuda
