#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/data/lines.h"
#include "neura/data/text/internal/added_vocabulary.h"
#include "neura/data/text/internal/json.h"
#include "neura/data/text/internal/parts_json.h"
#include "neura/data/text/internal/pipeline.h"
#include "neura/data/text/tokenizer.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data::text {

using internal::AddedVocabulary;
using internal::AlignedText;
using internal::Node;
using internal::Pipeline;

namespace internal {

// Makes tokenizers that have their added tokens from the start.
struct Assembly {
  static Tokenizer Make(Pipeline pipeline, std::shared_ptr<const AddedVocabulary> added) {
    Tokenizer made(std::make_shared<const Pipeline>(std::move(pipeline)));
    if (added != nullptr) made.added_ = std::move(added);
    return made;
  }
};

}  // namespace internal

namespace {

using internal::Assembly;

// What `make` makes, or the Error that it throws, as a status.
template <typename Make>
absl::StatusOr<Tokenizer> OrStatus(Make make) {
  try {
    return make();
  } catch (const Error& error) {
    return absl::Status(error.code(), error.message());
  }
}

absl::StatusOr<std::string> ReadText(const ByteSource& source) {
  return ReadAll(source, internal::kMaxJson);
}

// ---- tokenizer.json --------------------------------------------------------------------------

// "Right" and the like, as our options have them.
std::string LowerCased(const Node& node, const char* key, const char* otherwise,
                       std::initializer_list<std::pair<const char*, const char*>> names) {
  const std::optional<Node> found = node.Find(key);
  if (!found) return otherwise;
  const std::string name = found->String();
  for (const auto& known : names) {
    if (name == known.first) return known.second;
  }
  found->NotHere(absl::StrCat("'", name, "' is not supported"));
}

TruncationOptions TruncationOf(const Node& node) {
  node.Only({"direction", "max_length", "strategy", "stride"});
  return {
      .max_length = node.At("max_length").Integer(),
      .stride = node.Integer("stride", 0),
      .strategy = LowerCased(node, "strategy", "longest_first",
                             {{"LongestFirst", "longest_first"},
                              {"OnlyFirst", "only_first"},
                              {"OnlySecond", "only_second"}}),
      .direction = LowerCased(node, "direction", "right", {{"Right", "right"}, {"Left", "left"}})};
}

PaddingOptions PaddingOf(const Node& node) {
  node.Only({"strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token"});
  PaddingOptions options{
      .direction = LowerCased(node, "direction", "right", {{"Right", "right"}, {"Left", "left"}}),
      .pad_id = node.Integer("pad_id", 0),
      .pad_type_id = node.Integer("pad_type_id", 0),
      .pad_token = node.String("pad_token", "[PAD]")};
  if (const std::optional<Node> strategy = node.Find("strategy")) {
    if (strategy->json().is_object()) {
      strategy->Only({"Fixed"});
      options.length = strategy->At("Fixed").Integer();
    } else if (strategy->String() != "BatchLongest") {
      strategy->NotHere(absl::StrCat("'", strategy->String(), "' is not supported"));
    }
  }
  if (const std::optional<Node> multiple = node.Find("pad_to_multiple_of")) {
    options.pad_to_multiple_of = multiple->Integer();
  }
  return options;
}

AddedToken AddedTokenOf(const Node& node) {
  node.Only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  return {.content = node.At("content").String(),
          .single_word = node.Bool("single_word", false),
          .lstrip = node.Bool("lstrip", false),
          .rstrip = node.Bool("rstrip", false),
          .normalized = node.Bool("normalized", true),
          .special = node.Bool("special", false)};
}

Tokenizer MakeTokenizer(std::string_view text) {
  const internal::Json json = internal::ParseJson(text);
  const Node root(json, "");
  root.Only({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
             "post_processor", "decoder", "model"});
  if (root.String("version", "1.0") != "1.0") root.At("version").NotHere("1.0 is expected");
  Pipeline pipeline;
  pipeline.model = internal::ReadModel(root.At("model"));
  if (const std::optional<Node> node = root.Find("normalizer")) {
    pipeline.normalizer = internal::ReadNormalizer(*node);
  }
  if (const std::optional<Node> node = root.Find("pre_tokenizer")) {
    pipeline.pre_tokenizer = internal::ReadPreTokenizer(*node);
  }
  if (const std::optional<Node> node = root.Find("post_processor")) {
    pipeline.post_processor = internal::ReadPostProcessor(*node);
  }
  if (const std::optional<Node> node = root.Find("decoder")) {
    pipeline.decoder = internal::ReadDecoder(*node);
  }
  auto added = std::make_shared<AddedVocabulary>();
  if (const std::optional<Node> node = root.Find("added_tokens")) {
    for (const Node& token : node->List()) {
      try {
        added->AddAs(AddedTokenOf(token), token.At("id").Integer(), pipeline);
      } catch (Error& error) {
        if (!absl::StartsWith(error.message(), node->path())) error.AddContext(token.path());
        throw;
      }
    }
  }
  added->Refresh(pipeline);
  Tokenizer made = Assembly::Make(std::move(pipeline), std::move(added));
  if (const std::optional<Node> node = root.Find("truncation")) {
    made.EnableTruncation(TruncationOf(*node));
  }
  if (const std::optional<Node> node = root.Find("padding")) made.EnablePadding(PaddingOf(*node));
  return made;
}

// ---- vocab.json and merges.txt ---------------------------------------------------------------

internal::Bpe::Merges MergesOf(std::string_view text) {
  internal::Bpe::Merges merges;
  const MemorySource source(text);
  LineReader lines(source);
  for (int64_t number = 1;; ++number) {
    absl::StatusOr<std::optional<std::string>> line = lines.Next();
    if (!line.ok()) ThrowStatus(line.status());
    if (!*line) return merges;
    if (number == 1 && absl::StartsWith(**line, "#version")) continue;
    const size_t space = (*line)->find(' ');
    if (space == std::string::npos || (*line)->find(' ', space + 1) != std::string::npos) {
      // Some files end with an empty line.
      if ((*line)->empty()) continue;
      ThrowInvalidArgument(absl::StrCat("line ", number,
                                        ": two tokens with a space between are expected, not '",
                                        Printable(**line), "'"));
    }
    merges.emplace_back((*line)->substr(0, space), (*line)->substr(space + 1));
  }
}

Tokenizer MakeByteLevelBpe(internal::StringMap<int64_t> ids, const internal::Bpe::Merges& merges,
                           const ByteLevelBpeOptions& options) {
  Pipeline pipeline;
  if (options.lowercase) pipeline.normalizer = internal::LowercaseText;
  absl::StatusOr<internal::ByteLevel> bytes =
      internal::ByteLevel::Make(options.add_prefix_space, /*use_regex=*/true);
  if (!bytes.ok()) ThrowStatus(bytes.status());
  pipeline.pre_tokenizer = *std::move(bytes);
  pipeline.model = std::make_unique<internal::Bpe>(
      std::move(ids), merges, internal::BpeOptions{.unk_token = options.unk_token});
  if (options.trim_offsets) {
    pipeline.post_processor = std::make_unique<internal::TrimOffsets>(options.add_prefix_space);
  }
  pipeline.decoder = internal::DecodeByteLevel;
  return Assembly::Make(std::move(pipeline), nullptr);
}

internal::StringMap<int64_t> IdsOf(std::string_view json) {
  const internal::Json parsed = internal::ParseJson(json);
  return Node(parsed, "").Ids();
}

}  // namespace

absl::StatusOr<Tokenizer> ParseTokenizer(std::string_view json) {
  return OrStatus([&] { return MakeTokenizer(json); });
}

absl::StatusOr<Tokenizer> LoadTokenizer(const std::string& path) {
  return ReadFromFile(path, [](const ByteSource& source) -> absl::StatusOr<Tokenizer> {
    const absl::StatusOr<std::string> text = ReadText(source);
    if (!text.ok()) return text.status();
    return ParseTokenizer(*text);
  });
}

absl::StatusOr<Tokenizer> ParseByteLevelBpe(std::string_view vocab, std::string_view merges,
                                            const ByteLevelBpeOptions& options) {
  return OrStatus([&] { return MakeByteLevelBpe(IdsOf(vocab), MergesOf(merges), options); });
}

absl::StatusOr<Tokenizer> ParseByteLevelBpe(
    std::string_view vocab, const std::vector<std::pair<std::string, std::string>>& merges,
    const ByteLevelBpeOptions& options) {
  return OrStatus([&] { return MakeByteLevelBpe(IdsOf(vocab), merges, options); });
}

absl::StatusOr<Tokenizer> LoadByteLevelBpe(const std::string& vocab, const std::string& merges,
                                           const ByteLevelBpeOptions& options) {
  const absl::StatusOr<std::string> vocab_text = ReadFromFile(vocab, ReadText);
  if (!vocab_text.ok()) return vocab_text.status();
  const absl::StatusOr<std::string> merges_text = ReadFromFile(merges, ReadText);
  if (!merges_text.ok()) return merges_text.status();
  internal::StringMap<int64_t> ids;
  const auto parse_vocab = [&] {
    try {
      ids = IdsOf(*vocab_text);
      return absl::OkStatus();
    } catch (const Error& error) {
      return absl::Status(error.code(), error.message());
    }
  };
  if (const absl::Status status = InFile(vocab, parse_vocab()); !status.ok()) return status;
  absl::StatusOr<Tokenizer> made =
      OrStatus([&] { return MakeByteLevelBpe(std::move(ids), MergesOf(*merges_text), options); });
  if (!made.ok()) return InFile(merges, made.status());
  return made;
}

Tokenizer BertWordPiece(const Vocab& vocab, const BertWordPieceOptions& options) {
  if (options.max_input_chars_per_word < 0) {
    ThrowInvalidArgument(
        absl::StrCat("WordPiece: max_input_chars_per_word is ", options.max_input_chars_per_word));
  }
  Pipeline pipeline;
  pipeline.normalizer =
      internal::BertNormalizer{.clean_text = options.clean_text,
                               .handle_chinese_chars = options.handle_chinese_chars,
                               .strip_accents = options.strip_accents,
                               .lowercase = options.lowercase};
  pipeline.pre_tokenizer = internal::SplitBert;
  pipeline.model = std::make_unique<internal::WordPiece>(
      vocab,
      internal::WordPieceOptions{.unk_token = options.unk_token,
                                 .continuing_subword_prefix = options.wordpieces_prefix,
                                 .max_input_chars_per_word = options.max_input_chars_per_word});
  const std::optional<int64_t> sep = vocab.Find(options.sep_token);
  const std::optional<int64_t> cls = vocab.Find(options.cls_token);
  if (sep && cls) {
    pipeline.post_processor =
        internal::BertTemplate({*cls, options.cls_token}, {*sep, options.sep_token});
  }
  pipeline.decoder = internal::WordPieceDecoder{.prefix = options.wordpieces_prefix};
  std::vector<std::string> special;
  for (const std::string& token : {options.unk_token, options.sep_token, options.cls_token,
                                   options.pad_token, options.mask_token}) {
    if (vocab.Contains(token)) special.push_back(token);
  }
  Tokenizer made = Assembly::Make(std::move(pipeline), nullptr);
  made.AddSpecialTokens(special);
  return made;
}

absl::StatusOr<Tokenizer> LoadBertWordPiece(const std::string& vocab,
                                            const BertWordPieceOptions& options) {
  const absl::StatusOr<Vocab> tokens = LoadVocab(vocab);
  if (!tokens.ok()) return tokens.status();
  absl::StatusOr<Tokenizer> made = OrStatus([&] { return BertWordPiece(*tokens, options); });
  if (!made.ok()) return InFile(vocab, made.status());
  return made;
}

namespace {

void PrepareWords(const WordOptions& options, Pipeline& pipeline) {
  if (options.lowercase) pipeline.normalizer = internal::LowercaseText;
  if (options.split_punctuation) {
    pipeline.pre_tokenizer = internal::SplitBert;
  } else {
    pipeline.pre_tokenizer = [](const AlignedText& text) {
      return text.CutAt(internal::IsSpace, internal::Delimiters::kRemoved);
    };
  }
}

}  // namespace

std::vector<std::string> SplitWords(std::string_view text, const WordOptions& options) {
  Pipeline pipeline;
  PrepareWords(options, pipeline);
  AlignedText whole(internal::ToUtf8(text));
  if (pipeline.normalizer) pipeline.normalizer(whole);
  std::vector<std::string> words;
  for (const AlignedText& word : pipeline.pre_tokenizer(std::move(whole))) {
    if (!word.empty()) words.push_back(word.text());
  }
  return words;
}

Tokenizer WordTokenizer(const Vocab& vocab, const std::string& unk_token,
                        const WordOptions& options) {
  if (!vocab.Contains(unk_token)) {
    ThrowInvalidArgument(absl::StrCat("WordTokenizer: the vocabulary has no '",
                                      Printable(unk_token), "', which stands for unknown words"));
  }
  Pipeline pipeline;
  PrepareWords(options, pipeline);
  pipeline.model = std::make_unique<internal::WordLevel>(vocab, unk_token);
  return Assembly::Make(std::move(pipeline), nullptr);
}

}  // namespace neura::data::text
