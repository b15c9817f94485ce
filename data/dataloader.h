// Batches of a dataset, prepared ahead on other threads.
//
//   DataLoader loader(train_set, {.batch_size = 128, .shuffle = true, .num_workers = 2});
//   for (int epoch = 0; epoch < 5; ++epoch) {
//     for (auto [images, labels] : loader) { ... }
//   }
//
// What comes, and in which order, depends on the seed and the number of the epoch alone: it is the
// same for any number of workers, also where transforms choose at random. Of an iterable dataset
// each worker reads a stream of its own, and batches of these streams take turns.
#ifndef NEURA_DATA_DATALOADER_H_
#define NEURA_DATA_DATALOADER_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/dataset.h"
#include "neura/data/internal/pin.h"
#include "neura/data/internal/prefetcher.h"
#include "neura/data/internal/progress.h"
#include "neura/data/random.h"
#include "neura/data/sampler.h"
#include "neura/data/worker_info.h"
#include "neura/tensor/core/tensor.h"

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
  // Seconds to wait for a batch that workers prepare; then the pass ends with a DeadlineExceeded.
  // 0: no limit.
  double timeout = 0;
  // Workers wait for the next epoch instead of ending with each. One pass at a time then: another
  // one ends the one before.
  bool persistent_workers = false;
  // Batches come in their order; else as they become ready.
  bool in_order = true;
};

// Makes batches by joining the examples (DefaultCollate), or as the dataset's GetBatch does.
struct StackCollate {};

namespace internal {

// Throws InvalidArgument when the options make no sense; `iterable` of an iterable dataset.
void CheckOptions(const DataLoaderOptions& options, bool iterable);

// The batch sampler that the options describe.
Batches MakeBatchSampler(int64_t dataset_size, const DataLoaderOptions& options);

// Throws, where the options ask for pinned memory, FailedPrecondition when there is none, and
// InvalidArgument unless the batches are `pinnable`.
void CheckPinning(const DataLoaderOptions& options, bool pinnable);

// Batches that are prepared at a time, or wait to be taken: at least one, and no more than there
// are.
int64_t WindowOf(int64_t num_batches, const DataLoaderOptions& options);

[[noreturn]] void ThrowTimeout(double seconds);

template <typename D, typename Collate>
auto MakeBatch(const D& dataset, const Collate& collate, absl::Span<const int64_t> indices,
               const Epoch& epoch) {
  if constexpr (!Dataset<D>) {
    using Examples = std::vector<StreamedExample<D>>;
    if constexpr (std::same_as<Collate, StackCollate>) {
      return DefaultCollate(Examples());
    } else {
      return collate(Examples());
    }
  } else if constexpr (std::same_as<Collate, StackCollate>) {
    return GetBatch(dataset, indices, epoch);
  } else {
    return collate(GetExamples(dataset, indices, epoch));
  }
}

// The streams of an iterable dataset, one for each worker.
template <typename D>
struct Streams {};
template <IterableDataset D>
requires(!Dataset<D>) struct Streams<D> {
  struct One {
    std::optional<decltype(std::declval<const D&>().Begin(Epoch()))> examples;
    bool over = false;              // for whoever reads it
    std::atomic<bool> told{false};  // for those who take
  };
  std::mutex mutex;  // of the one stream that those who take read themselves
  std::deque<One> of;
};

}  // namespace internal

// `Collate` may be a function of a std::vector of examples that returns anything movable.
template <typename D, typename Collate = StackCollate>
requires(Dataset<D> || IterableDataset<D>) class DataLoader {
 public:
  using Batch = decltype(internal::MakeBatch(std::declval<const D&>(),
                                             std::declval<const Collate&>(), {}, {}));

  explicit DataLoader(D dataset, DataLoaderOptions options = {}, Collate collate = {})
      : source_(std::make_shared<const Source>(
            Source{std::move(dataset), std::move(collate), std::move(options)})) {
    internal::CheckOptions(source_->options, kIterable);
    internal::CheckPinning(source_->options, internal::kPinnable<Batch>);
    if constexpr (!kIterable) {
      batches_ = internal::MakeBatchSampler(source_->dataset.size(), source_->options);
    }
  }

  // Batches of the next epoch.
  int64_t size() const requires Dataset<D> {
    return static_cast<int64_t>(batches_(NextEpoch()).size());
  }

  // The number of the epoch that the next begin() starts; each begin() counts it up. Set it to go
  // on where an earlier training stopped.
  int64_t epoch() const { return epoch_; }
  void set_epoch(int64_t epoch) {
    epoch_ = epoch;
    resumed_ = {};
  }

  // Where the pass that began last stands: "epoch", "batches" that were taken in order, and the
  // numbers of those taken "beyond" them. A loader of the same dataset, options and seed that loads
  // it goes on with the next batch. Of an iterable dataset, what was taken is read again, and
  // num_workers has to be the same.
  NamedTensors StateDict() const {
    return internal::ToTensors(progress_ == nullptr ? internal::Position{epoch_}
                                                    : progress_->position());
  }
  // Throws InvalidArgument when something is missing or makes no sense.
  void LoadStateDict(const NamedTensors& state) {
    resumed_ = internal::FromTensors(state);
    epoch_ = resumed_.epoch;
    progress_ = nullptr;
  }

  class Pass;
  class Iterator;
  // Starts an epoch: its workers run until the iterator is gone. What the dataset or collate throws
  // comes out where its batch would have. Throws ResourceExhausted when the workers cannot be
  // started.
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  static constexpr bool kIterable = !Dataset<D>;

  // What whoever prepares a batch needs.
  struct Source {
    D dataset;
    Collate collate;
    DataLoaderOptions options;
  };

  // Workers that stay: of this loader alone, not of copies.
  struct Kept {
    Kept() = default;
    Kept(const Kept&) {}
    Kept& operator=(const Kept&) { return *this; }
    std::shared_ptr<internal::Prefetcher> workers;
  };

  Epoch NextEpoch() const { return {.seed = source_->options.seed, .number = epoch_}; }

  std::shared_ptr<const Source> source_;
  Batches batches_;
  int64_t epoch_ = 0;
  internal::Position resumed_;
  std::shared_ptr<internal::Progress> progress_;
  Kept kept_;
};

// One epoch, from which several threads may take: each batch goes to one of them. In a process that
// is forked meanwhile a pass with workers is over: taking from it throws FailedPrecondition.
template <typename D, typename Collate>
requires(Dataset<D> || IterableDataset<D>) class DataLoader<D, Collate>::Pass {
 public:
  using Duration = internal::Prefetcher::Duration;

  // Starts the workers.
  explicit Pass(DataLoader& loader)
      : shared_(std::make_shared<Shared>(loader.source_, loader.NextEpoch(),
                                         std::exchange(loader.resumed_, {}))) {
    const DataLoaderOptions& options = shared_->source->options;
    if constexpr (kIterable) {
      shared_->streams.of.resize(static_cast<size_t>(std::max(1, options.num_workers)));
    } else {
      std::vector<std::vector<int64_t>> all = loader.batches_(shared_->epoch);
      shared_->total = static_cast<int64_t>(all.size());
      internal::Repeats repeats(shared_->source->dataset.size());
      for (int64_t i = 0; i < shared_->total; ++i) {
        const uint64_t again = repeats.Of(all[static_cast<size_t>(i)]);
        if (shared_->resumed.Taken(i)) continue;
        shared_->numbers.push_back(i);
        shared_->again.push_back(again);
        shared_->indices.push_back(std::move(all[static_cast<size_t>(i)]));
      }
      count_ = static_cast<int64_t>(shared_->indices.size());
    }
    loader.progress_ =
        std::make_shared<internal::Progress>(shared_->epoch.number, shared_->resumed);
    progress_ = loader.progress_;
    ++loader.epoch_;
    if (options.num_workers > 0) StartWorkers(loader);
    if (count_ == 0) progress_->Complete();
  }

  ~Pass() {
    if (!workers_ || abandoned_) return;
    workers_->Stop(pass_);
    while (!workers_->WaitForWorkers(pass_, std::chrono::hours(1))) {
    }
  }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  // The next batch; none at the end, and after Stop().
  std::optional<Batch> Next() {
    for (;;) {
      if (workers_) workers_->CheckProcess();
      const int64_t i = next_.fetch_add(1, std::memory_order_relaxed);
      if (i >= count_ || stopped_.load(std::memory_order_relaxed)) return std::nullopt;
      std::optional<Made> made = workers_ ? TakeFromWorkers(i) : shared_->Prepare(i, 0);
      if (!made) return std::nullopt;
      if (made->batch) {
        progress_->Take(made->number);
        if (taken_.fetch_add(1, std::memory_order_relaxed) + 1 == count_) progress_->Complete();
        return std::move(made->batch);
      }
      if constexpr (kIterable) {
        if (!made->over) continue;
        shared_->streams.of[static_cast<size_t>(*made->over)].told = true;
        if (!shared_->AllOver()) continue;
        progress_->Complete();
        Stop({});
        return std::nullopt;
      }
    }
  }

  // Nothing else is prepared; whoever waits gets nothing. Then, waiting at most that long for what
  // is being prepared; false when it goes on.
  bool Stop(Duration patience) {
    stopped_.store(true, std::memory_order_relaxed);
    if (!workers_) return true;
    workers_->Stop(pass_);
    return workers_->WaitForWorkers(pass_, patience);
  }
  // After Stop(): workers that do not end are left to themselves.
  void Abandon() {
    if (!workers_) return;
    abandoned_ = true;
    workers_->Abandon();
  }

 private:
  using Prefetcher = internal::Prefetcher;

  // A batch; or none, since its stream is over, or since it had been taken before the loader's
  // state was saved.
  struct Made {
    int64_t number = 0;
    std::optional<Batch> batch = std::nullopt;
    std::optional<int> over = std::nullopt;  // the worker whose stream that is
  };

  // Lives as long as a worker does.
  struct Shared {
    Shared(std::shared_ptr<const Source> from, const Epoch& of, internal::Position since)
        : source(std::move(from)), epoch(of), resumed(std::move(since)) {}

    Made Prepare(int64_t i, int worker) {
      Made made;
      if constexpr (kIterable) {
        made.number = i;
        std::vector<StreamedExample<D>> examples = Read(worker);
        const bool whole = static_cast<int64_t>(examples.size()) == source->options.batch_size;
        if (examples.empty() || (!whole && source->options.drop_last)) {
          made.over = worker;
          return made;
        }
        if (resumed.Taken(i)) return made;
        if constexpr (std::same_as<Collate, StackCollate>) {
          made.batch.emplace(DefaultCollate(examples));
        } else {
          made.batch.emplace(source->collate(std::move(examples)));
        }
      } else {
        made.number = numbers[static_cast<size_t>(i)];
        Epoch at = epoch;
        at.again = again[static_cast<size_t>(i)];
        made.batch.emplace(internal::MakeBatch(source->dataset, source->collate,
                                               indices[static_cast<size_t>(i)], at));
      }
      if constexpr (internal::kPinnable<Batch>) {
        if (source->options.pin_memory) internal::PinInPlace(*made.batch);
      }
      return made;
    }

    // The next examples of a worker's stream; fewer at its end, and none after it.
    auto Read(int worker) requires kIterable {
      std::unique_lock lock(streams.mutex, std::defer_lock);
      if (source->options.num_workers == 0) lock.lock();
      auto& stream = streams.of[static_cast<size_t>(worker)];
      std::vector<StreamedExample<D>> examples;
      if (stream.over) return examples;
      if (!stream.examples) stream.examples.emplace(source->dataset.Begin(epoch));
      while (static_cast<int64_t>(examples.size()) < source->options.batch_size) {
        auto example = stream.examples->Next();
        if (!example) {
          stream.examples.reset();
          stream.over = true;
          break;
        }
        examples.push_back(*std::move(example));
      }
      return examples;
    }
    bool AllOver() const requires kIterable {
      return std::all_of(streams.of.begin(), streams.of.end(),
                         [](const auto& stream) { return stream.told.load(); });
    }

    const std::shared_ptr<const Source> source;
    const Epoch epoch;
    const internal::Position resumed;
    int64_t total = 0;
    std::vector<int64_t> numbers;  // of the batches that are left
    std::vector<std::vector<int64_t>> indices;
    std::vector<uint64_t> again;  // of each, Epoch::again
    internal::Streams<D> streams;
    std::vector<std::optional<Made>> slots;
  };

  void StartWorkers(DataLoader& loader) {
    const DataLoaderOptions& options = shared_->source->options;
    const int64_t window = internal::WindowOf(count_, options);
    shared_->slots.resize(static_cast<size_t>(window));
    std::shared_ptr<Prefetcher>& kept = loader.kept_.workers;
    if (kept != nullptr && kept->usable() && kept->window() >= window) {
      workers_ = kept;
      shared_->slots.resize(static_cast<size_t>(kept->window()));
    } else {
      const bool all = kIterable || options.persistent_workers;
      const int64_t useful = std::min<int64_t>(options.num_workers, count_);
      workers_ = std::make_shared<Prefetcher>(
          Prefetcher::Options{.num_workers = all ? options.num_workers : static_cast<int>(useful),
                              .window = window,
                              .start_worker = options.start_worker,
                              .pinned = kIterable,
                              .kept = options.persistent_workers});
      if (options.persistent_workers) kept = workers_;
    }
    pass_ = workers_->Begin(count_, /*all=*/true, [shared = shared_](const auto& call) {
      const DataLoaderOptions& of = shared->source->options;
      const internal::WorkerScope scope({call.worker, of.num_workers, shared->epoch.seed});
      shared->slots[call.slot].emplace(shared->Prepare(call.number, call.worker));
    });
  }

  std::optional<Made> TakeFromWorkers(int64_t i) {
    const DataLoaderOptions& options = shared_->source->options;
    const auto patience =
        options.timeout > 0 ? Duration(static_cast<int64_t>(std::min(options.timeout, 1e9) * 1000))
                            : Duration(std::chrono::hours(1));
    for (;;) {
      const Prefetcher::Result result = options.in_order ? workers_->WaitFor(pass_, i, patience)
                                                         : workers_->WaitForAny(pass_, patience);
      if (result.outcome == Prefetcher::Outcome::kStopped) return std::nullopt;
      if (result.outcome == Prefetcher::Outcome::kReady) {
        Made made = *std::move(shared_->slots[result.call.slot]);
        shared_->slots[result.call.slot].reset();
        workers_->Release(pass_, result.call);
        return made;
      }
      if (options.timeout > 0) {
        Stop({});
        Abandon();
        internal::ThrowTimeout(options.timeout);
      }
    }
  }

  const std::shared_ptr<Shared> shared_;
  std::shared_ptr<internal::Progress> progress_;
  int64_t count_ = Prefetcher::kEndless;
  int64_t pass_ = 0;
  std::atomic<int64_t> next_{0};
  std::atomic<int64_t> taken_{0};
  std::atomic<bool> stopped_{false};
  bool abandoned_ = false;
  std::shared_ptr<Prefetcher> workers_;
};

// Goes over the batches of a pass; it can only be moved.
template <typename D, typename Collate>
requires(Dataset<D> || IterableDataset<D>) class DataLoader<D, Collate>::Iterator {
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
