#include <vector>

#include "benchmark/benchmark.h"
#include "cblas.h"
#include "neura/tensor/cpu/gemm.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

void Blas(const GemmArgs<float>& g, bool transposed_b) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, transposed_b ? CblasTrans : CblasNoTrans, g.m, g.n, g.k,
              1, g.a, g.k, g.b, transposed_b ? g.k : g.n, 0, g.c, g.n);
}
void Blas(const GemmArgs<double>& g, bool transposed_b) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, transposed_b ? CblasTrans : CblasNoTrans, g.m, g.n, g.k,
              1, g.a, g.k, g.b, transposed_b ? g.k : g.n, 0, g.c, g.n);
}

// Arguments: m, n, k, whether B is given transposed, threads.
template <typename T, bool kBlas>
void BM_Gemm(benchmark::State& state) {
  GemmArgs<T> g;
  g.m = state.range(0);
  g.n = state.range(1);
  g.k = state.range(2);
  const bool transposed_b = state.range(3) != 0;
  const int initial = GetNumThreads();
  SetNumThreads(static_cast<int>(state.range(4)));
  const std::vector<T> a(g.m * g.k, T{1}), b(g.k * g.n, T{1});
  std::vector<T> c(g.m * g.n);
  g.a = a.data();
  g.a_row_stride = g.k;
  g.b = b.data();
  g.b_row_stride = transposed_b ? 1 : g.n;
  g.b_col_stride = transposed_b ? g.k : 1;
  g.c = c.data();
  g.c_row_stride = g.n;
  for (auto _ : state) {
    if constexpr (kBlas) {
      Blas(g, transposed_b);
    } else {
      Gemm(g);
    }
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * g.m * g.n * g.k * state.iterations(), benchmark::Counter::kIsRate);
  SetNumThreads(initial);
}

void Sizes(benchmark::internal::Benchmark* b, std::vector<int64_t> threads) {
  for (int64_t t : threads) {
    for (int64_t transposed : {0, 1}) {
      for (int64_t n : {8, 32, 64, 128, 256, 512, 1024}) b->Args({n, n, n, transposed, t});
      for (int64_t m : {1, 8, 32, 64, 128}) b->Args({m, 768, 768, transposed, t});
      b->Args({64, 256, 784, transposed, t});
      b->Args({64, 10, 256, transposed, t});
    }
  }
  b->UseRealTime();
}
void OneAndTwoThreads(benchmark::internal::Benchmark* b) { Sizes(b, {1, 2}); }
void OneThread(benchmark::internal::Benchmark* b) { Sizes(b, {1}); }

BENCHMARK_TEMPLATE(BM_Gemm, float, false)->Name("float")->Apply(OneAndTwoThreads);
BENCHMARK_TEMPLATE(BM_Gemm, float, true)->Name("float_openblas")->Apply(OneThread);
BENCHMARK_TEMPLATE(BM_Gemm, double, false)->Name("double")->Apply(OneAndTwoThreads);
BENCHMARK_TEMPLATE(BM_Gemm, double, true)->Name("double_openblas")->Apply(OneThread);

}  // namespace
}  // namespace neura::cpu
