#include "neura/tensor/parallel/thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

using Clock = std::chrono::steady_clock;

// How long a thread polls before it sleeps: about the cost of being woken.
constexpr std::chrono::microseconds kSpin{20};

thread_local bool inside_region = false;

// Polls until ready() holds or kSpin has passed; returns the last ready().
template <typename Ready>
bool SpinUntil(Ready ready) {
  const Clock::time_point deadline = Clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (ready()) return true;
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
  } while (Clock::now() < deadline);
  return ready();
}

// One call of ParallelFor; lives on the stack of its caller.
struct Region {
  absl::FunctionRef<void(int64_t)> body;
  const int64_t count;
  std::atomic<int64_t> next_item{0};
  // Pool threads inside. Changes only under Pool::mutex_, but is polled outside.
  std::atomic<int> helpers{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error{};     // the caller's once there are no helpers
  bool caller_sleeps = false;     // guarded by Pool::mutex_
  Region* next_region = nullptr;  // guarded by Pool::mutex_

  bool HasItems() const { return next_item.load(std::memory_order_relaxed) < count; }

  // Whatever a body throws ends the region; the first of it becomes `error`.
  void RunItems() noexcept {
    inside_region = true;
    try {
      for (;;) {
        const int64_t item = next_item.fetch_add(1, std::memory_order_relaxed);
        if (item >= count) break;
        body(item);
      }
    } catch (...) {
      next_item.store(count, std::memory_order_relaxed);
      if (!failed.exchange(true, std::memory_order_relaxed)) error = std::current_exception();
    }
    inside_region = false;
  }
};

class Pool {
 public:
  void Run(int64_t count, int num_threads, absl::FunctionRef<void(int64_t)> body) {
    Region region{body, count};
    Open(&region, static_cast<int>(std::min<int64_t>(count, num_threads)) - 1, num_threads - 1);
    region.RunItems();
    Close(&region);
    if (region.error) std::rethrow_exception(std::move(region.error));
  }

  void SetMaxHelpers(int max_helpers) {
    {
      std::lock_guard lock(mutex_);
      max_helpers_ = max_helpers;
    }
    work_.notify_all();
  }

 private:
  void Open(Region* region, int wanted, int max_helpers) {
    int to_wake;
    {
      std::lock_guard lock(mutex_);
      max_helpers_ = max_helpers;
      region->next_region = regions_;
      regions_ = region;
      regions_opened_.fetch_add(1, std::memory_order_relaxed);
      const int awake = helpers_ - sleepers_;
      to_wake = std::min(wanted - std::min(wanted, spinners_), sleepers_);
      StartHelpers(std::min(wanted, max_helpers) - awake - to_wake);
    }
    for (int i = 0; i < to_wake; ++i) work_.notify_one();
  }

  void Close(Region* region) {
    {
      std::lock_guard lock(mutex_);
      Region** link = &regions_;
      while (*link != region) link = &(*link)->next_region;
      *link = region->next_region;
    }
    const auto done = [region] { return region->helpers.load(std::memory_order_acquire) == 0; };
    if (done() || SpinUntil(done)) return;
    std::unique_lock lock(mutex_);
    region->caller_sleeps = true;
    done_.wait(lock, done);
  }

  // Called under mutex_. Without the means to start a thread the work is still
  // done, by those that are there.
  void StartHelpers(int num) {
    if (num <= 0 || helpers_ >= max_helpers_) return;
    // Signals are for the threads of the program, not for helpers.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    try {
      for (; num > 0 && helpers_ < max_helpers_; --num) {
        std::thread([this] { Help(); }).detach();
        ++helpers_;
      }
    } catch (const std::system_error&) {
    } catch (const std::bad_alloc&) {
    }
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
  }

  Region* FindRegion() {  // called under mutex_
    for (Region* region = regions_; region != nullptr; region = region->next_region) {
      if (region->HasItems()) return region;
    }
    return nullptr;
  }

  void Help() {
    std::unique_lock lock(mutex_);
    while (helpers_ <= max_helpers_) {
      if (Region* region = FindRegion()) {
        region->helpers.fetch_add(1, std::memory_order_relaxed);
        lock.unlock();
        region->RunItems();
        lock.lock();
        // The region may be gone as soon as its count of helpers is 0.
        const bool wake_caller = region->caller_sleeps;
        if (region->helpers.fetch_sub(1, std::memory_order_release) == 1 && wake_caller) {
          done_.notify_all();
        }
        continue;
      }
      const uint64_t seen = regions_opened_.load(std::memory_order_relaxed);
      ++spinners_;
      lock.unlock();
      SpinUntil([&] { return regions_opened_.load(std::memory_order_relaxed) != seen; });
      lock.lock();
      --spinners_;
      if (FindRegion() != nullptr) continue;
      ++sleepers_;
      work_.wait(lock, [this] { return helpers_ > max_helpers_ || FindRegion() != nullptr; });
      --sleepers_;
    }
    --helpers_;
  }

  std::mutex mutex_;
  std::condition_variable work_;  // a region was opened, or max_helpers_ has changed
  std::condition_variable done_;  // a region whose caller sleeps lost its last helper
  Region* regions_ = nullptr;
  int max_helpers_ = 0;
  int helpers_ = 0;   // pool threads alive
  int sleepers_ = 0;  // of those, waiting on work_
  int spinners_ = 0;  // of those, polling regions_opened_
  std::atomic<uint64_t> regions_opened_{0};
};

int InitialNumThreads() {
  if (const char* text = std::getenv("NEURA_NUM_THREADS")) {
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (end != text && *end == '\0' && value >= 1 && value <= kMaxThreads) {
      return static_cast<int>(value);
    }
    std::fprintf(stderr, "neura: NEURA_NUM_THREADS=%s is ignored: expected a number from 1 to %d\n",
                 text, kMaxThreads);
  }
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxThreads);
}

std::atomic<int>& NumThreads() {
  static std::atomic<int> num_threads(InitialNumThreads());
  return num_threads;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const std::atomic<int>& kMade = NumThreads();

std::atomic<Pool*> current_pool{nullptr};

[[maybe_unused]] const int kForkHandler = pthread_atfork(
    nullptr, nullptr, [] { current_pool.store(nullptr, std::memory_order_relaxed); });

// The pool is never destroyed: its threads may outlive main(). In a forked
// child they are gone and the mutex may be held by one of them, so the child
// leaves the pool behind and makes another.
Pool& GetPool() {
  if (Pool* pool = current_pool.load(std::memory_order_acquire)) return *pool;
  auto* made = new Pool;
  Pool* expected = nullptr;
  if (current_pool.compare_exchange_strong(expected, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *expected;
}

}  // namespace

int GetNumThreads() { return NumThreads().load(std::memory_order_relaxed); }

void SetNumThreads(int num_threads) {
  if (num_threads < 1 || num_threads > kMaxThreads) {
    ThrowInvalidArgument(
        absl::StrCat("SetNumThreads: expected 1 to ", kMaxThreads, " threads, got ", num_threads));
  }
  NumThreads().store(num_threads, std::memory_order_relaxed);
  GetPool().SetMaxHelpers(num_threads - 1);
}

void ParallelFor(int64_t count, absl::FunctionRef<void(int64_t)> body) {
  const int num_threads = GetNumThreads();
  if (count <= 1 || num_threads == 1 || inside_region) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  GetPool().Run(count, num_threads, body);
}

}  // namespace neura
