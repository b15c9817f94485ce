#include "neura/data/text/internal/parts_json.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "neura/data/text/internal/precompiled.h"
#include "neura/data/text/internal/unigram.h"
#include "neura/tensor/core/error.h"

namespace neura::data::text::internal {
namespace {

// As a part that is to be read there.
[[noreturn]] void RefusePart(const Node& node, const char* kind) {
  node.NotHere(absl::StrCat("the ", kind, " '", node.Type(), "' is not supported"));
}

Delimiters DelimitersOf(const Node& node) {
  static constexpr std::pair<const char*, Delimiters> kNames[] = {
      {"Removed", Delimiters::kRemoved},
      {"Isolated", Delimiters::kIsolated},
      {"MergedWithPrevious", Delimiters::kMergedWithPrevious},
      {"MergedWithNext", Delimiters::kMergedWithNext},
      {"Contiguous", Delimiters::kContiguous},
  };
  const std::string name = node.String();
  for (const auto& known : kNames) {
    if (name == known.first) return known.second;
  }
  node.NotHere(absl::StrCat("'", name, "' is not supported"));
}

// How many parts of a type there are in a part.
size_t CountOf(const Json& json, const char* type) {
  size_t count = 0;
  if (json.is_object()) {
    const auto found = json.find("type");
    count += found != json.end() && *found == type;
  }
  if (json.is_structured()) {
    for (const Json& part : json) count += CountOf(part, type);
  }
  return count;
}

// Of a text itself, as a regular expression.
std::string Escaped(const std::string& text) {
  std::string pattern;
  for (const char c : text) {
    // Letters and digits get a meaning by it, all else loses one.
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && IsPunctuation(byte)) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

Regex PatternOf(const Node& node) {
  node.Only({"Regex", "String"});
  const std::optional<Node> regex = node.Find("Regex");
  absl::StatusOr<Regex> compiled =
      Regex::Compile(regex ? regex->String() : Escaped(node.At("String").String()));
  if (absl::IsUnimplemented(compiled.status())) {
    node.NotHere(std::string(compiled.status().message()));
  }
  if (!compiled.ok()) node.Refuse(std::string(compiled.status().message()));
  return *std::move(compiled);
}

PreTokenizer ReadSplit(const Node& node) {
  node.Only({"type", "pattern", "behavior", "invert"});
  const Regex regex = PatternOf(node.At("pattern"));
  const Delimiters delimiters = DelimitersOf(node.At("behavior"));
  const bool invert = node.Bool("invert", false);
  return [=](const AlignedText& text) {
    std::vector<Part> parts = regex.PartsOf(text.text());
    if (invert) {
      for (Part& part : parts) part.matches = !part.matches;
    }
    return text.Cut(std::move(parts), delimiters);
  };
}

Bpe::Merges MergesOf(const Node& node) {
  Bpe::Merges merges;
  for (const Node& merge : node.List()) {
    if (merge.json().is_array()) {
      const std::vector<Node> both = merge.List();
      if (both.size() != 2) merge.Refuse("two tokens are expected");
      merges.emplace_back(both[0].String(), both[1].String());
      continue;
    }
    const std::string text = merge.String();
    const size_t space = text.find(' ');
    if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
      merge.Refuse("two tokens with a space between are expected");
    }
    merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  return merges;
}

std::unique_ptr<const Model> ReadBpe(const Node& node) {
  node.Only({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
             "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  const std::optional<Node> dropout = node.Find("dropout");
  if (dropout && dropout->json() != 0) dropout->NotHere("dropout is not supported");
  BpeOptions options{.continuing_subword_prefix = node.String("continuing_subword_prefix", ""),
                     .end_of_word_suffix = node.String("end_of_word_suffix", ""),
                     .fuse_unk = node.Bool("fuse_unk", false),
                     .byte_fallback = node.Bool("byte_fallback", false),
                     .ignore_merges = node.Bool("ignore_merges", false)};
  if (const std::optional<Node> unknown = node.Find("unk_token")) {
    options.unk_token = unknown->String();
  }
  return std::make_unique<Bpe>(node.At("vocab").Ids(), MergesOf(node.At("merges")),
                               std::move(options));
}

std::unique_ptr<const Model> ReadUnigram(const Node& node) {
  node.Only({"type", "unk_id", "vocab", "byte_fallback"});
  UnigramOptions options{.byte_fallback = node.Bool("byte_fallback", false)};
  if (const std::optional<Node> unknown = node.Find("unk_id")) options.unk_id = unknown->Integer();
  std::vector<std::pair<std::string, double>> vocab;
  for (const Node& token : node.At("vocab").List()) {
    const std::vector<Node> both = token.List();
    if (both.size() != 2 || !both[1].json().is_number()) {
      token.Refuse("a token and its score are expected");
    }
    vocab.emplace_back(both[0].String(), both[1].json().get<double>());
  }
  return std::make_unique<Unigram>(std::move(vocab), options);
}

// A character that is to stand there.
std::string CharacterOf(const Node& node, const char* key, const char* otherwise) {
  const std::string text = node.String(key, otherwise);
  if (CountCharacters(text) != 1 || ToUtf8(text) != text) {
    node.At(key).Refuse("one character is expected");
  }
  return text;
}

Metaspace ReadMetaspace(const Node& node) {
  node.Only({"type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split"});
  Metaspace made{.replacement = CharacterOf(node, "replacement", "\u2581"),
                 .split = node.Bool("split", true)};
  // Older files have but this one.
  if (!node.Bool("add_prefix_space", true)) made.prepend = Metaspace::Prepend::kNever;
  if (const std::optional<Node> scheme = node.Find("prepend_scheme")) {
    const std::string name = scheme->String();
    if (name != "always" && name != "first" && name != "never") {
      scheme->NotHere(absl::StrCat("'", name, "' is not supported"));
    }
    made.prepend = name == "always"  ? Metaspace::Prepend::kAlways
                   : name == "first" ? Metaspace::Prepend::kFirst
                                     : Metaspace::Prepend::kNever;
  }
  return made;
}

std::unique_ptr<const Model> ReadWordPiece(const Node& node) {
  node.Only(
      {"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  WordPieceOptions options{
      .unk_token = node.String("unk_token", "[UNK]"),
      .continuing_subword_prefix = node.String("continuing_subword_prefix", "##"),
      .max_input_chars_per_word = node.Integer("max_input_chars_per_word", 100)};
  if (options.max_input_chars_per_word < 0) {
    node.At("max_input_chars_per_word").Refuse("it is negative");
  }
  return std::make_unique<WordPiece>(node.At("vocab").Ids(), std::move(options));
}

SpecialToken SpecialTokenOf(const Node& node) {
  const std::vector<Node> both = node.List();
  if (both.size() != 2) node.Refuse("a token and its id are expected");
  return {both[1].Integer(), both[0].String()};
}

// {"id": "[CLS]", "ids": [101], "tokens": ["[CLS]"]}
std::vector<SpecialToken> TokensOf(const Node& node) {
  node.Only({"id", "ids", "tokens"});
  const std::vector<Node> ids = node.At("ids").List();
  const std::vector<Node> texts = node.At("tokens").List();
  if (ids.size() != texts.size() || ids.empty()) {
    node.Refuse("as many ids as tokens are expected");
  }
  std::vector<SpecialToken> tokens;
  for (size_t i = 0; i < ids.size(); ++i) tokens.emplace_back(ids[i].Integer(), texts[i].String());
  return tokens;
}

std::vector<Template::Piece> PiecesOf(const Node& node, const Node& special_tokens, bool pair) {
  std::vector<Template::Piece> pieces;
  size_t tokens = 0;
  for (const Node& item : node.List()) {
    item.Only({"Sequence", "SpecialToken"});
    if (const std::optional<Node> sequence = item.Find("Sequence")) {
      sequence->Only({"id", "type_id"});
      const std::string id = sequence->At("id").String();
      if (id != "A" && !(pair && id == "B")) {
        sequence->Refuse(absl::StrCat("there is no sequence '", id, "'"));
      }
      const int64_t number = id == "B";
      if (std::any_of(pieces.begin(), pieces.end(), [&](const Template::Piece& piece) {
            return piece.tokens.empty() && piece.sequence == number;
          })) {
        sequence->Refuse(absl::StrCat("the sequence '", id, "' comes twice"));
      }
      pieces.push_back(
          {.tokens = {}, .sequence = number, .type_id = sequence->Integer("type_id", 0)});
      continue;
    }
    const Node token = item.At("SpecialToken");
    token.Only({"id", "type_id"});
    const std::string id = token.At("id").String();
    const Node tokens_of_id = special_tokens.At(id);
    if (tokens_of_id.At("id").String() != id) {
      tokens_of_id.At("id").Refuse(absl::StrCat("it stands under the key '", id, "'"));
    }
    pieces.push_back({.tokens = TokensOf(tokens_of_id), .type_id = token.Integer("type_id", 0)});
    tokens += pieces.back().tokens.size();
  }
  // Every text gets them.
  if (pieces.size() > 1000 || tokens > 1000) node.Refuse("it has more than 1000 pieces");
  for (int64_t number = 0; number <= pair; ++number) {
    if (std::none_of(pieces.begin(), pieces.end(), [&](const Template::Piece& piece) {
          return piece.tokens.empty() && piece.sequence == number;
        })) {
      node.Refuse(absl::StrCat("the sequence '", number == 0 ? "A" : "B", "' is missing"));
    }
  }
  return pieces;
}

std::unique_ptr<const PostProcessor> ReadTemplate(const Node& node) {
  node.Only({"type", "single", "pair", "special_tokens"});
  const Node tokens = node.At("special_tokens");
  return std::make_unique<Template>(PiecesOf(node.At("single"), tokens, false),
                                    PiecesOf(node.At("pair"), tokens, true));
}

}  // namespace

Normalizer ReadNormalizer(const Node& node) {
  const std::string type = node.Type();
  if (type == "Sequence") {
    node.Only({"type", "normalizers"});
    std::vector<Normalizer> parts;
    for (const Node& part : node.At("normalizers").List()) parts.push_back(ReadNormalizer(part));
    return [parts = std::move(parts)](AlignedText& text) {
      for (const Normalizer& part : parts) part(text);
    };
  }
  if (type == "Replace") {
    node.Only({"type", "pattern", "content"});
    return [regex = PatternOf(node.At("pattern")), content = node.At("content").String()](
               AlignedText& text) { text.Replace(regex.PartsOf(text.text()), content); };
  }
  if (type == "BertNormalizer") {
    node.Only({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
    BertNormalizer made{.clean_text = node.Bool("clean_text", true),
                        .handle_chinese_chars = node.Bool("handle_chinese_chars", true),
                        .lowercase = node.Bool("lowercase", true)};
    if (const std::optional<Node> strip = node.Find("strip_accents")) {
      made.strip_accents = strip->Bool();
    }
    return made;
  }
  if (type == "Precompiled") {
    node.Only({"type", "precompiled_charsmap"});
    std::string charsmap;
    const Node base64 = node.At("precompiled_charsmap");
    if (!absl::Base64Unescape(base64.String(), &charsmap)) base64.Refuse("it is not base64");
    const auto made = std::make_shared<const Precompiled>(charsmap);
    return [made](AlignedText& text) { (*made)(text); };
  }
  if (type == "Prepend") {
    node.Only({"type", "prepend"});
    const std::string prepend = ToUtf8(node.At("prepend").String());
    CheckRepeated("Prepend: prepend", prepend);
    return [prepend](AlignedText& text) { text.Prepend(prepend); };
  }
  if (type == "Strip") {
    node.Only({"type", "strip_left", "strip_right"});
    return Strip{.left = node.Bool("strip_left", true), .right = node.Bool("strip_right", true)};
  }
  static constexpr std::pair<const char*, Form> kForms[] = {
      {"NFC", Form::kNfc}, {"NFD", Form::kNfd}, {"NFKC", Form::kNfkc}, {"NFKD", Form::kNfkd}};
  for (const auto& known : kForms) {
    if (type != known.first) continue;
    node.Only({"type"});
    return [form = known.second](AlignedText& text) { NormalizeForm(text, form); };
  }
  if (type != "Lowercase" && type != "StripAccents") RefusePart(node, "normalizer");
  node.Only({"type"});
  return type == "Lowercase" ? LowercaseText : StripAccents;
}

PreTokenizer ReadPreTokenizer(const Node& node) {
  const std::string type = node.Type();
  if (type == "Sequence") {
    node.Only({"type", "pretokenizers"});
    // Each doubles what the one before has made.
    for (const char* const name : {"ByteLevel", "Metaspace"}) {
      if (CountOf(node.json(), name) > 1) node.NotHere(absl::StrCat(name, " comes more than once"));
    }
    std::vector<PreTokenizer> parts;
    for (const Node& part : node.At("pretokenizers").List()) {
      parts.push_back(ReadPreTokenizer(part));
    }
    return [parts = std::move(parts)](AlignedText text) {
      Words words;
      words.push_back(std::move(text));
      for (const PreTokenizer& part : parts) {
        Words cut;
        for (AlignedText& word : words) {
          if (word.empty()) continue;
          Words more = part(std::move(word));
          cut.insert(cut.end(), std::make_move_iterator(more.begin()),
                     std::make_move_iterator(more.end()));
        }
        words = std::move(cut);
      }
      return words;
    };
  }
  if (type == "Split") return ReadSplit(node);
  if (type == "ByteLevel") {
    node.Only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    absl::StatusOr<ByteLevel> made =
        ByteLevel::Make(node.Bool("add_prefix_space", true), node.Bool("use_regex", true));
    if (!made.ok()) ThrowStatus(made.status());
    return *std::move(made);
  }
  if (type == "Metaspace") return ReadMetaspace(node);
  if (type == "Punctuation") {
    node.Only({"type", "behavior"});
    const std::optional<Node> behavior = node.Find("behavior");
    const Delimiters delimiters = behavior ? DelimitersOf(*behavior) : Delimiters::kIsolated;
    return [=](const AlignedText& text) { return text.CutAt(IsPunctuation, delimiters); };
  }
  if (type == "Digits") {
    node.Only({"type", "individual_digits"});
    const Delimiters delimiters =
        node.Bool("individual_digits", false) ? Delimiters::kIsolated : Delimiters::kContiguous;
    return [=](const AlignedText& text) { return text.CutAt(IsNumber, delimiters); };
  }
  if (type == "WhitespaceSplit") {
    node.Only({"type"});
    return [](const AlignedText& text) { return text.CutAt(IsSpace, Delimiters::kRemoved); };
  }
  if (type != "BertPreTokenizer" && type != "Whitespace") RefusePart(node, "pre-tokenizer");
  node.Only({"type"});
  return type == "BertPreTokenizer" ? SplitBert : SplitWhitespace;
}

std::unique_ptr<const Model> ReadModel(const Node& node) {
  const std::string type = node.Type();
  // Older files do not say it.
  if (type == "BPE" || (type.empty() && node.Find("merges"))) return ReadBpe(node);
  if (type == "WordPiece") return ReadWordPiece(node);
  if (type == "Unigram") return ReadUnigram(node);
  if (type != "WordLevel") RefusePart(node, "model");
  node.Only({"type", "vocab", "unk_token"});
  return std::make_unique<WordLevel>(node.At("vocab").Ids(), node.String("unk_token", "<unk>"));
}

std::unique_ptr<const PostProcessor> ReadPostProcessor(const Node& node) {
  const std::string type = node.Type();
  std::vector<std::unique_ptr<const PostProcessor>> parts;
  if (type == "Sequence") {
    node.Only({"type", "processors"});
    size_t templates = 0;
    for (const char* const name : {"TemplateProcessing", "BertProcessing", "RobertaProcessing"}) {
      templates += CountOf(node.json(), name);
    }
    if (templates > 1) node.NotHere("it adds tokens more than once");
    for (const Node& part : node.At("processors").List()) {
      parts.push_back(ReadPostProcessor(part));
    }
    return std::make_unique<ProcessorSequence>(std::move(parts));
  }
  if (type == "TemplateProcessing") return ReadTemplate(node);
  if (type == "ByteLevel") {
    node.Only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (!node.Bool("trim_offsets", true)) {
      return std::make_unique<ProcessorSequence>(std::move(parts));
    }
    return std::make_unique<TrimOffsets>(node.Bool("add_prefix_space", true));
  }
  if (type == "BertProcessing") {
    node.Only({"type", "sep", "cls"});
    return BertTemplate(SpecialTokenOf(node.At("cls")), SpecialTokenOf(node.At("sep")));
  }
  if (type != "RobertaProcessing") RefusePart(node, "post-processor");
  node.Only({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
  if (node.Bool("trim_offsets", true)) {
    parts.push_back(std::make_unique<TrimOffsets>(node.Bool("add_prefix_space", true)));
  }
  parts.push_back(RobertaTemplate(SpecialTokenOf(node.At("cls")), SpecialTokenOf(node.At("sep"))));
  return std::make_unique<ProcessorSequence>(std::move(parts));
}

Decoder ReadDecoder(const Node& node) {
  const std::string type = node.Type();
  if (type == "ByteLevel") {
    node.Only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    return DecodeByteLevel;
  }
  if (type == "WordPiece") {
    node.Only({"type", "prefix", "cleanup"});
    return WordPieceDecoder{.prefix = node.String("prefix", "##"),
                            .cleanup = node.Bool("cleanup", true)};
  }
  if (type == "Sequence") {
    node.Only({"type", "decoders"});
    std::vector<Decoder> parts;
    for (const Node& part : node.At("decoders").List()) parts.push_back(ReadDecoder(part));
    return [parts = std::move(parts)](Texts tokens) {
      for (const Decoder& part : parts) tokens = part(std::move(tokens));
      return tokens;
    };
  }
  if (type == "Metaspace") return MetaspaceDecoder{ReadMetaspace(node)};
  if (type == "Replace") {
    node.Only({"type", "pattern", "content"});
    const std::string content = ToUtf8(node.At("content").String());
    CheckRepeated("Replace: content", content);
    return [regex = PatternOf(node.At("pattern")), content](Texts tokens) {
      for (std::string& token : tokens) {
        AlignedText text(std::move(token));
        text.Replace(regex.PartsOf(text.text()), content);
        token = text.text();
      }
      return tokens;
    };
  }
  if (type == "Strip") {
    node.Only({"type", "content", "start", "stop"});
    return StripDecoder{.content = CharacterOf(node, "content", " "),
                        .start = node.Integer("start", 0),
                        .stop = node.Integer("stop", 0)};
  }
  if (type == "ByteFallback" || type == "Fuse") {
    node.Only({"type"});
    return type == "Fuse" ? FuseTokens : DecodeByteTokens;
  }
  if (type != "BPEDecoder") RefusePart(node, "decoder");
  node.Only({"type", "suffix"});
  return BpeDecoder{.suffix = node.String("suffix", "</w>")};
}

}  // namespace neura::data::text::internal
