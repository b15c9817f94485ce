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
//
// Where examples only come one after the other, an iterable dataset is any copyable type with
//
//   Stream Begin(const Epoch& epoch) const;   // whose std::optional<Example<N>> Next() gives them
//
// Each worker of a loader reads a stream of its own: GetWorkerInfo() tells Begin() which part of
// the examples that stream should give.
#ifndef NEURA_DATA_DATASET_H_
#define NEURA_DATA_DATASET_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/collate.h"
#include "neura/data/random.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data {

// The tensors that belong together: auto [image, label] = dataset.Get(0).
template <size_t N>
using Example = std::array<Tensor, N>;

template <typename D>
concept Dataset = std::copyable<D> && requires(const D& dataset, int64_t index) {
  { dataset.size() } -> std::convertible_to<int64_t>;
  dataset.Get(index);
};

// One that makes batches itself.
template <typename D>
concept BatchDataset = Dataset<D> &&
    requires(const D& dataset, absl::Span<const int64_t> indices, const Epoch& epoch) {
  dataset.GetBatch(indices, epoch);
};

template <Dataset D>
using ExampleOf = decltype(std::declval<const D&>().Get(int64_t{0}));

template <typename D>
concept IterableDataset = std::copyable<D> && requires(const D& dataset, const Epoch& epoch) {
  { dataset.Begin(epoch).Next().has_value() } -> std::convertible_to<bool>;
};

template <IterableDataset D>
using StreamedExample =
    typename decltype(std::declval<const D&>().Begin(Epoch()).Next())::value_type;

// Throws OutOfRange unless 0 <= index < size.
void CheckIndex(int64_t index, int64_t size);

// Example `index` as it is in `epoch`.
template <Dataset D>
ExampleOf<D> GetExample(const D& dataset, int64_t index, const Epoch& epoch) {
  if constexpr (requires { dataset.Get(index, epoch); }) {
    return dataset.Get(index, epoch);
  } else {
    return dataset.Get(index);
  }
}

namespace internal {
// Batches of a pass, each with a number that is not 0 if one of its indices has come before.
class Repeats {
 public:
  explicit Repeats(int64_t dataset_size);
  uint64_t Of(absl::Span<const int64_t> indices);

 private:
  // Whether it is new.
  bool Insert(int64_t index);

  int64_t size_;
  std::vector<bool> seen_;  // of datasets that are not too large for it
  std::unordered_set<int64_t> seen_of_many_;
  uint64_t batches_ = 0;
};
// The epoch as the example at a place of a batch sees it.
Epoch EpochAt(const Epoch& epoch, absl::Span<const int64_t> indices, size_t place);
}  // namespace internal

// What an example's failure says begins with its index.
template <Dataset D>
std::vector<ExampleOf<D>> GetExamples(const D& dataset, absl::Span<const int64_t> indices,
                                      const Epoch& epoch) {
  std::vector<ExampleOf<D>> examples;
  examples.reserve(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t index = indices[i];
    try {
      examples.push_back(GetExample(dataset, index, internal::EpochAt(epoch, indices, i)));
    } catch (Error& error) {
      error.AddContext("example " + std::to_string(index) + " of the dataset");
      throw;
    }
  }
  return examples;
}

// The examples of `indices`, joined by DefaultCollate.
template <Dataset D>
auto GetBatch(const D& dataset, absl::Span<const int64_t> indices, const Epoch& epoch) {
  if constexpr (BatchDataset<D>) {
    return dataset.GetBatch(indices, epoch);
  } else {
    return DefaultCollate(GetExamples(dataset, indices, epoch));
  }
}

}  // namespace neura::data

#endif  // NEURA_DATA_DATASET_H_
