// Writing a graph as ONNX.
#ifndef NEURA_ONNX_EXPORT_EXPORTER_H_
#define NEURA_ONNX_EXPORT_EXPORTER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "neura/graph/graph.h"

namespace neura::onnx {

// An attribute of an ONNX node.
class Attribute {
 public:
  Attribute(const char* name, int64_t value);
  Attribute(const char* name, double value);
  Attribute(const char* name, const char* value);
  Attribute(const char* name, absl::Span<const int64_t> values);
  Attribute(const char* name, absl::Span<const std::string> values);
  Attribute(const char* name, const Tensor& value);

  // An AttributeProto.
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Tensors that lie outside of a model, one after another in a file beside it.
struct OutsideTensors {
  std::string location;
  int64_t least_bytes = 0;  // of a tensor that lies there
  // Contiguous, on the CPU, and how many bytes lie before each.
  std::vector<Tensor> tensors = {};
  std::vector<uint64_t> offsets = {};
  uint64_t num_bytes = 0;
};

struct GraphOptions {
  int opset = 17;
  std::string name = {};
  std::string doc_string = {};
  // Names for open extents of outputs that do not follow from named ones: of (output, dimension).
  std::map<std::pair<int, int>, std::string> output_dims = {};
  OutsideTensors* outside = nullptr;  // null: all of them lie inside
};

class Exporter {
 public:
  Exporter(const graph::Graph& graph, const GraphOptions& options);
  // The bytes of a GraphProto.
  std::string Run();

  // ---- for the functions that write one operation ----
  const graph::Graph& graph() const { return graph_; }
  // The operator set that is written.
  int opset() const { return options_.opset; }
  // Throws Unimplemented naming the operation, its module and the set, where the one that is
  // written is older.
  void Require(int opset, const graph::Node& node, std::string_view what) const;
  const graph::Value& value(graph::ValueId id) const { return graph_.value(id); }
  // The ONNX name of a value; empty for kNone, as ONNX wants it.
  const std::string& Name(graph::ValueId id);
  // Adds a node and returns the name of its output.
  std::string Emit(const char* op_type, std::vector<std::string> inputs,
                   std::vector<Attribute> attributes = {});
  // The same of a node with several outputs, of which those that are not wanted have no names.
  std::vector<std::string> EmitAll(const char* op_type, std::vector<std::string> inputs,
                                   size_t num_outputs, std::vector<Attribute> attributes,
                                   OutputMask wanted = kAllOutputs);
  // Adds a node whose outputs are these values'; the last one may be left out.
  void EmitTo(std::vector<graph::ValueId> outputs, const char* op_type,
              std::vector<std::string> inputs, std::vector<Attribute> attributes = {});

  // A reduction of the name over these dimensions, or all: an input or an attribute says which.
  std::string EmitReduce(const char* op_type, const std::string& x, absl::Span<const int64_t> dims,
                         bool keepdim = true);
  void EmitReduceTo(std::vector<graph::ValueId> outputs, const char* op_type, const std::string& x,
                    absl::Span<const int64_t> dims, bool keepdim);

  // Initializers, each equal tensor written once.
  std::string Constant(const Tensor& tensor);
  std::string Ints(absl::Span<const int64_t> values);    // int64, one dimension
  std::string Number(const Scalar& value, DType dtype);  // without dimensions
  // int64, one dimension: computed from the shapes and elements of values where those are read.
  std::string Extents(absl::Span<const graph::SymInt> extents);
  std::string Cast(std::string name, DType dtype);

  // Throws Unimplemented naming the operation and its module.
  [[noreturn]] void Fail(const graph::Node& node, std::string_view why) const;

 private:
  // Whether sets before 14 lack it.
  bool IsNewArithmetic(const graph::Node& node) const;
  std::string UniqueName(const std::string& wanted);
  // "/encoder/layers/0/add" of "add".
  std::string InModule(std::string_view name) const;
  std::string Where(const graph::Node& node) const;
  using Form = std::pair<std::vector<std::string>, std::vector<Attribute>>;
  Form ReduceForm(std::string_view op_type, const std::string& x, absl::Span<const int64_t> dims,
                  bool keepdim);
  // int64 of one element.
  std::string SizeOf(const graph::SymInt& size);
  std::string FactorOf(const graph::SymInt::Atom& factor);
  std::string LeafOf(const graph::SizeLeaf& leaf);
  void AddNode(const char* op_type, std::vector<std::string> inputs,
               std::vector<std::string> outputs, std::vector<Attribute> attributes);
  void AddInitializer(const Tensor& tensor, const std::string& name);
  // A ValueInfoProto; `output` is the number of an output, or -1.
  std::string Describe(graph::ValueId id, const std::string& name, int output = -1) const;
  // The name of an open extent; empty where it has none.
  std::string NameOfExtent(const graph::SymInt& extent, int output, int dim) const;

  const graph::Graph& graph_;
  const GraphOptions& options_;
  // Fields of the GraphProto, encoded.
  std::string nodes_, initializers_, inputs_, outputs_, value_infos_;
  std::string module_;  // of what is written now
  std::unordered_set<std::string> used_names_, node_names_;
  std::unordered_map<std::string, int> times_used_, times_node_named_;
  std::vector<std::string> names_;  // by ValueId
  std::unordered_map<std::string, std::string> constants_;
  std::map<graph::SizeLeaf, std::string> sizes_;
  const std::string none_;
};

}  // namespace neura::onnx

#endif  // NEURA_ONNX_EXPORT_EXPORTER_H_
