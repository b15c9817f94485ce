// Single operations.
#include <string>
#include <vector>

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

namespace {

// Whole numbers from 0 to n - 1 in no order: inputs that both sides can make.
Tensor Places(DimsView shape, int64_t n) {
  const Tensor steps = Arange(0, NumElements(shape), 1, {.dtype = kInt64});
  return Reshape(Remainder(steps * 7919, n), shape);
}

// Of a matrix of a million elements.
void AddMatrixCases(CaseMap& cases) {
  const auto add = [&](const char* name, Tensor (*f)(const Tensor&)) {
    cases[name] = [f] {
      const Tensor x = Wave({1000, 1000}, 0, 3);
      return Case{[=] { f(x); }, [=] { return Cast(f(x), kFloat32); }};
    };
  };
  add("tanh_1000x1000", [](const Tensor& x) { return Tanh(x); });
  add("erf_1000x1000", [](const Tensor& x) { return Erf(x); });
  add("sin_1000x1000", [](const Tensor& x) { return Sin(x); });
  add("gelu_1000x1000", [](const Tensor& x) { return Gelu(x); });
  add("sum_rows_1000x1000", [](const Tensor& x) { return Sum(x, {.dims = {0}}); });
  add("norm_1000x1000", [](const Tensor& x) { return Norm(x); });
  add("logsumexp_1000x1000", [](const Tensor& x) { return LogSumExp(x, {.dims = {1}}); });
  add("to_int64_1000x1000", [](const Tensor& x) { return Cast(x, kInt64); });
  add("tril_1000x1000", [](const Tensor& x) { return Tril(x); });
  add("flip_1000x1000", [](const Tensor& x) { return Flip(x, {1}); });
  add("sort_1000x1000", [](const Tensor& x) { return Sort(x).values; });
  add("topk10_1000x1000", [](const Tensor& x) { return TopK(x, 10, 1).values; });
  add("kthvalue_1000x1000", [](const Tensor& x) { return KthValue(x, 100, 1).values; });
  add("nonzero_1000x1000", [](const Tensor& x) { return NonZero(x > 1); });
  add("masked_select_1000x1000", [](const Tensor& x) { return MaskedSelect(x, x > 1); });
  add("unique_1m", [](const Tensor& x) { return Unique(Cast(x * 40, kInt64)).output; });
  cases["pow_1000x1000"] = [] {
    const Tensor x = Abs(Wave({1000, 1000}, 0, 3));
    return Work([=] { return Pow(x, 2.5); });
  };
  cases["prod_1m"] = [] {
    // Of numbers that sink below what double holds: the product is 0.
    const Tensor x = Wave({1 << 20}, 1);
    return Work([=] { return Prod(x); });
  };
  cases["index_select_columns_1000x5000"] = [] {
    const Tensor x = Wave({1000, 1000}, 0), places = Places({5000}, 1000);
    return Work([=] { return IndexSelect(x, 1, places); });
  };
  cases["gather_1000x1000"] = [] {
    const Tensor x = Wave({1000, 1000}, 0), places = Places({1000, 1000}, 1000);
    return Work([=] { return Gather(x, 1, places); });
  };
  cases["scatter_add_1000x1000"] = [] {
    const Tensor x = Wave({1000, 1000}, 0), places = Places({1000, 1000}, 1000);
    return Work([=] { return ScatterAdd(Zeros({1000, 1000}), 1, places, x); });
  };
  cases["bincount_5000"] = [] {
    const Tensor places = Places({5000}, 1000);
    return Case{[=] { BinCount(places); }, [=] { return Cast(BinCount(places), kFloat32); }};
  };
  for (const char* mode : {"bilinear", "bicubic", "nearest"}) {
    cases["interpolate_" + std::string(mode) + "_16x64x32x32"] = [mode] {
      const Tensor x = Wave({16, 64, 32, 32}, 0);
      return Work(
          [=] { return Interpolate(x, {.scale_factor = std::vector<double>{2}, .mode = mode}); });
    };
  }
  // Each side has numbers of its own.
  const auto nothing = [] { return Zeros({1}); };
  cases["rand_1m"] = [=] { return Case{[] { Rand({1 << 20}); }, nothing}; };
  cases["randn_1m"] = [=] { return Case{[] { Randn({1 << 20}); }, nothing}; };
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
  AddMatrixCases(cases);
}

}  // namespace neura::benchmarks
