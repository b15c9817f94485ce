#include "neura/distributions/transform.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/atomic_ptr.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::distributions {
namespace {

// Whether two numbers or tensors are the same.
bool Same(const Operand& a, const Operand& b) {
  if (a.is_tensor != b.is_tensor) return false;
  if (!a.is_tensor) return a.scalar.To<double>() == b.scalar.To<double>();
  return a.tensor.impl() == b.tensor.impl() ||
         (a.tensor.shape() == b.tensor.shape() && All(a.tensor == b.tensor).Item<bool>());
}
Tensor Plus(const Tensor& x, const Operand& y) { return y.is_tensor ? x + y.tensor : x + y.scalar; }
Tensor Times(const Tensor& x, const Operand& y) {
  return y.is_tensor ? x * y.tensor : x * y.scalar;
}
Tensor AsTensor(const Operand& y) {
  return y.is_tensor ? y.tensor : ScalarTensor(y.scalar.To<double>());
}

// What is written down about a function of single numbers, or of what stands in the last
// dimensions.
struct Rules {
  const char* name;
  const char* domain;
  const char* codomain;
  bool bijective;
  double sign;  // 0: none
  Tensor (*call)(const Tensor& x);
  Tensor (*inverse)(const Tensor& y);
  Tensor (*log_abs_det)(const Tensor& x, const Tensor& y);  // null: none
};

class SimpleTransform final : public Transform {
 public:
  explicit SimpleTransform(const Rules& rules) : rules_(rules) {}
  std::string ToString() const override { return absl::StrCat(rules_.name, "()"); }
  Constraint domain() const override { return NamedConstraint(rules_.domain); }
  Constraint codomain() const override { return NamedConstraint(rules_.codomain); }
  bool bijective() const override { return rules_.bijective; }
  Tensor Sign() const override {
    return rules_.sign == 0 ? Transform::Sign() : ScalarTensor(rules_.sign);
  }
  Tensor Call(const Tensor& x) const override { return rules_.call(x); }
  Tensor Inverse(const Tensor& y) const override { return rules_.inverse(y); }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    return rules_.log_abs_det == nullptr ? Transform::LogAbsDetJacobian(x, y)
                                         : rules_.log_abs_det(x, y);
  }
  bool Equals(const Transform& other) const override {
    const auto* const simple = dynamic_cast<const SimpleTransform*>(&other);
    return simple != nullptr && simple->rules_.call == rules_.call;
  }

 private:
  const Rules rules_;
};

TransformRef Simple(const Rules& rules) { return std::make_shared<SimpleTransform>(rules); }

// Inside of (0, 1), so that logarithms of it and of what is left are finite.
Tensor InsideUnit(const Tensor& y) {
  const FloatLimits limits = FloatLimitsOf(y.dtype());
  return Clamp(y, {.min = limits.smallest_normal, .max = 1 - limits.eps});
}
Tensor SoftplusOf(const Tensor& x) { return -LogSigmoid(-x); }

class PowerRules final : public Transform {
 public:
  explicit PowerRules(const Operand& exponent) : exponent_(exponent) {}
  std::string ToString() const override { return "PowerTransform()"; }
  Constraint domain() const override { return NamedConstraint("positive"); }
  Constraint codomain() const override { return NamedConstraint("positive"); }
  bool bijective() const override { return true; }
  Tensor Sign() const override { return neura::Sign(AsTensor(exponent_)); }
  Tensor Call(const Tensor& x) const override {
    return exponent_.is_tensor ? Pow(x, exponent_.tensor) : Pow(x, exponent_.scalar);
  }
  Tensor Inverse(const Tensor& y) const override {
    return exponent_.is_tensor ? Pow(y, Reciprocal(exponent_.tensor))
                               : Pow(y, 1 / exponent_.scalar.To<double>());
  }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    return Log(Abs(Times(y / x, exponent_)));
  }
  Dims ForwardShape(DimsView shape) const override {
    return BroadcastShapes("PowerTransform", shape, AsTensor(exponent_).shape());
  }
  Dims InverseShape(DimsView shape) const override { return ForwardShape(shape); }
  bool Equals(const Transform& other) const override {
    const auto* const power = dynamic_cast<const PowerRules*>(&other);
    return power != nullptr && Same(power->exponent_, exponent_);
  }

 private:
  const Operand exponent_;
};

class AffineRules final : public Transform {
 public:
  AffineRules(const Operand& loc, const Operand& scale, int64_t event_dim)
      : loc_(loc), scale_(scale), event_dim_(event_dim) {}
  std::string ToString() const override { return "AffineTransform()"; }
  Constraint domain() const override { return IndependentConstraint(Constraint(), event_dim_); }
  Constraint codomain() const override { return domain(); }
  bool bijective() const override { return true; }
  std::vector<Operand> numbers() const override { return {loc_, scale_, event_dim_}; }
  Tensor Sign() const override { return neura::Sign(AsTensor(scale_)); }
  Tensor Call(const Tensor& x) const override { return Plus(Times(x, scale_), loc_); }
  Tensor Inverse(const Tensor& y) const override {
    const Tensor moved = loc_.is_tensor ? y - loc_.tensor : y - loc_.scalar;
    return scale_.is_tensor ? moved / scale_.tensor : moved / scale_.scalar;
  }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor&) const override {
    const Tensor scale = scale_.is_tensor
                             ? Log(Abs(scale_.tensor))
                             : FullLike(x, std::log(std::fabs(scale_.scalar.To<double>())));
    const Dims shape = BroadcastShapes("AffineTransform", x.shape(), scale.shape());
    return SumRightmost(Expand(scale, shape), event_dim_);
  }
  Dims ForwardShape(DimsView shape) const override {
    return BroadcastShapes("AffineTransform",
                           BroadcastShapes("AffineTransform", shape, AsTensor(loc_).shape()),
                           AsTensor(scale_).shape());
  }
  Dims InverseShape(DimsView shape) const override { return ForwardShape(shape); }
  bool Equals(const Transform& other) const override {
    const auto* const affine = dynamic_cast<const AffineRules*>(&other);
    return affine != nullptr && Same(affine->loc_, loc_) && Same(affine->scale_, scale_);
  }

 private:
  const Operand loc_, scale_;
  const int64_t event_dim_;
};

class StickBreakingRules final : public Transform {
 public:
  std::string ToString() const override { return "StickBreakingTransform()"; }
  Constraint domain() const override { return NamedConstraint("real_vector"); }
  Constraint codomain() const override { return NamedConstraint("simplex"); }
  bool bijective() const override { return true; }
  Tensor Call(const Tensor& x) const override {
    const Tensor share = InsideUnit(Sigmoid(x - LogLeft(x)));
    const Tensor left = CumProd(1 - share, -1);
    const Tensor one = OnesLike(Slice(left, -1, 0, 1));
    return Cat(std::vector<Tensor>{share, one}, -1) * Cat(std::vector<Tensor>{one, left}, -1);
  }
  Tensor Inverse(const Tensor& y) const override {
    const Tensor cropped = Slice(y, -1, 0, y.size(-1) - 1);
    // Rounding may leave less than nothing.
    const Tensor left = ClampMin(1 - CumSum(cropped, -1), FloatLimitsOf(y.dtype()).smallest_normal);
    return Log(cropped) - Log(left) + LogLeft(cropped);
  }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    const Tensor moved = x - LogLeft(x);
    return Sum(-moved - SoftplusOf(-moved) + Log(Slice(y, -1, 0, y.size(-1) - 1)), {.dims = {-1}});
  }
  Dims ForwardShape(DimsView shape) const override { return Longer(shape, 1); }
  Dims InverseShape(DimsView shape) const override { return Longer(shape, -1); }
  bool Equals(const Transform& other) const override {
    return dynamic_cast<const StickBreakingRules*>(&other) != nullptr;
  }

 private:
  // The logarithms of how many shares are still to come: K, ..., 1.
  static Tensor LogLeft(const Tensor& x) {
    return Log(Arange(x.size(-1), 0, -1, {.dtype = x.dtype(), .device = x.device()}));
  }
  static Dims Longer(DimsView shape, int64_t by) {
    if (shape.empty()) ThrowInvalidArgument("StickBreakingTransform: a value must be a vector");
    Dims longer(shape.begin(), shape.end());
    longer.back() += by;
    return longer;
  }
};

class ReshapeRules final : public Transform {
 public:
  ReshapeRules(const Dims& in, const Dims& out) : in_(in), out_(out) {}
  std::string ToString() const override { return "ReshapeTransform()"; }
  Constraint domain() const override {
    return IndependentConstraint(Constraint(), static_cast<int64_t>(in_.size()));
  }
  Constraint codomain() const override {
    return IndependentConstraint(Constraint(), static_cast<int64_t>(out_.size()));
  }
  bool bijective() const override { return true; }
  Tensor Call(const Tensor& x) const override { return Reshape(x, ForwardShape(x.shape())); }
  Tensor Inverse(const Tensor& y) const override { return Reshape(y, InverseShape(y.shape())); }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor&) const override {
    const DimsView shape = x.shape();
    return Zeros(shape.first(shape.size() - in_.size()),
                 {.dtype = x.dtype(), .device = x.device()});
  }
  Dims ForwardShape(DimsView shape) const override { return Replaced(shape, in_, out_); }
  Dims InverseShape(DimsView shape) const override { return Replaced(shape, out_, in_); }
  bool Equals(const Transform& other) const override {
    const auto* const reshape = dynamic_cast<const ReshapeRules*>(&other);
    return reshape != nullptr && reshape->in_ == in_ && reshape->out_ == out_;
  }

 private:
  static Dims Replaced(DimsView shape, const Dims& from, const Dims& to) {
    if (shape.size() < from.size() || shape.last(from.size()) != DimsView(from)) {
      ThrowInvalidArgument(absl::StrCat("ReshapeTransform: the last dimensions of ",
                                        neura::ToString(shape), " must be ",
                                        neura::ToString(DimsView(from))));
    }
    return Joined(shape.first(shape.size() - from.size()), to);
  }

  const Dims in_, out_;
};

class Composed final : public Transform {
 public:
  explicit Composed(std::vector<TransformRef> parts) : parts_(std::move(parts)) {}
  std::vector<TransformRef> parts() const override { return parts_; }
  std::string ToString() const override {
    return absl::StrCat("ComposeTransform([",
                        absl::StrJoin(parts_, ", ",
                                      [](std::string* out, const TransformRef& part) {
                                        absl::StrAppend(out, part->ToString());
                                      }),
                        "])");
  }
  Constraint domain() const override {
    if (parts_.empty()) return {};
    const Constraint first = parts_.front()->domain();
    // What later parts need, before what the first ones change.
    int64_t dims = parts_.back()->codomain().event_dim();
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
      const int64_t in = (*part)->domain().event_dim(), out = (*part)->codomain().event_dim();
      dims = std::max(in, dims + in - out);
    }
    return IndependentConstraint(first, dims - first.event_dim());
  }
  Constraint codomain() const override {
    if (parts_.empty()) return {};
    const Constraint last = parts_.back()->codomain();
    int64_t dims = parts_.front()->domain().event_dim();
    for (const TransformRef& part : parts_) {
      const int64_t in = part->domain().event_dim(), out = part->codomain().event_dim();
      dims = std::max(out, dims + out - in);
    }
    return IndependentConstraint(last, dims - last.event_dim());
  }
  bool bijective() const override {
    return std::all_of(parts_.begin(), parts_.end(),
                       [](const TransformRef& part) { return part->bijective(); });
  }
  Tensor Sign() const override {
    Tensor sign = ScalarTensor(1.0);
    for (const TransformRef& part : parts_) sign = sign * part->Sign();
    return sign;
  }
  Tensor Call(const Tensor& x) const override {
    Tensor y = x;
    for (const TransformRef& part : parts_) y = part->Call(y);
    return y;
  }
  Tensor Inverse(const Tensor& y) const override {
    Tensor x = y;
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) x = (*part)->Inverse(x);
    return x;
  }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    if (parts_.empty()) return ZerosLike(x);
    Tensor at = x, sum;
    int64_t dims = domain().event_dim();
    for (size_t i = 0; i < parts_.size(); ++i) {
      const Transform& part = *parts_[i];
      const Tensor next = i + 1 == parts_.size() ? y : part.Call(at);
      const int64_t in = part.domain().event_dim();
      const Tensor own = SumRightmost(part.LogAbsDetJacobian(at, next), dims - in);
      sum = sum.defined() ? sum + own : own;
      dims += part.codomain().event_dim() - in;
      at = next;
    }
    return sum;
  }
  Dims ForwardShape(DimsView shape) const override {
    Dims out(shape.begin(), shape.end());
    for (const TransformRef& part : parts_) out = part->ForwardShape(out);
    return out;
  }
  Dims InverseShape(DimsView shape) const override {
    Dims in(shape.begin(), shape.end());
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
      in = (*part)->InverseShape(in);
    }
    return in;
  }
  bool Equals(const Transform& other) const override {
    const auto* const composed = dynamic_cast<const Composed*>(&other);
    return composed != nullptr &&
           std::equal(parts_.begin(), parts_.end(), composed->parts_.begin(),
                      composed->parts_.end(),
                      [](const auto& a, const auto& b) { return a->Equals(*b); });
  }

 private:
  const std::vector<TransformRef> parts_;
};

class IndependentRules final : public Transform {
 public:
  IndependentRules(TransformRef base, int64_t dims) : base_(std::move(base)), dims_(dims) {}
  std::vector<TransformRef> parts() const override { return {base_}; }
  std::vector<Operand> numbers() const override { return {dims_}; }
  std::string ToString() const override {
    return absl::StrCat("IndependentTransform(", base_->ToString(), ", ", dims_, ")");
  }
  Constraint domain() const override { return IndependentConstraint(base_->domain(), dims_); }
  Constraint codomain() const override { return IndependentConstraint(base_->codomain(), dims_); }
  bool bijective() const override { return base_->bijective(); }
  Tensor Sign() const override { return base_->Sign(); }
  Tensor Call(const Tensor& x) const override { return base_->Call(x); }
  Tensor Inverse(const Tensor& y) const override { return base_->Inverse(y); }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    return SumRightmost(base_->LogAbsDetJacobian(x, y), dims_);
  }
  Dims ForwardShape(DimsView shape) const override { return base_->ForwardShape(shape); }
  Dims InverseShape(DimsView shape) const override { return base_->InverseShape(shape); }
  bool Equals(const Transform& other) const override {
    const auto* const own = dynamic_cast<const IndependentRules*>(&other);
    return own != nullptr && own->dims_ == dims_ && own->base_->Equals(*base_);
  }

 private:
  const TransformRef base_;
  const int64_t dims_;
};

class Cached final : public Transform {
 public:
  explicit Cached(TransformRef base) : base_(std::move(base)) {}
  std::string ToString() const override { return base_->ToString(); }
  Constraint domain() const override { return base_->domain(); }
  Constraint codomain() const override { return base_->codomain(); }
  bool bijective() const override { return base_->bijective(); }
  Tensor Sign() const override { return base_->Sign(); }
  Tensor Call(const Tensor& x) const override {
    const IntrusivePtr<Pair> last = last_.Load();
    if (last && last->x.impl() == x.impl()) return last->y;
    return Keep(x, base_->Call(x))->y;
  }
  Tensor Inverse(const Tensor& y) const override {
    const IntrusivePtr<Pair> last = last_.Load();
    if (last && last->y.impl() == y.impl()) return last->x;
    return Keep(base_->Inverse(y), y)->x;
  }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    return base_->LogAbsDetJacobian(x, y);
  }
  Dims ForwardShape(DimsView shape) const override { return base_->ForwardShape(shape); }
  Dims InverseShape(DimsView shape) const override { return base_->InverseShape(shape); }
  bool Equals(const Transform& other) const override {
    const auto* const cached = dynamic_cast<const Cached*>(&other);
    return base_->Equals(cached != nullptr ? *cached->base_ : other);
  }

 private:
  // Never changed, but replaced.
  struct Pair {
    Tensor x, y;
    std::atomic<uint32_t> refs{1};

    void AddRefs(uint32_t n) noexcept { refs.fetch_add(n, std::memory_order_relaxed); }
    void AddRef() noexcept { AddRefs(1); }
    void DropRefs(uint32_t n) noexcept { refs.fetch_sub(n, std::memory_order_release); }
    void Release() noexcept {
      if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
  };
  IntrusivePtr<Pair> Keep(const Tensor& x, const Tensor& y) const {
    IntrusivePtr<Pair> pair = IntrusivePtr<Pair>::Adopt(new Pair{.x = x, .y = y});
    last_.Store(pair);
    return pair;
  }

  const TransformRef base_;
  mutable AtomicPtr<Pair> last_;
};

class Inverted final : public Transform {
 public:
  explicit Inverted(TransformRef base) : base_(std::move(base)) {}
  std::string ToString() const override { return absl::StrCat(base_->ToString(), ".inv"); }
  Constraint domain() const override { return base_->codomain(); }
  Constraint codomain() const override { return base_->domain(); }
  bool bijective() const override { return base_->bijective(); }
  Tensor Sign() const override { return base_->Sign(); }
  Tensor Call(const Tensor& x) const override { return base_->Inverse(x); }
  Tensor Inverse(const Tensor& y) const override { return base_->Call(y); }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    return -base_->LogAbsDetJacobian(y, x);
  }
  Dims ForwardShape(DimsView shape) const override { return base_->InverseShape(shape); }
  Dims InverseShape(DimsView shape) const override { return base_->ForwardShape(shape); }
  bool Equals(const Transform& other) const override {
    const auto* const inverted = dynamic_cast<const Inverted*>(&other);
    return inverted != nullptr && inverted->base_->Equals(*base_);
  }

 private:
  const TransformRef base_;
};

}  // namespace

Tensor Transform::Sign() const { ThrowUnimplemented(absl::StrCat(ToString(), " has no sign")); }
Tensor Transform::Inverse(const Tensor&) const {
  ThrowUnimplemented(absl::StrCat(ToString(), " has no inverse"));
}
Tensor Transform::LogAbsDetJacobian(const Tensor&, const Tensor&) const {
  ThrowUnimplemented(absl::StrCat(ToString(), " has no log_abs_det_jacobian"));
}

TransformRef ExpTransform() {
  return Simple({"ExpTransform", "real", "positive", true, 1,
                 [](const Tensor& x) { return Exp(x); }, [](const Tensor& y) { return Log(y); },
                 [](const Tensor& x, const Tensor&) { return x; }});
}
TransformRef SigmoidTransform() {
  return Simple({"SigmoidTransform", "real", "unit_interval", true, 1,
                 [](const Tensor& x) { return InsideUnit(Sigmoid(x)); },
                 [](const Tensor& y) {
                   const Tensor inside = InsideUnit(y);
                   return Log(inside) - Log1p(-inside);
                 },
                 [](const Tensor& x, const Tensor&) { return -SoftplusOf(-x) - SoftplusOf(x); }});
}
TransformRef TanhTransform() {
  return Simple({"TanhTransform", "real", "minus_one_to_one", true, 1,
                 [](const Tensor& x) { return Tanh(x); }, [](const Tensor& y) { return Atanh(y); },
                 [](const Tensor& x, const Tensor&) {
                   // log(1 - tanh(x)^2), without cancellation.
                   return (std::numbers::ln2 - x - SoftplusOf(x * -2)) * 2;
                 }});
}
TransformRef SoftplusTransform() {
  return Simple({"SoftplusTransform", "real", "positive", true, 1, SoftplusOf,
                 [](const Tensor& y) { return Log(-Expm1(-y)) + y; },
                 [](const Tensor& x, const Tensor&) { return -SoftplusOf(-x); }});
}
TransformRef AbsTransform() {
  return Simple({"AbsTransform", "real", "positive", false, 0,
                 [](const Tensor& x) { return Abs(x); }, [](const Tensor& y) { return y; },
                 nullptr});
}
TransformRef SoftmaxTransform() {
  return Simple({"SoftmaxTransform", "real_vector", "simplex", false, 0,
                 [](const Tensor& x) { return Softmax(x, {.dim = -1}); },
                 [](const Tensor& y) { return Log(y); }, nullptr});
}
TransformRef LowerCholeskyTransform() {
  return Simple(
      {"LowerCholeskyTransform", "real_matrix", "lower_cholesky", false, 0,
       [](const Tensor& x) { return Tril(x, -1) + DiagEmbed(Exp(Diagonal(x, 0, -2, -1))); },
       [](const Tensor& y) { return Tril(y, -1) + DiagEmbed(Log(Diagonal(y, 0, -2, -1))); },
       nullptr});
}
TransformRef PowerTransform(const Operand& exponent) {
  return std::make_shared<PowerRules>(exponent);
}
TransformRef AffineTransform(const Operand& loc, const Operand& scale, int64_t event_dim) {
  return std::make_shared<AffineRules>(loc, scale, event_dim);
}
TransformRef StickBreakingTransform() { return std::make_shared<StickBreakingRules>(); }
TransformRef ReshapeTransform(const Dims& in_shape, const Dims& out_shape) {
  if (NumElements(in_shape) != NumElements(out_shape)) {
    ThrowInvalidArgument(absl::StrCat(
        "ReshapeTransform: in_shape ", neura::ToString(DimsView(in_shape)), " and out_shape ",
        neura::ToString(DimsView(out_shape)), " have different numbers of elements"));
  }
  return std::make_shared<ReshapeRules>(in_shape, out_shape);
}
TransformRef ComposeTransform(std::vector<TransformRef> parts) {
  return std::make_shared<Composed>(std::move(parts));
}
TransformRef IndependentTransform(TransformRef base, int64_t reinterpreted_batch_ndims) {
  return std::make_shared<IndependentRules>(std::move(base), reinterpreted_batch_ndims);
}
TransformRef CachedTransform(TransformRef base) {
  return std::make_shared<Cached>(std::move(base));
}
TransformRef InverseTransform(TransformRef base) {
  return std::make_shared<Inverted>(std::move(base));
}

}  // namespace neura::distributions
