// Layers of normalization.
#include <cmath>

#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

// Elements of one group have mean 0 and variance 1, then weight and bias of their channel.
Reference Normalized(std::function<int64_t(Position)> group,
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

// Rows of so many elements over the root of the mean of their squares plus eps, times the weight.
Reference OverRootMeanSquare(int64_t row, double eps) {
  return [=](Arrays in) {
    Array out = in[0];
    for (int64_t i = 0; i < out.numel(); ++i) {
      std::vector<double> squares;
      for (int64_t k = 0; k < row; ++k) squares.push_back(std::pow(in[0][i / row * row + k], 2));
      out[i] /= std::sqrt(MeanOf(squares) + eps);
      if (in.size() > 1) out[i] *= in[1][i % row];
    }
    return One(out);
  };
}

// Each element over (k + alpha / size * squares of `size` channels around)^beta, of which those
// before are one more where size is even.
Reference AmongChannels(int64_t size, double alpha, double beta, double k) {
  return [=](Arrays in) {
    const Array& x = in[0];
    Array out = x;
    for (int64_t i = 0; i < x.numel(); ++i) {
      Position p = PositionOf(x.shape, i);
      const int64_t first = p[1] - size / 2;
      double sum = 0;
      for (p[1] = first; p[1] < first + size; ++p[1]) {
        if (p[1] >= 0 && p[1] < x.size(1)) sum += std::pow(x[IndexOf(x.shape, p)], 2);
      }
      out[i] = x[i] / std::pow(k + alpha * sum / static_cast<double>(size), beta);
    }
    return One(out);
  };
}

}  // namespace

void AddNormalizationCases(std::vector<LayerCase>& cases) {
  const auto channel = [](Position p) { return p[1]; };
  const std::string printed =
      "num_features=3, eps=1e-05, momentum=0.1, affine=true, track_running_stats=true";
  cases.push_back(Case<BatchNorm1d>("BatchNorm1d/matrix", Sample({4, 3}, 1),
                                    Normalized(channel, channel), printed,
                                    BatchNormOptions{.num_features = 3}));
  cases.push_back(Case<BatchNorm1d>("BatchNorm1d/sequence", Sample({2, 3, 3}, 1),
                                    Normalized(channel, channel), printed,
                                    BatchNormOptions{.num_features = 3}));
  cases.push_back(Case<SyncBatchNorm>("SyncBatchNorm/volumes", Sample({2, 3, 2, 1, 2}, 1),
                                      Normalized(channel, channel), printed,
                                      BatchNormOptions{.num_features = 3}));
  cases.push_back(Case<BatchNorm2d>(
      "BatchNorm2d/plain", Sample({2, 3, 2, 2}, 1), Normalized(channel, channel, false),
      "num_features=3, eps=1e-05, momentum=none, affine=false, track_running_stats=false",
      BatchNormOptions{.num_features = 3,
                       .momentum = std::nullopt,
                       .affine = false,
                       .track_running_stats = false}));
  cases.push_back(Case<BatchNorm2d>("BatchNorm2d/affine", Sample({2, 3, 2, 2}, 1),
                                    Normalized(channel, channel), printed,
                                    BatchNormOptions{.num_features = 3}));
  cases.push_back(Case<LayerNorm>(
      "LayerNorm/matrix", Sample({2, 2, 3}, 1),
      Normalized([](Position p) { return p[0]; }, [](Position p) { return p[1] * 3 + p[2]; }),
      "normalized_shape=[2, 3], eps=1e-05, elementwise_affine=true, bias=true",
      LayerNormOptions{.normalized_shape = {2, 3}}));
  cases.push_back(Case<LayerNorm>(
      "LayerNorm/plain", Sample({2, 4}, 1),
      Normalized([](Position p) { return p[0]; }, [](Position) { return 0; }, false),
      "normalized_shape=[4], eps=1e-05, elementwise_affine=false, bias=true",
      LayerNormOptions{.normalized_shape = {4}, .elementwise_affine = false}));
  const auto each = [](Position p) { return p[0] * 3 + p[1]; };
  cases.push_back(Case<BatchNorm3d>("BatchNorm3d/affine", Sample({2, 3, 1, 2, 2}, 1),
                                    Normalized(channel, channel), printed,
                                    BatchNormOptions{.num_features = 3}));
  const std::string plain =
      "num_features=3, eps=1e-05, momentum=0.1, affine=false, track_running_stats=false";
  cases.push_back(Case<InstanceNorm1d>("InstanceNorm1d/plain", Sample({2, 3, 4}, 1),
                                       Normalized(each, channel, false), plain,
                                       InstanceNormOptions{.num_features = 3}));
  cases.push_back(Case<InstanceNorm1d>(
      "InstanceNorm1d/one", Sample({3, 4}, 1),
      Normalized([](Position p) { return p[0]; }, [](Position p) { return p[0]; }),
      "num_features=3, eps=1e-05, momentum=0.1, affine=true, track_running_stats=false",
      InstanceNormOptions{.num_features = 3, .affine = true}));
  cases.push_back(Case<InstanceNorm2d>(
      "InstanceNorm2d/all", Sample({2, 3, 2, 3}, 1), Normalized(each, channel), printed,
      InstanceNormOptions{.num_features = 3, .affine = true, .track_running_stats = true}));
  cases.push_back(Case<InstanceNorm3d>("InstanceNorm3d/plain", Sample({2, 3, 1, 2, 2}, 1),
                                       Normalized(each, channel, false), plain,
                                       InstanceNormOptions{.num_features = 3}));
  const auto group = [](Position p) { return p[0] * 2 + p[1] / 2; };
  cases.push_back(Case<GroupNorm>("GroupNorm/affine", Sample({2, 4, 3}, 1),
                                  Normalized(group, channel),
                                  "num_groups=2, num_channels=4, eps=1e-05, affine=true",
                                  GroupNormOptions{.num_groups = 2, .num_channels = 4}));
  cases.push_back(
      Case<GroupNorm>("GroupNorm/plain", Sample({2, 4, 2, 2}, 1), Normalized(group, channel, false),
                      "num_groups=2, num_channels=4, eps=1e-05, affine=false",
                      GroupNormOptions{.num_groups = 2, .num_channels = 4, .affine = false}));
  cases.push_back(Case<RMSNorm>("RMSNorm/matrix", Sample({2, 2, 3}, 1), OverRootMeanSquare(6, 0.1),
                                "normalized_shape=[2, 3], eps=0.1, elementwise_affine=true",
                                RMSNormOptions{.normalized_shape = {2, 3}, .eps = 0.1}));
  cases.push_back(
      Case<RMSNorm>("RMSNorm/plain", Sample({2, 4}, 1), OverRootMeanSquare(4, 0),
                    "normalized_shape=[4], eps=none, elementwise_affine=false",
                    RMSNormOptions{.normalized_shape = {4}, .elementwise_affine = false}));
  cases.push_back(Case<LocalResponseNorm>(
      "LocalResponseNorm/even", Sample({2, 5, 3}, 1), AmongChannels(4, 2, 0.5, 3),
      "size=4, alpha=2, beta=0.5, k=3",
      LocalResponseNormOptions{.size = 4, .alpha = 2, .beta = 0.5, .k = 3}));
  cases.push_back(Case<LocalResponseNorm>(
      "LocalResponseNorm/odd", Sample({1, 4, 2, 2}, 1), AmongChannels(3, 1e-4, 0.75, 1),
      "size=3, alpha=0.0001, beta=0.75, k=1", LocalResponseNormOptions{.size = 3}));
}

}  // namespace neura::nn::testing
