// Normalization as layers. Options, defaults and initial values are PyTorch's.
#ifndef NEURA_NN_NORMALIZATION_H_
#define NEURA_NN_NORMALIZATION_H_

#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/nn/with_options.h"

namespace neura::nn {

struct BatchNormOptions {
  int64_t num_features = 0;
  double eps = 1e-5;
  // Weight of the newest batch in the running statistics; absent: their plain average.
  std::optional<double> momentum = 0.1;
  bool affine = true;
  bool track_running_stats = true;
  NEURA_FIELDS(num_features, eps, momentum, affine, track_running_stats)
};
struct InstanceNormOptions {
  int64_t num_features = 0;
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // absent: the running statistics stay as they are
  bool affine = false;
  bool track_running_stats = false;
  NEURA_FIELDS(num_features, eps, momentum, affine, track_running_stats)
};

// What layers have that normalize channels, with running statistics or without.
template <typename Options>
class ChannelNorm : public WithOptions<Options> {
 public:
  Parameter weight;            // [C], ones
  Parameter bias;              // [C], zeros
  Buffer running_mean;         // [C]
  Buffer running_var;          // [C], unbiased
  Buffer num_batches_tracked;  // int64 []
  void VisitMembers(MemberVisitor& visitor) override;

 protected:
  ChannelNorm(const char* layer, const Options& options);
};

// Normalizes each channel by the batch's mean and variance while training, by running ones in
// evaluation. Ioffe and Szegedy, 2015.
class BatchNorm : public ChannelNorm<BatchNormOptions> {
 public:
  Tensor Forward(const Tensor& input) override;

 protected:
  explicit BatchNorm(const BatchNormOptions& options) : ChannelNorm("BatchNorm", options) {}
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
// [N, C, D, H, W].
class BatchNorm3d : public BatchNorm {
 public:
  explicit BatchNorm3d(const BatchNormOptions& options) : BatchNorm(options) {}
  std::unique_ptr<Module> Clone() const override { return std::make_unique<BatchNorm3d>(*this); }

 protected:
  void CheckInput(const Tensor& input) const override;
};

// [N, C, ...]. The statistics are those of all processes of a group; there is one process here, for
// which that is BatchNorm.
class SyncBatchNorm : public BatchNorm {
 public:
  explicit SyncBatchNorm(const BatchNormOptions& options) : BatchNorm(options) {}
  std::unique_ptr<Module> Clone() const override { return std::make_unique<SyncBatchNorm>(*this); }

 protected:
  void CheckInput(const Tensor& input) const override;
};

namespace internal {

// While alive, the batch norms of a module, which trains, average what they see from nothing on.
class FreshStatistics {
 public:
  explicit FreshStatistics(ModuleBase& module);
  ~FreshStatistics();
  FreshStatistics(const FreshStatistics&) = delete;
  FreshStatistics& operator=(const FreshStatistics&) = delete;
  // Whether there are batch norms with running statistics.
  bool any() const { return !norms_.empty(); }

 private:
  std::vector<std::pair<BatchNorm*, std::optional<double>>> norms_;
  std::vector<std::pair<ModuleBase*, bool>> training_;
};

inline const Tensor& InputOf(const Tensor& batch) { return batch; }
template <typename Batch>
const Tensor& InputOf(const Batch& batch) {
  return std::get<0>(batch);
}

}  // namespace internal

// Computes the running means and variances of a model's batch norms anew, as the averages over one
// pass over the batches: tensors, or pairs and tuples whose first part is the model's input.
template <typename Batches, typename M>
void UpdateBn(Batches&& batches, M& model) {
  const internal::FreshStatistics fresh(model);
  if (!fresh.any()) return;
  const NoGradGuard no_grad;
  for (const auto& batch : batches) model(internal::InputOf(batch));
}

// Normalizes each channel of each example of [N, C, ...] by itself, or by running statistics, where
// there are some, in evaluation; also of one example without N. Ulyanov, Vedaldi and Lempitsky,
// 2016 (arXiv:1607.08022).
template <int kDims>
class InstanceNormNd : public ChannelNorm<InstanceNormOptions> {
 public:
  explicit InstanceNormNd(const InstanceNormOptions& options);
  Tensor Forward(const Tensor& input) override;
};
class InstanceNorm1d : public InstanceNormNd<1> {
 public:
  using InstanceNormNd::InstanceNormNd;
  std::unique_ptr<Module> Clone() const override { return std::make_unique<InstanceNorm1d>(*this); }
};
class InstanceNorm2d : public InstanceNormNd<2> {
 public:
  using InstanceNormNd::InstanceNormNd;
  std::unique_ptr<Module> Clone() const override { return std::make_unique<InstanceNorm2d>(*this); }
};
class InstanceNorm3d : public InstanceNormNd<3> {
 public:
  using InstanceNormNd::InstanceNormNd;
  std::unique_ptr<Module> Clone() const override { return std::make_unique<InstanceNorm3d>(*this); }
};

struct GroupNormOptions {
  int64_t num_groups = 0;
  int64_t num_channels = 0;
  double eps = 1e-5;
  bool affine = true;
  NEURA_FIELDS(num_groups, num_channels, eps, affine)
};
// Normalizes each of num_groups groups of channels of [N, C, ...]. Wu and He, 2018
// (arXiv:1803.08494).
class GroupNorm : public WithOptions<GroupNormOptions> {
 public:
  explicit GroupNorm(const GroupNormOptions& options);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // [num_channels], ones
  Parameter bias;    // [num_channels], zeros
  NEURA_MODULE(weight, bias)
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

struct RMSNormOptions {
  Dims normalized_shape = {};
  std::optional<double> eps = {};  // absent: the smallest that makes a difference beside 1
  bool elementwise_affine = true;
  NEURA_FIELDS(normalized_shape, eps, elementwise_affine)
};
// The input over its root mean square in the last dimensions, which must be normalized_shape. Zhang
// and Sennrich, 2019 (arXiv:1910.07467).
class RMSNorm : public WithOptions<RMSNormOptions> {
 public:
  explicit RMSNorm(const RMSNormOptions& options);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // normalized_shape, ones
  NEURA_MODULE(weight)
};

struct LocalResponseNormOptions {
  int64_t size = 0;
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
  NEURA_FIELDS(size, alpha, beta, k)
};
// Of [N, C, ...]; see neura::LocalResponseNorm.
class LocalResponseNorm : public WithOptions<LocalResponseNormOptions> {
 public:
  explicit LocalResponseNorm(const LocalResponseNormOptions& options);
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_NORMALIZATION_H_
