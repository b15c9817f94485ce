#include "neura/tensor/ops/image.h"

#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor Conv(const Tensor& input, const Tensor& weight, const Tensor& bias,
            const ConvOptions& options) {
  return Call<op::kConv>(options, input, weight, bias);
}
Tensor ConvInputGrad(const Tensor& grad, const Tensor& weight, const ConvGradOptions& options) {
  return Call<op::kConvInputGrad>(options, grad, weight);
}
Tensor ConvWeightGrad(const Tensor& grad, const Tensor& input, const ConvGradOptions& options) {
  return Call<op::kConvWeightGrad>(options, grad, input);
}

ValuesAndIndices MaxPool(const Tensor& input, const MaxPoolOptions& options) {
  auto [values, indices] = Call<op::kMaxPool>(options, input);
  return {std::move(values), std::move(indices)};
}
Tensor MaxPoolScatter(const Tensor& input, const Tensor& indices, const Sizes& output_size) {
  return Call<op::kMaxPoolScatter>({.output_size = output_size}, input, indices);
}
Tensor MaxPoolGather(const Tensor& input, const Tensor& indices) {
  return Call<op::kMaxPoolGather>({}, input, indices);
}

Tensor AvgPool(const Tensor& input, const AvgPoolOptions& options) {
  return Call<op::kAvgPool>(options, input);
}
Tensor AvgPoolGrad(const Tensor& grad, const AvgPoolGradOptions& options) {
  return Call<op::kAvgPoolGrad>(options, grad);
}
Tensor AdaptiveAvgPool(const Tensor& input, const Sizes& output_size) {
  return Call<op::kAdaptiveAvgPool>({.output_size = output_size}, input);
}
Tensor AdaptiveAvgPoolGrad(const Tensor& grad, const Sizes& input_size) {
  return Call<op::kAdaptiveAvgPoolGrad>({.output_size = input_size}, grad);
}

namespace {

// As inference checks them: above 2^31 products of two of them could overflow.
void CheckSizes(std::string_view op, const char* name, const Sizes& sizes, size_t dims,
                int64_t least) {
  bool fits = sizes.AreOf(dims);
  for (int64_t number : sizes.given()) fits = fits && number >= least && number <= int64_t{1} << 31;
  if (fits) return;
  ThrowInvalidArgument(absl::StrCat(op, ": ", name, " = ", ToString(sizes), " must be from ", least,
                                    " to 2^31, one number or one for each of the ", dims,
                                    " spatial dimensions"));
}

}  // namespace

std::pair<Tensor, Sizes> Padded(const Tensor& input, const Tensor& weight, const Sizes& stride,
                                const ConvPadding& padding, const Sizes& dilation) {
  if (padding.name.empty()) return {input, padding.sizes};
  if (padding.name == "valid") return {input, 0};
  if (padding.name != "same") {
    ThrowInvalidArgument(absl::StrCat("conv: Invalid padding string: '", padding.name,
                                      "', must be 'valid' or 'same'"));
  }
  RequireDefined("conv", input);
  RequireDefined("conv", weight);
  const int64_t dims = weight.dim() - 2;
  if (dims < 1 || dims > static_cast<int64_t>(Sizes::kMostDims) || input.dim() < dims) {
    ThrowInvalidArgument(absl::StrCat("conv: no padding of ", Describe(input), " is the same for ",
                                      Describe(weight)));
  }
  CheckSizes("conv", "dilation", dilation, static_cast<size_t>(dims), 1);
  CheckSizes("conv", "stride", stride, static_cast<size_t>(dims), 1);
  Sizes sizes = Sizes(0).Each(static_cast<size_t>(dims));
  PadOptions more{.before = Dims(static_cast<size_t>(input.dim()), 0)};
  more.after = more.before;
  bool even = true;
  for (int64_t d = 0; d < dims; ++d) {
    const auto at = static_cast<size_t>(d);
    if (stride[at] != 1) {
      ThrowInvalidArgument(absl::StrCat(
          "conv: padding='same' is not supported for strided convolutions, and stride = ",
          ToString(stride)));
    }
    const int64_t total = dilation[at] * (weight.size(d + 2) - 1);
    sizes.given()[at] = total / 2;
    more.after[static_cast<size_t>(input.dim() - dims + d)] = total % 2;
    even = even && total % 2 == 0;
  }
  return {even ? input : Pad(input, more), sizes};
}

namespace {

// Whether `input` is an image without a batch. It must have so many spatial dimensions.
bool IsUnbatched(std::string_view op, const Tensor& input, size_t dims) {
  RequireDefined(op, input);
  const auto spatial = static_cast<size_t>(input.dim()) - dims;
  if (spatial == 1 || spatial == 2) return spatial == 1;
  const char* const layouts[] = {"W", "H, W", "D, H, W"};
  ThrowInvalidArgument(absl::StrCat(op, ": expected [N, C, ", layouts[dims - 1], "] or [C, ",
                                    layouts[dims - 1], "], got ", Describe(input)));
}

// What `function` makes of a batch, made of one image where that is what there is.
Tensor OverBatch(std::string_view op, const Tensor& input, size_t dims,
                 absl::FunctionRef<Tensor(const Tensor&)> function) {
  if (!IsUnbatched(op, input, dims)) return function(input);
  return Squeeze(function(Unsqueeze(input, 0)), {0});
}

// One number for each of the channels that a convolution has given, as [C, 1, ...].
Tensor PerChannel(std::string_view op, const Tensor& bias, const Tensor& result) {
  if (bias.shape() != DimsView({result.size(1)})) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": the bias ", Describe(bias), " must be [", result.size(1), "]"));
  }
  const auto dims = static_cast<size_t>(result.dim() - 2);
  Dims shape(dims + 1, 1);
  shape[0] = -1;
  return Reshape(bias, shape);
}

// A bilinear function of complex numbers, from the same of their parts.
template <typename F>
Tensor FromParts(const Tensor& a, const Tensor& b, const F& product) {
  const DType dtype = PromoteTypes(a.dtype(), b.dtype());
  const Tensor x = Cast(a, dtype), y = Cast(b, dtype);
  const Tensor x_real = Real(x), x_imag = Imag(x), y_real = Real(y), y_imag = Imag(y);
  return Complex(product(x_real, y_real) - product(x_imag, y_imag),
                 product(x_real, y_imag) + product(x_imag, y_real));
}

// A convolution of integers [N, C, ...], which wraps as their products do: a product of matrices.
Tensor IntegerConv(std::string_view op, const Tensor& input, const Tensor& weight,
                   const ConvOptions& options) {
  const auto dims = static_cast<size_t>(input.dim() - 2);
  const int64_t groups = options.groups, channels = input.size(1);
  CheckSizes(op, "stride", options.stride, dims, 1);
  CheckSizes(op, "padding", options.padding, dims, 0);
  CheckSizes(op, "dilation", options.dilation, dims, 1);
  if (weight.dim() != input.dim() || weight.dtype() != input.dtype() || groups < 1 ||
      weight.size(1) * groups != channels || weight.size(0) % groups != 0) {
    ThrowInvalidArgument(absl::StrCat(op, ": with groups = ", groups, " the weight ",
                                      Describe(weight), " must be [O, C / groups, K...] of ",
                                      Describe(input), ", with O divisible by groups"));
  }
  PadOptions pad{.before = Dims(dims + 2, 0)};
  for (size_t d = 0; d < dims; ++d) pad.before[d + 2] = options.padding[d];
  pad.after = pad.before;
  Tensor windows = Pad(input, pad);
  Dims shape = {input.size(0), weight.size(0)};
  int64_t places = 1;
  for (size_t d = 0; d < dims; ++d) {
    const auto dim = static_cast<int64_t>(d) + 2;
    const int64_t kernel = weight.size(dim), dilation = options.dilation[d],
                  reach = dilation * (kernel - 1) + 1;
    if (kernel < 1 || reach > windows.size(dim)) {
      ThrowInvalidArgument(absl::StrCat(op, ": a window of ", reach, " elements every ",
                                        options.stride[d], " of dimension ", dim,
                                        " does not fit into the padded ", Describe(input)));
    }
    windows = Slice(Unfold(windows, dim, reach, options.stride[d]), -1, 0, INT64_MAX, dilation);
    shape.push_back(windows.size(dim));
    places *= windows.size(dim);
  }
  const int64_t each = channels / groups, kernel = NumElements(weight.shape().subspan(2));
  // [N, groups, places, C / groups * kernel] and [groups, C / groups * kernel, O / groups]
  const Tensor columns = Reshape(
      Permute(Reshape(windows, {input.size(0), groups, each, places, kernel}), {0, 1, 3, 2, 4}),
      {input.size(0), groups, places, each * kernel});
  const Tensor filters =
      Transpose(Reshape(weight, {groups, weight.size(0) / groups, each * kernel}), 1, 2);
  return Reshape(Transpose(MatMul(columns, filters), 2, 3), shape);
}

// Its transpose, of the spatial extents `size`: with zeros between the elements, the filters
// reversed.
Tensor IntegerConvTranspose(std::string_view op, const Tensor& input, const Tensor& weight,
                            DimsView size, const ConvTransposeOptions& options) {
  const auto dims = static_cast<size_t>(input.dim() - 2);
  const int64_t groups = options.groups;
  if (groups < 1 || weight.size(0) != input.size(1) || weight.size(0) % groups != 0) {
    ThrowInvalidArgument(absl::StrCat(op, ": with groups = ", groups, " the weight ",
                                      Describe(weight), " must be [C, O / groups, K...] of ",
                                      Describe(input), ", with C divisible by groups"));
  }
  CheckSizes(op, "stride", options.stride, dims, 1);
  CheckSizes(op, "padding", options.padding, dims, 0);
  CheckSizes(op, "dilation", options.dilation, dims, 1);
  Tensor x = input;
  Dims around, kernel;
  for (size_t d = 0; d < dims; ++d) {
    const auto dim = static_cast<int64_t>(d) + 2;
    const int64_t apart = (x.size(dim) - 1) * options.stride[d] + 1;
    Tensor spread = Unsqueeze(x, dim + 1);
    PadOptions zeros{.before = Dims(static_cast<size_t>(spread.dim()), 0)};
    zeros.after = zeros.before;
    zeros.after[d + 3] = options.stride[d] - 1;
    x = Narrow(Flatten(Pad(spread, zeros), dim, dim + 1), dim, 0, apart);
    const int64_t reach = options.dilation[d] * (weight.size(dim) - 1);
    const int64_t before = reach - options.padding[d];
    // PadByPairs has the last dimension first.
    around.insert(around.begin(), {before, size[d] - apart - before + reach});
    kernel.push_back(dim);
  }
  Dims shape(weight.shape().begin(), weight.shape().end());
  shape.insert(shape.begin(), groups);
  shape[1] /= groups;
  const Tensor turned =
      Transpose(Reshape(weight, shape), 1, 2);  // [groups, O / groups, C / groups, ...]
  return IntegerConv(op, PadByPairs(x, around), Flip(Flatten(turned, 0, 1), kernel),
                     {.dilation = options.dilation, .groups = groups});
}

Tensor ConvOf(std::string_view op, size_t dims, const Tensor& input, const Tensor& weight,
              const Tensor& bias, const ConvOptions& options) {
  return OverBatch(op, input, dims, [&](const Tensor& batch) {
    RequireDefined(op, weight);
    const bool complex = IsComplex(batch.dtype()) || IsComplex(weight.dtype());
    if (!complex && !IsIntegral(batch.dtype())) return Conv(batch, weight, bias, options);
    const Tensor result =
        complex
            ? FromParts(batch, weight,
                        [&](const Tensor& x, const Tensor& w) { return Conv(x, w, {}, options); })
            : IntegerConv(op, batch, weight, options);
    return bias.defined() ? result + PerChannel(op, bias, result) : result;
  });
}

Tensor ConvTransposeOf(std::string_view op, size_t dims, const Tensor& input, const Tensor& weight,
                       const Tensor& bias, const ConvTransposeOptions& options) {
  RequireDims(op, weight, static_cast<int64_t>(dims) + 2);
  const int64_t channels = weight.size(1) * options.groups;
  if (bias.defined() && (bias.shape() != DimsView({channels}) || bias.dtype() != weight.dtype())) {
    ThrowInvalidArgument(absl::StrCat(op, ": the bias ", Describe(bias), " must be [", channels,
                                      "] in the dtype of the weight ", Describe(weight)));
  }
  for (const Sizes* sizes :
       {&options.stride, &options.padding, &options.output_padding, &options.dilation}) {
    if (sizes->AreOf(dims)) continue;
    ThrowInvalidArgument(absl::StrCat(op, ": ", ToString(*sizes),
                                      " must be one number, or one for ", "each of the ", dims,
                                      " spatial dimensions"));
  }
  return OverBatch(op, input, dims, [&](const Tensor& batch) {
    __extension__ using Wide = __int128;
    Dims unpadded, size;
    bool within_stride = true;
    for (size_t d = 0; d < dims; ++d) {
      const auto dim = static_cast<int64_t>(d) + 2;
      const int64_t more = options.output_padding[d];
      if (more < 0 || more >= std::max(options.stride[d], options.dilation[d])) {
        ThrowInvalidArgument(absl::StrCat(op,
                                          ": output_padding = ", ToString(options.output_padding),
                                          " must be below stride = ", ToString(options.stride),
                                          " or dilation = ", ToString(options.dilation)));
      }
      within_stride = within_stride && more < options.stride[d];
      const Wide reach = Wide{batch.size(dim) - 1} * options.stride[d] +
                         Wide{weight.size(dim) - 1} * options.dilation[d] + 1;
      const Wide extent = reach + more - Wide{2} * options.padding[d];
      unpadded.push_back(static_cast<int64_t>(reach));
      size.push_back(static_cast<int64_t>(extent));
      if (unpadded[d] != reach || size[d] != extent) {
        ThrowInvalidArgument(
            absl::StrCat(op, ": dimension ", dim, " of the result has more than 64 bits"));
      }
    }
    ConvGradOptions grad_options = {.stride = options.stride,
                                    .padding = options.padding,
                                    .dilation = options.dilation,
                                    .groups = options.groups};
    grad_options.size = Sizes(DimsView(within_stride ? size : unpadded));
    const auto transposed = [&](const Tensor& x, const Tensor& w) {
      if (within_stride) return ConvInputGrad(x, w, grad_options);
      // No convolution of that size has so few results: cut out of the transpose without padding.
      grad_options.padding = 0;
      Tensor result = ConvInputGrad(x, w, grad_options);
      Dims after(dims + 2, 0);
      for (size_t d = 0; d < dims; ++d) after[d + 2] = options.output_padding[d];
      result = Pad(result, {.before = Dims(dims + 2, 0), .after = after});
      for (size_t d = 0; d < dims; ++d) {
        result = Narrow(result, static_cast<int64_t>(d) + 2, options.padding[d], size[d]);
      }
      return result;
    };
    const bool complex = IsComplex(batch.dtype()) || IsComplex(weight.dtype());
    const Tensor result = complex ? FromParts(batch, weight, transposed)
                          : IsIntegral(batch.dtype())
                              ? IntegerConvTranspose(op, batch, weight, size, options)
                              : transposed(batch, weight);
    return bias.defined() ? result + PerChannel(op, bias, result) : result;
  });
}

ValuesAndIndices MaxPoolOf(std::string_view op, size_t dims, OutputMask wanted, const Tensor& input,
                           const MaxPoolOptions& options) {
  const bool unbatched = IsUnbatched(op, input, dims);
  auto [values, indices] =
      CallFor<op::kMaxPool>(wanted, options, unbatched ? Unsqueeze(input, 0) : input);
  if (unbatched) {
    for (Tensor* output : {&values, &indices}) {
      if (output->defined()) *output = Squeeze(*output, {0});
    }
  }
  return {std::move(values), std::move(indices)};
}

Tensor AvgPoolOf(std::string_view op, size_t dims, const Tensor& input,
                 const AvgPoolOptions& options) {
  return OverBatch(op, input, dims, [&](const Tensor& batch) {
    if (!IsIntegral(batch.dtype())) return AvgPool(batch, options);
    return Cast(Trunc(AvgPool(Cast(batch, kFloat64), options)), batch.dtype());
  });
}

Tensor AdaptiveAvgPoolOf(std::string_view op, size_t dims, const Tensor& input,
                         const Sizes& output_size) {
  return OverBatch(op, input, dims,
                   [&](const Tensor& batch) { return AdaptiveAvgPool(batch, output_size); });
}

}  // namespace

#define NEURA_INTERNAL_DEFINE_IN(n)                                                               \
  Tensor Conv##n##d(const Tensor& input, const Tensor& weight, const Tensor& bias,                \
                    const ConvOptions& options) {                                                 \
    return ConvOf("conv" #n "d", n, input, weight, bias, options);                                \
  }                                                                                               \
  Tensor ConvTranspose##n##d(const Tensor& input, const Tensor& weight, const Tensor& bias,       \
                             const ConvTransposeOptions& options) {                               \
    return ConvTransposeOf("conv_transpose" #n "d", n, input, weight, bias, options);             \
  }                                                                                               \
  ValuesAndIndices MaxPool##n##dWithIndices(const Tensor& input, const MaxPoolOptions& options) { \
    return MaxPoolOf("max_pool" #n "d", n, kAllOutputs, input, options);                          \
  }                                                                                               \
  Tensor MaxPool##n##d(const Tensor& input, const MaxPoolOptions& options) {                      \
    return MaxPoolOf("max_pool" #n "d", n, 0b1, input, options).values;                           \
  }                                                                                               \
  Tensor AvgPool##n##d(const Tensor& input, const AvgPoolOptions& options) {                      \
    return AvgPoolOf("avg_pool" #n "d", n, input, options);                                       \
  }                                                                                               \
  Tensor AdaptiveAvgPool##n##d(const Tensor& input, const Sizes& output_size) {                   \
    return AdaptiveAvgPoolOf("adaptive_avg_pool" #n "d", n, input, output_size);                  \
  }
NEURA_INTERNAL_DEFINE_IN(1)
NEURA_INTERNAL_DEFINE_IN(2)
NEURA_INTERNAL_DEFINE_IN(3)
#undef NEURA_INTERNAL_DEFINE_IN

}  // namespace neura
