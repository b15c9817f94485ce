// Layers whose first call says how many features or channels their inputs have.
//
//   nn::Sequential net(nn::LazyConv2d({.out_channels = 8, .kernel_size = 3}), nn::Flatten(),
//                      nn::LazyLinear({.out_features = 10}));
//   net(example);  // before that it has no parameters: load, print and optimize it afterwards
#ifndef NEURA_NN_LAZY_H_
#define NEURA_NN_LAZY_H_

#include <memory>
#include <optional>
#include <string>

#include "neura/nn/convolution.h"
#include "neura/nn/layers.h"
#include "neura/nn/module.h"
#include "neura/nn/normalization.h"

namespace neura::nn {

// A Layer that is made by the first call, of the input's dtype and device. What its options say of
// the input's features counts for nothing.
template <typename Layer>
class Lazy : public Module {
 public:
  using Options = decltype(Layer::options);
  explicit Lazy(const Options& options) : options(options) {}

  Tensor Forward(const Tensor& input) override;
  void set_training(bool training) override;
  // The layer's own, once it is there.
  std::string TypeName() const override;
  std::string Describe() const override;
  void VisitMembers(MemberVisitor& visitor) override;
  std::unique_ptr<Module> Clone() const override { return std::make_unique<Lazy>(*this); }

  Options options;
  std::optional<Layer> layer;
};

using LazyLinear = Lazy<Linear>;
using LazyConv1d = Lazy<Conv1d>;
using LazyConv2d = Lazy<Conv2d>;
using LazyConv3d = Lazy<Conv3d>;
using LazyConvTranspose1d = Lazy<ConvTranspose1d>;
using LazyConvTranspose2d = Lazy<ConvTranspose2d>;
using LazyConvTranspose3d = Lazy<ConvTranspose3d>;
using LazyBatchNorm1d = Lazy<BatchNorm1d>;
using LazyBatchNorm2d = Lazy<BatchNorm2d>;
using LazyBatchNorm3d = Lazy<BatchNorm3d>;
using LazyInstanceNorm1d = Lazy<InstanceNorm1d>;
using LazyInstanceNorm2d = Lazy<InstanceNorm2d>;
using LazyInstanceNorm3d = Lazy<InstanceNorm3d>;

}  // namespace neura::nn

#endif  // NEURA_NN_LAZY_H_
