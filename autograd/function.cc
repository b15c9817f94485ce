#include "neura/autograd/function.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/node.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"

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
                        .backward = FunctionRule};

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

void RecordFunction(const char* name, const std::vector<Tensor>& inputs,
                    const std::vector<Tensor>& outputs, FunctionBackward backward) {
  std::vector<const Tensor*> refs;
  bool flows = false;
  for (const Tensor& input : inputs) {
    refs.push_back(&input);
    flows |= input.defined() && Flows(input);
  }
  if (!flows || !GradEnabled()) return;
  const FunctionOptions options{
      .name = name,
      .backward = std::make_shared<const FunctionBackward>(std::move(backward)),
      .num_outputs = outputs.size()};
  const OpCall call{.op = FunctionOp(), .options = &options, .inputs = refs, .device = kCpu};
  const IntrusivePtr<Node> node = Node::Record(call, kRule, outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!IsDifferentiable(outputs[i].dtype())) continue;
    MetaOrNew(outputs[i]).SetNode(node, i);
  }
}

}  // namespace neura::autograd
