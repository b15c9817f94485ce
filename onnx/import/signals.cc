// Fourier transforms, and what spectra of sound are made with.
#include <algorithm>
#include <numbers>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/fft/fft.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::SymInt;
using graph::ValueId;

// The one integer of an input.
SymInt NumberOf(NodeReader& node, size_t i, const char* name) {
  const std::vector<SymInt> given = node.Extents(i);
  if (given.size() != 1) ThrowInvalidArgument(absl::StrCat(name, " must be one number"));
  return given[0];
}

void CheckPositive(const SymInt& size, const char* name) {
  if (size.is_number() && (size.number() < 1 || size.number() > INT32_MAX)) {
    ThrowInvalidArgument(absl::StrCat(name, " is ", size.number()));
  }
}

// integers: what must be at least 1.
std::vector<graph::Datum> AtLeastOne(const graph::HostContext& context) {
  for (const int64_t number : context.integers) {
    if (number < 1 || number > INT32_MAX) {
      ThrowInvalidArgument(absl::StrCat(number, " is no length of a frame or a transform"));
    }
  }
  return graph::kIntegers.run(context);
}
constinit const graph::HostFunction kAtLeastOne = {"lengths", &AtLeastOne};

// A length, which may be what only a run tells.
SymInt LengthOf(NodeReader& node, size_t i, const char* name) {
  const SymInt length = NumberOf(node, i, name);
  CheckPositive(length, name);
  if (length.is_number()) return length;
  const graph::ValueType one{.dtype = kInt64, .shape = {1}};
  return SymInt::Element(node.graph().AddHostCall(kAtLeastOne, {}, {length}, {&one, 1})[0], 0);
}

// A transform of so many elements along dimension 1 of [A, n, B, 1 or 2].
struct Transform {
  SymInt length = 0;
  bool inverse = false, onesided = false;

  // Elements that are given beyond this are left out.
  SymInt taken() const { return inverse && onesided ? length / 2 + 1 : length; }
  // Of the result.
  SymInt extent() const { return !inverse && onesided ? length / 2 + 1 : length; }
  int64_t parts() const { return inverse && onesided ? 1 : 2; }
};

// The half of a spectrum that is given for all of it counts twice, but what is its own conjugate.
ValueId Doubled(NodeReader& node, ValueId x, const SymInt& length) {
  const ValueId k = node.Counted(node.shape(x)[1]);
  const ValueId factor = node.Pointwise(
      [](const Tensor& k, const Tensor& n) -> Tensor {
        return Where(LogicalOr(Eq(k, 0), Eq(k * 2, n)), FullLike(k, 1), FullLike(k, 2));
      },
      k, node.Number(length, k));
  return node.Pointwise([](const Tensor& x, const Tensor& factor) { return x * factor; }, x,
                        node.Reshape(factor, {-1, 1, 1}));
}

ValueId Transformed(NodeReader& node, ValueId x, const Transform& transform) {
  CheckPositive(transform.length, "the length of the transform");
  const int64_t parts = node.FixedExtent(x, 3);
  if (parts != 1 && parts != 2) {
    ThrowInvalidArgument(
        "the last dimension is neither 1, of real numbers, nor 2, of complex ones");
  }
  const DType dtype = node.dtype(x);
  if (!IsFloating(dtype)) ThrowInvalidArgument(absl::StrCat("transforms no ", DTypeName(dtype)));
  x = node.Cast(x, WideDType(dtype));
  const SymInt given = SymInt::Min(node.shape(x)[1], transform.taken());
  if (given != node.shape(x)[1]) x = node.Slice(x, 1, 0, given);
  if (transform.inverse && transform.onesided) x = Doubled(node, x, transform.length);
  if (given != transform.length) {
    x = PadBy(node, x, {0, 0, 0, 0}, {0, transform.length - given, 0, 0}, 0);
  }
  x = node.Trace(
      [&](const Tensor& x) {
        const Tensor real = Select(x, 3, 0);
        const Tensor numbers = Complex(real, parts == 1 ? ZerosLike(real) : Select(x, 3, 1));
        const Tensor y = ViewAsReal(transform.inverse ? fft::Ifft(numbers, {}, 1, "forward")
                                                      : fft::Fft(numbers, {}, 1));
        return transform.parts() == 1 ? Slice(y, 3, 0, 1) : y;
      },
      x);
  if (transform.inverse) {
    x = node.Pointwise([](const Tensor& x, const Tensor& n) { return x / n; }, x,
                       node.Number(transform.length, x));
  }
  x = node.Cast(x, dtype);
  if (transform.extent() != transform.length) x = node.Slice(x, 1, 0, transform.extent());
  return x;
}

// For each dimension 1 where it is the axis, else 0; the last is none.
std::vector<SymInt> AxisOf(NodeReader& node, int64_t rank) {
  if (node.opset() >= 20) {
    if (const auto flags = AxisFlags(node, 2, rank)) return *flags;
  }
  int64_t axis = -2;
  if (node.opset() < 20) {
    axis = node.Int("axis", 1);
  } else if (node.has(2)) {
    axis = NumberOf(node, 2, "the axis").number();
  }
  axis = node.Axis(axis, rank);
  if (axis >= rank - 1) ThrowInvalidArgument("the axis is that of real and imaginary parts");
  std::vector<SymInt> flags(static_cast<size_t>(rank), 0);
  flags[static_cast<size_t>(axis)] = 1;
  return flags;
}

}  // namespace

// As [A, n, B, parts], whichever axis it is.
void ReadDft(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t rank = node.rank(x);
  if (rank < 2) ThrowInvalidArgument("expects at least two dimensions, the last of parts");
  const std::vector<SymInt> flags = AxisOf(node, rank);
  const std::vector<SymInt> shape = node.shape(x);
  SymInt before = 1, extent = 0, after = 1, passed = 0;
  for (size_t d = 0; d + 1 < shape.size(); ++d) {
    passed = passed + flags[d];
    before = before * SymInt::Where(passed, 1, shape[d]);
    extent = extent + flags[d] * shape[d];
    after = after * SymInt::Where(passed - flags[d], shape[d], 1);
  }
  // An axis that only a run tells may be tried where it is none.
  if (!flags[0].is_number()) extent = SymInt::Max(extent, 1);
  Transform transform{.inverse = node.Int("inverse", 0) != 0,
                      .onesided = node.Int("onesided", 0) != 0};
  transform.length = node.has(1)                               ? LengthOf(node, 1, "dft_length")
                     : transform.inverse && transform.onesided ? (extent - 1) * 2
                                                               : extent;
  const ValueId y =
      Transformed(node, node.Reshape(x, {before, extent, after, shape.back()}), transform);
  std::vector<SymInt> result;
  for (size_t d = 0; d + 1 < shape.size(); ++d) {
    result.push_back(SymInt::Where(flags[d], transform.extent(), shape[d]));
  }
  result.emplace_back(transform.parts());
  node.Out(node.Reshape(y, result));
}

// Of each of the frames that begin a step apart.
void ReadStft(NodeReader& node) {
  ValueId x = node.in(0);
  if (node.rank(x) == 2) x = node.Add(op::kUnsqueeze, DimOptions{.dim = 2}, {x});
  if (node.rank(x) != 3) ThrowInvalidArgument("expects a signal of [N, T, 1 or 2]");
  const SymInt step = LengthOf(node, 1, "frame_step");
  Transform transform{.onesided = node.Int("onesided", 1) != 0};
  if (node.has(2) && node.rank(node.in(2)) != 1) ThrowInvalidArgument("the window is no vector");
  transform.length = node.has(3)   ? LengthOf(node, 3, "frame_length")
                     : node.has(2) ? node.shape(node.in(2))[0]
                                   : node.shape(x)[1];
  const SymInt& length = transform.length;
  CheckPositive(length, "frame_length");
  if (node.has(2) && node.shape(node.in(2))[0] != length) {
    const SymInt& window = node.shape(node.in(2))[0];
    if (window.is_number() && length.is_number()) {
      ThrowInvalidArgument(
          absl::StrCat("the window has ", window.number(), " elements, a frame ", length.number()));
    }
    if (window == SymInt(1)) node.Unsupported("a window of one element over frames of any length");
  }
  const SymInt room = node.shape(x)[1] - length;
  if (room.is_number() && room.number() < 0) ThrowInvalidArgument("the signal is no frame long");
  const SymInt frames = room / step + 1, parts = node.shape(x)[2];
  const ValueId starts = node.Counted(frames), offsets = node.Counted(length);
  const ValueId index =
      node.Pointwise([](const Tensor& start, const Tensor& step,
                        const Tensor& offset) { return start * step + offset; },
                     node.Reshape(starts, {frames, 1}), node.Number(step, starts), offsets);
  x = node.Add(op::kIndexSelect, DimOptions{.dim = 1}, {x, node.Reshape(index, {-1})});
  // [N * frames, length, 1, parts]
  x = node.Reshape(x, {node.shape(node.in(0))[0] * frames, length, 1, parts});
  if (node.has(2)) {
    x = node.Pointwise([](const Tensor& x, const Tensor& window) { return x * window; }, x,
                       node.Reshape(node.in(2), {-1, 1, 1}));
  }
  x = Transformed(node, x, transform);
  node.Out(node.Reshape(x, {node.shape(node.in(0))[0], frames, transform.extent(), 2}));
}

namespace {

DType OutputDType(NodeReader& node) {
  const absl::StatusOr<DType> dtype =
      FromElementType(static_cast<int>(node.Int("output_datatype", 1)));
  if (!dtype.ok()) node.Unsupported(dtype.status().message());
  return *dtype;
}

// A sum of cosines of angles that go round once; over one element it is 1.
void ReadWindow(NodeReader& node, absl::FunctionRef<Tensor(const Tensor&)> function) {
  const SymInt size = NumberOf(node, 0, "the size");
  if (size.is_number() && (size.number() < 0 || size.number() > INT32_MAX)) {
    ThrowInvalidArgument(absl::StrCat("the size is ", size.number()));
  }
  const SymInt steps = node.Int("periodic", 1) != 0 ? size : size - 1;
  const ValueId place = node.Cast(node.Counted(size), kFloat64);
  const ValueId window = node.Pointwise(
      [&](const Tensor& i, const Tensor& n) -> Tensor {
        const Tensor angle = i * (2 * std::numbers::pi) / n;
        return Where(n > 0, function(angle), FullLike(i, 1));
      },
      place, node.Number(steps, place));
  node.Out(node.Cast(window, OutputDType(node)));
}

}  // namespace

void ReadHannWindow(NodeReader& node) {
  ReadWindow(node, [](const Tensor& angle) { return 0.5 - Cos(angle) * 0.5; });
}

void ReadHammingWindow(NodeReader& node) {
  ReadWindow(node, [](const Tensor& angle) { return 25.0 / 46 - Cos(angle) * (21.0 / 46); });
}

void ReadBlackmanWindow(NodeReader& node) {
  ReadWindow(node,
             [](const Tensor& angle) { return 0.42 - Cos(angle) * 0.5 + Cos(angle * 2) * 0.08; });
}

// Triangles whose corners lie at equal distances on the mel scale (Stevens, Volkmann and Newman,
// 1937; 2595 log10(1 + f / 700) is O'Shaughnessy's, 1987).
void ReadMelWeightMatrix(NodeReader& node) {
  const SymInt bins = NumberOf(node, 0, "num_mel_bins"), length = NumberOf(node, 1, "dft_length");
  CheckPositive(bins, "num_mel_bins");
  CheckPositive(length, "dft_length");
  const ValueId bin = node.Cast(node.Counted(bins), kFloat64);
  const ValueId line = node.Cast(node.Reshape(node.Counted(length / 2 + 1), {-1, 1}), kFloat64);
  const auto scalar = [&node](size_t i) {
    return node.Cast(node.Reshape(node.in(i), {}), kFloat64);
  };
  // Where a corner lies among the lines of the spectrum.
  const auto corner = [&](int64_t which) {
    return node.Pointwise(
        [&](const Tensor& i, const Tensor& bins, const Tensor& length, const Tensor& rate,
            const Tensor& lower, const Tensor& upper) -> Tensor {
          const double per_octave = 2595 / std::numbers::ln10;
          const Tensor low = Log1p(lower / 700) * per_octave;
          const Tensor high = Log1p(upper / 700) * per_octave;
          const Tensor mel = (i + which) * ((high - low) / (bins + 2)) + low;
          return Floor((length + 1) * (Expm1(mel / per_octave) * 700) / rate);
        },
        bin, node.Number(bins, bin), node.Number(length, bin), scalar(2), scalar(3), scalar(4));
  };
  const ValueId weights = node.Pointwise(
      [](const Tensor& j, const Tensor& left, const Tensor& center, const Tensor& right) -> Tensor {
        const Tensor up = (j - left) / Maximum(center - left, 1);
        const Tensor down = (right - j) / Maximum(right - center, 1);
        return Where(Eq(j, center), FullLike(j, 1),
                     Where(LogicalAnd(j >= left, j < center), up,
                           Where(LogicalAnd(j > center, j < right), down, j * 0)));
      },
      line, corner(0), corner(1), corner(2));
  node.Out(node.Cast(weights, OutputDType(node)));
}

}  // namespace neura::onnx
