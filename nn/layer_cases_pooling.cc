// Layers of pooling.
#include <algorithm>
#include <cmath>

#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

Reference Pooling(Window window, Dims shape,
                  std::function<double(const std::vector<double>&)> fold) {
  return [=](Arrays in) {
    const Array& x = in[0];
    Array out = MakeArray(shape);
    for (int64_t n = 0; n < shape[0]; ++n) {
      for (int64_t c = 0; c < shape[1]; ++c) {
        std::map<int64_t, std::vector<double>> met;
        Slide(SpaceOf(shape), SpaceOf(x.shape), window, [&](Position p, Position from, Position) {
          met[At(shape, n, c, p)].push_back(x[At(x.shape, n, c, from)]);
        });
        for (const auto& [at, values] : met) out[at] = fold(values);
      }
    }
    return One(out);
  };
}
double Largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

// Elements in the places of their channels that the second input says.
Reference Unpooling(Dims shape) {
  return [=](Arrays in) {
    const Array& x = in[0];
    Array out = MakeArray(shape);
    const int64_t channels = x.size(0) * x.size(1), each = x.numel() / channels,
                  space = out.numel() / channels;
    for (int64_t i = 0; i < x.numel(); ++i) {
      out[i / each * space + static_cast<int64_t>(in[1][i])] = x[i];
    }
    return One(out);
  };
}

}  // namespace

void AddPoolingCases(std::vector<LayerCase>& cases) {
  cases.push_back(Case<MaxPool2d>("MaxPool2d/padded", Sample({2, 2, 5, 5}, 1),
                                  Pooling({3, 2, 1, 1}, {2, 2, 3, 3}, Largest),
                                  "kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], dilation=[1, "
                                  "1], return_indices=false, ceil_mode=false",
                                  MaxPoolOptions{.kernel_size = 3, .stride = 2, .padding = 1}));
  cases.push_back(Case<AvgPool2d>(
      "AvgPool2d/plain", Sample({2, 2, 4, 6}, 1), Pooling({2, 2, 0, 1}, {2, 2, 2, 3}, MeanOf),
      "kernel_size=[2, 2], stride=[2, 2], padding=[0, 0], ceil_mode=false, count_include_pad=true, "
      "divisor_override=none",
      AvgPoolOptions{.kernel_size = 2}));
  cases.push_back(Case<AdaptiveAvgPool2d>("AdaptiveAvgPool2d/divided", Sample({1, 2, 4, 4}, 1),
                                          Pooling({2, 2, 0, 1}, {1, 2, 2, 2}, MeanOf),
                                          "output_size=[2, 2]",
                                          AdaptivePoolOptions{.output_size = 2}));
  cases.push_back(Case<MaxPool1d>(
      "MaxPool1d/padded", Sample({2, 2, 5}, 1), Pooling({3, 2, 1, 1}, {2, 2, 3}, Largest),
      "kernel_size=3, stride=2, padding=1, dilation=1, return_indices=false, ceil_mode=false",
      MaxPoolOptions{.kernel_size = 3, .stride = 2, .padding = 1}));
  cases.push_back(Case<MaxPool3d>("MaxPool3d/plain", Sample({1, 2, 4, 4, 5}, 1),
                                  Pooling({2, 2, 0, 1}, {1, 2, 2, 2, 2}, Largest),
                                  "kernel_size=[2, 2, 2], stride=[2, 2, 2], padding=[0, 0, 0], "
                                  "dilation=[1, 1, 1], return_indices=false, ceil_mode=false",
                                  MaxPoolOptions{.kernel_size = 2}));
  cases.push_back(Case<AvgPool1d>(
      "AvgPool1d/inside", Sample({2, 2, 5}, 1), Pooling({3, 2, 1, 1}, {2, 2, 3}, MeanOf),
      "kernel_size=3, stride=2, padding=1, ceil_mode=false, count_include_pad=false",
      AvgPool1dOptions{.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}));
  cases.push_back(Case<AvgPool3d>(
      "AvgPool3d/divisor", Sample({1, 2, 4, 4, 5}, 1),
      Pooling({2, 2, 0, 1}, {1, 2, 2, 2, 2},
              [](const std::vector<double>& values) {
                return MeanOf(values) * static_cast<double>(values.size()) / 3;
              }),
      "kernel_size=[2, 2, 2], stride=[2, 2, 2], padding=[0, 0, 0], ceil_mode=false, "
      "count_include_pad=true, divisor_override=3",
      AvgPoolOptions{.kernel_size = 2, .divisor_override = 3}));
  cases.push_back(Case<AdaptiveAvgPool1d>("AdaptiveAvgPool1d/divided", Sample({2, 2, 6}, 1),
                                          Pooling({2, 2, 0, 1}, {2, 2, 3}, MeanOf), "output_size=3",
                                          AdaptivePoolOptions{.output_size = 3}));
  cases.push_back(Case<AdaptiveAvgPool3d>("AdaptiveAvgPool3d/divided", Sample({1, 2, 2, 4, 4}, 1),
                                          Pooling({2, 2, 0, 1}, {1, 2, 1, 2, 2}, MeanOf),
                                          "output_size=[1, 2, 2]",
                                          AdaptivePoolOptions{.output_size = {1, 2, 2}}));
  cases.push_back(Case<AdaptiveMaxPool1d>(
      "AdaptiveMaxPool1d/divided", Sample({2, 2, 6}, 1), Pooling({2, 2, 0, 1}, {2, 2, 3}, Largest),
      "output_size=3, return_indices=false", AdaptiveMaxPoolOptions{.output_size = 3}));
  cases.push_back(Case<AdaptiveMaxPool2d>("AdaptiveMaxPool2d/divided", Sample({1, 2, 4, 4}, 1),
                                          Pooling({2, 2, 0, 1}, {1, 2, 2, 2}, Largest),
                                          "output_size=[2, 2], return_indices=false",
                                          AdaptiveMaxPoolOptions{.output_size = 2}));
  cases.push_back(Case<AdaptiveMaxPool3d>("AdaptiveMaxPool3d/divided", Sample({1, 2, 2, 4, 4}, 1),
                                          Pooling({2, 2, 0, 1}, {1, 2, 1, 2, 2}, Largest),
                                          "output_size=[1, 2, 2], return_indices=false",
                                          AdaptiveMaxPoolOptions{.output_size = {1, 2, 2}}));
  // Where all windows of a dimension are taken, chance has no choice.
  cases.push_back(Case<FractionalMaxPool2d>(
      "FractionalMaxPool2d/size", Sample({2, 2, 4, 5}, 1),
      Pooling({2, 1, 0, 1}, {2, 2, 3, 4}, Largest),
      "kernel_size=[2, 2], output_size=[3, 4], output_ratio=none, return_indices=false",
      FractionalMaxPoolOptions{.kernel_size = 2, .output_size = Sizes{3, 4}}));
  cases.push_back(Case<FractionalMaxPool2d>(
      "FractionalMaxPool2d/ratio", Sample({1, 2, 4, 4}, 1),
      Pooling({2, 1, 0, 1}, {1, 2, 3, 3}, Largest),
      "kernel_size=[2, 2], output_size=none, output_ratio=0.75, return_indices=false",
      FractionalMaxPoolOptions{.kernel_size = 2, .output_ratio = 0.75}));
  cases.push_back(Case<FractionalMaxPool3d>(
      "FractionalMaxPool3d/size", Sample({1, 2, 3, 4, 4}, 1),
      Pooling({2, 1, 0, 1}, {1, 2, 2, 3, 3}, Largest),
      "kernel_size=[2, 2, 2], output_size=[2, 3, 3], output_ratio=none, return_indices=false",
      FractionalMaxPoolOptions{.kernel_size = 2, .output_size = Sizes{2, 3, 3}}));
  const auto cubes = [](const std::vector<double>& values) {
    double sum = 0;
    for (double value : values) sum += value * value * value;
    return std::cbrt(sum);
  };
  cases.push_back(Case<LPPool1d>(
      "LPPool1d/stride", Sample({2, 2, 5}, 1, 0.5, 2), Pooling({3, 2, 0, 1}, {2, 2, 2}, cubes),
      "norm_type=3, kernel_size=3, stride=2, ceil_mode=false",
      LPPoolOptions{.norm_type = 3, .kernel_size = 3, .stride = Sizes(2)}));
  cases.push_back(Case<LPPool2d>("LPPool2d/plain", Sample({1, 2, 4, 4}, 1, 0.5, 2),
                                 Pooling({2, 2, 0, 1}, {1, 2, 2, 2}, cubes),
                                 "norm_type=3, kernel_size=[2, 2], stride=none, ceil_mode=false",
                                 LPPoolOptions{.norm_type = 3, .kernel_size = 2}));
  cases.push_back(Case<LPPool3d>("LPPool3d/plain", Sample({1, 1, 2, 4, 4}, 1, 0.5, 2),
                                 Pooling({2, 2, 0, 1}, {1, 1, 1, 2, 2}, cubes),
                                 "norm_type=3, kernel_size=[2, 2, 2], stride=none, ceil_mode=false",
                                 LPPoolOptions{.norm_type = 3, .kernel_size = 2}));
  cases.push_back(CaseWith<MaxUnpool1d>(
      "MaxUnpool1d/plain", {Sample({1, 2, 2}, 1), FromList<int64_t>({1, 2, 0, 3}, {1, 2, 2})},
      Unpooling({1, 2, 4}), "kernel_size=2, stride=2, padding=0",
      MaxUnpoolOptions{.kernel_size = 2}));
  cases.push_back(CaseWith<MaxUnpool2d>(
      "MaxUnpool2d/stride",
      {Sample({1, 1, 2, 2}, 1), FromList<int64_t>({6, 3, 11, 15}, {1, 1, 2, 2})},
      Unpooling({1, 1, 4, 4}), "kernel_size=[2, 2], stride=[2, 2], padding=[0, 0]",
      MaxUnpoolOptions{.kernel_size = 2, .stride = Sizes(2)}));
  cases.push_back(CaseWith<MaxUnpool3d>(
      "MaxUnpool3d/plain",
      {Sample({2, 1, 1, 1, 2}, 1), FromList<int64_t>({4, 7, 1, 10}, {2, 1, 1, 1, 2})},
      Unpooling({2, 1, 2, 2, 4}), "kernel_size=[2, 2, 2], stride=[2, 2, 2], padding=[0, 0, 0]",
      MaxUnpoolOptions{.kernel_size = 2}));
}

}  // namespace neura::nn::testing
