// The memory behind one or more tensors.
#ifndef NEURA_TENSOR_CORE_STORAGE_H_
#define NEURA_TENSOR_CORE_STORAGE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "neura/tensor/core/device.h"
#include "neura/tensor/core/intrusive_ptr.h"

namespace neura {

class Allocator;

// A reference-counted block of memory. Views share it; every in-place operation through any of them
// bumps its version, so that whoever kept a value can tell that it was changed.
class Storage {
 public:
  // Called once with `context` when the last reference to external memory goes.
  using ReleaseFn = void (*)(void* context);

  // Throws ResourceExhausted when there is no memory, or not so much that can be addressed.
  static IntrusivePtr<Storage> Allocate(int64_t bytes, Device device, Allocator& allocator);
  // Memory that somebody else owns; it must stay valid until `release(context)` is called.
  static IntrusivePtr<Storage> External(void* data, size_t bytes, Device device, ReleaseFn release,
                                        void* context);

  void* data() const noexcept { return data_; }
  size_t bytes() const noexcept { return bytes_; }
  Device device() const noexcept { return device_; }
  // Of external memory: what its release will be called with.
  void* context() const noexcept { return context_; }

  uint32_t version() const noexcept { return version_.load(std::memory_order_relaxed); }
  void BumpVersion() noexcept { version_.fetch_add(1, std::memory_order_relaxed); }

  void AddRef() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void Release() noexcept {
    // A sole owner needs no atomic read-modify-write.
    if (refs_.load(std::memory_order_acquire) == 1 ||
        refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      Destroy();
    }
  }
  bool unique() const noexcept { return refs_.load(std::memory_order_acquire) == 1; }

 private:
  Storage() = default;
  ~Storage() = default;
  void Destroy() noexcept;

  std::atomic<uint32_t> refs_{1};
  std::atomic<uint32_t> version_{0};
  void* data_ = nullptr;
  size_t bytes_ = 0;
  Device device_;
  Allocator* allocator_ = nullptr;  // null for external memory
  ReleaseFn release_ = nullptr;
  void* context_ = nullptr;
};

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_STORAGE_H_
