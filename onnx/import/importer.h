// Reading ONNX into a graph.
#ifndef NEURA_ONNX_IMPORT_IMPORTER_H_
#define NEURA_ONNX_IMPORT_IMPORTER_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "neura/graph/capture.h"
#include "neura/graph/graph.h"
#include "neura/onnx/format/external_data.h"
#include "neura/onnx/format/messages.h"
#include "neura/onnx/format/narrow_type.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/known_value.h"

namespace neura::onnx {

// What a name in the file stands for. At least one of the two is there.
struct ImportedValue {
  graph::ValueId id = graph::kNone;
  // Where the elements follow from constants and shapes.
  std::optional<KnownValue> known = {};
  // Of elements that are held for others: their type in the file.
  const NarrowType* narrow = nullptr;
  // Of an optional: the kind of what it may hold, kOptional where that is not known.
  graph::ValueKind held = graph::ValueKind::kOptional;

  bool is_present() const { return id != graph::kNone || known.has_value(); }
};

struct FileContext;

// One ONNX node on its way into a graph. The functions that read one operator (beside this file)
// see the file through this. Whatever they throw becomes an error that names the node.
class NodeReader {
 public:
  // `file` is null for nodes that stand in none.
  NodeReader(graph::Graph& graph, const NodeMessage& node, int opset,
             std::vector<ImportedValue> inputs, FileContext* file = nullptr);

  // Of ai.onnx; of other domains the newest, since what they share with it is as it stands there.
  int opset() const { return opset_; }
  std::string_view op_type() const { return node_.op_type; }

  // ---- inputs ----
  size_t num_inputs() const { return inputs_.size(); }
  bool has(size_t i) const { return i < inputs_.size() && inputs_[i].is_present(); }
  // The value in the graph; throws where it is absent.
  graph::ValueId in(size_t i);
  // The same for inputs that need not be tensors.
  graph::ValueId in_any(size_t i);
  // Of an optional: the kind of what it may hold, kOptional where that is not known.
  graph::ValueKind HeldKind(size_t i) const { return inputs_[i].held; }
  graph::ValueId in_or_none(size_t i) { return has(i) ? in(i) : graph::kNone; }
  // The type of the elements that the input's are held for; null where they are what they are.
  // Readers that do not ask get no such inputs: that is an error of theirs.
  const NarrowType* Narrow(size_t i);
  // The integers of an input of one dimension, whose number is fixed: numbers, or what a run reads.
  std::vector<graph::SymInt> Extents(size_t i);
  // Whether they are int64 and nothing but sizes and constants tells them.
  bool FollowsFromSizes(size_t i) const;
  // The one element of an input, where it is an integer, of whatever dtype, and nothing but sizes
  // and constants tells it.
  std::optional<graph::SymInt> KnownInteger(size_t i) const;
  // As Extents, all of them numbers.
  std::vector<int64_t> Ints(size_t i);
  // The elements, where they are known and the same at all sizes.
  std::optional<Tensor> Known(size_t i) const;

  // ---- attributes: each must be asked for, or it is reported as unknown ----
  bool HasAttribute(std::string_view name) const { return FindAttribute(name) != nullptr; }
  int64_t Int(std::string_view name, int64_t otherwise);
  double Float(std::string_view name, double otherwise);
  std::string String(std::string_view name, std::string_view otherwise);
  std::vector<int64_t> Ints(std::string_view name, std::vector<int64_t> otherwise = {});
  std::vector<double> Floats(std::string_view name);
  std::vector<std::string> Strings(std::string_view name);
  void IgnoreAttribute(std::string_view name) { taken_.emplace(name); }
  std::optional<Tensor> TensorAttribute(std::string_view name);
  std::optional<TensorOfFile> AnyTensorAttribute(std::string_view name);
  std::optional<ValueInfoMessage> TypeAttribute(std::string_view name);
  // Integers that stand in an attribute up to an operator set, and in input `i` afterwards.
  std::optional<std::vector<int64_t>> IntsFrom(std::string_view attribute, size_t i);

  // ---- the graph ----
  graph::Graph& graph() { return graph_; }
  DType dtype(graph::ValueId id) const { return graph_.value(id).dtype; }
  const std::vector<graph::SymInt>& shape(graph::ValueId id) const {
    return graph_.value(id).shape;
  }
  int64_t rank(graph::ValueId id) const { return static_cast<int64_t>(shape(id).size()); }
  // The extent, which must not be open.
  int64_t FixedExtent(graph::ValueId id, int64_t dim);
  // `axis` in [0, rank). A tensor without dimensions has none.
  int64_t Axis(int64_t axis, int64_t rank) const;
  // The same where a number may be taken for a tensor of one element: then 0.
  int64_t AxisOrZero(int64_t axis, int64_t rank) const;

  // Adds an operation; pointwise ones get the casts that they promote with.
  template <typename Options>
  graph::ValueId Add(OpId op, const Options& options, std::vector<graph::ValueId> inputs) {
    return AddNode(op, graph::OptionsBox(op, &options), std::move(inputs), {});
  }
  graph::ValueId Add(OpId op, std::vector<graph::ValueId> inputs) {
    return AddNode(op, graph::OptionsBox(op), std::move(inputs), {});
  }
  graph::ValueId AddNode(OpId op, graph::OptionsBox options, std::vector<graph::ValueId> inputs,
                         std::vector<graph::SymbolicOption> symbolic);
  // What a function of elements makes of the values: it is called with tensors that have no
  // elements, and its pointwise operations and casts become nodes.
  //   node.Out(node.Pointwise([](const Tensor& x) { return x / (Abs(x) + 1); }, node.in(0)));
  template <typename Function, typename... Values>
  graph::ValueId Pointwise(const Function& function, Values... values) {
    return TracePointwise({values...}, [&](absl::Span<const Tensor> inputs) {
      size_t i = 0;
      const auto next = [&](graph::ValueId) -> const Tensor& { return inputs[i++]; };
      return std::apply(function, std::tuple<decltype(next(values))...>{next(values)...});
    });
  }
  // What a function makes of the values by any operations, a pure one that reads no elements: it is
  // run on tensors without memory, where extents are open at several sizes, and what it did becomes
  // nodes. What it creates is on the default device. Open sizes that it takes only where they are
  // equal are taken to be, which the run checks.
  //   node.Out(node.Trace([](const Tensor& x) { return PixelShuffle(x, 2); }, node.in(0)));
  template <typename Function, typename... Values>
  graph::ValueId Trace(const Function& function, Values... values) {
    const auto call = [&]<size_t... I>(absl::Span<const Tensor> in, std::index_sequence<I...>) {
      return std::vector<Tensor>{function(in[I]...)};
    };
    return TraceAll({values...}, [&](absl::Span<const Tensor> in) {
      return call(in, std::make_index_sequence<sizeof...(Values)>());
    })[0];
  }
  // With results of any number. Values that are absent come as undefined tensors.
  std::vector<graph::ValueId> TraceAll(const std::vector<graph::ValueId>& values,
                                       graph::Function function);
  // A scan whose body a function makes of what is carried, one slice of each scanned value along
  // dimension 0, and captures; it returns the next carried values and what is stacked.
  std::vector<graph::ValueId> ScanOver(const std::vector<graph::ValueId>& carried,
                                       const std::vector<graph::ValueId>& scanned,
                                       const std::vector<graph::ValueId>& captures,
                                       graph::Function function);
  // Operations whose options are one shape: reshape, expand, full.
  graph::ValueId Reshape(graph::ValueId input, const std::vector<graph::SymInt>& shape);
  // The same where nothing but a run knows that these are as many elements: it checks.
  graph::ValueId ReshapeAndCheck(graph::ValueId input, const std::vector<graph::SymInt>& shape);
  // The value, of whose dimension `dim` nothing but a run knows that this is its extent: it checks.
  graph::ValueId WithExtent(graph::ValueId value, size_t dim, const graph::SymInt& extent);
  graph::ValueId Expand(graph::ValueId input, const std::vector<graph::SymInt>& shape);
  graph::ValueId Full(const std::vector<graph::SymInt>& shape, const Scalar& value, DType dtype);
  graph::ValueId Slice(graph::ValueId input, int64_t dim, graph::SymInt start, graph::SymInt end,
                       int64_t step = 1);
  graph::ValueId Permute(graph::ValueId input, std::vector<int64_t> dims);
  graph::ValueId Cast(graph::ValueId input, DType dtype);
  // 0, 1, ... as int64.
  graph::ValueId Counted(const graph::SymInt& count);
  graph::ValueId Constant(const Tensor& tensor) { return graph_.AddConstant(tensor); }
  // Whether what leaves out extents of 1 takes those that are open for 1, or else for others.
  bool TakesOpenForOne();
  // A number beside a value, of its dtype.
  graph::ValueId Number(const graph::SymInt& value, graph::ValueId beside);

  // ---- outputs ----
  size_t num_outputs() const { return node_.outputs.size(); }
  bool Wants(size_t i) const { return i < num_outputs() && !node_.outputs[i].empty(); }
  void Out(graph::ValueId value, size_t i = 0);
  // What is held for elements of another type.
  void OutNarrow(graph::ValueId value, const NarrowType* narrow, size_t i = 0);
  // An optional, or what it holds.
  void OutOptional(graph::ValueId value, graph::ValueKind held, size_t i = 0);
  void OutStrings(std::vector<std::string> elements, DimsView shape, size_t i = 0);
  void OutKnown(KnownValue value, size_t i = 0, const NarrowType* narrow = nullptr);

  // Throws Unimplemented.
  [[noreturn]] void Unsupported(std::string_view what) const;

  // After the function ran.
  void CheckAttributes() const;
  std::vector<ImportedValue>& outputs() { return outputs_; }

 private:
  void RequireOfDType(size_t i) const;
  ExternalData* External() const;  // null where there is none
  const AttributeMessage* FindAttribute(std::string_view name) const;
  const AttributeMessage* TakeAttribute(std::string_view name, int type);
  // A function as a graph, of values of these types, or of slices of them. Values of open sizes
  // that must be equal are replaced by those whose sizes are.
  graph::Graph Captured(std::vector<graph::ValueId>& values, size_t first_slice, size_t num_slices,
                        graph::Function function);
  graph::ValueId TracePointwise(const std::vector<graph::ValueId>& values,
                                absl::FunctionRef<Tensor(absl::Span<const Tensor>)> function);
  // Integers as elements, int64.
  graph::ValueId Sizes(const std::vector<graph::SymInt>& sizes, DimsView shape);
  graph::ValueId AddShaped(OpId op, graph::OptionsBox options, std::vector<graph::ValueId> inputs,
                           const std::vector<graph::SymInt>& shape);

  graph::Graph& graph_;
  const NodeMessage& node_;
  int opset_;
  FileContext* file_;
  std::vector<ImportedValue> inputs_;
  std::vector<ImportedValue> outputs_;
  std::set<size_t> narrow_;  // inputs that were asked for
  std::set<std::string, std::less<>> taken_;
};

// Reads a node of one operator.
using OperatorReader = void (*)(NodeReader& node);

// Of ai.onnx, which has two names.
bool IsOnnxDomain(std::string_view domain);
// Of it, its previews, ai.onnx.ml or com.microsoft.
bool IsReadDomain(std::string_view domain);
// Throws Unimplemented for an operator set of com.microsoft or ai.onnx.ml that is not read.
void RequireSetOf(std::string_view domain, int64_t set);

// Null when there is none.
OperatorReader FindOperator(std::string_view domain, std::string_view name);
// Of the form of an operator, which is there.
OperatorReader FindForm(std::string_view name, std::string_view form);
// The form that the node has beside the operator's usual one, or "". `is_constant` says which of
// its inputs are constants of the file.
std::string_view FormOf(const NodeMessage& node, absl::FunctionRef<bool(size_t)> is_constant);

// The operator sets that are read.
inline constexpr int kMinOpset = 1;
inline constexpr int kMaxOpset = 28;
// Throws Unimplemented for others.
int RequireOpset(int64_t opset);

// The names of the open sizes of its inputs.
std::set<std::string> OpenSizes(const ModelMessage& model);

// `fixed_dims` are sizes of open dimensions; `external`, which may be null, has what lies outside
// of the model; each Loop may take `most_rounds`. Throws neura::Error, for whatever is wrong with
// the model.
graph::Graph ImportModel(const ModelMessage& model,
                         const std::vector<std::pair<std::string, int64_t>>& fixed_dims,
                         ExternalData* external, int64_t most_rounds);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_IMPORTER_H_
