// Threads that prepare numbered results ahead of those who take them.
#ifndef NEURA_DATA_INTERNAL_PREFETCHER_H_
#define NEURA_DATA_INTERNAL_PREFETCHER_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace neura::data::internal {

// Calls prepare(i) once for every i in [0, count), each on one of `num_workers` threads (fewer
// where there is less to do), never `window` or more ahead of the results that were taken. All
// member functions may be called from several threads at once.
//
// The functions own what they touch: a worker that was abandoned may still be inside of them when
// the Prefetcher is gone.
class Prefetcher {
 public:
  using Duration = std::chrono::milliseconds;

  // Each worker begins with start_worker(its number), where that is given, even if nothing is left
  // to do; what it throws comes out of every WaitFor(). Throws ResourceExhausted when the threads
  // cannot be started.
  Prefetcher(int64_t count, int num_workers, int64_t window, std::function<void(int64_t)> prepare,
             std::function<void(int)> start_worker = nullptr);
  // Stops, and waits for the calls that have begun unless the workers were abandoned.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Throws FailedPrecondition in a process that was forked since the workers began: it has none.
  void CheckProcess() const;

  enum class Outcome { kReady, kTimeout, kStopped };
  // Waits, at most that long, until prepare(i) has returned, and throws what it threw.
  Outcome WaitFor(int64_t i, Duration patience);
  // Result i has been taken: the workers may reuse its place.
  void Release(int64_t i);

  // No other call begins; who waits is told.
  void Stop();
  // After Stop(): waits, at most that long, until no call is in progress. In a forked process there
  // is none.
  bool WaitForWorkers(Duration patience);
  // After Stop(): workers that are inside of a call end by themselves when it returns.
  void Abandon();

 private:
  struct State;
  static void Work(State& state, int worker);
  bool forked() const;

  const pid_t process_;
  std::shared_ptr<State> state_;
  std::vector<std::thread> workers_;
};

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_PREFETCHER_H_
