#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/mapped_file.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/io/safetensors_header.h"

namespace neura {

struct SafetensorsFile::Contents {
  std::string path;
  std::shared_ptr<const MappedFile> file;
  internal::SafetensorsHeader header;
};

SafetensorsFile::SafetensorsFile(std::shared_ptr<const Contents> contents)
    : contents_(std::move(contents)) {}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  absl::StatusOr<std::shared_ptr<const MappedFile>> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<internal::SafetensorsHeader> header =
      internal::ReadSafetensorsHeader(MemorySource((*file)->bytes()));
  if (!header.ok()) return InFile(path, header.status());
  return SafetensorsFile(std::make_shared<const Contents>(
      Contents{.path = path, .file = *std::move(file), .header = *std::move(header)}));
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const internal::SafetensorsEntry& entry : contents_->header.entries) {
    names.push_back(entry.name);
  }
  return names;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return contents_->header.metadata;
}

absl::StatusOr<Tensor> SafetensorsFile::Get(std::string_view name) const {
  for (const internal::SafetensorsEntry& entry : contents_->header.entries) {
    if (entry.name != name) continue;
    return MappedElements(contents_->file, entry.begin, entry.shape, entry.dtype);
  }
  return absl::NotFoundError(
      Printable(absl::StrCat(contents_->path, ": there is no tensor '", name, "'")));
}

}  // namespace neura
