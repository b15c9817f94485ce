#include "neura/data/internal/progress.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"

namespace neura::data::internal {
namespace {

Tensor Entry(const NamedTensors& state, std::string_view name, int64_t dim) {
  for (const auto& [key, tensor] : state) {
    if (key != name) continue;
    if (tensor.dtype() == kInt64 && tensor.dim() == dim && tensor.device() == kCpu &&
        tensor.is_contiguous()) {
      return tensor;
    }
    ThrowInvalidArgument(absl::StrCat("DataLoader: the state's \"", name, "\" is ",
                                      Describe(tensor), "; int64 of ", dim,
                                      " dimensions on the CPU is expected"));
  }
  ThrowInvalidArgument(absl::StrCat("DataLoader: the state has no \"", name, "\""));
}

int64_t CountOf(const NamedTensors& state, std::string_view name) {
  const auto count = Entry(state, name, 0).Item<int64_t>();
  if (count < 0) {
    ThrowInvalidArgument(absl::StrCat("DataLoader: the state's \"", name, "\" is ", count));
  }
  return count;
}

}  // namespace

NamedTensors ToTensors(const Position& position) {
  const std::vector<int64_t> beyond(position.beyond.begin(), position.beyond.end());
  return {{"epoch", ScalarTensor(position.epoch)},
          {"batches", ScalarTensor(position.batches)},
          {"beyond", FromVector(beyond, {static_cast<int64_t>(beyond.size())})}};
}

Position FromTensors(const NamedTensors& state) {
  Position position{CountOf(state, "epoch"), CountOf(state, "batches")};
  const Tensor beyond = Entry(state, "beyond", 1);
  position.beyond.insert(beyond.data<int64_t>(), beyond.data<int64_t>() + beyond.numel());
  return position;
}

void Progress::Take(int64_t number) {
  const std::lock_guard lock(mutex_);
  position_.beyond.insert(number);
  while (position_.beyond.erase(position_.batches) > 0) ++position_.batches;
}

void Progress::Complete() {
  const std::lock_guard lock(mutex_);
  position_ = {position_.epoch + 1};
}

Position Progress::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

}  // namespace neura::data::internal
