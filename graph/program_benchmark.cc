// Programs beside eager execution of the same functions.
#include "benchmark/benchmark.h"
#include "neura/graph/program.h"
#include "neura/tensor/tensor.h"

namespace neura::graph {
namespace {

// Perceptrons whose arithmetic is small beside what surrounds it.
struct Mlp {
  Tensor w1, b1, w2, b2, w3, b3;

  explicit Mlp(int64_t width)
      : w1(Randn({width, width})),
        b1(Randn({width})),
        w2(Randn({width, width})),
        b2(Randn({width})),
        w3(Randn({width, width})),
        b3(Randn({width})) {}

  Tensor operator()(const Tensor& x) const {
    const Tensor h = Relu(Linear(x, w1, b1));
    return Softmax(Linear(Tanh(Linear(h, w2, b2)), w3, b3) * 0.5);
  }
};

void BM_Eager(benchmark::State& state) {
  const Mlp mlp(state.range(1));
  const Tensor x = Randn({state.range(0), state.range(1)});
  for (auto _ : state) benchmark::DoNotOptimize(mlp(x));
}

void BM_Program(benchmark::State& state) {
  const Mlp mlp(state.range(1));
  const Tensor x = Randn({state.range(0), state.range(1)});
  const Program program = Compile(mlp, {x});
  for (auto _ : state) benchmark::DoNotOptimize(program(x));
}

BENCHMARK(BM_Eager)->Args({1, 8})->Args({1, 64})->Args({32, 64});
BENCHMARK(BM_Program)->Args({1, 8})->Args({1, 64})->Args({32, 64});

}  // namespace
}  // namespace neura::graph
