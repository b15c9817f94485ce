// Sparse tensors: their parts, what computes with them, and that everything else refuses them.
#include "neura/tensor/sparse/sparse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::CodeOf;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

// Rows 3, 1 and 3 again of [5, 2].
Tensor Rows() {
  return sparse::FromParts(FromList<int64_t>({3, 1, 3}, {1, 3}),
                           FromList<float>({1, 2, 3, 4, 5, 6}, {3, 2}), {5, 2});
}

// In plain loops.
std::vector<float> DenseOf(const Tensor& sparse) {
  std::vector<float> dense(static_cast<size_t>(sparse.numel()));
  const std::vector<int64_t> indices = Values<int64_t>(sparse::Indices(sparse));
  const std::vector<float> values = Values(sparse::Values(sparse));
  const auto count = static_cast<size_t>(sparse::NumValues(sparse));
  const auto dims = static_cast<size_t>(sparse::SparseDim(sparse));
  const size_t row = count == 0 ? 0 : values.size() / count;
  for (size_t i = 0; i < count; ++i) {
    size_t place = 0;
    for (size_t d = 0; d < dims; ++d) {
      place = place * static_cast<size_t>(sparse.shape()[d]) +
              static_cast<size_t>(indices[d * count + i]);
    }
    for (size_t k = 0; k < row; ++k) dense[place * row + k] += values[i * row + k];
  }
  return dense;
}

TEST(SparseTest, HasPartsAndAShape) {
  const Tensor x = Rows();
  EXPECT_TRUE(IsSparse(x));
  EXPECT_FALSE(IsSparse(Ones({2})));
  EXPECT_FALSE(IsSparse(Tensor()));
  EXPECT_THAT(x.shape(), ElementsAre(5, 2));
  EXPECT_EQ(x.dtype(), kFloat32);
  EXPECT_EQ(x.device(), kSparse);
  EXPECT_EQ(sparse::SparseDim(x), 1);
  EXPECT_EQ(sparse::DenseDim(x), 1);
  EXPECT_EQ(sparse::NumValues(x), 3);
  EXPECT_FALSE(sparse::IsCoalesced(x));
  EXPECT_EQ(Describe(x), "sparse float32 [5, 2]");
  EXPECT_THAT(x.ToString(), HasSubstr("indices: [[3, 1, 3]]"));
  EXPECT_EQ(Values(sparse::ToDense(x)), (std::vector<float>{0, 0, 3, 4, 0, 0, 6, 8, 0, 0}));
  EXPECT_EQ(CodeOf([] { sparse::Indices(Ones({2})); }), absl::StatusCode::kFailedPrecondition);
}

TEST(SparseTest, PartsMustMakeUpTheShape) {
  const Tensor indices = FromList<int64_t>({0, 4}, {1, 2});
  for (const auto& [values, shape] : std::vector<std::pair<Tensor, Dims>>{{Ones({3, 2}), {5, 2}},
                                                                          {Ones({2, 2}), {5, 3}},
                                                                          {Ones({2, 2}), {5}},
                                                                          {Ones({2}), {5, 2}}}) {
    EXPECT_EQ(CodeOf([&, v = values, s = shape] { sparse::FromParts(indices, v, s); }),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(ErrorOf([&] { sparse::FromParts(indices, Ones({2}), {4}); }),
              HasSubstr("index 4 is outside [0, 4) of dimension 0"));
  EXPECT_THAT(ErrorOf([&] { sparse::FromParts(indices - 1, Ones({2}), {4}); }),
              HasSubstr("index -1 is outside"));
}

TEST(SparseTest, CoalescesInOrder) {
  const Tensor x = sparse::Coalesce(Rows());
  EXPECT_TRUE(sparse::IsCoalesced(x));
  EXPECT_THAT(Values<int64_t>(sparse::Indices(x)), ElementsAre(1, 3));
  EXPECT_THAT(Values(sparse::Values(x)), ElementsAre(3, 4, 6, 8));
  EXPECT_TRUE(IsSame(sparse::Coalesce(x), x));
  const Tensor none = sparse::FromParts(FromVector<int64_t>({}, {1, 0}), Zeros({0, 2}), {5, 2});
  EXPECT_EQ(sparse::NumValues(sparse::Coalesce(none)), 0);
  EXPECT_EQ(Values(sparse::ToDense(none)), std::vector<float>(10));
}

TEST(SparseTest, HasAnyNumberOfSparseDimensions) {
  for (int64_t dims = 1; dims <= 3; ++dims) {
    const Dims shape = {3, 4, 2};
    Tensor dense = Sin(Cast(Arange(24), kFloat32)) * 9;
    dense = Reshape(Where(Abs(dense) > 5, dense, 0), shape);
    const Tensor x = sparse::FromDense(dense, dims);
    EXPECT_EQ(sparse::SparseDim(x), dims);
    EXPECT_EQ(sparse::DenseDim(x), 3 - dims);
    EXPECT_EQ(DenseOf(x), Values(dense));
    EXPECT_EQ(Values(sparse::ToDense(x)), Values(dense));
    const Tensor twice = sparse::Coalesce(x + x);
    EXPECT_TRUE(SameBits(sparse::Indices(twice), sparse::Indices(x)));
    EXPECT_EQ(Values(sparse::ToDense(twice)), Values(dense * 2));
  }
  EXPECT_EQ(CodeOf([] { sparse::FromDense(Ones({2}), 2); }), absl::StatusCode::kOutOfRange);
}

TEST(SparseTest, CoalescesTheSameForAnyNumberOfThreads) {
  const int threads = GetNumThreads();
  const Tensor indices = Reshape(Remainder(Arange(30'000) * 7919, 501), {1, 30'000});
  const Tensor x =
      sparse::FromParts(indices, Sin(Reshape(Cast(Arange(90'000), kFloat32), {-1, 3})), {501, 3});
  SetNumThreads(1);
  const Tensor one = sparse::Values(sparse::Coalesce(x));
  for (int n : {2, 3}) {
    SetNumThreads(n);
    EXPECT_TRUE(SameBits(one, sparse::Values(sparse::Coalesce(x))));
  }
  SetNumThreads(threads);
}

TEST(SparseTest, SumsProductsAndCopies) {
  const Tensor x = Rows(), dense = Reshape(Cast(Arange(10), kFloat32), {5, 2});
  const std::vector<float> plain = DenseOf(x);
  const auto expect = [&](const Tensor& result, bool is_sparse, auto each) {
    EXPECT_EQ(IsSparse(result), is_sparse);
    const std::vector<float> got = is_sparse ? DenseOf(result) : Values(result);
    for (size_t i = 0; i < plain.size(); ++i) EXPECT_FLOAT_EQ(got[i], each(plain[i], i));
  };
  expect(x + x, true, [](float v, size_t) { return 2 * v; });
  EXPECT_EQ(sparse::NumValues(x + x), 6);
  EXPECT_EQ(sparse::NumValues(x + x + x + x), 2);  // for 5 places there would be 12
  expect(x - x * 3, true, [](float v, size_t) { return -2 * v; });
  expect(0.5 * x, true, [](float v, size_t) { return v / 2; });
  expect(x / ScalarTensor(4.0f), true, [](float v, size_t) { return v / 4; });
  expect(-x, true, [](float v, size_t) { return -v; });
  expect(Clone(x), true, [](float v, size_t) { return v; });
  expect(dense + x, false, [](float v, size_t i) { return static_cast<float>(i) + v; });
  expect(x - dense, false, [](float v, size_t i) { return v - static_cast<float>(i); });
  EXPECT_EQ(Cast(x, kFloat64).dtype(), kFloat64);
  EXPECT_EQ((x * 2).dtype(), kFloat32);
  EXPECT_EQ((Cast(x, kFloat64) + x).dtype(), kFloat64);
  // In place.
  const Tensor y = Clone(x);
  const uint32_t version = y.version();
  MulInPlace(y, 2);
  EXPECT_EQ(y.version(), version + 1);
  expect(y, true, [](float v, size_t) { return 2 * v; });
  expect(x, true, [](float v, size_t) { return v; });
  DivInPlace(y, 2);
  expect(y, true, [](float v, size_t) { return v; });
  Fill(y, 0);
  expect(y, true, [](float, size_t) { return 0.f; });
  const Tensor sum = Clone(dense);
  AddInPlace(sum, x);
  expect(sum, false, [](float v, size_t i) { return static_cast<float>(i) + v; });
  Assign(sum, x);
  expect(sum, false, [](float v, size_t) { return v; });
}

TEST(SparseTest, EverythingElseRefuses) {
  const Tensor x = Rows(), dense = Ones({5, 2});
  const Tensor one = sparse::FromParts(FromList<int64_t>({0}, {1, 1}), Ones({1}), {1});
  const std::vector<std::pair<std::string, std::function<void()>>> calls = {
      {"exp(", [&] { Exp(x); }},
      {"mul(", [&] { Mul(x, x); }},
      {"mul(", [&] { Mul(dense, x); }},
      {"add(", [&] { Add(x, 1); }},
      {"add(", [&] { Add(x, Ones({2})); }},
      {"add_(", [&] { AddInPlace(x, dense); }},
      {"exp_(", [&] { ExpInPlace(x); }},
      {"assign_(", [&] { Fill(x, 1); }},
      {"assign_(", [&] { Assign(x, dense); }},
      {"sum(", [&] { Sum(x); }},
      {"matmul(",
       [&] {
         MatMul(x, Ones({2, 3}));
       }},
      {"matmul(",
       [&] {
         MatMul(Ones({3, 5}), x);
       }},
      {"(", [&] { Transpose(x, 0, 1); }},
      {"(", [&] { Select(x, 0, 1); }},
      {"(", [&] { Reshape(x, {10}); }},
      {"(", [&] { Unbind(x, 0); }},
      {"cat(",
       [&] {
         Cat({dense, x});
       }},
      {"index_select(", [&] { IndexSelect(x, 0, FromList<int64_t>({0})); }},
      {"index_assign_(",
       [&] {
         IndexAssign(dense, 0, FromList<int64_t>({0, 1, 2, 3, 4}), x);
       }},
      {"full(", [&] { ZerosLike(x); }},
      {"where(", [&] { Where(dense > 0, x, dense); }},
      {"Item", [&] { one.Item<float>(); }},
      {"data", [&] { x.data<float>(); }},
      {"HostCopy", [&] { HostCopy(x); }},
      {"HostCopy", [&] { SameBits(x, Rows()); }},
      {"", [&] { Tensor::Empty({2}, kFloat32, x.device()); }},
      {"",
       [&] {
         SaveSafetensors(::testing::TempDir() + "/x", {.tensors = {{"x", x}}});
       }},
  };
  for (const auto& [name, call] : calls) {
    const std::string message = ErrorOf(call);
    EXPECT_THAT(message, HasSubstr(name));
    EXPECT_THAT(message, HasSubstr("sparse::ToDense()")) << name;
  }
  EXPECT_THAT(ErrorOf([] { ParseDevice("sparse"); }), HasSubstr("is no device"));
}

}  // namespace
}  // namespace neura
