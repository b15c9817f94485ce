#include "neura/onnx/conformance/data_file.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/format/wire.h"

namespace neura::onnx {
namespace {

using graph::Datum;

// onnx-data.proto
enum class SequenceField : protozero::pbf_tag_type { kTensors = 3 };
enum class OptionalField : protozero::pbf_tag_type { kTensor = 3, kSequence = 5 };

absl::StatusOr<DatumOfFile> ReadOne(std::string_view bytes) {
  absl::StatusOr<TensorOfFile> read = ReadTensorOfFile(bytes);
  if (!read.ok()) return absl::UnimplementedError(read.status().message());
  if (read->strings) {
    return DatumOfFile{Datum::Strings(std::move(read->strings->elements), read->strings->shape)};
  }
  return DatumOfFile{read->tensor, read->narrow};
}

absl::StatusOr<DatumOfFile> ReadSequence(std::string_view bytes) {
  std::vector<std::string_view> parts;
  ForEachField<SequenceField>(bytes, [&](auto& in) {
    in.tag_and_type() == Bytes(SequenceField::kTensors) ? parts.push_back(in.get_view())
                                                        : in.skip();
  });
  std::vector<Tensor> tensors;
  for (std::string_view part : parts) {
    const absl::StatusOr<DatumOfFile> tensor = ReadOne(part);
    if (!tensor.ok()) return tensor.status();
    tensors.push_back(tensor->datum.tensor());
  }
  return DatumOfFile{Datum::Sequence(std::move(tensors))};
}

// The files have bfloat16 as the bits of uint16.
Tensor AsBFloat16(const Tensor& bits) {
  const Tensor numbers = Tensor::Empty(bits.shape(), kBFloat16, kCpu);
  std::memcpy(numbers.raw_data(), bits.raw_data(), bits.nbytes());
  return numbers;
}

}  // namespace

absl::StatusOr<DatumOfFile> ReadDatum(std::string_view bytes, const ::onnx::TypeProto& type) {
  if (type.has_sequence_type()) return ReadSequence(bytes);
  if (!type.has_optional_type()) {
    absl::StatusOr<DatumOfFile> read = ReadOne(bytes);
    const bool bits = read.ok() && read->datum.kind() == graph::ValueKind::kTensor &&
                      read->datum.tensor().dtype() == kUInt16 &&
                      type.tensor_type().elem_type() == ::onnx::TensorProto::BFLOAT16;
    if (bits) read->datum = AsBFloat16(read->datum.tensor());
    return read;
  }
  const bool of_sequence = type.optional_type().elem_type().has_sequence_type();
  std::string_view tensor, sequence;
  ForEachField<OptionalField>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(OptionalField::kTensor):
        tensor = in.get_view();
        break;
      case Bytes(OptionalField::kSequence):
        sequence = in.get_view();
        break;
      default:
        in.skip();
    }
  });
  if (!sequence.empty()) return ReadSequence(sequence);
  if (tensor.empty()) return DatumOfFile{};
  // Some files have the sequence itself.
  return of_sequence ? ReadSequence(bytes) : ReadOne(tensor);
}

}  // namespace neura::onnx
