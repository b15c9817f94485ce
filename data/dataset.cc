#include "neura/data/dataset.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/data/datasets.h"
#include "neura/tensor/core/error.h"

namespace neura::data {

void CheckIndex(int64_t index, int64_t size) {
  if (index < 0 || index >= size) {
    ThrowOutOfRange(absl::StrCat("dataset: index ", index, " is outside [0, ", size, ")"));
  }
}

namespace internal {

void ThrowNothingToCollate() { ThrowInvalidArgument("DefaultCollate: there are no examples"); }

void ThrowUnequalLengths(size_t first, size_t other) {
  ThrowInvalidArgument(absl::StrCat("DefaultCollate: examples of ", first, " and of ", other,
                                    " parts, or of other names, cannot be joined"));
}

int64_t EqualSize(const std::vector<int64_t>& sizes) {
  const bool equal =
      std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == sizes[0]; });
  if (sizes.empty() || !equal) {
    ThrowInvalidArgument(absl::StrCat("StackDataset: datasets of one size are expected, not of [",
                                      absl::StrJoin(sizes, ", "), "]"));
  }
  return sizes[0];
}

Repeats::Repeats(int64_t dataset_size) : size_(dataset_size) {
  constexpr int64_t kMost = int64_t{1} << 26;  // 8 MiB of bits
  if (size_ > 0 && size_ <= kMost) seen_.resize(static_cast<size_t>(size_));
}

bool Repeats::Insert(int64_t index) {
  if (seen_.empty()) return seen_of_many_.insert(index).second;
  auto seen = seen_[static_cast<size_t>(index)];
  const bool is_new = !seen;
  seen = true;
  return is_new;
}

uint64_t Repeats::Of(absl::Span<const int64_t> indices) {
  ++batches_;
  bool repeated = false;
  for (const int64_t index : indices) {
    if (index < 0 || index >= size_) continue;  // whoever reads it says so
    repeated |= !Insert(index);
  }
  return repeated ? batches_ << 32 : 0;
}

Epoch EpochAt(const Epoch& epoch, absl::Span<const int64_t> indices, size_t place) {
  Epoch at = epoch;
  if (epoch.again != 0) {
    const auto begin = indices.begin(), end = begin + static_cast<ptrdiff_t>(place);
    at.again += static_cast<uint64_t>(std::count(begin, end, indices[place]));
  }
  return at;
}

}  // namespace internal
}  // namespace neura::data
