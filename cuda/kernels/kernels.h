// The kernels that are written by hand, one for each operation. They need no memory but the
// call's: what is copied on the way is queued with them.
#ifndef NEURA_CUDA_KERNELS_KERNELS_H_
#define NEURA_CUDA_KERNELS_KERNELS_H_

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

// Calls macro(Name) for each operation beside the pointwise rows of the operation list.
#define NEURA_FORALL_OTHER_KERNELS(macro)                                                          \
  macro(Where) macro(NextAfter) macro(Polynomial) macro(Clone) macro(Cast) macro(Assign)           \
      macro(Sum) macro(Mean) macro(Prod) macro(AMax) macro(AMin) macro(All) macro(Any)             \
          macro(ArgMax) macro(ArgMin) macro(CumSum) macro(CumProd) macro(LogCumSumExp)             \
              macro(CumMax) macro(CumMin) macro(SearchSorted) macro(Sort) macro(MaxPool)           \
                  macro(MaxPoolScatter) macro(MaxPoolGather) macro(AvgPool) macro(AvgPoolGrad)     \
                      macro(AdaptiveAvgPool) macro(AdaptiveAvgPoolGrad) macro(BatchNormInference)  \
                          macro(LayerNorm) macro(LayerNormGrad) macro(IndexSelect) macro(IndexAdd) \
                              macro(IndexAssign) macro(Gather) macro(ScatterAdd)                   \
                                  macro(ScatterElements) macro(Cat) macro(Pad) macro(Flip)         \
                                      macro(Tril) macro(Triu) macro(AsStridedGrad)                 \
                                          macro(AsStridedScatter) macro(Full) macro(Range)         \
                                              macro(RandomUniform) macro(RandomNormal)             \
                                                  macro(RandomInt) macro(RandomBernoulli)          \
                                                      macro(RandomPermutation)                     \
                                                          macro(FusedPointwise) macro(FusedUpdate)

#define NEURA_DECLARE(Name) void Name##Kernel(KernelCall& call);
NEURA_FORALL_OTHER_KERNELS(NEURA_DECLARE)
#undef NEURA_DECLARE
#define NEURA_UNARY_WITH(Name, ...) void Name##Kernel(KernelCall& call);
#define NEURA_BINARY(Name, ...) void Name##Kernel(KernelCall& call);
#include "neura/tensor/ops/op_list/pointwise.inc"

// Puts all of them into a table.
void InstallKernels(KernelTable& table);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_KERNELS_H_
