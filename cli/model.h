// Models in files, and what is told of them.
#ifndef NEURA_CLI_MODEL_H_
#define NEURA_CLI_MODEL_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "neura/cli/command.h"
#include "neura/graph/graph.h"

namespace neura::cli {

struct ModelOptions {
  std::string path;
  std::vector<std::string> dims;  // "NAME=SIZE"
};
// The file, and --dim.
void AddModel(CLI::App& command, ModelOptions& options);
void AddDims(CLI::App& command, std::vector<std::string>& dims);

// The bytes of a file. Throws an Error that names it.
std::string ReadFile(const std::string& path);

// Throws the Error of a file that is no model, which says what it seems to be.
[[noreturn]] void ThrowBadModel(const std::string& path, std::string_view bytes,
                                const std::string& why);

// The model as it stands in the file; sizes that are given are no longer open. Errors name the
// file; a size that it does not have is one.
graph::Graph LoadModel(const std::string& path, std::string_view bytes,
                       const std::vector<std::string>& dims);
graph::Graph LoadModel(const ModelOptions& options);
// A second model, for which those of the sizes count that it has.
graph::Graph LoadOther(const std::string& path, const std::vector<std::string>& dims);

// "float32 [batch, 3]"
std::string TypeText(const graph::Graph& graph, graph::ValueId id);
// {"name": ..., "dtype": ..., "shape": ["batch", 3]}
Json TypeJson(const graph::Graph& graph, graph::ValueId id, const std::string& name);

// Sizes of what is open, for each symbol of the graph in its order: 1.
std::vector<int64_t> SmallestSizes(const graph::Graph& graph);
// "batch = 1, length = 1"; empty where nothing is open.
std::string SizesText(const graph::Graph& graph, const std::vector<int64_t>& sizes);

}  // namespace neura::cli

#endif  // NEURA_CLI_MODEL_H_
