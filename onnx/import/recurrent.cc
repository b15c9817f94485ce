// RNN, GRU and LSTM: one scan over time for each direction. What the inputs add is computed for all
// steps at once.
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/quantize.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// Which activations have an alpha and a beta: these are given in order, for those that have one.
bool HasAlpha(const std::string& name) {
  return name == "affine" || name == "leakyrelu" || name == "thresholdedrelu" ||
         name == "scaledtanh" || name == "hardsigmoid" || name == "elu";
}
bool HasBeta(const std::string& name) {
  return name == "affine" || name == "scaledtanh" || name == "hardsigmoid";
}

}  // namespace

Activation ActivationOf(NodeReader& node, const std::string& name, std::optional<double> alpha,
                        std::optional<double> beta) {
  const auto or_else = [](std::optional<double> value, double otherwise) {
    return value.value_or(otherwise);
  };
  if (name == "relu") return [](const Tensor& x) { return Relu(x); };
  if (name == "tanh") return [](const Tensor& x) { return Tanh(x); };
  if (name == "sigmoid") return [](const Tensor& x) { return Sigmoid(x); };
  if (name == "softsign") return [](const Tensor& x) { return x / (1 + Abs(x)); };
  if (name == "softplus") return [](const Tensor& x) { return Softplus(x); };
  if (name == "affine") {
    const double a = or_else(alpha, 1), b = or_else(beta, 0);
    return [=](const Tensor& x) { return x * a + b; };
  }
  if (name == "leakyrelu") {
    const double a = or_else(alpha, 0.01);
    return [=](const Tensor& x) { return Where(x >= 0, x, x * a); };
  }
  if (name == "thresholdedrelu") {
    const double a = or_else(alpha, 1);
    return [=](const Tensor& x) { return Where(x >= a, x, ZerosLike(x)); };
  }
  if (name == "scaledtanh") {
    const double a = or_else(alpha, 1), b = or_else(beta, 1);
    return [=](const Tensor& x) { return Tanh(x * b) * a; };
  }
  if (name == "hardsigmoid") {
    const double a = or_else(alpha, 0.2), b = or_else(beta, 0.5);
    return [=](const Tensor& x) { return Minimum(Maximum(x * a + b, 0), 1); };
  }
  if (name == "elu") {
    const double a = or_else(alpha, 1);
    return [=](const Tensor& x) { return Where(x >= 0, x, Expm1(x) * a); };
  }
  node.Unsupported(absl::StrCat("activation ", name));
}

namespace {

// What all three kinds share.
struct Cell {
  int64_t gates = 1;
  bool has_memory = false;
  std::vector<Activation> activations;  // of this direction
  std::optional<double> clip;
  bool linear_before_reset = false, input_forget = false;

  Tensor Clipped(const Tensor& x) const { return clip ? Minimum(Maximum(x, -*clip), *clip) : x; }
};

// x w^T. Where w [rows, K] holds integers, which scales [rows] make what they stand for, x is
// rounded to 8 bits, too.
Tensor Product(const Tensor& x, const Tensor& w, const Tensor& scale) {
  if (!scale.defined()) return Linear(x, w);
  const Quantized steps = DynamicallyQuantized(x);
  const Tensor centered = Cast(steps.elements, kFloat32) - Cast(steps.zero, kFloat32);
  return Linear(centered, w) * (steps.scale * scale);
}

// The next state: `x` is what the inputs add, with all biases but those in `late` [H], and `peep`
// [3 * H] are weights of the memory; both may be undefined, and the scale of r.
std::vector<Tensor> Step(const Cell& cell, const Tensor& h, const Tensor& c, const Tensor& x,
                         const Tensor& r, const Tensor& scale, const Tensor& late,
                         const Tensor& peep) {
  const int64_t size = h.size(-1);
  const auto part = [&](const Tensor& t, int64_t i) {
    return Slice(t, -1, i * size, (i + 1) * size);
  };
  const auto rows = [&](int64_t first, int64_t count) {
    return Slice(r, 0, first * size, (first + count) * size);
  };
  const auto& f = cell.activations;
  if (cell.gates == 1) return {f[0](cell.Clipped(x + Linear(h, r)))};
  if (cell.gates == 3) {
    const Tensor gates = Slice(x, -1, 0, 2 * size) + Linear(h, rows(0, 2));
    const Tensor z = f[0](cell.Clipped(part(gates, 0))), reset = f[0](cell.Clipped(part(gates, 1)));
    Tensor inner;
    if (cell.linear_before_reset) {
      inner = reset * (late.defined() ? Linear(h, rows(2, 1), late) : Linear(h, rows(2, 1)));
    } else {
      inner = Linear(reset * h, rows(2, 1));
    }
    const Tensor next = f[1](cell.Clipped(part(x, 2) + inner));
    return {(1 - z) * next + z * h};
  }
  const Tensor gates = x + Product(h, r, scale);
  const auto gate = [&](int64_t i, const Tensor& memory, int64_t p) {
    Tensor g = part(gates, i);
    if (peep.defined()) g = g + part(peep, p) * memory;
    return f[0](cell.Clipped(g));
  };
  const Tensor in = gate(0, c, 0);
  const Tensor forget = cell.input_forget ? 1 - in : gate(2, c, 2);
  const Tensor memory = forget * c + in * f[1](cell.Clipped(part(gates, 3)));
  const Tensor out = gate(1, memory, 1);
  return {out * f[2](memory), memory};
}

// The first steps of each example in reverse, all of them without lengths.
Tensor Reversed(const Tensor& x, const Tensor& lengths) {
  if (!lengths.defined()) return Flip(x, {0});
  const Tensor step = Unsqueeze(Arange(x.size(0)), 1), length = Unsqueeze(lengths, 0);
  const Tensor index = Unsqueeze(Where(step < length, length - 1 - step, step), 2);
  return Gather(x, 0, Expand(index, x.shape()));
}

struct Direction {
  bool is_reverse = false;
  int64_t index = 0;
};

class Recurrence {
 public:
  // Weights may be quantized, and then stand the other way round.
  Recurrence(NodeReader& node, int64_t gates, std::vector<std::string> usual,
             bool quantized = false)
      : node_(node), gates_(gates), usual_(std::move(usual)), quantized_(quantized) {}

  void Read() {
    ValueId x = node_.in(0);
    const bool batch_first = node_.Int("layout", 0) != 0;
    if (node_.rank(x) != 3) ThrowInvalidArgument("expects three dimensions");
    if (batch_first) x = node_.Permute(x, {1, 0, 2});
    const std::string direction = node_.String("direction", "forward");
    std::vector<Direction> directions;
    if (direction != "reverse") directions.push_back({false, 0});
    if (direction != "forward") directions.push_back({true, direction == "reverse" ? 0 : 1});
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
      node_.Unsupported(absl::StrCat("direction ", direction));
    }
    hidden_ = node_.FixedExtent(node_.in(2), quantized_ ? 1 : 2);
    if (node_.Int("hidden_size", hidden_) != hidden_) {
      ThrowInvalidArgument("hidden_size is not that of the weights");
    }
    const std::vector<Cell> cells = ReadCells(directions.size());
    lengths_ = node_.has(4) ? node_.Cast(node_.in(4), kInt64) : kNone;
    std::vector<ValueId> y, last_h, last_c;
    for (size_t i = 0; i < directions.size(); ++i) {
      const std::vector<ValueId> results = Run(cells[i], directions[i], x, batch_first);
      y.push_back(results[0]);
      last_h.push_back(results[1]);
      if (gates_ == 4) last_c.push_back(results[2]);
    }
    // By nodes: that the extents of two scans are equal, only a run can tell.
    const auto joined = [&](const std::vector<ValueId>& parts, int64_t dim, bool states) {
      std::vector<ValueId> one_of_each;
      for (const ValueId part : parts) {
        one_of_each.push_back(node_.Add(op::kUnsqueeze, DimOptions{.dim = dim}, {part}));
      }
      const ValueId all = one_of_each.size() == 1
                              ? one_of_each[0]
                              : node_.Add(op::kCat, DimOptions{.dim = dim}, one_of_each);
      if (!batch_first) return all;
      return node_.Permute(
          all, states ? std::vector<int64_t>{1, 0, 2} : std::vector<int64_t>{2, 0, 1, 3});
    };
    if (node_.Wants(0)) node_.Out(joined(y, 1, false), 0);
    if (node_.Wants(1)) node_.Out(joined(last_h, 0, true), 1);
    if (node_.Wants(2)) node_.Out(joined(last_c, 0, true), 2);
  }

 private:
  std::vector<Cell> ReadCells(size_t directions) {
    std::vector<std::string> names = node_.Strings("activations");
    const size_t each = usual_.size();
    if (names.empty()) {
      for (size_t i = 0; i < directions; ++i)
        names.insert(names.end(), usual_.begin(), usual_.end());
    }
    if (names.size() != each * directions) ThrowInvalidArgument("activations: a wrong number");
    const std::vector<double> alpha = node_.Floats("activation_alpha");
    const std::vector<double> beta = node_.Floats("activation_beta");
    size_t next_alpha = 0, next_beta = 0;
    const auto take = [](const std::vector<double>& values, bool has, size_t* next) {
      return has && *next < values.size() ? std::optional<double>(values[(*next)++]) : std::nullopt;
    };
    std::vector<Cell> cells(directions);
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string name = absl::AsciiStrToLower(names[i]);
      const std::optional<double> a = take(alpha, HasAlpha(name), &next_alpha);
      const std::optional<double> b = take(beta, HasBeta(name), &next_beta);
      cells[i / each].activations.push_back(ActivationOf(node_, name, a, b));
    }
    if (node_.opset() < 7) node_.Int("output_sequence", 0);  // of what nothing may read
    const bool clips = node_.HasAttribute("clip");
    const double clip = node_.Float("clip", 0);
    const bool linear = gates_ == 3 && node_.Int("linear_before_reset", 0) != 0;
    const bool input_forget = gates_ == 4 && node_.Int("input_forget", 0) != 0;
    for (Cell& cell : cells) {
      cell.gates = gates_;
      cell.has_memory = gates_ == 4;
      if (clips) cell.clip = clip;
      cell.linear_before_reset = linear;
      cell.input_forget = input_forget;
    }
    return cells;
  }

  // Of one direction; kNone where the input is absent.
  ValueId Weight(size_t input, int64_t direction) {
    if (!node_.has(input)) return kNone;
    return node_.Trace([=](const Tensor& all) { return Select(all, 0, direction); },
                       node_.in(input));
  }

  // A matrix, and its scale, which is kNone where it is not quantized.
  struct Factor {
    ValueId matrix, scale;
  };
  Factor FactorOf(size_t input, int64_t direction) {
    if (!quantized_) return {Weight(input, direction), kNone};
    const size_t scale = input == 1 ? 8 : 10;
    const ValueId matrix = node_.Trace(
        [](const Tensor& w, const Tensor& zero) {
          return Transpose(Cast(w, kFloat32) - Cast(zero, kFloat32), 0, 1);
        },
        Weight(input, direction), Weight(scale + 1, direction));
    return {matrix, Weight(scale, direction)};
  }

  ValueId Initial(size_t input, const Direction& direction, ValueId x, bool batch_first) {
    if (!node_.has(input)) {
      return node_.Full({node_.shape(x)[1], hidden_}, 0, node_.dtype(x));
    }
    return node_.Trace(
        [&](const Tensor& all) { return Select(all, batch_first ? 1 : 0, direction.index); },
        node_.in(input));
  }

  // Y [T, B, H], the last state, and the last memory.
  std::vector<ValueId> Run(const Cell& cell, const Direction& direction, ValueId x,
                           bool batch_first) {
    const Factor w = FactorOf(1, direction.index), r = FactorOf(2, direction.index);
    const ValueId bias = Weight(3, direction.index);
    const int64_t rows = gates_ * hidden_;
    // The recurrent bias of the last gate is added late where it is reset with the state.
    const bool late_bias = cell.linear_before_reset && bias != kNone;
    const std::vector<ValueId> given{x, w.matrix, bias, lengths_, w.scale};
    const ValueId inputs = node_.TraceAll(given, [&](absl::Span<const Tensor> in) {
      Tensor steps = direction.is_reverse ? Reversed(in[0], in[3]) : in[0];
      if (in[4].defined() && in[3].defined()) {
        // What no example has is not in the range that is quantized.
        const Tensor own = Arange(steps.size(0)) < AMax(in[3]);
        steps = Where(Reshape(own, {-1, 1, 1}), steps, ZerosLike(steps));
      }
      if (!in[2].defined()) return std::vector{Product(steps, in[1], in[4])};
      Tensor recurrent = Slice(in[2], 0, rows, 2 * rows);
      if (late_bias) {
        const Tensor early = Slice(recurrent, 0, 0, 2 * hidden_);
        recurrent = Cat({early, Zeros({hidden_}, {.dtype = early.dtype()})}, 0);
      }
      const Tensor added = Slice(in[2], 0, 0, rows) + recurrent;
      if (in[4].defined()) return std::vector{Product(steps, in[1], in[4]) + added};
      return std::vector{Linear(steps, in[1], added)};
    })[0];
    std::vector<ValueId> carried{Initial(5, direction, x, batch_first)};
    if (cell.has_memory) carried.push_back(Initial(6, direction, x, batch_first));
    std::vector<ValueId> scanned{inputs}, captures{r.matrix};
    if (r.scale != kNone) captures.push_back(r.scale);
    if (lengths_ != kNone) {
      // Whether a step is one of an example's own: [T, B, 1].
      scanned.push_back(node_.Trace(
          [](const Tensor& x, const Tensor& lengths) {
            return Unsqueeze(Unsqueeze(Arange(x.size(0)), 1) < Unsqueeze(lengths, 0), 2);
          },
          x, lengths_));
    }
    if (late_bias) {
      captures.push_back(node_.Trace(
          [&](const Tensor& b) { return Slice(b, 0, rows + 2 * hidden_, 2 * rows); }, bias));
    }
    const ValueId peep = gates_ == 4 ? Weight(7, direction.index) : kNone;
    if (peep != kNone) captures.push_back(peep);
    const size_t states = carried.size();
    std::vector<ValueId> results =
        node_.ScanOver(carried, scanned, captures, [&](absl::Span<const Tensor> in) {
          size_t next = states;
          const Tensor &h = in[0], c = cell.has_memory ? in[1] : Tensor(), gates = in[next++];
          const Tensor own = lengths_ != kNone ? in[next++] : Tensor();
          const Tensor weight = in[next++];
          const Tensor scale = r.scale != kNone ? in[next++] : Tensor();
          const Tensor late = late_bias ? in[next++] : Tensor();
          const Tensor peep_of = peep != kNone ? in[next++] : Tensor();
          std::vector<Tensor> out = Step(cell, h, c, gates, weight, scale, late, peep_of);
          Tensor y = out[0];
          if (own.defined()) {
            y = Where(own, y, ZerosLike(y));
            for (size_t i = 0; i < out.size(); ++i) out[i] = Where(own, out[i], in[i]);
          }
          out.push_back(y);
          return out;
        });
    ValueId y = results.back();
    if (direction.is_reverse) {
      y = node_.TraceAll({y, lengths_}, [](absl::Span<const Tensor> in) {
        return std::vector{Reversed(in[0], in[1])};
      })[0];
    }
    results.pop_back();
    results.insert(results.begin(), y);
    return results;
  }

  NodeReader& node_;
  int64_t gates_;
  std::vector<std::string> usual_;
  bool quantized_;
  int64_t hidden_ = 0;
  ValueId lengths_ = kNone;
};

}  // namespace

void ReadRnn(NodeReader& node) { Recurrence(node, 1, {"Tanh"}).Read(); }
void ReadGru(NodeReader& node) { Recurrence(node, 3, {"Sigmoid", "Tanh"}).Read(); }
void ReadLstm(NodeReader& node) { Recurrence(node, 4, {"Sigmoid", "Tanh", "Tanh"}).Read(); }
void ReadDynamicQuantizeLstm(NodeReader& node) {
  for (size_t i = 8; i < 12; ++i) {
    if (!node.has(i)) ThrowInvalidArgument(absl::StrCat("input ", i, " is missing"));
  }
  Recurrence(node, 4, {"Sigmoid", "Tanh", "Tanh"}, true).Read();
}

}  // namespace neura::onnx
