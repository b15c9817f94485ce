// The safetensors format (github.com/huggingface/safetensors): named tensors and nothing that runs.
//
// A file is eight bytes with the header's length, the header in JSON (for each tensor its dtype,
// shape and place), and the elements.
#ifndef NEURA_TENSOR_IO_SAFETENSORS_H_
#define NEURA_TENSOR_IO_SAFETENSORS_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura {

struct Safetensors {
  // Names are unique; the order is that of the header, which is that in which they were saved.
  NamedTensors tensors = {};
  // Free text, e.g. {"format", "neura"}.
  std::map<std::string, std::string> metadata = {};

  // The tensor of that name, or null.
  const Tensor* Find(std::string_view name) const;
};

// All tensors of a file, on the CPU. The places of the tensors must cover the file without gap or
// overlap, as the format demands. Errors name the file and the tensor.
absl::StatusOr<Safetensors> LoadSafetensors(const std::string& path);

// The same of a file's bytes.
absl::StatusOr<Safetensors> ParseSafetensors(std::string_view bytes);

// Writes the file, whole or not at all; the same contents give the same bytes. Throws Error when a
// name occurs twice or is "__metadata__", when a name or the metadata is not UTF-8, when a tensor
// is complex128, which the format lacks, or when writing fails.
void SaveSafetensors(const std::string& path, const Safetensors& contents);

}  // namespace neura

#endif  // NEURA_TENSOR_IO_SAFETENSORS_H_
