// Single operations.
#include "neura/autograd/autograd.h"
#include "neura/benchmarks/cases.h"
#include "neura/tensor/tensor.h"

namespace neura::benchmarks {
namespace {

template <typename F>
Case Work(F f) {
  return {[f] { f(); }, [f] { return f(); }};
}

}  // namespace

void AddOpCases(CaseMap& cases) {
  cases["add_8"] = [] {
    const Tensor a = Wave({8}, 0), b = Wave({8}, 1);
    return Work([=] { return Add(a, b); });
  };
  cases["mul_number_8"] = [] {
    const Tensor a = Wave({8}, 0);
    return Work([=] { return a * 2.0; });
  };
  cases["zeros_8"] = [] { return Work([] { return Zeros({8}); }); };
  cases["add_8_grad"] = [] {
    const Tensor a = SetRequiresGrad(Wave({8}, 0)), b = Wave({8}, 1);
    return Work([=] { return Add(a, b); });
  };
  cases["mul_sum_backward_8"] = [] {
    const Tensor a = SetRequiresGrad(Wave({8}, 0)), b = Wave({8}, 1);
    return Work([=] {
      autograd::SetGrad(a, {});
      Backward(Sum(a * b));
      return autograd::GradOf(a);
    });
  };
  for (int64_t n : {32, 128, 512, 1024}) {
    cases["matmul_" + std::to_string(n)] = [n] {
      const Tensor a = Wave({n, n}, 0), b = Wave({n, n}, 1);
      return Work([=] { return MatMul(a, b); });
    };
  }
  cases["linear_32x768x768"] = [] {
    const Tensor x = Wave({32, 768}, 0), w = Wave({768, 768}, 1), b = Wave({768}, 2);
    return Work([=] { return Linear(x, w, b); });
  };
  cases["conv2d_64x56x56_3x3"] = [] {
    const Tensor x = Wave({1, 64, 56, 56}, 0), w = Wave({64, 64, 3, 3}, 1, 0.1);
    return Work([=] { return Conv2d(x, w, {}, {.padding = 1}); });
  };
  cases["conv2d_b64_32x14x14_3x3"] = [] {
    const Tensor x = Wave({64, 32, 14, 14}, 0), w = Wave({64, 32, 3, 3}, 1, 0.1);
    return Work([=] { return Conv2d(x, w, {}, {.padding = 1}); });
  };
  cases["max_pool2d_b64_32x28x28"] = [] {
    const Tensor x = Wave({64, 32, 28, 28}, 0);
    return Work([=] { return MaxPool2d(x, {.kernel_size = 2}); });
  };
  cases["add_1m"] = [] {
    const Tensor a = Wave({1 << 20}, 0), b = Wave({1 << 20}, 1);
    return Work([=] { return Add(a, b); });
  };
  cases["exp_1m"] = [] {
    const Tensor a = Wave({1 << 20}, 0);
    return Work([=] { return Exp(a); });
  };
  cases["sum_1m"] = [] {
    const Tensor a = Wave({1 << 20}, 0);
    return Work([=] { return Sum(a); });
  };
  cases["softmax_1536x128"] = [] {
    const Tensor a = Wave({1536, 128}, 0, 3);
    return Work([=] { return Softmax(a, {.dim = -1}); });
  };
  cases["layer_norm_128x768"] = [] {
    const Tensor a = Wave({128, 768}, 0), w = Wave({768}, 1), b = Wave({768}, 2);
    return Work([=] { return LayerNorm(a, w, b).output; });
  };
}

}  // namespace neura::benchmarks
