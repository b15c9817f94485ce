#include "neura/tensor/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

[[noreturn]] void ThrowErrno(int error_number, const std::string& doing) {
  ThrowStatus(absl::ErrnoToStatus(error_number, doing));
}

// A new file beside the one that it will replace; removed again unless Commit() was reached.
class TemporaryFile {
 public:
  // Delegates, so that the destructor also runs when this throws half way.
  explicit TemporaryFile(std::filesystem::path target) : TemporaryFile() {
    target_ = std::move(target);
    static std::atomic<int> counter{0};
    std::string path =
        absl::StrCat(target_.string(), ".", getpid(), ".", counter.fetch_add(1), ".tmp");
    // With permissions as the user's umask has them, or those of the file that is replaced.
    struct stat replaced;
    const bool exists = stat(target_.c_str(), &replaced) == 0;
    if (exists && !S_ISREG(replaced.st_mode)) {
      throw Error(absl::StatusCode::kFailedPrecondition,
                  absl::StrCat("writing ", target_.string(), ": it is not a regular file"));
    }
    descriptor_ = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) ThrowErrno(errno, absl::StrCat("creating ", path));
    path_ = std::move(path);
    if (exists) Check(fchmod(descriptor_, replaced.st_mode & 0777), "writing");
  }

  ~TemporaryFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!path_.empty()) unlink(path_.c_str());
  }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      Check(written, "writing");
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }

  void Commit() {
    Check(fsync(descriptor_), "flushing");
    const int descriptor = descriptor_;
    descriptor_ = -1;
    Check(close(descriptor), "closing");
    Check(rename(path_.c_str(), target_.c_str()), "replacing");
    path_.clear();
    FlushDirectory();
  }

 private:
  TemporaryFile() = default;

  void Check(ssize_t result, std::string_view doing) const {
    if (result < 0) ThrowErrno(errno, absl::StrCat(doing, " ", target_.string()));
  }

  // The rename itself reaches the disk with the directory.
  void FlushDirectory() const {
    const std::filesystem::path parent = target_.parent_path();
    const int directory = open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY);
    if (directory < 0) return;  // A directory that may be written but not read.
    const int result = fsync(directory);
    const int error_number = errno;
    close(directory);
    // Some file systems cannot flush directories, and say so with EINVAL.
    if (result < 0 && error_number != EINVAL) {
      ThrowErrno(error_number, absl::StrCat("flushing the directory of ", target_.string()));
    }
  }

  std::filesystem::path target_;
  std::string path_;  // empty before it is made and once it is renamed
  int descriptor_ = -1;
};

std::filesystem::path FollowLink(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  if (error) throw Error(absl::ErrnoToStatusCode(error.value()), absl::StrCat("writing ", path));
  return target;
}

}  // namespace

void WriteFileAtomically(const std::string& path, absl::Span<const std::string_view> pieces) {
  TemporaryFile file(FollowLink(path));
  for (std::string_view piece : pieces) file.Write(piece);
  file.Commit();
}

}  // namespace neura
