#include "neura/tensor/ops/schema.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list.h"

namespace neura {
namespace {

// Reads "input, weight, bias?" and "tensors...". Optional inputs before a required one are passed
// undefined, those after it may be left out.
constexpr OpSchema Counted(OpSchema schema) {
  const auto for_each = [](std::string_view names, auto f) {
    while (!names.empty()) {
      const size_t end = names.find(", ");
      f(names.substr(0, end));
      names.remove_prefix(end == names.npos ? names.size() : end + 2);
    }
  };
  schema.num_outputs = schema.min_inputs = schema.max_inputs = 0;
  for_each(schema.outputs, [&](std::string_view) { ++schema.num_outputs; });
  for_each(schema.inputs, [&](std::string_view input) {
    if (input.ends_with("...")) {
      schema.min_inputs = schema.max_inputs + 1;
      schema.max_inputs = kAnyNumber;
      return;
    }
    ++schema.max_inputs;
    if (!input.ends_with('?')) schema.min_inputs = schema.max_inputs;
  });
  return schema;
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

// Of an operation that is left out a program has the name alone.
constexpr OpSchema Row(OpSchema schema) {
  schema = Counted(schema);
  if (IsHeld(schema.cc_name, schema.flags)) return schema;
  schema.cc_name = schema.name;
  schema.inputs = schema.outputs = schema.doc = "";
  schema.flags.changes = nullptr;
  return schema;
}

struct BuiltinRow {
  OpId op;
  OpSchema schema;  // but for the options, which are known at run time
};
constexpr BuiltinRow kBuiltinRows[] = {
#define NEURA_TEXT(...) #__VA_ARGS__
#define NEURA_OP(Name, name, Options, inputs, outputs, rule, flags, doc) \
  {op::k##Name, Row({#name, #Name, inputs, NEURA_TEXT outputs, doc, nullptr, 0, 0, 0, flags})},
#include "neura/tensor/ops/op_list.inc"
};

struct Registry {
  std::array<OpSchema, kMaxOps> schemas;
  std::array<InferFn, kMaxOps> infer = {};
  std::array<OpId, kMaxOps> ops;  // the built-in ones first
  std::atomic<size_t> num_ops{0};
  std::mutex registering;

  Registry() {
    for (const BuiltinRow& row : kBuiltinRows) {
      Add(row.op, row.schema, &InferLeftOut);
      schemas[Index(row.op)].options = OptionsTypeOf<NoOptions>("NoOptions");
    }
#define NEURA_OP(Name, name, Options, inputs, outputs, rule, flags, doc)    \
  if constexpr (IsHeld(#Name, flags)) {                                     \
    schemas[Index(op::k##Name)].options = OptionsTypeOf<Options>(#Options); \
    infer[Index(op::k##Name)] = &infer::rule;                               \
  }
#include "neura/tensor/ops/op_list.inc"
  }

  static size_t Index(OpId op) { return static_cast<size_t>(op); }

  void Add(OpId op, const OpSchema& schema, InferFn how) {
    // Families must not grow into each other.
    if (schemas[Index(op)].name != nullptr) std::abort();
    schemas[Index(op)] = schema;
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
  return {registry.ops.data(), std::size(kBuiltinRows)};
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
  const size_t registered = registry.num_ops - std::size(kBuiltinRows);
  const OpId op = IdIn(OpFamily::kRegistered, static_cast<uint16_t>(registered));
  constexpr int kMost = kMaxOps - static_cast<int>(OpFamily::kRegistered);
  if (Registry::Index(op) >= kMaxOps) {
    ThrowInvalidArgument(
        absl::StrCat("RegisterOp: ", schema.name, ": at most ", kMost, " operations"));
  }
  registry.Add(op, Counted(schema), infer);
  return op;
}

}  // namespace neura
