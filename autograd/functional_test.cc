// Products with Jacobians and Hessians, and these themselves.
#include "neura/autograd/functional.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neura/autograd/autograd.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::autograd {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;
using Tensors = std::vector<Tensor>;

// y = x0^2 * x1, z = sum(x1): the Jacobian is known.
Tensors TwoOutputs(const Tensors& in) { return {Square(in[0]) * in[1], Sum(in[1])}; }
const Tensor kX = FromList<float>({1, 2}), kY = FromList<float>({3, 4});

TEST(FunctionalTest, Vjp) {
  const Products made = Vjp(TwoOutputs, {kX, kY}, {FromList<float>({1, 10}), ScalarTensor(5.0)});
  EXPECT_THAT(Values(made.outputs[0]), ElementsAre(3, 16));
  EXPECT_THAT(Values(made.products[0]), ElementsAre(6, 160));
  EXPECT_THAT(Values(made.products[1]), ElementsAre(1 + 5, 40 + 5));
  EXPECT_FALSE(RequiresGrad(made.outputs[0]) || RequiresGrad(made.products[0]));
}

TEST(FunctionalTest, Jvp) {
  const Products made = Jvp(TwoOutputs, {kX, kY}, {FromList<float>({1, 0}), kY});
  EXPECT_THAT(Values(made.products[0]), ElementsAre(6 + 3, 16));
  EXPECT_THAT(Values(made.products[1]), ElementsAre(7));
  EXPECT_FALSE(RequiresGrad(made.products[0]));
}

TEST(FunctionalTest, ProductsCanBeDifferentiated) {
  const Tensor x = SetRequiresGrad(FromList<float>({1, 2}));
  const auto cube = [](const Tensors& in) { return Tensors{in[0] * in[0] * in[0]}; };
  const Tensor v = FromList<float>({1, 1});
  const FunctionalOptions options{.create_graph = true};
  for (const Products& made : {Vjp(cube, {x}, {v}, options), Jvp(cube, {x}, {v}, options)}) {
    EXPECT_THAT(Values(made.products[0]), ElementsAre(3, 12));
    EXPECT_THAT(Values(Grad({Sum(made.products[0])}, {x})[0]), ElementsAre(6, 12));
  }
}

TEST(FunctionalTest, JacobiansHaveTheShapesOfBoth) {
  for (bool vectorize : {false, true}) {
    JacobianOptions options;
    options.vectorize = vectorize;
    const auto jacobian = Jacobian(TwoOutputs, {kX, kY}, options);
    EXPECT_THAT(jacobian[0][0].shape(), ElementsAre(2, 2));
    EXPECT_THAT(Values(jacobian[0][0]), ElementsAre(6, 0, 0, 16));
    EXPECT_THAT(Values(jacobian[0][1]), ElementsAre(1, 0, 0, 4));
    EXPECT_THAT(Values(jacobian[1][0]), ElementsAre(0, 0));
    EXPECT_THAT(Values(jacobian[1][1]), ElementsAre(1, 1));
  }
}

TEST(FunctionalTest, Hessian) {
  const auto f = [](const Tensors& in) { return Tensors{Sum(Square(in[0]) * in[1])}; };
  for (bool vectorize : {false, true}) {
    JacobianOptions options;
    options.vectorize = vectorize;
    const auto hessian = Hessian(f, {kX, kY}, options);
    EXPECT_THAT(Values(hessian[0][0]), ElementsAre(6, 0, 0, 8));
    EXPECT_THAT(Values(hessian[0][1]), ElementsAre(2, 0, 0, 4));
    EXPECT_THAT(Values(hessian[1][1]), ElementsAre(0, 0, 0, 0));
  }
  const Products product = Hvp(f, {kX, kY}, {FromList<float>({1, 1}), FromList<float>({0, 1})});
  EXPECT_THAT(Values(product.outputs[0]), ElementsAre(19));
  EXPECT_THAT(Values(product.products[0]), ElementsAre(6, 8 + 4));
  EXPECT_THAT(Values(product.products[1]), ElementsAre(2, 4));
}

TEST(FunctionalTest, StrictTellsWhatDoesNotDepend) {
  const auto one = [](const Tensors& in) { return Tensors{Sum(in[0])}; };
  EXPECT_THAT(Values(Vjp(one, {kX, kY}).products[1]), ElementsAre(0, 0));
  EXPECT_THAT(ErrorOf([&] { Vjp(one, {kX, kY}, {}, {.strict = true}); }), HasSubstr("input 1"));
  const auto none = [](const Tensors&) { return Tensors{Ones({})}; };
  EXPECT_THAT(ErrorOf([&] { Vjp(none, {kX}, {}, {.strict = true}); }), HasSubstr("output 0"));
}

TEST(FunctionalTest, Misuse) {
  EXPECT_THAT(ErrorOf([] { Vjp(TwoOutputs, {kX, kY}); }), HasSubstr("Vjp"));
  EXPECT_THAT(ErrorOf([] { Jvp(TwoOutputs, {kX, kY}, {kX}); }), HasSubstr("1 tensors in v for 2"));
  EXPECT_THAT(ErrorOf([] { Jvp(TwoOutputs, {kX, kY}, {kX, Ones({3})}); }), HasSubstr("v[1]"));
  EXPECT_THAT(ErrorOf([] { Hessian(TwoOutputs, {kX, kY}); }), HasSubstr("one element"));
  EXPECT_THAT(ErrorOf([] {
                Vjp(TwoOutputs, {kX, Ones({2}, {.dtype = kInt64})});
              }),
              HasSubstr("floating point"));
}

}  // namespace
}  // namespace neura::autograd
