// Writing a graph as ONNX.
#ifndef NEURA_ONNX_EXPORT_EXPORTER_H_
#define NEURA_ONNX_EXPORT_EXPORTER_H_

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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
  Attribute(const char* name, const Tensor& value);

  // An AttributeProto.
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Exporter {
 public:
  explicit Exporter(const graph::Graph& graph);
  // The bytes of a GraphProto of that name.
  std::string Run(std::string_view graph_name);

  // ---- for the functions that write one operation ----
  const graph::Graph& graph() const { return graph_; }
  const graph::Value& value(graph::ValueId id) const { return graph_.value(id); }
  // The ONNX name of a value; empty for kNone, as ONNX wants it.
  const std::string& Name(graph::ValueId id);
  // Adds a node and returns the name of its output.
  std::string Emit(const char* op_type, std::vector<std::string> inputs,
                   std::vector<Attribute> attributes = {});
  // The same of a node with several outputs.
  std::vector<std::string> EmitAll(const char* op_type, std::vector<std::string> inputs,
                                   size_t num_outputs, std::vector<Attribute> attributes);
  // Adds a node whose outputs are these values'; the last one may be left out.
  void EmitTo(std::vector<graph::ValueId> outputs, const char* op_type,
              std::vector<std::string> inputs, std::vector<Attribute> attributes = {});

  // Initializers, each equal tensor written once.
  std::string Constant(const Tensor& tensor);
  std::string Ints(absl::Span<const int64_t> values);    // int64, one dimension
  std::string Number(const Scalar& value, DType dtype);  // without dimensions
  // int64, one dimension: computed from the shapes and elements of values where those are read.
  std::string Extents(absl::Span<const graph::SymInt> extents);
  std::string Cast(std::string name, DType dtype);

  // Throws Unimplemented naming the operation.
  [[noreturn]] void Fail(const graph::Node& node, std::string_view why) const;

 private:
  std::string UniqueName(std::string wanted);
  // int64 of one element.
  std::string SizeOf(const graph::SymInt& size);
  std::string FactorOf(const graph::SymInt::Atom& factor);
  std::string LeafOf(const graph::SizeLeaf& leaf);
  void AddNode(const char* op_type, std::vector<std::string> inputs,
               std::vector<std::string> outputs, std::vector<Attribute> attributes);
  void AddInitializer(const Tensor& tensor, const std::string& name);
  // A ValueInfoProto.
  std::string Describe(graph::ValueId id, const std::string& name) const;

  const graph::Graph& graph_;
  // Fields of the GraphProto, encoded.
  std::string nodes_, initializers_, inputs_, outputs_;
  int num_nodes_ = 0;
  std::unordered_set<std::string> used_names_;
  std::vector<std::string> names_;  // by ValueId
  std::unordered_map<std::string, std::string> constants_;
  std::map<graph::SizeLeaf, std::string> sizes_;
  const std::string none_;
};

}  // namespace neura::onnx

#endif  // NEURA_ONNX_EXPORT_EXPORTER_H_
