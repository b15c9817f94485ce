// Softmax over the middle dimension of contiguous arrays [outer, size, inner].
#ifndef NEURA_TENSOR_CPU_SOFTMAX_H_
#define NEURA_TENSOR_CPU_SOFTMAX_H_

#include <cstdint>

namespace neura::cpu {

// All run on the thread pool and give the same bits for every number of threads. T: float, double.
// output may be input.

// exp(x) / sum(exp(x)), computed from x - max(x), so that nothing overflows. A NaN, an infinity, or
// nothing but -infinity makes all of its sum's values NaN.
template <typename T>
void Softmax(int64_t outer, int64_t size, int64_t inner, const T* input, T* output);

// The logarithm of Softmax, without its underflow.
template <typename T>
void LogSoftmax(int64_t outer, int64_t size, int64_t inner, const T* input, T* output);

// The gradients with respect to the input, given those with respect to the output, and the output:
//   Softmax: output * (output_grad - sum(output_grad * output))
//   LogSoftmax: output_grad - exp(output) * sum(output_grad)
template <typename T>
void SoftmaxGrad(int64_t outer, int64_t size, int64_t inner, const T* output_grad, const T* output,
                 T* input_grad);
template <typename T>
void LogSoftmaxGrad(int64_t outer, int64_t size, int64_t inner, const T* output_grad,
                    const T* output, T* input_grad);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_SOFTMAX_H_
