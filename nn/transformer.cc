#include "neura/nn/transformer.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/nn/init.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

using internal::CheckPositive;

Activation ActivationOf(const std::string& name) {
  internal::CheckName("Transformer", "activation", name, {"relu", "gelu"});
  if (name == "relu") return [](const Tensor& x) { return Relu(x); };
  return [](const Tensor& x) { return Gelu(x); };
}

MultiheadAttentionOptions AttentionOf(const TransformerLayerOptions& options) {
  return {.embed_dim = options.d_model,
          .num_heads = options.nhead,
          .dropout = options.dropout,
          .bias = options.bias,
          .batch_first = options.batch_first};
}
LinearOptions Widening(const TransformerLayerOptions& options) {
  return {.in_features = options.d_model,
          .out_features = options.dim_feedforward,
          .bias = options.bias};
}
LinearOptions Narrowing(const TransformerLayerOptions& options) {
  return {.in_features = options.dim_feedforward,
          .out_features = options.d_model,
          .bias = options.bias};
}
LayerNormOptions NormOf(const TransformerLayerOptions& options) {
  return {
      .normalized_shape = {options.d_model}, .eps = options.layer_norm_eps, .bias = options.bias};
}
DropoutOptions DropoutOf(const TransformerLayerOptions& options) { return {.p = options.dropout}; }

// x plus what `block` makes of it, normalized before or after.
template <typename Block>
Tensor Residual(const Tensor& x, LayerNorm& norm, bool norm_first, Block block) {
  return norm_first ? x + block(norm(x)) : norm(x + block(x));
}

// The two linear maps of a layer.
template <typename Layer>
Tensor FeedForward(Layer& layer, Dropout& last, const Tensor& x) {
  return last(layer.linear2(layer.dropout(layer.activation(layer.linear1(x)))));
}

// Copies of one layer.
template <typename Module>
std::vector<std::unique_ptr<Module>> Copies(const char* name, const Module& layer, int64_t count) {
  CheckPositive(name, "num_layers", count);
  std::vector<std::unique_ptr<Module>> copies;
  for (int64_t i = 0; i < count; ++i) copies.push_back(layer.Clone());
  return copies;
}
template <typename Module>
std::vector<std::unique_ptr<Module>> Cloned(const std::vector<std::unique_ptr<Module>>& layers) {
  std::vector<std::unique_ptr<Module>> clones;
  clones.reserve(layers.size());
  for (const auto& layer : layers) clones.push_back(layer->Clone());
  return clones;
}
template <typename Stack>
void VisitStack(Stack& stack, MemberVisitor& visitor) {
  for (size_t i = 0; i < stack.layers.size(); ++i) {
    visitor.Visit(absl::StrCat("layers.", i), *stack.layers[i]);
  }
  if (stack.norm) visitor.Visit("norm", *stack.norm);
}

TransformerLayerOptions LayersOf(const TransformerOptions& options) {
  return {.d_model = options.d_model,
          .nhead = options.nhead,
          .dim_feedforward = options.dim_feedforward,
          .dropout = options.dropout,
          .activation = options.activation,
          .layer_norm_eps = options.layer_norm_eps,
          .batch_first = options.batch_first,
          .norm_first = options.norm_first,
          .bias = options.bias};
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(const TransformerLayerOptions& options)
    : WithOptions(options),
      self_attn(AttentionOf(options)),
      linear1(Widening(options)),
      dropout(DropoutOf(options)),
      linear2(Narrowing(options)),
      norm1(NormOf(options)),
      norm2(NormOf(options)),
      dropout1(DropoutOf(options)),
      dropout2(DropoutOf(options)),
      activation(ActivationOf(options.activation)) {}
Tensor TransformerEncoderLayer::Forward(const Tensor& src, const EncoderMasks& masks) {
  const AttentionArguments arguments{.key_padding_mask = masks.key_padding_mask,
                                     .need_weights = false,
                                     .attn_mask = masks.mask,
                                     .is_causal = masks.is_causal};
  const Tensor x = Residual(src, norm1, options.norm_first, [&](const Tensor& x) {
    return dropout1(self_attn(x, x, x, arguments).output);
  });
  return Residual(x, norm2, options.norm_first,
                  [&](const Tensor& x) { return FeedForward(*this, dropout2, x); });
}

TransformerDecoderLayer::TransformerDecoderLayer(const TransformerLayerOptions& options)
    : WithOptions(options),
      self_attn(AttentionOf(options)),
      multihead_attn(AttentionOf(options)),
      linear1(Widening(options)),
      dropout(DropoutOf(options)),
      linear2(Narrowing(options)),
      norm1(NormOf(options)),
      norm2(NormOf(options)),
      norm3(NormOf(options)),
      dropout1(DropoutOf(options)),
      dropout2(DropoutOf(options)),
      dropout3(DropoutOf(options)),
      activation(ActivationOf(options.activation)) {}
Tensor TransformerDecoderLayer::Forward(const Tensor& tgt, const Tensor& memory,
                                        const DecoderMasks& masks) {
  const AttentionArguments own{.key_padding_mask = masks.tgt_key_padding_mask,
                               .need_weights = false,
                               .attn_mask = masks.tgt_mask,
                               .is_causal = masks.tgt_is_causal};
  const AttentionArguments of_memory{.key_padding_mask = masks.memory_key_padding_mask,
                                     .need_weights = false,
                                     .attn_mask = masks.memory_mask,
                                     .is_causal = masks.memory_is_causal};
  const bool first = options.norm_first;
  const Tensor x = Residual(
      tgt, norm1, first, [&](const Tensor& x) { return dropout1(self_attn(x, x, x, own).output); });
  const Tensor y = Residual(x, norm2, first, [&](const Tensor& x) {
    return dropout2(multihead_attn(x, memory, memory, of_memory).output);
  });
  return Residual(y, norm3, first,
                  [&](const Tensor& x) { return FeedForward(*this, dropout3, x); });
}

TransformerEncoder::TransformerEncoder(const EncoderModule& layer, int64_t num_layers,
                                       const std::optional<LayerNorm>& norm)
    : layers(Copies("TransformerEncoder", layer, num_layers)), norm(norm) {}
TransformerEncoder::TransformerEncoder(const TransformerEncoder& other)
    : EncoderModule(other), layers(Cloned(other.layers)), norm(other.norm) {}
Tensor TransformerEncoder::Forward(const Tensor& src, const EncoderMasks& masks) {
  Tensor x = src;
  for (const auto& layer : layers) x = (*layer)(x, masks);
  return norm ? (*norm)(x) : x;
}
void TransformerEncoder::VisitMembers(MemberVisitor& visitor) { VisitStack(*this, visitor); }

TransformerDecoder::TransformerDecoder(const DecoderModule& layer, int64_t num_layers,
                                       const std::optional<LayerNorm>& norm)
    : layers(Copies("TransformerDecoder", layer, num_layers)), norm(norm) {}
TransformerDecoder::TransformerDecoder(const TransformerDecoder& other)
    : DecoderModule(other), layers(Cloned(other.layers)), norm(other.norm) {}
Tensor TransformerDecoder::Forward(const Tensor& tgt, const Tensor& memory,
                                   const DecoderMasks& masks) {
  Tensor x = tgt;
  for (const auto& layer : layers) x = (*layer)(x, memory, masks);
  return norm ? (*norm)(x) : x;
}
void TransformerDecoder::VisitMembers(MemberVisitor& visitor) { VisitStack(*this, visitor); }

Transformer::Transformer(const TransformerOptions& options)
    : WithOptions(options),
      encoder(TransformerEncoderLayer(LayersOf(options)), options.num_encoder_layers,
              LayerNorm(NormOf(LayersOf(options)))),
      decoder(TransformerDecoderLayer(LayersOf(options)), options.num_decoder_layers,
              LayerNorm(NormOf(LayersOf(options)))) {
  for (const Tensor& parameter : Parameters()) {
    if (parameter.dim() > 1) init::XavierUniform(parameter);
  }
}
Tensor Transformer::Forward(const Tensor& src, const Tensor& tgt, const TransformerMasks& masks) {
  const Tensor memory = encoder(src, {.mask = masks.src_mask,
                                      .key_padding_mask = masks.src_key_padding_mask,
                                      .is_causal = masks.src_is_causal});
  return decoder(tgt, memory,
                 {.tgt_mask = masks.tgt_mask,
                  .memory_mask = masks.memory_mask,
                  .tgt_key_padding_mask = masks.tgt_key_padding_mask,
                  .memory_key_padding_mask = masks.memory_key_padding_mask,
                  .tgt_is_causal = masks.tgt_is_causal,
                  .memory_is_causal = masks.memory_is_causal});
}

Tensor GenerateSquareSubsequentMask(int64_t size) {
  return Triu(Full({size, size}, -std::numeric_limits<double>::infinity()), 1);
}

}  // namespace neura::nn
