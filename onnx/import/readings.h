// Models of inputs whose number of dimensions the file does not say.
#ifndef NEURA_ONNX_IMPORT_READINGS_H_
#define NEURA_ONNX_IMPORT_READINGS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/graph/graph.h"
#include "neura/onnx/format/messages.h"

namespace neura::onnx {

// How many dimensions inputs have, by their names.
using Ranks = std::map<std::string, size_t, std::less<>>;

// The names of inputs without a shape.
std::vector<std::string> InputsWithoutShape(const ModelMessage& model);

// A model of such inputs read at each combination of the ranks that they may have, of up to
// kMostRank dimensions. A run takes the reading that fits its inputs: tensors, or those of a
// sequence, of which an empty one fits all. `read` throws where the model makes no sense at some
// ranks; this does where it makes none at any.
graph::Graph ReadAtAnyRank(const std::vector<std::string>& names,
                           absl::FunctionRef<graph::Graph(const Ranks& ranks)> read);
inline constexpr size_t kMostRank = 5;

// ReadAtAnyRank, or null in a program that was built without.
using AnyRankReader = decltype(&ReadAtAnyRank);
AnyRankReader FindAnyRankReader();

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_READINGS_H_
