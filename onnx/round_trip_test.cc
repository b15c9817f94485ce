// Every operation that ONNX can say, out and in again.
#include "neura/onnx/round_trip.h"

#include <set>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "neura/onnx/mapping.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::onnx {
namespace {

using testing::ExpectClose;
using testing::OpCase;
using testing::OpCases;

// Cases of mapped operations that ONNX has no words for.
const std::set<std::string>& Inexpressible() {
  static const auto* cases = new std::set<std::string>{
      "adaptive_avg_pool2d/uneven",  // windows of different sizes
      "adaptive_avg_pool2d/larger",
  };
  return *cases;
}

TEST(Mapping, EveryOperationHasARow) {
  for (int i = 0; i < kNumBuiltinOps; ++i) {
    EXPECT_TRUE(MappingOf(static_cast<OpId>(i)).has_row()) << SchemaOf(static_cast<OpId>(i)).name;
  }
}

TEST(Mapping, WhatHasNoneSaysWhy) {
  for (const OpCase& op_case : OpCases()) {
    if (MappingOf(op_case.op).onnx_name != nullptr) continue;
    try {
      ToBytes(GraphOf(op_case));
      ADD_FAILURE() << op_case.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), absl::StatusCode::kUnimplemented);
      EXPECT_NE(error.message().find(op_case.schema().name), std::string::npos) << error.message();
    }
  }
}

TEST(RoundTrip, EveryCase) {
  std::set<OpId> covered;
  for (const OpCase& op_case : OpCases()) {
    SCOPED_TRACE(op_case.name);
    if (MappingOf(op_case.op).onnx_name == nullptr) continue;
    std::string bytes;
    try {
      bytes = ToBytes(GraphOf(op_case));
    } catch (const Error& error) {
      EXPECT_TRUE(Inexpressible().contains(op_case.name)) << error.message();
      continue;
    }
    EXPECT_FALSE(Inexpressible().contains(op_case.name));
    const absl::StatusOr<graph::Graph> graph = FromBytes(bytes);
    ASSERT_TRUE(graph.ok()) << graph.status();
    const std::vector<Tensor> inputs = GraphInputs(op_case);
    const Tensor expected = FunctionOf(op_case)(inputs)[0];
    ExpectClose(graph::Program(*graph).Run(inputs)[0], expected, op_case.tolerance);
    ExpectClose(graph::Compile(*graph).Run(inputs)[0], expected, op_case.tolerance);
    covered.insert(op_case.op);
  }
  for (int i = 0; i < kNumBuiltinOps; ++i) {
    const auto op = static_cast<OpId>(i);
    if (MappingOf(op).onnx_name == nullptr || SchemaOf(op).flags.random) continue;
    EXPECT_TRUE(covered.contains(op)) << SchemaOf(op).name << " has no case";
  }
}

}  // namespace
}  // namespace neura::onnx
