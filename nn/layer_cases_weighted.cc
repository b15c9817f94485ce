// Layers with weights: linear maps, convolutions, vectors for integers.
#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

Reference Affine(Dims shape) {
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

Reference Convolution(Window window, int64_t groups, Dims shape) {
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
Reference Transposed(Window window, int64_t groups, Dims shape) {
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

// `second` of the result of `first` and of the other inputs.
Reference After(Reference first, Reference second) {
  return [=](Arrays in) {
    std::vector<Array> inputs = in;
    inputs[0] = first(in)[0];
    return second(inputs);
  };
}

// The sums, or means, of the rows of the last input that the first one's bags name, from each of
// `starts` to the next; third inputs multiply them.
Reference Bags(std::vector<int64_t> starts, int64_t padding, bool mean) {
  return [=](Arrays in) {
    const Array& weight = in.back();
    const int64_t bags = static_cast<int64_t>(starts.size()) - 1, columns = weight.size(1);
    Array out = MakeArray({bags, columns});
    for (int64_t b = 0; b < bags; ++b) {
      double count = 0;
      for (int64_t i = starts[static_cast<size_t>(b)]; i < starts[static_cast<size_t>(b) + 1];
           ++i) {
        const auto row = static_cast<int64_t>(in[0][i]);
        if (row == padding) continue;
        ++count;
        for (int64_t k = 0; k < columns; ++k) {
          out[b * columns + k] += weight[row * columns + k] * (in.size() > 3 ? in[2][i] : 1);
        }
      }
      for (int64_t k = 0; k < columns && mean && count > 0; ++k) out[b * columns + k] /= count;
    }
    return One(out);
  };
}

}  // namespace

void AddWeightedCases(std::vector<LayerCase>& cases) {
  cases.push_back(Case<Linear>("Linear/bias", Sample({2, 2, 3}, 1), Affine({2, 2, 4}),
                               "in_features=3, out_features=4, bias=true",
                               LinearOptions{.in_features = 3, .out_features = 4}));
  cases.push_back(Case<Linear>("Linear/plain", Sample({3}, 1), Affine({2}),
                               "in_features=3, out_features=2, bias=false",
                               LinearOptions{.in_features = 3, .out_features = 2, .bias = false}));
  cases.push_back(
      CaseWith<Bilinear>("Bilinear/bias", {Sample({2, 2, 3}, 1), Sample({2, 2, 2}, 2)},
                         neura::testing::BilinearForms({2, 2, 4}),
                         "in1_features=3, in2_features=2, out_features=4, bias=true",
                         BilinearOptions{.in1_features = 3, .in2_features = 2, .out_features = 4}));
  cases.push_back(CaseWith<Bilinear>(
      "Bilinear/plain", {Sample({3}, 1), Sample({2}, 2)}, neura::testing::BilinearForms({2}),
      "in1_features=3, in2_features=2, out_features=2, bias=false",
      BilinearOptions{.in1_features = 3, .in2_features = 2, .out_features = 2, .bias = false}));
  cases.push_back(Case<Conv2d>(
      "Conv2d/bias", Sample({2, 3, 4, 5}, 1), Convolution({2, 1, 0, 1}, 1, {2, 2, 3, 4}),
      "in_channels=3, out_channels=2, kernel_size=[2, 2], stride=[1, 1], padding=[0, 0], "
      "dilation=[1, 1], groups=1, "
      "bias=true, padding_mode=\"zeros\"",
      ConvOptions{.in_channels = 3, .out_channels = 2, .kernel_size = 2}));
  cases.push_back(Case<Conv2d>("Conv2d/all", Sample({1, 4, 6, 5}, 1),
                               Convolution({2, 2, 1, 2}, 2, {1, 2, 3, 3}),
                               "in_channels=4, out_channels=2, kernel_size=[2, 2], stride=[2, "
                               "2], padding=[1, 1], dilation=[2, 2], groups=2, "
                               "bias=false, padding_mode=\"zeros\"",
                               ConvOptions{.in_channels = 4,
                                           .out_channels = 2,
                                           .kernel_size = 2,
                                           .stride = 2,
                                           .padding = 1,
                                           .dilation = 2,
                                           .groups = 2,
                                           .bias = false}));
  cases.push_back(Case<ConvTranspose2d>(
      "ConvTranspose2d/plain", Sample({2, 3, 2, 3}, 1), Transposed({2, 1, 0, 1}, 1, {2, 2, 3, 4}),
      "in_channels=3, out_channels=2, kernel_size=[2, 2], stride=[1, 1], padding=[0, 0], "
      "output_padding=[0, 0], "
      "groups=1, bias=false, dilation=[1, 1], padding_mode=\"zeros\"",
      ConvTransposeOptions{.in_channels = 3, .out_channels = 2, .kernel_size = 2, .bias = false}));
  cases.push_back(Case<ConvTranspose2d>(
      "ConvTranspose2d/all", Sample({1, 4, 3, 3}, 1), Transposed({3, 2, 1, 2}, 2, {1, 2, 8, 8}),
      "in_channels=4, out_channels=2, kernel_size=[3, 3], "
      "stride=[2, 2], padding=[1, 1], output_padding=[1, 1], "
      "groups=2, bias=true, dilation=[2, 2], padding_mode=\"zeros\"",
      ConvTransposeOptions{.in_channels = 4,
                           .out_channels = 2,
                           .kernel_size = 3,
                           .stride = 2,
                           .padding = 1,
                           .output_padding = 1,
                           .groups = 2,
                           .dilation = 2}));
  cases.push_back(Case<Conv1d>(
      "Conv1d/all", Sample({2, 4, 7}, 1), Convolution({3, 2, 1, 2}, 2, {2, 2, 3}),
      "in_channels=4, out_channels=2, kernel_size=3, stride=2, padding=1, dilation=2, groups=2, "
      "bias=true, padding_mode=\"zeros\"",
      ConvOptions{.in_channels = 4,
                  .out_channels = 2,
                  .kernel_size = 3,
                  .stride = 2,
                  .padding = 1,
                  .dilation = 2,
                  .groups = 2}));
  cases.push_back(Case<Conv3d>(
      "Conv3d/bias", Sample({1, 2, 3, 3, 4}, 1), Convolution({2, 1, 0, 1}, 1, {1, 3, 2, 2, 3}),
      "in_channels=2, out_channels=3, kernel_size=[2, 2, 2], stride=[1, 1, 1], padding=[0, 0, 0], "
      "dilation=[1, 1, 1], groups=1, bias=true, padding_mode=\"zeros\"",
      ConvOptions{.in_channels = 2, .out_channels = 3, .kernel_size = 2}));
  cases.push_back(Case<Conv1d>(
      "Conv1d/circular", Sample({2, 2, 5}, 1),
      After(Surrounded({2, 2, 5}, {2}, {2, 2, 9}, Around), Convolution({3, 1, 0, 2}, 1, {2, 3, 5})),
      "in_channels=2, out_channels=3, kernel_size=3, stride=1, padding=2, dilation=2, groups=1, "
      "bias=true, padding_mode=\"circular\"",
      ConvOptions{.in_channels = 2,
                  .out_channels = 3,
                  .kernel_size = 3,
                  .padding = 2,
                  .dilation = 2,
                  .padding_mode = "circular"}));
  cases.push_back(Case<Conv2d>(
      "Conv2d/same", Sample({1, 2, 3, 4}, 1),
      After(Surrounded({1, 2, 3, 4}, {0, 0}, {1, 2, 4, 5}, Inside),
            Convolution({2, 1, 0, 1}, 1, {1, 2, 3, 4})),
      "in_channels=2, out_channels=2, kernel_size=[2, 2], stride=[1, 1], padding=[-1, -1], "
      "dilation=[1, 1], groups=1, bias=true, padding_mode=\"zeros\"",
      ConvOptions{.in_channels = 2, .out_channels = 2, .kernel_size = 2, .padding = Sizes::kSame}));
  cases.push_back(Case<Conv2d>(
      "Conv2d/reflect", Sample({1, 2, 3, 4}, 1),
      After(Surrounded({1, 2, 3, 4}, {1, 1}, {1, 2, 5, 6}, Mirrored),
            Convolution({3, 2, 0, 1}, 1, {1, 2, 2, 2})),
      "in_channels=2, out_channels=2, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], "
      "dilation=[1, 1], groups=1, bias=true, padding_mode=\"reflect\"",
      ConvOptions{.in_channels = 2,
                  .out_channels = 2,
                  .kernel_size = 3,
                  .stride = 2,
                  .padding = 1,
                  .padding_mode = "reflect"}));
  cases.push_back(
      Case<Conv3d>("Conv3d/same_replicate", Sample({1, 1, 2, 2, 3}, 1),
                   After(Surrounded({1, 1, 2, 2, 3}, {0, 0, 0}, {1, 1, 3, 3, 4}, Outermost),
                         Convolution({2, 1, 0, 1}, 1, {1, 2, 2, 2, 3})),
                   "in_channels=1, out_channels=2, kernel_size=[2, 2, 2], stride=[1, 1, 1], "
                   "padding=[-1, -1, -1], dilation=[1, 1, 1], groups=1, bias=true, "
                   "padding_mode=\"replicate\"",
                   ConvOptions{.in_channels = 1,
                               .out_channels = 2,
                               .kernel_size = 2,
                               .padding = Sizes::kSame,
                               .padding_mode = "replicate"}));
  cases.push_back(Case<ConvTranspose1d>(
      "ConvTranspose1d/all", Sample({2, 4, 3}, 1), Transposed({3, 2, 1, 2}, 2, {2, 2, 8}),
      "in_channels=4, out_channels=2, kernel_size=3, stride=2, padding=1, output_padding=1, "
      "groups=2, bias=true, dilation=2, padding_mode=\"zeros\"",
      ConvTransposeOptions{.in_channels = 4,
                           .out_channels = 2,
                           .kernel_size = 3,
                           .stride = 2,
                           .padding = 1,
                           .output_padding = 1,
                           .groups = 2,
                           .dilation = 2}));
  cases.push_back(Case<ConvTranspose3d>(
      "ConvTranspose3d/plain", Sample({1, 3, 2, 2, 1}, 1),
      Transposed({2, 1, 0, 1}, 1, {1, 2, 3, 3, 2}),
      "in_channels=3, out_channels=2, kernel_size=[2, 2, 2], stride=[1, 1, 1], padding=[0, 0, 0], "
      "output_padding=[0, 0, 0], groups=1, bias=false, dilation=[1, 1, 1], padding_mode=\"zeros\"",
      ConvTransposeOptions{.in_channels = 3, .out_channels = 2, .kernel_size = 2, .bias = false}));
  cases.push_back(Case<Embedding>(
      "Embedding/matrix", FromList<int64_t>({2, 0, 4, 2}, {2, 2}),
      [](Arrays in) {
        Array out = MakeArray({2, 2, 3});
        for (int64_t i = 0; i < out.numel(); ++i) {
          out[i] = in[1][static_cast<int64_t>(in[0][i / 3]) * 3 + i % 3];
        }
        return One(out);
      },
      "num_embeddings=5, embedding_dim=3, padding_idx=none, max_norm=none, norm_type=2, "
      "scale_grad_by_freq=false, sparse=false",
      EmbeddingOptions{.num_embeddings = 5, .embedding_dim = 3}));
  const auto bags = [](const char* mode, const char* offset, const char* padding) {
    return std::string(
               "num_embeddings=5, embedding_dim=3, max_norm=none, norm_type=2, "
               "scale_grad_by_freq=false, mode=\"") +
           mode + "\", sparse=false, include_last_offset=" + offset + ", padding_idx=" + padding;
  };
  cases.push_back(CaseWith<EmbeddingBag>(
      "EmbeddingBag/matrix", {FromList<int64_t>({2, 0, 4, 2}, {2, 2})}, Bags({0, 2, 4}, -1, false),
      bags("sum", "false", "none"),
      EmbeddingBagOptions{.num_embeddings = 5, .embedding_dim = 3, .mode = "sum"}));
  cases.push_back(CaseWith<EmbeddingBag>(
      "EmbeddingBag/offsets",
      {FromList<int64_t>({2, 0, 4, 4, 1}, {5}), FromList<int64_t>({0, 2, 2}, {3})},
      Bags({0, 2, 2, 5}, 4, true), bags("mean", "false", "4"),
      EmbeddingBagOptions{.num_embeddings = 5, .embedding_dim = 3, .padding_idx = -1}));
  cases.push_back(CaseWith<EmbeddingBag>(
      "EmbeddingBag/weights",
      {FromList<int64_t>({2, 0, 4}, {3}), FromList<int64_t>({0, 2, 3}, {3}), Sample({3}, 3)},
      Bags({0, 2, 3}, -1, false), bags("sum", "true", "none"),
      EmbeddingBagOptions{
          .num_embeddings = 5, .embedding_dim = 3, .mode = "sum", .include_last_offset = true}));
}

}  // namespace neura::nn::testing
