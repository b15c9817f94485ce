#include "neura/data/text/encoding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data::text {
namespace {

// More is taken for a mistake.
constexpr int64_t kMaxPadding = int64_t{1} << 20;
constexpr int64_t kMaxLength = int64_t{1} << 40;
constexpr size_t kMaxPadToken = 4096;
// Of one text, with what overflows; a token takes its own bytes and the numbers beside it.
constexpr size_t kMaxPaddingBytes = 256 << 20;
constexpr size_t kBytesBeside = 96;
// Of all pieces, for each token of a text, and of any text.
constexpr int64_t kPiecesPerToken = 64;
constexpr int64_t kMinPieces = int64_t{1} << 18;

// The lists of an encoding, one after the other.
template <typename E, typename F>
void ForEachList(E& encoding, F f) {
  f(encoding.ids);
  f(encoding.type_ids);
  f(encoding.tokens);
  f(encoding.offsets);
  f(encoding.word_ids);
  f(encoding.sequence_ids);
  f(encoding.special_tokens_mask);
  f(encoding.attention_mask);
}

// The same for two.
template <typename F>
void ForEachList(Encoding& a, const Encoding& b, F f) {
  f(a.ids, b.ids);
  f(a.type_ids, b.type_ids);
  f(a.tokens, b.tokens);
  f(a.offsets, b.offsets);
  f(a.word_ids, b.word_ids);
  f(a.sequence_ids, b.sequence_ids);
  f(a.special_tokens_mask, b.special_tokens_mask);
  f(a.attention_mask, b.attention_mask);
}

Encoding Part(const Encoding& whole, size_t begin, size_t end) {
  Encoding part;
  ForEachList(part, whole, [&](auto& list, const auto& from) {
    list.assign(from.begin() + static_cast<std::ptrdiff_t>(begin),
                from.begin() + static_cast<std::ptrdiff_t>(end));
  });
  return part;
}

void AppendLists(Encoding& encoding, const Encoding& other) {
  ForEachList(encoding, other, [](auto& list, const auto& more) {
    list.insert(list.end(), more.begin(), more.end());
  });
}

Encoding WithoutOverflow(const Encoding& encoding) { return Part(encoding, 0, encoding.size()); }

bool IsLeft(const char* what, const std::string& direction) {
  if (direction != "left" && direction != "right") {
    ThrowInvalidArgument(
        absl::StrCat(what, ": direction is 'left' or 'right', not '", direction, "'"));
  }
  return direction == "left";
}

void CheckLength(const char* what, const char* name, int64_t value, int64_t least, int64_t most) {
  if (value < least || value > most) {
    ThrowInvalidArgument(
        absl::StrCat(what, ": ", name, " is from ", least, " to ", most, ", not ", value));
  }
}

void CheckPaddingBytes(size_t count, const PaddingOptions& options) {
  if (count > kMaxPaddingBytes / (kBytesBeside + options.pad_token.size())) {
    ThrowInvalidArgument(absl::StrCat("padding: ", count, " tokens of ", options.pad_token.size(),
                                      " bytes for a text take more than ", kMaxPaddingBytes >> 20,
                                      " MiB"));
  }
}

// How many tokens an encoding, and what overflows of it, lack.
size_t LackOf(const Encoding& encoding, size_t length) {
  size_t lack = length - std::min(length, encoding.size());
  for (const Encoding& piece : encoding.overflowing) lack += LackOf(piece, length);
  return lack;
}

void PadTo(Encoding& encoding, size_t length, const PaddingOptions& options) {
  for (Encoding& piece : encoding.overflowing) PadTo(piece, length, options);
  if (encoding.size() >= length) return;
  const size_t more = length - encoding.size();
  const bool right = options.direction == "right";
  const auto pad = [&](auto& list, const auto& value) {
    list.insert(right ? list.end() : list.begin(), more, value);
  };
  pad(encoding.ids, options.pad_id);
  pad(encoding.type_ids, options.pad_type_id);
  pad(encoding.tokens, options.pad_token);
  pad(encoding.offsets, std::pair<int64_t, int64_t>(0, 0));
  pad(encoding.word_ids, -1);
  pad(encoding.sequence_ids, -1);
  pad(encoding.special_tokens_mask, 1);
  pad(encoding.attention_mask, 0);
}

// How many pieces a text is cut to. A stride that is too large gives one; it is an error elsewhere.
int64_t CountPieces(size_t size, int64_t length, int64_t stride) {
  const auto all = static_cast<int64_t>(size);
  if (length >= all || length == 0 || stride >= length) return 1;
  const int64_t step = length - stride;
  return 1 + (all - length + step - 1) / step;
}

void CheckPieces(int64_t count, int64_t length, int64_t size) {
  if (count > 1 && count > std::max(kPiecesPerToken * size, kMinPieces) / length) {
    ThrowInvalidArgument(absl::StrCat("truncation: ", count, " pieces of ", length,
                                      " tokens overflow of ", size,
                                      ", which is out of proportion: a lower stride, or a larger "
                                      "max_length, makes fewer"));
  }
}

Tensor Stacked(absl::Span<const Encoding> encodings, std::vector<int64_t> Encoding::*list) {
  const size_t length = encodings[0].size();
  Tensor batch = Tensor::Empty(
      {static_cast<int64_t>(encodings.size()), static_cast<int64_t>(length)}, kInt64, kCpu);
  int64_t* out = batch.data<int64_t>();
  for (const Encoding& encoding : encodings) {
    out = std::copy((encoding.*list).begin(), (encoding.*list).end(), out);
  }
  return batch;
}

}  // namespace

void Truncate(Encoding& encoding, int64_t max_length, int64_t stride,
              const std::string& direction) {
  const bool left = IsLeft("truncation", direction);
  CheckLength("truncation", "max_length", max_length, 0, kMaxLength);
  CheckLength("truncation", "stride", stride, 0, kMaxLength);
  const auto length = static_cast<size_t>(max_length);
  const size_t size = encoding.size();
  if (length >= size) return;
  CheckPieces(CountPieces(encoding.size(), max_length, stride), max_length,
              static_cast<int64_t>(size));
  if (length == 0) {
    Encoding whole = WithoutOverflow(encoding);
    encoding = Encoding();
    encoding.overflowing.push_back(std::move(whole));
    return;
  }
  if (stride >= max_length) {
    ThrowInvalidArgument(absl::StrCat("truncation: a stride of ", stride,
                                      " is not below the length, which is ", max_length,
                                      " without the tokens that are added"));
  }
  const size_t step = length - static_cast<size_t>(stride);
  Encoding cut;
  for (size_t i = 0, done = 0; done < size; i += step) {
    const size_t begin = left ? (size - i > length ? size - i - length : 0) : i;
    const size_t end = left ? size - i : std::min(i + length, size);
    done = left ? size - begin : end;
    if (i == 0) {
      cut = Part(encoding, begin, end);
    } else {
      cut.overflowing.push_back(Part(encoding, begin, end));
    }
  }
  encoding = std::move(cut);
}

void Pad(absl::Span<Encoding> encodings, const PaddingOptions& options) {
  internal::CheckPadding(options);
  size_t length = 0;
  if (options.length) {
    length = static_cast<size_t>(*options.length);
  } else {
    for (const Encoding& encoding : encodings) length = std::max(length, encoding.size());
  }
  const size_t multiple = static_cast<size_t>(options.pad_to_multiple_of.value_or(1));
  length = (length + multiple - 1) / multiple * multiple;
  for (const Encoding& encoding : encodings) CheckPaddingBytes(LackOf(encoding, length), options);
  for (Encoding& encoding : encodings) PadTo(encoding, length, options);
}

EncodedBatch ToTensors(absl::Span<const Encoding> encodings) {
  if (encodings.empty()) ThrowInvalidArgument("a batch of texts has at least one");
  for (const Encoding& encoding : encodings) {
    if (encoding.size() != encodings[0].size()) {
      ThrowInvalidArgument(absl::StrCat("a batch of texts with ", encodings[0].size(), " and with ",
                                        encoding.size(),
                                        " tokens is no tensor: enable padding first"));
    }
  }
  return {.input_ids = Stacked(encodings, &Encoding::ids),
          .token_type_ids = Stacked(encodings, &Encoding::type_ids),
          .attention_mask = Stacked(encodings, &Encoding::attention_mask)};
}

namespace internal {

void Append(Encoding& encoding, const Encoding& other) {
  std::vector<Encoding> pieces;
  const auto join = [&](const Encoding& first) {
    for (const Encoding& second : other.overflowing) {
      pieces.push_back(WithoutOverflow(first));
      AppendLists(pieces.back(), second);
    }
  };
  for (const Encoding& piece : encoding.overflowing) {
    pieces.push_back(piece);
    AppendLists(pieces.back(), other);
    join(piece);
  }
  join(encoding);
  AppendLists(encoding, other);
  encoding.overflowing = std::move(pieces);
}

void CheckPadding(const PaddingOptions& options) {
  IsLeft("padding", options.direction);
  if (options.length) CheckLength("padding", "length", *options.length, 0, kMaxPadding);
  if (options.pad_to_multiple_of) {
    CheckLength("padding", "pad_to_multiple_of", *options.pad_to_multiple_of, 1, kMaxPadding);
  }
  if (options.pad_token.size() > kMaxPadToken) {
    ThrowInvalidArgument(absl::StrCat("padding: pad_token has ", options.pad_token.size(),
                                      " bytes; at most ", kMaxPadToken));
  }
  if (options.length) CheckPaddingBytes(static_cast<size_t>(*options.length), options);
}

void CheckTruncation(const TruncationOptions& options, int64_t added) {
  IsLeft("truncation", options.direction);
  CheckLength("truncation", "max_length", options.max_length, 0, kMaxLength);
  CheckLength("truncation", "stride", options.stride, 0, kMaxLength);
  if (options.strategy != "longest_first" && options.strategy != "only_first" &&
      options.strategy != "only_second") {
    ThrowInvalidArgument(absl::StrCat(
        "truncation: strategy is 'longest_first', 'only_first' or 'only_second', not '",
        options.strategy, "'"));
  }
  if (options.max_length > 0 && options.max_length < added) {
    ThrowInvalidArgument(absl::StrCat("truncation: a max_length of ", options.max_length,
                                      " leaves no room for the ", added, " tokens that are added"));
  }
  if (options.stride > 0 && options.stride >= options.max_length - added) {
    ThrowInvalidArgument(absl::StrCat(
        "truncation: a stride of ", options.stride, " is not below max_length, which is ",
        options.max_length - added, " without the tokens that are added"));
  }
}

void TruncateBoth(Encoding& first, Encoding* second, const TruncationOptions& options,
                  int64_t added) {
  const int64_t most = std::max<int64_t>(options.max_length - added, 0);
  const auto pieces = [&](const Encoding& encoding, int64_t length) {
    return CountPieces(encoding.size(), length, options.stride);
  };
  const auto cut = [&](Encoding& encoding, int64_t length) {
    Truncate(encoding, length, options.stride, options.direction);
  };
  auto n1 = static_cast<int64_t>(first.size());
  auto n2 = second != nullptr ? static_cast<int64_t>(second->size()) : 0;
  const int64_t all = n1 + n2;
  const int64_t excess = all - most;
  if (excess <= 0) return;
  if (options.strategy == "longest_first") {
    if (second == nullptr) {
      CheckPieces(pieces(first, most), options.max_length, all);
      return cut(first, most);
    }
    // The shorter one stays whole where both find room by that; else they share it.
    const bool swapped = n1 > n2;
    if (swapped) std::swap(n1, n2);
    n2 = std::max(n1, most - n1);
    if (n1 + n2 > most) {
      n1 = most / 2;
      n2 = n1 + most % 2;
    }
    if (swapped) std::swap(n1, n2);
    CheckPieces(pieces(first, n1) * pieces(*second, n2), options.max_length, all);
    cut(first, n1);
    cut(*second, n2);
    return;
  }
  if (options.strategy == "only_second" && second == nullptr) {
    ThrowInvalidArgument("truncation: the strategy 'only_second' needs a pair of texts");
  }
  Encoding& target = options.strategy == "only_first" ? first : *second;
  const auto length = static_cast<int64_t>(target.size());
  if (length <= excess) {
    ThrowInvalidArgument(absl::StrCat("truncation: '", options.strategy, "' would have to take ",
                                      excess, " tokens from a text of ", length));
  }
  CheckPieces(pieces(target, length - excess), options.max_length, all);
  cut(target, length - excess);
}

}  // namespace internal
}  // namespace neura::data::text
