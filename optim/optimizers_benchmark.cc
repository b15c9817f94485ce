// Steps of optimizers on one thread, over one large parameter and over the many small ones of a
// network; and interpreted, without the loops that were compiled of their rules.
#include <cstdint>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/optim.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

// `count` matrices and their biases, with gradients.
std::vector<Tensor> Params(int64_t count, int64_t rows, int64_t columns) {
  Generator generator(1);
  std::vector<Tensor> params;
  for (int64_t i = 0; i < count; ++i) {
    for (const Dims& shape : {Dims{rows, columns}, Dims{columns}}) {
      params.push_back(SetRequiresGrad(Normal(shape, 0, 1, {}, &generator)));
      autograd::SetGrad(params.back(), Normal(shape, 0, 1, {}, &generator));
    }
  }
  return params;
}

class Interpreting : public OpInterceptor {
 public:
  bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) override {
    if (call.op != op::kFusedUpdate) return false;
    FusedOptions options = call.Get<FusedOptions>();
    options.compiled = {};
    Dispatch(call.op, &options, call.inputs, outputs);
    return true;
  }
};

template <typename Optimizer, typename Options>
void Register(const std::string& name, const Options& options) {
  struct Size {
    const char* name;
    int64_t count, rows, columns;
  };
  for (const Size& size : {Size{"/large", 1, 1000, 1000}, Size{"/small", 10, 32, 32}}) {
    benchmark::RegisterBenchmark((name + size.name).c_str(), [=](benchmark::State& state) {
      const int threads = GetNumThreads();
      SetNumThreads(1);
      Optimizer optimizer(Params(size.count, size.rows, size.columns), options);
      for (auto _ : state) optimizer.Step();
      SetNumThreads(threads);
    });
  }
  benchmark::RegisterBenchmark((name + "/interpreted").c_str(), [=](benchmark::State& state) {
    const int threads = GetNumThreads();
    SetNumThreads(1);
    Optimizer optimizer(Params(1, 1000, 1000), options);
    Interpreting interpreting;
    const ScopedInterceptor scoped(&interpreting);
    for (auto _ : state) optimizer.Step();
    SetNumThreads(threads);
  });
}

[[maybe_unused]] const bool kRegistered = [] {
  Register<optim::SGD>("sgd", optim::SgdOptions{.lr = 1e-6});
  Register<optim::SGD>("momentum", optim::SgdOptions{.lr = 1e-6, .momentum = 0.9});
  Register<optim::Adam>("adam", optim::AdamOptions{.lr = 1e-6});
  Register<optim::AdamW>("adamw", optim::AdamWOptions{.lr = 1e-6});
  return true;
}();

}  // namespace
}  // namespace neura
