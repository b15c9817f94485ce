#include "neura/data/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data {
namespace {

// Fisher and Yates' shuffle, with the random numbers of sample `from` + i for place i.
void Shuffle(std::vector<int64_t>& order, const Epoch& epoch, int64_t from = 0) {
  for (size_t i = order.size(); i-- > 1;) {
    const auto place = static_cast<int64_t>(i);
    std::swap(order[i],
              order[static_cast<size_t>(SampleRandom(epoch, from + place).Below(place + 1))]);
  }
}

std::vector<int64_t> CountUp(int64_t size) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

}  // namespace

std::vector<int64_t> SequentialSampler::operator()(const Epoch&) const { return CountUp(size); }

std::vector<int64_t> RandomSampler::operator()(const Epoch& epoch) const {
  const int64_t wanted = num_samples.value_or(size);
  if (wanted < 0 || (size < 1 && wanted > 0)) {
    ThrowInvalidArgument(
        absl::StrCat("RandomSampler: num_samples is ", wanted, " of ", size, " examples"));
  }
  std::vector<int64_t> order;
  if (replacement) {
    for (int64_t i = 0; i < wanted; ++i) order.push_back(SampleRandom(epoch, i).Below(size));
    return order;
  }
  for (int64_t from = 0; from < wanted; from += size) {
    std::vector<int64_t> part = CountUp(size);
    Shuffle(part, epoch, from);
    part.resize(static_cast<size_t>(std::min(size, wanted - from)));
    order.insert(order.end(), part.begin(), part.end());
  }
  return order;
}

std::vector<int64_t> SubsetRandomSampler::operator()(const Epoch& epoch) const {
  std::vector<int64_t> order = indices;
  Shuffle(order, epoch);
  return order;
}

std::vector<int64_t> WeightedRandomSampler::operator()(const Epoch& epoch) const {
  std::vector<double> sums;
  double sum = 0;
  int64_t positive = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0) || !std::isfinite(weights[i])) {
      ThrowInvalidArgument(absl::StrCat("WeightedRandomSampler: weight ", i, " is ", weights[i],
                                        "; finite numbers that are not negative are expected"));
    }
    positive += weights[i] > 0 ? 1 : 0;
    sums.push_back(sum += weights[i]);
  }
  if (num_samples < 0 || !std::isfinite(sum) ||
      (replacement ? num_samples > 0 && positive == 0 : num_samples > positive)) {
    ThrowInvalidArgument(absl::StrCat(
        "WeightedRandomSampler: ", num_samples, " samples of ", positive, " positive weights, ",
        replacement ? "with" : "without", " replacement, of the sum ", sum));
  }
  std::vector<int64_t> order;
  if (replacement) {
    for (int64_t i = 0; i < num_samples; ++i) {
      const double at = SampleRandom(epoch, i).Uniform() * sum;
      auto found = std::upper_bound(sums.begin(), sums.end(), at);
      // The product may round up to the sum.
      if (found == sums.end()) found = std::lower_bound(sums.begin(), sums.end(), sum);
      order.push_back(std::distance(sums.begin(), found));
    }
    return order;
  }
  // The largest of log(u) / weight: Efraimidis and Spirakis, "Weighted random sampling with a
  // reservoir", Information Processing Letters 97 (2006).
  std::vector<std::pair<double, int64_t>> keys;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    const auto index = static_cast<int64_t>(i);
    const double u = 1 - SampleRandom(epoch, index).Uniform();
    keys.emplace_back(-std::log(u) / weights[i], index);
  }
  std::sort(keys.begin(), keys.end());
  for (int64_t i = 0; i < num_samples; ++i) order.push_back(keys[static_cast<size_t>(i)].second);
  return order;
}

int64_t DistributedSampler::num_samples() const {
  return drop_last ? size / num_replicas : (size + num_replicas - 1) / num_replicas;
}

std::vector<int64_t> DistributedSampler::operator()(const Epoch& epoch) const {
  if (num_replicas < 1 || rank < 0 || rank >= num_replicas) {
    ThrowInvalidArgument(absl::StrCat("DistributedSampler: rank ", rank, " of ", num_replicas,
                                      " replicas; from 0 to one less than these is expected"));
  }
  const std::vector<int64_t> all =
      shuffle ? RandomSampler{size}(epoch) : SequentialSampler{size}(epoch);
  std::vector<int64_t> own;
  const int64_t count = size > 0 ? num_samples() : 0;
  for (int64_t i = 0; i < count; ++i) {
    own.push_back(all[static_cast<size_t>((rank + i * num_replicas) % size)]);
  }
  return own;
}

std::vector<int64_t> StratifiedSampler::operator()(const Epoch& epoch) const {
  std::map<int64_t, std::vector<int64_t>> classes;
  for (size_t i = 0; i < labels.size(); ++i) {
    classes[labels[i]].push_back(static_cast<int64_t>(i));
  }
  // The examples of each class lie evenly in [0, 1), from a random place on.
  std::vector<std::pair<double, int64_t>> places;
  int64_t stream = 0;
  for (auto& [label, members] : classes) {
    Shuffle(members, epoch, stream);
    stream += static_cast<int64_t>(members.size());
    const double shift = SampleRandom(epoch, -stream).Uniform();
    for (size_t i = 0; i < members.size(); ++i) {
      places.emplace_back((static_cast<double>(i) + shift) / static_cast<double>(members.size()),
                          members[i]);
    }
  }
  std::sort(places.begin(), places.end());
  std::vector<int64_t> order;
  for (const auto& place : places) order.push_back(place.second);
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
