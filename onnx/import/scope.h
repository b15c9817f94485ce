// The names of one graph of a file, and its nodes on their way into a graph.
#ifndef NEURA_ONNX_IMPORT_SCOPE_H_
#define NEURA_ONNX_IMPORT_SCOPE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/onnx/format/external_data.h"
#include "neura/onnx/import/importer.h"

namespace neura::onnx {

// What all graphs of a file share.
struct FileContext {
  int opset = 0;
  // By domain, name and overload.
  using FunctionName = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<FunctionName, const FunctionMessage*> functions = {};
  ExternalData* external = nullptr;  // null where there is none
  int64_t most_rounds = 0;           // of each loop
  // Of what leaves out extents of 1 and meets open ones: what these are taken for, and whether any
  // was read.
  bool takes_open_for_one = false;
  bool leaves_out_open = false;
  int64_t budget = 0;  // in bytes, for constants computed while importing
  // Bodies are read again where their sizes change; this bounds how often in all.
  int64_t nodes_left = 0;
  int64_t bytes_left = 0;  // of constants in what is read
};

// Graphs stand in graphs: the bodies of If, Loop and Scan, which read the names around them. What
// such a body reads of tensors becomes an input of its own, which its node captures; constants are
// simply there.
class Scope {
 public:
  // Reads into `graph`, which outlives it.
  Scope(FileContext& file, graph::Graph& graph) : file_(file), graph_(graph), opset_(file.opset) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Throws InvalidArgument for a name that is taken, or none.
  void Define(std::string_view name, ImportedValue value);
  // Initializers and nodes.
  void ReadGraph(const GraphMessage& message);
  // In the graph. Throws InvalidArgument where nothing of the name is known.
  graph::ValueId ValueOf(std::string_view name);
  // The type of its elements in the file, where they are held for others; else null.
  const NarrowType* NarrowOf(std::string_view name);
  graph::ValueId ValueOf(const ImportedValue& value);
  // "node x (Conv, operator set 17)", for messages.
  std::string NameOf(const NodeMessage& node) const;

 private:
  // Of a graph of its own; of a branch that is always taken; of a function in a node's place, which
  // sees nothing around it.
  enum class Kind { kBody, kInline, kFunction };
  Scope(Scope& outer, graph::Graph& graph, Kind kind);

  // Null where nothing of the name is known, or nothing that may be read from here.
  const ImportedValue* Find(std::string_view name);
  void AddInitializers(const GraphMessage& message);
  void ReadNode(const NodeMessage& given);
  void ReadResolvedNode(const NodeMessage& node);
  const FunctionMessage* FindFunction(const NodeMessage& node) const;
  std::vector<ImportedValue> ReadCall(const FunctionMessage& function, const NodeMessage& node,
                                      const std::vector<ImportedValue>& inputs);
  // With what attributes refer to in their places.
  NodeMessage Resolved(const NodeMessage& node) const;
  void DefineOutputs(const NodeMessage& node, std::vector<ImportedValue> outputs);
  std::vector<ImportedValue> Read(graph::Graph& graph, OperatorReader read, const NodeMessage& node,
                                  std::vector<ImportedValue> inputs);
  bool ComputeNow(OperatorReader read, const NodeMessage& node,
                  const std::vector<ImportedValue>& inputs, std::vector<ImportedValue>* outputs);
  std::optional<std::vector<Tensor>> Evaluate(OperatorReader read, const NodeMessage& node,
                                              const std::vector<Tensor>& inputs);
  bool Spend(const Tensor& constant);
  // Of a vector that is joined from what is known and what a run reads: its elements.
  void NoteElements(const NodeMessage& node, const std::vector<ImportedValue>& inputs,
                    std::vector<ImportedValue>* outputs) const;
  // Throws where constants are read again too often.
  void Charge(size_t bytes);

  // ---- control_flow.cc ----
  friend void ReadControlFlow(Scope& scope, const NodeMessage& node,
                              const std::vector<ImportedValue>& inputs);
  friend void ReadFlexAttention(Scope& scope, const NodeMessage& node,
                                const std::vector<ImportedValue>& inputs);
  // An input of a body: what it is called there, and what comes in.
  struct Formal {
    std::string_view name;
    graph::ValueType type;
    graph::ValueKind held = graph::ValueKind::kOptional;  // of an optional, as of ImportedValue
  };
  // A body, and of its outputs what they are or, of optionals, may hold.
  struct Body {
    graph::Graph graph;
    std::vector<graph::ValueKind> held;
  };
  std::vector<ImportedValue> ReadIf(const NodeMessage& node,
                                    const std::vector<ImportedValue>& inputs);
  // A branch in the node's place.
  std::vector<ImportedValue> ReadInline(const GraphMessage& branch);
  std::vector<ImportedValue> ReadFewerDimensions(graph::ValueId condition, bool read_as,
                                                 const GraphMessage& branch);
  std::vector<ImportedValue> ReadLoop(NodeReader& reader, const NodeMessage& node);
  std::vector<ImportedValue> ReadScan(NodeReader& reader, const NodeMessage& node);
  std::vector<ImportedValue> ReadScanOfBatches(NodeReader& reader, const NodeMessage& node);
  std::vector<ImportedValue> ReadSequenceMap(NodeReader& reader, const NodeMessage& node);
  // The values of this scope that bodies read, which they must be given.
  std::vector<std::string_view> CapturesOf(std::vector<const GraphMessage*> bodies);
  std::vector<graph::ValueId> ValuesOf(const std::vector<std::string_view>& names);
  // Outputs of one element have at least so many dimensions as `ranks` say, where it says any.
  Body ReadBody(const GraphMessage& message, const std::vector<Formal>& formals,
                const std::vector<std::string_view>& captures,
                const std::vector<size_t>& ranks = {});
  // A body whose first outputs, after `skipped` others, become its carried inputs; what changes
  // its extents on the way is open.
  Body ReadRepeatedBody(const GraphMessage& message, std::vector<Formal> formals,
                        size_t first_carried, size_t num_carried, size_t skipped,
                        const std::vector<std::string_view>& captures);

  FileContext& file_;
  graph::Graph& graph_;
  Scope* outer_ = nullptr;
  Kind kind_ = Kind::kBody;
  int depth_ = 0;
  int opset_;
  const FunctionMessage* function_ = nullptr;  // that this is of
  // In a function: what its attributes are; else null.
  const std::vector<AttributeMessage>* attributes_ = nullptr;
  std::map<std::string, ImportedValue, std::less<>> values_;
};

// As of an input of another graph.
graph::ValueType TypeOf(const graph::Graph& graph, graph::ValueId id);

// Reads a node of an operator that has bodies into the scope.
using BodyReader = void (*)(Scope& scope, const NodeMessage& node,
                            const std::vector<ImportedValue>& inputs);
void ReadControlFlow(Scope& scope, const NodeMessage& node,
                     const std::vector<ImportedValue>& inputs);
void ReadFlexAttention(Scope& scope, const NodeMessage& node,
                       const std::vector<ImportedValue>& inputs);
// Null for other operators than If, Loop, Scan and FlexAttention.
BodyReader FindBodyReader(std::string_view domain, std::string_view name);

// The graph that an attribute is. Throws InvalidArgument where there is none.
GraphMessage BodyOf(const NodeMessage& node, std::string_view attribute);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_SCOPE_H_
