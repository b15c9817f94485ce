#include "neura/trainer/line_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "neura/trainer/ticks.h"

namespace neura::trainer {
namespace {

constexpr int kWidth = 480, kHeight = 320;  // of a chart
constexpr int kLeft = 64, kRight = 16, kTop = 40, kBottom = 48;
// Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
constexpr std::array<std::string_view, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#000000"};

std::string Escaped(std::string_view text) {
  return absl::StrReplaceAll(text,
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

// What values the curves span; 0 to 1 where there are none.
struct Span {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void Add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// From values to places along an axis.
struct Axis {
  Ticks ticks;
  double from, to;

  Axis(const Span& span, double from_place, double to_place)
      : ticks(RoundTicks(span.low, span.high)), from(from_place), to(to_place) {}
  double At(double value) const {
    const double low = ticks.values.front(), high = ticks.values.back();
    return from + (value - low) / (high - low) * (to - from);
  }
};

std::string Text(double x, double y, std::string_view anchor, std::string_view text,
                 std::string_view more = "") {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y,
                         anchor, more, Escaped(text));
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view colour) {
  return absl::StrFormat("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
                         x1, y1, x2, y2, colour);
}

std::string CurveText(const Curve& curve, const Axis& x, const Axis& y, std::string_view colour) {
  std::string path, dots;
  bool drawing = false;
  for (size_t i = 0; i < curve.y.size(); ++i) {
    if (!std::isfinite(curve.y[i]) || !std::isfinite(curve.x[i])) {
      drawing = false;
      continue;
    }
    const double at_x = x.At(curve.x[i]), at_y = y.At(curve.y[i]);
    absl::StrAppendFormat(&path, "%s%.1f %.1f", drawing ? " L" : " M", at_x, at_y);
    // Few points are marked, so that one alone is seen.
    if (curve.y.size() <= 30) {
      absl::StrAppendFormat(&dots, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n",
                            at_x, at_y, colour);
    }
    drawing = true;
  }
  if (path.empty()) return "";
  return absl::StrFormat("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\"/>\n%s",
                         path.substr(1), colour, dots);
}

std::string ChartText(const Chart& chart) {
  Span xs, ys;
  for (const Curve& curve : chart.curves) {
    for (const double value : curve.x) xs.Add(value);
    for (const double value : curve.y) ys.Add(value);
  }
  const Axis x(xs, kLeft, kWidth - kRight), y(ys, kHeight - kBottom, kTop);
  std::string text = Text(kLeft, 20, "start", chart.title, " font-weight=\"bold\"");
  for (const double tick : y.ticks.values) {
    text += Line(kLeft, y.At(tick), kWidth - kRight, y.At(tick), "#dddddd");
    text += Text(kLeft - 6, y.At(tick) + 4, "end", absl::StrFormat("%.*f", y.ticks.digits, tick));
  }
  for (const double tick : x.ticks.values) {
    text += Line(x.At(tick), kHeight - kBottom, x.At(tick), kHeight - kBottom + 4, "#888888");
    text += Text(x.At(tick), kHeight - kBottom + 18, "middle",
                 absl::StrFormat("%.*f", x.ticks.digits, tick));
  }
  text += Line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, "#888888");
  text += Text((kLeft + kWidth - kRight) / 2.0, kHeight - 10, "middle", chart.x_label);
  double legend = kWidth - kRight;
  for (size_t i = chart.curves.size(); i-- > 0;) {
    const std::string_view colour = kColours[i % kColours.size()];
    text += CurveText(chart.curves[i], x, y, colour);
    text += Text(legend, 20, "end", chart.curves[i].name, absl::StrCat(" fill=\"", colour, "\""));
    legend -= 12 + 7.0 * static_cast<double>(chart.curves[i].name.size());
  }
  return text;
}

}  // namespace

std::string DrawCharts(const std::vector<Chart>& charts) {
  const int columns = charts.size() > 1 ? 2 : 1;
  const int rows = std::max((static_cast<int>(charts.size()) + columns - 1) / columns, 1);
  std::string text = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
      "fill=\"white\"/>\n",
      columns * kWidth, rows * kHeight, columns * kWidth, rows * kHeight);
  for (size_t i = 0; i < charts.size(); ++i) {
    const int at = static_cast<int>(i);
    absl::StrAppendFormat(&text, "<g transform=\"translate(%d %d)\">\n", at % columns * kWidth,
                          at / columns * kHeight);
    absl::StrAppend(&text, ChartText(charts[i]), "</g>\n");
  }
  return absl::StrCat(text, "</svg>\n");
}

}  // namespace neura::trainer
