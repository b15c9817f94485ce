// What a user of the program sees: each subcommand on models that are written here, and on files
// and arguments that cannot be right.
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/cli/testing.h"
#include "neura/data/image.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/io/npy.h"
#include "neura/tensor/io/npz.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/tensor.h"
#include "nlohmann/json.hpp"

namespace neura::cli {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Neura;
using ::testing::Not;
using testing::Outcome;
using testing::ReadBytes;
using ::testing::StartsWith;
using testing::TempPath;
using testing::WriteBytes;

// ---- models -----------------------------------------------------------------------------------

// y = relu(x w^T + b), of x [batch, 3].
struct Layer {
  Tensor weight = FromList<float>({1, -2, 3, 4, 5, -6}, {2, 3});
  Tensor bias = FromList<float>({0.5, -0.5});

  Tensor operator()(const Tensor& x) const { return Relu(Linear(x, weight, bias)); }
  NamedTensors NamedParameters() const { return {{"fc.weight", weight}, {"fc.bias", bias}}; }
  NamedTensors NamedBuffers() const { return {}; }
};

std::string LayerModel() {
  const std::string path = TempPath("layer.onnx");
  onnx::Export(Layer(), {Zeros({2, 3})}, path,
               {.capture = {.input_names = {"x"}, .output_names = {"y"}}});
  return path;
}

// By hand.
std::vector<float> LayerOf(const std::vector<float>& x) {
  std::vector<float> y;
  for (size_t row = 0; row < x.size(); row += 3) {
    const float a = x[row] - 2 * x[row + 1] + 3 * x[row + 2] + 0.5f;
    const float b = 4 * x[row] + 5 * x[row + 1] - 6 * x[row + 2] - 0.5f;
    y.push_back(std::max(a, 0.0f));
    y.push_back(std::max(b, 0.0f));
  }
  return y;
}

std::vector<float> Elements(const Tensor& tensor) {
  const float* const data = tensor.data<float>();
  return {data, data + tensor.numel()};
}

std::string ModelOf(const std::string& name, const Tensor& example,
                    const graph::CaptureOptions& options, auto function) {
  const std::string path = TempPath(name);
  onnx::Export(function, {example}, path, {.capture = options});
  return path;
}

// Twice an image of 2 x 2 pixels.
std::string ImageModel() {
  return ModelOf("image.onnx", Zeros({2, 3, 2, 2}), {}, [](const Tensor& x) { return x * 2; });
}

const std::vector<float> kRows = {1, 2, 3, -1, 0, 2};
Tensor Rows() { return FromVector(kRows, {2, 3}); }

json JsonOf(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return json::parse(outcome.out);
}

// ---- subcommands ------------------------------------------------------------------------------

TEST(Help, HasExamplesForEachSubcommand) {
  const Outcome all = Neura({"--help"});
  EXPECT_EQ(all.code, 0);
  for (const char* name :
       {"inspect", "run", "check", "bench", "draw", "optimize", "convert", "bundle"}) {
    EXPECT_THAT(all.out, HasSubstr(absl::StrCat("\n  ", name, " ")));
    const Outcome one = Neura({name, "--help"});
    EXPECT_EQ(one.code, 0);
    EXPECT_THAT(one.out, HasSubstr(absl::StrCat("Examples:\n")));
    EXPECT_THAT(one.out, HasSubstr(absl::StrCat("neura ", name, " ")));
  }
  EXPECT_THAT(Neura({"--version"}).out, StartsWith("neura 0."));
}

TEST(Inspect, TellsWhatAModelTakesGivesAndCosts) {
  const Outcome outcome = Neura({"inspect", LayerModel(), "--nodes"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("x  float32 [batch, 3]\n"), HasSubstr("y  float32 [batch, 2]\n"),
                    HasSubstr("  Gemm  1\n"), HasSubstr("Parameters: 8 in 2 tensors, 32 B\n"),
                    HasSubstr("at batch = 1 (others by --dim): 6 (12 FLOPs)\n"),
                    HasSubstr("linear     fc.weight  [1, 2]              6\n")));
  const json eight = JsonOf(Neura({"inspect", LayerModel(), "--dim", "batch=8", "--json"}));
  EXPECT_EQ(eight["inputs"][0]["shape"], json({8, 3}));
  EXPECT_EQ(eight["multiply_adds"], 48);
  EXPECT_EQ(eight["flops"], 96);
  EXPECT_EQ(eight["operators"], json({{"Gemm", 1}, {"Relu", 1}}));
  EXPECT_EQ(eight["memory"]["parameter_bytes"], 32);
  EXPECT_EQ(eight["sizes"], json::object());
}

TEST(Run, ReadsAndWritesEveryKindOfFile) {
  const std::string model = LayerModel();
  const std::string npy = TempPath("x.npy"), npz = TempPath("x.npz"), pb = TempPath("x.pb"),
                    named = TempPath("x.json"), lists = TempPath("lists.json"),
                    safetensors = TempPath("x.safetensors");
  SaveNpy(npy, Rows());
  SaveNpz(npz, {{"other", Zeros({1})}, {"x", Rows()}});
  SaveSafetensors(safetensors, {.tensors = {{"x", Rows()}}});
  WriteBytes(pb, onnx::WriteTensor(Rows(), "x"));
  WriteBytes(named, R"({"x": [[1, 2, 3], [-1, 0, 2]]})");
  WriteBytes(lists, R"([[1, 2, 3], [-1, 0, 2]])");
  const std::string y = TempPath("y.npy");
  for (const std::string& input :
       {npy, "x=" + npy, npz, "x=" + npz, safetensors, pb, named, "x=" + named, lists}) {
    SCOPED_TRACE(input);
    std::filesystem::remove(y);
    const Outcome outcome = Neura({"run", model, "-i", input, "-o", y});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    const Tensor result = LoadNpy(y).value();
    EXPECT_EQ(result.shape(), DimsView({2, 2}));
    EXPECT_EQ(Elements(result), LayerOf(kRows));
  }

  const std::string out = TempPath("out");
  const Outcome several = Neura({"run", model, "-i", npy, "-o", out + ".npz", "-o",
                                 "y=" + out + ".safetensors", "-o", out + ".json"});
  EXPECT_EQ(several.code, 0) << several.err;
  EXPECT_EQ(Elements(LoadNpz(out + ".npz").value()[0].second), LayerOf(kRows));
  EXPECT_EQ(Elements(*LoadSafetensors(out + ".safetensors")->Find("y")), LayerOf(kRows));
  const json written = json::parse(ReadBytes(out + ".json"));
  EXPECT_EQ(written["y"]["data"].get<std::vector<float>>(), LayerOf(kRows));
  EXPECT_EQ(written, JsonOf(Neura({"run", model, "-i", npy, "--json"})));
  EXPECT_EQ(written, JsonOf(Neura({"run", model, "-i", named, "--json", "--threads", "1"})));

  EXPECT_THAT(Neura({"run", model, "-i", npy}).out, StartsWith("y float32 [2, 2]\n[["));
}

TEST(Run, ConvertsWhereItIsAskedTo) {
  const std::string path = TempPath("integers.npy");
  SaveNpy(path, FromList<int64_t>({1, 2, 3}, {1, 3}));
  const Outcome refused = Neura({"run", LayerModel(), "-i", path});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("is int64 [1, 3], but x is float32 [?, 3]"),
                                 HasSubstr("--cast converts")));
  const json result = JsonOf(Neura({"run", LayerModel(), "-i", path, "--cast", "--json"}));
  EXPECT_EQ(result["y"]["data"].get<std::vector<float>>(), LayerOf({1, 2, 3}));
}

TEST(Run, NumbersInJsonKeepTheirBits) {
  const std::string model =
      ModelOf("copy.onnx", Zeros({2}), {}, [](const Tensor& x) { return -x; });
  const std::vector<float> numbers = {0.1f, 1.0f / 3, 1e-42f, 3.4028235e38f, -0.0f};
  SaveNpy(TempPath("numbers.npy"), FromVector(numbers, {5}));
  ASSERT_EQ(Neura({"run", model, "-i", TempPath("numbers.npy"), "-o", TempPath("n.json")}).code, 0);
  // What was written is read again.
  WriteBytes(TempPath("again.json"),
             json{{"input", json::parse(ReadBytes(TempPath("n.json")))["output"]}}.dump());
  ASSERT_EQ(Neura({"run", model, "-i", TempPath("again.json"), "-o", TempPath("n.npy")}).code, 0);
  EXPECT_TRUE(SameBits(LoadNpy(TempPath("n.npy")).value(), FromVector(numbers, {5})));

  WriteBytes(TempPath("odd.json"), R"(["NaN", "Infinity", "-Infinity"])");
  const json odd = JsonOf(Neura({"run", model, "-i", TempPath("odd.json"), "--json"}));
  EXPECT_EQ(odd["output"]["data"], json({"NaN", "-Infinity", "Infinity"}));
}

TEST(Run, TakesAndGivesImages) {
  const std::string model = ImageModel(), image = TempPath("image.png");
  std::vector<uint8_t> pixels;
  for (int i = 0; i < 12; ++i) pixels.push_back(static_cast<uint8_t>(10 * i));
  WriteBytes(image, data::EncodePng(FromVector(pixels, {3, 2, 2})));
  const json plain = JsonOf(Neura({"run", model, "-i", image, "--json"}));
  EXPECT_EQ(plain["output"]["shape"], json({1, 3, 2, 2}));
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_FLOAT_EQ(plain["output"]["data"][i].get<float>(), 2 * (10.0f * i) / 255);
  }
  const json normalized = JsonOf(
      Neura({"run", model, "-i", image, "--mean", "0.5,0,0.25", "--std", "0.5,1,0.125", "--json"}));
  const float mean[] = {0.5, 0, 0.25}, std[] = {0.5, 1, 0.125};
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(normalized["output"]["data"][i].get<float>(),
                2 * (10.0f * i / 255 - mean[i / 4]) / std[i / 4], 1e-5);
  }
  // Several are a batch, whatever their sizes.
  WriteBytes(TempPath("grey.jpg"),
             data::EncodeJpeg(Full({1, 16, 24}, 100, {.dtype = kUInt8}), 100));
  const json batch =
      JsonOf(Neura({"run", model, "-i", image, "-i", TempPath("grey.jpg"), "--json"}));
  EXPECT_EQ(batch["output"]["shape"], json({2, 3, 2, 2}));
  EXPECT_NEAR(batch["output"]["data"][12].get<double>(), 200.0 / 255, 0.01);

  const std::string out = TempPath("out.png");
  ASSERT_EQ(Neura({"run", model, "-i", image, "-o", out}).code, 0);
  const Tensor doubled = data::ReadImage(out).value();
  for (int i = 0; i < 12; ++i) EXPECT_EQ(doubled.data<uint8_t>()[i], 20 * i);
}

TEST(Check, EndsWithOneWhereSomethingDiffers) {
  const std::string model = LayerModel(), x = TempPath("x.npy"), y = TempPath("y.npy");
  std::vector<float> expected = LayerOf(kRows);
  SaveNpy(x, Rows());
  SaveNpy(y, FromVector(expected, {2, 2}));
  const Outcome same = Neura({"check", model, "-i", x, "--expect", y});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(same.out, "y: ok, 4 elements, equal\n");

  expected[2] += 1;
  SaveNpy(y, FromVector(expected, {2, 2}));
  const Outcome other = Neura({"check", model, "-i", x, "--expect", "y=" + y});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.out, AllOf(StartsWith("y: DIFFERS, 4 elements, 1 beyond the tolerance"),
                               HasSubstr("element 2 is 5.5, expected 6.5")));
  EXPECT_EQ(Neura({"check", model, "-i", x, "--expect", y, "--atol", "1"}).code, 0);
  EXPECT_EQ(Neura({"check", model, "-i", x, "--expect", y, "--rtol", "0.2"}).code, 0);
  const Outcome as_json = Neura({"check", model, "-i", x, "--expect", y, "--json"});
  EXPECT_EQ(as_json.code, 1);
  const json report = json::parse(as_json.out);
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["runs"][0]["outputs"][0]["beyond_tolerance"], 1);
  EXPECT_EQ(report["runs"][0]["outputs"][0]["max_absolute"], 1);

  SaveNpy(y, Zeros({2, 3}));
  const Outcome shape = Neura({"check", model, "-i", x, "--expect", y});
  EXPECT_EQ(shape.code, 1);
  EXPECT_THAT(shape.out, HasSubstr("is float32 [2, 2], expected float32 [2, 3]"));
}

// In float64 these are one number.
TEST(Check, ComparesWholeNumbersAsTheyAre) {
  const int64_t large = int64_t{1} << 53;
  const std::string model =
      ModelOf("whole.onnx", Zeros({2}, {.dtype = kInt64}),
              {.input_names = {"x"}, .output_names = {"y"}}, [](const Tensor& x) { return x + 0; });
  const std::string x = TempPath("whole_x.npy"), y = TempPath("whole_y.npy");
  SaveNpy(x, FromList<int64_t>({large, 3}));
  SaveNpy(y, FromList<int64_t>({large + 1, 3}));
  EXPECT_EQ(Neura({"check", model, "-i", x, "--expect", x, "--rtol", "0"}).code, 0);
  const Outcome other =
      Neura({"check", model, "-i", x, "--expect", y, "--rtol", "0", "--atol", "0"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.out, HasSubstr("1 beyond the tolerance"));
}

TEST(Check, ReadsTheDataSetsOfOnnxCases) {
  const std::filesystem::path cases = TempPath("case");
  for (const char* set : {"test_data_set_0", "test_data_set_1"}) {
    std::filesystem::create_directories(cases / set);
    WriteBytes(cases / set / "input_0.pb", onnx::WriteTensor(Rows()));
    WriteBytes(cases / set / "output_0.pb", onnx::WriteTensor(FromVector(LayerOf(kRows), {2, 2})));
  }
  const Outcome both = Neura({"check", LayerModel(), cases});
  EXPECT_EQ(both.code, 0) << both.err;
  EXPECT_THAT(both.out,
              AllOf(HasSubstr("test_data_set_0:\ny: ok"), HasSubstr("test_data_set_1:\ny: ok")));
  WriteBytes(cases / "test_data_set_1" / "output_0.pb", onnx::WriteTensor(Zeros({2, 2})));
  EXPECT_EQ(Neura({"check", LayerModel(), cases}).code, 1);
  EXPECT_EQ(Neura({"check", LayerModel(), cases / "test_data_set_0"}).code, 0);
}

TEST(Bench, GivesPercentilesAndProfiles) {
  const std::string model = LayerModel();
  const json report = JsonOf(Neura({"bench", model, "--runs", "20", "--profile", "--dim", "batch=4",
                                    "--threads", "1", "--json"}));
  EXPECT_EQ(report["threads"], 1);
  const json& first = report["models"][0];
  EXPECT_EQ(first["runs"], 20);
  double last = 0;
  for (const char* name : {"min", "p50", "p90", "p99", "max"}) {
    const double ms = first["latency_ms"][name];
    EXPECT_GE(ms, last) << name;
    last = ms;
  }
  EXPECT_GT(first["latency_ms"]["mean"], 0);
  std::vector<std::string> operations;
  for (const json& node : first["nodes"]) {
    operations.push_back(node["operation"]);
    EXPECT_EQ(node["shape"], json({4, 2}));
    EXPECT_EQ(node["calls_per_run"], 1);
  }
  EXPECT_THAT(operations, ElementsAre("linear", "relu"));

  const Outcome text =
      Neura({"bench", model, model, "--seconds", "0.05", "--profile", "--top", "1"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.err, "");  // a bar is for terminals
  EXPECT_THAT(text.out, AllOf(HasSubstr("x float32 [1, 3]"), HasSubstr(" times as fast as "),
                              HasSubstr("y: ok, 2 elements, equal"), HasSubstr("linear"),
                              HasSubstr("and 1 nodes that take less")));
}

TEST(Draw, WritesDotAndText) {
  const Outcome dot = Neura({"draw", LayerModel()});
  EXPECT_EQ(dot.code, 0) << dot.err;
  EXPECT_THAT(dot.out, AllOf(StartsWith("digraph {\n"), HasSubstr("label=\"linear\\nfc.weight\""),
                             HasSubstr("[label=\"float32 [batch, 2]\"]")));
  const Outcome text = Neura({"draw", LayerModel(), "--format", "text"});
  EXPECT_THAT(text.out, HasSubstr("input %0 x float32 [batch, 3]\n"));
  const std::string path = TempPath("layer.dot");
  EXPECT_EQ(Neura({"draw", LayerModel(), "-o", path}).code, 0);
  EXPECT_EQ(ReadBytes(path), dot.out);
}

TEST(Optimize, WritesAModelOfFewerNodesThatGivesTheSame) {
  const Tensor weight = Randn({4, 1, 3, 3}), mean = Randn({4}), variance = Rand({4}) + 0.5;
  const std::string model = ModelOf("norm.onnx", Zeros({2, 1, 6, 6}), {}, [&](const Tensor& x) {
    const Tensor unused = x * 3;
    return Relu(BatchNormInference(Conv2d(x, weight), mean, variance, {}, {}));
  });
  const std::string optimized = TempPath("optimized.onnx");
  const json report = JsonOf(Neura({"optimize", model, optimized, "--json"}));
  EXPECT_EQ(report["nodes"], 2);
  EXPECT_LT(report["nodes"], report["nodes_before"]);
  EXPECT_EQ(Neura({"check", model, "--against", optimized, "--atol", "1e-4"}).code, 0);

  const std::string fixed = TempPath("fixed.onnx");
  ASSERT_EQ(Neura({"optimize", model, fixed, "--dim", "batch=5"}).code, 0);
  EXPECT_EQ(JsonOf(Neura({"inspect", fixed, "--json"}))["inputs"][0]["shape"], json({5, 1, 6, 6}));
  // Sizes are those of the first model, whether the second one has them or not.
  EXPECT_EQ(Neura({"check", model, "--against", fixed, "--dim", "batch=5", "--atol", "1e-4"}).code,
            0);
}

TEST(Convert, MovesWeightsThereAndBack) {
  const std::string model = LayerModel(), weights = TempPath("weights.safetensors");
  ASSERT_EQ(Neura({"convert", model, weights}).code, 0);
  const Safetensors file = LoadSafetensors(weights).value();
  EXPECT_TRUE(SameBits(*file.Find("fc.weight"), Layer().weight));
  EXPECT_TRUE(SameBits(*file.Find("fc.bias"), Layer().bias));

  // Other weights in the same model.
  SaveSafetensors(weights,
                  {.tensors = {{"fc.weight", Layer().weight * 2}, {"fc.bias", Layer().bias * 2}}});
  const std::string tuned = TempPath("tuned.onnx");
  const Outcome outcome = Neura({"convert", weights, tuned, "--model", model});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  SaveNpy(TempPath("x.npy"), Rows());
  std::vector<float> doubled = LayerOf(kRows);
  for (float& each : doubled) each *= 2;
  EXPECT_EQ(JsonOf(Neura({"run", tuned, "-i", TempPath("x.npy"), "--json"}))["y"]["data"]
                .get<std::vector<float>>(),
            doubled);

  SaveSafetensors(weights, {.tensors = {{"fc.wieght", Layer().weight}}});
  const Outcome misspelt = Neura({"convert", weights, tuned, "--model", model});
  EXPECT_EQ(misspelt.code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("layer.onnx has no weights named fc.wieght"));
  SaveSafetensors(weights, {.tensors = {{"fc.bias", Zeros({3})}}});
  EXPECT_THAT(Neura({"convert", weights, tuned, "--model", model}).err,
              HasSubstr("weight fc.bias is float32 [2], what is to replace it float32 [3]"));
}

// A product of all their elements would take what the file does not.
TEST(Convert, ScalesAreOfTheirWeight) {
  const std::string path = TempPath("scales.safetensors");
  SaveSafetensors(path, {.tensors = {{"w", Zeros({1, 70'000}, {.dtype = kInt8})},
                                     {"w.scale", Ones({70'000, 1})}}});
  const Outcome refused =
      Neura({"convert", path, TempPath("scaled.safetensors"), "--dtype", "float32"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("is no scale of w"));
}

TEST(Convert, MakesWeightsSmaller) {
  const Tensor weight = Randn({64, 32}), bias = Randn({64});
  const std::string path = TempPath("large.onnx"), small = TempPath("small.onnx");
  onnx::Export([&](const Tensor& x) { return Linear(x, weight, bias); }, {Zeros({2, 32})}, path,
               {.capture = {.constant_names = {{"w", weight}, {"b", bias}}}});
  const auto bytes = std::filesystem::file_size(path);
  for (const auto& [dtype, share, tolerance] :
       {std::tuple<const char*, double, const char*>{"float16", 0.6, "0.02"},
        {"bfloat16", 0.6, "0.2"},
        {"int8", 0.4, "0.2"}}) {
    SCOPED_TRACE(dtype);
    const Outcome outcome = Neura({"convert", path, small, "--dtype", dtype});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_LT(std::filesystem::file_size(small), share * bytes);
    const Outcome check =
        Neura({"check", path, "--against", small, "--rtol", "0", "--atol", tolerance});
    EXPECT_EQ(check.code, 0) << check.out << check.err;
    EXPECT_EQ(Neura({"check", path, "--against", small, "--rtol", "0", "--atol", "0"}).code, 1);
  }
  // int8 in safetensors, and from there into the model.
  const std::string quantized = TempPath("quantized.safetensors");
  ASSERT_EQ(Neura({"convert", path, quantized, "--dtype", "int8"}).code, 0);
  const Safetensors file = LoadSafetensors(quantized).value();
  EXPECT_EQ(file.Find("w")->dtype(), kInt8);
  const Tensor change = Cast(*file.Find("w"), kFloat32) * *file.Find("w.scale") - weight;
  EXPECT_LE(AMax(Abs(change) / *file.Find("w.scale")).Item<float>(), 0.5001f);
  ASSERT_EQ(Neura({"convert", quantized, TempPath("again.onnx"), "--model", path}).code, 0);
  EXPECT_EQ(Neura({"check", small, "--against", TempPath("again.onnx"), "--atol", "1e-5"}).code, 0);

  // Without a dtype it is copied as it is, and with one it is what it stands for.
  const std::string copy = TempPath("copy.safetensors");
  ASSERT_EQ(Neura({"convert", quantized, copy}).code, 0);
  EXPECT_EQ(LoadSafetensors(copy)->Find("w")->dtype(), kInt8);
  EXPECT_TRUE(Equal(*LoadSafetensors(copy)->Find("w.scale"), *file.Find("w.scale")));
  ASSERT_EQ(Neura({"convert", quantized, copy, "--dtype", "float32"}).code, 0);
  EXPECT_EQ(LoadSafetensors(copy)->Find("w")->dtype(), kFloat32);
  EXPECT_EQ(LoadSafetensors(copy)->Find("w.scale"), nullptr);

  // What float16 cannot hold stays, and so does what the file says of itself.
  SaveSafetensors(quantized, {.tensors = {{"huge", Full({2}, 1e6)}, {"one", Ones({2})}},
                              .metadata = {{"format", "pt"}}});
  const std::string half = TempPath("half.safetensors");
  const json report = JsonOf(Neura({"convert", quantized, half, "--dtype", "float16", "--json"}));
  EXPECT_EQ(report["converted"], 1);
  EXPECT_EQ(LoadSafetensors(half)->Find("huge")->dtype(), kFloat32);
  EXPECT_EQ(LoadSafetensors(half)->Find("one")->dtype(), kFloat16);
  EXPECT_EQ(LoadSafetensors(half)->metadata.at("format"), "pt");
}

TEST(Bundle, JoinsTheRuntimeAndTheModel) {
  const std::filesystem::path runtime = TempPath("runtime"), out = TempPath("package");
  std::filesystem::create_directories(runtime);
  for (const char* name : {"index.js", "neura.wasm", "neura-threads.wasm", "LICENSE"}) {
    WriteBytes(runtime / name, absl::StrCat("contents of ", name));
  }
  const Outcome missing = Neura({"bundle", LayerModel(), out, "--runtime", runtime});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err,
              AllOf(HasSubstr("holds no package.json"), HasSubstr("bazel build //wasm:bundle")));
  EXPECT_FALSE(std::filesystem::exists(out));

  WriteBytes(runtime / "package.json", R"({"name": "neura", "type": "module"})");
  const Outcome made =
      Neura({"bundle", LayerModel(), out, "--runtime", runtime, "--name", "layer"});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("neura.load(import.meta.resolve('layer/layer.onnx'))"));
  EXPECT_EQ(json::parse(ReadBytes(out / "package.json")),
            json({{"name", "layer"}, {"type", "module"}}));
  EXPECT_EQ(ReadBytes(out / "neura.wasm"), "contents of neura.wasm");
  EXPECT_EQ(ReadBytes(out / "layer.onnx"), ReadBytes(LayerModel()));

  // A model whose name is one of the runtime's takes no file's place.
  const std::string same = TempPath("neura.wasm");
  WriteBytes(same, ReadBytes(LayerModel()));
  const std::filesystem::path other = TempPath("other_package");
  const Outcome clash = Neura({"bundle", same, other, "--runtime", runtime});
  EXPECT_EQ(clash.code, 2);
  EXPECT_THAT(clash.err, HasSubstr("the runtime has a file of this name"));
  EXPECT_FALSE(std::filesystem::exists(other));
}

// ---- what cannot be right ---------------------------------------------------------------------

TEST(Refusals, AreOneLineThatSaysWhatIsWrong) {
  const std::string model = LayerModel();
  const std::string page = TempPath("page.onnx"), empty = TempPath("empty.onnx"),
                    pointer = TempPath("pointer.onnx"), cut = TempPath("cut.onnx"),
                    weights = TempPath("weights.onnx"), npy = TempPath("bad.npy"),
                    broken = TempPath("broken.json"), uneven = TempPath("uneven.json");
  WriteBytes(page, "\n<!DOCTYPE html><html></html>");
  WriteBytes(empty, "");
  WriteBytes(pointer, "version https://git-lfs.github.com/spec/v1\n");
  WriteBytes(cut, ReadBytes(model).substr(0, 150));
  SaveSafetensors(weights, {.tensors = {{"w", Zeros({2})}}});
  WriteBytes(npy, "no array");
  WriteBytes(broken, "[1, 2");
  WriteBytes(uneven, "[[1, 2, 3], [1]]");
  SaveNpy(TempPath("x.npy"), Rows());
  SaveNpy(TempPath("wide.npy"), Zeros({2, 4}));
  const std::string x = TempPath("x.npy");
  const struct {
    std::vector<std::string> arguments;
    std::string says;
  } cases[] = {
      {{}, "A subcommand is required"},
      {{"frobnicate"}, "there is no subcommand frobnicate; see neura --help"},
      {{"inspect"}, "model is required"},
      {{"inspect", model, "--colour"}, "--colour"},
      {{"inspect", page}, "page.onnx: this is no ONNX model; it is a web page"},
      {{"inspect", empty}, "empty.onnx: this is no ONNX model; it is empty"},
      {{"run", pointer}, "it is a pointer of Git LFS: run `git lfs pull`"},
      {{"draw", weights}, "it is a safetensors file"},
      {{"bench", cut}, "cut.onnx: the bytes are not an ONNX model"},
      {{"optimize", "nowhere.onnx", "a.onnx"}, "nowhere.onnx: No such file or directory"},
      {{"inspect", ::testing::TempDir()}, "is not a regular file"},
      {{"inspect", model, "--dim", "bach=3"}, "layer.onnx has no such size, but: batch"},
      {{"inspect", model, "--dim", "batch"}, "--dim batch: NAME=SIZE is expected"},
      {{"inspect", model, "--dim", "batch=-1"}, "--dim batch=-1: NAME=SIZE is expected"},
      {{"run", model}, "input x is missing: give --input x=FILE, a file of float32 [batch, 3]"},
      {{"run", model, "-i", "z=" + x}, "the model has no z, but: x"},
      {{"run", model, "-i", TempPath("wide.npy")},
       "wide.npy: is float32 [2, 4], but x is float32 [?, 3]"},
      {{"run", model, "-i", npy}, "bad.npy"},
      {{"run", model, "-i", broken}, "broken.json"},
      {{"run", model, "-i", uneven}, "uneven.json: lists of different lengths"},
      {{"run", model, "-i", "a.txt"}, "a.txt: the name must end in .npy"},
      {{"run", model, "-i", x, "-i", x}, "x was given before"},
      {{"run", model, "-i", x, "-o", "z=a.npy"}, "--output z=a.npy: the model has no output z"},
      {{"run", model, "-i", x, "-o", "/nowhere/y.npy"}, "/nowhere/y.npy"},
      // Before inputs are looked at.
      {{"run", model, "-o", "z=a.npy"}, "--output z=a.npy: the model has no output z"},
      {{"run", model, "-o", "y=a.txt"}, "a.txt: the name must end in .npy"},
      {{"run", model, "-i", x, "--threads", "0"}, "--threads: \"0\": at least 1 is expected"},
      {{"check", model}, "nothing to compare with"},
      {{"check", model, "nowhere"}, "nowhere: is no folder"},
      {{"check", model, "-i", x, "--expect", "w=" + x}, "the model has no w, but: y"},
      {{"bench", model, ImageModel()}, "image.onnx: Program: input input must be"},
      {{"bench", model, "--runs", "0"}, "--runs: \"0\": at least 1 is expected"},
      {{"draw", model, "--format", "svg"}, "svg not in {dot,text}"},
      {{"convert", model, "a.bin"}, "a.bin: the name must end in .onnx or .safetensors"},
      {{"convert", page, "a.safetensors"}, "it is a web page"},
      {{"bundle", model, "out"}, "--runtime is required"},
      {{"bundle", model, "out", "--runtime", "nowhere"}, "nowhere: holds no index.js"},
  };
  for (const auto& each : cases) {
    const Outcome outcome = Neura(each.arguments);
    SCOPED_TRACE(::testing::PrintToString(each.arguments));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("neura: "), HasSubstr(each.says)));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST(Refusals, AFullDiskIsNoSuccess) {
  const Outcome outcome = Neura({"inspect", LayerModel()}, "/dev/full");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("stdout: writing failed"));
}

}  // namespace
}  // namespace neura::cli
