#include "neura/onnx/conformance/data_file.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/format/wire.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;

// onnx-data.proto
enum class SequenceField : protozero::pbf_tag_type { kTensors = 3, kMaps = 6 };
enum class MapField : protozero::pbf_tag_type { kKeys = 3, kStringKeys = 4, kValues = 5 };
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

// Keys and values of a map, whose values are numbers.
struct MapOfFile {
  std::vector<int64_t> ids = {};
  std::vector<std::string> names = {};
  std::vector<Tensor> values = {};
};

absl::StatusOr<MapOfFile> ReadMap(std::string_view bytes) {
  MapOfFile map;
  std::string_view values;
  ForEachField<MapField>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(MapField::kKeys):
        for (const int64_t id : in.get_packed_int64()) map.ids.push_back(id);
        break;
      case Varint(MapField::kKeys):
        map.ids.push_back(in.get_int64());
        break;
      case Bytes(MapField::kStringKeys):
        map.names.emplace_back(in.get_view());
        break;
      case Bytes(MapField::kValues):
        values = in.get_view();
        break;
      default:
        in.skip();
    }
  });
  const absl::StatusOr<DatumOfFile> read = ReadSequence(values);
  if (!read.ok()) return read.status();
  for (const Tensor& value : read->datum.sequence()) map.values.push_back(Reshape(value, {}));
  return map;
}

Datum MapOf(const MapOfFile& map, const Tensor& values) {
  const auto count = static_cast<int64_t>(map.values.size());
  if (map.names.empty()) return Datum::Map(FromVector(map.ids, {count}), values);
  return Datum::Map(Datum::Strings(map.names, {&count, 1}), values);
}

// Of maps with the same keys in the same order.
absl::StatusOr<DatumOfFile> ReadMaps(std::string_view bytes) {
  std::vector<std::string_view> parts;
  ForEachField<SequenceField>(bytes, [&](auto& in) {
    in.tag_and_type() == Bytes(SequenceField::kMaps) ? parts.push_back(in.get_view()) : in.skip();
  });
  std::optional<MapOfFile> first;
  std::vector<Tensor> rows;
  for (std::string_view part : parts) {
    absl::StatusOr<MapOfFile> map = ReadMap(part);
    if (!map.ok()) return map.status();
    rows.push_back(Stack(map->values, 0));
    if (first && (map->ids != first->ids || map->names != first->names)) {
      return absl::UnimplementedError("maps with different keys");
    }
    if (!first) first = *std::move(map);
  }
  if (!first) return absl::UnimplementedError("no maps");
  return DatumOfFile{MapOf(*first, Stack(rows, 0))};
}

// The files have bfloat16 as the bits of uint16.
Tensor AsBFloat16(const Tensor& bits) {
  const Tensor numbers = Tensor::Empty(bits.shape(), kBFloat16, kCpu);
  std::memcpy(numbers.raw_data(), bits.raw_data(), bits.nbytes());
  return numbers;
}

}  // namespace

absl::StatusOr<DatumOfFile> ReadDatum(std::string_view bytes, const ::onnx::TypeProto& type) {
  if (type.has_sequence_type()) {
    return type.sequence_type().elem_type().has_map_type() ? ReadMaps(bytes) : ReadSequence(bytes);
  }
  if (type.has_map_type()) {
    const absl::StatusOr<MapOfFile> map = ReadMap(bytes);
    if (!map.ok()) return map.status();
    return DatumOfFile{MapOf(*map, Stack(map->values, 0))};
  }
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
