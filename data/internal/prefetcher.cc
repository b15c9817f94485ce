#include "neura/data/internal/prefetcher.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data::internal {

Prefetcher::Prefetcher(int64_t count, int num_workers, int64_t window,
                       std::function<void(int64_t)> prepare)
    : count_(count),
      window_(window),
      prepare_(std::move(prepare)),
      places_(static_cast<size_t>(window)) {
  const auto wanted = static_cast<size_t>(std::min<int64_t>(num_workers, count));
  workers_.reserve(wanted);
  try {
    while (workers_.size() < wanted) workers_.emplace_back([this] { Work(); });
  } catch (const std::system_error& error) {
    const size_t started = workers_.size();
    Stop();
    ThrowResourceExhausted(absl::StrCat("DataLoader: worker ", started, " of ", wanted,
                                        " cannot be started: ", error.what()));
  }
}

Prefetcher::~Prefetcher() { Stop(); }

void Prefetcher::Stop() {
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
