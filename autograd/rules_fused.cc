// Derivatives of programs over elements: those of the operations that they consist of.
#include <algorithm>
#include <vector>

#include "neura/autograd/differentiate_through.h"
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// The result of the program, computed step by step.
Tensor Evaluate(const ElementProgram& program, const std::vector<Tensor>& inputs) {
  const auto has = [&](DType dtype) {
    return std::any_of(inputs.begin(), inputs.end(),
                       [dtype](const Tensor& input) { return input.dtype() == dtype; });
  };
  const DType dtype = has(kFloat64) ? kFloat64 : kFloat32;
  std::vector<Tensor> values;
  const auto value = [&](ElementProgram::Operand operand) {
    switch (operand.kind) {
      case ElementProgram::Operand::Kind::kInput:
        return Cast(inputs[operand.index], dtype);
      case ElementProgram::Operand::Kind::kNumber:
        return Full({}, program.numbers()[operand.index],
                    {.dtype = dtype, .device = inputs[0].device()});
      case ElementProgram::Operand::Kind::kStep:
        return values[operand.index];
    }
    __builtin_unreachable();
  };
  for (const ElementProgram::Step& step : program.steps()) {
    std::vector<Tensor> operands;
    std::vector<const Tensor*> refs;
    for (size_t k = 0; k < step.num_operands; ++k) operands.push_back(value(step.operands[k]));
    for (const Tensor& operand : operands) refs.push_back(&operand);
    const NoOptions none;
    Dispatch(step.op, step.options != nullptr ? step.options.get() : &none, refs,
             absl::MakeSpan(&values.emplace_back(), 1));
  }
  return value(program.results()[0]);
}

}  // namespace

void AddFusedRules(RuleTable& table) {
  table.Add(op::kFusedPointwise, {.inputs = 0xffff}, [](RuleContext& c) {
    DifferentiateThrough(c, c.num_inputs(), [&c](const std::vector<Tensor>& inputs) {
      const Tensor result = Evaluate(c.Get<FusedOptions>().program, inputs);
      // The program may leave out what its inputs broadcast to.
      return std::vector<Tensor>{Expand(Cast(result, c.grad().dtype()), c.grad().shape())};
    });
  });
  table.NotDifferentiable(op::kFusedUpdate);
}

}  // namespace neura::autograd
