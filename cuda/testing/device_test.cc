#include "neura/cuda/testing/device_test.h"

#include <cmath>

#include "neura/tensor/testing/op_cases.h"

namespace neura::cuda {

void ExpectClose(const Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  const testing::Array a = testing::ToArray(ToHost(actual));
  const testing::Array b = testing::ToArray(ToHost(expected));
  ASSERT_EQ(DimsView(a.shape), DimsView(b.shape));
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (std::isnan(b[i])) {
      ASSERT_TRUE(std::isnan(a[i])) << "element " << i << " is " << a[i];
    } else if (std::isinf(b[i])) {
      ASSERT_EQ(a[i], b[i]) << "element " << i;
    } else {
      ASSERT_NEAR(a[i], b[i], tolerance * (1 + std::abs(b[i]))) << "element " << i;
    }
  }
}

}  // namespace neura::cuda
