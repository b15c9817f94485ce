// Forward and input gradient: both are correlations.
#include "neura/tensor/cpu/conv.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "neura/tensor/cpu/correlation.h"

namespace neura::cpu {
namespace {

// What is the same in both directions.
template <typename T>
Correlation<T> CorrelationOf(const ConvGeometry& g, const AxisPlan& depth, const AxisPlan& height,
                             const AxisPlan& width, const T* weight) {
  Correlation<T> c{depth, height, width};
  c.batch = g.batch;
  c.groups = g.groups;
  c.weight = weight;
  c.kernel_height = g.height.kernel;
  c.kernel_width = g.width.kernel;
  c.weight_group_stride =
      (g.out_channels / g.groups) * (g.in_channels / g.groups) * g.kernel_volume();
  return c;
}

// One for each residue of the inputs modulo the stride that occurs: as many as there are inputs at
// most, however large the stride.
std::vector<AxisPlan> InputGradPlans(const WindowAxis& axis) {
  std::vector<AxisPlan> plans;
  for (int64_t i = 0; i < std::min(axis.stride, axis.in); ++i) {
    plans.push_back(InputGradPlan(axis, (i + axis.padding) % axis.stride));
  }
  return plans;
}

}  // namespace

template <typename T>
void ConvForward(const ConvGeometry& g, const T* input, const T* weight, const T* bias, T* output) {
  const AxisPlan depth = ForwardPlan(g.depth);
  const AxisPlan height = ForwardPlan(g.height);
  const AxisPlan width = ForwardPlan(g.width);
  Correlation<T> c = CorrelationOf(g, depth, height, width, weight);
  c.source_channels = g.in_channels / g.groups;
  c.dest_channels = g.out_channels / g.groups;
  c.dest_depth = g.depth.out;
  c.dest_height = g.height.out;
  c.dest_width = g.width.out;
  c.weight_source_stride = g.kernel_volume();
  c.weight_dest_stride = c.source_channels * c.weight_source_stride;
  c.source = input;
  c.bias = bias;
  c.dest = output;
  Correlate(c);
}

template <typename T>
void ConvInputGrad(const ConvGeometry& g, const T* weight, const T* output_grad, T* input_grad) {
  const std::vector<AxisPlan> heights = InputGradPlans(g.height), widths = InputGradPlans(g.width);
  for (const AxisPlan& depth : InputGradPlans(g.depth)) {
    for (const AxisPlan& height : heights) {
      for (const AxisPlan& width : widths) {
        Correlation<T> c = CorrelationOf(g, depth, height, width, weight);
        c.source_channels = g.out_channels / g.groups;
        c.dest_channels = g.in_channels / g.groups;
        c.dest_depth = g.depth.in;
        c.dest_height = g.height.in;
        c.dest_width = g.width.in;
        c.weight_dest_stride = g.kernel_volume();
        c.weight_source_stride = c.dest_channels * c.weight_dest_stride;
        c.source = output_grad;
        c.dest = input_grad;
        Correlate(c);
      }
    }
  }
}

template void ConvForward(const ConvGeometry&, const float*, const float*, const float*, float*);
template void ConvForward(const ConvGeometry&, const double*, const double*, const double*,
                          double*);
template void ConvInputGrad(const ConvGeometry&, const float*, const float*, float*);
template void ConvInputGrad(const ConvGeometry&, const double*, const double*, double*);

}  // namespace neura::cpu
