// How the rules are written down: rules_*.cc fill this table, each for one group of operations.
#ifndef NEURA_AUTOGRAD_RULE_TABLE_H_
#define NEURA_AUTOGRAD_RULE_TABLE_H_

#include "neura/autograd/rule.h"
#include "neura/tensor/ops/schema.h"

namespace neura::autograd {

inline constexpr Saves kSaveNothing = {};
inline constexpr Saves kSaveInput = {.inputs = 0b1};
inline constexpr Saves kSaveOther = {.inputs = 0b10};
inline constexpr Saves kSaveInputs = {.inputs = 0xff};
inline constexpr Saves kSaveOutput = {.inputs = 0, .outputs = 0b1};
// Of products: each factor's gradient needs the other.
inline constexpr Saves kSaveEachOther = {.for_first = 0b10, .for_second = 0b01};

class RuleTable {
 public:
  void Add(OpId op, Saves saves, RuleFn backward, OutputMask differentiable_outputs = 1) {
    rules_[static_cast<int>(op)] = {Rule::Kind::kDifferentiable, saves, differentiable_outputs,
                                    backward, true};
  }
  // For functions of the parts of complex numbers, whose rule says what their gradient is: linear
  // ones with real factors, and those that take the parts apart.
  void AddOfParts(OpId op, Saves saves, RuleFn backward, OutputMask differentiable_outputs = 1) {
    Add(op, saves, backward, differentiable_outputs);
    rules_[static_cast<int>(op)].holomorphic = false;
  }
  // Constant almost everywhere, or not a function of real numbers.
  void NotDifferentiable(OpId op) {
    rules_[static_cast<int>(op)] = {Rule::Kind::kNotDifferentiable, {}, 0, nullptr, true};
  }
  const Rule& operator[](OpId op) const { return rules_[static_cast<int>(op)]; }

 private:
  Rule rules_[kMaxOps];
};

void AddPointwiseRules(RuleTable& table);
void AddReductionRules(RuleTable& table);
void AddLinearAlgebraRules(RuleTable& table);
void AddFftRules(RuleTable& table);
void AddFactorRules(RuleTable& table);
void AddImageRules(RuleTable& table);
void AddNormRules(RuleTable& table);
void AddIndexRules(RuleTable& table);
void AddShapeRules(RuleTable& table);
void AddFusedRules(RuleTable& table);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_RULE_TABLE_H_
