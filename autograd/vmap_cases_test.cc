// Every case of every operation, mapped over examples, against a loop over them; and its gradients,
// inside and outside of the mapped function.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/vmap.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::autograd {
namespace {

using testing::OpCases;
using Tensors = std::vector<Tensor>;

constexpr int64_t kExamples = 3;

// Cases of a size at which a loop of everything stays short.
std::vector<size_t> SmallCases() {
  std::vector<size_t> indices;
  for (size_t i = 0; i < OpCases().size(); ++i) {
    int64_t elements = 0;
    for (const Tensor& input : OpCases()[i].inputs) elements += input.defined() ? input.numel() : 0;
    if (elements <= 2000) indices.push_back(i);
  }
  return indices;
}

class VmapTest : public testing::OpCaseFixture {
 protected:
  // Example b of an input; the first is the case's own.
  static Tensor Example(const Tensor& input, int64_t b) {
    return IsFloating(input.dtype()) ? input * (1 - 0.125 * static_cast<double>(b)) : input;
  }

  // With the inputs in `mapped` different for each example.
  void Prepare(const std::vector<bool>& mapped) {
    for (size_t i = 0; i < op_case().inputs.size(); ++i) {
      const Tensor& input = op_case().inputs[i];
      Tensors all;
      for (int64_t b = 0; b < kExamples; ++b) {
        if (mapped[i]) all.push_back(Example(input, b));
      }
      inputs_.push_back(mapped[i] ? Stack(all) : input);
      dims_.push_back(mapped[i] ? std::optional<int64_t>(0) : std::nullopt);
    }
  }
  Tensors ExamplesOfInputs(int64_t b) const {
    Tensors one;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      one.push_back(dims_[i] ? Select(inputs_[i], 0, b) : inputs_[i]);
    }
    return one;
  }
  Tensors Mapped(const TensorFunction& function) const {
    return Vmap(function, inputs_, {.in_dims = dims_});
  }
  Tensors Looped(const TensorFunction& function) const {
    std::vector<Tensors> made;
    for (int64_t b = 0; b < kExamples; ++b) {
      const Tensors outputs = function(ExamplesOfInputs(b));
      made.resize(outputs.size());
      for (size_t k = 0; k < outputs.size(); ++k) made[k].push_back(outputs[k]);
    }
    Tensors stacked;
    for (const Tensors& all : made) stacked.push_back(Stack(all));
    return stacked;
  }
  static void ExpectSame(const Tensors& actual, const Tensors& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t k = 0; k < actual.size(); ++k) {
      SCOPED_TRACE(absl::StrCat("output ", k));
      testing::ExpectClose(actual[k], expected[k], actual[k].dtype() == kFloat64 ? 1e-10 : 2e-6);
    }
  }

  // Inputs that all differ, and then one at a time.
  template <typename F>
  void ForEachMapping(F check) {
    const size_t count = op_case().inputs.size();
    for (size_t alone = 0; alone <= count; ++alone) {
      std::vector<bool> mapped(count);
      for (size_t i = 0; i < count; ++i) {
        mapped[i] = op_case().inputs[i].defined() && (alone == count || i == alone);
      }
      if (std::find(mapped.begin(), mapped.end(), true) == mapped.end()) continue;
      SCOPED_TRACE(alone == count ? "all inputs" : absl::StrCat("input ", alone));
      inputs_.clear();
      dims_.clear();
      Prepare(mapped);
      check();
    }
  }

  TensorFunction function() const {
    return [this](const Tensors& in) { return testing::RunCase(op_case(), in); };
  }
  // The gradients of a weighted sum of the outputs, for all inputs that have one.
  TensorFunction gradient() const {
    return [this](const Tensors& in) {
      Tensors own = in, leaves;
      for (Tensor& input : own) {
        if (!input.defined() || input.dtype() != kFloat64) continue;
        input = Alias(input);
        if (!RequiresGrad(input)) SetRequiresGrad(input);
        leaves.push_back(input);
      }
      Tensor loss;
      for (const Tensor& output : testing::RunCase(op_case(), own)) {
        if (!RequiresGrad(output) || output.dtype() != kFloat64) continue;
        const Tensor sum = Sum(output * testing::Sample(output.shape(), 7));
        loss = loss.defined() ? loss + sum : sum;
      }
      if (!loss.defined()) return Tensors{};
      Tensors grads = Grad({loss}, leaves, {.create_graph = true, .allow_unused = true});
      for (size_t i = 0; i < grads.size(); ++i) {
        if (!grads[i].defined()) grads[i] = ZerosLike(leaves[i]);
      }
      return grads;
    };
  }

  Tensors inputs_;
  std::vector<std::optional<int64_t>> dims_;
};

TEST_P(VmapTest, Forward) {
  ForEachMapping([&] {
    try {
      const Tensors actual = Mapped(function());
      ExpectSame(actual, Looped(function()));
    } catch (const Error& error) {
      // What looks at elements cannot be mapped.
      ASSERT_TRUE(op_case().reads_elements) << error.message();
    }
  });
}

// Gradients of each example.
TEST_P(VmapTest, GradientsInside) {
  if (op_case().reads_elements) return;
  ForEachMapping([&] {
    const Tensors expected = Looped(gradient());
    const Tensors actual = Mapped(gradient());
    ExpectSame(actual, expected);
  });
}

// Gradients of the whole, and of gradients of each example.
TEST_P(VmapTest, GradientsOutside) {
  if (op_case().reads_elements) return;
  const auto total = [&](const TensorFunction& run) {
    Tensors leaves;
    for (Tensor& input : inputs_) {
      if (!input.defined() || input.dtype() != kFloat64) continue;
      input = SetRequiresGrad(Clone(Detach(input)));
      leaves.push_back(input);
    }
    Tensor loss;
    for (const Tensor& output : run({})) {
      if (!RequiresGrad(output) || output.dtype() != kFloat64) continue;
      const Tensor sum = Sum(output * testing::Sample(output.shape(), 8));
      loss = loss.defined() ? loss + sum : sum;
    }
    if (!loss.defined()) return Tensors{};
    Tensors grads = Grad({loss}, leaves, {.allow_unused = true});
    for (size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i].defined()) grads[i] = ZerosLike(leaves[i]);
    }
    return grads;
  };
  ForEachMapping([&] {
    for (const TensorFunction& each : {function(), gradient()}) {
      const Tensors expected = total([&](const Tensors&) { return Looped(each); });
      const Tensors actual = total([&](const Tensors&) { return Mapped(each); });
      ExpectSame(actual, expected);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(AllOps, VmapTest, ::testing::ValuesIn(SmallCases()), testing::NameOfCase);

}  // namespace
}  // namespace neura::autograd
