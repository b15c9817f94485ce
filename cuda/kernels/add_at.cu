#include "neura/cuda/kernels/add_at.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/sort.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/wrapping.h"

namespace neura::cuda {
namespace {

// The first of each run of equal keys does the work of the run, in order.
template <typename T>
struct AddRuns {
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
    Compute<T> sum = Widen(target);
    for (int64_t k = first; k < count && keys[k] == key; ++k) {
      const int64_t from = (outer * count + positions[k]) * inner + column;
      sum = elements::WrappingAdd(sum, Widen(source[from]));
    }
    target = Narrow<T>(sum);
  }
};

template <typename T>
struct Clear {
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const { output[i] = T(0); }
};

}  // namespace

void AddAt(const KernelCall& call, int64_t extent, int64_t inner, const Tensor& keys,
           const Tensor& source, const Tensor& output) {
  const SortedKeys sorted = StableSort(call, keys, extent);
  SwitchNumber(output.dtype(), [&]<typename T>(T) {
    ForEach(call, source.numel(),
            AddRuns<T>{keys.numel(), extent, inner, In<int64_t>(sorted.keys),
                       In<int64_t>(sorted.positions), In<T>(source), Out<T>(output)});
  });
}

void ClearElements(const KernelCall& call, const Tensor& tensor) {
  SwitchSize(tensor.dtype(),
             [&]<typename T>(T) { ForEach(call, tensor.numel(), Clear<T>{Out<T>(tensor)}); });
}

}  // namespace neura::cuda
