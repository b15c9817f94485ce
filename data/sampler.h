// The order in which examples are visited.
#ifndef NEURA_DATA_SAMPLER_H_
#define NEURA_DATA_SAMPLER_H_

#include <cstdint>
#include <functional>
#include <optional>
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

// 0 ... size - 1, in another random order each epoch. Without num_samples all of them; of more than
// there are, another order follows when one is used up. With replacement, each is any of them.
struct RandomSampler {
  int64_t size = 0;
  bool replacement = false;
  std::optional<int64_t> num_samples = std::nullopt;
  // Throws InvalidArgument when num_samples < 0, or > 0 where there is nothing to choose from.
  std::vector<int64_t> operator()(const Epoch& epoch) const;
};

// The given indices, in another random order each epoch.
struct SubsetRandomSampler {
  std::vector<int64_t> indices;
  std::vector<int64_t> operator()(const Epoch& epoch) const;
};

// num_samples indices, each with a probability in proportion to its weight; without replacement no
// index twice.
struct WeightedRandomSampler {
  std::vector<double> weights;
  int64_t num_samples = 0;
  bool replacement = true;
  // Throws InvalidArgument when a weight is negative or not finite, or when fewer of them than are
  // needed are positive.
  std::vector<int64_t> operator()(const Epoch& epoch) const;
};

// One of num_replicas parts of equal length of 0 ... size - 1: those at rank, rank + num_replicas,
// ... in an order that is the same for all ranks. What is missing to equal lengths is taken from
// the beginning again, or else what is too much is dropped.
struct DistributedSampler {
  int64_t size = 0;
  int64_t num_replicas = 1;
  int64_t rank = 0;
  bool shuffle = true;
  bool drop_last = false;
  // Indices of each rank.
  int64_t num_samples() const;
  // Throws InvalidArgument unless 0 <= rank < num_replicas.
  std::vector<int64_t> operator()(const Epoch& epoch) const;
};

// 0 ... size - 1 where labels[i] is the class of i, in another random order each epoch in which
// every run of examples, and so every batch, has each class nearly in proportion.
struct StratifiedSampler {
  std::vector<int64_t> labels;
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
