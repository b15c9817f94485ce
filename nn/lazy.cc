#include "neura/nn/lazy.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "neura/tensor/core/error.h"

namespace neura::nn {
namespace {

// The option that the input says.
int64_t& Features(LinearOptions& options) { return options.in_features; }
template <typename Options>
requires requires(Options options) { options.in_channels; }
int64_t& Features(Options& options) { return options.in_channels; }
template <typename Options>
requires requires(Options options) { options.num_features; }
int64_t& Features(Options& options) { return options.num_features; }

// The dimension of an input that has the features; channels stand before the spatial dimensions,
// also where there is no batch.
int64_t FeatureDim(const Linear*, const Tensor& input) { return input.dim() - 1; }
int64_t FeatureDim(const BatchNorm*, const Tensor&) { return 1; }
template <int kDims>
int64_t FeatureDim(const ConvNd<kDims>*, const Tensor& input) {
  return input.dim() - kDims - 1;
}
template <int kDims>
int64_t FeatureDim(const ConvTransposeNd<kDims>*, const Tensor& input) {
  return input.dim() - kDims - 1;
}
template <int kDims>
int64_t FeatureDim(const InstanceNormNd<kDims>*, const Tensor& input) {
  return input.dim() - kDims - 1;
}

}  // namespace

template <typename Layer>
Tensor Lazy<Layer>::Forward(const Tensor& input) {
  if (!layer) {
    RequireDefined("Lazy", input);
    const int64_t dim = FeatureDim(static_cast<const Layer*>(nullptr), input);
    if (dim < 0 || dim >= input.dim()) {
      ThrowInvalidArgument(
          absl::StrCat("a lazy layer cannot tell its features from ", neura::Describe(input)));
    }
    Options made = options;
    Features(made) = input.size(dim);
    Layer first(made);
    if (IsFloating(input.dtype())) first.To(input.dtype());
    first.To(input.device());
    first.set_training(training());
    options = made;
    layer.emplace(std::move(first));
  }
  return layer->Forward(input);
}

template <typename Layer>
void Lazy<Layer>::set_training(bool training) {
  Module::set_training(training);
  if (layer) layer->set_training(training);
}

template <typename Layer>
std::string Lazy<Layer>::TypeName() const {
  if (layer) return layer->TypeName();
  // "Linear>", of "neura::nn::Lazy<neura::nn::Linear>".
  return absl::StrCat("Lazy", absl::StripSuffix(ModuleBase::TypeName(), ">"));
}

template <typename Layer>
std::string Lazy<Layer>::Describe() const {
  return layer ? layer->Describe()
               : internal::DescribeOptions(*OptionsTypeOf<Options>(""), &options);
}

template <typename Layer>
void Lazy<Layer>::VisitMembers(MemberVisitor& visitor) {
  if (layer) layer->VisitMembers(visitor);
}

template class Lazy<Linear>;
template class Lazy<Conv1d>;
template class Lazy<Conv2d>;
template class Lazy<Conv3d>;
template class Lazy<ConvTranspose1d>;
template class Lazy<ConvTranspose2d>;
template class Lazy<ConvTranspose3d>;
template class Lazy<BatchNorm1d>;
template class Lazy<BatchNorm2d>;
template class Lazy<BatchNorm3d>;
template class Lazy<InstanceNorm1d>;
template class Lazy<InstanceNorm2d>;
template class Lazy<InstanceNorm3d>;

}  // namespace neura::nn
