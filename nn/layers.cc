#include "neura/nn/layers.h"

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/functional.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {

using internal::CheckPositive;
using internal::UniformByFanIn;

Linear::Linear(const LinearOptions& options) : WithOptions(options) {
  CheckPositive("Linear", "in_features", options.in_features);
  CheckPositive("Linear", "out_features", options.out_features);
  weight = UniformByFanIn({options.out_features, options.in_features}, options.in_features);
  if (options.bias) bias = UniformByFanIn({options.out_features}, options.in_features);
}
Tensor Linear::Forward(const Tensor& input) { return neura::Linear(input, weight, bias); }

Bilinear::Bilinear(const BilinearOptions& options) : WithOptions(options) {
  const auto& [in1, in2, out, with_bias] = options;
  CheckPositive("Bilinear", "in1_features", in1);
  CheckPositive("Bilinear", "in2_features", in2);
  CheckPositive("Bilinear", "out_features", out);
  weight = UniformByFanIn({out, in1, in2}, in1);
  if (with_bias) bias = UniformByFanIn({out}, in1);
}
Tensor Bilinear::Forward(const Tensor& input1, const Tensor& input2) {
  return neura::Bilinear(input1, input2, weight, bias);
}

Embedding::Embedding(const EmbeddingOptions& options) : WithOptions(options) {
  CheckPositive("Embedding", "num_embeddings", options.num_embeddings);
  CheckPositive("Embedding", "embedding_dim", options.embedding_dim);
  weight = Parameter(Randn({options.num_embeddings, options.embedding_dim}));
}
Embedding::Embedding(const Tensor& weight)
    : WithOptions({.num_embeddings = weight.size(0), .embedding_dim = weight.size(1)}),
      weight(Detach(weight)) {}
Embedding Embedding::FromPretrained(const Tensor& weight, bool freeze) {
  RequireDims("Embedding", weight, 2);
  Embedding layer(weight);
  if (freeze) SetRequiresGrad(layer.weight, false);
  return layer;
}
Tensor Embedding::Forward(const Tensor& input) { return neura::Embedding(input, weight); }

BatchNorm::BatchNorm(const BatchNormOptions& options) : WithOptions(options) {
  CheckPositive("BatchNorm", "num_features", options.num_features);
  const Dims shape = {options.num_features};
  if (options.affine) {
    weight = Parameter(Ones(shape));
    bias = Parameter(Zeros(shape));
  }
  if (options.track_running_stats) {
    running_mean = Buffer(Zeros(shape));
    running_var = Buffer(Ones(shape));
    num_batches_tracked = Buffer(ScalarTensor(int64_t{0}));
  }
}

void BatchNorm::VisitMembers(MemberVisitor& visitor) {
  visitor.Visit("weight", weight);
  visitor.Visit("bias", bias);
  visitor.Visit("running_mean", running_mean);
  visitor.Visit("running_var", running_var);
  visitor.Visit("num_batches_tracked", num_batches_tracked);
}

Tensor BatchNorm::Forward(const Tensor& input) {
  CheckInput(input);
  if (input.size(1) != options.num_features) {
    ThrowInvalidArgument(absl::StrCat("batch_norm: dimension 1 of ", neura::Describe(input),
                                      " must be num_features = ", options.num_features));
  }
  const bool tracks = options.track_running_stats, moves = training() && tracks;
  double momentum = options.momentum.value_or(0);
  if (moves) {
    if (!options.momentum) momentum = 1 / (num_batches_tracked.tensor().Item<double>() + 1);
  }
  Tensor result =
      BatchNormalize(input, running_mean, running_var, weight, bias,
                     {.training = training() || !tracks, .momentum = momentum, .eps = options.eps});
  if (moves) {
    NoGradGuard no_grad;
    AddInPlace(num_batches_tracked, int64_t{1});
  }
  return result;
}

void BatchNorm1d::CheckInput(const Tensor& input) const {
  if (input.dim() != 2 && input.dim() != 3) {
    ThrowInvalidArgument(
        absl::StrCat("batch_norm: expected [N, C] or [N, C, L], got ", neura::Describe(input)));
  }
}
void BatchNorm2d::CheckInput(const Tensor& input) const {
  if (input.dim() != 4) {
    ThrowInvalidArgument(
        absl::StrCat("batch_norm: expected [N, C, H, W], got ", neura::Describe(input)));
  }
}

LayerNorm::LayerNorm(const LayerNormOptions& options) : WithOptions(options) {
  if (options.normalized_shape.empty()) {
    ThrowInvalidArgument("LayerNorm: normalized_shape must name at least one dimension");
  }
  if (!options.elementwise_affine) return;
  weight = Parameter(Ones(options.normalized_shape));
  if (options.bias) bias = Parameter(Zeros(options.normalized_shape));
}
Tensor LayerNorm::Forward(const Tensor& input) {
  return LayerNormOver(input, options.normalized_shape, weight, bias, options.eps);
}

Dropout::Dropout(const DropoutOptions& options) : WithOptions(options) {
  if (!(options.p >= 0 && options.p <= 1)) {
    ThrowInvalidArgument(absl::StrCat("Dropout: p = ", options.p, " must be between 0 and 1"));
  }
}
Tensor Dropout::Forward(const Tensor& input) {
  return neura::Dropout(input, options.p, training());
}

Tensor Flatten::Forward(const Tensor& input) {
  return neura::Flatten(input, options.start_dim, options.end_dim);
}

Tensor Identity::Forward(const Tensor& input) { return input; }

}  // namespace neura::nn
