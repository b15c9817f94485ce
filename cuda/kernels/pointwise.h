// The one elementwise kernel: f over broadcast, strided inputs. It serves every unary and binary
// operation, conversions and copies.
#ifndef NEURA_CUDA_KERNELS_POINTWISE_H_
#define NEURA_CUDA_KERNELS_POINTWISE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/strided.h"

namespace neura::cuda {
namespace internal {

// What one thread reads or writes at once.
template <typename T, int kCount>
struct alignas(sizeof(T) * kCount) Pack {
  T values[kCount];
};

template <typename F, typename Out, typename... In>
struct PointwiseBody {
  using Inputs = std::index_sequence_for<In...>;
  // 16 bytes of the widest operand, in at most 8 elements.
  static constexpr int kPack = static_cast<int>(
      std::min<size_t>(std::max<size_t>(16 / std::max({sizeof(Out), sizeof(In)...}), 1), 8));

  F f;
  Out* output;
  std::array<const void*, sizeof...(In)> inputs;

  // The elements of a pack.
  NEURA_DEVICE void Packed(int64_t index) const { Packed(index, Inputs()); }
  template <size_t... I>
  NEURA_DEVICE void Packed(int64_t index, std::index_sequence<I...>) const {
    reinterpret_cast<Pack<Out, kPack>*>(output)[index] =
        Map(static_cast<const Pack<In, kPack>*>(inputs[I])[index]...);
  }
  NEURA_DEVICE Pack<Out, kPack> Map(const Pack<In, kPack>&... x) const {
    Pack<Out, kPack> result;
    for (int k = 0; k < kPack; ++k) result.values[k] = Narrow<Out>(f(Widen(x.values[k])...));
    return result;
  }

  // One element; offsets[0] is the output's.
  NEURA_DEVICE void operator()(const Offsets<sizeof...(In) + 1>& offsets) const {
    Single(offsets, Inputs());
  }
  template <size_t... I>
  NEURA_DEVICE void Single(const Offsets<sizeof...(In) + 1>& offsets,
                           std::index_sequence<I...>) const {
    output[offsets[0]] =
        Narrow<Out>(f(Widen(static_cast<const In*>(inputs[I])[offsets[I + 1]])...));
  }
};

// Contiguous operands: packs first, then the elements that fill none.
template <typename Body>
struct ContiguousBody {
  Body body;
  int64_t packs;
  NEURA_DEVICE void operator()(int64_t i) const {
    if (i < packs) return body.Packed(i);
    Offsets<std::tuple_size_v<decltype(Body::inputs)> + 1> offsets;
    for (int64_t& offset : offsets.value) offset = packs * Body::kPack + i - packs;
    body(offsets);
  }
};

inline bool IsAligned(const void* data, size_t bytes) {
  return reinterpret_cast<uintptr_t>(data) % bytes == 0;
}

}  // namespace internal

// output = f(inputs...), elementwise; f takes and returns Compute types. The output may be one of
// the inputs.
template <typename Out, typename... In, typename F>
void Pointwise(const KernelCall& call, const F& f, const Tensor& output,
               const std::array<const Tensor*, sizeof...(In)>& inputs) {
  constexpr size_t kOperands = sizeof...(In) + 1;
  using Body = internal::PointwiseBody<F, Out, In...>;
  if (output.numel() == 0) return;
  Body body{f, static_cast<Out*>(output.raw_data()), {}};
  bool plain = output.is_contiguous();
  for (size_t k = 0; k < inputs.size(); ++k) {
    body.inputs[k] = inputs[k]->raw_data();
    plain = plain && inputs[k]->is_contiguous() && inputs[k]->shape() == output.shape();
  }
  LoopDims<kOperands> dims;
  if (!plain) {
    std::array<Dims, kOperands> strides;
    strides[0].assign(output.strides().begin(), output.strides().end());
    for (size_t k = 0; k < inputs.size(); ++k) {
      strides[k + 1] = BroadcastStrides(inputs[k]->shape(), inputs[k]->strides(), output.shape());
    }
    for (size_t d = 0; d < output.shape().size(); ++d) {
      std::array<int64_t, kOperands> stride;
      for (size_t k = 0; k < kOperands; ++k) stride[k] = strides[k][d];
      dims.Push(output.shape()[d], stride);
    }
    plain = dims.extents.size() <= 1;
    for (size_t k = 0; k < kOperands; ++k) {
      plain = plain && (dims.extents.empty() || dims.LastStride(k) == 1);
    }
  }
  if (!plain) return ForEachStrided(call, dims, body);
  bool aligned = internal::IsAligned(body.output, sizeof(Out) * Body::kPack);
  size_t operand = 0;
  ((aligned = aligned && internal::IsAligned(body.inputs[operand++], sizeof(In) * Body::kPack)),
   ...);
  const int64_t packs = aligned ? output.numel() / Body::kPack : 0;
  const int64_t threads = packs + output.numel() - packs * Body::kPack;
  ForEach(call, threads, internal::ContiguousBody<Body>{body, packs});
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_POINTWISE_H_
