"""What a trainer calls at certain moments of a run."""

import os
from typing import TYPE_CHECKING, Any, Union

from neura import _C
from neura._C import Tensor

if TYPE_CHECKING:
    from neura.trainer.trainer import Trainer

Path = Union[str, "os.PathLike[str]"]


class Callback:
    """The base of callbacks that are written in Python: a subclass has the methods that it needs."""

    def on_fit_start(self, trainer: "Trainer") -> None:
        """A checkpoint has been read by then."""

    def on_train_epoch_start(self, trainer: "Trainer") -> None:
        """Before the first batch of an epoch."""

    def on_before_optimizer_step(self, trainer: "Trainer") -> None:
        """The gradients of a step are complete and not yet clipped."""

    def on_train_batch_end(self, trainer: "Trainer") -> None:
        """After each batch, whether the optimizer has stepped or not."""

    def on_validation_start(self, trainer: "Trainer") -> None:
        """Before a pass of validation."""

    def on_validation_end(self, trainer: "Trainer") -> None:
        """After it."""

    def on_train_epoch_end(self, trainer: "Trainer") -> None:
        """After validation, if there is one: trainer.records[-1] is the epoch's."""

    def on_checkpoint(self, trainer: "Trainer") -> None:
        """After all callbacks have had on_train_batch_end or on_train_epoch_end: the moment to save a run."""

    def on_fit_end(self, trainer: "Trainer") -> None:
        """At the end of a run that no error has ended."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it: tensors and plain data, the same names each time."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from what state_dict() gave; called where a checkpoint has it."""

    def on_exception(self, trainer: "Trainer", exception: BaseException) -> None:
        """The run ends with an error."""


class _Native(Callback):
    """A callback that C++ has. A class that derives from it may have methods of Callback's beside what C++ does."""

    _cpp: Any


class ModelCheckpoint(_Native):
    """Saves the run: folder/last.safetensors after every epoch, and after every_n_steps steps of the optimizer where that is
    positive, and folder/best.safetensors where the number `monitor` is better than ever before. trainer.fit(resume_from=...)
    goes on from either."""

    def __init__(self, folder: Path = "checkpoints", monitor: str | None = None, mode: str = "min", every_n_steps: int = 0) -> None:
        self._cpp = _C.trainer.ModelCheckpoint(os.fspath(folder), monitor or "", mode, every_n_steps)

    @property
    def last_path(self) -> str:
        """Of the last checkpoint."""
        return str(self._cpp.last_path)

    @property
    def best_path(self) -> str:
        """Of the best one."""
        return str(self._cpp.best_path)

    @property
    def best(self) -> float | None:
        """The monitored number of the best epoch; None before there is one."""
        best: float | None = self._cpp.best
        return best


class EarlyStopping(_Native):
    """Ends a run whose number has not become better, by more than min_delta, for `patience` epochs, or is NaN."""

    def __init__(self, monitor: str = "val_loss", mode: str = "min", min_delta: float = 0.0, patience: int = 3) -> None:
        self._cpp = _C.trainer.EarlyStopping(monitor, mode, min_delta, patience)


class LearningRateMonitor(_Native):
    """Logs the learning rate as "lr", or "lr.0", "lr.1", ... where there are several groups."""

    def __init__(self) -> None:
        self._cpp = _C.trainer.LearningRateMonitor()


class ModelSummary(_Native):
    """Prints what the model consists of before the first epoch, its layers and their parameters, without a call of the model;
    neura.summary() tells more of a call."""

    def __init__(self) -> None:
        self._cpp = _C.trainer.ModelSummary()


class ProgressBar(_Native):
    """A line for each epoch, with the numbers so far."""

    def __init__(self) -> None:
        self._cpp = _C.trainer.ProgressBar()


class CSVLogger(_Native):
    """The records of all epochs as a table, which is replaced whole after each."""

    def __init__(self, path: Path = "metrics.csv") -> None:
        self._cpp = _C.trainer.CSVLogger(os.fspath(path))


class Curves(_Native):
    """The curves of all numbers over the epochs, an SVG picture that is drawn anew after each."""

    def __init__(self, path: Path = "curves.svg") -> None:
        self._cpp = _C.trainer.Curves(os.fspath(path))


class TensorBoardLogger(_Native):
    """Event files in a folder for TensorBoard: the running averages every_n_steps, and the records of the epochs."""

    def __init__(self, folder: Path = "runs", every_n_steps: int = 50) -> None:
        self._cpp = _C.trainer.TensorBoardLogger(os.fspath(folder), every_n_steps)


class EMAWeightAveraging(_Native):
    """Keeps an average of the weights, decay * average + (1 - decay) * weight after those steps of the optimizer whose number is a
    multiple of update_every_n_steps, from update_starting_at_step on. Validation sees the averages, and the model has them when fit() ends. In a
    checkpoint the model's weights are those that are trained; the averages are kept beside them. With use_buffers, running
    statistics are averaged, too."""

    def __init__(
        self,
        decay: float = 0.999,
        use_buffers: bool = True,
        update_every_n_steps: int = 1,
        update_starting_at_step: int | None = None,
    ) -> None:
        self._cpp = _C.trainer.EMAWeightAveraging(decay, use_buffers, update_every_n_steps, update_starting_at_step or 0)

    @property
    def averages(self) -> dict[str, Tensor]:
        """Of the weights, by their names in the model; empty before fit()."""
        averages: dict[str, Tensor] = self._cpp.averages
        return averages
