// Linear maps, vectors for integers, normalization, dropout and shapes. Options, defaults and
// initial values are PyTorch's.
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
  NEURA_FIELDS(num_embeddings, embedding_dim)
};
// A vector for each of num_embeddings integers: [...] -> [..., embedding_dim]. The weight starts
// normal.
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

struct BatchNormOptions {
  int64_t num_features = 0;
  double eps = 1e-5;
  // Weight of the newest batch in the running statistics; absent: their plain average.
  std::optional<double> momentum = 0.1;
  bool affine = true;
  bool track_running_stats = true;
  NEURA_FIELDS(num_features, eps, momentum, affine, track_running_stats)
};
// Normalizes each channel by the batch's mean and variance while training, by running ones in
// evaluation. Ioffe and Szegedy, 2015.
class BatchNorm : public WithOptions<BatchNormOptions> {
 public:
  Tensor Forward(const Tensor& input) override;

  Parameter weight;            // [C], ones
  Parameter bias;              // [C], zeros
  Buffer running_mean;         // [C]
  Buffer running_var;          // [C], unbiased
  Buffer num_batches_tracked;  // int64 []
  void VisitMembers(MemberVisitor& visitor) override;

 protected:
  explicit BatchNorm(const BatchNormOptions& options);
  // Throws InvalidArgument unless the input has the layer's number of dimensions.
  virtual void CheckInput(const Tensor& input) const = 0;
};
// [N, C] or [N, C, L].
class BatchNorm1d : public BatchNorm {
 public:
  explicit BatchNorm1d(const BatchNormOptions& options) : BatchNorm(options) {}
  std::unique_ptr<Module> Clone() const override { return std::make_unique<BatchNorm1d>(*this); }

 protected:
  void CheckInput(const Tensor& input) const override;
};
// [N, C, H, W].
class BatchNorm2d : public BatchNorm {
 public:
  explicit BatchNorm2d(const BatchNormOptions& options) : BatchNorm(options) {}
  std::unique_ptr<Module> Clone() const override { return std::make_unique<BatchNorm2d>(*this); }

 protected:
  void CheckInput(const Tensor& input) const override;
};

struct LayerNormOptions {
  Dims normalized_shape = {};
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
  NEURA_FIELDS(normalized_shape, eps, elementwise_affine, bias)
};
// Normalizes over the last dimensions, which must be normalized_shape. Ba, Kiros and Hinton, 2016.
class LayerNorm : public WithOptions<LayerNormOptions> {
 public:
  explicit LayerNorm(const LayerNormOptions& options);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;
  Parameter bias;
  NEURA_MODULE(weight, bias)
};

struct DropoutOptions {
  double p = 0.5;  // probability of an element to become zero
  NEURA_FIELDS(p)
};
// While training, zeros elements at random and scales the others by 1 / (1 - p); else the identity.
// Srivastava et al., 2014.
class Dropout : public WithOptions<DropoutOptions> {
 public:
  explicit Dropout(const DropoutOptions& options = {});
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
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

class Identity : public Module {
 public:
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_LAYERS_H_
