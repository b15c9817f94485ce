#include "neura/python/extension/lock_calls.h"

#include <pthread.h>
#include <unistd.h>

static void WaitForTheEndOfTheProcess(void* unused) {
  (void)unused;
  for (;;) pause();
}

void NeuraRestoreThread(PyThreadState* state) {
  pthread_cleanup_push(WaitForTheEndOfTheProcess, NULL);
  PyEval_RestoreThread(state);
  pthread_cleanup_pop(0);
}

PyGILState_STATE NeuraEnsureLock(void) {
  PyGILState_STATE state;
  pthread_cleanup_push(WaitForTheEndOfTheProcess, NULL);
  state = PyGILState_Ensure();
  pthread_cleanup_pop(0);
  return state;
}

PyObject* NeuraCallObject(PyObject* callable, PyObject* arguments) {
  PyObject* result;
  pthread_cleanup_push(WaitForTheEndOfTheProcess, NULL);
  result = PyObject_Call(callable, arguments, NULL);
  pthread_cleanup_pop(0);
  return result;
}
