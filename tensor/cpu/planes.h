#ifndef NEURA_TENSOR_CPU_PLANES_H_
#define NEURA_TENSOR_CPU_PLANES_H_

#include <algorithm>
#include <cstdint>

#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {

// Calls body(i) for i < planes on the thread pool, with as many planes of plane_size elements to an
// item as make some microseconds of work.
template <typename Body>
void ForEachPlane(int64_t planes, int64_t plane_size, Body body) {
  constexpr int64_t kItemSize = 1 << 14;
  const int64_t per_item = std::max<int64_t>(1, kItemSize / std::max<int64_t>(1, plane_size));
  ParallelFor((planes + per_item - 1) / per_item, [&](int64_t item) {
    const int64_t end = std::min(planes, (item + 1) * per_item);
    for (int64_t plane = item * per_item; plane < end; ++plane) body(plane);
  });
}

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_PLANES_H_
