// What inference functions share. There is one for each operation, InferName: it validates a call
// and says what comes out.
#ifndef NEURA_TENSOR_OPS_INFER_H_
#define NEURA_TENSOR_OPS_INFER_H_

#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"

namespace neura::infer {

// Throws InvalidArgument with the call's operation, shapes and dtypes before the message.
template <typename... Parts>
[[noreturn]] void Fail(const OpCall& call, const Parts&... parts) {
  ThrowInvalidArgument(absl::StrCat(Describe(call), ": ", parts...));
}

inline void CheckFits(const OpCall& call, const Scalar& value, DType dtype) {
  if (!value.Fits(dtype)) {
    Fail(call, "the number ", ToString(value), " is outside of what ", DTypeName(dtype), " holds");
  }
}

inline void SameAsInput(const OpCall& call, OutputSpec& output) {
  output.dtype = call.input(0).dtype();
  SetDims(output.shape, call.input(0).shape());
}

inline void CheckRank(const OpCall& call, size_t input, int64_t rank, std::string_view layout) {
  if (call.input(input).dim() != rank) {
    Fail(call, "input ", input, " must be ", layout, ", of ", rank, " dimensions");
  }
}

inline void CheckFloating(const OpCall& call) {
  for (const Tensor* input : call.inputs) {
    if (input->defined() &&
        (!IsFloating(input->dtype()) || input->dtype() != call.input(0).dtype())) {
      Fail(call, "all inputs must have the same floating point dtype");
    }
  }
}

}  // namespace neura::infer

#endif  // NEURA_TENSOR_OPS_INFER_H_
