// What a function of tensors did.
#ifndef NEURA_GRAPH_RECORDING_H_
#define NEURA_GRAPH_RECORDING_H_

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "neura/graph/options_box.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura::graph {

struct RecordedOp {
  OpId op;
  OptionsBox options;  // of random operations without the state that they drew from
  // Kept, so that no later tensor gets the address of one of these.
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;  // in place: inputs[0]
  bool in_place = false;
  std::string module;  // the path of that which called it
};

// Every operation of a thread while it is the thread's observer, interceptor and keeper of whole
// calls.
struct Recording : OpObserver, OpInterceptor, WholeKeeper {
  std::vector<RecordedOp> ops;
  std::vector<Tensor> inputs;                      // of the function
  std::vector<Tensor> outputs;                     // of the function
  std::function<bool(const OpCall&)> keeps_whole;  // empty: no calls

  // Throws InvalidArgument where memory is changed that no operation of this recording made.
  void BeforeInPlace(const OpCall& call) override;
  void OnOp(const OpCall& call, absl::Span<Tensor> made) override;
  bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) override;
  // Throws InvalidArgument for elements that follow from the function's inputs: what it did next
  // would be the same for others.
  void OnRead(const Tensor& tensor) override;
  bool Keeps(const OpCall& call) override;
  // Without recording what it consists of.
  std::vector<Tensor> Keep(const OpCall& call,
                           absl::FunctionRef<std::vector<Tensor>()> compute) override;

 private:
  // Whether the elements follow from those of the function's inputs.
  bool Follows(const Tensor& tensor) const;

  std::unordered_set<const TensorImpl*> results_;
  std::unordered_set<const Storage*> following_;  // beside that of the inputs
  std::unordered_set<const Storage*> memory_;     // of results that are no views
  // Of the last call in place, before inputs that overlap what is written were copied unseen.
  std::vector<Tensor> in_place_inputs_;
  bool is_inside_ = false;  // of a call that is kept whole
};

}  // namespace neura::graph

#endif  // NEURA_GRAPH_RECORDING_H_
