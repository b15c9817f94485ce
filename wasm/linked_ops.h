// In the place of tensor/ops/linked_ops.h: what the bundle that is of no model holds. It has every
// operation, and of ONNX what models for browsers consist of; the rest would put it above 0.8 MB
// compressed. The bundle of a model has what the model has.
#ifndef NEURA_WASM_LINKED_OPS_H_
#define NEURA_WASM_LINKED_OPS_H_

#include <string_view>

namespace neura {

constexpr bool IsLinked(std::string_view name) {
  // Readers of other domains than ai.onnx, and of strings, which a session does not take.
  for (const std::string_view left_out :
       {"onnx.ai.onnx.", "onnx.com.microsoft.", "onnx.String", "onnx.TfIdf"}) {
    if (name.starts_with(left_out)) return false;
  }
  return true;
}

}  // namespace neura

#endif  // NEURA_WASM_LINKED_OPS_H_
