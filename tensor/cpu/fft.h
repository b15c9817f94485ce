// Fourier transforms of vectors in memory.
#ifndef NEURA_TENSOR_CPU_FFT_H_
#define NEURA_TENSOR_CPU_FFT_H_

#include <complex>
#include <cstdint>
#include <memory>

namespace neura::cpu {

// For vectors of one length, in one direction. Threads may share it.
class FftPlan {
 public:
  virtual ~FftPlan() = default;
  // out[k] = sum(in[j] * exp(-+ 2 pi i j k / n)), over n elements. `in` is not `out`.
  virtual void Run(const std::complex<double>* in, std::complex<double>* out) const = 0;
  // The first n / 2 + 1 of them, for the real numbers in[0] to in[n - 1]. Not of an inverse plan.
  virtual void RunReal(const double* in, std::complex<double>* out) const = 0;
};

// n > 0. Plans of moderate length are kept for the next call.
std::shared_ptr<const FftPlan> PlanFft(int64_t n, bool inverse);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_FFT_H_
