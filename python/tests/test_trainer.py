"""neura.trainer: loops, callbacks of both languages, checkpoints, metrics."""

import csv
import math

import neura as nr
import neura.nn.functional as F
import numpy as np
import pytest
from neura import nn
from neura.trainer import Callback, CSVLogger, EarlyStopping, EMAWeightAveraging, LearningRateMonitor, ModelCheckpoint, Trainer
from neura.utils.data import DataLoader, IterableDataset, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 16)
        self.norm = nn.BatchNorm1d(16)
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        return self.out(self.dropout(F.relu(self.norm(self.hidden(x)))))


def points(count, seed):
    places = np.random.RandomState(seed).uniform(-1, 1, (count, 2)).astype(np.float32)
    return TensorDataset(nr.tensor(places), nr.tensor((places.prod(1) > 0).astype(np.int64)))


class Run:
    """One training, which is the same each time."""

    def __init__(self, **options):
        nr.manual_seed(3)
        self.net = Net()
        self.optimizer = nr.optim.AdamW(self.net.parameters(), lr=0.02)
        self.schedule = nr.optim.lr_scheduler.StepLR(self.optimizer, step_size=7, gamma=0.9)
        self.loader = DataLoader(points(100, 0), batch_size=16, shuffle=True, generator=nr.Generator().manual_seed(1))
        self.validation = DataLoader(points(60, 1), batch_size=32)
        self.trainer = Trainer(**options)

    def step(self, batch):
        places, classes = batch
        scores = self.net(places)
        self.trainer.log("accuracy", (scores.argmax(1) == classes).float().mean(), len(classes))
        return F.cross_entropy(scores, classes)

    def fit(self, **options):
        return self.trainer.fit(
            self.net,
            self.optimizer,
            self.loader,
            self.step,
            self.validation,
            scheduler=self.schedule,
            scheduler_interval="step",
            **options,
        )


def test_a_training_learns_and_says_how():
    run = Run(max_epochs=12)
    records = run.fit()
    assert [record["epoch"] for record in records] == list(range(12)) and records[-1]["step"] == 84
    assert list(records[0]) == ["epoch", "step", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert records[-1]["loss"] < records[0]["loss"] and records[-1]["val_accuracy"] > 0.8
    assert run.net.training and run.trainer.step == 84
    numbers = run.trainer.test(run.net, run.validation, run.step)
    assert numbers["test_accuracy"] == pytest.approx(records[-1]["val_accuracy"])
    scores = run.trainer.predict(run.net, [places for places, _ in run.validation])
    assert [s.shape for s in scores] == [(32, 2), (28, 2)] and not scores[0].requires_grad


class Stop(Callback):
    def __init__(self, batches, path=None):
        self.batches, self.path, self.calls = batches, path, []

    def on_fit_start(self, trainer):
        self.calls.append("start")

    def on_train_batch_end(self, trainer):
        self.batches -= 1
        if self.batches == 0:
            if self.path:
                trainer.save_checkpoint(self.path)
                raise RuntimeError("interrupted here")
            trainer.stop()

    def on_train_epoch_end(self, trainer):
        self.calls.append(("epoch", trainer.records[-1]["epoch"], trainer.optimizer.param_groups[0]["lr"] > 0))

    def on_exception(self, trainer, exception):
        self.calls.append(exception)

    def on_fit_end(self, trainer):
        self.calls.append("end")


def test_callbacks_of_python_are_called_and_stop_a_run():
    stop = Stop(16)
    run = Run(max_epochs=5, callbacks=[stop, LearningRateMonitor()])
    records = run.fit()
    assert stop.calls == ["start", ("epoch", 0, True), ("epoch", 1, True), "end"]
    assert len(records) == 2 and run.trainer.step == 16 and records[0]["lr"] == pytest.approx(0.02)


@pytest.mark.parametrize("batches", [1, 5, 7, 10])
def test_a_run_goes_on_in_mid_epoch_with_the_same_bits(tmp_path, batches):
    whole = Run(max_epochs=2)
    expected = whole.fit()
    stop = Stop(batches, tmp_path / "cut.safetensors")
    with pytest.raises(RuntimeError, match="interrupted here"):
        Run(max_epochs=2, callbacks=[stop]).fit()
    assert str(stop.calls[-1]) == "interrupted here" and isinstance(stop.calls[-1], RuntimeError)
    resumed = Run(max_epochs=2)
    assert resumed.fit(resume_from=tmp_path / "cut.safetensors") == expected
    for name, tensor in whole.net.state_dict().items():
        assert nr.equal(resumed.net.state_dict()[name], tensor), name
    # What it loads is a state dict like others.
    state = nr.load(tmp_path / "cut.safetensors")
    Net().load_state_dict({k[6:]: v for k, v in state.items() if k.startswith("model.")})


def test_a_run_goes_on_behind_an_epoch(tmp_path):
    expected = Run(max_epochs=3).fit()
    checkpoint = ModelCheckpoint(tmp_path)
    Run(max_epochs=1, callbacks=[checkpoint]).fit()
    Run(max_epochs=2, callbacks=[checkpoint]).fit(resume_from=checkpoint.last_path)
    assert Run(max_epochs=3).fit(resume_from=checkpoint.last_path) == expected


def test_a_loader_without_a_seed_goes_on_too(tmp_path):
    def run(stop=None):
        nr.manual_seed(9)
        net = Net()
        optimizer = nr.optim.SGD(net.parameters(), lr=0.1)
        loader = DataLoader(points(60, 0), batch_size=8, shuffle=True, num_workers=2)
        trainer = Trainer(max_epochs=2, callbacks=[stop] if stop else [])
        return lambda **options: trainer.fit(net, optimizer, loader, lambda b: F.cross_entropy(net(b[0]), b[1]), **options)

    expected = run()()
    for batches in (3, 11):
        with pytest.raises(RuntimeError, match="interrupted here"):
            run(Stop(batches, tmp_path / "cut"))()
        assert run()(resume_from=tmp_path / "cut") == expected


@pytest.mark.parametrize("batches", range(1, 13))
def test_epochs_that_are_cut_short_go_on_with_the_same_bits(tmp_path, batches):
    # The loader draws its order from a generator of its own.
    def run(epochs, *callbacks):
        return Run(max_epochs=epochs, limit_train_batches=4, callbacks=callbacks)

    expected = run(3).fit()
    cut = tmp_path / "cut.safetensors"
    with pytest.raises(RuntimeError, match="interrupted here"):
        run(3, Stop(batches, cut)).fit()
    assert run(3).fit(resume_from=cut) == expected
    checkpoint = ModelCheckpoint(tmp_path)
    run(1, checkpoint).fit()
    run(2, checkpoint).fit(resume_from=checkpoint.last_path)
    assert run(3).fit(resume_from=checkpoint.last_path) == expected


def test_weights_are_averaged(tmp_path):
    class Watch(Callback):
        def on_train_batch_end(self, trainer):
            now = [p.detach().clone() for p in trainer.model.parameters()]
            self.mean = now if not hasattr(self, "mean") else [0.8 * m + 0.2 * n for m, n in zip(self.mean, now)]
            self.trained = now

        def on_validation_start(self, trainer):
            self.seen = [p.detach().clone() for p in trainer.model.parameters()]

        def on_train_epoch_end(self, trainer):
            self.after = [p.detach().clone() for p in trainer.model.parameters()]

    ema, watch = EMAWeightAveraging(decay=0.8), Watch()
    run = Run(max_epochs=2, callbacks=[ema, watch, ModelCheckpoint(str(tmp_path))])
    run.fit()
    for name, mean, seen in zip(dict(run.net.named_parameters()), watch.mean, watch.seen):
        assert ema.averages[name].allclose(mean, atol=1e-6) and seen.equal(ema.averages[name])
        assert dict(run.net.named_parameters())[name].equal(ema.averages[name])
    assert all(a.equal(t) for a, t in zip(watch.after, watch.trained))
    state = nr.load(tmp_path / "last.safetensors")
    assert state["callback.ema_weight_averaging.module.out.weight"].equal(ema.averages["out.weight"])
    assert state["model.out.weight"].equal(watch.trained[list(dict(run.net.named_parameters())).index("out.weight")])
    with pytest.raises(ValueError, match="decay"):
        EMAWeightAveraging(decay=2)


def test_checkpoints_tables_and_early_ends(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "run", monitor="val_accuracy", mode="max")
    run = Run(
        max_epochs=30,
        callbacks=[checkpoint, CSVLogger(tmp_path / "metrics.csv"), EarlyStopping("val_loss", min_delta=5, patience=3)],
    )
    assert checkpoint.best is None
    records = run.fit()
    assert len(records) == 4
    assert checkpoint.best == max(record["val_accuracy"] for record in records)
    with open(tmp_path / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_loss"]) for row in rows] == pytest.approx([r["val_loss"] for r in records], rel=1e-6)
    assert nr.load(checkpoint.best_path) and nr.load(checkpoint.last_path)


def test_what_belongs_to_steps_and_checkpoints_in_python(tmp_path):
    class Counter(Callback):
        def __init__(self):
            self.batches = 0

        def on_train_batch_end(self, trainer):
            self.batches += 1

        def state_dict(self):
            return {"batches": self.batches}

        def load_state_dict(self, state_dict):
            self.batches = state_dict["batches"]

    class PlainSGD(nr.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["step"] = state.get("step", 0) + 1
                    with nr.no_grad():
                        p.add_(p.grad, alpha=-group["lr"] / state["step"])

    def run(*callbacks):
        nr.manual_seed(2)
        net = Net()
        optimizer = PlainSGD(net.parameters(), 0.1)
        steps = []
        optimizer.register_step_post_hook(lambda *_: steps.append(1))
        trainer = Trainer(max_epochs=2, callbacks=callbacks)
        loader = DataLoader(points(40, 0), batch_size=8)
        return steps, lambda **options: trainer.fit(net, optimizer, loader, lambda b: F.cross_entropy(net(b[0]), b[1]), **options)

    steps, fit = run()
    expected = fit()
    assert len(steps) == 10
    with pytest.raises(RuntimeError, match="interrupted here"):
        run(Counter(), Stop(7, tmp_path / "cut"))[1]()
    counter = Counter()
    assert run(counter)[1](resume_from=tmp_path / "cut") == expected
    assert counter.batches == 10


def test_a_trainer_begins_anew_each_time():
    stop = EarlyStopping("val_loss", min_delta=5, patience=1)
    run = Run(max_epochs=9, callbacks=[stop])
    assert len(run.fit()) == 2 and len(run.fit()) == 2
    # Nothing is compared where nothing was measured.
    assert len(Run(max_epochs=4, check_val_every_n_epoch=2, callbacks=[EarlyStopping()]).fit()) == 4


def test_streams_are_loaders():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(nr.ones(10, 2))

    net = nn.Linear(2, 1)
    trainer = Trainer(max_epochs=2)
    optimizer = nr.optim.SGD(net.parameters(), lr=0.1)
    records = trainer.fit(net, optimizer, DataLoader(Stream(), batch_size=4), lambda x: net(x).square().mean())
    assert [r["step"] for r in records] == [3, 6]
    stopped = Trainer(max_epochs=2, max_steps=2)
    assert stopped.fit(net, optimizer, DataLoader(Stream(), batch_size=4), lambda x: net(x).square().mean()) == []


def test_any_iterable_is_a_loader():
    net = nn.Linear(2, 1)
    optimizer = nr.optim.SGD(net.parameters(), lr=0.1)

    class Endless:
        def __iter__(self):
            while True:
                yield nr.ones(4, 2)

    trainer = Trainer(max_epochs=2, limit_train_batches=3)
    records = trainer.fit(net, optimizer, Endless(), lambda x: net(x).square().mean())
    assert [r["step"] for r in records] == [3, 6]


def test_errors_say_what_is_wrong(tmp_path):
    run = Run()
    with pytest.raises(ValueError, match="accumulate_grad_batches must be at least 1, got 0"):
        Trainer(accumulate_grad_batches=0)
    with pytest.raises(TypeError, match="a callback is a neura.trainer.Callback, not int"):
        Trainer(callbacks=[3])
    with pytest.raises(TypeError, match="an optimizer is expected, not list"):
        run.trainer.fit(run.net, [], run.loader, run.step)
    with pytest.raises(TypeError, match="a neura.nn.Module is expected, not function"):
        run.trainer.fit(lambda x: x, run.optimizer, run.loader, run.step)
    with pytest.raises(TypeError, match="a step must return a tensor, not NoneType"):
        run.trainer.fit(run.net, run.optimizer, run.loader, lambda batch: None)
    with pytest.raises(ValueError, match='scheduler_interval must be "step" or "epoch", got "batch"'):
        run.trainer.fit(run.net, run.optimizer, run.loader, run.step, scheduler_interval="batch")
    with pytest.raises(ValueError, match='mode must be "min" or "max", got "least"'):
        ModelCheckpoint(tmp_path, mode="least")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run.fit(resume_from=tmp_path / "nowhere")
    with pytest.raises(RuntimeError, match="during Fit"):
        run.trainer.save_checkpoint(tmp_path / "x")


def test_metrics_over_batches():
    random = np.random.RandomState(0)
    scores, classes = random.randn(50, 4), random.randint(0, 4, 50)
    chosen = scores.argmax(1)
    accuracy, top2 = nr.trainer.Accuracy(), nr.trainer.Accuracy(top_k=2)
    recall, matrix = nr.trainer.Recall(4), nr.trainer.ConfusionMatrix(4)
    for part in (slice(0, 20), slice(20, 50)):
        for metric in (accuracy, top2, recall, matrix):
            metric.update(nr.tensor(scores[part]), nr.tensor(classes[part]))
    assert accuracy.compute().item() == pytest.approx((chosen == classes).mean())
    second = np.argsort(-scores, 1)[:, :2]
    assert top2.compute().item() == pytest.approx((second == classes[:, None]).any(1).mean())
    recalls = [(chosen[classes == c] == c).mean() for c in range(4)]
    assert recall.compute().item() == pytest.approx(np.mean(recalls))
    table = np.zeros((4, 4), int)
    np.add.at(table, (classes, chosen), 1)
    np.testing.assert_array_equal(matrix.compute().numpy(), table)
    auroc = nr.trainer.AUROC()
    auroc.update(nr.tensor([0.1, 0.4, 0.35, 0.8]), nr.tensor([0, 0, 1, 1]))
    assert auroc.compute().item() == pytest.approx(0.75)
    mean = nr.trainer.MeanMetric()
    assert math.isnan(mean.compute().item())
    mean.update(nr.tensor([1.0, 3.0]))
    assert mean.compute().item() == 2
    mean.reset()
    assert math.isnan(mean.compute().item())
    with pytest.raises(ValueError, match="Accuracy: target 9 is none of 4 classes"):
        accuracy.update(nr.tensor(scores[:1]), nr.tensor([9]))


def test_ready_made_callbacks_may_be_derived_from(tmp_path):
    calls = []

    class Mine(nr.trainer.ModelCheckpoint):
        def on_train_epoch_end(self, trainer):
            calls.append(len(trainer.records))

    class Bare(nr.trainer.ProgressBar):
        def __init__(self):
            pass

    model = nr.nn.Linear(2, 1)
    batches = [nr.ones(3, 2)]
    checkpoint = Mine(tmp_path)
    trainer = nr.trainer.Trainer(2, callbacks=checkpoint, precision="bf16")
    trainer.fit(model, nr.optim.SGD(model.parameters(), lr=0.1), batches, lambda x: model(x).float().mean())
    assert calls == [1, 2] and (tmp_path / "last.safetensors").exists() and isinstance(checkpoint, nr.trainer.Callback)
    with pytest.raises(TypeError, match=r"Bare.__init__ does not call super\(\).__init__\(\)"):
        nr.trainer.Trainer(callbacks=[Bare()])
    with pytest.raises(TypeError, match=r"an object, ProgressBar\(...\), not the class ProgressBar"):
        nr.trainer.Trainer(callbacks=[nr.trainer.ProgressBar])


def test_the_model_is_printed_once(capfd):
    model = nr.nn.Sequential(nr.nn.Linear(3, 4), nr.nn.ReLU(), nr.nn.Linear(4, 1))
    trainer = nr.trainer.Trainer(max_epochs=2, callbacks=nr.trainer.ModelSummary())
    optimizer = nr.optim.SGD(model.parameters(), lr=0.1)
    trainer.fit(model, optimizer, [nr.ones(2, 3)], lambda batch: model(batch).sum())
    printed = capfd.readouterr().out
    assert printed.count("Parameters: 21 (21 trainable)") == 1 and "0 (Linear)" in printed and model.training
