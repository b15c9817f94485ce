#include "neura/tensor/sparse/calls.h"

#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/sparse/sparse.h"

namespace neura::sparse {
namespace {

bool IsNumber(const Tensor& tensor) { return !IsSparse(tensor) && tensor.dim() == 0; }

bool Meet(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && (!IsSparse(a) || !IsSparse(b) || SparseDim(a) == SparseDim(b));
}

// input + other or input - other; undefined where that is of other shapes.
Tensor Sum(const OpCall& call) {
  const Tensor& a = call.input(0);
  if (!Meet(a, call.input(1))) return {};
  const Tensor b = call.op == op::kSub ? Neg(call.input(1)) : call.input(1);
  if (IsSparse(a) && IsSparse(b)) return AddBoth(a, b);
  return IsSparse(a) ? AddTo(b, a) : AddTo(a, b);
}

// The number beside a sparse tensor, where its values are.
Tensor NumberOf(const OpCall& call, size_t i, const Tensor& sparse) {
  const Tensor& number = call.input(i);
  const Tensor there = To(number, Values(sparse).device());
  there.impl()->number = number.impl()->number;
  return there;
}

bool InPlace(const OpCall& call) {
  const Tensor &target = call.input(0), &other = call.input(call.inputs.size() - 1);
  switch (call.op) {
    case op::kAdd:
    case op::kSub: {
      if (IsSparse(target)) return false;
      const Tensor sum = Sum(call);
      if (sum.defined()) Assign(target, sum);
      return sum.defined();
    }
    case op::kAssign: {
      if (!IsSparse(target)) {
        if (!Meet(target, other)) return false;
        Assign(target, ToDense(other));
        return true;
      }
      // Other numbers would be everywhere.
      if (!IsNumber(other) || !(other.Item<double>() == 0)) return false;
      Fill(Values(target), 0);
      break;
    }
    case op::kNeg:
      NegInPlace(Values(target));
      break;
    case op::kMul:
    case op::kDiv: {
      if (!IsSparse(target) || !IsNumber(other)) return false;
      const Tensor values = Values(target), number = NumberOf(call, 1, target);
      DispatchInPlace(call.op, call.options, {&values, &number});
      break;
    }
    default:
      return false;
  }
  target.storage()->BumpVersion();
  return true;
}

bool Answer(const OpCall& call, absl::Span<Tensor> outputs) {
  if (call.in_place) return InPlace(call);
  switch (call.op) {
    case op::kFull: {
      // A number beside a sparse tensor.
      if (!call.Get<FullOptions>().shape.empty()) return false;
      Dispatch(call.op, call.options, call.inputs, outputs, kCpu);
      return true;
    }
    case op::kClone:
    case op::kCast:
    case op::kAlias:
    case op::kNeg:
      outputs[0] = WithValues(call.input(0), CallAny(call.op, call.options, Values(call.input(0))));
      return true;
    case op::kAdd:
    case op::kSub:
      outputs[0] = Sum(call);
      return outputs[0].defined();
    case op::kMul:
    case op::kDiv: {
      const size_t place = IsSparse(call.input(0)) ? 0 : 1;
      const Tensor& sparse = call.input(place);
      if (!IsNumber(call.input(1 - place)) || (place == 1 && call.op == op::kDiv)) return false;
      const Tensor number = NumberOf(call, 1 - place, sparse);
      outputs[0] = WithValues(sparse, CallAny(call.op, call.options, Values(sparse), number));
      return true;
    }
    default:
      return false;
  }
}

[[maybe_unused]] const bool kInstalled = [] {
  SetSparseCalls(&Answer);
  return true;
}();

}  // namespace
}  // namespace neura::sparse
