// Where a new thread's stack begins, which JavaScript sets before the thread runs.
#include <pthread.h>

extern "C" __attribute__((used)) void* neura_thread_stack(pthread_t thread) {
  pthread_attr_t attributes;
  void* end;
  size_t bytes;
  pthread_getattr_np(thread, &attributes);
  pthread_attr_getstack(&attributes, &end, &bytes);
  return static_cast<char*>(end) + bytes;
}
