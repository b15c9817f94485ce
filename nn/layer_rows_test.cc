// Every row of layers.inc: what it computes, its gradients, its state, its copies and how it
// prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/nn/layer_cases.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura {
namespace nn::testing {

void PrintTo(const LayerCase& layer_case, std::ostream* out) { *out << layer_case.name; }

}  // namespace nn::testing

namespace {

using nn::testing::Array;
using nn::testing::LayerCase;
using nn::testing::Sample;
using testing::ToArray;

std::vector<LayerCase> LayerCases() {
  std::vector<LayerCase> cases;
  nn::testing::AddWeightedCases(cases);
  nn::testing::AddRecurrentCases(cases);
  nn::testing::AddPositionCases(cases);
  nn::testing::AddNormalizationCases(cases);
  nn::testing::AddPaddingCases(cases);
  nn::testing::AddPoolingCases(cases);
  nn::testing::AddShapeCases(cases);
  nn::testing::AddActivationCases(cases);
  nn::testing::AddLossCases(cases);
  return cases;
}

// Puts given tensors in the place of a layer's own parameters.
class ParameterSetter final : public nn::MemberVisitor {
 public:
  ParameterSetter(const std::vector<Tensor>& values, size_t first)
      : values_(values), next_(first) {}
  void Visit(const std::string&, nn::Parameter& parameter) override {
    if (parameter.defined()) parameter.Replace(values_[next_++]);
  }
  void Visit(const std::string&, nn::Buffer&) override {}
  void Visit(const std::string&, nn::ModuleBase&) override {}

 private:
  const std::vector<Tensor>& values_;
  size_t next_;
};

// In float64, with parameters that are not those that a layer starts with.
std::unique_ptr<nn::ModuleBase> MakeLayer(const LayerCase& layer_case) {
  std::unique_ptr<nn::ModuleBase> layer = layer_case.make();
  layer->To(kFloat64);
  NoGradGuard no_grad;
  int seed = 2;
  for (const Tensor& parameter : layer->Parameters()) {
    Assign(parameter, Sample(parameter.shape(), seed++, 0.5, 1.5));
  }
  return layer;
}

void ExpectSame(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(SameBits(a[i], b[i])) << "output " << i;
}

bool SameState(const nn::ModuleBase& a, const nn::ModuleBase& b) {
  const NamedTensors left = a.StateDict(), right = b.StateDict();
  bool same = left.size() == right.size();
  for (size_t i = 0; same && i < left.size(); ++i) {
    same = left[i].first == right[i].first && SameBits(left[i].second, right[i].second);
  }
  return same;
}

class LayerRow : public ::testing::TestWithParam<LayerCase> {};

TEST_P(LayerRow, ComputesItsFormula) {
  const std::unique_ptr<nn::ModuleBase> layer = MakeLayer(GetParam());
  std::vector<Array> inputs;
  for (const Tensor& input : GetParam().inputs) inputs.push_back(ToArray(input));
  for (const auto& [name, tensor] : layer->StateDict()) inputs.push_back(ToArray(tensor));
  const std::vector<Array> expected = GetParam().reference(inputs);
  const std::vector<Tensor> outputs = GetParam().call(*layer, GetParam().inputs);
  ASSERT_EQ(outputs.size(), expected.size());
  for (size_t k = 0; k < expected.size(); ++k) {
    ASSERT_EQ(outputs[k].shape(), DimsView(expected[k].shape)) << "output " << k;
    const Array actual = ToArray(outputs[k]);
    for (int64_t i = 0; i < expected[k].numel(); ++i) {
      EXPECT_NEAR(actual[i], expected[k][i], 1e-9) << "output " << k << ", element " << i;
    }
  }
}

TEST_P(LayerRow, HasTheGradientsOfItsFormula) {
  const std::unique_ptr<nn::ModuleBase> layer = MakeLayer(GetParam());
  std::vector<Tensor> inputs = GetParam().inputs;
  for (const Tensor& parameter : layer->Parameters()) inputs.push_back(Detach(parameter));
  EXPECT_EQ(autograd::GradCheck(
                [&](const std::vector<Tensor>& in) {
                  ParameterSetter setter(in, GetParam().inputs.size());
                  layer->VisitMembers(setter);
                  const auto parameters =
                      in.begin() + static_cast<std::ptrdiff_t>(GetParam().inputs.size());
                  return GetParam().call(*layer, {in.begin(), parameters});
                },
                inputs),
            "");
}

TEST_P(LayerRow, ReadsWhatItHasSaved) {
  const std::unique_ptr<nn::ModuleBase> layer = MakeLayer(GetParam()), other = GetParam().make();
  other->To(kFloat64);
  GetParam().call(*layer, GetParam().inputs);
  other->LoadStateDict(layer->StateDict());
  EXPECT_TRUE(SameState(*layer, *other));
  ExpectSame(GetParam().call(*layer, GetParam().inputs),
             GetParam().call(*other, GetParam().inputs));
}

TEST_P(LayerRow, IsCopied) {
  const std::unique_ptr<nn::ModuleBase> layer = MakeLayer(GetParam());
  const std::unique_ptr<nn::ModuleBase> copy = GetParam().clone(*layer);
  EXPECT_TRUE(SameState(*layer, *copy));
  ExpectSame(GetParam().call(*layer, GetParam().inputs), GetParam().call(*copy, GetParam().inputs));
  EXPECT_EQ(copy->ToString(), layer->ToString());
  for (size_t i = 0; i < layer->StateDict().size(); ++i) {
    EXPECT_NE(layer->StateDict()[i].second.raw_data(), copy->StateDict()[i].second.raw_data());
  }
}

TEST_P(LayerRow, Prints) {
  const std::string row = GetParam().name.substr(0, GetParam().name.find('/'));
  EXPECT_THAT(GetParam().make()->ToString(),
              ::testing::StartsWith(row + "(" + GetParam().printed + ")"));
}

INSTANTIATE_TEST_SUITE_P(Layers, LayerRow, ::testing::ValuesIn(LayerCases()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

TEST(LayerRowsTest, EachHasACase) {
  std::set<std::string> rows, with_cases;
#define NEURA_LAYER(Name, ...) rows.insert(#Name);
#include "neura/nn/layers.inc"
  for (const LayerCase& layer_case : LayerCases()) {
    with_cases.insert(layer_case.name.substr(0, layer_case.name.find('/')));
  }
  EXPECT_EQ(rows, with_cases);
}

}  // namespace
}  // namespace neura
