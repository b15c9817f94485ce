// Mutexes of the whole process, and fork.
#ifndef NEURA_TENSOR_CORE_FORK_LOCK_H_
#define NEURA_TENSOR_CORE_FORK_LOCK_H_

#include <mutex>

namespace neura::internal {

// From now on a fork waits until no other thread holds the mutex, so that the child finds it free.
// It must live as long as the process; a thread that holds it must not fork, nor take another such
// mutex. Returns true, for use in an initialization before main().
bool HoldAcrossFork(std::mutex& mutex);

}  // namespace neura::internal

#endif  // NEURA_TENSOR_CORE_FORK_LOCK_H_
