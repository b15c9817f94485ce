// Elements of tensors that lie outside of the model's file.
#ifndef NEURA_ONNX_FORMAT_EXTERNAL_DATA_H_
#define NEURA_ONNX_FORMAT_EXTERNAL_DATA_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

class ExternalData {
 public:
  virtual ~ExternalData() = default;
  // The elements that begin at `offset` of what `location` names.
  virtual absl::StatusOr<Tensor> Read(const std::string& location, uint64_t offset, DimsView shape,
                                      DType dtype) = 0;
};

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_EXTERNAL_DATA_H_
