#include "neura/tensor/cpu_backend/kernels.h"
namespace neura::cpu {
#define P(N) void N##Kernel(KernelCall& call) noexcept { call.Fail("pending"); }
P(MaxPool2d) P(MaxPool2dScatter) P(MaxPool2dGather)
P(AvgPool2d) P(AvgPool2dGrad) P(AdaptiveAvgPool2d) P(AdaptiveAvgPool2dGrad) P(Softmax) P(SoftmaxGrad) P(LogSoftmax) P(LogSoftmaxGrad)
}
