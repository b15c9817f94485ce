// Which batches of a pass were taken, so that another one can go on with the others.
#ifndef NEURA_DATA_INTERNAL_PROGRESS_H_
#define NEURA_DATA_INTERNAL_PROGRESS_H_

#include <cstdint>
#include <mutex>
#include <set>

#include "neura/tensor/core/tensor.h"

namespace neura::data::internal {

struct Position {
  int64_t epoch = 0;
  int64_t batches = 0;            // the first ones, all of which were taken
  std::set<int64_t> beyond = {};  // others

  bool Taken(int64_t number) const { return number < batches || beyond.contains(number); }
};

NamedTensors ToTensors(const Position& position);
// Throws InvalidArgument when something is missing or makes no sense.
Position FromTensors(const NamedTensors& state);

class Progress {
 public:
  Progress(int64_t epoch, const Position& since) : position_(since) { position_.epoch = epoch; }

  void Take(int64_t number);
  // All were taken: the position is the next epoch's beginning.
  void Complete();
  Position position() const;

 private:
  mutable std::mutex mutex_;
  Position position_;
};

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_PROGRESS_H_
