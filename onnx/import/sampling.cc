// Images read and written at points and places.
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {

using graph::SymInt;
using graph::ValueId;

namespace {

// Of an attribute or input that says sizes.
void CheckSizes(std::string_view name, const std::vector<int64_t>& sizes, int64_t least) {
  for (const int64_t size : sizes) {
    if (size < least || size > INT32_MAX) {
      ThrowInvalidArgument(absl::StrCat(name, " has an element of ", size));
    }
  }
}

// Of those that a run does not tell.
void CheckSizes(std::string_view name, const std::vector<SymInt>& sizes, int64_t least) {
  for (const SymInt& size : sizes) {
    if (size.is_number()) CheckSizes(name, std::vector{size.number()}, least);
  }
}

int64_t Product(const std::vector<int64_t>& extents) {
  return NumElements(Dims(extents.begin(), extents.end()));
}

SymInt Product(const std::vector<SymInt>& extents) {
  return std::accumulate(extents.begin(), extents.end(), SymInt(1),
                         [](const SymInt& a, const SymInt& b) { return a * b; });
}

// What is negative is 0.
SymInt Positive(const SymInt& size) { return SymInt::Max(size, 0); }

}  // namespace

void ReadGridSample(NodeReader& node) {
  std::string mode = node.String("mode", node.opset() < 20 ? "bilinear" : "linear");
  if (mode == "linear") mode = "bilinear";
  if (mode == "cubic") mode = "bicubic";
  const std::string padding = node.String("padding_mode", "zeros");
  const bool align = node.Int("align_corners", 0) != 0;
  node.Out(node.Trace(
      [&](const Tensor& x, const Tensor& grid) {
        return GridSample(x, Cast(grid, x.dtype()), mode, padding, align);
      },
      node.in(0), node.in(1)));
}

namespace {

// The grid of sizes that only a run can tell, [N, C, spatial...]: coordinates of theta's rows times
// those of the places, x first, and 1.
ValueId GridOfRun(NodeReader& node, ValueId theta, const std::vector<SymInt>& size, bool align) {
  const size_t dims = size.size() - 2;
  std::vector<ValueId> values{theta};
  for (size_t d = 0; d < dims; ++d) {
    const ValueId place = node.Cast(node.Counted(size[size.size() - 1 - d]), kFloat64);
    const ValueId at = node.Pointwise(
        [&](const Tensor& i, const Tensor& n) -> Tensor {
          if (!align) return (i * 2 + 1) / n - 1;
          return Where(n > 1, i * 2 / Maximum(n - 1, 1) - 1, i * 0);
        },
        place, node.Number(size[size.size() - 1 - d], place));
    values.push_back(node.Cast(at, node.dtype(theta)));
  }
  return node.TraceAll(values, [&](absl::Span<const Tensor> in) {
    const Tensor& theta = in[0];
    std::vector<Tensor> coordinates;
    for (size_t c = 0; c < dims; ++c) {
      // [N, spatial...]
      const auto factor = [&](size_t column) {
        Dims shape(dims + 1, 1);
        shape[0] = -1;
        const Tensor row = Select(theta, 1, static_cast<int64_t>(c));
        return Reshape(Select(row, 1, static_cast<int64_t>(column)), shape);
      };
      Tensor sum = factor(dims);
      for (size_t d = 0; d < dims; ++d) {
        Dims shape(dims + 1, 1);
        shape[dims - d] = -1;
        sum = sum + factor(d) * Reshape(in[d + 1], shape);
      }
      coordinates.push_back(sum);
    }
    return std::vector{Stack(coordinates, -1)};
  })[0];
}

}  // namespace

void ReadAffineGrid(NodeReader& node) {
  const ValueId theta = node.in(0);
  const bool align = node.Int("align_corners", 0) != 0;
  const std::vector<SymInt> extents = node.Extents(1);
  const auto is_open = [](const SymInt& extent) { return !extent.is_number(); };
  CheckSizes("size", extents, 0);
  if (std::any_of(extents.begin(), extents.end(), is_open)) {
    const auto dims = static_cast<int64_t>(extents.size()) - 2;
    if ((dims != 2 && dims != 3) || node.rank(theta) != 3 || node.FixedExtent(theta, 1) != dims ||
        node.FixedExtent(theta, 2) != dims + 1) {
      ThrowInvalidArgument("expects matrices of [N, D, D + 1] and 2 + D extents, D being 2 or 3");
    }
    return node.Out(GridOfRun(node, theta, extents, align));
  }
  const std::vector<int64_t> size = node.Ints(1);
  node.Out(node.Trace(
      [&](const Tensor& theta) { return AffineGrid(theta, Dims(size.begin(), size.end()), align); },
      theta));
}

// What MaxPool took, back in its place among zeros.
void ReadMaxUnpool(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::vector<int64_t> kernel = node.Ints("kernel_shape");
  const size_t dims = kernel.size();
  if (static_cast<int64_t>(dims) + 2 != node.rank(x)) {
    ThrowInvalidArgument("kernel_shape has a wrong number of elements");
  }
  const std::vector<int64_t> stride = node.Ints("strides", std::vector<int64_t>(dims, 1));
  const std::vector<int64_t> pads = node.Ints("pads", std::vector<int64_t>(2 * dims, 0));
  if (stride.size() != dims || pads.size() != 2 * dims) {
    ThrowInvalidArgument("strides or pads have a wrong number of elements");
  }
  CheckSizes("kernel_shape", kernel, 1);
  CheckSizes("strides", stride, 1);
  CheckSizes("pads", pads, 0);
  // The indices count within what the pool had read, whatever the output's size.
  std::vector<int64_t> read(dims);
  for (size_t d = 0; d < dims; ++d) {
    read[d] = (node.FixedExtent(x, static_cast<int64_t>(d) + 2) - 1) * stride[d] + kernel[d] -
              pads[d] - pads[d + dims];
  }
  std::vector<SymInt> before(dims + 2, 0), more(dims + 2, 0);
  if (node.has(2)) {
    const std::vector<SymInt> given = node.Extents(2);
    if (given.size() != dims + 2) ThrowInvalidArgument("output_shape has a wrong length");
    for (size_t d = 0; d < dims; ++d) more[d + 2] = given[d + 2] - read[d];
  }
  CheckSizes("kernel_shape, strides and pads make what the pool had read, which", read, 1);
  CheckSizes("output_shape, beyond what the pool had read,", more, 0);
  const int64_t elements = Product(read);
  const ValueId unpooled = node.Trace(
      [&](const Tensor& x, const Tensor& index) {
        // Indices count over batches and channels, too.
        const Tensor source = Flatten(x, 2, -1), place = Remainder(Flatten(index, 2, -1), elements);
        const Tensor zeros = Zeros({x.size(0), x.size(1), elements}, {.dtype = x.dtype()});
        Dims shape{x.size(0), x.size(1)};
        shape.insert(shape.end(), read.begin(), read.end());
        const Tensor y = ScatterElements(zeros, place, source, {.dim = 2, .reduction = "none"});
        return Reshape(y, shape);
      },
      x, node.in(1));
  node.Out(PadBy(node, unpooled, before, more, 0));
}

// Blocks of an image added up where they overlap.
void ReadCol2Im(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::vector<SymInt> image = node.Extents(1), block = node.Extents(2);
  const size_t dims = image.size();
  if (dims < 1 || dims > Sizes::kMostDims || block.size() != dims || node.rank(x) != 3) {
    node.Unsupported("images of one to three dimensions are supported");
  }
  const std::vector<int64_t> dilation = node.Ints("dilations", std::vector<int64_t>(dims, 1));
  const std::vector<int64_t> stride = node.Ints("strides", std::vector<int64_t>(dims, 1));
  const std::vector<int64_t> pads = node.Ints("pads", std::vector<int64_t>(2 * dims, 0));
  if (dilation.size() != dims || stride.size() != dims || pads.size() != 2 * dims) {
    ThrowInvalidArgument("dilations, strides or pads have a wrong number of elements");
  }
  CheckSizes("image_shape", image, 1);
  CheckSizes("block_shape", block, 1);
  CheckSizes("dilations", dilation, 1);
  CheckSizes("strides", stride, 1);
  CheckSizes("pads", pads, 0);
  // Where an element of a block lies in the padded image: [block..., steps...].
  std::vector<SymInt> padded(dims), steps(dims);
  ValueId place = graph::kNone;
  const auto along = [&](size_t dim, const SymInt& count, int64_t by) {
    std::vector<SymInt> shape(2 * dims, 1);
    shape[dim] = -1;
    return node.Reshape(
        node.Pointwise([by](const Tensor& i) { return i * by; }, node.Counted(count)), shape);
  };
  for (size_t d = 0; d < dims; ++d) {
    padded[d] = image[d] + (pads[d] + pads[d + dims]);
    const SymInt room = padded[d] - ((block[d] - 1) * dilation[d] + 1);
    if ((room.is_number() && room.number() < 0) || padded[d].number() > INT32_MAX) {
      ThrowInvalidArgument("the blocks do not fit into the image");
    }
    steps[d] = room / stride[d] + 1;
    const ValueId at =
        node.Add(op::kAdd, {along(d, block[d], dilation[d]), along(dims + d, steps[d], stride[d])});
    place = d == 0 ? at
                   : node.Pointwise([](const Tensor& before, const Tensor& n,
                                       const Tensor& at) { return before * n + at; },
                                    place, node.Number(padded[d], place), at);
  }
  const SymInt batch = node.shape(x)[0], channels = node.shape(x)[1] / Product(block);
  const ValueId zeros = node.Full({batch, channels, Product(padded)}, 0, node.dtype(x));
  const SymInt count = Product(block) * node.shape(x)[2];
  const ValueId blocks = node.Reshape(x, {batch, channels, count});
  ValueId y = node.Reshape(place, {-1});
  if (count.is_number() && Product(steps).is_number()) {
    y = node.Add(op::kIndexAdd, DimOptions{.dim = 2}, {zeros, y, blocks});
  } else {
    // At sizes that are guessed there may be fewer places than elements.
    const ValueId index = node.Expand(y, node.shape(blocks));
    y = node.Add(op::kScatterAdd, DimOptions{.dim = 2}, {zeros, index, blocks});
  }
  std::vector<SymInt> shape{batch, channels};
  shape.insert(shape.end(), padded.begin(), padded.end());
  y = node.Reshape(y, shape);
  for (size_t d = 0; d < dims; ++d) {
    y = node.Slice(y, static_cast<int64_t>(d) + 2, pads[d], image[d] + pads[d]);
  }
  node.Out(y);
}

// The middle of each axis, or the whole in the middle of zeros.
void ReadCenterCropPad(NodeReader& node) {
  ValueId x = node.in(0);
  std::vector<int64_t> axes = node.Ints("axes");
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(node.rank(x)));
    std::iota(axes.begin(), axes.end(), 0);
  }
  const std::vector<SymInt> size = node.Extents(1);
  if (size.size() != axes.size()) ThrowInvalidArgument("expects one size for each axis");
  CheckSizes("shape", size, 0);
  const auto rank = static_cast<size_t>(node.rank(x));
  std::vector<SymInt> before(rank, 0), after(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t dim = node.Axis(axes[i], node.rank(x));
    if (dim >= node.rank(x)) node.FixedExtent(x, dim);
    const SymInt extent = node.shape(x)[static_cast<size_t>(dim)];
    const SymInt less = Positive(extent - size[i]), more = Positive(size[i] - extent);
    if (less != 0) x = node.Slice(x, dim, less / 2, less / 2 + SymInt::Min(size[i], extent));
    before[static_cast<size_t>(dim)] = more / 2;
    after[static_cast<size_t>(dim)] = more - more / 2;
  }
  node.Out(PadBy(node, x, before, after, 0));
}

}  // namespace neura::onnx
