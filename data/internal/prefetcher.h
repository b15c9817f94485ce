// Threads that prepare numbered results ahead of the one who takes them in order.
#ifndef NEURA_DATA_INTERNAL_PREFETCHER_H_
#define NEURA_DATA_INTERNAL_PREFETCHER_H_

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace neura::data::internal {

// Calls prepare(i) once for every i in [0, count), each on one of `num_workers` threads (fewer
// where there is less to do), never `window` or more ahead of the results that were taken.
// Everything but prepare runs on the taker's thread.
class Prefetcher {
 public:
  // Throws ResourceExhausted when the threads cannot be started.
  Prefetcher(int64_t count, int num_workers, int64_t window, std::function<void(int64_t)> prepare);
  // Waits for the calls of prepare that have begun; no others begin.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Waits until prepare(i) has returned, and throws what it threw. i is 0, 1, 2, ...
  void Wait(int64_t i);
  // Result i has been taken: the workers may reuse its place.
  void Release(int64_t i);

 private:
  struct Place {
    bool done = false;
    std::exception_ptr error;
  };

  Place& place(int64_t i) { return places_[static_cast<size_t>(i % window_)]; }
  void Work();
  void Stop();

  const int64_t count_;
  const int64_t window_;
  const std::function<void(int64_t)> prepare_;

  std::mutex mutex_;
  std::condition_variable changed_for_taker_;
  std::condition_variable changed_for_workers_;
  int64_t next_ = 0;      // to be begun
  int64_t released_ = 0;  // results taken
  bool stopping_ = false;
  std::vector<Place> places_;

  std::vector<std::thread> workers_;  // last: they use the rest
};

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_PREFETCHER_H_
