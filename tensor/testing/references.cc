#include "neura/tensor/testing/references.h"

#include <utility>

namespace neura::testing {
namespace {

// The element of `array` that meets element i of the broadcast shape.
double Broadcast(const Array& array, DimsView shape, int64_t i) {
  int64_t offset = 0, stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    const int64_t position = i % shape[d];
    i /= shape[d];
    const int64_t lead = static_cast<int64_t>(shape.size()) - array.dim();
    if (static_cast<int64_t>(d) < lead) continue;
    const int64_t extent = array.shape[d - static_cast<size_t>(lead)];
    offset += (extent == 1 ? 0 : position) * stride;
    stride *= extent;
  }
  return array[offset];
}

Dims BroadcastShape(const std::vector<Array>& in) {
  Dims shape;
  for (const Array& array : in) {
    Dims longer = shape.size() >= array.shape.size() ? shape : array.shape;
    const Dims& shorter = shape.size() >= array.shape.size() ? array.shape : shape;
    for (size_t i = 0; i < shorter.size(); ++i) {
      int64_t& extent = longer[longer.size() - shorter.size() + i];
      if (extent == 1) extent = shorter[i];
    }
    shape = longer;
  }
  return shape;
}

}  // namespace

Position PositionOf(DimsView shape, int64_t i) {
  Position position(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    position[d] = i % shape[d];
    i /= shape[d];
  }
  return position;
}

int64_t IndexOf(DimsView shape, const Position& position) {
  int64_t index = 0;
  for (size_t d = 0; d < shape.size(); ++d) index = index * shape[d] + position[d];
  return index;
}

Reference Elementwise(std::function<double(const std::vector<double>&)> f) {
  return [f = std::move(f)](const std::vector<Array>& in) {
    Array out = MakeArray(BroadcastShape(in));
    std::vector<double> values(in.size());
    for (int64_t i = 0; i < out.numel(); ++i) {
      for (size_t k = 0; k < in.size(); ++k) values[k] = Broadcast(in[k], out.shape, i);
      out[i] = f(values);
    }
    return std::vector<Array>{out};
  };
}
Reference Elementwise(std::function<double(double)> f) {
  return Elementwise([f = std::move(f)](const std::vector<double>& v) { return f(v[0]); });
}
Reference Elementwise(std::function<double(double, double)> f) {
  return Elementwise([f = std::move(f)](const std::vector<double>& v) { return f(v[0], v[1]); });
}

Reference Take(Dims shape, std::function<Position(Position)> from, double otherwise) {
  return [=](const std::vector<Array>& in) {
    Array out = MakeArray(shape, otherwise);
    for (int64_t i = 0; i < out.numel(); ++i) {
      const Position source = from(PositionOf(shape, i));
      if (source.size() == in[0].shape.size()) out[i] = in[0][IndexOf(in[0].shape, source)];
    }
    return std::vector<Array>{out};
  };
}

Reference Each(std::vector<Reference> outputs) {
  return [outputs = std::move(outputs)](const std::vector<Array>& in) {
    std::vector<Array> all;
    for (const Reference& output : outputs) {
      for (Array& array : output(in)) all.push_back(std::move(array));
    }
    return all;
  };
}

Reference Reduce(Dims dims, bool keepdim, std::function<double(const std::vector<double>&)> fold) {
  return [=](const std::vector<Array>& in) {
    const Array& x = in[0];
    std::vector<bool> reduced(x.shape.size(), dims.empty());
    for (int64_t d : dims) {
      if (!x.shape.empty()) reduced[static_cast<size_t>(d < 0 ? d + x.dim() : d)] = true;
    }
    Dims kept, shape;
    for (size_t d = 0; d < x.shape.size(); ++d) {
      kept.push_back(reduced[d] ? 1 : x.shape[d]);
      if (!reduced[d] || keepdim) shape.push_back(reduced[d] ? 1 : x.shape[d]);
    }
    std::vector<std::vector<double>> groups(static_cast<size_t>(NumElements(kept)));
    for (int64_t i = 0; i < x.numel(); ++i) {
      int64_t rest = i, index = 0, stride = 1;
      for (size_t d = x.shape.size(); d-- > 0;) {
        index += (reduced[d] ? 0 : rest % x.shape[d]) * stride;
        stride *= kept[d];
        rest /= x.shape[d];
      }
      groups[static_cast<size_t>(index)].push_back(x[i]);
    }
    Array out = MakeArray(shape);
    for (int64_t i = 0; i < out.numel(); ++i) out[i] = fold(groups[static_cast<size_t>(i)]);
    return std::vector<Array>{out};
  };
}

Reference InShape(Dims shape) {
  return [shape](const std::vector<Array>& in) {
    Array out = in[0];
    out.shape = shape;
    return std::vector<Array>{out};
  };
}

Reference BilinearForms(Dims shape) {
  return [shape](const std::vector<Array>& in) {
    const Array &x = in[0], &y = in[1], &w = in[2];
    Array out = MakeArray(shape);
    for (int64_t i = 0; i < out.numel(); ++i) {
      const int64_t row = i / w.size(0), k = i % w.size(0);
      if (in.size() > 3) out[i] = in[3][k];
      for (int64_t a = 0; a < w.size(1); ++a) {
        for (int64_t b = 0; b < w.size(2); ++b) {
          out[i] += x[row * w.size(1) + a] * w[(k * w.size(1) + a) * w.size(2) + b] *
                    y[row * w.size(2) + b];
        }
      }
    }
    return std::vector<Array>{out};
  };
}

}  // namespace neura::testing
