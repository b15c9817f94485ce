// What the rows of optimizers.inc and the rules say, as a table.
#include "neura/optim/optimizers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/optim/rule_loops.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/op_list/fused.h"

namespace neura::optim {
namespace {

bool Names(std::string_view names, std::string_view name) {
  const std::vector<std::string_view> list = absl::StrSplit(names, ", ");
  return std::find(list.begin(), list.end(), name) != list.end();
}

template <typename Options>
void CheckOptions(const char* optimizer, const Options& given) {
  Options options = given;
  options.VisitFields([&](const char* name, FieldRef field) {
    double* const* const number = std::get_if<double*>(&field);
    if (number == nullptr) return;
    const double value = **number;
    if (Names(Options::kNotNegative, name) && !(value >= 0)) {
      ThrowInvalidArgument(
          absl::StrCat(optimizer, ": ", name, " = ", value, " must not be negative"));
    }
    if (Names(Options::kFractions, name) && !(value >= 0 && value < 1)) {
      ThrowInvalidArgument(absl::StrCat(optimizer, ": ", name, " = ", value, " must be in [0, 1)"));
    }
  });
  if constexpr (requires { options.Check(); }) options.Check();
}

// Calls the rule with as many states as it takes.
template <typename Rule, size_t... k>
void Trace(const Rule& rule, Element& param, Element grad, Element* states,
           std::index_sequence<k...>) {
  rule(param, grad, states[k]...);
}

template <typename Rule, typename Options, size_t kStates>
FusedOptions UpdateOf(const internal::RuleLoops& loops, const Options& options,
                      const StepInfo& info, bool with_states) {
  const auto rule = std::make_shared<const Rule>(options, info);
  const size_t kept = with_states ? kStates : 0;
  ElementTrace trace(2 + kept);
  // The results, which are the parameter and its states.
  std::vector<Element> changed(1 + kStates, Element(0));
  changed[0] = trace.Input(0);
  for (size_t k = 0; k < kept; ++k) changed[1 + k] = trace.Input(2 + k);
  Trace(*rule, changed[0], trace.Input(1), &changed[1], std::make_index_sequence<kStates>());
  FusedOptions update;
  update.program = trace.Finish(absl::MakeConstSpan(changed).first(1 + kept));
  update.targets.push_back(0);
  for (size_t k = 0; k < kept; ++k) update.targets.push_back(static_cast<uint8_t>(2 + k));
  update.compiled = {loops.float32[with_states], loops.float64[with_states], rule};
  return update;
}

template <typename Rule, typename Options, internal::OptimizerIndex kIndex, size_t kStates>
OptimizerRow RowFor(const char* name, const char* options_name, const char* states,
                    const char* doc) {
  static_assert(kStates > 0);
  OptimizerRow row;
  row.name = name;
  row.doc = doc;
  row.options = OptionsTypeOf<Options>(options_name);
  row.copy = [](const void* options) -> std::shared_ptr<void> {
    return std::make_shared<Options>(*static_cast<const Options*>(options));
  };
  row.check = [](const void* options) {
    CheckOptions(OptimizerRows()[kIndex].name, *static_cast<const Options*>(options));
  };
  row.states = absl::StrSplit(states, ", ");
  row.keeps_states = nullptr;
  if constexpr (requires(const Options& options) { Rule::KeepsState(options); }) {
    row.keeps_states = [](const void* options) {
      return Rule::KeepsState(*static_cast<const Options*>(options));
    };
  }
  row.update = [](const void* options, const StepInfo& info, bool with_states) {
    return UpdateOf<Rule, Options, kStates>(
        internal::RuleLoopsOf(kIndex), *static_cast<const Options*>(options), info, with_states);
  };
  return row;
}

using Rows = std::array<OptimizerRow, internal::kNumOptimizers>;
const Rows& Table() {
  static const Rows* const table = new Rows{
#define NEURA_OPTIMIZER(Name, Options, states, doc)                                       \
  RowFor<elements::Name##Rule, Options, internal::k##Name, internal::CountNames(states)>( \
      #Name, #Options, states, doc),
#include "neura/optim/optimizers.inc"
  };
  return *table;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const Rows& kMade = Table();

}  // namespace

absl::Span<const OptimizerRow> OptimizerRows() { return Table(); }

#define NEURA_OPTIMIZER(Name, Options, ...) \
  template <>                               \
  const OptimizerRow& RowOf<Options>() {    \
    return Table()[internal::k##Name];      \
  }
#include "neura/optim/optimizers.inc"

}  // namespace neura::optim
