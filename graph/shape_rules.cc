#include "neura/graph/shape_rules.h"

#include <algorithm>
#include <cmath>

#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura::graph {
namespace {

using Shape = std::vector<SymInt>;
using MaybeShape = std::vector<std::optional<SymInt>>;

MaybeShape All(const Shape& shape) { return {shape.begin(), shape.end()}; }

SymInt Product(const Shape& shape) {
  SymInt product = 1;
  for (const SymInt& extent : shape) product = product * extent;
  return product;
}

// Of one dimension that inputs broadcast along: open extents may be 1.
std::optional<SymInt> Broadcast(const Shape& extents) {
  SymInt result = 1;
  for (const SymInt& extent : extents) {
    if (extent == 1 || extent == result) continue;
    // Beside a number, what is open is that or 1.
    if (result.is_number() && result != 1) continue;
    if (extent.is_number() || result == 1) {
      result = extent;
      continue;
    }
    return std::nullopt;
  }
  return result;
}

class Rules {
 public:
  Rules(const Graph& graph, const Operation& operation, absl::Span<const ValueId> inputs,
        size_t output, DimsView tried)
      : graph_(graph),
        operation_(operation),
        inputs_(inputs),
        output_(output),
        tried_(tried),
        rank_(tried.size()),
        integers_(IntegersOf(operation)) {}

  MaybeShape Find() const {
    if (SchemaOf(operation_.op).flags.pointwise) return Pointwise();
    if (const std::optional<WholeFunction> whole = WholeFunctionOf(operation_.op)) {
      return Whole(*whole);
    }
    switch (operation_.op) {
      case op::kFull:
      case op::kRandomUniform:
      case op::kRandomNormal:
      case op::kRandomInt:
      case op::kRandomBernoulli:
      case op::kRandomPermutation:
      case op::kRange:
        return All(integers_);
      case op::kClone:
      case op::kCast:
      case op::kToDevice:
      case op::kAlias:
      case op::kFlip:
      case op::kTril:
      case op::kTriu:
      case op::kCumSum:
      case op::kCumProd:
      case op::kLogCumSumExp:
      case op::kCumMax:
      case op::kCumMin:
      case op::kSort:
      case op::kSoftmax:
      case op::kLogSoftmax:
      case op::kBatchNormInference:
      case op::kIndexAdd:
      case op::kScatterAdd:
      case op::kScatterElements:
        return All(shape(0));
      case op::kBatchNormTraining:
        return output_ == 0 ? All(shape(0)) : MaybeShape{shape(0)[1]};
      case op::kLayerNorm:
      case op::kLinalgCholesky:
      case op::kLinalgDet:
      case op::kLinalgCofactor:
      case op::kLinalgSlogDet:
      case op::kLinalgEigh:
      case op::kLinalgEig:
      case op::kLinalgMatrixExp:
      case op::kLinalgLdl:
        return First(0);
      case op::kLinalgSolve:
      case op::kLinalgSolveTriangular:
        return First(1);
      case op::kLinalgLdlSolve:
        return First(2);
      case op::kGather:
      case op::kSearchSorted:
        return All(shape(1));
      case op::kIndexSelect:
        return With(DimOf(operation_.options.Get<DimOptions>().dim), Product(shape(1)));
      case op::kCat:
        return Cat();
      case op::kPad:
        return Pad();
      case op::kMatMul:
        return MatMul();
      case op::kLinear:
        return With(shape(0).size() - 1, shape(1)[0]);
      case op::kSum:
      case op::kMean:
      case op::kProd:
      case op::kAMax:
      case op::kAMin:
      case op::kAll:
      case op::kAny: {
        const auto& options = operation_.options.Get<ReduceOptions>();
        return Reduce(options.dims, options.keepdim);
      }
      case op::kArgMax:
      case op::kArgMin: {
        const auto& options = operation_.options.Get<ArgReduceOptions>();
        Dims dims;
        if (options.dim) dims.push_back(*options.dim);
        return Reduce(dims, options.keepdim);
      }
      case op::kReshape:
        return Reshape();
      case op::kExpand:
        return Expand();
      case op::kPermute:
        return Permute();
      case op::kUnsqueeze: {
        Shape result = shape(0);
        const int64_t dim = operation_.options.Get<DimOptions>().dim;
        const auto at = dim < 0 ? dim + static_cast<int64_t>(rank_) : dim;
        result.insert(result.begin() + at, SymInt(1));
        return All(result);
      }
      case op::kSqueeze:
        return Squeeze();
      case op::kSlice:
        return Slice();
      case op::kSplit:
        return With(DimOf(operation_.options.Get<SplitOptions>().dim), integers_[output_]);
      case op::kUnbind: {
        Shape result = shape(0);
        const size_t dim = DimOf(operation_.options.Get<DimOptions>().dim);
        result.erase(result.begin() + static_cast<ptrdiff_t>(dim));
        return All(result);
      }
      case op::kConv: {
        const auto& options = operation_.options.Get<ConvOptions>();
        const Shape& weight = shape(1);
        return Windows(weight[0], {weight.begin() + 2, weight.end()}, options.stride,
                       options.padding, options.dilation);
      }
      case op::kMaxPool: {
        const auto& options = operation_.options.Get<MaxPoolOptions>();
        if (options.ceil_mode) return Rounded();
        return Pool(options.kernel_size, options.stride, options.padding, options.dilation);
      }
      case op::kAvgPool: {
        const auto& options = operation_.options.Get<AvgPoolOptions>();
        if (options.ceil_mode) return Rounded();
        return Pool(options.kernel_size, options.stride, options.padding, 1);
      }
      case op::kAdaptiveAvgPool:
        return Sized(shape(0)[0], shape(0)[1],
                     operation_.options.Get<SpatialSizeOptions>().output_size);
      case op::kConvInputGrad: {
        const auto& options = operation_.options.Get<ConvGradOptions>();
        return Sized(shape(0)[0], shape(1)[1] * options.groups, options.size);
      }
      default:
        break;
    }
    return MaybeShape(rank_);
  }

 private:
  const Shape& shape(size_t input) const { return graph_.value(inputs_[input]).shape; }
  size_t DimOf(int64_t dim) const {
    return static_cast<size_t>(NormalizeDim("", dim, static_cast<int64_t>(shape(0).size())));
  }

  // As many extents of an input as the result has.
  MaybeShape First(size_t input) const {
    return All({shape(input).begin(), shape(input).begin() + static_cast<ptrdiff_t>(rank_)});
  }

  // The first input's, but for one extent.
  MaybeShape With(size_t dim, SymInt extent) const {
    Shape result = shape(0);
    if (dim < result.size()) result[dim] = std::move(extent);
    return All(result);
  }

  // floor(extent * p / q), for factors that are simple fractions.
  static std::optional<SymInt> Scaled(const SymInt& extent, double factor) {
    for (int64_t q = 1; q <= 64; ++q) {
      const double p = factor * static_cast<double>(q);
      if (p == std::round(p) && p <= INT32_MAX) return extent * static_cast<int64_t>(p) / q;
    }
    return std::nullopt;
  }

  // An output that nobody asked for has no dimensions.
  MaybeShape Whole(WholeFunction function) const {
    if (rank_ == 0) return {};
    switch (function) {
      case WholeFunction::kAttention:
        // The weights are those of the keys.
        return With(rank_ - 1, output_ == 0 ? shape(2).back() : shape(1)[rank_ - 2]);
      case WholeFunction::kGridSample: {
        Shape result = shape(1);
        result.pop_back();
        result.insert(result.begin() + 1, shape(0)[1]);
        return All(result);
      }
      case WholeFunction::kGroupNorm:
      case WholeFunction::kInstanceNorm:
      case WholeFunction::kRmsNorm:
        return All(shape(0));
      case WholeFunction::kInterpolate: {
        MaybeShape result = {shape(0)[0], shape(0)[1]};
        const auto& options = operation_.options.Get<InterpolateCall>();
        for (size_t d = 0; d + 2 < rank_; ++d) {
          result.push_back(options.size.empty() ? Scaled(shape(0)[d + 2], options.scale(d))
                                                : integers_[d]);
        }
        return result;
      }
      case WholeFunction::kRecurrent: {
        const auto& options = operation_.options.Get<RecurrentCall>();
        const auto directions = static_cast<int64_t>(options.directions());
        if (output_ == 0) return With(2, directions * options.hidden_size);
        return All({directions * options.num_layers, shape(0)[1], options.hidden_size});
      }
    }
    return MaybeShape(rank_);
  }

  MaybeShape Pointwise() const {
    MaybeShape result;
    for (size_t dim = 0; dim < rank_; ++dim) {
      Shape extents;
      for (ValueId input : inputs_) {
        if (input == kNone) continue;
        const Shape& given = graph_.value(input).shape;
        if (given.size() + dim >= rank_) extents.push_back(given[given.size() + dim - rank_]);
      }
      result.push_back(Broadcast(extents));
    }
    return result;
  }

  MaybeShape Cat() const {
    const size_t dim = DimOf(operation_.options.Get<DimOptions>().dim);
    Shape result = shape(0);
    for (size_t i = 1; i < inputs_.size(); ++i) {
      for (size_t d = 0; d < rank_; ++d) {
        if (d == dim) {
          result[d] = result[d] + shape(i)[d];
        } else if (shape(i)[d].is_number()) {
          result[d] = shape(i)[d];
        }
      }
    }
    return All(result);
  }

  MaybeShape Pad() const {
    Shape result = shape(0);
    for (size_t d = 0; d < rank_; ++d) {
      result[d] = result[d] + integers_[d] + integers_[d + rank_];
    }
    return All(result);
  }

  MaybeShape MatMul() const {
    const Shape &a = shape(0), &b = shape(1);
    if (a.size() < 2 || b.size() < 2) return MaybeShape(rank_);
    MaybeShape result;
    for (size_t dim = 0; dim + 2 < rank_; ++dim) {
      Shape extents;
      for (const Shape* given : {&a, &b}) {
        if (given->size() + dim >= rank_) {
          extents.push_back((*given)[given->size() + dim - rank_]);
        }
      }
      result.push_back(Broadcast(extents));
    }
    result.push_back(a[a.size() - 2]);
    result.push_back(b[b.size() - 1]);
    return result;
  }

  MaybeShape Reduce(const Dims& dims, bool keepdim) const {
    std::vector<bool> reduced(shape(0).size(), dims.empty());
    if (reduced.empty()) return {};
    for (int64_t dim : dims) reduced[DimOf(dim)] = true;
    MaybeShape result;
    for (size_t d = 0; d < reduced.size(); ++d) {
      if (!reduced[d]) result.push_back(shape(0)[d]);
      if (reduced[d] && keepdim) result.push_back(SymInt(1));
    }
    return result;
  }

  // What is given, unless it may turn out to be -1.
  MaybeShape Given() const {
    MaybeShape result;
    for (const SymInt& integer : integers_) {
      result.emplace_back();
      if (integer.is_number() || integer.is_never_negative()) result.back() = integer;
    }
    return result;
  }

  // What is given, and for -1 what is left over where that shows.
  MaybeShape Reshape() const {
    MaybeShape result = Given();
    const auto wildcard = std::find(integers_.begin(), integers_.end(), SymInt(-1));
    if (wildcard == integers_.end()) return result;
    Shape rest = shape(0), others;
    for (auto it = integers_.begin(); it != integers_.end(); ++it) {
      if (it == wildcard) continue;
      const auto same = std::find(rest.begin(), rest.end(), *it);
      same == rest.end() ? others.push_back(*it) : void(rest.erase(same));
    }
    const SymInt divisor = Product(others);
    std::optional<SymInt>& left = result[static_cast<size_t>(wildcard - integers_.begin())];
    left.reset();
    if (!divisor.is_number() || divisor.number() < 1) return result;
    const SymInt product = Product(rest), quotient = product / divisor;
    // Only what leaves no rest at any size.
    if (quotient * divisor == product) left = quotient;
    return result;
  }

  MaybeShape Expand() const {
    const size_t lead = rank_ - shape(0).size();
    MaybeShape result = Given();
    for (size_t d = lead; d < rank_; ++d) {
      if (integers_[d] == -1) result[d] = shape(0)[d - lead];
    }
    return result;
  }

  MaybeShape Permute() const {
    MaybeShape result;
    for (int64_t dim : operation_.options.Get<DimsOptions>().dims) {
      result.push_back(shape(0)[DimOf(dim)]);
    }
    return result;
  }

  // An open extent may be 1 or not.
  MaybeShape Squeeze() const {
    const Dims& dims = operation_.options.Get<DimsOptions>().dims;
    std::vector<bool> named(shape(0).size(), dims.empty());
    for (int64_t dim : dims) {
      if (!named.empty()) named[DimOf(dim)] = true;
    }
    MaybeShape result;
    for (size_t d = 0; d < named.size(); ++d) {
      if (named[d] && !shape(0)[d].is_number()) return MaybeShape(rank_);
      if (!named[d] || shape(0)[d] != 1) result.push_back(shape(0)[d]);
    }
    return result;
  }

  // Bounds below 0 count from the end, and are cut to the extent. No dimension is as long as
  // INT32_MAX.
  MaybeShape Slice() const {
    const auto& options = operation_.options.Get<SliceOptions>();
    const size_t dim = DimOf(options.dim);
    const SymInt& extent = shape(0)[dim];
    const auto bound = [&extent](const SymInt& given) -> std::optional<SymInt> {
      if (given == extent) return extent;
      if (!given.is_number()) {
        if (!given.is_never_negative()) return std::nullopt;
        return SymInt::Min(given, extent);
      }
      if (given.number() >= INT32_MAX) return extent;
      if (given.number() <= -INT32_MAX) return SymInt(0);
      return given.number() < 0 ? SymInt::Max(extent + given, 0) : SymInt::Min(given, extent);
    };
    MaybeShape result = With(dim, 0);
    const std::optional<SymInt> start = bound(integers_[1]), end = bound(integers_[2]);
    if (!start || !end) {
      result[dim].reset();
    } else if (*start == 0) {
      result[dim] = (*end + (options.step - 1)) / options.step;
    } else {
      result[dim] = (SymInt::Max(*end - *start, 0) + (options.step - 1)) / options.step;
    }
    return result;
  }

  // `given` sizes of the result, the first integers among the options.
  MaybeShape Sized(const SymInt& first, const SymInt& second, const Sizes& given) const {
    MaybeShape result = {first, second};
    for (size_t d = 0; d + 2 < rank_; ++d) {
      const SymInt& size = integers_[given.given().size() == 1 ? 0 : d];
      if (size == Sizes::kSame) {
        result.push_back(shape(0)[d + 2]);
      } else if (operation_.op == op::kConvInputGrad || size.is_number() ||
                 size.is_never_negative()) {
        result.push_back(size);  // which may not turn out to be kSame
      } else {
        result.emplace_back();
      }
    }
    return result;
  }

  MaybeShape Windows(const SymInt& channels, const Shape& kernel, const Sizes& stride,
                     const Sizes& padding, const Sizes& dilation) const {
    MaybeShape result = {shape(0)[0], channels};
    for (size_t d = 0; d < kernel.size(); ++d) {
      const SymInt reach = (kernel[d] - 1) * dilation[d] + 1;
      result.push_back((shape(0)[d + 2] + 2 * padding[d] - reach) / stride[d] + 1);
    }
    return result;
  }

  MaybeShape Pool(const Sizes& kernel, const std::optional<Sizes>& given, const Sizes& padding,
                  const Sizes& dilation) const {
    Sizes stride = kernel;
    if (given) stride = *given;
    Shape size;
    for (size_t d = 0; d + 2 < rank_; ++d) size.push_back(kernel[d]);
    return Windows(shape(0)[1], size, stride, padding, dilation);
  }

  // Windows are counted by a rule of their own.
  MaybeShape Rounded() const {
    MaybeShape result = {shape(0)[0], shape(0)[1]};
    for (size_t d = 2; d < rank_; ++d) {
      result.emplace_back();
      if (shape(0)[d].is_number()) result[d] = SymInt(tried_[d]);
    }
    return result;
  }

  const Graph& graph_;
  const Operation& operation_;
  absl::Span<const ValueId> inputs_;
  size_t output_;
  DimsView tried_;  // extents of the result where shapes were tried
  size_t rank_;
  Shape integers_;
};

}  // namespace

std::vector<std::optional<SymInt>> KnownShape(const Graph& graph, const Operation& operation,
                                              absl::Span<const ValueId> inputs, size_t output,
                                              const Tensor& tried) {
  bool open = !operation.symbolic.empty();
  for (ValueId input : inputs) {
    if (input == kNone) continue;
    const Shape& shape = graph.value(input).shape;
    open |= !std::all_of(shape.begin(), shape.end(),
                         [](const SymInt& extent) { return extent.is_number(); });
  }
  if (!open) return {tried.shape().begin(), tried.shape().end()};
  try {
    return Rules(graph, operation, inputs, output, tried.shape()).Find();
  } catch (const Error&) {
    // An expression that grows too long, or a product that overflows.
    return MaybeShape(tried.shape().size());
  }
}

}  // namespace neura::graph
