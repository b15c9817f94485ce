// The safetensors format (github.com/huggingface/safetensors): named tensors and nothing that runs.
//
// A file is eight bytes with the header's length, the header in JSON (for each tensor its dtype,
// shape and place), and the elements.
#ifndef NEURA_TENSOR_IO_SAFETENSORS_H_
#define NEURA_TENSOR_IO_SAFETENSORS_H_

#include <map>
#include <memory>
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

// An open file whose tensors are read where they are touched: of one of many gigabytes, a slice of
// a tensor costs that slice.
//
//   const absl::StatusOr<SafetensorsFile> file = SafetensorsFile::Open("model.safetensors");
//   const Tensor rows = Slice(*file->Get("embedding.weight"), 0, 100, 200);
class SafetensorsFile {
 public:
  // Checks the header as LoadSafetensors does. The file must not become shorter while it is open.
  static absl::StatusOr<SafetensorsFile> Open(const std::string& path);

  // In the order of the header.
  std::vector<std::string> names() const;
  const std::map<std::string, std::string>& metadata() const;

  // The tensor of that name, over the file's bytes, which it keeps open. What is written to it
  // stays in memory. NotFound where there is none.
  absl::StatusOr<Tensor> Get(std::string_view name) const;

 private:
  struct Contents;
  explicit SafetensorsFile(std::shared_ptr<const Contents> contents);

  std::shared_ptr<const Contents> contents_;
};

// Writes the file, whole or not at all; the same contents give the same bytes. Throws Error when a
// name occurs twice or is "__metadata__", when a name or the metadata is not UTF-8, when a tensor
// is complex128, which the format lacks, or when writing fails.
void SaveSafetensors(const std::string& path, const Safetensors& contents);

}  // namespace neura

#endif  // NEURA_TENSOR_IO_SAFETENSORS_H_
