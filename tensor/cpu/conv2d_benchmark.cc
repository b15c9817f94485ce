#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "neura/tensor/cpu/conv2d.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

enum class Pass { kForward, kInputGrad, kWeightGrad };

// Arguments: batch, input channels, height and width, output channels, kernel, padding, groups,
// threads.
template <Pass kPass>
void BM_Conv2d(benchmark::State& state) {
  Conv2dGeometry g;
  g.batch = state.range(0);
  g.in_channels = state.range(1);
  g.in_height = g.in_width = state.range(2);
  g.out_channels = state.range(3);
  g.kernel_height = g.kernel_width = state.range(4);
  g.padding_height = g.padding_width = state.range(5);
  g.groups = state.range(6);
  g.out_height = g.out_width = g.in_height + 2 * g.padding_height - g.kernel_height + 1;
  const int initial = GetNumThreads();
  SetNumThreads(static_cast<int>(state.range(7)));
  const int64_t kernel = g.in_channels / g.groups * g.kernel_height * g.kernel_width;
  std::vector<float> input(g.batch * g.in_channels * g.in_height * g.in_width, 1.0f);
  std::vector<float> weight(g.out_channels * kernel, 1.0f);
  std::vector<float> bias(g.out_channels, 0.0f);
  std::vector<float> output(g.batch * g.out_channels * g.out_height * g.out_width, 1.0f);
  for (auto _ : state) {
    switch (kPass) {
      case Pass::kForward:
        Conv2dForward(g, input.data(), weight.data(), bias.data(), output.data());
        break;
      case Pass::kInputGrad:
        Conv2dInputGrad(g, weight.data(), output.data(), input.data());
        break;
      case Pass::kWeightGrad:
        Conv2dWeightGrad(g, input.data(), output.data(), weight.data());
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
    b->Args({64, 1, 28, 32, 3, 0, 1, threads});
    b->Args({64, 1, 28, 32, 3, 1, 1, threads});
    b->Args({64, 32, 13, 64, 3, 0, 1, threads});
    b->Args({64, 32, 14, 64, 3, 1, 1, threads});
    b->Args({4, 64, 56, 64, 3, 1, 1, threads});
    b->Args({16, 256, 14, 256, 1, 0, 1, threads});
    b->Args({16, 256, 28, 256, 3, 1, 256, threads});
  }
  b->UseRealTime();
}

BENCHMARK_TEMPLATE(BM_Conv2d, Pass::kForward)->Name("forward")->Apply(Layers);
BENCHMARK_TEMPLATE(BM_Conv2d, Pass::kInputGrad)->Name("input_grad")->Apply(Layers);
BENCHMARK_TEMPLATE(BM_Conv2d, Pass::kWeightGrad)->Name("weight_grad")->Apply(Layers);

}  // namespace
}  // namespace neura::cpu
