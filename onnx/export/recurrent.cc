// Layers over sequences.
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::Node;
using graph::ValueId;

using Ints = std::vector<int64_t>;

// How a kind is said there.
struct Kind {
  const char* op_type;
  const char* activation;  // null: the operator's own ones
  Ints gates;              // which of those here each of those there is
};

Kind KindOf(const std::string& name) {
  if (name == "lstm") return {"LSTM", nullptr, {0, 3, 1, 2}};
  if (name == "gru") return {"GRU", nullptr, {1, 0, 2}};
  return {"RNN", name == "rnn_relu" ? "Relu" : "Tanh", {0}};
}

class Layers {
 public:
  Layers(Exporter& exporter, const Node& node)
      : exporter_(exporter),
        node_(node),
        options_(node.options().Get<RecurrentCall>()),
        kind_(KindOf(options_.kind)) {
    Ints order;
    for (int64_t gate : kind_.gates) {
      for (int64_t i = 0; i < options_.hidden_size; ++i) {
        order.push_back(gate * options_.hidden_size + i);
      }
    }
    if (kind_.gates.size() > 1) order_ = exporter_.Ints(order);
  }

  void Write() {
    std::string x = exporter_.Name(node_.inputs[0]);
    for (int64_t layer = 0; layer < options_.num_layers; ++layer) {
      x = WriteLayer(x, layer, layer + 1 == options_.num_layers);
    }
    for (size_t state : {size_t{1}, size_t{2}}) {
      if (!exporter_.graph().IsUsed(node_.outputs[state])) continue;
      const std::vector<std::string>& parts = last_[state - 1];
      if (parts.size() == 1) {
        exporter_.EmitTo({node_.outputs[state]}, "Identity", parts);
      } else {
        exporter_.EmitTo({node_.outputs[state]}, "Concat", parts, {{"axis", int64_t{0}}});
      }
    }
  }

 private:
  size_t Directions() const { return options_.directions(); }

  // A weight or bias of a layer, in the order of the gates there. Weights are initializers under
  // their own names, which runtimes rearrange once.
  std::string Part(int64_t layer, size_t direction, size_t which) {
    const size_t each = options_.bias ? 4 : 2;
    const size_t at = static_cast<size_t>(layer) * Directions() + direction;
    const std::string& name = exporter_.Name(node_.inputs[3 + at * each + which]);
    if (order_.empty()) return name;
    return exporter_.Emit("Gather", {name, order_}, {{"axis", int64_t{0}}});
  }

  // A row for each direction.
  template <typename PartOf>
  std::string Rows(PartOf part_of) {
    std::vector<std::string> rows;
    for (size_t d = 0; d < Directions(); ++d) {
      rows.push_back(exporter_.Emit("Unsqueeze", {part_of(d), exporter_.Ints({0})}));
    }
    if (rows.size() == 1) return rows[0];
    return exporter_.Emit("Concat", rows, {{"axis", int64_t{0}}});
  }

  std::string FirstState(size_t input, int64_t layer) {
    if (node_.inputs[input] == kNone) return "";
    const std::string& all = exporter_.Name(node_.inputs[input]);
    if (options_.num_layers == 1) return all;
    const auto rows = static_cast<int64_t>(Directions());
    return exporter_.Emit("Slice", {all, exporter_.Ints({layer * rows}),
                                    exporter_.Ints({(layer + 1) * rows}), exporter_.Ints({0})});
  }

  std::string WriteLayer(const std::string& x, int64_t layer, bool is_last) {
    std::vector<std::string> inputs = {x,
                                       Rows([&](size_t d) { return Part(layer, d, 0); }),
                                       Rows([&](size_t d) { return Part(layer, d, 1); }),
                                       options_.bias ? Rows([&](size_t d) {
                                         return exporter_.Emit(
                                             "Concat", {Part(layer, d, 2), Part(layer, d, 3)},
                                             {{"axis", int64_t{0}}});
                                       })
                                                     : std::string(),
                                       "",
                                       FirstState(1, layer)};
    if (options_.kind == "lstm") inputs.push_back(FirstState(2, layer));
    std::vector<Attribute> attributes = {{"hidden_size", options_.hidden_size}};
    if (options_.bidirectional) attributes.push_back({"direction", "bidirectional"});
    if (kind_.activation != nullptr) {
      const std::vector<std::string> each(Directions(), kind_.activation);
      attributes.push_back({"activations", absl::MakeConstSpan(each)});
    }
    if (options_.kind == "gru") attributes.push_back({"linear_before_reset", int64_t{1}});
    const std::vector<std::string> outputs =
        exporter_.EmitAll(kind_.op_type, inputs, options_.kind == "lstm" ? 3 : 2, attributes);
    for (size_t i = 1; i < outputs.size(); ++i) last_[i - 1].push_back(outputs[i]);
    return Joined(outputs[0], is_last);
  }

  // [T, directions, N, H] as [T, N, directions * H].
  std::string Joined(const std::string& y, bool is_last) {
    const auto emit = [&](const char* op_type, std::vector<std::string> inputs) {
      if (!is_last) return exporter_.Emit(op_type, std::move(inputs));
      exporter_.EmitTo({node_.outputs[0]}, op_type, std::move(inputs));
      return std::string();
    };
    if (Directions() == 1) return emit("Squeeze", {y, exporter_.Ints({1})});
    const std::string by_step =
        exporter_.Emit("Transpose", {y}, {{"perm", absl::Span<const int64_t>({0, 2, 1, 3})}});
    return emit("Reshape", {by_step, exporter_.Ints({0, 0, 2 * options_.hidden_size})});
  }

  Exporter& exporter_;
  const Node& node_;
  const RecurrentCall& options_;
  const Kind kind_;
  std::string order_;                 // of the rows of weights; empty: as they are
  std::vector<std::string> last_[2];  // h and c, of each layer
};

}  // namespace

void WriteRecurrent(Exporter& exporter, const Node& node, const char*) {
  Layers(exporter, node).Write();
}

}  // namespace neura::onnx
