// Products of matrices and vectors.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::linalg {
namespace {

// Where to cut the product of matrices first to last, of extents[i] x extents[i + 1]. Costs are
// doubles, which do not wrap.
class Parentheses {
 public:
  explicit Parentheses(const std::vector<int64_t>& extents)
      : count_(extents.size() - 1), cuts_(count_ * count_) {
    std::vector<double> costs(count_ * count_);
    for (size_t length = 2; length <= count_; ++length) {
      for (size_t first = 0; first + length <= count_; ++first) {
        const size_t last = first + length - 1;
        double least = std::numeric_limits<double>::infinity();
        for (size_t cut = first; cut < last; ++cut) {
          const double cost = costs[first * count_ + cut] + costs[(cut + 1) * count_ + last] +
                              static_cast<double>(extents[first]) *
                                  static_cast<double>(extents[cut + 1]) *
                                  static_cast<double>(extents[last + 1]);
          if (cost >= least) continue;
          least = cost;
          cuts_[first * count_ + last] = cut;
        }
        costs[first * count_ + last] = least;
      }
    }
  }

  Tensor Product(const std::vector<Tensor>& matrices, size_t first, size_t last) const {
    if (first == last) return matrices[first];
    const size_t cut = cuts_[first * count_ + last];
    return MatMul(Product(matrices, first, cut), Product(matrices, cut + 1, last));
  }

 private:
  size_t count_;
  std::vector<size_t> cuts_;
};

}  // namespace

Tensor MultiDot(const std::vector<Tensor>& tensors) {
  if (tensors.size() < 2) {
    ThrowInvalidArgument("linalg.multi_dot: expected at least 2 tensors");
  }
  std::vector<Tensor> matrices = tensors;
  for (const Tensor& tensor : matrices) RequireDefined("linalg.multi_dot", tensor);
  Tensor &first = matrices.front(), &last = matrices.back();
  Dims vectors;  // dimensions that the result does not have
  if (first.dim() == 1) {
    first = Unsqueeze(first, 0);
    vectors.push_back(-2);
  }
  if (last.dim() == 1) {
    last = Unsqueeze(last, 1);
    vectors.push_back(-1);
  }
  std::vector<int64_t> extents;
  for (size_t i = 0; i < matrices.size(); ++i) {
    RequireDims("linalg.multi_dot", matrices[i], 2);
    if (i > 0 && matrices[i].size(0) != matrices[i - 1].size(1)) {
      ThrowInvalidArgument(absl::StrCat("linalg.multi_dot: tensors ", i - 1, " and ", i,
                                        " cannot be multiplied: ", Describe(tensors[i - 1]),
                                        " and ", Describe(tensors[i])));
    }
    extents.push_back(matrices[i].size(0));
  }
  extents.push_back(last.size(1));
  const Tensor product = Parentheses(extents).Product(matrices, 0, matrices.size() - 1);
  return vectors.empty() ? product : Squeeze(product, vectors);
}

Tensor Vander(const Tensor& vectors, const std::optional<int64_t>& n) {
  RequireDefined("linalg.vander", vectors);
  const Tensor x = vectors.dim() == 0 ? Unsqueeze(vectors, 0) : vectors;
  const int64_t count = n.value_or(x.size(-1));
  if (count < 2) {
    ThrowInvalidArgument(absl::StrCat("linalg.vander: N = ", count, " must be at least 2"));
  }
  return Pow(Unsqueeze(x, -1), Arange(0, count, 1, {.dtype = kInt64, .device = x.device()}));
}

Tensor VecDot(const Tensor& x, const Tensor& y, int64_t dim) {
  const Tensor products = Conj(x) * y;
  if (products.dim() == 0) ThrowInvalidArgument("linalg.vecdot: expected at least one dimension");
  return Sum(products, {.dims = {dim}, .dtype = products.dtype()});
}

}  // namespace neura::linalg
