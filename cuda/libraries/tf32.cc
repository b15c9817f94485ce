#include "neura/cuda/libraries/tf32.h"

#include <atomic>

namespace neura::cuda {
namespace {

std::atomic<bool> g_allow_tf32{false};

}  // namespace

void SetAllowTf32(bool allow) { g_allow_tf32.store(allow, std::memory_order_relaxed); }
bool AllowTf32() { return g_allow_tf32.load(std::memory_order_relaxed); }

}  // namespace neura::cuda
