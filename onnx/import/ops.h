// The functions that operators.inc names: each reads one ONNX operator into operations.
#ifndef NEURA_ONNX_IMPORT_OPS_H_
#define NEURA_ONNX_IMPORT_OPS_H_

#include <functional>

#include "neura/onnx/import/importer.h"

namespace neura::onnx {

#define ONNX_READ(Name, Function) void Function(NodeReader& node);
#define ONNX_READ_AS(Name, Function, kOp) void Function(NodeReader& node, OpId op);
#define ONNX_READ_FORM(Name, form, Function) void Function(NodeReader& node);
#include "neura/onnx/import/operators.inc"

// ---- forms of early operator sets (old_forms.cc)
// The second input, as it is broadcast: before operator set 7 its dimensions stand beside those of
// the first from an axis on.
graph::ValueId SecondOperand(NodeReader& node);
// Of Tile before operator set 6: one for each dimension.
std::vector<graph::SymInt> OldRepeats(NodeReader& node);
// The element type that a name stands for, such as "FLOAT"; 0 for none.
int NamedElementType(std::string_view name);

// Strings that do not change.
graph::ValueId AddStrings(graph::Graph& graph, std::vector<std::string> elements, DimsView shape);
// Where the elements of strings lie, 0, 1, ... as int64: what moves these and takes StringsAt of
// them moves strings.
graph::ValueId PlacesOfStrings(graph::Graph& graph, graph::ValueId strings);
graph::ValueId StringsAt(graph::Graph& graph, graph::ValueId strings, graph::ValueId places);
void ReadConcatOfStrings(NodeReader& node);
// Numbers as text and back. A text that is no number is an error of the run.
graph::ValueId NumbersOfStrings(NodeReader& node, graph::ValueId strings, DType dtype);
graph::ValueId StringsOfNumbers(NodeReader& node, graph::ValueId numbers);

// A convolution with the window that the node's attributes say; `bias` may be absent.
graph::ValueId ConvOf(NodeReader& node, graph::ValueId x, graph::ValueId weight,
                      graph::ValueId bias);
// The same of a transposed one, whose padding stands in attributes, or is `pads`.
graph::ValueId ConvTransposeOf(NodeReader& node, graph::ValueId x, graph::ValueId weight,
                               graph::ValueId bias,
                               const std::optional<std::vector<int64_t>>& pads);
// Pools of x by the node's attributes; the average is of floating point numbers.
graph::ValueId MaxPoolOf(NodeReader& node, graph::ValueId x);
graph::ValueId AveragePoolOf(NodeReader& node, graph::ValueId x);
// The product of inputs 0 and 1, and input 2 where it is there, by the attributes of Gemm.
graph::ValueId GemmOf(NodeReader& node);

// What follows a product or a step of a recurrence, by the name that the standard has for it, in
// lower case.
using Activation = std::function<Tensor(const Tensor&)>;
Activation ActivationOf(NodeReader& node, const std::string& name, std::optional<double> alpha,
                        std::optional<double> beta);

// Indices below 0 of input `input` count from the end of dimension `axis` of x.
graph::ValueId FromStart(NodeReader& node, graph::ValueId index, size_t input, graph::ValueId x,
                         int64_t axis);

// Axes that only a run can tell, each in [0, rank) and another one, which the run checks. Nothing
// where they are known; throws Unimplemented where their number is not.
std::optional<std::vector<graph::SymInt>> AxesOfRun(NodeReader& node, size_t input, int64_t rank);
// The same: for each dimension 1 where input `input` names it, else 0.
std::optional<std::vector<graph::SymInt>> AxisFlags(NodeReader& node, size_t input, int64_t rank);
// A number of elements, of so many, which the run checks.
graph::SymInt CountOfRun(NodeReader& node, const graph::SymInt& count, const graph::SymInt& of);
// The extents without those that flags name, of which there are `count`.
std::vector<graph::SymInt> WithoutFlagged(const std::vector<graph::SymInt>& extents,
                                          const std::vector<graph::SymInt>& flags, size_t count);
// x with each dimension split in two: the extent where it is not named, and where it is; the other
// is 1. What is done along all the odd dimensions is done along those that are named.
graph::ValueId SplitByFlags(NodeReader& node, graph::ValueId x,
                            const std::vector<graph::SymInt>& flags);

// x with so many elements of `value` before and after each dimension.
graph::ValueId PadBy(NodeReader& node, graph::ValueId x, const std::vector<graph::SymInt>& before,
                     const std::vector<graph::SymInt>& after, const Scalar& value);

// Pairs of features of [N, T, heads, size], turned by angles whose cosines and sines are
// [N or 1, T, 1, pairs]: each with its neighbour where they are interleaved, else with the one that
// stands as far in the second half. What is beyond the pairs stays.
Tensor Turned(const Tensor& x, const Tensor& cos, const Tensor& sin, bool interleaved);

// Those of [N, C, ...] after C.
Dims SpatialDims(NodeReader& node, graph::ValueId x);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_OPS_H_
