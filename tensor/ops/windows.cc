// Windows of images as columns, and pooling made of other pooling.
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/image.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

struct Windows {
  Sizes kernel, dilation, padding, stride;
};

void CheckWindows(std::string_view op, const Windows& windows) {
  for (size_t d = 0; d < 2; ++d) {
    if (windows.kernel[d] < 1 || windows.dilation[d] < 1 || windows.stride[d] < 1 ||
        windows.padding[d] < 0) {
      ThrowInvalidArgument(absl::StrCat(
          op, ": kernel_size, dilation and stride must be positive, padding not negative"));
    }
  }
}

// The last two dimensions with what surrounds them, as [..., out_h, out_w, kernel_h, kernel_w].
Tensor WindowsOf(std::string_view op, const Tensor& input, const Windows& windows) {
  PadOptions pad{.before = Dims(static_cast<size_t>(input.dim()), 0)};
  const size_t lead = pad.before.size() - 2;
  for (size_t d = 0; d < 2; ++d) pad.before[lead + d] = windows.padding[d];
  pad.after = pad.before;
  Tensor result = Pad(input, pad);
  for (size_t d = 0; d < 2; ++d) {
    const auto dim = static_cast<int64_t>(lead + d);
    const int64_t reach = windows.dilation[d] * (windows.kernel[d] - 1) + 1;
    if (reach > result.size(dim)) {
      ThrowInvalidArgument(absl::StrCat(op, ": a window of ", reach, " elements does not fit into ",
                                        result.size(dim), " of ", Describe(input)));
    }
    result =
        Slice(Unfold(result, dim, reach, windows.stride[d]), -1, 0, INT64_MAX, windows.dilation[d]);
  }
  return result;
}

}  // namespace

Tensor UnfoldWindows(const Tensor& input, const Sizes& kernel_size, const Sizes& dilation,
                     const Sizes& padding, const Sizes& stride) {
  RequireDefined("unfold", input);
  if (input.dim() != 3 && input.dim() != 4) {
    ThrowInvalidArgument(
        absl::StrCat("unfold: expected [N, C, H, W] or [C, H, W], got ", Describe(input)));
  }
  const Windows windows{kernel_size, dilation, padding, stride};
  CheckWindows("unfold", windows);
  const Tensor x = input.dim() == 3 ? Unsqueeze(input, 0) : input;
  const Tensor each = WindowsOf("unfold", x, windows);  // [N, C, out_h, out_w, kernel_h, kernel_w]
  const Tensor columns = Reshape(
      Permute(each, {0, 1, 4, 5, 2, 3}),
      {x.size(0), x.size(1) * kernel_size[0] * kernel_size[1], each.size(2) * each.size(3)});
  return input.dim() == 3 ? Squeeze(columns, {0}) : columns;
}

Tensor FoldWindows(const Tensor& input, const Sizes& output_size, const Sizes& kernel_size,
                   const Sizes& dilation, const Sizes& padding, const Sizes& stride) {
  RequireDefined("fold", input);
  const Windows windows{kernel_size, dilation, padding, stride};
  CheckWindows("fold", windows);
  const Tensor x = input.dim() == 2 ? Unsqueeze(input, 0) : input;
  const int64_t kernel = kernel_size[0] * kernel_size[1];
  const int64_t height = output_size[0] + 2 * padding[0], width = output_size[1] + 2 * padding[1];
  if (x.dim() != 3 || x.size(1) % kernel != 0 || output_size[0] < 1 || output_size[1] < 1) {
    ThrowInvalidArgument(absl::StrCat("fold: expected [N, C * ", kernel, ", count] or [C * ",
                                      kernel, ", count] and a positive output_size, got ",
                                      Describe(input)));
  }
  // Where each element of a window stands in a surrounded channel.
  const Tensor places = Reshape(
      Arange(0, height * width, 1, {.dtype = kInt64, .device = input.device()}), {height, width});
  const Tensor each =
      WindowsOf("fold", places, {kernel_size, dilation, 0, stride});  // [out_h, out_w, k_h, k_w]
  const Tensor index = Ravel(Permute(each, {2, 3, 0, 1}));
  if (index.numel() != kernel * x.size(2)) {
    ThrowInvalidArgument(absl::StrCat("fold: ", each.size(0) * each.size(1),
                                      " windows make up the output, but there are ", x.size(2),
                                      " in ", Describe(input)));
  }
  const int64_t channels = x.size(1) / kernel;
  const Tensor sums = IndexAdd(Zeros({x.size(0), channels, height * width},
                                     {.dtype = input.dtype(), .device = input.device()}),
                               2, index, Reshape(x, {x.size(0), channels, index.numel()}));
  const Tensor inside = Narrow(
      Narrow(Reshape(sums, {x.size(0), channels, height, width}), 2, padding[0], output_size[0]), 3,
      padding[1], output_size[1]);
  return Contiguous(input.dim() == 2 ? Squeeze(inside, {0}) : inside);
}

namespace {

template <auto kAvgPool>
Tensor LpPool(const Tensor& input, double p, const Sizes& kernel_size,
              const std::optional<Sizes>& stride, bool ceil_mode, size_t dims) {
  RequireDefined("lp_pool", input);
  if (!(p > 0)) ThrowInvalidArgument(absl::StrCat("lp_pool: norm_type = ", p, " must be positive"));
  double count = 1;
  for (size_t d = 0; d < dims; ++d) count *= static_cast<double>(kernel_size[d]);
  const Tensor mean = kAvgPool(
      Pow(input, p), {.kernel_size = kernel_size, .stride = stride, .ceil_mode = ceil_mode});
  return Pow(Sign(mean) * Relu(Abs(mean)) * count, 1 / p);
}

}  // namespace

Tensor LpPool1d(const Tensor& input, double norm_type, const Sizes& kernel_size,
                const std::optional<Sizes>& stride, bool ceil_mode) {
  return LpPool<&AvgPool1d>(input, norm_type, kernel_size, stride, ceil_mode, 1);
}
Tensor LpPool2d(const Tensor& input, double norm_type, const Sizes& kernel_size,
                const std::optional<Sizes>& stride, bool ceil_mode) {
  return LpPool<&AvgPool2d>(input, norm_type, kernel_size, stride, ceil_mode, 2);
}
Tensor LpPool3d(const Tensor& input, double norm_type, const Sizes& kernel_size,
                const std::optional<Sizes>& stride, bool ceil_mode) {
  return LpPool<&AvgPool3d>(input, norm_type, kernel_size, stride, ceil_mode, 3);
}

namespace {

Tensor MaxUnpool(const Tensor& input, const Tensor& indices, size_t dims, const Sizes& kernel_size,
                 const std::optional<Sizes>& stride, const Sizes& padding,
                 const std::optional<Dims>& output_size) {
  RequireDefined("max_unpool", input);
  RequireDefined("max_unpool", indices);
  const auto rank = static_cast<size_t>(input.dim());
  if ((rank != dims + 1 && rank != dims + 2) || indices.shape() != input.shape()) {
    ThrowInvalidArgument(absl::StrCat("max_unpool: expected [N, C, ...] or [C, ...] of ", dims,
                                      " dimensions and indices of one shape, got ", Describe(input),
                                      " and ", Describe(indices)));
  }
  if (output_size && output_size->size() < dims) {
    ThrowInvalidArgument(
        absl::StrCat("max_unpool: output_size must have ", dims, " extents at least"));
  }
  const size_t lead = rank - dims;
  Dims shape(input.shape().begin(), input.shape().end()),
      flat(shape.begin(), shape.begin() + static_cast<ptrdiff_t>(lead));
  Dims flat_input = flat;
  int64_t elements = 1;
  for (size_t d = 0; d < dims; ++d) {
    const int64_t step = (stride ? *stride : kernel_size)[d];
    const int64_t extent = (shape[lead + d] - 1) * step - 2 * padding[d] + kernel_size[d];
    shape[lead + d] = extent;
    if (output_size) {
      const int64_t wanted = (*output_size)[output_size->size() - dims + d];
      if (wanted <= extent - step || wanted >= extent + step) {
        ThrowInvalidArgument(absl::StrCat("max_unpool: an output extent of ", wanted,
                                          " is not between ", extent - step, " and ",
                                          extent + step));
      }
      shape[lead + d] = wanted;
    }
    elements *= shape[lead + d];
  }
  flat.push_back(elements);
  flat_input.push_back(-1);
  const Tensor zeros = Zeros(flat, {.dtype = input.dtype(), .device = input.device()});
  return Reshape(ScatterElements(zeros, Flatten(indices, static_cast<int64_t>(lead)),
                                 Flatten(input, static_cast<int64_t>(lead)), {.dim = -1}),
                 shape);
}

}  // namespace

Tensor MaxUnpool1d(const Tensor& input, const Tensor& indices, const Sizes& kernel_size,
                   const std::optional<Sizes>& stride, const Sizes& padding,
                   const std::optional<Dims>& output_size) {
  return MaxUnpool(input, indices, 1, kernel_size, stride, padding, output_size);
}
Tensor MaxUnpool2d(const Tensor& input, const Tensor& indices, const Sizes& kernel_size,
                   const std::optional<Sizes>& stride, const Sizes& padding,
                   const std::optional<Dims>& output_size) {
  return MaxUnpool(input, indices, 2, kernel_size, stride, padding, output_size);
}
Tensor MaxUnpool3d(const Tensor& input, const Tensor& indices, const Sizes& kernel_size,
                   const std::optional<Sizes>& stride, const Sizes& padding,
                   const std::optional<Dims>& output_size) {
  return MaxUnpool(input, indices, 3, kernel_size, stride, padding, output_size);
}

ValuesAndIndices AdaptiveMaxPool(const Tensor& input, const Sizes& output_size, int64_t dims) {
  RequireDefined("adaptive_max_pool", input);
  if (input.dim() != dims + 1 && input.dim() != dims + 2) {
    ThrowInvalidArgument(absl::StrCat("adaptive_max_pool: expected [N, C, ...] or [C, ...] of ",
                                      dims, " dimensions, got ", Describe(input)));
  }
  const int64_t lead = input.dim() - dims;
  const TensorOptions integers{.dtype = kInt64, .device = input.device()};
  // A dimension after the other is cut into windows, [..., out, reach]. Shorter windows repeat
  // their last element, which changes no maximum.
  Tensor windows = input;
  Tensor places = Zeros({}, integers);  // in the channel, as windows broadcast
  Dims order, shape(input.shape().begin(), input.shape().begin() + lead);
  for (int64_t d = 0; d < lead; ++d) order.push_back(d);
  for (int64_t d = 0; d < dims; ++d) {
    const int64_t extent = input.size(lead + d), wanted = output_size[static_cast<size_t>(d)];
    const int64_t out = wanted == Sizes::kSame ? extent : wanted;
    if (out < 1 || extent < 1) {
      ThrowInvalidArgument(absl::StrCat("adaptive_max_pool: ", out, " parts of dimension ",
                                        lead + d, " of ", Describe(input)));
    }
    const Tensor part = Arange(0, out, 1, integers);
    const Tensor first = FloorDivide(part * extent, out);
    const Tensor last = FloorDivide((part + 1) * extent + (out - 1), out) - 1;
    const int64_t reach = (extent + out - 1) / out + (extent % out == 0 ? 0 : 1);
    const Tensor index =
        Minimum(Unsqueeze(first, 1) + Arange(0, reach, 1, integers), Unsqueeze(last, 1));
    const int64_t at = lead + 2 * d;
    Dims cut(windows.shape().begin(), windows.shape().end());
    cut[static_cast<size_t>(at)] = out;
    cut.insert(cut.begin() + at + 1, reach);
    windows = Reshape(IndexSelect(windows, at, Ravel(index)), cut);
    places = Unsqueeze(Unsqueeze(places * extent, -1), -1) + index;
    shape.push_back(out);
  }
  for (int64_t half : {0, 1}) {
    for (int64_t d = 0; d < dims; ++d) order.push_back(lead + 2 * d + half);
  }
  const Tensor flat = Flatten(Permute(windows, order), lead + dims);
  const ValuesAndIndices best = Max(flat, -1);
  Dims place_order;
  for (size_t i = static_cast<size_t>(lead); i < order.size(); ++i) {
    place_order.push_back(order[i] - lead);
  }
  const Tensor flat_places = Flatten(Permute(places, place_order), dims);  // [out..., windows]
  const Tensor indices =
      Squeeze(Gather(Expand(flat_places, flat.shape()), -1, Unsqueeze(best.indices, -1)), {-1});
  return {best.values, indices};
}

ValuesAndIndices FractionalMaxPool(const Tensor& input, const Sizes& kernel_size,
                                   const Sizes& output_size, const Tensor& random_samples) {
  RequireDefined("fractional_max_pool", input);
  RequireDims("fractional_max_pool", random_samples, 3);
  const int64_t dims = random_samples.size(2);
  if ((input.dim() != dims + 1 && input.dim() != dims + 2) || (dims != 2 && dims != 3) ||
      !kernel_size.AreOf(static_cast<size_t>(dims)) ||
      !output_size.AreOf(static_cast<size_t>(dims))) {
    ThrowInvalidArgument(
        absl::StrCat("fractional_max_pool: expected [N, C, ...] or [C, ...] of two or three "
                     "dimensions, sizes and ",
                     "samples [N, C, dims] of as many, got ", Describe(input),
                     ", kernel_size = ", ToString(kernel_size),
                     ", output_size = ", ToString(output_size), " and ", Describe(random_samples)));
  }
  const Tensor x = input.dim() == dims + 1 ? Unsqueeze(input, 0) : input;
  const int64_t batch = x.size(0), channels = x.size(1);
  if (random_samples.size(0) != batch || random_samples.size(1) != channels) {
    ThrowInvalidArgument(absl::StrCat("fractional_max_pool: the samples ", Describe(random_samples),
                                      " must have N and C of ", Describe(x)));
  }
  const TensorOptions integers{.dtype = kInt64, .device = x.device()};
  // Where each element of each window stands in its channel: [N, C, out..., kernel...].
  Tensor places = Zeros({}, integers);
  Dims shape{batch, channels};
  int64_t count = 1, parts = 1;
  for (int64_t d = 0; d < dims; ++d) {
    const auto at = static_cast<size_t>(d);
    const int64_t extent = x.size(d + 2), out = output_size[at], kernel = kernel_size[at];
    if (out < 1 || kernel < 1 || out > extent || kernel > extent - out + 1) {
      ThrowInvalidArgument(absl::StrCat("fractional_max_pool: ", out, " windows of ", kernel,
                                        " elements do not fit into dimension ", d + 2, " of ",
                                        Describe(x)));
    }
    // Planes have their sample of the last dimension first.
    const Tensor u = Unsqueeze(Select(random_samples, 2, dims == 2 ? 1 - d : d), 2);
    const Tensor part = Arange(0, out, 1, integers);
    const double step =
        out == 1 ? 0 : static_cast<double>(extent - kernel) / static_cast<double>(out - 1);
    const Tensor begin = Cast((u + part) * step, kInt64) - Cast(u * step, kInt64);
    const Tensor first = Where(part == out - 1, extent - kernel, begin);  // [N, C, out]
    Dims each(static_cast<size_t>(2 + 2 * dims), 1), within = each;
    each[0] = batch;
    each[1] = channels;
    each[at + 2] = out;
    within[at + 2 + static_cast<size_t>(dims)] = kernel;
    places =
        places * extent + Reshape(first, each) + Reshape(Arange(0, kernel, 1, integers), within);
    shape.push_back(out);
    parts *= out;
    count *= kernel;
  }
  Dims windows = shape;
  windows.push_back(count);
  const Tensor rows = Reshape(places, {batch, channels, parts * count});
  const Tensor elements = Reshape(Gather(Flatten(x, 2), 2, rows), windows);
  const ValuesAndIndices best = Max(elements, -1);
  const Tensor indices =
      Squeeze(Gather(Reshape(places, windows), -1, Unsqueeze(best.indices, -1)), {-1});
  if (input.dim() == dims + 2) return {best.values, indices};
  return {Squeeze(best.values, {0}), Squeeze(indices, {0})};
}

Tensor LocalResponseNorm(const Tensor& input, int64_t size, double alpha, double beta, double k) {
  RequireDefined("local_response_norm", input);
  if (input.dim() < 3 || size < 1) {
    ThrowInvalidArgument(
        absl::StrCat("local_response_norm: expected [N, C, ...] and a positive "
                     "size, got ",
                     Describe(input), " and ", size));
  }
  if (input.numel() == 0) return Clone(input);
  PadOptions pad{.before = Dims(static_cast<size_t>(input.dim()), 0)};
  pad.after = pad.before;
  pad.before[1] = size / 2;
  pad.after[1] = (size - 1) / 2;
  const Tensor squares = Unfold(Pad(Square(input), pad), 1, size, 1);
  // The mean of integers is one, as in PyTorch.
  const Tensor mean = IsIntegral(input.dtype()) ? FloorDivide(Sum(squares, {.dims = {-1}}), size)
                                                : Mean(squares, {.dims = {-1}});
  return input / Pow(mean * alpha + k, beta);
}

}  // namespace neura
