#include "neura/nn/dropout.h"

#include "absl/strings/str_cat.h"
#include "neura/nn/functional.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

const DropoutOptions& Checked(const char* layer, const DropoutOptions& options) {
  if (options.p >= 0 && options.p <= 1) return options;
  ThrowInvalidArgument(absl::StrCat(layer, ": p = ", options.p, " must be between 0 and 1"));
}

}  // namespace

Tensor ChannelDropout(const Tensor& input, int64_t spatial_dims, double p, bool training) {
  if (input.defined() && input.dim() == spatial_dims + 1) {
    return Squeeze(DropChannels(Unsqueeze(input, 0), p, training), {0});
  }
  return DropChannels(input, p, training);
}

Dropout::Dropout(const DropoutOptions& options) : WithOptions(Checked("Dropout", options)) {}
Tensor Dropout::Forward(const Tensor& input) {
  return neura::Dropout(input, options.p, training());
}

Dropout1d::Dropout1d(const DropoutOptions& options) : WithOptions(Checked("Dropout1d", options)) {}
Tensor Dropout1d::Forward(const Tensor& input) {
  return ChannelDropout(input, 1, options.p, training());
}

Dropout2d::Dropout2d(const DropoutOptions& options) : WithOptions(Checked("Dropout2d", options)) {}
Tensor Dropout2d::Forward(const Tensor& input) {
  return DropChannels(input, options.p, training());
}

Dropout3d::Dropout3d(const DropoutOptions& options) : WithOptions(Checked("Dropout3d", options)) {}
Tensor Dropout3d::Forward(const Tensor& input) {
  return ChannelDropout(input, 3, options.p, training());
}

AlphaDropout::AlphaDropout(const DropoutOptions& options)
    : WithOptions(Checked("AlphaDropout", options)) {}
Tensor AlphaDropout::Forward(const Tensor& input) {
  return neura::AlphaDropout(input, options.p, training());
}

FeatureAlphaDropout::FeatureAlphaDropout(const DropoutOptions& options)
    : WithOptions(Checked("FeatureAlphaDropout", options)) {}
Tensor FeatureAlphaDropout::Forward(const Tensor& input) {
  return neura::FeatureAlphaDropout(input, options.p, training());
}

}  // namespace neura::nn
