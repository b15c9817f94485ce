"""Datasets of files: images, folders, CIFAR, tables, lines, archives, SQLite."""

import io
import os
import pathlib
import sqlite3
import struct
import tarfile
import zlib

import neura as nr
import numpy as np
import pytest
from neura.utils.data import (
    CIFAR10,
    CIFAR100,
    CSVDataset,
    DataLoader,
    DatasetFolder,
    ImageFolder,
    SQLiteDataset,
    TarDataset,
    TextLineDataset,
    decode_image,
    get_worker_info,
    read_image,
    transforms,
)
from neura.utils.data.io import ImageReadMode, encode_jpeg, encode_png, read_file, write_jpeg, write_png


def png(image):
    """The bytes of a PNG file of an array uint8 [H, W, 3]."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def picture(seed, height=4, width=5):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_images(tmp_path):
    image = picture(0)
    path = tmp_path / "a.png"
    path.write_bytes(png(image))
    expected = image.transpose(2, 0, 1)
    for result in (read_image(path), read_image(str(path)), decode_image(png(image)), decode_image(read_file(path))):
        assert result.dtype is nr.uint8 and np.array_equal(result.numpy(), expected)
    assert read_image(path, ImageReadMode.GRAY).shape == (1, 4, 5)
    assert read_image(path, "RGB_ALPHA").shape == (4, 4, 5)
    tensor = nr.from_numpy(expected.copy())
    assert np.array_equal(decode_image(encode_png(tensor)).numpy(), expected)
    write_png(tensor, tmp_path / "b.png")
    assert np.array_equal(read_image(tmp_path / "b.png").numpy(), expected)
    smooth = (nr.arange(32).reshape(1, 1, 32) * 4 + nr.arange(32).reshape(1, 32, 1) * 3).to(nr.uint8).expand(3, 32, 32)
    write_jpeg(smooth, tmp_path / "c.jpg", quality=95)
    for result in (read_image(tmp_path / "c.jpg"), decode_image(encode_jpeg(smooth, 95))):
        assert (result.float() - smooth.float()).abs().max().item() < 8
    with pytest.raises(ValueError, match="JPEG nor a PNG"):
        decode_image(b"GIF89a")
    with pytest.raises(ValueError, match="mode"):
        read_image(path, "COLOURFUL")
    with pytest.raises(FileNotFoundError, match="nowhere.png"):
        read_image(tmp_path / "nowhere.png")
    (tmp_path / "short.png").write_bytes(png(image)[:-20])
    with pytest.raises(RuntimeError, match="short.png.*truncated"):
        read_image(tmp_path / "short.png")
    with pytest.raises(ValueError, match="uint8"):
        encode_png(nr.zeros(3, 2, 2))


@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate(["zebra/2.png", "zebra/10.PNG", "ant/deep/1.png", "ant/0.png"]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(picture(i)))
    (tmp_path / "ant" / "notes.txt").write_text("no image")
    os.symlink(tmp_path / "ant", tmp_path / "ant" / "deep" / "again")
    return tmp_path


@pytest.mark.parametrize("workers", [0, 2])
def test_image_folder(folder, workers):
    data = ImageFolder(folder, transform=transforms.ToFloat(), target_transform=lambda target: target * 10)
    assert data.classes == ["ant", "zebra"] and data.class_to_idx == {"ant": 0, "zebra": 1}
    names = [os.path.relpath(path, folder) for path, _ in data.samples]
    assert names == ["ant/0.png", "ant/deep/1.png", "zebra/10.PNG", "zebra/2.png"]
    assert data.targets == [0, 0, 1, 1] and len(data) == 4 and data.imgs is data.samples
    image, target = data[2]
    assert np.allclose(image.numpy() * 255, picture(1).transpose(2, 0, 1)) and target == 10
    ((images, targets),) = DataLoader(data, 4, num_workers=workers)
    assert images.shape == (4, 3, 4, 5) and targets.tolist() == [0, 0, 10, 10]


@pytest.mark.parametrize("workers", [0, 2])
def test_image_folders_that_are_damaged(folder, workers):
    (folder / "ant" / "bad.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="bad.png") as caught:
        list(DataLoader(ImageFolder(folder), num_workers=workers))
    assert any("example 1" in note for note in caught.value.__notes__)
    (folder / "bee").mkdir()
    with pytest.raises(FileNotFoundError, match="classes bee"):
        ImageFolder(folder)
    assert ImageFolder(folder, allow_empty=True).classes == ["ant", "bee", "zebra"]
    with pytest.raises(FileNotFoundError, match="class folder"):
        ImageFolder(folder / "bee")
    with pytest.raises(FileNotFoundError):
        ImageFolder(folder / "nowhere")
    texts = DatasetFolder(folder, pathlib.Path, is_valid_file=lambda path: path.endswith(".txt"), allow_empty=True)
    assert [path.name for path, _ in texts] == ["notes.txt"]
    with pytest.raises(ValueError, match="not both"):
        DatasetFolder(folder, open)


def test_cifar(tmp_path):
    pixels = np.arange(3072).astype(np.uint8)
    inner = tmp_path / "cifar-10-batches-bin"
    inner.mkdir()
    for i in range(1, 6):
        (inner / f"data_batch_{i}.bin").write_bytes(bytes([i]) + pixels.tobytes() + bytes([9]) + pixels[::-1].tobytes())
    data = CIFAR10(tmp_path)
    assert len(data) == 10 and data.classes[int(data[0][1])] == "automobile"
    assert np.array_equal(data[1][0].numpy(), pixels[::-1].reshape(3, 32, 32))
    ((images, labels),) = DataLoader(CIFAR10(inner, transform=transforms.ToFloat()), 10, num_workers=2)
    assert labels.tolist() == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9] and images.dtype is nr.float32
    with pytest.raises(FileNotFoundError, match="test_batch.bin"):
        CIFAR10(tmp_path, train=False)
    (tmp_path / "train.bin").write_bytes(bytes([1, 77]) + pixels.tobytes())
    assert CIFAR100(tmp_path)[0][1].item() == 77
    (tmp_path / "train.bin").write_bytes(bytes([1, 77]))
    with pytest.raises(RuntimeError, match="train.bin"):
        CIFAR100(tmp_path)
    with pytest.raises(ValueError, match="downloaded"):
        CIFAR10(tmp_path, download=True)


def test_csv(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,weight,name\n1,0.5,"a, ""b"""\n2,-1e3,c\n3,7,"two\nlines"\n')
    data = CSVDataset(path, types=[int, float, str])
    assert data.columns == ["id", "weight", "name"]
    rows = [(1, 0.5, 'a, "b"'), (2, -1000.0, "c"), (3, 7.0, "two\nlines")]
    assert list(data) == rows
    for workers in (0, 1, 2, 5):
        batches = list(DataLoader(data, 1, num_workers=workers))
        assert [(i.item(), w.item(), n[0]) for i, w, n in batches] == rows
    assert list(CSVDataset(path, header=False))[0] == ("id", "weight", "name")
    assert list(CSVDataset(path, transform=len)) == [3, 3, 3]
    path.write_text("a;b\n1;2\n3\n")
    with pytest.raises(ValueError, match="t.csv.*row 3: 1 columns; 2 are expected"):
        list(CSVDataset(path, delimiter=";"))
    with pytest.raises(ValueError, match="t.csv.*row 2: column 1 is .*not an integer"):
        list(CSVDataset(path, types=[int]))
    with pytest.raises(ValueError, match="types"):
        CSVDataset(path, types=[bytes])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(CSVDataset(tmp_path / "nowhere"))


def test_lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes("one\r\ntwo\n\nvier \u00e4".encode())
    assert list(TextLineDataset(path)) == ["one", "two", "", "vier \u00e4"]
    for workers in (0, 1, 2, 3):
        assert [line for (line,) in DataLoader(TextLineDataset(path), num_workers=workers)] == list(TextLineDataset(path))
    assert list(TextLineDataset(path, transform=len)) == [3, 3, 0, 6]


def test_archives(tmp_path):
    paths = []
    for shard in range(3):
        paths.append(tmp_path / f"{shard}.tar")
        with tarfile.open(paths[-1], "w") as archive:
            for i in range(2):
                for part, content in (("cls", str(i).encode()), ("png", png(picture(2 * shard + i)))):
                    info = tarfile.TarInfo(f"x/{shard}{i}.{part}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    examples = list(TarDataset(paths))
    assert [e["__key__"] for e in examples] == ["x/00", "x/01", "x/10", "x/11", "x/20", "x/21"]
    assert examples[3]["cls"] == b"1" and list(TarDataset(paths[0]))[0]["cls"] == b"0"

    def decode(example):
        return decode_image(example["png"]), int(example["cls"])

    for workers in (0, 1, 2, 4):
        batches = list(DataLoader(TarDataset(paths, decode), 2, num_workers=workers))
        assert sorted(images.float().sum().item() for images, _ in batches) == sorted(
            float(picture(2 * s).sum()) + float(picture(2 * s + 1).sum()) for s in range(3)
        )
    paths[1].write_bytes(paths[1].read_bytes()[:700])
    with pytest.raises(RuntimeError, match="1.tar.*truncated"):
        list(TarDataset(paths))


def test_sqlite(tmp_path):
    path = tmp_path / "t.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (id INTEGER, x REAL, name TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(i, i / 2, f"n{i}") for i in range(7)])
    connection.close()
    data = SQLiteDataset(path, "SELECT * FROM t WHERE id >= ? ORDER BY id", [2])
    assert list(data)[0] == (2, 1.0, "n2")
    for workers in (0, 1, 2, 3):
        ids = [i for batch, _, _ in DataLoader(data, 2, num_workers=workers) for i in batch.tolist()]
        assert sorted(ids) == [2, 3, 4, 5, 6]
    with pytest.raises(sqlite3.OperationalError, match="t.db.*nothing"):
        list(SQLiteDataset(path, "SELECT nothing FROM t"))
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        list(SQLiteDataset(path, "DELETE FROM t"))
    with pytest.raises(FileNotFoundError, match="nowhere.db"):
        list(SQLiteDataset(tmp_path / "nowhere.db", "SELECT 1"))
    assert get_worker_info() is None
