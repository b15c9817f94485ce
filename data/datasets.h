// Datasets made of other datasets.
#ifndef NEURA_DATA_DATASETS_H_
#define NEURA_DATA_DATASETS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/data/dataset.h"

namespace neura::data {

namespace internal {
// Throws InvalidArgument unless all sizes are equal; returns it.
int64_t EqualSize(const std::vector<int64_t>& sizes);
}  // namespace internal

// Example i is a std::tuple of example i of each dataset. Throws InvalidArgument when their sizes
// differ.
template <Dataset... D>
class StackDataset {
 public:
  explicit StackDataset(D... datasets)
      : datasets_(std::move(datasets)...),
        size_(
            std::apply([](const D&... dataset) { return internal::EqualSize({dataset.size()...}); },
                       datasets_)) {}

  int64_t size() const { return size_; }
  std::tuple<ExampleOf<D>...> Get(int64_t index, const Epoch& epoch = {}) const {
    CheckIndex(index, size_);
    return std::apply(
        [&](const D&... dataset) {
          return std::tuple<ExampleOf<D>...>(GetExample(dataset, index, epoch)...);
        },
        datasets_);
  }

 private:
  std::tuple<D...> datasets_;
  int64_t size_;
};

// The examples of one dataset after those of another.
template <Dataset D>
class ConcatDataset {
 public:
  explicit ConcatDataset(std::vector<D> datasets) : datasets_(std::move(datasets)) {
    for (const D& dataset : datasets_) ends_.push_back(size() + dataset.size());
  }

  int64_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  ExampleOf<D> Get(int64_t index, const Epoch& epoch = {}) const {
    CheckIndex(index, size());
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), index);
    const auto which = std::distance(ends_.begin(), end);
    const int64_t begin = which == 0 ? 0 : *std::prev(end);
    return GetExample(datasets_[static_cast<size_t>(which)], index - begin, epoch);
  }

 private:
  std::vector<D> datasets_;
  std::vector<int64_t> ends_;
};

// Example i is function(example i of another dataset); the function may take the sample's random
// numbers, a SampleRandom&, too.
template <Dataset D, typename F>
class MapDataset {
 public:
  MapDataset(D dataset, F function)
      : dataset_(std::move(dataset)), function_(std::move(function)) {}

  int64_t size() const { return dataset_.size(); }
  auto Get(int64_t index, const Epoch& epoch = {}) const {
    if constexpr (requires(SampleRandom & random) {
                    function_(std::declval<ExampleOf<D>>(), random);
                  }) {
      SampleRandom random(epoch, index);
      return function_(GetExample(dataset_, index, epoch), random);
    } else {
      return function_(GetExample(dataset_, index, epoch));
    }
  }

 private:
  D dataset_;
  F function_;
};

// Keeps each example that was asked for, as it was then, at most `capacity` of them. Copies share
// what they keep.
template <Dataset D>
class CachedDataset {
 public:
  explicit CachedDataset(D dataset, std::optional<int64_t> capacity = std::nullopt)
      : dataset_(std::move(dataset)), capacity_(capacity), kept_(std::make_shared<Kept>()) {}

  int64_t size() const { return dataset_.size(); }
  ExampleOf<D> Get(int64_t index, const Epoch& epoch = {}) const {
    {
      const std::lock_guard lock(kept_->mutex);
      const auto found = kept_->examples.find(index);
      if (found != kept_->examples.end()) return found->second;
    }
    ExampleOf<D> example = GetExample(dataset_, index, epoch);
    const std::lock_guard lock(kept_->mutex);
    if (!capacity_ || static_cast<int64_t>(kept_->examples.size()) < *capacity_) {
      kept_->examples.emplace(index, example);
    }
    return example;
  }

 private:
  struct Kept {
    std::mutex mutex;
    std::map<int64_t, ExampleOf<D>> examples;
  };
  D dataset_;
  std::optional<int64_t> capacity_;
  std::shared_ptr<Kept> kept_;
};

// What one stream of examples gives after another.
template <IterableDataset D>
class ChainDataset {
 public:
  explicit ChainDataset(std::vector<D> datasets)
      : datasets_(std::make_shared<const std::vector<D>>(std::move(datasets))) {}

  class Stream {
   public:
    Stream(std::shared_ptr<const std::vector<D>> datasets, const Epoch& epoch)
        : datasets_(std::move(datasets)), epoch_(epoch) {}
    std::optional<StreamedExample<D>> Next() {
      for (; at_ < datasets_->size(); ++at_, stream_.reset()) {
        if (!stream_) stream_.emplace((*datasets_)[at_].Begin(epoch_));
        if (std::optional<StreamedExample<D>> example = stream_->Next()) return example;
      }
      return std::nullopt;
    }

   private:
    std::shared_ptr<const std::vector<D>> datasets_;
    Epoch epoch_;
    size_t at_ = 0;
    std::optional<decltype(std::declval<const D&>().Begin(Epoch()))> stream_;
  };
  Stream Begin(const Epoch& epoch) const { return Stream(datasets_, epoch); }

 private:
  std::shared_ptr<const std::vector<D>> datasets_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_DATASETS_H_
