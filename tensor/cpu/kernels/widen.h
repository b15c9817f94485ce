// Dtypes that kernels have no loops for: they compute in the wider one (WideDType), and this
// converts what goes in and what comes out.
#ifndef NEURA_TENSOR_CPU_KERNELS_WIDEN_H_
#define NEURA_TENSOR_CPU_KERNELS_WIDEN_H_

#include "neura/tensor/ops/backend.h"

namespace neura::cpu {

// Whether an input or output of the call has a dtype that is computed in a wider one.
bool NeedsWidening(const KernelCall& call);

// Runs the kernel on converted copies of such inputs, and rounds its results.
void RunWidened(KernelCall& call, Kernel kernel);

// A kernel that knows the wide dtypes, as one for all of them.
template <Kernel kKernel>
void Widened(KernelCall& call) {
  NeedsWidening(call) ? RunWidened(call, kKernel) : kKernel(call);
}

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_WIDEN_H_
