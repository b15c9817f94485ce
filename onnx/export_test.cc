// What a model that goes out says: operator sets, names, descriptions, tensors beside it, and
// functions as operators of their own.
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/nn/nn.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;

std::string TempPath(const std::string& name) { return ::testing::TempDir() + "/" + name; }

::onnx::ModelProto Parsed(const std::string& bytes) {
  ::onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, int> Operators(const ::onnx::ModelProto& model) {
  std::map<std::string, int> count;
  for (const auto& node : model.graph().node()) ++count[node.op_type()];
  return count;
}

using Function = std::function<std::vector<Tensor>(absl::Span<const Tensor>)>;

// The bytes of a function's model. Dimensions of inputs are open as (input, dimension, name).
std::string BytesOf(const Function& function, const std::vector<Tensor>& examples, int opset,
                    std::vector<graph::DynamicDim> open = {}) {
  ExportOptions options{.opset = opset};
  options.capture.dynamic_batch = false;
  options.capture.dynamic_dims = std::move(open);
  return ToBytes(graph::Capture(function, examples, CaptureOptionsOf(options)), options);
}

// Reads a model back and compares what it makes of inputs.
void ExpectEqual(const std::string& bytes, const Function& function,
                 const std::vector<Tensor>& inputs, double tolerance = 1e-5) {
  const auto graph = FromBytes(bytes);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<Tensor> expected = function(inputs);
  const std::vector<Tensor> actual = graph::Compile(*graph).Run(inputs);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(actual[i].shape(), expected[i].shape());
    EXPECT_TRUE(AllClose(actual[i], expected[i], 1e-4, tolerance)) << i;
  }
}

constexpr int kSets[] = {13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28};

// ---- functions as operators ---------------------------------------------------------------------

// A function, its inputs, what of them is open, other sizes, and the operator that it is from a set
// on.
struct WholeCase {
  std::string name = {};
  Function function = {};
  std::vector<Tensor> examples = {};
  std::vector<graph::DynamicDim> open = {};
  std::vector<std::vector<Tensor>> others = {};
  std::string op_type = {};
  int since = kOldestOpset;
};

template <typename Layer>
std::vector<Tensor> OfRecurrent(Layer& layer, absl::Span<const Tensor> in) {
  if constexpr (std::is_same_v<Layer, nn::LSTM>) {
    auto result = in.size() > 1 ? layer(in[0], nn::LSTMState{in[1], in[2]}) : layer(in[0]);
    return {result.output, result.state.h, result.state.c};
  } else {
    auto result = in.size() > 1 ? layer(in[0], in[1]) : layer(in[0]);
    return {result.output, result.state};
  }
}

template <typename Layer>
WholeCase RecurrentCase(const std::string& name, const std::string& op_type, Layer layer,
                        bool batch_first, int64_t states = 0) {
  auto shared = std::make_shared<Layer>(std::move(layer));
  WholeCase made{
      .name = name,
      .function = [shared](absl::Span<const Tensor> in) { return OfRecurrent(*shared, in); },
      .op_type = op_type};
  const auto inputs = [&](int64_t steps, int64_t batch) {
    std::vector<Tensor> given = {batch_first ? Randn({batch, steps, 3}) : Randn({steps, batch, 3})};
    for (int64_t i = 0; i < (op_type == "LSTM" ? 2 : 1) && states > 0; ++i) {
      given.push_back(Randn({states, batch, 4}));
    }
    return given;
  };
  made.examples = inputs(5, 2);
  made.open = {{0, batch_first ? 1 : 0, "steps"}, {0, batch_first ? 0 : 1, "batch"}};
  for (size_t i = 1; i < made.examples.size(); ++i) {
    made.open.push_back({static_cast<int>(i), 1, "batch"});
  }
  for (const auto& [steps, batch] : {std::pair{1, 1}, std::pair{7, 3}}) {
    made.others.push_back(inputs(steps, batch));
  }
  return made;
}

std::vector<WholeCase> WholeCases() {
  std::vector<WholeCase> cases;
  cases.push_back(
      RecurrentCase("lstm", "LSTM", nn::LSTM({.input_size = 3, .hidden_size = 4}), false));
  cases.push_back(RecurrentCase("lstm_deep", "LSTM",
                                nn::LSTM({.input_size = 3,
                                          .hidden_size = 4,
                                          .num_layers = 2,
                                          .batch_first = true,
                                          .bidirectional = true}),
                                true, 4));
  cases.push_back(RecurrentCase("lstm_unbiased", "LSTM",
                                nn::LSTM({.input_size = 3, .hidden_size = 4, .bias = false}), false,
                                1));
  cases.push_back(RecurrentCase(
      "gru", "GRU", nn::GRU({.input_size = 3, .hidden_size = 4, .bidirectional = true}), false, 2));
  cases.push_back(RecurrentCase(
      "rnn", "RNN",
      nn::RNN({.input_size = 3, .hidden_size = 4, .num_layers = 2, .nonlinearity = "relu"}),
      false));
  const auto add = [&](std::string name, std::string op_type, int since,
                       std::function<Tensor(absl::Span<const Tensor>)> function,
                       std::vector<Tensor> examples, std::vector<graph::DynamicDim> open,
                       std::vector<std::vector<Tensor>> others) {
    cases.push_back({std::move(name),
                     [function](absl::Span<const Tensor> in) { return std::vector{function(in)}; },
                     std::move(examples), std::move(open), std::move(others), std::move(op_type),
                     since});
  };
  const Tensor image = Randn({2, 6, 4, 5}), larger = Randn({3, 6, 7, 8});
  const std::vector<graph::DynamicDim> open_image = {{0, 0, "batch"}, {0, 2, "h"}, {0, 3, "w"}};
  const Tensor weight = Rand({6}) + 0.5, bias = Randn({6});
  add("group_norm", "GroupNormalization", 21,
      [=](absl::Span<const Tensor> in) { return GroupNorm(in[0], 3, weight, bias); }, {image},
      open_image, {{larger}});
  add("group_norm_plain", "GroupNormalization", 21,
      [=](absl::Span<const Tensor> in) { return GroupNorm(in[0], 2); }, {image}, open_image,
      {{larger}});
  auto instance = std::make_shared<nn::InstanceNorm2d>(
      nn::InstanceNormOptions{.num_features = 6, .affine = true});
  add("instance_norm", "InstanceNormalization", kOldestOpset,
      [instance](absl::Span<const Tensor> in) { return (*instance)(in[0]); }, {image}, open_image,
      {{larger}});
  const Tensor rms = Rand({5}) + 0.5;
  add("rms_norm", "RMSNormalization", 23,
      [=](absl::Span<const Tensor> in) { return RmsNorm(in[0], {5}, rms); }, {image},
      {{0, 0, "batch"}, {0, 2, "h"}}, {{Randn({1, 6, 9, 5})}});
  add("layer_norm", "LayerNormalization", 17,
      [=](absl::Span<const Tensor> in) { return LayerNormOver(in[0], {5}, rms); }, {image},
      {{0, 0, "batch"}}, {{Randn({1, 6, 4, 5})}});
  add("gelu", "Gelu", 20, [=](absl::Span<const Tensor> in) { return Gelu(in[0]); }, {image},
      open_image, {{larger}});
  for (const char* mode : {"nearest", "nearest-exact", "bilinear", "bicubic"}) {
    add(absl::StrCat("resize_twice_", mode), "Resize", kOldestOpset,
        [=](absl::Span<const Tensor> in) {
          return Interpolate(in[0], {.scale_factor = {{2.0}}, .mode = mode});
        },
        {image}, open_image, {{larger}});
    add(absl::StrCat("resize_", mode), "Resize", kOldestOpset,
        [=](absl::Span<const Tensor> in) {
          return Interpolate(in[0], {.size = {{7, 3}}, .mode = mode});
        },
        {image}, open_image, {{larger}});
  }
  add("resize_corners", "Resize", kOldestOpset,
      [=](absl::Span<const Tensor> in) {
        return Interpolate(in[0], {.size = {{7, 3}}, .mode = "bilinear", .align_corners = true});
      },
      {image}, open_image, {{larger}});
  add("resize_to_another", "Resize", kOldestOpset,
      [=](absl::Span<const Tensor> in) {
        return Interpolate(in[0], {.size = {{in[1].size(2), in[1].size(3)}}, .mode = "bilinear"});
      },
      {image, Randn({1, 1, 9, 4})}, {{1, 2, "h"}, {1, 3, "w"}}, {{image, Randn({1, 1, 3, 11})}});
  add("grid_sample", "GridSample", 16,
      [=](absl::Span<const Tensor> in) { return GridSample(in[0], in[1], "bilinear", "border"); },
      {image, Rand({2, 3, 4, 2}) * 2.4 - 1.2}, {{0, 0, "batch"}, {1, 0, "batch"}},
      {{Randn({3, 6, 4, 5}), Rand({3, 3, 4, 2}) * 2.4 - 1.2}});
  const auto heads = [](int64_t batch, int64_t length) { return Randn({batch, 2, length, 4}); };
  add("attention", "Attention", 23,
      [](absl::Span<const Tensor> in) {
        return ScaledDotProductAttention(in[0], in[1], in[2], {}, 0, true);
      },
      {heads(2, 5), heads(2, 5), heads(2, 5)},
      {{0, 0, "batch"},
       {0, 2, "length"},
       {1, 0, "batch"},
       {1, 2, "length"},
       {2, 0, "batch"},
       {2, 2, "length"}},
      {{heads(1, 1), heads(1, 1), heads(1, 1)}, {heads(3, 8), heads(3, 8), heads(3, 8)}});
  add("attention_masked", "Attention", 23,
      [](absl::Span<const Tensor> in) {
        return ScaledDotProductAttention(in[0], in[1], in[1], in[2]);
      },
      {heads(2, 3), heads(2, 5), Rand({2, 1, 3, 5}) > 0.5}, {{0, 2, "queries"}, {2, 2, "queries"}},
      {{heads(2, 1), heads(2, 5), Zeros({2, 1, 1, 5}, {.dtype = kBool})},
       {heads(2, 8), heads(2, 5), Rand({2, 1, 8, 5}) > 0.5}});
  auto attention = std::make_shared<nn::MultiheadAttention>(
      nn::MultiheadAttentionOptions{.embed_dim = 8, .num_heads = 2, .batch_first = true});
  cases.push_back({"multihead_attention",
                   [attention](absl::Span<const Tensor> in) {
                     auto result = (*attention)(in[0], in[0], in[0]);
                     return std::vector{result.output, result.weights};
                   },
                   {Randn({2, 5, 8})},
                   {{0, 0, "batch"}, {0, 1, "length"}},
                   {{Randn({1, 1, 8})}, {Randn({3, 7, 8})}},
                   "Attention",
                   23});
  return cases;
}

TEST(ExportWhole, FunctionsAreOperatorsWhereTheSetHasThem) {
  for (const WholeCase& each : WholeCases()) {
    for (int opset : kSets) {
      SCOPED_TRACE(absl::StrCat(each.name, " at set ", opset));
      std::string bytes;
      ASSERT_EQ(ErrorOf([&] { bytes = BytesOf(each.function, each.examples, opset, each.open); }),
                "no error");
      const auto operators = Operators(Parsed(bytes));
      EXPECT_EQ(operators.contains(each.op_type), opset >= each.since);
      ExpectEqual(bytes, each.function, each.examples);
      for (const std::vector<Tensor>& inputs : each.others) {
        ExpectEqual(bytes, each.function, inputs);
      }
    }
  }
}

TEST(ExportWhole, GraphsOfThemRun) {
  for (const WholeCase& each : WholeCases()) {
    SCOPED_TRACE(each.name);
    ExportOptions options{.opset = kNewestOpset};
    options.capture.dynamic_batch = false;
    options.capture.dynamic_dims = each.open;
    const graph::Program program =
        graph::Compile(each.function, each.examples, CaptureOptionsOf(options));
    for (const std::vector<Tensor>& inputs : each.others) {
      const std::vector<Tensor> expected = each.function(inputs), actual = program.Run(inputs);
      ASSERT_EQ(actual.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_TRUE(AllClose(actual[i], expected[i], 1e-5, 1e-6));
      }
    }
  }
}

// ---- what a model says --------------------------------------------------------------------------

struct Block : nn::Module {
  // As initializers of the members, g++ 12 takes the options for dangling.
  Block()
      : linear({.in_features = 4, .out_features = 4}), lstm({.input_size = 4, .hidden_size = 4}) {}
  nn::Linear linear;
  nn::LSTM lstm;
  Tensor Forward(const Tensor& x) override { return lstm(Relu(linear(x))).output; }
  NEURA_MODULE(linear, lstm)
};
struct Net : nn::Module {
  Block first, second;
  Tensor Forward(const Tensor& x) override { return second(first(x)) + x; }
  NEURA_MODULE(first, second)
};

TEST(ExportModel, NamesAreThoseOfModulesAndOfTheStateDict) {
  Net net;
  const std::string path = TempPath("names.onnx");
  ExportOptions options{.model_name = "blocks",
                        .doc_string = "Two blocks",
                        .metadata = {{"trained_on", "cats"}, {"license", "MIT"}},
                        .domain = "org.example",
                        .model_version = 7};
  options.capture.dynamic_batch = false;
  options.capture.dynamic_dims = {{0, 0, "steps"}};
  Export(net, {Randn({3, 2, 4})}, path, options);
  const ::onnx::ModelProto model = Parsed(Read(path));
  EXPECT_EQ(model.producer_name(), "neura");
  EXPECT_THAT(model.producer_version(), ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(model.doc_string(), "Two blocks");
  EXPECT_EQ(model.domain(), "org.example");
  EXPECT_EQ(model.model_version(), 7);
  EXPECT_EQ(model.graph().name(), "blocks");
  ASSERT_EQ(model.metadata_props_size(), 2);
  EXPECT_EQ(model.metadata_props(1).key(), "license");
  EXPECT_EQ(model.metadata_props(1).value(), "MIT");
  std::set<std::string> initializers;
  for (const auto& tensor : model.graph().initializer()) initializers.insert(tensor.name());
  for (const auto& [name, tensor] : net.StateDict())
    EXPECT_TRUE(initializers.contains(name)) << name;
  std::set<std::string> nodes;
  for (const auto& node : model.graph().node()) {
    EXPECT_TRUE(nodes.insert(node.name()).second) << node.name();
  }
  EXPECT_TRUE(nodes.contains("/first/lstm/LSTM"));
  EXPECT_TRUE(nodes.contains("/second/linear/MatMul"));
  EXPECT_TRUE(nodes.contains("Add"));
  // Values between have types and, where they follow from named ones, the names of their sizes.
  bool found = false;
  for (const auto& info : model.graph().value_info()) {
    if (info.name() != "/first/lstm/recurrent") continue;
    found = true;
    EXPECT_EQ(info.type().tensor_type().elem_type(), ::onnx::TensorProto::FLOAT);
    const auto& shape = info.type().tensor_type().shape();
    ASSERT_EQ(shape.dim_size(), 3);
    EXPECT_EQ(shape.dim(0).dim_param(), "steps");
    EXPECT_EQ(shape.dim(1).dim_value(), 2);
    EXPECT_EQ(shape.dim(2).dim_value(), 4);
  }
  EXPECT_TRUE(found);
}

TEST(ExportModel, OutputsNameTheirSizes) {
  const auto twice = [](const Tensor& x) { return Cat({x, x}, 0); };
  ExportOptions options;
  const auto bytes =
      ToBytes(graph::Capture(twice, {Randn({2, 3})}, CaptureOptionsOf(options)), options);
  EXPECT_EQ(Parsed(bytes).graph().output(0).type().tensor_type().shape().dim(0).dim_param(),
            "2*batch");
}

TEST(ExportModel, PartsOfOpenDimensionsKeepTheirDimensions) {
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> functions = {
      {"last", [](const Tensor& x) { return Select(x, 2, -1); }},
      {"reflect",
       [](const Tensor& x) {
         return PadByPairs(x, {2, 1}, "reflect", 0);
       }},
      {"replicate",
       [](const Tensor& x) {
         return PadByPairs(x, {2, 1}, "replicate", 0);
       }},
      {"circular",
       [](const Tensor& x) {
         return PadByPairs(x, {2, 1}, "circular", 0);
       }},
  };
  for (const auto& [name, function] : functions) {
    SCOPED_TRACE(name);
    const Function of_all = [&function = function](absl::Span<const Tensor> in) {
      return std::vector{function(in[0])};
    };
    const std::string bytes = BytesOf(of_all, {Randn({2, 3, 5})}, kOpset, {{0, 2, "length"}});
    for (int64_t length : {3, 5, 12}) ExpectEqual(bytes, of_all, {Randn({2, 3, length})});
  }
}

TEST(ExportModel, SetsThatAreNotWrittenAreRefused) {
  const auto bytes = [](int opset) {
    return BytesOf([](absl::Span<const Tensor> in) { return std::vector{Relu(in[0])}; },
                   {Randn({2})}, opset);
  };
  EXPECT_THAT(ErrorOf([&] { bytes(12); }), HasSubstr("operator set 12 is not written"));
  EXPECT_THAT(ErrorOf([&] { bytes(29); }), HasSubstr("from 13 to 28"));
}

struct Odd : nn::Module {
  Tensor Forward(const Tensor& x) override { return Lgamma(x); }
  NEURA_MODULE()
};
struct Sums : nn::Module {
  Tensor Forward(const Tensor& x) override {
    return ScatterAdd(x, 0, Zeros({1, 2}, {.dtype = kInt64}), Ones({1, 2}));
  }
  NEURA_MODULE()
};
template <typename Inner>
struct Outer : nn::Module {
  Inner inner;
  Tensor Forward(const Tensor& x) override { return inner(x) + 1; }
  NEURA_MODULE(inner)
};

TEST(ExportModel, WhatCannotBeSaidNamesOperationAndModule) {
  Outer<Odd> odd;
  EXPECT_THAT(ErrorOf([&] {
                Export(odd, {Rand({2, 2})}, TempPath("odd.onnx"));
              }),
              HasSubstr("cannot export lgamma in module inner: ONNX has no gamma function"));
  Outer<Sums> sums;
  EXPECT_THAT(ErrorOf([&] {
                Export(sums, {Rand({2, 2})}, TempPath("sums.onnx"), {.opset = 15});
              }),
              AllOf(HasSubstr("cannot export scatter_add in module inner"),
                    HasSubstr("came with operator set 16, the model is to be of set 15")));
}

// ---- tensors outside ----------------------------------------------------------------------------

TEST(ExportModel, TensorsMayLieBesideIt) {
  Net net;
  const std::string path = TempPath("outside.onnx");
  ExportOptions options{.external_data = true, .external_threshold = 200};
  options.capture.dynamic_batch = false;
  const Tensor x = Randn({3, 2, 4});
  Export(net, {x}, path, options);
  const ::onnx::ModelProto model = Parsed(Read(path));
  const auto size = std::filesystem::file_size(path + ".data");
  int outside = 0;
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.data_location() != ::onnx::TensorProto::EXTERNAL) continue;
    ++outside;
    std::map<std::string, std::string> entries;
    for (const auto& entry : tensor.external_data()) entries[entry.key()] = entry.value();
    EXPECT_EQ(entries["location"], "outside.onnx.data");
    EXPECT_EQ(std::stoll(entries["offset"]) % 64, 0);
    EXPECT_LE(std::stoull(entries["offset"]) + std::stoull(entries["length"]), size);
  }
  EXPECT_EQ(outside, 4);  // the weights of both LSTMs
  const auto program = Load(path);
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_TRUE(AllClose((*program)(x), net(x), 1e-5, 1e-6));
  // Written anew without, it needs the other file no more.
  options.external_data = false;
  Export(net, {x}, path, options);
  std::filesystem::remove(path + ".data");
  EXPECT_TRUE(Load(path).ok());
}

}  // namespace
}  // namespace neura::onnx
