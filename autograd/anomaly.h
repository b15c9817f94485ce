// Finding out where a NaN or an infinity comes from.
#ifndef NEURA_AUTOGRAD_ANOMALY_H_
#define NEURA_AUTOGRAD_ANOMALY_H_

#include <string>

#include "absl/types/span.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura {

// While alive, an operation of this thread, forward or in a gradient, fails with FailedPrecondition
// when it makes a NaN of inputs without one, or an infinity of finite ones. The error names the
// operation; that of a gradient the operation whose gradient it is, and where that was called.
// Every result is looked at, which takes time.
class AnomalyGuard {
 public:
  explicit AnomalyGuard(bool enabled = true);
  ~AnomalyGuard();
  AnomalyGuard(const AnomalyGuard&) = delete;
  AnomalyGuard& operator=(const AnomalyGuard&) = delete;

 private:
  bool previous_;
};

bool AnomalyEnabled();
// For switches that no scope of C++ encloses. Returns what it was before.
bool SetAnomalyEnabled(bool enabled);

namespace autograd {

// What says where this thread is in the program, "Net.block.fc1" or a stack trace; nodes keep it in
// anomaly mode. Installed by libraries that know; the last one counts.
using WhereFunction = std::string (*)();
void InstallWhere(WhereFunction where);
std::string Where();

// Throws FailedPrecondition for what a call has made of its inputs.
void CheckForAnomaly(const OpCall& call, absl::Span<const Tensor> outputs);

}  // namespace autograd
}  // namespace neura

#endif  // NEURA_AUTOGRAD_ANOMALY_H_
