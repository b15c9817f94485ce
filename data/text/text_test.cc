// Vocabularies, tokenizers and their files, beside tables worked out by hand.
#include "neura/data/text/text.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/data/dataloader.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::data::text {
namespace {

using neura::testing::CodeOf;
using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string Write(const std::string& name, const std::string& bytes) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path.string();
}

// ---- vocabularies ----------------------------------------------------------------------------

TEST(VocabTest, LooksTokensUp) {
  Vocab vocab({"a", "b"});
  EXPECT_EQ(vocab.size(), 2);
  EXPECT_THAT(vocab.LookupIndices({"b", "a"}), ElementsAre(1, 0));
  EXPECT_THAT(vocab.LookupTokens({1, 1}), ElementsAre("b", "b"));
  EXPECT_THAT(ErrorOf([&] { vocab["c"]; }), HasSubstr("'c' is not here, and no default index"));
  EXPECT_EQ(CodeOf([&] { vocab.LookupToken(2); }), absl::StatusCode::kFailedPrecondition);
  vocab.SetDefaultIndex(1);
  EXPECT_EQ(vocab["c"], 1);
  EXPECT_THAT(ErrorOf([&] { vocab.SetDefaultIndex(2); }), HasSubstr("there are 2 tokens"));
  vocab.InsertToken("z", 0);
  EXPECT_THAT(vocab.LookupIndices({"z", "a", "b"}), ElementsAre(0, 1, 2));
  EXPECT_THAT(ErrorOf([&] { vocab.AppendToken("a"); }), HasSubstr("here already, at 1"));
}

TEST(VocabTest, IsBuiltByFrequency) {
  const std::vector<std::vector<std::string>> texts = {{"b", "a", "c"}, {"a", "d", "b", "a"}};
  EXPECT_THAT(BuildVocabFromIterator(texts).itos(), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(BuildVocabFromIterator(texts, {.min_freq = 2, .specials = {"<unk>"}}).itos(),
              ElementsAre("<unk>", "a", "b"));
  EXPECT_THAT(BuildVocabFromIterator(
                  texts, {.specials = {"d", "<pad>"}, .special_first = false, .max_tokens = 4})
                  .itos(),
              ElementsAre("a", "b", "d", "<pad>"));
  EXPECT_THAT(ErrorOf([&] {
                BuildVocabFromIterator(texts, {.specials = {"x", "y"}, .max_tokens = 1});
              }),
              HasSubstr("max_tokens is 1; 2 are special"));
}

TEST(VocabTest, IsAFile) {
  const std::string path = ::testing::TempDir() + "/vocab.txt";
  SaveVocab(path, Vocab({"[PAD]", "ä", "##b"}));
  const absl::StatusOr<Vocab> vocab = LoadVocab(path);
  ASSERT_TRUE(vocab.ok()) << vocab.status();
  EXPECT_THAT(vocab->itos(), ElementsAre("[PAD]", "ä", "##b"));
  EXPECT_THAT(LoadVocab(Write("twice.txt", "a\nb\na\n")).status().message(),
              AllOf(HasSubstr("twice.txt"), HasSubstr("line 3: the token 'a' stands in line 1")));
  EXPECT_THAT(ParseVocab("a\n\xff\n").status().message(),
              HasSubstr("line 2: '\\xff' is not UTF-8"));
  EXPECT_THAT(ErrorOf([&] { SaveVocab(path, Vocab({"a\nb"})); }), HasSubstr("fit into a line"));
  EXPECT_EQ(LoadVocab("/nowhere/v").status().code(), absl::StatusCode::kNotFound);
}

// ---- WordPiece -------------------------------------------------------------------------------

Vocab BertVocab() {
  return Vocab({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "want",
                "##ed", ",", "the", "##s", "東", "京", "cafe", "a"});
}

TEST(WordPieceTest, TakesTheLongestPieces) {
  const Tokenizer bert = BertWordPiece(BertVocab());
  const Encoding encoding = bert.Encode("UNaffable, wanteds xx");
  EXPECT_THAT(encoding.tokens, ElementsAre("[CLS]", "un", "##aff", "##able", ",", "want", "##ed",
                                           "##s", "[UNK]", "[SEP]"));
  EXPECT_THAT(encoding.ids, ElementsAre(2, 5, 6, 7, 10, 8, 9, 12, 1, 3));
  EXPECT_THAT(encoding.offsets,
              ElementsAre(Pair(0, 0), Pair(0, 2), Pair(2, 5), Pair(5, 9), Pair(9, 10), Pair(11, 15),
                          Pair(15, 17), Pair(17, 18), Pair(19, 21), Pair(0, 0)));
  EXPECT_THAT(encoding.special_tokens_mask, ElementsAre(1, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  EXPECT_THAT(encoding.word_ids, ElementsAre(-1, 0, 0, 0, 1, 2, 2, 2, 3, -1));
  EXPECT_EQ(bert.Decode(encoding.ids), "unaffable, wanteds");
  EXPECT_EQ(bert.Decode(encoding.ids, false), "[CLS] unaffable, wanteds [UNK] [SEP]");
}

TEST(WordPieceTest, TokensHaveALimit) {
  EXPECT_THAT(ErrorOf([] {
                BertWordPiece(Vocab({"[UNK]", std::string(5000, 'a')}));
              }),
              HasSubstr("a token of 5000 bytes"));
}

TEST(WordPieceTest, ChineseCharactersAndAccents) {
  const Tokenizer bert = BertWordPiece(BertVocab());
  const Encoding encoding = bert.Encode("東京 CAF\u00c9\u0007", {.characters = true});
  EXPECT_THAT(encoding.tokens, ElementsAre("[CLS]", "東", "京", "cafe", "[SEP]"));
  EXPECT_THAT(encoding.offsets,
              ElementsAre(Pair(0, 0), Pair(0, 1), Pair(1, 2), Pair(3, 7), Pair(0, 0)));
  // In bytes: an ideograph has three, É two.
  EXPECT_THAT(bert.Encode("東京 CAFÉ").offsets[3], Pair(7, 12));
  EXPECT_THAT(BertWordPiece(BertVocab(), {.strip_accents = false}).Encode("café").tokens[1],
              "[UNK]");
  EXPECT_THAT(BertWordPiece(BertVocab(), {.max_input_chars_per_word = 3}).Encode("want").tokens[1],
              "[UNK]");
}

TEST(WordPieceTest, PairsTruncationAndPadding) {
  Tokenizer bert = BertWordPiece(BertVocab());
  const Encoding pair = bert.EncodePair("want", "un a");
  EXPECT_THAT(pair.tokens, ElementsAre("[CLS]", "want", "[SEP]", "un", "a", "[SEP]"));
  EXPECT_THAT(pair.type_ids, ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(pair.sequence_ids, ElementsAre(-1, 0, -1, 1, 1, -1));
  EXPECT_THAT(bert.EncodePair("want", "un a", {.add_special_tokens = false}).tokens,
              ElementsAre("want", "un", "a"));

  bert.EnableTruncation({.max_length = 4, .stride = 1});
  const Encoding cut = bert.Encode("a un want a");
  EXPECT_THAT(cut.tokens, ElementsAre("[CLS]", "a", "un", "[SEP]"));
  ASSERT_EQ(cut.overflowing.size(), 2);
  EXPECT_THAT(cut.overflowing[0].tokens, ElementsAre("[CLS]", "un", "want", "[SEP]"));
  EXPECT_THAT(cut.overflowing[1].tokens, ElementsAre("[CLS]", "want", "a", "[SEP]"));
  bert.EnableTruncation({.max_length = 4, .direction = "left"});
  EXPECT_THAT(bert.Encode("a un want").tokens, ElementsAre("[CLS]", "un", "want", "[SEP]"));
  bert.EnableTruncation({.max_length = 7});
  EXPECT_THAT(bert.EncodePair("a un want", "a").tokens,
              ElementsAre("[CLS]", "a", "un", "want", "[SEP]", "a", "[SEP]"));
  EXPECT_THAT(bert.EncodePair("a un want", "a un want").tokens,
              ElementsAre("[CLS]", "a", "un", "[SEP]", "a", "un", "[SEP]"));
  bert.EnableTruncation({.max_length = 5, .strategy = "only_first"});
  EXPECT_THAT(ErrorOf([&] { bert.EncodePair("a", "a un want"); }),
              HasSubstr("'only_first' would have to take 2 tokens from a text of 1"));
  EXPECT_THAT(ErrorOf([&] { bert.EnableTruncation({.max_length = 1}); }),
              HasSubstr("no room for the 2 tokens"));
  EXPECT_THAT(ErrorOf([&] { bert.EnableTruncation({.max_length = 4, .stride = 2}); }),
              HasSubstr("a stride of 2 is not below max_length, which is 2"));
  bert.NoTruncation();

  bert.EnablePadding({.pad_to_multiple_of = 4});
  const std::vector<Encoding> batch = bert.EncodeBatch({"a", "a un want"});
  EXPECT_THAT(batch[0].tokens,
              ElementsAre("[CLS]", "a", "[SEP]", "[PAD]", "[PAD]", "[PAD]", "[PAD]", "[PAD]"));
  EXPECT_THAT(batch[0].attention_mask, ElementsAre(1, 1, 1, 0, 0, 0, 0, 0));
  bert.EnablePadding({.direction = "left", .length = 4});
  EXPECT_THAT(bert.Encode("a").ids, ElementsAre(0, 2, 16, 3));
  EXPECT_THAT(ErrorOf([&] { bert.EnablePadding({.direction = "up"}); }),
              HasSubstr("'left' or 'right', not 'up'"));
}

TEST(WordPieceTest, MakesTensorsOfBatches) {
  Tokenizer bert = BertWordPiece(BertVocab());
  EXPECT_THAT(ErrorOf([&] {
                bert({"a", "a a"});
              }),
              HasSubstr("with 3 and with 4 tokens is no tensor: enable padding"));
  bert.EnablePadding();
  const EncodedBatch batch = bert({"a", "a a"});
  EXPECT_EQ(batch.input_ids.dtype(), kInt64);
  EXPECT_THAT(batch.input_ids.shape(), ElementsAre(2, 4));
  EXPECT_THAT(Values<int64_t>(batch.input_ids), ElementsAre(2, 16, 3, 0, 2, 16, 16, 3));
  EXPECT_THAT(Values<int64_t>(batch.attention_mask), ElementsAre(1, 1, 1, 0, 1, 1, 1, 1));
  EXPECT_THAT(ErrorOf([&] { ToTensors({}); }), HasSubstr("at least one"));
}

struct Texts {
  int64_t size() const { return 3; }
  std::string Get(int64_t index) const { return std::string(static_cast<size_t>(index) + 1, 'a'); }
};

TEST(WordPieceTest, CollatesForALoader) {
  Tokenizer bert = BertWordPiece(BertVocab());
  bert.EnablePadding();
  DataLoader loader(Texts(), {.batch_size = 2}, bert);
  std::vector<int64_t> rows;
  for (const EncodedBatch& batch : loader) rows.push_back(batch.input_ids.size(0));
  EXPECT_THAT(rows, ElementsAre(2, 1));
}

// ---- byte pair encoding ----------------------------------------------------------------------

constexpr char kBpeVocab[] = R"({"h":0,"e":1,"l":2,"o":3,"Ġ":4,"w":5,"r":6,"d":7,"he":8,"ll":9,
    "hell":10,"hello":11,"Ġw":12,"Ġwo":13,"rl":14,"Ã":15,"©":16,"<|endoftext|>":17})";
constexpr char kBpeMerges[] = "#version: 0.2\nh e\nl l\nhe ll\nhell o\nĠ w\nĠw o\nr l\n";

TEST(BpeTest, MergesInTheOrderOfTheFile) {
  const auto made = ParseByteLevelBpe(kBpeVocab, kBpeMerges);
  ASSERT_TRUE(made.ok()) << made.status();
  Tokenizer bpe = *made;
  const Encoding encoding = bpe.Encode("hello world");
  EXPECT_THAT(encoding.tokens, ElementsAre("hello", "Ġwo", "rl", "d"));
  EXPECT_THAT(encoding.offsets, ElementsAre(Pair(0, 5), Pair(5, 8), Pair(8, 10), Pair(10, 11)));
  EXPECT_EQ(bpe.Decode(encoding.ids), "hello world");
  // Both bytes of é are tokens of the whole character.
  const Encoding accent = bpe.Encode("eé");
  EXPECT_THAT(accent.tokens, ElementsAre("e", "Ã", "©"));
  EXPECT_THAT(accent.offsets, ElementsAre(Pair(0, 1), Pair(1, 3), Pair(1, 3)));
  EXPECT_EQ(bpe.Decode(accent.ids), "eé");
  EXPECT_EQ(bpe.Decode({15}), "\ufffd");
  EXPECT_THAT(bpe.PreTokenize("he'll  do"),
              ElementsAre(Pair("he", Pair(0, 2)), Pair("'ll", Pair(2, 5)), Pair("Ġ", Pair(5, 6)),
                          Pair("Ġdo", Pair(6, 9))));
  EXPECT_EQ(bpe.AddSpecialTokens({"<|endoftext|>", "<new>"}), 2);
  EXPECT_EQ(bpe.TokenToId("<new>"), 18);
  EXPECT_THAT(bpe.Encode("he<|endoftext|>he").ids, ElementsAre(8, 17, 8));
  EXPECT_EQ(bpe.GetVocabSize(), 19);
  EXPECT_EQ(bpe.GetVocabSize(false), 18);
}

TEST(BpeTest, LongWordsTakeNoSquares) {
  const auto bpe = ParseByteLevelBpe(kBpeVocab, kBpeMerges);
  ASSERT_TRUE(bpe.ok());
  EXPECT_EQ(bpe->Encode(std::string(1 << 20, 'l')).size(), 1 << 19);
}

TEST(BpeTest, MergesMayBePairs) {
  using Merges = std::vector<std::pair<std::string, std::string>>;
  const std::string vocab = R"({"a":0,"b\na b":1,"ab\na b":2,"#version":3,"s":4,"#versions":5})";
  const auto bpe = ParseByteLevelBpe(vocab, Merges{{"a", "b\na b"}, {"#version", "s"}});
  EXPECT_TRUE(bpe.ok()) << bpe.status();
  EXPECT_THAT(ParseByteLevelBpe(vocab, Merges{{"#version", "a"}}).status().message(),
              HasSubstr("merge 1 ('#version' and 'a'): '#versiona' is not in the vocabulary"));
}

TEST(BpeTest, OnlyTheFirstLineIsAVersion) {
  const std::string vocab = R"({"#version":0,"s":1,"#versions":2})";
  EXPECT_TRUE(ParseByteLevelBpe(vocab, "#version: 0.2\n#version s\n").ok());
  const auto lost = ParseByteLevelBpe(R"({"#version":0,"s":1})", "#version: 0.2\n#version s\n");
  EXPECT_THAT(lost.status().message(), HasSubstr("'#versions' is not in the vocabulary"));
}

TEST(BpeTest, PrefixSpaceAndTrimmedOffsets) {
  const auto bpe =
      ParseByteLevelBpe(kBpeVocab, kBpeMerges, {.add_prefix_space = true, .trim_offsets = true});
  ASSERT_TRUE(bpe.ok());
  const Encoding encoding = bpe->Encode("wo wo");
  EXPECT_THAT(encoding.tokens, ElementsAre("Ġwo", "Ġwo"));
  EXPECT_THAT(encoding.offsets, ElementsAre(Pair(0, 2), Pair(3, 5)));
}

TEST(BpeTest, ErrorsNameFileAndLine) {
  const std::string vocab = Write("vocab.json", kBpeVocab);
  const auto error = [&](const std::string& merges) {
    return std::string(LoadByteLevelBpe(vocab, Write("merges.txt", merges)).status().message());
  };
  EXPECT_EQ(error(kBpeMerges), "");
  EXPECT_THAT(error("h e\nh\n"), AllOf(HasSubstr("merges.txt"), HasSubstr("line 2: two tokens")));
  EXPECT_THAT(error("h d\n"), HasSubstr("merge 1 ('h' and 'd'): 'hd' is not in the vocabulary"));
  const std::string no_ids = Write("ids.json", R"({"a":0,"b":0})");
  EXPECT_THAT(LoadByteLevelBpe(no_ids, Write("none.txt", "")).status().message(),
              HasSubstr("'a' and 'b' both have the id 0"));
  EXPECT_THAT(LoadByteLevelBpe(Write("deep.json", std::string(100, '[')), vocab).status().message(),
              AllOf(HasSubstr("deep.json"), HasSubstr("nested deeper")));
}

// ---- tokenizer.json --------------------------------------------------------------------------

std::string Json(const std::string& parts, const std::string& model = R"({"type":"WordLevel",
    "unk_token":"?","vocab":{"?":0,"a":1,"b":2,".":3,"ab":4,"1":5}})") {
  return absl::StrCat("{\"version\":\"1.0\",\"model\":", model, parts.empty() ? "" : ",", parts,
                      "}");
}

std::vector<std::string> TokensOf(const std::string& parts, std::string_view text) {
  const auto made = ParseTokenizer(Json(parts));
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? made->Encode(text).tokens : std::vector<std::string>();
}

TEST(TokenizerJsonTest, PartsCutAndChange) {
  const std::string split =
      R"("pre_tokenizer":{"type":"Split","pattern":{"String":"."},"behavior":)";
  EXPECT_THAT(TokensOf(R"("pre_tokenizer":{"type":"Whitespace"})", "a b.a"),
              ElementsAre("a", "b", ".", "a"));
  EXPECT_THAT(TokensOf(R"("pre_tokenizer":{"type":"WhitespaceSplit"})", "a b.a"),
              ElementsAre("a", "?"));
  EXPECT_THAT(TokensOf(split + R"("Isolated"})", "a.b"), ElementsAre("a", ".", "b"));
  EXPECT_THAT(TokensOf(split + R"("Removed"})", "a.b"), ElementsAre("a", "b"));
  EXPECT_THAT(TokensOf(split + R"("MergedWithPrevious"})", "a.b"), ElementsAre("?", "b"));
  EXPECT_THAT(TokensOf(split + R"("MergedWithNext"})", "a.b"), ElementsAre("a", "?"));
  EXPECT_THAT(TokensOf(split + R"("Removed","invert":true})", "a.b"), ElementsAre("."));
  EXPECT_THAT(TokensOf(R"("normalizer":{"type":"Sequence","normalizers":[{"type":"NFD"},
      {"type":"StripAccents"},{"type":"Lowercase"}]})",
                       "Á"),
              ElementsAre("a"));
  EXPECT_THAT(TokensOf(R"("pre_tokenizer":{"type":"Sequence","pretokenizers":[
      {"type":"Digits","individual_digits":true},{"type":"Punctuation"}]})",
                       "a1.1"),
              ElementsAre("a", "1", ".", "1"));
  EXPECT_THAT(TokensOf(R"("post_processor":{"type":"TemplateProcessing","single":[
      {"SpecialToken":{"id":"?","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[
      {"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
      "special_tokens":{"?":{"id":"?","ids":[0],"tokens":["?"]}}})",
                       "a"),
              ElementsAre("?", "a"));
}

TEST(TokenizerJsonTest, ReplacedTextStandsWhereItWas) {
  const auto made = ParseTokenizer(
      Json(R"("normalizer":{"type":"Replace","pattern":{"Regex":"\\s+"},"content":"."},
              "pre_tokenizer":{"type":"Punctuation"})"));
  ASSERT_TRUE(made.ok()) << made.status();
  const Encoding encoding = made->Encode("a \t b");
  EXPECT_THAT(encoding.tokens, ElementsAre("a", ".", "b"));
  EXPECT_THAT(encoding.offsets, ElementsAre(Pair(0, 1), Pair(3, 4), Pair(4, 5)));
  const std::string twice = R"({"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaa"})";
  const auto grows =
      ParseTokenizer(Json(absl::StrCat(R"("normalizer":{"type":"Sequence","normalizers":[)", twice,
                                       ",", twice, ",", twice, ",", twice, ",", twice, "]}")));
  EXPECT_THAT(ErrorOf([&] { grows->Encode("aa"); }), HasSubstr("grows out of proportion"));
}

TEST(TokenizerJsonTest, AddedTokens) {
  const std::string tokens = R"("added_tokens":[
      {"id":7,"content":"<m>","lstrip":true,"rstrip":true,"normalized":false,"special":true},
      {"id":8,"content":"b","single_word":true}],"pre_tokenizer":{"type":"WhitespaceSplit"})";
  const auto made = ParseTokenizer(Json(tokens));
  ASSERT_THAT(made.status().message(),
              HasSubstr("added_tokens[1]: the added token 'b' has the id 8"));
  const auto fits =
      ParseTokenizer(Json(absl::StrCat(tokens.substr(0, tokens.find("\"id\":8")), "\"id\":2",
                                       tokens.substr(tokens.find("8,") + 1))));
  ASSERT_TRUE(fits.ok()) << fits.status();
  const Encoding encoding = fits->Encode("a <m> a b ab");
  EXPECT_THAT(encoding.ids, ElementsAre(1, 7, 1, 2, 4));
  EXPECT_THAT(encoding.offsets[1], Pair(1, 6));
  EXPECT_EQ(fits->Decode(encoding.ids), "a a b ab");
}

TEST(TokenizerJsonTest, ErrorsNameWhatIsWrong) {
  const auto error = [](const std::string& json) {
    const absl::Status status = ParseTokenizer(json).status();
    return absl::StrCat(absl::StatusCodeToString(status.code()), " ", status.message());
  };
  EXPECT_THAT(error("{"), HasSubstr("INVALID_ARGUMENT JSON"));
  EXPECT_THAT(error("{}"), HasSubstr("the file: it has no 'model'"));
  EXPECT_THAT(error(Json(R"("speed":1)")), HasSubstr("UNIMPLEMENTED the file: the option 'speed'"));
  EXPECT_THAT(error(Json(R"("model":{})")), HasSubstr("the key 'model' comes twice"));
  EXPECT_THAT(error(Json("", R"({"type":"Unigram"})")), HasSubstr("model: it has no 'vocab'"));
  EXPECT_THAT(error(Json("", R"({"type":"BPE","vocab":{"a":0},"merges":["a"]})")),
              HasSubstr("model.merges[0]: two tokens"));
  EXPECT_THAT(error(Json("", R"({"type":"BPE","dropout":0.1,"vocab":{},"merges":[]})")),
              HasSubstr("model.dropout: dropout is not supported"));
  EXPECT_THAT(error(Json("", R"({"type":"BPE","vocab":{"a":"b"},"merges":[]})")),
              HasSubstr("model.vocab: the id of 'a' is string"));
  EXPECT_THAT(error(Json(R"("normalizer":{"type":"Precompiled"})")),
              HasSubstr("normalizer: it has no 'precompiled_charsmap'"));
  EXPECT_THAT(error(Json(R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Nmt"}]})")),
              HasSubstr("normalizer.normalizers[0]: the normalizer 'Nmt'"));
  EXPECT_THAT(error(Json(R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},)"
                         R"("behavior":"Removed"})")),
              HasSubstr("pre_tokenizer.pattern: the regular expression '(': missing"));
  EXPECT_THAT(error(Json(R"("decoder":{"type":"ByteLevel","shape":2})")),
              HasSubstr("decoder: the option 'shape'"));
  EXPECT_THAT(error(Json(R"("padding":{"strategy":{"Fixed":99999999999}})")),
              HasSubstr("padding: length is from 0 to 1048576"));
  EXPECT_THAT(LoadTokenizer(Write("bad.json", "[]")).status().message(),
              AllOf(HasSubstr("bad.json"), HasSubstr("an object is expected, not array")));
}

std::string ByteVocab() {
  std::string vocab = "\"a\":256";
  for (int byte = 0; byte < 256; ++byte) {
    absl::StrAppend(&vocab, absl::StrFormat(",\"<0x%02X>\":%d", byte, byte));
  }
  return absl::StrCat("{", vocab, "}");
}

TEST(TokenizerJsonTest, BytesFallBackWithoutAffixes) {
  const auto parse = [](const std::string& options) {
    return ParseTokenizer(Json("", absl::StrCat(R"({"type":"BPE","byte_fallback":true,)", options,
                                                R"("vocab":)", ByteVocab(), R"(,"merges":[]})")));
  };
  const auto made = parse("");
  ASSERT_TRUE(made.ok()) << made.status();
  const Encoding encoding = made->Encode("aé");
  EXPECT_THAT(encoding.tokens, ElementsAre("a", "<0xC3>", "<0xA9>"));
  EXPECT_THAT(encoding.offsets, ElementsAre(Pair(0, 1), Pair(1, 3), Pair(1, 3)));
  for (const char* const affix :
       {R"("end_of_word_suffix":"</w>",)", R"("continuing_subword_prefix":"##",)"}) {
    const absl::Status status = parse(affix).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << affix;
    EXPECT_THAT(status.message(), HasSubstr("byte_fallback is not supported together with"));
  }
}

// Scores are logarithms: "ab" is better than "a" and "b" together, and "abc" is less than "ab",
// "c".
constexpr char kUnigram[] = R"("vocab":[["?",0],["\u2581",-2],["a",-2],["b",-3],["ab",-3],
    ["c",-1],["abc",-4.5],["\u2581a",-2.5],["<0xC3>",-9],["<0xA9>",-9]])";

TEST(TokenizerJsonTest, UnigramFindsTheBestWay) {
  const auto parse = [](const std::string& options) {
    return ParseTokenizer(
        Json(R"("pre_tokenizer":{"type":"Metaspace"},"decoder":{"type":"Metaspace"})",
             absl::StrCat(R"({"type":"Unigram",)", options, kUnigram, "}")));
  };
  const auto made = parse(R"("unk_id":0,)");
  ASSERT_TRUE(made.ok()) << made.status();
  Encoding encoding = made->Encode("abc a");
  EXPECT_THAT(encoding.tokens, ElementsAre("\u2581", "ab", "c", "\u2581a"));
  EXPECT_THAT(encoding.offsets, ElementsAre(Pair(0, 1), Pair(0, 2), Pair(2, 3), Pair(3, 5)));
  EXPECT_THAT(encoding.word_ids, ElementsAre(0, 0, 0, 1));
  EXPECT_EQ(made->Decode(encoding.ids), "abc a");
  // Unknown neighbours are one token, which shows what it was.
  encoding = made->Encode("azéb");
  EXPECT_THAT(encoding.tokens, ElementsAre("\u2581a", "zé", "b"));
  EXPECT_THAT(encoding.ids, ElementsAre(7, 0, 3));
  const auto bytes = parse(R"("unk_id":0,"byte_fallback":true,)");
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  encoding = bytes->Encode("aéz");
  EXPECT_THAT(encoding.tokens, ElementsAre("\u2581a", "éz"));
  encoding = bytes->Encode("aéb");
  EXPECT_THAT(encoding.tokens, ElementsAre("\u2581a", "<0xC3>", "<0xA9>", "b"));
  EXPECT_THAT(encoding.offsets, ElementsAre(Pair(0, 1), Pair(1, 3), Pair(1, 3), Pair(3, 4)));
  const auto strict = parse("");
  ASSERT_TRUE(strict.ok()) << strict.status();
  EXPECT_THAT(ErrorOf([&] { strict->Encode("z"); }), HasSubstr("a character is unknown"));
  EXPECT_THAT(parse(R"("unk_id":10,)").status().message(), HasSubstr("none of 10 tokens"));
}

TEST(TokenizerJsonTest, DecodersFollowEachOther) {
  const auto made = ParseTokenizer(
      Json(R"("decoder":{"type":"Sequence","decoders":[
                {"type":"Replace","pattern":{"String":"\u2581"},"content":" "},
                {"type":"ByteFallback"},{"type":"Fuse"},
                {"type":"Strip","content":" ","start":1,"stop":0}]})",
           R"({"type":"WordLevel","unk_token":"?","vocab":{"?":0,"\u2581a":1,"<0xC3>":2,
               "<0xA9>":3,"b":4}})"));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->Decode({1, 2, 3, 1, 4}), "aé ab");
  // What is no character is one U+FFFD for each byte.
  EXPECT_EQ(made->Decode({4, 2, 2}), "b\ufffd\ufffd");
}

TEST(TokenizerJsonTest, FlagsHoldToTheEndOfTheirGroup) {
  const auto cut = [](const std::string& pattern, std::string_view text) {
    return TokensOf(
        absl::StrCat(R"("pre_tokenizer":{"type":"Split","behavior":"Removed","pattern":{"Regex":")",
                     pattern, R"("}})"),
        text);
  };
  // a(?i:b|c): "aB" and "ac" match, "b" and "c" alone do not.
  EXPECT_THAT(cut("a(?i)b|c", "1aB1"), ElementsAre("1", "1"));
  EXPECT_THAT(cut("a(?i)b|c", "1ac1"), ElementsAre("1", "1"));
  EXPECT_THAT(cut("a(?i)b|c", "b"), ElementsAre("b"));
  EXPECT_THAT(cut("(x(?i)b|c)d", "1xCd1"), ElementsAre("1", "1"));
}

std::string TemplateJson(const std::string& single, const std::string& pair,
                         const std::string& special_tokens = "") {
  return absl::StrCat(R"({"type":"TemplateProcessing","single":[)", single, R"(],"pair":[)", pair,
                      R"(],"special_tokens":{)", special_tokens, "}}");
}

constexpr char kA[] = R"({"Sequence":{"id":"A","type_id":0}})";
constexpr char kB[] = R"({"Sequence":{"id":"B","type_id":1}})";

TEST(TokenizerJsonTest, TemplatesHaveEachTextOnce) {
  const auto error = [](const std::string& processor) {
    return std::string(
        ParseTokenizer(Json(absl::StrCat("\"post_processor\":", processor))).status().message());
  };
  const std::string both = absl::StrCat(kA, ",", kB);
  EXPECT_EQ(error(TemplateJson(kA, both)), "");
  EXPECT_THAT(error(TemplateJson("", both)),
              HasSubstr("post_processor.single: the sequence 'A' is missing"));
  EXPECT_THAT(error(TemplateJson(kA, kA)),
              HasSubstr("post_processor.pair: the sequence 'B' is missing"));
  EXPECT_THAT(error(TemplateJson(kA, kB)),
              HasSubstr("post_processor.pair: the sequence 'A' is missing"));
  const std::string two =
      absl::StrCat(R"({"type":"Sequence","processors":[)", TemplateJson(kA, both), ",",
                   R"({"type":"Sequence","processors":[)", TemplateJson(kA, both), "]}]}");
  EXPECT_THAT(error(two), HasSubstr("post_processor: it adds tokens more than once"));
}

TEST(TokenizerJsonTest, SpecialTokensOfTemplatesAreThoseOfTheirNames) {
  const auto error = [](const std::string& key, const std::string& id) {
    const std::string single = absl::StrCat(R"({"SpecialToken":{"id":"?\u0000x"}},)", kA);
    const std::string tokens =
        absl::StrCat("\"", key, R"(":{"id":")", id, R"(","ids":[0],"tokens":["?"]})");
    const std::string pair = absl::StrCat(kA, ",", kB);
    return std::string(ParseTokenizer(Json(absl::StrCat("\"post_processor\":",
                                                        TemplateJson(single, pair, tokens))))
                           .status()
                           .message());
  };
  EXPECT_EQ(error(R"(?\u0000x)", R"(?\u0000x)"), "");
  EXPECT_THAT(error("?", "?"), HasSubstr("it has no '?"));
  EXPECT_THAT(error(R"(?\u0000x)", "?"), HasSubstr("it stands under the key '?"));
}

TEST(TokenizerJsonTest, TokensOfEachPositionHaveALimit) {
  const std::string large(2000, 'x');
  const auto error = [](const std::string& parts, const std::string& model) {
    return std::string(
        ParseTokenizer(model.empty() ? Json(parts) : Json(parts, model)).status().message());
  };
  EXPECT_THAT(
      error(absl::StrCat(R"("padding":{"strategy":{"Fixed":1048576},"pad_token":")", large, "\"}"),
            ""),
      HasSubstr("padding: 1048576 tokens of 2000 bytes for a text take more than 256 MiB"));
  EXPECT_THAT(error(absl::StrCat(R"("padding":{"pad_token":")", large, large, large, "\"}"), ""),
              HasSubstr("padding: pad_token has 6000 bytes"));
  EXPECT_THAT(
      error("", absl::StrCat(R"({"type":"WordLevel","vocab":{"a":0},"unk_token":")", large, "\"}")),
      HasSubstr("unk_token has 2000 bytes; at most 256"));
  EXPECT_THAT(error("", absl::StrCat(R"({"type":"BPE","vocab":{"a":0},"merges":[],)",
                                     R"("end_of_word_suffix":")", large, "\"}")),
              HasSubstr("end_of_word_suffix has 2000 bytes; at most 256"));
  EXPECT_THAT(error(absl::StrCat(R"("post_processor":{"type":"BertProcessing","cls":["a",1],)",
                                 R"("sep":[")", large, "\",2]}"),
                    ""),
              HasSubstr("a token that is added to texts has 2000 bytes"));
  // Pieces that overflow are padded, too.
  auto made = ParseTokenizer(Json(R"("pre_tokenizer":{"type":"WhitespaceSplit"})"));
  ASSERT_TRUE(made.ok()) << made.status();
  made->EnableTruncation({.max_length = 1});
  made->EnablePadding({.length = 1 << 20});
  EXPECT_EQ(made->Encode("a").size(), 1 << 20);
  EXPECT_THAT(ErrorOf([&] { made->Encode("a b a b"); }), HasSubstr("more than 256 MiB"));
}

TEST(TokenizerJsonTest, WhatOverflowsHasALimit) {
  auto made = ParseTokenizer(Json(R"("pre_tokenizer":{"type":"WhitespaceSplit"})"));
  ASSERT_TRUE(made.ok()) << made.status();
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "a ";
  made->EnableTruncation({.max_length = 1500, .stride = 1499});
  EXPECT_THAT(ErrorOf([&] { made->Encode(text); }),
              HasSubstr("truncation: 1501 pieces of 1500 tokens overflow of 3000"));
  made->EnableTruncation({.max_length = 1500, .stride = 1498});
  EXPECT_THAT(ErrorOf([&] { made->EncodePair("a", text); }), HasSubstr("out of proportion"));
  made->EnableTruncation({.max_length = 1500, .stride = 1400});
  EXPECT_EQ(made->Encode(text).overflowing.size(), 15);
  made->EnableTruncation({.max_length = 20});
  EXPECT_THAT(ErrorOf([&] { made->EncodePair(text, text); }),
              HasSubstr("truncation: 90000 pieces of 20 tokens overflow of 6000"));
  Encoding long_one;
  made->NoTruncation();
  long_one = made->Encode(text);
  EXPECT_THAT(ErrorOf([&] { Truncate(long_one, 1500, 1499); }), HasSubstr("out of proportion"));
}

TEST(TokenizerJsonTest, PiecesOfAPairStandBesideEachOther) {
  auto made = ParseTokenizer(Json(R"("pre_tokenizer":{"type":"WhitespaceSplit"})"));
  ASSERT_TRUE(made.ok()) << made.status();
  made->EnableTruncation({.max_length = 2});
  const Encoding pair = made->EncodePair("a b", "1 .");
  EXPECT_THAT(pair.tokens, ElementsAre("a", "1"));
  ASSERT_EQ(pair.overflowing.size(), 3);
  EXPECT_THAT(pair.overflowing[0].tokens, ElementsAre("b", "1"));
  EXPECT_THAT(pair.overflowing[1].tokens, ElementsAre("b", "."));
  EXPECT_THAT(pair.overflowing[2].tokens, ElementsAre("a", "."));
}

std::string SplitJson(const std::string& regex) {
  return Json(absl::StrCat(R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":")", regex,
                           R"("},"behavior":"Removed"})"));
}

TEST(TokenizerJsonTest, RegularExpressionsAreThoseThatBothSidesUnderstand) {
  for (const char* const regex : {"(?m).", "a(?s:.)", "(?i-m:a)", "(?^)a", "(?J)a", "(?xx)[a b]",
                                  "(*F)", "(*UTF)a", "a(*SKIP)", "(?x)#[\\n(?m).", "\\\\Qa\\\\E"}) {
    const absl::Status status = ParseTokenizer(SplitJson(regex)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << regex << status;
    EXPECT_THAT(status.message(), HasSubstr("is not supported")) << regex;
  }
  EXPECT_THAT(ParseTokenizer(SplitJson("(?m).")).status().message(),
              HasSubstr("pre_tokenizer.pattern: the regular expression '(?m).': the flag 'm'"));
  for (const char* const regex : {"(?i)a", "(?ix: a )", "(?-i:a)", "(?i:'s|'t)|(?:a)", "(?=a)",
                                  "(?!a)(?<=b)(?<!c)(?>d)", "(?<name>a)", "[(?m)]", "[^](?m)]",
                                  "[[:alpha:](*F)]", "\\\\((?#(?m)[\\\\]](?#m)", "#(x)#"}) {
    const auto made = ParseTokenizer(SplitJson(regex));
    EXPECT_TRUE(made.ok()) << regex << made.status();
  }
}

TEST(TokenizerJsonTest, RegularExpressionsHaveLimitsForAText) {
  // Each of many matches takes few steps enough for itself.
  const auto made = ParseTokenizer(SplitJson("(?:(a+)+c|a{18}b)"));
  ASSERT_TRUE(made.ok()) << made.status();
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::string(18, 'a') + "b";
  EXPECT_THAT(ErrorOf([&] { made->Encode(text); }), HasSubstr("match limit exceeded"));
  // So does passing over all of a text from each of its bytes.
  const auto scans = ParseTokenizer(SplitJson("a+[bc]"));
  ASSERT_TRUE(scans.ok()) << scans.status();
  EXPECT_THAT(ErrorOf([&] { scans->Encode(std::string(1 << 18, 'a')); }),
              HasSubstr("match limit exceeded"));
}

TEST(TokenizerJsonTest, RegularExpressionsHaveLimits) {
  const auto made = ParseTokenizer(Json(
      R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a+)+$"},"behavior":"Removed"})"));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(ErrorOf([&] { made->Encode(std::string(40, 'a') + "b"); }),
              HasSubstr("'(a+)+$', on a text of 41 bytes: match limit exceeded"));
}

// ---- words and odd bytes ---------------------------------------------------------------------

TEST(WordsTest, AreSplit) {
  EXPECT_THAT(SplitWords("One, two\u00a0 three!"), ElementsAre("One", ",", "two", "three", "!"));
  EXPECT_THAT(SplitWords("One, İ", {.lowercase = true, .split_punctuation = false}),
              ElementsAre("one,", "i\u0307"));
  EXPECT_THAT(SplitWords("  "), IsEmpty());
  const Tokenizer words = WordTokenizer(Vocab({"[UNK]", "one", ","}), "[UNK]", {.lowercase = true});
  EXPECT_THAT(words.Encode("One, two").ids, ElementsAre(1, 2, 0));
  EXPECT_EQ(words.Decode({1, 2}), "one ,");
  Tokenizer padded = WordTokenizer(Vocab({"[UNK]", "one", "[PAD]"}), "[UNK]");
  padded.EnablePadding({.pad_id = 2});
  EXPECT_EQ(padded.Decode({1, 2, 2}), "one");
  EXPECT_EQ(padded.Decode({1, 2}, /*skip_special_tokens=*/false), "one [PAD]");
  EXPECT_THAT(ErrorOf([&] { WordTokenizer(Vocab({"a"})); }), HasSubstr("has no '[UNK]'"));
}

TEST(WordsTest, BytesThatAreNoTextAreReplaced) {
  // The longest part that could begin a character is one U+FFFD.
  EXPECT_THAT(SplitWords("a\xe2\x82 b\xff\xc0\xaf \xed\xa0\x80", {.split_punctuation = false}),
              ElementsAre("a\ufffd", "b\ufffd\ufffd\ufffd", "\ufffd\ufffd\ufffd"));
}

TEST(WordsTest, AnyThreadCountGivesTheSame) {
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i) texts.push_back(absl::StrCat("want un ", i, " a"));
  const Tokenizer bert = BertWordPiece(BertVocab());
  const std::vector<Encoding> batch = bert.EncodeBatch(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(batch[i].ids, bert.Encode(texts[i]).ids);
  }
}

}  // namespace
}  // namespace neura::data::text
