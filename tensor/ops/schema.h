// What is known of an operation without running it.
#ifndef NEURA_TENSOR_OPS_SCHEMA_H_
#define NEURA_TENSOR_OPS_SCHEMA_H_

#include <cstdint>
#include <string_view>

#include "absl/base/optimization.h"
#include "absl/types/span.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura {

// An operation: op::kAdd, in the header of its family (op_list/pointwise.h). Tables are arrays over
// it.
enum class OpId : uint16_t {};
inline constexpr int kMaxOps = 1024;

// A family's identities begin at its value, whatever the others hold, so that a new row compiles
// anew what knows its family alone.
enum class OpFamily : uint16_t {
  kPointwise = 0,
  kCopy = 256,
  kReduce = 272,
  kLinearAlgebra = 336,
  kFft = 392,
  kImage = 400,
  kNorm = 464,
  kIndex = 496,
  kShape = 528,
  kView = 560,
  kCreate = 592,
  kFused = 656,
  kRegistered = 720,  // by the program
};
constexpr OpId IdIn(OpFamily family, uint16_t index) {
  return OpId{static_cast<uint16_t>(static_cast<uint16_t>(family) + index)};
}

// Of calls whose outputs take no memory for being noted; a list of outputs may be longer.
inline constexpr int kMaxOutputs = 4;
inline constexpr uint8_t kAnyNumber = 255;  // of inputs

// Outputs of a call: bit i for output i.
using OutputMask = uint16_t;
inline constexpr OutputMask kAllOutputs = 0xffff;

// Which dtypes a pointwise operation takes, in which it computes, and what comes out.
enum class DTypeRule : uint8_t {
  kNone,
  kSame,    // real numbers and bool
  kNumber,  // without bool
  kInteger,
  kBits,     // integers and bool
  kFloat,    // computed as floating point
  kTest,     // a truth value comes out
  kLogical,  // and goes in
  // Those of complex numbers, too.
  kSameOrComplex,
  kNumberOrComplex,
  kFloatOrComplex,
  kTestOrComplex,
  kMagnitude,  // kNumber; of complex numbers their real dtype comes out
};
constexpr bool TakesComplex(DTypeRule rule) { return rule >= DTypeRule::kSameOrComplex; }
// The rule for what is not complex.
constexpr DTypeRule OfReals(DTypeRule rule) {
  switch (rule) {
    case DTypeRule::kSameOrComplex:
      return DTypeRule::kSame;
    case DTypeRule::kNumberOrComplex:
    case DTypeRule::kMagnitude:
      return DTypeRule::kNumber;
    case DTypeRule::kFloatOrComplex:
      return DTypeRule::kFloat;
    case DTypeRule::kTestOrComplex:
      return DTypeRule::kTest;
    default:
      return rule;
  }
}

struct OpFlags {
  bool pointwise = false;      // inputs broadcast; may run in place
  bool view = false;           // the output shares the input's memory; there is no kernel
  bool random = false;         // equal calls need not be merged: attributes hold the counter
  bool promotes = false;       // inputs are converted to their common dtype first
  bool in_place_only = false;  // overwrites input 0, which is also the output
  bool moves = false;          // inputs may lie on another device than the outputs
  bool list = false;           // the output is a list: inference says how many there are
  bool widens = false;         // the CPU's kernel converts what has no loops itself
  bool adds = false;           // computes with elements, though it takes every dtype
  uint8_t first_value = 0;     // input from which promotion starts (1 for where)
  DTypeRule rule = DTypeRule::kNone;
  // Other calls are refused before they run. It is the dtype of input first_value that counts, or
  // that of the result, to which inputs are converted.
  DTypes dtypes = kAllDTypes;
  bool in_result = false;
  // Whether a call with these options changes input i; null where none ever does.
  bool (*changes)(const void* options, size_t i) = nullptr;

  static constexpr OpFlags None(DTypes dtypes = kFloatingDTypes) { return {.dtypes = dtypes}; }
  static constexpr OpFlags Pointwise(DTypeRule rule) {
    const DTypeRule real = OfReals(rule);
    const DTypes dtypes = real == DTypeRule::kLogical   ? kAllDTypes
                          : real == DTypeRule::kNumber  ? kNumericDTypes
                          : real == DTypeRule::kInteger ? kIntegerDTypes
                          : real == DTypeRule::kBits    ? kBitDTypes
                                                        : kRealDTypes;
    return {.pointwise = true,
            .promotes = true,
            .rule = rule,
            .dtypes = TakesComplex(rule) ? dtypes | kComplexDTypes : dtypes};
  }
  static constexpr OpFlags Select() {
    return {.pointwise = true, .promotes = true, .first_value = 1, .rule = DTypeRule::kSame};
  }
  static constexpr OpFlags Promoting(DTypes dtypes) {
    return {.promotes = true, .rule = DTypeRule::kSame, .dtypes = dtypes};
  }
  static constexpr OpFlags Arranging() { return {}; }
  static constexpr OpFlags Accumulating(DTypes dtypes) {
    return {.dtypes = dtypes, .in_result = true};
  }
  static constexpr OpFlags Adding() { return {.adds = true}; }
  static constexpr OpFlags View() { return {.view = true}; }
  static constexpr OpFlags Views() { return {.view = true, .list = true}; }
  static constexpr OpFlags Random() { return {.random = true}; }
  static constexpr OpFlags InPlaceOnly() { return {.in_place_only = true}; }
  static constexpr OpFlags Moving() { return {.moves = true}; }
  static constexpr OpFlags Fused(bool (*changes)(const void* options, size_t i) = nullptr) {
    return {.widens = true, .dtypes = kRealDTypes, .changes = changes};
  }
};

struct OpSchema {
  const char* name = nullptr;      // "log_softmax"
  const char* cc_name = nullptr;   // "LogSoftmax"
  const char* inputs = nullptr;    // "input, weight, bias?"; "x..." is one or more
  const char* outputs = "output";  // "values, indices"; the name of a list of them
  const char* doc = nullptr;
  const OptionsType* options = nullptr;
  uint8_t num_outputs = 1;  // counted, as inputs are; of a list 1
  uint8_t min_inputs = 0;
  uint8_t max_inputs = 0;  // or kAnyNumber
  OpFlags flags;

  bool has_options() const { return options != OptionsTypeOf<NoOptions>("NoOptions"); }
};

// What a row says of its call: the options' type, and the outputs as members of a struct, or that
// they are a list.
template <OpId kOp>
struct CallOf;

#define NEURA_INTERNAL_OUTPUT(name) Tensor name;
#define NEURA_INTERNAL_COUNT(name) +1
#define NEURA_DEFINE_CALL(Name, OptionsOfOp, flags, ...)                                      \
  struct Name##Outputs {                                                                      \
    NEURA_FOR_EACH(NEURA_INTERNAL_OUTPUT, __VA_ARGS__)                                        \
  };                                                                                          \
  template <>                                                                                 \
  struct CallOf<op::k##Name> {                                                                \
    using Options = OptionsOfOp;                                                              \
    using Outputs = Name##Outputs;                                                            \
    static constexpr int kNumOutputs = NEURA_FOR_EACH(NEURA_INTERNAL_COUNT, __VA_ARGS__) + 0; \
    static constexpr bool kIsList = (flags).list;                                             \
  };

namespace internal {
// By identity. Filled before main(), and never null after the first look.
extern const OpSchema* g_schemas;
const OpSchema* FillSchemas();
}  // namespace internal

inline const OpSchema& SchemaOf(OpId op) {
  const OpSchema* schemas = internal::g_schemas;
  if (ABSL_PREDICT_FALSE(schemas == nullptr)) schemas = internal::FillSchemas();
  return schemas[static_cast<size_t>(op)];
}
// Neura's own operations, as they stand in the list.
absl::Span<const OpId> BuiltinOps();
// Those and the ones that the program has registered.
absl::Span<const OpId> AllOps();
// Whether there is an operation of this number.
bool IsOp(int number);
// The operation of that name. False when there is none.
bool FindOp(std::string_view name, OpId* op);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_SCHEMA_H_
