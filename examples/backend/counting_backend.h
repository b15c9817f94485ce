// A third backend, as small as one can be: it computes with the CPU's kernels on the CPU's memory,
// and counts. docs/backends.md walks through it.
#ifndef NEURA_EXAMPLES_BACKEND_COUNTING_BACKEND_H_
#define NEURA_EXAMPLES_BACKEND_COUNTING_BACKEND_H_

#include <cstdint>
#include <vector>

#include "neura/tensor/backend_api.h"

namespace neura::examples {

// Linking this library is all it takes for tensors to live here.
inline constexpr Device kCounting{DeviceType::kCustom, 0};

struct KernelCalls {
  OpId op;
  int64_t calls;
};
// Of the operations that ran at least once since the start of the program, most calls first.
std::vector<KernelCalls> CountedCalls();
// Bytes that came to this device or left it.
int64_t CopiedBytes();

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_BACKEND_COUNTING_BACKEND_H_
