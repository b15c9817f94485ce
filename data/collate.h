// Examples joined to a batch.
#ifndef NEURA_DATA_COLLATE_H_
#define NEURA_DATA_COLLATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {

namespace internal {
// Throws InvalidArgument: no examples, or lists of different lengths.
[[noreturn]] void ThrowNothingToCollate();
[[noreturn]] void ThrowUnequalLengths(size_t first, size_t other);

template <typename T>
struct Collator;
}  // namespace internal

// What torch.utils.data.default_collate does: tensors of one shape are joined along a new first
// dimension; of numbers a tensor is made (int64, float64 or bool); of strings a list. Arrays,
// pairs, tuples, maps by name, and vectors of one length are joined element by element. Throws
// InvalidArgument when there is no example, or shapes or lengths differ.
template <typename T>
auto DefaultCollate(absl::Span<const T> examples) {
  if (examples.empty()) internal::ThrowNothingToCollate();
  return internal::Collator<T>::Join(examples);
}
template <typename T>
auto DefaultCollate(const std::vector<T>& examples) {
  if constexpr (std::is_same_v<T, bool>) {  // a vector of bits
    const absl::InlinedVector<T, 16> flags(examples.begin(), examples.end());
    return DefaultCollate(absl::MakeConstSpan(flags));
  } else {
    return DefaultCollate(absl::MakeConstSpan(examples));
  }
}

namespace internal {

// The same part of each example, joined.
template <typename T, typename Get>
auto JoinPart(absl::Span<const T> examples, Get get) {
  std::vector<std::remove_cvref_t<decltype(get(examples[0]))>> parts;
  parts.reserve(examples.size());
  for (const T& example : examples) parts.push_back(get(example));
  return DefaultCollate(parts);
}

template <typename T>
struct Collator {
  static_assert(std::is_arithmetic_v<T>, "examples of this type need a collate function");
  static Tensor Join(absl::Span<const T> examples) {
    using Element =
        std::conditional_t<std::is_same_v<T, bool>, bool,
                           std::conditional_t<std::is_floating_point_v<T>, double, int64_t>>;
    Tensor batch = Tensor::Empty({static_cast<int64_t>(examples.size())}, DTypeOf<Element>, kCpu);
    for (size_t i = 0; i < examples.size(); ++i) {
      batch.template data<Element>()[i] = static_cast<Element>(examples[i]);
    }
    return batch;
  }
};

template <>
struct Collator<Tensor> {
  static Tensor Join(absl::Span<const Tensor> examples) { return neura::Stack(examples); }
};

template <>
struct Collator<std::string> {
  static std::vector<std::string> Join(absl::Span<const std::string> examples) {
    return {examples.begin(), examples.end()};
  }
};

template <typename T, size_t N>
struct Collator<std::array<T, N>> {
  static auto Join(absl::Span<const std::array<T, N>> examples) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::array{JoinPart(examples, [](const auto& example) { return example[I]; })...};
    }
    (std::make_index_sequence<N>());
  }
};

template <typename A, typename B>
struct Collator<std::pair<A, B>> {
  static auto Join(absl::Span<const std::pair<A, B>> examples) {
    return std::pair(JoinPart(examples, [](const auto& example) { return example.first; }),
                     JoinPart(examples, [](const auto& example) { return example.second; }));
  }
};

template <typename... T>
struct Collator<std::tuple<T...>> {
  static auto Join(absl::Span<const std::tuple<T...>> examples) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::make_tuple(
          JoinPart(examples, [](const auto& example) { return std::get<I>(example); })...);
    }
    (std::index_sequence_for<T...>());
  }
};

template <typename T>
struct Collator<std::vector<T>> {
  static auto Join(absl::Span<const std::vector<T>> examples) {
    for (const std::vector<T>& example : examples) {
      if (example.size() != examples[0].size()) {
        ThrowUnequalLengths(examples[0].size(), example.size());
      }
    }
    std::vector<decltype(DefaultCollate(std::declval<const std::vector<T>&>()))> batch;
    for (size_t i = 0; i < examples[0].size(); ++i) {
      batch.push_back(JoinPart(examples, [i](const auto& example) -> T { return example[i]; }));
    }
    return batch;
  }
};

template <typename T>
struct Collator<std::map<std::string, T>> {
  static auto Join(absl::Span<const std::map<std::string, T>> examples) {
    std::map<std::string, decltype(DefaultCollate(std::declval<const std::vector<T>&>()))> batch;
    for (const auto& named : examples[0]) {
      const std::string& name = named.first;
      batch.emplace(name, JoinPart(examples, [&](const auto& example) -> T {
                      const auto found = example.find(name);
                      if (found == example.end() || example.size() != examples[0].size()) {
                        ThrowUnequalLengths(examples[0].size(), example.size());
                      }
                      return found->second;
                    }));
    }
    return batch;
  }
};

}  // namespace internal
}  // namespace neura::data

#endif  // NEURA_DATA_COLLATE_H_
