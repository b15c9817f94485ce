// Batches in pinned memory.
#ifndef NEURA_DATA_INTERNAL_PIN_H_
#define NEURA_DATA_INTERNAL_PIN_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"

namespace neura::data::internal {

// Replace every tensor of a batch by a copy in pinned memory.
inline void PinInPlace(Tensor& tensor) { tensor = PinMemory(tensor); }
template <typename T>
void PinInPlace(std::vector<T>& batch);
template <typename T, size_t N>
void PinInPlace(std::array<T, N>& batch);
template <typename A, typename B>
void PinInPlace(std::pair<A, B>& batch);
template <typename... T>
void PinInPlace(std::tuple<T...>& batch);

template <typename T>
void PinInPlace(std::vector<T>& batch) {
  for (T& part : batch) PinInPlace(part);
}
template <typename T, size_t N>
void PinInPlace(std::array<T, N>& batch) {
  for (T& part : batch) PinInPlace(part);
}
template <typename A, typename B>
void PinInPlace(std::pair<A, B>& batch) {
  PinInPlace(batch.first);
  PinInPlace(batch.second);
}
template <typename... T>
void PinInPlace(std::tuple<T...>& batch) {
  std::apply([](T&... parts) { (PinInPlace(parts), ...); }, batch);
}

// Whether a batch of this type is made of tensors.
template <typename T>
inline constexpr bool kPinnable = std::same_as<T, Tensor>;
template <typename T>
inline constexpr bool kPinnable<std::vector<T>> = kPinnable<T>;
template <typename T, size_t N>
inline constexpr bool kPinnable<std::array<T, N>> = kPinnable<T>;
template <typename A, typename B>
inline constexpr bool kPinnable<std::pair<A, B>> = kPinnable<A>&& kPinnable<B>;
template <typename... T>
inline constexpr bool kPinnable<std::tuple<T...>> = (kPinnable<T> && ...);

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_PIN_H_
