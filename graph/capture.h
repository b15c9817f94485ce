// Recording what a function of tensors computes.
#ifndef NEURA_GRAPH_CAPTURE_H_
#define NEURA_GRAPH_CAPTURE_H_

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/graph/graph.h"

namespace neura::graph {

// Dimension `dim` of input `input` takes any size. Dimensions of one name have one size. The
// function is run with the example's size and with twice that.
struct DynamicDim {
  int input = 0;
  int dim = 0;
  std::string name;
};

struct CaptureOptions {
  // Dimension 0 of every input takes any size, called "batch"; the function is run at 2 and 3.
  bool dynamic_batch = true;
  std::vector<DynamicDim> dynamic_dims = {};
  // Names for constants, such as a module's parameters and buffers; others get none.
  std::vector<std::pair<std::string, Tensor>> constant_names = {};
  // "input", "input1", ... and "output", "output1", ... where these are too short.
  std::vector<std::string> input_names = {};
  std::vector<std::string> output_names = {};
};

using Function = absl::FunctionRef<std::vector<Tensor>(absl::Span<const Tensor>)>;

// The graph of what `function` does with inputs like `examples`. It is run on resized copies of
// them, and what it does must not depend on their values. Tensors that it reads but does not make
// are constants.
// Throws Error, naming the operation, for operations that work in place or draw random numbers, and
// where a size reaches something that a graph cannot express.
Graph CaptureFunction(Function function, absl::Span<const Tensor> examples,
                      const CaptureOptions& options = {});

namespace internal {

inline std::vector<Tensor> AsVector(Tensor tensor) { return {std::move(tensor)}; }
inline std::vector<Tensor> AsVector(std::vector<Tensor> tensors) { return tensors; }

// Calls with the tensors one by one, or with all of them where `fn` takes a span.
template <typename Fn>
std::vector<Tensor> CallWithTensors(Fn& fn, absl::Span<const Tensor> inputs) {
  using T = const Tensor&;
  const auto expects = [&inputs](size_t count) {
    if (inputs.size() != count) {
      ThrowInvalidArgument("Capture: the function takes another number of tensors than examples");
    }
  };
  if constexpr (std::is_invocable_v<Fn&, T>) {
    expects(1);
    return AsVector(fn(inputs[0]));
  } else if constexpr (std::is_invocable_v<Fn&, T, T>) {
    expects(2);
    return AsVector(fn(inputs[0], inputs[1]));
  } else if constexpr (std::is_invocable_v<Fn&, T, T, T>) {
    expects(3);
    return AsVector(fn(inputs[0], inputs[1], inputs[2]));
  } else if constexpr (std::is_invocable_v<Fn&, T, T, T, T>) {
    expects(4);
    return AsVector(fn(inputs[0], inputs[1], inputs[2], inputs[3]));
  } else {
    return AsVector(fn(inputs));
  }
}

}  // namespace internal

// For functions, lambdas and modules of one to four tensors, or of a span of them, that return a
// tensor or a vector of tensors:
//   Graph graph = Capture([&](const Tensor& x) { return Relu(x + bias); }, {example});
template <typename Fn>
Graph Capture(Fn&& function, const std::vector<Tensor>& examples,
              const CaptureOptions& options = {}) {
  return CaptureFunction(
      [&function](absl::Span<const Tensor> inputs) {
        return internal::CallWithTensors(function, inputs);
      },
      examples, options);
}

}  // namespace neura::graph

#endif  // NEURA_GRAPH_CAPTURE_H_
