// What constructors of layers share.
#ifndef NEURA_NN_LAYER_PARTS_H_
#define NEURA_NN_LAYER_PARTS_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "neura/nn/owned_tensor.h"
#include "neura/tensor/core/sizes.h"

namespace neura::nn::internal {

// Throws InvalidArgument below `least`, or below 1.
void CheckAtLeast(int64_t least, std::string_view layer, std::string_view option, int64_t value);
void CheckPositive(std::string_view layer, std::string_view option, int64_t value);

// A number for each of so many spatial dimensions. Throws InvalidArgument where there are others.
Sizes EachOf(std::string_view layer, std::string_view option, const Sizes& sizes, size_t dims);

// The same, and InvalidArgument for a number below `least`.
Sizes EachAtLeast(int64_t least, std::string_view layer, std::string_view option,
                  const Sizes& sizes, size_t dims);

// Throws InvalidArgument unless the value of an option is one of those names.
void CheckName(std::string_view layer, std::string_view option, std::string_view value,
               std::initializer_list<std::string_view> names);

// padding_idx, which may count from the end, counted from the start. Throws InvalidArgument where
// it is none of so many rows.
std::optional<int64_t> PaddingRow(std::string_view op, const std::optional<int64_t>& padding_idx,
                                  int64_t rows);

// Uniform in +-1 / sqrt(fan_in), PyTorch's start for weights and biases alike; zeros for a fan of
// 0.
Parameter UniformByFanIn(DimsView shape, int64_t fan_in);

}  // namespace neura::nn::internal

#endif  // NEURA_NN_LAYER_PARTS_H_
