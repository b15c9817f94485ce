"""Averages of models, scaling of losses, clipping: beside PyTorch's where it has them."""

import copy
import pickle
import warnings

import neura as nr
import numpy as np
import pytest
import torch

INPUTS = np.random.RandomState(1).randn(6, 8, 3).astype("float32")


def net(library):
    layers = library.nn
    model = layers.Sequential(layers.Linear(3, 4), layers.BatchNorm1d(4), layers.ReLU(), layers.Linear(4, 2))
    random = np.random.RandomState(0)
    for parameter in model.parameters():
        parameter.data = library.tensor(random.randn(*parameter.shape).astype("float32"))
    return model


def averaged(library, *args, buffers=True, **kwargs):
    model = net(library)
    average = library.optim.swa_utils.AveragedModel(model, *args, **kwargs)
    optimizer = library.optim.SGD(model.parameters(), lr=0.1)
    for x in INPUTS[:5]:
        optimizer.zero_grad()
        (model(library.tensor(x)) ** 2).mean().backward()
        optimizer.step()
        average.update_parameters(model)
    return average


def numbers(model, buffers=True):
    tensors = [*model.parameters(), *(model.buffers() if buffers else ())]
    return np.concatenate([t.detach().numpy().astype("float64").ravel() for t in tensors])


def test_means():
    ours, theirs = averaged(nr), averaged(torch)
    np.testing.assert_allclose(numbers(ours, False), numbers(theirs, False), 1e-4, 1e-6)
    for library, model in ((nr, ours), (torch, theirs)):
        library.optim.swa_utils.update_bn([(library.tensor(x), 0) for x in INPUTS], model)
    np.testing.assert_allclose(numbers(ours), numbers(theirs), 1e-4, 1e-6)
    assert list(ours.state_dict()) == list(theirs.state_dict()) and ours.training
    np.testing.assert_allclose(numbers(averaged(nr, use_buffers=True)), numbers(averaged(torch, use_buffers=True)), 1e-4, 1e-6)


def test_exponential_means():
    theirs = averaged(torch, avg_fn=lambda average, value, _: 0.9 * average + 0.1 * value)
    swa = nr.optim.swa_utils
    makes = [{"avg_fn": lambda average, value, _: 0.9 * average + 0.1 * value}, {"avg_fn": swa.get_ema_avg_fn(0.9)}]
    for kwargs in (*makes, {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.9)}):
        np.testing.assert_allclose(numbers(averaged(nr, **kwargs), False), numbers(theirs, False), 1e-4, 1e-6)
    for kwargs in ({"avg_fn": swa.get_swa_avg_fn()}, {"multi_avg_fn": swa.get_swa_multi_avg_fn()}):
        np.testing.assert_allclose(numbers(averaged(nr, **kwargs), False), numbers(averaged(torch), False), 1e-4, 1e-6)


def test_averaged_models_are_modules():
    average = averaged(nr)
    assert average.n_averaged == 5 and copy.deepcopy(average).n_averaged == 5
    again = nr.optim.swa_utils.AveragedModel(net(nr))
    again.load_state_dict(average.state_dict())
    average.eval(), again.eval()
    x = nr.tensor(INPUTS[0])
    assert nr.equal(average(x), again(x))
    with pytest.raises(ValueError, match="Only one of avg_fn and multi_avg_fn"):
        nr.optim.swa_utils.AveragedModel(net(nr), avg_fn=max, multi_avg_fn=max)
    with pytest.raises(ValueError, match=r"\[0,1\]"):
        nr.optim.swa_utils.get_ema_multi_avg_fn(2.0)
    with pytest.raises(ValueError, match="a model of 2 tensors for averages of 6"):
        average.update_parameters(nr.nn.Linear(3, 4))


def test_scaled_losses():
    w = nr.ones(2, requires_grad=True)
    optimizer = nr.optim.SGD([w], lr=0.1)
    scaler = nr.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
    scales = []
    for i in range(5):
        optimizer.zero_grad()
        before = w.tolist()
        scaler.scale((w * (float("inf") if i == 2 else 1.0)).sum()).backward()
        scaler.unscale_(optimizer)
        nr.nn.utils.clip_grad_norm_([w], 1.0)
        scaler.step(optimizer)
        assert (w.tolist() == before) == (i == 2)
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [8, 16, 8, 8, 16]
    assert set(scaler.state_dict()) == {"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"}
    again = pickle.loads(pickle.dumps(scaler))
    assert again.state_dict() == scaler.state_dict()
    again.set_growth_factor(3.0)
    again.set_backoff_factor(0.25)
    again.set_growth_interval(7)
    assert (again.get_growth_factor(), again.get_backoff_factor(), again.get_growth_interval()) == (3.0, 0.25, 7)
    scaler.load_state_dict(again.state_dict())
    assert scaler.get_growth_interval() == 7
    scaler.update(5.0)
    assert scaler.get_scale() == 5
    one, two = scaler.scale((nr.ones(1), [nr.ones(2)]))
    assert one.item() == 5 and two[0].tolist() == [5, 5]


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda s, o: s.update(), AssertionError, "No inf checks were recorded prior to update"),
        (lambda s, o: s.step(nr.optim.SGD([nr.ones(1, requires_grad=True)])), AssertionError, "No inf checks were recorded for this"),
        (lambda s, o: nr.amp.GradScaler("cpu").step(o), AssertionError, "Attempted step but _scale is None"),
        (lambda s, o: nr.amp.GradScaler("cpu").unscale_(o), AssertionError, "Attempted unscale_ but _scale is None"),
        (lambda s, o: nr.amp.GradScaler("cpu").update(), AssertionError, "Attempted update but _scale is None"),
        (lambda s, o: s.step(3), TypeError, "int is not an Optimizer"),
        (lambda s, o: s.scale("x"), ValueError, "must be a Tensor"),
        (lambda s, o: (s.unscale_(o), s.unscale_(o)), RuntimeError, "already been called on this optimizer"),
        (lambda s, o: (s.step(o), s.unscale_(o)), RuntimeError, "being called after step"),
        (lambda s, o: (s.step(o), s.step(o)), RuntimeError, "step.. has already been called"),
        (lambda s, o: s.step(o, closure=lambda: 0), RuntimeError, "Closure use is not currently supported"),
        (lambda s, o: s.load_state_dict({}), RuntimeError, "state dict is empty"),
        (lambda s, o: s.load_state_dict({"scale": 1.0}), ValueError, "growth_factor"),
        (lambda s, o: nr.amp.GradScaler("cpu", growth_factor=0.5), ValueError, "growth factor must be > 1"),
        (lambda s, o: nr.amp.GradScaler("cpu", backoff_factor=2.0), ValueError, "backoff factor must be < 1"),
    ],
)
def test_scalers_say_what_is_wrong(call, error, match):
    scaler = nr.amp.GradScaler("cpu")
    scaler.scale(nr.ones(1))
    weight = nr.ones(1, requires_grad=True)
    weight.sum().backward()
    with pytest.raises(error, match=match):
        call(scaler, nr.optim.SGD([weight]))


def test_without_a_gpu_its_scaler_does_nothing():
    for make in (nr.cuda.amp.GradScaler, nr.amp.GradScaler):
        with pytest.warns(UserWarning, match="CUDA is not available"):
            scaler = make()
        assert not scaler.is_enabled() and scaler.get_scale() == 1 and scaler.state_dict() == {}
        w = nr.ones(1, requires_grad=True)
        scaler.scale(w.sum()).backward()
        scaler.step(nr.optim.SGD([w], lr=1.0))
        scaler.update()
        assert w.item() == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nr.cuda.amp.GradScaler(enabled=False)


@pytest.mark.parametrize("order", [0.5, 1, 2, 3.5, float("inf")])
def test_clipping_by_any_norm(order):
    results = []
    for library in (nr, torch):
        a, b = (library.tensor(x, requires_grad=True) for x in ([1.0, -2.0], [[3.0]]))
        ((a**3).sum() + (b**2).sum()).backward()
        norm = library.nn.utils.clip_grad_norm_((p for p in (a, b)), 1.5, order)
        results.append([float(norm), *a.grad.tolist(), *b.grad[0].tolist()])
    np.testing.assert_allclose(*results, 1e-5)


def test_norms_that_are_not_finite():
    grads = []
    for library in (nr, torch):
        w = library.ones(3, requires_grad=True)
        (w * library.tensor([1.0, 2.0, float("inf")])).sum().backward()
        with pytest.raises(RuntimeError, match="The total norm of order 2.*non-finite"):
            library.nn.utils.clip_grad_norm_(w, 1.0, error_if_nonfinite=True)
        assert w.grad.tolist()[:2] == [1, 2]
        library.nn.utils.clip_grad_norm_(w, 1.0)
        grads.append(w.grad.tolist())
    np.testing.assert_array_equal(*grads)


def test_norms_alone():
    utils = nr.nn.utils
    assert utils.get_total_norm([nr.tensor([3.0]), nr.tensor([4.0])]).item() == 5
    assert utils.get_total_norm([]).item() == 0
    w = nr.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    utils.clip_grads_with_norm_([w], 1.0, nr.tensor(6.0))
    np.testing.assert_allclose(w.grad.tolist(), [0.5, 0.5], 1e-5)
    with pytest.raises(TypeError, match="takes tensors, not int"):
        utils.clip_grad_norm_([3], 1.0)
