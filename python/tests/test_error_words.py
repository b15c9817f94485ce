"""What users read where they are wrong: no message shows how the package is made."""

import re

import neura as nr
import numpy as np
import pytest
from neura import nn, optim, trainer
from neura.nn import functional as F
from neura.optim import lr_scheduler, swa_utils
from neura.utils import data
from neura.utils.data import transforms

D = nr.distributions
INNER = re.compile(r"incompatible|Invoked with|neura::|std::|absl::|pybind11|C\+\+ type|typing\.|_C\b|\bk(Float|Int|Bool)|IntOr")
# Wrong kinds of almost everything.
WRONG = [None, 5, -1, 2.5, "text", b"bytes", [1, "a"], {"a": 1}, object(), nr.ones(2, 3), np.zeros(2), dict, lambda *a: None]


def linear():
    return nn.Linear(2, 2)


def stepper():
    return optim.SGD(linear().parameters(), 0.1)


def everything():
    """Names and functions of one argument, which gets whatever there is."""
    for name, value in sorted(vars(nn).items()):
        if isinstance(value, type) and issubclass(value, nn.Module):
            yield f"nn.{name}", value
            yield f"nn.{name} named", lambda x, value=value: value(dtype=x)
    for name, value in sorted(vars(F).items()):
        if callable(value) and not name.startswith("_"):
            yield f"F.{name}", value
            yield f"F.{name} second", lambda x, value=value: value(nr.ones(2, 3), x)
    for name, value in sorted(vars(nn.init).items()):
        if callable(value) and not name.startswith("_"):
            yield f"nn.init.{name}", value
    for name, value in sorted(vars(nn.utils).items()):
        if callable(value) and not name.startswith("_"):
            yield f"nn.utils.{name}", value
    for name in optim.__dict__:
        value = getattr(optim, name)
        if isinstance(value, type) and issubclass(value, optim.Optimizer):
            yield f"optim.{name}", lambda x, value=value: value(x, 0.1)
            yield f"optim.{name} lr", lambda x, value=value: value(linear().parameters(), x)
            yield f"optim.{name} state", lambda x, value=value: value(linear().parameters(), 0.1).load_state_dict(x)
    for name, value in sorted(vars(lr_scheduler).items()):
        if isinstance(value, type) and name.endswith("LR"):
            yield f"lr_scheduler.{name}", value
            yield f"lr_scheduler.{name} second", lambda x, value=value: value(stepper(), x)
    for name, value in sorted(vars(trainer).items()):
        if isinstance(value, type):
            yield f"trainer.{name}", value
    for name in ("Accuracy", "MeanMetric", "AUROC"):
        metric = getattr(trainer, name)
        yield f"trainer.{name}.update", lambda x, metric=metric: metric().update(x, x)
        yield f"trainer.{name}.update second", lambda x, metric=metric: metric().update(nr.ones(2, 3), x)
    for name in ("max_steps", "accumulate_grad_batches", "gradient_clip_norm", "limit_val_batches", "callbacks"):
        yield f"Trainer({name})", lambda x, name=name: trainer.Trainer(**{name: x})
    for name, value in sorted(vars(D).items()):
        if isinstance(value, type):
            yield f"distributions.{name}", value
            yield f"distributions.{name} twice", lambda x, value=value: value(x, x)
    normal = D.Normal(0.0, 1.0)
    for name in ("sample", "rsample", "log_prob", "cdf", "icdf", "expand"):
        yield f"Normal.{name}", getattr(normal, name)
    yield "kl_divergence", lambda x: D.kl_divergence(normal, x)
    yield "Independent", lambda x: D.Independent(normal, x)
    yield "TransformedDistribution", lambda x: D.TransformedDistribution(normal, x)
    yield "biject_to", D.biject_to
    for name, value in sorted(vars(D.constraints).items()):
        if callable(value) and not name.startswith("_") and not isinstance(value, D.constraints.Constraint):
            yield f"constraints.{name}", value
    for name, value in sorted(vars(data).items()):
        if isinstance(value, type):
            yield f"data.{name}", value
            yield f"data.{name} second", lambda x, value=value: value([1, 2], x)
    for name, value in sorted(vars(transforms).items()):
        if callable(value) and not name.startswith("_"):
            yield f"transforms.{name}", value
    yield "DataLoader walked", lambda x: list(data.DataLoader(x))
    yield "load_state_dict", lambda x: linear().load_state_dict(x)
    yield "load_state_dict values", lambda x: linear().load_state_dict({"weight": x, "bias": x})
    yield "module call", lambda x: linear()(x)
    yield "module.to", lambda x: linear().to(x)
    yield "module.type", lambda x: linear().type(x)
    yield "register_buffer", lambda x: linear().register_buffer(x, x)
    yield "register_parameter", lambda x: linear().register_parameter("x", x)
    yield "add_module", lambda x: linear().add_module("x", x)
    yield "setattr", lambda x: setattr(linear(), "weight", x)
    yield "Sequential", lambda x: nn.Sequential(x)(nr.ones(1))
    yield "ModuleDict", lambda x: nn.ModuleDict({"a": x})
    yield "hook", lambda x: linear().register_forward_hook(x)
    yield "TransformerEncoder", lambda x: nn.TransformerEncoder(x, 2)
    yield "Parameter", nn.Parameter
    yield "AveragedModel", swa_utils.AveragedModel
    yield "GradScaler", nr.amp.GradScaler
    yield "GradScaler.scale", lambda x: nr.amp.GradScaler().scale(x)
    yield "GradScaler.step", lambda x: nr.amp.GradScaler().step(x)
    yield "onnx.export", lambda x: nr.onnx.export(x, (nr.ones(1, 2),), "/dev/null")
    yield "onnx.export inputs", lambda x: nr.onnx.export(linear(), x, "/dev/null")
    yield "onnx.export result", lambda x: nr.onnx.export(lambda a: x, (nr.ones(1, 2),), "/dev/null")
    yield "onnx.load", nr.onnx.load
    yield "save", lambda x: nr.save(linear().state_dict(), x)
    yield "load", nr.load
    yield "summary", lambda x: nr.summary(linear(), x)
    yield "backward", lambda x: nr.ones(1, requires_grad=True).sum().backward(x)
    yield "grad", lambda x: nr.autograd.grad(x, x)
    yield "no_grad", nr.set_grad_enabled
    yield "generator", lambda x: nr.randn(2, generator=x)


@pytest.mark.parametrize("name, function", everything(), ids=[name for name, _ in everything()])
def test_no_message_shows_how_it_is_made(name, function, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what a name of a file writes
    shown = []
    for given in WRONG:
        if isinstance(given, int) and ("load" in name or "save" in name):
            continue  # an open file, by its number
        try:
            function(given)
        except Exception as error:
            if INNER.search(str(error)):
                shown.append(f"{type(error).__name__} of {given!r:.40}: {error}")
    assert not shown, "\n".join(shown)


@pytest.mark.parametrize(
    "function, error, words",
    [
        (lambda: trainer.Trainer(max_epochs="5"), TypeError, r"Trainer\(\): argument 'max_epochs' must be int, not str"),
        (lambda: trainer.EarlyStopping(patience="a"), TypeError, "argument 'patience' must be int, not str"),
        (lambda: nn.TransformerEncoder(None, 2), TypeError, "a layer that is a Module, not NoneType"),
        (lambda: D.Independent(D.Normal(0.0, 1.0), "a"), TypeError, "reinterpreted_batch_ndims must be int, not str"),
        (lambda: nn.Conv2d(1, 2, "a"), TypeError, "'kernel_size' must be int or a sequence of ints, not str"),
        (lambda: nr.std(nr.arange(3)), ValueError, "std and var only support floating point and complex dtypes, got int64"),
        (lambda: nr.mean(nr.arange(3)), ValueError, "convert the input or give a dtype"),
        (lambda: nr.ones(2, requires_grad=True).backward(), RuntimeError, r"backward\(\): grad can be implicitly created only for scalar"),
        (lambda: nn.LSTM(3, 4)(nr.ones(2, 2, 7)), ValueError, "^LSTM: the last dimension"),
        (lambda: nr.save({}, 5), TypeError, r"save\(\): expected a path or a binary file, not int"),
        (lambda: data.TensorDataset(np.zeros(3)), TypeError, "TensorDataset: tensors are expected, not ndarray"),
        (lambda: nn.utils.clip_grad_norm_(linear(), 1.0), TypeError, r"clip_grad_norm_\(\) takes .* give its parameters\(\)"),
        (lambda: nr.normal(0.0, -1.0, (2,)), ValueError, "std >= 0"),
        (lambda: nr.normal(nr.zeros(2), nr.tensor([1.0, -1.0])), ValueError, "std >= 0"),
        (lambda: nr.zeros(2).normal_(0, -1), ValueError, "std >= 0"),
        (lambda: nr.arange(3) // 0, RuntimeError, "ZeroDivisionError"),
        (lambda: nr.arange(3) % nr.zeros(3, dtype=nr.int64), RuntimeError, "ZeroDivisionError"),
        (lambda: nr.div(nr.arange(3), 0, rounding_mode="trunc"), RuntimeError, "ZeroDivisionError"),
        (lambda: nr.ones(2).clamp(), ValueError, "at least one of min and max"),
        (lambda: nr.clip(nr.ones(2)), ValueError, "at least one of min and max"),
        (lambda: nr.amp.GradScaler("cpu").step(stepper()), AssertionError, "scale"),
        (lambda: transforms.Normalize([0.5], [0.5])(nr.zeros(1, 4, 4, dtype=nr.uint8)), ValueError, "floating point images are expected"),
        (lambda: data.DataLoader([1], batch_size="a"), TypeError, "batch_size must be int, not str"),
        (lambda: data.DataLoader(5), TypeError, "has neither"),
        (lambda: nr.onnx.export(lambda x: {"a": x}, (nr.ones(1),), "x.onnx"), TypeError, "must return a tensor, or tuples and lists"),
        (lambda: nn.Parameter(5), TypeError, "'data' must be Tensor, not int"),
    ],
)
def test_messages(function, error, words):
    with pytest.raises(error, match=words):
        function()


def test_lists_of_numbers_are_measured():
    accuracy = trainer.Accuracy()
    accuracy.update([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    assert float(accuracy.compute()) == 0.5


def test_results_in_tuples_are_exported(tmp_path):
    path = tmp_path / "lstm.onnx"
    lstm, x = nn.LSTM(3, 4), nr.randn(5, 2, 3)
    nr.onnx.export(lstm, (x,), path, dynamic_axes={})
    output, (h, c) = lstm(x)
    for ours, theirs in zip(nr.onnx.load(path)(x), (output, h, c)):
        np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), 1e-5, 1e-6)


# ---- what can be walked once -------------------------------------------------------------------------


def batches():
    for _ in range(3):
        yield nr.ones(4, 2)


def test_a_loader_of_a_generator_says_that_it_is_at_its_end():
    loader = data.DataLoader((nr.ones(2) for _ in range(4)), batch_size=2)
    assert len(list(loader)) == 2
    with pytest.raises(RuntimeError, match="dataset is a generator, which is at its end"):
        list(loader)
    loader = data.DataLoader([1, 2, 3], sampler=iter([0, 2]))
    assert len(list(loader)) == 2
    with pytest.raises(RuntimeError, match="sampler is a list_iterator"):
        list(loader)


def test_a_trainer_of_a_generator_says_that_it_is_at_its_end():
    model = linear()
    optimizer = optim.SGD(model.parameters(), 0.1)

    def fit(loader, **options):
        run = trainer.Trainer(max_epochs=2, **options)
        return run.fit(model, optimizer, loader, lambda x: model(x).sum())

    with pytest.raises(RuntimeError, match="generator that gives the batches is at its end after one pass.* give a DataLoader"):
        fit(batches())
    assert len(fit([nr.ones(4, 2)])) == 2
    assert len(fit((nr.ones(4, 2) for _ in range(100)), limit_train_batches=5)) == 2
    assert len(trainer.Trainer(max_epochs=1).fit(model, optimizer, batches(), lambda x: model(x).sum())) == 1
