#include <gtest/gtest.h>
#include <iostream>
#include <chrono>
#include "neura/autograd/autograd.h"
#include "neura/tensor/tensor.h"
using namespace neura;
TEST(Smoke, Works) {
  Tensor x = SetRequiresGrad(FromList<float>({1, 2, 3}));
  Tensor w = SetRequiresGrad(Randn({2, 3}));
  Tensor y = Sum(Square(x) * w);
  std::cout << x << "\n" << w << "\n" << y << "\n";
  Backward(y);
  std::cout << autograd::GradOf(x) << "\n" << autograd::GradOf(w) << "\n";
  Tensor z = Exp(x * 0.5);
  auto g = Grad({Sum(z)}, {x}, {.create_graph = true});
  auto h = Grad({Sum(g[0])}, {x});
  std::cout << g[0] << "\n" << h[0] << "\n" << z * 0.25 << "\n";
  std::cout << Arange(24).ToString() << Reshape(Arange(24), {2, 3, 4}) << Rand({2, 2}, {.dtype = kFloat64}) << "\n";
  std::cout << CumSum(Transpose(Reshape(Arange(6), {2, 3}), 0, 1), 1) << Sum(Ones({3, 4, 5}), {.dims = {0, 2}}) << "\n";
  try { Add(Ones({2, 3}), Ones({4})); } catch (const Error& e) { std::cout << e.what() << "\n"; }
  Tensor a = Ones({8}), b = Ones({8});
  auto time = [](const char* n, auto f) { for (int i = 0; i < 1000; ++i) f(); auto t = std::chrono::steady_clock::now(); for (int i = 0; i < 1000000; ++i) f(); std::cout << n << " " << std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - t).count() / 1e6 << " ns\n"; };
  time("add", [&] { Tensor c = Add(a, b); });
  Tensor ra = SetRequiresGrad(Ones({8}));
  time("add grad", [&] { Tensor c = Add(ra, b); });
  time("fwd+bwd", [&] { Backward(Sum(Mul(ra, b))); autograd::SetGrad(ra, {}); });
}
