"""Every loss beside PyTorch's, as a function and as a class: arguments, attributes, state, values, gradients, copies."""

import copy
import inspect
import pickle

import neura as nr
import numpy as np
import pytest
import torch
from neura import _C, nn

from compare import assert_same

RANDOM = np.random.RandomState(0)


def normal(*shape):
    return RANDOM.randn(*shape).astype(np.float32)


PAIR = (normal(4, 3), normal(4, 3))
BINARY = (RANDOM.uniform(0.1, 0.9, (4, 3)).astype(np.float32), RANDOM.uniform(0, 1, (4, 3)).astype(np.float32))
CLASSES = (normal(4, 3), np.array([2, 0, -100, 1]))
WEIGHT = np.array([0.5, 2.0, 1.0], dtype=np.float32)

# class: (function, input and target, several sets of options)
CASES = {
    "CrossEntropyLoss": ("cross_entropy", CLASSES, [{}, {"weight": WEIGHT, "label_smoothing": 0.1}, {"ignore_index": 1}]),
    "NLLLoss": ("nll_loss", CLASSES, [{}, {"weight": WEIGHT}, {"ignore_index": 1}]),
    "MSELoss": ("mse_loss", PAIR, [{}]),
    "L1Loss": ("l1_loss", PAIR, [{}]),
    "SmoothL1Loss": ("smooth_l1_loss", PAIR, [{}, {"beta": 0.5}]),
    "KLDivLoss": ("kl_div", (np.log(BINARY[0]), BINARY[1]), [{}, {"log_target": True}]),
    "HuberLoss": ("huber_loss", PAIR, [{}, {"delta": 0.5}]),
    "PoissonNLLLoss": ("poisson_nll_loss", BINARY, [{}, {"log_input": False, "full": True}]),
    "HingeEmbeddingLoss": ("hinge_embedding_loss", (PAIR[0], np.sign(PAIR[1])), [{}, {"margin": 0.5}]),
    "SoftMarginLoss": ("soft_margin_loss", (PAIR[0], np.sign(PAIR[1])), [{}]),
    "MultiMarginLoss": ("multi_margin_loss", (PAIR[0], np.array([2, 0, 1, 1])), [{}, {"p": 2, "margin": 0.5, "weight": WEIGHT}]),
    "MultiLabelMarginLoss": ("multilabel_margin_loss", (PAIR[0], np.array([[1, -1, 0], [2, 0, -1], [0, 1, 2], [-1, 0, 0]])), [{}]),
    "MultiLabelSoftMarginLoss": ("multilabel_soft_margin_loss", BINARY, [{}, {"weight": WEIGHT}]),
    "BCELoss": ("binary_cross_entropy", BINARY, [{}, {"weight": WEIGHT}]),
    "BCEWithLogitsLoss": ("binary_cross_entropy_with_logits", BINARY, [{}, {"weight": WEIGHT, "pos_weight": 2 * WEIGHT}]),
}
FLAT = [
    (name, {**options, "reduction": reduction})
    for name, (_, _, sets) in CASES.items()
    for options in sets
    for reduction in ("mean", "sum", "none")
]


def tensors(library, options):
    return {k: library.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}


# Losses of three tensors and more: class, arguments, options.
SEVERAL = {
    "CosineEmbeddingLoss": ((*PAIR, np.array([1, -1, 1, -1])), {"margin": 0.2}),
    "MarginRankingLoss": ((PAIR[0][:, 0], PAIR[1][:, 0], np.array([1, -1, 1, -1])), {"margin": 0.5}),
    "TripletMarginLoss": ((*PAIR, normal(4, 3)), {"margin": 2.0, "p": 1.0, "swap": True}),
    "TripletMarginWithDistanceLoss": ((*PAIR, normal(4, 3)), {"margin": 2.0, "swap": True}),
    "GaussianNLLLoss": ((*PAIR, BINARY[0]), {"full": True}),
    "CTCLoss": ((np.log(RANDOM.dirichlet(np.ones(4), (6, 2)).astype(np.float32)), np.array([[1, 2], [3, 0]]), (6, 5), (2, 1)), {}),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", SEVERAL)
def test_a_loss_of_several_is_that_of_pytorch(name, reduction):
    inputs, options = SEVERAL[name]
    ours, theirs = (getattr(n, name)(**options, reduction=reduction) for n in (nn, torch.nn))
    assert repr(ours).split("\n")[0] == repr(theirs).split("\n")[0]
    assert all(getattr(ours, option) == value for option, value in options.items())

    def made(library):
        return [
            library.tensor(x, requires_grad=x.dtype == np.float32) if isinstance(x, np.ndarray) else x for x in inputs
        ]

    a, b = made(nr), made(torch)
    x, y = ours(*a), theirs(*b)
    assert_same(x, y, 1e-5, 1e-5)
    (x * x).sum().backward(), (y * y).sum().backward()
    for mine, other in zip(a, b):
        # PyTorch's gradient of ctc_loss takes for granted that a log_softmax comes before.
        if isinstance(mine, nr.Tensor) and other.requires_grad and name != "CTCLoss":
            assert_same(mine.grad, other.grad, 1e-4, 1e-5)
    assert pickle.loads(pickle.dumps(ours))(*a).tolist() == x.tolist()


def test_losses_of_several_take_what_those_of_pytorch_do():
    for name in SEVERAL:
        ours = inspect.signature(getattr(nn, name).forward).parameters
        assert list(ours) == list(inspect.signature(getattr(torch.nn, name).forward).parameters)
    probabilities = nr.tensor(SEVERAL["CTCLoss"][0][0])
    targets = nr.tensor([[1, 2], [3, 0]])
    tensors = nn.CTCLoss()(probabilities, targets, nr.tensor([6, 5]), nr.tensor([2, 1]))
    assert tensors.tolist() == nn.CTCLoss()(probabilities, targets, (6, 5), (2, 1)).tolist()


def test_every_loss_has_a_case():
    losses = {name for scope, name, *_ in _C._bound_classes() if scope == "nn" and name.endswith("Loss")}
    assert losses == set(CASES) | (set(SEVERAL) - {"TripletMarginWithDistanceLoss"})


@pytest.mark.parametrize("name", CASES)
def test_arguments_are_those_of_pytorch(name):
    bound = next(parameters for scope, c, parameters, *_ in _C._bound_classes() if c == name)
    ours = {n: eval(default) for n, _, default, *_ in bound}
    theirs = inspect.signature(getattr(torch.nn, name).__init__).parameters
    assert ours == {n: p.default for n, p in theirs.items() if n in ours}
    assert list(ours) == [n for n in theirs if n in ours]
    function = CASES[name][0]
    functional = inspect.signature(getattr(nn.functional, function)).parameters
    theirs = inspect.signature(getattr(torch.nn.functional, function)).parameters
    assert [(n, p.default) for n, p in functional.items()] == [
        (n, p.default) for n, p in theirs.items() if n in functional
    ]
    assert set(functional) == {"input", "target", *ours}


@pytest.mark.parametrize("name,options", FLAT, ids=[f"{n}-{'-'.join(map(str, o))}-{o['reduction']}" for n, o in FLAT])
def test_a_loss_is_that_of_pytorch(name, options):
    function, (input, target), _ = CASES[name]
    if "ignore_index" in options:
        target = np.where(target == -100, options["ignore_index"], target)
    ours = getattr(nn, name)(**tensors(nr, options))
    theirs = getattr(torch.nn, name)(**tensors(torch, options))
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())
    for option, value in options.items():
        if not isinstance(value, np.ndarray):
            assert getattr(ours, option) == getattr(theirs, option)
    a, b = nr.tensor(input, requires_grad=True), torch.tensor(input, requires_grad=True)
    loss, expected = ours(a, nr.tensor(target)), theirs(b, torch.tensor(target))
    assert_same(loss, expected, 1e-5, 1e-6)
    loss.sum().backward(), expected.sum().backward()
    assert_same(a.grad, b.grad, 1e-4, 1e-6)
    as_function = getattr(nn.functional, function)(a, nr.tensor(target), **tensors(nr, options))
    assert as_function.tolist() == loss.tolist()
    assert ours(input=a, target=nr.tensor(target)).tolist() == loss.tolist()
    for clone in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert type(clone) is type(ours)
        assert clone(a, nr.tensor(target)).tolist() == loss.tolist()


def test_losses_are_modules():
    class Trainer(nn.Module):
        def __init__(self):
            super().__init__()
            self.loss = nn.CrossEntropyLoss(weight=nr.ones(3))

    trainer = Trainer()
    assert list(trainer.state_dict()) == ["loss.weight"] and list(trainer.parameters()) == []
    assert trainer.double().loss.weight.dtype is nr.float64
    trainer.loss.reduction = "sum"
    assert trainer.loss.reduction == "sum"
    x = nr.ones(2, 3, dtype=nr.float64)
    assert trainer.loss(x, nr.tensor([0, 1])).item() == pytest.approx(2 * np.log(3))
    trainer.loss.weight = None
    assert list(trainer.state_dict()) == []
    with pytest.raises(TypeError, match=r"MSELoss.forward\(\) is missing the argument 'target'"):
        nn.MSELoss()(x)
    with pytest.raises(TypeError, match=r"mse_loss\(\): argument 'reduction' must be str"):
        nn.functional.mse_loss(x, x, reduction=1)
    with pytest.raises(ValueError, match="MSELoss: Mse: reduction"):
        nn.MSELoss(reduction="median")(x, x)

    class Halved(nn.MSELoss):
        def forward(self, input, target):
            return super().forward(input, target) / 2

    assert Halved()(x, x * 3).item() == 2.0


def test_a_target_that_is_no_class_is_named():
    with pytest.raises(IndexError, match="CrossEntropy: the target's classes: .*index 3 is outside"):
        nn.functional.cross_entropy(nr.ones(4, 3), nr.tensor([0, 1, 2, 3]))
