#include "neura/nn/layers.h"

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/functional.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {

namespace {

using internal::CheckAtLeast;
using internal::CheckPositive;
using internal::UniformByFanIn;

// The weight that a layer of vectors starts with; counts its padding_idx from the start.
template <typename Options>
Parameter RowsFor(const char* layer, Options& options) {
  CheckAtLeast(0, layer, "num_embeddings", options.num_embeddings);
  CheckAtLeast(0, layer, "embedding_dim", options.embedding_dim);
  options.padding_idx = internal::PaddingRow(layer, options.padding_idx, options.num_embeddings);
  const Tensor rows = Randn({options.num_embeddings, options.embedding_dim});
  if (options.padding_idx) Fill(Select(rows, 0, *options.padding_idx), 0);
  return Parameter(rows);
}

template <typename Options>
EmbedOptions RowsOf(const Options& options) {
  return {.padding_idx = options.padding_idx,
          .max_norm = options.max_norm,
          .norm_type = options.norm_type,
          .scale_grad_by_freq = options.scale_grad_by_freq,
          .sparse = options.sparse};
}

}  // namespace

Linear::Linear(const LinearOptions& options) : WithOptions(options) {
  CheckAtLeast(0, "Linear", "in_features", options.in_features);
  CheckAtLeast(0, "Linear", "out_features", options.out_features);
  weight = UniformByFanIn({options.out_features, options.in_features}, options.in_features);
  if (options.bias) bias = UniformByFanIn({options.out_features}, options.in_features);
}
Tensor Linear::Forward(const Tensor& input) { return neura::Linear(input, weight, bias); }

Bilinear::Bilinear(const BilinearOptions& options) : WithOptions(options) {
  const auto& [in1, in2, out, with_bias] = options;
  CheckPositive("Bilinear", "in1_features", in1);
  CheckPositive("Bilinear", "in2_features", in2);
  CheckAtLeast(0, "Bilinear", "out_features", out);
  weight = UniformByFanIn({out, in1, in2}, in1);
  if (with_bias) bias = UniformByFanIn({out}, in1);
}
Tensor Bilinear::Forward(const Tensor& input1, const Tensor& input2) {
  return neura::Bilinear(input1, input2, weight, bias);
}

Embedding::Embedding(const EmbeddingOptions& given)
    : WithOptions(given), weight(RowsFor("Embedding", options)) {}
Embedding::Embedding(const Tensor& weight)
    : WithOptions({.num_embeddings = weight.size(0), .embedding_dim = weight.size(1)}),
      weight(Detach(weight)) {}
Embedding Embedding::FromPretrained(const Tensor& weight, bool freeze) {
  RequireDims("Embedding", weight, 2);
  Embedding layer(weight);
  if (freeze) SetRequiresGrad(layer.weight, false);
  return layer;
}
Tensor Embedding::Forward(const Tensor& input) { return Embed(input, weight, RowsOf(options)); }

EmbeddingBag::EmbeddingBag(const EmbeddingBagOptions& given)
    : WithOptions(given), weight(RowsFor("EmbeddingBag", options)) {
  internal::CheckName("EmbeddingBag", "mode", options.mode, {"sum", "mean", "max"});
}
Tensor EmbeddingBag::Forward(const Tensor& input, const std::optional<Tensor>& offsets,
                             const std::optional<Tensor>& per_sample_weights) {
  return EmbedBag(input, weight, offsets.value_or(Tensor()), per_sample_weights.value_or(Tensor()),
                  {.mode = options.mode,
                   .include_last_offset = options.include_last_offset,
                   .rows = RowsOf(options)});
}

Tensor Flatten::Forward(const Tensor& input) {
  return neura::Flatten(input, options.start_dim, options.end_dim);
}

Unflatten::Unflatten(const UnflattenOptions& options) : WithOptions(options) {
  if (options.unflattened_size.empty()) {
    ThrowInvalidArgument("Unflatten: unflattened_size must name at least one dimension");
  }
}
Tensor Unflatten::Forward(const Tensor& input) {
  return neura::Unflatten(input, options.dim, options.unflattened_size);
}

Tensor Identity::Forward(const Tensor& input) { return input; }

Tensor CosineSimilarity::Forward(const Tensor& x1, const Tensor& x2) {
  return neura::CosineSimilarity(x1, x2, options.dim, options.eps);
}

Tensor PairwiseDistance::Forward(const Tensor& x1, const Tensor& x2) {
  return neura::PairwiseDistance(x1, x2, options.p, options.eps, options.keepdim);
}

}  // namespace neura::nn
