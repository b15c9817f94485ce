// Where the axis of a chart has its ticks.
#ifndef NEURA_TRAINER_TICKS_H_
#define NEURA_TRAINER_TICKS_H_

#include <vector>

namespace neura::trainer {

struct Ticks {
  std::vector<double> values;  // evenly spaced, smallest first
  int digits;                  // after the point: enough to write every value exactly
};

// Four to seven round numbers from `low` or less to `high` or more, in steps of 1, 2 or 5 times a
// power of ten. A range of no width gets room around it, and one that is not finite (a loss may run
// away) becomes that from 0 to 1.
Ticks RoundTicks(double low, double high);

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_TICKS_H_
