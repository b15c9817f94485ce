#include "neura/autograd/function.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/batched.h"
#include "neura/autograd/node.h"
#include "neura/autograd/vmap.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/reduce.h"

namespace neura::autograd {
namespace {

// What the recorded call carries as its options.
struct FunctionOptions {
  std::string name;
  std::shared_ptr<const FunctionBackward> backward;
  size_t num_outputs = 0;
  void VisitFields(FieldVisitor) {}
};

void FunctionRule(RuleContext& c) {
  const auto& options = c.Get<FunctionOptions>();
  std::vector<Tensor> grads;
  for (size_t i = 0; i < options.num_outputs; ++i) grads.push_back(c.grad(i));
  const std::vector<Tensor> results = (*options.backward)(grads);
  if (results.size() != c.num_inputs()) {
    ThrowInvalidArgument(absl::StrCat(options.name, ": backward gave ", results.size(),
                                      " gradients for ", c.num_inputs(), " inputs"));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].defined() || !c.needs(i)) continue;
    if (results[i].shape() != c.input_shape(i) || results[i].dtype() != c.input_dtype(i)) {
      ThrowInvalidArgument(absl::StrCat(
          options.name, ": the gradient of input ", i, ", ", DTypeName(c.input_dtype(i)), " ",
          ToString(c.input_shape(i)), ", cannot be ", Describe(results[i])));
    }
    c.Set(i, results[i]);
  }
}

constexpr Rule kRule = {.kind = Rule::Kind::kDifferentiable,
                        .saves = {},
                        .differentiable_outputs = kAllOutputs,
                        .backward = FunctionRule,
                        .holomorphic = false};

// Before main(), as every registration: tables grow while no other thread looks at them.
[[maybe_unused]] const OpId kRegistered = FunctionOp();

}  // namespace

// It is recorded and never dispatched, so nothing has to be inferred.
OpId FunctionOp() {
  static const OpId op = [] {
    OpSchema schema;
    schema.name = "function";
    schema.cc_name = "Function";
    schema.inputs = "tensors...";
    schema.doc = "A step whose gradient the program has written";
    schema.options = OptionsTypeOf<FunctionOptions>("FunctionOptions");
    schema.max_inputs = kAnyNumber;
    return RegisterOp(schema, [](const OpCall&, OutputSpecs&) {
      ThrowUnimplemented("function: use RecordFunction");
    });
  }();
  return op;
}

std::string_view NameOf(const Node& node) {
  if (node.op() != FunctionOp()) return SchemaOf(node.op()).name;
  return static_cast<const FunctionOptions*>(node.options())->name;
}

std::shared_ptr<const FunctionBackward> FunctionOf(const Node& node) {
  if (node.op() != FunctionOp()) return nullptr;
  return static_cast<const FunctionOptions*>(node.options())->backward;
}

namespace {

void RecordStep(const char* name, const std::vector<Tensor>& inputs,
                const std::vector<Tensor>& outputs, const FunctionBackward& backward) {
  std::vector<const Tensor*> refs;
  bool flows = false;
  for (const Tensor& input : inputs) {
    refs.push_back(&input);
    flows |= input.defined() && Flows(input);
  }
  if (!flows || !GradEnabled()) return;
  const FunctionOptions options{.name = name,
                                .backward = std::make_shared<const FunctionBackward>(backward),
                                .num_outputs = outputs.size()};
  const OpCall call{.op = FunctionOp(), .options = &options, .inputs = refs, .device = kCpu};
  const IntrusivePtr<Node> node = Node::Record(call, kRule, outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!IsDifferentiable(outputs[i].dtype())) continue;
    MetaOrNew(outputs[i]).SetNode(node, i);
  }
}

// The gradients of all examples by that of one. Of an input that they share it is the sum.
FunctionBackward Mapped(const FunctionBackward& backward, uint64_t level, int64_t size,
                        const std::vector<bool>& batched_inputs,
                        const std::vector<bool>& batched_outputs) {
  return [=](const std::vector<Tensor>& grads) {
    std::vector<Tensor> results;
    {
      // What the step has saved is of this level.
      const VmapScope scope(size, Randomness::kError, level);
      std::vector<Tensor> of_one = grads;
      for (size_t i = 0; i < grads.size(); ++i) {
        if (grads[i].defined() && batched_outputs[i]) of_one[i] = scope.Enter(grads[i], 0);
      }
      results = backward(of_one);
    }
    for (size_t i = 0; i < results.size() && i < batched_inputs.size(); ++i) {
      if (!results[i].defined()) continue;
      results[i] = VmapScope::Leave(results[i], 0, level, size);
      if (!batched_inputs[i]) results[i] = Sum(results[i], {.dims = {0}});
    }
    return results;
  };
}

// What tensors stand for at a level, and which of them do.
std::vector<Tensor> AllExamples(const std::vector<Tensor>& tensors, uint64_t level,
                                std::vector<bool>* batched) {
  std::vector<Tensor> all;
  for (const Tensor& tensor : tensors) {
    const Tensor examples = tensor.defined() ? ExamplesOf(tensor, level) : Tensor();
    batched->push_back(examples.defined());
    all.push_back(examples.defined() ? examples : tensor);
  }
  return all;
}

}  // namespace

void RecordFunction(const char* name, const std::vector<Tensor>& inputs,
                    const std::vector<Tensor>& outputs, FunctionBackward backward) {
  RecordStep(name, inputs, outputs, backward);
  uint64_t level = 0;
  int64_t size = 0;
  for (const Tensor& input : inputs) {
    if (!input.defined() || LevelOf(input) <= level) continue;
    level = LevelOf(input);
    size = ExamplesOf(input).size(0);
  }
  if (level == 0) return;
  std::vector<bool> batched_inputs, batched_outputs;
  const std::vector<Tensor> all_inputs = AllExamples(inputs, level, &batched_inputs);
  std::vector<Tensor> all_outputs = AllExamples(outputs, level, &batched_outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    // The history of what is the same for all examples has been noted.
    if (!batched_outputs[i]) all_outputs[i] = WithoutHistory(outputs[i]);
  }
  RecordFunction(name, all_inputs, all_outputs,
                 Mapped(backward, level, size, batched_inputs, batched_outputs));
}

}  // namespace neura::autograd
