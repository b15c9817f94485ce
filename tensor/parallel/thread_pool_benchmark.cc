#include "benchmark/benchmark.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura {
namespace {

// The cost of a region whose items do nothing.
void BM_EmptyRegion(benchmark::State& state) {
  SetNumThreads(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    ParallelFor(state.range(1), [](int64_t i) { benchmark::DoNotOptimize(i); });
  }
}
BENCHMARK(BM_EmptyRegion)->ArgsProduct({{1, 2}, {1, 2, 16}})->UseRealTime();

}  // namespace
}  // namespace neura
