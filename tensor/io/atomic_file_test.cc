#include "neura/tensor/io/atomic_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/testing.h"

namespace neura {
namespace {

namespace fs = std::filesystem;
using testing::Bytes;
using ::testing::HasSubstr;

class AtomicFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(::testing::TempDir()) /
                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  int64_t NumFiles() const {
    return std::distance(fs::directory_iterator(directory_), fs::directory_iterator());
  }

  fs::path directory_;
};

TEST_F(AtomicFileTest, WritesTheConcatenation) {
  WriteFileAtomically(Path("a"), {"one ", "", std::string_view("t\0o", 3)});
  EXPECT_EQ(Bytes(Path("a")), std::string("one t\0o", 7));
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(AtomicFileTest, ReplacesAndKeepsPermissions) {
  WriteFileAtomically(Path("a"), {"a long old text"});
  fs::permissions(Path("a"), fs::perms::owner_read | fs::perms::owner_write);
  WriteFileAtomically(Path("a"), {"new"});
  EXPECT_EQ(Bytes(Path("a")), "new");
  EXPECT_EQ(fs::status(Path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AtomicFileTest, WritesThroughSymbolicLinks) {
  WriteFileAtomically(Path("target"), {"old"});
  fs::create_symlink("target", Path("link"));
  WriteFileAtomically(Path("link"), {"new"});
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Bytes(Path("target")), "new");
}

TEST_F(AtomicFileTest, MissingDirectoryIsNamed) {
  try {
    WriteFileAtomically(Path("no/such/file"), {"x"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(error.message(), HasSubstr(Path("no/such/file")));
  }
}

TEST_F(AtomicFileTest, DevicesAreLeftAlone) {
  try {
    WriteFileAtomically("/dev/null", {"x"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("/dev/null"));
  }
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

// The program's fchmod instead of the C library's, so that it can fail.
bool refuse_fchmod = false;

TEST_F(AtomicFileTest, PermissionsThatCannotBeKeptLeaveNothingBehind) {
  WriteFileAtomically(Path("a"), {"old"});
  const auto descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const int64_t before = descriptors();
  refuse_fchmod = true;
  EXPECT_THROW(WriteFileAtomically(Path("a"), {"new"}), Error);
  refuse_fchmod = false;
  EXPECT_EQ(descriptors(), before);
  EXPECT_EQ(NumFiles(), 1);
  EXPECT_EQ(Bytes(Path("a")), "old");
}

// A limit on the size of files stops the write in the middle, as a full disk does.
TEST_F(AtomicFileTest, FailedWriteLeavesTheOldFile) {
  WriteFileAtomically(Path("a"), {"old"});
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message;
  try {
    WriteFileAtomically(Path("a"), {std::string(10000, 'x')});
  } catch (const Error& error) {
    message = error.message();
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_THAT(message, HasSubstr(Path("a")));
  EXPECT_EQ(Bytes(Path("a")), "old");
  EXPECT_EQ(NumFiles(), 1);
}

// A process that writes two versions in turn is killed at some moment, again and again.
TEST_F(AtomicFileTest, KillLeavesOneOfTheVersions) {
  const std::string versions[] = {std::string(300000, 'a'), std::string(200000, 'b')};
  WriteFileAtomically(Path("a"), {versions[0]});
  for (int round = 0; round < 300; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int i = 0;; ++i) WriteFileAtomically(Path("a"), {versions[i % 2]});
    }
    usleep(static_cast<useconds_t>(200 + 17 * round));
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    const std::string text = Bytes(Path("a"));
    EXPECT_TRUE(text == versions[0] || text == versions[1]) << text.size() << " bytes";
    EXPECT_LE(NumFiles(), 2);  // the file, and what the last one has left
  }
  WriteFileAtomically(Path("a"), {"new"});
  EXPECT_EQ(NumFiles(), 1);
}

TEST_F(AtomicFileTest, LeavesTheFilesOfOthers) {
  // Names that no writer of "a" gives.
  for (const char* name : {"a.tmp", "a.1.tmp", "a.1.x.tmp", "b.1.2.tmp", "a.1.2.3.tmp"}) {
    std::ofstream(Path(name)) << "kept";
  }
  fs::create_directory(Path("a.7.8.tmp"));
  fs::create_symlink("b.1.2.tmp", Path("a.9.9.tmp"));
  std::ofstream(Path("a.1.2.tmp")) << "left behind";
  WriteFileAtomically(Path("a"), {"new"});
  EXPECT_EQ(NumFiles(), 8);
  EXPECT_FALSE(fs::exists(Path("a.1.2.tmp")));
}

TEST_F(AtomicFileTest, WritersOfOnePathLeaveEachOtherAlone) {
  constexpr int kWriters = 4;
  pid_t writers[kWriters];
  for (pid_t& writer : writers) {
    writer = fork();
    ASSERT_GE(writer, 0);
    if (writer != 0) continue;
    try {
      for (int i = 0; i < 100; ++i) WriteFileAtomically(Path("a"), {std::string(5000, 'x')});
    } catch (const Error& error) {
      _exit(1);
    }
    _exit(0);
  }
  for (const pid_t writer : writers) {
    int status = 0;
    ASSERT_EQ(waitpid(writer, &status, 0), writer);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(Bytes(Path("a")), std::string(5000, 'x'));
  EXPECT_EQ(NumFiles(), 1);
}

}  // namespace
}  // namespace neura

extern "C" int fchmod(int descriptor, mode_t mode) noexcept {
  if (neura::refuse_fchmod) {
    errno = EPERM;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fchmod, descriptor, mode));
}
