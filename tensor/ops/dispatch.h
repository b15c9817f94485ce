// The one door: every operation of every caller passes through Dispatch.
//
// It checks the inputs, promotes dtypes, infers what comes out, allocates it, runs the kernel of
// the inputs' device, and tells the thread's observers. Whatever wants to see operations
// (autograd's tape, graph capture, a profiler) is an observer in its own library; whatever wants to
// replace them is an interceptor.
#ifndef NEURA_TENSOR_OPS_DISPATCH_H_
#define NEURA_TENSOR_OPS_DISPATCH_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

using TensorRefs = absl::Span<const Tensor* const>;

struct OpCall {
  OpId op;
  const void* options;  // of the type that the schema names
  TensorRefs inputs;
  Device device;
  bool in_place = false;  // the output is *inputs[0]
  OutputMask wanted = kAllOutputs;

  const OpSchema& schema() const { return SchemaOf(op); }
  template <typename Options>
  const Options& Get() const {
    return *static_cast<const Options*>(options);
  }
  const Tensor& input(size_t i) const { return *inputs[i]; }
  // False also for trailing optional inputs that were left out.
  bool has_input(size_t i) const { return i < inputs.size() && inputs[i]->defined(); }
  // Whether the call writes over its input i.
  bool changes(size_t i) const {
    if (in_place) return i == 0;
    const OpFlags& flags = schema().flags;
    return flags.changes != nullptr && flags.changes(options, i);
  }
};

// ---- calling ---------------------------------------------------------------------------------

// Fills `outputs`, one for each that the schema has. Those that are not wanted are neither
// allocated nor computed, and stay undefined. Throws Error on misuse.
void Dispatch(OpId op, const void* options, TensorRefs inputs, absl::Span<Tensor> outputs,
              Device device, OutputMask wanted = kAllOutputs);
// On the device of the first defined input.
void Dispatch(OpId op, const void* options, TensorRefs inputs, absl::Span<Tensor> outputs,
              OutputMask wanted = kAllOutputs);
// Of an operation whose output is a list.
std::vector<Tensor> DispatchList(OpId op, const void* options, TensorRefs inputs);

// Writes the result of a pointwise operation over *inputs[0], which must have its shape and dtype.
void DispatchInPlace(OpId op, const void* options, TensorRefs inputs);

// CallFor<op::kMaxPool>(0b1, {.kernel_size = 2}, x).values: of several outputs those that are
// wanted; the others are undefined. The operation is known in the header of its family.
template <OpId kOp, typename... Inputs>
auto CallFor(OutputMask wanted, const typename CallOf<kOp>::Options& options,
             const Inputs&... inputs) {
  constexpr int kNumOutputs = CallOf<kOp>::kNumOutputs;
  static_assert(kNumOutputs > 1, "a call for its only output is a Call");
  const Tensor* const refs[] = {&inputs...};
  Tensor outputs[kNumOutputs];
  Dispatch(kOp, &options, refs, absl::MakeSpan(outputs), wanted);
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return typename CallOf<kOp>::Outputs{std::move(outputs[i])...};
  }
  (std::make_index_sequence<kNumOutputs>());
}
// Call<op::kMaxPool>({.kernel_size = 2}, x): the only output, a struct of them, or a vector where
// they are a list.
template <OpId kOp, typename... Inputs>
auto Call(const typename CallOf<kOp>::Options& options, const Inputs&... inputs) {
  const Tensor* const refs[] = {&inputs...};
  if constexpr (CallOf<kOp>::kIsList) {
    return DispatchList(kOp, &options, refs);
  } else if constexpr (CallOf<kOp>::kNumOutputs == 1) {
    Tensor output;
    Dispatch(kOp, &options, refs, absl::MakeSpan(&output, 1));
    return output;
  } else {
    return CallFor<kOp>(kAllOutputs, options, inputs...);
  }
}
// An operation of one output that is known at run time alone.
template <typename... Inputs>
Tensor CallAny(OpId op, const void* options, const Inputs&... inputs) {
  const Tensor* const refs[] = {&inputs...};
  Tensor output;
  Dispatch(op, options, refs, absl::MakeSpan(&output, 1));
  return output;
}

// ---- watching and replacing ------------------------------------------------------------------

class OpObserver {
 public:
  virtual ~OpObserver() = default;
  // Outputs that it needs beside those that the caller wants. Asked before the kernel runs, where
  // some are not wanted.
  virtual OutputMask Needs(const OpCall&) { return 0; }
  // Before memory is changed; may throw to forbid it.
  virtual void BeforeInPlace(const OpCall&) {}
  // After the kernel ran (or was queued). Outputs that nobody wanted are undefined.
  virtual void OnOp(const OpCall& call, absl::Span<Tensor> outputs) = 0;
  // Before somebody looks at elements: what follows may depend on them. May throw to forbid it.
  virtual void OnRead(const Tensor&) {}
};

class OpInterceptor {
 public:
  virtual ~OpInterceptor() = default;
  // Called when the inputs have been promoted. Returns true when it has filled the outputs itself;
  // else the call goes on to the one around. Operations that it calls pass the other interceptors
  // of the thread, not this one.
  virtual bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) = 0;
};

// Makes `observer` see every operation of every thread from its next operation on. Called before
// main() by libraries whose presence alone is the request (autograd).
void AddGlobalObserver(OpObserver* observer);

// While alive, the observer sees the operations of this thread.
class ScopedObserver {
 public:
  explicit ScopedObserver(OpObserver* observer);
  ~ScopedObserver();
  ScopedObserver(const ScopedObserver&) = delete;
  ScopedObserver& operator=(const ScopedObserver&) = delete;

 private:
  OpObserver* observer_;
};

// While alive, operations of this thread go to the interceptor first; the innermost one wins.
class ScopedInterceptor {
 public:
  explicit ScopedInterceptor(OpInterceptor* interceptor);
  ~ScopedInterceptor();
  ScopedInterceptor(const ScopedInterceptor&) = delete;
  ScopedInterceptor& operator=(const ScopedInterceptor&) = delete;
};

// Whether observers or interceptors of this thread see what passes the door.
bool IsWatched();

// "add(float32 [2, 3], float32 [3])"
std::string Describe(const OpCall& call);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_DISPATCH_H_
