// Derivatives of Fourier transforms. Their matrices are symmetric: that of the gradient is the
// same one.
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/fft.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {

void AddFftRules(RuleTable& table) {
  table.Add(op::kFftC2C, kSaveNothing,
            [](RuleContext& c) { c.Set(0, Call<op::kFftC2C>(c.Get<FftOptions>(), c.grad())); });
  // The parts of the numbers that are not computed have no gradient.
  table.AddOfParts(op::kFftR2C, kSaveNothing, [](RuleContext& c) {
    const int64_t rank = c.grad().dim(), dim = c.Get<DimOptions>().dim;
    const auto place = static_cast<size_t>(dim < 0 ? dim + rank : dim);
    PadOptions pad{.before = Dims(static_cast<size_t>(rank)),
                   .after = Dims(static_cast<size_t>(rank))};
    pad.after[place] = c.input_shape(0)[place] - c.grad().shape()[place];
    c.Set(0, Real(Call<op::kFftC2C>({.dim = dim, .inverse = true}, Pad(c.grad(), pad))));
  });
  // Each number that is not its own conjugate counts twice.
  table.AddOfParts(op::kFftC2R, kSaveNothing, [](RuleContext& c) {
    const auto& [dim, n] = c.Get<FftToRealOptions>();
    const Tensor once = Call<op::kFftR2C>({.dim = dim}, c.grad());
    const Tensor inner = Slice(once, dim, 1, (n + 1) / 2) * 2;
    c.Set(0,
          Cat({Slice(once, dim, 0, 1), inner, Slice(once, dim, (n + 1) / 2 > 1 ? (n + 1) / 2 : 1)},
              dim));
  });
}

}  // namespace neura::autograd
