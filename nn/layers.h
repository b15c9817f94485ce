// Linear maps, vectors for integers, shapes and distances. Options, defaults and initial values are
// PyTorch's.
#ifndef NEURA_NN_LAYERS_H_
#define NEURA_NN_LAYERS_H_

#include <optional>
#include <string>

#include "neura/nn/with_options.h"

namespace neura::nn {

struct LinearOptions {
  int64_t in_features = 0;
  int64_t out_features = 0;
  bool bias = true;
  NEURA_FIELDS(in_features, out_features, bias)
};
// [..., in_features] -> [..., out_features]: x @ weight.T + bias. Weight and bias start uniform in
// +-1 / sqrt(in_features).
class Linear : public WithOptions<LinearOptions> {
 public:
  explicit Linear(const LinearOptions& options);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // [out_features, in_features]
  Parameter bias;    // [out_features]
  NEURA_MODULE(weight, bias)
};

struct BilinearOptions {
  int64_t in1_features = 0;
  int64_t in2_features = 0;
  int64_t out_features = 0;
  bool bias = true;
  NEURA_FIELDS(in1_features, in2_features, out_features, bias)
};
// [..., in1_features] and [..., in2_features] -> [..., out_features], of which element k is
// input1 @ weight[k] @ input2 + bias[k]. Weight and bias start uniform in +-1 / sqrt(in1_features).
class Bilinear
    : public WithOptions<BilinearOptions, ModuleOf<Tensor(const Tensor&, const Tensor&)>> {
 public:
  explicit Bilinear(const BilinearOptions& options);
  Tensor Forward(const Tensor& input1, const Tensor& input2) override;

  Parameter weight;  // [out_features, in1_features, in2_features]
  Parameter bias;    // [out_features]
  NEURA_MODULE(weight, bias)
};

struct EmbeddingOptions {
  int64_t num_embeddings = 0;
  int64_t embedding_dim = 0;
  std::optional<int64_t> padding_idx = {};  // a row of zeros without gradient
  std::optional<double> max_norm = {};      // see EmbedOptions
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  bool sparse = false;  // see EmbedOptions
  NEURA_FIELDS(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq,
               sparse)
};
// A vector for each of num_embeddings integers: [...] -> [..., embedding_dim]; see Embed. The
// weight starts normal. A negative padding_idx counts from the end.
class Embedding : public WithOptions<EmbeddingOptions> {
 public:
  explicit Embedding(const EmbeddingOptions& options);
  // Over the memory of a given weight, which is not trained where it is frozen.
  static Embedding FromPretrained(const Tensor& weight, bool freeze = true);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // [num_embeddings, embedding_dim]
  NEURA_MODULE(weight)

 private:
  explicit Embedding(const Tensor& weight);
};

struct EmbeddingBagOptions {
  int64_t num_embeddings = 0;
  int64_t embedding_dim = 0;
  std::optional<double> max_norm = {};  // see EmbedOptions
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  std::string mode = "mean";  // or "sum" or "max"
  bool sparse = false;        // see EmbedOptions; not with "max"
  bool include_last_offset = false;
  std::optional<int64_t> padding_idx = {};  // a row of zeros that counts for nothing
  NEURA_FIELDS(num_embeddings, embedding_dim, max_norm, norm_type, scale_grad_by_freq, mode, sparse,
               include_last_offset, padding_idx)
};
// The sum, mean or maximum of the vectors of each bag of integers, [bags, embedding_dim]; see
// EmbedBag. The weight starts normal.
class EmbeddingBag : public WithOptions<EmbeddingBagOptions,
                                        ModuleOf<Tensor(const Tensor&, const std::optional<Tensor>&,
                                                        const std::optional<Tensor>&)>> {
 public:
  explicit EmbeddingBag(const EmbeddingBagOptions& options);
  Tensor Forward(const Tensor& input, const std::optional<Tensor>& offsets = {},
                 const std::optional<Tensor>& per_sample_weights = {}) override;

  Parameter weight;  // [num_embeddings, embedding_dim]
  NEURA_MODULE(weight)
};

struct FlattenOptions {
  int64_t start_dim = 1;
  int64_t end_dim = -1;
  NEURA_FIELDS(start_dim, end_dim)
};
class Flatten : public WithOptions<FlattenOptions> {
 public:
  explicit Flatten(const FlattenOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct UnflattenOptions {
  int64_t dim = 0;
  Dims unflattened_size = {};
  NEURA_FIELDS(dim, unflattened_size)
};
// A dimension as several, one extent of which may be -1.
class Unflatten : public WithOptions<UnflattenOptions> {
 public:
  explicit Unflatten(const UnflattenOptions& options);
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

class Identity : public Module {
 public:
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct CosineSimilarityOptions {
  int64_t dim = 1;
  double eps = 1e-8;  // the least that norms count
  NEURA_FIELDS(dim, eps)
};
// sum(x1 * x2) over the product of the norms along dim.
class CosineSimilarity
    : public WithOptions<CosineSimilarityOptions, ModuleOf<Tensor(const Tensor&, const Tensor&)>> {
 public:
  explicit CosineSimilarity(const CosineSimilarityOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& x1, const Tensor& x2) override;
  NEURA_MODULE()
};

struct PairwiseDistanceOptions {
  double p = 2;
  double eps = 1e-6;
  bool keepdim = false;
  NEURA_FIELDS(p, eps, keepdim)
};
// The p-norm of x1 - x2 + eps over the last dimension.
class PairwiseDistance
    : public WithOptions<PairwiseDistanceOptions, ModuleOf<Tensor(const Tensor&, const Tensor&)>> {
 public:
  explicit PairwiseDistance(const PairwiseDistanceOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& x1, const Tensor& x2) override;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_LAYERS_H_
