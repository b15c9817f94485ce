#!/usr/bin/env python3
"""A small transformer learns to write licences, one character after the other.

It reads the texts that every Debian system has in /usr/share/common-licenses, or those of --text, and writes some of its own.
"""

import argparse
import glob
import math
import os

import neura as nr
import neura.nn as nn
import neura.nn.functional as F
from neura.optim.lr_scheduler import CosineAnnealingLR
from neura.trainer import CSVLogger, Curves, ModelCheckpoint, ProgressBar, Trainer
from neura.utils.data import DataLoader, Dataset


class Windows(Dataset):
    """Pieces of a text, and the same one character on: int64 [length] each."""

    def __init__(self, text: nr.Tensor, length: int, stride: int) -> None:
        self.text, self.length, self.stride = text, length, stride

    def __len__(self) -> int:
        return (len(self.text) - 1 - self.length) // self.stride + 1

    def __getitem__(self, index: int) -> tuple[nr.Tensor, nr.Tensor]:
        start = index * self.stride
        return self.text[start : start + self.length], self.text[start + 1 : start + 1 + self.length]


class CharGPT(nn.Module):
    """Characters [N, T] -> scores of the next one [N, T, characters]."""

    def __init__(self, characters: int, context: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.context = context
        self.embedding = nn.Embedding(characters, width)
        self.position = nn.Embedding(context, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width))
        self.head = nn.Linear(width, characters)

    def forward(self, x: nr.Tensor) -> nr.Tensor:
        length = x.shape[1]
        h = self.embedding(x) + self.position(nr.arange(length))
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.head(self.blocks(h, mask=mask, is_causal=True))

    def write(self, prompt: nr.Tensor, count: int, temperature: float) -> nr.Tensor:
        """The prompt [T] and `count` characters after it."""
        self.eval()
        with nr.no_grad():
            for _ in range(count):
                scores = self(prompt[-self.context :].unsqueeze(0))[0, -1]
                chosen = nr.multinomial(F.softmax(scores / temperature, dim=0), 1)
                prompt = nr.cat([prompt, chosen])
        return prompt


def read(paths: list[str]) -> str:
    texts = []
    for path in paths or sorted(glob.glob("/usr/share/common-licenses/*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    return "\n".join(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", action="append", default=[], help="a file to read; may be given several times")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--context", type=int, default=128, help="characters that it looks back")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--max_steps", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="char_gpt_out", help="folder for checkpoints, numbers and curves")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--write", type=int, default=400, help="characters to write in the end")
    options = parser.parse_args()

    nr.manual_seed(options.seed)
    text = read(options.text)
    alphabet = sorted(set(text))
    place = {character: i for i, character in enumerate(alphabet)}
    data = nr.tensor([place[character] for character in text])
    cut = len(data) * 9 // 10
    net = CharGPT(len(alphabet), options.context, options.width, heads=4, layers=options.layers)
    print(f"{len(text):,} characters, {len(alphabet)} different; {sum(p.numel() for p in net.parameters()):,} parameters")

    train = Windows(data[:cut], options.context, options.context // 2)
    loader = DataLoader(train, batch_size=16, shuffle=True, drop_last=True, seed=options.seed)
    validation = DataLoader(Windows(data[cut:], options.context, options.context), batch_size=32)
    optimizer = nr.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
    checkpoint = ModelCheckpoint(options.out, monitor="val_loss", every_n_steps=200)
    trainer = Trainer(
        max_epochs=options.epochs,
        max_steps=options.max_steps,
        gradient_clip_norm=1.0,
        callbacks=[
            ProgressBar(),
            checkpoint,
            CSVLogger(os.path.join(options.out, "metrics.csv")),
            Curves(os.path.join(options.out, "curves.svg")),
        ],
    )

    def step(batch: tuple[nr.Tensor, nr.Tensor]) -> nr.Tensor:
        inputs, targets = batch
        loss = F.cross_entropy(net(inputs).flatten(0, 1), targets.flatten())
        trainer.log("bits_per_character", loss.item() / math.log(2))
        return loss

    trainer.fit(
        net,
        optimizer,
        loader,
        step,
        validation,
        scheduler=CosineAnnealingLR(optimizer, options.epochs * len(loader), eta_min=1e-4),
        scheduler_interval="step",
        resume_from=checkpoint.last_path if options.resume else None,
    )
    prompt = nr.tensor([place[character] for character in "This license "])
    written = net.write(prompt, options.write, temperature=0.8)
    print("".join(alphabet[i] for i in written.tolist()))


if __name__ == "__main__":
    main()
