#ifndef NEURA_TENSOR_LINALG_ERROR_H_
#define NEURA_TENSOR_LINALG_ERROR_H_

#include "neura/tensor/core/error.h"

namespace neura::linalg {

// A matrix that the computation cannot be done with, such as a singular one that is to be inverted;
// the message names its place in the batch. The code is kFailedPrecondition.
class LinAlgError : public Error {
 public:
  explicit LinAlgError(std::string message);
};

}  // namespace neura::linalg

#endif  // NEURA_TENSOR_LINALG_ERROR_H_
