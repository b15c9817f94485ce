// Products, convolutions and pools, with what follows them, or with channels last.
#include <algorithm>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/microsoft/layout.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// [..., M, K] of [M, ..., K], where batches stand behind the rows.
Tensor RowsBehindBatches(const Tensor& x) {
  Dims dims;
  for (int64_t d = 1; d + 1 < x.dim(); ++d) dims.push_back(d);
  dims.push_back(0);
  dims.push_back(x.dim() - 1);
  return Permute(x, dims);
}

// By the attribute activation, whose parameters are those of convolutions or those of Gemm; none
// where it is left out.
Activation ActivationOfNode(NodeReader& node, std::optional<double> alpha,
                            std::optional<double> beta) {
  const std::string name = absl::AsciiStrToLower(node.String("activation", ""));
  if (name.empty()) return nullptr;
  if (name != "clip") return ActivationOf(node, name, alpha, beta);
  if (!alpha || !beta) ThrowInvalidArgument("Clip without its two bounds");
  return [=](const Tensor& x) { return Clamp(x, {.min = *alpha, .max = *beta}); };
}

ValueId Activated(NodeReader& node, ValueId x, const Activation& activation) {
  return activation ? node.Pointwise(activation, x) : x;
}

ValueId FusedConv(NodeReader& node, ValueId x, ValueId added) {
  const std::vector<double> given = node.Floats("activation_params");
  const auto parameter = [&](size_t i) {
    return i < given.size() ? std::optional<double>(given[i]) : std::nullopt;
  };
  const Activation activation = ActivationOfNode(node, parameter(0), parameter(1));
  ValueId y = ConvOf(node, x, node.in(1), node.in_or_none(2));
  if (added != kNone) y = node.Add(op::kAdd, {y, added});
  return Activated(node, y, activation);
}

// Channels, which are the last of x, behind the batch, or back.
ValueId ChannelsMoved(NodeReader& node, ValueId x, bool last) {
  if (node.rank(x) < 3) ThrowInvalidArgument("expects a batch, space and channels");
  std::vector<int64_t> dims(static_cast<size_t>(node.rank(x)));
  std::iota(dims.begin(), dims.end(), 0);
  if (last) {
    std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
  } else {
    std::rotate(dims.begin() + 1, dims.end() - 1, dims.end());
  }
  return node.Permute(x, dims);
}

}  // namespace

ValueId ChannelsFirst(NodeReader& node, ValueId x) { return ChannelsMoved(node, x, false); }
ValueId ChannelsLast(NodeReader& node, ValueId x) { return ChannelsMoved(node, x, true); }

void ReadFusedMatMul(NodeReader& node) {
  const bool swaps[] = {node.Int("transA", 0) != 0, node.Int("transB", 0) != 0};
  const bool behind[] = {node.Int("transBatchA", 0) != 0, node.Int("transBatchB", 0) != 0};
  const double alpha = node.Float("alpha", 1);
  node.Out(node.Trace(
      [&](const Tensor& a, const Tensor& b) {
        // A vector is what it is, whatever is swapped.
        const auto factor = [&](const Tensor& given, size_t i) {
          const Tensor x = behind[i] && given.dim() > 2 ? RowsBehindBatches(given) : given;
          return swaps[i] && x.dim() > 1 ? Transpose(x, -2, -1) : x;
        };
        const Tensor y = MatMul(factor(a, 0), factor(b, 1));
        return alpha == 1 ? y : y * alpha;
      },
      node.in(0), node.in(1)));
}

void ReadFusedGemm(NodeReader& node) {
  const auto parameter = [&](const char* name) {
    const bool given = node.HasAttribute(name);
    const double value = node.Float(name, 0);
    return given ? std::optional<double>(value) : std::nullopt;
  };
  const std::optional<double> alpha = parameter("activation_alpha"),
                              beta = parameter("activation_beta");
  node.Float("activation_gamma", 0);  // of what is not read
  const Activation activation = ActivationOfNode(node, alpha, beta);
  node.Out(Activated(node, GemmOf(node), activation));
}

void ReadFusedConv(NodeReader& node) { node.Out(FusedConv(node, node.in(0), node.in_or_none(3))); }

void ReadNhwcFusedConv(NodeReader& node) {
  const ValueId added = node.has(3) ? ChannelsFirst(node, node.in(3)) : kNone;
  node.Out(ChannelsLast(node, FusedConv(node, ChannelsFirst(node, node.in(0)), added)));
}

void ReadNhwcMaxPool(NodeReader& node) {
  node.Out(ChannelsLast(node, MaxPoolOf(node, ChannelsFirst(node, node.in(0)))));
}

void ReadConvTransposeWithDynamicPads(NodeReader& node) {
  const std::optional<std::vector<int64_t>> pads =
      node.has(2) ? std::optional<std::vector<int64_t>>(node.Ints(2)) : std::nullopt;
  node.Out(ConvTransposeOf(node, node.in(0), node.in(1), node.in_or_none(3), pads));
}

}  // namespace neura::onnx
