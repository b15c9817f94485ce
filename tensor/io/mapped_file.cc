#include "neura/tensor/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/shape.h"
#include "neura/tensor/core/storage.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/elements.h"

namespace neura {

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  absl::StatusOr<FileSource> source = FileSource::Open(path);
  if (!source.ok()) return source.status();
  char* data = nullptr;
  // An empty file cannot be mapped.
  if (source->size() > 0) {
    // Without setting memory aside for pages that might be written: files may be larger than it.
    void* const mapped = mmap(nullptr, source->size(), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_NORESERVE, source->descriptor(), 0);
    if (mapped == MAP_FAILED) return absl::ErrnoToStatus(errno, absl::StrCat("mapping ", path));
    data = static_cast<char*>(mapped);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(data, source->size()));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

absl::StatusOr<Tensor> MappedElements(const std::shared_ptr<const MappedFile>& file,
                                      uint64_t offset, DimsView shape, DType dtype) {
  const absl::StatusOr<uint64_t> size = internal::ByteSize(shape, dtype);
  if (!size.ok()) return size.status();
  const MemorySource source(file->bytes());
  const bool inside = offset <= source.size() && *size <= source.size() - offset;
  const char* const data = file->bytes().data() + offset;
  const bool aligned = reinterpret_cast<uintptr_t>(data) % ItemSize(dtype) == 0;
  if (!inside || !aligned || dtype == kBool || *size == 0) {
    return internal::ReadElements(source, offset, shape, dtype);
  }
  auto* const owner = new std::shared_ptr<const MappedFile>(file);
  const auto release = [](void* context) {
    delete static_cast<std::shared_ptr<const MappedFile>*>(context);
  };
  return Tensor::View(Storage::External(const_cast<char*>(data), *size, kCpu, release, owner), 0,
                      shape, ContiguousStrides(shape), dtype);
}

}  // namespace neura
