// A reference-counted pointer to an object that counts for itself: AddRef() and Release().
#ifndef NEURA_TENSOR_CORE_INTRUSIVE_PTR_H_
#define NEURA_TENSOR_CORE_INTRUSIVE_PTR_H_

#include <utility>

namespace neura {

template <typename T>
class IntrusivePtr {
 public:
  IntrusivePtr() noexcept = default;
  IntrusivePtr(std::nullptr_t) noexcept {}
  IntrusivePtr(const IntrusivePtr& other) noexcept : ptr_(other.ptr_) {
    if (ptr_ != nullptr) ptr_->AddRef();
  }
  IntrusivePtr(IntrusivePtr&& other) noexcept : ptr_(std::exchange(other.ptr_, nullptr)) {}
  IntrusivePtr& operator=(IntrusivePtr other) noexcept {
    std::swap(ptr_, other.ptr_);
    return *this;
  }
  ~IntrusivePtr() {
    if (ptr_ != nullptr) ptr_->Release();
  }

  // Takes over a reference that the caller owns.
  static IntrusivePtr Adopt(T* ptr) noexcept {
    IntrusivePtr result;
    result.ptr_ = ptr;
    return result;
  }
  // Adds a reference of its own.
  static IntrusivePtr Share(T* ptr) noexcept {
    if (ptr != nullptr) ptr->AddRef();
    return Adopt(ptr);
  }

  T* get() const noexcept { return ptr_; }
  T* operator->() const noexcept { return ptr_; }
  T& operator*() const noexcept { return *ptr_; }
  explicit operator bool() const noexcept { return ptr_ != nullptr; }
  friend bool operator==(const IntrusivePtr& a, const IntrusivePtr& b) = default;
  // Hands the reference over to the caller.
  T* Detach() noexcept { return std::exchange(ptr_, nullptr); }

 private:
  T* ptr_ = nullptr;
};

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_INTRUSIVE_PTR_H_
