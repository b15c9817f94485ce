// Recycles the memory of small objects that are made and dropped millions of times a second: a
// thread-local free list in front of operator new. About 3 ns a pair instead of 20.
#ifndef NEURA_TENSOR_CORE_OBJECT_POOL_H_
#define NEURA_TENSOR_CORE_OBJECT_POOL_H_

#include <cstddef>
#include <new>

#include "neura/tensor/core/thread_exit.h"

namespace neura::internal {

// Sanitizers see a use after free only when memory is really freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kRecycleObjects = false;
#else
inline constexpr bool kRecycleObjects = true;
#endif

// Memory for one object of type T; an object may be freed on another thread than its maker's.
template <typename T>
class ObjectPool {
 public:
  static void* Allocate() {
    List& list = list_;
    if (list.head == nullptr) return ::operator new(sizeof(T));
    Block* block = list.head;
    list.head = block->next;
    --list.size;
    return block;
  }

  static void Free(void* memory) noexcept {
    List& list = list_;
    if (!kRecycleObjects || list.closed || list.size == kMaxSize) {
      ::operator delete(memory);
      return;
    }
    if (list.exit.run == nullptr) {
      list.exit.run = [](ThreadExit*) { Drain(list_); };
      AtThreadExit(&list.exit);
    }
    list.head = new (memory) Block{list.head};
    ++list.size;
  }

 private:
  static constexpr int kMaxSize = 1024;
  struct Block {
    Block* next;
  };
  // Trivial, so that it is still usable while a dying thread drops its last tensors.
  struct List {
    Block* head = nullptr;
    int size = 0;
    bool closed = false;
    ThreadExit exit;
  };
  static void Drain(List& list) {
    list.closed = true;
    while (list.head != nullptr) {
      Block* block = list.head;
      list.head = block->next;
      ::operator delete(block);
    }
  }
  static_assert(sizeof(T) >= sizeof(Block));

  static inline thread_local List list_;
};

}  // namespace neura::internal

#endif  // NEURA_TENSOR_CORE_OBJECT_POOL_H_
