#ifndef NEURA_TENSOR_PARALLEL_THREAD_POOL_H_
#define NEURA_TENSOR_PARALLEL_THREAD_POOL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace neura {

// More threads than this are taken for a mistake.
inline constexpr int kMaxThreads = 4096;

// The number of threads that share the work of one operation: the caller's and
// GetNumThreads() - 1 from the process-wide pool. When the program is loaded it is the environment
// variable NEURA_NUM_THREADS if that is a number from 1 to kMaxThreads, else (with
// a note on stderr) as the number of processors this process may run on.
int GetNumThreads();

// Sets it for the whole process. Throws neura::Error (kInvalidArgument) if
// num_threads < 1 or > kMaxThreads. Results never depend on it: see ParallelFor.
void SetNumThreads(int num_threads);

// Calls body(i) once for every i in [0, count), in any order and concurrently,
// and returns when all calls have returned; what they wrote is then visible to
// the caller. Items are claimed one at a time, so they may differ in cost.
//
// For results that are the same for every thread count, what an item computes
// must depend on i alone: cut the work into items whose size is fixed by the
// problem, never by GetNumThreads().
//
// A call from inside a body runs serially on that thread. Several threads may
// call at once; they share the pool. What a body throws reaches the caller, once
// the calls in progress have returned; further items are then left out. body must
// not fork. A forked child starts with a pool of its own.
void ParallelFor(int64_t count, absl::FunctionRef<void(int64_t)> body);

}  // namespace neura

#endif  // NEURA_TENSOR_PARALLEL_THREAD_POOL_H_
