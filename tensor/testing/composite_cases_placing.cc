// Cases of composites that place elements, and of what counts them.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

// in[0] with what combine(place's elements, first in[0]'s own) gives where in[1], of the source's
// shape, sends those of in[2] along dim; other places as they are.
Reference Scattered(size_t dim, std::function<double(const std::vector<double>&)> combine) {
  return [=](Arrays in) {
    Array out = in[0];
    std::vector<std::vector<double>> there;
    for (double v : out.values) there.push_back({v});
    for (int64_t i = 0; i < in[1].numel(); ++i) {
      Position p = PositionOf(in[1].shape, i);
      p[dim] = static_cast<int64_t>(in[1][i]);
      there[static_cast<size_t>(IndexOf(out.shape, p))].push_back(in[2][i]);
    }
    for (size_t i = 0; i < there.size(); ++i) {
      if (there[i].size() > 1) out.values[i] = combine(there[i]);
    }
    return std::vector<Array>{out};
  };
}

double SumOf(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }
double MaxOf(const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); }

// in[0] with elements of in[1] where `from` gives a position in it.
Reference Placed(std::function<Position(Position)> from) {
  return [=](Arrays in) {
    Array out = in[0];
    for (int64_t i = 0; i < out.numel(); ++i) {
      const Position p = from(PositionOf(out.shape, i));
      if (!p.empty()) out[i] = in[1][IndexOf(in[1].shape, p)];
    }
    return std::vector<Array>{out};
  };
}

void AddPlacing(CaseList& cases) {
  const Tensor x = Sample({3, 4}, 1), source = Sample({2, 4}, 2);
  const Tensor places = FromList<int64_t>({0, 2, 1, 0, 0, 1, 2, 2}, {2, 4});
  const auto reduce = [&](const char* name, const char* how, bool self,
                          std::function<double(const std::vector<double>&)> combine) {
    const std::string reduction = how;
    cases.push_back(Case(
        std::string("scatter_reduce/") + name, {x, places, source},
        [=](Inputs in) { return ScatterReduce(in[0], 0, in[1], in[2], reduction, self); },
        Scattered(0, [=](std::vector<double> there) {
          if (!self) there.erase(there.begin());
          return combine(there);
        })));
  };
  reduce("sum", "sum", true, SumOf);
  reduce("mean", "mean", true,
         [](const auto& v) { return SumOf(v) / static_cast<double>(v.size()); });
  reduce("others", "mean", false,
         [](const auto& v) { return SumOf(v) / static_cast<double>(v.size()); });
  reduce("amax", "amax", false, MaxOf);
  reduce("prod", "prod", true, [](const auto& v) {
    return std::accumulate(v.begin(), v.end(), 1.0, [](double a, double b) { return a * b; });
  });
  cases.push_back(Case(
      "index_reduce/columns", {Sample({2, 3}, 1), FromList<int64_t>({2, 0, 2}), Sample({2, 3}, 2)},
      [](Inputs in) { return IndexReduce(in[0], 1, in[1], in[2], "amax"); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t r = 0; r < 2; ++r) {
          for (int64_t i = 0; i < 3; ++i) {
            double& to = out[r * 3 + static_cast<int64_t>(in[1][i])];
            to = std::max(to, in[2][r * 3 + i]);
          }
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "put/negative", {Sample({2, 3}, 1), FromList<int64_t>({4, -6}), Sample({2}, 2)},
      [](Inputs in) { return Put(in[0], in[1], in[2]); },
      [](Arrays in) {
        Array out = in[0];
        out[4] = in[2][0];
        out[0] = in[2][1];
        return std::vector<Array>{out};
      }));
  cases.push_back(Reading(
      "index_put/accumulated",
      {Sample({3, 2, 2}, 1), FromList<int64_t>({0, 2, 0}), FromList<int64_t>({1, 0, 1}),
       Sample({3, 2}, 2)},
      [](Inputs in) {
        return IndexPut(in[0], {in[1], in[2]}, in[3], true);
      },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 3; ++i) {
          const auto row = static_cast<int64_t>(in[1][i] * 2 + in[2][i]);
          for (int64_t k = 0; k < 2; ++k) out[row * 2 + k] += in[3][i * 2 + k];
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Reading(
      "index_put/mask", {Sample({2, 2}, 1), FromList<bool>({true, false}), Sample({2}, 2)},
      [](Inputs in) { return IndexPut(in[0], {in[1]}, in[2]); },
      Placed([](Position) { return Position(); })));
  cases.back().reference = [](Arrays in) {
    return std::vector<Array>{{{2, 2}, {in[2][0], in[2][1], in[0][2], in[0][3]}}};
  };
  cases.push_back(Case(
      "select_scatter/column", {x, Sample({3}, 2)},
      [](Inputs in) { return SelectScatter(in[0], in[1], 1, -1); },
      Placed([](Position p) { return p[1] == 3 ? Position{p[0]} : Position(); })));
  cases.push_back(Case(
      "slice_scatter/steps", {x, Sample({3, 2}, 2)},
      [](Inputs in) { return SliceScatter(in[0], in[1], 1, 1, {}, 2); }, Placed([](Position p) {
        return p[1] % 2 == 1 ? Position{p[0], p[1] / 2} : Position();
      })));
  cases.push_back(Case(
      "diagonal_scatter/above", {x, Sample({3}, 2)},
      [](Inputs in) { return DiagonalScatter(in[0], in[1], 1); },
      Placed([](Position p) { return p[1] == p[0] + 1 ? Position{p[0]} : Position(); })));
}

void AddCounting(CaseList& cases) {
  const Tensor numbers = FromList<int64_t>({3, 1, 3, 2, 1, 2, 2, 0}, {2, 4});
  cases.push_back(Case(
      "mode/ties", {numbers},
      [](Inputs in) -> std::vector<Tensor> {
        const ValuesAndIndices result = Mode(in[0], 1);
        return {result.values, result.indices};
      },
      [](Arrays) {
        return std::vector<Array>{{{2}, {3, 2}}, {{2}, {2, 2}}};
      }));
  cases.push_back(Case(
      "aminmax/rows", {Sample({3, 4}, 1)},
      [](Inputs in) -> std::vector<Tensor> {
        const MinAndMax result = AMinMax(in[0], 1);
        return {result.min, result.max};
      },
      Each({Reduce({1}, false, [](const auto& v) { return *std::min_element(v.begin(), v.end()); }),
            Reduce({1}, false, MaxOf)})));
  cases.push_back(Case(
      "isin/integers", {numbers, FromList<int64_t>({2, 7, 3})},
      [](Inputs in) { return IsIn(in[0], in[1]); },
      [](Arrays in) {
        Array out = in[0];
        for (double& v : out.values) v = v == 2 || v == 3;
        return std::vector<Array>{out};
      }));
  cases.push_back(Reading(
      "histogram/edges", {FromList<double>({-1, 0.1, 0.9, 1.9, 2, 5}), FromList<double>({0, 1, 2})},
      [](Inputs in) { return Histogram(in[0], in[1]).hist; },
      [](Arrays) {
        return std::vector<Array>{{{2}, {2, 2}}};
      }));
  cases.push_back(Reading(
      "unique/inverse", {numbers},
      [](Inputs in) -> std::vector<Tensor> {
        const UniqueElements result = Unique(in[0]);
        return {result.output, result.inverse_indices, result.counts};
      },
      [](Arrays in) {
        return std::vector<Array>{{{4}, {0, 1, 2, 3}}, in[0], {{4}, {1, 2, 3, 2}}};
      }));
  cases.push_back(Reading(
      "unique_consecutive/columns", {FromList<int64_t>({1, 1, 2, 3, 3, 4}, {2, 3})},
      [](Inputs in) -> std::vector<Tensor> {
        const UniqueElements result = UniqueConsecutive(in[0], 1);
        return {result.output, result.inverse_indices, result.counts};
      },
      [](Arrays) {
        return std::vector<Array>{{{2, 2}, {1, 2, 3, 4}}, {{3}, {0, 0, 1}}, {{2}, {2, 1}}};
      }));
  cases.push_back(Case(
      "cumulative_trapezoid/apart", {Sample({2, 4}, 1)},
      [](Inputs in) { return CumulativeTrapezoid(in[0], {}, 0.5); },
      [](Arrays in) {
        Array out{{2, 3}, {}};
        for (int64_t r = 0; r < 2; ++r) {
          double sum = 0;
          for (int64_t i = 1; i < 4; ++i) {
            out.values.push_back(sum += 0.25 * (in[0][r * 4 + i] + in[0][r * 4 + i - 1]));
          }
        }
        return std::vector<Array>{out};
      }));
  // Uneven places: the parabola through three neighbours, and slopes at the ends.
  cases.push_back(Case(
      "gradient/places", {Sample({4}, 1), FromList<double>({0, 1, 3, 4})},
      [](Inputs in) { return Gradient(in[0], {Operand(in[1])}); },
      [](Arrays in) {
        const Array &y = in[0], &x = in[1];
        const auto slope = [&](int64_t i) { return (y[i + 1] - y[i]) / (x[i + 1] - x[i]); };
        Array out{{4}, {slope(0)}};
        for (int64_t i = 1; i < 3; ++i) {
          const double a = x[i] - x[i - 1], b = x[i + 1] - x[i];
          out.values.push_back((slope(i - 1) * b + slope(i) * a) / (a + b));
        }
        out.values.push_back(slope(2));
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "index_add/scaled", {Sample({3}, 1), FromList<int64_t>({2, 0, 2}), Sample({3}, 2)},
      [](Inputs in) { return IndexAddScaled(in[0], 0, in[1], in[2], 2.5); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 3; ++i) out[static_cast<int64_t>(in[1][i])] += 2.5 * in[2][i];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "pdist/rows", {Sample({4, 3}, 1)}, [](Inputs in) { return PDist(in[0], 3); },
      [](Arrays in) {
        Array out{{6}, {}};
        for (int64_t i = 0; i < 4; ++i) {
          for (int64_t j = i + 1; j < 4; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < 3; ++k) {
              sum += std::pow(std::abs(in[0][i * 3 + k] - in[0][j * 3 + k]), 3);
            }
            out.values.push_back(std::cbrt(sum));
          }
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "cdist/product", {Sample({3, 4}, 1), Sample({2, 4}, 2)},
      [](Inputs in) { return CDist(in[0], in[1], 2, "use_mm_for_euclid_dist"); },
      [](Arrays in) {
        Array out{{3, 2}, {}};
        for (int64_t i = 0; i < 3; ++i) {
          for (int64_t j = 0; j < 2; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < 4; ++k) {
              sum += std::pow(in[0][i * 4 + k] - in[1][j * 4 + k], 2);
            }
            out.values.push_back(std::sqrt(sum));
          }
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "lcm/integers", {FromList<int64_t>({4, -6, 0, 7}), FromList<int64_t>({6, 4, 5, 0})},
      [](Inputs in) { return Lcm(in[0], in[1]); },
      [](Arrays) {
        return std::vector<Array>{{{4}, {12, 12, 0, 0}}};
      }));
}

// For each row of in[0] and each segment of it, what fold makes of its elements; bounds are those
// of the segments.
Reference OfSegments(std::vector<int64_t> bounds,
                     std::function<double(const std::vector<double>&)> fold) {
  return [=](Arrays in) {
    const auto segments = static_cast<int64_t>(bounds.size()) - 1;
    Array out{{in[0].size(0), segments}, {}};
    for (int64_t r = 0; r < in[0].size(0); ++r) {
      const auto row = in[0].values.begin() + r * in[0].size(1);
      for (size_t s = 0; s + 1 < bounds.size(); ++s) {
        out.values.push_back(fold({row + bounds[s], row + bounds[s + 1]}));
      }
    }
    return std::vector<Array>{out};
  };
}

void AddSegments(CaseList& cases) {
  const Tensor x = Sample({2, 6}, 1);
  const std::vector<int64_t> bounds = {0, 2, 2, 5};
  const Tensor offsets = FromList<int64_t>({0, 2, 2, 5, 0, 2, 2, 5}, {2, 4}),
               lengths = FromList<int64_t>({2, 0, 4, 2, 0, 4}, {2, 3});
  cases.push_back(Case(
      "segment_reduce/offsets", {x, offsets},
      [](Inputs in) { return SegmentReduce(in[0], "sum", {}, in[1], 1, true); },
      OfSegments(bounds, SumOf)));
  cases.push_back(Case(
      "segment_reduce/initial", {x, offsets},
      [](Inputs in) { return SegmentReduce(in[0], "mean", {}, in[1], 1, true, 2.0); },
      OfSegments(bounds, [](const auto& v) {
        return (2 + SumOf(v)) / static_cast<double>(std::max<size_t>(v.size(), 1));
      })));
  cases.push_back(Reading(
      "segment_reduce/lengths", {x, lengths},
      [](Inputs in) { return SegmentReduce(in[0], "prod", in[1], {}, 1); },
      OfSegments({0, 2, 2, 6}, [](const auto& v) {
        return std::accumulate(v.begin(), v.end(), 1.0, [](double a, double b) { return a * b; });
      })));
  cases.push_back(Case(
      "segment_reduce/columns", {Sample({4, 2}, 2), FromList<int64_t>({3, 1})},
      [](Inputs in) { return SegmentReduce(in[0], "max", in[1], {}, 0, true); },
      [](Arrays in) {
        Array out{{2, 2}, {}};
        for (int64_t c = 0; c < 2; ++c) {
          out.values.push_back(std::max({in[0][c], in[0][2 + c], in[0][4 + c]}));
        }
        for (int64_t c = 0; c < 2; ++c) out.values.push_back(in[0][6 + c]);
        return std::vector<Array>{out};
      }));
}

// Numbers are vectors of one element to what looks along a dimension.
void AddNumbers(CaseList& cases) {
  const Tensor number = Sample({}, 1), zero = FromList<int64_t>({0});
  const auto itself = [](Arrays in) { return std::vector<Array>{in[0]}; };
  cases.push_back(Case(
      "gather/number", {number, FromList<int64_t>({0, 0})},
      [](Inputs in) { return Gather(in[0], 0, in[1]); },
      [](Arrays in) {
        return std::vector<Array>{{{2}, {in[0][0], in[0][0]}}};
      }));
  cases.push_back(Case(
      "index_select/number", {number, zero}, [](Inputs in) { return IndexSelect(in[0], 0, in[1]); },
      itself));
  cases.push_back(Case(
      "unfold/number", {number}, [](Inputs in) { return Unfold(in[0], 0, 1, 1); }, InShape({1})));
  cases.push_back(Case(
      "index_add/number", {number, zero, Sample({}, 2)},
      [](Inputs in) { return IndexAddScaled(in[0], 0, in[1], in[2], 3); },
      [](Arrays in) {
        return std::vector<Array>{{{}, {in[0][0] + 3 * in[2][0]}}};
      }));
}

void AddArrangements(CaseList& cases) {
  cases.push_back(Case(
      "diagflat/matrix", {Sample({2, 2}, 1)}, [](Inputs in) { return DiagFlat(in[0], -1); },
      [](Arrays in) {
        Array out = MakeArray({5, 5});
        for (int64_t i = 0; i < 4; ++i) out[(i + 1) * 5 + i] = in[0][i];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "combinations/pairs", {Sample({4}, 1)}, [](Inputs in) { return Combinations(in[0]); },
      [](Arrays in) {
        Array out{{6, 2}, {}};
        for (int64_t i = 0; i < 4; ++i) {
          for (int64_t j = i + 1; j < 4; ++j) {
            out.values.push_back(in[0][i]);
            out.values.push_back(in[0][j]);
          }
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "broadcast_tensors/two", {Sample({2, 1}, 1), Sample({3}, 2)},
      [](Inputs in) {
        return BroadcastTensors({in[0], in[1]});
      },
      Each({Take({2, 3},
                 [](Position p) {
                   return Position{p[0], 0};
                 }),
            [](Arrays in) {
              return Take({2, 3}, [](Position p) { return Position{p[1]}; })({in[1]});
            }})));
}

}  // namespace

void AddPlacingCases(CaseList& cases) {
  AddPlacing(cases);
  AddCounting(cases);
  AddSegments(cases);
  AddNumbers(cases);
  AddArrangements(cases);
}

}  // namespace neura::testing
