#include "neura/optim/optimizer.h"

#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"

namespace neura::optim {

Optimizer::Optimizer(const char* name, std::vector<std::vector<Tensor>> groups)
    : groups_(std::move(groups)) {
  std::unordered_set<const TensorImpl*> seen;
  for (const std::vector<Tensor>& params : groups_) {
    for (const Tensor& param : params) {
      if (!RequiresGrad(param) || !autograd::IsLeaf(param)) {
        ThrowInvalidArgument(absl::StrCat(name, ": a parameter must be a leaf that requires a ",
                                          "gradient, got ", Describe(param)));
      }
      if (!param.is_contiguous()) {
        ThrowInvalidArgument(absl::StrCat(name, ": a parameter must be contiguous, got ",
                                          Describe(param), " with strides ",
                                          ToString(param.strides())));
      }
      if (!seen.insert(param.impl()).second) {
        ThrowInvalidArgument(absl::StrCat(name, ": ", Describe(param), " is given twice"));
      }
    }
  }
  if (seen.empty()) ThrowInvalidArgument(absl::StrCat(name, ": no parameters are given"));
}

void Optimizer::ZeroGrad() {
  for (const std::vector<Tensor>& params : groups_) {
    for (const Tensor& param : params) autograd::SetGrad(param, {});
  }
}

}  // namespace neura::optim
