// Threads that prepare numbered results ahead of those who take them.
#ifndef NEURA_DATA_INTERNAL_PREFETCHER_H_
#define NEURA_DATA_INTERNAL_PREFETCHER_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

namespace neura::data::internal {

// Runs the numbered calls of one pass after another, each once and on one thread, never `window` or
// more ahead of the results that were taken. Results wait in slots, of which there are `window`.
// All member functions may be called from several threads at once.
//
// The functions own what they touch: a worker that was abandoned may still be inside of them when
// the Prefetcher is gone.
class Prefetcher {
 public:
  using Duration = std::chrono::milliseconds;
  // More calls than there will ever be.
  static constexpr int64_t kEndless = std::numeric_limits<int64_t>::max() / 4;

  // One call: its number, where its result goes, and the number of the worker that runs it.
  struct Call {
    int64_t number = 0;
    size_t slot = 0;
    int worker = 0;
  };
  using Prepare = std::function<void(const Call&)>;

  struct Options {
    int num_workers = 1;
    int64_t window = 1;
    // Each worker begins with start_worker(its number), even if nothing is left to do; what it
    // throws comes out of every wait.
    std::function<void(int)> start_worker = nullptr;
    // Call i of a pass runs on worker i mod num_workers.
    bool pinned = false;
    // Workers wait for another Begin() when all is done.
    bool kept = false;
  };
  // Throws ResourceExhausted when the threads cannot be started.
  explicit Prefetcher(Options options);
  // Stops, and waits for the calls that have begun unless the workers were abandoned.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Starts a pass of `count` calls; with `all`, no others follow. Calls of the pass before are
  // stopped, and waited for.
  int64_t Begin(int64_t count, bool all, Prepare prepare);
  // `pass` is what Begin() returned. Once another pass began, functions that are given the old one
  // do nothing, and waits are over.
  void Extend(int64_t pass, int64_t count, bool all);

  int64_t window() const;
  // Whether another pass may begin: not after Abandon(), nor in a process that was forked since.
  bool usable() const;

  // Throws FailedPrecondition in a process that was forked since the workers began: it has none.
  void CheckProcess() const;

  enum class Outcome { kReady, kTimeout, kStopped };
  struct Result {
    Outcome outcome = Outcome::kTimeout;
    Call call = {};  // where it is ready
  };
  // Waits, at most that long, until the call has returned; throws what it threw.
  Result WaitFor(int64_t pass, int64_t number, Duration patience);
  // The same for any call whose result nobody else was given.
  Result WaitForAny(int64_t pass, Duration patience);
  // The result has been taken from its slot, which the workers may reuse.
  void Release(int64_t pass, const Call& call);

  // No other call begins; who waits is told.
  void Stop(int64_t pass);
  // After Stop(): waits, at most that long, until no call is in progress. In a forked process there
  // is none.
  bool WaitForWorkers(int64_t pass, Duration patience);
  // Workers that are inside of a call end by themselves when it returns; no other begins.
  void Abandon();

 private:
  struct State;
  static void Work(State& state, int worker);
  bool forked() const;
  void End();
  Result Settle(State& state, size_t slot);

  const pid_t process_;
  std::shared_ptr<State> state_;
  std::vector<std::thread> workers_;
};

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_PREFETCHER_H_
