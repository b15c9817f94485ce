"""The loop."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn import Module
from neura.optim import Optimizer, lr_scheduler
from neura.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from neura.trainer.callbacks import Callback, Path, _Native

Step = Callable[[Any], Tensor]

# The schedule of C++ behind one of Python; no name for users, and so none of the stub.
_as_member: Callable[[Any], Any] = getattr(lr_scheduler, "_as_member")


_PRECISIONS = {"16": "16-mixed", "bf16": "bf16-mixed"}  # as PyTorch Lightning has them


def _has_methods(callback: Callback) -> bool:
    return any(getattr(type(callback), name) is not getattr(Callback, name) for name in dir(Callback) if name.startswith("on_"))


class Trainer:
    """Trains models.

        trainer = neura.trainer.Trainer(max_epochs=5, callbacks=[ModelCheckpoint("run", monitor="val_loss")])

        def step(batch):
            images, labels = batch
            scores = model(images)
            trainer.log("accuracy", (scores.argmax(1) == labels).float().mean(), len(labels))
            return F.cross_entropy(scores, labels)

        records = trainer.fit(model, optimizer, train_loader, step, val_loader)

    max_steps: steps of the optimizer after which fit() ends wherever it is; -1: no bound. accumulate_grad_batches: batches whose
    gradients are averaged before a step. gradient_clip_norm, gradient_clip_value: bounds of the norm of all gradients, and of each
    element; 0: none. limit_train_batches, limit_val_batches: batches after which a pass goes on as if there were no more; -1: none.
    precision: "32-true", or "bf16-mixed" and "16-mixed" for steps inside of an autocast, the latter with scaled losses; 32, "bf16" and 16 for
    short.
    """

    def __init__(
        self,
        max_epochs: int = 1,
        *,
        max_steps: int = -1,
        accumulate_grad_batches: int = 1,
        gradient_clip_norm: float = 0.0,
        gradient_clip_value: float = 0.0,
        check_val_every_n_epoch: int = 1,
        limit_train_batches: int = -1,
        limit_val_batches: int = -1,
        precision: str | int = "32-true",
        callbacks: Callback | Iterable[Callback] = (),
    ) -> None:
        self._cpp = _C.trainer.Trainer(
            max_epochs,
            max_steps,
            accumulate_grad_batches,
            gradient_clip_norm,
            gradient_clip_value,
            check_val_every_n_epoch,
            limit_train_batches,
            limit_val_batches,
            _PRECISIONS.get(str(precision), str(precision)),
        )
        self.max_epochs = max_epochs
        if isinstance(callbacks, Callback):
            callbacks = [callbacks]
        self.callbacks = list(callbacks)
        self.model: Module | None = None
        self.optimizer: Optimizer | None = None
        for i, callback in enumerate(self.callbacks):
            if isinstance(callback, type):
                raise TypeError(f"Trainer: a callback is an object, {callback.__name__}(...), not the class {callback.__name__}")
            if not isinstance(callback, Callback):
                raise TypeError(f"Trainer: a callback is a neura.trainer.Callback, not {type(callback).__name__}")
            if isinstance(callback, _Native):
                if not hasattr(callback, "_cpp"):
                    raise TypeError(f"Trainer: {type(callback).__name__}.__init__ does not call super().__init__()")
                self._cpp.add(callback._cpp)
            if not isinstance(callback, _Native) or _has_methods(callback):
                # C++ keeps neither alive: the list does.
                self._cpp.add(_C.trainer.PythonCallback(callback, self, f"python.{i}.{type(callback).__name__}"))

    def fit(
        self,
        model: Module,
        optimizer: Optimizer,
        train_loader: Iterable[Any],
        training_step: Step,
        val_loader: Iterable[Any] | None = None,
        validation_step: Step | None = None,
        *,
        scheduler: LRScheduler | None = None,
        scheduler_interval: str = "epoch",
        resume_from: Path | None = None,
    ) -> list[dict[str, Any]]:
        """Trains until max_epochs or max_steps are reached, or stop() is called.

        training_step(batch) returns the loss; validation_step is the same by default. The record of each epoch, a dict, has the
        averages of "loss" and of what steps have logged, and "val_..." of validation. The scheduler, of C++ as all in
        neura.optim.lr_scheduler, steps after each "step" of the optimizer or after each "epoch". resume_from: a checkpoint from
        which the run goes on with the bits that it would have had.
        """
        _check(model, training_step)
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"Trainer.fit: an optimizer is expected, not {type(optimizer).__name__}")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise TypeError("Trainer.fit: ReduceLROnPlateau needs a measured value; call its step() in a callback's on_train_epoch_end")
        self.model, self.optimizer = model, optimizer
        try:
            records: list[dict[str, Any]] = self._cpp.fit(
                model,
                optimizer._cpp,
                None if scheduler is None else _as_member(scheduler),
                scheduler_interval,
                "" if resume_from is None else os.fspath(resume_from),
                optimizer.step,
                train_loader,
                training_step,
                val_loader,
                validation_step or training_step,
            )
        finally:
            self.model = self.optimizer = None
        return records

    def validate(self, model: Module, loader: Iterable[Any], step: Step) -> dict[str, float]:
        """One pass in evaluation mode, without gradients: "val_loss" and what steps log as "val_..."."""
        _check(model, step)
        numbers: dict[str, float] = self._cpp.validate(model, loader, step)
        return numbers

    def test(self, model: Module, loader: Iterable[Any], step: Step) -> dict[str, float]:
        """The same as "test_..."."""
        _check(model, step)
        numbers: dict[str, float] = self._cpp.test(model, loader, step)
        return numbers

    def predict(self, model: Module, loader: Iterable[Any], step: Step | None = None) -> list[Tensor]:
        """step(batch), by default model(batch), for every batch, in evaluation mode and without gradients."""
        _check(model, step or model)
        predictions: list[Tensor] = self._cpp.predict(model, loader, step or model)
        return predictions

    def log(self, name: str, value: float | Tensor, weight: float = 1.0) -> None:
        """From inside a step or a callback: a number of the batch, averaged over the epoch, each with its weight."""
        self._cpp.log(name, float(value), weight)

    def stop(self) -> None:
        """Ends fit() after the current batch."""
        self._cpp.stop()

    def save_checkpoint(self, path: Path) -> None:
        """The whole state of the run, while fit() runs; the file is the old one or the whole new one at any moment."""
        self._cpp.save_checkpoint(os.fspath(path))

    @property
    def epoch(self) -> int:
        """Counted from 0."""
        return int(self._cpp.epoch)

    @property
    def batch(self) -> int:
        """Batches of the epoch that are done."""
        return int(self._cpp.batch)

    @property
    def step(self) -> int:
        """Steps that the optimizer has taken."""
        return int(self._cpp.step)

    @property
    def num_batches(self) -> int:
        """Batches of an epoch; -1 where that is not known."""
        return int(self._cpp.num_batches)

    @property
    def evaluating(self) -> bool:
        """Whether the current pass is one of validation or test."""
        return bool(self._cpp.evaluating)

    @property
    def numbers(self) -> dict[str, float]:
        """The averages of the epoch so far."""
        numbers: dict[str, float] = self._cpp.numbers
        return numbers

    @property
    def records(self) -> list[dict[str, Any]]:
        """Of the epochs that are done."""
        records: list[dict[str, Any]] = self._cpp.records
        return records


def _check(model: Any, step: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"Trainer: a neura.nn.Module is expected, not {type(model).__name__}")
    if not callable(step):
        raise TypeError(f"Trainer: a step is a function of a batch, not {type(step).__name__}")
