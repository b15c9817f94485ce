// What a summary counts, beside what layers are known to cost.
#include "neura/nn/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

using ::testing::HasSubstr;

struct Net : nn::Module {
  nn::Conv2d conv{{.in_channels = 3, .out_channels = 8, .kernel_size = 3, .groups = 1}};
  nn::BatchNorm2d norm{{.num_features = 8}};
  nn::Sequential head{nn::Flatten(), nn::Linear({.in_features = 8 * 4 * 4, .out_features = 5})};
  Tensor Forward(const Tensor& x) override { return head(norm(norm(conv(x)))); }
  NEURA_MODULE(conv, norm, head)
};

TEST(SummaryTest, CountsEachLayer) {
  Net net;
  SetRequiresGrad(net.norm.bias, false);
  const nn::ModuleSummary summary = nn::Summary(net, Ones({2, 3, 6, 6}));
  std::vector<std::string> names;
  for (const nn::SummaryRow& row : summary.rows) names.push_back(row.name + ":" + row.type);
  EXPECT_THAT(names, ::testing::ElementsAre(":Net", "conv:Conv2d", "norm:BatchNorm2d",
                                            "head:Sequential", "head.0:Flatten", "head.1:Linear"));
  const nn::SummaryRow& conv = summary.rows[1];
  EXPECT_EQ(conv.parameters, 8 * 3 * 3 * 3 + 8);
  EXPECT_EQ(conv.multiply_adds, 2 * 8 * 4 * 4 * 3 * 3 * 3);
  EXPECT_EQ(conv.outputs, (std::vector<Dims>{{2, 8, 4, 4}}));
  EXPECT_EQ(conv.output_bytes, 2 * 8 * 4 * 4 * 4);
  const nn::SummaryRow& norm = summary.rows[2];
  EXPECT_EQ(norm.calls, 2);
  EXPECT_EQ(norm.parameters, 16);
  EXPECT_EQ(norm.trainable, 8);
  EXPECT_EQ(norm.output_bytes, 2 * conv.output_bytes);
  EXPECT_EQ(summary.rows[3].output_bytes, 0);
  EXPECT_EQ(summary.rows[5].multiply_adds, 2 * 5 * 8 * 4 * 4);
  EXPECT_EQ(summary.multiply_adds, conv.multiply_adds + summary.rows[5].multiply_adds);
  EXPECT_EQ(summary.parameters, net.NumParameters());
  EXPECT_EQ(summary.trainable, net.NumParameters() - 8);
  EXPECT_EQ(summary.input_bytes, 2 * 3 * 6 * 6 * 4);
  EXPECT_EQ(summary.parameter_bytes, 4 * net.NumParameters() + 4 * 16 + 8);
}

TEST(SummaryTest, LeavesTheModuleAsItWas) {
  Net net;
  net.norm.Eval();
  nn::Summary(net, Randn({2, 3, 6, 6}));
  EXPECT_TRUE(net.training());
  EXPECT_FALSE(net.norm.training());
  EXPECT_EQ(net.norm.num_batches_tracked.tensor().Item<int64_t>(), 0);
  EXPECT_TRUE(GradEnabled());
  EXPECT_TRUE(RequiresGrad(net(Ones({1, 3, 6, 6}))));
}

TEST(SummaryTest, SharedWeightsCountOnce) {
  nn::Sequential net(nn::Linear({.in_features = 4, .out_features = 4, .bias = false}),
                     nn::Linear({.in_features = 4, .out_features = 4, .bias = false}));
  static_cast<nn::Linear&>(net[1]).weight.Replace(static_cast<nn::Linear&>(net[0]).weight);
  const nn::ModuleSummary summary = nn::Summary(net, Ones({1, 4}));
  EXPECT_EQ(summary.parameters, 16);
  EXPECT_EQ(summary.rows[2].parameters, 0);
  EXPECT_EQ(summary.multiply_adds, 32);
}

TEST(SummaryTest, CountsTransposedConvolutionsAndStates) {
  nn::ConvTranspose2d up({.in_channels = 2, .out_channels = 3, .kernel_size = 2, .stride = 2});
  EXPECT_EQ(nn::Summary(up, Ones({1, 2, 5, 5})).multiply_adds, 2 * 5 * 5 * 3 * 2 * 2);
  nn::LSTM lstm({.input_size = 3, .hidden_size = 4});
  const nn::ModuleSummary summary = nn::Summary(lstm, Ones({6, 1, 3}));
  EXPECT_EQ(summary.rows[0].outputs, (std::vector<Dims>{{6, 1, 4}, {1, 1, 4}, {1, 1, 4}}));
  EXPECT_EQ(summary.multiply_adds, 6 * 4 * 4 * (3 + 4));
}

TEST(SummaryTest, PrintsATable) {
  Net net;
  const std::string text = nn::Summary(net, Ones({2, 3, 6, 6})).ToString();
  EXPECT_THAT(text, HasSubstr("  conv (Conv2d)       [2, 8, 4, 4]         224          6,912\n"));
  EXPECT_THAT(text, HasSubstr("\nParameters: 885 (885 trainable), 3.5 KiB with buffers\n"));
}

}  // namespace
}  // namespace neura
