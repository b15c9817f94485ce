#include "neura/cli/cli.h"

int main(int argc, char** argv) {
  return neura::cli::Main(std::vector<std::string>(argv + 1, argv + argc));
}
