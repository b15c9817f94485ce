// Layers that carry a state from step to step.
#include <cmath>

#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

struct Form {
  int64_t gates;  // 1: RNN, 3: GRU, 4: LSTM
  bool relu = false;
  bool bias = true;
  int64_t proj_size = 0;
  int64_t directions = 1;
  int64_t layers = 1;
  bool batch_first = false;
  bool given_state = false;
};

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Row `row` of a matrix times a vector.
double Dot(const Array& matrix, int64_t row, const std::vector<double>& vector) {
  double sum = 0;
  for (int64_t k = 0; k < matrix.size(1); ++k) {
    sum += matrix[row * matrix.size(1) + k] * vector[static_cast<size_t>(k)];
  }
  return sum;
}

// One step of one sequence; changes h and c. `w` are the parameters, from number `first` on.
void StepOnce(const Form& form, Arrays w, size_t first, const std::vector<double>& x,
              std::vector<double>& h, std::vector<double>& c) {
  const Array &ih = w[first], &hh = w[first + 1];
  const int64_t rows = ih.size(0), hidden = rows / form.gates;
  std::vector<double> a, b;  // what the input gives, and the state
  for (int64_t r = 0; r < rows; ++r) {
    a.push_back(Dot(ih, r, x) + (form.bias ? w[first + 2][r] : 0));
    b.push_back(Dot(hh, r, h) + (form.bias ? w[first + 3][r] : 0));
  }
  std::vector<double> next;
  for (int64_t j = 0; j < hidden; ++j) {
    const auto at = [&](const std::vector<double>& v, int64_t part) {
      return v[static_cast<size_t>(part * hidden + j)];
    };
    const auto sum = [&](int64_t part) { return at(a, part) + at(b, part); };
    if (form.gates == 1) {
      next.push_back(form.relu ? std::max(sum(0), 0.0) : std::tanh(sum(0)));
    } else if (form.gates == 3) {
      const double n = std::tanh(at(a, 2) + Sigmoid(sum(0)) * at(b, 2)), z = Sigmoid(sum(1));
      next.push_back((1 - z) * n + z * h[static_cast<size_t>(j)]);
    } else {
      double& cell = c[static_cast<size_t>(j)];
      cell = Sigmoid(sum(1)) * cell + Sigmoid(sum(0)) * std::tanh(sum(2));
      next.push_back(Sigmoid(sum(3)) * std::tanh(cell));
    }
  }
  h = next;
  if (form.proj_size == 0) return;
  h.clear();
  for (int64_t r = 0; r < form.proj_size; ++r) h.push_back(Dot(w[first + 4], r, next));
}

// (output, h) or (output, h, c) of the input [T, N, I], the state and the parameters.
Reference Recurrence(Form form) {
  return [=](Arrays in) {
    const Array& x = in[0];
    const bool one = x.dim() == 2, has_c = form.gates == 4;
    const int64_t time_dim = form.batch_first && !one ? 1 : 0;
    const int64_t steps = x.size(time_dim), batch = one ? 1 : x.size(1 - time_dim);
    const size_t states = has_c ? 2 : 1, first = form.given_state ? 1 + states : 1;
    const size_t each = (form.bias ? 4 : 2) + (form.proj_size > 0 ? 1 : 0);
    const int64_t hidden = in[first].size(0) / form.gates;
    const int64_t out = form.proj_size > 0 ? form.proj_size : hidden;
    const int64_t lines = form.layers * form.directions, width = out * form.directions;
    Dims shape = {steps, batch, width};
    if (time_dim == 1) shape = {batch, steps, width};
    if (one) shape = {steps, width};
    const auto state_shape = [&](int64_t size) {
      return one ? Dims{lines, size} : Dims{lines, batch, size};
    };
    std::vector<Array> result = {MakeArray(shape), MakeArray(state_shape(out))};
    if (has_c) result.push_back(MakeArray(state_shape(hidden)));

    for (int64_t n = 0; n < batch; ++n) {
      const auto place = [&](int64_t t, int64_t size) {
        return (time_dim == 1 ? n * steps + t : t * batch + n) * size;
      };
      std::vector<std::vector<double>> rows(static_cast<size_t>(steps));
      for (int64_t t = 0; t < steps; ++t) {
        for (int64_t k = 0; k < x.size(-1); ++k) {
          rows[static_cast<size_t>(t)].push_back(x[place(t, x.size(-1)) + k]);
        }
      }
      for (int64_t layer = 0; layer < form.layers; ++layer) {
        std::vector<std::vector<double>> outputs(static_cast<size_t>(steps));
        for (int64_t d = 0; d < form.directions; ++d) {
          const int64_t line = layer * form.directions + d;
          std::vector<double> h(static_cast<size_t>(out)), c(static_cast<size_t>(hidden));
          for (int64_t k = 0; k < out && form.given_state; ++k) {
            h[static_cast<size_t>(k)] = in[1][(line * batch + n) * out + k];
          }
          for (int64_t k = 0; k < hidden && form.given_state && has_c; ++k) {
            c[static_cast<size_t>(k)] = in[2][(line * batch + n) * hidden + k];
          }
          std::vector<std::vector<double>> own(static_cast<size_t>(steps));
          for (int64_t i = 0; i < steps; ++i) {
            const auto t = static_cast<size_t>(d == 1 ? steps - 1 - i : i);
            StepOnce(form, in, first + static_cast<size_t>(line) * each, rows[t], h, c);
            own[t] = h;
          }
          for (size_t t = 0; t < own.size(); ++t) {
            outputs[t].insert(outputs[t].end(), own[t].begin(), own[t].end());
          }
          for (int64_t k = 0; k < out; ++k) {
            result[1][(line * batch + n) * out + k] = h[static_cast<size_t>(k)];
          }
          for (int64_t k = 0; k < hidden && has_c; ++k) {
            result[2][(line * batch + n) * hidden + k] = c[static_cast<size_t>(k)];
          }
        }
        rows = outputs;
      }
      for (int64_t t = 0; t < steps; ++t) {
        for (int64_t k = 0; k < width; ++k) {
          result[0][place(t, width) + k] = rows[static_cast<size_t>(t)][static_cast<size_t>(k)];
        }
      }
    }
    return result;
  };
}

// One step: a sequence of it, without the dimensions that sequences and layers have.
Reference OneStep(Form form, bool has_batch) {
  return [=](Arrays in) {
    std::vector<Array> given = in;
    const size_t states = form.gates == 4 ? 2 : 1;
    for (size_t i = 0; i < (form.given_state ? 1 + states : 1); ++i) {
      given[i].shape.insert(given[i].shape.begin(), 1);
    }
    std::vector<Array> result = Recurrence(form)(given);
    result.erase(result.begin());
    for (Array& state : result) state.shape.erase(state.shape.begin());
    if (!has_batch && result[0].dim() == 2) result[0].shape.erase(result[0].shape.begin());
    return result;
  };
}

std::string Printed(const std::string& middle, int64_t layers, const char* batch_first,
                    const char* dropout, const char* bidirectional) {
  return "input_size=3, hidden_size=4, num_layers=" + std::to_string(layers) + middle +
         ", batch_first=" + batch_first + ", dropout=" + dropout +
         ", bidirectional=" + bidirectional;
}

}  // namespace

void AddRecurrentCases(std::vector<LayerCase>& cases) {
  const Tensor x = Sample({5, 2, 3}, 1, -1, 1), one = Sample({4, 3}, 1, -1, 1);
  cases.push_back(CaseWith<RNN>(
      "RNN/tanh", {x, Sample({1, 2, 4}, 2)}, Recurrence({.gates = 1, .given_state = true}),
      Printed(", nonlinearity=\"tanh\", bias=true", 1, "false", "0", "false"),
      RNNOptions{.input_size = 3, .hidden_size = 4}));
  cases.push_back(CaseWith<RNN>(
      "RNN/all", {one},
      Recurrence({.gates = 1, .relu = true, .bias = false, .directions = 2, .layers = 2}),
      Printed(", nonlinearity=\"relu\", bias=false", 2, "true", "0", "true"),
      RNNOptions{.input_size = 3,
                 .hidden_size = 4,
                 .num_layers = 2,
                 .nonlinearity = "relu",
                 .bias = false,
                 .batch_first = true,
                 .bidirectional = true}));
  cases.push_back(CaseWith<LSTM>("LSTM/state", {x, Sample({1, 2, 4}, 2), Sample({1, 2, 4}, 3)},
                                 Recurrence({.gates = 4, .given_state = true}),
                                 Printed(", bias=true", 1, "false", "0", "false") + ", proj_size=0",
                                 LSTMOptions{.input_size = 3, .hidden_size = 4}));
  cases.push_back(CaseWith<LSTM>(
      "LSTM/all", {x},
      Recurrence({.gates = 4, .proj_size = 2, .directions = 2, .layers = 2, .batch_first = true}),
      Printed(", bias=true", 2, "true", "0", "true") + ", proj_size=2",
      LSTMOptions{.input_size = 3,
                  .hidden_size = 4,
                  .num_layers = 2,
                  .batch_first = true,
                  .bidirectional = true,
                  .proj_size = 2}));
  cases.push_back(
      CaseWith<LSTM>("LSTM/one", {one, Sample({1, 4}, 2), Sample({1, 4}, 3)},
                     Recurrence({.gates = 4, .bias = false, .given_state = true}),
                     Printed(", bias=false", 1, "false", "0", "false") + ", proj_size=0",
                     LSTMOptions{.input_size = 3, .hidden_size = 4, .bias = false}));
  cases.push_back(CaseWith<GRU>("GRU/state", {x, Sample({1, 2, 4}, 2)},
                                Recurrence({.gates = 3, .given_state = true}),
                                Printed(", bias=true", 1, "false", "0", "false"),
                                GRUOptions{.input_size = 3, .hidden_size = 4}));
  cases.push_back(CaseWith<GRU>(
      "GRU/all", {x},
      Recurrence({.gates = 3, .bias = false, .directions = 2, .layers = 2, .batch_first = true}),
      Printed(", bias=false", 2, "true", "0", "true"),
      GRUOptions{.input_size = 3,
                 .hidden_size = 4,
                 .num_layers = 2,
                 .bias = false,
                 .batch_first = true,
                 .bidirectional = true}));
  const Tensor rows = Sample({2, 3}, 1, -1, 1), row = Sample({3}, 1, -1, 1);
  cases.push_back(CaseWith<RNNCell>("RNNCell/tanh", {rows, Sample({2, 4}, 2)},
                                    OneStep({.gates = 1, .given_state = true}, true),
                                    "input_size=3, hidden_size=4, bias=true, nonlinearity=\"tanh\"",
                                    RNNCellOptions{.input_size = 3, .hidden_size = 4}));
  cases.push_back(CaseWith<RNNCell>(
      "RNNCell/relu", {rows}, OneStep({.gates = 1, .relu = true, .bias = false}, true),
      "input_size=3, hidden_size=4, bias=false, nonlinearity=\"relu\"",
      RNNCellOptions{.input_size = 3, .hidden_size = 4, .bias = false, .nonlinearity = "relu"}));
  cases.push_back(CaseWith<LSTMCell>("LSTMCell/state", {rows, Sample({2, 4}, 2), Sample({2, 4}, 3)},
                                     OneStep({.gates = 4, .given_state = true}, true),
                                     "input_size=3, hidden_size=4, bias=true",
                                     CellOptions{.input_size = 3, .hidden_size = 4}));
  cases.push_back(CaseWith<GRUCell>(
      "GRUCell/state", {rows, Sample({2, 4}, 2)}, OneStep({.gates = 3, .given_state = true}, true),
      "input_size=3, hidden_size=4, bias=true", CellOptions{.input_size = 3, .hidden_size = 4}));
  cases.push_back(CaseWith<GRUCell>("GRUCell/one", {row},
                                    OneStep({.gates = 3, .bias = false}, false),
                                    "input_size=3, hidden_size=4, bias=false",
                                    CellOptions{.input_size = 3, .hidden_size = 4, .bias = false}));
}

}  // namespace neura::nn::testing
