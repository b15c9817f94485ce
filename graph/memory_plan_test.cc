#include "neura/graph/memory_plan.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/graph/program.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::graph {
namespace {

using ::testing::HasSubstr;

TEST(PlaceBlocks, BlocksThatLiveTogetherDoNotOverlap) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<Lifetime> blocks(random() % 40);
    int64_t sum = 0;
    for (Lifetime& block : blocks) {
      block.bytes = static_cast<int64_t>(random() % 10000);
      block.first = static_cast<int>(random() % 30);
      block.last = block.first + static_cast<int>(random() % 8);
      sum += (block.bytes + 63) / 64 * 64;
    }
    const Placement placement = PlaceBlocks(blocks);
    EXPECT_LE(placement.bytes, sum);
    for (size_t i = 0; i < blocks.size(); ++i) {
      EXPECT_EQ(placement.offsets[i] % 64, 0);
      EXPECT_LE(placement.offsets[i] + blocks[i].bytes, placement.bytes);
      for (size_t k = 0; k < i; ++k) {
        if (blocks[i].last < blocks[k].first || blocks[k].last < blocks[i].first) continue;
        EXPECT_TRUE(placement.offsets[i] + blocks[i].bytes <= placement.offsets[k] ||
                    placement.offsets[k] + blocks[k].bytes <= placement.offsets[i]);
      }
    }
  }
}

// Operations of all kinds on values of [rows, 6], chosen at random among those made so far.
std::vector<Tensor> RandomFunction(uint32_t seed, const Tensor& x) {
  std::mt19937 random(seed);
  std::vector<Tensor> values = {x, x * 0.5};
  const auto pick = [&]() -> const Tensor& { return values[random() % values.size()]; };
  const int count = 5 + static_cast<int>(random() % 30);
  for (int i = 0; i < count; ++i) {
    switch (random() % 11) {
      case 0:
        values.push_back(pick() + pick());
        break;
      case 1:
        values.push_back(Tanh(pick()));
        break;
      case 2:
        values.push_back(pick() * Sum(pick(), {.dims = {1}, .keepdim = true}));
        break;
      case 3:
        values.push_back(Flip(Slice(Cat({pick(), pick()}, 1), 1, 3, 9), {1}));
        break;
      case 4:
        values.push_back(Reshape(Relu(Reshape(pick(), {-1, 2, 3})), {-1, 6}));
        break;
      case 5:
        values.push_back(Reshape(Transpose(Reshape(pick(), {-1, 2, 3}), 1, 2), {-1, 6}));
        break;
      case 6:
        values.push_back(Where(pick() > 0.0, pick(), pick()));
        break;
      case 7:
        values.push_back(Softmax(pick()));
        break;
      case 8:
        values.push_back(pick() - Slice(pick(), 1, 2, 3));
        break;
      case 9:
        values.push_back(Cast(Cast(pick(), kFloat64) * 2.0, kFloat32));
        break;
      default:
        values.push_back(Tanh(Alias(pick()) + Expand(Slice(pick(), 1, 0, 1), {-1, 6})));
        break;
    }
  }
  return {values.back(), Reshape(pick(), {-1}), pick()};
}

TEST(PlanMemory, RandomProgramsGiveTheBitsOfEagerExecution) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const auto fn = [seed](const Tensor& x) { return RandomFunction(seed, x); };
    Graph graph = Capture(fn, {Rand({2, 6})});
    const Program plain(graph), optimized = Compile(std::move(graph));
    for (int64_t rows : {1, 5, 40}) {
      const Tensor x = Uniform({rows, 6}, -1, 1);
      const std::vector<Tensor> expected = fn(x);
      for (const Program* program : {&plain, &optimized}) {
        const std::vector<Tensor> results = program->Run({x});
        for (size_t i = 0; i < expected.size(); ++i) {
          ASSERT_TRUE(SameBits(results[i], expected[i])) << i << " of\n"
                                                         << program->graph().ToString();
        }
      }
    }
  }
}

TEST(PlanMemory, AChainOfPointwiseOperationsWorksInPlace) {
  const Program program(Capture(
      [](const Tensor& x) {
        Tensor y = x;
        for (int i = 0; i < 10; ++i) y = Relu(Exp(y));
        return Sum(y, {.dims = {1}});
      },
      {Rand({2, 256})}));
  EXPECT_EQ(program.ArenaBytes({4}), 4 * 256 * 4);
}

// An output that nothing reads is neither planned for nor computed.
TEST(PlanMemory, UnusedOutputsTakeNoMemory) {
  const auto pooled = [](bool use_indices) {
    return Program(Capture(
        [use_indices](const Tensor& x) {
          const ValuesAndIndices both = MaxPool2dWithIndices(Exp(x), {.kernel_size = 2});
          const Tensor values = Exp(Sum(both.values, {.dims = {3}}));
          return use_indices ? values + Sum(both.indices, {.dims = {3}}) : values;
        },
        {Rand({2, 4, 16, 16})}));
  };
  const Program plain = pooled(false), with_indices = pooled(true);
  const int64_t indices = 4 * 8 * 8 * 8;
  EXPECT_LE(plain.ArenaBytes({1}) + indices, with_indices.ArenaBytes({1}));
  const Tensor x = Rand({3, 4, 16, 16});
  EXPECT_TRUE(SameBits(plain(x), Exp(Sum(MaxPool2d(Exp(x), {.kernel_size = 2}), {.dims = {3}}))));
}

// The kernel is told which outputs are used.
TEST(PlanMemory, KernelsMakeWhatIsUsed) {
  static int made = 0;
  static const OpId both = [] {
    OpSchema schema;
    schema.name = "test_both";
    schema.cc_name = "TestBoth";
    schema.inputs = "input";
    schema.outputs = "negative, double";
    schema.doc = "-input and 2 * input";
    schema.options = OptionsTypeOf<NoOptions>("NoOptions");
    const OpId op = RegisterOp(schema, [](const OpCall& call, OutputSpecs& outputs) {
      for (OutputSpec& output : outputs) {
        output.dtype = call.input(0).dtype();
        output.shape.assign(call.input(0).shape().begin(), call.input(0).shape().end());
      }
    });
    KernelsOf(DeviceType::kCpu)[op] = [](KernelCall& call) {
      const float factors[] = {-1, 2};
      for (size_t k : {0, 1}) {
        if (!call.wants(k)) continue;
        ++made;
        for (int64_t i = 0; i < call.output(k).numel(); ++i) {
          call.output(k).data<float>()[i] = factors[k] * call.input(0).data<float>()[i];
        }
      }
    };
    return op;
  }();
  for (unsigned used : {0b01u, 0b10u, 0b11u}) {
    Graph graph;
    const ValueId x = graph.AddInput("x", kFloat32, {3});
    const absl::Span<const ValueId> outputs = graph.AddNode(both, OptionsBox(both), {x});
    const std::vector<ValueId> values(outputs.begin(), outputs.end());
    for (size_t k : {0, 1}) {
      if (used >> k & 1) graph.AddOutput(values[k], "y");
    }
    const Program program(std::move(graph));
    made = 0;
    const std::vector<Tensor> results = program.Run({FromList<float>({1, 2, 3})});
    EXPECT_EQ(made, used == 0b11u ? 2 : 1);
    EXPECT_EQ(results[0].data<float>()[2], used == 0b10u ? 6 : -3);
  }
}

TEST(PlanMemory, ArenaBytesChecksTheSizes) {
  const Program program(Capture([](const Tensor& x) { return Exp(Exp(x)); }, {Rand({2, 6})}));
  EXPECT_THAT(testing::ErrorOf([&] { program.ArenaBytes({}); }), HasSubstr("1 open sizes, got 0"));
  EXPECT_THAT(testing::ErrorOf([&] {
                program.ArenaBytes({2, 6});
              }),
              HasSubstr("1 open sizes, got 2"));
  EXPECT_THAT(testing::ErrorOf([&] { program.ArenaBytes({-1}); }), HasSubstr("batch = -1"));
}

TEST(PlanMemory, NeverOverwritesAnInputThatIsReadBroadcast) {
  const auto fn = [](const Tensor& x) {
    const Tensor y = Exp(x);  // dead after the sum, but read transposed
    return (y + Transpose(y, 0, 1)) * 2.0;
  };
  Graph graph = Capture(fn, {Rand({3, 3})}, {.dynamic_batch = false});
  const Tensor x = Rand({3, 3});
  EXPECT_TRUE(SameBits(Program(std::move(graph))(x), fn(x)));
}

}  // namespace
}  // namespace neura::graph
