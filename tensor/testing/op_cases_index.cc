// Cases of indexing, joining and arranging: where each element of the result comes from.
#include <algorithm>
#include <functional>

#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

void AddIndexing(CaseList& cases) {
  const Tensor rows = FromList<int64_t>({2, 0, 2, 1});
  for (int64_t dim : {0, 1, -1}) {
    const Dims shape = {3, 3, 3};
    Dims out = shape;
    const size_t d = static_cast<size_t>(dim < 0 ? dim + 3 : dim);
    out[d] = 4;
    cases.push_back({"index_select/dim" + std::to_string(dim),
                     op::kIndexSelect,
                     {Sample(shape, 1), rows},
                     Own(DimOptions{.dim = dim}),
                     [=](const std::vector<Array>& in) {
                       return Take(out, [&](Position p) {
                         p[d] = static_cast<int64_t>(in[1][p[d]]);
                         return p;
                       })(in);
                     }});
    cases.push_back({"index_add/dim" + std::to_string(dim),
                     op::kIndexAdd,
                     {Sample(shape, 1), Cast(rows, dim == 0 ? kInt32 : kInt64), Sample(out, 2)},
                     Own(DimOptions{.dim = dim}),
                     [=](const std::vector<Array>& in) {
                       Array result = in[0];
                       for (int64_t i = 0; i < in[2].numel(); ++i) {
                         Position p = PositionOf(in[2].shape, i);
                         p[d] = static_cast<int64_t>(in[1][p[d]]);
                         result[IndexOf(result.shape, p)] += in[2][i];
                       }
                       return std::vector<Array>{result};
                     }});
  }
  const Tensor index = FromList<int64_t>({0, 2, 1, 1, 2, 0}, {2, 3});
  for (int64_t dim : {0, 1}) {
    const size_t d = static_cast<size_t>(dim);
    cases.push_back({"gather/dim" + std::to_string(dim),
                     op::kGather,
                     {Sample({3, 3}, 1), index},
                     Own(DimOptions{.dim = dim}),
                     [=](const std::vector<Array>& in) {
                       return Take({2, 3}, [&](Position p) {
                         const auto at = static_cast<int64_t>(in[1][IndexOf(in[1].shape, p)]);
                         p[d] = at;
                         return p;
                       })(in);
                     }});
    // Several elements come to one place.
    for (const char* reduction : {"none", "add", "mul", "max", "min"}) {
      const std::string how = reduction;
      cases.push_back({"scatter_elements/" + how + std::to_string(dim),
                       op::kScatterElements,
                       {Sample({3, 3}, 1), index, Sample({3, 4}, 2)},
                       Own(ScatterOptions{.dim = dim, .reduction = how}),
                       [=](const std::vector<Array>& in) {
                         Array result = in[0];
                         for (int64_t i = 0; i < in[1].numel(); ++i) {
                           Position p = PositionOf(in[1].shape, i);
                           const double value = in[2][IndexOf(in[2].shape, p)];
                           p[d] = static_cast<int64_t>(in[1][i]);
                           double& there = result[IndexOf(result.shape, p)];
                           there = how == "none"  ? value
                                   : how == "add" ? there + value
                                   : how == "mul" ? there * value
                                   : how == "max" ? std::max(there, value)
                                                  : std::min(there, value);
                         }
                         return std::vector<Array>{result};
                       }});
    }
    // The source may be larger than the index.
    cases.push_back({"scatter_add/dim" + std::to_string(dim),
                     op::kScatterAdd,
                     {Sample({3, 3}, 1), index, Sample({3, 4}, 2)},
                     Own(DimOptions{.dim = dim}),
                     [=](const std::vector<Array>& in) {
                       Array result = in[0];
                       for (int64_t i = 0; i < in[1].numel(); ++i) {
                         Position p = PositionOf(in[1].shape, i);
                         const double value = in[2][IndexOf(in[2].shape, p)];
                         p[d] = static_cast<int64_t>(in[1][i]);
                         result[IndexOf(result.shape, p)] += value;
                       }
                       return std::vector<Array>{result};
                     }});
  }
}

void AddArranging(CaseList& cases) {
  for (int64_t dim : {0, 1, -1}) {
    Dims a = {2, 3, 2}, b = a, none = a, out = a;
    const size_t d = static_cast<size_t>(dim < 0 ? dim + 3 : dim);
    b[d] = 4;
    none[d] = 0;
    out[d] += 4;
    cases.push_back({"cat/dim" + std::to_string(dim),
                     op::kCat,
                     {Sample(a, 1), Sample(none, 2), Sample(b, 3)},
                     Own(DimOptions{.dim = dim}),
                     [=](const std::vector<Array>& in) {
                       Array result = MakeArray(out);
                       for (int64_t i = 0; i < result.numel(); ++i) {
                         Position p = PositionOf(out, i);
                         const bool second = p[d] >= a[d];
                         if (second) p[d] -= a[d];
                         const Array& source = in[second ? 2 : 0];
                         result[i] = source[IndexOf(source.shape, p)];
                       }
                       return std::vector<Array>{result};
                     }});
  }
  cases.push_back({"pad/uneven",
                   op::kPad,
                   {Sample({2, 3}, 1)},
                   Own(PadOptions{.before = {1, 0}, .after = {0, 2}, .value = 0.5}),
                   Take(
                       {3, 5},
                       [](Position p) {
                         p[0] -= 1;
                         return p[0] < 0 || p[1] >= 3 ? Position() : p;
                       },
                       0.5)});
  cases.push_back({"flip/both",
                   op::kFlip,
                   {Sample({3, 4}, 1)},
                   Own(DimsOptions{.dims = {0, -1}}),
                   Take({3, 4}, [](Position p) {
                     return Position{2 - p[0], 3 - p[1]};
                   })});
  cases.push_back({"flip/one",
                   op::kFlip,
                   {Sample({3, 4}, 1)},
                   Own(DimsOptions{.dims = {1}}),
                   Take({3, 4}, [](Position p) {
                     return Position{p[0], 3 - p[1]};
                   })});
  for (int64_t diagonal : {0, 1, -1}) {
    const auto options = Own(TriangleOptions{.diagonal = diagonal});
    cases.push_back(
        {"tril/" + std::to_string(diagonal),
         op::kTril,
         {Sample({2, 3, 4}, 1)},
         options,
         Take({2, 3, 4}, [=](Position p) { return p[2] - p[1] <= diagonal ? p : Position(); })});
    cases.push_back(
        {"triu/" + std::to_string(diagonal),
         op::kTriu,
         {Sample({2, 3, 4}, 1)},
         options,
         Take({2, 3, 4}, [=](Position p) { return p[2] - p[1] >= diagonal ? p : Position(); })});
  }
}

void AddFactories(CaseList& cases) {
  cases.push_back({"full/matrix",
                   op::kFull,
                   {},
                   Own(FullOptions{.shape = {2, 3}, .value = 2.5, .dtype = kFloat64}),
                   [](const std::vector<Array>&) {
                     return std::vector<Array>{MakeArray({2, 3}, 2.5)};
                   }});
  cases.push_back({"range/int64",
                   op::kRange,
                   {},
                   Own(RangeOptions{.start = 5, .step = -2, .length = 4, .dtype = kInt64}),
                   [](const std::vector<Array>&) {
                     Array out = MakeArray({4});
                     out.values = {5, 3, 1, -1};
                     return std::vector<Array>{out};
                   }});
  cases.push_back({"range/float64",
                   op::kRange,
                   {},
                   Own(RangeOptions{.start = 0.5, .step = 0.25, .length = 3, .dtype = kFloat64}),
                   [](const std::vector<Array>&) {
                     Array out = MakeArray({3});
                     out.values = {0.5, 0.75, 1};
                     return std::vector<Array>{out};
                   }});
}

}  // namespace

void AddIndexCases(CaseList& cases) {
  AddIndexing(cases);
  AddArranging(cases);
  AddFactories(cases);
}

void AddShapeCases(CaseList& cases) {
  const Tensor x = Sample({2, 3, 4}, 1);
  const auto view = [&](const char* name, OpId op, std::shared_ptr<const void> options,
                        Reference reference, const Tensor& input) {
    cases.push_back({std::string(SchemaOf(op).name) + "/" + name,
                     op,
                     {input},
                     std::move(options),
                     std::move(reference)});
  };
  view("split", op::kReshape, Own(ShapeOptions{.shape = {6, 2, 2}}), InShape({6, 2, 2}), x);
  view("infer", op::kReshape, Own(ShapeOptions{.shape = {2, -1}}), InShape({2, 12}), x);
  view("empty", op::kReshape, Own(ShapeOptions{.shape = {0, 7}}), InShape({0, 7}), Sample({3, 0}));
  view("scalar", op::kReshape, Own(ShapeOptions{.shape = {1, 1}}), InShape({1, 1}), Sample({}));
  view("rotate", op::kPermute, Own(DimsOptions{.dims = {2, 0, -2}}),
       Take({4, 2, 3},
            [](Position p) {
              return Position{p[1], p[2], p[0]};
            }),
       x);
  view("rows", op::kExpand, Own(ShapeOptions{.shape = {2, 3, -1}}),
       Take({2, 3, 4},
            [](Position p) {
              return Position{0, p[2]};
            }),
       Sample({1, 4}));
  view("scalar", op::kExpand, Own(ShapeOptions{.shape = {2, 2}}),
       Take(
           {2, 2}, [](Position) { return Position(); }, 0),
       Full({}, 0, {.dtype = kFloat64}));
  view("all", op::kSqueeze, Own(DimsOptions{}), InShape({3, 2}), Sample({1, 3, 1, 2}));
  view("some", op::kSqueeze, Own(DimsOptions{.dims = {0, 1}}), InShape({3, 1, 2}),
       Sample({1, 3, 1, 2}));
  view("last", op::kUnsqueeze, Own(DimOptions{.dim = -1}), InShape({2, 3, 4, 1}), x);
  view("first", op::kUnsqueeze, Own(DimOptions{.dim = 0}), InShape({1, 2, 3, 4}), x);
  view("middle", op::kSlice, Own(SliceOptions{.dim = 2, .start = 1, .end = 3}),
       Take({2, 3, 2},
            [](Position p) {
              return Position{p[0], p[1], p[2] + 1};
            }),
       x);
  view("step", op::kSlice, Own(SliceOptions{.dim = 2, .start = -3, .step = 2}),
       Take({2, 3, 2},
            [](Position p) {
              return Position{p[0], p[1], 1 + 2 * p[2]};
            }),
       x);
  view("nothing", op::kSlice, Own(SliceOptions{.dim = 0, .start = 2}),
       Take({0, 3, 4}, [](Position p) { return p; }), x);
  const auto part = [&](const Dims& shape, int64_t dim, int64_t start) {
    return Take(shape, [dim, start](Position p) {
      p[static_cast<size_t>(dim)] += start;
      return p;
    });
  };
  view("uneven", op::kSplit, Own(SplitOptions{.sizes = {1, 3}, .dim = 2}),
       Each({part({2, 3, 1}, 2, 0), part({2, 3, 3}, 2, 1)}), x);
  view("empty", op::kSplit, Own(SplitOptions{.sizes = {0, 2, 0, 1}, .dim = -2}),
       Each({part({2, 0, 4}, 1, 0), part({2, 2, 4}, 1, 0), part({2, 0, 4}, 1, 2),
             part({2, 1, 4}, 1, 2)}),
       x);
  // More than there is room for without memory.
  view("many", op::kSplit, Own(SplitOptions{.sizes = Dims(7, 1)}),
       Each({part({1}, 0, 0), part({1}, 0, 1), part({1}, 0, 2), part({1}, 0, 3), part({1}, 0, 4),
             part({1}, 0, 5), part({1}, 0, 6)}),
       Sample({7}));
  const auto slice = [&](int64_t i) {
    return Take({2, 4}, [i](Position p) { return Position{p[0], i, p[1]}; });
  };
  view("middle", op::kUnbind, Own(DimOptions{.dim = -2}), Each({slice(0), slice(1), slice(2)}), x);
  view("vector", op::kUnbind, Own(DimOptions{}),
       Each({Take({}, [](Position) { return Position{0}; }),
             Take({}, [](Position) { return Position{1}; })}),
       Sample({2}));
  view("main", op::kDiagonal, Own(DiagonalOptions{.dim1 = 1, .dim2 = 2}),
       Take({2, 3},
            [](Position p) {
              return Position{p[0], p[1], p[1]};
            }),
       x);
  view("below", op::kDiagonal, Own(DiagonalOptions{.offset = -1, .dim1 = 2, .dim2 = 1}),
       Take({2, 3},
            [](Position p) {
              return Position{p[0], p[1], p[1] + 1};
            }),
       x);
  view("windows", op::kUnfold, Own(UnfoldOptions{.dim = 2, .size = 2, .step = 1}),
       Take({2, 3, 3, 2},
            [](Position p) {
              return Position{p[0], p[1], p[2] + p[3]};
            }),
       x);
  view("steps", op::kUnfold, Own(UnfoldOptions{.dim = 0, .size = 3, .step = 2}),
       Take({2, 3}, [](Position p) { return Position{2 * p[0] + p[1]}; }), Sample({6}));
  view("overlap", op::kAsStrided,
       Own(AsStridedOptions{.shape = {3, 2}, .strides = {1, 2}, .offset = 1}),
       Take({3, 2}, [](Position p) { return Position{1 + p[0] + 2 * p[1]}; }), Sample({8}));
  cases.push_back({"as_strided_scatter/columns",
                   op::kAsStridedScatter,
                   {Sample({4, 3}), Sample({2, 2}, 1)},
                   Own(AsStridedOptions{.shape = {2, 2}, .strides = {2, 6}, .offset = 1}),
                   [](const std::vector<Array>& in) {
                     Array out = in[0];
                     for (int64_t i = 0; i < 4; ++i) out[1 + i / 2 * 2 + i % 2 * 6] = in[1][i];
                     return std::vector<Array>{out};
                   }});
  view("same", op::kAlias, nullptr, InShape({2, 3, 4}), x);
  cases.push_back({"as_strided_grad/overlap",
                   op::kAsStridedGrad,
                   {Sample({3, 2}, 1)},
                   Own(AsStridedGradOptions{.input_shape = {8}, .strides = {1, 2}, .offset = 1}),
                   [](const std::vector<Array>& in) {
                     Array out = MakeArray({8});
                     for (int64_t i = 0; i < 6; ++i) out[1 + i / 2 + 2 * (i % 2)] += in[0][i];
                     return std::vector<Array>{out};
                   }});
}

}  // namespace neura::testing
