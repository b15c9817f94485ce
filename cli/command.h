// What subcommands have in common: how they are declared, and what they print.
#ifndef NEURA_CLI_COMMAND_H_
#define NEURA_CLI_COMMAND_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "neura/cli/cli.h"
#include "nlohmann/json.hpp"

namespace neura::cli {

using Json = nlohmann::ordered_json;

// What the chosen subcommand does; gives the exit code, or throws.
using Action = std::function<int()>;

void AddBench(CLI::App& program, Action& action);
void AddBundle(CLI::App& program, Action& action);
void AddCheck(CLI::App& program, Action& action);
void AddConvert(CLI::App& program, Action& action);
void AddDraw(CLI::App& program, Action& action);
void AddInspect(CLI::App& program, Action& action);
void AddOptimize(CLI::App& program, Action& action);
void AddRun(CLI::App& program, Action& action);

// What --help says of a subcommand.
struct Description {
  std::string name;
  std::string summary;   // one line
  std::string details;   // behind the options; empty, or whole lines
  std::string examples;  // a line for each
};

// Adds a subcommand whose options `declare` binds to the members of an Options, which `run` gets.
template <typename Options, typename Declare>
void AddCommand(CLI::App& program, Action& action, const Description& description, Declare declare,
                int (*run)(const Options&)) {
  const auto options = std::make_shared<Options>();
  CLI::App* const command = program.add_subcommand(description.name, description.summary);
  declare(*command, *options);
  command->footer(description.details + (description.details.empty() ? "" : "\n") + "Examples:\n" +
                  description.examples);
  command->callback([&action, options, run] { action = [options, run] { return run(*options); }; });
}

// Refuses what is no number, or below `least`.
CLI::Validator AtLeast(int64_t least);

// --json and --threads.
void AddJson(CLI::App& command, bool& json);
void AddThreads(CLI::App& command, int& threads);
// 0 leaves the number as it is.
void UseThreads(int threads);

// To stdout. What cannot be written is an Error.
void Print(const std::string& text);
void Print(const Json& json);

// Columns as wide as their widest cell, two spaces apart, with a line below the first row. Those
// that `alignment` has '>' for stand to the right.
std::string Table(const std::vector<std::vector<std::string>>& rows, const std::string& alignment);

}  // namespace neura::cli

#endif  // NEURA_CLI_COMMAND_H_
