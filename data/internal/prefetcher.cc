#include "neura/data/internal/prefetcher.h"

#include <utility>

namespace neura::data::internal {

Prefetcher::Prefetcher(int64_t count, int num_workers, int64_t window,
                       std::function<void(int64_t)> prepare)
    : count_(count),
      window_(window),
      prepare_(std::move(prepare)),
      places_(static_cast<size_t>(window)) {
  for (int i = 0; i < num_workers; ++i) workers_.emplace_back([this] { Work(); });
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_for_workers_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Prefetcher::Wait(int64_t i) {
  std::unique_lock lock(mutex_);
  changed_for_taker_.wait(lock, [&] { return place(i).done; });
  if (place(i).error) std::rethrow_exception(place(i).error);
}

void Prefetcher::Release(int64_t i) {
  {
    const std::lock_guard lock(mutex_);
    place(i) = {};
    released_ = i + 1;
  }
  changed_for_workers_.notify_one();
}

void Prefetcher::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_for_workers_.wait(
        lock, [&] { return stopping_ || next_ == count_ || next_ < released_ + window_; });
    if (stopping_ || next_ == count_) return;
    const int64_t i = next_++;
    lock.unlock();
    std::exception_ptr error;
    try {
      prepare_(i);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    place(i) = {.done = true, .error = std::move(error)};
    changed_for_taker_.notify_one();
  }
}

}  // namespace neura::data::internal
