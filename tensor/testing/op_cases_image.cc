// Cases of convolution and pooling: the definitions, loop by loop, in any number of dimensions.
#include <limits>

#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

using Inputs = const std::vector<Tensor>&;
using Arrays = const std::vector<Array>&;

DimsView Spatial(const Dims& shape) { return DimsView(shape).subspan(2); }
int64_t ChannelSize(const Dims& shape) { return NumElements(Spatial(shape)); }

std::vector<Array> One(Array array) { return {std::move(array)}; }

struct Windows {
  Sizes stride = 1, padding = 0, dilation = 1;
};
template <typename Options>
Windows WindowsOf(const Options& o) {
  Windows windows{.stride = 1, .padding = o.padding, .dilation = 1};
  if constexpr (requires { o.kernel_size; }) {
    windows.stride = o.stride.value_or(o.kernel_size);
  } else {
    windows.stride = o.stride;
  }
  if constexpr (requires { o.dilation; }) windows.dilation = o.dilation;
  return windows;
}

// Calls visit(i, k, o) for the element i of a channel of the input and k of the kernel that meet
// for element o of a channel of the output.
template <typename F>
void ForMeeting(DimsView in, DimsView kernel, DimsView out, const Windows& windows, F visit) {
  for (int64_t o = 0; o < NumElements(out); ++o) {
    const Position p = PositionOf(out, o);
    for (int64_t k = 0; k < NumElements(kernel); ++k) {
      const Position q = PositionOf(kernel, k);
      Position from;
      bool inside = true;
      for (size_t d = 0; d < in.size(); ++d) {
        from.push_back(p[d] * windows.stride[d] - windows.padding[d] + q[d] * windows.dilation[d]);
        inside = inside && from[d] >= 0 && from[d] < in[d];
      }
      if (inside) visit(IndexOf(in, from), k, o);
    }
  }
}

// Calls visit(input index, weight index, output index) for every product of a convolution.
template <typename F>
void ForProducts(const Array& x, const Array& w, const Array& y, const ConvOptions& options,
                 F visit) {
  const int64_t in_group = w.shape[1], out_group = w.shape[0] / options.groups;
  const int64_t in = ChannelSize(x.shape), kernel = ChannelSize(w.shape);
  const int64_t out = ChannelSize(y.shape);
  for (int64_t n = 0; n < y.shape[0]; ++n)
    for (int64_t oc = 0; oc < y.shape[1]; ++oc)
      for (int64_t c = 0; c < in_group; ++c)
        ForMeeting(Spatial(x.shape), Spatial(w.shape), Spatial(y.shape), WindowsOf(options),
                   [&](int64_t i, int64_t k, int64_t o) {
                     visit((n * x.shape[1] + oc / out_group * in_group + c) * in + i,
                           (oc * in_group + c) * kernel + k, (n * y.shape[1] + oc) * out + o);
                   });
}

// A convolution of in[0] by in[1], with the bias in[2] if there is one.
Reference Convolution(ConvOptions options, Dims shape) {
  return [=](Arrays in) {
    Array out = MakeArray(shape);
    for (int64_t i = 0; in.size() > 2 && in[2].numel() > 0 && i < out.numel(); ++i) {
      out[i] = in[2][i / ChannelSize(shape) % shape[1]];
    }
    ForProducts(in[0], in[1], out, options,
                [&](int64_t a, int64_t b, int64_t c) { out[c] += in[0][a] * in[1][b]; });
    return One(out);
  };
}

// Its transpose, of in[0] by in[1], with the bias in[2] if there is one.
Reference Transposed(ConvOptions options, Dims shape) {
  return [=](Arrays in) {
    Array out = MakeArray(shape);
    for (int64_t i = 0; in.size() > 2 && i < out.numel(); ++i) {
      out[i] = in[2][i / ChannelSize(shape) % shape[1]];
    }
    ForProducts(out, in[1], in[0], options,
                [&](int64_t a, int64_t b, int64_t c) { out[a] += in[1][b] * in[0][c]; });
    return One(out);
  };
}

void AddConvolutions(CaseList& cases) {
  struct Form {
    const char* name;
    Dims x, w, y;
    ConvOptions options;
  };
  const Form forms[] = {
      {"plain", {2, 3, 5, 6}, {4, 3, 3, 3}, {2, 4, 3, 4}, {}},
      {"padding", {1, 2, 4, 4}, {3, 2, 3, 3}, {1, 3, 4, 4}, {.padding = 1}},
      {"stride", {2, 2, 7, 6}, {3, 2, 3, 2}, {2, 3, 3, 3}, {.stride = 2}},
      {"dilation", {1, 2, 7, 7}, {2, 2, 3, 3}, {1, 2, 5, 5}, {.padding = 1, .dilation = 2}},
      {"groups", {1, 4, 4, 4}, {6, 2, 3, 3}, {1, 6, 2, 2}, {.groups = 2}},
      {"depthwise", {2, 3, 5, 5}, {3, 1, 3, 3}, {2, 3, 5, 5}, {.padding = 1, .groups = 3}},
      {"pointwise", {2, 3, 3, 2}, {5, 3, 1, 1}, {2, 5, 3, 2}, {}},
      {"uneven", {1, 1, 6, 5}, {2, 1, 2, 3}, {1, 2, 4, 3}, {.stride = {2, 1}, .padding = {1, 0}}},
      {"no_images", {0, 2, 4, 4}, {3, 2, 3, 3}, {0, 3, 2, 2}, {}},
      {"1d", {2, 3, 7}, {4, 3, 3}, {2, 4, 5}, {}},
      {"1d_all",
       {1, 4, 9},
       {6, 2, 3},
       {1, 6, 5},
       {.stride = 2, .padding = 2, .dilation = 2, .groups = 2}},
      {"3d", {2, 2, 3, 4, 3}, {3, 2, 2, 3, 2}, {2, 3, 2, 2, 2}, {}},
      {"3d_all",
       {1, 2, 4, 5, 4},
       {4, 1, 3, 2, 3},
       {1, 4, 2, 3, 2},
       {.stride = {2, 1, 2}, .padding = {1, 0, 1}, .dilation = {1, 2, 1}, .groups = 2}},
  };
  for (const Form& form : forms) {
    const ConvOptions o = form.options;
    const auto grad_options = [&](const Dims& shape) {
      return Own(ConvGradOptions{.size = Sizes(Spatial(shape)),
                                 .stride = o.stride,
                                 .padding = o.padding,
                                 .dilation = o.dilation,
                                 .groups = o.groups});
    };
    const Tensor x = Sample(form.x, 1), w = Sample(form.w, 2), y = Sample(form.y, 3);
    const Dims ws = form.w;
    cases.push_back({std::string("conv/") + form.name,
                     op::kConv,
                     {x, w, Sample({form.w[0]}, 4)},
                     Own(o),
                     Convolution(o, form.y)});
    cases.push_back({std::string("conv_input_grad/") + form.name,
                     op::kConvInputGrad,
                     {y, w},
                     grad_options(form.x),
                     Transposed(o, form.x)});
    cases.push_back({std::string("conv_weight_grad/") + form.name,
                     op::kConvWeightGrad,
                     {y, x},
                     grad_options(form.w),
                     [=](Arrays in) {
                       Array out = MakeArray(ws);
                       ForProducts(in[1], out, in[0], o, [&](int64_t a, int64_t b, int64_t c) {
                         out[b] += in[1][a] * in[0][c];
                       });
                       return One(out);
                     }});
  }
  cases.push_back({"conv/no_bias",
                   op::kConv,
                   {Sample({1, 1, 3, 3}, 1), Sample({1, 1, 2, 2}, 2), Tensor()},
                   Own(ConvOptions{}),
                   Convolution({}, {1, 1, 2, 2})});
}

Dims KernelOf(const Sizes& size, size_t dims) {
  const Sizes each = size.Each(dims);
  return {each.given().begin(), each.given().end()};
}

// The largest element of each window, and its place.
Reference Maxima(MaxPoolOptions options, Dims shape) {
  return [=](Arrays in) {
    const Array& x = in[0];
    Array values = MakeArray(shape, -std::numeric_limits<double>::infinity());
    Array indices = MakeArray(shape);
    const int64_t from = ChannelSize(x.shape), to = ChannelSize(shape);
    for (int64_t c = 0; c < shape[0] * shape[1]; ++c) {
      ForMeeting(Spatial(x.shape), KernelOf(options.kernel_size, shape.size() - 2), Spatial(shape),
                 WindowsOf(options), [&](int64_t i, int64_t, int64_t o) {
                   if (x[c * from + i] <= values[c * to + o]) return;
                   values[c * to + o] = x[c * from + i];
                   indices[c * to + o] = static_cast<double>(i);
                 });
    }
    return std::vector<Array>{values, indices};
  };
}

void AddMaxPooling(CaseList& cases) {
  struct Form {
    const char* name;
    Dims x, y;
    MaxPoolOptions options;
  };
  const Form forms[] = {
      {"halves", {2, 2, 4, 6}, {2, 2, 2, 3}, {.kernel_size = 2}},
      {"odd", {1, 2, 5, 5}, {1, 2, 2, 2}, {.kernel_size = 2}},
      {"overlap", {1, 2, 5, 5}, {1, 2, 3, 3}, {.kernel_size = 3, .stride = 2, .padding = 1}},
      {"ceil", {1, 1, 5, 5}, {1, 1, 3, 3}, {.kernel_size = 2, .ceil_mode = true}},
      {"dilation", {1, 1, 6, 6}, {1, 1, 4, 4}, {.kernel_size = 2, .stride = 1, .dilation = 2}},
      {"1d", {2, 2, 7}, {2, 2, 3}, {.kernel_size = 3, .stride = 2}},
      {"3d", {1, 2, 4, 4, 4}, {1, 2, 2, 2, 2}, {.kernel_size = 2}},
      {"3d_uneven",
       {1, 1, 3, 5, 4},
       {1, 1, 4, 3, 2},
       {.kernel_size = {2, 3, 2}, .stride = Sizes{1, 2, 2}, .padding = {1, 1, 0}}},
  };
  for (const Form& form : forms) {
    cases.push_back({std::string("max_pool/") + form.name,
                     op::kMaxPool,
                     {Sample(form.x, 6)},
                     Own(form.options),
                     Maxima(form.options, form.y)});
  }
  // Two channels of twelve elements, and four places in each.
  struct Places {
    const char* name;
    Dims channels, places;
  };
  for (const auto& [name, channels, places] :
       {Places{"planes", {1, 2, 3, 4}, {1, 2, 2, 2}}, Places{"rows", {1, 2, 12}, {1, 2, 4}},
        Places{"volumes", {1, 2, 2, 3, 2}, {1, 2, 1, 2, 2}}}) {
    const Tensor indices = FromList<int64_t>({0, 3, 9, 11, 5, 5, 2, 10}, places);
    cases.push_back({std::string("max_pool_scatter/") + name,
                     op::kMaxPoolScatter,
                     {Sample(places, 1), indices},
                     Own(SpatialSizeOptions{.output_size = Sizes(Spatial(channels))}),
                     [channels = channels](Arrays in) {
                       Array out = MakeArray(channels);
                       for (int64_t i = 0; i < 8; ++i) {
                         out[i / 4 * 12 + static_cast<int64_t>(in[1][i])] += in[0][i];
                       }
                       return One(out);
                     }});
    cases.push_back({std::string("max_pool_gather/") + name,
                     op::kMaxPoolGather,
                     {Sample(channels, 1), indices},
                     nullptr,
                     [places = places](Arrays in) {
                       Array out = MakeArray(places);
                       for (int64_t i = 0; i < 8; ++i) {
                         out[i] = in[0][i / 4 * 12 + static_cast<int64_t>(in[1][i])];
                       }
                       return One(out);
                     }});
  }
}

// What flows from elements of a channel of the input to those of the output: visit(i, o, share).
using Flow = std::function<void(const std::function<void(int64_t, int64_t, double)>& visit)>;

// Of windows that do not hang over the padding.
Flow MeansOf(AvgPoolOptions options, Dims in, Dims out) {
  return [=](const std::function<void(int64_t, int64_t, double)>& visit) {
    const Dims kernel = KernelOf(options.kernel_size, in.size() - 2);
    std::vector<double> counts(static_cast<size_t>(ChannelSize(out)), 0);
    const auto each = [&](auto fn) {
      ForMeeting(Spatial(in), kernel, Spatial(out), WindowsOf(options), fn);
    };
    each([&](int64_t, int64_t, int64_t o) { counts[static_cast<size_t>(o)] += 1; });
    each([&](int64_t i, int64_t, int64_t o) {
      double count = counts[static_cast<size_t>(o)];
      if (options.count_include_pad) count = static_cast<double>(NumElements(kernel));
      if (options.divisor_override) count = static_cast<double>(*options.divisor_override);
      visit(i, o, 1 / count);
    });
  };
}

Flow AdaptiveMeansOf(Dims in, Dims out) {
  return [=](const std::function<void(int64_t, int64_t, double)>& visit) {
    for (int64_t o = 0; o < ChannelSize(out); ++o) {
      const Position p = PositionOf(Spatial(out), o);
      std::vector<int64_t> covered;
      for (int64_t i = 0; i < ChannelSize(in); ++i) {
        const Position q = PositionOf(Spatial(in), i);
        bool inside = true;
        for (size_t d = 0; d < q.size(); ++d) {
          const int64_t extent = in[d + 2], parts = out[d + 2];
          inside = inside && q[d] >= p[d] * extent / parts &&
                   q[d] < ((p[d] + 1) * extent + parts - 1) / parts;
        }
        if (inside) covered.push_back(i);
      }
      for (int64_t i : covered) visit(i, o, 1.0 / static_cast<double>(covered.size()));
    }
  };
}

// The pool from `in` to `out`, and what it is backwards.
Reference Along(Flow flow, Dims in, Dims out, bool backward) {
  return [=](Arrays inputs) {
    Array result = MakeArray(backward ? in : out);
    const int64_t from = ChannelSize(in), to = ChannelSize(out);
    for (int64_t c = 0; c < in[0] * in[1]; ++c) {
      flow([&](int64_t i, int64_t o, double share) {
        if (backward) {
          result[c * from + i] += inputs[0][c * to + o] * share;
        } else {
          result[c * to + o] += inputs[0][c * from + i] * share;
        }
      });
    }
    return One(result);
  };
}

void AddAveragePooling(CaseList& cases) {
  struct Form {
    const char* name;
    Dims x, y;
    AvgPoolOptions options;
  };
  const Form forms[] = {
      {"halves", {2, 2, 4, 6}, {2, 2, 2, 3}, {.kernel_size = 2}},
      {"padding", {1, 2, 5, 5}, {1, 2, 3, 3}, {.kernel_size = 3, .stride = 2, .padding = 1}},
      {"inside",
       {1, 2, 5, 5},
       {1, 2, 3, 3},
       {.kernel_size = 3, .stride = 2, .padding = 1, .count_include_pad = false}},
      {"divisor",
       {1, 2, 5, 4},
       {1, 2, 3, 2},
       {.kernel_size = {3, 2}, .stride = 2, .padding = {1, 0}, .divisor_override = 5}},
      {"1d", {2, 2, 7}, {2, 2, 4}, {.kernel_size = 3, .stride = 2, .padding = 1}},
      {"3d", {1, 2, 4, 4, 5}, {1, 2, 2, 2, 2}, {.kernel_size = 2}},
      {"3d_inside",
       {1, 1, 3, 4, 5},
       {1, 1, 2, 4, 3},
       {.kernel_size = {2, 1, 3},
        .stride = Sizes{2, 1, 2},
        .padding = {1, 0, 1},
        .count_include_pad = false}},
  };
  for (const Form& form : forms) {
    const AvgPoolOptions o = form.options;
    const Flow flow = MeansOf(o, form.x, form.y);
    cases.push_back({std::string("avg_pool/") + form.name,
                     op::kAvgPool,
                     {Sample(form.x, 1)},
                     Own(o),
                     Along(flow, form.x, form.y, false)});
    cases.push_back({std::string("avg_pool_grad/") + form.name,
                     op::kAvgPoolGrad,
                     {Sample(form.y, 1)},
                     Own(AvgPoolGradOptions{.size = Sizes(Spatial(form.x)),
                                            .kernel_size = o.kernel_size,
                                            .stride = o.stride,
                                            .padding = o.padding,
                                            .ceil_mode = o.ceil_mode,
                                            .count_include_pad = o.count_include_pad,
                                            .divisor_override = o.divisor_override}),
                     Along(flow, form.x, form.y, true)});
  }
  struct AdaptiveForm {
    const char* name;
    Dims x, y;
    Sizes output_size;
  };
  const AdaptiveForm adaptive_forms[] = {
      {"global", {2, 3, 4, 5}, {2, 3, 1, 1}, 1},
      {"uneven", {1, 2, 5, 7}, {1, 2, 3, 4}, {3, 4}},
      {"larger", {1, 1, 2, 3}, {1, 1, 4, 4}, 4},
      {"same", {1, 2, 3, 4}, {1, 2, 3, 2}, {Sizes::kSame, 2}},
      {"1d", {2, 2, 6}, {2, 2, 3}, 3},
      {"3d", {1, 2, 2, 4, 3}, {1, 2, 1, 2, 3}, {1, 2, 3}},
      {"3d_uneven", {1, 1, 3, 4, 5}, {1, 1, 2, 3, 2}, {2, 3, 2}},
  };
  for (const AdaptiveForm& form : adaptive_forms) {
    const Flow flow = AdaptiveMeansOf(form.x, form.y);
    cases.push_back({std::string("adaptive_avg_pool/") + form.name,
                     op::kAdaptiveAvgPool,
                     {Sample(form.x, 1)},
                     Own(SpatialSizeOptions{.output_size = form.output_size}),
                     Along(flow, form.x, form.y, false)});
    cases.push_back({std::string("adaptive_avg_pool_grad/") + form.name,
                     op::kAdaptiveAvgPoolGrad,
                     {Sample(form.y, 1)},
                     Own(SpatialSizeOptions{.output_size = Sizes(Spatial(form.x))}),
                     Along(flow, form.x, form.y, true)});
  }
}

// ---- the functions in one, two and three dimensions ------------------------------------------

// A case of a function of images: batches, and one image alone.
void AddBoth(CaseList& cases, const std::string& name, std::vector<Tensor> inputs,
             std::function<Tensor(Inputs)> function, Reference reference) {
  const Composite composite = [=](Inputs in) { return std::vector<Tensor>{function(in)}; };
  cases.push_back({.name = name + "/batch",
                   .op = std::nullopt,
                   .inputs = inputs,
                   .reference = reference,
                   .composite = composite});
  inputs[0] = Sample(inputs[0].shape().subspan(1), 5);
  cases.push_back({.name = name + "/image",
                   .op = std::nullopt,
                   .inputs = std::move(inputs),
                   .reference =
                       [=](Arrays in) {
                         std::vector<Array> batch = in;
                         batch[0].shape.insert(batch[0].shape.begin(), 1);
                         std::vector<Array> results = reference(batch);
                         results[0].shape.erase(results[0].shape.begin());
                         return One(results[0]);
                       },
                   .composite = composite});
}

void AddFunctions(CaseList& cases) {
  const ConvOptions conv{.stride = 2, .padding = 1};
  const ConvTransposeOptions transposed{.stride = 2, .padding = 1, .output_padding = 1};
  const Tensor bias = Sample({2}, 3);
  AddBoth(
      cases, "conv1d", {Sample({1, 3, 6}, 1), Sample({2, 3, 3}, 2), bias},
      [=](Inputs in) { return Conv1d(in[0], in[1], in[2], conv); }, Convolution(conv, {1, 2, 3}));
  AddBoth(
      cases, "conv2d", {Sample({1, 3, 6, 5}, 1), Sample({2, 3, 3, 2}, 2), bias},
      [=](Inputs in) { return Conv2d(in[0], in[1], in[2], conv); },
      Convolution(conv, {1, 2, 3, 3}));
  AddBoth(
      cases, "conv3d", {Sample({1, 2, 3, 4, 5}, 1), Sample({2, 2, 2, 3, 2}, 2), bias},
      [=](Inputs in) { return Conv3d(in[0], in[1], in[2], conv); },
      Convolution(conv, {1, 2, 2, 2, 3}));
  AddBoth(
      cases, "conv_transpose1d", {Sample({1, 3, 4}, 1), Sample({3, 2, 3}, 2), bias},
      [=](Inputs in) { return ConvTranspose1d(in[0], in[1], in[2], transposed); },
      Transposed(conv, {1, 2, 8}));
  AddBoth(
      cases, "conv_transpose2d", {Sample({1, 3, 4, 3}, 1), Sample({3, 2, 2, 3}, 2)},
      [](Inputs in) { return ConvTranspose2d(in[0], in[1]); }, Transposed({}, {1, 2, 5, 5}));
  AddBoth(
      cases, "conv_transpose3d", {Sample({1, 2, 2, 3, 2}, 1), Sample({2, 2, 2, 3, 3}, 2), bias},
      [=](Inputs in) { return ConvTranspose3d(in[0], in[1], in[2], transposed); },
      Transposed(conv, {1, 2, 3, 6, 4}));
  const ConvOptions all{.stride = 2, .padding = 1, .dilation = 2, .groups = 2};
  AddBoth(
      cases, "conv_transpose2d_all", {Sample({1, 4, 3, 3}, 1), Sample({4, 1, 3, 3}, 2), bias},
      [](Inputs in) {
        return ConvTranspose2d(
            in[0], in[1], in[2],
            {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2, .dilation = 2});
      },
      Transposed(all, {1, 2, 8, 8}));

  const MaxPoolOptions max{.kernel_size = 2};
  const auto values = [=](Dims shape) {
    return [=](Arrays in) { return One(Maxima(max, shape)(in)[0]); };
  };
  AddBoth(
      cases, "max_pool1d", {Sample({1, 2, 6}, 1)}, [=](Inputs in) { return MaxPool1d(in[0], max); },
      values({1, 2, 3}));
  AddBoth(
      cases, "max_pool2d", {Sample({1, 2, 4, 5}, 1)},
      [=](Inputs in) { return MaxPool2d(in[0], max); }, values({1, 2, 2, 2}));
  AddBoth(
      cases, "max_pool3d", {Sample({1, 2, 2, 4, 5}, 1)},
      [=](Inputs in) { return MaxPool3d(in[0], max); }, values({1, 2, 1, 2, 2}));

  const AvgPoolOptions average{.kernel_size = 2};
  const auto means = [=](Dims in, Dims out) {
    return Along(MeansOf(average, in, out), in, out, false);
  };
  AddBoth(
      cases, "avg_pool1d", {Sample({1, 2, 6}, 1)},
      [=](Inputs in) { return AvgPool1d(in[0], average); }, means({1, 2, 6}, {1, 2, 3}));
  AddBoth(
      cases, "avg_pool2d", {Sample({1, 2, 4, 5}, 1)},
      [=](Inputs in) { return AvgPool2d(in[0], average); }, means({1, 2, 4, 5}, {1, 2, 2, 2}));
  AddBoth(
      cases, "avg_pool3d", {Sample({1, 2, 2, 4, 5}, 1)},
      [=](Inputs in) { return AvgPool3d(in[0], average); },
      means({1, 2, 2, 4, 5}, {1, 2, 1, 2, 2}));
  const auto adaptive = [=](Dims in, Dims out) {
    return Along(AdaptiveMeansOf(in, out), in, out, false);
  };
  AddBoth(
      cases, "adaptive_avg_pool1d", {Sample({1, 2, 6}, 1)},
      [](Inputs in) { return AdaptiveAvgPool1d(in[0], 3); }, adaptive({1, 2, 6}, {1, 2, 3}));
  AddBoth(
      cases, "adaptive_avg_pool2d", {Sample({1, 2, 4, 6}, 1)},
      [](Inputs in) {
        return AdaptiveAvgPool2d(in[0], {2, Sizes::kSame});
      },
      adaptive({1, 2, 4, 6}, {1, 2, 2, 6}));
  AddBoth(
      cases, "adaptive_avg_pool3d", {Sample({1, 2, 2, 4, 3}, 1)},
      [](Inputs in) {
        return AdaptiveAvgPool3d(in[0], {1, 2, 3});
      },
      adaptive({1, 2, 2, 4, 3}, {1, 2, 1, 2, 3}));
}

}  // namespace

void AddImageCases(CaseList& cases) {
  AddConvolutions(cases);
  AddMaxPooling(cases);
  AddAveragePooling(cases);
  AddFunctions(cases);
}

}  // namespace neura::testing
