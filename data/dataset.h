// What a dataset is: examples by index.
//
// Any copyable type is one that has
//
//   int64_t size() const;
//   Example<N> Get(int64_t index) const;   // throws OutOfRange for an index outside [0, size())
//
// Copies should be cheap: whatever wraps a dataset (a subset, a transform, a loader) holds a copy.
// Two more functions may be offered, and are used where they exist:
//
//   Example<N> Get(int64_t index, const Epoch& epoch) const;   // random choices from SampleRandom
//   Example<N> GetBatch(absl::Span<const int64_t> indices, const Epoch& epoch) const;
//       // what stacking the examples would give, made faster
//
// All of them are called from several threads at once.
#ifndef NEURA_DATA_DATASET_H_
#define NEURA_DATA_DATASET_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/random.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {

// The tensors that belong together: auto [image, label] = dataset.Get(0).
template <size_t N>
using Example = std::array<Tensor, N>;

template <typename D>
concept Dataset = std::copyable<D> && requires(const D& dataset, int64_t index) {
  { dataset.size() } -> std::convertible_to<int64_t>;
  dataset.Get(index);
};

template <Dataset D>
using ExampleOf = decltype(std::declval<const D&>().Get(int64_t{0}));

// Throws OutOfRange unless 0 <= index < size.
void CheckIndex(int64_t index, int64_t size);

// Each tensor of the examples joined along a new first dimension. Throws InvalidArgument when there
// is no example or their shapes differ.
template <size_t N>
Example<N> Stack(absl::Span<const Example<N>> examples) {
  Example<N> batch;
  for (size_t column = 0; column < N; ++column) {
    std::vector<Tensor> tensors;
    tensors.reserve(examples.size());
    for (const Example<N>& example : examples) tensors.push_back(example[column]);
    batch[column] = neura::Stack(tensors);
  }
  return batch;
}

// Example `index` as it is in `epoch`.
template <Dataset D>
ExampleOf<D> GetExample(const D& dataset, int64_t index, const Epoch& epoch) {
  if constexpr (requires { dataset.Get(index, epoch); }) {
    return dataset.Get(index, epoch);
  } else {
    return dataset.Get(index);
  }
}

template <Dataset D>
std::vector<ExampleOf<D>> GetExamples(const D& dataset, absl::Span<const int64_t> indices,
                                      const Epoch& epoch) {
  std::vector<ExampleOf<D>> examples;
  examples.reserve(indices.size());
  for (const int64_t index : indices) examples.push_back(GetExample(dataset, index, epoch));
  return examples;
}

// The examples of `indices`, stacked.
template <Dataset D>
ExampleOf<D> GetBatch(const D& dataset, absl::Span<const int64_t> indices, const Epoch& epoch) {
  if constexpr (requires { dataset.GetBatch(indices, epoch); }) {
    return dataset.GetBatch(indices, epoch);
  } else {
    const auto examples = GetExamples(dataset, indices, epoch);
    return Stack(absl::MakeConstSpan(examples));
  }
}

}  // namespace neura::data

#endif  // NEURA_DATA_DATASET_H_
