#include "neura/nn/normalization.h"

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/functional.h"
#include "neura/nn/layer_parts.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

using internal::CheckAtLeast;
using internal::CheckPositive;

void CheckFeatures(const char* op, const Tensor& input, int64_t dim, int64_t num_features) {
  if (input.size(dim) == num_features) return;
  ThrowInvalidArgument(absl::StrCat(op, ": dimension ", dim, " of ", Describe(input),
                                    " must be num_features = ", num_features));
}

void CheckShape(const char* layer, const Dims& normalized_shape) {
  if (!normalized_shape.empty()) return;
  ThrowInvalidArgument(absl::StrCat(layer, ": normalized_shape must name at least one dimension"));
}

}  // namespace

template <typename Options>
ChannelNorm<Options>::ChannelNorm(const char* layer, const Options& options)
    : WithOptions<Options>(options) {
  CheckAtLeast(0, layer, "num_features", options.num_features);
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

template <typename Options>
void ChannelNorm<Options>::VisitMembers(MemberVisitor& visitor) {
  visitor.Visit("weight", weight);
  visitor.Visit("bias", bias);
  visitor.Visit("running_mean", running_mean);
  visitor.Visit("running_var", running_var);
  visitor.Visit("num_batches_tracked", num_batches_tracked);
}

template class ChannelNorm<BatchNormOptions>;
template class ChannelNorm<InstanceNormOptions>;

Tensor BatchNorm::Forward(const Tensor& input) {
  CheckInput(input);
  CheckFeatures("batch_norm", input, 1, options.num_features);
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
void BatchNorm3d::CheckInput(const Tensor& input) const {
  if (input.dim() != 5) {
    ThrowInvalidArgument(
        absl::StrCat("batch_norm: expected [N, C, D, H, W], got ", neura::Describe(input)));
  }
}

void SyncBatchNorm::CheckInput(const Tensor& input) const {
  if (input.dim() < 2) {
    ThrowInvalidArgument(
        absl::StrCat("batch_norm: expected [N, C, ...], got ", neura::Describe(input)));
  }
}

namespace internal {

FreshStatistics::FreshStatistics(ModuleBase& module) {
  WalkModules(module, [&](ModuleBase& each) {
    training_.emplace_back(&each, each.training());
    auto* const norm = dynamic_cast<BatchNorm*>(&each);
    if (norm == nullptr || !norm->running_mean.defined()) return;
    norms_.emplace_back(norm, norm->options.momentum);
  });
  const NoGradGuard no_grad;
  for (const auto& [norm, momentum] : norms_) {
    Assign(norm->running_mean, ZerosLike(norm->running_mean));
    Assign(norm->running_var, OnesLike(norm->running_var));
    Assign(norm->num_batches_tracked, ZerosLike(norm->num_batches_tracked));
    norm->options.momentum = std::nullopt;
  }
  module.Train();
}

FreshStatistics::~FreshStatistics() {
  for (const auto& [norm, momentum] : norms_) norm->options.momentum = momentum;
  for (const auto& [module, training] : training_) module->set_training(training);
}

}  // namespace internal

template <int kDims>
InstanceNormNd<kDims>::InstanceNormNd(const InstanceNormOptions& options)
    : ChannelNorm("InstanceNorm", options) {}
template <int kDims>
Tensor InstanceNormNd<kDims>::Forward(const Tensor& input) {
  const bool one = input.dim() == kDims + 1;
  if (!one && input.dim() != kDims + 2) {
    ThrowInvalidArgument(absl::StrCat("instance_norm: expected [N, C, ...] or [C, ...] of ", kDims,
                                      " spatial dimensions, got ", neura::Describe(input)));
  }
  const bool tracks = options.track_running_stats;
  // Without members for each channel any number of them is welcome, as in PyTorch.
  if (options.affine || tracks) {
    CheckFeatures("instance_norm", input, one ? 0 : 1, options.num_features);
  }
  const Tensor result =
      InstanceNormalize(one ? Unsqueeze(input, 0) : input, running_mean, running_var, weight, bias,
                        {.training = training() || !tracks,
                         .momentum = options.momentum.value_or(0),
                         .eps = options.eps});
  return one ? Squeeze(result, {0}) : result;
}
template class InstanceNormNd<1>;
template class InstanceNormNd<2>;
template class InstanceNormNd<3>;

GroupNorm::GroupNorm(const GroupNormOptions& options) : WithOptions(options) {
  CheckPositive("GroupNorm", "num_groups", options.num_groups);
  CheckPositive("GroupNorm", "num_channels", options.num_channels);
  if (options.num_channels % options.num_groups != 0) {
    ThrowInvalidArgument(absl::StrCat("GroupNorm: num_channels = ", options.num_channels,
                                      " must be divisible by num_groups = ", options.num_groups));
  }
  if (!options.affine) return;
  weight = Parameter(Ones({options.num_channels}));
  bias = Parameter(Zeros({options.num_channels}));
}
Tensor GroupNorm::Forward(const Tensor& input) {
  return neura::GroupNorm(input, options.num_groups, weight, bias, options.eps);
}

LayerNorm::LayerNorm(const LayerNormOptions& options) : WithOptions(options) {
  CheckShape("LayerNorm", options.normalized_shape);
  if (!options.elementwise_affine) return;
  weight = Parameter(Ones(options.normalized_shape));
  if (options.bias) bias = Parameter(Zeros(options.normalized_shape));
}
Tensor LayerNorm::Forward(const Tensor& input) {
  return LayerNormOver(input, options.normalized_shape, weight, bias, options.eps);
}

RMSNorm::RMSNorm(const RMSNormOptions& options) : WithOptions(options) {
  CheckShape("RMSNorm", options.normalized_shape);
  if (options.elementwise_affine) weight = Parameter(Ones(options.normalized_shape));
}
Tensor RMSNorm::Forward(const Tensor& input) {
  return RmsNorm(input, options.normalized_shape, weight, options.eps);
}

LocalResponseNorm::LocalResponseNorm(const LocalResponseNormOptions& options)
    : WithOptions(options) {
  CheckPositive("LocalResponseNorm", "size", options.size);
}
Tensor LocalResponseNorm::Forward(const Tensor& input) {
  return neura::LocalResponseNorm(input, options.size, options.alpha, options.beta, options.k);
}

}  // namespace neura::nn
