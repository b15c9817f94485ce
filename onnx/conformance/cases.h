// Cases of ONNX's own suite: folders with a model, inputs and the outputs that it must give.
#ifndef NEURA_ONNX_CONFORMANCE_CASES_H_
#define NEURA_ONNX_CONFORMANCE_CASES_H_

#include <filesystem>

#include "absl/status/status.h"

namespace neura::onnx {

enum class CaseInputs {
  kAsGiven,
  // Where a model is refused, once more with small integer inputs (axes, shapes, pads) as the
  // constants that they are in models.
  kConstantsWhereRefused,
};

// Runs `path`/model.onnx with each of its data sets. OK, Unimplemented where Neura does not read
// what the case has, or what went wrong. The tolerance is that of ONNX's own runner, and so much of
// the largest magnitude that the output should have; of random outputs, dtype and shape are
// compared alone.
absl::Status RunCase(const std::filesystem::path& path, CaseInputs inputs,
                     double share_of_largest = 0);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_CONFORMANCE_CASES_H_
