#include "neura/tensor/ops/summary.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

namespace neura {

TensorSummary::TensorSummary(const Tensor& tensor)
    : shape(), dtype(kFloat32), device(kCpu), nan_count(0), inf_count(0) {
  RequireDefined("TensorSummary", tensor);
  if (IsComplex(tensor.dtype())) {
    ThrowUnimplemented(
        absl::StrCat("TensorSummary: complex numbers have no order, got ", Describe(tensor)));
  }
  shape.assign(tensor.shape().begin(), tensor.shape().end());
  dtype = tensor.dtype();
  device = tensor.device();
  min = max = mean = std = std::numeric_limits<double>::quiet_NaN();
  if (tensor.numel() == 0) return;
  const Tensor wide = Cast(HostCopy(tensor), kFloat64);
  nan_count = Sum(IsNan(wide)).Item<int64_t>();
  inf_count = Sum(IsInf(wide)).Item<int64_t>();
  const Tensor finite = nan_count + inf_count == 0 ? wide : MaskedSelect(wide, IsFinite(wide));
  if (finite.numel() == 0) return;
  min = AMin(finite).Item<double>();
  max = AMax(finite).Item<double>();
  mean = Mean(finite).Item<double>();
  if (finite.numel() > 1) std = Std(finite).Item<double>();
}

std::string TensorSummary::ToString() const {
  return absl::StrCat(DTypeName(dtype), " ", neura::ToString(DimsView(shape)), " on ",
                      neura::ToString(device), ": min ", min, ", max ", max, ", mean ", mean,
                      ", std ", std, ", ", nan_count, " NaN, ", inf_count, " inf");
}

}  // namespace neura
