// Cases of composites that arrange, pick and place.
#include <algorithm>
#include <cstdlib>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {

void AddArrangingCases(CaseList& cases) {
  const Tensor x = Sample({2, 3}, 1), vector = Sample({4}, 2), number = Sample({}, 3);
  const auto one = [&](const char* name, const Tensor& input, auto function, Reference reference) {
    cases.push_back(Case(
        name, {input}, [function](Inputs in) { return function(in[0]); }, std::move(reference)));
  };
  one(
      "tile/vectors", x, [](const Tensor& t) { return Tile(t, {2}); }, Take({2, 6}, [](Position p) {
        return Position{p[0], p[1] % 3};
      }));
  one(
      "tile/more", x,
      [](const Tensor& t) {
        return Tile(t, {2, 1, 2});
      },
      Take({2, 2, 6}, [](Position p) {
        return Position{p[1], p[2] % 3};
      }));
  one("fliplr/matrix", x, &FlipLr, Take({2, 3}, [](Position p) {
        return Position{p[0], 2 - p[1]};
      }));
  one("flipud/matrix", x, &FlipUd, Take({2, 3}, [](Position p) {
        return Position{1 - p[0], p[1]};
      }));
  one(
      "rot90/once", x, [](const Tensor& t) { return Rot90(t); }, Take({3, 2}, [](Position p) {
        return Position{p[1], 2 - p[0]};
      }));
  one(
      "rot90/twice", x, [](const Tensor& t) { return Rot90(t, 2); }, Take({2, 3}, [](Position p) {
        return Position{1 - p[0], 2 - p[1]};
      }));
  one(
      "rot90/back", x, [](const Tensor& t) { return Rot90(t, -1); }, Take({3, 2}, [](Position p) {
        return Position{1 - p[1], p[0]};
      }));
  one(
      "unflatten/open", Sample({2, 6}, 1),
      [](const Tensor& t) {
        return Unflatten(t, 1, {3, -1});
      },
      InShape({2, 3, 2}));
  one("atleast_1d/number", number, &AtLeast1d, InShape({1}));
  one("atleast_2d/vector", vector, &AtLeast2d, InShape({1, 4}));
  one("atleast_3d/vector", vector, &AtLeast3d, InShape({1, 4, 1}));
  one(
      "diag_embed/above", x, [](const Tensor& t) { return DiagEmbed(t, 1); },
      Take({2, 4, 4}, [](Position p) {
        return p[2] == p[1] + 1 ? Position{p[0], p[1]} : Position{};
      }));
  one(
      "diag_embed/below_first", x, [](const Tensor& t) { return DiagEmbed(t, -1, 0, 2); },
      Take({4, 2, 4}, [](Position p) {
        return p[0] == p[2] + 1 ? Position{p[1], p[2]} : Position{};
      }));
  one(
      "repeat_interleave/number", x, [](const Tensor& t) { return RepeatInterleave(t, 2, 1); },
      Take({2, 6}, [](Position p) {
        return Position{p[0], p[1] / 2};
      }));
  one(
      "diff/twice", Sample({2, 5}, 1), [](const Tensor& t) { return Diff(t, 2); },
      [](Arrays in) {
        Array out{{2, 3}, std::vector<double>(6)};
        for (int64_t i = 0; i < 6; ++i) {
          const int64_t at = i / 3 * 5 + i % 3;
          out[i] = in[0][at] - 2 * in[0][at + 1] + in[0][at + 2];
        }
        return std::vector<Array>{out};
      });
  one(
      "pixel_shuffle/image", Sample({2, 8, 2, 3}, 1),
      [](const Tensor& t) { return PixelShuffle(t, 2); }, Take({2, 2, 4, 6}, [](Position p) {
        return Position{p[0], p[1] * 4 + p[2] % 2 * 2 + p[3] % 2, p[2] / 2, p[3] / 2};
      }));
  one(
      "pixel_unshuffle/image", Sample({2, 4, 6}, 1),
      [](const Tensor& t) { return PixelUnshuffle(t, 2); }, Take({8, 2, 3}, [](Position p) {
        return Position{p[0] / 4, p[1] * 2 + p[0] / 2 % 2, p[2] * 2 + p[0] % 2};
      }));
  one(
      "channel_shuffle/groups", Sample({2, 6, 2}, 1),
      [](const Tensor& t) { return ChannelShuffle(t, 2); }, Take({2, 6, 2}, [](Position p) {
        return Position{p[0], p[1] % 2 * 3 + p[1] / 2, p[2]};
      }));
  one(
      "pad/reflect", x,
      [](const Tensor& t) {
        return PadByPairs(t, {2, 1}, "reflect");
      },
      Take({2, 6}, [](Position p) {
        const int64_t at = std::abs(p[1] - 2);
        return Position{p[0], at > 2 ? 4 - at : at};
      }));
  one(
      "pad/replicate", x,
      [](const Tensor& t) {
        return PadByPairs(t, {2, 0, 1, 0}, "replicate");
      },
      Take({3, 5}, [](Position p) {
        return Position{std::max<int64_t>(p[0] - 1, 0), std::max<int64_t>(p[1] - 2, 0)};
      }));
  one(
      "pad/circular", x,
      [](const Tensor& t) {
        return PadByPairs(t, {2, 3}, "circular");
      },
      Take({2, 8}, [](Position p) {
        return Position{p[0], (p[1] + 1) % 3};
      }));
  cases.push_back(Reading(
      "repeat_interleave/each", {x, FromList<int64_t>({2, 0, 1})},
      [](Inputs in) { return RepeatInterleave(in[0], in[1], 1); }, Take({2, 3}, [](Position p) {
        return Position{p[0], p[1] < 2 ? 0 : 2};
      })));
  cases.push_back(Case(
      "dstack/matrices", {x, Sample({2, 3}, 2)}, [](Inputs in) { return DStack(in); },
      [](Arrays in) {
        Array out{{2, 3, 2}, std::vector<double>(12)};
        for (int64_t i = 0; i < 12; ++i) out[i] = in[static_cast<size_t>(i % 2)][i / 2];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "column_stack/vectors", {vector, Sample({4}, 5)}, [](Inputs in) { return ColumnStack(in); },
      [](Arrays in) {
        Array out{{4, 2}, std::vector<double>(8)};
        for (int64_t i = 0; i < 8; ++i) out[i] = in[static_cast<size_t>(i % 2)][i / 2];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "block_diag/shapes", {x, vector, number}, [](Inputs in) { return BlockDiag(in); },
      [](Arrays in) {
        Array out{{4, 8}, std::vector<double>(32)};
        for (int64_t i = 0; i < 6; ++i) out[i / 3 * 8 + i % 3] = in[0][i];
        for (int64_t i = 0; i < 4; ++i) out[2 * 8 + 3 + i] = in[1][i];
        out[31] = in[2][0];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "cartesian_prod/vectors", {vector, Sample({3}, 5)},
      [](Inputs in) { return CartesianProd(in); },
      [](Arrays in) {
        Array out{{12, 2}, std::vector<double>(24)};
        for (int64_t i = 0; i < 12; ++i) {
          out[2 * i] = in[0][i / 3];
          out[2 * i + 1] = in[1][i % 3];
        }
        return std::vector<Array>{out};
      }));
  const Tensor places = FromList<int64_t>({5, 0, -1, 2}, {2, 2});
  cases.push_back(Case(
      "take/negative", {x, places}, [](Inputs in) { return neura::Take(in[0], in[1]); },
      [](Arrays in) {
        Array out = in[1];
        for (int64_t i = 0; i < 4; ++i) {
          const auto at = static_cast<int64_t>(in[1][i]);
          out[i] = in[0][at < 0 ? at + 6 : at];
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "take_along_dim/broadcast", {x, FromList<int64_t>({2, 0}, {1, 2})},
      [](Inputs in) { return TakeAlongDim(in[0], in[1], 1); }, Take({2, 2}, [](Position p) {
        return Position{p[0], p[1] == 0 ? 2 : 0};
      })));
  const Tensor index = FromList<int64_t>({2, 0});
  cases.push_back(Case(
      "index_fill/number", {x, index}, [](Inputs in) { return IndexFill(in[0], 1, in[1], 7); },
      Take(
          {2, 3}, [](Position p) { return p[1] == 1 ? p : Position{}; }, 7)));
  cases.push_back(Case(
      "index_copy/columns", {x, index, Sample({2, 2}, 4)},
      [](Inputs in) { return IndexCopy(in[0], 1, in[1], in[2]); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t row = 0; row < 2; ++row) {
          out[row * 3 + 2] = in[2][row * 2];
          out[row * 3] = in[2][row * 2 + 1];
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "masked_scatter/broadcast", {x, FromList<bool>({true, false, true}), Sample({5}, 4)},
      [](Inputs in) { return MaskedScatter(in[0], in[1], in[2]); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0, next = 0; i < 6; ++i) {
          if (i % 3 != 1) out[i] = in[2][next++];
        }
        return std::vector<Array>{out};
      }));
}

}  // namespace neura::testing
