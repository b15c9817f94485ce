#include "neura/tensor/core/default_dtype.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

constinit std::atomic<DType> g_default{kFloat32};

}  // namespace

DType DefaultDType() noexcept { return g_default.load(std::memory_order_relaxed); }

void SetDefaultDType(DType dtype) {
  if (!IsFloating(dtype)) {
    ThrowInvalidArgument(
        absl::StrCat("the default dtype must be a floating point one, not ", DTypeName(dtype)));
  }
  g_default.store(dtype, std::memory_order_relaxed);
}

}  // namespace neura
