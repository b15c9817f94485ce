#include "neura/wasm/exports.h"

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "neura/graph/capture.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"

namespace neura::wasm {
namespace {

// y = relu(x @ w), x float32 [batch, 2], w = [[1, -1], [2, 3]].
std::string SmallModel() {
  const Tensor w = FromVector<float>({1, -1, 2, 3}, {2, 2});
  return onnx::ToBytes(
      graph::Capture([&](const Tensor& x) { return Relu(MatMul(x, w)); }, {Ones({4, 2})}));
}

Session* Load(const std::string& bytes) { return neura_load(bytes.data(), bytes.size()); }

TEST(ExportsTest, DescribesWhatAModelTakesAndGives) {
  Session* session = Load(SmallModel());
  ASSERT_NE(session, nullptr) << neura_error();
  ASSERT_EQ(neura_num_values(session, 0), 1);
  ASSERT_EQ(neura_num_values(session, 1), 1);
  EXPECT_STREQ(neura_value_dtype(session, 0, 0), "float32");
  ASSERT_EQ(neura_value_rank(session, 0, 0), 2);
  EXPECT_STREQ(neura_value_extent(session, 0, 0, 0), "batch");
  EXPECT_STREQ(neura_value_extent(session, 0, 0, 1), "2");
  EXPECT_STREQ(neura_value_extent(session, 1, 0, 0), "batch");
  neura_dispose(session);
}

TEST(ExportsTest, Runs) {
  Session* session = Load(SmallModel());
  ASSERT_NE(session, nullptr) << neura_error();
  const int32_t shape[] = {2, 2};
  const float x[] = {1, 1, 4, -2};
  void* input = neura_set_input(session, 0, shape, 2);
  ASSERT_NE(input, nullptr) << neura_error();
  std::memcpy(input, x, sizeof(x));
  ASSERT_TRUE(neura_run(session)) << neura_error();
  ASSERT_EQ(neura_result_rank(session, 0), 2);
  EXPECT_EQ(neura_result_extent(session, 0, 0), 2);
  EXPECT_EQ(neura_result_extent(session, 0, 1), 2);
  const auto* y = static_cast<const float*>(neura_result_data(session, 0));
  EXPECT_EQ(std::vector<float>(y, y + 4), (std::vector<float>{3, 2, 0, 0}));
  neura_clear(session);
  neura_dispose(session);
}

TEST(ExportsTest, SaysWhatIsWrong) {
  EXPECT_EQ(Load("no model"), nullptr);
  EXPECT_NE(std::string(neura_error()), "");

  Session* session = Load(SmallModel());
  ASSERT_NE(session, nullptr) << neura_error();
  EXPECT_FALSE(neura_run(session));
  EXPECT_NE(std::string(neura_error()).find("must be float32 [batch, 2]"), std::string::npos)
      << neura_error();

  const int32_t wrong[] = {2, 3};
  ASSERT_NE(neura_set_input(session, 0, wrong, 2), nullptr);
  EXPECT_FALSE(neura_run(session));
  EXPECT_NE(std::string(neura_error()).find("[2, 3]"), std::string::npos) << neura_error();

  const int32_t negative[] = {-1, 2};
  EXPECT_EQ(neura_set_input(session, 0, negative, 2), nullptr);
  EXPECT_EQ(neura_set_input(session, 1, wrong, 2), nullptr);
  EXPECT_EQ(neura_value_name(session, 0, 7), nullptr);
  EXPECT_FALSE(neura_set_threads(0));
  neura_dispose(session);
}

TEST(ExportsTest, NamesTheOperations) {
  EXPECT_NE(std::string(neura_operations()).find(" conv "), std::string::npos);
}

}  // namespace
}  // namespace neura::wasm
