// The optimizers as classes: optim::SGD, optim::AdamW, one for each row of optimizers.inc.
#ifndef NEURA_OPTIM_OPTIMIZERS_H_
#define NEURA_OPTIM_OPTIMIZERS_H_

#include <memory>
#include <utility>
#include <vector>

#include "neura/optim/row_optimizer.h"
#include "neura/optim/rules.h"
#include "neura/optim/tensor_rules.h"

namespace neura::optim {

// The row of the optimizer with these options.
template <typename Options>
const OptimizerRow& RowOf();

template <typename Options>
class OptimizerWith final : public RowOptimizer {
 public:
  explicit OptimizerWith(std::vector<Tensor> params, const Options& options = {})
      : OptimizerWith(std::vector<ParamGroup<Options>>{{std::move(params), options}}) {}
  explicit OptimizerWith(const std::vector<ParamGroup<Options>>& groups)
      : RowOptimizer(RowOf<Options>(), AnyGroups(groups)) {}

  Options options(size_t group) const {
    return *static_cast<const Options*>(any_options(group).get());
  }
  // Throws InvalidArgument for options that the constructor would refuse.
  void set_options(size_t group, const Options& options) { set_any_options(group, &options); }

 private:
  static std::vector<AnyParamGroup> AnyGroups(const std::vector<ParamGroup<Options>>& groups) {
    std::vector<AnyParamGroup> any;
    for (const ParamGroup<Options>& group : groups) {
      any.push_back({group.params, std::make_shared<Options>(group.options)});
    }
    return any;
  }
};

#define NEURA_OPTIMIZER(Name, Options, ...) \
  template <>                               \
  const OptimizerRow& RowOf<Options>();     \
  using Name = OptimizerWith<Options>;
#include "neura/optim/optimizers.inc"

}  // namespace neura::optim

#endif  // NEURA_OPTIM_OPTIMIZERS_H_
