"""Transforms: each row of data/transforms.inc beside NumPy and PyTorch, compositions, mixing."""

import copy
import itertools
import math

import neura as nr
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from neura.utils.data import FashionMNIST, transforms

BYTES = np.random.default_rng(0).integers(0, 256, (3, 7, 9)).astype(np.uint8)
FLOATS = np.random.default_rng(1).random((3, 7, 9)).astype(np.float32)


def windows(image, height, width):
    _, rows, columns = image.shape
    return [
        image[:, top : top + height, left : left + width]
        for top in range(rows - height + 1)
        for left in range(columns - width + 1)
    ]


def interpolated(image, size, mode, **options):
    batch = torch.from_numpy(image.astype(np.float32))[None]
    result = F.interpolate(batch, size=size, mode=mode, **options)[0].numpy()
    return as_stored(result, image)


def as_stored(result, image):
    return np.clip(np.round(result), 0, 255).astype(np.uint8) if image.dtype == np.uint8 else result.astype(np.float32)


def warped(image, matrix, mode):
    """Where the forward matrix sends pixels, seen from the middle."""
    rows, columns = image.shape[1:]
    inverse = np.linalg.inv(matrix)
    y, x = np.meshgrid(np.arange(rows) - (rows - 1) / 2, np.arange(columns) - (columns - 1) / 2, indexing="ij")
    source = np.einsum("ij,jyx->iyx", inverse, np.stack([x, y, np.ones_like(x)]))
    source = source[:2] / source[2]
    grid = np.stack([source[0] / (columns / 2), source[1] / (rows / 2)], axis=-1)
    batch = torch.from_numpy(image.astype(np.float64))[None]
    return as_stored(F.grid_sample(batch, torch.from_numpy(grid)[None], mode, "zeros", False)[0].numpy(), image)


def turn(degrees):
    a = math.radians(degrees)
    return np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])


def shear(degrees):
    return np.array([[1, -math.tan(math.radians(degrees)), 0], [0, 1, 0], [0, 0, 1]])


def scale(factor):
    return np.diag([factor, factor, 1.0])


def grey(image):
    value = 0.2989 * image[0].astype(np.float64) + 0.587 * image[1] + 0.114 * image[2]
    return (np.floor(value) if image.dtype == np.uint8 else value)[None]


def blend(image, other, factor):
    bound = 255 if image.dtype == np.uint8 else 1
    result = np.clip(factor * image.astype(np.float64) + (1 - factor) * other, 0, bound)
    return result.astype(image.dtype)


def blurred(image, kernel, sigma):
    x = torch.arange(kernel) - (kernel - 1) / 2
    weights = torch.exp(-0.5 * (x / sigma) ** 2).double()
    weights = torch.outer(weights, weights) / weights.sum() ** 2
    batch = F.pad(torch.from_numpy(image.astype(np.float64))[None], [kernel // 2] * 4, mode="reflect")
    result = F.conv2d(batch, weights.expand(len(image), 1, kernel, kernel), groups=len(image))
    return as_stored(result[0].numpy(), image)


def sharpened(image, factor):
    weights = torch.ones(3, 3, dtype=torch.float64)
    weights[1, 1] = 5
    batch = torch.from_numpy(image.astype(np.float64))[None]
    smooth = image.astype(np.float64)
    smooth[:, 1:-1, 1:-1] = F.conv2d(batch, (weights / 13).expand(len(image), 1, 3, 3), groups=len(image))[0].numpy()
    return blend(image, np.round(smooth) if image.dtype == np.uint8 else smooth, factor)


def contrast_stretched(image):
    least = image.min(axis=(1, 2), keepdims=True).astype(np.float64)
    most = image.max(axis=(1, 2), keepdims=True).astype(np.float64)
    bound = 255 if image.dtype == np.uint8 else 1
    return ((image - least) * (bound / (most - least))).astype(image.dtype)


def equalized(image):
    result = image.copy()
    for plane in result:
        histogram = np.bincount(plane.ravel(), minlength=256)
        step = histogram[np.nonzero(histogram)[0][:-1]].sum() // 255
        if step:
            table = (np.cumsum(histogram) - histogram + step // 2) // step
            plane[...] = np.clip(np.where(np.arange(256) > 0, table, 0), 0, 255)[plane]
    return result


def erased(image, height, width, value):
    for top, left in itertools.product(range(image.shape[1] - height + 1), range(image.shape[2] - width + 1)):
        result = image.copy()
        result[:, top : top + height, left : left + width] = value
        yield result
    yield image


def padded(image, margins, **options):
    return np.pad(image, [(0, 0), *margins], **options)


MANY = np.random.default_rng(2).integers(0, 5, (3, 40, 40)).astype(np.uint8) * 30

# Each with its text, an image, and the images that it may make of one; None: any of the same kind.
CASES = {
    "Resize": [
        ("Resize(size=(4, 5), interpolation='bilinear', max_size=None, antialias=True)", FLOATS, lambda x: [interpolated(x, (4, 5), "bilinear", antialias=True)]),
        ("Resize(size=[12, 4], interpolation='bicubic', max_size=None, antialias=True)", FLOATS, lambda x: [interpolated(x, (12, 4), "bicubic", antialias=True)]),
        ("Resize(size=(4, 5), interpolation='bicubic', max_size=None, antialias=False)", FLOATS, lambda x: [interpolated(x, (4, 5), "bicubic")]),
        ("Resize(size=(4, 5), interpolation='bilinear', max_size=None, antialias=True)", BYTES, lambda x: [interpolated(x, (4, 5), "bilinear", antialias=True)]),
        ("Resize(size=3, interpolation='nearest', max_size=None, antialias=True)", BYTES, lambda x: [interpolated(x, (3, 3), "nearest")]),
        ("Resize(size=14, interpolation='nearest-exact', max_size=15, antialias=True)", FLOATS, lambda x: [interpolated(x, (11, 15), "nearest-exact")]),
    ],
    "CenterCrop": [
        ("CenterCrop(size=3)", BYTES, lambda x: [x[:, 2:5, 3:6]]),
        ("CenterCrop(size=(9, 4))", BYTES, lambda x: [padded(x, [(1, 1), (0, 0)])[:, :, 2:6]]),
    ],
    "Pad": [
        ("Pad(padding=2, fill=7, padding_mode='constant')", BYTES, lambda x: [padded(x, [(2, 2), (2, 2)], constant_values=7)]),
        ("Pad(padding=(1, 2), fill=0, padding_mode='reflect')", FLOATS, lambda x: [padded(x, [(2, 2), (1, 1)], mode="reflect")]),
        ("Pad(padding=[1, 2, 3, 4], fill=0, padding_mode='edge')", FLOATS, lambda x: [padded(x, [(2, 4), (1, 3)], mode="edge")]),
        ("Pad(padding=(3, 0), fill=0, padding_mode='symmetric')", BYTES, lambda x: [padded(x, [(0, 0), (3, 3)], mode="symmetric")]),
    ],
    "RandomCrop": [
        ("RandomCrop(size=4, padding=None, pad_if_needed=False, fill=0, padding_mode='constant')", BYTES, lambda x: windows(x, 4, 4)),
        ("RandomCrop(size=(7, 8), padding=1, pad_if_needed=False, fill=3, padding_mode='constant')", BYTES, lambda x: windows(padded(x, [(1, 1), (1, 1)], constant_values=3), 7, 8)),
        ("RandomCrop(size=9, padding=None, pad_if_needed=True, fill=0, padding_mode='edge')", FLOATS, lambda x: windows(padded(x, [(2, 2), (0, 0)], mode="edge"), 9, 9)),
    ],
    "RandomResizedCrop": [
        (
            "RandomResizedCrop(size=(3, 4), scale=(1.0, 1.0), ratio=(0.75, 1.3), interpolation='bilinear', antialias=True)",
            FLOATS,
            lambda x: [interpolated(np.ascontiguousarray(w), (3, 4), "bilinear", antialias=True) for h in range(6, 8) for v in range(6, 10) for w in windows(x, h, v)],
        ),
    ],
    "RandomHorizontalFlip": [
        ("RandomHorizontalFlip(p=0.5)", BYTES, lambda x: [x, x[:, :, ::-1]]),
        ("RandomHorizontalFlip(p=1)", BYTES, lambda x: [x[:, :, ::-1]]),
        ("RandomHorizontalFlip(p=0.0)", FLOATS, lambda x: [x]),
    ],
    "RandomVerticalFlip": [
        ("RandomVerticalFlip(p=0.5)", BYTES, lambda x: [x, x[:, ::-1]]),
        ("RandomVerticalFlip(p=1.0)", FLOATS, lambda x: [x[:, ::-1]]),
    ],
    "RandomRotation": [
        ("RandomRotation(degrees=(30, 30), interpolation='bilinear', expand=False, center=None, fill=0)", FLOATS, lambda x: [warped(x, turn(-30), "bilinear")]),
        ("RandomRotation(degrees=(77, 77), interpolation='nearest', expand=False, center=None, fill=0)", BYTES, lambda x: [warped(x, turn(-77), "nearest")]),
        ("RandomRotation(degrees=(90, 90), interpolation='nearest', expand=True, center=None, fill=0)", BYTES, lambda x: [np.rot90(x, axes=(1, 2))]),
        ("RandomRotation(degrees=0, interpolation='nearest', expand=False, center=[1, 2], fill=0)", BYTES, lambda x: [x]),
    ],
    "RandomAffine": [
        (
            "RandomAffine(degrees=(20, 20), translate=None, scale=(1.3, 1.3), shear=(10, 10), interpolation='bilinear', fill=0, center=None)",
            FLOATS,
            lambda x: [warped(x, turn(20) @ shear(10) @ scale(1.3), "bilinear")],
        ),
        (
            "RandomAffine(degrees=0, translate=(0.25, 0), scale=None, shear=None, interpolation='nearest', fill=9, center=None)",
            BYTES,
            lambda x: [padded(x, [(0, 0), (4, 4)], constant_values=9)[:, :, 4 - d : 13 - d] for d in range(-2, 3)],
        ),
    ],
    "RandomPerspective": [
        ("RandomPerspective(distortion_scale=0.0, p=1.0, interpolation='bilinear', fill=0)", FLOATS, lambda x: [x]),
        ("RandomPerspective(distortion_scale=0.5, p=0.0, interpolation='bilinear', fill=0)", BYTES, lambda x: [x]),
        ("RandomPerspective(distortion_scale=0.5, p=1.0, interpolation='nearest', fill=0)", BYTES, None),
    ],
    "RandomErasing": [
        ("RandomErasing(p=1.0, scale=(0.1, 0.1), ratio=(1.0, 1.0), value=5)", BYTES, lambda x: list(erased(x, 3, 3, 5))[:-1]),
        ("RandomErasing(p=0.5, scale=(0.1, 0.1), ratio=(1.0, 1.0), value=[1, 2, 3])", FLOATS, lambda x: list(erased(x, 3, 3, np.array([1, 2, 3])[:, None, None]))),
        ("RandomErasing(p=0.5, scale=(0.1, 0.1), ratio=(1.0, 1.0), value='random')", FLOATS, None),
    ],
    "ToFloat": [("ToFloat()", BYTES, lambda x: [x / np.float32(255)])],
    "ConvertImageDtype": [
        ("ConvertImageDtype(dtype=neura.float32)", BYTES, lambda x: [x / np.float32(255)]),
        ("ConvertImageDtype(dtype=neura.uint8)", FLOATS, lambda x: [(x * 255.999).astype(np.uint8)]),
    ],
    "ToDtype": [
        ("ToDtype(dtype=neura.float32, scale=True)", BYTES, lambda x: [x / np.float32(255)]),
        ("ToDtype(dtype=neura.float32, scale=False)", BYTES, lambda x: [x.astype(np.float32)]),
    ],
    "Normalize": [
        ("Normalize(mean=[1, 2.5, 0], std=[2, 0.5, 1])", FLOATS, lambda x: [(x - np.float32([1, 2.5, 0])[:, None, None]) / np.float32([2, 0.5, 1])[:, None, None]]),
        ("Normalize(mean=(10,), std=(3,))", FLOATS, lambda x: [(x - 10) / np.float32(3)]),
    ],
    "Grayscale": [
        ("Grayscale(num_output_channels=1)", BYTES, lambda x: [grey(x).astype(np.uint8)]),
        ("Grayscale(num_output_channels=3)", FLOATS, lambda x: [grey(x).astype(np.float32).repeat(3, 0)]),
    ],
    "RandomGrayscale": [("RandomGrayscale(p=0.5)", BYTES, lambda x: [x, grey(x).astype(np.uint8).repeat(3, 0)])],
    "ColorJitter": [
        ("ColorJitter(brightness=(0.7, 0.7), contrast=0, saturation=0, hue=0)", BYTES, lambda x: [blend(x, 0, 0.7)]),
        ("ColorJitter(brightness=0, contrast=[1.6, 1.6], saturation=0, hue=0)", FLOATS, lambda x: [blend(x, grey(x).mean(), 1.6)]),
        ("ColorJitter(brightness=0, contrast=0, saturation=(0.4, 0.4), hue=0)", FLOATS, lambda x: [blend(x, grey(x), 0.4)]),
        ("ColorJitter(brightness=0.5, contrast=0.5, saturation=0.5, hue=0.5)", BYTES, None),
    ],
    "GaussianBlur": [
        ("GaussianBlur(kernel_size=5, sigma=(1.5, 1.5))", FLOATS, lambda x: [blurred(x, 5, 1.5)]),
        ("GaussianBlur(kernel_size=(3, 3), sigma=0.8)", BYTES, lambda x: [blurred(x, 3, 0.8)]),
    ],
    "RandomInvert": [("RandomInvert(p=0.5)", BYTES, lambda x: [x, 255 - x]), ("RandomInvert(p=1.0)", FLOATS, lambda x: [1 - x])],
    "RandomPosterize": [("RandomPosterize(bits=3, p=0.5)", BYTES, lambda x: [x, x & 0b11100000])],
    "RandomSolarize": [("RandomSolarize(threshold=90, p=0.5)", BYTES, lambda x: [x, np.where(x >= 90, 255 - x, x)])],
    "RandomAdjustSharpness": [
        ("RandomAdjustSharpness(sharpness_factor=2.5, p=1.0)", FLOATS, lambda x: [sharpened(x, 2.5)]),
        ("RandomAdjustSharpness(sharpness_factor=0, p=0.5)", BYTES, lambda x: [x, sharpened(x, 0)]),
    ],
    "RandomAutocontrast": [
        ("RandomAutocontrast(p=1.0)", FLOATS * np.float32(0.5), lambda x: [contrast_stretched(x)]),
        ("RandomAutocontrast(p=0.5)", BYTES // 3, lambda x: [x, contrast_stretched(x)]),
    ],
    "RandomEqualize": [("RandomEqualize(p=0.5)", MANY, lambda x: [x, equalized(x)])],
    "RandAugment": [
        (
            "RandAugment(num_ops=1, magnitude=0, num_magnitude_bins=31, interpolation='nearest', fill=None)",
            MANY,
            lambda x: [x, contrast_stretched(x), equalized(x)],
        ),
        ("RandAugment(num_ops=2, magnitude=9, num_magnitude_bins=31, interpolation='bilinear', fill=[1, 2, 3])", BYTES, None),
    ],
    "TrivialAugmentWide": [("TrivialAugmentWide(num_magnitude_bins=31, interpolation='nearest', fill=None)", BYTES, None)],
}


def close(a, b):
    # A byte more or less where a number was almost whole.
    tolerance = {"atol": 1, "rtol": 0} if a.dtype == np.uint8 else {"rtol": 1e-4, "atol": 2e-5}
    return a.shape == b.shape and np.allclose(a.astype(np.float64), b.astype(np.float64), **tolerance)


def test_every_row_has_cases():
    rows = {name for name in vars(nr._C.data.transforms) if not name.startswith("_")}
    assert rows == CASES.keys()


@pytest.mark.parametrize("text, image, expected", [case for cases in CASES.values() for case in cases], ids=lambda value: value if isinstance(value, str) else "")
def test_rows(text, image, expected):
    transform = eval(text, {**vars(transforms), "neura": nr})
    assert repr(transform) == text
    nr.manual_seed(3)
    for _ in range(8):
        result = transform(nr.from_numpy(image.copy())).numpy()
        if expected is None:
            assert result.shape == image.shape and result.dtype == image.dtype
            continue
        candidates = expected(image)
        assert result.dtype == candidates[0].dtype
        assert any(close(result, candidate) for candidate in candidates)


def test_leading_dimensions_share_the_choices():
    transform = transforms.RandomCrop(2)
    images = nr.arange(25.0).reshape(1, 1, 5, 5).expand(2, 3, 1, 5, 5)
    result = transform(images)
    assert result.shape == (2, 3, 1, 2, 2)
    assert all(part.tolist() == result[0, 0].tolist() for row in result for part in row)
    assert transforms.RandomVerticalFlip(1)(nr.tensor([[1.0], [2.0]])).tolist() == [[2.0], [1.0]]
    with pytest.raises(ValueError, match="RandomCrop"):
        transform(nr.zeros(4))


def test_seeds_and_attributes():
    crops = []
    for seed in (1, 2, 1):
        nr.manual_seed(seed)
        crops.append([transforms.RandomCrop(2)(nr.arange(36.0).reshape(1, 6, 6)).tolist() for _ in range(6)])
    assert crops[0] == crops[2] != crops[1] and crops[0][0] != crops[0][1]
    transform = transforms.Normalize([0.5], std=[0.25])
    assert transform.mean == [0.5] and transform.std == [0.25]
    assert repr(copy.deepcopy(transform)) == repr(transform)
    with pytest.raises(AttributeError, match="Normalize has no attribute 'p'"):
        transform.p
    assert transforms.Resize(3, transforms.InterpolationMode.BICUBIC)(nr.zeros(1, 5, 5)).shape == (1, 3, 3)


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: transforms.RandomCrop("3"), TypeError, "RandomCrop.*'size'"),
        (lambda: transforms.Normalize([0.5], [0.0]), ValueError, "standard deviations"),
        (lambda: transforms.Resize(0), ValueError, "Resize: size"),
        (lambda: transforms.RandomResizedCrop(3, scale=(0.9, 0.1)), ValueError, "scale"),
        (lambda: transforms.RandomRotation([1, 2, 3]), ValueError, "degrees"),
        (lambda: transforms.RandomAffine(0, translate=(2, 0)), ValueError, "translate"),
        (lambda: transforms.ColorJitter(hue=0.7), ValueError, "hue"),
        (lambda: transforms.GaussianBlur(4), ValueError, "kernel_size"),
        (lambda: transforms.RandomErasing(p=2), ValueError, "p is 2"),
        (lambda: transforms.RandAugment(magnitude=31), ValueError, "magnitude"),
        (lambda: transforms.Pad((1, 2, 3))(nr.zeros(1, 4, 4)), ValueError, "padding"),
        (lambda: transforms.ColorJitter(contrast=1)(nr.zeros(2, 4, 4)), ValueError, "one or three channels"),
        (lambda: transforms.Resize(3)(nr.zeros(1, 4, 4, dtype=nr.int64)), ValueError, "uint8 or a floating"),
        (lambda: transforms.Lambda(3), TypeError, "callable"),
    ],
    ids=str,
)
def test_arguments_that_make_no_sense(make, error, message):
    with pytest.raises(error, match=message):
        make()
    for size in (9, 0, -(2**63)):
        with pytest.raises(ValueError, match="RandomCrop"):
            transforms.RandomCrop(size)(nr.zeros(1, 4, 4))


def test_compositions():
    def add(n):
        return transforms.Lambda(lambda x: x + n)

    def double(x):
        return 2 * x

    assert transforms.Compose([add(1), double])(3) == 8
    nr.manual_seed(0)
    assert {transforms.RandomApply([add(1), double], p=0.5)(3) for _ in range(40)} == {3, 8}
    assert {transforms.RandomChoice([add(1), double])(3) for _ in range(40)} == {4, 6}
    assert {transforms.RandomChoice([add(1), double], p=[0, 2])(3) for _ in range(40)} == {6}
    assert {transforms.RandomOrder([add(1), double])(3) for _ in range(40)} == {7, 8}
    assert "CenterCrop(size=3)" in repr(transforms.Compose([transforms.CenterCrop(3)]))
    with pytest.raises(ValueError):
        transforms.RandomChoice([double], p=[1, 2])


def test_to_tensor():
    picture = BYTES.transpose(1, 2, 0)
    assert np.array_equal(transforms.ToTensor()(picture).numpy(), BYTES / np.float32(255))
    assert transforms.ToTensor()(picture[:, :, 0]).shape == (1, 7, 9)
    assert np.array_equal(transforms.PILToTensor()(picture).numpy(), BYTES)
    assert transforms.ToTensor()(nr.from_numpy(BYTES.copy())).dtype is nr.float32
    assert transforms.ToTensor()(picture.astype(np.float64)).dtype is nr.float64
    with pytest.raises(ValueError):
        transforms.ToTensor()(np.zeros(3))


def test_mixing():
    images, labels = nr.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 6, 6), nr.tensor([0, 1, 2, 1])
    for kind in (transforms.MixUp, transforms.CutMix):
        mixed, shares = kind(alpha=0.7, num_classes=3)(images, labels)
        assert mixed.shape == images.shape and shares.shape == (4, 3) and shares.dtype is nr.float32
        assert np.allclose(shares.sum(dim=1).numpy(), 1)
        own = shares[2, 2].item()  # of the third, which is mixed with the second
        assert mixed[2].mean().item() == pytest.approx(2 * own + 1 * (1 - own), abs=1e-5)
        again, soft = kind(num_classes=3)((mixed, shares))
        assert soft.shape == (4, 3) and again.shape == images.shape
        with pytest.raises(ValueError, match=f"{kind.__name__}: num_classes"):
            kind()(images, labels)
    with pytest.raises(ValueError, match="alpha"):
        transforms.MixUp(alpha=0)


def test_datasets_take_any_transform():
    inside = FashionMNIST(train=False, transform=transforms.Compose([transforms.ToFloat(), transforms.RandomCrop(20)]))
    assert inside[0][0].shape == (1, 20, 20)
    outside = FashionMNIST(train=False, transform=lambda x: x.float().mean(), target_transform=int)
    assert outside[0][0].dim() == 0 and outside[0][1] == 9
    crops = [FashionMNIST(train=False, transform=transforms.RandomCrop(20))[0][0].tolist() for _ in range(8)]
    assert any(crop != crops[0] for crop in crops)
    with pytest.raises(TypeError):
        FashionMNIST(train=False, transform=[str])
