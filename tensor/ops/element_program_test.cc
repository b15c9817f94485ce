// Programs over elements as they are traced, printed and compared.
#include "neura/tensor/ops/element_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

ElementProgram Sample(double factor, double slope) {
  ElementTrace trace(2);
  const Element x = trace.Input(0), y = trace.Input(1);
  const Element scaled = Sqrt(x) * factor + y;
  // One after the other: a call's arguments may be computed in any order.
  const Element above = scaled > factor, leaky = LeakyRelu(scaled, {.negative_slope = slope});
  return trace.Finish({Select(above, leaky, -y), scaled});
}

TEST(ElementProgramTest, IsReadable) {
  EXPECT_EQ(Sample(0.1, 0.2).ToString(),
            "(x0, x1): t0 = sqrt(x0); t1 = mul(t0, 0.1); t2 = add(t1, x1); t3 = gt(t2, 0.1); "
            "t4 = leaky_relu(t2, {negative_slope=0.2}); t5 = neg(x1); t6 = where(t3, t4, t5); "
            "return t6, t2");
}

TEST(ElementProgramTest, ComparesWhatItComputes) {
  EXPECT_EQ(Sample(0.1, 0.2), Sample(0.1, 0.2));
  EXPECT_FALSE(Sample(0.1, 0.2) == Sample(0.3, 0.2));
  EXPECT_FALSE(Sample(0.1, 0.2) == Sample(0.1, 0.3));
}

TEST(ElementProgramTest, KeepsEachNumberOnce) {
  ElementTrace trace(1);
  const Element x = trace.Input(0);
  const ElementProgram program = trace.Finish({x * 2 + 2 - 0.0 + -0.0});
  EXPECT_THAT(std::vector<double>(program.numbers().begin(), program.numbers().end()),
              ::testing::ElementsAre(2, 0.0, -0.0));
}

TEST(ElementProgramTest, RefusesWhatIsNoProgram) {
  ElementTrace trace(1), other(1);
  const Element x = trace.Input(0), y = other.Input(0);
  EXPECT_THAT(ErrorOf([&] { Element(1) + Element(2); }), HasSubstr("add of numbers alone"));
  EXPECT_THAT(ErrorOf([&] { (x > 0) + x; }), HasSubstr("operand 0 of add must be a number"));
  EXPECT_THAT(ErrorOf([&] { Select(x, x, x); }),
              HasSubstr("operand 0 of where must be a truth value"));
  EXPECT_THAT(ErrorOf([&] { x + y; }), HasSubstr("another program"));
  EXPECT_THAT(ErrorOf([&] { trace.Input(1); }), HasSubstr("input 1 of 1"));
  EXPECT_THAT(ErrorOf([&] { trace.Finish({}); }), HasSubstr("needs a result"));
  EXPECT_THAT(ErrorOf([&] { trace.Finish({x > 0}); }), HasSubstr("not a truth value"));
  EXPECT_THAT(ErrorOf([&] {
                ElementTrace large(1);
                Element sum = large.Input(0);
                for (int i = 0; i < 1000; ++i) sum = sum + sum;
              }),
              HasSubstr("at most"));
}

}  // namespace
}  // namespace neura
