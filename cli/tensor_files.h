// Inputs from files, and outputs to files.
#ifndef NEURA_CLI_TENSOR_FILES_H_
#define NEURA_CLI_TENSOR_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "neura/cli/command.h"
#include "neura/graph/graph.h"
#include "neura/tensor/core/tensor.h"

namespace neura::cli {

// What --help says of them.
extern const char kInputFiles[];

struct InputOptions {
  std::vector<std::string> inputs;  // "FILE" or "NAME=FILE"
  std::vector<double> mean, std;    // of the channels of images
  bool cast = false;
  bool random = false;  // what is missing is made up
  uint64_t seed = 0;
};
void AddInputs(CLI::App& command, InputOptions& options);

// What a value of a graph expects of a tensor.
struct Expected {
  std::string name;
  DType dtype = kFloat32;
  Dims shape;  // -1 where any extent is right
};
Expected ExpectedOf(const graph::Graph& graph, graph::ValueId id, const std::string& name);

// The tensors that `specs` name, for those that are expected and in their order; undefined where
// none is given. `option` is named in errors. Throws InvalidArgument where one does not fit, unless
// anything may be given.
enum class Fit { kChecked, kAnything };
std::vector<Tensor> ReadTensors(const char* option, const std::vector<std::string>& specs,
                                const std::vector<Expected>& expected, const InputOptions& options,
                                Fit fit);

// One for each input of the graph. Throws InvalidArgument where one is missing, unless
// options.random, or does not fit, and names what the model takes.
std::vector<Tensor> InputsOf(const graph::Graph& graph, const InputOptions& options);

// The inputs of one model for another one: by their names, or in their order where names differ.
// Throws InvalidArgument where the other one takes others.
std::vector<Tensor> InputsFor(const graph::Graph& graph, const graph::Graph& from,
                              const std::vector<Tensor>& inputs);

// Of such shape and dtype: normally distributed numbers, integers of 1, bools that are true. Open
// extents are the sizes of the graph's symbols.
std::vector<Tensor> MadeUpInputs(const graph::Graph& graph, const std::vector<int64_t>& sizes,
                                 uint64_t seed);

// To what each of `specs`, "FILE" or "NAME=FILE", names: .npz, .json and .safetensors hold all of
// them, .npy, .pb, .png and .jpg one. CheckOutputs throws, before a run, what can be known then of
// what WriteTensors would refuse after it.
void CheckOutputs(const std::vector<std::string>& specs, const graph::Graph& graph);
void WriteTensors(const std::vector<std::string>& specs, const NamedTensors& tensors);

}  // namespace neura::cli

#endif  // NEURA_CLI_TENSOR_FILES_H_
