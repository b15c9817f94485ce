#include "neura/onnx/weights.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/messages.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/format/wire.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

// Calls read(field number, the field's bytes with its tag, its contents where it is of bytes).
template <typename Read>
void ForEachRawField(std::string_view bytes, Read read) {
  protozero::pbf_reader message(bytes);
  for (std::string_view left = bytes; message.next(); left = message.data()) {
    const bool has_bytes = message.wire_type() == protozero::pbf_wire_type::length_delimited;
    std::string_view contents;
    if (has_bytes) {
      contents = message.get_view();
    } else {
      message.skip();
    }
    read(message.tag(), left.substr(0, left.size() - message.data().size()), contents);
  }
}

class Writer {
 public:
  using Replacement =
      absl::FunctionRef<std::optional<StoredWeight>(const std::string& name, const Tensor& weight)>;

  Writer(const ModelMessage& model, Replacement replacement) : replacement_(replacement) {
    for (const auto& [domain, version] : model.opsets) {
      if (domain.empty() || domain == "ai.onnx") opset_ = version;
    }
    if (!model.graph) return;
    for (std::string_view each : model.graph->initializers) names_.emplace(TensorName(each));
    for (const ValueInfoMessage& each : model.graph->inputs) names_.emplace(each.name);
    for (const NodeMessage& node : model.graph->nodes) {
      for (std::string_view output : node.outputs) names_.emplace(output);
    }
  }

  std::string Model(std::string_view bytes) {
    std::string out;
    ForEachRawField(bytes, [&](auto tag, std::string_view field, std::string_view contents) {
      if (tag != static_cast<protozero::pbf_tag_type>(ModelField::kGraph)) {
        out.append(field);
        return;
      }
      protozero::pbf_builder<ModelField>(out).add_message(ModelField::kGraph, Graph(contents));
    });
    return out;
  }

 private:
  std::string Graph(std::string_view bytes) {
    const auto is = [](auto tag, GraphField field) {
      return tag == static_cast<protozero::pbf_tag_type>(field);
    };
    // Weights first, and the nodes that convert them before all others.
    std::string weights, rest;
    ForEachRawField(bytes, [&](auto tag, std::string_view, std::string_view contents) {
      if (!is(tag, GraphField::kInitializer)) return;
      protozero::pbf_builder<GraphField>(weights).add_message(GraphField::kInitializer,
                                                              Initializer(contents));
    });
    ForEachRawField(bytes, [&](auto tag, std::string_view field, std::string_view contents) {
      if (is(tag, GraphField::kInitializer)) return;
      if (is(tag, GraphField::kInput) && converted_.contains(NameOfValue(contents))) return;
      rest.append(field);
    });
    std::string out;
    protozero::pbf_builder<GraphField> builder(out);
    for (const std::string& node : nodes_) builder.add_message(GraphField::kNode, node);
    for (const std::string& each : scales_) builder.add_message(GraphField::kInitializer, each);
    return absl::StrCat(out, weights, rest);
  }

  // Old files list weights among the inputs.
  static std::string NameOfValue(std::string_view value_info) {
    std::string name;
    ForEachRawField(value_info, [&](auto tag, std::string_view, std::string_view contents) {
      if (tag == static_cast<protozero::pbf_tag_type>(ValueInfoField::kName)) name = contents;
    });
    return name;
  }

  std::string Unused(std::string name) {
    while (!names_.insert(name).second) name += "_";
    return name;
  }

  void Require(int64_t opset, std::string_view what) const {
    if (opset_ >= opset) return;
    ThrowUnimplemented(
        absl::StrCat(what, " need operator set ", opset, " or later; the model has ", opset_));
  }

  // Of what stands in the place of an initializer.
  std::string Initializer(std::string_view bytes) {
    const std::string name(TensorName(bytes));
    const absl::StatusOr<Tensor> weight = ReadTensor(bytes);
    // Strings and narrow elements stay as they are.
    if (absl::IsUnimplemented(weight.status()) && ReadTensorOfFile(bytes).ok()) {
      return std::string(bytes);
    }
    if (!weight.ok()) ThrowStatus(weight.status());
    const std::optional<StoredWeight> stored = replacement_(name, *weight);
    if (!stored) return std::string(bytes);
    const Tensor& values = stored->values;
    if (values.shape() != weight->shape()) {
      ThrowInvalidArgument(absl::StrCat("weight ", name, " is ", Describe(*weight),
                                        ", what is to replace it ", Describe(values)));
    }
    if (values.dtype() == weight->dtype()) return WriteTensor(values, name);
    converted_.insert(name);
    const std::string held = Unused(absl::StrCat(name, ".", DTypeName(values.dtype())));
    if (stored->scale.defined()) {
      Require(13, "int8 weights");
      const std::string scale = Unused(name + ".scale");
      scales_.push_back(WriteTensor(stored->scale, scale));
      AddNode("DequantizeLinear", {held, scale}, name, Attribute("axis", stored->axis));
    } else {
      Require(values.dtype() == kBFloat16 ? 13 : 6, "converted weights");
      AddNode("Cast", {held}, name,
              Attribute("to", static_cast<int64_t>(ToElementType(weight->dtype()))));
    }
    return WriteTensor(values, held);
  }

  void AddNode(const char* op_type, const std::vector<std::string>& inputs,
               const std::string& output, const Attribute& attribute) {
    nodes_.push_back(Encode<NodeField>([&](auto& out) {
      for (const std::string& input : inputs) out.add_string(NodeField::kInput, input);
      out.add_string(NodeField::kOutput, output);
      out.add_string(NodeField::kName, output + "." + op_type);
      out.add_string(NodeField::kOpType, op_type);
      out.add_message(NodeField::kAttribute, attribute.bytes());
    }));
  }

  Replacement replacement_;
  int64_t opset_ = 0;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> converted_;
  std::vector<std::string> nodes_, scales_;
};

}  // namespace

absl::StatusOr<NamedTensors> WeightsOf(std::string_view bytes) {
  const absl::StatusOr<ModelMessage> model = ParseModel(bytes);
  if (!model.ok()) return model.status();
  if (!model->graph) return absl::InvalidArgumentError("the model has no graph");
  NamedTensors weights;
  for (std::string_view each : model->graph->initializers) {
    absl::StatusOr<Tensor> tensor = ReadTensor(each);
    if (!tensor.ok()) return tensor.status();
    weights.emplace_back(TensorName(each), *std::move(tensor));
  }
  return weights;
}

absl::StatusOr<std::string> WithWeights(std::string_view bytes, Writer::Replacement replacement) {
  const absl::StatusOr<ModelMessage> model = ParseModel(bytes);
  if (!model.ok()) return model.status();
  if (!model->graph) return absl::InvalidArgumentError("the model has no graph");
  try {
    return Writer(*model, replacement).Model(bytes);
  } catch (const Error& error) {
    return absl::Status(error.code(), error.message());
  }
}

}  // namespace neura::onnx
