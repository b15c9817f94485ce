#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "neura/tensor/cpu/pool2d.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

enum class Pass { kMax, kMaxValues, kMaxScatter, kAverage, kAverageGrad };

// Arguments: planes, height and width, kernel and stride, threads.
template <Pass kPass>
void BM_Pool2d(benchmark::State& state) {
  Pool2dGeometry g;
  g.planes = state.range(0);
  g.in_height = g.in_width = state.range(1);
  g.kernel_height = g.kernel_width = g.stride_height = g.stride_width = state.range(2);
  g.out_height = g.out_width = g.in_height / g.kernel_height;
  const int initial = GetNumThreads();
  SetNumThreads(static_cast<int>(state.range(3)));
  const int64_t in_size = g.in_height * g.in_width;
  const int64_t out_size = g.out_height * g.out_width;
  std::vector<float> input(g.planes * in_size, 1.0f);
  std::vector<float> output(g.planes * out_size, 1.0f);
  std::vector<int64_t> indices(output.size());
  for (auto _ : state) {
    switch (kPass) {
      case Pass::kMax:
        MaxPool2d(g, input.data(), output.data(), indices.data());
        break;
      case Pass::kMaxValues:
        MaxPool2d<float>(g, input.data(), output.data(), nullptr);
        break;
      case Pass::kMaxScatter:
        benchmark::DoNotOptimize(MaxPool2dScatter(g.planes, out_size, in_size, output.data(),
                                                  indices.data(), input.data()));
        break;
      case Pass::kAverage:
        AvgPool2d(g, true, input.data(), output.data());
        break;
      case Pass::kAverageGrad:
        AvgPool2dGrad(g, true, output.data(), input.data());
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

BENCHMARK_TEMPLATE(BM_Pool2d, Pass::kMax)->Name("max")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool2d, Pass::kMaxValues)->Name("max_values")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool2d, Pass::kMaxScatter)->Name("max_scatter")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool2d, Pass::kAverage)->Name("average")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Pool2d, Pass::kAverageGrad)->Name("average_grad")->Apply(Sizes);

}  // namespace
}  // namespace neura::cpu
