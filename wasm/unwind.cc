// C++ exceptions in the threaded build. clang 14 addresses the landing pad's context as memory that
// threads share, where the library of emscripten 3.1.6 has one for each thread: no handler would be
// found. These functions take the place of the library's, on a shared context, and so exceptions
// may be on one thread at a time: what runs on others throws nothing (ParallelFor). The ABI:
// https://github.com/WebAssembly/tool-conventions/blob/main/EHScheme.md
#include <cstdint>

namespace {

struct Context {
  uintptr_t landing_pad;
  uintptr_t language_data;
  uintptr_t selector;
};

// The beginning of what C++ throws.
struct Exception {
  uint64_t exception_class;
  void (*cleanup)(int reason, Exception* exception);
};

constexpr int kCleanupPhase = 2;
constexpr int kForeignExceptionCaught = 1;
// The one register that the personality function of C++ sets besides the exception's.
constexpr int kSelectorRegister = 1;

}  // namespace

extern "C" {

Context __wasm_lpad_context;

int __gxx_personality_wasm0(int version, int actions, uint64_t exception_class,
                            Exception* exception, Context* context);

// Landing pads call it, for the engine unwinds by itself.
int _Unwind_CallPersonality(Exception* exception) {
  __wasm_lpad_context.selector = 0;
  return __gxx_personality_wasm0(1, kCleanupPhase, exception->exception_class, exception,
                                 &__wasm_lpad_context);
}

int _Unwind_RaiseException(Exception* exception) { __builtin_wasm_throw(0, exception); }

void _Unwind_DeleteException(Exception* exception) {
  if (exception->cleanup != nullptr) exception->cleanup(kForeignExceptionCaught, exception);
}

void _Unwind_SetGR(Context* context, int index, uintptr_t value) {
  if (index == kSelectorRegister) context->selector = value;
}
// The personality function takes 1 off, and counts from 1.
uintptr_t _Unwind_GetIP(Context* context) { return context->landing_pad + 2; }
void _Unwind_SetIP(Context*, uintptr_t) {}
uintptr_t _Unwind_GetLanguageSpecificData(Context* context) { return context->language_data; }
uintptr_t _Unwind_GetRegionStart(Context*) { return 0; }

}  // extern "C"
