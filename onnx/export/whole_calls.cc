// Functions of operations that operator sets have operators for.
#include "neura/tensor/ops/whole_calls.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/mapping.h"
#include "neura/onnx/export/ops.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::Node;
using graph::SymInt;
using graph::ValueId;

using Ints = std::vector<int64_t>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kSetOfAttention = 23, kSetOfRmsNorm = 23, kSetOfGroupNorm = 21, kSetOfGelu = 20;

ValueId InputOrNone(const Node& node, size_t i) {
  return i < node.inputs.size() ? node.inputs[i] : kNone;
}

// A weight or a bias of each channel, or what changes nothing.
std::string NameOr(Exporter& exporter, const Node& node, size_t i, double otherwise,
                   int64_t channels) {
  const ValueId id = InputOrNone(node, i);
  if (id != kNone) return exporter.Name(id);
  return exporter.Constant(
      Full({channels}, otherwise, {.dtype = exporter.value(node.inputs[0]).dtype}));
}

// A mask [..., L, S]: runtimes do not broadcast along the queries.
std::string MaskOfQueries(Exporter& exporter, ValueId query, ValueId mask) {
  const std::vector<SymInt>& of_mask = exporter.value(mask).shape;
  const std::vector<SymInt>& of_query = exporter.value(query).shape;
  const size_t dim = of_query.size() - 2;
  const SymInt& length = of_query[dim];
  if (of_mask[of_mask.size() - 2] != SymInt(1) || length == SymInt(1)) return exporter.Name(mask);
  std::vector<SymInt> shape(of_mask.size(), 1);
  shape[of_mask.size() - 2] =
      length.is_number() ? length : SymInt::Extent(query, static_cast<int64_t>(dim));
  return exporter.Emit("Expand", {exporter.Name(mask), exporter.Extents(shape)});
}

int64_t FixedChannels(Exporter& exporter, const Node& node) {
  const SymInt& channels = exporter.value(node.inputs[0]).shape[1];
  if (!channels.is_number()) exporter.Fail(node, "the number of channels must be fixed");
  return channels.number();
}

}  // namespace

bool HasOperator(const OpCall& call, int opset) {
  const std::optional<WholeFunction> function = WholeFunctionOf(call.op);
  if (!function) return false;
  const DType dtype = call.input(0).dtype();
  switch (*function) {
    case WholeFunction::kAttention:
      return opset >= kSetOfAttention;
    case WholeFunction::kGridSample:
      return opset >= (call.input(0).dim() == 4 ? 16 : kSetOfGelu);
    case WholeFunction::kRmsNorm:
      // Computed there in float32.
      return opset >= kSetOfRmsNorm && dtype != kFloat64;
    case WholeFunction::kGroupNorm:
    case WholeFunction::kInstanceNorm:
    case WholeFunction::kInterpolate:
    case WholeFunction::kRecurrent:
      return true;
  }
  return false;
}

void WriteAttention(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.Require(kSetOfAttention, node, onnx_name);
  const auto& options = node.options().Get<AttentionCall>();
  const ValueId mask = InputOrNone(node, 3);
  const bool has_heads = exporter.value(node.inputs[0]).shape.size() == 4;
  std::vector<Attribute> attributes = {{"is_causal", int64_t{options.is_causal}},
                                       {"scale", options.scale}};
  if (!has_heads) {
    attributes.push_back({"q_num_heads", int64_t{1}});
    attributes.push_back({"kv_num_heads", int64_t{1}});
  }
  const bool wants_weights = options.wants_weights && exporter.graph().IsUsed(node.outputs[1]);
  std::vector<std::string> inputs;
  for (ValueId input : node.inputs) inputs.push_back(exporter.Name(input));
  if (mask != kNone) inputs[3] = MaskOfQueries(exporter, node.inputs[0], mask);
  // Before set 25 it is open what comes of a query that may attend to nothing; here zeros do.
  const bool may_be_empty = mask != kNone && exporter.opset() < 25;
  if (!wants_weights && !may_be_empty) {
    return exporter.EmitTo({node.outputs[0]}, onnx_name, std::move(inputs), std::move(attributes));
  }
  std::vector<std::string> results;
  if (wants_weights) {
    attributes.push_back({"qk_matmul_output_mode", int64_t{3}});
    results = exporter.EmitAll(onnx_name, std::move(inputs), 4, std::move(attributes), 0b1001);
    if (!has_heads) results[3] = exporter.Emit("Squeeze", {results[3], exporter.Ints({1})});
  } else {
    results = exporter.EmitAll(onnx_name, std::move(inputs), 1, std::move(attributes));
  }
  std::string none, zero;
  if (may_be_empty) {
    const graph::Value& of_mask = exporter.value(mask);
    const bool is_bool = of_mask.dtype == kBool;
    const std::string& x = exporter.Name(mask);
    const std::string most =
        exporter.EmitReduce("ReduceMax", is_bool ? exporter.Cast(x, kInt32) : x, {-1});
    none = exporter.Emit("Equal", {most, is_bool ? exporter.Number(0, kInt32)
                                                 : exporter.Number(-kInfinity, of_mask.dtype)});
    zero = exporter.Number(0, exporter.value(node.inputs[0]).dtype);
  }
  const auto write = [&](ValueId output, const std::string& result) {
    if (may_be_empty) {
      exporter.EmitTo({output}, "Where", {none, zero, result});
    } else {
      exporter.EmitTo({output}, "Identity", {result});
    }
  };
  write(node.outputs[0], results[0]);
  if (wants_weights) write(node.outputs[1], results[3]);
}

void WriteGridSample(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<GridSampleCall>();
  const bool is_volume = exporter.value(node.inputs[0]).shape.size() == 5;
  exporter.Require(is_volume ? 20 : 16, node, is_volume ? "GridSample of volumes" : onnx_name);
  std::string mode = options.mode;
  if (exporter.opset() >= 20 && mode != "nearest") mode = mode == "bicubic" ? "cubic" : "linear";
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), exporter.Name(node.inputs[1])},
                  {{"mode", mode.c_str()},
                   {"padding_mode", options.padding_mode.c_str()},
                   {"align_corners", int64_t{options.align_corners}}});
}

void WriteGroupNorm(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<GroupNormCall>();
  const graph::Value& input = exporter.value(node.inputs[0]);
  const std::string& x = exporter.Name(node.inputs[0]);
  const bool is_plain = InputOrNone(node, 1) == kNone && InputOrNone(node, 2) == kNone;
  if (exporter.opset() >= kSetOfGroupNorm) {
    const int64_t channels = FixedChannels(exporter, node);
    return exporter.EmitTo(
        node.outputs, onnx_name,
        {x, NameOr(exporter, node, 1, 1, channels), NameOr(exporter, node, 2, 0, channels)},
        {{"num_groups", options.num_groups}, {"epsilon", options.eps}});
  }
  // Each group as a channel, which is normalized without weights.
  const std::string groups =
      exporter.Emit("Reshape", {x, exporter.Ints({0, options.num_groups, -1})});
  const auto constant = [&](double value) {
    return exporter.Constant(Full({options.num_groups}, value, {.dtype = input.dtype}));
  };
  const std::string normalized = exporter.Emit(
      "InstanceNormalization", {groups, constant(1), constant(0)}, {{"epsilon", options.eps}});
  std::vector<SymInt> shape = input.shape;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (!shape[d].is_number()) shape[d] = SymInt::Extent(node.inputs[0], static_cast<int64_t>(d));
  }
  const std::vector<std::string> back = {normalized, exporter.Extents(shape)};
  if (is_plain) return exporter.EmitTo(node.outputs, "Reshape", back);
  std::string result = exporter.Emit("Reshape", back);
  Ints each_channel(input.shape.size() - 1, 1);
  each_channel[0] = -1;
  const bool has_bias = InputOrNone(node, 2) != kNone;
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (InputOrNone(node, i) == kNone) continue;
    const std::string parameter =
        exporter.Emit("Reshape", {exporter.Name(node.inputs[i]), exporter.Ints(each_channel)});
    const char* const op_type = i == 1 ? "Mul" : "Add";
    if (i == 2 || !has_bias) return exporter.EmitTo(node.outputs, op_type, {result, parameter});
    result = exporter.Emit(op_type, {result, parameter});
  }
}

void WriteInstanceNorm(Exporter& exporter, const Node& node, const char* onnx_name) {
  const int64_t channels = FixedChannels(exporter, node);
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), NameOr(exporter, node, 1, 1, channels),
                   NameOr(exporter, node, 2, 0, channels)},
                  {{"epsilon", node.options().Get<InstanceNormCall>().eps}});
}

void WriteRmsNorm(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.Require(kSetOfRmsNorm, node, onnx_name);
  const auto& options = node.options().Get<RmsNormCall>();
  const DType dtype = exporter.value(node.inputs[0]).dtype;
  std::string weight;
  if (InputOrNone(node, 1) != kNone) {
    weight = exporter.Name(node.inputs[1]);
  } else {
    // It is broadcast.
    weight = exporter.Constant(Ones({1}, {.dtype = dtype}));
  }
  const double eps = options.eps ? *options.eps : FloatLimitsOf(WideDType(dtype)).eps;
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0]), weight},
                  {{"axis", -options.num_dims}, {"epsilon", eps}});
}

namespace {

// The factor by which an operator makes one extent of the other as it is made here; throws where
// there is none.
double ScaleOf(Exporter& exporter, const Node& node, const SymInt& in, const SymInt& out,
               double factor, bool is_nearest, bool is_cubic) {
  if (in.is_number() && out.is_number()) {
    const auto from = static_cast<double>(in.number()), to = static_cast<double>(out.number());
    // Whatever the factor says, elements are then as far apart as the sizes say.
    if (out == in && !is_cubic) return 1;
    if (out == in * 2 && is_nearest) return 2;
    const auto rounded = static_cast<double>(static_cast<float>(factor));
    const float product = static_cast<float>(from) * static_cast<float>(factor);
    if (std::floor(from * rounded) == to && std::floor(product) == static_cast<float>(to)) {
      return factor;
    }
    exporter.Fail(node, absl::StrCat("scale_factor = ", factor,
                                     ", as float32 holds it, makes another size of ", in.number(),
                                     "; give the size instead"));
  }
  const bool is_whole = factor == std::round(factor);
  // Small sizes would meet the exceptions above, larger ones not.
  const bool meets = (factor > 1 && factor < 2 && !is_cubic) ||
                     (factor > 2 && factor < 3 && is_nearest && !is_whole);
  if (meets || static_cast<double>(static_cast<float>(factor)) < factor) {
    exporter.Fail(node, absl::StrCat("an open size times ", factor,
                                     ", which ONNX rounds otherwise; give the size instead"));
  }
  return factor;
}

}  // namespace

void WriteInterpolate(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<InterpolateCall>();
  const std::vector<SymInt>& in = exporter.value(node.inputs[0]).shape;
  const bool is_nearest = options.mode == "nearest" || options.mode == "nearest-exact";
  const bool is_cubic = options.mode == "bicubic";
  std::vector<Attribute> attributes;
  const char* coordinates = options.align_corners ? "align_corners" : "half_pixel";
  if (options.mode == "nearest") coordinates = "asymmetric";
  attributes.push_back({"coordinate_transformation_mode", coordinates});
  attributes.push_back({"mode", is_nearest ? "nearest" : is_cubic ? "cubic" : "linear"});
  if (is_nearest) {
    attributes.push_back(
        {"nearest_mode", options.mode == "nearest" ? "floor" : "round_prefer_ceil"});
  }
  if (is_cubic) attributes.push_back({"cubic_coeff_a", -0.75});
  std::vector<std::string> inputs = {exporter.Name(node.inputs[0]), ""};
  if (options.size.empty()) {
    const std::vector<SymInt>& out = exporter.value(node.outputs[0]).shape;
    std::vector<float> scales = {1, 1};
    for (size_t d = 2; d < in.size(); ++d) {
      scales.push_back(
          static_cast<float>(ScaleOf(exporter, node, in[d], out[d], options.scale(d - 2),
                                     options.mode == "nearest", is_cubic)));
    }
    inputs.push_back(exporter.Constant(FromVector(scales, {static_cast<int64_t>(scales.size())})));
  } else {
    std::vector<SymInt> sizes;
    for (size_t d = 0; d < 2; ++d) {
      sizes.push_back(in[d].is_number() ? in[d]
                                        : SymInt::Extent(node.inputs[0], static_cast<int64_t>(d)));
    }
    const std::vector<SymInt> spatial = IntegersOf(node.operation());
    sizes.insert(sizes.end(), spatial.begin(), spatial.end());
    inputs.push_back("");
    inputs.push_back(exporter.Extents(sizes));
  }
  exporter.EmitTo(node.outputs, onnx_name, std::move(inputs), std::move(attributes));
}

}  // namespace neura::onnx
