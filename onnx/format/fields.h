// Field numbers of the messages that Neura reads and writes: onnx.proto of ONNX 1.12
// (https://github.com/onnx/onnx/blob/v1.12.0/onnx/onnx.proto). Numbers never change there.
#ifndef NEURA_ONNX_FORMAT_FIELDS_H_
#define NEURA_ONNX_FORMAT_FIELDS_H_

#include <string>

#include "protozero/pbf_builder.hpp"
#include "protozero/types.hpp"

namespace neura::onnx {

enum class ModelField : protozero::pbf_tag_type {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kDomain = 4,
  kModelVersion = 5,
  kDocString = 6,
  kGraph = 7,
  kOpsetImport = 8,
  kMetadata = 14,
  kFunctions = 25,
};
enum class FunctionField : protozero::pbf_tag_type {
  kName = 1,
  kInput = 4,
  kOutput = 5,
  kNode = 7,
  kOpsetImport = 9,
  kDomain = 10,
  kDefaultAttribute = 11,
  kOverload = 13,
};
enum class StringEntryField : protozero::pbf_tag_type { kKey = 1, kValue = 2 };
enum class OperatorSetField : protozero::pbf_tag_type { kDomain = 1, kVersion = 2 };
enum class GraphField : protozero::pbf_tag_type {
  kNode = 1,
  kName = 2,
  kInitializer = 5,
  kDocString = 10,
  kInput = 11,
  kOutput = 12,
  kValueInfo = 13,
  kSparseInitializer = 15,
};
enum class NodeField : protozero::pbf_tag_type {
  kInput = 1,
  kOutput = 2,
  kName = 3,
  kOpType = 4,
  kAttribute = 5,
  kDomain = 7,
  kOverload = 8,
};
enum class AttributeField : protozero::pbf_tag_type {
  kName = 1,
  kFloat = 2,
  kInt = 3,
  kString = 4,
  kTensor = 5,
  kGraph = 6,
  kFloats = 7,
  kInts = 8,
  kStrings = 9,
  kTypeProto = 14,
  kType = 20,
  kReference = 21,
};
enum class TensorField : protozero::pbf_tag_type {
  kDims = 1,
  kDataType = 2,
  kSegment = 3,
  kFloatData = 4,
  kInt32Data = 5,
  kStringData = 6,
  kInt64Data = 7,
  kName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kUInt64Data = 11,
  kExternalData = 13,
  kDataLocation = 14,
};
enum class ValueInfoField : protozero::pbf_tag_type { kName = 1, kType = 2 };
enum class TypeField : protozero::pbf_tag_type {
  kTensorType = 1,
  kSequenceType = 4,
  kMapType = 5,
  kOptionalType = 9,
};
enum class MapTypeField : protozero::pbf_tag_type { kValueType = 2 };
// Of sequences and optionals.
enum class ElementTypeField : protozero::pbf_tag_type { kElementType = 1 };
enum class TensorTypeField : protozero::pbf_tag_type { kElementType = 1, kShape = 2 };
enum class ShapeField : protozero::pbf_tag_type { kDim = 1 };
enum class DimensionField : protozero::pbf_tag_type { kValue = 1, kParam = 2 };

// AttributeProto.AttributeType
namespace attribute_type {
inline constexpr int kFloat = 1, kInt = 2, kString = 3, kTensor = 4, kGraph = 5, kFloats = 6,
                     kInts = 7, kStrings = 8, kTypeProto = 13;
}

// The bytes of a message of which `fill` writes the fields.
template <typename Field, typename Fill>
std::string Encode(Fill fill) {
  std::string bytes;
  protozero::pbf_builder<Field> builder(bytes);
  fill(builder);
  return bytes;
}

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_FIELDS_H_
