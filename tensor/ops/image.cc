#include "neura/tensor/ops/image.h"

#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/dispatch.h"
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

Tensor ConvOf(std::string_view op, size_t dims, const Tensor& input, const Tensor& weight,
              const Tensor& bias, const ConvOptions& options) {
  return OverBatch(op, input, dims,
                   [&](const Tensor& batch) { return Conv(batch, weight, bias, options); });
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
    Dims unpadded, size, per_channel = {-1};
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
      per_channel.push_back(1);
    }
    ConvGradOptions grad_options = {.stride = options.stride,
                                    .padding = options.padding,
                                    .dilation = options.dilation,
                                    .groups = options.groups};
    grad_options.size = Sizes(DimsView(within_stride ? size : unpadded));
    Tensor result;
    if (within_stride) {
      result = ConvInputGrad(batch, weight, grad_options);
    } else {
      // No convolution of that size has so few results: cut out of the transpose without padding.
      grad_options.padding = 0;
      result = ConvInputGrad(batch, weight, grad_options);
      Dims after(dims + 2, 0);
      for (size_t d = 0; d < dims; ++d) after[d + 2] = options.output_padding[d];
      result = Pad(result, {.before = Dims(dims + 2, 0), .after = after});
      for (size_t d = 0; d < dims; ++d) {
        result = Narrow(result, static_cast<int64_t>(d) + 2, options.padding[d], size[d]);
      }
    }
    return bias.defined() ? result + Reshape(bias, per_channel) : result;
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
  return OverBatch(op, input, dims, [&](const Tensor& batch) { return AvgPool(batch, options); });
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
