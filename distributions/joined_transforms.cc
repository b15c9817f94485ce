// Transforms that work on parts of a tensor, and to correlation matrices.
#include <algorithm>
#include <numbers>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/distributions/shapes.h"
#include "neura/distributions/transform.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::distributions {
namespace {

std::string Listed(const char* name, const std::vector<TransformRef>& parts) {
  return absl::StrCat(name, "([",
                      absl::StrJoin(parts, ", ",
                                    [](std::string* out, const TransformRef& part) {
                                      absl::StrAppend(out, part->ToString());
                                    }),
                      "])");
}

// Each part of a dimension by a transform of its own.
class Parts : public Transform {
 public:
  Parts(const char* name, std::vector<TransformRef> parts, int64_t dim)
      : name_(name), parts_(std::move(parts)), dim_(dim) {}
  std::string ToString() const override { return Listed(name_, parts_); }
  bool bijective() const override {
    return std::all_of(parts_.begin(), parts_.end(),
                       [](const TransformRef& part) { return part->bijective(); });
  }
  Tensor Call(const Tensor& x) const override {
    return Each(x, x, [](const Transform& part, const Tensor& own, const Tensor&) {
      return part.Call(own);
    });
  }
  Tensor Inverse(const Tensor& y) const override {
    return Each(y, y, [](const Transform& part, const Tensor& own, const Tensor&) {
      return part.Inverse(own);
    });
  }
  bool Equals(const Transform& other) const override {
    const auto* const parts = dynamic_cast<const Parts*>(&other);
    return parts != nullptr && std::string(name_) == parts->name_ && dim_ == parts->dim_ &&
           Lengths() == parts->Lengths() &&
           std::equal(parts_.begin(), parts_.end(), parts->parts_.begin(), parts->parts_.end(),
                      [](const auto& a, const auto& b) { return a->Equals(*b); });
  }

 protected:
  using Function = Tensor (*)(const Transform& part, const Tensor& x, const Tensor& y);
  virtual Tensor Each(const Tensor& x, const Tensor& y, Function function) const = 0;
  virtual Dims Lengths() const = 0;
  std::vector<Constraint> Domains() const {
    std::vector<Constraint> domains;
    for (const TransformRef& part : parts_) domains.push_back(part->domain());
    return domains;
  }
  std::vector<Constraint> Codomains() const {
    std::vector<Constraint> codomains;
    for (const TransformRef& part : parts_) codomains.push_back(part->codomain());
    return codomains;
  }
  // The dimension counted from the end, which is the same without a batch.
  int64_t FromEnd(const Tensor& x) const {
    const int64_t dim = dim_ < 0 ? dim_ : dim_ - x.dim();
    if (dim >= 0 || dim < -x.dim()) {
      ThrowInvalidArgument(absl::StrCat(name_, ": ", Describe(x), " has no dimension ", dim_));
    }
    return dim;
  }

  const char* const name_;
  const std::vector<TransformRef> parts_;
  const int64_t dim_;
};

class CatRules final : public Parts {
 public:
  CatRules(std::vector<TransformRef> parts, int64_t dim, Dims lengths)
      : Parts("CatTransform", std::move(parts), dim), lengths_(std::move(lengths)) {}
  Constraint domain() const override { return CatConstraint(Domains(), dim_, lengths_); }
  Constraint codomain() const override { return CatConstraint(Codomains(), dim_, lengths_); }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    int64_t most = 0;
    for (const TransformRef& part : parts_) most = std::max(most, part->domain().event_dim());
    const int64_t dim = FromEnd(x);
    std::vector<Tensor> all;
    int64_t start = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const Tensor own = parts_[i]->LogAbsDetJacobian(Narrow(x, dim, start, lengths_[i]),
                                                      Narrow(y, dim, start, lengths_[i]));
      all.push_back(SumRightmost(own, most - parts_[i]->domain().event_dim()));
      start += lengths_[i];
    }
    if (dim + most < 0) return Cat(all, dim + most);
    Tensor sum = all[0];
    for (size_t i = 1; i < all.size(); ++i) sum = sum + all[i];
    return sum;
  }

 protected:
  Dims Lengths() const override { return lengths_; }
  Tensor Each(const Tensor& x, const Tensor& y, Function function) const override {
    const int64_t dim = FromEnd(x),
                  all = std::accumulate(lengths_.begin(), lengths_.end(), int64_t{0});
    if (x.size(dim) != all) {
      ThrowInvalidArgument(absl::StrCat("CatTransform: dimension ", dim_, " of ", Describe(x),
                                        " must be ", all, ", the sum of the lengths"));
    }
    std::vector<Tensor> results;
    int64_t start = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      results.push_back(function(*parts_[i], Narrow(x, dim, start, lengths_[i]),
                                 Narrow(y, dim, start, lengths_[i])));
      start += lengths_[i];
    }
    return Cat(results, dim);
  }

 private:
  const Dims lengths_;
};

class StackRules final : public Parts {
 public:
  StackRules(std::vector<TransformRef> parts, int64_t dim)
      : Parts("StackTransform", std::move(parts), dim) {}
  Constraint domain() const override { return StackConstraint(Domains(), dim_); }
  Constraint codomain() const override { return StackConstraint(Codomains(), dim_); }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    return Each(x, y, [](const Transform& part, const Tensor& own, const Tensor& result) {
      return part.LogAbsDetJacobian(own, result);
    });
  }

 protected:
  Dims Lengths() const override { return {}; }
  Tensor Each(const Tensor& x, const Tensor& y, Function function) const override {
    const int64_t dim = FromEnd(x);
    if (x.size(dim) != static_cast<int64_t>(parts_.size())) {
      ThrowInvalidArgument(absl::StrCat("StackTransform: dimension ", dim_, " of ", Describe(x),
                                        " must be ", parts_.size(), ", the number of parts"));
    }
    std::vector<Tensor> results;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      results.push_back(function(*parts_[i], Select(x, dim, at), Select(y, dim, at)));
    }
    // Of results without the dimensions of an event, the place counts from the start.
    return Stack(results, x.dim() + dim);
  }
};

// Lewandowski, Kurowicka and Joe, 2009: tanh of each number is a partial correlation.
class CorrCholeskyRules final : public Transform {
 public:
  std::string ToString() const override { return "CorrCholeskyTransform()"; }
  Constraint domain() const override { return NamedConstraint("real_vector"); }
  Constraint codomain() const override { return NamedConstraint("corr_cholesky"); }
  bool bijective() const override { return true; }
  Tensor Call(const Tensor& x) const override {
    const double eps = FloatLimitsOf(x.dtype()).eps;
    const Tensor r = ToLower(Clamp(Tanh(x), {.min = eps - 1, .max = 1 - eps}));
    const Tensor left = CumProd(Sqrt(1 - Square(r)), -1);
    const TensorOptions options{.dtype = x.dtype(), .device = x.device()};
    return (r + Eye(r.size(-1), options)) * Shifted(left);
  }
  Tensor Inverse(const Tensor& y) const override {
    const Tensor left = Shifted(1 - CumSum(Square(y), -1));
    const Tensor t = FromLower(y, -1) / Sqrt(FromLower(left, -1));
    return (Log1p(t) - Log1p(-t)) * 0.5;
  }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    const Tensor left = FromLower(1 - CumSum(Square(y), -1), -2);
    return Sum(Log(left), {.dims = {-1}}) * 0.5 + Sum(OfTanh(x), {.dims = {-1}});
  }
  Dims ForwardShape(DimsView shape) const override {
    if (shape.empty()) ThrowInvalidArgument("CorrCholeskyTransform: a value must be a vector");
    const int64_t size = SizeOf(shape.back());
    return Joined(shape.first(shape.size() - 1), Dims{size, size});
  }
  Dims InverseShape(DimsView shape) const override {
    if (shape.size() < 2 || shape.back() != shape[shape.size() - 2]) {
      ThrowInvalidArgument(absl::StrCat("CorrCholeskyTransform: a square matrix is needed, not ",
                                        neura::ToString(shape)));
    }
    const int64_t size = shape.back();
    return Joined(shape.first(shape.size() - 2), Dims{size * (size - 1) / 2});
  }
  bool Equals(const Transform& other) const override {
    return dynamic_cast<const CorrCholeskyRules*>(&other) != nullptr;
  }

 private:
  // log(1 - tanh(x)^2), without cancellation.
  static Tensor OfTanh(const Tensor& x) { return (std::numbers::ln2 - x + LogSigmoid(x * 2)) * 2; }
  // Of how many rows and columns so many numbers are one half.
  static int64_t SizeOf(int64_t count) {
    int64_t size = 1;
    while (size * (size - 1) / 2 < count) ++size;
    if (size * (size - 1) / 2 != count) {
      ThrowInvalidArgument(absl::StrCat("CorrCholeskyTransform: ", count,
                                        " numbers are not those below the diagonal of a matrix"));
    }
    return size;
  }
  // [..., count] below the diagonal of [..., size, size], whose rest is 0.
  static Tensor ToLower(const Tensor& x) {
    const int64_t count = x.size(-1), size = SizeOf(count);
    std::vector<int64_t> source;
    for (int64_t i = 0; i < size * size; ++i) {
      const int64_t row = i / size, column = i % size;
      source.push_back(column < row ? row * (row - 1) / 2 + column : count);
    }
    const DimsView lead = x.shape().first(x.shape().size() - 1);
    const Tensor zero = Zeros(Joined(lead, Dims{1}), {.dtype = x.dtype(), .device = x.device()});
    const Tensor index = To(FromSpan<int64_t>(source, {size * size}), x.device());
    return Reshape(IndexSelect(Cat({x, zero}, -1), -1, index), Joined(lead, Dims{size, size}));
  }
  // The numbers up to a diagonal, row by row.
  static Tensor FromLower(const Tensor& y, int64_t diagonal) {
    const int64_t size = y.size(-1);
    std::vector<int64_t> places;
    for (int64_t i = 0; i < size * size; ++i) {
      if (i % size <= i / size + diagonal) places.push_back(i);
    }
    const auto count = static_cast<int64_t>(places.size());
    const DimsView lead = y.shape().first(y.shape().size() - 2);
    const Tensor index = To(FromSpan<int64_t>(places, {count}), y.device());
    return IndexSelect(Reshape(y, Joined(lead, Dims{size * size})), -1, index);
  }
  // Each row a place later, with 1 at the beginning.
  static Tensor Shifted(const Tensor& y) {
    return Cat({OnesLike(Narrow(y, -1, 0, 1)), Narrow(y, -1, 0, y.size(-1) - 1)}, -1);
  }
};

}  // namespace

TransformRef CatTransform(std::vector<TransformRef> parts, int64_t dim, Dims lengths) {
  if (lengths.empty()) lengths.assign(parts.size(), 1);
  if (parts.empty() || lengths.size() != parts.size()) {
    ThrowInvalidArgument(absl::StrCat("CatTransform: ", lengths.size(), " lengths for ",
                                      parts.size(), " transforms"));
  }
  return std::make_shared<CatRules>(std::move(parts), dim, std::move(lengths));
}
TransformRef StackTransform(std::vector<TransformRef> parts, int64_t dim) {
  if (parts.empty()) ThrowInvalidArgument("StackTransform: there are no transforms");
  return std::make_shared<StackRules>(std::move(parts), dim);
}
TransformRef CorrCholeskyTransform() { return std::make_shared<CorrCholeskyRules>(); }

}  // namespace neura::distributions
