// Finding out where a NaN or an infinity comes from.
#ifndef NEURA_AUTOGRAD_ANOMALY_H_
#define NEURA_AUTOGRAD_ANOMALY_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura {

enum class AnomalyMode : uint8_t {
  kOff,
  // Errors of a gradient say where the operation was called whose gradient it is.
  kTrace,
  // Also, an operation of this thread, forward or in a gradient, fails with FailedPrecondition when
  // it makes a NaN of inputs without one, or an infinity of finite ones. Every result is looked at,
  // which takes time.
  kCheck,
};

// While alive, this thread is in that mode.
class AnomalyGuard {
 public:
  explicit AnomalyGuard(AnomalyMode mode = AnomalyMode::kCheck);
  ~AnomalyGuard();
  AnomalyGuard(const AnomalyGuard&) = delete;
  AnomalyGuard& operator=(const AnomalyGuard&) = delete;

 private:
  AnomalyMode previous_;
};

AnomalyMode GetAnomalyMode();
// For switches that no scope of C++ encloses. Returns what it was before.
AnomalyMode SetAnomalyMode(AnomalyMode mode);

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
