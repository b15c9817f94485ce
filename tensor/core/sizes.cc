#include "neura/tensor/core/sizes.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura {

size_t Sizes::CheckedCount(DimsView each) {
  if (each.empty() || each.size() > kMostDims) {
    ThrowInvalidArgument(absl::StrCat(ToString(each),
                                      " must be one number, or one for each of up to ", kMostDims,
                                      " spatial dimensions"));
  }
  return each.size();
}

std::string ToString(const Sizes& sizes) {
  const DimsView given = sizes.given();
  return given.size() == 1 ? absl::StrCat(given[0]) : ToString(given);
}

}  // namespace neura
