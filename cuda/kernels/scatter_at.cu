#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/scatter_at.h"
#include "neura/cuda/kernels/sort.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/elements/wrapping.h"

namespace neura::cuda {
namespace {

struct Replace {
  template <typename T>
  static NEURA_DEVICE T Combine(T, T x) {
    return x;
  }
};
struct AddTo {
  template <typename T>
  static NEURA_DEVICE T Combine(T a, T x) {
    return elements::WrappingAdd(a, x);
  }
};
struct MultiplyBy {
  template <typename T>
  static NEURA_DEVICE T Combine(T a, T x) {
    using W = elements::Wrapping<T>;
    return static_cast<T>(W(a) * W(x));
  }
};
template <bool kMax>
struct Extremum {
  template <typename T>
  static NEURA_DEVICE T Combine(T a, T x) {
    return elements::ExtremumReducer<T, kMax>::Combine(a, x);
  }
};

// The first of each run of equal keys does the work of the run, in order.
template <typename T, typename Op>
struct CombineRuns {
  int64_t count, extent, inner;
  const int64_t* keys;
  const int64_t* positions;
  const T* source;
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t column = i % inner, first = i / inner % count, outer = i / inner / count;
    const int64_t key = keys[first];
    if (key == extent || (first > 0 && keys[first - 1] == key)) return;
    T& target = output[(outer * extent + key) * inner + column];
    Compute<T> result = Widen(target);
    for (int64_t k = first; k < count && keys[k] == key; ++k) {
      const int64_t from = (outer * count + positions[k]) * inner + column;
      result = Op::Combine(result, Widen(source[from]));
    }
    target = Narrow<T>(result);
  }
};

}  // namespace

void ScatterAt(const KernelCall& call, std::string_view reduction, int64_t extent, int64_t inner,
               const Tensor& keys, const Tensor& source, const Tensor& output) {
  const SortedKeys sorted = StableSort(call, keys, extent);
  SwitchAny(output.dtype(), [&]<typename T>(T) {
    const auto combine = [&]<typename Op>(Op) {
      ForEach(call, source.numel(),
              CombineRuns<T, Op>{keys.numel(), extent, inner, In<int64_t>(sorted.keys),
                                 In<int64_t>(sorted.positions), In<T>(source), Out<T>(output)});
    };
    if (reduction == "none") return combine(Replace());
    if (reduction == "add") return combine(AddTo());
    if (reduction == "mul") return combine(MultiplyBy());
    return reduction == "max" ? combine(Extremum<true>()) : combine(Extremum<false>());
  });
}

}  // namespace neura::cuda
