#include "neura/nn/recurrent.h"

#include <algorithm>
#include <concepts>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura::nn {
namespace {

using internal::CheckAtLeast;
using internal::CheckPositive;
using internal::RecurrentWeights;
using internal::UniformByFanIn;

enum class Kind { kTanh, kRelu, kLSTM, kGRU };

Kind KindOf(const char* layer, const std::string& nonlinearity) {
  internal::CheckName(layer, "nonlinearity", nonlinearity, {"tanh", "relu"});
  return nonlinearity == "tanh" ? Kind::kTanh : Kind::kRelu;
}
Kind KindOf(const RNNOptions& options) { return KindOf("RNN", options.nonlinearity); }
Kind KindOf(const LSTMOptions&) { return Kind::kLSTM; }
Kind KindOf(const GRUOptions&) { return Kind::kGRU; }

const char* NameOf(Kind kind) {
  return kind == Kind::kLSTM ? "LSTM" : kind == Kind::kGRU ? "GRU" : "RNN";
}

int64_t ProjSize(const LSTMOptions& options) { return options.proj_size; }
template <typename Options>
int64_t ProjSize(const Options&) {
  return 0;
}

// States of one tensor are those without c.
LSTMState AsPair(const Tensor& state) { return {state, {}}; }
LSTMState AsPair(const LSTMState& state) { return state; }
void FromPair(const LSTMState& pair, Tensor& state) { state = pair.h; }
void FromPair(const LSTMState& pair, LSTMState& state) { state = pair; }

// RecurrentWeights as tensors, which are shared where parameters are copied.
struct Weights {
  Tensor weight_ih, weight_hh, bias_ih, bias_hh, weight_hr;
};

// What the input gives to each step, [rows, gates * hidden_size]. Where all of the state's part is
// added to it, so is its bias.
Tensor InputGates(Kind kind, const Weights& w, const Tensor& rows) {
  const bool apart = kind == Kind::kGRU || !w.bias_ih.defined();
  const Tensor bias = apart ? w.bias_ih : w.bias_ih + w.bias_hh;
  return neura::Linear(rows, w.weight_ih, bias);
}

// The state after a step, of the input's gates [N, gates * hidden_size].
LSTMState Step(Kind kind, const Weights& w, const Tensor& gates, const LSTMState& state) {
  if (kind == Kind::kGRU) {
    const std::vector<Tensor> x = Chunk(gates, 3, -1),
                              h = Chunk(neura::Linear(state.h, w.weight_hh, w.bias_hh), 3, -1);
    const Tensor n = Tanh(x[2] + Sigmoid(x[0] + h[0]) * h[2]);
    return {n + Sigmoid(x[1] + h[1]) * (state.h - n), {}};
  }
  const Tensor all = gates + neura::Linear(state.h, w.weight_hh);
  if (kind != Kind::kLSTM) return {kind == Kind::kTanh ? Tanh(all) : Relu(all), {}};
  const std::vector<Tensor> parts = Chunk(all, 4, -1);
  const Tensor c = Sigmoid(parts[1]) * state.c + Sigmoid(parts[0]) * Tanh(parts[2]);
  const Tensor h = Sigmoid(parts[3]) * Tanh(c);
  return {w.weight_hr.defined() ? neura::Linear(h, w.weight_hr) : h, c};
}

// The first or last rows of both tensors.
LSTMState Rows(const LSTMState& state, int64_t begin, int64_t end) {
  const auto rows = [&](const Tensor& t) { return t.defined() ? Slice(t, 0, begin, end) : t; };
  return {rows(state.h), rows(state.c)};
}
// One below the other, or stacked.
template <typename Join>
LSTMState Joined(const std::vector<LSTMState>& states, Join join) {
  std::vector<Tensor> h, c;
  for (const LSTMState& state : states) {
    h.push_back(state.h);
    c.push_back(state.c);
  }
  return {join(h), c[0].defined() ? join(c) : Tensor()};
}
Tensor Below(const std::vector<Tensor>& tensors) {
  return tensors.size() == 1 ? tensors[0] : Cat(tensors, 0);
}

std::vector<Weights> TensorsOf(const std::vector<RecurrentWeights>& weights) {
  std::vector<Weights> tensors;
  for (const RecurrentWeights& w : weights) {
    tensors.push_back({w.weight_ih, w.weight_hh, w.bias_ih, w.bias_hh, w.weight_hr});
  }
  return tensors;
}

struct Pass {
  Tensor output;  // [rows, hidden_size]
  LSTMState state;
};
// One direction of one layer over packed rows. Sequences are sorted, so those that have a step are
// the first rows of the state.
Pass RunDirection(Kind kind, const Weights& w, const Tensor& rows,
                  const std::vector<int64_t>& batch_sizes, const LSTMState& first, bool reverse) {
  const std::vector<Tensor> gates = Split(InputGates(kind, w, rows), DimsView(batch_sizes), 0);
  const size_t steps = batch_sizes.size();
  std::vector<Tensor> outputs(steps);
  std::vector<LSTMState> ended;  // sequences that have ended, the longest last
  int64_t count = batch_sizes[reverse ? steps - 1 : 0];
  LSTMState state = count == batch_sizes[0] ? first : Rows(first, 0, count);
  for (size_t i = 0; i < steps; ++i) {
    const size_t t = reverse ? steps - 1 - i : i;
    const int64_t size = batch_sizes[t];
    if (size < count) {
      ended.push_back(Rows(state, size, count));
      state = Rows(state, 0, size);
    } else if (size > count) {
      state = Joined({state, Rows(first, count, size)}, Below);
    }
    count = size;
    state = Step(kind, w, gates[t], state);
    outputs[t] = state.h;
  }
  ended.push_back(state);
  std::reverse(ended.begin(), ended.end());
  return {Below(outputs), Joined(ended, Below)};
}

// All layers: packed rows [rows, input_size] and states [layers * directions, N, ...]. `dropout` is
// of what each layer but the last gives.
Pass RunLayers(Kind kind, bool bidirectional, const std::vector<Weights>& weights,
               const Tensor& input, const std::vector<int64_t>& batch_sizes, const LSTMState& first,
               double dropout) {
  const std::vector<Tensor> h = Unbind(first.h, 0),
                            c = first.c.defined() ? Unbind(first.c, 0) : std::vector<Tensor>();
  const size_t directions = bidirectional ? 2 : 1;
  Tensor rows = input;
  std::vector<LSTMState> last;
  for (size_t i = 0; i < weights.size(); i += directions) {
    if (i > 0 && dropout > 0) rows = neura::Dropout(rows, dropout);
    std::vector<Tensor> outputs;
    for (size_t d = i; d < i + directions; ++d) {
      Pass pass = RunDirection(kind, weights[d], rows, batch_sizes,
                               {h[d], c.empty() ? Tensor() : c[d]}, d != i);
      outputs.push_back(std::move(pass.output));
      last.push_back(std::move(pass.state));
    }
    rows = outputs.size() == 1 ? outputs[0] : Cat(outputs, -1);
  }
  return {rows, Joined(last, [](const std::vector<Tensor>& each) { return Stack(each, 0); })};
}

// [T, N, input_size] through all layers: the output [T, N, ...], and the state of each.
Pass RunSteps(Kind kind, bool bidirectional, const std::vector<Weights>& weights,
              const Tensor& input, const LSTMState& first, double dropout) {
  const int64_t steps = input.size(0), batch = input.size(1);
  const std::vector<int64_t> batch_sizes(static_cast<size_t>(steps), batch);
  Pass pass =
      RunLayers(kind, bidirectional, weights, Reshape(input, {steps * batch, input.size(2)}),
                batch_sizes, first, dropout);
  pass.output = Reshape(pass.output, {steps, batch, pass.output.size(-1)});
  return pass;
}

constexpr std::pair<Kind, const char*> kWholeKinds[] = {{Kind::kTanh, "rnn_tanh"},
                                                        {Kind::kRelu, "rnn_relu"},
                                                        {Kind::kLSTM, "lstm"},
                                                        {Kind::kGRU, "gru"}};

std::vector<Tensor> RunWholeLayers(const OpCall& call) {
  const auto& options = call.Get<RecurrentCall>();
  Kind kind = Kind::kTanh;
  for (const auto& [each, name] : kWholeKinds) {
    if (options.kind == name) kind = each;
  }
  std::vector<Weights> weights;
  const size_t each = options.bias ? 4 : 2;
  for (size_t i = 3; i + each <= call.inputs.size(); i += each) {
    weights.push_back({call.input(i), call.input(i + 1), {}, {}, {}});
    if (!options.bias) continue;
    weights.back().bias_ih = call.input(i + 2);
    weights.back().bias_hh = call.input(i + 3);
  }
  const Tensor& input = call.input(0);
  LSTMState first{call.input(1), call.input(2)};
  if (!first.h.defined()) {
    first.h = Zeros({static_cast<int64_t>(weights.size()), input.size(1), options.hidden_size},
                    {.dtype = input.dtype(), .device = input.device()});
    if (kind == Kind::kLSTM) first.c = first.h;
  }
  const Pass pass = RunSteps(kind, options.bidirectional, weights, input, first, 0);
  return {pass.output, pass.state.h, pass.state.c};
}

// RunSteps as one operation, where somebody keeps it whole; `first` may be undefined. Weights of
// projections and dropout are not part of it.
std::optional<Pass> KeptSteps(Kind kind, int64_t hidden_size, bool bidirectional,
                              const std::vector<Weights>& weights, const Tensor& input,
                              const LSTMState& first) {
  const bool bias = weights[0].bias_ih.defined();
  RecurrentCall options{
      .hidden_size = hidden_size,
      .num_layers = static_cast<int64_t>(weights.size()) / (bidirectional ? 2 : 1),
      .bias = bias,
      .bidirectional = bidirectional};
  for (const auto& [each, name] : kWholeKinds) {
    if (kind == each) options.kind = name;
  }
  std::vector<const Tensor*> inputs = {&input, &first.h, &first.c};
  for (const Weights& w : weights) {
    if (w.weight_hr.defined() || w.bias_ih.defined() != bias || w.bias_hh.defined() != bias) {
      return std::nullopt;
    }
    inputs.push_back(&w.weight_ih);
    inputs.push_back(&w.weight_hh);
    if (!bias) continue;
    inputs.push_back(&w.bias_ih);
    inputs.push_back(&w.bias_hh);
  }
  const std::vector<Tensor> kept =
      KeptWhole(WholeFunction::kRecurrent, &RunWholeLayers, &options, inputs);
  if (kept.empty()) return std::nullopt;
  return Pass{kept[0], {kept[1], kept[2]}};
}

void CheckState(const char* layer, const char* name, const Tensor& state, const Dims& shape,
                const Tensor& input) {
  RequireDefined(layer, state);
  if (state.shape() == DimsView(shape) && state.dtype() == input.dtype()) return;
  ThrowInvalidArgument(absl::StrCat(layer, ": expected the state ", name, " to be ",
                                    DTypeName(input.dtype()), " ", ToString(DimsView(shape)),
                                    " for the input ", Describe(input), ", got ", Describe(state)));
}

void CheckInput(const char* layer, const Tensor& input, int64_t input_size) {
  if (input.size(-1) == input_size) return;
  ThrowInvalidArgument(absl::StrCat(layer, ": the last dimension of ", Describe(input),
                                    " must be input_size = ", input_size));
}

// The given state, checked, or zeros: [layers * directions, N, ...]. `batch` is absent where the
// state has no N; it gets one.
template <typename Options, typename State>
LSTMState FirstState(const Options& options, size_t count, const Tensor& input,
                     const std::optional<int64_t>& batch, const std::optional<State>& given) {
  const char* const layer = NameOf(KindOf(options));
  const int64_t proj_size = ProjSize(options);
  const auto shape_of = [&](int64_t size) {
    Dims shape = {static_cast<int64_t>(count), size};
    if (batch) shape.insert(shape.begin() + 1, *batch);
    return shape;
  };
  const Dims h_shape = shape_of(proj_size > 0 ? proj_size : options.hidden_size),
             c_shape = shape_of(options.hidden_size);
  constexpr bool kHasC = std::same_as<State, LSTMState>;
  const auto with_batch = [&](const Tensor& t) {
    return batch || !t.defined() ? t : Unsqueeze(t, 1);
  };
  if (!given) {
    const TensorOptions like{.dtype = input.dtype(), .device = input.device()};
    return {with_batch(Zeros(h_shape, like)), kHasC ? with_batch(Zeros(c_shape, like)) : Tensor()};
  }
  const LSTMState state = AsPair(*given);
  CheckState(layer, "h", state.h, h_shape, input);
  if (kHasC) CheckState(layer, "c", state.c, c_shape, input);
  return {with_batch(state.h), with_batch(state.c)};
}

// Applies fn to both tensors of a state.
template <typename F>
LSTMState Each(const LSTMState& state, F fn) {
  return {fn(state.h), state.c.defined() ? fn(state.c) : Tensor()};
}

Parameter UniformWeight(DimsView shape, int64_t hidden_size) {
  return UniformByFanIn(shape, hidden_size);
}

// The parameters of a cell.
template <typename Cell>
void Start(const char* layer, int64_t gates, Cell& cell) {
  const auto& options = cell.options;
  CheckAtLeast(0, layer, "input_size", options.input_size);
  // Gates are parts of one tensor, which cannot be empty ones.
  CheckAtLeast(gates == 1 ? 0 : 1, layer, "hidden_size", options.hidden_size);
  const int64_t rows = gates * options.hidden_size, hidden = options.hidden_size;
  cell.weight_ih = UniformWeight({rows, options.input_size}, hidden);
  cell.weight_hh = UniformWeight({rows, hidden}, hidden);
  if (!options.bias) return;
  cell.bias_ih = UniformWeight({rows}, hidden);
  cell.bias_hh = UniformWeight({rows}, hidden);
}

// One step of a cell.
template <typename Cell, typename State>
State StepOf(const char* layer, Kind kind, const Cell& cell, const Tensor& input,
             const std::optional<State>& hx) {
  RequireDefined(layer, input);
  const auto& options = cell.options;
  if (input.dim() != 1 && input.dim() != 2) {
    ThrowInvalidArgument(
        absl::StrCat(layer, ": expected [N, input_size] or [input_size], got ", Describe(input)));
  }
  CheckInput(layer, input, options.input_size);
  Dims shape(input.shape().begin(), input.shape().end());
  shape.back() = options.hidden_size;
  const Tensor zeros =
      hx ? Tensor() : Zeros(shape, {.dtype = input.dtype(), .device = input.device()});
  LSTMState state{zeros, kind == Kind::kLSTM ? zeros : Tensor()};
  if (hx) {
    state = AsPair(*hx);
    CheckState(layer, "h", state.h, shape, input);
    if (kind == Kind::kLSTM) CheckState(layer, "c", state.c, shape, input);
  }
  const Weights w{cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh, {}};
  State result;
  FromPair(Step(kind, w, InputGates(kind, w, input), state), result);
  return result;
}

}  // namespace

namespace internal {

template <typename Options, typename State>
RecurrentLayers<Options, State>::RecurrentLayers(const char* layer, int64_t gates,
                                                 const Options& options)
    : WithOptions<Options, Recurrent<State>>(options) {
  CheckPositive(layer, "input_size", options.input_size);
  CheckPositive(layer, "hidden_size", options.hidden_size);
  CheckPositive(layer, "num_layers", options.num_layers);
  const int64_t hidden = options.hidden_size, proj_size = ProjSize(options);
  if (!(options.dropout >= 0 && options.dropout <= 1)) {
    ThrowInvalidArgument(
        absl::StrCat(layer, ": dropout = ", options.dropout, " must be between 0 and 1"));
  }
  if (proj_size < 0 || proj_size >= hidden) {
    ThrowInvalidArgument(absl::StrCat(layer, ": proj_size = ", proj_size,
                                      " must be at least 0 and less than hidden_size = ", hidden));
  }
  const int64_t directions = options.bidirectional ? 2 : 1;
  const int64_t out = proj_size > 0 ? proj_size : hidden;
  for (int64_t i = 0; i < options.num_layers * directions; ++i) {
    const int64_t in = i < directions ? options.input_size : out * directions;
    RecurrentWeights w;
    w.weight_ih = UniformWeight({gates * hidden, in}, hidden);
    w.weight_hh = UniformWeight({gates * hidden, out}, hidden);
    if (options.bias) {
      w.bias_ih = UniformWeight({gates * hidden}, hidden);
      w.bias_hh = UniformWeight({gates * hidden}, hidden);
    }
    if (proj_size > 0) w.weight_hr = UniformWeight({proj_size, hidden}, hidden);
    weights.push_back(std::move(w));
  }
}

template <typename Options, typename State>
void RecurrentLayers<Options, State>::VisitMembers(MemberVisitor& visitor) {
  const size_t directions = this->options.bidirectional ? 2 : 1;
  for (size_t i = 0; i < weights.size(); ++i) {
    const std::string suffix =
        absl::StrCat("_l", i / directions, i % directions == 1 ? "_reverse" : "");
    visitor.Visit("weight_ih" + suffix, weights[i].weight_ih);
    visitor.Visit("weight_hh" + suffix, weights[i].weight_hh);
    visitor.Visit("bias_ih" + suffix, weights[i].bias_ih);
    visitor.Visit("bias_hh" + suffix, weights[i].bias_hh);
    visitor.Visit("weight_hr" + suffix, weights[i].weight_hr);
  }
}

template <typename Options, typename State>
RecurrentResult<State> RecurrentLayers<Options, State>::Forward(const Tensor& input,
                                                                const std::optional<State>& state) {
  const Options& options = this->options;
  const char* const layer = NameOf(KindOf(options));
  RequireDefined(layer, input);
  if (input.dim() != 2 && input.dim() != 3) {
    ThrowInvalidArgument(absl::StrCat(
        layer, ": expected ", options.batch_first ? "[N, T, input_size]" : "[T, N, input_size]",
        " or [T, input_size], got ", Describe(input)));
  }
  CheckInput(layer, input, options.input_size);
  const bool one = input.dim() == 2, batch_first = options.batch_first && !one;
  const Tensor by_steps = one ? Unsqueeze(input, 1) : batch_first ? Transpose(input, 0, 1) : input;
  const int64_t batch = by_steps.size(1);
  if (by_steps.size(0) == 0)
    ThrowInvalidArgument(absl::StrCat(layer, ": there are no steps in ", Describe(input)));
  const LSTMState first =
      FirstState(options, weights.size(), input, one ? std::optional<int64_t>() : batch, state);
  const Kind kind = KindOf(options);
  const std::vector<Weights> tensors = TensorsOf(weights);
  const double dropout = weights.size() > 1 && this->training() ? options.dropout : 0;
  std::optional<Pass> kept;
  if (dropout == 0) {
    kept = KeptSteps(kind, options.hidden_size, options.bidirectional, tensors, by_steps,
                     state ? first : LSTMState());
  }
  Pass pass = kept ? *std::move(kept)
                   : RunSteps(kind, options.bidirectional, tensors, by_steps, first, dropout);
  RecurrentResult<State> result;
  result.output = pass.output;
  if (one) {
    result.output = Squeeze(result.output, {1});
    pass.state = Each(pass.state, [](const Tensor& t) { return Squeeze(t, {1}); });
  } else if (batch_first) {
    result.output = Transpose(result.output, 0, 1);
  }
  FromPair(pass.state, result.state);
  return result;
}

template <typename Options, typename State>
PackedRecurrentResult<State> RecurrentLayers<Options, State>::Forward(
    const PackedSequence& input, const std::optional<State>& state) {
  const Options& options = this->options;
  const char* const layer = NameOf(KindOf(options));
  const std::vector<int64_t> batch_sizes = BatchSizesOf(input);
  RequireDims(layer, input.data, 2);
  CheckInput(layer, input.data, options.input_size);
  LSTMState first = FirstState(options, weights.size(), input.data, batch_sizes[0], state);
  const auto arranged = [](const LSTMState& given, const Tensor& order) {
    if (!order.defined()) return given;
    return Each(given, [&](const Tensor& t) { return IndexSelect(t, 1, order); });
  };
  if (state) first = arranged(first, input.sorted_indices);
  Pass pass = RunLayers(KindOf(options), options.bidirectional, TensorsOf(weights), input.data,
                        batch_sizes, first, this->training() ? options.dropout : 0);
  PackedRecurrentResult<State> result;
  result.output = input;
  result.output.data = pass.output;
  FromPair(arranged(pass.state, input.unsorted_indices), result.state);
  return result;
}

template class RecurrentLayers<RNNOptions, Tensor>;
template class RecurrentLayers<LSTMOptions, LSTMState>;
template class RecurrentLayers<GRUOptions, Tensor>;

}  // namespace internal

RNN::RNN(const RNNOptions& options) : RecurrentLayers("RNN", 1, options) { KindOf(options); }
LSTM::LSTM(const LSTMOptions& options) : RecurrentLayers("LSTM", 4, options) {}
GRU::GRU(const GRUOptions& options) : RecurrentLayers("GRU", 3, options) {}

RNNCell::RNNCell(const RNNCellOptions& options) : WithOptions(options) {
  KindOf("RNNCell", options.nonlinearity);
  Start("RNNCell", 1, *this);
}
Tensor RNNCell::Forward(const Tensor& input, const std::optional<Tensor>& hx) {
  return StepOf("RNNCell", KindOf("RNNCell", options.nonlinearity), *this, input, hx);
}

LSTMCell::LSTMCell(const CellOptions& options) : WithOptions(options) {
  Start("LSTMCell", 4, *this);
}
LSTMState LSTMCell::Forward(const Tensor& input, const std::optional<LSTMState>& hx) {
  return StepOf("LSTMCell", Kind::kLSTM, *this, input, hx);
}

GRUCell::GRUCell(const CellOptions& options) : WithOptions(options) { Start("GRUCell", 3, *this); }
Tensor GRUCell::Forward(const Tensor& input, const std::optional<Tensor>& hx) {
  return StepOf("GRUCell", Kind::kGRU, *this, input, hx);
}

}  // namespace neura::nn
