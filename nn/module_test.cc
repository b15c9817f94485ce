// Modules as values, trees, state dicts, printing and error paths.
#include "neura/nn/module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Block : nn::Module {
  nn::Linear inner{{.in_features = 3, .out_features = 3}};
  nn::BatchNorm1d norm{{.num_features = 3}};
  Tensor Forward(const Tensor& x) override { return Relu(norm(inner(x))); }
  NEURA_MODULE(inner, norm)
};

struct Net : nn::Module {
  Block block;
  nn::Sequential head{nn::Linear({.in_features = 3, .out_features = 4}), nn::ReLU(),
                      nn::Linear({.in_features = 4, .out_features = 2, .bias = false})};
  Tensor Forward(const Tensor& x) override { return head(block(x)); }
  NEURA_MODULE(block, head)
};

std::vector<std::string> NamesOf(const NamedTensors& named) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : named) names.push_back(name);
  return names;
}

TEST(ModuleTest, NamesFollowTheTree) {
  Net net;
  EXPECT_THAT(NamesOf(net.NamedParameters()),
              ElementsAre("block.inner.weight", "block.inner.bias", "block.norm.weight",
                          "block.norm.bias", "head.0.weight", "head.0.bias", "head.2.weight"));
  EXPECT_THAT(NamesOf(net.NamedBuffers()),
              ElementsAre("block.norm.running_mean", "block.norm.running_var",
                          "block.norm.num_batches_tracked"));
  EXPECT_EQ(net.StateDict().size(), 10u);
  EXPECT_EQ(net.NumParameters(), 9 + 3 + 3 + 3 + 12 + 4 + 8);
}

TEST(ModuleTest, ACopyHasItsOwnParameters) {
  Net net;
  Net copy = net;
  const Tensor original = net.block.inner.weight, copied = copy.block.inner.weight;
  EXPECT_TRUE(All(original == copied).Item<bool>());
  EXPECT_TRUE(RequiresGrad(copied));
  EXPECT_TRUE(autograd::IsLeaf(copied));
  {
    NoGradGuard no_grad;
    Fill(copied, 7);
    Fill(copy.head[0].Parameters()[0], 7);
  }
  EXPECT_FALSE(All(original == 7).Item<bool>());
  EXPECT_FALSE(All(net.head[0].Parameters()[0] == 7).Item<bool>());
  // Handles share memory with the module they came from.
  EXPECT_EQ(net.Parameters()[0].raw_data(), original.raw_data());
}

TEST(ModuleTest, StateDictRoundTrip) {
  Net net, other;
  other.LoadStateDict(net.StateDict());
  for (size_t i = 0; i < net.StateDict().size(); ++i) {
    EXPECT_TRUE(All(net.StateDict()[i].second == other.StateDict()[i].second).Item<bool>());
  }
  EXPECT_NE(net.Parameters()[0].raw_data(), other.Parameters()[0].raw_data());
}

TEST(ModuleTest, StrictAndLenientLoading) {
  Net net;
  NamedTensors state = Net().StateDict();
  state[0].first = "renamed";
  EXPECT_THAT(
      ErrorOf([&] { net.LoadStateDict(state); }),
      ::testing::AllOf(HasSubstr("missing: block.inner.weight"), HasSubstr("unexpected: renamed")));
  const nn::LoadReport report = net.LoadStateDict(state, {.strict = false});
  EXPECT_THAT(report.missing, ElementsAre("block.inner.weight"));
  EXPECT_THAT(report.unexpected, ElementsAre("renamed"));
}

TEST(ModuleTest, AShapeThatDoesNotFitChangesNothing) {
  Net net;
  NamedTensors state = Net().StateDict();
  state[7].second = Zeros({4, 5});
  const Tensor before = Clone(net.Parameters()[0]);
  EXPECT_THAT(ErrorOf([&] { net.LoadStateDict(state, {.strict = false}); }),
              HasSubstr("head.0.weight is float32 [4, 3] here but float32 [4, 5]"));
  EXPECT_TRUE(All(before == net.Parameters()[0]).Item<bool>());
}

TEST(ModuleTest, TrainAndEvalReachEveryModule) {
  Net net;
  net.Eval();
  EXPECT_FALSE(net.block.norm.training());
  EXPECT_FALSE(net.head[1].training());
  net.Train();
  EXPECT_TRUE(net.block.norm.training());
}

TEST(ModuleTest, ErrorsTellWhereTheyCameFrom) {
  struct Broken : nn::Module {
    Net net;
    Tensor Forward(const Tensor& x) override { return net(x); }
    NEURA_MODULE(net)
  };
  Broken broken;
  const std::string message = ErrorOf([&] { broken(Ones({2, 5})); });
  EXPECT_THAT(message, StartsWith("Broken.net.block.inner: linear(float32 [2, 5]"));
  // The next error does not remember the last one.
  EXPECT_THAT(ErrorOf([&] { broken.net.head(Ones({2, 5})); }), StartsWith("Sequential.0: linear("));
}

TEST(ModuleTest, ErrorsFromModulesThatAreGoneHaveATypeInThePath) {
  struct Temporary : nn::Module {
    Tensor Forward(const Tensor& x) override { return nn::Sequential(Net())(x); }
    NEURA_MODULE()
  };
  EXPECT_THAT(ErrorOf([] {
                Temporary()(Ones({2, 5}));
              }),
              StartsWith("Temporary.Sequential.0.block.inner: linear("));
}

TEST(ModuleTest, CaughtErrorsLeaveNoPath) {
  struct Lenient : nn::Module {
    nn::Linear first{{.in_features = 3, .out_features = 3}};
    nn::Linear second{{.in_features = 4, .out_features = 3}};
    bool use_second = false;
    Tensor Forward(const Tensor& x) override {
      try {
        return first(x);
      } catch (const Error&) {
        if (use_second) return second(x);
        ThrowInvalidArgument("neither");
      }
    }
    NEURA_MODULE(first, second)
  };
  Lenient lenient;
  EXPECT_EQ(ErrorOf([&] { lenient(Ones({2, 5})); }), "Lenient: neither");
  lenient.use_second = true;
  EXPECT_THAT(ErrorOf([&] { lenient(Ones({2, 5})); }), StartsWith("Lenient.second: linear("));
}

TEST(ModuleTest, ErrorsThatAreRenamedOnTheWayKeepTheirPath) {
  struct Naming : nn::Module {
    nn::Linear inner{{.in_features = 3, .out_features = 3}};
    Tensor Forward(const Tensor& x) override {
      try {
        return inner(x);
      } catch (Error& error) {
        error.AddContext("step 7");
        throw;
      }
    }
    NEURA_MODULE(inner)
  };
  Naming naming;
  EXPECT_THAT(ErrorOf([&] { naming(Ones({2, 5})); }), StartsWith("Naming.inner: step 7: linear("));
}

TEST(ModuleTest, PrintsShapesAndCounts) {
  const std::string text = Net().ToString();
  EXPECT_THAT(text, StartsWith("Net(\n  (block): Block(\n    (inner): Linear(in_features=3"));
  EXPECT_THAT(text, HasSubstr("weight [4, 3], bias [4]"));
  EXPECT_THAT(text, HasSubstr("\n    (1): ReLU()\n"));
  EXPECT_THAT(text, ::testing::EndsWith("\n42 parameters"));
  EXPECT_THAT(nn::Linear({.in_features = 100, .out_features = 100}).ToString(),
              HasSubstr("10,100 parameters"));
}

TEST(ModuleTest, ToConvertsFloatingPointState) {
  Net net;
  net.To(kFloat64);
  EXPECT_EQ(net.block.inner.weight.tensor().dtype(), kFloat64);
  EXPECT_EQ(net.block.norm.num_batches_tracked.tensor().dtype(), kInt64);
  EXPECT_EQ(net(Ones({2, 3}, {.dtype = kFloat64})).dtype(), kFloat64);
  EXPECT_TRUE(RequiresGrad(net.block.inner.weight));
}

TEST(ModuleTest, ToTheSameDTypeKeepsTheTensors) {
  Net net;
  const std::vector<Tensor> before = net.Parameters();
  net.To(kFloat32);
  const std::vector<Tensor> after = net.Parameters();
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(IsSame(before[i], after[i])) << i;
}

TEST(ModuleTest, SequentialIsAValueToo) {
  nn::Sequential a(nn::Linear({.in_features = 2, .out_features = 2}), nn::Tanh());
  nn::Sequential b = a;
  EXPECT_EQ(b.size(), 2u);
  EXPECT_TRUE(All(a(Ones({1, 2})) == b(Ones({1, 2}))).Item<bool>());
  EXPECT_THAT(ErrorOf([&] { a[2]; }), HasSubstr("index 2 of 2"));
}

// A module around another.
struct Shell : nn::Module {
  std::shared_ptr<nn::Module> inner;
  explicit Shell(std::shared_ptr<nn::Module> module) : inner(std::move(module)) {}
  Tensor Forward(const Tensor& x) override { return (*inner)(x); }
  void VisitMembers(nn::MemberVisitor& visitor) override { visitor.Visit("inner", *inner); }
  std::unique_ptr<nn::Module> Clone() const override { return std::make_unique<Shell>(inner); }
};

TEST(ModuleTest, WalksDoNotNeedTheStack) {
  std::shared_ptr<nn::Module> deep =
      std::make_shared<nn::Linear>(nn::LinearOptions{.in_features = 2, .out_features = 2});
  for (int i = 0; i < 20000; ++i) deep = std::make_shared<Shell>(deep);
  EXPECT_EQ(deep->Parameters().size(), 2u);
  EXPECT_EQ(deep->NamedParameters()[0].first.size(), 20000 * std::string("inner.").size() + 6);
  deep->LoadStateDict(deep->StateDict());
  deep->Eval();
  int modules = 0;
  deep->Apply([&](nn::Module& module) { modules += !module.training(); });
  EXPECT_EQ(modules, 20001);
  EXPECT_THAT(deep->ToString(), HasSubstr("(inner): ..."));
  deep->To(kFloat64);
  EXPECT_EQ(deep->Parameters()[0].dtype(), kFloat64);
}

TEST(ModuleTest, AModuleThatContainsItselfIsAnError) {
  const auto shell = std::make_shared<Shell>(nullptr);
  shell->inner = shell;
  EXPECT_THAT(ErrorOf([&] { shell->Parameters(); }), HasSubstr("Shell contains itself"));
  EXPECT_THAT(ErrorOf([&] { shell->Eval(); }), HasSubstr("Shell contains itself"));
  shell->inner = nullptr;
}

TEST(ModuleTest, MembersAreReplacedWhileOthersCompute) {
  nn::Linear layer({.in_features = 4, .out_features = 4});
  const Tensor x = Ones({2, 4});
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 200; ++k) Backward(Sum(layer(x)));
    });
  }
  threads.emplace_back([&] {
    for (int k = 0; k < 200; ++k) layer.weight.Replace(Ones({4, 4}));
  });
  threads.emplace_back([&] {
    for (int k = 0; k < 200; ++k) layer.ZeroGrad();
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(RequiresGrad(layer.weight));
}

}  // namespace
}  // namespace neura
