#include "neura/nn/padding.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"

namespace neura::nn {
namespace {

constexpr const char* kKinds[] = {"Zero", "Reflection", "Replication", "Circular"};
// What PadByPairs calls them.
constexpr const char* kModes[] = {"constant", "reflect", "replicate", "circular"};

// Two amounts for each dimension.
Dims EachAmount(const std::string& layer, const Dims& padding, size_t dims) {
  if (padding.size() == 2 * dims) return padding;
  if (padding.size() == 1) return Dims(2 * dims, padding[0]);
  ThrowInvalidArgument(absl::StrCat(layer, ": padding = ", ToString(padding),
                                    " must be one number or ", 2 * dims,
                                    ", two for each dimension"));
}

}  // namespace

template <int kDims>
ConstantPadNd<kDims>::ConstantPadNd(const ConstantPadOptions& given) : WithOptions(given) {
  options.padding = EachAmount(absl::StrCat("ConstantPad", kDims, "d"), options.padding, kDims);
}
template <int kDims>
Tensor ConstantPadNd<kDims>::Forward(const Tensor& input) {
  return PadByPairs(input, options.padding, "constant", options.value);
}

template <int kDims, PadKind kKind>
PadNd<kDims, kKind>::PadNd(const PaddingOptions& given) : WithOptions(given) {
  options.padding = EachAmount(absl::StrCat(kKinds[static_cast<int>(kKind)], "Pad", kDims, "d"),
                               options.padding, kDims);
}
template <int kDims, PadKind kKind>
Tensor PadNd<kDims, kKind>::Forward(const Tensor& input) {
  return PadByPairs(input, options.padding, kModes[static_cast<int>(kKind)]);
}

template class ConstantPadNd<1>;
template class ConstantPadNd<2>;
template class ConstantPadNd<3>;
template class PadNd<1, PadKind::kZero>;
template class PadNd<2, PadKind::kZero>;
template class PadNd<3, PadKind::kZero>;
template class PadNd<1, PadKind::kReflection>;
template class PadNd<2, PadKind::kReflection>;
template class PadNd<3, PadKind::kReflection>;
template class PadNd<1, PadKind::kReplication>;
template class PadNd<2, PadKind::kReplication>;
template class PadNd<3, PadKind::kReplication>;
template class PadNd<1, PadKind::kCircular>;
template class PadNd<2, PadKind::kCircular>;
template class PadNd<3, PadKind::kCircular>;

}  // namespace neura::nn
