// What a trainer goes over, whatever the type of its batches.
#ifndef NEURA_TRAINER_BATCHES_H_
#define NEURA_TRAINER_BATCHES_H_

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "neura/tensor/core/tensor.h"

namespace neura::trainer {

// The batches of a loader, one after the other.
class Batches {
 public:
  virtual ~Batches() = default;
  // Of an epoch; -1 where that is not known.
  virtual int64_t size() const = 0;
  // Starts an epoch, the same one each time for the same number.
  virtual void Begin(int64_t epoch) = 0;
  // Goes on to the next batch, the first one after Begin; false where there is none.
  virtual bool Next() = 0;
  // Ends an epoch early.
  virtual void End() = 0;
  // Nobody goes on with the epoch that has ended early. Whether StateDict() now says how the next
  // one begins.
  virtual bool Leave() { return false; }

  // Where it stands, for another run that goes on from there; nothing where it does not know.
  virtual NamedTensors StateDict() const { return {}; }
  // What StateDict() gave. The next Begin() goes on behind the batches that were taken of the
  // epoch.
  // False where it cannot, and begins as ever.
  virtual bool LoadStateDict(const NamedTensors& /*state*/) { return false; }
};

// Batches, and what is done with each: `step` computes the loss of the current one.
struct Steps {
  std::shared_ptr<Batches> batches;
  std::function<Tensor()> step;
};

namespace internal {

// Of a data::DataLoader, or what is used as one: range-based for, and if it has them size(),
// epoch(), set_epoch(), StateDict().
template <typename Loader>
class BatchesOf final : public Batches {
 public:
  explicit BatchesOf(Loader& loader) : loader_(loader) {}

  int64_t size() const override {
    if constexpr (requires(Loader & loader) { loader.size(); }) return loader_.size();
    return -1;
  }
  void Begin(int64_t epoch) override {
    at_.reset();
    if constexpr (kHasEpoch) {
      if (!resumes_ || loader_.epoch() != epoch) loader_.set_epoch(epoch);
    }
    resumes_ = false;
    fresh_ = true;
  }
  bool Next() override {
    if (fresh_) {
      at_.emplace(loader_.begin());
      fresh_ = false;
    } else {
      ++*at_;
    }
    return !(*at_ == loader_.end());
  }
  void End() override { at_.reset(); }

  NamedTensors StateDict() const override {
    if constexpr (kHasState) return loader_.StateDict();
    return {};
  }
  bool LoadStateDict(const NamedTensors& state) override {
    if constexpr (kHasState) {
      loader_.LoadStateDict(state);
      resumes_ = true;
    }
    return kHasState;
  }

  auto& batch() const { return **at_; }

 private:
  static constexpr bool kHasEpoch = requires(Loader & loader) {
    loader.set_epoch(int64_t{0});
    loader.epoch();
  };
  static constexpr bool kHasState = requires(Loader & loader, const NamedTensors& state) {
    loader.LoadStateDict(state);
    loader.StateDict();
  };

  Loader& loader_;
  std::optional<decltype(std::declval<Loader&>().begin())> at_;
  bool fresh_ = false;
  bool resumes_ = false;
};

}  // namespace internal

// step(batch) for every batch of a loader, which must outlive the result.
template <typename Loader, typename Step>
Steps Over(Loader& loader, Step step) {
  auto batches = std::make_shared<internal::BatchesOf<Loader>>(loader);
  auto* const at = batches.get();
  return {std::move(batches), [at, step = std::move(step)]() mutable { return step(at->batch()); }};
}

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_BATCHES_H_
