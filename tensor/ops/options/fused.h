// Programs over elements as operations: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_FUSED_H_
#define NEURA_TENSOR_OPS_OPTIONS_FUSED_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/element_program.h"

namespace neura {

// The same program as a loop of the CPU's, where it was known to the compiler: inputs and results
// of n contiguous elements each, in the order of the program. A result may be the memory of the
// input that it replaces.
struct CompiledProgram {
  using Loop = void (*)(const void* data, size_t n, const void* const* inputs,
                        void* const* results);
  Loop float32 = nullptr;  // computing in it; null: the program is interpreted
  Loop float64 = nullptr;
  std::shared_ptr<const void> data = nullptr;
};

// Of fused_pointwise: a program of one result over the inputs. Of fused_update: as many inputs as
// the program has are a tuple, and there may be any number of tuples; result k replaces input
// targets[k] of each.
struct FusedOptions {
  ElementProgram program = {};
  std::vector<uint8_t> targets = {};
  CompiledProgram compiled = {};

  std::string ToString() const;
  // Whether both compute the same, compiled or not.
  friend bool operator==(const FusedOptions& a, const FusedOptions& b) {
    return a.program == b.program && a.targets == b.targets;
  }
  void VisitFields(FieldVisitor) {}
};

// Whether input i of fused_update is overwritten.
bool FusedUpdateChanges(const void* options, size_t i);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_FUSED_H_
