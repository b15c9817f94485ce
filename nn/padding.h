// Surroundings as layers, in one, two and three dimensions: of [N, C, W], [N, C, H, W] and
// [N, C, D, H, W], or one image without N. `padding` has two amounts for each dimension, the last
// one first, or one for all; negative ones take away. Options and defaults are PyTorch's.
#ifndef NEURA_NN_PADDING_H_
#define NEURA_NN_PADDING_H_

#include "neura/nn/with_options.h"
#include "neura/tensor/core/scalar.h"

namespace neura::nn {

struct ConstantPadOptions {
  Dims padding = {};
  Scalar value = 0;
  NEURA_FIELDS(padding, value)
};
// Surrounds with a value.
template <int kDims>
class ConstantPadNd : public WithOptions<ConstantPadOptions> {
 public:
  explicit ConstantPadNd(const ConstantPadOptions& options);
  Tensor Forward(const Tensor& input) override;
};

struct PaddingOptions {
  Dims padding = {};
  NEURA_FIELDS(padding)
};
enum class PadKind {
  kZero,
  kReflection,   // elements of the input, mirrored at its outermost ones
  kReplication,  // its outermost elements
  kCircular,     // elements of its other end
};
template <int kDims, PadKind kKind>
class PadNd : public WithOptions<PaddingOptions> {
 public:
  explicit PadNd(const PaddingOptions& options);
  Tensor Forward(const Tensor& input) override;
};

#define NEURA_INTERNAL_PAD(Name, ...)                                                  \
  class Name : public __VA_ARGS__ {                                                    \
   public:                                                                             \
    explicit Name(const decltype(__VA_ARGS__::options)& given) : __VA_ARGS__(given) {} \
    NEURA_MODULE()                                                                     \
  };
NEURA_INTERNAL_PAD(ConstantPad1d, ConstantPadNd<1>)
NEURA_INTERNAL_PAD(ConstantPad2d, ConstantPadNd<2>)
NEURA_INTERNAL_PAD(ConstantPad3d, ConstantPadNd<3>)
NEURA_INTERNAL_PAD(ZeroPad1d, PadNd<1, PadKind::kZero>)
NEURA_INTERNAL_PAD(ZeroPad2d, PadNd<2, PadKind::kZero>)
NEURA_INTERNAL_PAD(ZeroPad3d, PadNd<3, PadKind::kZero>)
NEURA_INTERNAL_PAD(ReflectionPad1d, PadNd<1, PadKind::kReflection>)
NEURA_INTERNAL_PAD(ReflectionPad2d, PadNd<2, PadKind::kReflection>)
NEURA_INTERNAL_PAD(ReflectionPad3d, PadNd<3, PadKind::kReflection>)
NEURA_INTERNAL_PAD(ReplicationPad1d, PadNd<1, PadKind::kReplication>)
NEURA_INTERNAL_PAD(ReplicationPad2d, PadNd<2, PadKind::kReplication>)
NEURA_INTERNAL_PAD(ReplicationPad3d, PadNd<3, PadKind::kReplication>)
NEURA_INTERNAL_PAD(CircularPad1d, PadNd<1, PadKind::kCircular>)
NEURA_INTERNAL_PAD(CircularPad2d, PadNd<2, PadKind::kCircular>)
NEURA_INTERNAL_PAD(CircularPad3d, PadNd<3, PadKind::kCircular>)
#undef NEURA_INTERNAL_PAD

}  // namespace neura::nn

#endif  // NEURA_NN_PADDING_H_
