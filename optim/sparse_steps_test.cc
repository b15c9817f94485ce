// Steps with sparse gradients: those of dense ones where the rule moves nothing else, PyTorch's
// rule of SparseAdam, and the memory that they take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/nn/nn.h"
#include "neura/optim/optim.h"
#include "neura/tensor/core/allocator.h"
#include "neura/tensor/sparse/sparse.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using autograd::GradOf;
using autograd::SetGrad;
using testing::Close;
using testing::CodeOf;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

constexpr int64_t kRows = 40, kColumns = 3;

Tensor Param(DType dtype = kFloat32, int64_t rows = kRows) {
  const Tensor wave = Sin(Reshape(Cast(Arange(rows * kColumns), kFloat64), {rows, kColumns}));
  return SetRequiresGrad(Cast(wave, dtype));
}
// Of some rows, one of them twice.
Tensor GradAt(int step, DType dtype = kFloat32, int64_t rows = kRows) {
  const Tensor index = Remainder(Arange(5) * 7 + 3 * step, rows - 30) + 4;
  const Tensor again = Cat({index, Slice(index, 0, 1, 2)});
  const Tensor values = Cos(Reshape(Cast(Arange(18), kFloat64), {6, kColumns}) + step);
  return sparse::FromParts(Unsqueeze(again, 0), Cast(values, dtype), {rows, kColumns});
}

template <typename Optimizer, typename Options>
void FollowsTheDenseOne(const Options& options, DType dtype = kFloat32, int64_t rows = kRows) {
  const Tensor by_sparse = Param(dtype, rows), by_dense = Param(dtype, rows);
  Optimizer a({by_sparse}, options), b({by_dense}, options);
  for (int step = 1; step <= 20; ++step) {
    const Tensor grad = GradAt(step, dtype, rows);
    SetGrad(by_sparse, grad);
    SetGrad(by_dense, sparse::ToDense(grad));
    a.Step();
    b.Step();
  }
  EXPECT_TRUE(SameBits(by_sparse, by_dense));
  const NamedTensors one = a.StateDict(), other = b.StateDict();
  ASSERT_EQ(one.size(), other.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].first, other[i].first);
    EXPECT_TRUE(SameBits(one[i].second, other[i].second)) << one[i].first;
  }
}

TEST(SparseStepsTest, SgdIsThatOfDenseGradients) {
  using optim::SGD;
  FollowsTheDenseOne<SGD>(optim::SgdOptions{.lr = 0.1});
  FollowsTheDenseOne<SGD>(optim::SgdOptions{.lr = 0.1, .maximize = true}, kFloat64);
  FollowsTheDenseOne<SGD>(optim::SgdOptions{.lr = 0.1, .momentum = 0.9});
  FollowsTheDenseOne<SGD>(optim::SgdOptions{.lr = 0.1, .momentum = 0.8, .nesterov = true});
  FollowsTheDenseOne<SGD>(optim::SgdOptions{.lr = 0.1, .momentum = 0.8, .dampening = 0.3},
                          kBFloat16);
  // Of several parts.
  FollowsTheDenseOne<SGD>(optim::SgdOptions{.lr = 0.1, .momentum = 0.9}, kFloat32, 200'000);
}

TEST(SparseStepsTest, AdagradIsThatOfDenseGradients) {
  FollowsTheDenseOne<optim::Adagrad>(optim::AdagradOptions{.lr = 0.1, .lr_decay = 0.1});
  FollowsTheDenseOne<optim::Adagrad>(
      optim::AdagradOptions{.lr = 0.1, .initial_accumulator_value = 0.5, .maximize = true});
}

TEST(SparseStepsTest, SparseAdamMovesTheRowsThatAreNamed) {
  const optim::SparseAdamOptions o{.lr = 0.1, .beta1 = 0.8, .beta2 = 0.95};
  const Tensor param = Param(kFloat64);
  std::vector<double> p = Values<double>(Detach(param)), mean(p.size()), square(p.size());
  optim::SparseAdam optimizer({param}, o);
  for (int step = 1; step <= 20; ++step) {
    const Tensor grad = sparse::Coalesce(GradAt(step, kFloat64));
    SetGrad(param, grad);
    optimizer.Step();
    const std::vector<int64_t> rows = Values<int64_t>(sparse::Places(grad));
    const std::vector<double> values = Values<double>(sparse::Values(grad));
    const double size =
        o.lr * std::sqrt(1 - std::pow(o.beta2, step)) / (1 - std::pow(o.beta1, step));
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t at = static_cast<size_t>(rows[i / kColumns]) * kColumns + i % kColumns;
      mean[at] += (1 - o.beta1) * (values[i] - mean[at]);
      square[at] += (1 - o.beta2) * (values[i] * values[i] - square[at]);
      p[at] -= size * mean[at] / (std::sqrt(square[at]) + o.eps);
    }
  }
  EXPECT_TRUE(Close(Detach(param), FromVector(p, param.shape()), 1e-12));
}

TEST(SparseStepsTest, TheSameBitsForAnyNumberOfThreads) {
  const int threads = GetNumThreads();
  const auto run = [](int n, auto make) {
    SetNumThreads(n);
    const Tensor param = Param(kFloat32, 300'000);
    const std::shared_ptr<optim::Optimizer> optimizer = make(param);
    for (int step = 1; step <= 3; ++step) {
      SetGrad(param, GradAt(step, kFloat32, 300'000));
      optimizer->Step();
    }
    return param;
  };
  const auto check = [&](auto make) {
    const Tensor one = run(1, make);
    for (int n : {2, 3}) EXPECT_TRUE(SameBits(one, run(n, make)));
  };
  check([](const Tensor& p) {
    return std::make_shared<optim::SGD>(std::vector<Tensor>{p}, optim::SgdOptions{.momentum = 0.9});
  });
  check([](const Tensor& p) { return std::make_shared<optim::Adagrad>(std::vector<Tensor>{p}); });
  check(
      [](const Tensor& p) { return std::make_shared<optim::SparseAdam>(std::vector<Tensor>{p}); });
  SetNumThreads(threads);
}

TEST(SparseStepsTest, OthersRefuseAndChangeNothing) {
  const Tensor first = Param(), second = Param();
  SetGrad(first, Ones({kRows, kColumns}));
  SetGrad(second, GradAt(1));
  optim::Adam adam({first, second});
  EXPECT_EQ(ErrorOf([&] { adam.Step(); }),
            "Adam does not support sparse gradients, please consider SparseAdam instead");
  EXPECT_TRUE(SameBits(first, Param()));
  EXPECT_EQ(CodeOf([&] { adam.Step(); }), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ErrorOf([&] {
                optim::Muon({first, second}).Step();
              }),
              HasSubstr("Muon does not support sparse gradients"));
  EXPECT_THAT(ErrorOf([&] { optim::SparseAdam({first}).Step(); }),
              HasSubstr("SparseAdam does not support dense gradients, please consider Adam"));
  EXPECT_THAT(ErrorOf([&] { optim::SGD({second}, {.weight_decay = 0.1}).Step(); }),
              HasSubstr("weight_decay option is not compatible with sparse gradients"));
  EXPECT_THAT(ErrorOf([&] { optim::Adagrad({second}, {.weight_decay = 0.1}).Step(); }),
              HasSubstr("weight_decay option is not compatible with sparse gradients"));
  EXPECT_THAT(ErrorOf([&] { optim::SGD({GradAt(1)}); }), HasSubstr("dense parameter tensors"));
  EXPECT_THAT(ErrorOf([] { optim::SparseAdam({Param()}, {.lr = 0}); }),
              HasSubstr("must be above 0"));
  SetGrad(second, sparse::FromDense(Ones({kRows, kColumns})));
  EXPECT_THAT(ErrorOf([&] { optim::SGD({second}).Step(); }),
              HasSubstr("one sparse dimension, not 2"));
}

TEST(SparseStepsTest, StridedParametersComplexOnesAndVectors) {
  const Tensor strided = SetRequiresGrad(Transpose(Ones({kColumns, kRows}), 0, 1));
  SetGrad(strided, GradAt(1));
  optim::SGD({strided}, {.lr = 1}).Step();
  EXPECT_TRUE(Close(Detach(strided), 1 - sparse::ToDense(GradAt(1))));
  const Tensor vector = SetRequiresGrad(Ones({4}));
  SetGrad(vector,
          sparse::FromParts(FromList<int64_t>({2, 2}, {1, 2}), FromList<float>({1, 2}), {4}));
  optim::SGD({vector}, {.lr = 1, .momentum = 0.5}).Step();
  EXPECT_THAT(Values(Detach(vector)), ElementsAre(1, 1, -2, 1));
  const Tensor numbers = SetRequiresGrad(Cast(Ones({3, 1}), kComplex64));
  SetGrad(numbers, sparse::FromParts(FromList<int64_t>({1}, {1, 1}), Cast(Ones({1, 1}), kComplex64),
                                     {3, 1}));
  optim::SGD({numbers}, {.lr = 1}).Step();
  EXPECT_THAT(Values(Real(Detach(numbers))), ElementsAre(1, 0, 1));
}

TEST(SparseStepsTest, ClippingAndScaling) {
  const Tensor param = Param(), grad = GradAt(2), dense = sparse::ToDense(grad);
  SetGrad(param, Clone(grad));
  EXPECT_NEAR(optim::ClipGradNorm({param}, 0.5), Norm(dense).Item<double>(), 1e-5);
  EXPECT_NEAR(Norm(sparse::ToDense(GradOf(param))).Item<double>(), 0.5, 1e-4);
  SetGrad(param, Clone(grad));
  optim::ClipGradValue({param}, 0.25);
  EXPECT_TRUE(Close(sparse::ToDense(GradOf(param)), Clamp(dense, {.min = -0.25, .max = 0.25})));
  optim::SGD optimizer({param}, {.lr = 1});
  optim::GradScaler scaler({.init_scale = 4});
  scaler.Scale(Ones({1}));
  SetGrad(param, Clone(grad));
  scaler.Unscale(optimizer);
  EXPECT_TRUE(Close(sparse::ToDense(GradOf(param)), dense / 4));
  scaler.Update();
  SetGrad(param, grad / 0.0);
  EXPECT_FALSE(scaler.Step(optimizer));
}

// A dense gradient would be of 128 megabytes.
TEST(SparseStepsTest, MemoryFollowsTheRowsThatAreNamed) {
  nn::Embedding layer({.num_embeddings = 2'000'000, .embedding_dim = 16, .sparse = true});
  const Tensor input = FromList<int64_t>({5, 1'999'999, 3, 5, 77, 1'000'000, 8, 2, 3, 40});
  const auto train = [&](optim::Optimizer& optimizer) {
    optimizer.ZeroGrad();
    Backward(Sum(Square(layer(input))));
    optimizer.Step();
  };
  const auto taken = [&](optim::Optimizer& optimizer) {
    train(optimizer);  // which makes its states
    CpuAllocator().EmptyCache();
    const AllocatorStats before = CpuAllocator().Stats();
    train(optimizer);
    return CpuAllocator().Stats().reserved - before.reserved;
  };
  optim::SGD plain({layer.weight}), momentum({layer.weight}, {.momentum = 0.9});
  optim::Adagrad adagrad({layer.weight});
  optim::SparseAdam adam({layer.weight});
  EXPECT_LT(taken(plain), int64_t{4} << 20);
  EXPECT_LT(taken(momentum), int64_t{16} << 20);
  EXPECT_LT(taken(adagrad), int64_t{4} << 20);
  EXPECT_LT(taken(adam), int64_t{4} << 20);
}

}  // namespace
}  // namespace neura
