// Padding, and the triangles of matrices.
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::SymInt;
using graph::ValueId;

// What a node adds before and after each dimension of x.
struct Pads {
  std::vector<SymInt> before, after;
};

// Elements of x again, in the order of `mode`.
ValueId PadFromItself(NodeReader& node, ValueId x, const Pads& pads, const std::string& mode) {
  for (size_t d = 0; d < pads.before.size(); ++d) {
    if (pads.before[d] == SymInt(0) && pads.after[d] == SymInt(0)) continue;
    const SymInt extent = node.shape(x)[d];
    const ValueId steps = node.Counted(SymInt::Max(extent + pads.before[d] + pads.after[d], 0));
    const ValueId index = node.Pointwise(
        [&](const Tensor& i, const Tensor& before, const Tensor& n) -> Tensor {
          const Tensor at = i - before;
          if (mode == "edge") return Maximum(Minimum(at, n - 1), 0);
          if (mode == "wrap") return Remainder(at, Maximum(n, 1));
          const Tensor period = Maximum((n - 1) * 2, 1), folded = Remainder(at, period);
          return Minimum(folded, (n - 1) * 2 - folded);
        },
        steps, node.Number(pads.before[d], steps), node.Number(extent, steps));
    x = node.Add(op::kIndexSelect, DimOptions{.dim = static_cast<int64_t>(d)}, {x, index});
  }
  return x;
}

}  // namespace

ValueId PadBy(NodeReader& node, ValueId x, const std::vector<SymInt>& before,
              const std::vector<SymInt>& after, const Scalar& value) {
  const size_t rank = before.size();
  const auto cuts = [](const SymInt& width) { return width.is_number() && width.number() < 0; };
  if (std::any_of(before.begin(), before.end(), cuts) ||
      std::any_of(after.begin(), after.end(), cuts)) {
    // Widths below 0 take away.
    std::vector<SymInt> least_before = before, least_after = after;
    for (size_t d = 0; d < rank; ++d) {
      const SymInt first = cuts(before[d]) ? SymInt(0) - before[d] : SymInt(0);
      const SymInt extent = node.shape(x)[d];
      const SymInt end = cuts(after[d]) ? SymInt::Max(extent + after[d], 0) : extent;
      if (cuts(before[d])) least_before[d] = 0;
      if (cuts(after[d])) least_after[d] = 0;
      if (cuts(before[d]) || cuts(after[d])) {
        x = node.Slice(x, static_cast<int64_t>(d), SymInt::Min(first, end), end);
      }
    }
    return PadBy(node, x, least_before, least_after, value);
  }
  PadOptions options{.before = Dims(rank, 0), .after = Dims(rank, 0), .value = value};
  std::vector<graph::SymbolicOption> symbolic;
  for (size_t d = 0; d < rank; ++d) {
    options.before[d] = before[d].number();
    options.after[d] = after[d].number();
    if (!before[d].is_number()) symbolic.push_back({static_cast<int>(d), before[d]});
    if (!after[d].is_number()) symbolic.push_back({static_cast<int>(d + rank), after[d]});
  }
  return node.AddNode(op::kPad, graph::OptionsBox(op::kPad, &options), {x}, std::move(symbolic));
}

// Attributes before operator set 11, inputs from it on.
void ReadPad(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::string mode = node.String("mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap") {
    node.Unsupported(absl::StrCat("mode ", mode));
  }
  std::vector<SymInt> given;
  std::optional<Scalar> value = Scalar(0);
  if (node.opset() < 11) {
    for (int64_t pad : node.Ints(node.opset() < 2 ? "paddings" : "pads")) given.push_back(pad);
    value = node.Float("value", 0);
  } else {
    given = node.Extents(1);
    if (node.has(2)) {
      const std::optional<Tensor> known = node.Known(2);
      value = known ? std::optional<Scalar>(known->ItemScalar()) : std::nullopt;
    }
  }
  const auto rank = static_cast<size_t>(node.rank(x));
  Pads pads{std::vector<SymInt>(rank, 0), std::vector<SymInt>(rank, 0)};
  const auto of_run = AxesOfRun(node, 3, node.rank(x));
  const size_t count = of_run ? of_run->size() : 0;
  if (of_run && given.size() != 2 * count) {
    ThrowInvalidArgument("expects two widths for each axis");
  }
  for (size_t i = 0; i < count; ++i) {
    for (size_t d = 0; d < rank; ++d) {
      const SymInt named = SymInt::Equal((*of_run)[i], static_cast<int64_t>(d));
      pads.before[d] = pads.before[d] + named * given[i];
      pads.after[d] = pads.after[d] + named * given[i + count];
    }
  }
  std::vector<int64_t> axes(of_run ? 0 : rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has(3) && !of_run) axes = node.Ints(3);
  if (!of_run && given.size() != 2 * axes.size()) {
    ThrowInvalidArgument("expects two widths for each axis");
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto dim = static_cast<size_t>(node.Axis(axes[i], node.rank(x)));
    pads.before[dim] = given[i];
    pads.after[dim] = given[i + axes.size()];
  }
  if (mode != "constant") return node.Out(PadFromItself(node, x, pads, mode));
  if (value) return node.Out(PadBy(node, x, pads.before, pads.after, *value));
  // A value that only a run can tell goes where nothing of x is.
  const ValueId all = node.Full(node.shape(x), true, kBool);
  const ValueId inside = PadBy(node, all, pads.before, pads.after, false);
  node.Out(node.Trace([](const Tensor& inside, const Tensor& x,
                         const Tensor& value) { return Where(inside, x, Reshape(value, {})); },
                      inside, PadBy(node, x, pads.before, pads.after, 0), node.in(2)));
}

void ReadTrilu(NodeReader& node) {
  const ValueId x = node.in(0);
  const bool upper = node.Int("upper", 1) != 0;
  const std::optional<Tensor> known = node.has(1) ? node.Known(1) : ScalarTensor(0);
  if (known) {
    if (known->numel() != 1) ThrowInvalidArgument("k must be one number");
    const TriangleOptions options{.diagonal = known->Item<int64_t>()};
    return node.Out(node.Add(upper ? op::kTriu : op::kTril, options, {x}));
  }
  if (node.rank(x) < 2) ThrowInvalidArgument("expects matrices");
  node.Out(node.Trace(
      [&](const Tensor& x, const Tensor& k) {
        const Tensor column = Arange(x.size(-1)), row = Unsqueeze(Arange(x.size(-2)), 1);
        const Tensor beyond = column - row - Reshape(k, {});
        return Where(upper ? beyond >= 0 : beyond <= 0, x, ZerosLike(x));
      },
      x, node.in(1)));
}

}  // namespace neura::onnx
