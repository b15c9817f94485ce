#include "neura/tensor/io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

[[noreturn]] void ThrowErrno(int error_number, const std::string& doing) {
  ThrowStatus(absl::ErrnoToStatus(error_number, doing));
}

constexpr std::string_view kSuffix = ".tmp";

// Whether `name` is that of a temporary file for `target`: "target.12.3.tmp".
bool IsTemporaryOf(std::string_view name, std::string_view target) {
  if (!absl::ConsumePrefix(&name, target) || !absl::ConsumeSuffix(&name, kSuffix)) return false;
  for (int part = 0; part < 2; ++part) {
    if (!absl::ConsumePrefix(&name, ".")) return false;
    const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if (digits == 0) return false;
    name.remove_prefix(digits);
  }
  return name.empty();
}

// Removes temporary files that nobody holds a lock on: their writers have died.
void RemoveLeftovers(const std::filesystem::path& target) {
  const std::filesystem::path parent = target.has_parent_path() ? target.parent_path() : ".";
  std::error_code error;  // of a directory that cannot be read: nothing is removed then
  for (std::filesystem::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error)) {
    if (!IsTemporaryOf(it->path().filename().string(), target.filename().string())) continue;
    const std::string path = it->path().string();
    const int descriptor = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) continue;
    struct stat found;
    if (fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode) &&
        flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      unlink(path.c_str());
    }
    close(descriptor);
  }
}

// A new file beside the one that it will replace; removed again unless Commit() was reached.
class TemporaryFile {
 public:
  // Delegates, so that the destructor also runs when this throws half way.
  explicit TemporaryFile(std::filesystem::path target) : TemporaryFile() {
    target_ = std::move(target);
    // With permissions as the user's umask has them, or those of the file that is replaced.
    struct stat replaced;
    const bool exists = stat(target_.c_str(), &replaced) == 0;
    if (exists && !S_ISREG(replaced.st_mode)) {
      throw Error(absl::StatusCode::kFailedPrecondition,
                  absl::StrCat("writing ", target_.string(), ": it is not a regular file"));
    }
    RemoveLeftovers(target_);
    for (int tries = 0; !Create(); ++tries) {
      if (tries < 1000) continue;
      throw Error(absl::StatusCode::kUnavailable,
                  absl::StrCat("writing ", target_.string(), ": its temporary file vanishes"));
    }
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
    // Before the file is closed, with which the lock goes.
    Check(rename(path_.c_str(), target_.c_str()), "replacing");
    path_.clear();
    const int descriptor = descriptor_;
    descriptor_ = -1;
    Check(close(descriptor), "closing");
    FlushDirectory();
  }

 private:
  TemporaryFile() = default;

  // A new file that is locked. False where another process had the name, or took the file for one
  // that was left behind before the lock was on it.
  bool Create() {
    static std::atomic<int> counter{0};
    path_ = absl::StrCat(target_.string(), ".", getpid(), ".", counter.fetch_add(1), kSuffix);
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      const int error_number = errno;
      const std::string path = std::exchange(path_, "");
      if (error_number == EEXIST) return false;
      ThrowErrno(error_number, absl::StrCat("creating ", path));
    }
    struct stat made, there;
    // Where the file system has no locks, nobody removes anything.
    const bool locked = flock(descriptor_, LOCK_EX) == 0;
    if (!locked || fstat(descriptor_, &made) != 0) return true;
    const bool removed = lstat(path_.c_str(), &there) != 0
                             ? errno == ENOENT
                             : made.st_dev != there.st_dev || made.st_ino != there.st_ino;
    if (!removed) return true;
    close(std::exchange(descriptor_, -1));
    path_.clear();
    return false;
  }

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
