// Texts as numbers of tokens: what a tokenizer gives, cut and padded, and batches of it.
#ifndef NEURA_DATA_TEXT_ENCODING_H_
#define NEURA_DATA_TEXT_ENCODING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data::text {

// One text, or a pair, as tokens; all lists are equally long.
struct Encoding {
  size_t size() const { return ids.size(); }

  std::vector<int64_t> ids;
  std::vector<int64_t> type_ids;  // which part of a pair, as models want to be told
  std::vector<std::string> tokens;
  // Where in its text a token begins and ends, in bytes, or in characters where those were asked
  // for (EncodeOptions); (0, 0) for tokens that stand nowhere.
  std::vector<std::pair<int64_t, int64_t>> offsets;
  // The number of the word that the token is a part of, and of its text, 0 or 1; -1 for none.
  std::vector<int64_t> word_ids;
  std::vector<int64_t> sequence_ids;
  std::vector<int64_t> special_tokens_mask;  // 1 for tokens that were added, padding among them
  std::vector<int64_t> attention_mask;       // 0 for padding
  // What truncation cut off, in pieces of the same length, each with `stride` tokens of the one
  // before. Of a pair, each piece of one text stands beside each of the other: first the later
  // pieces of the first text, each beside all of the second's, then its first one.
  std::vector<Encoding> overflowing;
};

struct PaddingOptions {
  std::string direction = "right";  // or "left"
  int64_t pad_id = 0;
  int64_t pad_type_id = 0;
  std::string pad_token = "[PAD]";
  // By default that of the longest text of a batch.
  std::optional<int64_t> length = {};
  // Lengths are rounded up to a multiple of it.
  std::optional<int64_t> pad_to_multiple_of = {};
};

struct TruncationOptions {
  // With the tokens that are added.
  int64_t max_length = 512;
  // How many tokens a piece of `overflowing` has in common with the one before.
  int64_t stride = 0;
  // Which text of a pair is cut: "longest_first", "only_first" or "only_second".
  std::string strategy = "longest_first";
  std::string direction = "right";  // from which side it is cut; or "left"
};

// Cuts an encoding to a length. Throws InvalidArgument unless the stride is below the length, and
// where the pieces had more than 64 times the tokens of the text, and more than 2^18.
void Truncate(Encoding& encoding, int64_t max_length, int64_t stride = 0,
              const std::string& direction = "right");
// Pads all to one length, what overflows too. Throws InvalidArgument for options that mean nothing,
// and for padding that takes more than 256 MiB for a text.
void Pad(absl::Span<Encoding> encodings, const PaddingOptions& options);

// Encodings of one length as tensors, int64 [N, length].
struct EncodedBatch {
  Tensor input_ids, token_type_ids, attention_mask;
};
// Throws InvalidArgument without encodings, and where lengths differ.
EncodedBatch ToTensors(absl::Span<const Encoding> encodings);

namespace internal {
// Appends `other` to an encoding, each piece of one beside each of the other.
void Append(Encoding& encoding, const Encoding& other);
// Throws InvalidArgument for options that mean nothing.
void CheckPadding(const PaddingOptions& options);
// The same, where `added` tokens are added to a text.
void CheckTruncation(const TruncationOptions& options, int64_t added);
// Cuts one or two, where `added` tokens are still to come.
void TruncateBoth(Encoding& first, Encoding* second, const TruncationOptions& options,
                  int64_t added);
}  // namespace internal

}  // namespace neura::data::text

#endif  // NEURA_DATA_TEXT_ENCODING_H_
