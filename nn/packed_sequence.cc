#include "neura/nn/packed_sequence.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

using Numbers = std::vector<int64_t>;

Tensor ToTensor(const Numbers& numbers) {
  return FromVector(numbers, {static_cast<int64_t>(numbers.size())});
}

Numbers ToNumbers(const char* name, const Tensor& tensor) {
  RequireDims(name, tensor, 1);
  if (!IsIntegral(tensor.dtype())) {
    ThrowInvalidArgument(absl::StrCat(name, ": expected integers, got ", Describe(tensor)));
  }
  const Tensor read = Contiguous(To(Cast(tensor, kInt64), kCpu));
  return Numbers(read.data<int64_t>(), read.data<int64_t>() + read.numel());
}

// Throws InvalidArgument unless there is a length from 1 to `most` for each of `count` sequences.
void CheckLengths(const char* name, absl::Span<const int64_t> lengths, int64_t count,
                  int64_t most) {
  if (static_cast<int64_t>(lengths.size()) != count) {
    ThrowInvalidArgument(
        absl::StrCat(name, ": ", lengths.size(), " lengths for ", count, " sequences"));
  }
  for (int64_t length : lengths) {
    if (length >= 1 && length <= most) continue;
    ThrowInvalidArgument(
        absl::StrCat(name, ": a length is ", length, ", but must be from 1 to ", most));
  }
}

// How many of the lengths, which are sorted, have each step.
Numbers StepsOf(const Numbers& sorted_lengths) {
  Numbers sizes;
  size_t count = sorted_lengths.size();
  for (int64_t step = 0; count > 0; ++step) {
    while (count > 0 && sorted_lengths[count - 1] <= step) --count;
    if (count > 0) sizes.push_back(static_cast<int64_t>(count));
  }
  return sizes;
}

}  // namespace

std::vector<int64_t> BatchSizesOf(const PackedSequence& packed) {
  constexpr char kName[] = "PackedSequence";
  RequireDefined(kName, packed.data);
  Numbers sizes = ToNumbers("PackedSequence.batch_sizes", packed.batch_sizes);
  int64_t sum = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 1 || (i > 0 && sizes[i] > sizes[i - 1])) {
      ThrowInvalidArgument(
          absl::StrCat(kName, ": batch_sizes must be positive and must not grow, but has ",
                       sizes[i], i > 0 ? absl::StrCat(" after ", sizes[i - 1]) : ""));
    }
    sum += sizes[i];
  }
  if (sizes.empty() || packed.data.dim() < 1 || packed.data.size(0) != sum) {
    ThrowInvalidArgument(absl::StrCat(kName, ": batch_sizes name ", sum, " elements of data, ",
                                      Describe(packed.data)));
  }
  return sizes;
}

PackedSequence PackPaddedSequence(const Tensor& input, absl::Span<const int64_t> lengths,
                                  const PackOptions& options) {
  constexpr char kName[] = "pack_padded_sequence";
  RequireDefined(kName, input);
  if (input.dim() < 2) {
    ThrowInvalidArgument(
        absl::StrCat(kName, ": expected [T, N, ...] or [N, T, ...], got ", Describe(input)));
  }
  const int64_t steps = input.size(options.batch_first ? 1 : 0),
                batch = input.size(options.batch_first ? 0 : 1);
  if (batch == 0) ThrowInvalidArgument(absl::StrCat(kName, ": there are no sequences"));
  CheckLengths(kName, lengths, batch, steps);

  Numbers order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  const auto length_of = [&](int64_t i) { return lengths[static_cast<size_t>(i)]; };
  const auto longer = [&](int64_t a, int64_t b) { return length_of(a) > length_of(b); };
  if (!options.enforce_sorted) {
    std::stable_sort(order.begin(), order.end(), longer);
  } else if (!std::is_sorted(order.begin(), order.end(), longer)) {
    ThrowInvalidArgument(absl::StrCat(
        kName,
        ": lengths must be sorted, the greatest first; enforce_sorted=False takes any order"));
  }
  Numbers sorted_lengths;
  for (int64_t i : order) sorted_lengths.push_back(length_of(i));
  const Numbers sizes = StepsOf(sorted_lengths);
  Numbers rows;  // of the input, in the order of the result
  for (size_t step = 0; step < sizes.size(); ++step) {
    for (int64_t b = 0; b < sizes[step]; ++b) {
      const int64_t place = order[static_cast<size_t>(b)], t = static_cast<int64_t>(step);
      rows.push_back(options.batch_first ? place * steps + t : t * batch + place);
    }
  }
  PackedSequence packed{
      .data = IndexSelect(Flatten(input, 0, 1), 0, To(ToTensor(rows), input.device())),
      .batch_sizes = ToTensor(sizes)};
  if (!options.enforce_sorted) {
    packed.sorted_indices = To(ToTensor(order), input.device());
    packed.unsorted_indices = InvertPermutation(packed.sorted_indices);
  }
  return packed;
}

PaddedSequences PadPackedSequence(const PackedSequence& packed, const PadPackedOptions& options) {
  constexpr char kName[] = "pad_packed_sequence";
  const Numbers sizes = BatchSizesOf(packed);
  const auto longest = static_cast<int64_t>(sizes.size());
  const int64_t batch = sizes[0], total = options.total_length.value_or(longest);
  if (total < longest) {
    ThrowInvalidArgument(absl::StrCat(kName, ": total_length = ", total,
                                      " is less than the longest sequence, ", longest));
  }
  Numbers order(static_cast<size_t>(batch));
  std::iota(order.begin(), order.end(), 0);
  if (packed.unsorted_indices.defined()) {
    order = ToNumbers("PackedSequence.unsorted_indices", packed.unsorted_indices);
    const bool fits =
        static_cast<int64_t>(order.size()) == batch &&
        std::all_of(order.begin(), order.end(), [batch](int64_t i) { return i >= 0 && i < batch; });
    if (!fits) {
      ThrowInvalidArgument(absl::StrCat(kName, ": unsorted_indices must be the places of ", batch,
                                        " sequences, got ", Describe(packed.unsorted_indices)));
    }
  }
  // Each place of the result has a row of data, or the padding, which follows them.
  const int64_t padding = packed.data.size(0);
  Numbers rows(static_cast<size_t>(batch * total), padding);
  Numbers lengths(order.size(), 0);
  for (int64_t n = 0; n < static_cast<int64_t>(order.size()); ++n) {
    const int64_t place = order[static_cast<size_t>(n)];
    int64_t begin = 0;
    for (int64_t t = 0; t < longest && place < sizes[static_cast<size_t>(t)]; ++t) {
      rows[static_cast<size_t>(options.batch_first ? n * total + t : t * batch + n)] =
          begin + place;
      begin += sizes[static_cast<size_t>(t)];
      ++lengths[static_cast<size_t>(n)];
    }
  }
  Dims one(packed.data.shape().begin(), packed.data.shape().end());
  one[0] = 1;
  const Tensor value = Full(one, options.padding_value,
                            {.dtype = packed.data.dtype(), .device = packed.data.device()});
  const Tensor data = Cat({packed.data, value}, 0);
  Dims shape(one.begin() + 1, one.end());
  shape.insert(shape.begin(),
               {options.batch_first ? batch : total, options.batch_first ? total : batch});
  return {.output = Reshape(IndexSelect(data, 0, To(ToTensor(rows), data.device())), shape),
          .lengths = ToTensor(lengths)};
}

Tensor PadSequence(absl::Span<const Tensor> sequences, const PadSequenceOptions& options) {
  constexpr char kName[] = "pad_sequence";
  if (sequences.empty()) ThrowInvalidArgument(absl::StrCat(kName, ": there are no sequences"));
  const bool left = options.padding_side == "left";
  if (!left && options.padding_side != "right") {
    ThrowInvalidArgument(absl::StrCat(kName, ": padding_side = \"", options.padding_side,
                                      "\" must be \"left\" or \"right\""));
  }
  int64_t longest = 0;
  for (const Tensor& sequence : sequences) {
    RequireDefined(kName, sequence);
    if (sequence.dim() < 1 || sequence.shape().subspan(1) != sequences[0].shape().subspan(1)) {
      ThrowInvalidArgument(absl::StrCat(kName,
                                        ": sequences must have the same shapes but for their "
                                        "lengths, got ",
                                        Describe(sequences[0]), " and ", Describe(sequence)));
    }
    longest = std::max(longest, sequence.size(0));
  }
  std::vector<Tensor> padded;
  for (const Tensor& sequence : sequences) {
    PadOptions pad{.before = Dims(sequence.shape().size(), 0),
                   .after = Dims(sequence.shape().size(), 0),
                   .value = options.padding_value};
    (left ? pad.before : pad.after)[0] = longest - sequence.size(0);
    padded.push_back(Pad(sequence, pad));
  }
  return Stack(padded, options.batch_first ? 0 : 1);
}

std::vector<Tensor> UnpadSequence(const Tensor& padded, absl::Span<const int64_t> lengths,
                                  bool batch_first) {
  constexpr char kName[] = "unpad_sequence";
  RequireDefined(kName, padded);
  if (padded.dim() < 2) {
    ThrowInvalidArgument(
        absl::StrCat(kName, ": expected [T, N, ...] or [N, T, ...], got ", Describe(padded)));
  }
  const std::vector<Tensor> each = Unbind(padded, batch_first ? 0 : 1);
  CheckLengths(kName, lengths, static_cast<int64_t>(each.size()), padded.size(batch_first ? 1 : 0));
  std::vector<Tensor> sequences;
  for (size_t i = 0; i < each.size(); ++i) {
    sequences.push_back(Narrow(each[i], 0, 0, lengths[i]));
  }
  return sequences;
}

PackedSequence PackSequence(absl::Span<const Tensor> sequences, bool enforce_sorted) {
  const Tensor padded = PadSequence(sequences);
  Numbers lengths;
  for (const Tensor& sequence : sequences) lengths.push_back(sequence.size(0));
  return PackPaddedSequence(padded, lengths, {.enforce_sorted = enforce_sorted});
}

std::vector<Tensor> UnpackSequence(const PackedSequence& packed) {
  const PaddedSequences padded = PadPackedSequence(packed, {.batch_first = true});
  return UnpadSequence(padded.output, ToNumbers("unpack_sequence", padded.lengths), true);
}

Tensor InvertPermutation(const Tensor& permutation) {
  if (!permutation.defined()) return permutation;
  const Numbers numbers = ToNumbers("invert_permutation", permutation);
  Numbers inverse(numbers.size(), -1);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int64_t place = numbers[i];
    if (place < 0 || place >= permutation.numel() || inverse[static_cast<size_t>(place)] != -1) {
      ThrowInvalidArgument(absl::StrCat("invert_permutation: ", place, " is not one of ",
                                        permutation.numel(), " numbers, each once"));
    }
    inverse[static_cast<size_t>(place)] = static_cast<int64_t>(i);
  }
  return To(ToTensor(inverse), permutation.device());
}

}  // namespace neura::nn
