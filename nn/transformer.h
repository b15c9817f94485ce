// Transformers (Vaswani et al., 2017, arXiv:1706.03762). Options, defaults, initial values and
// names are PyTorch's.
#ifndef NEURA_NN_TRANSFORMER_H_
#define NEURA_NN_TRANSFORMER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neura/nn/attention.h"
#include "neura/nn/dropout.h"
#include "neura/nn/layers.h"
#include "neura/nn/normalization.h"

namespace neura::nn {

// See AttentionArguments for what masks are.
struct EncoderMasks {
  Tensor mask = {};              // [S, S] or [N * nhead, S, S]
  Tensor key_padding_mask = {};  // [N, S]
  bool is_causal = false;
  NEURA_PARTS(mask, key_padding_mask)
};
struct DecoderMasks {
  Tensor tgt_mask = {};     // [T, T] or [N * nhead, T, T]
  Tensor memory_mask = {};  // [T, S] or [N * nhead, T, S]
  Tensor tgt_key_padding_mask = {};
  Tensor memory_key_padding_mask = {};
  bool tgt_is_causal = false;
  bool memory_is_causal = false;
  NEURA_PARTS(tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
};
struct TransformerMasks {
  Tensor src_mask = {};
  Tensor tgt_mask = {};
  Tensor memory_mask = {};
  Tensor src_key_padding_mask = {};
  Tensor tgt_key_padding_mask = {};
  Tensor memory_key_padding_mask = {};
  bool src_is_causal = false;
  bool tgt_is_causal = false;
  bool memory_is_causal = false;
  NEURA_PARTS(src_mask, tgt_mask, memory_mask, src_key_padding_mask, tgt_key_padding_mask,
              memory_key_padding_mask)
};

struct TransformerLayerOptions {
  int64_t d_model = 0;
  int64_t nhead = 1;
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";  // or "gelu"
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;  // of what attention and the linear maps read, not of the sums
  bool bias = true;
  NEURA_FIELDS(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
               norm_first, bias)
};

using EncoderModule = ModuleOf<Tensor(const Tensor& src, const EncoderMasks&)>;
using DecoderModule =
    ModuleOf<Tensor(const Tensor& tgt, const Tensor& memory, const DecoderMasks&)>;

// What follows attention in both layers.
using Activation = std::function<Tensor(const Tensor&)>;

// Attention to itself, then two linear maps with a rectifier between them, each added to what it
// reads and normalized: [S, N, d_model], with batch_first [N, S, d_model], or without N.
class TransformerEncoderLayer : public WithOptions<TransformerLayerOptions, EncoderModule> {
 public:
  explicit TransformerEncoderLayer(const TransformerLayerOptions& options);
  Tensor Forward(const Tensor& src, const EncoderMasks& masks = {}) override;

  MultiheadAttention self_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1;
  LayerNorm norm2;
  Dropout dropout1;
  Dropout dropout2;
  Activation activation;  // the one that the options name
  NEURA_MODULE(self_attn, linear1, dropout, linear2, norm1, norm2, dropout1, dropout2)
};

// The same with attention to a memory between the two: tgt [T, N, d_model], memory [S, N, d_model].
class TransformerDecoderLayer : public WithOptions<TransformerLayerOptions, DecoderModule> {
 public:
  explicit TransformerDecoderLayer(const TransformerLayerOptions& options);
  Tensor Forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks = {}) override;

  MultiheadAttention self_attn;
  MultiheadAttention multihead_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1;
  LayerNorm norm2;
  LayerNorm norm3;
  Dropout dropout1;
  Dropout dropout2;
  Dropout dropout3;
  Activation activation;
  NEURA_MODULE(self_attn, multihead_attn, linear1, dropout, linear2, norm1, norm2, norm3, dropout1,
               dropout2, dropout3)
};

// Copies of a layer one after the other, named "layers.0", "layers.1", ..., and a `norm` at the end
// where there is one.
class TransformerEncoder : public EncoderModule {
 public:
  TransformerEncoder(const EncoderModule& layer, int64_t num_layers,
                     const std::optional<LayerNorm>& norm = {});
  TransformerEncoder(const TransformerEncoder& other);
  TransformerEncoder(TransformerEncoder&&) = default;
  Tensor Forward(const Tensor& src, const EncoderMasks& masks = {}) override;
  void VisitMembers(MemberVisitor& visitor) override;
  std::unique_ptr<Interface> Clone() const override {
    return std::make_unique<TransformerEncoder>(*this);
  }

  std::vector<std::unique_ptr<EncoderModule>> layers;
  std::optional<LayerNorm> norm;
};
class TransformerDecoder : public DecoderModule {
 public:
  TransformerDecoder(const DecoderModule& layer, int64_t num_layers,
                     const std::optional<LayerNorm>& norm = {});
  TransformerDecoder(const TransformerDecoder& other);
  TransformerDecoder(TransformerDecoder&&) = default;
  Tensor Forward(const Tensor& tgt, const Tensor& memory, const DecoderMasks& masks = {}) override;
  void VisitMembers(MemberVisitor& visitor) override;
  std::unique_ptr<Interface> Clone() const override {
    return std::make_unique<TransformerDecoder>(*this);
  }

  std::vector<std::unique_ptr<DecoderModule>> layers;
  std::optional<LayerNorm> norm;
};

struct TransformerOptions {
  int64_t d_model = 512;
  int64_t nhead = 8;
  int64_t num_encoder_layers = 6;
  int64_t num_decoder_layers = 6;
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;
  bool bias = true;
  NEURA_FIELDS(d_model, nhead, num_encoder_layers, num_decoder_layers, dim_feedforward, dropout,
               activation, layer_norm_eps, batch_first, norm_first, bias)
};
// An encoder of src [S, N, d_model], whose result is the memory of a decoder of tgt [T, N,
// d_model]; with batch_first [N, ...]. Matrices start as Glorot and Bengio, 2010.
class Transformer
    : public WithOptions<TransformerOptions,
                         ModuleOf<Tensor(const Tensor&, const Tensor&, const TransformerMasks&)>> {
 public:
  explicit Transformer(const TransformerOptions& options = {});
  Tensor Forward(const Tensor& src, const Tensor& tgt, const TransformerMasks& masks = {}) override;

  TransformerEncoder encoder;
  TransformerDecoder decoder;
  NEURA_MODULE(encoder, decoder)
};

// -infinity above the diagonal of a [size, size] matrix and 0 elsewhere: an attn_mask by which
// nothing attends to what is later.
Tensor GenerateSquareSubsequentMask(int64_t size);

}  // namespace neura::nn

#endif  // NEURA_NN_TRANSFORMER_H_
