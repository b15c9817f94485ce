// What test suites over the operation cases are made of.
#ifndef NEURA_TENSOR_TESTING_OP_CASE_FIXTURE_H_
#define NEURA_TENSOR_TESTING_OP_CASE_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {

// Expects the shape, and elements that differ by at most `tolerance` in units of 1 + |expected|;
// NaN and infinities where they are expected. The tensor may be on any device.
void ExpectClose(const Tensor& actual, const Array& expected, double tolerance);
// And the dtype.
void ExpectClose(const Tensor& actual, const Tensor& expected, double tolerance);

// The parameter is an index in OpCases().
class OpCaseFixture : public ::testing::TestWithParam<size_t> {
 protected:
  const OpCase& op_case() const { return OpCases()[GetParam()]; }

  // Expects what the case's reference computes of `inputs`. The tolerance is for float32; float64
  // is held to five digits more.
  void ExpectReference(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                       double tolerance) const;
  void ExpectReference(const std::vector<Tensor>& outputs,
                       const std::vector<Tensor>& inputs) const {
    ExpectReference(outputs, inputs, op_case().tolerance);
  }
};

// For INSTANTIATE_TEST_SUITE_P: "conv_stride_17".
std::string NameOfCase(const ::testing::TestParamInfo<size_t>& info);

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_OP_CASE_FIXTURE_H_
