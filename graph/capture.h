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
// function is run with the example's size, with 2 times that, with 3 times that and 1 more, and
// with 4 times that and 3 more.
struct DynamicDim {
  int input = 0;
  int dim = 0;
  std::string name;
};

struct CaptureOptions {
  // Dimension 0 of every input takes any size, called "batch"; the function is run at 2, 3,
  // 7 and 11.
  bool dynamic_batch = true;
  std::vector<DynamicDim> dynamic_dims = {};
  // Names for constants, such as a module's parameters and buffers; others get none.
  NamedTensors constant_names = {};
  // "input", "input1", ... and "output", "output1", ... where these are too short.
  std::vector<std::string> input_names = {};
  std::vector<std::string> output_names = {};
  // Whether a call of a function ("tensor/ops/whole_calls.h") becomes one node, called by the
  // function's name, in the place of those that it consists of. Empty: none does.
  std::function<bool(const OpCall&)> keeps_whole = {};
};

using Function = absl::FunctionRef<std::vector<Tensor>(absl::Span<const Tensor>)>;

// The graph of what `function` does with inputs like `examples`. It is run on resized copies of
// them, and what it does must not depend on their values. Tensors that it reads but does not make
// are constants; views among them stay views. What it writes in place, also through views of what
// it made, becomes new values. Random operations draw anew in each run of the graph.
//
// Numbers that differ between sizes are expressions of the sizes and of the extents of what was
// computed before: sums of multiples, or a multiple of a product of two. An expression is found at
// some sizes, proven at one more where all open sizes are others, and refused where it fails there.
// A branch that none of the sizes takes ("if longer than 512"), or a bound that none of them
// reaches (std::min(x.size(1), 512)), goes unseen all the same.
//
// Throws Error, naming the operation, for those that write to an input or a constant, and where a
// size reaches something by another rule, such as x.size(0) / 2 rows.
Graph CaptureFunction(Function function, absl::Span<const Tensor> examples,
                      const CaptureOptions& options = {});

namespace internal {

inline std::vector<Tensor> AsVector(Tensor tensor) { return {std::move(tensor)}; }
inline std::vector<Tensor> AsVector(std::vector<Tensor> tensors) { return tensors; }

[[noreturn]] void ThrowInputCount(size_t taken, size_t given);

template <size_t>
using TensorArgument = const Tensor&;

template <typename Fn, size_t... I>
constexpr bool TakesTensors(std::index_sequence<I...>) {
  return std::is_invocable_v<Fn&, TensorArgument<I>...>;
}

// Calls with the tensors one by one, where `fn` takes kCount to 4 of them, or else with a span.
template <size_t kCount = 1, typename Fn>
std::vector<Tensor> CallWithTensors(Fn& fn, absl::Span<const Tensor> inputs) {
  constexpr std::make_index_sequence<kCount> kIndices;
  if constexpr (kCount > 4) {
    return AsVector(fn(inputs));
  } else if constexpr (!TakesTensors<Fn>(kIndices)) {
    return CallWithTensors<kCount + 1>(fn, inputs);
  } else {
    if (inputs.size() != kCount) ThrowInputCount(kCount, inputs.size());
    return [&]<size_t... I>(std::index_sequence<I...>) { return AsVector(fn(inputs[I]...)); }
    (kIndices);
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
