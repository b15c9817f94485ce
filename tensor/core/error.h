// The one exception type of Neura.
#ifndef NEURA_TENSOR_CORE_ERROR_H_
#define NEURA_TENSOR_CORE_ERROR_H_

#include <exception>
#include <string>

#include "absl/base/config.h"

// "absl/status/status.h" costs more to compile than all of the tensor headers together, so only its
// names are declared here. Include it where a particular code is named.
namespace absl {
ABSL_NAMESPACE_BEGIN
class Status;
enum class StatusCode : int;
ABSL_NAMESPACE_END
}  // namespace absl

namespace neura {

// Thrown on misuse: the message names the operation, what was expected, and the shapes and dtypes
// that were given.
class Error : public std::exception {
 public:
  Error(absl::StatusCode code, std::string message);

  absl::StatusCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Puts "context: " before the message, e.g. the path of the module whose Forward threw.
  void AddContext(const std::string& context);

 private:
  absl::StatusCode code_;
  std::string message_;
};

[[noreturn]] void ThrowInvalidArgument(std::string message);
[[noreturn]] void ThrowOutOfRange(std::string message);
[[noreturn]] void ThrowFailedPrecondition(std::string message);
[[noreturn]] void ThrowUnimplemented(std::string message);
[[noreturn]] void ThrowResourceExhausted(std::string message);
[[noreturn]] void ThrowInternal(std::string message);
// An Error with the code and message of a status that is not OK.
[[noreturn]] void ThrowStatus(const absl::Status& status);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_ERROR_H_
