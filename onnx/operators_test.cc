// One small model for each operator that can be read, with results that are written down here or
// come from the C++ library.
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"
#include "onnx/operator_case.h"

namespace neura::onnx {
namespace {

void SetAttribute(const Attribute& attribute, ::onnx::AttributeProto* proto) {
  using Proto = ::onnx::AttributeProto;
  proto->set_name(attribute.name);
  if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
    proto->set_type(Proto::INT);
    proto->set_i(*i);
  } else if (const auto* f = std::get_if<double>(&attribute.value)) {
    proto->set_type(Proto::FLOAT);
    proto->set_f(static_cast<float>(*f));
  } else if (const auto* s = std::get_if<std::string>(&attribute.value)) {
    proto->set_type(Proto::STRING);
    proto->set_s(*s);
  } else if (const auto* ints = std::get_if<Ints>(&attribute.value)) {
    proto->set_type(Proto::INTS);
    for (int64_t value : *ints) proto->add_ints(value);
  } else if (const auto* floats = std::get_if<Doubles>(&attribute.value)) {
    proto->set_type(Proto::FLOATS);
    for (double value : *floats) proto->add_floats(static_cast<float>(value));
  } else {
    proto->set_type(Proto::TENSOR);
    proto->mutable_t()->ParseFromString(WriteTensor(std::get<Tensor>(attribute.value)));
  }
}

std::string ModelOf(const Case& one) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(one.opset);
  model.mutable_opset_import(0)->set_domain(one.domain);
  ::onnx::GraphProto* graph = model.mutable_graph();
  ::onnx::NodeProto* node = graph->add_node();
  node->set_domain(one.domain);
  node->set_name("the_node");
  node->set_op_type(one.op);
  // Nothing reads it; whoever takes a number for a value's id does.
  ::onnx::ValueInfoProto* unused = graph->add_input();
  unused->set_name("unused");
  unused->mutable_type()->mutable_tensor_type()->set_elem_type(::onnx::TensorProto::FLOAT);
  unused->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const Input& input : one.inputs) {
    const std::string name =
        input.tensor.defined() ? absl::StrCat("in", node->input_size()) : std::string();
    node->add_input(name);
    if (!input.tensor.defined()) continue;
    if (input.constant) {
      graph->add_initializer()->ParseFromString(WriteTensor(input.tensor, name));
      continue;
    }
    ::onnx::ValueInfoProto* info = graph->add_input();
    info->set_name(name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(ToElementType(input.tensor.dtype()));
    type->mutable_shape();
    for (int64_t extent : input.tensor.shape()) {
      type->mutable_shape()->add_dim()->set_dim_value(extent);
    }
  }
  for (const Attribute& attribute : one.attributes) SetAttribute(attribute, node->add_attribute());
  for (const Tensor& output : one.outputs) {
    const std::string name =
        output.defined() ? absl::StrCat("out", node->output_size()) : std::string();
    node->add_output(name);
    if (output.defined()) graph->add_output()->set_name(name);
  }
  return model.SerializeAsString();
}

void ExpectClose(const Tensor& actual, const Tensor& expected) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_EQ(actual.shape(), expected.shape());
  const Tensor a = Contiguous(Cast(actual, kFloat64)), b = Contiguous(Cast(expected, kFloat64));
  for (int64_t i = 0; i < a.numel(); ++i) {
    const double x = a.data<double>()[i], y = b.data<double>()[i];
    if (std::isnan(y) ? std::isnan(x) : x == y) continue;
    ASSERT_NEAR(x, y, 2e-5 * (1 + std::abs(y))) << "element " << i;
  }
}

std::vector<Tensor> ModelInputs(const Case& one) {
  std::vector<Tensor> inputs = {ScalarTensor(77.0, {.dtype = kFloat32})};
  for (const Input& input : one.inputs) {
    if (input.tensor.defined() && !input.constant) inputs.push_back(input.tensor);
  }
  return inputs;
}

void Check(const Case& one) {
  SCOPED_TRACE(absl::StrCat(one.op, ", operator set ", one.opset));
  const absl::StatusOr<graph::Graph> graph = FromBytes(ModelOf(one));
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<Tensor> inputs = ModelInputs(one);
  for (const bool optimized : {false, true}) {
    const std::vector<Tensor> results =
        optimized ? graph::Compile(*graph).Run(inputs) : graph::Program(*graph).Run(inputs);
    size_t next = 0;
    for (const Tensor& output : one.outputs) {
      if (output.defined()) ExpectClose(results[next++], output);
    }
  }
}

Case Unary(const char* op, const Doubles& values, double (*function)(double)) {
  Doubles results;
  for (double value : values) results.push_back(function(value));
  return {op, {F(values)}, {F(results)}};
}

std::vector<Case> UnaryCases() {
  const Doubles some = {-2.5, -0.5, 0, 0.3, 2};
  const Doubles positive = {0.1, 0.5, 1, 3};
  const Doubles small = {-0.9, -0.2, 0, 0.7};
  return {
      Unary("Neg", some, [](double x) { return -x; }),
      Unary("Abs", some, [](double x) { return std::abs(x); }),
      Unary("Sign", some, [](double x) { return x > 0   ? 1.
                                                : x < 0 ? -1.
                                                        : 0.; }),
      Unary("Floor", some, [](double x) { return std::floor(x); }),
      Unary("Ceil", some, [](double x) { return std::ceil(x); }),
      {"Round", {F({-1.5, -0.5, 0.5, 1.5, 2.4})}, {F({-2, 0, 0, 2, 2})}},
      Unary("Relu", some, [](double x) { return std::max(x, 0.); }),
      Unary("Reciprocal", positive, [](double x) { return 1 / x; }),
      Unary("Sqrt", positive, [](double x) { return std::sqrt(x); }),
      Unary("Exp", some, [](double x) { return std::exp(x); }),
      Unary("Log", positive, [](double x) { return std::log(x); }),
      Unary("Sin", some, [](double x) { return std::sin(x); }),
      Unary("Cos", some, [](double x) { return std::cos(x); }),
      Unary("Tan", some, [](double x) { return std::tan(x); }),
      Unary("Asin", small, [](double x) { return std::asin(x); }),
      Unary("Acos", small, [](double x) { return std::acos(x); }),
      Unary("Atan", some, [](double x) { return std::atan(x); }),
      Unary("Sinh", some, [](double x) { return std::sinh(x); }),
      Unary("Cosh", some, [](double x) { return std::cosh(x); }),
      Unary("Tanh", some, [](double x) { return std::tanh(x); }),
      Unary("Asinh", some, [](double x) { return std::asinh(x); }),
      Unary("Acosh", {1, 1.5, 3}, [](double x) { return std::acosh(x); }),
      Unary("Atanh", small, [](double x) { return std::atanh(x); }),
      Unary("Erf", some, [](double x) { return std::erf(x); }),
      Unary("Sigmoid", some, [](double x) { return 1 / (1 + std::exp(-x)); }),
      Unary("Softplus", some, [](double x) { return std::log1p(std::exp(x)); }),
      Unary("Softsign", {1, 3, -9}, [](double x) { return x / (1 + std::abs(x)); }),
      Unary("HardSwish", {-4, -1, 0, 1, 4},
            [](double x) { return x * std::min(std::max(x / 6 + 0.5, 0.), 1.); }),
      {"Softsign", {F({1, 3, -9})}, {F({.5, .75, -.9})}, {}, 6},
      {"IsNaN", {F({1, NAN, INFINITY})}, {B({0, 1, 0})}},
      {"IsInf", {F({1, NAN, INFINITY, -INFINITY})}, {B({0, 0, 1, 1})}},
      {"IsInf", {F({1, INFINITY, -INFINITY})}, {B({0, 0, 1})}, {{"detect_positive", int64_t{0}}}},
      {"Not", {B({1, 0})}, {B({0, 1})}},
      {"BitwiseNot", {I({5, -1, 0})}, {I({-6, 0, -1})}, {}, 18},
      {"Gelu", {F({1, -1})}, {F({0.841344746, -0.158655254})}, {}, 20},
      {"LeakyRelu", {F({2, -2})}, {F({2, -0.5})}, {{"alpha", 0.25}}},
      {"Elu", {F({2, -1})}, {F({2, 2 * (std::exp(-1.) - 1)})}, {{"alpha", 2.0}}},
      {"Celu", {F({2, -1})}, {F({2, 2 * (std::exp(-.5) - 1)})}, {{"alpha", 2.0}}},
      {"Selu", {F({2, -1})}, {F({6, 6 * (std::exp(-1.) - 1)})}, {{"alpha", 2.0}, {"gamma", 3.0}}},
      {"HardSigmoid", {F({-4, 0, 1, 4})}, {F({0, .5, .7, 1})}},
      {"PRelu", {F({2, 2}, {-1, 2, -3, -4}), F({.5, .25})}, {F({2, 2}, {-.5, 2, -1.5, -1})}},
      {"PRelu", {F({1, 2, 1}, {-1, -4}), F({.5, .25})}, {F({1, 2, 1}, {-.5, -1})}, {}, 6},
      {"ThresholdedRelu", {F({.5, 1, 3})}, {F({0, 0, 3})}},
      {"BitCast",
       {F({1, -2})},
       {Of(kInt32, {2}, {0x3f800000, -0x40000000})},
       {{"to", int64_t{6}}},
       26},
  };
}

std::vector<Case> BinaryCases() {
  const Tensor a = F({5, -3, 2}), b = F({2, 2, -4});
  return {
      {"Clip", {F({-2, 0, 9}), C(F({}, {-1})), C(F({}, {4}))}, {F({-1, 0, 4})}},
      {"Clip", {F({-2, 0, 9}), kAbsent, F({}, {4})}, {F({-2, 0, 4})}},
      {"Clip", {F({-2, 9})}, {F({0, 6})}, {{"min", 0.0}, {"max", 6.0}}, 6},
      {"Clip", {I({-2, 9}), C(I({}, {0}))}, {I({0, 9})}},
      {"Add", {a, b}, {F({7, -1, -2})}},
      {"Sub", {a, b}, {F({3, -5, 6})}},
      {"Mul", {a, b}, {F({10, -6, -8})}},
      {"Div", {a, b}, {F({2.5, -1.5, -.5})}},
      {"Div", {I({7, -7, 7, -7}), I({2, 2, -2, -2})}, {I({3, -3, -3, 3})}},
      {"Mod", {I({7, -7, 7, -7}), I({3, 3, -3, -3})}, {I({1, 2, -2, -1})}},
      {"Mod", {F({7, -7, 7.5}), F({3, 3, INFINITY})}, {F({1, -1, 7.5})}, {{"fmod", int64_t{1}}}},
      {"Mod",
       {I({7, -7, 7, -7, INT64_MIN, INT64_MIN, 5}), I({3, 3, -3, -3, 10, -1, INT64_MIN})},
       {I({1, -1, 1, -1, -8, 0, 5})},
       {{"fmod", int64_t{1}}}},
      {"Pow", {F({2, 3}), F({3, -1})}, {F({8, 1. / 3})}},
      {"Pow", {I({4, 9}), F({.5, .5})}, {I({2, 3})}},
      {"Equal", {I({1, 2}), I({1, 3})}, {B({1, 0})}},
      {"Less", {F({1, 2, 3}), F({2, 2, 2})}, {B({1, 0, 0})}},
      {"LessOrEqual", {F({1, 2, 3}), F({2, 2, 2})}, {B({1, 1, 0})}},
      {"Greater", {F({1, 2, 3}), F({2, 2, 2})}, {B({0, 0, 1})}},
      {"GreaterOrEqual", {F({1, 2, 3}), F({2, 2, 2})}, {B({0, 1, 1})}},
      {"And", {B({1, 1, 0}), B({1, 0, 0})}, {B({1, 0, 0})}},
      {"BitwiseAnd", {I({6, -7}), I({3})}, {I({2, 1})}, {}, 18},
      {"BitwiseOr", {I({6, -7}), I({3})}, {I({7, -5})}, {}, 18},
      {"BitwiseXor", {I({6, -7}), I({3})}, {I({5, -6})}, {}, 18},
      {"Or", {B({1, 1, 0}), B({1, 0, 0})}, {B({1, 1, 0})}},
      {"Xor", {B({1, 1, 0}), B({1, 0, 0})}, {B({0, 1, 0})}},
      {"Max", {a, b, F({}, {1})}, {F({5, 2, 2})}},
      {"Min", {a, b, F({}, {1})}, {F({1, -3, -4})}},
      {"Sum", {a, b, F({}, {1})}, {F({8, 0, -1})}},
      {"Mean", {a, b, F({}, {2})}, {F({3, 1. / 3, 0})}},
      {"Where", {B({1, 0, 1}), a, b}, {F({5, 2, 2})}},
      {"Cast", {F({1.9, -1.9})}, {I({1, -1})}, {{"to", int64_t{7}}}},
      {"CastLike", {F({1.9, -1.9}), I({0})}, {I({1, -1})}},
      {"Identity", {a}, {a}},
      {"Dropout", {a}, {a, B({1, 1, 1})}, {}, 12},
      {"Dropout", {a}, {a, B({1, 1, 1})}, {{"ratio", .9}}, 10},
      {"Dropout", {a}, {a, F({1, 1, 1})}, {}, 7},
      {"Dropout", {a}, {a, F({1, 1, 1})}, {{"is_test", int64_t{1}}}, 6},
  };
}

std::vector<Case> ReductionCases() {
  const Tensor x = F({2, 2}, {1, -2, 3, 4});
  const std::vector<Attribute> rows = {{"axes", Ints{1}}, {"keepdims", int64_t{0}}};
  const auto log_sum = [](double a, double b) { return std::log(std::exp(a) + std::exp(b)); };
  std::vector<Case> cases = {
      {"ReduceSum", {x, C(I({1}))}, {F({2, 1}, {-1, 7})}},
      {"ReduceSum", {x}, {F({-1, 7})}, rows, 11},
      {"ReduceMean", {x}, {F({-.5, 3.5})}, rows},
      {"ReduceProd", {x}, {F({-2, 12})}, rows},
      {"ReduceMax", {x}, {F({1, 4})}, rows},
      {"ReduceMin", {x}, {F({-2, 3})}, rows},
      {"ReduceL1", {x}, {F({3, 7})}, rows},
      {"ReduceL2", {x}, {F({std::sqrt(5.), 5})}, rows},
      {"ReduceSumSquare", {x}, {F({5, 25})}, rows},
      {"ReduceLogSum", {x}, {F({NAN, std::log(7.)})}, rows},
      {"ReduceLogSumExp", {x}, {F({log_sum(1, -2), log_sum(3, 4)})}, rows},
      {"ReduceLogSumExp", {F({-INFINITY, -INFINITY})}, {F({1}, {-INFINITY})}},
      {"ArgMax", {x}, {I({2, 1}, {0, 1})}, {{"axis", int64_t{1}}}},
      {"ArgMin", {F({2, 1, 1})}, {I({2})}, {{"select_last_index", int64_t{1}}}},
      {"CumSum", {x, C(I({}, {1}))}, {F({2, 2}, {1, -1, 3, 7})}},
      {"CumSum",
       {x, C(I({}, {1}))},
       {F({2, 2}, {-2, 0, 4, 0})},
       {{"reverse", int64_t{1}}, {"exclusive", int64_t{1}}}},
      {"TopK", {F({4, -1, 9, 4}), C(I({3}))}, {F({9, 4, 4}), I({2, 0, 3})}},
      {"TopK",
       {F({2, 2}, {4, -1, 9, 4}), C(I({1}))},
       {F({1, 2}, {4, -1}), I({1, 2}, {0, 0})},
       {{"axis", int64_t{0}}, {"largest", int64_t{0}}, {"sorted", int64_t{0}}}},
      {"MatMul", {x, F({2, 1}, {2, 3})}, {F({2, 1}, {-4, 18})}},
      {"MatMul", {F({2, 3}), x}, {F({11, 8})}},
      {"Gemm",
       {x, F({1, 2}, {2, 3}), F({1})},
       {F({2, 1}, {-1, 43})},
       {{"transB", int64_t{1}}, {"alpha", 2.0}, {"beta", 7.0}}},
      {"Gemm", {x, F({1, 2}, {2, 3}), F({1})}, {F({2, 1}, {-3, 19})}, {{"transB", int64_t{1}}}},
  };
  // Over no axes, the steps around the reduction remain.
  const std::vector<std::pair<const char*, Tensor>> over_none = {
      {"ReduceSum", F({2, -3})},       {"ReduceMean", F({2, -3})},
      {"ReduceProd", F({2, -3})},      {"ReduceMax", F({2, -3})},
      {"ReduceMin", F({2, -3})},       {"ReduceL1", F({2, 3})},
      {"ReduceL2", F({2, 3})},         {"ReduceSumSquare", F({4, 9})},
      {"ReduceLogSumExp", F({2, -3})}, {"ReduceLogSum", F({std::log(2.), NAN})},
  };
  for (const auto& [op, result] : over_none) {
    cases.push_back({op, {F({2, -3})}, {result}, {{"noop_with_empty_axes", int64_t{1}}}, 18});
  }
  return cases;
}

std::vector<Case> LayerCases() {
  const Tensor plane = F({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  const Tensor row = F({1, 1, 4}, {1, 5, 2, 4}), difference = F({1, 1, 2}, {1, -1});
  const Tensor volume = F({1, 1, 2, 1, 2}, {1, 2, 3, 4});
  const double e = std::exp(1.);
  return {
      {"Conv",
       {plane, F({1, 1, 2, 2}, {1, 0, 0, 1}), F({.5})},
       {F({1, 1, 2, 2}, {6.5, 8.5, 12.5, 14.5})}},
      {"Conv",
       {row, F({1, 1, 2}, {1, -1})},
       {F({1, 1, 3}, {-5, -1, 1})},
       {{"pads", Ints{1, 0}}, {"strides", Ints{1}}, {"dilations", Ints{2}}}},
      {"Conv", {volume, F({1, 1, 2, 1, 1}, {1, 10})}, {F({1, 1, 1, 1, 2}, {31, 42})}},
      {"ConvTranspose", {row, difference, F({.5})}, {F({1, 1, 5}, {1.5, 4.5, -2.5, 2.5, -3.5})}},
      {"ConvTranspose", {row, difference}, {F({1, 1, 4}, {4, -3, 2, -4})}, {{"pads", Ints{1, 0}}}},
      {"ConvTranspose",
       {row, difference},
       {F({1, 1, 9}, {1, -1, 5, -5, 2, -2, 4, -4, 0})},
       {{"strides", Ints{2}}, {"output_padding", Ints{1}}}},
      {"ConvTranspose",
       {row, difference},
       {F({1, 1, 4}, {1, 4, -3, 2})},
       {{"auto_pad", std::string("SAME_UPPER")}}},
      {"ConvTranspose",
       {row, difference},
       {F({1, 1, 4}, {4, -3, 2, -4})},
       {{"auto_pad", std::string("SAME_LOWER")}}},
      // One more than the windows reach with stride 3, where SAME means 12.
      {"ConvTranspose",
       {row, difference},
       {F({1, 1, 12}, {1, -1, 0, 5, -5, 0, 2, -2, 0, 4, -4, 0})},
       {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{3}}}},
      {"ConvTranspose",
       {row, difference},
       {F({1, 1, 10}, {1, -1, 5, -5, 2, -2, 4, -4, 0, 0})},
       {{"output_shape", Ints{10}}, {"strides", Ints{2}}}},
      {"ConvTranspose",
       {row, difference},
       {F({1, 1, 7}, {-1, 5, -5, 2, -2, 4, -4})},
       {{"output_shape", Ints{7}}, {"strides", Ints{2}}}},
      {"MaxPool", {volume}, {F({1, 1, 1, 1, 1}, {4})}, {{"kernel_shape", Ints{2, 1, 2}}}},
      {"AveragePool", {volume}, {F({1, 1, 1, 1, 1}, {2.5})}, {{"kernel_shape", Ints{2, 1, 2}}}},
      {"GlobalAveragePool", {volume}, {F({1, 1, 1, 1, 1}, {2.5})}},
      {"MaxPool", {plane}, {F({1, 1, 2, 2}, {5, 6, 8, 9})}, {{"kernel_shape", Ints{2, 2}}}},
      {"MaxPool", {row}, {F({1, 1, 2}, {5, 4})}, {{"kernel_shape", Ints{2}}, {"strides", Ints{2}}}},
      // Of (4 + 3 - 2) / 2 rounded up and one more, the last would start in the padding.
      {"MaxPool",
       {row},
       {F({1, 1, 3}, {1, 5, 4})},
       {{"kernel_shape", Ints{2}},
        {"strides", Ints{2}},
        {"pads", Ints{1, 2}},
        {"ceil_mode", int64_t{1}}}},
      {"MaxPool",
       {F({1, 1, 1, 4}, {1, 5, 2, 4})},
       {F({1, 1, 1, 2}, {5, 4})},
       {{"kernel_shape", Ints{1, 3}},
        {"strides", Ints{1, 2}},
        {"pads", Ints{0, 0, 0, 1}},
        {"ceil_mode", int64_t{1}}}},
      {"MaxPool",
       {F({1, 1, 6}, {1, 2, 3, 4, 5, 6})},
       {F({1, 1, 2}, {1, 5})},
       {{"kernel_shape", Ints{1}},
        {"strides", Ints{4}},
        {"auto_pad", std::string("SAME_UPPER")},
        {"ceil_mode", int64_t{1}}}},
      {"AveragePool", {plane}, {F({1, 1, 2, 2}, {3, 4, 6, 7})}, {{"kernel_shape", Ints{2, 2}}}},
      {"AveragePool",
       {row},
       {F({1, 1, 3}, {1, 3.5, 4})},
       {{"kernel_shape", Ints{2}}, {"strides", Ints{2}}, {"pads", Ints{1, 1}}}},
      {"AveragePool",
       {row},
       {F({1, 1, 2}, {3, 3})},
       {{"kernel_shape", Ints{2}}, {"strides", Ints{2}}, {"pads", Ints{0, 1}}}},
      {"GlobalAveragePool", {plane}, {F({1, 1, 1, 1}, {5})}},
      {"GlobalAveragePool", {row}, {F({1, 1, 1}, {3})}},
      {"GlobalMaxPool", {plane}, {F({1, 1, 1, 1}, {9})}},
      {"Softmax", {F({0, 1})}, {F({1 / (1 + e), e / (1 + e)})}},
      {"Softmax", {F({1, 1, 2}, {0, 1})}, {F({1, 1, 2}, {1 / (1 + e), e / (1 + e)})}, {}, 11},
      {"LogSoftmax", {F({0, 1})}, {F({-std::log(1 + e), 1 - std::log(1 + e)})}},
      {"BatchNormalization",
       {F({1, 2, 1}, {3, 5}), F({2, 1}), F({1, 0}), F({1, 2}), F({4, 9})},
       {F({1, 2, 1}, {3, 1})},
       {{"epsilon", 0.0}}},
      {"InstanceNormalization",
       {F({1, 1, 2}, {1, 3}), F({2}), F({5})},
       {F({1, 1, 2}, {3, 7})},
       {{"epsilon", 0.0}}},
      {"LayerNormalization",
       {F({1, 2}, {1, 3}), F({2, 2}), F({5, 5})},
       {F({1, 2}, {3, 7}), F({1, 1}, {2}), F({1, 1}, {1})},
       {{"epsilon", 0.0}}},
  };
}

std::vector<Case> ShapeCases() {
  const Tensor x = F({2, 3}, {1, 2, 3, 4, 5, 6});
  const double big = 9007199254740992;  // 2^53, from which doubles count by twos
  const Tensor far = I({}, {big}), farther = Add(I({}, {big}), int64_t{3});
  const Tensor range = Add(I({0, 1, 2}), I({}, {big}));
  return {
      {"Shape", {x}, {I({2, 3})}},
      {"Shape", {x}, {I({3})}, {{"start", int64_t{-1}}}},
      {"Size", {x}, {I({}, {6})}},
      {"Constant", {}, {F({1, 2})}, {{"value", F({1, 2})}}},
      {"Constant", {}, {F({}, {2.5})}, {{"value_float", 2.5}}},
      {"Constant", {}, {I({}, {3})}, {{"value_int", int64_t{3}}}},
      {"Constant", {}, {I({3, 4})}, {{"value_ints", Ints{3, 4}}}},
      {"Constant", {}, {F({3, 4})}, {{"value_floats", Doubles{3, 4}}}},
      {"ConstantOfShape", {C(I({1, 2}))}, {F({1, 2}, {0, 0})}},
      {"ConstantOfShape", {C(I({2}))}, {I({7, 7})}, {{"value", I({7})}}},
      {"Range", {C(F({}, {1})), C(F({}, {2.1})), C(F({}, {.5}))}, {F({1, 1.5, 2})}},
      {"Range", {C(I({}, {5})), C(I({}, {0})), C(I({}, {-2}))}, {I({5, 3, 1})}},
      {"Range", {C(far), C(farther), C(I({}, {1}))}, {range}},
      {"Range", {C(I({}, {5})), C(I({}, {5})), C(I({}, {1}))}, {I({})}},
      {"Reshape", {x, C(I({0, -1, 1}))}, {F({2, 3, 1}, {1, 2, 3, 4, 5, 6})}},
      {"Flatten", {F({1, 2, 2}, {1, 2, 3, 4})}, {F({2, 2}, {1, 2, 3, 4})}, {{"axis", int64_t{2}}}},
      {"Transpose", {x}, {F({3, 2}, {1, 4, 2, 5, 3, 6})}},
      {"Transpose", {x}, {x}, {{"perm", Ints{0, 1}}}},
      {"Squeeze", {F({1, 2, 1}, {1, 2}), C(I({-1}))}, {F({1, 2}, {1, 2})}},
      {"Squeeze", {F({1, 2, 1}, {1, 2})}, {F({1, 2})}},
      {"Squeeze", {F({1, 2, 1}, {1, 2})}, {F({2, 1}, {1, 2})}, {{"axes", Ints{0}}}, 11},
      {"Unsqueeze", {F({1, 2}), C(I({0, -1}))}, {F({1, 2, 1}, {1, 2})}},
      {"Expand", {F({2, 1}, {1, 2}), C(I({1, 1, 2}))}, {F({1, 2, 2}, {1, 1, 2, 2})}},
      {"Tile", {F({1, 2}, {1, 2}), C(I({2, 2}))}, {F({2, 4}, {1, 2, 1, 2, 1, 2, 1, 2})}},
      {"Concat",
       {F({1, 1}, {1}), F({1, 2}, {2, 3})},
       {F({1, 3}, {1, 2, 3})},
       {{"axis", int64_t{-1}}}},
      {"Split",
       {x, C(I({1, 2}))},
       {F({2, 1}, {1, 4}), F({2, 2}, {2, 3, 5, 6})},
       {{"axis", int64_t{1}}}},
      {"Split", {x}, {F({1, 3}, {1, 2, 3}), F({1, 3}, {4, 5, 6})}},
      {"Slice",
       {x, C(I({0, 2})), C(I({2, -4})), C(I({0, 1})), C(I({1, -2}))},
       {F({2, 2}, {3, 1, 6, 4})}},
      {"Slice",
       {x},
       {F({2, 1}, {2, 5})},
       {{"starts", Ints{1}}, {"ends", Ints{-1}}, {"axes", Ints{1}}},
       9},
      {"Gather", {x, I({1, 1}, {-1})}, {F({2, 1, 1}, {3, 6})}, {{"axis", int64_t{1}}}},
      {"Gather", {x, C(I({}, {1}))}, {F({4, 5, 6})}},
      {"GatherElements", {x, I({1, 3}, {1, 0, -1})}, {F({1, 3}, {4, 2, 6})}},
      {"ScatterElements",
       {x, I({1, 1}, {1}), F({1, 1}, {10})},
       {F({2, 3}, {1, 2, 3, 14, 5, 6})},
       {{"reduction", std::string("add")}}},
      {"ScatterElements", {x, I({1, 1}, {1}), F({1, 1}, {10})}, {F({2, 3}, {1, 2, 3, 10, 5, 6})}},
      {"ScatterElements",
       {x, I({2, 1}, {1, 1}), F({2, 1}, {3, 7})},
       {F({2, 3}, {1, 2, 3, 7, 5, 6})},
       {{"reduction", std::string("max")}}},
      {"Pad", {F({1, 2}), C(I({1, 2})), C(F({}, {9}))}, {F({9, 1, 2, 9, 9})}},
      {"Pad", {F({1, 2})}, {F({3, 1, 2})}, {{"pads", Ints{1, 0}}, {"value", 3.0}}, 2 + 8},
      {"Trilu", {F({2, 2}, {1, 2, 3, 4})}, {F({2, 2}, {1, 2, 0, 4})}},
      {"Trilu",
       {F({2, 2}, {1, 2, 3, 4}), C(I({}, {-1}))},
       {F({2, 2}, {0, 0, 3, 0})},
       {{"upper", int64_t{0}}}},
      {"DepthToSpace",
       {F({1, 4, 1, 1}, {1, 2, 3, 4})},
       {F({1, 1, 2, 2}, {1, 2, 3, 4})},
       {{"blocksize", int64_t{2}}}},
      {"SpaceToDepth",
       {F({1, 1, 2, 2}, {1, 2, 3, 4})},
       {F({1, 4, 1, 1}, {1, 2, 3, 4})},
       {{"blocksize", int64_t{2}}}},
  };
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (auto cases : {UnaryCases, BinaryCases, ReductionCases, LayerCases, ShapeCases, RuntimeCases,
                     MovingCases, EarlyCases}) {
    for (Case& one : cases()) all.push_back(std::move(one));
  }
  return all;
}

TEST(Operators, GiveWhatTheyShould) {
  for (const Case& one : AllCases()) Check(one);
}

// A number or nothing where others stand gives a result or an error.
TEST(Operators, ComputeOrRefuseNumbersAndNothing) {
  for (const Case& one : AllCases()) {
    SCOPED_TRACE(absl::StrCat(one.op, ", operator set ", one.opset));
    for (size_t i = 0; i < one.inputs.size(); ++i) {
      if (!one.inputs[i].tensor.defined()) continue;
      for (const Dims& shape : {Dims{}, Dims{0}, Dims{2, 0}}) {
        Case odd = one;
        odd.inputs[i].tensor = Zeros(shape, {.dtype = one.inputs[i].tensor.dtype()});
        const absl::StatusOr<graph::Graph> graph = FromBytes(ModelOf(odd));
        if (!graph.ok()) continue;
        try {
          graph::Program(*graph).Run(ModelInputs(odd));
        } catch (const Error&) {
        }
      }
    }
  }
}

TEST(Operators, DrawNumbersOfTheShapeInEachRun) {
  for (const auto& [op, like] : {std::pair{"RandomNormal", false},
                                 {"RandomUniform", false},
                                 {"RandomNormalLike", true},
                                 {"RandomUniformLike", true},
                                 {"Bernoulli", true}}) {
    SCOPED_TRACE(op);
    Case one{op, {}, {F({1}, {0})}};
    if (like) {
      one.inputs.push_back(Full({3, 50}, 0.5));
    } else {
      one.attributes.push_back({"shape", Ints{3, 50}});
    }
    const absl::StatusOr<graph::Graph> graph = FromBytes(ModelOf(one));
    ASSERT_TRUE(graph.ok()) << graph.status();
    const graph::Program program = graph::Compile(*graph);
    const Tensor first = program.Run(ModelInputs(one))[0],
                 second = program.Run(ModelInputs(one))[0];
    EXPECT_EQ(first.shape(), (Dims{3, 50}));
    EXPECT_FALSE(SameBits(first, second));
    const bool uniform = one.op.find("Uniform") != std::string::npos;
    const bool half = uniform || one.op == "Bernoulli";
    EXPECT_NEAR(Mean(first).Item<double>(), half ? 0.5 : 0, 0.4);
    if (uniform) {
      EXPECT_GE(AMin(first).Item<double>(), 0);
      EXPECT_LT(AMax(first).Item<double>(), 1);
    }
  }
}

TEST(Operators, DropElementsWhileTraining) {
  const Tensor ratio = ScalarTensor(0.25, {.dtype = kFloat32});
  const Case one{"Dropout",
                 {Ones({4, 100}), ratio, Of(kBool, {}, {1})},
                 {F({0}), B({0})},
                 {{"seed", int64_t{3}}},
                 22};
  const absl::StatusOr<graph::Graph> graph = FromBytes(ModelOf(one));
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<Tensor> results = graph::Compile(*graph).Run(ModelInputs(one));
  EXPECT_EQ(results[1].dtype(), kBool);
  EXPECT_TRUE(SameBits(results[0], Cast(results[1], kFloat32) / 0.75));
  EXPECT_NEAR(Mean(Cast(results[1], kFloat32)).Item<double>(), 0.75, 0.15);
}

std::string ErrorOfRun(const Case& one) {
  const absl::StatusOr<graph::Graph> graph = FromBytes(ModelOf(one));
  if (!graph.ok()) return std::string(graph.status().message());
  try {
    graph::Compile(*graph).Run(ModelInputs(one));
  } catch (const Error& error) {
    return std::string(error.message());
  }
  return "none";
}

// What only a run can tell may be out of range.
TEST(Operators, RunsRefuseAxesAndNumbersOutOfRange) {
  const auto contains = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  for (const auto& [one, what] : BadRuns()) {
    SCOPED_TRACE(absl::StrCat(one.op, ": ", what));
    EXPECT_TRUE(contains(ErrorOfRun(one), what)) << ErrorOfRun(one);
  }
}

TEST(Operators, RefuseShapesThatDoNotFit) {
  for (const Case& one : BadCases()) EXPECT_FALSE(FromBytes(ModelOf(one)).ok()) << one.op;
}

// What a file declares takes no memory until it runs.
TEST(Operators, ImportNeedsNoMemoryForWhatIsDeclared) {
  for (const Case& one :
       std::vector<Case>{{"RandomNormal", {}, {F({0})}, {{"shape", Ints{1 << 18, 1 << 18}}}},
                         {"OneHot", {I({0}), C(I({int64_t{1} << 33})), F({0, 1})}, {F({0})}}}) {
    (void)FromBytes(ModelOf(one));
  }
}

TEST(Operators, EachHasACase) {
  // What draws numbers, above; what takes other things than tensors, in kinds_test.
  std::set<std::string> covered = {
      "RandomNormal",     "RandomNormalLike",   "RandomUniform",      "RandomUniformLike",
      "Bernoulli",        "SequenceConstruct",  "SequenceEmpty",      "SequenceAt",
      "SequenceInsert",   "SequenceErase",      "SequenceLength",     "SplitToSequence",
      "Optional",         "OptionalGetElement", "OptionalHasElement", "ConcatFromSequence",
      "StringNormalizer", "StringConcat",       "StringSplit"};
  for (const Case& one : AllCases()) covered.insert(one.op);
#define ONNX_READ(Name, ...) EXPECT_TRUE(covered.contains(#Name)) << #Name;
#define ONNX_READ_AS ONNX_READ
#include "neura/onnx/import/operators.inc"
}

}  // namespace
}  // namespace neura::onnx
