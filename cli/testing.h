// The program as a user sees it: a process with arguments, an exit code and two streams.
#ifndef NEURA_CLI_TESTING_H_
#define NEURA_CLI_TESTING_H_

#include <string>
#include <vector>

namespace neura::cli::testing {

struct Outcome {
  int code = -1;  // -1 where the process was killed
  std::string out, err;
};

// Runs bazel-bin/cli/neura. `out` is a file for stdout instead of one of its own.
Outcome Neura(const std::vector<std::string>& arguments, const std::string& out = "");

std::string TempPath(const std::string& name);
std::string ReadBytes(const std::string& path);
void WriteBytes(const std::string& path, const std::string& bytes);

}  // namespace neura::cli::testing

#endif  // NEURA_CLI_TESTING_H_
