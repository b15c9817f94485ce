#include "neura/tensor/core/tensor.h"

#include <cstring>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/object_pool.h"
#include "neura/tensor/core/sparse_parts.h"

namespace neura {
namespace {

IntrusivePtr<TensorImpl> NewImpl() {
  return IntrusivePtr<TensorImpl>::Adopt(new (internal::ObjectPool<TensorImpl>::Allocate())
                                             TensorImpl);
}

template <typename T>
Scalar LoadScalar(const void* data) {
  const T value = *static_cast<const T*>(data);
  if constexpr (kIsComplex<T>) {
    return Scalar(Convert<std::complex<double>>(value));
  } else if constexpr (kIsFloat16<T>) {
    return Scalar(static_cast<float>(value));
  } else {
    return Scalar(value);
  }
}

// `left` and `right` are the elements at index 0 of the dimensions from `dim` on.
bool SameBitsFrom(size_t dim, const TensorImpl& a, const TensorImpl& b, const char* left,
                  const char* right) {
  const auto item = static_cast<int64_t>(ItemSize(a.dtype));
  if (dim == a.shape.size()) return std::memcmp(left, right, static_cast<size_t>(item)) == 0;
  for (int64_t i = 0; i < a.shape[dim]; ++i) {
    if (!SameBitsFrom(dim + 1, a, b, left + i * a.strides[dim] * item,
                      right + i * b.strides[dim] * item)) {
      return false;
    }
  }
  return true;
}

}  // namespace

constinit thread_local internal::ReadHook internal::t_on_read = nullptr;

TensorExtension& TensorImpl::AddExtension(IntrusivePtr<TensorExtension> made) noexcept {
  TensorExtension* first = extensions.load(std::memory_order_acquire);
  do {
    if (TensorExtension* const other = FindExtension(made->owner_)) return *other;
    made->next_ = first;
  } while (!extensions.compare_exchange_weak(first, made.get(), std::memory_order_acq_rel));
  return *made.Detach();
}

void TensorImpl::Destroy() noexcept {
  this->~TensorImpl();
  internal::ObjectPool<TensorImpl>::Free(this);
}

Tensor Tensor::Empty(DimsView shape, DType dtype, Device device) {
  CheckNumDims("Empty", shape.size());
  IntrusivePtr<TensorImpl> impl = NewImpl();
  const int64_t numel = SetContiguousStrides(impl->strides, shape);
  int64_t bytes;
  if (__builtin_mul_overflow(numel, static_cast<int64_t>(ItemSize(dtype)), &bytes)) {
    ThrowResourceExhausted(absl::StrCat("out of memory: ", DTypeName(dtype), " ",
                                        neura::ToString(shape), " overflows 64 bits of bytes"));
  }
  impl->storage = Storage::Allocate(bytes, device, AllocatorOf(device));
  impl->data = impl->storage->data();
  impl->device = device;
  impl->dtype = dtype;
  impl->numel = numel;
  SetDims(impl->shape, shape);
  return Tensor(std::move(impl));
}

Tensor Tensor::View(IntrusivePtr<Storage> storage, int64_t offset, DimsView shape, DimsView strides,
                    DType dtype) {
  CheckNumDims("View", shape.size());
  IntrusivePtr<TensorImpl> impl = NewImpl();
  impl->data = static_cast<char*>(storage->data()) + offset * static_cast<int64_t>(ItemSize(dtype));
  impl->device = storage->device();
  impl->storage = std::move(storage);
  impl->dtype = dtype;
  impl->numel = NumElements(shape);
  impl->contiguous = IsContiguous(shape, strides);
  SetDims(impl->shape, shape);
  SetDims(impl->strides, strides);
  return Tensor(std::move(impl));
}

int64_t Tensor::size(int64_t dim) const {
  const int64_t rank = this->dim();
  if (dim < -rank || dim >= rank) {
    ThrowOutOfRange(absl::StrCat("size: dim ", dim, " is outside a tensor of shape ",
                                 neura::ToString(shape())));
  }
  return impl_->shape[static_cast<size_t>(dim < 0 ? dim + rank : dim)];
}

int64_t Tensor::storage_offset() const {
  return (static_cast<char*>(impl_->data) - static_cast<char*>(impl_->storage->data())) /
         static_cast<int64_t>(ItemSize(dtype()));
}

Scalar Tensor::ItemScalar() const {
  if (!defined() || numel() != 1) {
    ThrowInvalidArgument(
        absl::StrCat("Item: expected a tensor of one element, got ", Describe(*this)));
  }
  RequireDense("Item", *this);
  NotifyRead();
  return SwitchDType(dtype(), [&]<typename T>(T) {
    T value;
    CopyBytes({&value, kCpu}, {impl_->data, device()}, sizeof(T));
    return LoadScalar<T>(&value);
  });
}

void Tensor::ThrowBadData(DType requested) const {
  RequireDense("data", *this);
  ThrowInvalidArgument(absl::StrCat("data<", DTypeName(requested), ">: the tensor is ",
                                    Describe(*this),
                                    "; convert it with Cast(), or move it to the host first"));
}

Tensor HostCopy(const Tensor& tensor) {
  if (tensor.device().type == DeviceType::kCpu) return tensor;
  RequireDense("HostCopy", tensor);
  const IntrusivePtr<Storage>& storage = tensor.storage();
  IntrusivePtr<Storage> copy = Storage::Allocate(storage->bytes(), kCpu, CpuAllocator());
  CopyBytes({copy->data(), kCpu}, {storage->data(), storage->device()}, storage->bytes());
  return Tensor::View(std::move(copy), tensor.storage_offset(), tensor.shape(), tensor.strides(),
                      tensor.dtype());
}

bool SameBits(const Tensor& a, const Tensor& b) {
  if (IsSame(a, b)) return true;
  if (!a.defined() || !b.defined() || a.dtype() != b.dtype() || a.shape() != b.shape()) {
    return false;
  }
  if (a.numel() == 0) return true;
  const Tensor x = HostCopy(a), y = HostCopy(b);
  if (x.is_contiguous() && y.is_contiguous()) {
    return std::memcmp(x.raw_data(), y.raw_data(), x.nbytes()) == 0;
  }
  return SameBitsFrom(0, *x.impl(), *y.impl(), static_cast<const char*>(x.raw_data()),
                      static_cast<const char*>(y.raw_data()));
}

std::string Describe(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  std::string text = absl::StrCat(IsSparse(tensor) ? "sparse " : "", DTypeName(tensor.dtype()), " ",
                                  ToString(tensor.shape()));
  const Device device =
      IsSparse(tensor) ? PartsOf("Describe", tensor).values.device() : tensor.device();
  if (device.type != DeviceType::kCpu) absl::StrAppend(&text, " on ", ToString(device));
  return text;
}

void RequireDefined(std::string_view op, const Tensor& tensor) {
  if (!tensor.defined()) ThrowInvalidArgument(absl::StrCat(op, ": the tensor is undefined"));
}

void RequireDims(std::string_view op, const Tensor& tensor, int64_t dims) {
  RequireDefined(op, tensor);
  if (tensor.dim() == dims) return;
  ThrowInvalidArgument(absl::StrCat(op, ": expected ", dims, " dimension", dims == 1 ? "" : "s",
                                    ", got ", Describe(tensor)));
}

}  // namespace neura
