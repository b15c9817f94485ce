// Batch and layer normalization, compiled for a few targets. Statistics are accumulated in double;
// channels and rows run in parallel, the elements of one in order.
#include "neura/tensor/ops/op_list/norm.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "neura/tensor/cpu/few_targets.h"  // IWYU pragma: keep
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/parallel/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/norm.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
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

// The last `num_dims` dimensions are a row.
struct Rows {
  Rows(const Tensor& tensor, int64_t num_dims) : count(1), size(1) {
    for (int64_t i = 0; i < tensor.dim(); ++i) {
      (i < tensor.dim() - num_dims ? count : size) *= tensor.size(i);
    }
  }
  int64_t count, size;
};

// What a sum's terms are computed from: elements as double, one by one or as vectors of them.
struct OneByOne {
  int64_t i;
  template <typename T>
  HWY_INLINE double operator()(const T* x) const {
    return static_cast<double>(x[i]);
  }
  static HWY_INLINE double Number(double x) { return x; }
};
struct ByVectors {
  using D = hn::ScalableTag<double>;
  int64_t i;
  template <typename T>
  HWY_INLINE Lanes<D> operator()(const T* x) const {
    return LoadAs(D(), x + i);
  }
  static HWY_INLINE Lanes<D> Number(double x) { return Lanes<D>(x); }
};

// Sums term(at) over [begin, begin + n), as if in kSumLanes lanes whatever the target has.
template <typename F>
HWY_INLINE double LaneSum(int64_t begin, int64_t n, F term) {
  using D = ByVectors::D;
  constexpr int64_t kSumLanes = 16, kN = static_cast<int64_t>(hn::MaxLanes(D()));
  constexpr int64_t kVectors = kSumLanes / kN;
  HWY_ALIGN double lanes[kSumLanes] = {};
  int64_t i = 0;
  if (n >= kSumLanes) {
    Lanes<D> sums[kVectors];
#pragma GCC unroll 16
    for (auto& sum : sums) sum = Lanes<D>(0.0);
    for (; i + kSumLanes <= n; i += kSumLanes) {
#pragma GCC unroll 16
      for (int64_t v = 0; v < kVectors; ++v) {
        sums[v] = sums[v] + term(ByVectors{begin + i + v * kN});
      }
    }
#pragma GCC unroll 16
    for (int64_t v = 0; v < kVectors; ++v) hn::Store(sums[v].raw, D(), lanes + v * kN);
  }
  for (; i < n; ++i) lanes[i % kSumLanes] += term(OneByOne{begin + i});
  for (int64_t width = kSumLanes / 2; width > 0; width /= 2) {
    for (int64_t k = 0; k < width; ++k) lanes[k] += lanes[k + width];
  }
  return lanes[0];
}

// Of an output that may not be wanted.
template <typename T>
void Set(T* output, int64_t i, double value) {
  if (output != nullptr) output[i] = static_cast<T>(value);
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
  channels.ForRuns(c, [&](int64_t begin) HWY_ATTR {
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

// Their elements, and those of the gradients for input, weight and bias, where they are wanted.
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

void BatchNormTraining(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor weight = OptionalInput(call, 1), bias = OptionalInput(call, 2);
  const Channels channels(input);
  const double eps = call.Get<BatchNormOptions>().eps;
  const double count = static_cast<double>(channels.batch * channels.inner);
  SwitchFloat(input.dtype(), [&]<typename T>(T) HWY_ATTR {
    const T* x = In<T>(input);
    const T *w = In<T>(weight), *b = In<T>(bias);
    T* y = Out<T>(call.output(0));
    T* means = Out<T>(call.output(1));
    T* rstds = Out<T>(call.output(2));
    T* variances = Out<T>(call.output(3));
    ParallelFor(channels.count, [&](int64_t c) HWY_ATTR {
      double sum = 0, squares = 0;
      channels.ForRuns(c, [&](int64_t begin) HWY_ATTR {
        sum += LaneSum(begin, channels.inner, [&](auto at) HWY_ATTR { return at(x); });
      });
      const double mean = sum / count;
      channels.ForRuns(c, [&](int64_t begin) HWY_ATTR {
        squares += LaneSum(begin, channels.inner, [&](auto at) HWY_ATTR {
          const auto deviation = at(x) - at.Number(mean);
          return deviation * deviation;
        });
      });
      const double variance = squares / count;
      const double rstd = 1 / std::sqrt(variance + eps);
      Set(means, c, mean);
      Set(rstds, c, rstd);
      Set(variances, c, variance);
      if (y != nullptr) NormalizeChannel(channels, c, mean, rstd, w, b, x, y);
    });
  });
}

// With xhat = (x - mean) * rstd and M values per channel:
//   dx = weight * rstd * (g - sum(g) / M - xhat * sum(g * xhat) / M), dweight = sum(g * xhat),
//   dbias = sum(g).
void BatchNormTrainingGrad(KernelCall& call) {
  const GradInputs inputs(call);
  const Channels channels(inputs.input);
  const double count = static_cast<double>(channels.batch * channels.inner);
  SwitchFloat(inputs.input.dtype(), [&]<typename T>(T) HWY_ATTR {
    const GradPointers<T> p(inputs, call);
    ParallelFor(channels.count, [&](int64_t c) HWY_ATTR {
      const double m = static_cast<double>(p.means[c]), r = static_cast<double>(p.rstds[c]);
      double sum = 0, product = 0;
      channels.ForRuns(c, [&](int64_t begin) HWY_ATTR {
        sum += LaneSum(begin, channels.inner, [&](auto at) HWY_ATTR { return at(p.g); });
        product += LaneSum(begin, channels.inner, [&](auto at) HWY_ATTR {
          return at(p.g) * ((at(p.x) - at.Number(m)) * at.Number(r));
        });
      });
      Set(p.dw, c, product);
      Set(p.db, c, sum);
      if (p.dx == nullptr) return;
      // dx = a * g + slope * (x - mean) + shift
      const double a = r * (p.w != nullptr ? static_cast<double>(p.w[c]) : 1);
      const T mean = p.means[c], fa = static_cast<T>(a);
      const T fslope = static_cast<T>(-a * r * product / count);
      const T fshift = static_cast<T>(-a * sum / count);
      channels.ForRuns(c, [&](int64_t begin) HWY_ATTR {
        for (int64_t i = begin; i < begin + channels.inner; ++i) {
          p.dx[i] = fa * p.g[i] + fslope * (p.x[i] - mean) + fshift;
        }
      });
    });
  });
}

void BatchNormInference(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor mean = ContiguousInput(call.input(1)), variance = ContiguousInput(call.input(2));
  const Tensor weight = OptionalInput(call, 3), bias = OptionalInput(call, 4);
  const Channels channels(input);
  const double eps = call.Get<BatchNormOptions>().eps;
  SwitchFloat(input.dtype(), [&]<typename T>(T) HWY_ATTR {
    const T* x = In<T>(input);
    const T* means = In<T>(mean);
    const T* variances = In<T>(variance);
    const T *w = In<T>(weight), *b = In<T>(bias);
    T* y = Out<T>(call.output());
    ParallelFor(channels.count, [&](int64_t c) HWY_ATTR {
      const double rstd = 1 / std::sqrt(static_cast<double>(variances[c]) + eps);
      NormalizeChannel(channels, c, static_cast<double>(means[c]), rstd, w, b, x, y);
    });
  });
}

void LayerNorm(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const Tensor weight = OptionalInput(call, 1), bias = OptionalInput(call, 2);
  const double eps = call.Get<LayerNormOptions>().eps;
  const Rows rows(input, call.Get<LayerNormOptions>().num_dims);
  SwitchFloat(input.dtype(), [&]<typename T>(T) HWY_ATTR {
    const T *w = In<T>(weight), *b = In<T>(bias);
    T* const means = Out<T>(call.output(1));
    T* const rstds = Out<T>(call.output(2));
    const int64_t size = rows.size;
    ParallelFor(rows.count, [&](int64_t row) HWY_ATTR {
      const T* x = In<T>(input) + row * size;
      const double mean =
          LaneSum(0, size, [&](auto at) HWY_ATTR { return at(x); }) / static_cast<double>(size);
      const double squares = LaneSum(0, size, [&](auto at) HWY_ATTR {
        const auto deviation = at(x) - at.Number(mean);
        return deviation * deviation;
      });
      const double rstd = 1 / std::sqrt(squares / static_cast<double>(size) + eps);
      Set(means, row, mean);
      Set(rstds, row, rstd);
      if (!call.wants(0)) return;
      T* y = Out<T>(call.output(0)) + row * size;
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
void LayerNormGrad(KernelCall& call) {
  const GradInputs inputs(call);
  const Rows shape(inputs.input, call.Get<LayerNormOptions>().num_dims);
  const int64_t rows = shape.count, size = shape.size;
  SwitchFloat(inputs.input.dtype(), [&]<typename T>(T) HWY_ATTR {
    const GradPointers<T> p(inputs, call);
    ParallelFor(p.dx != nullptr ? rows : 0, [&](int64_t row) HWY_ATTR {
      const T *g = p.g + row * size, *x = p.x + row * size;
      const double mean = static_cast<double>(p.means[row]);
      const double rstd = static_cast<double>(p.rstds[row]);
      const auto normalized = [&](auto at)
                                  HWY_ATTR { return (at(x) - at.Number(mean)) * at.Number(rstd); };
      const auto weighted = [&](auto at)
                                HWY_ATTR { return p.w != nullptr ? at(g) * at(p.w) : at(g); };
      const double inverse = 1 / static_cast<double>(size);
      const double sum = LaneSum(0, size, weighted) * inverse;
      const double product =
          LaneSum(0, size, [&](auto at) HWY_ATTR { return weighted(at) * normalized(at); }) *
          inverse;
      for (int64_t i = 0; i < size; ++i) {
        const OneByOne at{i};
        p.dx[row * size + i] =
            static_cast<T>(rstd * (weighted(at) - sum - normalized(at) * product));
      }
    });
    if (p.dw == nullptr && p.db == nullptr) return;
    constexpr int64_t kColumns = 64;
    ParallelFor((size + kColumns - 1) / kColumns, [&](int64_t block) HWY_ATTR {
      const int64_t begin = block * kColumns, width = std::min(kColumns, size - begin);
      double weights[kColumns] = {}, biases[kColumns] = {};
      for (int64_t row = 0; row < rows; ++row) {
        const T *g = p.g + row * size + begin, *x = p.x + row * size + begin;
        const double mean = static_cast<double>(p.means[row]);
        const double rstd = static_cast<double>(p.rstds[row]);
        for (int64_t i = 0; i < width; ++i) {
          const double value = static_cast<double>(g[i]);
          weights[i] += value * ((static_cast<double>(x[i]) - mean) * rstd);
          biases[i] += value;
        }
      }
      for (int64_t i = 0; i < width; ++i) {
        Set(p.dw, begin + i, weights[i]);
        Set(p.db, begin + i, biases[i]);
      }
    });
  });
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {

#define NEURA_NORM(Name) \
  namespace {            \
  HWY_EXPORT(Name);      \
  }                      \
  void Name##Kernel(KernelCall& call) { HWY_DYNAMIC_DISPATCH(Name)(call); }
NEURA_NORM(BatchNormTraining)
NEURA_NORM(BatchNormTrainingGrad)
NEURA_NORM(BatchNormInference)
NEURA_NORM(LayerNorm)
NEURA_NORM(LayerNormGrad)
#undef NEURA_NORM

}  // namespace neura::cpu
#endif
