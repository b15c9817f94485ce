// Sequences of different lengths in one tensor: padded to the longest one, or packed without any
// padding, as recurrent layers read them. Names and layouts are PyTorch's.
#ifndef NEURA_NN_PACKED_SEQUENCE_H_
#define NEURA_NN_PACKED_SEQUENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "neura/nn/parts.h"
#include "neura/tensor/core/scalar.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// Sequences by their steps: the first elements of all of them, from the longest to the shortest,
// then the second elements of those that have one, and so on.
struct PackedSequence {
  Tensor data;         // [sum of the lengths, ...]
  Tensor batch_sizes;  // int64 [the greatest length], on the CPU: how many have that step
  // int64 [N]: which of the sequences that were packed each one is, and where each of those is
  // now. Undefined where they were sorted.
  Tensor sorted_indices = {};
  Tensor unsorted_indices = {};
  NEURA_PARTS(data, batch_sizes, sorted_indices, unsorted_indices)
};

// batch_sizes as numbers. Throws InvalidArgument unless they are integers that do not grow, are
// positive, and add up to the rows of data.
std::vector<int64_t> BatchSizesOf(const PackedSequence& packed);

struct PackOptions {
  bool batch_first = false;
  // Whether it is an error that lengths are not sorted, the greatest first.
  bool enforce_sorted = true;
};
// Of padded sequences [T, N, ...], or [N, T, ...] with batch_first. Throws InvalidArgument unless
// there is a length from 1 to T for each of them.
PackedSequence PackPaddedSequence(const Tensor& input, absl::Span<const int64_t> lengths,
                                  const PackOptions& options = {});

struct PadPackedOptions {
  bool batch_first = false;
  Scalar padding_value = 0.0;
  std::optional<int64_t> total_length = {};  // of the result, where it is not the greatest length
};
struct PaddedSequences {
  Tensor output;   // [T, N, ...] or [N, T, ...]
  Tensor lengths;  // int64 [N], on the CPU
  NEURA_PARTS(output, lengths)
};
// The reverse of PackPaddedSequence, in the order that the sequences had.
PaddedSequences PadPackedSequence(const PackedSequence& packed,
                                  const PadPackedOptions& options = {});

struct PadSequenceOptions {
  bool batch_first = false;
  Scalar padding_value = 0.0;
  std::string padding_side = "right";  // or "left"
};
// Sequences [L, ...] as [the greatest L, N, ...], or [N, the greatest L, ...].
Tensor PadSequence(absl::Span<const Tensor> sequences, const PadSequenceOptions& options = {});
// The reverse: [L, ...] each.
std::vector<Tensor> UnpadSequence(const Tensor& padded, absl::Span<const int64_t> lengths,
                                  bool batch_first = false);

// Of sequences [L, ...].
PackedSequence PackSequence(absl::Span<const Tensor> sequences, bool enforce_sorted = true);
std::vector<Tensor> UnpackSequence(const PackedSequence& packed);

// Where each number from 0 on stands in a permutation of them, int64 [N]; undefined of nothing.
Tensor InvertPermutation(const Tensor& permutation);

}  // namespace neura::nn

#endif  // NEURA_NN_PACKED_SEQUENCE_H_
