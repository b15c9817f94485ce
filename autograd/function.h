// Steps of a graph whose gradient a program writes itself.
#ifndef NEURA_AUTOGRAD_FUNCTION_H_
#define NEURA_AUTOGRAD_FUNCTION_H_

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/schema.h"

namespace neura::autograd {

// Gets the gradient of each output (undefined where nothing depends on it) and returns that of each
// input (undefined: zero). Written with public operations, it can be differentiated in turn.
using FunctionBackward =
    std::function<std::vector<Tensor>(const std::vector<Tensor>& grad_outputs)>;

// Records `outputs`, computed from `inputs` under a NoGradGuard, as one step:
//
//   Tensor y;
//   { NoGradGuard no_grad; y = Exp(x); }
//   RecordFunction("my_exp", {x}, {y}, [y](const auto& g) { return std::vector{g[0] * y}; });
//
// Does nothing where no input requires a gradient or recording is off. An output that is one of the
// inputs was changed in place; one that is a view of an input has to be cloned before. Backward
// throws InvalidArgument for a gradient of the wrong number, shape or dtype. Inside of a Vmap the
// step is recorded for all examples, too: their gradient is `backward` mapped over them.
void RecordFunction(const char* name, const std::vector<Tensor>& inputs,
                    const std::vector<Tensor>& outputs, FunctionBackward backward);

// The operation of which every such step is a call.
OpId FunctionOp();

class Node;
// What an operation is called in messages: its name, or that which RecordFunction() was given.
std::string_view NameOf(const Node& node);
// What RecordFunction() was given, of the node that it has recorded; null for another.
std::shared_ptr<const FunctionBackward> FunctionOf(const Node& node);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_FUNCTION_H_
