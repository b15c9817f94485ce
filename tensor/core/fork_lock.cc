#include "neura/tensor/core/fork_lock.h"

#include <pthread.h>

#include <vector>

namespace neura::internal {
namespace {

std::vector<std::mutex*>& Held() {
  static auto* const held = new std::vector<std::mutex*>();
  return *held;
}

void LockAll() {
  for (std::mutex* const mutex : Held()) mutex->lock();
}
void UnlockAll() {
  for (std::mutex* const mutex : Held()) mutex->unlock();
}

}  // namespace

bool HoldAcrossFork(std::mutex& mutex) {
  if (Held().empty()) pthread_atfork(LockAll, UnlockAll, UnlockAll);
  Held().push_back(&mutex);
  return true;
}

}  // namespace neura::internal
