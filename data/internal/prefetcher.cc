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
  static constexpr int64_t kFree = -1;
  struct Slot {
    int64_t number = kFree;
    int worker = 0;
    bool done = false;
    bool handed = false;  // somebody is taking it
    std::exception_ptr error;
  };

  explicit State(Options from)
      : options(std::move(from)), slots(static_cast<size_t>(options.window)) {}

  // slots.size(): none.
  size_t SlotOf(int64_t number) const {
    size_t i = 0;
    while (i < slots.size() && slots[i].number != number) ++i;
    return i;
  }
  int64_t NextOf(int worker) const {
    if (!options.pinned) return next;
    const int64_t workers = options.num_workers;
    return worker + rounds[static_cast<size_t>(worker)] * workers;
  }
  void CountNextOf(int worker) { options.pinned ? ++rounds[static_cast<size_t>(worker)] : ++next; }
  bool MayBegin(int worker) const {
    const int64_t number = NextOf(worker);
    return !stopping && number < count && number < taken + options.window;
  }
  // Nothing will ever be left for this worker.
  bool Over(int worker) const {
    return ending || (!options.kept && (stopping || (all && NextOf(worker) >= count)));
  }

  const Options options;

  std::mutex mutex;
  std::condition_variable changed_for_takers;
  std::condition_variable changed_for_workers;
  std::unique_ptr<const Prepare> prepare;  // null before the first Begin()
  int64_t pass = 0;
  int64_t count = 0;            // of the pass's calls, as far as is known
  bool all = false;             // they are known
  int64_t next = 0;             // to be begun
  std::vector<int64_t> rounds;  // the same for each worker, where calls are pinned
  int64_t taken = 0;
  int busy = 0;                // workers that run a function
  bool stopping = false;       // the pass
  bool ending = false;         // the workers
  std::exception_ptr failure;  // of start_worker
  std::vector<Slot> slots;
};

Prefetcher::Prefetcher(Options options)
    : process_(getpid()), state_(std::make_shared<State>(std::move(options))) {
  state_->rounds.resize(static_cast<size_t>(state_->options.num_workers));
  const auto wanted = static_cast<size_t>(state_->options.num_workers);
  workers_.reserve(wanted);
  try {
    while (workers_.size() < wanted) {
      workers_.emplace_back(
          [state = state_, worker = static_cast<int>(workers_.size())] { Work(*state, worker); });
    }
  } catch (const std::system_error& error) {
    const size_t started = workers_.size();
    End();
    ThrowResourceExhausted(absl::StrCat("DataLoader: worker ", started, " of ", wanted,
                                        " cannot be started: ", error.what()));
  } catch (...) {
    End();
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
  End();
}

void Prefetcher::End() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = state_->ending = true;
  }
  state_->changed_for_workers.notify_all();
  state_->changed_for_takers.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

int64_t Prefetcher::Begin(int64_t count, bool all, Prepare prepare) {
  CheckProcess();
  State& state = *state_;
  auto replaced = std::make_unique<const Prepare>(std::move(prepare));
  std::vector<State::Slot> slots(state.slots.size());
  int64_t pass;
  {
    std::unique_lock lock(state.mutex);
    state.stopping = true;
    state.changed_for_takers.notify_all();
    if (state.prepare != nullptr) {
      state.changed_for_takers.wait(lock, [&] { return state.busy == 0; });
    }
    pass = ++state.pass;
    state.count = count;
    state.all = all;
    state.next = 0;
    state.taken = 0;
    state.stopping = state.ending;
    std::fill(state.rounds.begin(), state.rounds.end(), 0);
    state.slots.swap(slots);
    state.prepare.swap(replaced);
  }
  state.changed_for_workers.notify_all();
  return pass;
}

void Prefetcher::Extend(int64_t pass, int64_t count, bool all) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->pass != pass) return;
    state_->count = std::max(state_->count, count);
    state_->all = all;
  }
  state_->changed_for_workers.notify_all();
}

int64_t Prefetcher::window() const { return state_->options.window; }

bool Prefetcher::usable() const {
  if (forked()) return false;
  const std::lock_guard lock(state_->mutex);
  return !state_->ending && !state_->failure;
}

bool Prefetcher::forked() const { return getpid() != process_; }

void Prefetcher::CheckProcess() const {
  if (forked()) {
    ThrowFailedPrecondition(
        "DataLoader: this pass over the batches began before the process was forked, and its "
        "workers stayed in the parent; begin another one here");
  }
}

// Under the lock, of a call that is done.
Prefetcher::Result Prefetcher::Settle(State& state, size_t slot) {
  State::Slot& settled = state.slots[slot];
  if (settled.error) {
    const std::exception_ptr error = std::exchange(settled, {}).error;
    ++state.taken;
    state.changed_for_workers.notify_all();
    std::rethrow_exception(error);
  }
  settled.handed = true;
  return {Outcome::kReady, {settled.number, slot, settled.worker}};
}

Prefetcher::Result Prefetcher::WaitFor(int64_t pass, int64_t number, Duration patience) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  size_t slot = 0;
  const auto settled = [&] {
    slot = state.SlotOf(number);
    return state.stopping || state.failure || state.pass != pass ||
           (slot < state.slots.size() && state.slots[slot].done);
  };
  if (!state.changed_for_takers.wait_for(lock, patience, settled)) return {Outcome::kTimeout};
  if (state.stopping || state.pass != pass) return {Outcome::kStopped};
  if (state.failure) std::rethrow_exception(state.failure);
  return Settle(state, slot);
}

Prefetcher::Result Prefetcher::WaitForAny(int64_t pass, Duration patience) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  size_t slot = 0;
  const auto settled = [&] {
    const size_t none = slot = state.slots.size();
    for (size_t i = 0; i < state.slots.size(); ++i) {
      const State::Slot& other = state.slots[i];
      if (!other.done || other.handed) continue;
      if (slot == none || other.number < state.slots[slot].number) slot = i;
    }
    return state.stopping || state.failure || state.pass != pass || slot < none;
  };
  if (!state.changed_for_takers.wait_for(lock, patience, settled)) return {Outcome::kTimeout};
  if (state.stopping || state.pass != pass) return {Outcome::kStopped};
  if (state.failure) std::rethrow_exception(state.failure);
  return Settle(state, slot);
}

void Prefetcher::Release(int64_t pass, const Call& call) {
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    if (state.pass != pass) return;
    state.slots[call.slot] = {};
    ++state.taken;
  }
  state.changed_for_workers.notify_all();
}

void Prefetcher::Stop(int64_t pass) {
  if (forked()) return;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->pass != pass) return;
    state_->stopping = true;
  }
  state_->changed_for_workers.notify_all();
  state_->changed_for_takers.notify_all();
}

bool Prefetcher::WaitForWorkers(int64_t pass, Duration patience) {
  if (forked()) return true;
  std::unique_lock lock(state_->mutex);
  return state_->changed_for_takers.wait_for(
      lock, patience, [&] { return state_->busy == 0 || state_->pass != pass; });
}

void Prefetcher::Abandon() {
  if (forked()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = state_->ending = true;
  }
  state_->changed_for_workers.notify_all();
  state_->changed_for_takers.notify_all();
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
  // What starts a worker may depend on what the pass is.
  state.changed_for_workers.wait(lock, [&] {
    const bool waits = state.options.kept && state.stopping;
    return state.ending || (state.prepare != nullptr && !waits);
  });
  if (state.options.start_worker && !state.stopping) {
    std::exception_ptr error = run([&] { state.options.start_worker(worker); });
    state.changed_for_takers.notify_all();
    if (error) {
      if (!state.failure) state.failure = error;
      // One that nobody sees is dropped without the lock: what it holds may want that, too.
      lock.unlock();
      error = nullptr;
      return;
    }
  }
  for (;;) {
    state.changed_for_workers.wait(lock,
                                   [&] { return state.MayBegin(worker) || state.Over(worker); });
    if (state.Over(worker)) break;
    const size_t slot = state.SlotOf(State::kFree);
    const Call call = {state.NextOf(worker), slot, worker};
    state.slots[slot].number = call.number;
    state.slots[slot].worker = worker;
    state.CountNextOf(worker);
    // Another pass, which would replace the function, waits until nobody is busy.
    const Prepare& prepare = *state.prepare;
    std::exception_ptr error = run([&] { prepare(call); });
    state.slots[slot].error = std::move(error);
    state.slots[slot].done = true;
    state.changed_for_takers.notify_all();
  }
  state.changed_for_takers.notify_all();
}

}  // namespace neura::data::internal
