// Cases of composites over windows and grids of images, and of random choices, as far as they are
// sure.
#include <algorithm>
#include <cmath>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

// [1, C, H, W] at (y, x), 0 outside.
double At(const Array& image, int64_t c, int64_t y, int64_t x) {
  if (y < 0 || x < 0 || y >= image.size(2) || x >= image.size(3)) return 0;
  return image[(c * image.size(2) + y) * image.size(3) + x];
}

void AddColumns(CaseList& cases) {
  // Windows of 2 x 2, two apart across, with a row of zeros above and below.
  const auto place = [](int64_t k, int64_t l) {
    return std::pair{l / 2 + k / 2 - 1, l % 2 * 2 + k % 2};
  };
  cases.push_back(Case(
      "unfold/padded", {Sample({1, 2, 2, 4}, 1)},
      [](Inputs in) {
        return UnfoldWindows(in[0], 2, 1, {1, 0}, {1, 2});
      },
      [=](Arrays in) {
        Array out{{1, 8, 6}, {}};
        for (int64_t c = 0; c < 2; ++c) {
          for (int64_t k = 0; k < 4; ++k) {
            for (int64_t l = 0; l < 6; ++l) {
              const auto [y, x] = place(k, l);
              out.values.push_back(At(in[0], c, y, x));
            }
          }
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "fold/padded", {Sample({1, 8, 6}, 1)},
      [](Inputs in) {
        return FoldWindows(in[0], {2, 4}, 2, 1, {1, 0}, {1, 2});
      },
      [=](Arrays in) {
        Array out = MakeArray({1, 2, 2, 4});
        for (int64_t i = 0; i < in[0].numel(); ++i) {
          const auto [y, x] = place(i / 6 % 4, i % 6);
          if (y >= 0 && y < 2) out[(i / 24 * 2 + y) * 4 + x] += in[0][i];
        }
        return std::vector<Array>{out};
      }));
}

// Of windows of two along each of the last `dims` dimensions of [1, 1, ...], and their elements.
Reference OfPairs(size_t dims, std::function<double(const std::vector<double>&)> fold) {
  return [=](Arrays in) {
    Array out;
    for (size_t d = 0; d < in[0].shape.size(); ++d) {
      out.shape.push_back(d < 2 ? in[0].shape[d] : in[0].shape[d] / 2);
    }
    for (int64_t i = 0; i < NumElements(out.shape); ++i) {
      std::vector<double> window;
      for (int64_t k = 0; k < 1 << dims; ++k) {
        Position p = PositionOf(out.shape, i);
        for (size_t d = 0; d < dims; ++d) p[d + 2] = p[d + 2] * 2 + (k >> d & 1);
        window.push_back(in[0][IndexOf(in[0].shape, p)]);
      }
      out.values.push_back(fold(window));
    }
    return std::vector<Array>{out};
  };
}

void AddPools(CaseList& cases) {
  const auto cubes = [](const std::vector<double>& v) {
    double sum = 0;
    for (double x : v) sum += x * x * x;
    return std::cbrt(sum);
  };
  const Tensor line = Sample({1, 1, 6}, 1, 0.1, 1), plane = Sample({1, 1, 4, 2}, 2, 0.1, 1),
               space = Sample({1, 1, 2, 2, 4}, 3, 0.1, 1);
  cases.push_back(Case(
      "lp_pool1d/cubes", {line}, [](Inputs in) { return LpPool1d(in[0], 3, 2); },
      OfPairs(1, cubes)));
  cases.push_back(Case(
      "lp_pool2d/cubes", {plane}, [](Inputs in) { return LpPool2d(in[0], 3, 2); },
      OfPairs(2, cubes)));
  cases.push_back(Case(
      "lp_pool3d/cubes", {space}, [](Inputs in) { return LpPool3d(in[0], 3, 2); },
      OfPairs(3, cubes)));
  const auto back = [](Dims shape) {
    return [shape](Arrays in) {
      Array out = MakeArray(shape);
      for (int64_t i = 0; i < in[0].numel(); ++i) out[static_cast<int64_t>(in[1][i])] = in[0][i];
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "max_unpool1d/places", {Sample({1, 1, 2}, 1), FromList<int64_t>({1, 2}, {1, 1, 2})},
      [](Inputs in) { return MaxUnpool1d(in[0], in[1], 2); }, back({1, 1, 4})));
  cases.push_back(Case(
      "max_unpool2d/places", {Sample({1, 1, 1, 2}, 1), FromList<int64_t>({1, 6}, {1, 1, 1, 2})},
      [](Inputs in) { return MaxUnpool2d(in[0], in[1], 2); }, back({1, 1, 2, 4})));
  cases.push_back(Case(
      "max_unpool3d/size", {Sample({1, 1, 1, 1, 2}, 1), FromList<int64_t>({1, 9}, {1, 1, 1, 1, 2})},
      [](Inputs in) {
        return MaxUnpool3d(in[0], in[1], 2, {}, 0, Dims{2, 2, 5});
      },
      back({1, 1, 2, 2, 5})));
  // Windows of 2, 3 and 2 of five elements.
  cases.push_back(Case(
      "adaptive_max_pool/uneven", {Sample({2, 5}, 1)},
      [](Inputs in) -> std::vector<Tensor> {
        const ValuesAndIndices result = AdaptiveMaxPool(in[0], 3, 1);
        return {result.values, result.indices};
      },
      [](Arrays in) {
        Array values{{2, 3}, {}}, indices{{2, 3}, {}};
        const int64_t first[] = {0, 1, 3}, last[] = {1, 3, 4};
        for (int64_t c = 0; c < 2; ++c) {
          for (size_t o = 0; o < 3; ++o) {
            int64_t best = first[o];
            for (int64_t i = first[o]; i <= last[o]; ++i) {
              if (in[0][c * 5 + i] > in[0][c * 5 + best]) best = i;
            }
            values.values.push_back(in[0][c * 5 + best]);
            indices.values.push_back(static_cast<double>(best));
          }
        }
        return std::vector<Array>{values, indices};
      }));
  // Of five rows the windows 0 to 1 and 3 to 4, of six columns 0 to 1, 2 to 3 and 4 to 5.
  cases.push_back(Case(
      "fractional_max_pool/plane", {Sample({1, 1, 5, 6}, 4)},
      [](Inputs in) -> std::vector<Tensor> {
        const TensorOptions like{.dtype = in[0].dtype(), .device = in[0].device()};
        const ValuesAndIndices result =
            FractionalMaxPool(in[0], 2, {2, 3}, Full({1, 1, 2}, 0.25, like));
        return {result.values, result.indices};
      },
      [](Arrays in) {
        Array values{{1, 1, 2, 3}, {}}, indices{{1, 1, 2, 3}, {}};
        for (int64_t y : {0, 3}) {
          for (int64_t x : {0, 2, 4}) {
            int64_t best = y * 6 + x;
            for (int64_t i : {best + 1, best + 6, best + 7}) {
              if (in[0][i] > in[0][best]) best = i;
            }
            values.values.push_back(in[0][best]);
            indices.values.push_back(static_cast<double>(best));
          }
        }
        return std::vector<Array>{values, indices};
      }));
  cases.push_back(Case(
      "local_response_norm/three", {Sample({1, 4, 2}, 1)},
      [](Inputs in) { return LocalResponseNorm(in[0], 3, 0.5, 0.75, 2); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 8; ++i) {
          double sum = 0;
          for (int64_t c = std::max<int64_t>(i / 2 - 1, 0); c <= std::min<int64_t>(i / 2 + 1, 3);
               ++c) {
            sum += in[0][c * 2 + i % 2] * in[0][c * 2 + i % 2];
          }
          out[i] /= std::pow(2 + 0.5 * sum / 3, 0.75);
        }
        return std::vector<Array>{out};
      }));
}

void AddGrids(CaseList& cases) {
  cases.push_back(Case(
      "affine_grid/edges", {Sample({1, 2, 3}, 1)},
      [](Inputs in) {
        return AffineGrid(in[0], {1, 1, 2, 3});
      },
      [](Arrays in) {
        Array out{{1, 2, 3, 2}, {}};
        for (int64_t y = 0; y < 2; ++y) {
          for (int64_t x = 0; x < 3; ++x) {
            const double px = (2.0 * static_cast<double>(x) + 1) / 3 - 1,
                         py = (2.0 * static_cast<double>(y) + 1) / 2 - 1;
            for (int64_t r = 0; r < 2; ++r) {
              out.values.push_back(in[0][r * 3] * px + in[0][r * 3 + 1] * py + in[0][r * 3 + 2]);
            }
          }
        }
        return std::vector<Array>{out};
      }));
  // Inside and beyond an edge, away from where neighbours change.
  const Tensor image = Sample({1, 2, 3, 4}, 1);
  const Tensor grid = FromList<double>({-0.6, 0.2, 0.3, -0.55, 1.3, 0.15}, {1, 1, 3, 2});
  const auto bilinear = [](bool align) {
    return [align](Arrays in) {
      Array out{{1, 2, 1, 3}, {}};
      for (int64_t c = 0; c < 2; ++c) {
        for (int64_t i = 0; i < 3; ++i) {
          const double gx = in[1][i * 2], gy = in[1][i * 2 + 1];
          const double x = align ? (gx + 1) / 2 * 3 : ((gx + 1) * 4 - 1) / 2;
          const double y = align ? (gy + 1) / 2 * 2 : ((gy + 1) * 3 - 1) / 2;
          const auto left = static_cast<int64_t>(std::floor(x)),
                     top = static_cast<int64_t>(std::floor(y));
          const double u = x - std::floor(x), v = y - std::floor(y);
          out.values.push_back((1 - u) * (1 - v) * At(in[0], c, top, left) +
                               u * (1 - v) * At(in[0], c, top, left + 1) +
                               (1 - u) * v * At(in[0], c, top + 1, left) +
                               u * v * At(in[0], c, top + 1, left + 1));
        }
      }
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "grid_sample/bilinear", {image, grid}, [](Inputs in) { return GridSample(in[0], in[1]); },
      bilinear(false)));
  cases.push_back(Case(
      "grid_sample/aligned", {image, grid},
      [](Inputs in) { return GridSample(in[0], in[1], "bilinear", "zeros", true); },
      bilinear(true)));
}

void AddSure(CaseList& cases) {
  const auto itself = [](Arrays in) { return std::vector<Array>{in[0]}; };
  const Tensor x = Sample({2, 3, 2}, 1);
  cases.push_back(Case(
      "dropout1d/evaluation", {x}, [](Inputs in) { return DropChannels(in[0], 0.5, false); },
      itself));
  cases.push_back(Case(
      "alpha_dropout/evaluation", {x}, [](Inputs in) { return AlphaDropout(in[0]); }, itself));
  cases.push_back(Case(
      "feature_alpha_dropout/evaluation", {x}, [](Inputs in) { return FeatureAlphaDropout(in[0]); },
      itself));
  cases.push_back(Case(
      "rrelu/evaluation", {x}, [](Inputs in) { return RRelu(in[0], 0.1, 0.3); },
      Elementwise([](double v) { return v > 0 ? v : 0.2 * v; })));
  cases.push_back(Reading(
      "multinomial/certain", {FromList<double>({0, 0, 2, 3, 0, 0}, {2, 3})},
      [](Inputs in) { return Multinomial(in[0], 2, true); },
      [](Arrays) {
        return std::vector<Array>{{{2, 2}, {2, 2, 0, 0}}};
      }));
  cases.push_back(Reading(
      "poisson/never", {Zeros({3}, {.dtype = kFloat64})}, [](Inputs in) { return Poisson(in[0]); },
      itself));
}

}  // namespace

void AddWindowCases(CaseList& cases) {
  AddColumns(cases);
  AddPools(cases);
  AddGrids(cases);
  AddSure(cases);
}

}  // namespace neura::testing
