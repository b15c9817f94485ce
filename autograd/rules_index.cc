// Derivatives of indexing: reading at an index adds there, and adding there reads.
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

Tensor ZerosFor(const RuleContext& c, size_t input) {
  return Zeros(c.input_shape(input), {.dtype = c.input_dtype(input), .device = c.grad().device()});
}

int64_t DimOf(const RuleContext& c) { return c.Get<DimOptions>().dim; }

}  // namespace

void AddIndexRules(RuleTable& table) {
  table.AddOfParts(op::kIndexSelect, kSaveOther, [](RuleContext& c) {
    c.Set(0, IndexAdd(ZerosFor(c, 0), DimOf(c), c.input(1), c.grad()));
  });
  table.AddOfParts(op::kIndexAdd, kSaveOther, [](RuleContext& c) {
    if (c.needs(0)) c.Set(0, c.grad());
    if (c.needs(2)) c.Set(2, IndexSelect(c.grad(), DimOf(c), c.input(1)));
  });
  table.AddOfParts(op::kGather, kSaveOther, [](RuleContext& c) {
    c.Set(0, ScatterAdd(ZerosFor(c, 0), DimOf(c), c.input(1), c.grad()));
  });
  table.AddOfParts(op::kScatterAdd, kSaveOther, [](RuleContext& c) {
    if (c.needs(0)) c.Set(0, c.grad());
    if (!c.needs(2)) return;
    // Elements of the source beyond the index were never read.
    const Tensor read = Gather(c.grad(), DimOf(c), c.input(1));
    PadOptions pad;
    for (size_t i = 0; i < c.input_shape(2).size(); ++i) {
      pad.before.push_back(0);
      pad.after.push_back(c.input_shape(2)[i] - read.shape()[i]);
    }
    c.Set(2, read.shape() == c.input_shape(2) ? read : Pad(read, pad));
  });
}

}  // namespace neura::autograd
