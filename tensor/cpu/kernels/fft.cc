// Fourier transforms over tensors. Vectors are computed in float64, one by one, whatever lies
// between their elements.
#include "neura/tensor/cpu/fft.h"

#include <algorithm>
#include <complex>
#include <vector>

#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/fft.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

constexpr int64_t kTask = 1 << 14;  // elements of a task, at least

// Calls transform(in, out) with buffers of In and Out for each vector along `dim`, between reading
// from the input, whose elements are of type From, and writing to the output, of type To.
template <typename In, typename From, typename Out, typename To, typename F>
void ForVectors(const KernelCall& call, int64_t given_dim, const F& transform) {
  const Tensor &input = call.input(0), &output = call.output();
  const int64_t dim = NormalizeDim(call.call.schema().name, given_dim, input.dim());
  const LoopDims<1> lanes = PlanReduction(input, {dim}).kept;
  const AroundDim around(output, dim);
  const int64_t count = around.outer * around.inner, extent = input.size(dim);
  const int64_t stride = input.strides()[static_cast<size_t>(dim)];
  const int64_t per_task = std::max<int64_t>(kTask / std::max(extent, around.extent), 1);
  const From* const from = cpu::In<From>(input);
  To* const to = cpu::Out<To>(output);
  ParallelFor((count + per_task - 1) / per_task, [&](int64_t task) {
    std::vector<In> in(static_cast<size_t>(extent));
    std::vector<Out> out(static_cast<size_t>(around.extent));
    for (int64_t lane = task * per_task; lane < std::min((task + 1) * per_task, count); ++lane) {
      const From* const x = from + lanes.OffsetOf(lane);
      for (int64_t i = 0; i < extent; ++i) in[static_cast<size_t>(i)] = In(x[i * stride]);
      transform(in.data(), out.data());
      To* const y = to + lane / around.inner * around.inner * around.extent + lane % around.inner;
      for (int64_t i = 0; i < around.extent; ++i) {
        y[i * around.inner] = static_cast<To>(out[static_cast<size_t>(i)]);
      }
    }
  });
}

using Number = std::complex<double>;

// f(float()) or f(double()), by the dtype of the parts.
template <typename F>
void SwitchParts(DType dtype, const F& f) {
  RealDType(dtype) == kFloat32 ? f(float()) : f(double());
}

}  // namespace

void FftC2CKernel(KernelCall& call) {
  if (call.output().numel() == 0) return;
  const auto& options = call.Get<FftOptions>();
  const auto plan = PlanFft(call.input(0).size(options.dim), options.inverse);
  SwitchParts(call.output().dtype(), [&]<typename T>(T) {
    ForVectors<Number, std::complex<T>, Number, std::complex<T>>(
        call, options.dim, [&](const Number* in, Number* out) { plan->Run(in, out); });
  });
}

void FftR2CKernel(KernelCall& call) {
  if (call.output().numel() == 0) return;
  const int64_t dim = call.Get<DimOptions>().dim;
  const auto plan = PlanFft(call.input(0).size(dim), false);
  SwitchParts(call.output().dtype(), [&]<typename T>(T) {
    ForVectors<double, T, Number, std::complex<T>>(
        call, dim, [&](const double* in, Number* out) { plan->RunReal(in, out); });
  });
}

void FftC2RKernel(KernelCall& call) {
  if (call.output().numel() == 0) return;
  const int64_t dim = call.Get<FftToRealOptions>().dim, n = call.Get<FftToRealOptions>().n;
  const auto plan = PlanFft(n, true);
  SwitchParts(call.output().dtype(), [&]<typename T>(T) {
    ForVectors<Number, std::complex<T>, double, T>(call, dim, [&](const Number* in, double* out) {
      std::vector<Number> all(static_cast<size_t>(n)), result(all.size());
      for (int64_t k = 0; k < n; ++k) {
        all[static_cast<size_t>(k)] = k <= n / 2 ? in[k] : std::conj(in[n - k]);
      }
      // What is its own conjugate is real.
      all[0] = all[0].real();
      if (n % 2 == 0) all[static_cast<size_t>(n / 2)] = in[n / 2].real();
      plan->Run(all.data(), result.data());
      for (size_t k = 0; k < result.size(); ++k) out[k] = result[k].real();
    });
  });
}

}  // namespace neura::cpu
