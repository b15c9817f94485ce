#include "neura/tensor/cpu/softmax.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#include "neura/tensor/parallel/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/softmax.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "hwy/contrib/math/math-inl.h"
#include "neura/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

// One sum of an array of sums: size elements, stride apart. With a stride of 1 the vectors lie
// along the sum and the last is a part (kAlong); else each of the first `lanes` lanes has a sum of
// its own.
template <typename T>
struct Line {
  int64_t size;
  int64_t stride;
  int64_t lanes;
};

// exp(v) for v <= 0, and NaN for NaN.
template <class D, class V>
HWY_INLINE V ExpOf(D d, V v) {
  return hn::IfThenElse(hn::IsNaN(v), v, hn::Exp(d, v));
}

// A sum along vectors is one of kSumLanes lanes, whatever the target has, which meet in a tree: the
// same bits everywhere.
inline constexpr int64_t kSumLanes = 16;

template <bool kAlong, typename T>
struct LineSum {
  using D = hn::ScalableTag<T>;
  static constexpr int64_t kVectors = kAlong ? kSumLanes / kLanes<T> : 1;

  LineSum() {
    for (auto& part : parts) part = hn::Zero(D());
  }
  hn::Vec<D> Total() const {
    if constexpr (!kAlong) return parts[0];
    HWY_ALIGN T lanes[kSumLanes];
    for (int64_t v = 0; v < kVectors; ++v) hn::Store(parts[v], D(), lanes + v * kLanes<T>);
    for (int64_t width = kSumLanes / 2; width > 0; width /= 2) {
      for (int64_t k = 0; k < width; ++k) lanes[k] += lanes[k + width];
    }
    return hn::Set(D(), lanes[0]);
  }

  hn::Vec<D> parts[kVectors];
};

// Calls body(offset, mask, count, part) for the vectors of a line, each of which belongs to a part
// of its LineSum.
template <bool kAlong, typename T, class D, typename Body>
HWY_INLINE void ForVectors(D d, const Line<T>& line, Body body) {
  constexpr int64_t kN = kLanes<T>;
  if constexpr (kAlong) {
    const auto all = hn::FirstN(d, static_cast<size_t>(kN));
    int64_t i = 0;
    for (; i + kSumLanes <= line.size; i += kSumLanes) {
      for (int64_t v = 0; v < kSumLanes / kN; ++v) body(i + v * kN, all, kN, v);
    }
    for (int64_t v = 0; i < line.size; ++v, i += kN) {
      const int64_t count = std::min(kN, line.size - i);
      body(i, hn::FirstN(d, static_cast<size_t>(count)), count, v);
    }
  } else {
    const auto mask = hn::FirstN(d, static_cast<size_t>(line.lanes));
    for (int64_t i = 0; i < line.size; ++i) body(i * line.stride, mask, line.lanes, 0);
  }
}

template <bool kLog, bool kAlong, typename T>
void SoftmaxLine(const Line<T>& line, const T* input, T* output) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const V lowest = hn::Set(d, -std::numeric_limits<T>::infinity());
  V max = lowest;
  ForVectors<kAlong>(d, line, [&](int64_t at, auto mask, int64_t count, int64_t) HWY_ATTR {
    max = hn::Max(max, hn::IfThenElse(mask, LoadFirst(d, mask, count, input + at), lowest));
  });
  if constexpr (kAlong) max = hn::MaxOfLanes(d, max);
  LineSum<kAlong, T> powers;
  ForVectors<kAlong>(d, line, [&](int64_t at, auto mask, int64_t count, int64_t part) HWY_ATTR {
    const V power = ExpOf(d, hn::Sub(LoadFirst(d, mask, count, input + at), max));
    if constexpr (!kLog) StoreFirst(d, mask, count, power, output + at);
    powers.parts[part] = hn::Add(powers.parts[part], hn::IfThenElseZero(mask, power));
  });
  const V sum = powers.Total();
  if constexpr (kLog) {
    const V log_sum = hn::IfThenElse(hn::IsNaN(sum), sum, hn::Log(d, sum));
    ForVectors<kAlong>(d, line, [&](int64_t at, auto mask, int64_t count, int64_t) HWY_ATTR {
      const V x = LoadFirst(d, mask, count, input + at);
      StoreFirst(d, mask, count, hn::Sub(hn::Sub(x, max), log_sum), output + at);
    });
  } else {
    ForVectors<kAlong>(d, line, [&](int64_t at, auto mask, int64_t count, int64_t) HWY_ATTR {
      const V power = LoadFirst(d, mask, count, output + at);
      StoreFirst(d, mask, count, hn::Div(power, sum), output + at);
    });
  }
}

template <bool kLog, bool kAlong, typename T>
void SoftmaxGradLine(const Line<T>& line, const T* output_grad, const T* output, T* input_grad) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  LineSum<kAlong, T> products;
  ForVectors<kAlong>(d, line, [&](int64_t at, auto mask, int64_t count, int64_t part) HWY_ATTR {
    const V grad = LoadFirst(d, mask, count, output_grad + at);
    V& sum = products.parts[part];
    if constexpr (kLog) {
      sum = hn::Add(sum, grad);
    } else {
      sum = hn::MulAdd(grad, LoadFirst(d, mask, count, output + at), sum);
    }
  });
  const V sum = products.Total();
  ForVectors<kAlong>(d, line, [&](int64_t at, auto mask, int64_t count, int64_t) HWY_ATTR {
    const V grad = LoadFirst(d, mask, count, output_grad + at);
    const V y = LoadFirst(d, mask, count, output + at);
    const V result = kLog ? hn::NegMulAdd(ExpOf(d, y), sum, grad) : hn::Mul(y, hn::Sub(grad, sum));
    StoreFirst(d, mask, count, result, input_grad + at);
  });
}

// Calls along(line, offset) or across(line, offset) for the lines of [outer, size, inner].
template <typename T, typename Along, typename Across>
void ForLines(int64_t outer, int64_t size, int64_t inner, Along along, Across across) {
  constexpr int64_t kN = kLanes<T>;
  constexpr int64_t kItemSize = 1 << 13;  // elements of an item of the thread pool
  const bool is_along = inner == 1;
  const int64_t groups = is_along ? 1 : (inner + kN - 1) / kN;  // of lanes
  const int64_t lines = outer * groups;
  const int64_t line_size = std::max<int64_t>(1, size * (is_along ? 1 : kN));
  const int64_t per_item = std::max<int64_t>(1, kItemSize / line_size);
  ParallelFor((lines + per_item - 1) / per_item, [&](int64_t item) HWY_ATTR {
    const int64_t end = std::min(lines, (item + 1) * per_item);
    for (int64_t i = item * per_item; i < end; ++i) {
      const int64_t first_lane = i % groups * kN;
      const int64_t offset = i / groups * size * inner + first_lane;
      const Line<T> line{size, inner, std::min(kN, inner - first_lane)};
      if (is_along) {
        along(line, offset);
      } else {
        across(line, offset);
      }
    }
  });
}

template <bool kLog, typename T>
void RunSoftmax(int64_t outer, int64_t size, int64_t inner, const T* input, T* output) {
  ForLines<T>(
      outer, size, inner,
      [&](const Line<T>& line, int64_t at)
          HWY_ATTR { SoftmaxLine<kLog, true>(line, input + at, output + at); },
      [&](const Line<T>& line, int64_t at)
          HWY_ATTR { SoftmaxLine<kLog, false>(line, input + at, output + at); });
}

template <bool kLog, typename T>
void RunSoftmaxGrad(int64_t outer, int64_t size, int64_t inner, const T* output_grad,
                    const T* output, T* input_grad) {
  ForLines<T>(
      outer, size, inner,
      [&](const Line<T>& line, int64_t at) HWY_ATTR {
        SoftmaxGradLine<kLog, true>(line, output_grad + at, output + at, input_grad + at);
      },
      [&](const Line<T>& line, int64_t at) HWY_ATTR {
        SoftmaxGradLine<kLog, false>(line, output_grad + at, output + at, input_grad + at);
      });
}

void SoftmaxFloat(bool log, int64_t outer, int64_t size, int64_t inner, const float* input,
                  float* output) {
  log ? RunSoftmax<true>(outer, size, inner, input, output)
      : RunSoftmax<false>(outer, size, inner, input, output);
}
void SoftmaxDouble(bool log, int64_t outer, int64_t size, int64_t inner, const double* input,
                   double* output) {
  log ? RunSoftmax<true>(outer, size, inner, input, output)
      : RunSoftmax<false>(outer, size, inner, input, output);
}
void SoftmaxGradFloat(bool log, int64_t outer, int64_t size, int64_t inner,
                      const float* output_grad, const float* output, float* input_grad) {
  log ? RunSoftmaxGrad<true>(outer, size, inner, output_grad, output, input_grad)
      : RunSoftmaxGrad<false>(outer, size, inner, output_grad, output, input_grad);
}
void SoftmaxGradDouble(bool log, int64_t outer, int64_t size, int64_t inner,
                       const double* output_grad, const double* output, double* input_grad) {
  log ? RunSoftmaxGrad<true>(outer, size, inner, output_grad, output, input_grad)
      : RunSoftmaxGrad<false>(outer, size, inner, output_grad, output, input_grad);
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(SoftmaxFloat);
HWY_EXPORT(SoftmaxDouble);
HWY_EXPORT(SoftmaxGradFloat);
HWY_EXPORT(SoftmaxGradDouble);

void Run(bool log, int64_t outer, int64_t size, int64_t inner, const float* input, float* output) {
  HWY_DYNAMIC_DISPATCH(SoftmaxFloat)(log, outer, size, inner, input, output);
}
void Run(bool log, int64_t outer, int64_t size, int64_t inner, const double* input,
         double* output) {
  HWY_DYNAMIC_DISPATCH(SoftmaxDouble)(log, outer, size, inner, input, output);
}
void RunGrad(bool log, int64_t outer, int64_t size, int64_t inner, const float* output_grad,
             const float* output, float* input_grad) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradFloat)(log, outer, size, inner, output_grad, output, input_grad);
}
void RunGrad(bool log, int64_t outer, int64_t size, int64_t inner, const double* output_grad,
             const double* output, double* input_grad) {
  HWY_DYNAMIC_DISPATCH(SoftmaxGradDouble)(log, outer, size, inner, output_grad, output, input_grad);
}

}  // namespace

template <typename T>
void Softmax(int64_t outer, int64_t size, int64_t inner, const T* input, T* output) {
  Run(/*log=*/false, outer, size, inner, input, output);
}

template <typename T>
void LogSoftmax(int64_t outer, int64_t size, int64_t inner, const T* input, T* output) {
  Run(/*log=*/true, outer, size, inner, input, output);
}

template <typename T>
void SoftmaxGrad(int64_t outer, int64_t size, int64_t inner, const T* output_grad, const T* output,
                 T* input_grad) {
  RunGrad(/*log=*/false, outer, size, inner, output_grad, output, input_grad);
}

template <typename T>
void LogSoftmaxGrad(int64_t outer, int64_t size, int64_t inner, const T* output_grad,
                    const T* output, T* input_grad) {
  RunGrad(/*log=*/true, outer, size, inner, output_grad, output, input_grad);
}

template void Softmax(int64_t, int64_t, int64_t, const float*, float*);
template void Softmax(int64_t, int64_t, int64_t, const double*, double*);
template void LogSoftmax(int64_t, int64_t, int64_t, const float*, float*);
template void LogSoftmax(int64_t, int64_t, int64_t, const double*, double*);
template void SoftmaxGrad(int64_t, int64_t, int64_t, const float*, const float*, float*);
template void SoftmaxGrad(int64_t, int64_t, int64_t, const double*, const double*, double*);
template void LogSoftmaxGrad(int64_t, int64_t, int64_t, const float*, const float*, float*);
template void LogSoftmaxGrad(int64_t, int64_t, int64_t, const double*, const double*, double*);

}  // namespace neura::cpu
#endif  // HWY_ONCE
