"""Texts as numbers: vocabularies as torchtext has them, and tokenizers under the names of Hugging Face's `tokenizers`.

    tokenizer = text.Tokenizer.from_file("tokenizer.json")
    tokenizer.enable_padding()
    batch = tokenizer(["One text.", "Another, longer text."])  # input_ids, attention_mask, ...
    loader = DataLoader(texts, batch_size=32, collate_fn=tokenizer)

Half of a character in a str, which no UTF-8 has, counts as U+FFFD.
"""

import collections
import copy
import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neura import _C
from neura._C import Tensor

_data: Any = _C.data
_native = _data.text
_Path = str | os.PathLike[str]


# ---- vocabularies ----------------------------------------------------------------------------


class Vocab:
    """Tokens with the numbers 0, 1, ..."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        self._vocab = _native.Vocab(list(_no_str(tokens, "Vocab: tokens")))

    @classmethod
    def _of(cls, native: Any) -> "Vocab":
        made = cls.__new__(cls)
        made._vocab = native
        return made

    @classmethod
    def from_file(cls, path: _Path) -> "Vocab":
        """A file of one token a line, as BERT's vocab.txt. Errors name the file and the line."""
        return cls._of(_native.load_vocab(os.fspath(path)))

    def save(self, path: _Path) -> None:
        """Writes such a file."""
        self._vocab.save(os.fspath(path))

    def __len__(self) -> int:
        return len(self._vocab)

    def __contains__(self, token: str) -> bool:
        return token in self._vocab

    def __getitem__(self, token: str) -> int:
        """The number of a token, or else the default index. RuntimeError where there is neither."""
        index: int = self._vocab[token]
        return index

    def __call__(self, tokens: Sequence[str]) -> list[int]:
        return self.lookup_indices(tokens)

    def forward(self, tokens: Sequence[str]) -> list[int]:
        return self.lookup_indices(tokens)

    def lookup_indices(self, tokens: Sequence[str]) -> list[int]:
        indices: list[int] = self._vocab.lookup_indices(list(_no_str(tokens, "Vocab: tokens")))
        return indices

    def lookup_token(self, index: int) -> str:
        """RuntimeError for a number that no token has."""
        token: str = self._vocab.lookup_token(index)
        return token

    def lookup_tokens(self, indices: Sequence[int]) -> list[str]:
        tokens: list[str] = self._vocab.lookup_tokens(list(indices))
        return tokens

    def set_default_index(self, index: int | None) -> None:
        """What tokens get that are not here; None: they are an error."""
        self._vocab.set_default_index(index)

    def get_default_index(self) -> int | None:
        index: int | None = self._vocab.get_default_index()
        return index

    def insert_token(self, token: str, index: int) -> None:
        self._vocab.insert_token(token, index)

    def append_token(self, token: str) -> None:
        self._vocab.append_token(token)

    def get_itos(self) -> list[str]:
        tokens: list[str] = self._vocab.get_itos()
        return tokens

    def get_stoi(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.get_itos())}

    def __copy__(self) -> "Vocab":
        return self._of(self._vocab.copy())

    def __deepcopy__(self, memo: Any) -> "Vocab":
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        return {"tokens": self.get_itos(), "default_index": self.get_default_index()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._vocab = _native.Vocab(state["tokens"])
        self.set_default_index(state["default_index"])

    def __repr__(self) -> str:
        return f"Vocab({len(self)} tokens)"


def vocab(
    ordered_dict: Mapping[str, int] | Iterable[str],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
) -> Vocab:
    """Tokens in the given order: all of a list, or of {token: frequency} those that occur often enough."""
    special = list(_no_str(specials or (), "vocab: specials"))
    if isinstance(ordered_dict, Mapping):
        tokens = [token for token, count in ordered_dict.items() if count >= min_freq and token not in special]
    else:
        tokens = [token for token in _no_str(ordered_dict, "vocab: ordered_dict") if token not in special]
    return Vocab(special + tokens if special_first else tokens + special)


def build_vocab_from_iterator(
    iterator: Iterable[Iterable[str]],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
    max_tokens: int | None = None,
) -> Vocab:
    """The tokens of many texts, most frequent first, equal ones in the order of their UTF-8."""
    counts: collections.Counter[str] = collections.Counter()
    for tokens in _no_str(iterator, "build_vocab_from_iterator: iterator"):
        counts.update(_no_str(tokens, "build_vocab_from_iterator: the tokens of a text"))
    special = list(_no_str(specials or (), "build_vocab_from_iterator: specials"))
    return Vocab._of(_native.build_vocab(list(counts.items()), min_freq, special, special_first, max_tokens))


def split_words(text: str, lowercase: bool = False, split_punctuation: bool = True) -> list[str]:
    """A text cut at white space, and around each mark of punctuation."""
    words: list[str] = _native.split_words(text, lowercase, split_punctuation)
    return words


# ---- tokenizers ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, repr=False)
class Encoding:
    """One text, or a pair, as tokens; all lists are equally long.

    Offsets are the first character of a token in its text and the one behind its last. What truncation cut off is in
    `overflowing`, in pieces.
    """

    ids: list[int]
    type_ids: list[int]
    tokens: list[str]
    offsets: list[tuple[int, int]]
    word_ids: list[int | None]
    sequence_ids: list[int | None]
    special_tokens_mask: list[int]
    attention_mask: list[int]
    overflowing: "list[Encoding]"

    @classmethod
    def _of(cls, parts: Any) -> "Encoding":
        lists = list(parts)
        lists[-1] = [cls._of(piece) for piece in lists[-1]]
        return cls(*lists)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return (
            f"Encoding(num_tokens={len(self)}, attributes=[ids, type_ids, tokens, offsets, attention_mask, "
            "special_tokens_mask, overflowing])"
        )


@dataclasses.dataclass(frozen=True)
class AddedToken:
    """A token that is found in texts before anything else.

    With `single_word` only where no letters or digits touch it; `lstrip` and `rstrip` take the white space around it
    along; `normalized` looks for it in what the normalizer makes of the text.
    """

    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = True
    special: bool = False


class Tokenizer:
    """Texts to numbers and back.

    `from_file` reads tokenizer.json: the models BPE, Unigram, WordPiece and WordLevel with the normalizers, pre-tokenizers,
    post-processors and decoders of BERT, GPT-2, RoBERTa, CLIP, Llama 3 and their like. What a file has beyond is a
    NotImplementedError that names it.
    """

    def __init__(self, native: Any, made: tuple[str, tuple[Any, ...]] | None = None) -> None:
        self._tokenizer = native
        # What made it, and the tokens that were added since: a pickle of it.
        self._made = made
        self._added: list[tuple[Any, ...]] = []

    @staticmethod
    def from_file(path: _Path) -> "Tokenizer":
        native = _native.load_tokenizer(os.fspath(path))
        return Tokenizer(native, ("parse_tokenizer", (_bytes_of(path),)))

    @staticmethod
    def from_str(json: str) -> "Tokenizer":
        return Tokenizer(_native.parse_tokenizer(json), ("parse_tokenizer", (json,)))

    def __call__(
        self, text: str | Sequence[str], text_pair: str | Sequence[str] | None = None, add_special_tokens: bool = True
    ) -> dict[str, Tensor]:
        """`input_ids`, `token_type_ids` and `attention_mask`, int64: [length] of a text, [N, length] of a list.

        The texts of a list have to become equally long: `enable_padding()`.
        """
        if isinstance(text, str):
            if text_pair is not None and not isinstance(text_pair, str):
                raise TypeError(f"Tokenizer: text is one str, and text_pair is {type(text_pair).__name__}")
            batch = self._tokenizer.batch([text], None if text_pair is None else [text_pair], add_special_tokens)
            parts = [part[0] for part in batch]
        else:
            if text_pair is not None:
                _no_str(text_pair, "Tokenizer: text_pair")
            parts = self._tokenizer.batch(text, text_pair, add_special_tokens)
        return dict(zip(("input_ids", "token_type_ids", "attention_mask"), parts))

    def encode(self, sequence: str, pair: str | None = None, add_special_tokens: bool = True) -> Encoding:
        return Encoding._of(self._tokenizer.encode(sequence, pair, add_special_tokens))

    def encode_batch(
        self, input: Sequence[str] | Sequence[tuple[str, str]], add_special_tokens: bool = True
    ) -> list[Encoding]:
        """Of texts, or of pairs; padded to one length where padding is enabled."""
        first: list[Any] = list(_no_str(input, "encode_batch: input"))
        second: list[Any] | None = None
        if first and not isinstance(first[0], str):
            for pair in first:
                _no_str(pair, "encode_batch: a pair among pairs")
            first, second = [pair[0] for pair in first], [pair[1] for pair in first]
        return [Encoding._of(parts) for parts in self._tokenizer.encode_batch(first, second, add_special_tokens)]

    def decode(self, ids: Any, skip_special_tokens: bool = True) -> str:
        """The text of numbers, or of a tensor [length]; those that no token has are passed over."""
        text: str = self._tokenizer.decode(_numbers(ids), skip_special_tokens)
        return text

    def decode_batch(self, sequences: Any, skip_special_tokens: bool = True) -> list[str]:
        return [self.decode(ids, skip_special_tokens) for ids in sequences]

    def token_to_id(self, token: str) -> int | None:
        number: int | None = self._tokenizer.token_to_id(token)
        return number

    def id_to_token(self, id: int) -> str | None:
        token: str | None = self._tokenizer.id_to_token(id)
        return token

    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]:
        return dict(self._tokenizer.get_vocab(with_added_tokens))

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        size: int = self._tokenizer.get_vocab_size(with_added_tokens)
        return size

    def pre_tokenize(self, sequence: str) -> list[tuple[str, tuple[int, int]]]:
        """The words that a text is cut to, and where they stand."""
        words: list[tuple[str, tuple[int, int]]] = self._tokenizer.pre_tokenize(sequence)
        return words

    def normalize(self, sequence: str) -> str:
        text: str = self._tokenizer.normalize(sequence)
        return text

    def add_tokens(self, tokens: Sequence[str | AddedToken]) -> int:
        """How many are new. Tokens that the model has keep their numbers, others get the next ones."""
        return self._add(
            AddedToken(token) if isinstance(token, str) else token for token in _no_str(tokens, "add_tokens: tokens")
        )

    def add_special_tokens(self, tokens: Sequence[str | AddedToken]) -> int:
        """The same of tokens that `decode` may leave out."""
        return self._add(
            AddedToken(token, normalized=False, special=True)
            if isinstance(token, str)
            else dataclasses.replace(token, special=True)
            for token in _no_str(tokens, "add_special_tokens: tokens")
        )

    def _add(self, tokens: Iterable[AddedToken]) -> int:
        added = [dataclasses.astuple(token) for token in tokens]
        count: int = self._tokenizer.add_tokens(added)
        self._added += added
        return count

    def enable_padding(
        self,
        direction: str = "right",
        pad_id: int | None = None,
        pad_type_id: int = 0,
        pad_token: str = "[PAD]",
        length: int | None = None,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        """To the longest text of a batch, or to a length, and up to a multiple; with the number of pad_token, or 0 where it has none."""
        if pad_id is None:
            pad_id = self.token_to_id(pad_token) or 0
        self._tokenizer.enable_padding(direction, pad_id, pad_type_id, pad_token, length, pad_to_multiple_of)

    def no_padding(self) -> None:
        self._tokenizer.no_padding()

    @property
    def padding(self) -> dict[str, Any] | None:
        options: dict[str, Any] | None = self._tokenizer.padding
        return options

    def enable_truncation(
        self, max_length: int, stride: int = 0, strategy: str = "longest_first", direction: str = "right"
    ) -> None:
        """To a length, with the tokens that are added; `strategy` says which text of a pair is cut.

        Pieces of `overflowing` have `stride` tokens in common.
        """
        self._tokenizer.enable_truncation(max_length, stride, strategy, direction)

    def no_truncation(self) -> None:
        self._tokenizer.no_truncation()

    @property
    def truncation(self) -> dict[str, Any] | None:
        options: dict[str, Any] | None = self._tokenizer.truncation
        return options

    def num_special_tokens_to_add(self, is_pair: bool) -> int:
        count: int = self._tokenizer.num_special_tokens_to_add(is_pair)
        return count

    def __copy__(self) -> "Tokenizer":
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, _tokenizer=self._tokenizer.copy(), _added=list(self._added))
        return made

    def __deepcopy__(self, memo: Any) -> "Tokenizer":
        return copy.copy(self)

    def __getstate__(self) -> dict[str, Any]:
        if self._made is None:
            raise TypeError(f"{type(self).__name__}: it does not know what it was made of, which a pickle would hold")
        state = {name: value for name, value in self.__dict__.items() if name != "_tokenizer"}
        return {**state, "padding": self.padding, "truncation": self.truncation}

    def __setstate__(self, state: dict[str, Any]) -> None:
        padding, truncation = state.pop("padding"), state.pop("truncation")
        self.__dict__.update(state)
        name, arguments = state["_made"]
        self._tokenizer = _make(name, arguments)
        self._tokenizer.add_tokens(self._added)
        # A file may have enabled what was disabled since.
        self.no_padding()
        self.no_truncation()
        if padding is not None:
            self.enable_padding(**padding)
        if truncation is not None:
            self.enable_truncation(**truncation)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(vocab_size={self.get_vocab_size()})"


class ByteLevelBPETokenizer(Tokenizer):
    """GPT-2's byte pair encoding, of the files vocab.json and merges.txt, or of what they hold: {"token": number} and pairs."""

    def __init__(
        self,
        vocab: _Path | Mapping[str, int],
        merges: _Path | Sequence[tuple[str, str]],
        add_prefix_space: bool = False,
        lowercase: bool = False,
        trim_offsets: bool = False,
        unk_token: str | None = None,
    ) -> None:
        if isinstance(vocab, (str, os.PathLike)) != isinstance(merges, (str, os.PathLike)):
            raise TypeError("ByteLevelBPETokenizer: vocab and merges are both files, or both none")
        options = add_prefix_space, lowercase, trim_offsets, unk_token
        made: tuple[str, tuple[Any, ...]]
        if isinstance(vocab, (str, os.PathLike)) or isinstance(merges, (str, os.PathLike)):
            paths = os.fspath(vocab), os.fspath(merges)  # type: ignore[arg-type]
            native = _native.byte_level_bpe(*paths, True, *options)
            made = "byte_level_bpe", (_bytes_of(paths[0]), _bytes_of(paths[1]), False, *options)
        else:
            made = "byte_level_bpe_of_pairs", (json.dumps(dict(vocab)), [(a, b) for a, b in merges], *options)
            native = _make(*made)
        super().__init__(native, made)


class BertWordPieceTokenizer(Tokenizer):
    """BERT's WordPiece, of the file vocab.txt, of a Vocab, or of {"token": number}."""

    def __init__(
        self,
        vocab: _Path | Mapping[str, int] | Vocab,
        unk_token: str = "[UNK]",
        sep_token: str = "[SEP]",
        cls_token: str = "[CLS]",
        pad_token: str = "[PAD]",
        mask_token: str = "[MASK]",
        clean_text: bool = True,
        handle_chinese_chars: bool = True,
        strip_accents: bool | None = None,
        lowercase: bool = True,
        wordpieces_prefix: str = "##",
        max_input_chars_per_word: int = 100,
    ) -> None:
        arguments = (
            copy.copy(_vocab_of(vocab)),
            unk_token,
            sep_token,
            cls_token,
            pad_token,
            mask_token,
            clean_text,
            handle_chinese_chars,
            strip_accents,
            lowercase,
            wordpieces_prefix,
            max_input_chars_per_word,
        )
        super().__init__(_make("bert_word_piece", arguments), ("bert_word_piece", arguments))


class WordTokenizer(Tokenizer):
    """Words, as split_words gives them, as tokens; those that the vocabulary does not have become `unk_token`."""

    def __init__(
        self,
        vocab: _Path | Mapping[str, int] | Vocab,
        unk_token: str = "[UNK]",
        lowercase: bool = False,
        split_punctuation: bool = True,
    ) -> None:
        arguments = (copy.copy(_vocab_of(vocab)), unk_token, lowercase, split_punctuation)
        super().__init__(_make("word_tokenizer", arguments), ("word_tokenizer", arguments))


def _no_str(values: Any, what: str) -> Any:
    """A str is also a list of str, its letters, which is never what is meant."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{what}: a list is expected, not {type(values).__name__}")
    return values


def _make(name: str, arguments: tuple[Any, ...]) -> Any:
    """What a maker of the extension makes."""
    return getattr(_native, name)(*(value._vocab if isinstance(value, Vocab) else value for value in arguments))


def _bytes_of(path: _Path) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _numbers(ids: Any) -> list[int]:
    numbers: list[int] = ids.tolist() if hasattr(ids, "tolist") else list(ids)
    return numbers


def _vocab_of(tokens: _Path | Mapping[str, int] | Vocab) -> Vocab:
    if isinstance(tokens, Vocab):
        return tokens
    if isinstance(tokens, (str, os.PathLike)):
        return Vocab.from_file(tokens)
    if not isinstance(tokens, Mapping):
        return Vocab(tokens)
    numbers: Mapping[str, int] = tokens
    ordered = sorted(numbers, key=lambda token: numbers[token])
    if [numbers[token] for token in ordered] != list(range(len(ordered))):
        raise ValueError("a vocabulary: the numbers of its tokens are 0, 1, ..., each once")
    return Vocab(ordered)
