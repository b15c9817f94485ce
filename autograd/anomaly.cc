#include "neura/autograd/anomaly.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

namespace neura {
namespace {

thread_local AnomalyMode t_mode = AnomalyMode::kOff;

}  // namespace

AnomalyGuard::AnomalyGuard(AnomalyMode mode) : previous_(std::exchange(t_mode, mode)) {}
AnomalyGuard::~AnomalyGuard() { t_mode = previous_; }

AnomalyMode GetAnomalyMode() { return t_mode; }
AnomalyMode SetAnomalyMode(AnomalyMode mode) { return std::exchange(t_mode, mode); }

namespace autograd {
namespace {

std::atomic<WhereFunction> g_where{nullptr};

enum Worst { kFinite, kInfinite, kNan };

// Reads without telling those who watch the thread: for them nothing depends on it.
bool Holds(const Tensor& truth) { return *static_cast<const bool*>(HostCopy(truth).raw_data()); }

Worst WorstOf(const Tensor& tensor) {
  if (!tensor.defined() || !IsFloating(tensor.dtype()) || tensor.numel() == 0 ||
      tensor.device().type == DeviceType::kMeta || Holds(All(IsFinite(tensor)))) {
    return kFinite;
  }
  return Holds(Any(IsNan(tensor))) ? kNan : kInfinite;
}

}  // namespace

void InstallWhere(WhereFunction where) { g_where = where; }

std::string Where() {
  const WhereFunction where = g_where;
  return where == nullptr ? "" : where();
}

void CheckForAnomaly(const OpCall& call, absl::Span<const Tensor> outputs) {
  // What is overwritten cannot be compared with; what is not computed brings nothing new.
  if (call.in_place || call.schema().flags.view || call.inputs.empty()) return;
  const AnomalyGuard off(AnomalyMode::kOff);
  const NoGradGuard no_grad;
  for (const Tensor& output : outputs) {
    const Worst worst = WorstOf(output);
    if (worst == kFinite) continue;
    Worst given = kFinite;
    for (const Tensor* input : call.inputs) given = std::max(given, WorstOf(*input));
    if (worst <= given) continue;
    ThrowFailedPrecondition(absl::StrCat(
        Describe(call), ": made ",
        worst == kNan ? "a NaN of inputs that have none" : "an infinity of finite inputs"));
  }
}

}  // namespace autograd
}  // namespace neura
