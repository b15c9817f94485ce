// What records operations, for who replaces them and has them recorded as they were called.
#ifndef NEURA_AUTOGRAD_TAPE_H_
#define NEURA_AUTOGRAD_TAPE_H_

#include "neura/tensor/ops/dispatch.h"

namespace neura::autograd {

OpObserver& TheTape();

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_TAPE_H_
