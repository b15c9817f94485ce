// Pointwise operations that take more than one ONNX operator, or attributes.
#include "neura/tensor/ops/op_list/pointwise.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/ops/op_list/copy.h"

namespace neura::onnx {
namespace {

using graph::Node;

DType InputDType(Exporter& exporter, const Node& node) {
  return exporter.value(node.inputs[0]).dtype;
}

}  // namespace

void WriteSquare(Exporter& exporter, const Node& node, const char* onnx_name) {
  const std::string& x = exporter.Name(node.inputs[0]);
  exporter.EmitTo(node.outputs, onnx_name, {x, x});
}

// Integers are round already, and ONNX rounds floating point numbers alone.
void WriteRounding(Exporter& exporter, const Node& node, const char* onnx_name) {
  const bool floating = IsFloating(InputDType(exporter, node));
  exporter.EmitTo(node.outputs, floating ? onnx_name : "Identity", {exporter.Name(node.inputs[0])});
}

void WriteTrunc(Exporter& exporter, const Node& node, const char*) {
  const std::string& x = exporter.Name(node.inputs[0]);
  if (!IsFloating(InputDType(exporter, node)))
    return exporter.EmitTo(node.outputs, "Identity", {x});
  const std::string size = exporter.Emit("Floor", {exporter.Emit("Abs", {x})});
  exporter.EmitTo(node.outputs, "Mul", {exporter.Emit("Sign", {x}), size});
}

void WriteRsqrt(Exporter& exporter, const Node& node, const char*) {
  exporter.EmitTo(node.outputs, "Reciprocal",
                  {exporter.Emit("Sqrt", {exporter.Name(node.inputs[0])})});
}

void WriteExp2(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Number(2, InputDType(exporter, node)), exporter.Name(node.inputs[0])});
}

// tanh(x / 2) * (exp(x) + 1), which keeps its accuracy near 0.
void WriteExpm1(Exporter& exporter, const Node& node, const char*) {
  const std::string& x = exporter.Name(node.inputs[0]);
  const DType dtype = InputDType(exporter, node);
  const std::string half = exporter.Emit("Mul", {x, exporter.Number(0.5, dtype)});
  const std::string sum =
      exporter.Emit("Add", {exporter.Emit("Exp", {x}), exporter.Number(1, dtype)});
  exporter.EmitTo(node.outputs, "Mul", {exporter.Emit("Tanh", {half}), sum});
}

namespace {

// log(x) / log(base)
void WriteLogOf(Exporter& exporter, const Node& node, double base) {
  const std::string log = exporter.Emit("Log", {exporter.Name(node.inputs[0])});
  exporter.EmitTo(node.outputs, "Div",
                  {log, exporter.Number(std::log(base), InputDType(exporter, node))});
}

}  // namespace

void WriteLog2(Exporter& exporter, const Node& node, const char*) { WriteLogOf(exporter, node, 2); }
void WriteLog10(Exporter& exporter, const Node& node, const char*) {
  WriteLogOf(exporter, node, 10);
}

// With u = 1 + x rounded, log(u) * x / (u - 1) makes up for the rounding (Kahan).
void WriteLog1p(Exporter& exporter, const Node& node, const char*) {
  const std::string& x = exporter.Name(node.inputs[0]);
  const std::string one = exporter.Number(1, InputDType(exporter, node));
  const std::string u = exporter.Emit("Add", {x, one});
  const std::string ratio = exporter.Emit("Div", {x, exporter.Emit("Sub", {u, one})});
  const std::string product = exporter.Emit("Mul", {exporter.Emit("Log", {u}), ratio});
  const std::string tiny = exporter.Emit("Equal", {u, one});
  // For infinity, x / (u - 1) is not a number.
  const std::string itself = exporter.Emit("Or", {tiny, exporter.Emit("Equal", {u, x})});
  exporter.EmitTo(node.outputs, "Where",
                  {tiny, x, exporter.Emit("Where", {itself, exporter.Emit("Log", {u}), product})});
}

void WriteSilu(Exporter& exporter, const Node& node, const char*) {
  const std::string& x = exporter.Name(node.inputs[0]);
  exporter.EmitTo(node.outputs, "Mul", {x, exporter.Emit("Sigmoid", {x})});
}

void WriteErfc(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.EmitTo(node.outputs, "Sub",
                  {exporter.Number(1, InputDType(exporter, node)),
                   exporter.Emit(onnx_name, {exporter.Name(node.inputs[0])})});
}

// Of bool they are the logical ones.
void WriteBits(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::string name = onnx_name;
  if (InputDType(exporter, node) != kBool) {
    name = absl::StrCat("Bitwise", onnx_name);
    exporter.Require(18, node, absl::StrCat(name, ", which is for integers,"));
  }
  std::vector<std::string> inputs;
  for (graph::ValueId input : node.inputs) inputs.push_back(exporter.Name(input));
  exporter.EmitTo(node.outputs, name.c_str(), std::move(inputs));
}

// ONNX asks it of float32 alone (float64 too for some), and integers are never either.
void WriteFloatTest(Exporter& exporter, const Node& node, const char* onnx_name) {
  const std::string x = exporter.Name(node.inputs[0]);
  const bool floating = IsFloating(InputDType(exporter, node));
  exporter.EmitTo(node.outputs, onnx_name, {floating ? x : exporter.Cast(x, kFloat32)});
}

void WriteIsFinite(Exporter& exporter, const Node& node, const char*) {
  std::string x = exporter.Name(node.inputs[0]);
  if (!IsFloating(InputDType(exporter, node))) x = exporter.Cast(x, kFloat32);
  const std::string either =
      exporter.Emit("Or", {exporter.Emit("IsNaN", {x}), exporter.Emit("IsInf", {x})});
  exporter.EmitTo(node.outputs, "Not", {either});
}

void WriteGelu(Exporter& exporter, const Node& node, const char* onnx_name) {
  const std::string& x = exporter.Name(node.inputs[0]);
  if (exporter.opset() >= 20) {
    return exporter.EmitTo(
        node.outputs, onnx_name, {x},
        {{"approximate", node.options().Get<GeluOptions>().approximate.c_str()}});
  }
  const auto number = [&](double value) {
    return exporter.Number(value, InputDType(exporter, node));
  };
  std::string phi;
  if (node.options().Get<GeluOptions>().approximate == "tanh") {
    const std::string cube = exporter.Emit("Mul", {x, exporter.Emit("Mul", {x, x})});
    const std::string inner =
        exporter.Emit("Add", {x, exporter.Emit("Mul", {cube, number(0.044715)})});
    phi = exporter.Emit("Tanh", {exporter.Emit("Mul", {inner, number(std::sqrt(2 / M_PI))})});
  } else {
    phi = exporter.Emit("Erf", {exporter.Emit("Mul", {x, number(std::sqrt(0.5))})});
  }
  const std::string half = exporter.Emit("Mul", {x, number(0.5)});
  exporter.EmitTo(node.outputs, "Mul", {half, exporter.Emit("Add", {phi, number(1)})});
}

void WriteLeakyRelu(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0])},
                  {{"alpha", node.options().Get<LeakyReluOptions>().negative_slope}});
}

void WriteClamp(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<ClampOptions>();
  const DType dtype = InputDType(exporter, node);
  const auto bound = [&](const std::optional<Scalar>& value) {
    if (!value) return std::string();
    // What the dtype cannot hold bounds as its end does.
    const Scalar held = SwitchDType(dtype, [&]<typename T>(T) {
      if constexpr (std::is_integral_v<T>) return Scalar(value->Saturate<T>());
      return *value;
    });
    return exporter.Number(held, dtype);
  };
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), bound(options.min), bound(options.max)});
}

namespace {

// Whether `rest` is not 0, and has another sign than `divisor`.
std::string OnOtherSide(Exporter& exporter, const std::string& rest, const std::string& divisor,
                        DType dtype) {
  const std::string zero = exporter.Number(0, dtype);
  const std::string signs_differ = exporter.Emit(
      "Xor", {exporter.Emit("Less", {rest, zero}), exporter.Emit("Less", {divisor, zero})});
  const std::string some = exporter.Emit("Not", {exporter.Emit("Equal", {rest, zero})});
  return exporter.Emit("And", {some, signs_differ});
}

}  // namespace

// The integer division of ONNX cuts towards zero, so the remainder goes first.
void WriteFloorDivide(Exporter& exporter, const Node& node, const char*) {
  const std::string &a = exporter.Name(node.inputs[0]), &b = exporter.Name(node.inputs[1]);
  const DType dtype = InputDType(exporter, node);
  if (!IsFloating(dtype)) {
    const std::string multiple = exporter.Emit("Sub", {a, exporter.Emit("Mod", {a, b})});
    return exporter.EmitTo(node.outputs, "Div", {multiple, b});
  }
  // a / b may be rounded up to the next whole number; without the rest it is whole but for
  // rounding.
  const std::string rest = exporter.Emit("Mod", {a, b}, {{"fmod", int64_t{1}}});
  const std::string multiple = exporter.Emit("Div", {exporter.Emit("Sub", {a, rest}), b});
  const std::string below = exporter.Emit(
      "Where", {OnOtherSide(exporter, rest, b, dtype),
                exporter.Emit("Sub", {multiple, exporter.Number(1, dtype)}), multiple});
  // Nothing is left of a division by 0.
  exporter.EmitTo(node.outputs, "Where",
                  {exporter.Emit("Equal", {b, exporter.Number(0, dtype)}),
                   exporter.Emit("Div", {a, b}), exporter.Emit("Round", {below})});
}

void WriteRemainder(Exporter& exporter, const Node& node, const char*) {
  const std::string &a = exporter.Name(node.inputs[0]), &b = exporter.Name(node.inputs[1]);
  if (!IsFloating(InputDType(exporter, node))) {
    return exporter.EmitTo(node.outputs, "Mod", {a, b});
  }
  // The floating point Mod of ONNX has the sign of the first; adding the second gives it that of
  // the second.
  const std::string rest = exporter.Emit("Mod", {a, b}, {{"fmod", int64_t{1}}});
  exporter.EmitTo(node.outputs, "Where",
                  {OnOtherSide(exporter, rest, b, InputDType(exporter, node)),
                   exporter.Emit("Add", {rest, b}), rest});
}

void WriteFmod(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), exporter.Name(node.inputs[1])},
                  {{"fmod", int64_t{1}}});
}

// The larger times sqrt(1 + ratio^2), which overflows no earlier than the result.
void WriteHypot(Exporter& exporter, const Node& node, const char* onnx_name) {
  const DType dtype = InputDType(exporter, node);
  const std::string a = exporter.Emit("Abs", {exporter.Name(node.inputs[0])}),
                    b = exporter.Emit("Abs", {exporter.Name(node.inputs[1])});
  const std::string high = exporter.Emit("Max", {a, b}), low = exporter.Emit("Min", {a, b});
  const std::string none = exporter.Emit("Equal", {high, exporter.Number(0, dtype)});
  const std::string ratio =
      exporter.Emit("Div", {low, exporter.Emit("Where", {none, exporter.Number(1, dtype), high})});
  const std::string root = exporter.Emit(
      onnx_name,
      {exporter.Emit("Add", {exporter.Emit("Mul", {ratio, ratio}), exporter.Number(1, dtype)})});
  const std::string infinity = exporter.Number(INFINITY, dtype);
  const std::string infinite = exporter.Emit(
      "Or", {exporter.Emit("Equal", {a, infinity}), exporter.Emit("Equal", {b, infinity})});
  exporter.EmitTo(node.outputs, "Where", {infinite, infinity, exporter.Emit("Mul", {high, root})});
}

void WriteNe(Exporter& exporter, const Node& node, const char*) {
  exporter.EmitTo(
      node.outputs, "Not",
      {exporter.Emit("Equal", {exporter.Name(node.inputs[0]), exporter.Name(node.inputs[1])})});
}

void WriteCast(Exporter& exporter, const Node& node, const char* onnx_name) {
  const DType dtype = node.options().Get<CastOptions>().dtype;
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0])},
                  {{"to", int64_t{ToElementType(dtype)}}});
}

}  // namespace neura::onnx
