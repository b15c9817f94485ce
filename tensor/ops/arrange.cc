// Arranging, picking and placing, from operations that there are.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

namespace {

// Surrounded along a dimension by so many of its own elements, joined of slices: where somebody
// watches, positions would be numbers that depend on the extent.
Tensor JoinedWithOwn(const Tensor& input, int64_t dim, int64_t before, int64_t after,
                     const std::string& mode) {
  const int64_t extent = input.size(dim);
  const auto slice = [&](int64_t begin, int64_t count) {
    return Slice(input, dim, begin, begin + count);
  };
  const auto repeated = [&](int64_t place, int64_t count) {
    Dims shape(input.shape().size(), -1);
    shape[static_cast<size_t>(dim)] = count;
    return Expand(slice(place, 1), shape);
  };
  std::vector<Tensor> parts = {input};
  if (before > 0) {
    parts.insert(parts.begin(), mode == "reflect"    ? Flip(slice(1, before), {dim})
                                : mode == "circular" ? slice(extent - before, before)
                                                     : repeated(0, before));
  }
  if (after > 0) {
    parts.push_back(mode == "reflect"    ? Flip(slice(extent - 1 - after, after), {dim})
                    : mode == "circular" ? slice(0, after)
                                         : repeated(extent - 1, after));
  }
  return Cat(parts, dim);
}

// Surrounded by the input's own elements.
Tensor PadFromInput(const Tensor& input, const Dims& pad, const std::string& mode) {
  const bool reflects = mode == "reflect", circles = mode == "circular";
  if (!reflects && !circles && mode != "replicate") {
    ThrowInvalidArgument(absl::StrCat(
        "pad: mode must be 'constant', 'reflect', 'replicate' or 'circular', got '", mode, "'"));
  }
  Tensor result = input;
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const int64_t dim = input.dim() - 1 - static_cast<int64_t>(i);
    int64_t extent = input.size(dim), before = pad[2 * i], after = pad[2 * i + 1];
    if (before == 0 && after == 0) continue;
    const int64_t left = extent + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    // A circle closes without what is taken away, while mirrors see all of the input.
    const int64_t most = reflects ? extent - 1 : circles ? left : INT64_MAX / 4;
    if (before > most || after > most || left < 1) {
      ThrowInvalidArgument(absl::StrCat("pad: ", before, " and ", after, " around dimension ", dim,
                                        " of ", Describe(input), " must be at most ",
                                        std::max<int64_t>(most, 0), " in mode '", mode,
                                        "', and leave an element"));
    }
    if (circles && left < extent) {
      result = Narrow(result, dim, std::max<int64_t>(-before, 0), left);
      extent = left;
      before = std::max<int64_t>(before, 0);
      after = std::max<int64_t>(after, 0);
    }
    if (IsWatched() && before >= 0 && after >= 0) {
      result = JoinedWithOwn(result, dim, before, after, mode);
      continue;
    }
    // Where each element of the result stands in the input.
    const Tensor place =
        Arange(-before, extent + after, 1, {.dtype = kInt64, .device = input.device()});
    Tensor index = ClampBetween(place, int64_t{0}, extent - 1);
    if (circles) index = Remainder(place, extent);
    if (reflects) index = (extent - 1) - Abs((extent - 1) - Abs(place));
    result = IndexSelect(result, dim, index);
  }
  return result;
}

}  // namespace

Tensor PadByPairs(const Tensor& input, const Dims& pad, const std::string& mode,
                  const Scalar& value) {
  RequireDefined("pad", input);
  const auto rank = static_cast<size_t>(input.dim());
  if (pad.size() % 2 != 0 || pad.size() / 2 > rank) {
    ThrowInvalidArgument(absl::StrCat("pad: ", pad.size(), " amounts for ", Describe(input),
                                      "; give two for each dimension, the last one first"));
  }
  constexpr int64_t kMost = int64_t{1} << 60;
  for (int64_t amount : pad) {
    if (amount < -kMost || amount > kMost) {
      ThrowInvalidArgument(absl::StrCat("pad: ", amount, " is too many elements"));
    }
  }
  if (mode != "constant") return PadFromInput(input, pad, mode);
  PadOptions options{.before = Dims(rank, 0), .after = Dims(rank, 0), .value = value};
  Tensor cropped = input;
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const size_t d = rank - 1 - i;
    options.before[d] = std::max<int64_t>(pad[2 * i], 0);
    options.after[d] = std::max<int64_t>(pad[2 * i + 1], 0);
    // Negative amounts are taken away.
    const int64_t first = options.before[d] - pad[2 * i], last = options.after[d] - pad[2 * i + 1];
    if (first > 0 || last > 0) {
      const auto dim = static_cast<int64_t>(d);
      cropped = Narrow(cropped, dim, first, cropped.size(dim) - first - last);
    }
  }
  return Pad(cropped, options);
}

Tensor PixelShuffle(const Tensor& input, int64_t upscale_factor) {
  RequireDefined("pixel_shuffle", input);
  const int64_t r = upscale_factor;
  if (input.dim() < 3 || r < 1 || r > (1 << 15) || input.size(-3) % (r * r) != 0) {
    ThrowInvalidArgument(absl::StrCat("pixel_shuffle: ", Describe(input),
                                      " must be [..., C * r * r, H, W] for r = ", r));
  }
  const DimsView lead = input.shape().first(static_cast<size_t>(input.dim() - 3));
  const int64_t c = input.size(-3) / (r * r), h = input.size(-2), w = input.size(-1),
                n = NumElements(lead);
  const Tensor parts =
      Permute(Reshape(input, {n, c, r, r, h, w}), {0, 1, 4, 2, 5, 3});  // [n, c, h, r, w, r]
  Dims shape(lead.begin(), lead.end());
  int64_t height = 0, width = 0;
  if (__builtin_mul_overflow(h, r, &height) || __builtin_mul_overflow(w, r, &width)) {
    ThrowResourceExhausted("pixel_shuffle: an extent has more than 64 bits");
  }
  shape.insert(shape.end(), {c, height, width});
  return Reshape(parts, shape);
}

Tensor PixelUnshuffle(const Tensor& input, int64_t downscale_factor) {
  RequireDefined("pixel_unshuffle", input);
  const int64_t r = downscale_factor;
  if (input.dim() < 3 || r < 1 || r > (1 << 15) || input.size(-2) % r != 0 ||
      input.size(-1) % r != 0) {
    ThrowInvalidArgument(absl::StrCat("pixel_unshuffle: ", Describe(input),
                                      " must be [..., C, H * r, W * r] for r = ", r));
  }
  const DimsView lead = input.shape().first(static_cast<size_t>(input.dim() - 3));
  const int64_t c = input.size(-3), h = input.size(-2) / r, w = input.size(-1) / r,
                n = NumElements(lead);
  const Tensor parts = Permute(Reshape(input, {n, c, h, r, w, r}), {0, 1, 3, 5, 2, 4});
  Dims shape(lead.begin(), lead.end());
  shape.insert(shape.end(), {c * r * r, h, w});
  return Reshape(parts, shape);
}

Tensor ChannelShuffle(const Tensor& input, int64_t groups) {
  RequireDefined("channel_shuffle", input);
  if (input.dim() < 3 || groups < 1 || input.size(1) % groups != 0) {
    ThrowInvalidArgument(
        absl::StrCat("channel_shuffle: ", Describe(input),
                     " must be [N, C, ...] with C a multiple of groups = ", groups));
  }
  return Flatten(Transpose(Unflatten(input, 1, {groups, input.size(1) / groups}), 1, 2), 1, 2);
}

Tensor Tile(const Tensor& input, const Dims& dims) {
  RequireDefined("tile", input);
  Dims repeats(dims);
  const auto rank = static_cast<size_t>(input.dim());
  if (repeats.size() < rank) repeats.insert(repeats.begin(), rank - repeats.size(), 1);
  return Repeat(input, repeats);
}

Tensor FlipLr(const Tensor& input) {
  RequireDefined("fliplr", input);
  if (input.dim() < 2) {
    ThrowInvalidArgument(
        absl::StrCat("fliplr: expected two dimensions at least, got ", Describe(input)));
  }
  return Flip(input, {1});
}
Tensor FlipUd(const Tensor& input) {
  RequireDefined("flipud", input);
  if (input.dim() < 1) {
    ThrowInvalidArgument(
        absl::StrCat("flipud: expected a dimension at least, got ", Describe(input)));
  }
  return Flip(input, {0});
}

Tensor Rot90(const Tensor& input, int64_t k, const Dims& dims) {
  RequireDefined("rot90", input);
  if (dims.size() != 2) ThrowInvalidArgument("rot90: dims must be two dimensions");
  const int64_t from = NormalizeDim("rot90", dims[0], input.dim()),
                to = NormalizeDim("rot90", dims[1], input.dim());
  if (from == to) ThrowInvalidArgument("rot90: dims must be two dimensions");
  switch ((k % 4 + 4) % 4) {
    case 1:
      return Transpose(Flip(input, {to}), from, to);
    case 2:
      return Flip(input, {from, to});
    case 3:
      return Transpose(Flip(input, {from}), from, to);
    default:
      return Clone(input);
  }
}

Tensor Unflatten(const Tensor& input, int64_t dim, const Dims& sizes) {
  RequireDefined("unflatten", input);
  dim = NormalizeDim("unflatten", dim, input.dim());
  if (sizes.empty()) ThrowInvalidArgument("unflatten: sizes must name at least one extent");
  Dims inner(sizes);
  // One extent may follow from the others.
  int64_t product = 1, open = -1;
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == -1 && open < 0) {
      open = static_cast<int64_t>(i);
    } else if (__builtin_mul_overflow(product, inner[i], &product)) {
      product = -1;
    }
  }
  const int64_t extent = input.size(dim);
  if (open >= 0 && product > 0 && extent % product == 0) {
    inner[static_cast<size_t>(open)] = extent / product;
    product = extent;
  }
  if (product != extent ||
      std::any_of(inner.begin(), inner.end(), [](int64_t n) { return n < 0; })) {
    ThrowInvalidArgument(absl::StrCat("unflatten: ", ToString(DimsView(sizes)),
                                      " does not make up dimension ", dim, " of ",
                                      Describe(input)));
  }
  Dims shape(input.shape().begin(), input.shape().end());
  shape.erase(shape.begin() + dim);
  shape.insert(shape.begin() + dim, inner.begin(), inner.end());
  return View(input, shape);
}

Tensor AtLeast1d(const Tensor& input) {
  RequireDefined("atleast_1d", input);
  return input.dim() == 0 ? Reshape(input, {1}) : input;
}
Tensor AtLeast2d(const Tensor& input) {
  const Tensor x = AtLeast1d(input);
  return x.dim() == 1 ? Unsqueeze(x, 0) : x;
}
Tensor AtLeast3d(const Tensor& input) {
  const Tensor x = AtLeast2d(input);
  return x.dim() == 2 ? Unsqueeze(x, -1) : x;
}

namespace {

std::vector<Tensor> Each(const std::vector<Tensor>& tensors, Tensor (*function)(const Tensor&)) {
  std::vector<Tensor> results;
  results.reserve(tensors.size());
  for (const Tensor& tensor : tensors) results.push_back(function(tensor));
  return results;
}

}  // namespace

Tensor DStack(const std::vector<Tensor>& tensors) { return Cat(Each(tensors, &AtLeast3d), 2); }
Tensor ColumnStack(const std::vector<Tensor>& tensors) {
  return HStack(Each(
      tensors, +[](const Tensor& tensor) {
        RequireDefined("column_stack", tensor);
        return tensor.dim() < 2 ? Reshape(tensor, {-1, 1}) : tensor;
      }));
}

Tensor BlockDiag(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> blocks = Each(tensors, &AtLeast2d), rows;
  int64_t width = 0;
  for (const Tensor& block : blocks) {
    if (block.dim() != 2) {
      ThrowInvalidArgument(
          absl::StrCat("block_diag: at most two dimensions, got ", Describe(block)));
    }
    width += block.size(1);
  }
  int64_t left = 0;
  for (const Tensor& block : blocks) {
    rows.push_back(PadByPairs(block, {left, width - left - block.size(1)}));
    left += block.size(1);
  }
  return Cat(rows, 0);
}

Tensor CartesianProd(const std::vector<Tensor>& tensors) {
  for (const Tensor& tensor : tensors) RequireDims("cartesian_prod", tensor, 1);
  if (tensors.size() == 1) return tensors[0];
  return Stack(Each(MeshGrid(tensors, "ij"), &Ravel), 1);
}

Tensor DiagEmbed(const Tensor& input, int64_t offset, int64_t dim1, int64_t dim2) {
  RequireDefined("diag_embed", input);
  if (input.dim() == 0) ThrowInvalidArgument("diag_embed: expected at least one dimension");
  const int64_t rank = input.dim() + 1;
  dim1 = NormalizeDim("diag_embed", dim1, rank);
  dim2 = NormalizeDim("diag_embed", dim2, rank);
  constexpr int64_t kMost = int64_t{1} << 40;
  if (offset < -kMost || offset > kMost) {
    ThrowInvalidArgument(absl::StrCat("diag_embed: offset = ", offset, " is too far away"));
  }
  if (dim1 == dim2) ThrowInvalidArgument("diag_embed: dim1 and dim2 must differ");
  const Tensor on = Eye(input.size(-1), {.dtype = kBool, .device = input.device()});
  const Tensor square = Where(on, Unsqueeze(input, -1), ZerosLike(Unsqueeze(input, -1)));
  const int64_t right = std::max<int64_t>(offset, 0), down = std::max<int64_t>(-offset, 0);
  // The first dimension of the diagonal is dim1 whichever comes first.
  return MoveDim(PadByPairs(square, {right, down, down, right}), {-2, -1}, {dim1, dim2});
}

std::vector<Tensor> TensorSplitAt(const Tensor& input, const Dims& indices, int64_t dim) {
  RequireDefined("tensor_split", input);
  dim = NormalizeDim("tensor_split", dim, input.dim());
  std::vector<Tensor> parts;
  int64_t begin = 0;
  for (int64_t index : indices) {
    parts.push_back(Slice(input, dim, begin, index));
    begin = index;
  }
  parts.push_back(Slice(input, dim, begin));
  return parts;
}
std::vector<Tensor> TensorSplit(const Tensor& input, int64_t sections, int64_t dim) {
  RequireDefined("tensor_split", input);
  dim = NormalizeDim("tensor_split", dim, input.dim());
  const int64_t most = std::max<int64_t>(input.dim() == 0 ? 1 : input.size(dim), 1 << 20);
  if (sections < 1 || sections > most) {
    ThrowInvalidArgument(
        absl::StrCat("tensor_split: the number of sections must be from 1 to ", most));
  }
  const int64_t extent = input.size(dim), size = extent / sections, larger = extent % sections;
  Dims indices;
  for (int64_t i = 1; i < sections; ++i) indices.push_back(i * size + std::min(i, larger));
  return TensorSplitAt(input, indices, dim);
}

Tensor RepeatInterleave(const Tensor& input, const Operand& repeats,
                        const std::optional<int64_t>& dim) {
  RequireDefined("repeat_interleave", input);
  const Tensor x = dim ? AtLeast1d(input) : Ravel(input);
  const int64_t along = dim ? NormalizeDim("repeat_interleave", *dim, x.dim()) : 0;
  const int64_t extent = x.size(along);
  const auto refuse_negative = [](int64_t count) {
    if (count < 0) ThrowInvalidArgument("repeat_interleave: repeats must not be negative");
  };
  if (!repeats.is_tensor) {
    if (repeats.scalar.category() > DTypeCategory::kIntegral) {
      ThrowInvalidArgument(absl::StrCat("repeat_interleave: repeats must be an integer, got ",
                                        ToString(repeats.scalar)));
    }
    const auto count = repeats.scalar.To<int64_t>();
    refuse_negative(count);
    Dims shape(x.shape().begin(), x.shape().end());
    shape.insert(shape.begin() + along + 1, count);
    return Flatten(Expand(Unsqueeze(x, along + 1), shape), along, along + 1);
  }
  const Tensor& counts = repeats.tensor;
  RequireDefined("repeat_interleave", counts);
  if (!IsIntegral(counts.dtype()) || counts.dim() > 1 ||
      (counts.numel() != 1 && counts.numel() != extent)) {
    ThrowInvalidArgument(
        absl::StrCat("repeat_interleave: repeats must be one integer or one for "
                     "each of ",
                     extent, " slices, got ", Describe(counts)));
  }
  const Tensor read = Contiguous(To(Cast(Expand(Reshape(counts, {-1}), {extent}), kInt64), kCpu));
  const auto* const each = read.data<int64_t>();
  int64_t total = 0;
  for (int64_t i = 0; i < extent; ++i) {
    refuse_negative(each[i]);
    if (__builtin_add_overflow(total, each[i], &total)) {
      ThrowResourceExhausted("repeat_interleave: more elements than 64 bits can count");
    }
  }
  const Tensor index = Empty({total}, {.dtype = kInt64, .device = kCpu});
  auto* places = index.data<int64_t>();
  for (int64_t i = 0; i < extent; ++i) places = std::fill_n(places, each[i], i);
  return IndexSelect(x, along, To(index, input.device()));
}

Tensor DiagFlat(const Tensor& input, int64_t offset) {
  RequireDefined("diagflat", input);
  return DiagEmbed(Ravel(input), offset);
}

Tensor Combinations(const Tensor& input, int64_t r, bool with_replacement) {
  RequireDims("combinations", input, 1);
  if (r < 0) ThrowInvalidArgument("combinations: r must not be negative");
  const int64_t n = input.numel();
  // Places that rise, or stay with replacement: the next choice raises the last one that can be.
  std::vector<int64_t> places, choice(static_cast<size_t>(r));
  int64_t count = 0;
  for (int64_t i = 0; i < r; ++i) choice[static_cast<size_t>(i)] = with_replacement ? 0 : i;
  const auto most = [&](int64_t i) { return with_replacement ? n - 1 : n - r + i; };
  bool more = r > 0 && n > 0 && (with_replacement || r <= n);
  while (more) {
    places.insert(places.end(), choice.begin(), choice.end());
    ++count;
    int64_t i = r - 1;
    while (i >= 0 && choice[static_cast<size_t>(i)] == most(i)) --i;
    more = i >= 0;
    if (!more) break;
    const int64_t raised = choice[static_cast<size_t>(i)] + 1;
    for (int64_t k = i; k < r; ++k) {
      choice[static_cast<size_t>(k)] = with_replacement ? raised : raised + k - i;
    }
  }
  if (r == 0) return Slice(input, 0, 0, 0);
  const Tensor index = To(FromVector(places, {count * r}), input.device());
  return Reshape(IndexSelect(input, 0, index), {count, r});
}

std::vector<Tensor> BroadcastTensors(const std::vector<Tensor>& tensors) {
  Dims shape;
  for (const Tensor& tensor : tensors) {
    RequireDefined("broadcast_tensors", tensor);
    shape = BroadcastShapes("broadcast_tensors", shape, tensor.shape());
  }
  std::vector<Tensor> results;
  for (const Tensor& tensor : tensors) results.push_back(Expand(tensor, shape));
  return results;
}

}  // namespace neura
