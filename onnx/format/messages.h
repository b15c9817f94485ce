// What an ONNX file says, as plain structs. Strings and byte runs are views of the file.
#ifndef NEURA_ONNX_FORMAT_MESSAGES_H_
#define NEURA_ONNX_FORMAT_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace neura::onnx {

struct AttributeMessage {
  std::string_view name;
  std::string_view reference;  // an attribute of the function around it, which stands for this one
  int32_t type = 0;            // attribute_type, or one that is not read
  float f = 0;
  int64_t i = 0;
  std::string_view s;
  std::string_view t;   // of a tensor, for ReadTensor
  std::string_view g;   // of a graph, for ParseSubgraph
  std::string_view tp;  // of a type, for ParseTypeOf
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string_view> strings;
};

struct NodeMessage {
  std::string_view name, op_type, domain, overload;
  std::vector<std::string_view> inputs, outputs;
  std::vector<AttributeMessage> attributes;
};

// At most one of the two is there.
struct DimensionMessage {
  std::optional<int64_t> value;
  std::string_view param;
};

struct ValueInfoMessage {
  std::string_view name;
  // Of what may be absent, or of a sequence, the tensor is what it holds.
  bool is_tensor = false, is_sequence = false, is_optional = false;
  int32_t element_type = 0;
  std::optional<std::vector<DimensionMessage>> shape;
};

struct GraphMessage {
  std::vector<NodeMessage> nodes;
  std::vector<std::string_view> initializers;  // of tensors, for ReadTensor
  std::vector<ValueInfoMessage> inputs, outputs;
  bool has_sparse_initializers = false;
};

// What nodes of its name stand for.
struct FunctionMessage {
  std::string_view name, domain, overload;
  std::vector<std::string_view> inputs, outputs;
  std::vector<AttributeMessage> defaults;  // of attributes that a node leaves out
  std::vector<NodeMessage> nodes;
  std::vector<std::pair<std::string_view, int64_t>> opsets;  // domain, version
};

struct ModelMessage {
  std::vector<std::pair<std::string_view, int64_t>> opsets;  // domain, version
  std::optional<GraphMessage> graph;
  std::vector<FunctionMessage> functions;
  size_t num_bytes = 0;
};

// The structs take memory in proportion to the bytes; no length is trusted. InvalidArgument when
// the bytes are not a message. Fields that are not read are skipped.
absl::StatusOr<ModelMessage> ParseModel(std::string_view bytes);
// Of a graph among a node's attributes. Graphs in turn among its attributes stay bytes.
absl::StatusOr<GraphMessage> ParseSubgraph(std::string_view bytes);
// The type among a node's attributes: of a value without a name.
absl::StatusOr<ValueInfoMessage> ParseTypeOf(std::string_view bytes);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_MESSAGES_H_
