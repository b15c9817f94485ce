// Mixed precision: while an AutocastMode lives, products and convolutions of this thread are
// computed in 16 bits, and what needs range in float32.
//
//   {
//     const AutocastMode autocast(DeviceType::kCpu, {.dtype = kBFloat16});
//     loss = nn::CrossEntropy(net(images), labels);
//   }
//   Backward(loss);  // gradients have the dtypes of the parameters
//
// What goes to which side are PyTorch's lists ("Automatic Mixed Precision package", CPU and CUDA):
//
//   16 bits   matrix products, linear, convolutions, and attention and recurrent layers with them
//   float32   losses, decompositions, Fourier transforms, prod, cdist, trace, quantile,
//   grid_sample,
//             3-d average pooling; on CUDA also exp, log and their kin, powers, sums, softmax and
//             layer norm
//   as they come   everything else: of mixed inputs the wider dtype; a normalization has the dtype
//             of what it normalizes
//
// Operations in place and float64 are left alone.
#ifndef NEURA_TENSOR_OPS_AUTOCAST_H_
#define NEURA_TENSOR_OPS_AUTOCAST_H_

#include <initializer_list>
#include <memory>
#include <optional>

#include "neura/tensor/core/tensor.h"

namespace neura {

struct AutocastOptions {
  // kBFloat16 or kFloat16; none: AutocastDType() of the device.
  std::optional<DType> dtype = {};
  bool enabled = true;
  // Whether a parameter is converted once in the outermost scope rather than at each use. None: as
  // outside.
  std::optional<bool> cache_enabled = {};
};

// Scopes nest, and those of one thread end in the reverse of their order.
class AutocastMode {
 public:
  // Throws InvalidArgument for a device other than kCpu and kCuda, and for another dtype.
  explicit AutocastMode(DeviceType device, const AutocastOptions& options = {});
  ~AutocastMode();
  AutocastMode(const AutocastMode&) = delete;
  AutocastMode& operator=(const AutocastMode&) = delete;

 private:
  struct Outside;
  std::unique_ptr<Outside> outside_;
};

// ---- this thread's state ---------------------------------------------------------------------

bool AutocastEnabled(DeviceType device);
// bfloat16 on the CPU and float16 on CUDA, unless somebody has said otherwise.
DType AutocastDType(DeviceType device);
void SetAutocastDType(DeviceType device, DType dtype);
bool AutocastCacheEnabled();
void SetAutocastCacheEnabled(bool enabled);
void ClearAutocastCache();

namespace internal {

extern constinit thread_local bool t_autocasts;

bool AnyIsLow(std::initializer_list<const Tensor*> tensors);

// Of autograd, which knows what a parameter is: whether to keep the conversion of a tensor.
extern bool (*g_autocast_keeps)(const Tensor& tensor);

}  // namespace internal

// For functions that are made of operations and belong to float32: whether some of the tensors have
// 16 bits where autocasting is enabled. Then they call themselves with Widened() ones.
inline bool AutocastWidens(std::initializer_list<const Tensor*> tensors) {
  return internal::t_autocasts && internal::AnyIsLow(tensors);
}
// In float32 where the tensor has 16 bits, else as it is.
Tensor Widened(const Tensor& tensor);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_AUTOCAST_H_
