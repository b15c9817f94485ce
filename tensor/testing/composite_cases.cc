// Cases of composites.
#include "neura/tensor/testing/composite_cases.h"

#include <algorithm>
#include <cmath>

#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

void AddNorms(CaseList& cases) {
  const auto norm = [](double p) {
    return [p](Arrays in) {
      Array out = in[0];
      for (int64_t row = 0; row < in[0].size(0); ++row) {
        const int64_t n = in[0].size(1);
        double sum = 0;
        for (int64_t i = 0; i < n; ++i) sum += std::pow(std::abs(in[0][row * n + i]), p);
        for (int64_t i = 0; i < n; ++i) out[row * n + i] /= std::pow(sum, 1 / p);
      }
      return std::vector<Array>{out};
    };
  };
  for (double p : {1.0, 2.0, 3.0}) {
    cases.push_back(Case(
        "normalize/p" + std::to_string(p), {Sample({3, 4}, 2)},
        [p](Inputs in) { return Normalize(in[0], p); }, norm(p)));
  }
  cases.push_back(Case(
      "layer_norm/two_dims", {Sample({2, 3, 4}, 3), Sample({3, 4}, 4), Sample({3, 4}, 5)},
      [](Inputs in) {
        return LayerNormOver(in[0], {3, 4}, in[1], in[2], 1e-3);
      },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t row = 0; row < 2; ++row) {
          double mean = 0, variance = 0;
          for (int64_t i = 0; i < 12; ++i) mean += in[0][row * 12 + i] / 12;
          for (int64_t i = 0; i < 12; ++i) variance += std::pow(in[0][row * 12 + i] - mean, 2) / 12;
          for (int64_t i = 0; i < 12; ++i) {
            out[row * 12 + i] =
                (in[0][row * 12 + i] - mean) / std::sqrt(variance + 1e-3) * in[1][i] + in[2][i];
          }
        }
        return std::vector<Array>{out};
      }));
}

void AddReductions(CaseList& cases) {
  const auto moment = [](Values v, double correction) {
    double mean = 0, sum = 0;
    for (double value : v) mean += value / static_cast<double>(v.size());
    for (double value : v) sum += (value - mean) * (value - mean);
    return sum / (static_cast<double>(v.size()) - correction);
  };
  const Tensor x = Sample({3, 4, 2}, 1);
  const ReduceOptions last_two = {.dims = {1, -1}, .keepdim = true};
  cases.push_back(Case(
      "var/all", {x}, [](Inputs in) { return Var(in[0]); },
      Reduce({}, false, [=](Values v) { return moment(v, 1); })));
  cases.push_back(Case(
      "var/dims", {x}, [=](Inputs in) { return Var(in[0], last_two, 0); },
      Reduce({1, -1}, true, [=](Values v) { return moment(v, 0); })));
  cases.push_back(Case(
      "std/dims", {x}, [=](Inputs in) { return Std(in[0], last_two); },
      Reduce({1, -1}, true, [=](Values v) { return std::sqrt(moment(v, 1)); })));
  cases.push_back(Case(
      "logsumexp/dim", {x}, [](Inputs in) { return LogSumExp(in[0], {.dims = {0}}); },
      Reduce({0}, false, [](Values v) {
        double sum = 0;
        for (double value : v) sum += std::exp(value);
        return std::log(sum);
      })));
  cases.push_back(Case(
      "argsort/descending", {FromList<int64_t>({3, 9, 3, 7})},
      [](Inputs in) { return ArgSort(in[0], 0, true); },
      [](const std::vector<Array>&) {
        return std::vector<Array>{{.shape = {4}, .values = {1, 3, 0, 2}}};
      }));
  for (double p : {1.0, 2.0, 2.5}) {
    cases.push_back(Case(
        "norm/p" + std::to_string(p), {x}, [p](Inputs in) { return Norm(in[0], p, {.dims = {2}}); },
        Reduce({2}, false, [p](Values v) {
          double sum = 0;
          for (double value : v) sum += std::pow(std::abs(value), p);
          return std::pow(sum, 1 / p);
        })));
  }
  const auto count = [](Values v) {
    return static_cast<double>(std::ranges::count_if(v, [](double value) { return value != 0; }));
  };
  const Tensor sparse = Relu(x);
  cases.push_back(Case(
      "count_nonzero/all", {sparse}, [](Inputs in) { return CountNonZero(in[0]); },
      Reduce({}, false, count)));
  cases.push_back(Case(
      "count_nonzero/dim", {sparse}, [](Inputs in) { return CountNonZero(in[0], Dims{1}); },
      Reduce({1}, false, count)));
  cases.push_back(Case(
      "trace/wide", {Sample({3, 4}, 2)}, [](Inputs in) { return Trace(in[0]); },
      [](Arrays in) {
        return std::vector<Array>{MakeArray({}, in[0][0] + in[0][5] + in[0][10])};
      }));
}

void AddViews(CaseList& cases) {
  const Tensor x = Sample({2, 3, 4}, 1);
  const auto first_in_shape = [](Arrays in) { return InShape(in[1].shape)(in); };
  // A vector can be seen under other shapes also where its elements lie apart.
  cases.push_back(Case(
      "view_as/vector", {Sample({6}, 1), Sample({2, 3}, 2)},
      [](Inputs in) { return ViewAs(in[0], in[1]); }, first_in_shape));
  cases.push_back(Case(
      "reshape_as/matrix", {x, Sample({6, 4}, 2)},
      [](Inputs in) { return ReshapeAs(in[0], in[1]); }, first_in_shape));
  cases.push_back(Case(
      "expand_as/row", {Sample({1, 4}, 1), Sample({2, 3, 4}, 2)},
      [](Inputs in) { return ExpandAs(in[0], in[1]); }, Take({2, 3, 4}, [](Position p) {
        return Position{0, p[2]};
      })));
  cases.push_back(Case(
      "ravel/cube", {x}, [](Inputs in) { return Ravel(in[0]); }, InShape({24})));
  cases.push_back(Case(
      "flatten/some", {x}, [](Inputs in) { return Flatten(in[0], 1); }, InShape({2, 12})));
  cases.push_back(Case(
      "transpose/ends", {x}, [](Inputs in) { return Transpose(in[0], 0, -1); },
      Take({4, 3, 2}, [](Position p) {
        return Position{p[2], p[1], p[0]};
      })));
  cases.push_back(Case(
      "t/matrix", {Sample({2, 3}, 1)}, [](Inputs in) { return TransposeMatrix(in[0]); },
      Take({3, 2}, [](Position p) {
        return Position{p[1], p[0]};
      })));
  cases.push_back(Case(
      "t/vector", {Sample({3}, 1)}, [](Inputs in) { return TransposeMatrix(in[0]); },
      InShape({3})));
  cases.push_back(Case(
      "movedim/one", {x}, [](Inputs in) { return MoveDim(in[0], {0}, {-1}); },
      Take({3, 4, 2}, [](Position p) {
        return Position{p[2], p[0], p[1]};
      })));
  cases.push_back(Case(
      "movedim/two", {x},
      [](Inputs in) {
        return MoveDim(in[0], {0, 1}, {2, 0});
      },
      Take({3, 4, 2}, [](Position p) {
        return Position{p[2], p[0], p[1]};
      })));
  cases.push_back(Case(
      "narrow/middle", {x}, [](Inputs in) { return Narrow(in[0], 2, 1, 2); },
      Take({2, 3, 2}, [](Position p) {
        return Position{p[0], p[1], p[2] + 1};
      })));
  cases.push_back(Case(
      "select/last", {x}, [](Inputs in) { return Select(in[0], 1, -1); },
      Take({2, 4}, [](Position p) {
        return Position{p[0], 2, p[1]};
      })));
  const auto slices = [](std::vector<Dims> shapes, int64_t size, size_t dim) {
    return [=](Arrays in) {
      std::vector<Array> parts;
      for (size_t k = 0; k < shapes.size(); ++k) {
        const int64_t first = static_cast<int64_t>(k) * size;
        parts.push_back(Take(shapes[k], [&](Position p) {
          if (p.size() < in[0].shape.size()) {
            p.insert(p.begin() + static_cast<ptrdiff_t>(dim), 0);
          }
          p[dim] += first;
          return p;
        })(in)[0]);
      }
      return parts;
    };
  };
  cases.push_back(Case(
      "chunk/uneven", {x}, [](Inputs in) { return Chunk(in[0], 3, 2); },
      slices({{2, 3, 2}, {2, 3, 2}}, 2, 2)));
  cases.push_back(Case(
      "split/by_size", {x}, [](Inputs in) { return Split(in[0], 3, 2); },
      slices({{2, 3, 3}, {2, 3, 1}}, 3, 2)));
}

void AddArranging(CaseList& cases) {
  const Tensor x = Sample({2, 3}, 1);
  const auto joined = [](Dims shape, size_t dim) {
    return [=](Arrays in) {
      Array out = MakeArray(shape);
      int64_t first = 0;
      for (const Array& part : in) {
        // Vectors and numbers are seen with as many dimensions as the result has.
        Dims extents(shape.size() - part.shape.size(), 1);
        extents.insert(extents.end(), part.shape.begin(), part.shape.end());
        for (int64_t i = 0; i < part.numel(); ++i) {
          Position p = PositionOf(extents, i);
          p[dim] += first;
          out[IndexOf(shape, p)] = part[i];
        }
        first += extents[dim];
      }
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "stack/first", {x, Sample({2, 3}, 2)}, [](Inputs in) { return Stack(in, 0); },
      joined({2, 2, 3}, 0)));
  cases.push_back(Case(
      "hstack/matrices", {x, Sample({2, 1}, 2)}, [](Inputs in) { return HStack(in); },
      joined({2, 4}, 1)));
  cases.push_back(Case(
      "hstack/vectors", {Sample({3}, 1), Sample({}, 2)}, [](Inputs in) { return HStack(in); },
      joined({4}, 0)));
  cases.push_back(Case(
      "vstack/rows", {x, Sample({3}, 2)}, [](Inputs in) { return VStack(in); }, joined({3, 3}, 0)));
  cases.push_back(Case(
      "meshgrid/ij", {Sample({2}, 1), Sample({3}, 2)}, [](Inputs in) { return MeshGrid(in); },
      [](Arrays in) {
        Array a = MakeArray({2, 3}), b = a;
        for (int64_t i = 0; i < 6; ++i) a[i] = in[0][i / 3], b[i] = in[1][i % 3];
        return std::vector<Array>{a, b};
      }));
  cases.push_back(Case(
      "meshgrid/xy", {Sample({2}, 1), Sample({3}, 2)}, [](Inputs in) { return MeshGrid(in, "xy"); },
      [](Arrays in) {
        Array a = MakeArray({3, 2}), b = a;
        for (int64_t i = 0; i < 6; ++i) a[i] = in[0][i % 2], b[i] = in[1][i / 2];
        return std::vector<Array>{a, b};
      }));
  cases.push_back(Case(
      "repeat/new_dim", {x},
      [](Inputs in) {
        return Repeat(in[0], {2, 1, 3});
      },
      Take({2, 2, 9}, [](Position p) {
        return Position{p[1], p[2] % 3};
      })));
  cases.push_back(Case(
      "roll/flat", {x}, [](Inputs in) { return Roll(in[0], {-2}); }, Take({2, 3}, [](Position p) {
        const int64_t from = (p[0] * 3 + p[1] + 2) % 6;
        return Position{from / 3, from % 3};
      })));
  cases.push_back(Case(
      "roll/dims", {x},
      [](Inputs in) {
        return Roll(in[0], {1, -7}, Dims{0, 1});
      },
      Take({2, 3}, [](Position p) {
        return Position{(p[0] + 1) % 2, (p[1] + 7) % 3};
      })));
  cases.push_back(Case(
      "roll/empty", {Sample({2, 0}, 1)}, [](Inputs in) { return Roll(in[0], {1}, Dims{1}); },
      InShape({2, 0})));
  cases.push_back(Case(
      "diag/of_matrix", {x}, [](Inputs in) { return Diag(in[0], 1); }, Take({2}, [](Position p) {
        return Position{p[0], p[0] + 1};
      })));
  for (int64_t diagonal : {-1, 0, 2}) {
    const int64_t extent = 3 + std::abs(diagonal);
    cases.push_back(Case(
        "diag/matrix" + std::to_string(diagonal), {Sample({3}, 1)},
        [diagonal](Inputs in) { return Diag(in[0], diagonal); },
        Take({extent, extent}, [diagonal](Position p) {
          if (p[1] - p[0] != diagonal) return Position{};
          return Position{std::min(p[0], p[1])};
        })));
  }
  cases.push_back(Case(
      "pad/around", {x},
      [](Inputs in) {
        return PadByPairs(in[0], {1, 2, 0, 1}, "constant", 7);
      },
      Take(
          {3, 6},
          [](Position p) {
            if (p[0] > 1 || p[1] < 1 || p[1] > 3) return Position{};
            return Position{p[0], p[1] - 1};
          },
          7)));
  cases.push_back(Case(
      "pad/cropped", {x},
      [](Inputs in) {
        return PadByPairs(in[0], {-1, 1});
      },
      Take({2, 3}, [](Position p) {
        if (p[1] == 2) return Position{};
        return Position{p[0], p[1] + 1};
      })));
}

void AddPicking(CaseList& cases) {
  const Tensor x = Sample({3, 4}, 1);
  const Tensor mask = FromList<bool>({true, false, true, true});
  cases.push_back(Reading(
      "masked_select/broadcast", {x, mask}, [](Inputs in) { return MaskedSelect(in[0], in[1]); },
      Take({9}, [](Position p) {
        const int64_t columns[] = {0, 2, 3};
        return Position{p[0] / 3, columns[p[0] % 3]};
      })));
  const Tensor index = FromList<int64_t>({2, 0, 1, 0}, {1, 4});
  const auto scatter = [](Arrays in) {
    Array out = in[0];
    for (int64_t i = 0; i < 4; ++i) {
      out[static_cast<int64_t>(in[1][i]) * 4 + i] = in.size() > 2 ? in[2][i] : 7;
    }
    return std::vector<Array>{out};
  };
  cases.push_back(Case(
      "scatter/tensor", {x, index, Sample({2, 4}, 2)},
      [](Inputs in) { return Scatter(in[0], 0, in[1], in[2]); }, scatter));
  cases.push_back(Case(
      "scatter/number", {x, index}, [](Inputs in) { return Scatter(in[0], 0, in[1], 7); },
      scatter));
  const auto one_hot = [](Arrays in) {
    Array out = MakeArray({4, 3});
    for (int64_t i = 0; i < 4; ++i) out[i * 3 + static_cast<int64_t>(in[0][i])] = 1;
    return std::vector<Array>{out};
  };
  const Tensor classes = FromList<int64_t>({2, 0, 1, 0});
  cases.push_back(Reading(
      "one_hot/counted", {classes}, [](Inputs in) { return OneHot(in[0]); }, one_hot));
  cases.push_back(Reading(
      "one_hot/given", {classes}, [](Inputs in) { return OneHot(in[0], 3); }, one_hot));
  cases.push_back(Case(
      "embedding/matrix", {Reshape(classes, {2, 2}), Sample({3, 5}, 3)},
      [](Inputs in) { return Embedding(in[0], in[1]); },
      [](Arrays in) {
        Array out = MakeArray({2, 2, 5});
        for (int64_t i = 0; i < out.numel(); ++i) {
          out[i] = in[1][static_cast<int64_t>(in[0][i / 5]) * 5 + i % 5];
        }
        return std::vector<Array>{out};
      }));
}

void AddProducts(CaseList& cases) {
  // Rows of the first and columns of the second, in `count` products one after the other.
  const auto product = [](Dims shape, int64_t count, int64_t m, int64_t k, int64_t n) {
    return [=](Arrays in) {
      Array out = MakeArray(shape);
      for (int64_t b = 0; b < count; ++b) {
        for (int64_t i = 0; i < m * n; ++i) {
          for (int64_t j = 0; j < k; ++j) {
            out[b * m * n + i] += in[0][(b * m + i / n) * k + j] * in[1][(b * k + j) * n + i % n];
          }
        }
      }
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "mm/matrices", {Sample({2, 3}, 1), Sample({3, 4}, 2)},
      [](Inputs in) { return Mm(in[0], in[1]); }, product({2, 4}, 1, 2, 3, 4)));
  cases.push_back(Case(
      "bmm/matrices", {Sample({3, 2, 3}, 1), Sample({3, 3, 4}, 2)},
      [](Inputs in) { return Bmm(in[0], in[1]); }, product({3, 2, 4}, 3, 2, 3, 4)));
  cases.push_back(Case(
      "mv/vector", {Sample({2, 3}, 1), Sample({3}, 2)}, [](Inputs in) { return Mv(in[0], in[1]); },
      product({2}, 1, 2, 3, 1)));
  cases.push_back(Case(
      "dot/vectors", {Sample({5}, 1), Sample({5}, 2)}, [](Inputs in) { return Dot(in[0], in[1]); },
      product({}, 1, 1, 5, 1)));
  cases.push_back(Case(
      "outer/vectors", {Sample({2}, 1), Sample({3}, 2)},
      [](Inputs in) { return Outer(in[0], in[1]); }, product({2, 3}, 1, 2, 1, 3)));
  cases.push_back(Case(
      "addmm/scaled", {Sample({2, 3}, 1), Sample({3, 4}, 2), Sample({4}, 3)},
      [](Inputs in) { return Addmm(in[2], in[0], in[1], 0.5, -2); },
      [=](Arrays in) {
        Array out = product({2, 4}, 1, 2, 3, 4)(in)[0];
        for (int64_t i = 0; i < 8; ++i) out[i] = 0.5 * in[2][i % 4] - 2 * out[i];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "bilinear/bias",
      {Sample({2, 2, 3}, 1), Sample({2, 2, 2}, 2), Sample({4, 3, 2}, 3), Sample({4}, 4)},
      [](Inputs in) { return Bilinear(in[0], in[1], in[2], in[3]); }, BilinearForms({2, 2, 4})));
  cases.push_back(Case(
      "bilinear/vectors", {Sample({3}, 1), Sample({2}, 2), Sample({4, 3, 2}, 3)},
      [](Inputs in) { return Bilinear(in[0], in[1], in[2]); }, BilinearForms({4})));
  cases.push_back(Case(
      "bilinear/no_rows", {Sample({0, 3}, 1), Sample({0, 2}, 2), Sample({4, 3, 2}, 3)},
      [](Inputs in) { return Bilinear(in[0], in[1], in[2]); }, BilinearForms({0, 4})));
}

}  // namespace

void AddCompositeCases(CaseList& cases) {
  AddElementwiseCases(cases);
  AddNorms(cases);
  AddReductions(cases);
  AddViews(cases);
  AddArranging(cases);
  AddPicking(cases);
  AddProducts(cases);
  AddArrangingCases(cases);
  AddOrderCases(cases);
  AddProductCases(cases);
  AddLinalgCases(cases);
  AddFactorCases(cases);
  AddEquationCases(cases);
  AddMaskedCases(cases);
  AddSpecialCases(cases);
  AddPlacingCases(cases);
  AddWindowCases(cases);
}

}  // namespace neura::testing
