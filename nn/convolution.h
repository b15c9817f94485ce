// Convolutions as layers, in one, two and three dimensions: over [N, C, W], [N, C, H, W] and
// [N, C, D, H, W], or one image without N. Options, defaults and initial values are PyTorch's.
#ifndef NEURA_NN_CONVOLUTION_H_
#define NEURA_NN_CONVOLUTION_H_

#include <string>

#include "neura/nn/with_options.h"

namespace neura::nn {

// A word that Python takes in the place of sizes.
struct SizesName {
  const char* option;
  const char* name;
  int64_t all;
};

struct ConvOptions {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  Sizes kernel_size = 1;
  Sizes stride = 1;
  Sizes padding = 0;
  Sizes dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  // What the input is padded by: "zeros", or its own elements, "reflect", "replicate" or
  // "circular".
  std::string padding_mode = "zeros";
  NEURA_FIELDS(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
               padding_mode)
  static constexpr SizesName kSizesNames[] = {{"padding", "same", Sizes::kSame},
                                              {"padding", "valid", 0}};
};
// See neura::Conv. A padding of Sizes::kSame gives results of the input's extents, at a stride of
// 1; an odd element of it stands at the end. Weight and bias start uniform in +-1 /
// sqrt(in_channels / groups * elements of the kernel).
template <int kDims>
class ConvNd : public WithOptions<ConvOptions> {
 public:
  explicit ConvNd(const ConvOptions& options);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // [out_channels, in_channels / groups, kernel_size...]
  Parameter bias;    // [out_channels]
};
class Conv1d : public ConvNd<1> {
 public:
  using ConvNd::ConvNd;
  NEURA_MODULE(weight, bias)
};
class Conv2d : public ConvNd<2> {
 public:
  using ConvNd::ConvNd;
  NEURA_MODULE(weight, bias)
};
class Conv3d : public ConvNd<3> {
 public:
  using ConvNd::ConvNd;
  NEURA_MODULE(weight, bias)
};

struct ConvTransposeOptions {
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  Sizes kernel_size = 1;
  Sizes stride = 1;
  Sizes padding = 0;
  Sizes output_padding = 0;  // elements more at the end
  int64_t groups = 1;
  bool bias = true;
  Sizes dilation = 1;
  std::string padding_mode = "zeros";  // the one that there is
  NEURA_FIELDS(in_channels, out_channels, kernel_size, stride, padding, output_padding, groups,
               bias, dilation, padding_mode)
};
// The transpose of a convolution, which enlarges; see neura::ConvTranspose2d. Weight and bias start
// uniform in +-1 / sqrt(out_channels / groups * elements of the kernel).
template <int kDims>
class ConvTransposeNd : public WithOptions<ConvTransposeOptions> {
 public:
  explicit ConvTransposeNd(const ConvTransposeOptions& options);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // [in_channels, out_channels / groups, kernel_size...]
  Parameter bias;    // [out_channels]
};
class ConvTranspose1d : public ConvTransposeNd<1> {
 public:
  using ConvTransposeNd::ConvTransposeNd;
  NEURA_MODULE(weight, bias)
};
class ConvTranspose2d : public ConvTransposeNd<2> {
 public:
  using ConvTransposeNd::ConvTransposeNd;
  NEURA_MODULE(weight, bias)
};
class ConvTranspose3d : public ConvTransposeNd<3> {
 public:
  using ConvTransposeNd::ConvTransposeNd;
  NEURA_MODULE(weight, bias)
};

}  // namespace neura::nn

#endif  // NEURA_NN_CONVOLUTION_H_
