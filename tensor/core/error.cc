#include "neura/tensor/core/error.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace neura {

Error::Error(absl::StatusCode code, std::string message)
    : code_(code), message_(std::move(message)) {}

void Error::AddContext(const std::string& context) {
  message_ = absl::StrCat(context, ": ", message_);
}

void ThrowInvalidArgument(std::string message) {
  throw Error(absl::StatusCode::kInvalidArgument, std::move(message));
}
void ThrowOutOfRange(std::string message) {
  throw Error(absl::StatusCode::kOutOfRange, std::move(message));
}
void ThrowFailedPrecondition(std::string message) {
  throw Error(absl::StatusCode::kFailedPrecondition, std::move(message));
}
void ThrowUnimplemented(std::string message) {
  throw Error(absl::StatusCode::kUnimplemented, std::move(message));
}
void ThrowResourceExhausted(std::string message) {
  throw Error(absl::StatusCode::kResourceExhausted, std::move(message));
}
void ThrowInternal(std::string message) {
  throw Error(absl::StatusCode::kInternal, std::move(message));
}
void ThrowStatus(const absl::Status& status) {
  throw Error(status.code(), std::string(status.message()));
}

}  // namespace neura
