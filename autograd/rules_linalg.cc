// Derivatives of matrix products.
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// [..., n] as a matrix of n columns.
Tensor Rows(const Tensor& tensor) {
  return tensor.dim() == 2
             ? tensor
             : Reshape(tensor, {NumElements(tensor.shape().first(tensor.shape().size() - 1)),
                                tensor.size(-1)});
}

}  // namespace

void AddLinearAlgebraRules(RuleTable& table) {
  table.Add(op::kMatMul, kSaveEachOther, [](RuleContext& c) {
    if (c.needs(0)) c.Set(0, MatMul(c.grad(), Transpose(c.input(1), -2, -1)));
    if (c.needs(1)) c.Set(1, MatMul(Transpose(c.input(0), -2, -1), c.grad()));
  });
  table.Add(op::kLinear, kSaveEachOther, [](RuleContext& c) {
    const Tensor g = Rows(c.grad());
    if (c.needs(0)) c.Set(0, Reshape(MatMul(g, c.input(1)), c.input_shape(0)));
    if (c.needs(1)) c.Set(1, MatMul(Transpose(g, 0, 1), Rows(c.input(0))));
    if (c.needs(2)) c.Set(2, Sum(g, {.dims = {0}}));
  });
}

}  // namespace neura::autograd
