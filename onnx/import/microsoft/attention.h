// What the attention operators of com.microsoft share.
#ifndef NEURA_ONNX_IMPORT_MICROSOFT_ATTENTION_H_
#define NEURA_ONNX_IMPORT_MICROSOFT_ATTENTION_H_

#include <optional>
#include <vector>

#include "neura/onnx/import/importer.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// [N, T, heads * size] as [N, heads, T, size].
Tensor SplitHeads(const Tensor& x, int64_t heads);
// And back.
Tensor JoinHeads(const Tensor& x);

// What all of them are told.
struct HeadOptions {
  int64_t heads = 0;
  std::optional<double> scale = {};  // else 1 / sqrt(size)
  double filter = -10000;            // what is added where a mask is 0
  bool is_causal = false;
};
// `filter` stands in mask_filter_value, and is_causal in unidirectional.
HeadOptions ReadHeadOptions(NodeReader& node);

// How a mask of integers says which keys count.
enum class MaskKind {
  kNone,
  kElements,  // [N, Tk] or [N, Tq, Tk], 0 where they do not
  kLengths,   // [N], how many
  kEnds,      // [2 N], the first behind them, then the first of them
};
// By the shape of input `input`, for queries [N, Tq, ...]; throws Unimplemented for others.
MaskKind KindOfMask(NodeReader& node, size_t input, graph::ValueId query);
// What is added to the scores [N, heads, Tq, keys].
Tensor MaskBias(const Tensor& mask, MaskKind kind, int64_t keys, const HeadOptions& options,
                DType dtype);

struct Attended {
  Tensor output;   // [N, Tq, heads * size]
  Tensor weights;  // [N, heads, Tq, Tk]
};
// Of [N, heads, T, size], the queries the last of the keys where that matters; `bias`, which may be
// undefined, is added to the scores.
Attended Attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias,
                const HeadOptions& options);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_MICROSOFT_ATTENTION_H_
