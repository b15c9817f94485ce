#include "neura/cli/cli.h"

#include <algorithm>
#include <exception>
#include <iostream>
#include <new>

#include "neura/cli/command.h"
#include "neura/cli/version.h"

namespace neura::cli {
namespace {

constexpr char kFooter[] =
    "neura SUBCOMMAND --help tells its options, with examples.\n"
    "Exit codes: 0 done; 1 a check has found a difference; 2 arguments or files that cannot be "
    "right.\n\n"
    "Examples:\n"
    "  neura inspect model.onnx\n"
    "  neura run model.onnx -i x.npy -o y.npy\n"
    "  neura bench model.onnx --profile";

int Refuse(const std::string& what) {
  std::cerr << "neura: " << what << "\n";
  return kRefused;
}

}  // namespace

int Main(std::vector<std::string> arguments) {
  try {
    CLI::App program("Looks at ONNX models, runs, measures, checks and converts them.", "neura");
    program.set_version_flag("--version", std::string("neura ") + kCliVersion);
    program.require_subcommand(1);
    program.footer(kFooter);
    Action action;
    for (const auto add : {&AddInspect, &AddRun, &AddCheck, &AddBench, &AddDraw, &AddOptimize,
                           &AddConvert, &AddBundle}) {
      add(program, action);
    }
    if (!arguments.empty() && !arguments[0].empty() && arguments[0][0] != '-' &&
        program.get_subcommands([&](CLI::App* each) { return each->get_name() == arguments[0]; })
            .empty()) {
      return Refuse("there is no subcommand " + arguments[0] + "; see neura --help");
    }
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
    try {
      program.parse(arguments);
    } catch (const CLI::Success& asked) {  // --help, --version
      return program.exit(asked);
    } catch (const CLI::ParseError& error) {
      const auto chosen = program.get_subcommands();
      return Refuse(error.what() + std::string("; see neura ") +
                    (chosen.empty() ? "" : chosen[0]->get_name() + " ") + "--help");
    }
    return action();
  } catch (const std::bad_alloc&) {
    return Refuse("the memory does not suffice");
  } catch (const std::exception& error) {
    return Refuse(error.what());
  }
}

}  // namespace neura::cli
