// IDX files, the format of MNIST and its relatives (yann.lecun.com/exdb/mnist describes it).
#ifndef NEURA_DATA_IDX_H_
#define NEURA_DATA_IDX_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data {

// The array of a file, which may be compressed with gzip, on the CPU: uint8, int8, int16, int32,
// float32 or float64. Errors name the file.
absl::StatusOr<Tensor> LoadIdx(const std::string& path);

// Sees what a file says of itself before its elements are decompressed, and refuses what its reader
// has no use for.
using IdxCheck = absl::FunctionRef<absl::Status(DType dtype, DimsView shape)>;
absl::StatusOr<Tensor> LoadIdx(const std::string& path, IdxCheck check);

// The same of a file's bytes.
absl::StatusOr<Tensor> ParseIdx(std::string_view bytes);

}  // namespace neura::data

#endif  // NEURA_DATA_IDX_H_
