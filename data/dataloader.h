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

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
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
  // More than kMaxThreads are taken for a mistake.
  int num_workers = 0;
  // Batches that each worker may be ahead.
  int64_t prefetch_factor = 2;
  // Whoever prepares a batch copies it to pinned memory, from which To(batch, device,
  // /*non_blocking=*/true) does not block. Needs an accelerator's backend in the program.
  bool pin_memory = false;
  // Each worker begins with start_worker(its number); what it throws comes out where the next batch
  // would have.
  std::function<void(int)> start_worker = nullptr;
  // Of the order, and of whatever else is random in the dataset.
  uint64_t seed = 0;
  // The order, instead of that which `shuffle` says.
  Sampler sampler = nullptr;
  // The indices of each batch, instead of what batch_size, drop_last and sampler say.
  Batches batch_sampler = nullptr;
};

// Makes batches by stacking the examples, or as the dataset's GetBatch does.
struct StackCollate {};

namespace internal {

// The batch sampler that the options describe. Throws InvalidArgument when they make no sense.
Batches MakeBatchSampler(int64_t dataset_size, const DataLoaderOptions& options);

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
      : source_(std::make_shared<const Source>(
            Source{std::move(dataset), std::move(collate), options.pin_memory})),
        options_(std::move(options)),
        batches_(internal::MakeBatchSampler(source_->dataset.size(), options_)) {
    internal::CheckPinning(options_, internal::kPinnable<Batch>);
  }

  // Batches of the next epoch.
  int64_t size() const { return static_cast<int64_t>(batches_(NextEpoch()).size()); }

  // The number of the epoch that the next begin() starts; each begin() counts it up. Set it to go
  // on where an earlier training stopped.
  int64_t epoch() const { return epoch_; }
  void set_epoch(int64_t epoch) { epoch_ = epoch; }

  class Pass;
  class Iterator;
  // Starts an epoch: its workers run until the iterator is gone. What the dataset or collate throws
  // comes out where its batch would have. Throws ResourceExhausted when the workers cannot be
  // started.
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  // What whoever prepares a batch needs.
  struct Source {
    D dataset;
    Collate collate;
    bool pin_memory;
  };

  Epoch NextEpoch() const { return {.seed = options_.seed, .number = epoch_}; }

  std::shared_ptr<const Source> source_;
  DataLoaderOptions options_;
  Batches batches_;
  int64_t epoch_ = 0;
};

// One epoch, from which several threads may take: each batch goes to one of them. In a process that
// is forked meanwhile a pass with workers is over: taking from it throws FailedPrecondition.
template <Dataset D, typename Collate>
class DataLoader<D, Collate>::Pass {
 public:
  using Duration = internal::Prefetcher::Duration;

  // Starts the workers.
  explicit Pass(DataLoader& loader)
      : shared_(std::make_shared<Shared>(loader.source_, loader.NextEpoch())) {
    const DataLoaderOptions& options = loader.options_;
    shared_->indices = loader.batches_(shared_->epoch);
    ++loader.epoch_;
    if (options.num_workers == 0) return;
    shared_->places.resize(static_cast<size_t>(internal::WindowOf(count(), options)));
    workers_.emplace(
        count(), options.num_workers, static_cast<int64_t>(shared_->places.size()),
        [shared = shared_](int64_t i) { shared->place(i).emplace(shared->Prepare(i)); },
        options.start_worker);
  }

  // The next batch; none at the end, and after Stop().
  std::optional<Batch> Next() {
    const std::optional<int64_t> i = Claim();
    if (!i) return std::nullopt;
    while (workers_) {
      const Outcome outcome = WaitFor(*i, std::chrono::hours(1));
      if (outcome == Outcome::kStopped) return std::nullopt;
      if (outcome == Outcome::kReady) break;
    }
    return Take(*i);
  }

  // The same in steps, for those who cannot wait for long. The number of the next batch, which
  // nobody else gets; none at the end.
  std::optional<int64_t> Claim() {
    if (workers_) workers_->CheckProcess();
    const int64_t i = next_.fetch_add(1, std::memory_order_relaxed);
    if (i >= count() || stopped_.load(std::memory_order_relaxed)) return std::nullopt;
    return i;
  }
  using Outcome = internal::Prefetcher::Outcome;
  // Waits for a batch that was claimed; throws what preparing it threw. Without workers it is
  // ready.
  Outcome WaitFor(int64_t i, Duration patience) {
    if (!workers_) return Outcome::kReady;
    try {
      return workers_->WaitFor(i, patience);
    } catch (...) {
      workers_->Release(i);
      throw;
    }
  }
  // A batch that is ready.
  Batch Take(int64_t i) {
    if (!workers_) return shared_->Prepare(i);
    Batch batch = *std::move(shared_->place(i));
    shared_->place(i).reset();
    workers_->Release(i);
    return batch;
  }

  // Nothing else is prepared; whoever waits gets nothing. Then, waiting at most that long for what
  // is being prepared; false when it goes on.
  bool Stop(Duration patience) {
    stopped_.store(true, std::memory_order_relaxed);
    if (!workers_) return true;
    workers_->Stop();
    return workers_->WaitForWorkers(patience);
  }
  // After Stop(): workers that do not end are left to themselves.
  void Abandon() {
    if (workers_) workers_->Abandon();
  }

 private:
  // Lives as long as a worker does.
  struct Shared {
    Shared(std::shared_ptr<const Source> from, const Epoch& of)
        : source(std::move(from)), epoch(of) {}

    std::optional<Batch>& place(int64_t i) {
      return places[static_cast<size_t>(i) % places.size()];
    }
    Batch Prepare(int64_t i) const {
      Batch made = internal::MakeBatch(source->dataset, source->collate,
                                       indices[static_cast<size_t>(i)], epoch);
      if constexpr (internal::kPinnable<Batch>) {
        if (source->pin_memory) internal::PinInPlace(made);
      }
      return made;
    }

    const std::shared_ptr<const Source> source;
    const Epoch epoch;
    std::vector<std::vector<int64_t>> indices;
    std::vector<std::optional<Batch>> places;
  };

  int64_t count() const { return static_cast<int64_t>(shared_->indices.size()); }

  const std::shared_ptr<Shared> shared_;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::optional<internal::Prefetcher> workers_;
};

// Goes over the batches of a pass; it can only be moved.
template <Dataset D, typename Collate>
class DataLoader<D, Collate>::Iterator {
 public:
  using value_type = Batch;
  using difference_type = std::ptrdiff_t;

  Batch& operator*() const { return *at_->batch; }
  Iterator& operator++() {
    at_->batch.reset();
    at_->batch = at_->pass.Next();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& it, std::default_sentinel_t) {
    return !it.at_->batch.has_value();
  }

 private:
  friend class DataLoader;

  struct At {
    explicit At(DataLoader& loader) : pass(loader) {}
    Pass pass;
    std::optional<Batch> batch;
  };

  explicit Iterator(DataLoader& loader) : at_(std::make_unique<At>(loader)) { ++*this; }

  std::unique_ptr<At> at_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_DATALOADER_H_
