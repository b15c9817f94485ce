// Modules as values, trees, state dicts, printing and error paths.
#include "neura/nn/module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/autograd/anomaly.h"
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
  deep->Apply([&](nn::ModuleBase& module) { modules += !module.training(); });
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

// ---- modules of other signatures -------------------------------------------------------------

using State = std::tuple<Tensor, Tensor>;

// [N, 3] beside a state [N, 3], which need not be there.
struct Cell : nn::ModuleOf<State(const Tensor&, const std::optional<Tensor>&)> {
  nn::Linear input{{.in_features = 3, .out_features = 3}};
  nn::Linear recurrent{{.in_features = 3, .out_features = 3, .bias = false}};
  State Forward(const Tensor& x, const std::optional<Tensor>& state) override {
    Tensor h = input(x);
    if (state) h = h + recurrent(*state);
    return {Tanh(h), h};
  }
  NEURA_MODULE(input, recurrent)
};

// A sequence [T, N, 3].
struct Recurrent : nn::Module {
  Cell cell;
  Tensor Forward(const Tensor& x) override {
    std::optional<Tensor> state;
    for (const Tensor& step : Unbind(x)) state = std::get<0>(cell(step, state));
    return *state;
  }
  NEURA_MODULE(cell)
};

TEST(ModuleOfTest, ATreeHoldsMembersOfAnySignature) {
  Recurrent net;
  EXPECT_THAT(NamesOf(net.NamedParameters()),
              ElementsAre("cell.input.weight", "cell.input.bias", "cell.recurrent.weight"));
  EXPECT_THAT(net.ToString(), StartsWith("Recurrent(\n  (cell): Cell(\n    (input): Linear("));
  const Tensor x = Randn({2, 4, 3});
  const Tensor first = net.cell.input(Select(x, 0, 0));
  const Tensor expected = Tanh(net.cell.input(Select(x, 0, 1)) + net.cell.recurrent(Tanh(first)));
  EXPECT_TRUE(All(net(x) == expected).Item<bool>());
  const std::unique_ptr<nn::ModuleOf<State(const Tensor&, const std::optional<Tensor>&)>> copy =
      net.cell.Clone();
  EXPECT_TRUE(All(std::get<1>((*copy)(x, {})) == std::get<1>(net.cell(x, {}))).Item<bool>());
  net.Eval();
  EXPECT_FALSE(net.cell.recurrent.training());
}

TEST(ModuleOfTest, ErrorsHaveTheirPathForEverySignature) {
  Recurrent net;
  EXPECT_THAT(ErrorOf([&] {
                net(Ones({2, 4, 5}));
              }),
              StartsWith("Recurrent.cell.input: linear(float32 [4, 5]"));
  EXPECT_THAT(ErrorOf([&] {
                net.cell(Ones({4, 3}), Ones({4, 5}));
              }),
              StartsWith("Cell.recurrent: linear(float32 [4, 5]"));
}

TEST(ModuleTest, ToEmptyLeavesShapesAndSharing) {
  Net net;
  const NamedTensors before = net.StateDict();
  net.To(kMeta);
  EXPECT_EQ(net.StateDict()[0].second.device(), kMeta);
  net.ToEmpty(kCpu);
  const NamedTensors after = net.StateDict();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].second.device(), kCpu);
    EXPECT_EQ(after[i].second.shape(), before[i].second.shape());
    EXPECT_EQ(after[i].second.dtype(), before[i].second.dtype());
  }
  EXPECT_TRUE(RequiresGrad(net.Parameters()[0]));
}

// ---- hooks -----------------------------------------------------------------------------------

TEST(HookTest, SeeAndReplaceArgumentsAndResults) {
  Recurrent net;
  std::vector<std::string> calls;
  const auto note = [&](const char* what) {
    return [&calls, what](nn::ModuleBase& module, const auto&...) {
      calls.push_back(what + (" " + module.TypeName()));
    };
  };
  nn::HookHandle before = net.RegisterForwardPreHook(note("before"));
  nn::HookHandle after = net.RegisterForwardHook(note("after"));
  net.cell.input.RegisterForwardPreHook(note("before"));
  const Tensor x = Randn({2, 4, 3});
  const Tensor plain = net(x);
  EXPECT_THAT(calls,
              ElementsAre("before Recurrent", "before Linear", "before Linear", "after Recurrent"));
  before.Remove();
  before.Remove();
  after.Remove();
  calls.clear();
  net(x);
  EXPECT_THAT(calls, ElementsAre("before Linear", "before Linear"));

  net.RegisterForwardPreHook([](nn::ModuleBase&, absl::Span<Tensor> inputs) {
    ASSERT_EQ(inputs.size(), 1u);
    inputs[0] = inputs[0] * 0;
  });
  const Tensor of_zeros = net(Zeros({2, 4, 3}));
  EXPECT_TRUE(All(net(x) == of_zeros).Item<bool>());
  net.RegisterForwardHook(
      [](nn::ModuleBase&, absl::Span<const Tensor> inputs, absl::Span<Tensor> outputs) {
        // What Forward was given, after the hooks before it.
        EXPECT_EQ(AMax(inputs[0]).Item<double>(), 0);
        outputs[0] = outputs[0] + 1;
      });
  EXPECT_TRUE(All(net(x) == of_zeros + 1).Item<bool>());
}

TEST(HookTest, SeeTheTensorsInsideOfOptionalsAndTuples) {
  Cell cell;
  std::vector<size_t> counts;
  cell.RegisterForwardHook(
      [&](nn::ModuleBase&, absl::Span<const Tensor> inputs, absl::Span<Tensor> outputs) {
        counts.push_back(inputs.size());
        counts.push_back(outputs.size());
        outputs[1] = Zeros({1});
      });
  const Tensor x = Ones({1, 3});
  cell(x, std::nullopt);
  const auto [h, other] = cell(x, x);
  EXPECT_THAT(counts, ElementsAre(1u, 2u, 2u, 2u));
  EXPECT_EQ(other.shape(), DimsView({1}));
  EXPECT_EQ(h.shape(), DimsView({1, 3}));
}

TEST(HookTest, ACopyHasTheHooksOfItsOriginal) {
  nn::Linear layer({.in_features = 2, .out_features = 2});
  int calls = 0;
  nn::HookHandle handle = layer.RegisterForwardPreHook([&](auto&&...) { ++calls; });
  nn::Linear copy = layer;
  handle.Remove();
  layer(Ones({1, 2}));
  EXPECT_EQ(calls, 0);
  copy(Ones({1, 2}));
  EXPECT_EQ(calls, 1);
}

TEST(HookTest, TheirErrorsAreThoseOfTheCall) {
  Net net;
  net.head[1].RegisterForwardPreHook([](auto&&...) { ThrowInvalidArgument("not today"); });
  EXPECT_EQ(ErrorOf([&] { net(Ones({2, 3})); }), "Net.head.1: not today");
}

TEST(HookTest, WhatARemovedHookHoldsIsLetGo) {
  nn::ReLU layer;
  const auto held = std::make_shared<int>(0);
  nn::HookHandle handle = layer.RegisterForwardPreHook([held](auto&&...) {});
  EXPECT_EQ(held.use_count(), 2);
  handle.Remove();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(HookTest, AreAddedAndRemovedWhileOthersCompute) {
  nn::ReLU layer;
  const Tensor x = Ones({2});
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 300; ++k) layer(x);
    });
    threads.emplace_back([&] {
      for (int k = 0; k < 300; ++k) {
        nn::HookHandle handle = layer.RegisterForwardPreHook(
            [](nn::ModuleBase&, absl::Span<Tensor> inputs) { inputs[0] = inputs[0]; });
        handle.Remove();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(All(layer(x) == x).Item<bool>());
}

// ---- sharing ---------------------------------------------------------------------------------

// Two layers of one weight, one of them in a place of its own in memory.
struct Tied : nn::Module {
  nn::Linear first{{.in_features = 3, .out_features = 3}};
  nn::Sequential rest{nn::ReLU(), nn::Linear({.in_features = 3, .out_features = 3, .bias = false})};
  Tied() { last().weight.Replace(first.weight); }
  nn::Linear& last() { return dynamic_cast<nn::Linear&>(rest[1]); }
  bool tied() { return IsSame(first.weight.tensor(), last().weight.tensor()); }
  Tensor Forward(const Tensor& x) override { return rest(first(x)); }
  NEURA_MODULE(first, rest)
};

struct Around : nn::Module {
  Tied left, right;
  Tensor Forward(const Tensor& x) override { return right(left(x)); }
  NEURA_MODULE(left, right)
};

TEST(SharingTest, IsListedOnceAndSavedUnderEachName) {
  Tied net;
  EXPECT_THAT(NamesOf(net.NamedParameters()), ElementsAre("first.weight", "first.bias"));
  EXPECT_EQ(net.NumParameters(), 12);
  EXPECT_THAT(NamesOf(net.StateDict()), ElementsAre("first.weight", "first.bias", "rest.1.weight"));
  Backward(Sum(net(Ones({1, 3}))));
  EXPECT_TRUE(autograd::GradOf(net.last().weight).defined());
}

TEST(SharingTest, SurvivesCopies) {
  Tied net;
  Tied copy = net;
  EXPECT_TRUE(copy.tied());
  EXPECT_FALSE(IsSame(copy.first.weight.tensor(), net.first.weight.tensor()));
  EXPECT_TRUE(RequiresGrad(copy.last().weight));
  Tied assigned;
  assigned = net;
  EXPECT_TRUE(assigned.tied());
  EXPECT_FALSE(IsSame(assigned.first.weight.tensor(), copy.first.weight.tensor()));
  EXPECT_TRUE(dynamic_cast<Tied&>(*net.Clone()).tied());
  // Each has a weight of its own.
  {
    NoGradGuard no_grad;
    Fill(copy.first.weight, 7);
  }
  EXPECT_TRUE(All(copy.last().weight == 7).Item<bool>());
  EXPECT_FALSE(All(net.first.weight == 7).Item<bool>());
  EXPECT_TRUE(net.tied());
}

TEST(SharingTest, OfPartsIsThatOfTheWhole) {
  Around net;
  Around copy = net;
  EXPECT_TRUE(copy.left.tied());
  EXPECT_TRUE(copy.right.tied());
  EXPECT_EQ(copy.Parameters().size(), 4u);
  // Copies that do not belong together share nothing, even while others are half done.
  const nn::Linear a = net.left.first, b = net.left.last();
  EXPECT_FALSE(IsSame(a.weight.tensor(), b.weight.tensor()));
  nn::Sequential in_a_row(net.left, net.left);
  EXPECT_EQ(in_a_row.Parameters().size(), 4u);
  EXPECT_EQ(nn::Sequential(in_a_row).Parameters().size(), 4u);
  net.right = net.left;
  EXPECT_TRUE(net.right.tied());
  EXPECT_EQ(net.Parameters().size(), 4u);
  net.right.first.weight.Replace(net.left.first.weight);
  net.right.last().weight.Replace(net.left.first.weight);
  EXPECT_EQ(Around(net).Parameters().size(), 3u);
}

TEST(SharingTest, OfWhatIsFrozenStaysFrozen) {
  Tied net;
  SetRequiresGrad(net.first.weight, false);
  Tied copy = net;
  EXPECT_TRUE(copy.tied());
  EXPECT_FALSE(RequiresGrad(copy.first.weight));
}

TEST(SharingTest, SurvivesLoadingAndConversion) {
  Tied net, other;
  other.LoadStateDict(net.StateDict());
  EXPECT_TRUE(other.tied());
  EXPECT_TRUE(All(other.last().weight == net.first.weight).Item<bool>());
  other.To(kFloat64);
  EXPECT_TRUE(other.tied());
  EXPECT_EQ(other.last().weight.tensor().dtype(), kFloat64);
  EXPECT_EQ(other.Parameters().size(), 2u);
  EXPECT_TRUE(RequiresGrad(other.first.weight));
}

TEST(SubstitutionTest, OtherTensorsStandInForAWhile) {
  Net net;
  net.Eval();
  const Tensor x = Randn({4, 3});
  const Tensor before = net(x);
  const Tensor weight = SetRequiresGrad(Zeros({2, 4}));
  {
    // A result of an operation, through which the gradient flows.
    const nn::Substitution others(net, {{"head.2.weight", weight * 2.0}});
    const Tensor y = net(x);
    EXPECT_EQ(AMax(Abs(y)).Item<float>(), 0);
    Backward(Sum(y));
  }
  EXPECT_GT(AMax(Abs(autograd::GradOf(weight))).Item<float>(), 0);
  EXPECT_TRUE(SameBits(net(x), before));
  EXPECT_THAT(ErrorOf([&] { nn::Substitution(net, {{"tail", x}}); }), HasSubstr("has no tail"));
  EXPECT_THAT(ErrorOf([&] { nn::Substitution(net, {}, /*strict=*/true); }),
              HasSubstr("nothing is given for block.inner.weight"));
}

TEST(SubstitutionTest, MembersThatShareATensorChangeTogether) {
  struct Tied : nn::Module {
    nn::Linear first{{.in_features = 2, .out_features = 2, .bias = false}}, second = first;
    Tied() { second.weight.Replace(first.weight); }
    Tensor Forward(const Tensor& x) override { return second(first(x)); }
    NEURA_MODULE(first, second)
  } net;
  const nn::Substitution others(net, {{"first.weight", Eye(2) * 3.0}});
  EXPECT_EQ(net(Ones({1, 2})).data<float>()[0], 9);
}

TEST(AnomalyTest, AGradientNamesTheModuleOfItsOperation) {
  struct Root : nn::Module {
    Tensor Forward(const Tensor& x) override { return Sqrt(x); }
    NEURA_MODULE()
  };
  struct Outer : nn::Module {
    Root root;
    Tensor Forward(const Tensor& x) override { return root(x) * 0.0; }
    NEURA_MODULE(root)
  } outer;
  const AnomalyGuard anomaly;
  const Tensor x = SetRequiresGrad(Zeros({1}));
  const Tensor y = outer(x);
  EXPECT_THAT(ErrorOf([&] { Backward(y); }),
              HasSubstr("in the gradient of sqrt, called in Outer.root"));
}

}  // namespace
}  // namespace neura
