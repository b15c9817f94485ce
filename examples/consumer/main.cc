// Fits a line to five points by least squares: a program outside Neura that uses its tensors and
// nothing else of it.

#include <cstdio>

#include "neura/tensor/tensor.h"

int main() {
  const neura::Tensor x = neura::FromList<double>({0, 1, 2, 3, 4});
  const neura::Tensor y = neura::FromList<double>({1, 3, 5, 7, 9});
  const neura::Tensor from_mean = x - neura::Mean(x);
  const neura::Tensor slope = neura::Sum(from_mean * y) / neura::Sum(from_mean * from_mean);
  const neura::Tensor intercept = neura::Mean(y) - slope * neura::Mean(x);
  std::printf("y = %g x + %g\n", slope.Item<double>(), intercept.Item<double>());
  return 0;
}
