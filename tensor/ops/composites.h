// Functions of other operations. What each does stands in its row of composites.inc, which declares
// it; they have gradients, every device and ONNX export by what they are made of.
#ifndef NEURA_TENSOR_OPS_COMPOSITES_H_
#define NEURA_TENSOR_OPS_COMPOSITES_H_

#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/operand.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/random/generator.h"

namespace neura {

// What aminmax gives.
NEURA_RESULT(MinAndMax, min, max);
// What frexp gives.
NEURA_RESULT(FrexpResult, mantissa, exponent);
// What histogram gives: as many numbers as there are bins, and one edge more.
NEURA_RESULT(HistogramAndEdges, hist, bin_edges);
// What unique gives: the elements or slices, for each of the input's the place among them, and how
// often each of them is there; of int64 the latter two.
struct UniqueElements {
  Tensor output;
  Tensor inverse_indices;
  Tensor counts;
};

// What histogramdd gives: counts, a dimension for each coordinate, and the edges of its bins.
struct HistogramOfPoints {
  Tensor hist;
  std::vector<Tensor> bin_edges;
};

#define NEURA_COMPOSITE(where, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#include "neura/tensor/ops/composites.inc"

// ClampBetween, AddScaled and SubScaled, overwriting the input, which they return; they throw
// InvalidArgument where the result has another shape or a dtype of a higher category.
Tensor ClampBetweenInPlace(const Tensor& input, const std::optional<Operand>& min = {},
                           const std::optional<Operand>& max = {});
Tensor AddScaledInPlace(const Tensor& input, const Operand& other, const Scalar& alpha = 1);
Tensor SubScaledInPlace(const Tensor& input, const Operand& other, const Scalar& alpha = 1);

// tensordot over as many dimensions of each, in their order.
Tensor TensorDot(const Tensor& input, const Tensor& other, const Dims& input_dims,
                 const Dims& other_dims);
// `sections` parts along dim, the first ones longer by one where it does not divide evenly; or cut
// before each of the indices.
std::vector<Tensor> TensorSplit(const Tensor& input, int64_t sections, int64_t dim = 0);
std::vector<Tensor> TensorSplitAt(const Tensor& input, const Dims& indices, int64_t dim = 0);
// The elements without repetition, sorted, or the slices of dim, in the order of their elements.
UniqueElements Unique(const Tensor& input, const std::optional<int64_t>& dim = {});
// The same without what equals its neighbour before it, in the input's order.
UniqueElements UniqueConsecutive(const Tensor& input, const std::optional<int64_t>& dim = {});
// The derivative along each of `dim`, by default all, at samples that are so far apart, one number
// for all dimensions or one for each, or at places, a vector for each. Second differences inside,
// of order edge_order, 1 or 2, at the ends (Fornberg, 1988).
std::vector<Tensor> Gradient(const Tensor& input, const std::vector<Operand>& spacing = {1},
                             const std::optional<Dims>& dim = {}, int64_t edge_order = 1);
// How many points [..., D], or what weights [...], lie in each bin of all D coordinates; bins, one
// for all of them or one for each, are a number of equal parts of two numbers of `range`, by
// default from the least to the greatest coordinate, or the edges themselves. With density over the
// whole and the sizes of the bins.
HistogramOfPoints HistogramDd(const Tensor& input, const std::vector<Operand>& bins,
                              const std::optional<std::vector<double>>& range = {},
                              const std::optional<Tensor>& weight = {}, bool density = false);
// Var and Std with the mean.
std::vector<Tensor> VarMean(const Tensor& input, const std::optional<Dims>& dim = {},
                            bool keepdim = false, int64_t correction = 1);
std::vector<Tensor> StdMean(const Tensor& input, const std::optional<Dims>& dim = {},
                            bool keepdim = false, int64_t correction = 1);
// The lower of the middle elements along dim; with an even number of them, unlike NumPy's, no mean.
ValuesAndIndices Median(const Tensor& input, int64_t dim = -1, bool keepdim = false);
ValuesAndIndices NanMedian(const Tensor& input, int64_t dim = -1, bool keepdim = false);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_COMPOSITES_H_
