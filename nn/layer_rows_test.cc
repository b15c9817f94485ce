// Every row of layers.inc: what it computes, in plain loops over doubles, its gradients, its state,
// its copies and how it prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/references.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Array;
using testing::Elementwise;
using testing::IndexOf;
using testing::InShape;
using testing::MakeArray;
using testing::Position;
using testing::PositionOf;
using testing::Sample;
using testing::ToArray;
using Arrays = const std::vector<Array>&;

struct LayerCase {
  std::string name;            // "Linear/bias": the row and what is special
  std::vector<Tensor> inputs;  // float64, or integers
  // Of the inputs and the state dict's tensors, in their order.
  testing::Reference reference;
  std::string printed;  // without shapes
  std::function<std::unique_ptr<nn::ModuleBase>()> make;
  std::function<std::unique_ptr<nn::ModuleBase>(const nn::ModuleBase&)> clone;
  std::function<Tensor(nn::ModuleBase&, const std::vector<Tensor>&)> call;
};
void PrintTo(const LayerCase& layer_case, std::ostream* out) { *out << layer_case.name; }

// ---- references ------------------------------------------------------------------------------

std::vector<Array> One(Array array) { return {std::move(array)}; }

testing::Reference Affine(Dims shape) {
  return [=](Arrays in) {
    const Array &x = in[0], &w = in[1];
    Array out = MakeArray(shape);
    for (int64_t i = 0; i < out.numel(); ++i) {
      const int64_t row = i / w.size(0), column = i % w.size(0);
      if (in.size() > 2) out[i] = in[2][column];
      for (int64_t k = 0; k < w.size(1); ++k) {
        out[i] += x[row * w.size(1) + k] * w[column * w.size(1) + k];
      }
    }
    return One(out);
  };
}

struct Window {
  int64_t kernel, stride, padding, dilation;
};

// Calls fn(output, input, kernel) with the places in space that a window brings together, as far as
// they are not in the padding.
void Slide(DimsView out, DimsView in, const Window& w,
           const std::function<void(Position, Position, Position)>& fn) {
  const Dims kernel(out.size(), w.kernel);
  for (int64_t i = 0; i < NumElements(out); ++i) {
    for (int64_t k = 0; k < NumElements(kernel); ++k) {
      const Position p = PositionOf(out, i), q = PositionOf(kernel, k);
      Position from;
      bool inside = true;
      for (size_t d = 0; d < out.size(); ++d) {
        from.push_back(p[d] * w.stride - w.padding + q[d] * w.dilation);
        inside = inside && from[d] >= 0 && from[d] < in[d];
      }
      if (inside) fn(p, from, q);
    }
  }
}
DimsView SpaceOf(const Dims& shape) { return DimsView(shape).subspan(2); }
// The index of the element of an array [first, second, ...] at a place in space.
int64_t At(const Dims& shape, int64_t first, int64_t second, const Position& place) {
  Position all = {first, second};
  all.insert(all.end(), place.begin(), place.end());
  return IndexOf(shape, all);
}

testing::Reference Convolution(Window window, int64_t groups, Dims shape) {
  return [=](Arrays in) {
    const Array &x = in[0], &w = in[1];
    Array out = MakeArray(shape);
    for (int64_t n = 0; n < shape[0]; ++n) {
      for (int64_t o = 0; o < shape[1]; ++o) {
        const int64_t first = o / (shape[1] / groups) * w.size(1);
        Slide(SpaceOf(shape), SpaceOf(x.shape), window, [&](Position p, Position from, Position q) {
          for (int64_t c = 0; c < w.size(1); ++c) {
            out[At(shape, n, o, p)] += x[At(x.shape, n, first + c, from)] * w[At(w.shape, o, c, q)];
          }
        });
      }
    }
    for (int64_t i = 0; in.size() > 2 && i < out.numel(); ++i) {
      out[i] += in[2][PositionOf(shape, i)[1]];
    }
    return One(out);
  };
}

// A convolution read from the other side: each input element is added where its windows were.
testing::Reference Transposed(Window window, int64_t groups, Dims shape) {
  return [=](Arrays in) {
    const Array &x = in[0], &w = in[1];
    Array out = MakeArray(shape);
    for (int64_t n = 0; n < shape[0]; ++n) {
      for (int64_t c = 0; c < x.size(1); ++c) {
        const int64_t first = c / (x.size(1) / groups) * w.size(1);
        Slide(SpaceOf(x.shape), SpaceOf(shape), window, [&](Position p, Position to, Position q) {
          for (int64_t o = 0; o < w.size(1); ++o) {
            out[At(shape, n, first + o, to)] += x[At(x.shape, n, c, p)] * w[At(w.shape, c, o, q)];
          }
        });
      }
    }
    for (int64_t i = 0; in.size() > 2 && i < out.numel(); ++i) {
      out[i] += in[2][PositionOf(shape, i)[1]];
    }
    return One(out);
  };
}

testing::Reference Pooling(Window window, Dims shape,
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
double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Elements of one group have mean 0 and variance 1, then weight and bias of their channel.
testing::Reference Normalized(std::function<int64_t(Position)> group,
                              std::function<int64_t(Position)> channel, bool affine = true) {
  return [=](Arrays in) {
    const Array& x = in[0];
    std::map<int64_t, std::vector<double>> groups;
    for (int64_t i = 0; i < x.numel(); ++i) groups[group(PositionOf(x.shape, i))].push_back(x[i]);
    Array out = x;
    for (int64_t i = 0; i < x.numel(); ++i) {
      const Position p = PositionOf(x.shape, i);
      const double mean = MeanOf(groups[group(p)]);
      std::vector<double> squares;
      for (double value : groups[group(p)]) squares.push_back((value - mean) * (value - mean));
      out[i] = (x[i] - mean) / std::sqrt(MeanOf(squares) + 1e-5);
      if (affine) out[i] = out[i] * in[1][channel(p)] + in[2][channel(p)];
    }
    return One(out);
  };
}

// Of the rows of a matrix.
testing::Reference Rows(std::function<double(double value, double sum_of_exponentials)> f) {
  return [=](Arrays in) {
    const Array& x = in[0];
    Array out = x;
    for (int64_t i = 0; i < x.numel(); ++i) {
      const int64_t row = i / x.size(1) * x.size(1);
      double sum = 0;
      for (int64_t k = 0; k < x.size(1); ++k) sum += std::exp(x[row + k]);
      out[i] = f(x[i], sum);
    }
    return One(out);
  };
}

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }

// ---- cases -----------------------------------------------------------------------------------

template <typename R, typename... A, size_t... I>
R CallOn(nn::ModuleOf<R(A...)>& layer, const std::vector<Tensor>& inputs,
         std::index_sequence<I...>) {
  return layer(inputs[I]...);
}

template <typename R, typename... A>
LayerCase CaseOf(nn::ModuleOf<R(A...)>*) {
  using Interface = nn::ModuleOf<R(A...)>;
  LayerCase layer_case;
  layer_case.clone = [](const nn::ModuleBase& layer) {
    return static_cast<const Interface&>(layer).Clone();
  };
  layer_case.call = [](nn::ModuleBase& layer, const std::vector<Tensor>& inputs) {
    return CallOn(static_cast<Interface&>(layer), inputs, std::index_sequence_for<A...>());
  };
  return layer_case;
}

template <typename Layer, typename... Options>
LayerCase CaseWith(std::string name, std::vector<Tensor> inputs, testing::Reference reference,
                   std::string printed, Options... options) {
  LayerCase layer_case = CaseOf(static_cast<Layer*>(nullptr));
  layer_case.name = std::move(name);
  layer_case.inputs = std::move(inputs);
  layer_case.reference = std::move(reference);
  layer_case.printed = std::move(printed);
  layer_case.make = [=] { return std::make_unique<Layer>(options...); };
  return layer_case;
}
template <typename Layer, typename... Options>
LayerCase Case(std::string name, Tensor input, testing::Reference reference, std::string printed,
               Options... options) {
  return CaseWith<Layer>(std::move(name), {std::move(input)}, std::move(reference),
                         std::move(printed), options...);
}

void AddWeighted(std::vector<LayerCase>& cases) {
  cases.push_back(Case<nn::Linear>("Linear/bias", Sample({2, 2, 3}, 1), Affine({2, 2, 4}),
                                   "in_features=3, out_features=4, bias=true",
                                   nn::LinearOptions{.in_features = 3, .out_features = 4}));
  cases.push_back(Case<nn::Linear>(
      "Linear/plain", Sample({3}, 1), Affine({2}), "in_features=3, out_features=2, bias=false",
      nn::LinearOptions{.in_features = 3, .out_features = 2, .bias = false}));
  cases.push_back(CaseWith<nn::Bilinear>(
      "Bilinear/bias", {Sample({2, 2, 3}, 1), Sample({2, 2, 2}, 2)},
      testing::BilinearForms({2, 2, 4}),
      "in1_features=3, in2_features=2, out_features=4, bias=true",
      nn::BilinearOptions{.in1_features = 3, .in2_features = 2, .out_features = 4}));
  cases.push_back(CaseWith<nn::Bilinear>(
      "Bilinear/plain", {Sample({3}, 1), Sample({2}, 2)}, testing::BilinearForms({2}),
      "in1_features=3, in2_features=2, out_features=2, bias=false",
      nn::BilinearOptions{.in1_features = 3, .in2_features = 2, .out_features = 2, .bias = false}));
  cases.push_back(Case<nn::Conv2d>(
      "Conv2d/bias", Sample({2, 3, 4, 5}, 1), Convolution({2, 1, 0, 1}, 1, {2, 2, 3, 4}),
      "in_channels=3, out_channels=2, kernel_size=[2, 2], stride=[1, 1], padding=[0, 0], "
      "dilation=[1, 1], groups=1, "
      "bias=true",
      nn::ConvOptions{.in_channels = 3, .out_channels = 2, .kernel_size = 2}));
  cases.push_back(Case<nn::Conv2d>("Conv2d/all", Sample({1, 4, 6, 5}, 1),
                                   Convolution({2, 2, 1, 2}, 2, {1, 2, 3, 3}),
                                   "in_channels=4, out_channels=2, kernel_size=[2, 2], stride=[2, "
                                   "2], padding=[1, 1], dilation=[2, 2], groups=2, "
                                   "bias=false",
                                   nn::ConvOptions{.in_channels = 4,
                                                   .out_channels = 2,
                                                   .kernel_size = 2,
                                                   .stride = 2,
                                                   .padding = 1,
                                                   .dilation = 2,
                                                   .groups = 2,
                                                   .bias = false}));
  cases.push_back(Case<nn::ConvTranspose2d>(
      "ConvTranspose2d/plain", Sample({2, 3, 2, 3}, 1), Transposed({2, 1, 0, 1}, 1, {2, 2, 3, 4}),
      "in_channels=3, out_channels=2, kernel_size=[2, 2], stride=[1, 1], padding=[0, 0], "
      "output_padding=[0, 0], "
      "groups=1, bias=false, dilation=[1, 1]",
      nn::ConvTransposeOptions{
          .in_channels = 3, .out_channels = 2, .kernel_size = 2, .bias = false}));
  cases.push_back(Case<nn::ConvTranspose2d>("ConvTranspose2d/all", Sample({1, 4, 3, 3}, 1),
                                            Transposed({3, 2, 1, 2}, 2, {1, 2, 8, 8}),
                                            "in_channels=4, out_channels=2, kernel_size=[3, 3], "
                                            "stride=[2, 2], padding=[1, 1], output_padding=[1, 1], "
                                            "groups=2, bias=true, dilation=[2, 2]",
                                            nn::ConvTransposeOptions{.in_channels = 4,
                                                                     .out_channels = 2,
                                                                     .kernel_size = 3,
                                                                     .stride = 2,
                                                                     .padding = 1,
                                                                     .output_padding = 1,
                                                                     .groups = 2,
                                                                     .dilation = 2}));
  cases.push_back(Case<nn::Conv1d>(
      "Conv1d/all", Sample({2, 4, 7}, 1), Convolution({3, 2, 1, 2}, 2, {2, 2, 3}),
      "in_channels=4, out_channels=2, kernel_size=3, stride=2, padding=1, dilation=2, groups=2, "
      "bias=true",
      nn::ConvOptions{.in_channels = 4,
                      .out_channels = 2,
                      .kernel_size = 3,
                      .stride = 2,
                      .padding = 1,
                      .dilation = 2,
                      .groups = 2}));
  cases.push_back(Case<nn::Conv3d>(
      "Conv3d/bias", Sample({1, 2, 3, 3, 4}, 1), Convolution({2, 1, 0, 1}, 1, {1, 3, 2, 2, 3}),
      "in_channels=2, out_channels=3, kernel_size=[2, 2, 2], stride=[1, 1, 1], padding=[0, 0, 0], "
      "dilation=[1, 1, 1], groups=1, bias=true",
      nn::ConvOptions{.in_channels = 2, .out_channels = 3, .kernel_size = 2}));
  cases.push_back(Case<nn::ConvTranspose1d>(
      "ConvTranspose1d/all", Sample({2, 4, 3}, 1), Transposed({3, 2, 1, 2}, 2, {2, 2, 8}),
      "in_channels=4, out_channels=2, kernel_size=3, stride=2, padding=1, output_padding=1, "
      "groups=2, bias=true, dilation=2",
      nn::ConvTransposeOptions{.in_channels = 4,
                               .out_channels = 2,
                               .kernel_size = 3,
                               .stride = 2,
                               .padding = 1,
                               .output_padding = 1,
                               .groups = 2,
                               .dilation = 2}));
  cases.push_back(Case<nn::ConvTranspose3d>(
      "ConvTranspose3d/plain", Sample({1, 3, 2, 2, 1}, 1),
      Transposed({2, 1, 0, 1}, 1, {1, 2, 3, 3, 2}),
      "in_channels=3, out_channels=2, kernel_size=[2, 2, 2], stride=[1, 1, 1], padding=[0, 0, 0], "
      "output_padding=[0, 0, 0], groups=1, bias=false, dilation=[1, 1, 1]",
      nn::ConvTransposeOptions{
          .in_channels = 3, .out_channels = 2, .kernel_size = 2, .bias = false}));
  cases.push_back(Case<nn::Embedding>(
      "Embedding/matrix", FromList<int64_t>({2, 0, 4, 2}, {2, 2}),
      [](Arrays in) {
        Array out = MakeArray({2, 2, 3});
        for (int64_t i = 0; i < out.numel(); ++i) {
          out[i] = in[1][static_cast<int64_t>(in[0][i / 3]) * 3 + i % 3];
        }
        return One(out);
      },
      "num_embeddings=5, embedding_dim=3",
      nn::EmbeddingOptions{.num_embeddings = 5, .embedding_dim = 3}));
}

void AddNormalization(std::vector<LayerCase>& cases) {
  const auto channel = [](Position p) { return p[1]; };
  const std::string printed =
      "num_features=3, eps=1e-05, momentum=0.1, affine=true, track_running_stats=true";
  cases.push_back(Case<nn::BatchNorm1d>("BatchNorm1d/matrix", Sample({4, 3}, 1),
                                        Normalized(channel, channel), printed,
                                        nn::BatchNormOptions{.num_features = 3}));
  cases.push_back(Case<nn::BatchNorm1d>("BatchNorm1d/sequence", Sample({2, 3, 3}, 1),
                                        Normalized(channel, channel), printed,
                                        nn::BatchNormOptions{.num_features = 3}));
  cases.push_back(Case<nn::BatchNorm2d>(
      "BatchNorm2d/plain", Sample({2, 3, 2, 2}, 1), Normalized(channel, channel, false),
      "num_features=3, eps=1e-05, momentum=none, affine=false, track_running_stats=false",
      nn::BatchNormOptions{.num_features = 3,
                           .momentum = std::nullopt,
                           .affine = false,
                           .track_running_stats = false}));
  cases.push_back(Case<nn::BatchNorm2d>("BatchNorm2d/affine", Sample({2, 3, 2, 2}, 1),
                                        Normalized(channel, channel), printed,
                                        nn::BatchNormOptions{.num_features = 3}));
  cases.push_back(Case<nn::LayerNorm>(
      "LayerNorm/matrix", Sample({2, 2, 3}, 1),
      Normalized([](Position p) { return p[0]; }, [](Position p) { return p[1] * 3 + p[2]; }),
      "normalized_shape=[2, 3], eps=1e-05, elementwise_affine=true, bias=true",
      nn::LayerNormOptions{.normalized_shape = {2, 3}}));
  cases.push_back(Case<nn::LayerNorm>(
      "LayerNorm/plain", Sample({2, 4}, 1),
      Normalized([](Position p) { return p[0]; }, [](Position) { return 0; }, false),
      "normalized_shape=[4], eps=1e-05, elementwise_affine=false, bias=true",
      nn::LayerNormOptions{.normalized_shape = {4}, .elementwise_affine = false}));
}

void AddPoolingAndShape(std::vector<LayerCase>& cases) {
  cases.push_back(Case<nn::MaxPool2d>(
      "MaxPool2d/padded", Sample({2, 2, 5, 5}, 1), Pooling({3, 2, 1, 1}, {2, 2, 3, 3}, Largest),
      "kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], dilation=[1, 1], ceil_mode=false",
      MaxPoolOptions{.kernel_size = 3, .stride = 2, .padding = 1}));
  cases.push_back(Case<nn::AvgPool2d>(
      "AvgPool2d/plain", Sample({2, 2, 4, 6}, 1), Pooling({2, 2, 0, 1}, {2, 2, 2, 3}, MeanOf),
      "kernel_size=[2, 2], stride=none, padding=[0, 0], ceil_mode=false, count_include_pad=true, "
      "divisor_override=none",
      AvgPoolOptions{.kernel_size = 2}));
  cases.push_back(Case<nn::AdaptiveAvgPool2d>("AdaptiveAvgPool2d/divided", Sample({1, 2, 4, 4}, 1),
                                              Pooling({2, 2, 0, 1}, {1, 2, 2, 2}, MeanOf),
                                              "output_size=[2, 2]",
                                              nn::AdaptivePoolOptions{.output_size = 2}));
  cases.push_back(Case<nn::MaxPool1d>(
      "MaxPool1d/padded", Sample({2, 2, 5}, 1), Pooling({3, 2, 1, 1}, {2, 2, 3}, Largest),
      "kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=false",
      MaxPoolOptions{.kernel_size = 3, .stride = 2, .padding = 1}));
  cases.push_back(Case<nn::MaxPool3d>(
      "MaxPool3d/plain", Sample({1, 2, 4, 4, 5}, 1),
      Pooling({2, 2, 0, 1}, {1, 2, 2, 2, 2}, Largest),
      "kernel_size=[2, 2, 2], stride=none, padding=[0, 0, 0], dilation=[1, 1, 1], ceil_mode=false",
      MaxPoolOptions{.kernel_size = 2}));
  cases.push_back(Case<nn::AvgPool1d>(
      "AvgPool1d/inside", Sample({2, 2, 5}, 1), Pooling({3, 2, 1, 1}, {2, 2, 3}, MeanOf),
      "kernel_size=3, stride=2, padding=1, ceil_mode=false, count_include_pad=false",
      nn::AvgPool1dOptions{
          .kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}));
  cases.push_back(
      Case<nn::AvgPool3d>("AvgPool3d/divisor", Sample({1, 2, 4, 4, 5}, 1),
                          Pooling({2, 2, 0, 1}, {1, 2, 2, 2, 2},
                                  [](const std::vector<double>& values) {
                                    return MeanOf(values) * static_cast<double>(values.size()) / 3;
                                  }),
                          "kernel_size=[2, 2, 2], stride=none, padding=[0, 0, 0], ceil_mode=false, "
                          "count_include_pad=true, divisor_override=3",
                          AvgPoolOptions{.kernel_size = 2, .divisor_override = 3}));
  cases.push_back(Case<nn::AdaptiveAvgPool1d>(
      "AdaptiveAvgPool1d/divided", Sample({2, 2, 6}, 1), Pooling({2, 2, 0, 1}, {2, 2, 3}, MeanOf),
      "output_size=3", nn::AdaptivePoolOptions{.output_size = 3}));
  cases.push_back(Case<nn::AdaptiveAvgPool3d>(
      "AdaptiveAvgPool3d/divided", Sample({1, 2, 2, 4, 4}, 1),
      Pooling({2, 2, 0, 1}, {1, 2, 1, 2, 2}, MeanOf), "output_size=[1, 2, 2]",
      nn::AdaptivePoolOptions{.output_size = {1, 2, 2}}));
  cases.push_back(Case<nn::Dropout>("Dropout/of_nothing", Sample({2, 3}, 1), InShape({2, 3}), "p=0",
                                    nn::DropoutOptions{.p = 0}));
  cases.push_back(Case<nn::Flatten>("Flatten/batch", Sample({2, 3, 2}, 1), InShape({2, 6}),
                                    "start_dim=1, end_dim=-1"));
  cases.push_back(Case<nn::Flatten>("Flatten/inner", Sample({2, 3, 2, 1}, 1), InShape({6, 2, 1}),
                                    "start_dim=0, end_dim=1",
                                    nn::FlattenOptions{.start_dim = 0, .end_dim = 1}));
  cases.push_back(Case<nn::Identity>("Identity/matrix", Sample({2, 3}, 1), InShape({2, 3}), ""));
}

void AddActivations(std::vector<LayerCase>& cases) {
  const Tensor x = Sample({3, 4}, 1, -3, 3);
  cases.push_back(
      Case<nn::ReLU>("ReLU/matrix", x, Elementwise([](double v) { return std::max(v, 0.0); }), ""));
  cases.push_back(
      Case<nn::SiLU>("SiLU/matrix", x, Elementwise([](double v) { return v * Logistic(v); }), ""));
  cases.push_back(
      Case<nn::Tanh>("Tanh/matrix", x, Elementwise([](double v) { return std::tanh(v); }), ""));
  cases.push_back(Case<nn::Sigmoid>("Sigmoid/matrix", x, Elementwise(Logistic), ""));
  cases.push_back(Case<nn::LogSigmoid>(
      "LogSigmoid/matrix", x, Elementwise([](double v) { return std::log(Logistic(v)); }), ""));
  cases.push_back(
      Case<nn::ReLU6>("ReLU6/matrix", Sample({3, 4}, 1, -9, 9),
                      Elementwise([](double v) { return std::min(std::max(v, 0.0), 6.0); }), ""));
  cases.push_back(Case<nn::GELU>("GELU/exact", x, Elementwise([](double v) {
                                   return v * 0.5 * (1 + std::erf(v / std::sqrt(2.0)));
                                 }),
                                 "approximate=\"none\""));
  cases.push_back(Case<nn::GELU>(
      "GELU/tanh", x, Elementwise([](double v) {
        return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
      }),
      "approximate=\"tanh\"", GeluOptions{.approximate = "tanh"}));
  cases.push_back(Case<nn::LeakyReLU>(
      "LeakyReLU/slope", x, Elementwise([](double v) { return v > 0 ? v : 0.2 * v; }),
      "negative_slope=0.2", LeakyReluOptions{.negative_slope = 0.2}));
  cases.push_back(Case<nn::ELU>(
      "ELU/alpha", x, Elementwise([](double v) { return v > 0 ? v : 1.5 * std::expm1(v); }),
      "alpha=1.5", nn::EluOptions{.alpha = 1.5}));
  cases.push_back(Case<nn::Hardtanh>(
      "Hardtanh/bounds", x, Elementwise([](double v) { return std::min(std::max(v, -2.0), 0.5); }),
      "min_val=-2, max_val=0.5", nn::HardtanhOptions{.min_val = -2, .max_val = 0.5}));
  cases.push_back(Case<nn::Softplus>(
      "Softplus/beta", x, Elementwise([](double v) { return std::log1p(std::exp(2 * v)) / 2; }),
      "beta=2, threshold=20", nn::SoftplusOptions{.beta = 2}));
  const auto probability = [](double v, double sum) { return std::exp(v) / sum; };
  cases.push_back(Case<nn::Softmax>("Softmax/last", x, Rows(probability), "dim=none"));
  cases.push_back(Case<nn::Softmax>("Softmax/dim", x, Rows(probability), "dim=1",
                                    nn::SoftmaxOptions{.dim = 1}));
  cases.push_back(Case<nn::LogSoftmax>("LogSoftmax/last", x,
                                       Rows([](double v, double sum) { return v - std::log(sum); }),
                                       "dim=none"));
}

std::vector<LayerCase> LayerCases() {
  std::vector<LayerCase> cases;
  AddWeighted(cases);
  AddNormalization(cases);
  AddPoolingAndShape(cases);
  AddActivations(cases);
  return cases;
}

// ---- tests -----------------------------------------------------------------------------------

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
  const Array expected = GetParam().reference(inputs)[0];
  const Tensor output = GetParam().call(*layer, GetParam().inputs);
  EXPECT_EQ(output.shape(), DimsView(expected.shape));
  const Array actual = ToArray(output);
  for (int64_t i = 0; i < expected.numel(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], 1e-9) << "element " << i;
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
                  return std::vector<Tensor>{GetParam().call(*layer, in)};
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
  EXPECT_TRUE(SameBits(GetParam().call(*layer, GetParam().inputs),
                       GetParam().call(*other, GetParam().inputs)));
}

TEST_P(LayerRow, IsCopied) {
  const std::unique_ptr<nn::ModuleBase> layer = MakeLayer(GetParam());
  const std::unique_ptr<nn::ModuleBase> copy = GetParam().clone(*layer);
  EXPECT_TRUE(SameState(*layer, *copy));
  EXPECT_TRUE(SameBits(GetParam().call(*layer, GetParam().inputs),
                       GetParam().call(*copy, GetParam().inputs)));
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
