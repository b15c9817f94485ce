// Random numbers from a counter: element i depends on seed, offset and i alone.
#include <algorithm>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/random_loops.h"
#include "neura/tensor/elements/normal.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/parallel/thread_pool.h"
#include "neura/tensor/random/philox.h"
#include "neura/tensor/random/uniform.h"

namespace neura::cpu {
namespace {

// Calls fill(words, first, n) for n of the `count` elements, each made from kWords words.
template <int64_t kWords, typename Fill>
void ForChunks(const RandomOptions& options, int64_t count, Fill fill) {
  constexpr int64_t kTaskChunks = 64, kPerChunk = kChunkWords / kWords;
  const int64_t chunks = (count + kPerChunk - 1) / kPerChunk;
  ParallelFor((chunks + kTaskChunks - 1) / kTaskChunks, [&](int64_t task) {
    alignas(64) uint32_t words[kChunkWords] = {};
    for (int64_t c = task * kTaskChunks; c < std::min((task + 1) * kTaskChunks, chunks); ++c) {
      const int64_t n = std::min(kPerChunk, count - c * kPerChunk);
      FillWords(options.seed, options.offset + static_cast<uint64_t>(c * kChunkWords / 4),
                n * kWords, words);
      fill(words, c * kPerChunk, n);
    }
  });
}

// make(words, n, values) makes n numbers, and perhaps more of the chunk: a float from each word, a
// double from two.
template <typename T, typename Make>
void FillNumbers(const RandomOptions& options, const Tensor& output, Make make) {
  constexpr auto kWords = static_cast<int64_t>(sizeof(T) / sizeof(uint32_t));
  constexpr int64_t kPerChunk = kChunkWords / kWords;
  T* const out = Out<T>(output);
  ForChunks<kWords>(options, output.numel(), [&](const uint32_t* words, int64_t first, int64_t n) {
    if (n == kPerChunk) return make(words, n, out + first);
    alignas(64) T values[kPerChunk];
    make(words, n, values);
    std::copy_n(values, n, out + first);
  });
}

double DoubleAt(const uint32_t* words, int64_t i) {
  return UniformDouble(words[2 * i], words[2 * i + 1]);
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
    FillNumbers<T>(options, output, [&](const uint32_t* words, int64_t n, T* values) {
      if constexpr (sizeof(T) == 4) {
        UniformFromWords(words, n, range, values);
      } else {
        for (int64_t i = 0; i < n; ++i) values[i] = range(DoubleAt(words, i));
      }
    });
  });
}

void RandomNormalKernel(KernelCall& call) {
  const auto& options = call.Get<RandomOptions>();
  InFloat(call, [&]<typename T>(T, const Tensor& output) {
    const T mean = static_cast<T>(options.low.To<double>());
    const T std = static_cast<T>(options.high.To<double>());
    FillNumbers<T>(options, output, [&](const uint32_t* words, int64_t n, T* values) {
      if constexpr (sizeof(T) == 4) {
        NormalFromWords(words, n, mean, std, values);
      } else {
        for (int64_t i = 0; i < n; i += 2) {
          const auto pair = elements::NormalsOf(DoubleAt(words, i), DoubleAt(words, i + 1));
          values[i] = mean + std * pair.first;
          values[i + 1] = mean + std * pair.second;
        }
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
    ForChunks<1>(options, count, [&](const uint32_t* words, int64_t first, int64_t n) {
      for (int64_t i = 0; i < n; ++i) out[first + i] = Convert<T>(UniformFloat(words[i]) < p);
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
  ForChunks<2>(options, count, [&](const uint32_t* words, int64_t first, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t bits = uint64_t{words[2 * i + 1]} << 32 | words[2 * i];
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
