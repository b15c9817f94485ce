#include "neura/graph/capture.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/graph/program.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::graph {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

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
    EXPECT_TRUE(SameBits(plain(x), expected));
    EXPECT_TRUE(SameBits(optimized(x), expected));
    EXPECT_TRUE(SameBits(optimized(x), expected));
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

TEST(Capture, Decompositions) {
  ExpectSameAtAllSizes(
      [](const Tensor& x) {
        const auto [w, V] = linalg::Eig(x);
        const Tensor definite = MatMul(x, Transpose(x, 1, 2)) + Eye(3);
        const Tensor sizes = Real(Sum(w, {.dims = {1}})) + linalg::Det(x);
        return linalg::Solve(definite, Abs(V)) * Reshape(sizes, {x.size(0), 1, 1});
      },
      {0, 3, 3});
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
  EXPECT_TRUE(SameBits(outputs[0], x));
  EXPECT_TRUE(SameBits(outputs[1], constant));
  EXPECT_TRUE(SameBits(outputs[2], Reshape(x, {6})));
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
  EXPECT_EQ(graph.ExtentToString(graph.value(graph.outputs()[0]).shape[1]), "length");
  const Program program(graph);
  for (int64_t length : {1, 5, 6, 11}) {
    const Tensor a = Rand({3, length, 6}), b = Rand({3, length, 3});
    EXPECT_TRUE(SameBits(program.Run({a, b})[0], fn(a, b)));
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

// `fn` as a program gives the bits of eager execution on fresh inputs, with the numbers that it
// would draw.
template <typename Fn>
void ExpectSameOnFreshInputs(Fn fn, DimsView shape) {
  Dims example(shape.begin(), shape.end());
  example[0] = 4;
  Graph graph = Capture(fn, {Rand(example)});
  const Program plain(graph);
  const Program optimized = Compile(std::move(graph));
  for (int64_t run = 0; run < 10; ++run) {
    SCOPED_TRACE(run);
    example[0] = 1 + run * 3 % 8;
    const Tensor x = Uniform(example, -2, 2), before = Clone(x);
    const RandomState state = DefaultGenerator().state();
    const Tensor expected = fn(x);
    const uint64_t drawn = DefaultGenerator().state().offset;
    for (const Program* program : {&plain, &optimized}) {
      DefaultGenerator().SetState(state);
      EXPECT_TRUE(SameBits((*program)(x), expected)) << program->graph().ToString();
      EXPECT_EQ(DefaultGenerator().state().offset, drawn);
    }
    EXPECT_TRUE(SameBits(x, before));
  }
}

TEST(Capture, RandomOperationsDrawAnewInEachRun) {
  ExpectSameOnFreshInputs([](const Tensor& x) { return Dropout(x, 0.5, true) + Rand({3}); },
                          {0, 3});
  ExpectSameOnFreshInputs(
      [](const Tensor& x) {
        const Tensor noise = Randn({x.size(0), 3}), more = Randn({x.size(0), 3});
        return x + noise * more + Cast(RandInt(0, 9, {3}), kFloat32);
      },
      {0, 3});
  const Program program = Compile([](const Tensor& x) { return x + Rand({3}); }, {Zeros({2, 3})});
  const Tensor x = Zeros({2, 3});
  EXPECT_FALSE(SameBits(program(x), program(x)));
  Generator a(7), b(7);
  EXPECT_TRUE(SameBits(program.Run({x}, &a)[0], program.Run({x}, &b)[0]));
}

TEST(Capture, DrawsNothingItself) {
  const RandomState before = DefaultGenerator().state();
  Capture([](const Tensor& x) { return x + Rand({3}); }, {Zeros({2, 3})});
  EXPECT_EQ(DefaultGenerator().state().offset, before.offset);
}

TEST(Capture, WritesInPlaceBecomeValues) {
  ExpectSameOnFreshInputs(
      [](const Tensor& x) {
        Tensor y = Clone(x);
        AddInPlace(y, x);
        const Tensor before = y * 1.0;
        MulInPlace(y, before + 1);
        return y - before;
      },
      {0, 3});
  // Through a view, and seen by views made before and after.
  ExpectSameOnFreshInputs(
      [](const Tensor& x) {
        Tensor y = x * 2.0;
        const Tensor flat = Reshape(y, {-1}), column = Slice(y, 1, 1, 2);
        Tensor turned = Transpose(y, 0, 1);
        AddInPlace(turned, Ones({4, 1}));
        ExpInPlace(column);
        Assign(Slice(y, 1, 2), Slice(y, 1, 0, 2));
        return Sum(flat) + y + Transpose(turned, 0, 1) + column + Slice(y, 1, -1);
      },
      {0, 4});
  // Rows from the end, every second one, and a row of another dtype, broadcast.
  ExpectSameOnFreshInputs(
      [](const Tensor& x) {
        Tensor y = Tanh(x);
        MulInPlace(Slice(y, 0, -1), Full({1}, 3));
        Assign(Slice(y, 1, 1, INT64_MAX, 2), FromList<int64_t>({7}));
        MulInPlace(Slice(y, 0, 0, INT64_MAX, 3), 0.25);
        return y;
      },
      {0, 5});
}

TEST(Capture, WritesThroughParts) {
  ExpectSameOnFreshInputs(
      [](const Tensor& x) {
        Tensor y = Tanh(x);
        const std::vector<Tensor> parts = Split(y, {1, 2, 2}, 1), halves = Chunk(y, 2, 1);
        MulInPlace(parts[1], 3);
        AddInPlace(halves[1], parts[0]);
        const std::vector<Tensor> columns = Unbind(y, 1);
        Assign(columns[0], columns[4]);
        ExpInPlace(columns[4]);
        return Sum(y, {.dims = {1}}) + Sum(parts[2], {.dims = {1}}) + columns[1];
      },
      {0, 5});
}

TEST(Capture, PartsAreOneNode) {
  const auto fn = [](const Tensor& x) {
    const std::vector<Tensor> parts = Split(x, {1, 2, 1}, 1), columns = Unbind(x, -1);
    return parts[0] * parts[2] + Reshape(columns[3], {-1, 1});
  };
  const Graph graph = Capture(fn, {Rand({2, 4})});
  size_t splits = 0;
  for (NodeId node : graph.nodes()) splits += graph.node(node).name() == "split";
  EXPECT_EQ(splits, 1u);
  ExpectSameAtAllSizes(fn, {0, 4});
  // Sizes of parts follow from open ones.
  ExpectSameAtAllSizes(
      [](const Tensor& x) {
        const std::vector<Tensor> parts = Split(x, {1, x.size(0) - 1});
        return Sum(parts[1], {.dims = {0}, .keepdim = true}) - parts[0];
      },
      {0, 3});
  EXPECT_THAT(ErrorOf([] {
                Capture([](const Tensor& x) { return Stack(Unbind(x)); }, {Rand({2, 3})});
              }),
              HasSubstr("operation 0 is unbind into 2"));
  Graph open;
  const ValueId x = open.AddInput("x", kFloat32, {Open("batch"), 3});
  EXPECT_THAT(ErrorOf([&] { open.AddNode(op::kUnbind, OptionsBox(op::kUnbind), {x}); }),
              HasSubstr("dim 0 is open"));
}

TEST(Capture, RefusesWhatAGraphCannotExpress) {
  const std::vector<Tensor> example = {Rand({4, 3})};
  // What is written belongs to somebody else.
  EXPECT_THAT(ErrorOf([&] { Capture([](const Tensor& x) { return AddInPlace(x, x); }, example); }),
              HasSubstr("add_("));
  const Tensor buffer = Zeros({3});
  EXPECT_THAT(ErrorOf([&] {
                Capture([&](const Tensor& x) { return x + AddInPlace(buffer, 1.0); }, example);
              }),
              HasSubstr("Clone() it first"));
  EXPECT_TRUE(SameBits(buffer, Zeros({3})));
  // A view that no operation writes back through.
  EXPECT_THAT(ErrorOf([&] {
                Capture(
                    [](const Tensor& x) {
                      const Tensor square = MatMul(Transpose(x, 0, 1), x);
                      AddInPlace(Diagonal(square), 1.0);
                      return square;
                    },
                    example);
              }),
              HasSubstr("cannot write through a view made by diagonal"));
  // A number computed from the batch size.
  EXPECT_THAT(ErrorOf([&] {
                Capture([](const Tensor& x) { return x / static_cast<double>(x.size(0)); },
                        example);
              }),
              HasSubstr("full"));
  // A tensor made from values, outside of any operation.
  EXPECT_THAT(ErrorOf([&] {
                Capture(
                    [](const Tensor& x) {
                      return x + FromVector(std::vector<float>(static_cast<size_t>(x.size(0)) * 3),
                                            x.shape());
                    },
                    example);
              }),
              HasSubstr("was not made by an operation"));
  // A number of operations that depends on the batch size.
  EXPECT_THAT(ErrorOf([&] {
                Capture(
                    [](const Tensor& x) {
                      Tensor y = x;
                      for (int64_t i = 0; i < x.size(0); ++i) y = Exp(y);
                      return y;
                    },
                    example);
              }),
              HasSubstr("depend on an open size"));
}

TEST(Capture, RefusesToBakeInWhatItReads) {
  const Tensor x = FromList<float>({1, -2, 3});
  const auto error = [&](auto function) { return ErrorOf([&] { Capture(function, {x}); }); };
  EXPECT_THAT(error([](const Tensor& a) { return MaskedSelect(a, a > 0); }),
              HasSubstr("elements of a bool"));
  EXPECT_THAT(error([](const Tensor& a) { return a * Sum(a).Item<float>(); }), HasSubstr("Item()"));
  EXPECT_THAT(error([](const Tensor& a) { return a * Transpose(Exp(a), 0, 0).data<float>()[0]; }),
              HasSubstr("elements of a float32"));
  const Tensor scale = FromList<float>({2});
  const Program program = Compile([&](const Tensor& a) { return a * scale.Item<float>(); }, {x});
  EXPECT_TRUE(SameBits(program(-x), -x * 2));
}

TEST(Capture, ConstantsThatAreViewsStayViews) {
  const Tensor table = Rand({1000, 8}), turned = Transpose(table, 0, 1);
  const Tensor rows = Slice(table, 0, 2, 6);
  const auto fn = [&](const Tensor& x) {
    return MatMul(MatMul(x, turned), table) + Sum(rows, {.dims = {0}}) +
           Slice(Reshape(table, {8000}), 0, 0, 8);
  };
  const Program program = Compile(fn, {Rand({2, 8})});
  for (ValueId id : program.graph().values()) {
    const Value& value = program.graph().value(id);
    if (!value.is_constant() || !program.graph().IsUsed(id) || value.constant.numel() < 16)
      continue;
    EXPECT_EQ(value.constant.storage().get(), table.storage().get());
  }
  const Tensor x = Rand({5, 8});
  EXPECT_TRUE(SameBits(program(x), fn(x)));
}

TEST(Capture, SizesFollowFromWhatWasComputed) {
  // No expression of the input's size in closed form: a convolution rounds, a product is of two.
  const Tensor kernel = Randn({4, 1, 3, 3});
  CaptureOptions options;
  options.dynamic_dims = {{0, 2, "height"}, {0, 3, "width"}};
  const auto fn = [&](const Tensor& x) {
    const Tensor y = Conv2d(x, kernel, {}, {.stride = 2, .padding = 1});
    const Tensor rows = Reshape(Permute(y, {0, 2, 3, 1}), {y.size(0), y.size(2) * y.size(3), 4});
    return rows + Zeros({y.size(2) * y.size(3), 1}) +
           Sum(Zeros({x.size(2) * x.size(3), 2 * x.size(0) + x.size(2) + 1}));
  };
  const Program program = Compile(fn, {Rand({2, 1, 8, 6})}, options);
  for (int64_t height : {1, 5, 8, 15}) {
    for (int64_t width : {2, 7}) {
      const Tensor x = Rand({3, 1, height, width});
      EXPECT_TRUE(SameBits(program(x), fn(x)));
    }
  }
}

TEST(Capture, RefusesSizesThatFollowByDivision) {
  const auto error = [](auto fn, int64_t extent, bool named) {
    CaptureOptions options;
    options.dynamic_batch = !named;
    if (named) options.dynamic_dims = {{0, 0, "length"}};
    return ErrorOf([&] { Capture(fn, {Rand({extent, 3})}, options); });
  };
  const auto half = [](const Tensor& x) { return Slice(x, 0, 0, x.size(0) / 2); };
  const auto even = [](const Tensor& x) { return Slice(x, 0, 0, x.size(0) / 2 * 2); };
  const auto capped = [](const Tensor& x) {
    return Slice(x, 0, 0, std::min<int64_t>(x.size(0), 6));
  };
  EXPECT_THAT(error(half, 4, false), AllOf(HasSubstr("slice"), HasSubstr("with batch = 7")));
  EXPECT_THAT(error(even, 4, false), HasSubstr("slice"));
  EXPECT_THAT(error(capped, 4, false), HasSubstr("with batch = 3"));
  for (int64_t extent : {1, 2, 3, 4, 5, 224}) {
    SCOPED_TRACE(extent);
    EXPECT_THAT(error(half, extent, true), HasSubstr("slice"));
    EXPECT_THAT(error(even, extent, true), HasSubstr("slice"));
  }
}

TEST(Capture, RunsTheFunctionAtTheSizesThatItSays) {
  std::vector<int64_t> seen;
  const auto fn = [&seen](const Tensor& x) {
    seen.push_back(x.size(0));
    return x + 1;
  };
  Capture(fn, {Rand({5, 3})});
  EXPECT_THAT(seen, ElementsAre(2, 3, 7, 11));
  seen.clear();
  // A name is only a name.
  Capture(fn, {Rand({5, 3})}, {.dynamic_batch = false, .dynamic_dims = {{0, 0, "batch"}}});
  EXPECT_THAT(seen, ElementsAre(5, 10, 16, 23));
}

TEST(Capture, NamesTheSizeAtWhichTheFunctionFails) {
  CaptureOptions options;
  options.dynamic_dims = {{0, 1, "length"}};
  const auto pairs = [](const Tensor& x) { return Reshape(x, {x.size(0), x.size(1) / 2, 2}); };
  EXPECT_THAT(ErrorOf([&] {
                Capture(pairs, {Rand({2, 4})}, options);
              }),
              AllOf(HasSubstr("Capture, with length = 13"), HasSubstr("reshape")));
}

TEST(Capture, CountsTheExamples) {
  const Tensor x = Rand({2, 2});
  const auto one = [](const Tensor& a) { return a; };
  const auto two = [](const Tensor& a, const Tensor& b) { return a + b; };
  const auto any = [](absl::Span<const Tensor> all) { return all[0] + all[4]; };
  EXPECT_THAT(ErrorOf([&] { Capture(one, {x, x}); }), HasSubstr("takes 1 tensors, got 2"));
  EXPECT_THAT(ErrorOf([&] { Capture(two, {x}); }), HasSubstr("takes 2 tensors, got 1"));
  EXPECT_TRUE(SameBits(Program(Capture(two, {x, x})).Run({x, x})[0], x + x));
  EXPECT_TRUE(SameBits(Program(Capture(any, {x, x, x, x, x})).Run({x, x, x, x, x})[0], x + x));
}

TEST(Program, ChecksItsInputs) {
  const Program program = Compile([](const Tensor& x) { return x + 1; }, {Rand({4, 3})});
  EXPECT_THAT(ErrorOf([&] { program(Rand({4, 2})); }), HasSubstr("float32 [batch, 3]"));
  EXPECT_THROW(program(Cast(Rand({4, 3}), kFloat64)), Error);
  EXPECT_THROW(program(Tensor()), Error);
  EXPECT_THROW(program.Run({}), Error);
}

TEST(Program, TakesStridedInputs) {
  const auto fn = [](const Tensor& x) { return Reshape(x, {-1, 6}) + 1; };
  const Program program = Compile(fn, {Rand({2, 2, 3})});
  const Tensor x = Transpose(Rand({4, 3, 2}), 1, 2);
  EXPECT_TRUE(SameBits(program(x), fn(x)));
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
  EXPECT_TRUE(SameBits(first, copy));
}

TEST(Program, RunsOnSeveralThreadsAtOnce) {
  const Tensor weight = Randn({6, 6});
  const auto fn = [&](const Tensor& x) { return Tanh(MatMul(Exp(x) + x, weight)) * 2.0; };
  const Program program = Compile(fn, {Rand({2, 6})});
  // More sizes than plans are kept, so that plans come and go while others run.
  std::vector<Tensor> inputs, expected;
  for (int64_t rows = 1; rows <= 12; ++rows) {
    inputs.push_back(Uniform({rows, 6}, -1, 1));
    expected.push_back(fn(inputs.back()));
  }
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 200; ++i) {
        const size_t at = (i + t) / 2 % inputs.size();
        wrong[t] += !SameBits(program(inputs[at]), expected[at]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
}

TEST(Program, ReportsWhatOnlyDataCanTell) {
  const Tensor table = Rand({4, 2});
  const Program program = Compile([&](const Tensor& index) { return IndexSelect(table, 0, index); },
                                  {FromList<int64_t>({0, 1})});
  EXPECT_THROW(program(FromList<int64_t>({0, 9})), Error);
  EXPECT_TRUE(SameBits(program(FromList<int64_t>({3})), Slice(table, 0, 3)));
}

}  // namespace
}  // namespace neura::graph
