// Cases of matrix products: three loops.
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {
namespace {

// Offset of the matrix of `array` that meets matrix i of the broadcast batch.
int64_t MatrixOffset(const Array& array, DimsView batch, int64_t i) {
  const auto rank = static_cast<size_t>(array.dim() - 2);
  int64_t offset = 0, stride = array.size(-1) * array.size(-2);
  for (size_t d = 0; d < batch.size(); ++d) {
    const int64_t extent = batch[batch.size() - 1 - d], position = i % extent;
    i /= extent;
    if (d >= rank) continue;
    const int64_t own = array.shape[rank - 1 - d];
    offset += (own == 1 ? 0 : position) * stride;
    stride *= own;
  }
  return offset;
}

Reference MatMulReference(Dims shape) {
  return [shape](const std::vector<Array>& in) {
    const Array &a = in[0], &b = in[1];
    Array out = MakeArray(shape);
    const DimsView batch = DimsView(shape).first(shape.size() - 2);
    const int64_t m = out.size(-2), n = out.size(-1), k = a.size(-1);
    for (int64_t i = 0; i < NumElements(batch); ++i) {
      const int64_t a0 = MatrixOffset(a, batch, i), b0 = MatrixOffset(b, batch, i);
      for (int64_t r = 0; r < m; ++r) {
        for (int64_t c = 0; c < n; ++c) {
          double sum = 0;
          for (int64_t j = 0; j < k; ++j) sum += a[a0 + r * k + j] * b[b0 + j * n + c];
          out[(i * m + r) * n + c] = sum;
        }
      }
    }
    return std::vector<Array>{out};
  };
}

std::vector<Array> LinearReference(const std::vector<Array>& in) {
  const Array &x = in[0], &w = in[1], &bias = in[2];
  Array out = MakeArray(x.shape);
  out.shape.back() = w.size(0);
  out = MakeArray(out.shape);
  const int64_t features = w.size(1), outputs = w.size(0);
  for (int64_t i = 0; i < out.numel(); ++i) {
    double sum = bias.values.empty() ? 0 : bias[i % outputs];
    for (int64_t j = 0; j < features; ++j) {
      sum += x[i / outputs * features + j] * w[i % outputs * features + j];
    }
    out[i] = sum;
  }
  return {out};
}

}  // namespace

void AddLinearAlgebraCases(CaseList& cases) {
  const auto matmul = [&](const char* name, Dims a, Dims b, Dims out, double tolerance = 2e-6) {
    cases.push_back({std::string("matmul/") + name,
                     op::kMatMul,
                     {Sample(a, 1), Sample(b, 2)},
                     nullptr,
                     MatMulReference(std::move(out)),
                     tolerance});
  };
  matmul("square", {4, 4}, {4, 4}, {4, 4});
  matmul("odd", {3, 7}, {7, 5}, {3, 5});
  matmul("row", {1, 9}, {9, 4}, {1, 4});
  matmul("column", {5, 6}, {6, 1}, {5, 1});
  matmul("batch", {2, 3, 4}, {2, 4, 5}, {2, 3, 5});
  matmul("broadcast", {2, 1, 3, 4}, {3, 4, 2}, {2, 3, 3, 2});
  matmul("empty_sum", {3, 0}, {0, 2}, {3, 2});
  matmul("empty", {0, 3}, {3, 2}, {0, 2});
  cases.push_back({"matmul/int64",
                   op::kMatMul,
                   {Reshape(Arange(6), {2, 3}), Reshape(Arange(12), {3, 4})},
                   nullptr,
                   MatMulReference({2, 4})});
  // Float32 only: too large for numerical gradients, large enough for blocks and threads.
  cases.push_back({"matmul/large",
                   op::kMatMul,
                   {Cast(Sample({150, 310}, 3), kFloat32), Cast(Sample({310, 170}, 4), kFloat32)},
                   nullptr,
                   MatMulReference({150, 170}),
                   1e-5});

  cases.push_back({"linear/bias",
                   op::kLinear,
                   {Sample({3, 4}, 1), Sample({5, 4}, 2), Sample({5}, 3)},
                   nullptr,
                   LinearReference});
  cases.push_back({"linear/plain",
                   op::kLinear,
                   {Sample({2, 3, 4}, 1), Sample({5, 4}, 2), Tensor()},
                   nullptr,
                   LinearReference});
  cases.push_back({"linear/vector",
                   op::kLinear,
                   {Sample({4}, 1), Sample({5, 4}, 2), Sample({5}, 3)},
                   nullptr,
                   LinearReference});
}

}  // namespace neura::testing
