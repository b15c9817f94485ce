// Tensor: an n-dimensional strided array of one dtype on one device.
//
// A Tensor is a handle: copying it copies no elements, and views (Slice, Transpose, Reshape of a
// contiguous tensor, ...) share memory with what they were made from. Everything that computes is a
// free function in "neura/tensor/ops/"; members here only look.
//
//   Tensor x = Zeros({2, 3});                      // float32 on the CPU
//   Tensor y = Exp(x) + 1.0;
//   Tensor s = Sum(y, {.dims = {1}});              // shape [2]
//   float first = s.data<float>()[0];
#ifndef NEURA_TENSOR_CORE_TENSOR_H_
#define NEURA_TENSOR_CORE_TENSOR_H_

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neura/tensor/core/atomic_ptr.h"
#include "neura/tensor/core/device.h"
#include "neura/tensor/core/dtype.h"
#include "neura/tensor/core/intrusive_ptr.h"
#include "neura/tensor/core/scalar.h"
#include "neura/tensor/core/shape.h"
#include "neura/tensor/core/storage.h"

namespace neura {

// What other libraries hang on a tensor, one for each owner; autograd keeps its gradient and
// history in one.
class TensorExtension {
 public:
  // The address of any object stands for an owner.
  explicit TensorExtension(const void* owner) noexcept : owner_(owner) {}

  const void* owner() const noexcept { return owner_; }
  void AddRef() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  uint32_t refs() const noexcept { return refs_.load(std::memory_order_relaxed); }

 protected:
  virtual ~TensorExtension() = default;

 private:
  friend struct TensorImpl;

  std::atomic<uint32_t> refs_{1};
  const void* owner_;
  TensorExtension* next_ = nullptr;  // of the same tensor
};

class Tensor;
namespace internal {
// Called with tensors whose elements are looked at; null where nobody watches the thread. May
// throw.
using ReadHook = void (*)(const Tensor& tensor);
extern constinit thread_local ReadHook t_on_read;
}  // namespace internal

// The object behind a Tensor handle.
struct TensorImpl {
  std::atomic<uint32_t> refs{1};
  DType dtype = kFloat32;
  bool contiguous = true;
  // A number that was written beside a tensor: it has no say in the dtype but by its category, and
  // is float32 beside float16 and bfloat16.
  bool number = false;
  Device device;  // the storage's
  int64_t numel = 0;
  void* data = nullptr;  // of the first element
  IntrusivePtr<Storage> storage;
  // The first extension. They come when somebody needs them and stay, so that any thread may look
  // into them.
  std::atomic<TensorExtension*> extensions{nullptr};
  // Of a view: the tensor that had the memory first, and the memory's version of which the history
  // of this one speaks. Null where the view was made without recording.
  IntrusivePtr<TensorImpl> base;
  std::atomic<uint32_t> base_version{0};
  Dims shape;
  Dims strides;  // in elements

  TensorImpl() = default;
  TensorImpl(const TensorImpl&) = delete;
  ~TensorImpl() {
    TensorExtension* extension = extensions.load(std::memory_order_relaxed);
    while (extension != nullptr) std::exchange(extension, extension->next_)->Release();
  }

  // Null when the owner has none.
  TensorExtension* FindExtension(const void* owner) const noexcept {
    TensorExtension* extension = extensions.load(std::memory_order_acquire);
    while (extension != nullptr && extension->owner_ != owner) extension = extension->next_;
    return extension;
  }
  // The owner's extension, which is `made` unless another thread was faster.
  TensorExtension& AddExtension(IntrusivePtr<TensorExtension> made) noexcept;

  void AddRef() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }
  void AddRefs(uint32_t n) noexcept { refs.fetch_add(n, std::memory_order_relaxed); }
  void DropRefs(uint32_t n) noexcept { refs.fetch_sub(n, std::memory_order_release); }
  void Release() noexcept {
    if (refs.load(std::memory_order_acquire) == 1 ||
        refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      Destroy();
    }
  }
  void Destroy() noexcept;
};

class Tensor {
 public:
  // Undefined: no shape, no elements. Optional arguments are passed so.
  Tensor() noexcept = default;

  // Uninitialized, contiguous.
  static Tensor Empty(DimsView shape, DType dtype, Device device);
  // A view of `storage`; `offset` and `strides` in elements. The caller guarantees that every
  // element lies inside it.
  static Tensor View(IntrusivePtr<Storage> storage, int64_t offset, DimsView shape,
                     DimsView strides, DType dtype);

  bool defined() const noexcept { return static_cast<bool>(impl_); }

  DimsView shape() const { return impl_->shape; }
  DimsView strides() const { return impl_->strides; }  // in elements
  int64_t dim() const { return static_cast<int64_t>(impl_->shape.size()); }
  int64_t size(int64_t dim) const;  // negative dims count from the end
  int64_t numel() const { return impl_->numel; }
  // Of the elements, without the gaps of strides.
  size_t nbytes() const { return static_cast<size_t>(numel()) * ItemSize(dtype()); }
  DType dtype() const { return impl_->dtype; }
  // kSparse where the tensor is sparse (sparse_parts.h).
  Device device() const { return impl_->device; }
  bool is_contiguous() const { return impl_->contiguous; }
  int64_t storage_offset() const;  // in elements
  const IntrusivePtr<Storage>& storage() const { return impl_->storage; }
  // Of a view that an operation made: the tensor that had the memory first. Else undefined; so it
  // is for views made while nothing was recorded, which later changes through others do not
  // concern.
  Tensor base() const { return Tensor(impl_->base); }
  // How often the memory was changed in place.
  uint32_t version() const { return impl_->storage->version(); }

  // The first element, for reading and writing. Throws InvalidArgument unless T is the dtype's type
  // and the memory is the host's. Elements lie as strides() say.
  template <typename T>
  T* data() const {
    if (DTypeOf<T> != dtype() || device().type != DeviceType::kCpu) ThrowBadData(DTypeOf<T>);
    NotifyRead();
    return static_cast<T*>(impl_->data);
  }
  // For kernels and what else moves memory: nobody is told of it.
  void* raw_data() const { return impl_->data; }
  // Tells those who watch this thread that somebody looks at the elements. data(), Item() and
  // ToString() do.
  void NotifyRead() const {
    if (internal::t_on_read != nullptr) internal::t_on_read(*this);
  }

  // The only element of a tensor of one element, converted to T. From another device it is copied,
  // after what was queued there.
  template <typename T>
  T Item() const {
    return ItemScalar().To<T>();
  }
  Scalar ItemScalar() const;

  // Values, dtype and shape; large tensors are summarized.
  std::string ToString() const;

  TensorImpl* impl() const noexcept { return impl_.get(); }
  const IntrusivePtr<TensorImpl>& handle() const noexcept { return impl_; }
  explicit Tensor(IntrusivePtr<TensorImpl> impl) : impl_(std::move(impl)) {}

  // Whether both are the same object (not: the same values).
  friend bool IsSame(const Tensor& a, const Tensor& b) { return a.impl_ == b.impl_; }

 private:
  [[noreturn]] void ThrowBadData(DType requested) const;

  IntrusivePtr<TensorImpl> impl_;
};

// A place for a tensor that several threads may read and replace at once: each gets one of the
// tensors that were there.
class TensorSlot {
 public:
  TensorSlot() noexcept = default;
  explicit TensorSlot(const Tensor& tensor) : impl_(tensor.handle()) {}

  bool defined() const noexcept { return static_cast<bool>(impl_); }
  Tensor Load() const { return Tensor(impl_.Load()); }
  void Store(const Tensor& tensor) { impl_.Store(tensor.handle()); }
  // False where another tensor than `expected` is there.
  bool CompareExchange(const Tensor& expected, const Tensor& next) {
    return impl_.CompareExchange(expected.handle(), next.handle());
  }

 private:
  AtomicPtr<TensorImpl> impl_;
};

// Tensors in an order, such as a state dict.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The same elements in host memory: the tensor itself when it is there. For looking at values; what
// computes uses To(), which is recorded.
Tensor HostCopy(const Tensor& tensor);

// Whether both have one dtype, one shape and elements of the same bits, wherever they lie. NaN
// equals itself and 0 differs from -0.
bool SameBits(const Tensor& a, const Tensor& b);

std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

// "float32 [2, 3]", for error messages; "undefined" for an undefined tensor.
std::string Describe(const Tensor& tensor);
// Throws InvalidArgument naming `op` when the tensor is undefined.
void RequireDefined(std::string_view op, const Tensor& tensor);
// And one of so many dimensions.
void RequireDims(std::string_view op, const Tensor& tensor, int64_t dims);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_TENSOR_H_
