"""What fine_tune.py reads, with random numbers in it: weights under BERT's names, pieces of words, reviews.

usage: make_bert.py FOLDER
"""

import io
import sys
import tarfile

import neura as nr

WIDTH = 384


def add(archive, name, data):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def main():
    folder = sys.argv[1]
    state = {
        "embeddings.word_embeddings.weight": nr.randn(30522, WIDTH),
        "embeddings.position_embeddings.weight": nr.randn(512, WIDTH),
        "embeddings.token_type_embeddings.weight": nr.randn(2, WIDTH),
    }
    shapes = {f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")}
    shapes["attention.output.dense"] = (WIDTH, WIDTH)
    shapes["intermediate.dense"], shapes["output.dense"] = (4 * WIDTH, WIDTH), (WIDTH, 4 * WIDTH)
    norms = ["embeddings.LayerNorm"]
    for i in range(6):
        norms += [f"encoder.layer.{i}.attention.output.LayerNorm", f"encoder.layer.{i}.output.LayerNorm"]
        for name, shape in shapes.items():
            state[f"encoder.layer.{i}.{name}.weight"] = 0.02 * nr.randn(shape)
            state[f"encoder.layer.{i}.{name}.bias"] = nr.zeros(shape[0])
    for name in norms:
        state[f"{name}.weight"], state[f"{name}.bias"] = nr.ones(WIDTH), nr.zeros(WIDTH)
    nr.save(state, f"{folder}/model.safetensors")

    pieces = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "a", "good", "film", "##s", "."]
    with open(f"{folder}/vocab.txt", "w", encoding="utf-8") as file:
        file.write("\n".join(pieces))
    rows = "".join(f"{i}\t{i % 3 - 1}\tA good film, films {i}.\n" for i in range(1200))
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        add(archive, "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt", rows.encode())
    with tarfile.open(f"{folder}/reviews.tar.gz", "w:gz") as archive:
        add(archive, "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz", inner.getvalue())


if __name__ == "__main__":
    main()
