#include "neura/tensor/linalg/error.h"

#include <utility>

#include "absl/status/status.h"

namespace neura::linalg {

LinAlgError::LinAlgError(std::string message)
    : Error(absl::StatusCode::kFailedPrecondition, std::move(message)) {}

}  // namespace neura::linalg
