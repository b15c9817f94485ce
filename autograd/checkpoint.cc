#include "neura/autograd/checkpoint.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/saved_tensors.h"
#include "neura/autograd/vmap.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/random/generator.h"

namespace neura::autograd {
namespace {

struct Stretch {
  std::function<void()> again;
  std::optional<RandomState> random;
  std::vector<VmapScope::Entered> levels;  // inside of which the first run was
  size_t saved = 0;                        // tensors that the first run would have kept

  std::mutex mutex;
  std::vector<Tensor> tensors;  // those of the second run; empty before it
  std::vector<size_t> dropped;  // places that were given up before it
};

// What is kept in the place of a tensor. Memory goes with the node that needed it.
struct Place {
  Place(std::shared_ptr<Stretch> stretch, size_t index)
      : stretch(std::move(stretch)), index(index) {}
  ~Place() {
    Tensor last;  // goes after the lock, for others may go with it
    const std::lock_guard<std::mutex> lock(stretch->mutex);
    if (stretch->tensors.empty()) {
      stretch->dropped.push_back(index);
    } else {
      last = std::move(stretch->tensors[index]);
    }
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  const std::shared_ptr<Stretch> stretch;
  const size_t index;
};

// While alive, the default generator goes on from another state.
class WithRandomState {
 public:
  explicit WithRandomState(const std::optional<RandomState>& state)
      : previous_(DefaultGenerator().state()), changed_(state.has_value()) {
    if (changed_) DefaultGenerator().SetState(*state);
  }
  ~WithRandomState() {
    if (changed_) DefaultGenerator().SetState(previous_);
  }
  WithRandomState(const WithRandomState&) = delete;
  WithRandomState& operator=(const WithRandomState&) = delete;

 private:
  const RandomState previous_;
  const bool changed_;
};

// While alive, this thread is inside of these mapped functions.
class InLevels {
 public:
  explicit InLevels(const std::vector<VmapScope::Entered>& levels) {
    const std::vector<VmapScope::Entered> current = VmapScope::Current();
    for (const VmapScope::Entered& each : levels) {
      const bool inside = std::any_of(current.begin(), current.end(),
                                      [&](const auto& other) { return other.level == each.level; });
      if (!inside) scopes_.emplace_back(each.batch_size, each.randomness, each.level);
    }
  }
  ~InLevels() {
    while (!scopes_.empty()) scopes_.pop_back();
  }
  InLevels(const InLevels&) = delete;
  InLevels& operator=(const InLevels&) = delete;

 private:
  std::list<VmapScope> scopes_;
};

std::vector<Tensor> RunAgain(const Stretch& stretch) {
  const EnableGradGuard record;
  std::vector<Tensor> tensors;
  const SavedTensorsScope scope({.pack =
                                     [&tensors](const Tensor& tensor) {
                                       tensors.push_back(tensor);
                                       return std::make_shared<Tensor>(tensor);
                                     },
                                 .unpack =
                                     [](const std::shared_ptr<void>& kept) {
                                       return *std::static_pointer_cast<Tensor>(kept);
                                     }});
  {
    const WithRandomState random(stretch.random);
    const InLevels levels(stretch.levels);
    stretch.again();
  }
  if (tensors.size() != stretch.saved) {
    ThrowFailedPrecondition(absl::StrCat("Checkpoint: the second run needs ", tensors.size(),
                                         " tensors in backward, ", "the first one needed ",
                                         stretch.saved, ": they must do the same"));
  }
  return tensors;
}

Tensor Bring(const Place& place) {
  Stretch& stretch = *place.stretch;
  {
    const std::lock_guard<std::mutex> lock(stretch.mutex);
    if (!stretch.tensors.empty()) return stretch.tensors[place.index];
  }
  // What is called may give up places, so nothing is locked. Of two threads that get here the first
  // one's tensors stay.
  std::vector<Tensor> tensors = RunAgain(stretch);
  Tensor result;
  {
    const std::lock_guard<std::mutex> lock(stretch.mutex);
    if (stretch.tensors.empty()) {
      stretch.tensors.swap(tensors);
      tensors.resize(stretch.tensors.size());
      for (size_t i : stretch.dropped) std::swap(stretch.tensors[i], tensors[i]);
    }
    result = stretch.tensors[place.index];
  }
  return result;
}

}  // namespace

void RunCheckpointed(const std::function<void()>& run, std::function<void()> again,
                     const CheckpointOptions& options) {
  if (!GradEnabled()) return run();
  const auto stretch = std::make_shared<Stretch>();
  stretch->again = std::move(again);
  stretch->levels = VmapScope::Current();
  if (options.preserve_random_state) stretch->random = DefaultGenerator().state();
  const SavedTensorsScope scope(
      {.pack =
           [stretch](const Tensor&) { return std::make_shared<Place>(stretch, stretch->saved++); },
       .unpack =
           [](const std::shared_ptr<void>& kept) {
             return Bring(*std::static_pointer_cast<Place>(kept));
           }});
  run();
}

}  // namespace neura::autograd
