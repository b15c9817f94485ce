#include "neura/tensor/core/thread_exit.h"

#include <pthread.h>

namespace neura::internal {
namespace {

thread_local ThreadExit* t_first = nullptr;

void RunAll(void*) {
  while (ThreadExit* const exit = t_first) {
    t_first = exit->next;
    exit->run(exit);
  }
}

// The C library keeps the values of a program's first keys in the thread itself, so that setting
// one takes no memory.
pthread_key_t MakeKey() {
  pthread_key_t key;
  pthread_key_create(&key, RunAll);
  return key;
}
pthread_key_t Key() {
  static const pthread_key_t key = MakeKey();
  return key;
}
// Early, for one of those keys.
[[maybe_unused]] const pthread_key_t kEarly = Key();

}  // namespace

void AtThreadExit(ThreadExit* exit) noexcept {
  exit->next = t_first;
  t_first = exit;
  // Any value but null has RunAll called.
  pthread_setspecific(Key(), &t_first);
}

}  // namespace neura::internal
