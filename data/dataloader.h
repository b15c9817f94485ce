// Batches of a dataset, prepared ahead on other threads.
//
//   DataLoader loader(train_set, {.batch_size = 128, .shuffle = true, .num_workers = 2});
//   for (int epoch = 0; epoch < 5; ++epoch) {
//     for (auto [images, labels] : loader) { ... }
//   }
//
// What comes, and in which order, depends on the seed and the number of the epoch alone: it is the
// same for any number of workers, also where transforms choose at random.
#ifndef NEURA_DATA_DATALOADER_H_
#define NEURA_DATA_DATALOADER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/dataset.h"
#include "neura/data/internal/pin.h"
#include "neura/data/internal/prefetcher.h"
#include "neura/data/random.h"
#include "neura/data/sampler.h"

namespace neura::data {

struct DataLoaderOptions {
  int64_t batch_size = 1;
  // Visits the examples in another random order each epoch.
  bool shuffle = false;
  // Leaves out a last batch that is smaller than the others.
  bool drop_last = false;
  // Threads that prepare batches, at most one for each; with 0, the thread that iterates does it.
  int num_workers = 0;
  // Batches that each worker may be ahead.
  int64_t prefetch_factor = 2;
  // Whoever prepares a batch copies it to pinned memory, from which To(batch, device,
  // /*non_blocking=*/true) does not block. Needs an accelerator's backend in the program.
  bool pin_memory = false;
  // Of the order, and of whatever else is random in the dataset.
  uint64_t seed = 0;
  // The order, instead of that which `shuffle` says.
  Sampler sampler = nullptr;
};

// Makes batches by stacking the examples, or as the dataset's GetBatch does.
struct StackCollate {};

namespace internal {

// The batch sampler that the options describe. Throws InvalidArgument when they make no sense.
BatchSampler MakeBatchSampler(int64_t dataset_size, const DataLoaderOptions& options);

// Throws, where the options ask for pinned memory, FailedPrecondition when there is none, and
// InvalidArgument unless the batches are `pinnable`.
void CheckPinning(const DataLoaderOptions& options, bool pinnable);

// Batches that are prepared at a time, or wait to be taken: at least one, and no more than there
// are.
int64_t WindowOf(int64_t num_batches, const DataLoaderOptions& options);

template <Dataset D, typename Collate>
auto MakeBatch(const D& dataset, const Collate& collate, absl::Span<const int64_t> indices,
               const Epoch& epoch) {
  if constexpr (std::same_as<Collate, StackCollate>) {
    return GetBatch(dataset, indices, epoch);
  } else {
    return collate(GetExamples(dataset, indices, epoch));
  }
}

}  // namespace internal

// `Collate` may be a function of a std::vector of examples that returns anything movable.
template <Dataset D, typename Collate = StackCollate>
class DataLoader {
 public:
  using Batch = decltype(internal::MakeBatch(std::declval<const D&>(),
                                             std::declval<const Collate&>(), {}, {}));

  explicit DataLoader(D dataset, DataLoaderOptions options = {}, Collate collate = {})
      : dataset_(std::move(dataset)),
        collate_(std::move(collate)),
        options_(std::move(options)),
        batches_(internal::MakeBatchSampler(dataset_.size(), options_)) {
    internal::CheckPinning(options_, internal::kPinnable<Batch>);
  }

  // Batches of the next epoch.
  int64_t size() const { return static_cast<int64_t>(batches_(NextEpoch()).size()); }

  // The number of the epoch that the next begin() starts; each begin() counts it up. Set it to go
  // on where an earlier training stopped.
  int64_t epoch() const { return epoch_; }
  void set_epoch(int64_t epoch) { epoch_ = epoch; }

  class Iterator;
  // Starts an epoch: its workers run until the iterator is gone. The loader must outlive it. What
  // the dataset or collate throws comes out where its batch would have. Throws ResourceExhausted
  // when the workers cannot be started.
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Epoch NextEpoch() const { return {.seed = options_.seed, .number = epoch_}; }

  D dataset_;
  Collate collate_;
  DataLoaderOptions options_;
  BatchSampler batches_;
  int64_t epoch_ = 0;
};

// One pass over the batches; it can only be moved.
template <Dataset D, typename Collate>
class DataLoader<D, Collate>::Iterator {
 public:
  using value_type = Batch;
  using difference_type = std::ptrdiff_t;

  Batch& operator*() const { return *pass_->batch; }
  Iterator& operator++() {
    pass_->Advance();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& it, std::default_sentinel_t) {
    return !it.pass_->batch.has_value();
  }

 private:
  friend class DataLoader;

  struct Pass {
    explicit Pass(DataLoader& from)
        : loader(from), epoch(from.NextEpoch()), indices(from.batches_(epoch)) {
      ++from.epoch_;
      const DataLoaderOptions& options = from.options_;
      if (options.num_workers == 0) return;
      places.resize(static_cast<size_t>(internal::WindowOf(count(), options)));
      workers = std::make_unique<internal::Prefetcher>(
          count(), options.num_workers, static_cast<int64_t>(places.size()),
          [this](int64_t i) { place(i).emplace(Prepare(i)); });
    }

    int64_t count() const { return static_cast<int64_t>(indices.size()); }
    std::optional<Batch>& place(int64_t i) {
      return places[static_cast<size_t>(i) % places.size()];
    }
    Batch Prepare(int64_t i) const {
      Batch made = internal::MakeBatch(loader.dataset_, loader.collate_,
                                       indices[static_cast<size_t>(i)], epoch);
      if constexpr (internal::kPinnable<Batch>) {
        if (loader.options_.pin_memory) internal::PinInPlace(made);
      }
      return made;
    }

    void Advance() {
      const int64_t i = next++;
      batch.reset();
      if (i >= count()) return;
      if (workers == nullptr) {
        batch.emplace(Prepare(i));
        return;
      }
      workers->Wait(i);
      batch = std::move(place(i));
      place(i).reset();
      workers->Release(i);
    }

    DataLoader& loader;
    const Epoch epoch;
    const std::vector<std::vector<int64_t>> indices;
    std::optional<Batch> batch;  // the one that the iterator is at
    int64_t next = 0;            // the batch after it
    std::vector<std::optional<Batch>> places;
    std::unique_ptr<internal::Prefetcher> workers;  // last: they use the rest
  };

  explicit Iterator(DataLoader& loader) : pass_(std::make_unique<Pass>(loader)) {
    pass_->Advance();
  }

  std::unique_ptr<Pass> pass_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_DATALOADER_H_
