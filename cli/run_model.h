// Running models, and comparing what they give.
#ifndef NEURA_CLI_RUN_MODEL_H_
#define NEURA_CLI_RUN_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "neura/cli/command.h"
#include "neura/graph/program.h"
#include "neura/tensor/core/tensor.h"

namespace neura::cli {

// The outputs by their names; elements of a sequence are NAME.0, NAME.1, ..., and an optional that
// is empty is left out. Errors name `path`, the model's file. Throws Unimplemented for strings.
NamedTensors RunModel(const std::string& path, const graph::Program& program,
                      const std::vector<Tensor>& inputs);

// How far two tensors are from each other, element by element.
struct Difference {
  std::string name;
  std::string mismatch = {};  // what else differs: dtype or shape; then nothing else is told
  int64_t elements = 0;
  int64_t beyond = 0;  // for which |actual - expected| <= atol + rtol * |expected| is wrong
  double max_absolute = 0;
  double max_relative = 0;
  int64_t worst = 0;                // the element of max_absolute, in row-major order
  double actual = 0, expected = 0;  // there

  bool is_close() const { return mismatch.empty() && beyond == 0; }
};
// NaN is equal to NaN, and an infinity to itself. Complex numbers are compared part by part.
Difference Compare(const std::string& name, const Tensor& actual, const Tensor& expected,
                   double rtol, double atol);

// Of each output that both have, and one with a mismatch for each that only one of them has.
std::vector<Difference> CompareAll(const NamedTensors& actual, const NamedTensors& expected,
                                   double rtol, double atol);

std::string DifferencesText(const std::vector<Difference>& differences);
Json DifferencesJson(const std::vector<Difference>& differences);

}  // namespace neura::cli

#endif  // NEURA_CLI_RUN_MODEL_H_
