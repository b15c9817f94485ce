#!/usr/bin/env python3
"""Times loaders of JPEG files, Neura's beside PyTorch's with Pillow, and prints one JSON object a line.

Both read a folder, cut a part of each image to 224 by 224 pixels (RandomResizedCrop, bilinear with antialiasing), mirror half of
them, make floats of them and normalize these, in batches of 64 on two workers. The folder is made by --make: parts of the given
pictures, 500 by 375 pixels, with noise and saved with quality 90. Each side is a process of its own; passes take turns, after one
that counts for nothing, which brings the files into memory. `ratio` is the median over rounds of our images a second over theirs.

usage: loader.py --make FOLDER PICTURE...        (with Pillow and NumPy)
       loader.py --package DIR [--peer-python PYTHON] FOLDER
       loader.py --package DIR --memory 50 FOLDER   resident memory of our side after each pass
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def make(folder, pictures, count):
    import numpy as np
    from PIL import Image

    images = [Image.open(path).convert("RGB") for path in pictures]
    chosen, numbers = random.Random(0), np.random.default_rng(0)
    for i in range(count):
        image = images[i % len(images)]
        width = int(image.width * chosen.uniform(0.5, 1))
        height = min(image.height, width * 3 // 4)
        left, top = chosen.randint(0, image.width - width), chosen.randint(0, image.height - height)
        part = image.resize((500, 375), Image.BICUBIC, box=(left, top, left + width, top + height))
        pixels = np.asarray(part) + numbers.normal(0, 6, (375, 500, 1))
        target = os.path.join(folder, f"class{i % 10}")
        os.makedirs(target, exist_ok=True)
        noisy = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        noisy.save(os.path.join(target, f"{i:05}.jpg"), quality=90)


def neura_loader(folder, workers):
    from neura.utils.data import DataLoader, ImageFolder, transforms as t

    steps = [t.RandomResizedCrop(224), t.RandomHorizontalFlip(), t.ToFloat(), t.Normalize(MEAN, STD)]
    dataset = ImageFolder(folder, transform=t.Compose(steps))
    return DataLoader(dataset, batch_size=64, shuffle=True, num_workers=workers, persistent_workers=workers > 0)


def torch_loader(folder, workers):
    """What torchvision does with Pillow, without torchvision."""
    import math

    import numpy as np
    import torch
    from PIL import Image

    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]

    def crop_of(width, height):
        for _ in range(10):
            area = width * height * torch.empty(1).uniform_(0.08, 1).item()
            ratio = math.exp(torch.empty(1).uniform_(math.log(3 / 4), math.log(4 / 3)).item())
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                left = torch.randint(0, width - w + 1, (1,)).item()
                return left, torch.randint(0, height - h + 1, (1,)).item(), w, h
        return 0, 0, width, height

    class Folder(torch.utils.data.Dataset):
        def __init__(self):
            classes = sorted(os.listdir(folder))
            self.samples = [(os.path.join(folder, c, f), i) for i, c in enumerate(classes)
                            for f in sorted(os.listdir(os.path.join(folder, c)))]  # fmt: skip

        def __len__(self):
            return len(self.samples)

        def __getitem__(self, index):
            path, label = self.samples[index]
            with open(path, "rb") as file:
                image = Image.open(file).convert("RGB")
            left, top, width, height = crop_of(*image.size)
            image = image.crop((left, top, left + width, top + height)).resize((224, 224), Image.BILINEAR)
            if torch.rand(1) < 0.5:
                image = image.transpose(Image.FLIP_LEFT_RIGHT)
            tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
            return tensor.sub_(mean).div_(std), label

    return torch.utils.data.DataLoader(
        Folder(), batch_size=64, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )


def resident():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\s*(\d+)", status.read())[1]) * 1024


def side(name, folder, workers):
    """A pass for each line that comes in: images a second, resident bytes, and the mean of all pixels."""
    loader = {"neura": neura_loader, "torch": torch_loader}[name](folder, workers)
    version = sys.modules[name].__version__
    for _ in sys.stdin:
        start, count, total = time.perf_counter(), 0, 0.0
        for images, labels in loader:
            count += len(labels)
            total += float(images[0].mean()) * len(labels)
        seconds = time.perf_counter() - start
        print(json.dumps({"version": version, "rate": count / seconds, "resident": resident(), "mean": total / count}),
              flush=True)  # fmt: skip


class Side:
    def __init__(self, python, name, options):
        environment = dict(os.environ, PYTHONPATH=options.package if name == "neura" else "")
        command = [python, os.path.abspath(__file__), "--side", name, "--workers", str(options.workers), options.folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def run(self):
        self.process.stdin.write("pass\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("a side ended")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def memory(options):
    ours = Side(sys.executable, "neura", options)
    sizes = [ours.run()["resident"] for _ in range(options.memory)]
    ours.close()
    print(json.dumps({"passes": len(sizes), "workers": options.workers,
                      "resident_mb": {str(i + 1): round(sizes[i] / 1e6, 1)
                                      for i in sorted({0, 1, 4, 9, 19, 29, 39, len(sizes) - 1}) if i < len(sizes)},
                      "largest_mb": round(max(sizes) / 1e6, 1)}))  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("pictures", nargs="*")
    parser.add_argument("--make", action="store_true", help="write --images files into the folder")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--package", default="", help="folder with our package; by default the installed one")
    parser.add_argument("--peer-python", default="/usr/bin/python3", help="an interpreter with PyTorch, Pillow and NumPy")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, default=0, help="so many passes of our side alone")
    parser.add_argument("--side", choices=["neura", "torch"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.folder, options.pictures, options.images)
    elif options.side:
        side(options.side, options.folder, options.workers)
    elif options.memory:
        memory(options)
    else:
        ours, peer = Side(sys.executable, "neura", options), Side(options.peer_python, "torch", options)
        ours.run(), peer.run()
        rounds = [(ours.run(), peer.run()) for _ in range(options.rounds)]
        ours.close()
        peer.close()
        print(json.dumps({"workers": options.workers, "peer": rounds[0][1]["version"],
                          "ours_per_s": round(statistics.median(a["rate"] for a, _ in rounds)),
                          "peer_per_s": round(statistics.median(b["rate"] for _, b in rounds)),
                          "ratio": round(statistics.median(a["rate"] / b["rate"] for a, b in rounds), 2),
                          "ratios": [round(a["rate"] / b["rate"], 2) for a, b in rounds]}))  # fmt: skip


if __name__ == "__main__":
    main()
