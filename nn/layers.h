// Layers. Options, defaults and initial values are PyTorch's.
#ifndef NEURA_NN_LAYERS_H_
#define NEURA_NN_LAYERS_H_

#include <optional>
#include <string>

#include "neura/nn/module.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura::nn {

struct LinearOptions {
  int64_t in_features = 0;
  int64_t out_features = 0;
  bool bias = true;
  NEURA_FIELDS(in_features, out_features, bias)
};
// [..., in_features] -> [..., out_features]: x @ weight.T + bias. Weight and bias start uniform in
// +-1 / sqrt(in_features).
class Linear : public Module {
 public:
  explicit Linear(const LinearOptions& options);
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;

  LinearOptions options;
  Parameter weight;  // [out_features, in_features]
  Parameter bias;    // [out_features]
  NEURA_MODULE(weight, bias)
};

struct Conv2dOptions {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  Size2 kernel_size = 1;
  Size2 stride = 1;
  Size2 padding = 0;
  Size2 dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  NEURA_FIELDS(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
};
// [N, in_channels, H, W] -> [N, out_channels, OH, OW]; see neura::Conv2d. Weight and bias start
// uniform in +-1 / sqrt(in_channels / groups * kernel area).
class Conv2d : public Module {
 public:
  explicit Conv2d(const Conv2dOptions& options);
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;

  Conv2dOptions options;
  Parameter weight;  // [out_channels, in_channels / groups, KH, KW]
  Parameter bias;    // [out_channels]
  NEURA_MODULE(weight, bias)
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
class BatchNorm : public Module {
 public:
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;

  BatchNormOptions options;
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

 private:
  void UpdateRunningStats(const Tensor& mean, const Tensor& variance, int64_t count);
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
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const LayerNormOptions& options);
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;

  LayerNormOptions options;
  Parameter weight;
  Parameter bias;
  NEURA_MODULE(weight, bias)
};

// Pooling over [N, C, H, W].
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const MaxPool2dOptions& options) : options(options) {}
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;
  MaxPool2dOptions options;
  NEURA_MODULE()
};
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const AvgPool2dOptions& options) : options(options) {}
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;
  AvgPool2dOptions options;
  NEURA_MODULE()
};
struct AdaptiveAvgPool2dOptions {
  Size2 output_size = 1;
  NEURA_FIELDS(output_size)
};
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(const AdaptiveAvgPool2dOptions& options) : options(options) {}
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;
  AdaptiveAvgPool2dOptions options;
  NEURA_MODULE()
};

struct DropoutOptions {
  double p = 0.5;  // probability of an element to become zero
  NEURA_FIELDS(p)
};
// While training, zeros elements at random and scales the others by 1 / (1 - p); else the identity.
// Srivastava et al., 2014.
class Dropout : public Module {
 public:
  explicit Dropout(const DropoutOptions& options = {});
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;
  DropoutOptions options;
  NEURA_MODULE()
};

struct FlattenOptions {
  int64_t start_dim = 1;
  int64_t end_dim = -1;
  NEURA_FIELDS(start_dim, end_dim)
};
class Flatten : public Module {
 public:
  explicit Flatten(const FlattenOptions& options = {}) : options(options) {}
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;
  FlattenOptions options;
  NEURA_MODULE()
};

// ---- activations -----------------------------------------------------------------------------

#define NEURA_INTERNAL_ACTIVATION(Name)           \
  class Name : public Module {                    \
   public:                                        \
    Tensor Forward(const Tensor& input) override; \
    NEURA_MODULE()                                \
  };
NEURA_INTERNAL_ACTIVATION(ReLU)
NEURA_INTERNAL_ACTIVATION(SiLU)
NEURA_INTERNAL_ACTIVATION(Tanh)
NEURA_INTERNAL_ACTIVATION(Sigmoid)
NEURA_INTERNAL_ACTIVATION(Identity)
#undef NEURA_INTERNAL_ACTIVATION

class GELU : public Module {
 public:
  explicit GELU(const GeluOptions& options = {}) : options(options) {}
  Tensor Forward(const Tensor& input) override;
  std::string Describe() const override;
  GeluOptions options;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_LAYERS_H_
