// Images read and written at points and places.
#include <algorithm>
#include <array>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
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

int64_t Product(const std::vector<int64_t>& extents) {
  return NumElements(Dims(extents.begin(), extents.end()));
}

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

void ReadAffineGrid(NodeReader& node) {
  const bool align = node.Int("align_corners", 0) != 0;
  const std::vector<int64_t> size = node.Ints(1);
  node.Out(node.Trace(
      [&](const Tensor& theta) { return AffineGrid(theta, Dims(size.begin(), size.end()), align); },
      node.in(0)));
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
  std::vector<int64_t> more(dims, 0);
  if (node.has(2)) {
    const std::vector<int64_t> given = node.Ints(2);
    if (given.size() != dims + 2) ThrowInvalidArgument("output_shape has a wrong length");
    for (size_t d = 0; d < dims; ++d) more[d] = given[d + 2] - read[d];
  }
  CheckSizes("kernel_shape, strides and pads make what the pool had read, which", read, 1);
  CheckSizes("output_shape, beyond what the pool had read,", more, 0);
  const int64_t elements = Product(read);
  PadOptions pad{.before = Dims(dims + 2, 0), .after = Dims(dims + 2, 0)};
  std::copy(more.begin(), more.end(), pad.after.begin() + 2);
  node.Out(node.Trace(
      [&](const Tensor& x, const Tensor& index) {
        // Indices count over batches and channels, too.
        const Tensor source = Flatten(x, 2, -1), place = Remainder(Flatten(index, 2, -1), elements);
        const Tensor zeros = Zeros({x.size(0), x.size(1), elements}, {.dtype = x.dtype()});
        Dims shape{x.size(0), x.size(1)};
        shape.insert(shape.end(), read.begin(), read.end());
        const Tensor y = ScatterElements(zeros, place, source, {.dim = 2, .reduction = "none"});
        return Pad(Reshape(y, shape), pad);
      },
      x, node.in(1)));
}

// Blocks of an image added up where they overlap.
void ReadCol2Im(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::vector<int64_t> image = node.Ints(1), block = node.Ints(2);
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
  // For each dimension, where an element of a block lies in the padded image.
  std::vector<std::vector<int64_t>> places(dims);
  std::vector<int64_t> padded(dims), steps(dims);
  for (size_t d = 0; d < dims; ++d) {
    padded[d] = image[d] + pads[d] + pads[d + dims];
    const int64_t reach = (block[d] - 1) * dilation[d] + 1;
    if (reach > padded[d] || padded[d] > INT32_MAX) {
      ThrowInvalidArgument("the blocks do not fit into the image");
    }
    steps[d] = (padded[d] - reach) / stride[d] + 1;
  }
  node.Out(node.Trace(
      [&](const Tensor& x) {
        Tensor place;  // [block..., steps...]
        const auto rank = 2 * dims;
        const auto along = [&](size_t dim, int64_t count, int64_t by) {
          Dims shape(rank, 1);
          shape[dim] = count;
          return Reshape(Arange(count) * by, shape);
        };
        for (size_t d = 0; d < dims; ++d) {
          const Tensor at = along(d, block[d], dilation[d]) + along(dims + d, steps[d], stride[d]);
          place = place.defined() ? place * padded[d] + at : at;
        }
        const Tensor flat = Flatten(place);
        const int64_t per_block = Product(block), all = Product(padded);
        const int64_t channels = x.size(1) / per_block;
        const Tensor zeros = Zeros({x.size(0), channels, all}, {.dtype = x.dtype()});
        Tensor y = IndexAdd(zeros, 2, flat, Reshape(x, {x.size(0), channels, -1}));
        Dims shape{x.size(0), channels};
        shape.insert(shape.end(), padded.begin(), padded.end());
        y = Reshape(y, shape);
        for (size_t d = 0; d < dims; ++d) {
          y = Slice(y, static_cast<int64_t>(d) + 2, pads[d], pads[d] + image[d]);
        }
        return y;
      },
      x));
}

// The middle of each axis, or the whole in the middle of zeros.
void ReadCenterCropPad(NodeReader& node) {
  ValueId x = node.in(0);
  std::vector<int64_t> axes = node.Ints("axes");
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(node.rank(x)));
    std::iota(axes.begin(), axes.end(), 0);
  }
  const std::vector<int64_t> size = node.Ints(1);
  if (size.size() != axes.size()) ThrowInvalidArgument("expects one size for each axis");
  CheckSizes("shape", size, 0);
  const auto rank = static_cast<size_t>(node.rank(x));
  PadOptions pad{.before = Dims(rank, 0), .after = Dims(rank, 0)};
  std::vector<std::array<int64_t, 3>> cuts;  // dim, start, end
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t dim = node.Axis(axes[i], node.rank(x)), extent = node.FixedExtent(x, dim);
    const int64_t more = size[i] - extent;
    if (more < 0) {
      cuts.push_back({dim, -more / 2, -more / 2 + size[i]});
    } else {
      pad.before[static_cast<size_t>(dim)] = more / 2;
      pad.after[static_cast<size_t>(dim)] = more - more / 2;
    }
  }
  node.Out(node.Trace(
      [&](const Tensor& x) {
        Tensor y = x;
        for (const auto& [dim, start, end] : cuts) y = Slice(y, dim, start, end);
        return Pad(y, pad);
      },
      x));
}

}  // namespace neura::onnx
