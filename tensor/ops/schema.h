// What is known of an operation without running it.
#ifndef NEURA_TENSOR_OPS_SCHEMA_H_
#define NEURA_TENSOR_OPS_SCHEMA_H_

#include <cstdint>
#include <string_view>

#include "neura/tensor/ops/fields.h"

namespace neura {

// Dense: tables are arrays over it. Operations that a program registers come after the built-in
// ones.
enum class OpId : uint16_t {
#define NEURA_OP(Name, ...) k##Name,
#include "neura/tensor/ops/op_list.inc"
};
inline constexpr int kNumBuiltinOps = 0
#define NEURA_OP(...) +1
#include "neura/tensor/ops/op_list.inc"
    ;
inline constexpr int kMaxOps = 1024;
inline constexpr int kMaxOutputs = 4;
inline constexpr uint8_t kAnyNumber = 255;  // of inputs

enum class DTypeRule : uint8_t { kNone, kSame, kFloat, kTest, kLogical };

struct OpFlags {
  bool pointwise = false;      // inputs broadcast; may run in place
  bool view = false;           // the output shares the input's memory; there is no kernel
  bool random = false;         // equal calls need not be merged: attributes hold the counter
  bool promotes = false;       // inputs are converted to their common dtype first
  bool in_place_only = false;  // overwrites input 0, which is also the output
  bool moves = false;          // inputs may lie on another device than the outputs
  uint8_t mutates = 0;         // bit i: input i is changed (optimizer steps)
  uint8_t first_value = 0;     // input from which promotion starts (1 for where)
  DTypeRule rule = DTypeRule::kNone;

  static constexpr OpFlags None() { return {}; }
  static constexpr OpFlags Pointwise(DTypeRule rule) {
    return {.pointwise = true, .promotes = true, .rule = rule};
  }
  static constexpr OpFlags Select() {
    return {.pointwise = true, .promotes = true, .first_value = 1, .rule = DTypeRule::kSame};
  }
  static constexpr OpFlags Promoting() { return {.promotes = true, .rule = DTypeRule::kSame}; }
  static constexpr OpFlags View() { return {.view = true}; }
  static constexpr OpFlags Random() { return {.random = true}; }
  static constexpr OpFlags InPlaceOnly() { return {.in_place_only = true}; }
  static constexpr OpFlags Moving() { return {.moves = true}; }
  static constexpr OpFlags Mutating(uint8_t inputs) { return {.mutates = inputs}; }
};

struct OpSchema {
  const char* name = nullptr;     // "log_softmax"
  const char* cc_name = nullptr;  // "LogSoftmax"
  const char* inputs = nullptr;   // "input, weight, bias?"; "x..." is one or more
  const char* doc = nullptr;
  const OptionsType* options = nullptr;
  uint8_t num_outputs = 1;
  uint8_t min_inputs = 0;
  uint8_t max_inputs = 0;  // or kAnyNumber
  OpFlags flags;

  bool has_options() const { return options != OptionsTypeOf<NoOptions>("NoOptions"); }
};

const OpSchema& SchemaOf(OpId op);
// Built-in and registered operations.
int NumOps();
// The operation of that name. False when there is none.
bool FindOp(std::string_view name, OpId* op);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_SCHEMA_H_
