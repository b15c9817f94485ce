/* Calls into Python that take the interpreter's lock, or let it go for a while and take it again,
 * in C.
 *
 * Python ends a thread that asks for the lock while the interpreter ends, with pthread_exit(). Only
 * a cleanup handler of C is called then whatever library unwinds the stack: the thread waits there
 * for the end of the process, and no frame of C++ above is touched. */
#ifndef NEURA_PYTHON_EXTENSION_LOCK_CALLS_H_
#define NEURA_PYTHON_EXTENSION_LOCK_CALLS_H_

#include <Python.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PyEval_RestoreThread. */
void NeuraRestoreThread(PyThreadState* state);
/* PyGILState_Ensure. */
PyGILState_STATE NeuraEnsureLock(void);
/* PyObject_Call without keywords. */
PyObject* NeuraCallObject(PyObject* callable, PyObject* arguments);

#ifdef __cplusplus
}
#endif

#endif /* NEURA_PYTHON_EXTENSION_LOCK_CALLS_H_ */
