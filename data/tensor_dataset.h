// Datasets made of tensors, and of parts of other datasets.
#ifndef NEURA_DATA_TENSOR_DATASET_H_
#define NEURA_DATA_TENSOR_DATASET_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/dataset.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {

namespace internal {
// Throws InvalidArgument unless all have the same extent of dimension 0, which it returns.
int64_t CommonSize(absl::Span<const Tensor> tensors);
// Rows `indices` of dimension 0, copied.
Tensor Rows(const Tensor& tensor, absl::Span<const int64_t> indices);
// Splits 0 ... size - 1, in a random order, into parts of the given lengths. Throws InvalidArgument
// unless these add up to size.
std::vector<std::vector<int64_t>> RandomParts(int64_t size, absl::Span<const int64_t> lengths,
                                              uint64_t seed);
}  // namespace internal

// Example i is row i of each tensor: TensorDataset(images, labels).
template <size_t N>
class TensorDataset {
 public:
  // Throws InvalidArgument when the tensors differ in the extent of dimension 0.
  template <std::same_as<Tensor>... Tensors>
  requires(sizeof...(Tensors) == N) explicit TensorDataset(Tensors... tensors)
      : tensors_{std::move(tensors)...}, size_(internal::CommonSize(tensors_)) {}

  int64_t size() const { return size_; }
  const Example<N>& tensors() const { return tensors_; }

  // Views.
  Example<N> Get(int64_t index) const {
    CheckIndex(index, size_);
    Example<N> example;
    for (size_t i = 0; i < N; ++i) example[i] = Select(tensors_[i], 0, index);
    return example;
  }

  Example<N> GetBatch(absl::Span<const int64_t> indices, const Epoch&) const {
    Example<N> batch;
    for (size_t i = 0; i < N; ++i) batch[i] = internal::Rows(tensors_[i], indices);
    return batch;
  }

 private:
  Example<N> tensors_;
  int64_t size_;
};

template <std::same_as<Tensor>... Tensors>
TensorDataset(Tensors...) -> TensorDataset<sizeof...(Tensors)>;

// Example i is example indices[i] of another dataset.
template <Dataset D>
class Subset {
 public:
  // Throws OutOfRange when an index is outside the dataset.
  Subset(D dataset, std::vector<int64_t> indices)
      : dataset_(std::move(dataset)), indices_(std::move(indices)) {
    for (const int64_t index : indices_) CheckIndex(index, dataset_.size());
  }

  int64_t size() const { return static_cast<int64_t>(indices_.size()); }

  ExampleOf<D> Get(int64_t index, const Epoch& epoch = {}) const {
    return GetExample(dataset_, Origin(index), epoch);
  }

  ExampleOf<D> GetBatch(absl::Span<const int64_t> indices,
                        const Epoch& epoch) const requires BatchDataset<D> {
    std::vector<int64_t> origins;
    origins.reserve(indices.size());
    for (const int64_t index : indices) origins.push_back(Origin(index));
    return data::GetBatch(dataset_, origins, epoch);
  }

 private:
  int64_t Origin(int64_t index) const {
    CheckIndex(index, size());
    return indices_[static_cast<size_t>(index)];
  }

  D dataset_;
  std::vector<int64_t> indices_;
};

// Cuts a dataset into parts of the given lengths, at random but the same for the same seed:
//
//   auto [train, validation] = RandomSplit(dataset, {50'000, 10'000}, /*seed=*/1);
//
// Throws InvalidArgument unless the lengths add up to the dataset's size.
template <Dataset D, size_t K>
std::array<Subset<D>, K> RandomSplit(const D& dataset, const int64_t (&lengths)[K], uint64_t seed) {
  std::vector<std::vector<int64_t>> parts = internal::RandomParts(dataset.size(), lengths, seed);
  return [&]<size_t... I>(std::index_sequence<I...>) {
    return std::array<Subset<D>, K>{Subset<D>(dataset, std::move(parts[I]))...};
  }
  (std::make_index_sequence<K>());
}

}  // namespace neura::data

#endif  // NEURA_DATA_TENSOR_DATASET_H_
