// Session: a model loaded from the bytes of an ONNX file, and the inputs and outputs of its next
// run.
#ifndef NEURA_WASM_SESSION_H_
#define NEURA_WASM_SESSION_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "neura/graph/program.h"

namespace neura::wasm {

// What a model takes or gives.
struct ValueInfo {
  std::string name;
  std::string dtype;
  std::vector<std::string> shape;  // "3", "batch", "4*batch + 1" or "?"
};

class Session {
 public:
  // Throws Error for bytes that are no model, and for a model with an operation that this program
  // was built without, which it names.
  explicit Session(std::string_view model);

  const std::vector<ValueInfo>& inputs() const { return inputs_; }
  const std::vector<ValueInfo>& outputs() const { return outputs_; }

  // Memory for the elements of an input of the next run. Throws Error if there is none.
  void* SetInput(size_t index, DimsView shape);
  // Throws Error if an input is missing or does not fit.
  void Run();
  // Of the last run; contiguous.
  const Tensor& Result(size_t index) const { return results_.at(index); }
  // Lets go of the inputs and results.
  void Clear();

 private:
  graph::Program program_;
  std::vector<ValueInfo> inputs_;
  std::vector<ValueInfo> outputs_;
  std::vector<Tensor> arguments_;
  std::vector<Tensor> results_;
};

}  // namespace neura::wasm

#endif  // NEURA_WASM_SESSION_H_
