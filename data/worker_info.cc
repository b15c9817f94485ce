#include "neura/data/worker_info.h"

namespace neura::data {
namespace {
thread_local const WorkerInfo* t_info = nullptr;
}  // namespace

std::optional<WorkerInfo> GetWorkerInfo() {
  if (t_info == nullptr) return std::nullopt;
  return *t_info;
}

namespace internal {
WorkerScope::WorkerScope(const WorkerInfo& info) : previous_(t_info), info_(info) {
  t_info = &info_;
}
WorkerScope::~WorkerScope() { t_info = previous_; }
}  // namespace internal

}  // namespace neura::data
