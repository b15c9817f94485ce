// Random numbers from a counter: element i depends on seed, offset and i alone.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/parallel/thread_pool.h"
#include "neura/tensor/random/philox.h"
#include "neura/tensor/random/uniform.h"

namespace neura::cpu {
namespace {

constexpr int64_t kTaskBlocks = 1 << 12;

// Calls fill(words, first element) for blocks of kPerBlock elements each; fill writes those below
// the count.
template <int64_t kPerBlock, typename Fill>
void ForBlocks(const RandomOptions& options, int64_t count, Fill fill) {
  const int64_t blocks = (count + kPerBlock - 1) / kPerBlock;
  ParallelFor((blocks + kTaskBlocks - 1) / kTaskBlocks, [&](int64_t task) {
    const int64_t end = std::min((task + 1) * kTaskBlocks, blocks);
    for (int64_t b = task * kTaskBlocks; b < end; ++b) {
      fill(Philox(options.seed, options.offset + static_cast<uint64_t>(b)), b * kPerBlock);
    }
  });
}

// Four values a block from the float generator, two from the double one.
template <typename T, typename Make>
void FillFromUniform(const RandomOptions& options, const Tensor& output, Make make) {
  constexpr int64_t kPerBlock = sizeof(T) == 8 ? 2 : 4;
  T* out = static_cast<T*>(output.raw_data());
  const int64_t count = output.numel();
  ForBlocks<kPerBlock>(options, count, [&](const PhiloxWords& words, int64_t first) {
    T values[kPerBlock];
    for (size_t i = 0; i < kPerBlock; ++i) {
      if constexpr (kPerBlock == 2) {
        values[i] = UniformDouble(words[2 * i], words[2 * i + 1]);
      } else {
        values[i] = UniformFloat(words[i]);
      }
    }
    make(values);
    for (int64_t i = 0; i < kPerBlock && first + i < count; ++i) out[first + i] = values[i];
  });
}

// Runs f on a float or double tensor and converts to the output where that is of another dtype.
template <typename F>
void InFloat(KernelCall& call, F f) {
  const Tensor& output = call.output();
  if (output.dtype() == kFloat64) return f(double(), output);
  if (output.dtype() == kFloat32) return f(float(), output);
  const Tensor values = Tensor::Empty(output.shape(), kFloat32, kCpu);
  f(float(), values);
  CopyElements(values, output);
}

}  // namespace

void RandomUniformKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  InFloat(call, [&]<typename T>(T, const Tensor& output) {
    const UniformRange<T> range(options.low.To<double>(), options.high.To<double>(), options.dtype);
    FillFromUniform<T>(options, output, [&](auto& values) {
      for (T& value : values) value = range(value);
    });
  });
}

// Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958: two uniform numbers
// make two normal ones.
void RandomNormalKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  InFloat(call, [&]<typename T>(T, const Tensor& output) {
    const T mean = static_cast<T>(options.low.To<double>());
    const T std = static_cast<T>(options.high.To<double>());
    FillFromUniform<T>(options, output, [&](auto& values) {
      for (size_t i = 0; i < std::size(values); i += 2) {
        // 1 - u lies in (0, 1], where the logarithm is finite.
        const T radius = std::sqrt(T(-2) * std::log(T(1) - values[i]));
        const T angle = T(2) * std::numbers::pi_v<T> * values[i + 1];
        values[i] = mean + std * radius * std::cos(angle);
        values[i + 1] = mean + std * radius * std::sin(angle);
      }
    });
  });
}

void RandomBernoulliKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  const int64_t count = call.output().numel();
  const float p = static_cast<float>(options.low.To<double>());
  SwitchDType(call.output().dtype(), [&]<typename T>(T) {
    T* out = static_cast<T*>(call.output().raw_data());
    ForBlocks<4>(options, count, [&](const PhiloxWords& words, int64_t first) {
      for (int64_t i = 0; i < 4 && first + i < count; ++i) {
        out[first + i] = Convert<T>(UniformFloat(words[static_cast<size_t>(i)]) < p);
      }
    });
  });
}

void RandomIntKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  const Tensor& output = call.output();
  const Tensor values =
      output.dtype() == kInt64 ? output : Tensor::Empty(output.shape(), kInt64, kCpu);
  const int64_t low = options.low.To<int64_t>(), high = options.high.To<int64_t>();
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  int64_t* out = static_cast<int64_t*>(values.raw_data());
  const int64_t count = output.numel();
  ForBlocks<2>(options, count, [&](const PhiloxWords& words, int64_t first) {
    for (int64_t i = 0; i < 2 && first + i < count; ++i) {
      const auto word = static_cast<size_t>(2 * i);
      const uint64_t bits = uint64_t{words[word + 1]} << 32 | words[word];
      out[first + i] = static_cast<int64_t>(static_cast<uint64_t>(low) + UniformBelow(bits, range));
    }
  });
  if (output.dtype() != kInt64) CopyElements(values, output);
}

// Fisher and Yates' shuffle, one 64-bit number a step.
void RandomPermutationKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  const int64_t n = call.output().numel();
  int64_t* out = static_cast<int64_t*>(call.output().raw_data());
  for (int64_t i = 0; i < n; ++i) out[i] = i;
  for (int64_t i = n - 1; i > 0; --i) {
    const uint64_t k = static_cast<uint64_t>(n - 1 - i);
    const PhiloxWords words = Philox(options.seed, options.offset + k / 2);
    const size_t word = 2 * (k % 2);
    const uint64_t bits = uint64_t{words[word + 1]} << 32 | words[word];
    std::swap(out[i], out[UniformBelow(bits, static_cast<uint64_t>(i) + 1)]);
  }
}

}  // namespace neura::cpu
