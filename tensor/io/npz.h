// NumPy's .npz files: zip archives of .npy files (numpy/lib/npyio.py). The zip format is that of
// PKWARE's APPNOTE.TXT 6.3.10, of which NumPy uses members that are stored or deflated, with 64-bit
// sizes where they are needed.
#ifndef NEURA_TENSOR_IO_NPZ_H_
#define NEURA_TENSOR_IO_NPZ_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura {

// The arrays of an archive in its order, on the CPU, by the names of its members without ".npy".
// Checksums are verified. Errors name the file and the member.
absl::StatusOr<NamedTensors> LoadNpz(const std::string& path);

// The same of a file's bytes.
absl::StatusOr<NamedTensors> ParseNpz(std::string_view bytes);

// Writes an archive, whole or not at all, with its members stored as they are or deflated; the same
// contents give the same bytes. Throws Error when a name occurs twice or has more than 65535 bytes,
// when a tensor is bfloat16, which NumPy lacks, when it has 4 GiB or more, or when writing fails.
void SaveNpz(const std::string& path, const NamedTensors& tensors, bool compressed = false);

}  // namespace neura

#endif  // NEURA_TENSOR_IO_NPZ_H_
