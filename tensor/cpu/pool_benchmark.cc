#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "neura/tensor/cpu/pool.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

enum class Pass { kMax, kMaxValues, kMaxScatter, kAverage, kAverageGrad };

// Arguments: channels, height and width, kernel and stride, threads.
template <Pass kPass>
void BM_Pool(benchmark::State& state) {
  PoolGeometry g;
  g.channels = state.range(0);
  const int64_t extent = state.range(1), size = state.range(2);
  g.height = g.width = {.in = extent, .out = extent / size, .kernel = size, .stride = size};
  const int initial = GetNumThreads();
  SetNumThreads(static_cast<int>(state.range(3)));
  std::vector<float> input(g.channels * g.in_size(), 1.0f);
  std::vector<float> output(g.channels * g.out_size(), 1.0f);
  std::vector<int64_t> indices(output.size());
  for (auto _ : state) {
    switch (kPass) {
      case Pass::kMax:
        MaxPool(g, input.data(), output.data(), indices.data());
        break;
      case Pass::kMaxValues:
        MaxPool<float>(g, input.data(), output.data(), nullptr);
        break;
      case Pass::kMaxScatter:
        benchmark::DoNotOptimize(MaxPoolScatter(g.channels, g.out_size(), g.in_size(),
                                                output.data(), indices.data(), input.data()));
        break;
      case Pass::kAverage:
        AvgPool(g, {}, input.data(), output.data());
        break;
      case Pass::kAverageGrad:
        AvgPoolGrad(g, {}, output.data(), input.data());
        break;
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(input.size()));
  SetNumThreads(initial);
}

void Sizes(benchmark::internal::Benchmark* b) {
  for (int64_t threads : {1, 2}) {
    b->Args({64 * 32, 26, 2, threads});
    b->Args({64 * 64, 11, 2, threads});
    b->Args({64 * 64, 28, 4, threads});
  }
  b->UseRealTime();
}

BENCHMARK_TEMPLATE(BM_Pool, Pass::kMax)->Name("max")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool, Pass::kMaxValues)->Name("max_values")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool, Pass::kMaxScatter)->Name("max_scatter")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool, Pass::kAverage)->Name("average")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool, Pass::kAverageGrad)->Name("average_grad")->Apply(Sizes);

}  // namespace
}  // namespace neura::cpu
