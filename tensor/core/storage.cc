#include "neura/tensor/core/storage.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/allocator.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/object_pool.h"

namespace neura {

IntrusivePtr<Storage> Storage::Allocate(int64_t bytes, Device device, Allocator& allocator) {
  if (!std::in_range<size_t>(bytes)) {
    ThrowResourceExhausted(absl::StrCat("out of memory: cannot address ", bytes, " bytes"));
  }
  auto storage =
      IntrusivePtr<Storage>::Adopt(new (internal::ObjectPool<Storage>::Allocate()) Storage);
  storage->data_ = allocator.Allocate(static_cast<size_t>(bytes));
  storage->bytes_ = static_cast<size_t>(bytes);
  storage->device_ = device;
  storage->allocator_ = &allocator;  // from here on the block is the storage's
  return storage;
}

IntrusivePtr<Storage> Storage::External(void* data, size_t bytes, Device device, ReleaseFn release,
                                        void* context) {
  auto* storage = new (internal::ObjectPool<Storage>::Allocate()) Storage;
  storage->data_ = data;
  storage->bytes_ = bytes;
  storage->device_ = device;
  storage->release_ = release;
  storage->context_ = context;
  return IntrusivePtr<Storage>::Adopt(storage);
}

void Storage::Destroy() noexcept {
  if (allocator_ != nullptr) {
    allocator_->Free(data_, bytes_);
  } else if (release_ != nullptr) {
    release_(context_);
  }
  this->~Storage();
  internal::ObjectPool<Storage>::Free(this);
}

}  // namespace neura
