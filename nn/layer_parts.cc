#include "neura/nn/layer_parts.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"

namespace neura::nn::internal {

void CheckAtLeast(int64_t least, std::string_view layer, std::string_view option, int64_t value) {
  if (value >= least) return;
  ThrowInvalidArgument(
      absl::StrCat(layer, ": ", option, " = ", value, " must be at least ", least));
}
void CheckPositive(std::string_view layer, std::string_view option, int64_t value) {
  CheckAtLeast(1, layer, option, value);
}

Sizes EachOf(std::string_view layer, std::string_view option, const Sizes& sizes, size_t dims) {
  if (sizes.AreOf(dims)) return sizes.Each(dims);
  ThrowInvalidArgument(absl::StrCat(layer, ": ", option, " = ", ToString(sizes),
                                    " must be one number, or one for each of the ", dims,
                                    " spatial dimensions"));
}

Sizes EachAtLeast(int64_t least, std::string_view layer, std::string_view option,
                  const Sizes& sizes, size_t dims) {
  const Sizes each = EachOf(layer, option, sizes, dims);
  for (int64_t size : each.given()) {
    if (size >= least) continue;
    ThrowInvalidArgument(
        absl::StrCat(layer, ": ", option, " = ", ToString(sizes), " must be at least ", least));
  }
  return each;
}

void CheckName(std::string_view layer, std::string_view option, std::string_view value,
               std::initializer_list<std::string_view> names) {
  std::string listed;
  for (std::string_view name : names) {
    if (value == name) return;
    absl::StrAppend(&listed, listed.empty() ? "'" : ", '", name, "'");
  }
  ThrowInvalidArgument(
      absl::StrCat(layer, ": ", option, " = '", value, "' must be one of ", listed));
}

std::optional<int64_t> PaddingRow(std::string_view op, const std::optional<int64_t>& padding_idx,
                                  int64_t rows) {
  if (!padding_idx) return padding_idx;
  const int64_t row = *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
  if (row < 0 || row >= rows) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": padding_idx = ", *padding_idx, " is none of ", rows, " rows"));
  }
  return row;
}

Parameter UniformByFanIn(DimsView shape, int64_t fan_in) {
  const double bound = fan_in == 0 ? 0 : 1 / std::sqrt(static_cast<double>(fan_in));
  return Parameter(Uniform(shape, -bound, bound));
}

}  // namespace neura::nn::internal
