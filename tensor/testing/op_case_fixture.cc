#include "neura/tensor/testing/op_case_fixture.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace neura::testing {

void ExpectClose(const Tensor& actual, const Array& expected, double tolerance) {
  const Array a = ToArray(HostCopy(actual));
  ASSERT_EQ(DimsView(a.shape), DimsView(expected.shape));
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (std::isnan(expected[i])) {
      ASSERT_TRUE(std::isnan(a[i])) << "element " << i << " is " << a[i];
    } else if (std::isinf(expected[i])) {
      ASSERT_EQ(a[i], expected[i]) << "element " << i;
    } else {
      ASSERT_NEAR(a[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << "element " << i;
    }
  }
}

void ExpectClose(const Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ExpectClose(actual, ToArray(HostCopy(expected)), tolerance);
}

void OpCaseFixture::ExpectReference(const std::vector<Tensor>& outputs,
                                    const std::vector<Tensor>& inputs, double tolerance) const {
  std::vector<Array> arrays;
  for (const Tensor& input : inputs) arrays.push_back(ToArray(input));
  const std::vector<Array> expected = op_case().reference(arrays);
  ASSERT_EQ(outputs.size(), expected.size());
  for (size_t k = 0; k < outputs.size(); ++k) {
    SCOPED_TRACE(absl::StrCat("output ", k));
    const bool is_double = outputs[k].dtype() == kFloat64;
    ExpectClose(outputs[k], expected[k], is_double ? tolerance * 1e-5 : tolerance);
  }
}

std::string NameOfCase(const ::testing::TestParamInfo<size_t>& info) {
  std::string name = OpCases()[info.param].name;
  for (char& c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return absl::StrCat(name, "_", info.param);
}

}  // namespace neura::testing
