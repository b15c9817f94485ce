// The program `neura`: what can be done with models from a shell.
#ifndef NEURA_CLI_CLI_H_
#define NEURA_CLI_CLI_H_

#include <string>
#include <vector>

namespace neura::cli {

// How the program ends.
inline constexpr int kDone = 0;
inline constexpr int kDiffers = 1;  // a check has found a difference
inline constexpr int kRefused = 2;  // arguments or files that cannot be right; stderr says what

// Runs the program with the arguments after its name, and gives its exit code. Throws nothing.
int Main(std::vector<std::string> arguments);

}  // namespace neura::cli

#endif  // NEURA_CLI_CLI_H_
