#include "neura/data/sampler.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data {

std::vector<int64_t> SequentialSampler::operator()(const Epoch&) const {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

// Fisher and Yates' shuffle, with the random numbers of sample i for place i.
std::vector<int64_t> RandomSampler::operator()(const Epoch& epoch) const {
  std::vector<int64_t> order = SequentialSampler{size}(epoch);
  for (int64_t i = size - 1; i > 0; --i) {
    std::swap(order[static_cast<size_t>(i)],
              order[static_cast<size_t>(SampleRandom(epoch, i).Below(i + 1))]);
  }
  return order;
}

std::vector<std::vector<int64_t>> BatchSampler::operator()(const Epoch& epoch) const {
  if (batch_size < 1) {
    ThrowInvalidArgument(absl::StrCat("BatchSampler: batch_size is ", batch_size));
  }
  const std::vector<int64_t> order = sampler(epoch);
  std::vector<std::vector<int64_t>> batches;
  for (auto begin = order.begin(); begin != order.end();) {
    const int64_t left = std::distance(begin, order.end());
    if (left < batch_size && drop_last) break;
    const auto end = begin + std::min(left, batch_size);
    batches.emplace_back(begin, end);
    begin = end;
  }
  return batches;
}

}  // namespace neura::data
