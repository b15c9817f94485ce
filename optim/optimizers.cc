// What the rows of optimizers.inc and the rules say, as a table.
#include "neura/optim/optimizers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/optim/rule_loops.h"
#include "neura/optim/tensor_rules.h"
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
                      const StepInfo& info, size_t kept) {
  const auto rule = std::make_shared<const Rule>(options, info);
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
  update.compiled = {loops.float32[kept], loops.float64[kept], rule};
  return update;
}

// What is the same for every row.
template <typename Options, internal::OptimizerIndex kIndex>
OptimizerRow RowOver(const char* name, const char* options_name, const char* states,
                     const char* doc) {
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
  return row;
}

template <typename Rule, typename Options, internal::OptimizerIndex kIndex, size_t kStates>
OptimizerRow RowFor(const char* name, const char* options_name, const char* states,
                    const char* doc) {
  static_assert(kStates > 0);
  OptimizerRow row = RowOver<Options, kIndex>(name, options_name, states, doc);
  row.least_states = internal::LeastStates<Rule>(kStates);
  row.num_states = [](const void* options) -> size_t {
    if constexpr (requires { Rule::kLeastStates; }) {
      return Rule::NumStates(*static_cast<const Options*>(options));
    }
    return kStates;
  };
  if constexpr (requires { &Rule::StepOfSparse; }) {
    row.step_of_sparse = [](const void* options) {
      return Rule::StepOfSparse(*static_cast<const Options*>(options));
    };
  }
  if constexpr (requires { Rule::kTakesDense; }) row.takes_dense = Rule::kTakesDense;
  if constexpr (requires { &Rule::InitialState; }) {
    row.initial_state = [](const void* options) {
      return Rule::InitialState(*static_cast<const Options*>(options));
    };
  }
  row.update = [](const void* options, const StepInfo& info, size_t num_states) {
    return UpdateOf<Rule, Options, kStates>(
        internal::RuleLoopsOf(kIndex), *static_cast<const Options*>(options), info, num_states);
  };
  return row;
}

template <typename Rule, typename Options, internal::OptimizerIndex kIndex, size_t kStates>
OptimizerRow TensorRowFor(const char* name, const char* options_name, const char* states,
                          const char* doc) {
  OptimizerRow row = RowOver<Options, kIndex>(name, options_name, states, doc);
  row.least_states = kStates;
  row.num_states = [](const void*) { return kStates; };
  row.state_shape = &Rule::StateShape;
  row.step = [](const void* options, const StepInfo& info, const Tensor& param, const Tensor& grad,
                absl::Span<const Tensor> tensors) {
    Rule::Step(*static_cast<const Options*>(options), info, param, grad, tensors);
  };
  return row;
}

using Rows = std::array<OptimizerRow, internal::kNumOptimizers>;
const Rows& Table() {
  static const Rows* const table = new Rows{
#define NEURA_TENSOR_OPTIMIZER(Name, Options, states, doc)                            \
  TensorRowFor<Name##Rule, Options, internal::k##Name, internal::CountNames(states)>( \
      #Name, #Options, states, doc),
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
