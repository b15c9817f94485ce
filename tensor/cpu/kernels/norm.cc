// Batch and layer normalization. Statistics are accumulated in double; channels and rows run in
// parallel, the elements of one in order.
#include "neura/tensor/ops/op_list/norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

// [N, C, inner]
struct Channels {
  explicit Channels(const Tensor& tensor) : batch(tensor.size(0)), count(tensor.size(1)), inner(1) {
    for (int64_t i = 2; i < tensor.dim(); ++i) inner *= tensor.size(i);
  }
  // Calls f(offset) with the start of each contiguous run of channel c.
  template <typename F>
  void ForRuns(int64_t c, F f) const {
    for (int64_t n = 0; n < batch; ++n) f((n * count + c) * inner);
  }
  int64_t batch, count, inner;
};

// Sums f(i) over [begin, begin + n) with a few independent accumulators, which the compiler keeps
// in vector registers.
template <typename F>
double LaneSum(int64_t begin, int64_t n, F f) {
  constexpr int64_t kLanes = 8;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int64_t k = 0; k < kLanes; ++k) lanes[k] += f(begin + i + k);
  }
  for (; i < n; ++i) lanes[i % kLanes] += f(begin + i);
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
         ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// y = (x - mean) * weight * rstd + bias for channel c; either may be null. The difference comes
// first: where the mean is large beside the deviation, x * scale and mean * scale would lose it.
// What T cannot hold of the mean goes into the offset.
template <typename T>
void NormalizeChannel(const Channels& channels, int64_t c, double mean, double rstd,
                      const T* weight, const T* bias, const T* x, T* y) {
  const double scale = weight != nullptr ? rstd * static_cast<double>(weight[c]) : rstd;
  const T m = static_cast<T>(mean), a = static_cast<T>(scale);
  const double offset = bias != nullptr ? static_cast<double>(bias[c]) : 0;
  const T shift = static_cast<T>(offset - (mean - static_cast<double>(m)) * scale);
  channels.ForRuns(c, [&](int64_t begin) {
    for (int64_t i = begin; i < begin + channels.inner; ++i) y[i] = (x[i] - m) * a + shift;
  });
}

// What both gradients read: (grad, input, weight?, mean, rstd).
struct GradInputs {
  explicit GradInputs(const KernelCall& call)
      : grad(ContiguousInput(call.input(0))),
        input(ContiguousInput(call.input(1))),
        weight(OptionalInput(call, 2)),
        mean(ContiguousInput(call.input(3))),
        rstd(ContiguousInput(call.input(4))) {}
  const Tensor grad, input, weight, mean, rstd;
};

// Their elements, and those of the gradients for input, weight and bias.
template <typename T>
struct GradPointers {
  GradPointers(const GradInputs& inputs, const KernelCall& call)
      : g(In<T>(inputs.grad)),
        x(In<T>(inputs.input)),
        w(In<T>(inputs.weight)),
        means(In<T>(inputs.mean)),
        rstds(In<T>(inputs.rstd)),
        dx(Out<T>(call.output(0))),
        dw(Out<T>(call.output(1))),
        db(Out<T>(call.output(2))) {}
  const T *g, *x, *w, *means, *rstds;
  T *dx, *dw, *db;
};

}  // namespace

void BatchNormTrainingKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor weight = OptionalInput(call, 1), bias = OptionalInput(call, 2);
  const Channels channels(input);
  const double eps = call.Get<BatchNormOptions>().eps;
  const double count = static_cast<double>(channels.batch * channels.inner);
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    const T* x = In<T>(input);
    const T *w = In<T>(weight), *b = In<T>(bias);
    T* y = Out<T>(call.output(0));
    T* means = Out<T>(call.output(1));
    T* rstds = Out<T>(call.output(2));
    T* variances = Out<T>(call.output(3));
    ParallelFor(channels.count, [&](int64_t c) {
      double sum = 0, squares = 0;
      channels.ForRuns(c, [&](int64_t begin) {
        sum += LaneSum(begin, channels.inner, [&](int64_t i) { return static_cast<double>(x[i]); });
      });
      const double mean = sum / count;
      channels.ForRuns(c, [&](int64_t begin) {
        squares += LaneSum(begin, channels.inner, [&](int64_t i) {
          const double deviation = static_cast<double>(x[i]) - mean;
          return deviation * deviation;
        });
      });
      const double variance = squares / count;
      const double rstd = 1 / std::sqrt(variance + eps);
      means[c] = static_cast<T>(mean);
      rstds[c] = static_cast<T>(rstd);
      variances[c] = static_cast<T>(variance);
      NormalizeChannel(channels, c, mean, rstd, w, b, x, y);
    });
  });
}

// With xhat = (x - mean) * rstd and M values per channel:
//   dx = weight * rstd * (g - sum(g) / M - xhat * sum(g * xhat) / M), dweight = sum(g * xhat),
//   dbias = sum(g).
void BatchNormTrainingGradKernel(KernelCall& call) {
  const GradInputs inputs(call);
  const Channels channels(inputs.input);
  const double count = static_cast<double>(channels.batch * channels.inner);
  SwitchFloat(inputs.input.dtype(), [&]<typename T>(T) {
    const GradPointers<T> p(inputs, call);
    ParallelFor(channels.count, [&](int64_t c) {
      const double m = static_cast<double>(p.means[c]), r = static_cast<double>(p.rstds[c]);
      double sum = 0, product = 0;
      channels.ForRuns(c, [&](int64_t begin) {
        sum +=
            LaneSum(begin, channels.inner, [&](int64_t i) { return static_cast<double>(p.g[i]); });
        product += LaneSum(begin, channels.inner, [&](int64_t i) {
          return static_cast<double>(p.g[i]) * ((static_cast<double>(p.x[i]) - m) * r);
        });
      });
      p.dw[c] = static_cast<T>(product);
      p.db[c] = static_cast<T>(sum);
      // dx = a * g + slope * (x - mean) + shift
      const double a = r * (p.w != nullptr ? static_cast<double>(p.w[c]) : 1);
      const T mean = p.means[c], fa = static_cast<T>(a);
      const T fslope = static_cast<T>(-a * r * product / count);
      const T fshift = static_cast<T>(-a * sum / count);
      channels.ForRuns(c, [&](int64_t begin) {
        for (int64_t i = begin; i < begin + channels.inner; ++i) {
          p.dx[i] = fa * p.g[i] + fslope * (p.x[i] - mean) + fshift;
        }
      });
    });
  });
}

void BatchNormInferenceKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor mean = ContiguousInput(call.input(1)), variance = ContiguousInput(call.input(2));
  const Tensor weight = OptionalInput(call, 3), bias = OptionalInput(call, 4);
  const Channels channels(input);
  const double eps = call.Get<BatchNormOptions>().eps;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    const T* x = In<T>(input);
    const T* means = In<T>(mean);
    const T* variances = In<T>(variance);
    const T *w = In<T>(weight), *b = In<T>(bias);
    T* y = Out<T>(call.output());
    ParallelFor(channels.count, [&](int64_t c) {
      const double rstd = 1 / std::sqrt(static_cast<double>(variances[c]) + eps);
      NormalizeChannel(channels, c, static_cast<double>(means[c]), rstd, w, b, x, y);
    });
  });
}

void LayerNormKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor weight = OptionalInput(call, 1), bias = OptionalInput(call, 2);
  const double eps = call.Get<LayerNormOptions>().eps;
  const int64_t rows = call.output(1).numel();
  if (rows == 0) return;
  const int64_t size = input.numel() / rows;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    const T *w = In<T>(weight), *b = In<T>(bias);
    ParallelFor(rows, [&](int64_t row) {
      const T* x = In<T>(input) + row * size;
      T* y = Out<T>(call.output(0)) + row * size;
      const double mean = LaneSum(0, size, [&](int64_t i) { return static_cast<double>(x[i]); }) /
                          static_cast<double>(size);
      const double squares = LaneSum(0, size, [&](int64_t i) {
        const double deviation = static_cast<double>(x[i]) - mean;
        return deviation * deviation;
      });
      const double rstd = 1 / std::sqrt(squares / static_cast<double>(size) + eps);
      Out<T>(call.output(1))[row] = static_cast<T>(mean);
      Out<T>(call.output(2))[row] = static_cast<T>(rstd);
      const T m = static_cast<T>(mean), r = static_cast<T>(rstd);
      // What T cannot hold of the mean.
      const T rest = static_cast<T>((static_cast<double>(m) - mean) * rstd);
      for (int64_t i = 0; i < size; ++i) {
        const T normalized = (x[i] - m) * r + rest;
        y[i] = (w != nullptr ? normalized * w[i] : normalized) + (b != nullptr ? b[i] : T(0));
      }
    });
  });
}

// With xhat = (x - mean) * rstd and h = g * weight, over the `size` elements of a row:
//   dx = rstd * (h - mean(h) - xhat * mean(h * xhat)); dweight = sum over rows of g * xhat,
//   dbias = sum over rows of g.
void LayerNormGradKernel(KernelCall& call) {
  const GradInputs inputs(call);
  const int64_t rows = inputs.mean.numel(), size = call.output(1).numel();
  SwitchFloat(inputs.input.dtype(), [&]<typename T>(T) {
    const GradPointers<T> p(inputs, call);
    const auto normalized = [&](int64_t row, int64_t i) {
      return (static_cast<double>(p.x[row * size + i]) - static_cast<double>(p.means[row])) *
             static_cast<double>(p.rstds[row]);
    };
    const auto weighted = [&](int64_t row, int64_t i) {
      const double value = static_cast<double>(p.g[row * size + i]);
      return p.w != nullptr ? value * static_cast<double>(p.w[i]) : value;
    };
    ParallelFor(rows, [&](int64_t row) {
      const double inverse = 1 / static_cast<double>(size);
      const double sum = LaneSum(0, size, [&](int64_t i) { return weighted(row, i); }) * inverse;
      const double product =
          LaneSum(0, size, [&](int64_t i) { return weighted(row, i) * normalized(row, i); }) *
          inverse;
      for (int64_t i = 0; i < size; ++i) {
        p.dx[row * size + i] =
            static_cast<T>(static_cast<double>(p.rstds[row]) *
                           (weighted(row, i) - sum - normalized(row, i) * product));
      }
    });
    constexpr int64_t kColumns = 64;
    ParallelFor((size + kColumns - 1) / kColumns, [&](int64_t block) {
      const int64_t begin = block * kColumns, width = std::min(kColumns, size - begin);
      double weights[kColumns] = {}, biases[kColumns] = {};
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t i = 0; i < width; ++i) {
          const double value = static_cast<double>(p.g[row * size + begin + i]);
          weights[i] += value * normalized(row, begin + i);
          biases[i] += value;
        }
      }
      for (int64_t i = 0; i < width; ++i) {
        p.dw[begin + i] = static_cast<T>(weights[i]);
        p.db[begin + i] = static_cast<T>(biases[i]);
      }
    });
  });
}

}  // namespace neura::cpu
