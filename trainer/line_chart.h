// Curves as pictures.
#ifndef NEURA_TRAINER_LINE_CHART_H_
#define NEURA_TRAINER_LINE_CHART_H_

#include <string>
#include <vector>

namespace neura::trainer {

struct Curve {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;  // as many; what is not finite interrupts the curve
};

// A field with axes and at most a few curves.
struct Chart {
  std::string title;
  std::string x_label;
  std::vector<Curve> curves;
};

// Charts side by side, two in a row, as an SVG document.
std::string DrawCharts(const std::vector<Chart>& charts);

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_LINE_CHART_H_
