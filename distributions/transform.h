// Functions that move distributions, with their inverses and how they stretch volume.
#ifndef NEURA_DISTRIBUTIONS_TRANSFORM_H_
#define NEURA_DISTRIBUTIONS_TRANSFORM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "neura/distributions/constraint.h"
#include "neura/tensor/core/shape.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/operand.h"

namespace neura::distributions {

// From the values of domain() to those of codomain(). Neither is changed after it is made.
class Transform {
 public:
  virtual ~Transform() = default;

  virtual std::string ToString() const = 0;
  virtual Constraint domain() const = 0;
  virtual Constraint codomain() const = 0;
  // Whether each value has one inverse, and whether a function of single numbers rises (1) or falls
  // (-1). Throws Unimplemented where that is not one number.
  virtual bool bijective() const { return false; }
  virtual Tensor Sign() const;

  virtual Tensor Call(const Tensor& x) const = 0;
  // Throws Unimplemented where there is none.
  virtual Tensor Inverse(const Tensor& y) const;
  // log |det dy/dx|, without the dimensions of an event. Throws Unimplemented for what is no
  // bijection.
  virtual Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const;
  virtual Dims ForwardShape(DimsView shape) const { return {shape.begin(), shape.end()}; }
  virtual Dims InverseShape(DimsView shape) const { return {shape.begin(), shape.end()}; }
  // What it is made of, for whoever shows it: other transforms, and numbers or tensors.
  virtual std::vector<std::shared_ptr<const Transform>> parts() const { return {}; }
  virtual std::vector<Operand> numbers() const { return {}; }
  // Whether it does the same as another one.
  virtual bool Equals(const Transform& other) const { return this == &other; }

  Tensor operator()(const Tensor& x) const { return Call(x); }
};

using TransformRef = std::shared_ptr<const Transform>;

TransformRef ExpTransform();
TransformRef SigmoidTransform();
TransformRef TanhTransform();
TransformRef SoftplusTransform();
// |x|, whose inverse is the identity.
TransformRef AbsTransform();
TransformRef PowerTransform(const Operand& exponent);
// loc + scale * x, of events of so many dimensions.
TransformRef AffineTransform(const Operand& loc, const Operand& scale, int64_t event_dim = 0);
// softmax of the last dimension, up to whose scale the inverse, log, goes back.
TransformRef SoftmaxTransform();
// From K numbers to K + 1 that sum to 1: each number, moved and through sigmoid, is the share of
// what is left of a stick.
TransformRef StickBreakingTransform();
// The lower triangle of a matrix, with exp() of its diagonal.
TransformRef LowerCholeskyTransform();
// The last dimensions under another shape.
TransformRef ReshapeTransform(const Dims& in_shape, const Dims& out_shape);
// Parts of dim of these lengths, 1 each where there are none, by transforms of their own.
TransformRef CatTransform(std::vector<TransformRef> parts, int64_t dim = 0, Dims lengths = {});
// Single places of dim, which the parts do not see.
TransformRef StackTransform(std::vector<TransformRef> parts, int64_t dim = 0);
// From D (D - 1) / 2 numbers to the Cholesky factor of a correlation matrix of D variables.
TransformRef CorrCholeskyTransform();
// One after the other; of none, the identity.
TransformRef ComposeTransform(std::vector<TransformRef> parts);
// Of events of so many more dimensions.
TransformRef IndependentTransform(TransformRef base, int64_t reinterpreted_batch_ndims);
// Keeps the last pair, so that going back to what was just computed is exact and free.
TransformRef CachedTransform(TransformRef base);
// The way back.
TransformRef InverseTransform(TransformRef base);

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_TRANSFORM_H_
