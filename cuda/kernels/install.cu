#include "neura/cuda/kernels/kernels.h"
#include "neura/tensor/ops/op_list.h"

namespace neura::cuda {

void InstallKernels(KernelTable& table) {
#define NEURA_INSTALL(Name) table[op::k##Name] = &Name##Kernel;
  NEURA_FORALL_OTHER_KERNELS(NEURA_INSTALL)
#undef NEURA_INSTALL
#define NEURA_UNARY_WITH(Name, ...) table[op::k##Name] = &Name##Kernel;
#define NEURA_BINARY(Name, ...) table[op::k##Name] = &Name##Kernel;
#include "neura/tensor/ops/op_list/pointwise.inc"
}

}  // namespace neura::cuda
