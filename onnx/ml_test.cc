// ai.onnx.ml where strings and maps come in or go out, and forests at open sizes.
#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "onnx/model_parts.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

using graph::Datum;

constexpr char kMl[] = "ai.onnx.ml";
constexpr int kFloat = 1, kInt64Type = 7, kStringType = 8;

Attribute Ints(const std::string& name, const std::vector<int64_t>& values) {
  Attribute attribute = Named(name, Attribute::INTS);
  for (int64_t value : values) attribute.add_ints(value);
  return attribute;
}
Attribute Floats(const std::string& name, const std::vector<float>& values) {
  Attribute attribute = Named(name, Attribute::FLOATS);
  for (float value : values) attribute.add_floats(value);
  return attribute;
}
Attribute Strings(const std::string& name, const std::vector<std::string>& values) {
  Attribute attribute = Named(name, Attribute::STRINGS);
  for (const std::string& value : values) attribute.add_strings(value);
  return attribute;
}
// Of numbers of an element type.
::onnx::TypeProto MapOf(int key, int element_type) {
  ::onnx::TypeProto type;
  type.mutable_map_type()->set_key_type(key);
  *type.mutable_map_type()->mutable_value_type() = TensorType(element_type, {});
  return type;
}
Datum Texts(std::vector<std::string> texts) {
  const auto count = static_cast<int64_t>(texts.size());
  return Datum::Strings(std::move(texts), {&count, 1});
}

TEST(Maps, AreWhatZipMapMakes) {
  const Parts parts{
      Input("x", TensorType(kFloat, {"n", "2"})),
      Node("ZipMap", {"x"}, {"named"}, {Strings("classlabels_strings", {"no", "yes"})}, kMl),
      Node("ZipMap", {"x"}, {"numbered"}, {Ints("classlabels_int64s", {7, 3})}, kMl),
      Output("named", SequenceOf(MapOf(kStringType, kFloat))), Output("numbered")};
  const Tensor x = FromVector(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});
  const std::vector<Datum> results = ResultsOf(Model(parts), {x});
  ASSERT_EQ(results[0].kind(), graph::ValueKind::kMap);
  EXPECT_EQ(results[0].keys().strings(), (std::vector<std::string>{"no", "yes"}));
  EXPECT_TRUE(SameBits(results[0].values().tensor(), x));
  EXPECT_EQ(Values<int64_t>(results[1].keys().tensor()), (std::vector<int64_t>{7, 3}));
}

TEST(Maps, AreNoTensors) {
  const Part x = Input("x", TensorType(kFloat, {"n", "2"}));
  const Part zip = Node("ZipMap", {"x"}, {"map"}, {Ints("classlabels_int64s", {7, 3})}, kMl);
  EXPECT_TRUE(Has(ErrorOf(Model({x, zip, Output("map", TensorType(kFloat, {"n", "2"}))}), {}),
                  "is not declared as a map"));
  EXPECT_TRUE(Has(ErrorOf(Model({x, zip, Node("Neg", {"map"}, {"y"}), Output("y")}), {}),
                  "input 0 is a map"));
  EXPECT_TRUE(Has(ErrorOf(Model({Input("m", SequenceOf(MapOf(kInt64Type, kFloat))),
                                 Node("CastMap", {"m"}, {"y"}, {}, kMl), Output("y")}),
                          {}),
                  "input m holds maps"));
}

TEST(Maps, BecomeRows) {
  const Parts words{Input("m", MapOf(kStringType, kFloat)),
                    Node("DictVectorizer", {"m"}, {"y"},
                         {Strings("string_vocabulary", {"a", "c", "b", "z"})}, kMl),
                    Output("y")};
  const Datum map = Datum::Map(Texts({"c", "a"}), FromList<float>({8, 4}));
  const Tensor row = ResultsOf(Model(words), {map})[0].tensor();
  EXPECT_EQ(row.shape(), DimsView({1, 4}));
  EXPECT_EQ(Values<float>(row), (std::vector<float>{4, 8, 0, 0}));
  EXPECT_TRUE(Has(ErrorOf(Model(words), {FromList<float>({8, 4})}), "must be a map"));
  EXPECT_TRUE(Has(ErrorOf(Model(words), {Datum::Map(FromList<int64_t>({1}), FromList<float>({4}))}),
                  "kind strings"));

  const auto cast = [](const std::vector<Attribute>& attributes) {
    return Model({Input("m", MapOf(kInt64Type, kFloat)),
                  Node("CastMap", {"m"}, {"y"}, attributes, kMl), Output("y")});
  };
  const Datum numbers = Datum::Map(FromList<int64_t>({4, 1}), FromList<float>({2.5, 7}));
  EXPECT_EQ(Values<float>(ResultsOf(cast({}), {numbers})[0].tensor()),
            (std::vector<float>{7, 2.5}));
  const std::string sparse =
      cast({String("map_form", "SPARSE"), Int("max_map", 6), String("cast_to", "TO_INT64")});
  EXPECT_EQ(Values<int64_t>(ResultsOf(sparse, {numbers})[0].tensor()),
            (std::vector<int64_t>{0, 7, 0, 0, 2, 0}));
  EXPECT_TRUE(Has(ErrorOf(sparse, {Datum::Map(FromList<int64_t>({6}), FromList<float>({1}))}),
                  "no place 6 in a row of 6"));
  EXPECT_TRUE(Has(ErrorOf(cast({String("cast_to", "TO_STRING")}), {numbers}), "TO_STRING"));
}

TEST(Labels, AreLookedUp) {
  const Parts parts{
      Input("words", TensorType(kStringType, {"n"})),
      Input("ids", TensorType(kInt64Type, {"n"})),
      Node("LabelEncoder", {"words"}, {"a"},
           {Strings("keys_strings", {"x", "y", "x"}), Ints("values_int64s", {5, 6, 7})}, kMl),
      Node("LabelEncoder", {"ids"}, {"b"},
           {Ints("keys_int64s", {3}), Strings("values_strings", {"three"})}, kMl),
      Node("LabelEncoder", {"words"}, {"c"}, {Strings("classes_strings", {"y", "x"})}, kMl),
      Node("LabelEncoder", {"ids"}, {"d"},
           {Strings("classes_strings", {"y", "x"}), String("default_string", "none")}, kMl),
      Node("CategoryMapper", {"words"}, {"e"},
           {Strings("cats_strings", {"x"}), Ints("cats_int64s", {9}), Int("default_int64", -5)},
           kMl),
      Node("CategoryMapper", {"ids"}, {"f"},
           {Strings("cats_strings", {"one"}), Ints("cats_int64s", {1})}, kMl),
      Output("a"),
      Output("b"),
      Output("c"),
      Output("d"),
      Output("e"),
      Output("f")};
  const std::vector<Datum> results =
      ResultsOf(Model(parts), {Texts({"x", "q"}), FromList<int64_t>({3, 1})});
  // Of equal keys the last.
  EXPECT_EQ(Values<int64_t>(results[0].tensor()), (std::vector<int64_t>{7, -1}));
  EXPECT_EQ(results[1].strings(), (std::vector<std::string>{"three", "_Unused"}));
  EXPECT_EQ(Values<int64_t>(results[2].tensor()), (std::vector<int64_t>{1, -1}));
  EXPECT_EQ(results[3].strings(), (std::vector<std::string>{"none", "x"}));
  EXPECT_EQ(Values<int64_t>(results[4].tensor()), (std::vector<int64_t>{9, -5}));
  EXPECT_EQ(results[5].strings(), (std::vector<std::string>{"_Unused", "one"}));
}

TEST(Labels, AreEncodedAndPicked) {
  const auto encoder = [](int64_t zeros) {
    return Model({Input("words", TensorType(kStringType, {"n", "1"})),
                  Node("OneHotEncoder", {"words"}, {"y"},
                       {Strings("cats_strings", {"a", "b"}), Int("zeros", zeros)}, kMl),
                  Output("y")});
  };
  const Datum words = Datum::Strings({"b", "q"}, {2, 1});
  const Tensor y = ResultsOf(encoder(1), {words})[0].tensor();
  EXPECT_EQ(y.shape(), DimsView({2, 1, 2}));
  EXPECT_EQ(Values<float>(y), (std::vector<float>{0, 1, 0, 0}));
  EXPECT_TRUE(Has(ErrorOf(encoder(0), {words}), "none of the 2 categories"));
  const std::string picked = Model(
      {Input("words", TensorType(kStringType, {"n"})), Input("at", TensorType(kInt64Type, {"k"})),
       Node("ArrayFeatureExtractor", {"words", "at"}, {"y"}, {}, kMl), Output("y")});
  const Datum row = ResultsOf(picked, {Texts({"a", "b"}), FromList<int64_t>({1, 1, 0})})[0];
  EXPECT_EQ(row.strings(), (std::vector<std::string>{"b", "b", "a"}));
  EXPECT_EQ(row.strings_shape(), DimsView({1, 3}));
  EXPECT_TRUE(
      Has(ErrorOf(picked, {Texts({"a", "b"}), FromList<int64_t>({2})}), "no column 2 of 2"));
}

// ---- forests -----------------------------------------------------------------------------------

// A node of a tree: a leaf where `next` is negative.
struct Branch {
  int64_t feature = 0;
  float value = 0;
  bool nan_is_true = false;
  int64_t on_true = -1, on_false = -1;
  std::vector<float> weights = {};
};
using Tree = std::vector<Branch>;

class Trees {
 public:
  Trees(int count, int depth, int64_t features, int64_t targets)
      : features_(features), targets_(targets) {
    for (int i = 0; i < count; ++i) {
      trees_.emplace_back();
      Grow(depth, trees_.back());
    }
  }

  std::vector<Attribute> Attributes(const std::string& prefix) const {
    std::vector<int64_t> trees, ids, features, on_true, on_false, tracks, of_trees, of_nodes,
        targets;
    std::vector<std::string> modes;
    std::vector<float> values, weights;
    for (size_t t = 0; t < trees_.size(); ++t) {
      for (size_t i = 0; i < trees_[t].size(); ++i) {
        const Branch& branch = trees_[t][i];
        const bool is_leaf = branch.on_true < 0;
        trees.push_back(static_cast<int64_t>(t));
        ids.push_back(static_cast<int64_t>(i));
        features.push_back(branch.feature);
        modes.emplace_back(is_leaf ? "LEAF" : "BRANCH_LEQ");
        values.push_back(branch.value);
        on_true.push_back(is_leaf ? 0 : branch.on_true);
        on_false.push_back(is_leaf ? 0 : branch.on_false);
        tracks.push_back(branch.nan_is_true);
        for (size_t k = 0; k < branch.weights.size(); ++k) {
          of_trees.push_back(static_cast<int64_t>(t));
          of_nodes.push_back(static_cast<int64_t>(i));
          targets.push_back(static_cast<int64_t>(k));
          weights.push_back(branch.weights[k]);
        }
      }
    }
    return {Ints("nodes_treeids", trees),         Ints("nodes_nodeids", ids),
            Ints("nodes_featureids", features),   Ints("nodes_truenodeids", on_true),
            Ints("nodes_falsenodeids", on_false), Ints("nodes_missing_value_tracks_true", tracks),
            Strings("nodes_modes", modes),        Floats("nodes_values", values),
            Ints(prefix + "_treeids", of_trees),  Ints(prefix + "_nodeids", of_nodes),
            Ints(prefix + "_ids", targets),       Floats(prefix + "_weights", weights)};
  }

  std::vector<float> ScoresOf(const float* row) const {
    std::vector<float> scores(static_cast<size_t>(targets_));
    for (const Tree& tree : trees_) {
      size_t at = 0;
      while (tree[at].on_true >= 0) {
        const float x = row[tree[at].feature];
        const bool holds = std::isnan(x) ? tree[at].nan_is_true : x <= tree[at].value;
        at = static_cast<size_t>(holds ? tree[at].on_true : tree[at].on_false);
      }
      for (size_t k = 0; k < scores.size(); ++k) scores[k] += tree[at].weights[k];
    }
    return scores;
  }

  Tensor Rows(int64_t count) {
    std::vector<float> x;
    for (int64_t i = 0; i < count * features_; ++i) {
      x.push_back(random_() % 8 == 0 ? std::numeric_limits<float>::quiet_NaN() : Number());
    }
    return FromVector(x, {count, features_});
  }

 private:
  float Number() { return static_cast<float>(static_cast<int>(random_() % 64) - 32) / 16; }

  int64_t Grow(int depth, Tree& tree) {
    const size_t at = tree.size();
    tree.emplace_back();
    if (depth == 0 || random_() % 8 == 0) {
      for (int64_t k = 0; k < targets_; ++k) tree[at].weights.push_back(Number());
      return static_cast<int64_t>(at);
    }
    Branch branch{.feature = static_cast<int64_t>(random_() % static_cast<uint64_t>(features_)),
                  .value = Number(),
                  .nan_is_true = random_() % 2 == 0};
    branch.on_true = Grow(depth - 1, tree);
    branch.on_false = Grow(depth - 1, tree);
    tree[at] = branch;
    return static_cast<int64_t>(at);
  }

  int64_t features_, targets_;
  std::vector<Tree> trees_;
  std::mt19937 random_{3};
};

TEST(Forests, GiveWhatTheirTreesGiveAtAnySize) {
  Trees trees(20, 6, 5, 3);
  std::vector<Attribute> attributes = trees.Attributes("class");
  attributes.push_back(Strings("classlabels_strings", {"a", "b", "c"}));
  const std::string model =
      Model({Input("x", TensorType(kFloat, {"n", "f"})),
             Node("TreeEnsembleClassifier", {"x"}, {"label", "scores"}, attributes, kMl),
             Output("label"), Output("scores")});
  for (const int64_t rows : {1, 63, 64, 200, 0}) {
    const Tensor x = trees.Rows(rows);
    const std::vector<Datum> results = ResultsOf(model, {x});
    const std::vector<float> scores = Values<float>(results[1].tensor());
    ASSERT_EQ(results[1].tensor().shape(), DimsView({rows, 3}));
    for (int64_t row = 0; row < rows; ++row) {
      const std::vector<float> expected = trees.ScoresOf(x.data<float>() + row * 5);
      size_t best = 0;
      for (size_t k = 0; k < 3; ++k) {
        EXPECT_EQ(scores[static_cast<size_t>(row) * 3 + k], expected[k]);
        if (expected[k] > expected[best]) best = k;
      }
      EXPECT_EQ(results[0].strings()[static_cast<size_t>(row)],
                (std::vector<std::string>{"a", "b", "c"})[best]);
    }
  }
  EXPECT_TRUE(Has(ErrorOf(model, {Ones({2, 4})}), "rows of 4 features, expected 5 at least"));
}

TEST(Forests, MayComeTogether) {
  // Both branches that hold lead to one leaf, as sets are written.
  const std::string model =
      Model({Input("x", TensorType(kFloat, {"n", "1"})),
             Node("TreeEnsembleRegressor", {"x"}, {"y"},
                  {Ints("nodes_treeids", {0, 0, 0, 0}), Ints("nodes_nodeids", {0, 1, 2, 3}),
                   Ints("nodes_featureids", {0, 0, 0, 0}),
                   Strings("nodes_modes", {"BRANCH_EQ", "BRANCH_EQ", "LEAF", "LEAF"}),
                   Floats("nodes_values", {1, 4, 0, 0}), Ints("nodes_truenodeids", {2, 2, 0, 0}),
                   Ints("nodes_falsenodeids", {1, 3, 0, 0}), Ints("target_treeids", {0, 0}),
                   Ints("target_nodeids", {2, 3}), Ints("target_ids", {0, 0}),
                   Floats("target_weights", {1, 2}), Int("n_targets", 1)},
                  kMl),
             Output("y")});
  const Tensor x = FromVector(std::vector<float>{1, 2, 4}, {3, 1});
  EXPECT_EQ(Values<float>(ResultsOf(model, {x})[0].tensor()), (std::vector<float>{1, 2, 1}));
}

// ---- domains -----------------------------------------------------------------------------------

TEST(Domains, HaveOperatorsOfTheSameName) {
  // Rounded half to even, and with a zero point that may be left out, in both.
  const Parts parts{Input("x", TensorType(kFloat, {"2"})),
                    Node("SimplifiedLayerNormalization", {"x", "x"}, {"a"}),
                    Node("SimplifiedLayerNormalization", {"x", "x"}, {"b"}, {}, "com.microsoft"),
                    Output("a"), Output("b")};
  const std::vector<Datum> results = ResultsOf(Model(parts), {FromList<float>({1, 2})});
  EXPECT_TRUE(SameBits(results[0].tensor(), results[1].tensor()));
  const std::string unknown =
      Model({Input("x", TensorType(kFloat, {"2"})), Node("QuickGelu", {"x"}, {"y"}), Output("y")});
  EXPECT_TRUE(Has(ErrorOf(unknown, {}), "the operator is not supported"));
}

TEST(Domains, AreNamed) {
  ::onnx::ModelProto model;
  model.ParseFromString(Model(
      {Input("x", TensorType(kFloat, {"2"})), Node("Scaler", {"x"}, {"y"}, {}, kMl), Output("y")}));
  ::onnx::OperatorSetIdProto* set = model.add_opset_import();
  set->set_domain(kMl);
  set->set_version(3);
  EXPECT_TRUE(
      Has(ErrorOf(model.SerializeAsString(), {}), "(Scaler of domain ai.onnx.ml, operator set 3)"));
  EXPECT_EQ(OperatorsOf(model.SerializeAsString())->at("ai.onnx.ml.Scaler"), 1);
  set->set_version(6);
  EXPECT_TRUE(Has(ErrorOf(model.SerializeAsString(), {}), "1 to 5 are"));
}

}  // namespace
}  // namespace neura::onnx
