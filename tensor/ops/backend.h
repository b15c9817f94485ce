// What a device brings: kernels in one table, and memory (SetDeviceMemory). Also how a program adds
// operations of its own.
#ifndef NEURA_TENSOR_OPS_BACKEND_H_
#define NEURA_TENSOR_OPS_BACKEND_H_

#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura {

// What comes out of an operation, before any memory is taken.
struct OutputSpec {
  OutputSpec() {}  // its own, so that a list of them is not zeroed first

  DType dtype = kFloat32;
  Dims shape = {};
  // Of views: where they lie in the input, in elements.
  Dims strides = {};
  int64_t offset = 0;
};

using OutputSpecs = absl::InlinedVector<OutputSpec, kMaxOutputs>;

// Validates a call and infers its outputs, of which there are as many as the row has; of a list it
// sets the number. Throws Error naming the operation, shapes and dtypes.
using InferFn = void (*)(const OpCall& call, OutputSpecs& outputs);

// A kernel only computes: shapes and dtypes were checked, outputs that are wanted are allocated and
// contiguous (except in place), others undefined. What only the data can tell, such as an index out
// of range, it throws as an Error; the call is put before the message. Nothing may be thrown inside
// a ParallelFor: take memory before it.
struct KernelCall {
  const OpCall& call;
  absl::Span<Tensor> outputs;

  template <typename Options>
  const Options& Get() const {
    return call.Get<Options>();
  }
  const Tensor& input(size_t i) const { return call.input(i); }
  bool has_input(size_t i) const { return call.has_input(i); }
  const Tensor& output(size_t i = 0) const { return outputs[i]; }
  bool wants(size_t i) const { return outputs[i].defined(); }
};
using Kernel = void (*)(KernelCall& call);

// Kernels by OpId; null where the device lacks one, which is an error that names both.
struct KernelTable {
  Kernel kernels[kMaxOps] = {};
  Kernel& operator[](OpId op) { return kernels[static_cast<int>(op)]; }
};
namespace internal {
extern constinit KernelTable g_kernels[kNumDeviceTypes];
}
inline KernelTable& KernelsOf(DeviceType type) {
  return internal::g_kernels[static_cast<int>(type)];
}

// Calls of which an input is sparse: fills the outputs, in place writes over the first input, or
// returns false, and the call is refused.
using SparseCalls = bool (*)(const OpCall& call, absl::Span<Tensor> outputs);
// Called before main() by the library that computes with sparse tensors.
void SetSparseCalls(SparseCalls calls);

// Throws InvalidArgument unless a call has as many inputs as its operation takes, those that it
// needs are defined, and all are on the call's device; Unimplemented where one is sparse.
void CheckInputs(const OpCall& call);
// What comes out of a call. Throws Unimplemented for a dtype that the operation does not take, and
// as its inference does.
OutputSpecs InferOutputs(const OpCall& call);
// Runs the kernel of the call's device and tells nobody. Throws Unimplemented when there is none,
// and as the kernel does; ResourceExhausted when it finds no memory.
void RunKernel(const OpCall& call, absl::Span<Tensor> outputs);

// Adds an operation to this program, before it is used by any thread. `schema`'s strings must live
// as long as the program. Throws InvalidArgument when the name is taken.
OpId RegisterOp(const OpSchema& schema, InferFn infer);

namespace internal {
extern const InferFn* g_infers;  // filled with the schemas
}
inline InferFn InferOf(OpId op) {
  if (ABSL_PREDICT_FALSE(internal::g_infers == nullptr)) internal::FillSchemas();
  return internal::g_infers[static_cast<size_t>(op)];
}

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_BACKEND_H_
