"""Training loops with validation, callbacks, logged numbers, metrics, and checkpoints that go on in mid-epoch."""

from neura.trainer.callbacks import (
    Callback,
    CSVLogger,
    Curves,
    EarlyStopping,
    EMAWeightAveraging,
    LearningRateMonitor,
    ModelCheckpoint,
    ModelSummary,
    ProgressBar,
    TensorBoardLogger,
)
from neura.trainer.metrics import (
    AUROC,
    Accuracy,
    ConfusionMatrix,
    F1Score,
    MeanIoU,
    MeanMetric,
    Metric,
    Perplexity,
    Precision,
    Recall,
)
from neura.trainer.trainer import Trainer

__all__ = [
    "AUROC",
    "Accuracy",
    "CSVLogger",
    "Callback",
    "ConfusionMatrix",
    "Curves",
    "EMAWeightAveraging",
    "EarlyStopping",
    "F1Score",
    "LearningRateMonitor",
    "MeanIoU",
    "MeanMetric",
    "Metric",
    "ModelCheckpoint",
    "ModelSummary",
    "Perplexity",
    "Precision",
    "ProgressBar",
    "Recall",
    "TensorBoardLogger",
    "Trainer",
]
