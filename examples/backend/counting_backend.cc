#include "neura/examples/backend/counting_backend.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace neura::examples {
namespace {

std::array<std::atomic<int64_t>, kMaxOps> g_calls;
std::atomic<int64_t> g_copied_bytes;

// ---- memory ----------------------------------------------------------------------------------

Allocator& CountingAllocator(int index) {
  if (index != kCounting.index) {
    ThrowInvalidArgument(
        absl::StrCat("there is no device custom:", index, "; there is ", ToString(kCounting)));
  }
  return CpuAllocator();
}

void Copy(DeviceBytes to, DeviceBytes from, size_t bytes, bool) {
  std::memcpy(to.data, from.data, bytes);
  g_copied_bytes += static_cast<int64_t>(bytes);
}

constexpr DeviceMemory kMemory = {.allocator = &CountingAllocator, .copy = &Copy};

// ---- kernels ---------------------------------------------------------------------------------

// One kernel for every operation. A real backend has one each, for those that it supports.
void CountingKernel(KernelCall& call) {
  const OpId op = call.call.op;
  ++g_calls[static_cast<size_t>(op)];
  KernelsOf(DeviceType::kCpu)[op](call);
}

[[maybe_unused]] const bool kInstalled = [] {
  SetDeviceMemory(DeviceType::kCustom, &kMemory);
  KernelTable& table = KernelsOf(DeviceType::kCustom);
  for (OpId op : BuiltinOps()) {
    // Views and moves between devices need no kernels.
    const OpFlags flags = SchemaOf(op).flags;
    if (!flags.view && !flags.moves) table[op] = &CountingKernel;
  }
  return true;
}();

}  // namespace

std::vector<KernelCalls> CountedCalls() {
  std::vector<KernelCalls> counted;
  for (OpId op : AllOps()) {
    if (const int64_t calls = g_calls[static_cast<size_t>(op)]) {
      counted.push_back({op, calls});
    }
  }
  std::stable_sort(counted.begin(), counted.end(),
                   [](const KernelCalls& a, const KernelCalls& b) { return a.calls > b.calls; });
  return counted;
}

int64_t CopiedBytes() { return g_copied_bytes; }

}  // namespace neura::examples
