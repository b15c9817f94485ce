// The rules of optimizers, compiled over vectors for every target: what the CPU runs where a
// parameter, its gradient and its states have the dtype of the computation, and on blocks that were
// converted to it elsewhere.
#ifndef NEURA_OPTIM_RULE_LOOPS_H_
#define NEURA_OPTIM_RULE_LOOPS_H_

#include <cstddef>

#include "neura/tensor/ops/options/fused.h"

namespace neura::optim::internal {

// The places of the rows of optimizers.inc.
#define NEURA_OPTIMIZER(Name, ...) k##Name,
enum OptimizerIndex {
#include "neura/optim/optimizers.inc"
  kNumOptimizers
};

// A compiled rule takes a pointer to it as data, a parameter, its gradient and its states, and
// replaces the first and the last.
struct RuleLoops {
  static constexpr size_t kMaxStates = 3;
  // By how many states are kept.
  CompiledProgram::Loop float32[kMaxStates + 1] = {};
  CompiledProgram::Loop float64[kMaxStates + 1] = {};
};
const RuleLoops& RuleLoopsOf(size_t optimizer);

// How many states every step of a rule keeps, of those that it takes.
template <typename Rule>
constexpr size_t LeastStates(size_t states) {
  if constexpr (requires { Rule::kLeastStates; }) return Rule::kLeastStates;
  return states;
}

// How many names are in "exp_avg, exp_avg_sq".
constexpr size_t CountNames(const char* names) {
  size_t count = *names != '\0';
  for (; *names != '\0'; ++names) count += *names == ',';
  return count;
}

}  // namespace neura::optim::internal

#endif  // NEURA_OPTIM_RULE_LOOPS_H_
