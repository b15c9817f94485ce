#include "neura/graph/recording.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/module_path.h"
#include "neura/tensor/ops/op_list/create.h"

namespace neura::graph {

bool Recording::Intercept(const OpCall& call, absl::Span<Tensor>) {
  if (call.in_place && !is_inside_) {
    in_place_inputs_.clear();
    for (const Tensor* input : call.inputs) in_place_inputs_.push_back(*input);
  }
  return false;
}

void Recording::BeforeInPlace(const OpCall& call) {
  if (is_inside_) return;
  if (!call.in_place) {
    ThrowInvalidArgument(absl::StrCat("Capture: ", call.schema().name,
                                      " changes its inputs, which a graph cannot express"));
  }
  if (memory_.count(call.input(0).storage().get()) > 0) return;
  ThrowInvalidArgument(absl::StrCat(
      "Capture: ", Describe(call), " writes to a tensor that the function did not make by an ",
      "operation: an input, a constant or an Empty() one; Clone() ", "it first"));
}

bool Recording::Follows(const Tensor& tensor) const {
  if (!tensor.defined()) return false;
  const Storage* const storage = tensor.storage().get();
  const auto is_its = [storage](const Tensor& input) { return input.storage().get() == storage; };
  return following_.count(storage) > 0 || std::any_of(inputs.begin(), inputs.end(), is_its);
}

void Recording::OnRead(const Tensor& tensor) {
  if (is_inside_ || !Follows(tensor)) return;
  ThrowInvalidArgument(absl::StrCat(
      "Capture: the function looks at elements of a ", Describe(tensor),
      " that follow from its inputs (Item(), data(), printing, or a mask as an index); a graph ",
      "would do for all inputs what it does for these"));
}

void Recording::OnOp(const OpCall& call, absl::Span<Tensor> made) {
  if (is_inside_) return;
  const OpFlags& flags = call.schema().flags;
  RecordedOp record{
      call.op,     OptionsBox(call.op, call.options), {}, {made.begin(), made.end()}, call.in_place,
      ModulePath()};
  if (flags.random && call.schema().options == OptionsTypeOf<RandomOptions>("RandomOptions")) {
    auto& options = *static_cast<RandomOptions*>(record.options.data());
    options.seed = options.offset = 0;
  }
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const Tensor& input = call.input(i);
    const bool is_copy = call.in_place && input.defined() && results_.count(input.impl()) == 0;
    record.inputs.push_back(is_copy ? in_place_inputs_[i] : input);
  }
  bool follows = false;
  for (const Tensor* input : call.inputs) follows |= Follows(*input);
  for (const Tensor& result : made) {
    if (!result.defined()) continue;  // nobody wanted it
    if (follows) following_.insert(result.storage().get());
    results_.insert(result.impl());
    if (!flags.view && !call.in_place) memory_.insert(result.storage().get());
  }
  ops.push_back(std::move(record));
}

bool Recording::Keeps(const OpCall& call) {
  return !is_inside_ && keeps_whole && keeps_whole(call);
}

std::vector<Tensor> Recording::Keep(const OpCall& call,
                                    absl::FunctionRef<std::vector<Tensor>()> compute) {
  std::vector<Tensor> outputs;
  {
    struct Inside {
      bool& is_inside;
      ~Inside() { is_inside = false; }
    } const inside{is_inside_};
    is_inside_ = true;
    // In the order that a graph takes them to have, and none of them an input.
    for (const Tensor& output : compute()) {
      outputs.push_back(output.defined() ? Clone(output) : output);
    }
  }
  OnOp(call, absl::MakeSpan(outputs));
  return outputs;
}

}  // namespace neura::graph
