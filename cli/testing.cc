#include "neura/cli/testing.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "gtest/gtest.h"

namespace neura::cli::testing {

Outcome Neura(const std::vector<std::string>& arguments, const std::string& out) {
  const std::string own_out = TempPath("stdout"), err = TempPath("stderr");
  const std::string& out_path = out.empty() ? own_out : out;
  std::vector<char*> argv{const_cast<char*>("neura")};
  for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
    const int out_file = open(out_path.c_str(), kFlags, 0600);
    const int err_file = open(err.c_str(), kFlags, 0600);
    if (dup2(out_file, STDOUT_FILENO) < 0 || dup2(err_file, STDERR_FILENO) < 0) _exit(126);
    execv("cli/neura", argv.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Outcome outcome;
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  if (out.empty()) outcome.out = ReadBytes(own_out);
  outcome.err = ReadBytes(err);
  return outcome;
}

std::string TempPath(const std::string& name) { return ::testing::TempDir() + "/" + name; }

std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace neura::cli::testing
