// Sizes that follow from open ones are right at every size.
#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

// The value at a size; nothing where the model has none there.
using Value = std::optional<int64_t>;

// A vector of one integer in a model, and what it is.
struct Size {
  std::string name;
  std::function<Value(int64_t n)> at;
};

// A model of x, float32 [n], in which sizes are computed.
class Model {
 public:
  Model() {
    proto_.set_ir_version(8);
    proto_.add_opset_import()->set_version(13);
    ::onnx::ValueInfoProto* x = proto_.mutable_graph()->add_input();
    x->set_name("x");
    auto* type = x->mutable_type()->mutable_tensor_type();
    type->set_elem_type(::onnx::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("n");
  }

  std::string Add(const std::string& op, const std::vector<std::string>& inputs,
                  std::optional<std::pair<const char*, int64_t>> attribute = {}) {
    ::onnx::NodeProto* node = proto_.mutable_graph()->add_node();
    const std::string output = absl::StrCat("v", ++count_);
    node->set_name(absl::StrCat("node_", output));
    node->set_op_type(op);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    if (attribute) {
      ::onnx::AttributeProto* proto = node->add_attribute();
      proto->set_name(attribute->first);
      proto->set_type(::onnx::AttributeProto::INT);
      proto->set_i(attribute->second);
    }
    return output;
  }

  std::string Constant(const Tensor& tensor) {
    const std::string name = absl::StrCat("c", ++count_);
    proto_.mutable_graph()->add_initializer()->ParseFromString(WriteTensor(tensor, name));
    return name;
  }
  std::string Ints(const std::vector<int64_t>& values) {
    return Constant(FromVector(values, {static_cast<int64_t>(values.size())}));
  }

  absl::StatusOr<graph::Graph> Read(const std::string& output) {
    proto_.mutable_graph()->add_output()->set_name(output);
    return FromBytes(proto_.SerializeAsString());
  }

 private:
  ::onnx::ModelProto proto_;
  int count_ = 0;
};

class Expressions {
 public:
  Expressions(Model& model, uint32_t seed) : model_(model), random_(seed) {}

  Size Any(int depth) {
    if (depth == 0) return Leaf();
    switch (Below(12)) {
      case 0:
        return Two("Add", depth, [](int64_t a, int64_t b) { return Value(a + b); });
      case 1:
        return Two("Sub", depth, [](int64_t a, int64_t b) { return Value(a - b); });
      case 2:
        return Two("Mul", depth, [](int64_t a, int64_t b) { return Value(a * b); });
      case 3:
        return Two("Div", depth, [](int64_t a, int64_t b) { return b == 0 ? Value() : a / b; });
      case 4:
        return Two("Mod", depth,
                   [](int64_t a, int64_t b) { return b == 0 ? Value() : ((a % b) + b) % b; });
      case 5:
        return Two("Min", depth, [](int64_t a, int64_t b) { return Value(std::min(a, b)); });
      case 6:
        return Two("Max", depth, [](int64_t a, int64_t b) { return Value(std::max(a, b)); });
      case 7:
        return Clip(Any(depth - 1));
      case 8:
        return Where(depth);
      case 9:
        return Pick(depth);
      case 10:
        return Moved(Any(depth - 1));
      default:
        return Product(depth);
    }
  }

 private:
  int64_t Below(int64_t end) {
    return static_cast<int64_t>(random_() % static_cast<uint32_t>(end));
  }

  Size Leaf() {
    const int64_t k = Below(12);
    switch (Below(8)) {
      case 0:
      case 1:
        return {model_.Ints({k}), [k](int64_t) { return Value(k); }};
      case 2:  // of a tensor that is cut
        return {model_.Add("Shape", {model_.Add("Relu", {Cut(k)})}),
                [k](int64_t n) { return Value(std::min(n, k)); }};
      case 3:
        return {model_.Add("Shape", {model_.Add("Concat", {"x", "x"}, {{"axis", 0}})}),
                [](int64_t n) { return Value(2 * n); }};
      case 4:
        // of a product of what is cut and what is not
        return {model_.Add(
                    "Slice",
                    {model_.Add("Shape", {model_.Add("MatMul", {Outer(Cut(k), 1), Outer("x", 0)})}),
                     model_.Ints({0}), model_.Ints({1})}),
                [k](int64_t n) { return Value(std::min(n, k)); }};
      default:
        return {model_.Add("Shape", {"x"}), [](int64_t n) { return Value(n); }};
    }
  }

  // The first `k` of x.
  std::string Cut(int64_t k) {
    return model_.Add("Slice", {"x", model_.Ints({0}), model_.Ints({k})});
  }
  std::string Outer(const std::string& vector, int64_t axis) {
    return model_.Add("Unsqueeze", {vector, model_.Ints({axis})});
  }

  Size Two(const char* op, int depth, Value (*combine)(int64_t, int64_t)) {
    const Size a = Any(depth - 1), b = Any(depth - 1);
    return {model_.Add(op, {a.name, b.name}), [a, b, combine](int64_t n) {
              const Value x = a.at(n), y = b.at(n);
              return x && y ? combine(*x, *y) : Value();
            }};
  }

  Size Clip(const Size& a) {
    const int64_t low = Below(4), high = low + Below(12);
    const std::string name = model_.Add(
        "Clip", {a.name, model_.Constant(ScalarTensor(low)), model_.Constant(ScalarTensor(high))});
    return {name, [a, low, high](int64_t n) {
              const Value x = a.at(n);
              return x ? Value(std::clamp(*x, low, high)) : x;
            }};
  }

  Size Where(int depth) {
    const Size a = Any(depth - 1), b = Any(depth - 1), c = Any(depth - 1);
    const int64_t k = Below(12) - 3;
    const std::string test = model_.Add("Equal", {a.name, model_.Ints({k})});
    return {model_.Add("Where", {test, b.name, c.name}), [a, b, c, k](int64_t n) {
              const Value test = a.at(n), yes = b.at(n), no = c.at(n);
              return test && yes && no ? (*test == k ? yes : no) : Value();
            }};
  }

  Size Pick(int depth) {
    const Size a = Any(depth - 1), b = Any(depth - 1);
    const int64_t which = Below(2);
    const std::string both = model_.Add("Concat", {a.name, b.name}, {{"axis", 0}});
    return {model_.Add("Gather", {both, model_.Ints({which - 2})}, {{"axis", 0}}),
            [a, b, which](int64_t n) {
              const Value x = a.at(n), y = b.at(n);
              return x && y ? (which == 0 ? x : y) : Value();
            }};
  }

  Size Moved(const Size& a) {
    const std::string scalar = model_.Add("Squeeze", {a.name, model_.Ints({0})});
    const std::string cast = model_.Add("Cast", {scalar}, {{"to", ::onnx::TensorProto::INT64}});
    return {model_.Add("Reshape", {cast, model_.Ints({-1})}), a.at};
  }

  Size Product(int depth) {
    const Size a = Any(depth - 1), b = Any(depth - 1);
    const std::string both = model_.Add("Concat", {a.name, b.name}, {{"axis", 0}});
    return {model_.Add("ReduceProd", {both}, {{"keepdims", 1}}), [a, b](int64_t n) {
              const Value x = a.at(n), y = b.at(n);
              return x && y ? Value(*x * *y) : Value();
            }};
  }

  Model& model_;
  std::mt19937 random_;
};

TEST(OpenSizes, RandomExpressionsAreRight) {
  for (uint32_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Model model;
    Expressions expressions(model, seed);
    const Size size = expressions.Any(1 + static_cast<int>(seed % 3));
    // As a shape, and as elements.
    const bool as_shape = seed % 4 != 3;
    const auto graph = model.Read(as_shape ? model.Add("ConstantOfShape", {size.name}) : size.name);
    const auto is_a_size = [&](const Value& value) {
      return value && (!as_shape || (*value >= 0 && *value <= 1 << 20));
    };
    ASSERT_TRUE(graph.ok() || !is_a_size(size.at(2))) << graph.status();
    for (int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 33, 100}) {
      const Value expected = size.at(n);
      if (!is_a_size(expected)) continue;
      ASSERT_TRUE(graph.ok()) << graph.status();
      const Tensor result = graph::Compile(*graph).Run({Zeros({n})})[0];
      if (as_shape) {
        ASSERT_EQ(result.shape(), DimsView({*expected})) << "n = " << n;
      } else {
        ASSERT_EQ(result.Item<int64_t>(), *expected) << "n = " << n;
      }
    }
  }
}

TEST(OpenSizes, ExpandsToShapesWithPlaceholders) {
  // As PyTorch writes expand(n, -1): where the shape is -1, 1 stands for it.
  Model model;
  const std::string shape =
      model.Add("Concat", {model.Add("Shape", {"x"}), model.Ints({-1})}, {{"axis", 0}});
  const std::string test = model.Add("Equal", {shape, model.Ints({-1, -1})});
  const std::string target = model.Add("Where", {test, model.Ints({1, 1}), shape});
  const std::string row = model.Constant(Ones({1, 3}));
  const auto graph = model.Read(model.Add("Expand", {row, target}));
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (int64_t n : {1, 5}) {
    EXPECT_EQ(graph::Program(*graph)(Zeros({n})).shape(), DimsView({n, 3}));
  }
}

}  // namespace
}  // namespace neura::onnx
