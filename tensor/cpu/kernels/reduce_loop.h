// The shape of every reduction: which elements meet in which output, cut into tasks whose size does
// not depend on the number of threads, and combined in a fixed order.
#ifndef NEURA_TENSOR_CPU_KERNELS_REDUCE_LOOP_H_
#define NEURA_TENSOR_CPU_KERNELS_REDUCE_LOOP_H_

#include <algorithm>
#include <cstdint>
#include <memory>

#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {

// Reducer: types In, Acc; Init(), Step(Acc, In), Combine(Acc, Acc). `finish(Acc, output index)`.
//
// An output's elements are cut into pieces; within a piece kLanes accumulators run side by side and
// meet in a tree; the pieces then combine in order.
template <typename Reducer, typename Finish>
void RunReduction(const ReducePlan& plan, const typename Reducer::In* data, Finish finish) {
  using In = typename Reducer::In;
  using Acc = typename Reducer::Acc;
  constexpr int64_t kPiece = 1 << 15;  // elements
  constexpr int64_t kLanes = 16;
  const int64_t outputs = plan.kept.Count(), count = plan.reduced.Count();
  if (outputs == 0) return;
  if (count == 0) {
    for (int64_t o = 0; o < outputs; ++o) finish(Reducer::Init(), o);
    return;
  }
  const int64_t kept_stride = plan.kept.LastStride();
  const int64_t row = plan.reduced.LastExtent();
  const int64_t row_stride = plan.reduced.extents.empty() ? 1 : plan.reduced.LastStride();

  if (kept_stride == 1 && row_stride != 1) {
    // Neighbouring outputs are neighbours in memory: whole rows of outputs accumulate together.
    constexpr int64_t kWidth = 64;
    const int64_t inner = plan.kept.extents.back(), blocks = (inner + kWidth - 1) / kWidth;
    const int64_t outer = outputs / inner;
    const int64_t rows_per_piece = std::max<int64_t>(kPiece / std::min(inner, kWidth), 1);
    const int64_t pieces = (count + rows_per_piece - 1) / rows_per_piece;
    const auto partial = std::make_unique<Acc[]>(static_cast<size_t>(pieces * outputs));
    std::fill_n(partial.get(), pieces * outputs, Reducer::Init());
    ParallelFor(outer * blocks * pieces, [&](int64_t task) {
      const int64_t piece = task % pieces, block = task / pieces % blocks;
      const int64_t first = task / pieces / blocks * inner + block * kWidth;
      const int64_t width = std::min(kWidth, inner - block * kWidth);
      const In* base = data + plan.kept.OffsetOf(first);
      Acc* acc = &partial[static_cast<size_t>(piece * outputs + first)];
      const int64_t end = std::min((piece + 1) * rows_per_piece, count);
      for (int64_t r = piece * rows_per_piece; r < end; ++r) {
        const In* x = base + plan.reduced.OffsetOf(r);
        for (int64_t j = 0; j < width; ++j) acc[j] = Reducer::Step(acc[j], x[j]);
      }
    });
    for (int64_t o = 0; o < outputs; ++o) {
      Acc acc = partial[static_cast<size_t>(o)];
      for (int64_t p = 1; p < pieces; ++p) {
        acc = Reducer::Combine(acc, partial[static_cast<size_t>(p * outputs + o)]);
      }
      finish(acc, o);
    }
    return;
  }

  // Each output walks rows of its own elements.
  const int64_t pieces_per_row = (row + kPiece - 1) / kPiece;
  const int64_t rows = count / row;
  const int64_t rows_per_piece = std::max<int64_t>(kPiece / row, 1);
  const int64_t row_groups = (rows + rows_per_piece - 1) / rows_per_piece;
  const int64_t pieces = pieces_per_row * row_groups;
  const auto reduce_piece = [&](int64_t o, int64_t piece) {
    const In* base = data + plan.kept.OffsetOf(o);
    const int64_t begin = piece % pieces_per_row * kPiece;
    const int64_t n = std::min(kPiece, row - begin);
    const int64_t first = piece / pieces_per_row * rows_per_piece;
    const int64_t last = std::min(first + rows_per_piece, rows);
    Acc lanes[kLanes];
    std::fill(lanes, lanes + kLanes, Reducer::Init());
    for (int64_t r = first; r < last; ++r) {
      const In* x = base + plan.reduced.OffsetOf(r * row + begin);
      int64_t i = 0;
      if (row_stride == 1) {
        for (; i + kLanes <= n; i += kLanes) {
          for (int64_t lane = 0; lane < kLanes; ++lane) {
            lanes[lane] = Reducer::Step(lanes[lane], x[i + lane]);
          }
        }
      }
      for (; i < n; ++i) lanes[i % kLanes] = Reducer::Step(lanes[i % kLanes], x[i * row_stride]);
    }
    for (int64_t width = kLanes / 2; width > 0; width /= 2) {
      for (int64_t lane = 0; lane < width; ++lane) {
        lanes[lane] = Reducer::Combine(lanes[lane], lanes[lane + width]);
      }
    }
    return lanes[0];
  };
  if (pieces == 1) {
    const int64_t per_task = std::max<int64_t>(kPiece / count, 1);
    ParallelFor((outputs + per_task - 1) / per_task, [&](int64_t task) {
      const int64_t end = std::min((task + 1) * per_task, outputs);
      for (int64_t o = task * per_task; o < end; ++o) finish(reduce_piece(o, 0), o);
    });
    return;
  }
  const auto partial = std::make_unique<Acc[]>(static_cast<size_t>(pieces * outputs));
  ParallelFor(pieces * outputs, [&](int64_t task) {
    partial[static_cast<size_t>(task)] = reduce_piece(task / pieces, task % pieces);
  });
  for (int64_t o = 0; o < outputs; ++o) {
    Acc acc = partial[static_cast<size_t>(o * pieces)];
    for (int64_t p = 1; p < pieces; ++p) {
      acc = Reducer::Combine(acc, partial[static_cast<size_t>(o * pieces + p)]);
    }
    finish(acc, o);
  }
}

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_REDUCE_LOOP_H_
