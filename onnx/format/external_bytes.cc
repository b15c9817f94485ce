#include "neura/onnx/format/external_bytes.h"

#include <algorithm>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/elements.h"

namespace neura::onnx {

namespace fs = std::filesystem;

absl::Status ReadBudget::Spend(uint64_t bytes) {
  if (bytes > left_) {
    return absl::ResourceExhaustedError("the tensors of the model share these bytes too often");
  }
  left_ -= bytes;
  return absl::OkStatus();
}

absl::StatusOr<Tensor> GivenBytes::Read(const std::string& location, uint64_t offset,
                                        DimsView shape, DType dtype) {
  auto known = bytes_.find(location);
  if (known == bytes_.end()) {
    absl::StatusOr<std::string> bytes = function_(location);
    if (!bytes.ok()) return bytes.status();
    known = bytes_.emplace(location, *std::move(bytes)).first;
    budget_.Open(known->second.size());
  }
  absl::StatusOr<Tensor> read =
      internal::ReadElements(MemorySource(known->second), offset, shape, dtype);
  if (!read.ok()) return read;
  const absl::Status status = budget_.Spend(read->nbytes());
  return status.ok() ? read : status;
}

absl::StatusOr<std::shared_ptr<const MappedFile>> FilesBeside::Open(
    const std::string& location) const {
  const fs::path given(location);
  const bool climbs = std::find(given.begin(), given.end(), "..") != given.end();
  if (given.empty() || given.is_absolute() || climbs) {
    return absl::InvalidArgumentError(absl::StrCat("its elements lie in '", location,
                                                   "', which must be below the model's folder"));
  }
  std::error_code error;
  const fs::path folder = fs::canonical(fs::absolute(model_).parent_path(), error);
  if (error) return absl::NotFoundError(absl::StrCat("the model's folder: ", error.message()));
  const fs::path file = fs::canonical(folder / given, error);
  if (error) return absl::NotFoundError(absl::StrCat("'", location, "': ", error.message()));
  const auto [in_folder, in_file] =
      std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  if (in_folder != folder.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", location, "' is a link to what is not below the model's folder"));
  }
  return MappedFile::Open(file.string());
}

absl::StatusOr<Tensor> FilesBeside::Read(const std::string& location, uint64_t offset,
                                         DimsView shape, DType dtype) {
  auto known = files_.find(location);
  if (known == files_.end()) {
    absl::StatusOr<std::shared_ptr<const MappedFile>> file = Open(location);
    if (!file.ok()) return file.status();
    known = files_.emplace(location, *std::move(file)).first;
    budget_.Open(known->second->bytes().size());
  }
  absl::StatusOr<Tensor> read = MappedElements(known->second, offset, shape, dtype);
  if (!read.ok()) return read;
  const absl::Status status = budget_.Spend(read->nbytes());
  return status.ok() ? read : status;
}

}  // namespace neura::onnx
