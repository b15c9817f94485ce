#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "neura/tensor/cpu/softmax.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

enum class Pass { kSoftmax, kLogSoftmax, kSoftmaxGrad, kLogSoftmaxGrad };

// Arguments: outer, size, inner, threads.
template <Pass kPass>
void BM_Softmax(benchmark::State& state) {
  const int64_t outer = state.range(0), size = state.range(1), inner = state.range(2);
  const int initial = GetNumThreads();
  SetNumThreads(static_cast<int>(state.range(3)));
  const std::vector<float> x(outer * size * inner, 0.5f);
  std::vector<float> y(x.size());
  for (auto _ : state) {
    switch (kPass) {
      case Pass::kSoftmax:
        Softmax(outer, size, inner, x.data(), y.data());
        break;
      case Pass::kLogSoftmax:
        LogSoftmax(outer, size, inner, x.data(), y.data());
        break;
      case Pass::kSoftmaxGrad:
        SoftmaxGrad(outer, size, inner, x.data(), x.data(), y.data());
        break;
      case Pass::kLogSoftmaxGrad:
        LogSoftmaxGrad(outer, size, inner, x.data(), x.data(), y.data());
        break;
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(x.size()));
  SetNumThreads(initial);
}

void Sizes(benchmark::internal::Benchmark* b) {
  for (int64_t threads : {1, 2}) {
    b->Args({64, 10, 1, threads});
    b->Args({1536, 128, 1, threads});
    b->Args({128, 1000, 1, threads});
    b->Args({4, 21, 4096, threads});
  }
  b->UseRealTime();
}

BENCHMARK_TEMPLATE(BM_Softmax, Pass::kSoftmax)->Name("softmax")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Softmax, Pass::kLogSoftmax)->Name("log_softmax")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Softmax, Pass::kSoftmaxGrad)->Name("softmax_grad")->Apply(Sizes);
BENCHMARK_TEMPLATE(BM_Softmax, Pass::kLogSoftmaxGrad)->Name("log_softmax_grad")->Apply(Sizes);

}  // namespace
}  // namespace neura::cpu
