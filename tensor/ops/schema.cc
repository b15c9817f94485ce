#include "neura/tensor/ops/schema.h"

#include <array>
#include <atomic>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/options.h"

namespace neura {
namespace {

// Reads "input, weight, bias?" and "tensors...". Optional inputs before a required one are passed
// undefined, those after it may be left out.
void CountInputs(OpSchema& schema) {
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

// Views consist of their inference alone, and so every program has them.
constexpr bool IsHeld(std::string_view name, OpFlags flags) { return flags.view || IsLinked(name); }

[[noreturn]] void InferLeftOut(const OpCall& call, absl::Span<OutputSpec>) {
  ThrowUnimplemented(
      absl::StrCat(Describe(call), ": this program was built without the operation"));
}

struct Registry {
  std::array<OpSchema, kMaxOps> schemas;
  std::array<InferFn, kMaxOps> infer = {};
  std::atomic<int> size{kNumBuiltinOps};
  std::mutex mutex;

  Registry() {
#define NEURA_OP(Name, name, Options, num_outputs, flags, inputs, doc)                        \
  schemas[static_cast<int>(OpId::k##Name)] = {                                                \
      #name, #Name, inputs, doc, OptionsTypeOf<Options>(#Options), num_outputs, 0, 0, flags}; \
  if constexpr (IsHeld(#Name, flags)) infer[static_cast<int>(OpId::k##Name)] = &infer::Infer##Name;
#include "neura/tensor/ops/op_list.inc"
    for (int i = 0; i < kNumBuiltinOps; ++i) {
      if (infer[static_cast<size_t>(i)] == nullptr) infer[static_cast<size_t>(i)] = &InferLeftOut;
      CountInputs(schemas[static_cast<size_t>(i)]);
    }
  }
};

Registry& GetRegistry() {
  static Registry* registry = new Registry;
  return *registry;
}

}  // namespace

const OpSchema& SchemaOf(OpId op) { return GetRegistry().schemas[static_cast<size_t>(op)]; }

InferFn InferOf(OpId op) { return GetRegistry().infer[static_cast<size_t>(op)]; }

int NumOps() { return GetRegistry().size.load(std::memory_order_acquire); }

bool FindOp(std::string_view name, OpId* op) {
  for (int i = 0; i < NumOps(); ++i) {
    if (name == SchemaOf(static_cast<OpId>(i)).name) {
      *op = static_cast<OpId>(i);
      return true;
    }
  }
  return false;
}

OpId RegisterOp(const OpSchema& schema, InferFn infer) {
  Registry& registry = GetRegistry();
  std::lock_guard<std::mutex> lock(registry.mutex);
  OpId existing;
  if (FindOp(schema.name, &existing)) {
    ThrowInvalidArgument(absl::StrCat("RegisterOp: there is already an operation ", schema.name));
  }
  const int id = registry.size.load(std::memory_order_relaxed);
  if (id == kMaxOps || schema.num_outputs > kMaxOutputs) {
    ThrowInvalidArgument(absl::StrCat("RegisterOp: ", schema.name, ": at most ", kMaxOps,
                                      " operations of at most ", kMaxOutputs, " outputs"));
  }
  registry.schemas[static_cast<size_t>(id)] = schema;
  CountInputs(registry.schemas[static_cast<size_t>(id)]);
  registry.infer[static_cast<size_t>(id)] = infer;
  registry.size.store(id + 1, std::memory_order_release);
  return static_cast<OpId>(id);
}

}  // namespace neura
