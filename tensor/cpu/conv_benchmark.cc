#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "neura/tensor/cpu/conv.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

enum class Pass { kForward, kInputGrad, kWeightGrad };

// Arguments: dimensions, batch, input channels, extents, output channels, kernel, padding, groups,
// threads.
template <Pass kPass>
void BM_Conv(benchmark::State& state) {
  ConvGeometry g;
  g.batch = state.range(1);
  g.in_channels = state.range(2);
  g.out_channels = state.range(4);
  g.groups = state.range(7);
  const int64_t extent = state.range(3), size = state.range(5), padding = state.range(6);
  const WindowAxis axis{
      .in = extent, .out = extent + 2 * padding - size + 1, .kernel = size, .padding = padding};
  g.width = axis;
  if (state.range(0) > 1) g.height = axis;
  if (state.range(0) > 2) g.depth = axis;
  const int initial = GetNumThreads();
  SetNumThreads(static_cast<int>(state.range(8)));
  const int64_t kernel = g.in_channels / g.groups * g.kernel_volume();
  std::vector<float> input(g.batch * g.in_channels * g.in_volume(), 1.0f);
  std::vector<float> weight(g.out_channels * kernel, 1.0f);
  std::vector<float> bias(g.out_channels, 0.0f);
  std::vector<float> output(g.batch * g.out_channels * g.out_volume(), 1.0f);
  for (auto _ : state) {
    switch (kPass) {
      case Pass::kForward:
        ConvForward(g, input.data(), weight.data(), bias.data(), output.data());
        break;
      case Pass::kInputGrad:
        ConvInputGrad(g, weight.data(), output.data(), input.data());
        break;
      case Pass::kWeightGrad:
        ConvWeightGrad(g, input.data(), output.data(), weight.data());
        break;
    }
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(
      2e-9 * static_cast<double>(output.size() * kernel) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
  SetNumThreads(initial);
}

void Layers(benchmark::internal::Benchmark* b) {
  for (int64_t threads : {1, 2}) {
    b->Args({2, 64, 1, 28, 32, 3, 0, 1, threads});
    b->Args({2, 64, 1, 28, 32, 3, 1, 1, threads});
    b->Args({2, 64, 32, 13, 64, 3, 0, 1, threads});
    b->Args({2, 64, 32, 14, 64, 3, 1, 1, threads});
    b->Args({2, 4, 64, 56, 64, 3, 1, 1, threads});
    b->Args({2, 16, 256, 14, 256, 1, 0, 1, threads});
    b->Args({2, 16, 256, 28, 256, 3, 1, 256, threads});
    b->Args({1, 16, 64, 1000, 64, 3, 1, 1, threads});
    b->Args({3, 2, 32, 16, 32, 3, 1, 1, threads});
  }
  b->UseRealTime();
}

BENCHMARK_TEMPLATE(BM_Conv, Pass::kForward)->Name("forward")->Apply(Layers);
BENCHMARK_TEMPLATE(BM_Conv, Pass::kInputGrad)->Name("input_grad")->Apply(Layers);
BENCHMARK_TEMPLATE(BM_Conv, Pass::kWeightGrad)->Name("weight_grad")->Apply(Layers);

}  // namespace
}  // namespace neura::cpu
