// Optimizers by their rows: all of optimizers.inc.
#ifndef NEURA_OPTIM_ROW_OPTIMIZER_H_
#define NEURA_OPTIM_ROW_OPTIMIZER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/optim/optimizer.h"
#include "neura/tensor/core/atomic_ptr.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura {
struct FusedOptions;
}  // namespace neura

namespace neura::optim {

enum class SparseStep;
struct StepInfo;
namespace internal {
class NamedState;
}  // namespace internal

// What is known of an optimizer by its row of optimizers.inc.
struct OptimizerRow {
  const char* name;
  const char* doc;
  const OptionsType* options;
  // Options of that type, by pointer.
  std::shared_ptr<void> (*copy)(const void* options);
  void (*check)(const void* options);  // throws InvalidArgument
  std::vector<std::string> states;
  // Of these, a step keeps the first ones: so many with any options, and with the given ones.
  size_t least_states;
  size_t (*num_states)(const void* options);
  // Of fused_update over a parameter, its gradient and so many states. Null where a step is no
  // function of single elements.
  FusedOptions (*update)(const void* options, const StepInfo& info, size_t num_states) = nullptr;
  // How steps of `update` take sparse gradients; null where none does. Throws FailedPrecondition
  // for options with which they cannot be taken.
  SparseStep (*step_of_sparse)(const void* options) = nullptr;
  bool takes_dense = true;
  // What states begin as where it is not 0; null where it always is.
  double (*initial_state)(const void* options) = nullptr;
  // Else: the extents of a state, nothing where the parameter has none, and a step, which writes
  // parameter and states.
  std::optional<Dims> (*state_shape)(size_t state, const Tensor& param) = nullptr;
  void (*step)(const void* options, const StepInfo& info, const Tensor& param, const Tensor& grad,
               absl::Span<const Tensor> states) = nullptr;
};
absl::Span<const OptimizerRow> OptimizerRows();

// Parameters that are trained with the same options.
template <typename Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options = {};
};
// With options of the type that the optimizer's row names.
using AnyParamGroup = ParamGroup<std::shared_ptr<void>>;

// The classes of optimizers.h add the type of the options.
//
// A step is one fused_update for all parameters that have taken as many steps; of rows that compute
// with whole tensors, one computation for each. States are float32 beside float16 and bfloat16
// parameters, whose own precision would lose most of what a step adds to an average. A complex
// parameter is trained as its real and imaginary parts.
//
// Sparse gradients, of one sparse dimension, are coalesced first. A step takes the memory of the
// rows that they name, and where the rule moves others too, of a part of the parameter beside it;
// states are dense.
//
// Threads may step, look and set at once: a step takes the options that were there when it began.
class RowOptimizer : public Optimizer {
 public:
  // Throws InvalidArgument when there are no parameters at all, for what CheckParam() refuses, for
  // one that is given twice, and for options out of their bounds. Rows of whole tensors take no
  // complex numbers.
  RowOptimizer(const OptimizerRow& row, const std::vector<AnyParamGroup>& groups);

  // Another group, for which the same is asked. Not while another thread uses the optimizer.
  void AddGroup(const AnyParamGroup& group);

  using Optimizer::Step;
  // Every parameter that has a gradient; the others stay as they are. Throws FailedPrecondition,
  // and changes nothing of their group, for sparse gradients, or dense ones, that the row does not
  // take.
  void Step() override;

  const OptimizerRow& row() const { return row_; }
  const char* name() const override { return row_.name; }
  size_t num_groups() const override { return groups_.size(); }
  std::vector<Tensor> params(size_t group) const override { return groups_[group].params; }
  std::shared_ptr<const void> any_options(size_t group) const { return OptionsOf(group); }
  // Throws InvalidArgument for options that the constructor would refuse.
  void set_any_options(size_t group, const void* options);
  double lr(size_t group) const override;
  void set_lr(size_t group, double lr) override;
  double initial_lr(size_t group) override;
  void set_initial_lr(size_t group, double lr) override { groups_[group].initial_lr.store(lr); }
  double momentum(size_t group) const override;
  void set_momentum(size_t group, double momentum) override;

  // Options of each group ("group.0.lr", float64 scalars) and state of each parameter
  // ("state.3.exp_avg"), enough to go on as if nothing had happened.
  NamedTensors StateDict() const override;
  // States may also have the dtype of their parameter. Throws InvalidArgument, and changes nothing,
  // when the state is of another optimizer, of other groups, parameters or shapes, or has options
  // that the constructor would refuse.
  void LoadStateDict(const NamedTensors& state) override;

 private:
  // Never changed, but replaced.
  class HeldOptions {
   public:
    explicit HeldOptions(std::shared_ptr<void> options) : options_(std::move(options)) {}
    const std::shared_ptr<void>& get() const { return options_; }

    void AddRefs(uint32_t n) noexcept { refs_.fetch_add(n, std::memory_order_relaxed); }
    void AddRef() noexcept { AddRefs(1); }
    void DropRefs(uint32_t n) noexcept { refs_.fetch_sub(n, std::memory_order_release); }
    void Release() noexcept {
      if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

   private:
    std::atomic<uint32_t> refs_{1};
    const std::shared_ptr<void> options_;
  };
  // The state of one parameter; tensors are undefined before its first step.
  struct ParamState {
    std::atomic<int64_t> step{0};  // steps taken
    std::vector<TensorSlot> tensors;
  };
  struct Group {
    std::vector<Tensor> params;
    AtomicPtr<HeldOptions> options;
    std::atomic<double> initial_lr{std::numeric_limits<double>::quiet_NaN()};  // not yet asked for
    std::deque<ParamState> states;                                             // by parameter
  };

  std::shared_ptr<void> OptionsOf(size_t group) const {
    return groups_[group].options.Load()->get();
  }
  void SetOptions(size_t group, std::shared_ptr<void> options);
  double* Field(void* options, absl::Span<const char* const> names) const;
  void SetField(size_t group, absl::Span<const char* const> names, double value);
  Tensor NewState(size_t state, const Tensor& param) const;
  void CheckGroups(const internal::NamedState& state) const;
  void StepGroup(size_t group);
  std::vector<Tensor> GradientsFor(const Group& group, const void* options) const;

  const OptimizerRow& row_;
  std::deque<Group> groups_;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_ROW_OPTIMIZER_H_
