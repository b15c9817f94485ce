#include "neura/python/extension/text.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "neura/data/text/text.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/tensor_object.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"

namespace neura::python {
namespace {

namespace py = pybind11;
namespace text = data::text;

// Threads may encode while another one changes what the tokenizer does: each works with the one
// that was there when it began.
class SharedTokenizer {
 public:
  explicit SharedTokenizer(text::Tokenizer tokenizer)
      : current_(std::make_shared<const text::Tokenizer>(std::move(tokenizer))) {}

  std::shared_ptr<const text::Tokenizer> get() const { return current_; }
  template <typename Change>
  auto With(Change change) {
    auto changed = std::make_shared<text::Tokenizer>(*current_);
    if constexpr (std::is_void_v<decltype(change(*changed))>) {
      change(*changed);
      current_ = std::move(changed);
    } else {
      const auto result = change(*changed);
      current_ = std::move(changed);
      return result;
    }
  }

 private:
  std::shared_ptr<const text::Tokenizer> current_;  // under the interpreter's lock
};

std::unique_ptr<SharedTokenizer> Share(absl::StatusOr<text::Tokenizer> made) {
  if (!made.ok()) ThrowStatus(made.status());
  return std::make_unique<SharedTokenizer>(*std::move(made));
}

// A str as UTF-8, with U+FFFD for what is half of a character.
std::string Utf8Of(py::handle object) {
  if (!PyUnicode_Check(object.ptr())) {
    ThrowTypeError(absl::StrCat("a text is a str, not ", Py_TYPE(object.ptr())->tp_name));
  }
  Py_ssize_t size = 0;
  const char* const utf8 = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
  if (utf8 != nullptr) return std::string(utf8, static_cast<size_t>(size));
  if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) throw py::error_already_set();
  PyErr_Clear();
  const auto encoded = py::reinterpret_steal<py::object>(
      PyUnicode_AsEncodedString(object.ptr(), "utf-32-le", "surrogatepass"));
  if (!encoded) throw py::error_already_set();
  std::string units = encoded.cast<std::string>();
  for (size_t i = 0; i < units.size(); i += 4) {
    const bool half =
        units[i + 2] == 0 && (static_cast<unsigned char>(units[i + 1]) & 0xf8) == 0xd8;
    if (half) units.replace(i, 2, "\xfd\xff");
  }
  const auto decoded = py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF32(
      units.data(), static_cast<Py_ssize_t>(units.size()), "strict", nullptr));
  if (!decoded) throw py::error_already_set();
  return Utf8Of(decoded);
}

std::vector<std::string> TextsOf(const py::iterable& objects) {
  std::vector<std::string> texts;
  for (const py::handle object : objects) texts.push_back(Utf8Of(object));
  return texts;
}

std::vector<int64_t> NumbersOf(const py::iterable& objects) {
  std::vector<int64_t> numbers;
  for (const py::handle object : objects) {
    if (!FromPython(object.ptr(), &numbers.emplace_back())) {
      ThrowTypeError(
          absl::StrCat("the number of a token is an int, not ", Py_TYPE(object.ptr())->tp_name));
    }
  }
  return numbers;
}

py::object NumberOrNone(int64_t number) {
  return number < 0 ? py::object(py::none()) : py::object(py::int_(number));
}

// The lists of an encoding, in the order of Python's class.
py::tuple ToTuple(const text::Encoding& encoding) {
  py::list words, sequences, overflowing;
  for (const int64_t word : encoding.word_ids) words.append(NumberOrNone(word));
  for (const int64_t sequence : encoding.sequence_ids) sequences.append(NumberOrNone(sequence));
  for (const text::Encoding& piece : encoding.overflowing) overflowing.append(ToTuple(piece));
  return py::make_tuple(encoding.ids, encoding.type_ids, encoding.tokens, encoding.offsets, words,
                        sequences, encoding.special_tokens_mask, encoding.attention_mask,
                        overflowing);
}

text::EncodeOptions OptionsOf(bool add_special_tokens) {
  return {.add_special_tokens = add_special_tokens, .characters = true};
}

// Of texts, or of pairs where `second` is not None.
std::vector<text::Encoding> EncodeAll(const SharedTokenizer& self, const py::iterable& first,
                                      const py::object& second, bool add_special_tokens) {
  const text::EncodeOptions options = OptionsOf(add_special_tokens);
  const auto tokenizer = self.get();
  std::vector<std::string> texts = TextsOf(first);
  if (second.is_none()) {
    return WithoutGil([&] { return tokenizer->EncodeBatch(texts, options); });
  }
  std::vector<std::string> others = TextsOf(second);
  if (others.size() != texts.size()) {
    ThrowInvalidArgument(absl::StrCat("a batch of pairs: ", texts.size(), " texts and ",
                                      others.size(), " second ones"));
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i < texts.size(); ++i) {
    pairs.emplace_back(std::move(texts[i]), std::move(others[i]));
  }
  return WithoutGil([&] { return tokenizer->EncodePairs(pairs, options); });
}

text::Encoding EncodeOne(const SharedTokenizer& self, const py::object& first,
                         const py::object& second, bool add_special_tokens) {
  const text::EncodeOptions options = OptionsOf(add_special_tokens);
  const auto tokenizer = self.get();
  const std::string one = Utf8Of(first);
  if (second.is_none()) return WithoutGil([&] { return tokenizer->Encode(one, options); });
  const std::string two = Utf8Of(second);
  return WithoutGil([&] { return tokenizer->EncodePair(one, two, options); });
}

// (content, single_word, lstrip, rstrip, normalized, special) for each.
int64_t AddTokens(SharedTokenizer& self,
                  const std::vector<std::tuple<std::string, bool, bool, bool, bool, bool>>& list) {
  std::vector<text::AddedToken> tokens;
  for (const auto& token : list) {
    tokens.push_back({.content = std::get<0>(token),
                      .single_word = std::get<1>(token),
                      .lstrip = std::get<2>(token),
                      .rstrip = std::get<3>(token),
                      .normalized = std::get<4>(token),
                      .special = std::get<5>(token)});
  }
  return self.With([&](text::Tokenizer& tokenizer) { return tokenizer.AddTokens(tokens); });
}

py::object PaddingOf(const SharedTokenizer& self) {
  const std::optional<text::PaddingOptions>& padding = self.get()->padding();
  if (!padding) return py::none();
  using py::literals::operator""_a;
  return py::dict("direction"_a = padding->direction, "pad_id"_a = padding->pad_id,
                  "pad_type_id"_a = padding->pad_type_id, "pad_token"_a = padding->pad_token,
                  "length"_a = padding->length,
                  "pad_to_multiple_of"_a = padding->pad_to_multiple_of);
}

py::object TruncationOf(const SharedTokenizer& self) {
  const std::optional<text::TruncationOptions>& truncation = self.get()->truncation();
  if (!truncation) return py::none();
  using py::literals::operator""_a;
  return py::dict("max_length"_a = truncation->max_length, "stride"_a = truncation->stride,
                  "strategy"_a = truncation->strategy, "direction"_a = truncation->direction);
}

void InitVocab(py::module_& m) {
  using text::Vocab;
  py::class_<Vocab>(m, "Vocab")
      .def(py::init([](const py::iterable& tokens) { return Vocab(TextsOf(tokens)); }))
      .def("__len__", &Vocab::size)
      .def("__contains__",
           [](const Vocab& self, const py::object& token) { return self.Contains(Utf8Of(token)); })
      .def("__getitem__",
           [](const Vocab& self, const py::object& token) { return self[Utf8Of(token)]; })
      .def("lookup_indices",
           [](const Vocab& self, const py::iterable& tokens) {
             return self.LookupIndices(TextsOf(tokens));
           })
      .def("lookup_token", &Vocab::LookupToken)
      .def("lookup_tokens",
           [](const Vocab& self, const py::iterable& indices) {
             return self.LookupTokens(NumbersOf(indices));
           })
      .def("set_default_index", &Vocab::SetDefaultIndex)
      .def("get_default_index", &Vocab::default_index)
      .def("insert_token", &Vocab::InsertToken)
      .def("append_token", &Vocab::AppendToken)
      .def("get_itos", &Vocab::itos)
      .def("save", [](const Vocab& self, const std::string& path) { SaveVocab(path, self); })
      .def("copy", [](const Vocab& self) { return Vocab(self); });
  m.def("load_vocab", [](const std::string& path) {
    absl::StatusOr<Vocab> vocab = WithoutGil([&] { return text::LoadVocab(path); });
    if (!vocab.ok()) ThrowStatus(vocab.status());
    return *std::move(vocab);
  });
  m.def("build_vocab", [](const std::vector<std::pair<std::string, int64_t>>& counts,
                          int64_t min_freq, const std::vector<std::string>& specials,
                          bool special_first, const std::optional<int64_t>& max_tokens) {
    return text::BuildVocab({counts.begin(), counts.end()}, {.min_freq = min_freq,
                                                             .specials = specials,
                                                             .special_first = special_first,
                                                             .max_tokens = max_tokens});
  });
}

void InitMakers(py::module_& m) {
  m.def("load_tokenizer", [](const std::string& path) {
    return Share(WithoutGil([&] { return text::LoadTokenizer(path); }));
  });
  m.def("parse_tokenizer", [](const std::string& json) {
    return Share(WithoutGil([&] { return text::ParseTokenizer(json); }));
  });
  // Of files, or of what these hold.
  m.def("byte_level_bpe",
        [](const std::string& vocab, const std::string& merges, bool files, bool add_prefix_space,
           bool lowercase, bool trim_offsets, const std::optional<std::string>& unk_token) {
          const text::ByteLevelBpeOptions options{.add_prefix_space = add_prefix_space,
                                                  .lowercase = lowercase,
                                                  .trim_offsets = trim_offsets,
                                                  .unk_token = unk_token};
          return Share(WithoutGil([&] {
            return files ? text::LoadByteLevelBpe(vocab, merges, options)
                         : text::ParseByteLevelBpe(vocab, merges, options);
          }));
        });
  m.def("byte_level_bpe_of_pairs",
        [](const std::string& vocab, const std::vector<std::pair<std::string, std::string>>& merges,
           bool add_prefix_space, bool lowercase, bool trim_offsets,
           const std::optional<std::string>& unk_token) {
          return Share(WithoutGil([&] {
            return text::ParseByteLevelBpe(vocab, merges,
                                           {.add_prefix_space = add_prefix_space,
                                            .lowercase = lowercase,
                                            .trim_offsets = trim_offsets,
                                            .unk_token = unk_token});
          }));
        });
  m.def(
      "bert_word_piece",
      [](const text::Vocab& vocab, const std::string& unk_token, const std::string& sep_token,
         const std::string& cls_token, const std::string& pad_token, const std::string& mask_token,
         bool clean_text, bool handle_chinese_chars, const std::optional<bool>& strip_accents,
         bool lowercase, const std::string& wordpieces_prefix, int64_t max_input_chars_per_word) {
        return Share(
            text::BertWordPiece(vocab, {.unk_token = unk_token,
                                        .sep_token = sep_token,
                                        .cls_token = cls_token,
                                        .pad_token = pad_token,
                                        .mask_token = mask_token,
                                        .clean_text = clean_text,
                                        .handle_chinese_chars = handle_chinese_chars,
                                        .strip_accents = strip_accents,
                                        .lowercase = lowercase,
                                        .wordpieces_prefix = wordpieces_prefix,
                                        .max_input_chars_per_word = max_input_chars_per_word}));
      });
  m.def("word_tokenizer", [](const text::Vocab& vocab, const std::string& unk_token, bool lowercase,
                             bool split_punctuation) {
    return Share(text::WordTokenizer(
        vocab, unk_token, {.lowercase = lowercase, .split_punctuation = split_punctuation}));
  });
  m.def("split_words", [](const py::object& words, bool lowercase, bool split_punctuation) {
    return text::SplitWords(Utf8Of(words),
                            {.lowercase = lowercase, .split_punctuation = split_punctuation});
  });
}

void InitTokenizer(py::module_& m) {
  using text::Tokenizer;
  py::class_<SharedTokenizer>(m, "Tokenizer")
      .def("encode",
           [](const SharedTokenizer& self, const py::object& first, const py::object& second,
              bool add_special_tokens) {
             return ToTuple(EncodeOne(self, first, second, add_special_tokens));
           })
      .def("encode_batch",
           [](const SharedTokenizer& self, const py::iterable& first, const py::object& second,
              bool add_special_tokens) {
             py::list result;
             for (const text::Encoding& encoding :
                  EncodeAll(self, first, second, add_special_tokens)) {
               result.append(ToTuple(encoding));
             }
             return result;
           })
      // Tensors of a batch.
      .def("batch",
           [](const SharedTokenizer& self, const py::iterable& first, const py::object& second,
              bool add_special_tokens) {
             const std::vector<text::Encoding> encodings =
                 EncodeAll(self, first, second, add_special_tokens);
             const text::EncodedBatch batch =
                 WithoutGil([&] { return text::ToTensors(encodings); });
             return py::make_tuple(batch.input_ids, batch.token_type_ids, batch.attention_mask);
           })
      .def("decode",
           [](const SharedTokenizer& self, const py::iterable& ids, bool skip_special_tokens) {
             return self.get()->Decode(NumbersOf(ids), skip_special_tokens);
           })
      .def("token_to_id", [](const SharedTokenizer& self,
                             const std::string& token) { return self.get()->TokenToId(token); })
      .def("id_to_token",
           [](const SharedTokenizer& self, int64_t id) { return self.get()->IdToToken(id); })
      .def("get_vocab",
           [](const SharedTokenizer& self, bool with_added_tokens) {
             return self.get()->GetVocab(with_added_tokens);
           })
      .def("get_vocab_size",
           [](const SharedTokenizer& self, bool with_added_tokens) {
             return self.get()->GetVocabSize(with_added_tokens);
           })
      .def("pre_tokenize",
           [](const SharedTokenizer& self, const py::object& words) {
             return self.get()->PreTokenize(Utf8Of(words), /*characters=*/true);
           })
      .def("normalize",
           [](const SharedTokenizer& self, const py::object& words) {
             return self.get()->Normalize(Utf8Of(words));
           })
      .def("add_tokens", &AddTokens)
      .def("enable_padding",
           [](SharedTokenizer& self, const std::string& direction, int64_t pad_id,
              int64_t pad_type_id, const std::string& pad_token,
              const std::optional<int64_t>& length,
              const std::optional<int64_t>& pad_to_multiple_of) {
             self.With([&](Tokenizer& tokenizer) {
               tokenizer.EnablePadding({.direction = direction,
                                        .pad_id = pad_id,
                                        .pad_type_id = pad_type_id,
                                        .pad_token = pad_token,
                                        .length = length,
                                        .pad_to_multiple_of = pad_to_multiple_of});
             });
           })
      .def("no_padding",
           [](SharedTokenizer& self) { self.With([](Tokenizer& t) { t.NoPadding(); }); })
      .def_property_readonly("padding", &PaddingOf)
      .def("enable_truncation",
           [](SharedTokenizer& self, int64_t max_length, int64_t stride,
              const std::string& strategy, const std::string& direction) {
             self.With([&](Tokenizer& tokenizer) {
               tokenizer.EnableTruncation({.max_length = max_length,
                                           .stride = stride,
                                           .strategy = strategy,
                                           .direction = direction});
             });
           })
      .def("no_truncation",
           [](SharedTokenizer& self) { self.With([](Tokenizer& t) { t.NoTruncation(); }); })
      .def_property_readonly("truncation", &TruncationOf)
      .def("num_special_tokens_to_add",
           [](const SharedTokenizer& self, bool is_pair) {
             return self.get()->NumSpecialTokensToAdd(is_pair);
           })
      .def("copy", [](const SharedTokenizer& self) { return SharedTokenizer(*self.get()); });
}

}  // namespace

void InitText(py::module_& data) {
  py::module_ m = data.def_submodule("text");
  InitVocab(m);
  InitTokenizer(m);
  InitMakers(m);
}

}  // namespace neura::python
