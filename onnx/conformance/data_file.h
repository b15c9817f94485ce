// What ONNX's cases have as inputs and outputs, each in a file of its own.
#ifndef NEURA_ONNX_CONFORMANCE_DATA_FILE_H_
#define NEURA_ONNX_CONFORMANCE_DATA_FILE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "neura/graph/datum.h"
#include "neura/onnx/format/narrow_type.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {

struct DatumOfFile {
  graph::Datum datum;
  const NarrowType* narrow = nullptr;
};

// A TensorProto, SequenceProto or OptionalProto, as the type says. Unimplemented for what Neura
// does not hold.
absl::StatusOr<DatumOfFile> ReadDatum(std::string_view bytes, const ::onnx::TypeProto& type);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_CONFORMANCE_DATA_FILE_H_
