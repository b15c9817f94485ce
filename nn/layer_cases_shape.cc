// Layers that rearrange, resize, drop and compare.
#include <algorithm>
#include <cmath>

#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

// Of each row of two matrices.
Reference OfRows(
    std::function<double(const std::vector<double>&, const std::vector<double>&)> fold) {
  return [=](Arrays in) {
    Array out = MakeArray({in[0].size(0)});
    for (int64_t i = 0; i < out.numel(); ++i) {
      std::vector<double> a, b;
      for (int64_t k = 0; k < in[0].size(1); ++k) {
        a.push_back(in[0][i * in[0].size(1) + k]);
        b.push_back(in[1][i * in[1].size(1) + k]);
      }
      out[i] = fold(a, b);
    }
    return One(out);
  };
}

// [N, C, H, W] in other extents, whose corners are those of the input.
Reference Bilinearly(Dims shape) {
  return [=](Arrays in) {
    const Array& x = in[0];
    Array out = MakeArray(shape);
    for (int64_t i = 0; i < out.numel(); ++i) {
      const Position p = PositionOf(shape, i);
      for (int64_t h = 0; h < x.size(2); ++h) {
        for (int64_t w = 0; w < x.size(3); ++w) {
          double weight = 1;
          for (const auto& [d, place] : {std::pair<size_t, int64_t>{2, h}, {3, w}}) {
            const double at =
                static_cast<double>(p[d] * (x.shape[d] - 1)) / static_cast<double>(shape[d] - 1);
            weight *= std::max(0.0, 1 - std::abs(at - static_cast<double>(place)));
          }
          out[i] += weight * x[IndexOf(x.shape, {p[0], p[1], h, w})];
        }
      }
    }
    return One(out);
  };
}

// The windows of [N, C, H, W] as columns, which there are `places` of, or the image that columns
// add up to.
Reference Columns(Dims image, Dims places, Window window, bool from_image) {
  return [=](Arrays in) {
    const int64_t area = window.kernel * window.kernel, count = NumElements(places);
    const Dims columns = {image[0], image[1] * area, count};
    Array out = MakeArray(from_image ? columns : image);
    for (int64_t n = 0; n < image[0]; ++n) {
      for (int64_t c = 0; c < image[1]; ++c) {
        Slide(places, SpaceOf(image), window, [&](Position p, Position at, Position q) {
          const int64_t row = c * area + q[0] * window.kernel + q[1];
          const int64_t column = IndexOf(columns, {n, row, IndexOf(places, p)});
          const int64_t pixel = At(image, n, c, at);
          if (from_image) {
            out[column] = in[0][pixel];
          } else {
            out[pixel] += in[0][column];
          }
        });
      }
    }
    return One(out);
  };
}

}  // namespace

void AddShapeCases(std::vector<LayerCase>& cases) {
  cases.push_back(Case<Dropout>("Dropout/of_nothing", Sample({2, 3}, 1), InShape({2, 3}), "p=0",
                                DropoutOptions{.p = 0}));
  cases.push_back(Case<Flatten>("Flatten/batch", Sample({2, 3, 2}, 1), InShape({2, 6}),
                                "start_dim=1, end_dim=-1"));
  cases.push_back(Case<Flatten>("Flatten/inner", Sample({2, 3, 2, 1}, 1), InShape({6, 2, 1}),
                                "start_dim=0, end_dim=1",
                                FlattenOptions{.start_dim = 0, .end_dim = 1}));
  cases.push_back(Case<Identity>("Identity/matrix", Sample({2, 3}, 1), InShape({2, 3}), ""));
  const DropoutOptions none{.p = 0};
  cases.push_back(
      Case<Dropout1d>("Dropout1d/of_nothing", Sample({2, 3}, 1), InShape({2, 3}), "p=0", none));
  cases.push_back(Case<Dropout2d>("Dropout2d/of_nothing", Sample({2, 3, 1, 2}, 1),
                                  InShape({2, 3, 1, 2}), "p=0", none));
  cases.push_back(Case<Dropout3d>("Dropout3d/of_nothing", Sample({3, 1, 2, 2}, 1),
                                  InShape({3, 1, 2, 2}), "p=0", none));
  cases.push_back(Case<AlphaDropout>("AlphaDropout/of_nothing", Sample({2, 3}, 1), InShape({2, 3}),
                                     "p=0", none));
  cases.push_back(Case<FeatureAlphaDropout>("FeatureAlphaDropout/of_nothing", Sample({2, 3, 2}, 1),
                                            InShape({2, 3, 2}), "p=0", none));
  cases.push_back(Case<Unflatten>("Unflatten/rest", Sample({2, 6}, 1), InShape({2, 3, 2}),
                                  "dim=1, unflattened_size=[3, -1]",
                                  UnflattenOptions{.dim = 1, .unflattened_size = {3, -1}}));
  cases.push_back(CaseWith<CosineSimilarity>(
      "CosineSimilarity/rows", {Sample({2, 3}, 1), Sample({2, 3}, 2)},
      OfRows([](const std::vector<double>& a, const std::vector<double>& b) {
        double ab = 0, aa = 0, bb = 0;
        for (size_t i = 0; i < a.size(); ++i) {
          ab += a[i] * b[i];
          aa += a[i] * a[i];
          bb += b[i] * b[i];
        }
        return ab / std::sqrt(aa * bb);
      }),
      "dim=1, eps=1e-08"));
  cases.push_back(CaseWith<PairwiseDistance>(
      "PairwiseDistance/cubes", {Sample({2, 3}, 1), Sample({2, 3}, 2)},
      OfRows([](const std::vector<double>& a, const std::vector<double>& b) {
        double sum = 0;
        for (size_t i = 0; i < a.size(); ++i) {
          sum += std::pow(std::abs(a[i] - b[i] + 1e-6), 3);
        }
        return std::cbrt(sum);
      }),
      "p=3, eps=1e-06, keepdim=false", PairwiseDistanceOptions{.p = 3}));
  const auto halves = [](Position p) {
    for (size_t d = 2; d < p.size(); ++d) p[d] /= 2;
    return p;
  };
  cases.push_back(
      Case<Upsample>("Upsample/nearest", Sample({1, 2, 3}, 1), Take({1, 2, 6}, halves),
                     "size=none, scale_factor=2, mode=\"nearest\", align_corners=false, "
                     "recompute_scale_factor=false",
                     UpsampleOptions{.scale_factor = 2}));
  cases.push_back(Case<Upsample>(
      "Upsample/bilinear", Sample({1, 2, 2, 3}, 1), Bilinearly({1, 2, 3, 5}),
      "size=[3, 5], scale_factor=none, mode=\"bilinear\", align_corners=true, "
      "recompute_scale_factor=false",
      UpsampleOptions{.size = Sizes{3, 5}, .mode = "bilinear", .align_corners = true}));
  cases.push_back(Case<UpsamplingNearest2d>("UpsamplingNearest2d/twice", Sample({1, 2, 2, 3}, 1),
                                            Take({1, 2, 4, 6}, halves), "size=none, scale_factor=2",
                                            UpsamplingOptions{.scale_factor = 2}));
  cases.push_back(Case<UpsamplingBilinear2d>("UpsamplingBilinear2d/size", Sample({1, 2, 2, 3}, 1),
                                             Bilinearly({1, 2, 4, 4}), "size=4, scale_factor=none",
                                             UpsamplingOptions{.size = Sizes(4)}));
  cases.push_back(Case<PixelShuffle>(
      "PixelShuffle/twice", Sample({2, 8, 1, 3}, 1),
      Take({2, 2, 2, 6},
           [](Position p) {
             return Position{p[0], p[1] * 4 + p[2] % 2 * 2 + p[3] % 2, p[2] / 2, p[3] / 2};
           }),
      "upscale_factor=2", PixelShuffleOptions{.upscale_factor = 2}));
  cases.push_back(Case<PixelUnshuffle>(
      "PixelUnshuffle/twice", Sample({2, 2, 2, 4}, 1),
      Take({2, 8, 1, 2},
           [](Position p) {
             return Position{p[0], p[1] / 4, p[2] * 2 + p[1] % 4 / 2, p[3] * 2 + p[1] % 2};
           }),
      "downscale_factor=2", PixelUnshuffleOptions{.downscale_factor = 2}));
  cases.push_back(Case<ChannelShuffle>("ChannelShuffle/two", Sample({1, 6, 2}, 1),
                                       Take({1, 6, 2},
                                            [](Position p) {
                                              return Position{p[0], p[1] % 2 * 3 + p[1] / 2, p[2]};
                                            }),
                                       "groups=2", ChannelShuffleOptions{.groups = 2}));
  cases.push_back(Case<Unfold>(
      "Unfold/all", Sample({2, 2, 4, 5}, 1), Columns({2, 2, 4, 5}, {2, 3}, {2, 2, 1, 2}, true),
      "kernel_size=[2, 2], dilation=[2, 2], padding=[1, 1], stride=[2, 2]",
      UnfoldOptions{.kernel_size = 2, .dilation = 2, .padding = 1, .stride = 2}));
  cases.push_back(Case<Fold>(
      "Fold/all", Sample({2, 8, 6}, 1), Columns({2, 2, 4, 5}, {2, 3}, {2, 2, 1, 2}, false),
      "output_size=[4, 5], kernel_size=[2, 2], dilation=[2, 2], padding=[1, 1], stride=[2, 2]",
      FoldOptions{
          .output_size = {4, 5}, .kernel_size = 2, .dilation = 2, .padding = 1, .stride = 2}));
}

}  // namespace neura::nn::testing
