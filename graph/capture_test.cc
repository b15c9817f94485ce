#include "neura/graph/capture.h"

#include <cstring>

#include "gtest/gtest.h"
#include "neura/graph/program.h"
#include "neura/tensor/tensor.h"

namespace neura::graph {
namespace {

void ExpectSameBits(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.dtype(), b.dtype());
  ASSERT_EQ(a.shape(), b.shape());
  const Tensor left = Contiguous(a), right = Contiguous(b);
  EXPECT_EQ(std::memcmp(left.raw_data(), right.raw_data(),
                        static_cast<size_t>(left.numel()) * ItemSize(left.dtype())),
            0)
      << left << "\n"
      << right;
}

// The message of the Error that `fn` throws.
template <typename Fn>
std::string MessageOf(Fn fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

// `fn` as a program gives the same bits as `fn` at every batch size.
template <typename Fn>
void ExpectSameAtAllSizes(Fn fn, DimsView shape, const CaptureOptions& options = {}) {
  Dims example(shape.begin(), shape.end());
  example[0] = 4;
  Graph graph = Capture(fn, {Rand(example)}, options);
  const Program plain(graph);
  const Program optimized = Compile(std::move(graph));
  for (int64_t batch : {1, 2, 3, 4, 7, 33}) {
    SCOPED_TRACE(batch);
    example[0] = batch;
    const Tensor x = Uniform(example, -2, 2);
    const Tensor expected = fn(x);
    ExpectSameBits(plain(x), expected);
    ExpectSameBits(optimized(x), expected);
    ExpectSameBits(optimized(x), expected);
  }
}

TEST(Capture, PointwiseWithBroadcastConstants) {
  const Tensor bias = Rand({5});
  ExpectSameAtAllSizes(
      [&](const Tensor& x) { return Relu(x * 2.0 + bias) - Exp(x) / (Abs(x) + 1); }, {0, 5});
}

TEST(Capture, ReshapesKeepTheBatch) {
  ExpectSameAtAllSizes([](const Tensor& x) { return Flatten(x, 1) + 1; }, {0, 2, 3, 4});
  ExpectSameAtAllSizes(
      [](const Tensor& x) {
        return Reshape(Reshape(x, {-1, 4}) * 2, {x.size(0), 2, -1});
      },
      {0, 2, 3, 4});
  ExpectSameAtAllSizes(
      [](const Tensor& x) {
        return Reshape(Transpose(x, 1, 2), {x.size(0) * x.size(2), x.size(1)});
      },
      {0, 2, 3});
}

TEST(Capture, ShapesMadeOfTheBatch) {
  ExpectSameAtAllSizes([](const Tensor& x) { return x + Zeros({x.size(0), 3}); }, {0, 3});
  ExpectSameAtAllSizes(
      [](const Tensor& x) {
        return Mul(x, Expand(FromList<float>({2, 3, 4}), {x.size(0), 3}));
      },
      {0, 3});
  ExpectSameAtAllSizes([](const Tensor& x) { return Slice(x, 0, 0, 2) * 3; }, {0, 3});
  ExpectSameAtAllSizes([](const Tensor& x) { return Slice(x, 0, 1, x.size(0)); }, {0, 3});
}

TEST(Capture, ViewsAndReductions) {
  ExpectSameAtAllSizes(
      [](const Tensor& x) {
        const std::vector<Tensor> halves = Chunk(x, 2, 1);
        const Tensor joined = Cat({Tanh(halves[1]), halves[0]}, 1);
        return Sum(Permute(joined, {0, 2, 1}), {.dims = {1}}) +
               Unsqueeze(AMax(x, {.dims = {1, 2}}), 1);
      },
      {0, 4, 3});
}

TEST(Capture, MatrixProducts) {
  const Tensor w1 = Randn({16, 8}), b1 = Randn({16}), w2 = Randn({4, 16});
  ExpectSameAtAllSizes(
      [&](const Tensor& x) { return MatMul(Relu(Linear(x, w1, b1)), Transpose(w2, 0, 1)); },
      {0, 8});
}

TEST(Capture, InputsAndConstantsAsOutputs) {
  const Tensor constant = FromList<float>({1, 2});
  const Program program = Compile(
      [&](const Tensor& x) {
        return std::vector<Tensor>{x, constant, Reshape(x, {-1}), x + 1};
      },
      {Zeros({2, 2})});
  const Tensor x = Rand({3, 2});
  const std::vector<Tensor> outputs = program.Run({x});
  ASSERT_EQ(outputs.size(), 4u);
  ExpectSameBits(outputs[0], x);
  ExpectSameBits(outputs[1], constant);
  ExpectSameBits(outputs[2], Reshape(x, {6}));
  // What a program returns is the caller's alone.
  for (const Tensor& output : outputs) {
    EXPECT_NE(output.storage().get(), x.storage().get());
    EXPECT_NE(output.storage().get(), constant.storage().get());
  }
}

TEST(Capture, SeveralInputsAndNamedDimensions) {
  CaptureOptions options;
  options.dynamic_dims = {{0, 1, "length"}, {1, 1, "length"}};
  const auto fn = [](const Tensor& a, const Tensor& b) {
    return MatMul(Reshape(a, {a.size(0), a.size(1), 2, 3}), Unsqueeze(b, 3));
  };
  const Graph graph = Capture(fn, {Rand({2, 5, 6}), Rand({2, 5, 3})}, options);
  EXPECT_EQ(ToString(graph.value(graph.outputs()[0]).shape[1], graph.symbols()), "length");
  const Program program(graph);
  for (int64_t length : {1, 5, 6, 11}) {
    const Tensor a = Rand({3, length, 6}), b = Rand({3, length, 3});
    ExpectSameBits(program.Run({a, b})[0], fn(a, b));
  }
  EXPECT_THROW(program.Run({Rand({3, 4, 6}), Rand({3, 5, 3})}), Error);
}

TEST(Capture, ConstantsKeepTheirNames) {
  const Tensor weight = Rand({3, 2});
  CaptureOptions options;
  options.constant_names = {{"layer.weight", weight}};
  const Graph graph =
      Capture([&](const Tensor& x) { return Linear(x, weight); }, {Rand({2, 2})}, options);
  EXPECT_NE(graph.ToString().find("constant %1 layer.weight float32 [3, 2]"), std::string::npos)
      << graph.ToString();
  EXPECT_NE(graph.ToString().find("float32 [batch, 3] = linear(%0, %1, none)"), std::string::npos)
      << graph.ToString();
}

TEST(Capture, RefusesWhatAGraphCannotExpress) {
  const std::vector<Tensor> example = {Rand({4, 3})};
  EXPECT_NE(MessageOf([&] {
              Capture([](const Tensor& x) { return AddInPlace(Clone(x), x); }, example);
            }).find("add_("),
            std::string::npos);
  EXPECT_NE(MessageOf([&] {
              Capture([](const Tensor& x) { return x * Rand({3}); }, example);
            }).find("random_uniform"),
            std::string::npos);
  // A number computed from the batch size.
  EXPECT_NE(MessageOf([&] {
              Capture([](const Tensor& x) { return x / static_cast<double>(x.size(0)); }, example);
            }).find("full"),
            std::string::npos);
  // A tensor made from values, outside of any operation.
  EXPECT_NE(MessageOf([&] {
              Capture(
                  [](const Tensor& x) {
                    return x + FromVector(std::vector<float>(static_cast<size_t>(x.size(0)) * 3),
                                          x.shape());
                  },
                  example);
            }).find("was not made by an operation"),
            std::string::npos);
  // A number of operations that depends on the batch size.
  EXPECT_NE(MessageOf([&] {
              Capture(
                  [](const Tensor& x) {
                    Tensor y = x;
                    for (int64_t i = 0; i < x.size(0); ++i) y = Exp(y);
                    return y;
                  },
                  example);
            }).find("depend on the size of batch"),
            std::string::npos);
}

TEST(Program, ChecksItsInputs) {
  const Program program = Compile([](const Tensor& x) { return x + 1; }, {Rand({4, 3})});
  EXPECT_NE(MessageOf([&] {
              program(Rand({4, 2}));
            }).find("float32 [batch, 3]"),
            std::string::npos);
  EXPECT_THROW(program(Cast(Rand({4, 3}), kFloat64)), Error);
  EXPECT_THROW(program(Tensor()), Error);
  EXPECT_THROW(program.Run({}), Error);
}

TEST(Program, TakesStridedInputs) {
  const auto fn = [](const Tensor& x) { return Reshape(x, {-1, 6}) + 1; };
  const Program program = Compile(fn, {Rand({2, 2, 3})});
  const Tensor x = Transpose(Rand({4, 3, 2}), 1, 2);
  ExpectSameBits(program(x), fn(x));
}

TEST(Program, EarlierResultsStayValid) {
  const Program program = Compile(
      [](const Tensor& x) {
        return Reshape(Exp(x) + 1, {-1, 2, 3});
      },
      {Rand({2, 6})});
  const Tensor a = Rand({5, 6}), b = Rand({5, 6});
  const Tensor first = program(a), copy = Clone(first);
  program(b);
  ExpectSameBits(first, copy);
}

TEST(Program, ReportsWhatOnlyDataCanTell) {
  const Tensor table = Rand({4, 2});
  const Program program = Compile([&](const Tensor& index) { return IndexSelect(table, 0, index); },
                                  {FromList<int64_t>({0, 1})});
  EXPECT_THROW(program(FromList<int64_t>({0, 9})), Error);
  ExpectSameBits(program(FromList<int64_t>({3})), Slice(table, 0, 3));
}

}  // namespace
}  // namespace neura::graph
