// Layers over sequences that carry a state from step to step. Options, defaults, initial values and
// the names of parameters are PyTorch's.
//
//   nn::LSTM lstm({.input_size = 8, .hidden_size = 16});
//   auto [output, state] = lstm(input);         // [T, N, 8] -> [T, N, 16], (h, c)
//   auto [next, last] = lstm(packed, state);    // of a PackedSequence one of the same kind
#ifndef NEURA_NN_RECURRENT_H_
#define NEURA_NN_RECURRENT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neura/nn/packed_sequence.h"
#include "neura/nn/with_options.h"

namespace neura::nn {

// What an LSTM carries on; RNN and GRU carry a tensor.
struct LSTMState {
  Tensor h;  // [layers * directions, N, hidden_size], or proj_size in the place of hidden_size
  Tensor c;  // [layers * directions, N, hidden_size]
  NEURA_PARTS(h, c)
};

template <typename State>
struct RecurrentResult {
  Tensor output;  // the last layer's h of each step, those of both directions joined
  State state;    // after the last step of each layer and direction
  NEURA_PARTS(output, state)
};
template <typename State>
struct PackedRecurrentResult {
  PackedSequence output;
  State state;
  NEURA_PARTS(output, state)
};

// Called with sequences [T, N, input_size], with batch_first [N, T, input_size], of one without N,
// or packed, and the state that they begin with, [layers * directions, N, ...] and without N as the
// input; zeros where it is left out.
template <typename State>
class Recurrent
    : public ModuleOf<RecurrentResult<State>(const Tensor&, const std::optional<State>&)> {
 public:
  using Base = ModuleOf<RecurrentResult<State>(const Tensor&, const std::optional<State>&)>;

  RecurrentResult<State> Forward(const Tensor& input,
                                 const std::optional<State>& state = {}) override = 0;
  virtual PackedRecurrentResult<State> Forward(const PackedSequence& input,
                                               const std::optional<State>& state = {}) = 0;

  using Base::operator();
  PackedRecurrentResult<State> operator()(const PackedSequence& input,
                                          const std::optional<State>& state = {}) {
    return this->template Run<PackedRecurrentResult<State>, const PackedSequence&,
                              const std::optional<State>&>(
        [this](const PackedSequence& packed, const std::optional<State>& first) {
          return Forward(packed, first);
        },
        input, state);
  }
};

struct RNNOptions {
  int64_t input_size = 0;
  int64_t hidden_size = 0;
  int64_t num_layers = 1;
  std::string nonlinearity = "tanh";  // or "relu"
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;  // of what each layer but the last gives
  bool bidirectional = false;
  NEURA_FIELDS(input_size, hidden_size, num_layers, nonlinearity, bias, batch_first, dropout,
               bidirectional)
};
struct LSTMOptions {
  int64_t input_size = 0;
  int64_t hidden_size = 0;
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  int64_t proj_size = 0;  // 0: h is not projected
  NEURA_FIELDS(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
               proj_size)
};
struct GRUOptions {
  int64_t input_size = 0;
  int64_t hidden_size = 0;
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  NEURA_FIELDS(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
};

namespace internal {

// The parameters of one direction of one layer, of which some may be undefined.
struct RecurrentWeights {
  Parameter weight_ih;  // [gates * hidden_size, what the layer reads]
  Parameter weight_hh;  // [gates * hidden_size, hidden_size or proj_size]
  Parameter bias_ih;    // [gates * hidden_size]
  Parameter bias_hh;
  Parameter weight_hr;  // [proj_size, hidden_size]
};

// What RNN, LSTM and GRU have in common.
template <typename Options, typename State>
class RecurrentLayers : public WithOptions<Options, Recurrent<State>> {
 public:
  using Interface = typename Recurrent<State>::Interface;

  RecurrentResult<State> Forward(const Tensor& input,
                                 const std::optional<State>& state = {}) override;
  PackedRecurrentResult<State> Forward(const PackedSequence& input,
                                       const std::optional<State>& state = {}) override;
  void VisitMembers(MemberVisitor& visitor) override;

  // Of layer 0, in its reverse direction where there is one, of layer 1, ... Their names end in
  // "_l0", "_l0_reverse", "_l1", ...
  std::vector<RecurrentWeights> weights;

 protected:
  RecurrentLayers(const char* layer, int64_t gates, const Options& options);
};

}  // namespace internal

// h = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh), or max(0, ...). Elman, 1990. Parameters
// of all these layers start uniform in +-1 / sqrt(hidden_size).
class RNN : public internal::RecurrentLayers<RNNOptions, Tensor> {
 public:
  explicit RNN(const RNNOptions& options);
  std::unique_ptr<Interface> Clone() const override { return std::make_unique<RNN>(*this); }
};

// Of the four parts i, f, g, o of weight_ih x + bias_ih + weight_hh h + bias_hh:
// c = sigmoid(f) c + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c), projected by weight_hr where there
// is a proj_size (Sak et al., 2014, arXiv:1402.1128). Hochreiter and Schmidhuber, 1997; Gers et
// al., 1999.
class LSTM : public internal::RecurrentLayers<LSTMOptions, LSTMState> {
 public:
  explicit LSTM(const LSTMOptions& options);
  std::unique_ptr<Interface> Clone() const override { return std::make_unique<LSTM>(*this); }
};

// Of the three parts r, z, n of x' = weight_ih x + bias_ih and of h' = weight_hh h + bias_hh:
// n = tanh(x'n + sigmoid(x'r + h'r) h'n), h = n + sigmoid(x'z + h'z) (h - n). Cho et al., 2014
// (arXiv:1406.1078).
class GRU : public internal::RecurrentLayers<GRUOptions, Tensor> {
 public:
  explicit GRU(const GRUOptions& options);
  std::unique_ptr<Interface> Clone() const override { return std::make_unique<GRU>(*this); }
};

struct RNNCellOptions {
  int64_t input_size = 0;
  int64_t hidden_size = 0;
  bool bias = true;
  std::string nonlinearity = "tanh";  // or "relu"
  NEURA_FIELDS(input_size, hidden_size, bias, nonlinearity)
};
struct CellOptions {
  int64_t input_size = 0;
  int64_t hidden_size = 0;
  bool bias = true;
  NEURA_FIELDS(input_size, hidden_size, bias)
};

// One step of an RNN: [N, input_size] or [input_size], and the state before, zeros where it is left
// out, to the state after.
class RNNCell : public WithOptions<RNNCellOptions,
                                   ModuleOf<Tensor(const Tensor&, const std::optional<Tensor>&)>> {
 public:
  explicit RNNCell(const RNNCellOptions& options);
  Tensor Forward(const Tensor& input, const std::optional<Tensor>& hx = {}) override;

  Parameter weight_ih;  // [hidden_size, input_size]
  Parameter weight_hh;  // [hidden_size, hidden_size]
  Parameter bias_ih;    // [hidden_size]
  Parameter bias_hh;
  NEURA_MODULE(weight_ih, weight_hh, bias_ih, bias_hh)
};

// One step of an LSTM.
class LSTMCell
    : public WithOptions<CellOptions,
                         ModuleOf<LSTMState(const Tensor&, const std::optional<LSTMState>&)>> {
 public:
  explicit LSTMCell(const CellOptions& options);
  LSTMState Forward(const Tensor& input, const std::optional<LSTMState>& hx = {}) override;

  Parameter weight_ih;  // [4 * hidden_size, input_size]
  Parameter weight_hh;  // [4 * hidden_size, hidden_size]
  Parameter bias_ih;    // [4 * hidden_size]
  Parameter bias_hh;
  NEURA_MODULE(weight_ih, weight_hh, bias_ih, bias_hh)
};

// One step of a GRU.
class GRUCell : public WithOptions<CellOptions,
                                   ModuleOf<Tensor(const Tensor&, const std::optional<Tensor>&)>> {
 public:
  explicit GRUCell(const CellOptions& options);
  Tensor Forward(const Tensor& input, const std::optional<Tensor>& hx = {}) override;

  Parameter weight_ih;  // [3 * hidden_size, input_size]
  Parameter weight_hh;  // [3 * hidden_size, hidden_size]
  Parameter bias_ih;    // [3 * hidden_size]
  Parameter bias_hh;
  NEURA_MODULE(weight_ih, weight_hh, bias_ih, bias_hh)
};

}  // namespace neura::nn

#endif  // NEURA_NN_RECURRENT_H_
