#include "neura/data/image_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/ops/create.h"

namespace neura::data {
namespace {

namespace fs = std::filesystem;

// Names of what a folder holds, sorted.
absl::StatusOr<std::vector<std::string>> NamesIn(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) return InFile(folder.string(), absl::NotFoundError(error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

// Calls add(path) for every file below a folder. Folders that links lead back to are visited once.
template <typename Add>
absl::Status Walk(const fs::path& folder, std::set<fs::path>& visited, const Add& add) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error) return InFile(folder.string(), absl::NotFoundError(error.message()));
  if (!visited.insert(real).second) return absl::OkStatus();
  const absl::StatusOr<std::vector<std::string>> names = NamesIn(folder);
  if (!names.ok()) return names.status();
  std::vector<fs::path> folders;
  for (const std::string& name : *names) {
    const fs::path path = folder / name;
    if (fs::is_directory(path, error)) {
      folders.push_back(path);
    } else {
      add(path);
    }
  }
  for (const fs::path& inner : folders) {
    absl::Status status = Walk(inner, visited, add);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ImageFolder> ImageFolder::Open(const std::string& root,
                                              const ImageFolderOptions& options) {
  auto found = std::make_shared<Found>();
  found->mode = options.mode;
  const absl::StatusOr<std::vector<std::string>> names = NamesIn(root);
  if (!names.ok()) return names.status();
  std::error_code error;
  for (const std::string& name : *names) {
    if (fs::is_directory(fs::path(root) / name, error)) found->classes.push_back(name);
  }
  if (found->classes.empty()) {
    return InFile(root, absl::NotFoundError("there is no folder of a class in it"));
  }
  std::vector<std::string> empty;
  for (size_t i = 0; i < found->classes.size(); ++i) {
    const size_t before = found->samples.size();
    std::set<fs::path> visited;
    absl::Status status =
        Walk(fs::path(root) / found->classes[i], visited, [&](const fs::path& path) {
          const std::string extension = absl::AsciiStrToLower(path.extension().string());
          const auto& wanted = options.extensions;
          if (std::find(wanted.begin(), wanted.end(), extension) == wanted.end()) return;
          found->samples.emplace_back(path.string(), static_cast<int64_t>(i));
        });
    if (!status.ok()) return status;
    if (found->samples.size() == before) empty.push_back(found->classes[i]);
  }
  if (!empty.empty() && !options.allow_empty) {
    return InFile(
        root, absl::NotFoundError(absl::StrCat(
                  "no image for the classes ", absl::StrJoin(empty, ", "), "; files that end in ",
                  absl::StrJoin(options.extensions, ", "), " are expected")));
  }
  return ImageFolder(std::move(found));
}

Example<2> ImageFolder::Get(int64_t index) const {
  CheckIndex(index, size());
  const auto& sample = samples()[static_cast<size_t>(index)];
  absl::StatusOr<Tensor> image = ReadImage(sample.first, found_->mode);
  if (!image.ok()) ThrowStatus(image.status());
  return {*std::move(image), ScalarTensor(sample.second)};
}

}  // namespace neura::data
