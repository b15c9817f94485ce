// Which of a loader's threads a dataset is asked on.
#ifndef NEURA_DATA_WORKER_INFO_H_
#define NEURA_DATA_WORKER_INFO_H_

#include <cstdint>
#include <optional>

namespace neura::data {

struct WorkerInfo {
  int id = 0;
  int num_workers = 0;
  uint64_t seed = 0;  // of the pass
};

// Inside of what a DataLoader's worker runs: which one it is. Elsewhere none.
std::optional<WorkerInfo> GetWorkerInfo();

namespace internal {
// GetWorkerInfo() while this lives.
class WorkerScope {
 public:
  explicit WorkerScope(const WorkerInfo& info);
  ~WorkerScope();
  WorkerScope(const WorkerScope&) = delete;
  WorkerScope& operator=(const WorkerScope&) = delete;

 private:
  const WorkerInfo* const previous_;
  const WorkerInfo info_;
};
}  // namespace internal

}  // namespace neura::data

#endif  // NEURA_DATA_WORKER_INFO_H_
