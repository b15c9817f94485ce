#include "neura/autograd/rule_table.h"

namespace neura::autograd {
namespace {

RuleTable& Table() {
  static RuleTable* table = [] {
    auto* filled = new RuleTable;
    AddPointwiseRules(*filled);
    AddReductionRules(*filled);
    AddLinearAlgebraRules(*filled);
    AddFftRules(*filled);
    AddFactorRules(*filled);
    AddImageRules(*filled);
    AddNormRules(*filled);
    AddIndexRules(*filled);
    AddShapeRules(*filled);
    AddFusedRules(*filled);
    return filled;
  }();
  return *table;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const RuleTable& kMade = Table();

}  // namespace

const Rule& RuleOf(OpId op) { return Table()[op]; }

void RegisterRule(OpId op, Saves saves, RuleFn backward) {
  Table().AddOfParts(op, saves, backward);
}
void RegisterNotDifferentiable(OpId op) { Table().NotDifferentiable(op); }

}  // namespace neura::autograd
