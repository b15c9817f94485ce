#include "neura/graph/agreement.h"

#include <algorithm>

#include "neura/graph/meta.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/options/image.h"

namespace neura::graph {
namespace {

class Agreement {
 public:
  Agreement(const Graph& graph, absl::Span<const ValueId> inputs) : graph_(graph), inputs_(inputs) {
    for (const ValueId input : inputs) {
      shapes_.emplace_back();
      if (input == kNone) continue;
      const DimsView tried = graph.value(input).tried.shape();
      shapes_.back().assign(tried.begin(), tried.end());
    }
  }

  void Settle(const Operation& operation) {
    if (SchemaOf(operation.op).flags.pointwise) return Broadcast(0, 0);
    switch (operation.op) {
      case op::kMatMul: {
        const size_t last = rank(0), rows = std::max<size_t>(rank(1), 2) - 2;
        if (last == 0 || rank(1) == 0) return;
        Pair({{0, last - 1}, {1, rows}}, false);
        return Broadcast(2, 2);
      }
      case op::kLinear:
        if (rank(0) > 0 && rank(1) == 2) Pair({{0, rank(0) - 1}, {1, 1}}, false);
        return;
      case op::kCat: {
        const auto dim = static_cast<size_t>(NormalizeDim(
            "cat", operation.options.Get<DimOptions>().dim, static_cast<int64_t>(rank(0))));
        for (size_t d = 0; d < rank(0); ++d) {
          if (d != dim) Pair(Along(d), false);
        }
        return;
      }
      case op::kConv: {
        const auto& options = operation.options.Get<ConvOptions>();
        if (rank(0) < 3 || rank(1) != rank(0)) return;
        Take({0, 1}, shapes_[1][1] * options.groups);
        for (size_t d = 2; d < rank(0); ++d) {
          const int64_t reach = (shapes_[1][d] - 1) * options.dilation[d - 2] + 1;
          Take({0, d}, std::max(shapes_[0][d], reach));
        }
        return;
      }
      case op::kBatchNormInference:
        for (size_t i = 1; i < inputs_.size(); ++i) {
          if (rank(0) > 1 && rank(i) == 1) Pair({{0, 1}, {i, 0}}, false);
        }
        return;
      case op::kLayerNorm:
        for (size_t i = 1; i < inputs_.size(); ++i) {
          for (size_t d = 0; d < std::min(rank(0), rank(i)); ++d) {
            Pair({{0, rank(0) - 1 - d}, {i, rank(i) - 1 - d}}, false);
          }
        }
        return;
      case op::kReshape: {
        // As many elements as asked for, where these are numbers.
        const std::vector<SymInt>& given = graph_.value(inputs_[0]).shape;
        const auto is_number = [](const SymInt& extent) { return extent.is_number(); };
        if (!operation.symbolic.empty() || std::all_of(given.begin(), given.end(), is_number))
          return;
        Dims shape = operation.options.Get<ShapeOptions>().shape;
        std::replace(shape.begin(), shape.end(), int64_t{-1}, int64_t{1});
        shapes_[0] = std::move(shape);
        changed_ = true;
        return;
      }
      default:
        // An extent that was made up may have come out as 0, over which not all is defined.
        for (size_t i = 0; i < inputs_.size(); ++i) {
          for (size_t d = 0; d < rank(i); ++d) {
            if (tried({i, d}) == 0) Take({i, d}, 1);
          }
        }
        return;
    }
  }

  std::optional<std::vector<Tensor>> Take() const {
    if (!changed_) return std::nullopt;
    std::vector<Tensor> tried;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      tried.emplace_back();
      if (inputs_[i] == kNone) continue;
      tried.back() = MetaTensor(graph_.value(inputs_[i]).dtype, shapes_[i]);
    }
    return tried;
  }

 private:
  // A dimension of an input.
  struct Place {
    size_t input, dim;
  };

  size_t rank(size_t input) const { return shapes_[input].size(); }
  const SymInt& extent(const Place& place) const {
    return graph_.value(inputs_[place.input]).shape[place.dim];
  }
  int64_t& tried(const Place& place) { return shapes_[place.input][place.dim]; }

  // A dimension of all inputs.
  std::vector<Place> Along(size_t dim) const {
    std::vector<Place> places;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (dim < rank(i)) places.push_back({i, dim});
    }
    return places;
  }

  void Take(const Place& place, int64_t size) {
    if (extent(place).is_number() || tried(place) == size) return;
    tried(place) = size;
    changed_ = true;
  }

  // A number tells what the open extents are, or else the first of these.
  void Pair(const std::vector<Place>& places, bool broadcasts) {
    std::optional<int64_t> size;
    for (const bool numbers : {true, false}) {
      for (const Place& place : places) {
        if (!size && extent(place).is_number() == numbers && !(broadcasts && tried(place) == 1)) {
          size = tried(place);
        }
      }
    }
    for (const Place& place : places) {
      if (size && !(broadcasts && tried(place) == 1)) Take(place, *size);
    }
  }

  // All dimensions but so many at the end, paired from the last on; of the inputs before `count`,
  // or of all.
  void Broadcast(size_t skipped, size_t count) {
    size_t most = 0;
    if (count == 0) count = inputs_.size();
    for (size_t i = 0; i < count; ++i) most = std::max(most, rank(i));
    for (size_t d = skipped; d < most; ++d) {
      std::vector<Place> places;
      for (size_t i = 0; i < count; ++i) {
        if (d < rank(i)) places.push_back({i, rank(i) - 1 - d});
      }
      Pair(places, true);
    }
  }

  const Graph& graph_;
  absl::Span<const ValueId> inputs_;
  std::vector<Dims> shapes_;
  bool changed_ = false;
};

}  // namespace

std::optional<std::vector<Tensor>> TriedInAgreement(const Graph& graph, const Operation& operation,
                                                    absl::Span<const ValueId> inputs) {
  Agreement agreement(graph, inputs);
  agreement.Settle(operation);
  return agreement.Take();
}

}  // namespace neura::graph
