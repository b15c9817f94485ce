#include "neura/optim/row_optimizer.h"

#include <cmath>
#include <unordered_set>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/named_state.h"
#include "neura/optim/rules.h"
#include "neura/optim/sparse_steps.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/sparse/sparse.h"

namespace neura::optim {
namespace {

// Parameters whose steps are the same program, each followed by its gradient and its states.
struct Batch {
  StepInfo info;
  Device device;
  std::vector<Tensor> tensors;
};

}  // namespace

RowOptimizer::RowOptimizer(const OptimizerRow& row, const std::vector<AnyParamGroup>& groups)
    : row_(row) {
  bool any = false;
  for (const AnyParamGroup& group : groups) {
    AddGroup(group);
    any |= !group.params.empty();
  }
  if (!any) ThrowInvalidArgument(absl::StrCat(row.name, ": no parameters are given"));
}

void RowOptimizer::AddGroup(const AnyParamGroup& given) {
  std::unordered_set<const TensorImpl*> seen;
  for (const Group& group : groups_) {
    for (const Tensor& param : group.params) seen.insert(param.impl());
  }
  for (const Tensor& param : given.params) {
    internal::CheckParam(row_.name, param);
    if (!seen.insert(param.impl()).second) {
      ThrowInvalidArgument(absl::StrCat(row_.name, ": the parameter ", Describe(param),
                                        " is given twice, in one parameter group or in several"));
    }
    if (row_.step != nullptr && IsComplex(param.dtype())) {
      ThrowInvalidArgument(absl::StrCat(row_.name, ": a parameter must be of real numbers, got ",
                                        Describe(param), "; train view_as_real() of complex ones"));
    }
  }
  row_.check(given.options.get());
  // What a row refuses, it refuses here.
  for (const Tensor& param : given.params) {
    for (size_t k = 0; k < row_.states.size(); ++k) internal::StateShape(row_, k, param);
  }
  Group& group = groups_.emplace_back();
  group.params = given.params;
  SetOptions(groups_.size() - 1, row_.copy(given.options.get()));
  group.states.resize(group.params.size());
  for (ParamState& state : group.states) {
    state.tensors = std::vector<TensorSlot>(row_.states.size());
  }
}

void RowOptimizer::SetOptions(size_t group, std::shared_ptr<void> options) {
  groups_[group].options.Store(
      IntrusivePtr<HeldOptions>::Adopt(new HeldOptions(std::move(options))));
}

void RowOptimizer::set_any_options(size_t group, const void* options) {
  row_.check(options);
  SetOptions(group, row_.copy(options));
}

// The first of these that there is; null when there is none.
double* RowOptimizer::Field(void* options, absl::Span<const char* const> names) const {
  for (const std::string_view wanted : names) {
    double* found = nullptr;
    row_.options->visit(options, [&](const char* name, FieldRef field) {
      if (name == wanted) found = std::get<double*>(field);
    });
    if (found != nullptr) return found;
  }
  return nullptr;
}

void RowOptimizer::SetField(size_t group, absl::Span<const char* const> names, double value) {
  std::shared_ptr<void> options = row_.copy(OptionsOf(group).get());
  *Field(options.get(), names) = value;
  SetOptions(group, std::move(options));
}

double RowOptimizer::lr(size_t group) const { return *Field(OptionsOf(group).get(), {"lr"}); }
void RowOptimizer::set_lr(size_t group, double lr) { SetField(group, {"lr"}, lr); }

double RowOptimizer::initial_lr(size_t group) {
  double initial = groups_[group].initial_lr.load();
  if (std::isnan(initial)) {
    const double now = lr(group);
    initial = groups_[group].initial_lr.compare_exchange_strong(initial, now) ? now : initial;
  }
  return initial;
}

double RowOptimizer::momentum(size_t group) const {
  const std::shared_ptr<void> options = OptionsOf(group);
  const double* const momentum = Field(options.get(), {"momentum", "beta1"});
  if (momentum == nullptr) ThrowInvalidArgument(absl::StrCat(row_.name, ": has no momentum"));
  return *momentum;
}
void RowOptimizer::set_momentum(size_t group, double momentum) {
  this->momentum(group);  // or throws
  SetField(group, {"momentum", "beta1"}, momentum);
}

// Zeros; undefined where the parameter has no such state.
Tensor RowOptimizer::NewState(size_t state, const Tensor& param) const {
  const std::optional<Dims> shape = internal::StateShape(row_, state, param);
  if (!shape) return {};
  return Zeros(*shape, {.dtype = internal::StateDType(param), .device = param.device()});
}

// Of each parameter; undefined where it has none. What the row does not take is refused.
std::vector<Tensor> RowOptimizer::GradientsFor(const Group& group, const void* options) const {
  std::vector<Tensor> grads;
  grads.reserve(group.params.size());
  for (const Tensor& param : group.params) {
    const Tensor& grad = grads.emplace_back(autograd::GradOf(param));
    if (!grad.defined()) continue;
    if (!IsSparse(grad)) {
      if (row_.takes_dense) continue;
      ThrowFailedPrecondition(absl::StrCat(
          row_.name, " does not support dense gradients, please consider Adam instead"));
    }
    if (row_.step_of_sparse == nullptr) {
      ThrowFailedPrecondition(absl::StrCat(
          row_.name, " does not support sparse gradients, please consider SparseAdam instead"));
    }
    row_.step_of_sparse(options);
    if (sparse::SparseDim(grad) == 1) continue;
    ThrowUnimplemented(absl::StrCat(row_.name, ": takes sparse gradients of one sparse dimension, ",
                                    "not ", sparse::SparseDim(grad), ": ", Describe(grad)));
  }
  return grads;
}

void RowOptimizer::StepGroup(size_t number) {
  Group& group = groups_[number];
  const std::shared_ptr<void> held = OptionsOf(number);
  const void* const options = held.get();
  const size_t num_states = row_.num_states(options);
  std::vector<Tensor> grads = GradientsFor(group, options);
  std::vector<Batch> batches;
  for (size_t i = 0; i < group.params.size(); ++i) {
    Tensor grad = std::move(grads[i]);
    if (!grad.defined()) continue;
    const Tensor param = internal::RealView(group.params[i]);
    const bool is_sparse = IsSparse(grad);
    if (!is_sparse) grad = internal::RealView(grad);
    // What the step overwrites must be seen through the parameter alone.
    if (grad.storage() == param.storage()) grad = Clone(grad);
    ParamState& state = group.states[i];
    StepInfo info{.step = state.step.fetch_add(1, std::memory_order_relaxed) + 1};
    absl::InlinedVector<Tensor, 8> tensors = {param, std::move(grad)};
    for (size_t k = 0; k < num_states; ++k) {
      Tensor tensor = state.tensors[k].Load();
      if (!tensor.defined()) {
        info.first = true;
        tensor = NewState(k, param);
        state.tensors[k].Store(tensor);
      }
      tensors.push_back(std::move(tensor));
    }
    if (is_sparse) {
      internal::StepSparse(row_, options, info, tensors[1], param,
                           absl::MakeConstSpan(tensors).subspan(2));
      continue;
    }
    if (row_.step != nullptr) {
      row_.step(options, info, param, tensors[1], absl::MakeConstSpan(tensors).subspan(2));
      continue;
    }
    auto batch = batches.begin();
    while (batch != batches.end() &&
           !(batch->info.step == info.step && batch->info.first == info.first &&
             batch->device == param.device())) {
      ++batch;
    }
    if (batch == batches.end()) {
      batch = batches.insert(batch, {info, param.device(), {}});
      batch->tensors.reserve(group.params.size() * tensors.size());
    }
    for (Tensor& tensor : tensors) batch->tensors.push_back(std::move(tensor));
  }
  for (const Batch& batch : batches) {
    const FusedOptions update = row_.update(options, batch.info, num_states);
    std::vector<const Tensor*> refs;
    refs.reserve(batch.tensors.size());
    for (const Tensor& tensor : batch.tensors) refs.push_back(&tensor);
    Dispatch(op::kFusedUpdate, &update, refs, {});
  }
}

void RowOptimizer::Step() {
  NoGradGuard no_grad;
  for (size_t g = 0; g < groups_.size(); ++g) StepGroup(g);
}

NamedTensors RowOptimizer::StateDict() const {
  const NoGradGuard no_grad;
  NamedTensors state;
  size_t index = 0;  // counts parameters over all groups
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    row_.options->visit(OptionsOf(g).get(), [&](const char* name, FieldRef field) {
      state.emplace_back(absl::StrCat("group.", g, ".", name), internal::OptionToTensor(field));
    });
    for (size_t i = 0; i < group.params.size(); ++i) {
      const ParamState& kept = group.states[i];
      const std::string prefix = absl::StrCat("state.", index++, ".");
      const int64_t step = kept.step.load(std::memory_order_relaxed);
      if (step == 0) continue;
      state.emplace_back(prefix + "step", ScalarTensor(step));
      for (size_t k = 0; k < kept.tensors.size(); ++k) {
        Tensor tensor = kept.tensors[k].Load();
        // Counted, but not begun: another thread is about to, or had no memory for it.
        const Tensor& param = group.params[i];
        if (!tensor.defined() && k < row_.least_states)
          tensor = NewState(k, internal::RealView(param));
        if (!tensor.defined()) continue;
        tensor = Clone(tensor);
        state.emplace_back(prefix + row_.states[k],
                           IsComplex(param.dtype()) ? ViewAsComplex(tensor) : tensor);
      }
    }
  }
  return state;
}

// That the state is of so many groups and parameters.
void RowOptimizer::CheckGroups(const internal::NamedState& state) const {
  size_t num_params = 0;
  for (const Group& group : groups_) num_params += group.params.size();
  state.CheckCount("group.", groups_.size(), "parameter groups");
  // Of parameters without a step there is nothing.
  state.CheckAtMost("state.", num_params, "parameters");
}

void RowOptimizer::LoadStateDict(const NamedTensors& state) {
  const NoGradGuard no_grad;
  internal::NamedState named(row_.name, state);
  CheckGroups(named);
  // Read aside first, so that an error changes nothing.
  std::vector<std::shared_ptr<void>> options;
  std::vector<internal::LoadedState> states;
  size_t index = 0;
  for (size_t g = 0; g < groups_.size(); ++g) {
    options.push_back(row_.copy(OptionsOf(g).get()));
    row_.options->visit(options[g].get(), [&](const char* name, FieldRef field) {
      named.TakeOption(absl::StrCat("group.", g, ".", name), field);
    });
    row_.check(options[g].get());
    for (const Tensor& param : groups_[g].params) {
      states.push_back(
          named.TakeParam(absl::StrCat("state.", index++, "."), internal::RealView(param), row_));
    }
  }
  named.CheckAllTaken();
  auto loaded = states.begin();
  for (size_t g = 0; g < groups_.size(); ++g) {
    SetOptions(g, std::move(options[g]));
    for (ParamState& kept : groups_[g].states) {
      kept.step.store(loaded->step, std::memory_order_relaxed);
      for (size_t k = 0; k < kept.tensors.size(); ++k) kept.tensors[k].Store(loaded->tensors[k]);
      ++loaded;
    }
  }
}

}  // namespace neura::optim
