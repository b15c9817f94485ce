// The gradient rule of every operation against numerical derivatives, first and second.
#include "neura/tensor/testing/op_cases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "neura/autograd/autograd.h"
#include "neura/autograd/functional.h"
#include "neura/autograd/gradcheck.h"
#include "neura/autograd/rule.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/complex_cases.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::autograd {
namespace {

using testing::OpCase;
using testing::OpCases;

bool RecordsHistory(const OpCase& op_case) {
  std::vector<Tensor> inputs = op_case.inputs;
  for (Tensor& input : inputs) {
    if (!input.defined() || input.dtype() != kFloat64) continue;
    input = Clone(input);
    SetRequiresGrad(input);
  }
  return RequiresGrad(testing::RunCase(op_case, inputs)[0]);
}

// Small cases of differentiable operations on float64.
std::vector<size_t> DifferentiableCases() {
  constexpr int64_t kMostElements = 300;
  std::vector<size_t> indices;
  for (size_t i = 0; i < OpCases().size(); ++i) {
    const OpCase& op_case = OpCases()[i];
    if (op_case.op && RuleOf(*op_case.op).kind != Rule::Kind::kDifferentiable) continue;
    int64_t elements = 0;
    for (const Tensor& input : op_case.inputs) {
      if (input.defined() && input.dtype() == kFloat64) elements += input.numel();
    }
    if (elements == 0 || elements > kMostElements) continue;
    if (!op_case.op && !RecordsHistory(op_case)) continue;
    // Differences of float32 results are too coarse.
    if (testing::RunCase(op_case)[0].dtype() == kFloat64) indices.push_back(i);
  }
  return indices;
}

class GradientTest : public testing::OpCaseFixture {
 protected:
  // Statistics are functions of the input: to vary them alone is not what their rule describes.
  std::vector<Tensor> inputs() const {
    std::vector<Tensor> inputs = op_case().inputs;
    if (op_case().op == op::kBatchNormTrainingGrad || op_case().op == op::kLayerNormGrad) {
      inputs.resize(3);
    }
    return inputs;
  }
  TensorFunction function() const {
    const OpCase& c = op_case();
    if (c.op == op::kBatchNormTrainingGrad || c.op == op::kLayerNormGrad) {
      return [&c](const std::vector<Tensor>& in) {
        return testing::RunCase(c, WithStatistics(c, in));
      };
    }
    return [&c](const std::vector<Tensor>& in) { return testing::RunCase(c, in); };
  }

 private:
  static std::vector<Tensor> WithStatistics(const OpCase& c, std::vector<Tensor> in) {
    NoGradGuard no_grad;
    const auto add = [&in](const auto& statistics) {
      in.push_back(statistics.mean);
      in.push_back(statistics.rstd);
    };
    if (c.op == op::kLayerNormGrad) {
      add(LayerNorm(in[1], {}, {}, *static_cast<const LayerNormOptions*>(c.options.get())));
    } else {
      add(BatchNormTraining(in[1], {}, {}, {.eps = 1e-3}));
    }
    return in;
  }
};

TEST_P(GradientTest, First) { EXPECT_EQ(GradCheck(function(), inputs()), ""); }

TEST_P(GradientTest, Second) { EXPECT_EQ(GradGradCheck(function(), inputs(), {.atol = 2e-6}), ""); }

// Gradients have the dtype of their tensors, and their values.
TEST_P(GradientTest, OfFloat16) {
  const auto gradients = [&](DType dtype) {
    std::vector<Tensor> in, leaves;
    for (const Tensor& input : inputs()) {
      in.push_back(input);
      if (!input.defined() || input.dtype() != kFloat64) continue;
      // What float16 holds, so that both start from the same.
      in.back() = Cast(Cast(input, kFloat16), dtype);
      SetRequiresGrad(in.back());
      leaves.push_back(in.back());
    }
    Tensor loss;
    for (const Tensor& output : function()(in)) {
      if (!RequiresGrad(output)) continue;
      const Tensor sum = Sum(Cast(output, kFloat64));
      loss = loss.defined() ? loss + sum : sum;
    }
    return Grad({loss}, leaves, {.allow_unused = true});
  };
  const std::vector<Tensor> narrow = gradients(kFloat16), wide = gradients(kFloat32);
  for (size_t i = 0; i < narrow.size(); ++i) {
    ASSERT_EQ(narrow[i].defined(), wide[i].defined());
    if (!narrow[i].defined()) continue;
    ASSERT_EQ(narrow[i].dtype(), kFloat16);
    testing::ExpectClose(Cast(narrow[i], kFloat32), wide[i], 0.02);
  }
}

TEST_P(GradientTest, OfStridedInputs) {
  std::vector<Tensor> strided = inputs();
  if (op_case().needs_contiguous()) return;
  const TensorFunction fn = function();
  EXPECT_EQ(GradCheck(
                [&](const std::vector<Tensor>& in) {
                  std::vector<Tensor> views = in;
                  for (Tensor& view : views) {
                    if (view.defined() && view.dim() > 1) {
                      view = Transpose(Contiguous(Transpose(view, 0, 1)), 0, 1);
                    }
                  }
                  return fn(views);
                },
                strided),
            "");
}

// u^T (J v) is (u^T J) v, for what is computed forward of v and backward of u.
TEST_P(GradientTest, ForwardMode) {
  std::vector<Tensor> in = inputs(), points, directions;
  std::vector<size_t> places;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!in[i].defined() || in[i].dtype() != kFloat64) continue;
    places.push_back(i);
    points.push_back(in[i]);
    directions.push_back(testing::Sample(in[i].shape(), 100 + static_cast<int>(i)));
  }
  const auto of_points = [&](const std::vector<Tensor>& at) {
    for (size_t i = 0; i < places.size(); ++i) in[places[i]] = at[i];
    std::vector<Tensor> floating;
    for (const Tensor& output : function()(in)) {
      if (output.dtype() == kFloat64) floating.push_back(output);
    }
    return floating;
  };
  const Products forward = Jvp(of_points, points, directions);
  std::vector<Tensor> weights;
  for (const Tensor& output : forward.outputs) {
    weights.push_back(testing::Sample(output.shape(), 200 + static_cast<int>(weights.size())));
  }
  const Products backward = Vjp(of_points, points, weights);
  const auto product = [](const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += Sum(a[i] * b[i]).Item<double>();
    return sum;
  };
  const double expected = product(backward.products, directions);
  EXPECT_NEAR(product(weights, forward.products), expected, 1e-8 * (1 + std::abs(expected)));
}

INSTANTIATE_TEST_SUITE_P(AllRules, GradientTest, ::testing::ValuesIn(DifferentiableCases()),
                         testing::NameOfCase);

TEST(RuleTableTest, EveryOperationHasARuleOrIsNotDifferentiable) {
  for (OpId op : BuiltinOps()) {
    EXPECT_NE(RuleOf(op).kind, Rule::Kind::kMissing)
        << SchemaOf(op).name << " has neither a gradient rule nor a NotDifferentiable";
  }
}

// The operations that a thread calls.
class OpsSeen : public OpObserver {
 public:
  void OnOp(const OpCall& call, absl::Span<Tensor>) override { ops.insert(call.op); }
  std::set<OpId> ops;
};

TEST(RuleTableTest, EveryRuleIsChecked) {
  OpsSeen by_composites;
  std::vector<bool> checked(kMaxOps);
  for (size_t i : DifferentiableCases()) {
    const ScopedObserver watching(&by_composites);
    if (const std::optional<OpId> op = OpCases()[i].op) {
      checked[static_cast<size_t>(*op)] = true;
    } else {
      testing::RunCase(OpCases()[i]);
    }
  }
  for (const testing::ElsewhereTested& elsewhere : testing::OpsTestedElsewhere()) {
    if (by_composites.ops.contains(elsewhere.op)) checked[static_cast<size_t>(elsewhere.op)] = true;
  }
  std::set<OpId> checked_elsewhere;  // in complex_test
  for (const testing::ComplexCase& complex_case : testing::ComplexCases()) {
    if (complex_case.op) checked_elsewhere.insert(*complex_case.op);
  }
  for (OpId op : BuiltinOps()) {
    if (RuleOf(op).kind != Rule::Kind::kDifferentiable || op == op::kAssign ||
        op == op::kIndexAssign) {
      continue;
    }
    if (checked_elsewhere.contains(op)) continue;
    EXPECT_TRUE(checked[static_cast<size_t>(op)]) << SchemaOf(op).name << " has no float64 case";
  }
}

}  // namespace
}  // namespace neura::autograd
