#include "neura/onnx/onnx.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

std::string TempPath(const std::string& name) { return ::testing::TempDir() + "/" + name; }

// What modules look like to Export.
struct Net {
  Tensor weight1 = Randn({8, 1, 3, 3}), bias1 = Randn({8}), mean = Randn({8}),
         variance = Rand({8}) + 0.5;
  Tensor weight2 = Randn({10, 8 * 4 * 4}), bias2 = Randn({10});

  Tensor operator()(const Tensor& x) const {
    Tensor h = Conv2d(x, weight1, bias1, {.padding = 1});
    h = BatchNormInference(h, mean, variance, {}, {});
    h = MaxPool2d(Relu(h), {.kernel_size = 2});
    return Linear(Flatten(h, 1), weight2, bias2);
  }
  NamedTensors NamedParameters() const {
    return {
        {"conv.weight", weight1}, {"conv.bias", bias1}, {"fc.weight", weight2}, {"fc.bias", bias2}};
  }
  NamedTensors NamedBuffers() const {
    return {{"norm.running_mean", mean}, {"norm.running_var", variance}};
  }
};

TEST(Export, AModelRunsAtAnyBatchSizeOnceLoaded) {
  const Net net;
  const std::string path = TempPath("net.onnx");
  Export(net, {Rand({2, 1, 8, 8})}, path);
  const auto graph = LoadGraph(path);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto program = Load(path);
  ASSERT_TRUE(program.ok()) << program.status();
  for (int64_t batch : {1, 2, 17}) {
    const Tensor x = Randn({batch, 1, 8, 8});
    // As it stands in the file, the model has the same operations.
    EXPECT_TRUE(SameBits(graph::Program(*graph)(x), net(x)));
    // Optimized, the normalization is part of the convolution.
    EXPECT_LT(AMax(Abs((*program)(x)-net(x))).Item<double>(), 1e-4);
  }
}

TEST(Export, ParametersAndBuffersKeepTheirNames) {
  const std::string path = TempPath("names.onnx");
  Export(Net(), {Rand({2, 1, 8, 8})}, path);
  std::ifstream file(path, std::ios::binary);
  ::onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromIstream(&file));
  std::vector<std::string> names;
  for (const auto& initializer : model.graph().initializer()) names.push_back(initializer.name());
  for (const char* name : {"conv.weight", "conv.bias", "norm.running_mean", "norm.running_var",
                           "fc.weight", "fc.bias"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
  EXPECT_EQ(model.graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "batch");
  EXPECT_EQ(model.opset_import(0).version(), kOpset);
}

TEST(Export, OpenSizesReachShapes) {
  const auto fn = [](const Tensor& x) {
    const Tensor heads = Permute(Reshape(x, {x.size(0), x.size(1), 2, 3}), {0, 2, 1, 3});
    const Tensor rows = Expand(Arange(x.size(1)), {x.size(0), 2, x.size(1)});
    return Sum(heads, {.dims = {3}}) + Cast(rows, kFloat32) + Zeros({x.size(0), 2, x.size(1)});
  };
  ExportOptions options;
  options.capture.dynamic_dims = {{0, 1, "length"}};
  const std::string bytes =
      ToBytes(graph::Capture(fn, {Rand({2, 5, 6})}, options.capture), options);
  const auto graph = FromBytes(bytes);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const graph::Program program = graph::Compile(*graph);
  for (int64_t batch : {1, 4}) {
    for (int64_t length : {1, 6, 9}) {
      const Tensor x = Rand({batch, length, 6});
      EXPECT_TRUE(SameBits(program(x), fn(x)));
    }
  }
}

TEST(Export, PartsAreOneSplit) {
  const auto fn = [](const Tensor& x) {
    const std::vector<Tensor> parts = Split(x, {1, 2, x.size(1) - 3}, 1);
    return parts[0] + Sum(parts[2], {.dims = {1}, .keepdim = true});
  };
  ExportOptions options;
  options.capture.dynamic_dims = {{0, 1, "length"}};
  const std::string bytes = ToBytes(graph::Capture(fn, {Rand({2, 5})}, options.capture), options);
  ::onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(bytes));
  const auto& nodes = model.graph().node();
  EXPECT_EQ(std::count_if(nodes.begin(), nodes.end(),
                          [](const auto& node) { return node.op_type() == "Split"; }),
            1);
  const auto graph = FromBytes(bytes);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const graph::Program program = graph::Compile(*graph);
  for (int64_t length : {3, 5, 8}) {
    const Tensor x = Rand({4, length});
    EXPECT_TRUE(SameBits(program(x), fn(x)));
  }
  // Where sizes are known to add up, it is read back as one.
  const auto fixed = FromBytes(
      ToBytes(graph::Capture([](const Tensor& x) { return Stack(Split(x, 2, 1)); }, {Rand({2, 6})}),
              options));
  ASSERT_TRUE(fixed.ok()) << fixed.status();
  std::vector<std::string> names;
  for (graph::NodeId node : fixed->nodes()) names.push_back(fixed->node(node).name());
  EXPECT_EQ(std::count(names.begin(), names.end(), "split"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "slice"), 0);
}

TEST(Export, TransposedConvolutionsKeepTheirSizesOpen) {
  const Tensor down = Randn({4, 2, 3}), up = Randn({4, 2, 3}), bias = Randn({2});
  const auto fn = [&](const Tensor& x) {
    const Tensor h = Relu(Conv1d(x, down, {}, {.stride = 2, .padding = 1}));
    return ConvTranspose1d(h, up, bias, {.stride = 2, .padding = 1, .output_padding = 1});
  };
  ExportOptions options;
  options.capture.dynamic_dims = {{0, 2, "length"}};
  const auto graph =
      FromBytes(ToBytes(graph::Capture(fn, {Rand({2, 2, 8})}, options.capture), options));
  ASSERT_TRUE(graph.ok()) << graph.status();
  const graph::Program program = graph::Compile(*graph);
  for (int64_t length : {1, 6, 9}) {
    const Tensor x = Rand({2, 2, length});
    EXPECT_TRUE(SameBits(program(x), fn(x))) << length;
  }
}

TEST(Export, NamesWhatOnnxCannotSayAndLeavesTheOldFile) {
  const std::string path = TempPath("old.onnx");
  Export([](const Tensor& x) { return Relu(x); }, {Rand({2, 3})}, path);
  const auto size = std::filesystem::file_size(path);
  try {
    Export([](const Tensor& x) { return Atan2(x, x); }, {Rand({2, 3})}, path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), absl::StatusCode::kUnimplemented);
    EXPECT_NE(error.message().find("atan2"), std::string::npos);
  }
  EXPECT_EQ(std::filesystem::file_size(path), size);
}

// ---- reading what others write, or what is broken --------------------------------------------

// A model of one node y = op(x, ...), float32 [batch, 4], to be changed before it is read.
::onnx::ModelProto OneNode(const std::string& op_type, int opset = 13) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(opset);
  ::onnx::ValueInfoProto* x = model.mutable_graph()->add_input();
  x->set_name("x");
  auto* type = x->mutable_type()->mutable_tensor_type();
  type->set_elem_type(::onnx::TensorProto::FLOAT);
  type->mutable_shape()->add_dim()->set_dim_param("batch");
  type->mutable_shape()->add_dim()->set_dim_value(4);
  model.mutable_graph()->add_output()->set_name("y");
  ::onnx::NodeProto* node = model.mutable_graph()->add_node();
  node->set_name("the_node");
  node->set_op_type(op_type);
  node->add_input("x");
  node->add_output("y");
  return model;
}

::onnx::TensorProto* AddInitializer(::onnx::ModelProto& model, const std::string& name,
                                    const Tensor& tensor) {
  ::onnx::TensorProto* proto = model.mutable_graph()->add_initializer();
  proto->ParseFromString(WriteTensor(tensor, name));
  return proto;
}

absl::StatusOr<graph::Graph> Read(const ::onnx::ModelProto& model) {
  return FromBytes(model.SerializeAsString());
}

void ExpectError(const ::onnx::ModelProto& model, absl::StatusCode code,
                 const std::vector<std::string>& words) {
  const absl::Status status = Read(model).status();
  EXPECT_EQ(status.code(), code) << status;
  for (const std::string& word : words) {
    EXPECT_NE(status.message().find(word), std::string::npos) << word << " in " << status;
  }
}

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

TEST(Import, ReadsOneNode) {
  const auto graph = Read(OneNode("Relu"));
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor x = Randn({3, 4});
  EXPECT_TRUE(SameBits(graph::Program(*graph)(x), Relu(x)));
}

TEST(Import, FollowsShapesThatAreComputed) {
  // Reshape(x, Concat(Gather(Shape(x), 0), [2, -1])), as other exporters write view(x.size(0), 2,
  // -1).
  ::onnx::ModelProto model = OneNode("Reshape");
  model.mutable_graph()->clear_node();
  const auto add = [&model](const char* op, std::vector<std::string> inputs, const char* output) {
    ::onnx::NodeProto* node = model.mutable_graph()->add_node();
    node->set_op_type(op);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return node;
  };
  const auto axis = [](::onnx::NodeProto* node) {
    ::onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name("axis");
    attribute->set_type(::onnx::AttributeProto::INT);
    attribute->set_i(0);
  };
  AddInitializer(model, "zero", ScalarTensor(0));
  AddInitializer(model, "axes", FromList<int64_t>({0}));
  AddInitializer(model, "rest", FromList<int64_t>({2, -1}));
  add("Shape", {"x"}, "shape");
  axis(add("Gather", {"shape", "zero"}, "rows"));
  add("Unsqueeze", {"rows", "axes"}, "rows1");
  axis(add("Concat", {"rows1", "rest"}, "target"));
  add("Reshape", {"x", "target"}, "y");
  const auto graph = Read(model);
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (int64_t batch : {1, 2, 5}) {
    EXPECT_EQ(graph::Program(*graph)(Rand({batch, 4})).shape(), DimsView({batch, 2, 2}));
  }
}

TEST(Import, FixedDimsCloseOpenSizes) {
  const std::string bytes = OneNode("Relu").SerializeAsString();
  EXPECT_EQ(OpenSizesOf(bytes).value(), std::set<std::string>{"batch"});
  const auto graph = FromBytes(bytes, {.fixed_dims = {{"other", 9}, {"batch", 5}}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_TRUE(graph->symbols().empty());
  const graph::Program program(*graph);
  const Tensor x = Randn({5, 4});
  EXPECT_TRUE(SameBits(program(x), Relu(x)));
  EXPECT_THROW(program(Randn({4, 4})), Error);
  for (int64_t size : {int64_t{-1}, INT64_MAX}) {
    const absl::Status status = FromBytes(bytes, {.fixed_dims = {{"batch", size}}}).status();
    EXPECT_EQ(status.code(), kInvalid) << status;
    EXPECT_NE(status.message().find(absl::StrCat("batch = ", size)), std::string::npos) << status;
  }
}

TEST(Import, SizesThatFollowByDivision) {
  // Expand(x[0:1], [height / 2 * 2, 4]): between even sizes that is the height itself.
  ::onnx::ModelProto model = OneNode("Expand");
  auto* shape = model.mutable_graph()
                    ->mutable_input(0)
                    ->mutable_type()
                    ->mutable_tensor_type()
                    ->mutable_shape();
  shape->mutable_dim(0)->set_dim_value(1);
  shape->mutable_dim(1)->set_dim_param("height");
  model.mutable_graph()->clear_node();
  const auto add = [&model](const char* op, std::vector<std::string> inputs, const char* output) {
    ::onnx::NodeProto* node = model.mutable_graph()->add_node();
    node->set_op_type(op);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
  };
  AddInitializer(model, "two", FromList<int64_t>({1, 2}));
  AddInitializer(model, "row", Ones({1, 1}));
  add("Shape", {"x"}, "shape");
  add("Div", {"shape", "two"}, "half");
  add("Mul", {"half", "two"}, "even");
  add("Expand", {"row", "even"}, "y");
  const auto graph = Read(model);
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (int64_t height : {1, 2, 5, 224, 225}) {
    const Tensor y = graph::Program(*graph)(Zeros({1, height}));
    EXPECT_EQ(y.shape(), DimsView({1, height / 2 * 2}));
  }
}

TEST(Import, SoftmaxOfOldOperatorSetsFlattens) {
  ::onnx::ModelProto model = OneNode("Softmax", 11);
  model.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->add_dim()
      ->set_dim_value(3);
  const auto graph = Read(model);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor x = Randn({2, 4, 3});
  EXPECT_TRUE(
      SameBits(graph::Program(*graph)(x), Reshape(Softmax(Reshape(x, {2, 12})), {2, 4, 3})));
}

TEST(Import, NamesWhatItDoesNotKnow) {
  ExpectError(OneNode("Bogus"), kUnimplemented, {"the_node", "Bogus", "operator set 13"});
  ::onnx::ModelProto foreign = OneNode("Relu");
  foreign.mutable_graph()->mutable_node(0)->set_domain("com.example");
  ExpectError(foreign, kUnimplemented, {"the_node", "com.example"});
  ExpectError(OneNode("Relu", 99), kUnimplemented, {"99"});
  ExpectError(OneNode("Relu", 0), kUnimplemented, {"operator set 0"});
  ::onnx::ModelProto attribute = OneNode("Relu");
  attribute.mutable_graph()->mutable_node(0)->add_attribute()->set_name("surprise");
  ExpectError(attribute, kUnimplemented, {"the_node", "surprise"});
}

TEST(Import, RefusesBrokenGraphs) {
  ::onnx::ModelProto missing = OneNode("Add");
  missing.mutable_graph()->mutable_node(0)->add_input("nowhere");
  ExpectError(missing, kInvalid, {"the_node", "nowhere"});

  ::onnx::ModelProto cycle = OneNode("Add");
  cycle.mutable_graph()->mutable_node(0)->add_input("y");
  ExpectError(cycle, kInvalid, {"the_node", "y"});

  ::onnx::ModelProto twice = OneNode("Relu");
  twice.mutable_graph()->mutable_node(0)->set_output(0, "x");
  ExpectError(twice, kInvalid, {"two values named x"});

  ::onnx::ModelProto no_output = OneNode("Relu");
  no_output.mutable_graph()->mutable_output(0)->set_name("z");
  ExpectError(no_output, kInvalid, {"z"});

  ::onnx::ModelProto nothing = OneNode("Relu");
  nothing.mutable_graph()->mutable_node(0)->clear_output();
  ExpectError(nothing, kInvalid, {"the_node", "no outputs"});

  ::onnx::ModelProto too_few = OneNode("Add");
  ExpectError(too_few, kInvalid, {"the_node", "input 1"});

  ::onnx::ModelProto scalar = OneNode("Squeeze");
  scalar.mutable_graph()->mutable_node(0)->set_input(0, "c");
  scalar.mutable_graph()->mutable_node(0)->add_input("axes");
  AddInitializer(scalar, "c", ScalarTensor(1.0));
  AddInitializer(scalar, "axes", FromList<int64_t>({0}));
  ExpectError(scalar, kInvalid, {"the_node", "has no axis"});

  for (const auto& [x, k, message] : std::vector<std::tuple<Tensor, Tensor, std::string>>{
           {ScalarTensor(1.0), FromList<int64_t>({1}), "no dimension"},
           {Zeros({5}), Zeros({0}, {.dtype = kInt64}), "one number"},
           {Zeros({5}), FromList<int64_t>({-1}), "K = -1"},
           {Zeros({5}), FromList<int64_t>({9}), "K = 9"}}) {
    ::onnx::ModelProto top = OneNode("TopK");
    top.mutable_graph()->mutable_node(0)->set_input(0, "c");
    top.mutable_graph()->mutable_node(0)->add_input("k");
    AddInitializer(top, "c", x);
    AddInitializer(top, "k", k);
    ExpectError(top, kInvalid, {"the_node", message});
  }

  ::onnx::ModelProto mismatch = OneNode("Add");
  mismatch.mutable_graph()->mutable_node(0)->add_input("c");
  AddInitializer(mismatch, "c", Zeros({3}));
  ExpectError(mismatch, kInvalid, {"the_node", "[2, 4]", "[3]"});
}

TEST(Import, RefusesWhatTheStandardForbids) {
  ::onnx::ModelProto twice = OneNode("LeakyRelu");
  for (int i = 0; i < 2; ++i) {
    ::onnx::AttributeProto* alpha = twice.mutable_graph()->mutable_node(0)->add_attribute();
    alpha->set_name("alpha");
    alpha->set_type(::onnx::AttributeProto::FLOAT);
  }
  ExpectError(twice, kInvalid, {"the_node", "two attributes named alpha"});

  ::onnx::ModelProto reference = OneNode("LeakyRelu");
  ::onnx::AttributeProto* alpha = reference.mutable_graph()->mutable_node(0)->add_attribute();
  alpha->set_name("alpha");
  alpha->set_type(::onnx::AttributeProto::FLOAT);
  alpha->set_ref_attr_name("slope");
  ExpectError(reference, kInvalid, {"the_node", "alpha", "slope"});

  ::onnx::ModelProto perm = OneNode("Transpose");
  ::onnx::AttributeProto* dims = perm.mutable_graph()->mutable_node(0)->add_attribute();
  dims->set_name("perm");
  dims->set_type(::onnx::AttributeProto::INTS);
  dims->add_ints(0);
  dims->add_ints(-1);
  ExpectError(perm, kInvalid, {"the_node", "perm", "-1"});

  ::onnx::ModelProto declared = OneNode("Relu");
  declared.mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      ::onnx::TensorProto::INT64);
  ExpectError(declared, kInvalid, {"output y", "the_node", "int64", "float32"});

  for (const char* domain : {"", "ai.onnx"}) {
    ::onnx::ModelProto imports = OneNode("Relu");
    ::onnx::OperatorSetIdProto* second = imports.add_opset_import();
    second->set_domain(domain);
    second->set_version(14);
    ExpectError(imports, kInvalid, {"two operator sets of the domain '"});
    second->set_version(13);
    EXPECT_TRUE(FromBytes(imports.SerializeAsString()).ok());
  }
}

TEST(Import, RefusesTooManyDimensions) {
  ::onnx::ModelProto shape = OneNode("Relu");
  auto* dims = shape.mutable_graph()
                   ->mutable_input(0)
                   ->mutable_type()
                   ->mutable_tensor_type()
                   ->mutable_shape();
  for (int i = 0; i < 100000; ++i) dims->add_dim()->set_dim_value(1);
  ExpectError(shape, kInvalid, {"input x", "too many dimensions"});
  for (const char* op : {"Reshape", "Expand", "ConstantOfShape"}) {
    ::onnx::ModelProto target = OneNode(op);
    ::onnx::NodeProto* node = target.mutable_graph()->mutable_node(0);
    if (std::string(op) == "ConstantOfShape") node->clear_input();
    node->add_input("shape");
    AddInitializer(target, "shape", Ones({10000}, {.dtype = kInt64}));
    ExpectError(target, kUnimplemented, {"the_node", "10000 dimensions"});
  }
}

TEST(Import, FoldingAConstantThatDoublesStaysSmall) {
  ::onnx::ModelProto model = OneNode("Relu");
  AddInitializer(model, "c0", Ones({4}));
  ::onnx::GraphProto* graph = model.mutable_graph();
  for (int i = 0; i < 40; ++i) {
    ::onnx::NodeProto* node = graph->add_node();
    node->set_op_type("Concat");
    node->add_input(absl::StrCat("c", i));
    node->add_input(absl::StrCat("c", i));
    node->add_output(absl::StrCat("c", i + 1));
    ::onnx::AttributeProto* axis = node->add_attribute();
    axis->set_name("axis");
    axis->set_type(::onnx::AttributeProto::INT);
    axis->set_i(0);
  }
  graph->add_output()->set_name("c40");
  graph->add_output()->set_name("c3");
  const auto read = Read(model);
  ASSERT_TRUE(read.ok()) << read.status();
  const graph::Program program = graph::Compile(*read);
  int64_t bytes = 0;
  for (graph::ValueId id : program.graph().values()) {
    const Tensor& constant = program.graph().value(id).constant;
    if (constant.defined()) bytes += static_cast<int64_t>(constant.nbytes());
  }
  EXPECT_LT(bytes, int64_t{64} << 20);
}

TEST(Import, ManyConstantsComputedFromAFewBytesStaySmall) {
  // Each node of some 30 bytes would take 128 KB.
  ::onnx::ModelProto model = OneNode("Relu");
  AddInitializer(model, "c", Ones({1}));
  AddInitializer(model, "shape", FromList<int64_t>({1 << 14}));
  for (int i = 0; i < 4000; ++i) {
    ::onnx::NodeProto* node = model.mutable_graph()->add_node();
    node->set_op_type("Expand");
    node->add_input("c");
    node->add_input("shape");
    node->add_output(absl::StrCat("e", i));
  }
  const int64_t before = CpuAllocator().Stats().allocated;
  const auto read = Read(model);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_LT(CpuAllocator().Stats().peak_allocated - before, int64_t{64} << 20);
}

TEST(Import, RefusesTensorsThatLie) {
  const std::vector<std::pair<std::string, std::function<void(::onnx::TensorProto*)>>> lies = {
      {"extents", [](auto* t) { t->set_dims(0, -1); }},
      {"extents say", [](auto* t) { t->set_dims(0, int64_t{1} << 40); }},
      {"too large",
       [](auto* t) {
         t->set_dims(0, INT64_MAX);
         t->add_dims(INT64_MAX);
       }},
      {"extents say", [](auto* t) { t->mutable_raw_data()->pop_back(); }},
      {"extents say", [](auto* t) { t->clear_raw_data(); }},
      {"is too large", [](auto* t) { t->set_dims(0, INT64_MAX / 2); }},
      {"too many dimensions",
       [](auto* t) {
         for (int i = 0; i < 100; ++i) t->add_dims(1);
       }},
      {"element type", [](auto* t) { t->set_data_type(99); }},
      {"has 0 strings", [](auto* t) { t->set_data_type(::onnx::TensorProto::STRING); }},
  };
  for (const auto& [words, lie] : lies) {
    ::onnx::ModelProto model = OneNode("Add");
    model.mutable_graph()->mutable_node(0)->add_input("c");
    lie(AddInitializer(model, "c", Zeros({4})));
    ExpectError(model, kInvalid, {"c", words});
  }
  ::onnx::ModelProto external = OneNode("Add");
  external.mutable_graph()->mutable_node(0)->add_input("c");
  AddInitializer(external, "c", Zeros({4}))->set_data_location(::onnx::TensorProto::EXTERNAL);
  ExpectError(external, kUnimplemented, {"c", "another file"});
}

TEST(Import, ReadsTypedFields) {
  ::onnx::TensorProto proto;
  proto.add_dims(3);
  proto.set_data_type(::onnx::TensorProto::INT8);
  for (int value : {-1, 0, 127}) proto.add_int32_data(value);
  const auto tensor = ReadTensor(proto.SerializeAsString());
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->data<int8_t>()[0], -1);
  EXPECT_EQ(tensor->data<int8_t>()[2], 127);
}

TEST(Import, HugeResultsAreNotComputed) {
  // An expansion to 2^60 elements is only a view; adding to it must fail when it is run, not
  // before, and not by taking the memory.
  ::onnx::ModelProto model = OneNode("Expand");
  model.mutable_graph()->mutable_node(0)->add_input("shape");
  AddInitializer(model, "shape", FromList<int64_t>({1 << 20, 1 << 20, 1 << 20, 4}));
  const auto graph = Read(model);
  EXPECT_FALSE(graph.ok() && graph::Compile(*graph).ArenaBytes({1}) > (int64_t{1} << 30));
}

TEST(Import, SurvivesEveryTruncation) {
  const std::string bytes = ToBytes(graph::Capture(Net(), {Rand({2, 1, 8, 8})}));
  for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 500) {
    EXPECT_FALSE(FromBytes(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

// A form that few models have has a name of its own.
TEST(OperatorsOf, NamesForms) {
  ::onnx::ModelProto model = OneNode("Slice");
  for (const char* name : {"starts", "ends", "axes"}) {
    model.mutable_graph()->mutable_node(0)->add_input(name);
    AddInitializer(model, name, FromList<int64_t>({1}));
  }
  using Counts = std::map<std::string, int64_t>;
  EXPECT_EQ(*OperatorsOf(model.SerializeAsString()), (Counts{{"Slice", 1}}));
  model.mutable_graph()->mutable_node(0)->set_input(3, "x");
  EXPECT_EQ(*OperatorsOf(model.SerializeAsString()),
            (Counts{{"Slice", 1}, {"Slice:at_run_time", 1}}));
}

TEST(Load, NamesTheFile) {
  const absl::Status missing = Load(TempPath("missing.onnx")).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(missing.message().find("missing.onnx"), std::string::npos);
  const std::string path = TempPath("garbage.onnx");
  std::ofstream(path) << "not a model";
  const absl::Status garbage = Load(path).status();
  EXPECT_EQ(garbage.code(), kInvalid);
  EXPECT_NE(garbage.message().find("garbage.onnx"), std::string::npos);
  // More than protobuf reads is not even taken into memory. The file takes no room: it is all hole.
  const std::string huge_path = TempPath("huge.onnx");
  std::ofstream(huge_path) << "x";
  std::filesystem::resize_file(huge_path, uint64_t{1} << 40);
  const absl::Status huge = Load(huge_path).status();
  std::filesystem::remove(huge_path);
  EXPECT_EQ(huge.code(), kInvalid) << huge;
  EXPECT_NE(huge.message().find("huge.onnx: 1099511627776 bytes"), std::string::npos) << huge;
}

}  // namespace
}  // namespace neura::onnx
