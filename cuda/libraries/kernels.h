// The kernels that are calls of cuBLAS and cuDNN.
#ifndef NEURA_CUDA_LIBRARIES_KERNELS_H_
#define NEURA_CUDA_LIBRARIES_KERNELS_H_

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

// Calls macro(Name) for each of their operations.
#define NEURA_FORALL_LIBRARY_KERNELS(macro)                                          \
  macro(MatMul) macro(Linear) macro(Conv) macro(ConvInputGrad) macro(ConvWeightGrad) \
      macro(Softmax) macro(SoftmaxGrad) macro(LogSoftmax) macro(LogSoftmaxGrad)      \
          macro(BatchNormTraining) macro(BatchNormTrainingGrad)

#define NEURA_DECLARE(Name) void Name##Kernel(KernelCall& call);
NEURA_FORALL_LIBRARY_KERNELS(NEURA_DECLARE)
#undef NEURA_DECLARE

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_KERNELS_H_
