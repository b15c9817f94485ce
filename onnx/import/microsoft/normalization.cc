// Normalization of sums and of embeddings.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/microsoft/layout.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// What a row was shifted and scaled by, float32 [..., 1], beside the result.
struct Normalized {
  Tensor output, mean, rstd;
};

// In float32 where it is narrower.
Tensor Wide(const Tensor& x) { return x.defined() ? Cast(x, WideDType(x.dtype())) : x; }

// Each row by its mean and variance.
Normalized LayerNormalized(const Tensor& x, const Tensor& scale, const Tensor& bias, double eps) {
  const LayerNormOutputs y =
      LayerNorm(Wide(x), Wide(scale), Wide(bias), {.num_dims = 1, .eps = eps});
  const auto kept = [](const Tensor& per_row) { return Unsqueeze(Cast(per_row, kFloat32), -1); };
  return {y.output, kept(y.mean), kept(y.rstd)};
}

// By the root of its mean square.
Normalized RmsNormalized(const Tensor& x, const Tensor& scale, double eps) {
  const Tensor wide = Wide(x);
  const Tensor rstd = Rsqrt(Mean(Square(wide), {.dims = {-1}, .keepdim = true}) + eps);
  return {wide * rstd * Wide(scale), ZerosLike(rstd), rstd};
}

// Inputs: x, what is added to it, the scale, a bias of the result where there is a mean, and one of
// the sum. The last output is the sum.
void ReadSkipped(NodeReader& node, bool has_mean) {
  const double eps = node.Float("epsilon", 1e-12);
  const size_t of_sum = has_mean ? 4 : 3;
  const std::vector<ValueId> results =
      node.TraceAll({node.in(0), node.in(1), node.in(2), has_mean ? node.in_or_none(3) : kNone,
                     node.in_or_none(of_sum)},
                    [&](absl::Span<const Tensor> in) {
                      Tensor sum = Wide(in[0]) + Wide(in[1]);
                      if (in[4].defined()) sum = sum + Wide(in[4]);
                      const Normalized y = has_mean ? LayerNormalized(sum, in[2], in[3], eps)
                                                    : RmsNormalized(sum, in[2], eps);
                      const DType dtype = in[0].dtype();
                      return std::vector{Cast(y.output, dtype), y.mean, y.rstd, Cast(sum, dtype)};
                    });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

// [N, C, ...] in groups of channels; `activation` is 0 for none, 1 for SiLU.
void ReadGroups(NodeReader& node, ValueId x, size_t output) {
  const int64_t groups = node.Int("groups", 0), activation = node.Int("activation", 0);
  const double eps = node.Float("epsilon", 1e-5);
  if (activation != 0 && activation != 1) {
    node.Unsupported(absl::StrCat("activation ", activation));
  }
  const bool last = node.Int("channels_last", 1) != 0;
  if (last) x = ChannelsFirst(node, x);
  const int64_t channels = node.FixedExtent(x, 1);
  if (groups < 1 || channels % groups != 0) {
    ThrowInvalidArgument(absl::StrCat(channels, " channels do not make ", groups, " groups"));
  }
  const DType dtype = node.dtype(x);
  const ValueId y = node.Trace(
      [&](const Tensor& x, const Tensor& scale, const Tensor& bias) {
        const DType wide = WideDType(dtype);
        const Tensor normal =
            GroupNorm(Cast(x, wide), groups, Cast(scale, wide), Cast(bias, wide), eps);
        return Cast(activation == 1 ? Silu(normal) : normal, dtype);
      },
      x, node.in(1), node.in(2));
  node.Out(last ? ChannelsLast(node, y) : y, output);
}

}  // namespace

void ReadSkipLayerNormalization(NodeReader& node) { ReadSkipped(node, true); }
void ReadSkipSimplifiedLayerNormalization(NodeReader& node) { ReadSkipped(node, false); }

// Of words, of their places and of segments, whose sum is normalized.
void ReadEmbedLayerNormalization(NodeReader& node) {
  const double eps = node.Float("epsilon", 1e-12);
  node.Int("mask_index_type", 0);
  if (node.has(1) != node.has(4)) {
    ThrowInvalidArgument("segment_ids and segment_embedding are given together or not at all");
  }
  const std::vector<ValueId> results = node.TraceAll(
      {node.in(0), node.in_or_none(1), node.in(2), node.in(3), node.in_or_none(4), node.in(5),
       node.in(6), node.in_or_none(7), node.in_or_none(8)},
      [&](absl::Span<const Tensor> in) {
        const Tensor& words = in[0];
        const auto rows = [](const Tensor& table, const Tensor& ids) {
          return Reshape(IndexSelect(table, 0, Flatten(ids)),
                         {ids.size(0), ids.size(1), table.size(1)});
        };
        const Tensor places = in[8].defined() ? in[8] : Unsqueeze(Arange(words.size(1)), 0);
        Tensor sum = rows(in[2], words) + rows(in[3], places);
        if (in[1].defined()) sum = sum + rows(in[4], in[1]);
        // How many words count.
        const Tensor counted = in[7].defined()
                                   ? Sum(Cast(Eq(in[7], 1), kInt32), {.dims = {1}, .dtype = kInt32})
                                   : Zeros({words.size(0)}, {.dtype = kInt32});
        const Tensor y = LayerNormalized(sum, in[5], in[6], eps).output;
        return std::vector{Cast(y, sum.dtype()), counted, sum};
      });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

void ReadGroupNorm(NodeReader& node) { ReadGroups(node, node.in(0), 0); }

// Of a sum, in which one number for each channel may stand for all places.
void ReadSkipGroupNorm(NodeReader& node) {
  const bool last = node.Int("channels_last", 1) != 0;
  const int64_t rank = node.rank(node.in(0));
  const std::vector<ValueId> sum =
      node.TraceAll({node.in(0), node.in(3), node.in_or_none(4)}, [&](absl::Span<const Tensor> in) {
        const auto spread = [&](const Tensor& x, bool batch) {
          if (x.dim() == rank) return x;
          Dims shape(static_cast<size_t>(rank), 1);
          if (batch) shape[0] = x.size(0);
          shape[last ? static_cast<size_t>(rank) - 1 : 1] = x.size(-1);
          return Reshape(x, shape);
        };
        const Tensor y = in[0] + spread(in[1], true);
        return std::vector{in[2].defined() ? y + spread(in[2], false) : y};
      });
  ReadGroups(node, sum[0], 0);
  if (node.Wants(1)) node.Out(sum[0], 1);
}

}  // namespace neura::onnx
