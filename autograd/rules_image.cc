// Derivatives of convolution and pooling. The gradients of a convolution are bilinear like the
// convolution itself, so that the three close under differentiation.
#include "neura/autograd/rule_table.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/tensor.h"

namespace neura::autograd {
namespace {

Size2 SpatialSize(DimsView shape) { return {shape[2], shape[3]}; }

template <typename Options>
Conv2dGradOptions GradOptionsFor(const Options& options, DimsView shape) {
  return {.size = SpatialSize(shape),
          .stride = options.stride,
          .padding = options.padding,
          .dilation = options.dilation,
          .groups = options.groups};
}

Conv2dOptions ForwardOptions(const Conv2dGradOptions& options) {
  return {.stride = options.stride,
          .padding = options.padding,
          .dilation = options.dilation,
          .groups = options.groups};
}

}  // namespace

void AddImageRules(RuleTable& table) {
  table.Add(op::kConv2d, kSaveEachOther, [](RuleContext& c) {
    const auto& options = c.Get<Conv2dOptions>();
    const Tensor& g = c.grad();
    if (c.needs(0)) {
      c.Set(0, Conv2dInputGrad(g, c.input(1), GradOptionsFor(options, c.input_shape(0))));
    }
    if (c.needs(1)) {
      c.Set(1, Conv2dWeightGrad(g, c.input(0), GradOptionsFor(options, c.input_shape(1))));
    }
    if (c.needs(2)) c.Set(2, Sum(g, {.dims = {0, 2, 3}}));
  });
  // (grad, weight) -> gradient of the input
  table.Add(op::kConv2dInputGrad, kSaveEachOther, [](RuleContext& c) {
    const auto& options = c.Get<Conv2dGradOptions>();
    if (c.needs(0)) c.Set(0, Conv2d(c.grad(), c.input(1), {}, ForwardOptions(options)));
    if (c.needs(1)) {
      c.Set(1, Conv2dWeightGrad(c.input(0), c.grad(), GradOptionsFor(options, c.input_shape(1))));
    }
  });
  // (grad, input) -> gradient of the weight
  table.Add(op::kConv2dWeightGrad, kSaveEachOther, [](RuleContext& c) {
    const auto& options = c.Get<Conv2dGradOptions>();
    if (c.needs(0)) c.Set(0, Conv2d(c.input(1), c.grad(), {}, ForwardOptions(options)));
    if (c.needs(1)) {
      c.Set(1, Conv2dInputGrad(c.input(0), c.grad(), GradOptionsFor(options, c.input_shape(1))));
    }
  });

  table.Add(op::kMaxPool2d, {.inputs = 0, .outputs = 0b10}, [](RuleContext& c) {
    c.Set(0, MaxPool2dScatter(c.grad(), c.output(1), SpatialSize(c.input_shape(0))));
  });
  table.Add(op::kMaxPool2dScatter, kSaveOther,
            [](RuleContext& c) { c.Set(0, MaxPool2dGather(c.grad(), c.input(1))); });
  table.Add(op::kMaxPool2dGather, kSaveOther, [](RuleContext& c) {
    c.Set(0, MaxPool2dScatter(c.grad(), c.input(1), SpatialSize(c.input_shape(0))));
  });

  table.Add(op::kAvgPool2d, kSaveNothing, [](RuleContext& c) {
    const auto& options = c.Get<AvgPool2dOptions>();
    c.Set(0, AvgPool2dGrad(c.grad(), {.size = SpatialSize(c.input_shape(0)),
                                      .kernel_size = options.kernel_size,
                                      .stride = options.stride,
                                      .padding = options.padding,
                                      .ceil_mode = options.ceil_mode,
                                      .count_include_pad = options.count_include_pad}));
  });
  table.Add(op::kAvgPool2dGrad, kSaveNothing, [](RuleContext& c) {
    const auto& options = c.Get<AvgPool2dGradOptions>();
    c.Set(0, AvgPool2d(c.grad(), {.kernel_size = options.kernel_size,
                                  .stride = options.stride,
                                  .padding = options.padding,
                                  .ceil_mode = options.ceil_mode,
                                  .count_include_pad = options.count_include_pad}));
  });
  table.Add(op::kAdaptiveAvgPool2d, kSaveNothing, [](RuleContext& c) {
    c.Set(0, AdaptiveAvgPool2dGrad(c.grad(), SpatialSize(c.input_shape(0))));
  });
  table.Add(op::kAdaptiveAvgPool2dGrad, kSaveNothing, [](RuleContext& c) {
    c.Set(0, AdaptiveAvgPool2d(c.grad(), SpatialSize(c.input_shape(0))));
  });
}

}  // namespace neura::autograd
