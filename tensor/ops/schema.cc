#include "neura/tensor/ops/schema.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list.h"

namespace neura {
namespace {

// Reads "input, weight, bias?" and "tensors...". Optional inputs before a required one are passed
// undefined, those after it may be left out.
void CountNames(OpSchema& schema) {
  const std::vector<std::string_view> outputs =
      absl::StrSplit(schema.outputs, ", ", absl::SkipEmpty());
  schema.num_outputs = static_cast<uint8_t>(outputs.size());
  schema.min_inputs = schema.max_inputs = 0;
  for (std::string_view input : absl::StrSplit(schema.inputs, ", ", absl::SkipEmpty())) {
    if (input.ends_with("...")) {
      schema.min_inputs = schema.max_inputs + 1;
      schema.max_inputs = kAnyNumber;
      return;
    }
    ++schema.max_inputs;
    if (!input.ends_with('?')) schema.min_inputs = schema.max_inputs;
  }
}

// The inference functions.
}  // namespace
namespace infer {
#define NEURA_OP(Name, name, Options, inputs, outputs, rule, ...) \
  void rule(const OpCall& call, OutputSpecs& outputs_of_call);
#include "neura/tensor/ops/op_list.inc"
}  // namespace infer
namespace {

// Views consist of their inference alone, and so every program has them.
constexpr bool IsHeld(std::string_view name, OpFlags flags) { return flags.view || IsLinked(name); }

[[noreturn]] void InferLeftOut(const OpCall& call, OutputSpecs&) {
  ThrowUnimplemented(
      absl::StrCat(Describe(call), ": this program was built without the operation"));
}

struct Registry {
  std::array<OpSchema, kMaxOps> schemas;
  std::array<InferFn, kMaxOps> infer = {};
  std::array<OpId, kMaxOps> ops;  // the built-in ones first
  std::atomic<size_t> num_ops{0};
  size_t num_builtin;
  std::mutex registering;

  Registry() {
#define NEURA_TEXT(...) #__VA_ARGS__
#define NEURA_OP(Name, name, Options, inputs, outputs, rule, flags, doc) \
  Add(op::k##Name, {#name, #Name, inputs, NEURA_TEXT outputs, doc,       \
                    OptionsTypeOf<Options>(#Options), 0, 0, 0, flags});  \
  if constexpr (IsHeld(#Name, flags)) infer[Index(op::k##Name)] = &infer::rule;
#include "neura/tensor/ops/op_list.inc"
    num_builtin = num_ops;
  }

  static size_t Index(OpId op) { return static_cast<size_t>(op); }

  void Add(OpId op, const OpSchema& schema, InferFn how = &InferLeftOut) {
    // Families must not grow into each other.
    if (schemas[Index(op)].name != nullptr) std::abort();
    schemas[Index(op)] = schema;
    CountNames(schemas[Index(op)]);
    infer[Index(op)] = how;
    const size_t place = num_ops.load(std::memory_order_relaxed);
    ops[place] = op;
    num_ops.store(place + 1, std::memory_order_release);
  }
};

Registry& GetRegistry() {
  static Registry* registry = new Registry;
  return *registry;
}

}  // namespace

namespace internal {
const OpSchema* g_schemas = nullptr;
const InferFn* g_infers = nullptr;
const OpSchema* FillSchemas() {
  g_infers = GetRegistry().infer.data();
  return g_schemas = GetRegistry().schemas.data();
}
// Before threads are, which look at it without a lock.
[[maybe_unused]] const OpSchema* const kFilled = FillSchemas();
}  // namespace internal

absl::Span<const OpId> BuiltinOps() {
  const Registry& registry = GetRegistry();
  return {registry.ops.data(), registry.num_builtin};
}

absl::Span<const OpId> AllOps() {
  const Registry& registry = GetRegistry();
  return {registry.ops.data(), registry.num_ops.load(std::memory_order_acquire)};
}

bool IsOp(int number) {
  return number >= 0 && number < kMaxOps && SchemaOf(OpId{static_cast<uint16_t>(number)}).name;
}

bool FindOp(std::string_view name, OpId* op) {
  for (OpId known : AllOps()) {
    if (name == SchemaOf(known).name) {
      *op = known;
      return true;
    }
  }
  return false;
}

OpId RegisterOp(const OpSchema& schema, InferFn infer) {
  Registry& registry = GetRegistry();
  std::lock_guard<std::mutex> lock(registry.registering);
  OpId existing;
  if (FindOp(schema.name, &existing)) {
    ThrowInvalidArgument(absl::StrCat("RegisterOp: there is already an operation ", schema.name));
  }
  const size_t registered = registry.num_ops - registry.num_builtin;
  const OpId op = IdIn(OpFamily::kRegistered, static_cast<uint16_t>(registered));
  constexpr int kMost = kMaxOps - static_cast<int>(OpFamily::kRegistered);
  if (Registry::Index(op) >= kMaxOps) {
    ThrowInvalidArgument(
        absl::StrCat("RegisterOp: ", schema.name, ": at most ", kMost, " operations"));
  }
  registry.Add(op, schema, infer);
  return op;
}

}  // namespace neura
