#include "neura/data/dataset.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data {

void CheckIndex(int64_t index, int64_t size) {
  if (index < 0 || index >= size) {
    ThrowOutOfRange(absl::StrCat("dataset: index ", index, " is outside [0, ", size, ")"));
  }
}

}  // namespace neura::data
