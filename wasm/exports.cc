#include "neura/wasm/exports.h"

#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/allocator.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::wasm {
namespace {

constexpr char kOutOfMemory[] = "out of memory";
std::string* const kMessage = new std::string;
const char* last_error = "";

// What f returns, or a zero of that type where it throws.
template <typename F>
auto Guarded(F f) -> decltype(f()) {
  try {
    try {
      return f();
    } catch (const std::bad_alloc&) {
      last_error = kOutOfMemory;
    } catch (const std::exception& error) {
      *kMessage = error.what();
      last_error = kMessage->c_str();
    }
  } catch (const std::bad_alloc&) {  // from the message
    last_error = kOutOfMemory;
  }
  return {};
}

const ValueInfo& InfoOf(const Session* session, int32_t side, int32_t index) {
  return (side == 0 ? session->inputs() : session->outputs()).at(static_cast<size_t>(index));
}

const Tensor& ResultOf(const Session* session, int32_t index) {
  return session->Result(static_cast<size_t>(index));
}

std::string Operations() {
  std::string names;
  for (OpId op : BuiltinOps()) {
    if (KernelsOf(DeviceType::kCpu)[op] != nullptr) absl::StrAppend(&names, " ", SchemaOf(op).name);
  }
  return names;
}

}  // namespace
}  // namespace neura::wasm

using neura::wasm::Guarded;
using neura::wasm::InfoOf;
using neura::wasm::ResultOf;
using neura::wasm::Session;

// What the linker would otherwise take for unused.
#define NEURA_EXPORT extern "C" __attribute__((used))

NEURA_EXPORT const char* neura_error() { return neura::wasm::last_error; }

NEURA_EXPORT void* neura_allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) neura::wasm::last_error = neura::wasm::kOutOfMemory;
  return memory;
}
NEURA_EXPORT void neura_free(void* memory) { std::free(memory); }

NEURA_EXPORT bool neura_set_threads(int32_t threads) {
  return Guarded([&] {
    neura::SetNumThreads(threads);
    return true;
  });
}

NEURA_EXPORT const char* neura_operations() {
  static const auto* names = new std::string(neura::wasm::Operations());
  return names->c_str();
}

NEURA_EXPORT Session* neura_load(const char* model, size_t bytes) {
  return Guarded([&] { return new Session(std::string_view(model, bytes)); });
}

NEURA_EXPORT void neura_dispose(Session* session) {
  delete session;
  neura::CpuAllocator().EmptyCache();
}

NEURA_EXPORT int32_t neura_num_values(const Session* session, int32_t side) {
  return static_cast<int32_t>((side == 0 ? session->inputs() : session->outputs()).size());
}
NEURA_EXPORT const char* neura_value_name(const Session* session, int32_t side, int32_t index) {
  return Guarded([&] { return InfoOf(session, side, index).name.c_str(); });
}
NEURA_EXPORT const char* neura_value_dtype(const Session* session, int32_t side, int32_t index) {
  return Guarded([&] { return InfoOf(session, side, index).dtype.c_str(); });
}
NEURA_EXPORT int32_t neura_value_rank(const Session* session, int32_t side, int32_t index) {
  return Guarded([&] { return static_cast<int32_t>(InfoOf(session, side, index).shape.size()); });
}
NEURA_EXPORT const char* neura_value_extent(const Session* session, int32_t side, int32_t index,
                                            int32_t dim) {
  return Guarded(
      [&] { return InfoOf(session, side, index).shape.at(static_cast<size_t>(dim)).c_str(); });
}

NEURA_EXPORT void* neura_set_input(Session* session, int32_t index, const int32_t* shape,
                                   int32_t rank) {
  return Guarded([&] {
    const neura::Dims dims(shape, shape + rank);
    return session->SetInput(static_cast<size_t>(index), dims);
  });
}

NEURA_EXPORT bool neura_run(Session* session) {
  return Guarded([&] {
    session->Run();
    return true;
  });
}

NEURA_EXPORT int32_t neura_result_rank(const Session* session, int32_t index) {
  return Guarded([&] { return static_cast<int32_t>(ResultOf(session, index).dim()); });
}
NEURA_EXPORT int32_t neura_result_extent(const Session* session, int32_t index, int32_t dim) {
  return Guarded([&] { return static_cast<int32_t>(ResultOf(session, index).size(dim)); });
}
NEURA_EXPORT const void* neura_result_data(const Session* session, int32_t index) {
  return Guarded([&]() -> const void* { return ResultOf(session, index).raw_data(); });
}
NEURA_EXPORT void neura_clear(Session* session) { session->Clear(); }
