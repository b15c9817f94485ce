#include "absl/container/flat_hash_map.h"
#include "neura/onnx/import_ops.h"

namespace neura::onnx {

OperatorReader FindOperator(std::string_view name) {
  static const auto* operators = new absl::flat_hash_map<std::string_view, OperatorReader>{
#define ONNX_READ(Name, ...) {#Name, &__VA_ARGS__},
#include "neura/onnx/operators.inc"
  };
  const auto it = operators->find(name);
  return it == operators->end() ? nullptr : it->second;
}

}  // namespace neura::onnx
