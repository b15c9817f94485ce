#include "neura/data/internal/prefetcher.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data::internal {

struct Prefetcher::State {
  struct Place {
    int64_t done = -1;  // the result that is ready here
    bool taken = false;
    std::exception_ptr error;
  };

  Place& place(int64_t i) { return places[static_cast<size_t>(i % window)]; }

  int64_t count;
  int64_t window;
  std::function<void(int64_t)> prepare;
  std::function<void(int)> start_worker;

  std::mutex mutex;
  std::condition_variable changed_for_takers;
  std::condition_variable changed_for_workers;
  int64_t next = 0;      // to be begun
  int64_t released = 0;  // all before this one were taken
  int busy = 0;          // workers that run a function
  bool stopping = false;
  std::exception_ptr failure;  // of start_worker
  std::vector<Place> places;
};

Prefetcher::Prefetcher(int64_t count, int num_workers, int64_t window,
                       std::function<void(int64_t)> prepare, std::function<void(int)> start_worker)
    : process_(getpid()), state_(std::make_shared<State>()) {
  state_->count = count;
  state_->window = window;
  state_->prepare = std::move(prepare);
  state_->start_worker = std::move(start_worker);
  state_->places.resize(static_cast<size_t>(window));
  const auto wanted = static_cast<size_t>(std::min<int64_t>(num_workers, count));
  workers_.reserve(wanted);
  const auto end_workers = [this] {
    Stop();
    for (std::thread& worker : workers_) worker.join();
  };
  try {
    while (workers_.size() < wanted) {
      workers_.emplace_back(
          [state = state_, worker = static_cast<int>(workers_.size())] { Work(*state, worker); });
    }
  } catch (const std::system_error& error) {
    const size_t started = workers_.size();
    end_workers();
    ThrowResourceExhausted(absl::StrCat("DataLoader: worker ", started, " of ", wanted,
                                        " cannot be started: ", error.what()));
  } catch (...) {
    end_workers();
    throw;
  }
}

Prefetcher::~Prefetcher() {
  if (forked()) {
    // The threads are not here, and one of them may have held the mutex: nothing may be touched.
    static_cast<void>(new std::shared_ptr<State>(std::move(state_)));
    static_cast<void>(new std::vector<std::thread>(std::move(workers_)));
    return;
  }
  Stop();
  for (std::thread& worker : workers_) worker.join();
}

bool Prefetcher::forked() const { return getpid() != process_; }

void Prefetcher::CheckProcess() const {
  if (forked()) {
    ThrowFailedPrecondition(
        "DataLoader: this pass over the batches began before the process was forked, and its "
        "workers stayed in the parent; begin another one here");
  }
}

Prefetcher::Outcome Prefetcher::WaitFor(int64_t i, Duration patience) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto settled = [&] { return state.stopping || state.failure || state.place(i).done == i; };
  if (!state.changed_for_takers.wait_for(lock, patience, settled)) return Outcome::kTimeout;
  if (state.stopping) return Outcome::kStopped;
  if (state.failure) std::rethrow_exception(state.failure);
  if (state.place(i).error) std::rethrow_exception(state.place(i).error);
  return Outcome::kReady;
}

void Prefetcher::Release(int64_t i) {
  State& state = *state_;
  std::vector<std::exception_ptr> errors;  // dropped without the lock: they may want others
  {
    const std::lock_guard lock(state.mutex);
    state.place(i).taken = true;
    while (state.place(state.released).taken) {
      errors.push_back(std::move(state.place(state.released).error));
      state.place(state.released++) = {};
    }
  }
  state.changed_for_workers.notify_all();
}

void Prefetcher::Stop() {
  if (forked()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed_for_workers.notify_all();
  state_->changed_for_takers.notify_all();
}

bool Prefetcher::WaitForWorkers(Duration patience) {
  if (forked()) return true;
  std::unique_lock lock(state_->mutex);
  return state_->changed_for_takers.wait_for(lock, patience, [&] { return state_->busy == 0; });
}

void Prefetcher::Abandon() {
  if (forked()) return;
  for (std::thread& worker : workers_) worker.detach();
  workers_.clear();
}

void Prefetcher::Work(State& state, int worker) {
  std::unique_lock lock(state.mutex);
  // Runs a function without the lock; returns what it threw.
  const auto run = [&](auto&& function) {
    ++state.busy;
    lock.unlock();
    std::exception_ptr error;
    try {
      function();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --state.busy;
    return error;
  };
  if (state.start_worker && !state.stopping) {
    if (std::exception_ptr error = run([&] { state.start_worker(worker); })) {
      state.failure = std::move(error);
      state.changed_for_takers.notify_all();
      return;
    }
  }
  for (;;) {
    state.changed_for_workers.wait(lock, [&] {
      return state.stopping || state.next == state.count ||
             state.next < state.released + state.window;
    });
    if (state.stopping || state.next == state.count) break;
    const int64_t i = state.next++;
    state.place(i).error = run([&] { state.prepare(i); });
    state.place(i).done = i;
    state.changed_for_takers.notify_all();
  }
  state.changed_for_takers.notify_all();
}

}  // namespace neura::data::internal
