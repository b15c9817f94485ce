// Derivatives of convolution and pooling. The gradients of a convolution are bilinear like the
// convolution itself, so that the three close under differentiation.
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/image.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

namespace neura::autograd {
namespace {

Sizes SpatialSize(DimsView shape) { return Sizes(shape.subspan(2)); }

template <typename Options>
ConvGradOptions GradOptionsFor(const Options& options, DimsView shape) {
  return {.size = SpatialSize(shape),
          .stride = options.stride,
          .padding = options.padding,
          .dilation = options.dilation,
          .groups = options.groups};
}

ConvOptions ForwardOptions(const ConvGradOptions& options) {
  return {.stride = options.stride,
          .padding = options.padding,
          .dilation = options.dilation,
          .groups = options.groups};
}

}  // namespace

void AddImageRules(RuleTable& table) {
  table.Add(op::kConv, kSaveEachOther, [](RuleContext& c) {
    const auto& options = c.Get<ConvOptions>();
    const Tensor& g = c.grad();
    if (c.needs(0)) {
      c.Set(0, ConvInputGrad(g, c.input(1), GradOptionsFor(options, c.input_shape(0))));
    }
    if (c.needs(1)) {
      c.Set(1, ConvWeightGrad(g, c.input(0), GradOptionsFor(options, c.input_shape(1))));
    }
    if (c.needs(2)) {
      Dims dims = {0};
      for (int64_t d = 2; d < g.dim(); ++d) dims.push_back(d);
      c.Set(2, Sum(g, {.dims = dims}));
    }
  });
  // (grad, weight) -> gradient of the input
  table.Add(op::kConvInputGrad, kSaveEachOther, [](RuleContext& c) {
    const auto& options = c.Get<ConvGradOptions>();
    if (c.needs(0)) c.Set(0, Conv(c.grad(), c.input(1), {}, ForwardOptions(options)));
    if (c.needs(1)) {
      c.Set(1, ConvWeightGrad(c.input(0), c.grad(), GradOptionsFor(options, c.input_shape(1))));
    }
  });
  // (grad, input) -> gradient of the weight
  table.Add(op::kConvWeightGrad, kSaveEachOther, [](RuleContext& c) {
    const auto& options = c.Get<ConvGradOptions>();
    if (c.needs(0)) c.Set(0, Conv(c.input(1), c.grad(), {}, ForwardOptions(options)));
    if (c.needs(1)) {
      c.Set(1, ConvInputGrad(c.input(0), c.grad(), GradOptionsFor(options, c.input_shape(1))));
    }
  });

  table.Add(op::kMaxPool, {.inputs = 0, .outputs = 0b10}, [](RuleContext& c) {
    c.Set(0, MaxPoolScatter(c.grad(), c.output(1), SpatialSize(c.input_shape(0))));
  });
  table.Add(op::kMaxPoolScatter, kSaveOther,
            [](RuleContext& c) { c.Set(0, MaxPoolGather(c.grad(), c.input(1))); });
  table.Add(op::kMaxPoolGather, kSaveOther, [](RuleContext& c) {
    c.Set(0, MaxPoolScatter(c.grad(), c.input(1), SpatialSize(c.input_shape(0))));
  });

  table.Add(op::kAvgPool, kSaveNothing, [](RuleContext& c) {
    const auto& options = c.Get<AvgPoolOptions>();
    c.Set(0, AvgPoolGrad(c.grad(), {.size = SpatialSize(c.input_shape(0)),
                                    .kernel_size = options.kernel_size,
                                    .stride = options.stride,
                                    .padding = options.padding,
                                    .ceil_mode = options.ceil_mode,
                                    .count_include_pad = options.count_include_pad,
                                    .divisor_override = options.divisor_override}));
  });
  table.Add(op::kAvgPoolGrad, kSaveNothing, [](RuleContext& c) {
    const auto& options = c.Get<AvgPoolGradOptions>();
    c.Set(0, AvgPool(c.grad(), {.kernel_size = options.kernel_size,
                                .stride = options.stride,
                                .padding = options.padding,
                                .ceil_mode = options.ceil_mode,
                                .count_include_pad = options.count_include_pad,
                                .divisor_override = options.divisor_override}));
  });
  table.Add(op::kAdaptiveAvgPool, kSaveNothing, [](RuleContext& c) {
    c.Set(0, AdaptiveAvgPoolGrad(c.grad(), SpatialSize(c.input_shape(0))));
  });
  table.Add(op::kAdaptiveAvgPoolGrad, kSaveNothing, [](RuleContext& c) {
    c.Set(0, AdaptiveAvgPool(c.grad(), SpatialSize(c.input_shape(0))));
  });
}

}  // namespace neura::autograd
