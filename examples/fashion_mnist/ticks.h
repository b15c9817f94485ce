// Where the axis of a chart has its ticks.
#ifndef NEURA_EXAMPLES_FASHION_MNIST_TICKS_H_
#define NEURA_EXAMPLES_FASHION_MNIST_TICKS_H_

#include <vector>

namespace neura::examples {

struct Ticks {
  std::vector<double> values;  // evenly spaced, smallest first
  int digits;                  // after the point: enough to write every value exactly
};

// Four to seven round numbers from `low` or less to `high` or more, in steps of 1, 2 or 5 times a
// power of ten. A range of no width gets room around it, and one that is not finite (a loss may run
// away) becomes that from 0 to 1.
Ticks RoundTicks(double low, double high);

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_FASHION_MNIST_TICKS_H_
