// NumPy's .npy files, format versions 1.0 to 3.0 (numpy/lib/format.py describes them).
#ifndef NEURA_TENSOR_IO_NPY_H_
#define NEURA_TENSOR_IO_NPY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura {

// The array of a file, on the CPU: every dtype that NumPy and Neura share, of either byte order.
// Fortran order is read as a view with the strides that it has. Errors name the file.
absl::StatusOr<Tensor> LoadNpy(const std::string& path);

// The same of a file's bytes.
absl::StatusOr<Tensor> ParseNpy(std::string_view bytes);

// The bytes of a version 1.0 file in C order. Throws Error when the tensor is bfloat16, which NumPy
// lacks.
std::string FormatNpy(const Tensor& tensor);

// Writes a version 1.0 file in C order, whole or not at all. Throws Error when the tensor is
// bfloat16, which NumPy lacks, or when writing fails.
void SaveNpy(const std::string& path, const Tensor& tensor);

}  // namespace neura

#endif  // NEURA_TENSOR_IO_NPY_H_
