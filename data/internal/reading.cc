#include "neura/data/internal/reading.h"

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "neura/data/worker_info.h"
#include "neura/tensor/core/error.h"

namespace neura::data::internal {

Share OwnShare() {
  const std::optional<WorkerInfo> info = GetWorkerInfo();
  return info ? Share{info->id, info->num_workers} : Share{};
}

std::unique_ptr<const FileSource> OpenFile(const std::string& path) {
  absl::StatusOr<FileSource> source = FileSource::Open(path);
  if (!source.ok()) ThrowStatus(source.status());
  return std::make_unique<const FileSource>(*std::move(source));
}

}  // namespace neura::data::internal
