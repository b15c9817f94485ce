// The header of a .npy file: a Python dictionary literal with three keys.
#ifndef NEURA_TENSOR_IO_NPY_HEADER_H_
#define NEURA_TENSOR_IO_NPY_HEADER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/dtype.h"
#include "neura/tensor/core/shape.h"

namespace neura::internal {

struct NpyHeader {
  DType dtype = kFloat32;
  bool big_endian = false;
  bool fortran_order = false;
  Dims shape;
};

// Parses e.g. "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".
absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view text);

// The literal for a little-endian array in C order. InvalidArgument when NumPy lacks the dtype.
absl::StatusOr<std::string> FormatNpyHeader(DType dtype, DimsView shape);

}  // namespace neura::internal

#endif  // NEURA_TENSOR_IO_NPY_HEADER_H_
