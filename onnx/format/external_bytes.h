// Where the elements of tensors come from that lie outside of a model's file.
#ifndef NEURA_ONNX_FORMAT_EXTERNAL_BYTES_H_
#define NEURA_ONNX_FORMAT_EXTERNAL_BYTES_H_

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "neura/onnx/format/external_data.h"
#include "neura/tensor/io/mapped_file.h"

namespace neura::onnx {

// Of what is read from all that was opened: several tensors may share their bytes, but a model of
// few bytes may not have one copied again and again.
class ReadBudget {
 public:
  void Open(uint64_t bytes) { left_ += kTimes * bytes; }
  // ResourceExhausted where it is spent.
  absl::Status Spend(uint64_t bytes);

 private:
  static constexpr uint64_t kTimes = 4;
  uint64_t left_ = 0;
};

using ExternalBytes = std::function<absl::StatusOr<std::string>(const std::string& location)>;

// What a function of the caller's gives, which is asked once for a location.
class GivenBytes final : public ExternalData {
 public:
  explicit GivenBytes(const ExternalBytes& function) : function_(function) {}
  absl::StatusOr<Tensor> Read(const std::string& location, uint64_t offset, DimsView shape,
                              DType dtype) override;

 private:
  const ExternalBytes& function_;
  std::map<std::string, std::string> bytes_;
  ReadBudget budget_;
};

// Files in the folder of a model and below. A location that leads out of it, be it through a
// symbolic link, is an InvalidArgument: it would be the author of the model who reads the files of
// whoever runs it.
class FilesBeside final : public ExternalData {
 public:
  explicit FilesBeside(const std::filesystem::path& model) : model_(model) {}
  absl::StatusOr<Tensor> Read(const std::string& location, uint64_t offset, DimsView shape,
                              DType dtype) override;

 private:
  absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string& location) const;

  const std::filesystem::path model_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
  ReadBudget budget_;
};

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_EXTERNAL_BYTES_H_
