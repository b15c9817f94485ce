#include "neura/data/dataloader.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::data::internal {

void CheckOptions(const DataLoaderOptions& options, bool iterable) {
  if (options.batch_size < 1 || options.num_workers < 0 || options.prefetch_factor < 1) {
    ThrowInvalidArgument(absl::StrCat(
        "DataLoader: batch_size ", options.batch_size, ", num_workers ", options.num_workers,
        ", prefetch_factor ", options.prefetch_factor, "; at least 1, 0 and 1 are expected"));
  }
  if (options.num_workers > kMaxThreads) {
    ThrowInvalidArgument(absl::StrCat("DataLoader: num_workers is ", options.num_workers,
                                      "; at most ", kMaxThreads, " are expected"));
  }
  if (!(options.timeout >= 0) || (options.timeout > 0 && options.num_workers == 0)) {
    ThrowInvalidArgument(absl::StrCat("DataLoader: timeout is ", options.timeout,
                                      "; it limits the wait for workers, and is not negative"));
  }
  if (options.persistent_workers && options.num_workers == 0) {
    ThrowInvalidArgument("DataLoader: persistent_workers needs workers");
  }
  if (iterable && (options.shuffle || options.sampler || options.batch_sampler)) {
    ThrowInvalidArgument(
        "DataLoader: an iterable dataset decides the order itself: no shuffle, sampler or "
        "batch_sampler");
  }
}

void ThrowTimeout(double seconds) {
  throw Error(absl::StatusCode::kDeadlineExceeded,
              absl::StrCat("DataLoader: no batch came within the timeout of ", seconds,
                           " seconds; the pass is over"));
}

Batches MakeBatchSampler(int64_t dataset_size, const DataLoaderOptions& options) {
  if (options.batch_sampler) {
    if (options.batch_size != 1 || options.shuffle || options.sampler || options.drop_last) {
      ThrowInvalidArgument(
          "DataLoader: where batch_sampler says what the batches are, batch_size, shuffle, sampler "
          "and drop_last must not");
    }
    return options.batch_sampler;
  }
  if (options.shuffle && options.sampler) {
    ThrowInvalidArgument("DataLoader: either shuffle or sampler decides the order, not both");
  }
  Sampler sampler = options.sampler;
  if (!sampler && options.shuffle) sampler = RandomSampler{dataset_size};
  if (!sampler) sampler = SequentialSampler{dataset_size};
  return BatchSampler{std::move(sampler), options.batch_size, options.drop_last};
}

void CheckPinning(const DataLoaderOptions& options, bool pinnable) {
  if (!options.pin_memory) return;
  if (!pinnable) {
    ThrowInvalidArgument(
        "DataLoader: pin_memory needs batches that are tensors, or arrays, vectors, pairs or "
        "tuples of them");
  }
  PinMemory(Zeros({1}));
}

int64_t WindowOf(int64_t num_batches, const DataLoaderOptions& options) {
  constexpr int64_t kMost = 1 << 20;
  num_batches = std::min(num_batches, kMost);
  int64_t window;
  if (__builtin_mul_overflow(options.prefetch_factor, int64_t{options.num_workers}, &window)) {
    window = num_batches;
  }
  return std::max<int64_t>(1, std::min(window, num_batches));
}

}  // namespace neura::data::internal
