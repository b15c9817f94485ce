// The order in which examples are visited.
#ifndef NEURA_DATA_SAMPLER_H_
#define NEURA_DATA_SAMPLER_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "neura/data/random.h"

namespace neura::data {

// The indices of an epoch, in order; any function of the epoch alone.
using Sampler = std::function<std::vector<int64_t>(const Epoch&)>;

// The indices of each batch of an epoch, in order.
using Batches = std::function<std::vector<std::vector<int64_t>>(const Epoch&)>;

// 0 ... size - 1.
struct SequentialSampler {
  int64_t size = 0;
  std::vector<int64_t> operator()(const Epoch& epoch) const;
};

// 0 ... size - 1, in another random order each epoch.
struct RandomSampler {
  int64_t size = 0;
  std::vector<int64_t> operator()(const Epoch& epoch) const;
};

// Cuts what another sampler gives into batches. The last may be smaller, unless it is dropped then.
struct BatchSampler {
  Sampler sampler;
  int64_t batch_size = 1;
  bool drop_last = false;
  // Throws InvalidArgument when batch_size < 1.
  std::vector<std::vector<int64_t>> operator()(const Epoch& epoch) const;
};

}  // namespace neura::data

#endif  // NEURA_DATA_SAMPLER_H_
