// How a mapped function behaves; vmap_cases_test.cc has every operation.
#include "neura/autograd/vmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neura/autograd/autograd.h"
#include "neura/autograd/checkpoint.h"
#include "neura/autograd/function.h"
#include "neura/autograd/functional.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::autograd {
namespace {

using testing::Close;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;
using Tensors = std::vector<Tensor>;

TEST(VmapTest, TheFunctionSeesOneExample) {
  const Tensor x = Randn({2, 4, 3});
  const Tensor y = Vmap(
      [](const Tensors& in) {
        EXPECT_THAT(in[0].shape(), ElementsAre(2, 4));
        EXPECT_EQ(in[0].dim(), 2);
        EXPECT_EQ(in[0].device(), kCpu);
        return Tensors{Sum(in[0], {.dims = {0}})};
      },
      {x}, {.in_dims = {{2}}, .out_dims = {{1}}})[0];
  EXPECT_TRUE(Close(y, Sum(x, {.dims = {0}})));
}

TEST(VmapTest, SharedInputsAndOutputs) {
  const Tensor rows = Randn({3, 2}), w = Randn({2});
  const Tensors made = Vmap(
      [&](const Tensors& in) {
        return Tensors{in[0] * in[1], in[1] * 2, w};
      },
      {rows, w}, {.in_dims = {{0}, {}}, .out_dims = {{0}, {0}, {}}});
  EXPECT_TRUE(Close(made[0], rows * w));
  EXPECT_TRUE(Close(made[1], Expand(w * 2, {3, 2})));
  EXPECT_THAT(made[2].shape(), ElementsAre(2));
}

TEST(VmapTest, Nests) {
  const Tensor a = Randn({3}), b = Randn({4});
  const auto product = [&](const Tensors& x) {
    return Vmap([&](const Tensors& y) { return Tensors{x[0] * y[0]}; }, {b});
  };
  EXPECT_TRUE(Close(Vmap(product, {a})[0], Outer(a, b)));
}

TEST(VmapTest, GradientsOfEachExample) {
  const Tensor w = Randn({3, 2}), x = Randn({5, 3}), y = Randn({5, 2});
  const auto gradient = [&](const Tensors& in) {
    const Products made = Vjp(
        [&](const Tensors& weight) {
          return Tensors{Sum(Square(MatMul(Unsqueeze(in[0], 0), weight[0]) - in[1]))};
        },
        {w});
    return made.products;
  };
  const Tensor all = Vmap(gradient, {x, y})[0];
  ASSERT_THAT(all.shape(), ElementsAre(5, 3, 2));
  for (int64_t b = 0; b < 5; ++b) {
    EXPECT_TRUE(Close(Select(all, 0, b), gradient({Select(x, 0, b), Select(y, 0, b)})[0]));
  }
}

// Parts of a gradient that all examples share are added to parts that differ.
TEST(VmapTest, GradientsOfSeveralUses) {
  const Tensor c = Randn({3}), x = Randn({5, 3});
  const auto f = [&](const Tensors& in) {
    return Tensors{Sum(in[0] * c + in[0] * in[0] + in[0] * c)};
  };
  const Tensor all = Vmap([&](const Tensors& in) { return Vjp(f, in).products; }, {x})[0];
  EXPECT_TRUE(Close(all, x * 2.0 + c * 2.0));
}

TEST(VmapTest, InPlaceOperationsAndViews) {
  const Tensor x = Randn({3, 4});
  const Tensor y = Vmap(
      [](const Tensors& in) {
        const Tensor own = Clone(in[0]);
        AddInPlace(own, 1.0);
        Fill(Slice(own, 0, 0, 2), 7);
        MulInPlace(own, in[0]);
        return Tensors{own};
      },
      {x})[0];
  const Tensor expected = Clone(x) + 1.0;
  Fill(Slice(expected, 1, 0, 2), 7);
  EXPECT_TRUE(Close(y, expected * x));
  const Tensor shared = Zeros({4});
  EXPECT_THAT(ErrorOf([&] {
                Vmap([&](const Tensors& in) { return Tensors{AddInPlace(shared, in[0])}; }, {x});
              }),
              HasSubstr("Clone()"));
}

// What is written through a view counts in gradients, inside and outside.
TEST(VmapTest, GradientsThroughWritesToViews) {
  const auto f = [](const Tensors& in) {
    const Tensor h = in[0] * 2.0;
    AddInPlace(Slice(h, 0, 1, 3), Square(Slice(in[0], 0, 0, 2)));
    return Tensors{Sum(h * h)};
  };
  const Tensor x = Randn({3, 4});
  const Tensor all = Vmap([&](const Tensors& in) { return Vjp(f, in).products; }, {x})[0];
  for (int64_t b = 0; b < 3; ++b) {
    EXPECT_TRUE(Close(Select(all, 0, b), Vjp(f, {Select(x, 0, b)}).products[0], 1e-4));
  }
  const Tensor outside =
      Vjp([&](const Tensors& in) { return Tensors{Sum(Vmap(f, in)[0])}; }, {x}).products[0];
  EXPECT_TRUE(Close(outside, all, 1e-4));
}

TEST(VmapTest, Randomness) {
  const auto noise = [](const Tensors& in) { return Tensors{in[0] + Rand({2})}; };
  const Tensor x = Zeros({3, 2});
  EXPECT_THAT(ErrorOf([&] { Vmap(noise, {x}); }), HasSubstr("randomness"));
  const Tensor same = Vmap(noise, {x}, {.randomness = Randomness::kSame})[0];
  EXPECT_TRUE(SameBits(Select(same, 0, 0), Select(same, 0, 1)));
  const auto different = [&] {
    ManualSeed(1);
    return Vmap(noise, {x}, {.randomness = Randomness::kDifferent})[0];
  };
  const Tensor first = different();
  EXPECT_FALSE(SameBits(Select(first, 0, 0), Select(first, 0, 1)));
  EXPECT_TRUE(SameBits(first, different()));
  const Tensor orders = Vmap([](const Tensors&) { return Tensors{RandPerm(50)}; }, {x},
                             {.randomness = Randomness::kDifferent})[0];
  EXPECT_FALSE(SameBits(Select(orders, 0, 0), Select(orders, 0, 1)));
  EXPECT_TRUE(SameBits(Sort(orders).values, Contiguous(Expand(Arange(50), {3, 50}))));
}

TEST(VmapTest, ElementsCannotBeLookedAt) {
  const Tensor x = Ones({3});
  EXPECT_THAT(ErrorOf([&] {
                Vmap([](const Tensors& in) { return Tensors{in[0] * in[0].Item<float>()}; }, {x});
              }),
              HasSubstr("example"));
}

// A step whose gradient the program writes: twice the true one, to be told from it.
TEST(VmapTest, RecordedFunctions) {
  const auto f = [](const Tensors& in) {
    Tensor y;
    {
      const NoGradGuard no_grad;
      y = in[0] * in[1];
    }
    RecordFunction("product", in, {y}, [in](const Tensors& g) {
      return Tensors{g[0] * in[1] * 2.0, g[0] * in[0] * 2.0};
    });
    return Tensors{y};
  };
  const Tensor x = Randn({4, 3}), w = Randn({3});
  const auto mapped = [&](const Tensors& in) {
    return Tensors{Sum(Square(Vmap(f, in, {.in_dims = {{0}, {}}})[0]))};
  };
  const Products outside = Vjp(mapped, {x, w});
  EXPECT_TRUE(Close(outside.products[0], 4.0 * x * w * w, 1e-4));
  EXPECT_TRUE(Close(outside.products[1], Sum(4.0 * x * x * w, {.dims = {0}}), 1e-4));
  const Tensor inside = Vmap(
      [&](const Tensors& in) {
        return Vjp(
                   [&](const Tensors& v) {
                     return Tensors{Sum(Square(f({in[0], v[0]})[0]))};
                   },
                   {w})
            .products;
      },
      {x})[0];
  EXPECT_TRUE(Close(inside, 4.0 * x * x * w, 1e-4));
}

TEST(VmapTest, Checkpoints) {
  const auto plain = [](const Tensor& x) { return Sum(Sin(x) * Exp(x)); };
  const auto kept = [&](const Tensors& in) { return Tensors{plain(in[0])}; };
  const auto again = [&](const Tensors& in) {
    return Tensors{Checkpoint([plain, x = in[0]] { return plain(x); })};
  };
  const Tensor x = Randn({3, 4});
  const auto outside = [&](const TensorFunction& f) {
    return Vjp([&](const Tensors& in) { return Tensors{Sum(Vmap(f, in)[0])}; }, {x}).products[0];
  };
  EXPECT_TRUE(SameBits(outside(again), outside(kept)));
  const auto inside = [&](const TensorFunction& f) {
    return Vmap([&](const Tensors& in) { return Vjp(f, in).products; }, {x})[0];
  };
  EXPECT_TRUE(SameBits(inside(again), inside(kept)));
}

TEST(VmapTest, ChunksGiveTheSame) {
  const Tensor x = Randn({7, 3});
  const auto f = [](const Tensors& in) { return Tensors{Softmax(in[0])}; };
  EXPECT_TRUE(Close(Vmap(f, {x}, {.chunk_size = 3})[0], Vmap(f, {x})[0]));
}

TEST(VmapTest, NoExamples) {
  const Tensor y =
      Vmap([](const Tensors& in) { return Tensors{Sum(Exp(in[0]))}; }, {Zeros({0, 3})})[0];
  EXPECT_THAT(y.shape(), ElementsAre(0));
}

TEST(VmapTest, Misuse) {
  const auto f = [](const Tensors& in) { return in; };
  EXPECT_THAT(ErrorOf([&] { Vmap(f, {Ones({2}), Ones({3})}); }), HasSubstr("3 examples"));
  EXPECT_THAT(ErrorOf([&] { Vmap(f, {Ones({2})}, {.in_dims = {{}}}); }), HasSubstr("no input"));
  EXPECT_THAT(ErrorOf([&] { Vmap(f, {Ones({2})}, {.out_dims = {{}}}); }), HasSubstr("out_dims"));
  EXPECT_THAT(ErrorOf([&] { Vmap(f, {Ones({})}); }), HasSubstr("size"));
}

}  // namespace
}  // namespace neura::autograd
