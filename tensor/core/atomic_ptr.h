// A reference that several threads may read and replace at once.
#ifndef NEURA_TENSOR_CORE_ATOMIC_PTR_H_
#define NEURA_TENSOR_CORE_ATOMIC_PTR_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "neura/tensor/core/intrusive_ptr.h"

namespace neura {

// A slot for an IntrusivePtr. Nobody waits for anybody: no lock can be left behind by a thread that
// a fork or the end of a program has stopped.
//
// The slot owns kPaid references of its object, and counts beside the pointer how many of them
// readers took. So a reader gets the pointer and a reference in one step: reading costs what
// copying an IntrusivePtr does. T has AddRefs(n) and DropRefs(n), which change its count alone, and
// Release().
template <typename T>
class AtomicPtr {
 public:
  AtomicPtr() noexcept = default;
  AtomicPtr(IntrusivePtr<T> ptr) noexcept : word_(Pay(std::move(ptr))) {}
  // Both are for owners whom nobody else looks at yet, or any more.
  AtomicPtr(AtomicPtr&& other) noexcept : word_(other.word_.exchange(0)) {}
  AtomicPtr& operator=(AtomicPtr&& other) noexcept {
    Store(other.Exchange({}));
    return *this;
  }
  ~AtomicPtr() { Settle(word_.load(std::memory_order_acquire)); }

  // Whether something is there.
  explicit operator bool() const noexcept {
    return PointerOf(word_.load(std::memory_order_relaxed)) != nullptr;
  }
  // To be looked into only where nobody can replace it.
  T* get() const noexcept { return PointerOf(word_.load(std::memory_order_acquire)); }

  IntrusivePtr<T> Load() const noexcept {
    if (!*this) return {};
    const uint64_t word = word_.fetch_add(kTaken, std::memory_order_acq_rel);
    T* const ptr = PointerOf(word);
    if (ptr == nullptr) return {};
    if (CountOf(word) >= kPaid / 2) PayAgain(ptr);
    return IntrusivePtr<T>::Adopt(ptr);
  }

  void Store(IntrusivePtr<T> next) noexcept { Exchange(std::move(next)); }
  IntrusivePtr<T> Exchange(IntrusivePtr<T> next) noexcept {
    return Settle(word_.exchange(Pay(std::move(next)), std::memory_order_acq_rel));
  }
  // Replaces `expected`, which the caller holds; false where another object is there.
  bool CompareExchange(const IntrusivePtr<T>& expected, IntrusivePtr<T> next) noexcept {
    const uint64_t paid = Pay(std::move(next));
    uint64_t word = word_.load(std::memory_order_relaxed);
    while (PointerOf(word) == expected.get()) {
      if (word_.compare_exchange_weak(word, paid, std::memory_order_acq_rel)) {
        Settle(word);
        return true;
      }
    }
    Settle(paid);
    return false;
  }

  // References that the slot still owns.
  uint32_t owned() const noexcept {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    return PointerOf(word) == nullptr ? 0 : kPaid - CountOf(word);
  }

 private:
  // Addresses have 48 bits on every processor that we know; the count has the rest.
  static constexpr int kShift = 48;
  static constexpr uint64_t kTaken = uint64_t{1} << kShift;
  static constexpr uint32_t kPaid = 1 << 15;

  static T* PointerOf(uint64_t word) {
    return reinterpret_cast<T*>(static_cast<uintptr_t>(word & (kTaken - 1)));
  }
  static uint32_t CountOf(uint64_t word) { return static_cast<uint32_t>(word >> kShift); }

  static uint64_t Pay(IntrusivePtr<T> ptr) noexcept {
    T* const raw = ptr.Detach();
    if (raw != nullptr) raw->AddRefs(kPaid - 1);
    return reinterpret_cast<uintptr_t>(raw);
  }
  // Of a word that no slot holds any more: one reference for the caller, the others go back.
  static IntrusivePtr<T> Settle(uint64_t word) noexcept {
    T* const ptr = PointerOf(word);
    if (ptr != nullptr) ptr->DropRefs(kPaid - CountOf(word) - 1);
    return IntrusivePtr<T>::Adopt(ptr);
  }
  // Half of the references are gone. The caller holds one, so the address is that of this object.
  void PayAgain(T* ptr) const noexcept {
    ptr->AddRefs(kPaid / 2);
    uint64_t word = word_.load(std::memory_order_relaxed);
    while (PointerOf(word) == ptr && CountOf(word) >= kPaid / 2) {
      if (word_.compare_exchange_weak(word, word - kPaid / 2 * kTaken, std::memory_order_acq_rel)) {
        return;
      }
    }
    ptr->DropRefs(kPaid / 2);
  }

  mutable std::atomic<uint64_t> word_{0};
};

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_ATOMIC_PTR_H_
