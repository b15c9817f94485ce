// Cases of convolution and pooling: the definitions, loop by loop.
#include <algorithm>
#include <limits>

#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {
namespace {

int64_t Index4(const Array& a, int64_t n, int64_t c, int64_t h, int64_t w) {
  return ((n * a.shape[1] + c) * a.shape[2] + h) * a.shape[3] + w;
}

// Calls visit(input index, weight index, output index) for every product of a convolution.
template <typename Options, typename F>
void ForProducts(const Array& x, const Array& w, const Array& y, const Options& o, F visit) {
  const int64_t in_group = w.shape[1], out_group = w.shape[0] / o.groups;
  for (int64_t n = 0; n < y.shape[0]; ++n)
    for (int64_t oc = 0; oc < y.shape[1]; ++oc)
      for (int64_t oh = 0; oh < y.shape[2]; ++oh)
        for (int64_t ow = 0; ow < y.shape[3]; ++ow)
          for (int64_t c = 0; c < in_group; ++c)
            for (int64_t kh = 0; kh < w.shape[2]; ++kh)
              for (int64_t kw = 0; kw < w.shape[3]; ++kw) {
                const int64_t h = oh * o.stride.height - o.padding.height + kh * o.dilation.height;
                const int64_t v = ow * o.stride.width - o.padding.width + kw * o.dilation.width;
                if (h < 0 || v < 0 || h >= x.shape[2] || v >= x.shape[3]) continue;
                visit(Index4(x, n, oc / out_group * in_group + c, h, v), Index4(w, oc, c, kh, kw),
                      Index4(y, n, oc, oh, ow));
              }
}

struct ConvForm {
  const char* name;
  Dims x, w, y;
  Conv2dOptions options;
};

void AddConvolutions(CaseList& cases) {
  const ConvForm forms[] = {
      {"plain", {2, 3, 5, 6}, {4, 3, 3, 3}, {2, 4, 3, 4}, {}},
      {"padding", {1, 2, 4, 4}, {3, 2, 3, 3}, {1, 3, 4, 4}, {.padding = 1}},
      {"stride", {2, 2, 7, 6}, {3, 2, 3, 2}, {2, 3, 3, 3}, {.stride = 2}},
      {"dilation", {1, 2, 7, 7}, {2, 2, 3, 3}, {1, 2, 5, 5}, {.padding = 1, .dilation = 2}},
      {"groups", {1, 4, 4, 4}, {6, 2, 3, 3}, {1, 6, 2, 2}, {.groups = 2}},
      {"depthwise", {2, 3, 5, 5}, {3, 1, 3, 3}, {2, 3, 5, 5}, {.padding = 1, .groups = 3}},
      {"pointwise", {2, 3, 3, 2}, {5, 3, 1, 1}, {2, 5, 3, 2}, {}},
      {"uneven", {1, 1, 6, 5}, {2, 1, 2, 3}, {1, 2, 4, 3}, {.stride = {2, 1}, .padding = {1, 0}}},
      {"no_images", {0, 2, 4, 4}, {3, 2, 3, 3}, {0, 3, 2, 2}, {}},
  };
  for (const ConvForm& form : forms) {
    const Conv2dOptions o = form.options;
    const auto grad_options = [&](const Dims& shape) {
      return Conv2dGradOptions{.size = {shape[2], shape[3]},
                               .stride = o.stride,
                               .padding = o.padding,
                               .dilation = o.dilation,
                               .groups = o.groups};
    };
    const Tensor x = Sample(form.x, 1), w = Sample(form.w, 2), y = Sample(form.y, 3);
    const Tensor bias = Sample({form.w[0]}, 4);
    const Dims xs = form.x, ws = form.w, ys = form.y;
    cases.push_back({std::string("conv2d/") + form.name,
                     op::kConv2d,
                     {x, w, bias},
                     Own(o),
                     [=](const std::vector<Array>& in) {
                       Array out = MakeArray(ys);
                       const int64_t plane = ys[2] * ys[3];
                       for (int64_t i = 0; i < out.numel(); ++i) out[i] = in[2][i / plane % ys[1]];
                       ForProducts(in[0], in[1], out, o, [&](int64_t a, int64_t b, int64_t c) {
                         out[c] += in[0][a] * in[1][b];
                       });
                       return std::vector<Array>{out};
                     }});
    cases.push_back({std::string("conv2d_input_grad/") + form.name,
                     op::kConv2dInputGrad,
                     {y, w},
                     Own(grad_options(form.x)),
                     [=](const std::vector<Array>& in) {
                       Array out = MakeArray(xs);
                       ForProducts(out, in[1], in[0], o, [&](int64_t a, int64_t b, int64_t c) {
                         out[a] += in[1][b] * in[0][c];
                       });
                       return std::vector<Array>{out};
                     }});
    cases.push_back({std::string("conv2d_weight_grad/") + form.name,
                     op::kConv2dWeightGrad,
                     {y, x},
                     Own(grad_options(form.w)),
                     [=](const std::vector<Array>& in) {
                       Array out = MakeArray(ws);
                       ForProducts(in[1], out, in[0], o, [&](int64_t a, int64_t b, int64_t c) {
                         out[b] += in[1][a] * in[0][c];
                       });
                       return std::vector<Array>{out};
                     }});
  }
  cases.push_back({"conv2d/no_bias",
                   op::kConv2d,
                   {Sample({1, 1, 3, 3}, 1), Sample({1, 1, 2, 2}, 2), Tensor()},
                   Own(Conv2dOptions{}),
                   [](const std::vector<Array>& in) {
                     Array out = MakeArray({1, 1, 2, 2});
                     ForProducts(
                         in[0], in[1], out, Conv2dOptions{},
                         [&](int64_t a, int64_t b, int64_t c) { out[c] += in[0][a] * in[1][b]; });
                     return std::vector<Array>{out};
                   }});
}

// The input positions (h, w) of the window of output (oh, ow) that lie inside the plane.
template <typename Options>
std::vector<std::pair<int64_t, int64_t>> Window(const Options& o, Size2 dilation, Size2 plane,
                                                int64_t oh, int64_t ow) {
  const Size2 stride = o.stride.value_or(o.kernel_size);
  std::vector<std::pair<int64_t, int64_t>> inside;
  for (int64_t kh = 0; kh < o.kernel_size.height; ++kh) {
    for (int64_t kw = 0; kw < o.kernel_size.width; ++kw) {
      const int64_t h = oh * stride.height - o.padding.height + kh * dilation.height;
      const int64_t w = ow * stride.width - o.padding.width + kw * dilation.width;
      if (h >= 0 && w >= 0 && h < plane.height && w < plane.width) inside.emplace_back(h, w);
    }
  }
  return inside;
}

void AddMaxPooling(CaseList& cases) {
  struct Form {
    const char* name;
    Dims x, y;
    MaxPool2dOptions options;
  };
  const Form forms[] = {
      {"halves", {2, 2, 4, 6}, {2, 2, 2, 3}, {.kernel_size = 2}},
      {"odd", {1, 2, 5, 5}, {1, 2, 2, 2}, {.kernel_size = 2}},
      {"overlap", {1, 2, 5, 5}, {1, 2, 3, 3}, {.kernel_size = 3, .stride = 2, .padding = 1}},
      {"ceil", {1, 1, 5, 5}, {1, 1, 3, 3}, {.kernel_size = 2, .ceil_mode = true}},
      {"dilation", {1, 1, 6, 6}, {1, 1, 4, 4}, {.kernel_size = 2, .stride = 1, .dilation = 2}},
  };
  for (const Form& form : forms) {
    const MaxPool2dOptions o = form.options;
    const Dims ys = form.y;
    cases.push_back(
        {std::string("max_pool2d/") + form.name,
         op::kMaxPool2d,
         {Sample(form.x, 6)},
         Own(o),
         [=](const std::vector<Array>& in) {
           const Array& x = in[0];
           Array values = MakeArray(ys), indices = MakeArray(ys);
           for (int64_t n = 0; n < ys[0]; ++n)
             for (int64_t c = 0; c < ys[1]; ++c)
               for (int64_t oh = 0; oh < ys[2]; ++oh)
                 for (int64_t ow = 0; ow < ys[3]; ++ow) {
                   double best = -std::numeric_limits<double>::infinity();
                   const int64_t at = Index4(values, n, c, oh, ow);
                   for (auto [h, w] : Window(o, o.dilation, {x.shape[2], x.shape[3]}, oh, ow)) {
                     if (x[Index4(x, n, c, h, w)] <= best) continue;
                     best = x[Index4(x, n, c, h, w)];
                     indices[at] = static_cast<double>(h * x.shape[3] + w);
                   }
                   values[at] = best;
                 }
           return std::vector<Array>{values, indices};
         }});
  }
  const Tensor indices = FromList<int64_t>({0, 3, 9, 11, 5, 5, 2, 10}, {1, 2, 2, 2});
  cases.push_back({"max_pool2d_scatter/planes",
                   op::kMaxPool2dScatter,
                   {Sample({1, 2, 2, 2}, 1), indices},
                   Own(SpatialSizeOptions{.output_size = {3, 4}}),
                   [](const std::vector<Array>& in) {
                     Array out = MakeArray({1, 2, 3, 4});
                     for (int64_t i = 0; i < 8; ++i) {
                       out[i / 4 * 12 + static_cast<int64_t>(in[1][i])] += in[0][i];
                     }
                     return std::vector<Array>{out};
                   }});
  cases.push_back({"max_pool2d_gather/planes",
                   op::kMaxPool2dGather,
                   {Sample({1, 2, 3, 4}, 1), indices},
                   nullptr,
                   [](const std::vector<Array>& in) {
                     Array out = MakeArray({1, 2, 2, 2});
                     for (int64_t i = 0; i < 8; ++i) {
                       out[i] = in[0][i / 4 * 12 + static_cast<int64_t>(in[1][i])];
                     }
                     return std::vector<Array>{out};
                   }});
}

void AddAveragePooling(CaseList& cases) {
  struct Form {
    const char* name;
    Dims x, y;
    AvgPool2dOptions options;
  };
  const Form forms[] = {
      {"halves", {2, 2, 4, 6}, {2, 2, 2, 3}, {.kernel_size = 2}},
      {"padding", {1, 2, 5, 5}, {1, 2, 3, 3}, {.kernel_size = 3, .stride = 2, .padding = 1}},
      {"inside",
       {1, 2, 5, 5},
       {1, 2, 3, 3},
       {.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}},
  };
  for (const Form& form : forms) {
    const AvgPool2dOptions o = form.options;
    const Dims xs = form.x, ys = form.y;
    // Calls visit(input index, output index, share) for all that flows.
    const auto flow = [=](auto visit) {
      const Array x = MakeArray(xs), y = MakeArray(ys);
      for (int64_t n = 0; n < ys[0]; ++n)
        for (int64_t c = 0; c < ys[1]; ++c)
          for (int64_t oh = 0; oh < ys[2]; ++oh)
            for (int64_t ow = 0; ow < ys[3]; ++ow) {
              const auto inside = Window(o, 1, {xs[2], xs[3]}, oh, ow);
              const double count =
                  o.count_include_pad
                      ? static_cast<double>(o.kernel_size.height * o.kernel_size.width)
                      : static_cast<double>(inside.size());
              for (auto [h, w] : inside) {
                visit(Index4(x, n, c, h, w), Index4(y, n, c, oh, ow), 1 / count);
              }
            }
    };
    cases.push_back({std::string("avg_pool2d/") + form.name,
                     op::kAvgPool2d,
                     {Sample(xs, 1)},
                     Own(o),
                     [=](const std::vector<Array>& in) {
                       Array out = MakeArray(ys);
                       flow(
                           [&](int64_t a, int64_t b, double share) { out[b] += in[0][a] * share; });
                       return std::vector<Array>{out};
                     }});
    cases.push_back({std::string("avg_pool2d_grad/") + form.name,
                     op::kAvgPool2dGrad,
                     {Sample(ys, 1)},
                     Own(AvgPool2dGradOptions{.size = {xs[2], xs[3]},
                                              .kernel_size = o.kernel_size,
                                              .stride = o.stride,
                                              .padding = o.padding,
                                              .ceil_mode = o.ceil_mode,
                                              .count_include_pad = o.count_include_pad}),
                     [=](const std::vector<Array>& in) {
                       Array out = MakeArray(xs);
                       flow(
                           [&](int64_t a, int64_t b, double share) { out[a] += in[0][b] * share; });
                       return std::vector<Array>{out};
                     }});
  }
  for (const auto& [name, xs, ys] :
       {std::tuple<const char*, Dims, Dims>{"global", {2, 3, 4, 5}, {2, 3, 1, 1}},
        {"uneven", {1, 2, 5, 7}, {1, 2, 3, 4}},
        {"larger", {1, 1, 2, 3}, {1, 1, 4, 4}}}) {
    const auto flow = [xs = xs, ys = ys](auto visit) {
      const Array x = MakeArray(xs), y = MakeArray(ys);
      for (int64_t nc = 0; nc < ys[0] * ys[1]; ++nc)
        for (int64_t oh = 0; oh < ys[2]; ++oh)
          for (int64_t ow = 0; ow < ys[3]; ++ow) {
            const int64_t h0 = oh * xs[2] / ys[2], h1 = ((oh + 1) * xs[2] + ys[2] - 1) / ys[2];
            const int64_t w0 = ow * xs[3] / ys[3], w1 = ((ow + 1) * xs[3] + ys[3] - 1) / ys[3];
            for (int64_t h = h0; h < h1; ++h)
              for (int64_t w = w0; w < w1; ++w)
                visit((nc * xs[2] + h) * xs[3] + w, (nc * ys[2] + oh) * ys[3] + ow,
                      1.0 / static_cast<double>((h1 - h0) * (w1 - w0)));
          }
    };
    cases.push_back({std::string("adaptive_avg_pool2d/") + name,
                     op::kAdaptiveAvgPool2d,
                     {Sample(xs, 1)},
                     Own(SpatialSizeOptions{.output_size = {ys[2], ys[3]}}),
                     [flow, ys = ys](const std::vector<Array>& in) {
                       Array out = MakeArray(ys);
                       flow(
                           [&](int64_t a, int64_t b, double share) { out[b] += in[0][a] * share; });
                       return std::vector<Array>{out};
                     }});
    cases.push_back({std::string("adaptive_avg_pool2d_grad/") + name,
                     op::kAdaptiveAvgPool2dGrad,
                     {Sample(ys, 1)},
                     Own(SpatialSizeOptions{.output_size = {xs[2], xs[3]}}),
                     [flow, xs = xs](const std::vector<Array>& in) {
                       Array out = MakeArray(xs);
                       flow(
                           [&](int64_t a, int64_t b, double share) { out[a] += in[0][b] * share; });
                       return std::vector<Array>{out};
                     }});
  }
}

}  // namespace

void AddImageCases(CaseList& cases) {
  AddConvolutions(cases);
  AddMaxPooling(cases);
  AddAveragePooling(cases);
}

}  // namespace neura::testing
