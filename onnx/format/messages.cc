#include "neura/onnx/format/messages.h"

#include "absl/status/status.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/wire.h"

namespace neura::onnx {
namespace {

AttributeMessage ParseAttribute(std::string_view bytes) {
  using F = AttributeField;
  AttributeMessage attribute;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(F::kName):
        attribute.name = in.get_view();
        break;
      case Bytes(F::kReference):
        attribute.reference = in.get_view();
        break;
      case Varint(F::kType):
        attribute.type = in.get_int32();
        break;
      case Fixed32(F::kFloat):
        attribute.f = in.get_float();
        break;
      case Varint(F::kInt):
        attribute.i = in.get_int64();
        break;
      case Bytes(F::kString):
        attribute.s = in.get_view();
        break;
      case Bytes(F::kTensor):
        attribute.t = in.get_view();
        break;
      case Bytes(F::kGraph):
        attribute.g = in.get_view();
        break;
      case Bytes(F::kTypeProto):
        attribute.tp = in.get_view();
        break;
      case Fixed32(F::kFloats):
        attribute.floats.push_back(in.get_float());
        break;
      case Bytes(F::kFloats):
        Append(in.get_packed_float(), attribute.floats);
        break;
      case Bytes(F::kStrings):
        attribute.strings.push_back(in.get_view());
        break;
      case Varint(F::kInts):
        attribute.ints.push_back(in.get_int64());
        break;
      case Bytes(F::kInts):
        Append(in.get_packed_int64(), attribute.ints);
        break;
      default:
        in.skip();
    }
  });
  return attribute;
}

NodeMessage ParseNode(std::string_view bytes) {
  using F = NodeField;
  NodeMessage node;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(F::kInput):
        node.inputs.push_back(in.get_view());
        break;
      case Bytes(F::kOutput):
        node.outputs.push_back(in.get_view());
        break;
      case Bytes(F::kName):
        node.name = in.get_view();
        break;
      case Bytes(F::kOpType):
        node.op_type = in.get_view();
        break;
      case Bytes(F::kDomain):
        node.domain = in.get_view();
        break;
      case Bytes(F::kOverload):
        node.overload = in.get_view();
        break;
      case Bytes(F::kAttribute):
        node.attributes.push_back(ParseAttribute(in.get_view()));
        break;
      default:
        in.skip();
    }
  });
  return node;
}

DimensionMessage ParseDimension(std::string_view bytes) {
  using F = DimensionField;
  DimensionMessage dim;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Varint(F::kValue):
        dim = {in.get_int64(), {}};
        break;
      case Bytes(F::kParam):
        dim = {std::nullopt, in.get_view()};
        break;
      default:
        in.skip();
    }
  });
  return dim;
}

void ParseTensorType(std::string_view bytes, ValueInfoMessage& info) {
  using F = TensorTypeField;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Varint(F::kElementType):
        info.element_type = in.get_int32();
        break;
      case Bytes(F::kShape):
        info.shape.emplace();
        ForEachField<ShapeField>(in.get_view(), [&](auto& shape) {
          if (shape.tag_and_type() == Bytes(ShapeField::kDim)) {
            info.shape->push_back(ParseDimension(shape.get_view()));
          } else {
            shape.skip();
          }
        });
        break;
      default:
        in.skip();
    }
  });
}

// A tensor, a map of numbers or strings, a sequence of these, or an optional; of others nothing is
// noted.
void ParseType(std::string_view bytes, int depth, ValueInfoMessage& info) {
  ForEachField<TypeField>(bytes, [&](auto& type) {
    switch (type.tag_and_type()) {
      case Bytes(TypeField::kTensorType):
        info.is_tensor = true;
        return ParseTensorType(type.get_view(), info);
      case Bytes(TypeField::kMapType):
        if (info.is_map || depth > 1) return type.skip();
        info.is_map = true;
        return ForEachField<MapTypeField>(type.get_view(), [&](auto& map) {
          if (map.tag_and_type() != Bytes(MapTypeField::kValueType)) return map.skip();
          ParseType(map.get_view(), depth + 1, info);
        });
      case Bytes(TypeField::kSequenceType):
      case Bytes(TypeField::kOptionalType): {
        bool& kind = type.tag() == TypeField::kSequenceType ? info.is_sequence : info.is_optional;
        // No sequences of sequences.
        if (kind || depth > 1) return type.skip();
        kind = true;
        return ForEachField<ElementTypeField>(type.get_view(), [&](auto& element) {
          if (element.tag_and_type() != Bytes(ElementTypeField::kElementType)) {
            return element.skip();
          }
          ParseType(element.get_view(), depth + 1, info);
        });
      }
      default:
        type.skip();
    }
  });
}

ValueInfoMessage ParseValueInfo(std::string_view bytes) {
  using F = ValueInfoField;
  ValueInfoMessage info;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(F::kName):
        info.name = in.get_view();
        break;
      case Bytes(F::kType):
        ParseType(in.get_view(), 0, info);
        break;
      default:
        in.skip();
    }
  });
  return info;
}

void ParseGraph(std::string_view bytes, GraphMessage& graph) {
  using F = GraphField;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(F::kNode):
        graph.nodes.push_back(ParseNode(in.get_view()));
        break;
      case Bytes(F::kInitializer):
        graph.initializers.push_back(in.get_view());
        break;
      case Bytes(F::kInput):
        graph.inputs.push_back(ParseValueInfo(in.get_view()));
        break;
      case Bytes(F::kOutput):
        graph.outputs.push_back(ParseValueInfo(in.get_view()));
        break;
      case Bytes(F::kSparseInitializer):
        graph.has_sparse_initializers = true;
        in.skip();
        break;
      default:
        in.skip();
    }
  });
}

std::pair<std::string_view, int64_t> ParseOperatorSet(std::string_view bytes) {
  using F = OperatorSetField;
  std::pair<std::string_view, int64_t> opset;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(F::kDomain):
        opset.first = in.get_view();
        break;
      case Varint(F::kVersion):
        opset.second = in.get_int64();
        break;
      default:
        in.skip();
    }
  });
  return opset;
}

FunctionMessage ParseFunction(std::string_view bytes) {
  using F = FunctionField;
  FunctionMessage function;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(F::kName):
        function.name = in.get_view();
        break;
      case Bytes(F::kDomain):
        function.domain = in.get_view();
        break;
      case Bytes(F::kOverload):
        function.overload = in.get_view();
        break;
      case Bytes(F::kInput):
        function.inputs.push_back(in.get_view());
        break;
      case Bytes(F::kOutput):
        function.outputs.push_back(in.get_view());
        break;
      case Bytes(F::kDefaultAttribute):
        function.defaults.push_back(ParseAttribute(in.get_view()));
        break;
      case Bytes(F::kNode):
        function.nodes.push_back(ParseNode(in.get_view()));
        break;
      case Bytes(F::kOpsetImport):
        function.opsets.push_back(ParseOperatorSet(in.get_view()));
        break;
      default:
        in.skip();
    }
  });
  return function;
}

}  // namespace

absl::StatusOr<ModelMessage> ParseModel(std::string_view bytes) {
  using F = ModelField;
  ModelMessage model;
  model.num_bytes = bytes.size();
  try {
    ForEachField<F>(bytes, [&](auto& in) {
      switch (in.tag_and_type()) {
        case Bytes(F::kGraph):
          if (!model.graph) model.graph.emplace();
          ParseGraph(in.get_view(), *model.graph);
          break;
        case Bytes(F::kOpsetImport):
          model.opsets.push_back(ParseOperatorSet(in.get_view()));
          break;
        case Bytes(F::kFunctions):
          model.functions.push_back(ParseFunction(in.get_view()));
          break;
        default:
          in.skip();
      }
    });
  } catch (const protozero::exception&) {
    return absl::InvalidArgumentError("the bytes are not an ONNX model");
  }
  return model;
}

absl::StatusOr<GraphMessage> ParseSubgraph(std::string_view bytes) {
  GraphMessage graph;
  try {
    ParseGraph(bytes, graph);
  } catch (const protozero::exception&) {
    return absl::InvalidArgumentError("the bytes are not a graph");
  }
  return graph;
}

absl::StatusOr<ValueInfoMessage> ParseTypeOf(std::string_view bytes) {
  ValueInfoMessage info;
  try {
    ParseType(bytes, 0, info);
  } catch (const protozero::exception&) {
    return absl::InvalidArgumentError("the bytes are not a type");
  }
  return info;
}

}  // namespace neura::onnx
