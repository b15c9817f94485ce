#include "neura/tensor/core/printing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "neura/tensor/tensor.h"

namespace neura {
namespace {

TEST(PrintingTest, AlignsColumns) {
  EXPECT_EQ(FromList<float>({1, -2.5, 3, 4}, {2, 2}).ToString(),
            "[[ 1.0000, -2.5000],\n [ 3.0000,  4.0000]]\nfloat32 [2, 2]");
  EXPECT_EQ(FromList<int64_t>({1, 10, -100}).ToString(), "[   1,   10, -100]\nint64 [3]");
  EXPECT_EQ(FromList<bool>({true, false}).ToString(), "[ true, false]\nbool [2]");
}

TEST(PrintingTest, FollowsTheOptions) {
  const Tensor x = FromList<double>({1.0 / 3, 200});
  SetPrintOptions({.precision = 2});
  EXPECT_EQ(ElementsText(x), "[  0.33, 200.00]");
  SetPrintOptions({.precision = 1, .sci_mode = true});
  EXPECT_EQ(ElementsText(x), "[3.3e-01, 2.0e+02]");
  SetPrintOptions({.threshold = 5, .edgeitems = 1});
  EXPECT_EQ(ElementsText(Arange(9)), "[0,  ..., 8]");
  SetPrintOptions({.threshold = 5, .edgeitems = 0});
  EXPECT_EQ(ElementsText(Arange(9)), "[ ...]");
  SetPrintOptions({.linewidth = 12});
  EXPECT_EQ(ElementsText(Arange(5)), "[0, 1, 2, 3,\n 4]");
  EXPECT_THROW(SetPrintOptions({.precision = -1}), Error);
  SetPrintOptions({});
  EXPECT_EQ(ElementsText(x), "[  0.3333, 200.0000]");
}

TEST(PrintingTest, WholeNumbersAreShort) {
  EXPECT_EQ(FromList<float>({1, 2}).ToString(), "[1., 2.]\nfloat32 [2]");
  EXPECT_EQ(ScalarTensor(2.5).ToString(), "2.5000\nfloat32 []");
}

TEST(PrintingTest, WideRangesAreScientific) {
  EXPECT_EQ(FromList<float>({1e-6f, 1}).ToString(), "[1.0000e-06, 1.0000e+00]\nfloat32 [2]");
}

TEST(PrintingTest, SpecialValuesAndDtypes) {
  EXPECT_EQ(FromList<float>({NAN, INFINITY, -1.5}).ToString(),
            "[    nan,     inf, -1.5000]\nfloat32 [3]");
  EXPECT_EQ(Cast(FromList<float>({0.5}), kBFloat16).ToString(), "[0.5000]\nbfloat16 [1]");
  EXPECT_EQ(FromList<std::complex<float>>({{1, -2}}).ToString(), "[1.-2.j]\ncomplex64 [1]");
}

TEST(PrintingTest, EmptyUndefinedAndStrided) {
  EXPECT_EQ(Zeros({0, 3}).ToString(), "[]\nfloat32 [0, 3]");
  EXPECT_EQ(Zeros({int64_t{1} << 60, 0}).ToString(), "[]\nfloat32 [1152921504606846976, 0]");
  EXPECT_EQ(Tensor().ToString(), "Tensor(undefined)");
  EXPECT_EQ(Transpose(FromList<int64_t>({1, 2, 3, 4}, {2, 2}), 0, 1).ToString(),
            "[[1, 3],\n [2, 4]]\nint64 [2, 2]");
}

TEST(PrintingTest, OnlyFiniteNumbersSetTheWidth) {
  EXPECT_EQ(FromList<float>({NAN, 1, 0}).ToString(), "[nan, 1., 0.]\nfloat32 [3]");
  EXPECT_EQ(FromList<std::complex<float>>({{1, 0.5}, {-20, -0.25}}).ToString(),
            "[  1.+0.5000j, -20.-0.2500j]\ncomplex64 [2]");
}

TEST(PrintingTest, LinesAreAsWideAsTheyMayBe) {
  const Tensor x = Arange(1000, 1014);
  EXPECT_EQ(
      ElementsText(x),
      "[1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012,\n 1013]");
  EXPECT_EQ(ElementsText(x, 7),
            "[1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011,\n"
            "        1012, 1013]");
}

TEST(PrintingTest, LargeTensorsShowTheirEdges) {
  EXPECT_EQ(Arange(2000).ToString(), "[   0,    1,    2,  ..., 1997, 1998, 1999]\nint64 [2000]");
}

}  // namespace
}  // namespace neura
