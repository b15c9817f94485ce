"""Vocabularies and tokenizers, beside Hugging Face's own tokenizers on the same files."""

import copy
import json
import pathlib
import pickle
import random
import threading
import unicodedata

import neura as nr
import pytest
from neura.utils.data import DataLoader, MapDataset, text

LICENCES = [pathlib.Path("/usr/share/common-licenses") / name for name in ("GPL-3", "Apache-2.0", "Artistic")]
LINES = [line for path in LICENCES for line in path.read_text().splitlines()]
WORDS = [word for line in LINES for word in line.split()]
SPECIAL = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"]


def random_texts(count, seed):
    """Lines, words, and characters that are the same in all versions of Unicode: the tables of both sides differ in theirs."""
    rng = random.Random(seed)
    old = unicodedata.ucd_3_2_0.category
    pool = [c for c in map(chr, range(0x30000)) if old(c) not in ("Cn", "Cs") and old(c) == unicodedata.category(c)]
    odd = ["\u0130", "\u1100", "\u1161", "\u11a8", "\u200d", "\u00ad", "\u3000", "\u00a0", "\u2028", "\x85", "\ufb01"]
    odd += ["\u1e9b\u0323", "e\u0301", "\u0344", "<mask>", "[MASK]", " [MASK] ", "foo", "Foo"]
    ranges = [(0xA0, 0x250), (0x300, 0x370), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4)]

    def character():
        kind = rng.random()
        if kind < 0.35:
            return rng.choice("abcdefghij tion 0123 \n\t  ABCXYZ.,!?'-")
        if kind < 0.65:
            return chr(rng.randrange(*rng.choice(ranges)))
        return rng.choice(odd if kind < 0.75 else pool)

    texts = ["", " ", "a", "  a  b "]
    while len(texts) < count:
        kind = rng.random()
        if kind < 0.3:
            texts.append(rng.choice(LINES))
        elif kind < 0.5:
            texts.append(" ".join(rng.choice(WORDS) for _ in range(rng.randrange(12))))
        else:
            texts.append("".join(character() for _ in range(rng.randrange(1, 30))))
    return texts


# ---- beside the reference --------------------------------------------------------------------

LLAMA = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def bert(hf, **options):
    made = hf.Tokenizer(hf.models.WordPiece(unk_token="[UNK]"))
    made.normalizer = hf.normalizers.BertNormalizer(**options)
    made.pre_tokenizer = hf.pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(
        LINES, hf.trainers.WordPieceTrainer(vocab_size=1000, special_tokens=SPECIAL, show_progress=False)
    )
    made.post_processor = hf.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.decoder = hf.decoders.WordPiece()
    return made


def bpe(hf, pre_tokenizer, normalizer=None, post_processor=None, decoder=None, byte_level=False, **options):
    made = hf.Tokenizer(hf.models.BPE(**options))
    if normalizer is not None:
        made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizer
    affixes = {key: options[key] for key in ("continuing_subword_prefix", "end_of_word_suffix") if key in options}
    alphabet = hf.pre_tokenizers.ByteLevel.alphabet() if byte_level else []
    made.train_from_iterator(
        LINES,
        hf.trainers.BpeTrainer(
            vocab_size=1000, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False, **affixes
        ),
    )
    if post_processor is not None:
        made.post_processor = post_processor
    if decoder is not None:
        made.decoder = decoder
    return made


def byte_level(hf, pre_tokenizer, post_processor=None):
    return bpe(hf, pre_tokenizer, None, post_processor, hf.decoders.ByteLevel(), byte_level=True)


def template(hf):
    return hf.processors.TemplateProcessing(
        single="[CLS]:3 $A:1 [SEP]", pair="[CLS] $B:2 [SEP] $A:0 [SEP]:4", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )


def with_added(hf):
    made = bert(hf)
    made.add_tokens(
        [hf.AddedToken("foo", single_word=True), hf.AddedToken("<mask>", lstrip=True, rstrip=True, normalized=False), "tion"]
    )
    return made


def cut_and_padded(hf, direction, truncation, padding):
    made = bert(hf)
    made.enable_truncation(12, direction=direction, **truncation)
    made.enable_padding(direction=direction, **padding)
    return made


def charsmap(rules):
    """SentencePiece's form of rules: a double array over the bytes of what is replaced, and texts that end with a byte 0."""
    root, texts = {}, b""
    for key, content in rules.items():
        node = root
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = len(texts)
        texts += content.encode() + b"\0"
    units, taken, waiting = {0: 0}, {0}, [(0, root)]
    while waiting:
        place, node = waiting.pop()
        base = next(b for b in range(1, 1 << 20) if not any(b ^ byte in taken for byte in node))
        units[place] |= (base ^ place) << 10 | (1 << 8 if 0 in node else 0)
        for byte, child in node.items():
            taken.add(base ^ byte)
            units[base ^ byte] = 1 << 31 | child if byte == 0 else byte
            if byte:
                waiting.append((base ^ byte, child))
    array = b"".join(units.get(i, 0).to_bytes(4, "little") for i in range(max(units) + 256))
    return len(array).to_bytes(4, "little") + array + texts


RULES = {"\ufb01": "fi", "\u3000": " ", "\u00ad": "", "\u00a0": " ", "e\u0301": "\u00e9", "\t": " ", "A": "a", "\u1100": "ㄱㄱ", "Á": "A'"}


def unigram(hf, pre_tokenizer, normalizer=None, byte_fallback=False, decoder=None):
    made = hf.Tokenizer(hf.models.Unigram())
    if normalizer is not None:
        made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizer
    made.train_from_iterator(
        LINES, hf.trainers.UnigramTrainer(vocab_size=600, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False)
    )
    made.decoder = hf.decoders.Metaspace() if decoder is None else decoder
    return with_bytes(hf, made) if byte_fallback else made


def with_bytes(hf, made):
    """With tokens of bytes for what is unknown."""
    model = json.loads(made.to_str())
    vocab = model["model"]["vocab"]
    names = [f"<0x{byte:02X}>" for byte in range(256)]
    if isinstance(vocab, list):
        vocab.extend([name, -20.0] for name in names)
    else:
        vocab.update({name: len(vocab) + i for i, name in enumerate(names)})
    model["model"]["byte_fallback"] = True
    return hf.Tokenizer.from_str(json.dumps(model))


def llama(hf):
    made = hf.Tokenizer(hf.models.BPE(unk_token="[UNK]", fuse_unk=True))
    made.normalizer = hf.normalizers.Sequence([hf.normalizers.Prepend("▁"), hf.normalizers.Replace(" ", "▁")])
    trainer = hf.trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIAL, limit_alphabet=40, show_progress=False)
    made.train_from_iterator([line[:40] for line in LINES], trainer)
    made.decoder = hf.decoders.Sequence(
        [hf.decoders.Replace("▁", " "), hf.decoders.ByteFallback(), hf.decoders.Fuse(), hf.decoders.Strip(" ", 1, 0)]
    )
    return with_bytes(hf, made)


REFERENCES = {
    "unigram": lambda hf: unigram(hf, hf.pre_tokenizers.Metaspace(), hf.normalizers.NFKC()),
    "unigram_bytes": lambda hf: unigram(hf, hf.pre_tokenizers.Metaspace(prepend_scheme="first"), byte_fallback=True),
    "unigram_whole": lambda hf: unigram(
        hf,
        hf.pre_tokenizers.Metaspace(replacement="_", prepend_scheme="never", split=False),
        hf.normalizers.Sequence([hf.normalizers.Strip(), hf.normalizers.Replace(hf.Regex(" {2,}"), " ")]),
        decoder=hf.decoders.Metaspace(replacement="_", prepend_scheme="never"),
    ),
    "xlm_roberta": lambda hf: unigram(
        hf,
        hf.pre_tokenizers.Sequence([hf.pre_tokenizers.WhitespaceSplit(), hf.pre_tokenizers.Metaspace()]),
        hf.normalizers.Precompiled(charsmap(RULES)),
    ),
    "llama": llama,
    "flags": lambda hf: bpe(
        hf, hf.pre_tokenizers.Split(hf.Regex("a(?i)b|c|(?:t(?i)h|e)i"), "isolated"), hf.normalizers.Strip(True, False)
    ),
    "bert": bert,
    "bert_cased": lambda hf: bert(hf, lowercase=False),
    "bert_plain": lambda hf: bert(hf, clean_text=False, strip_accents=False, handle_chinese_chars=False),
    "gpt2": lambda hf: byte_level(hf, hf.pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "gpt2_trimmed": lambda hf: byte_level(hf, hf.pre_tokenizers.ByteLevel(), hf.processors.ByteLevel(trim_offsets=True)),
    "roberta": lambda hf: byte_level(
        hf, hf.pre_tokenizers.ByteLevel(), hf.processors.RobertaProcessing(("[SEP]", 3), ("[CLS]", 2))
    ),
    "llama3": lambda hf: byte_level(
        hf,
        hf.pre_tokenizers.Sequence(
            [
                hf.pre_tokenizers.Split(hf.Regex(LLAMA), "isolated"),
                hf.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        ),
        hf.processors.Sequence([hf.processors.ByteLevel(trim_offsets=False), template(hf)]),
    ),
    "clip": lambda hf: bpe(
        hf,
        hf.pre_tokenizers.Sequence([hf.pre_tokenizers.Whitespace(), hf.pre_tokenizers.Digits(individual_digits=True)]),
        hf.normalizers.Sequence(
            [hf.normalizers.NFC(), hf.normalizers.Replace(hf.Regex(r"\s+"), "# "), hf.normalizers.Lowercase()]
        ),
        template(hf),
        hf.decoders.BPEDecoder(),
        unk_token="[UNK]",
        fuse_unk=True,
        end_of_word_suffix="</w>",
    ),
    "nfkc": lambda hf: bpe(
        hf,
        hf.pre_tokenizers.WhitespaceSplit(),
        hf.normalizers.NFKC(),
        unk_token="[UNK]",
        continuing_subword_prefix="##",
    ),
    "nfd": lambda hf: bpe(
        hf,
        hf.pre_tokenizers.Punctuation("merged_with_previous"),
        hf.normalizers.Sequence([hf.normalizers.NFD(), hf.normalizers.StripAccents()]),
        unk_token="[UNK]",
    ),
    "nfkd": lambda hf: bpe(hf, hf.pre_tokenizers.Punctuation("contiguous"), hf.normalizers.NFKD()),
    "split": lambda hf: bpe(
        hf, hf.pre_tokenizers.Split(hf.Regex(r"\s"), "merged_with_next"), hf.normalizers.NFC(), unk_token="[UNK]"
    ),
    "added": with_added,
    "cut": lambda hf: cut_and_padded(hf, "right", {"stride": 3}, {"length": 16, "pad_id": 1}),
    "cut_left": lambda hf: cut_and_padded(hf, "left", {}, {"pad_to_multiple_of": 8}),
}


def assert_equal(ours, theirs, about):
    for name in ("ids", "tokens", "offsets", "type_ids", "word_ids", "special_tokens_mask", "attention_mask"):
        assert getattr(ours, name) == getattr(theirs, name), (name, about)


@pytest.mark.parametrize("name", REFERENCES)
def test_reference(name):
    hf = pytest.importorskip("tokenizers")
    theirs = REFERENCES[name](hf)
    ours = text.Tokenizer.from_str(theirs.to_str())
    assert ours.get_vocab() == theirs.get_vocab() and ours.get_vocab_size() == theirs.get_vocab_size()
    texts = random_texts(1000, sum(name.encode()))
    for one in texts:
        mine, other = ours.encode(one), theirs.encode(one)
        assert_equal(mine, other, one)
        assert len(mine.overflowing) == len(other.overflowing)
        for piece, expected in zip(mine.overflowing, other.overflowing):
            assert (piece.ids, piece.offsets) == (expected.ids, expected.offsets)
        assert ours.decode(mine.ids) == theirs.decode(other.ids)
        assert ours.decode(mine.ids, False) == theirs.decode(other.ids, skip_special_tokens=False)
    pairs = list(zip(texts[:200], texts[200:400]))
    for mine, other, pair in zip(ours.encode_batch(pairs), theirs.encode_batch(pairs), pairs):
        assert_equal(mine, other, pair)
        assert mine.sequence_ids == other.sequence_ids
    for mine, other in zip(ours.encode_batch(texts[:100], False), theirs.encode_batch(texts[:100], add_special_tokens=False)):
        assert_equal(mine, other, "without special tokens")


def test_files_beside_reference(tmp_path):
    hf = pytest.importorskip("tokenizers")
    texts = random_texts(300, 1)
    trained = byte_level(hf, hf.pre_tokenizers.ByteLevel(add_prefix_space=False))
    vocab, merges = trained.model.save(str(tmp_path))
    theirs = hf.implementations.ByteLevelBPETokenizer(vocab, merges)
    pairs = [tuple(line.split()) for line in pathlib.Path(merges).read_text().splitlines()[1:]]
    for ours in (
        text.ByteLevelBPETokenizer(vocab, pathlib.Path(merges)),
        text.ByteLevelBPETokenizer(json.loads(pathlib.Path(vocab).read_text()), pairs),
    ):
        for one in texts:
            assert_equal(ours.encode(one), theirs.encode(one), one)
    (vocab,) = bert(hf).model.save(str(tmp_path), "bert")
    theirs = hf.implementations.BertWordPieceTokenizer(vocab)
    for ours in (text.BertWordPieceTokenizer(vocab), text.BertWordPieceTokenizer(text.Vocab.from_file(vocab))):
        for one in texts:
            assert_equal(ours.encode(one, "a pair"), theirs.encode(one, "a pair"), one)


# ---- tokenizers by themselves ----------------------------------------------------------------

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "a", "東"]


def small():
    return text.BertWordPieceTokenizer({token: i for i, token in enumerate(TOKENS)})


def test_encoding():
    tokenizer = small()
    encoding = tokenizer.encode("東 UNaffable?", "a")
    assert encoding.tokens == ["[CLS]", "東", "un", "##aff", "##able", "[UNK]", "[SEP]", "a", "[SEP]"]
    assert encoding.ids == [2, 9, 5, 6, 7, 1, 3, 8, 3] and len(encoding) == 9
    assert encoding.offsets[1:6] == [(0, 1), (2, 4), (4, 7), (7, 11), (11, 12)]
    assert encoding.type_ids == [0] * 7 + [1] * 2
    assert encoding.word_ids == [None, 0, 1, 1, 1, 2, None, 0, None]
    assert encoding.sequence_ids == [None, 0, 0, 0, 0, 0, None, 1, None]
    assert "num_tokens=9" in repr(encoding)
    assert tokenizer.decode(nr.tensor([2, 5, 6, 7, 3])) == "unaffable"
    assert tokenizer.decode_batch([[8, 8], [9]]) == ["a a", "東"]
    assert tokenizer.token_to_id("a") == 8 and tokenizer.token_to_id("b") is None
    assert tokenizer.id_to_token(9) == "東" and tokenizer.id_to_token(10) is None
    assert tokenizer.pre_tokenize("東a!") == [("東", (0, 1)), ("a", (1, 2)), ("!", (2, 3))]
    assert tokenizer.normalize("É\x00") == "e"
    assert tokenizer.num_special_tokens_to_add(True) == 3
    assert repr(tokenizer) == "BertWordPieceTokenizer(vocab_size=10)"
    # Half of a character.
    assert tokenizer.encode("a \ud800a", add_special_tokens=False).tokens == ["a", "a"]
    with pytest.raises(TypeError, match="a text is a str, not int"):
        tokenizer.encode(3)
    with pytest.raises(TypeError, match="the number of a token is an int, not str"):
        tokenizer.decode(["a"])


def test_batches_are_tensors():
    tokenizer = small()
    with pytest.raises(ValueError, match="with 3 and with 4 tokens is no tensor: enable padding"):
        tokenizer(["a", "a a"])
    tokenizer.enable_padding(pad_to_multiple_of=4)
    batch = tokenizer(["a", "a a a"])
    assert list(batch) == ["input_ids", "token_type_ids", "attention_mask"]
    assert batch["input_ids"].dtype is nr.int64
    assert batch["input_ids"].tolist() == [[2, 8, 3, 0, 0, 0, 0, 0], [2, 8, 8, 8, 3, 0, 0, 0]]
    assert batch["attention_mask"].sum(1).tolist() == [3, 5]
    assert tokenizer("a", "a")["token_type_ids"].tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    assert tokenizer(["a"], ["a"])["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 0, 0, 0]]
    with pytest.raises(ValueError, match="1 texts and 2 second ones"):
        tokenizer(["a"], ["a", "a"])
    assert tokenizer.padding["pad_to_multiple_of"] == 4
    tokenizer.no_padding()
    assert tokenizer.padding is None


def test_loader():
    tokenizer = small()
    tokenizer.enable_padding(length=6)
    texts = ["a " * (i % 3 + 1) for i in range(7)]
    for workers in (0, 2):
        batches = list(DataLoader(texts, batch_size=3, collate_fn=tokenizer, num_workers=workers))
        assert [batch["input_ids"].shape for batch in batches] == [(3, 6), (3, 6), (1, 6)]
        each = list(DataLoader(MapDataset(texts, tokenizer), batch_size=3, num_workers=workers))
        assert all((a["input_ids"] == b["input_ids"]).all() for a, b in zip(batches, each))


def test_truncation():
    tokenizer = small()
    tokenizer.enable_truncation(4, stride=1)
    encoding = tokenizer.encode("a un 東 a")
    assert encoding.tokens == ["[CLS]", "a", "un", "[SEP]"]
    assert [piece.tokens[1:3] for piece in encoding.overflowing] == [["un", "東"], ["東", "a"]]
    assert tokenizer.truncation == {"max_length": 4, "stride": 1, "strategy": "longest_first", "direction": "right"}
    for wrong in ({"max_length": 1}, {"max_length": 4, "stride": 2}, {"max_length": 4, "strategy": "none"}):
        with pytest.raises(ValueError, match="truncation"):
            tokenizer.enable_truncation(**wrong)
    tokenizer.no_truncation()
    assert tokenizer.truncation is None


def test_added_tokens_and_copies():
    tokenizer = small()
    other = copy.deepcopy(tokenizer)
    assert tokenizer.add_special_tokens(["<s>", "[CLS]"]) == 1
    assert tokenizer.add_tokens([text.AddedToken("b", single_word=True), "cc"]) == 2
    assert tokenizer.encode("b<s>cc", add_special_tokens=False).ids == [11, 10, 12]
    assert tokenizer.decode([11, 10]) == "b" and tokenizer.get_vocab()["cc"] == 12
    assert tokenizer.get_vocab_size() == 13 and tokenizer.get_vocab_size(False) == 10
    assert other.get_vocab_size() == 10 and type(other) is text.BertWordPieceTokenizer


def test_pickles(tmp_path):
    vocab = {"h": 0, "e": 1, "he": 2, "Ġ": 3}
    (tmp_path / "v.json").write_text(json.dumps(vocab))
    (tmp_path / "m.txt").write_text("#version: 0.2\nh e\n")
    word_level = {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1}}
    parts = {"pre_tokenizer": {"type": "WhitespaceSplit"}, "padding": {"strategy": {"Fixed": 9}}}
    (tmp_path / "t.json").write_text(json.dumps({"model": word_level, **parts}))
    made = [
        small(),
        text.Tokenizer.from_file(tmp_path / "t.json"),
        text.Tokenizer.from_str((tmp_path / "t.json").read_text()),
        text.ByteLevelBPETokenizer(tmp_path / "v.json", tmp_path / "m.txt", add_prefix_space=True),
        text.ByteLevelBPETokenizer(vocab, [("h", "e")], lowercase=True),
        text.WordTokenizer(text.Vocab(["?", "a", "he"]), "?"),
    ]
    for path in ("v.json", "m.txt", "t.json"):
        (tmp_path / path).unlink()
    for tokenizer in made:
        tokenizer.add_tokens([text.AddedToken("b", single_word=True)])
        tokenizer.add_special_tokens(["<s>"])
        for padding, truncation in ((None, None), ({"length": 12, "direction": "left"}, {"max_length": 8, "stride": 1})):
            tokenizer.no_padding()
            if padding is not None:
                tokenizer.enable_padding(**padding)
            if truncation is not None:
                tokenizer.enable_truncation(**truncation)
            copied = copy.deepcopy(tokenizer)
            for other in (pickle.loads(pickle.dumps(tokenizer)), pickle.loads(pickle.dumps(copied))):
                assert type(other) is type(tokenizer) and other.get_vocab() == tokenizer.get_vocab()
                assert other.padding == tokenizer.padding and other.truncation == tokenizer.truncation
                assert other.encode("he b <s>he a a a", "a") == tokenizer.encode("he b <s>he a a a", "a")
        copied.add_tokens(["new"])
        assert "new" in pickle.loads(pickle.dumps(copied)).get_vocab()
        assert "new" not in pickle.loads(pickle.dumps(tokenizer)).get_vocab()


def test_a_str_is_no_list():
    tokenizer, vocab = small(), text.Vocab(["a", "b"])
    for call in (
        lambda: tokenizer("a", ["a"]),
        lambda: tokenizer(["a"], "a"),
        lambda: tokenizer.encode_batch("ab"),
        lambda: tokenizer.encode_batch([("a", "b"), "ab"]),
        lambda: tokenizer.add_tokens("ab"),
        lambda: tokenizer.add_special_tokens("ab"),
        lambda: vocab("ab"),
        lambda: vocab.lookup_indices("ab"),
        lambda: text.Vocab("ab"),
        lambda: text.vocab("ab"),
        lambda: text.build_vocab_from_iterator("ab"),
        lambda: text.build_vocab_from_iterator(["ab", "b"]),
        lambda: text.build_vocab_from_iterator([["a"]], specials="<unk>"),
    ):
        with pytest.raises(TypeError, match="a list is expected, not str|text_pair is list"):
            call()


def test_merges_of_pairs_are_not_parsed():
    vocab = {"a": 0, "b\na b": 1, "ab\na b": 2, "#version": 3, "s": 4, "#versions": 5}
    merges = [("a", "b\na b"), ("#version", "s")]
    assert text.ByteLevelBPETokenizer(vocab, merges).get_vocab() == vocab
    with pytest.raises(ValueError, match="'#versiona' is not in the vocabulary"):
        text.ByteLevelBPETokenizer(vocab, [("#version", "a")])


def test_threads_may_encode_while_options_change():
    tokenizer = small()
    stop = threading.Event()

    def encode():
        while not stop.is_set():
            assert len(tokenizer.encode("a un")) in (4, 6, 8)

    threads = [threading.Thread(target=encode) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(300):
        tokenizer.enable_padding(length=6 + 2 * (i % 2))
    stop.set()
    for thread in threads:
        thread.join()


def test_errors(tmp_path):
    (tmp_path / "t.json").write_text('{"model": {"type": "Bigram"}}')
    with pytest.raises(NotImplementedError, match="t.json.*model: the model 'Bigram' is not supported"):
        text.Tokenizer.from_file(tmp_path / "t.json")
    for model, match in (
        ('{"type": "Unigram", "unk_id": 2, "vocab": [["a", 0]]}', "unk_id = 2 is none of 1 tokens"),
        ('{"type": "Unigram", "vocab": [["a"]]}', "vocab.0.: a token and its score are expected"),
        ('{"type": "Unigram", "vocab": {}}', "vocab"),
    ):
        with pytest.raises(ValueError, match=match):
            text.Tokenizer.from_str('{"model": ' + model + "}")
    plain = '{"model": {"type": "Unigram", "vocab": [["a", 0]]}, "normalizer": '
    for content in ("AAAA", "////", "BAAAAP////8A", "x"):
        with pytest.raises(ValueError, match="precompiled_charsmap|a character is unknown"):
            made = text.Tokenizer.from_str(plain + '{"type": "Precompiled", "precompiled_charsmap": "' + content + '"}}')
            made.encode("a\u0301")
            raise ValueError("precompiled_charsmap: harmless")
    with pytest.raises(ValueError, match="a character is unknown"):
        text.Tokenizer.from_str(plain + "null}").encode("b")
    with pytest.raises(ValueError, match="JSON"):
        text.Tokenizer.from_str("{")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        text.Tokenizer.from_file(tmp_path / "nowhere.json")
    (tmp_path / "m.txt").write_text("a b\n")
    (tmp_path / "v.json").write_text('{"a": 0, "b": 1}')
    with pytest.raises(ValueError, match="m.txt.*merge 1.*'ab' is not in the vocabulary"):
        text.ByteLevelBPETokenizer(tmp_path / "v.json", tmp_path / "m.txt")
    with pytest.raises(TypeError, match="both files"):
        text.ByteLevelBPETokenizer(tmp_path / "v.json", [])
    with pytest.raises(ValueError, match="0, 1, ..., each once"):
        text.BertWordPieceTokenizer({"a": 1})


# ---- vocabularies and words ------------------------------------------------------------------


def test_vocab(tmp_path):
    vocab = text.vocab(["a", "b"])
    assert vocab(["b", "a"]) == vocab.forward(["b", "a"]) == vocab.lookup_indices(["b", "a"]) == [1, 0]
    assert len(vocab) == 2 and "a" in vocab and "c" not in vocab and vocab["b"] == 1
    assert vocab.lookup_token(0) == "a" and vocab.lookup_tokens([1, 0]) == ["b", "a"]
    with pytest.raises(RuntimeError, match="'c' is not here, and no default index is set"):
        vocab["c"]
    with pytest.raises(RuntimeError, match="index 2"):
        vocab.lookup_token(2)
    vocab.set_default_index(0)
    assert vocab["c"] == 0 and vocab.get_default_index() == 0
    vocab.append_token("d")
    vocab.insert_token("z", 0)
    assert vocab.get_itos() == ["z", "a", "b", "d"] and vocab.get_stoi()["d"] == 3
    for other in (copy.copy(vocab), copy.deepcopy(vocab), pickle.loads(pickle.dumps(vocab))):
        assert other.get_itos() == vocab.get_itos() and other.get_default_index() == 0
    vocab.save(tmp_path / "vocab.txt")
    assert text.Vocab.from_file(tmp_path / "vocab.txt").get_itos() == vocab.get_itos()
    with pytest.raises(ValueError, match="'a' is here already"):
        text.vocab(["a", "a"])
    counts = {"x": 1, "y": 3, "<unk>": 9}
    assert text.vocab(counts, min_freq=2, specials=["<unk>"], special_first=False).get_itos() == ["y", "<unk>"]


def test_vocab_of_texts():
    lists = [["b", "a", "c"], ["a", "d", "b", "a"]]
    assert text.build_vocab_from_iterator(lists).get_itos() == ["a", "b", "c", "d"]
    made = text.build_vocab_from_iterator(iter(lists), min_freq=2, specials=["<unk>"])
    assert made.get_itos() == ["<unk>", "a", "b"]
    made = text.build_vocab_from_iterator(lists, specials=["<unk>", "<pad>"], special_first=False, max_tokens=3)
    assert made.get_itos() == ["a", "<unk>", "<pad>"]


def test_words():
    assert text.split_words("Don't stop,\u00a0now") == ["Don", "'", "t", "stop", ",", "now"]
    assert text.split_words("A b.", lowercase=True, split_punctuation=False) == ["a", "b."]
    vocab = text.build_vocab_from_iterator(map(text.split_words, LINES), specials=["<unk>"])
    tokenizer = text.WordTokenizer(vocab, "<unk>")
    for line in LINES[:50]:
        assert tokenizer.encode(line).ids == vocab(text.split_words(line))
    assert tokenizer.encode("zzzz").ids == [0]


def test_padding_has_the_number_of_its_token():
    tokenizer = text.WordTokenizer(["[UNK]", "a", "b", "[PAD]"])
    tokenizer.enable_padding()
    assert tokenizer(["a", "a b"])["input_ids"].tolist() == [[1, 3], [1, 2]]
    assert tokenizer.decode([1, 3, 3]) == "a" and tokenizer.decode([1, 3], False) == "a [PAD]"
