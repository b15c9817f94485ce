// Every operation that ONNX can say, out and in again.
#include "neura/onnx/round_trip.h"

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "neura/onnx/export/mapping.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::onnx {
namespace {

using testing::ExpectClose;
using testing::OpCase;
using testing::OpCases;

// Cases of mapped operations and of composites that ONNX has no words for.
const std::set<std::string>& Inexpressible() {
  static const auto* cases = new std::set<std::string>{
      "trace/wide",  // diagonals
      "diag/of_matrix",
      "einsum/trace",
      "corrcoef/rows",
      "mode/ties",               // running maxima
      "diagonal_scatter/above",  // diagonals
      "isin/integers",           // searches
      "unfold/padded",           // windows along one dimension
      "fold/padded",
      "local_response_norm/three",
      "lcm/integers",  // common divisors
      "mvlgamma/vectors",
      "bucketize/right",
  };
  return *cases;
}
// The operator sets from which on others can be said.
int ExpressibleSince(const std::string& name) {
  static const auto* sets = new std::map<std::string, int>{
      {"index_add/scaled", 16},
      {"index_add/number", 16},
      {"index_add/dim0", 16},
      {"index_add/dim1", 16},
      {"index_add/dim-1", 16},
      {"reshape/empty", 14},
      {"add/uint8", 14},
      {"mul/uint8", 14},
      {"floor_divide/uint8", 14},
      {"scatter_add/dim0", 16},  // sums and products
      {"scatter_add/dim1", 16},
      {"scatter_elements/add0", 16},
      {"scatter_elements/add1", 16},
      {"scatter_elements/mul0", 16},
      {"scatter_elements/mul1", 16},
      {"scatter_reduce/sum", 16},
      {"scatter_reduce/prod", 16},
      {"scatter_reduce/mean", 16},
      {"scatter_reduce/others", 16},
      {"histc/parts", 16},
      {"scatter_elements/max0", 18},  // extrema
      {"scatter_elements/max1", 18},
      {"scatter_elements/min0", 18},
      {"scatter_elements/min1", 18},
      {"scatter_reduce/amax", 18},
      {"index_reduce/columns", 18},
      {"bitwise_not/int32", 18},  // bits of integers
      {"bitwise_not/int64", 18},
      {"bitwise_and/int64", 18},
      {"bitwise_and/int32", 18},
      {"bitwise_and/uint8", 18},
      {"bitwise_or/int64", 18},
      {"bitwise_or/int32", 18},
      {"bitwise_or/uint8", 18},
      {"bitwise_xor/int64", 18},
      {"bitwise_xor/int32", 18},
      {"bitwise_xor/uint8", 18},
      {"cumprod/dim0", 26},
      {"cumprod/dim1", 26},
      {"cumprod/dim2", 26},
      {"cumprod/integers", 26},
      {"masked.cumprod/rows", 26},
  };
  const auto found = sets->find(name);
  return found == sets->end() ? kOldestOpset : found->second;
}

// Notes whether operations are called that ONNX has no words for.
class WordlessSeen : public OpObserver {
 public:
  void OnOp(const OpCall& call, absl::Span<Tensor>) override {
    seen |= MappingOf(call.op).onnx_name == nullptr;
  }
  bool seen = false;
};
bool CallsWordless(const OpCase& op_case) {
  WordlessSeen wordless;
  const ScopedObserver watching(&wordless);
  testing::RunCase(op_case);
  return wordless.seen;
}

TEST(Mapping, EveryOperationHasARow) {
  for (OpId op : BuiltinOps()) {
    EXPECT_TRUE(MappingOf(op).has_row()) << SchemaOf(op).name;
  }
}

TEST(Mapping, WhatHasNoneSaysWhy) {
  for (const OpCase& op_case : OpCases()) {
    if (!op_case.op || MappingOf(*op_case.op).onnx_name != nullptr) continue;
    try {
      ToBytes(GraphOf(op_case));
      ADD_FAILURE() << op_case.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), absl::StatusCode::kUnimplemented);
      EXPECT_NE(error.message().find(op_case.schema().name), std::string::npos) << error.message();
    }
  }
}

class RoundTrip : public ::testing::TestWithParam<int> {};

TEST_P(RoundTrip, EveryCase) {
  const int opset = GetParam();
  std::set<OpId> covered;
  for (const OpCase& op_case : OpCases()) {
    SCOPED_TRACE(op_case.name);
    if (op_case.op ? MappingOf(*op_case.op).onnx_name == nullptr : op_case.reads_elements) continue;
    std::string bytes;
    try {
      bytes = ToBytes(GraphOf(op_case, opset), {.opset = opset});
    } catch (const Error& error) {
      EXPECT_TRUE(Inexpressible().contains(op_case.name) || CallsWordless(op_case) ||
                  opset < ExpressibleSince(op_case.name))
          << error.message();
      continue;
    }
    EXPECT_FALSE(Inexpressible().contains(op_case.name));
    EXPECT_GE(opset, ExpressibleSince(op_case.name));
    const absl::StatusOr<graph::Graph> graph = FromBytes(bytes);
    ASSERT_TRUE(graph.ok()) << graph.status();
    const std::vector<Tensor> inputs = GraphInputs(op_case);
    const std::vector<Tensor> expected = FunctionOf(op_case)(inputs);
    const std::vector<Tensor> as_is = graph::Program(*graph).Run(inputs);
    const std::vector<Tensor> optimized = graph::Compile(*graph).Run(inputs);
    ASSERT_EQ(as_is.size(), expected.size());
    ASSERT_EQ(optimized.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      ExpectClose(as_is[i], expected[i], op_case.tolerance);
      ExpectClose(optimized[i], expected[i], op_case.tolerance);
    }
    if (op_case.op) covered.insert(*op_case.op);
  }
  for (OpId op : BuiltinOps()) {
    if (MappingOf(op).onnx_name == nullptr || SchemaOf(op).flags.random) continue;
    EXPECT_TRUE(covered.contains(op) || opset < kNewestOpset)
        << SchemaOf(op).name << " has no case";
  }
}

// Those that change the form of an operator which is written, and the newest.
INSTANTIATE_TEST_SUITE_P(Sets, RoundTrip,
                         ::testing::Values(13, 14, 16, kOpset, 18, 20, kNewestOpset));

// Numbers at which formulas for the same function part.
TEST(RoundTripEdges, PointwiseOperationsAgreeAtTheEdges) {
  const double inf = INFINITY;
  const std::vector<double> edges = {0.0,  -0.0, 1.0,   -1.0, 0.1,  -0.1, 0.3,   3.0, 5.0,  -3.0,
                                     -7.5, 1e-9, -1e-9, 1e9,  -1e9, 80.0, -80.0, inf, -inf, NAN};
  std::vector<double> as, bs;
  for (double a : edges) {
    for (double b : edges) {
      as.push_back(a);
      bs.push_back(b);
    }
  }
  const auto count = static_cast<int64_t>(as.size());
  for (DType dtype : {kFloat32, kFloat64}) {
    const std::vector<Tensor> inputs = {Cast(FromVector(as, {count}), dtype),
                                        Cast(FromVector(bs, {count}), dtype)};
    for (OpId op : BuiltinOps()) {
      const OpSchema& schema = SchemaOf(op);
      const size_t arity = schema.max_inputs;
      if (!schema.flags.pointwise || MappingOf(op).onnx_name == nullptr || arity > 2) continue;
      if (!schema.flags.dtypes.Has(dtype)) continue;
      SCOPED_TRACE(absl::StrCat(schema.name, " ", DTypeName(dtype)));
      const graph::OptionsBox options(op);
      std::vector<Tensor> given(inputs.begin(), inputs.begin() + static_cast<ptrdiff_t>(arity));
      const auto function = [&](absl::Span<const Tensor> tensors) {
        std::vector<const Tensor*> refs;
        for (const Tensor& tensor : tensors) refs.push_back(&tensor);
        Tensor result;
        Dispatch(op, options.data(), refs, absl::MakeSpan(&result, 1));
        return std::vector<Tensor>{result};
      };
      const graph::Graph graph = graph::CaptureFunction(function, given, {.dynamic_batch = false});
      const absl::StatusOr<graph::Graph> read = FromBytes(ToBytes(graph));
      ASSERT_TRUE(read.ok()) << read.status();
      ExpectClose(graph::Program(*read).Run(given)[0], function(given)[0], 1e-6);
    }
  }
}

TEST(RoundTripEdges, RemaindersOfFarApartNumbers) {
  const auto round_trip = [](auto function, const std::vector<Tensor>& inputs) {
    const auto graph =
        FromBytes(ToBytes(graph::Capture(function, inputs, {.dynamic_batch = false})));
    EXPECT_TRUE(graph.ok()) << graph.status();
    return graph::Program(*graph).Run(inputs)[0];
  };
  const auto remainder = [](const Tensor& a, const Tensor& b) { return Remainder(a, b); };
  const Tensor a = FromList<double>({5, -3});
  EXPECT_TRUE(SameBits(round_trip(remainder, {a, FromList<double>({1e9, 1e9})}),
                       FromList<double>({5, 999999997})));
  EXPECT_TRUE(SameBits(round_trip(remainder, {a, FromList<double>({INFINITY, INFINITY})}),
                       FromList<double>({5, INFINITY})));
  const auto quotient = [](const Tensor& a, const Tensor& b) { return FloorDivide(a, b); };
  EXPECT_TRUE(
      SameBits(round_trip(quotient, {FromList<double>({1, -1}), FromList<double>({0.1, 0.1})}),
               FromList<double>({9, -10})));
}

}  // namespace
}  // namespace neura::onnx
