"""What a long-running program relies on: threads, Ctrl-C, memory, exceptions in callbacks."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import neura as nr
import pytest
from neura import nn


def test_threads_compute_while_python_runs():
    a = nr.randn(700, 700)
    counted = [0]
    done = threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1
            time.sleep(0)

    def multiply():
        for _ in range(5):
            a @ a

    counter = threading.Thread(target=count)
    workers = [threading.Thread(target=multiply) for _ in range(2)]
    counter.start()
    moved = False
    for worker in workers:
        worker.start()
    # Under the interpreter's lock it can never move while this thread multiplies; without, it does as soon as a busy
    # machine lets it run.
    for _ in range(1000):
        before = counted[0]
        a @ a
        moved = counted[0] > before
        if moved:
            break
    for worker in workers:
        worker.join()
    done.set()
    counter.join()
    assert moved


def test_results_of_threads():
    x = nr.randn(50, 50)
    expected = (x @ x).tanh().sum().item()
    results, errors = [], []

    def work():
        try:
            for _ in range(50):
                w = nr.ones(50, requires_grad=True)
                loss = ((x * w) @ x).tanh().sum()
                loss.backward()
                results.append((loss.item(), tuple(w.grad.tolist())))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not errors and len(set(results)) == 1 and results[0][0] == pytest.approx(expected, rel=1e-4)


def run_script(text, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        **kwargs,
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_interrupting_a_training_loop(workers):
    process = run_script(
        f"""
        import neura as nr
        from neura import nn
        from neura.utils.data import DataLoader, TensorDataset

        net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
        optimizer = nr.optim.Adam(net.parameters())
        data = DataLoader(TensorDataset(nr.randn(512, 64)), 32, num_workers={workers})
        try:
            while True:
                for (x,) in data:
                    optimizer.zero_grad()
                    net(x).sum().backward()
                    optimizer.step()
                    print("step", flush=True)
        except KeyboardInterrupt:
            # On a line of its own: a step may have been cut off.
            print("\\ninterrupted", nr.is_grad_enabled(), net(nr.ones(1, 64)).shape)
        """
    )
    assert process.stdout.readline() == "step\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out.splitlines()[-1] == "interrupted True neura.Size([1, 1])", err
    assert process.returncode == 0


def test_leaving_the_interpreter_with_everything_alive():
    process = run_script(
        """
        import threading, time
        import neura as nr
        from neura import nn
        from neura.utils.data import DataLoader, TensorDataset

        net = nn.Linear(2, 2)
        net.register_forward_hook(lambda m, a, o: None)
        x = nr.ones(2, requires_grad=True)
        x.register_hook(lambda g: g)
        y = (x * 2).sum()
        array = x.detach().numpy()
        iterator = iter(DataLoader([1, 2, 3, 4, 5, 6, 7, 8], 1, num_workers=2, collate_fn=lambda b: b))
        next(iterator)
        a = nr.randn(400, 400)
        threading.Thread(target=lambda: [a @ a for _ in range(20)], daemon=True).start()
        print("end")
        """
    )
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("end\n", "", 0)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Double(nr.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Fails(Double):
    @staticmethod
    def backward(ctx, grad):
        raise LookupError


X = nr.randn(4, 4)
W = nr.randn(4, 4, requires_grad=True)
LAYER = nn.Linear(4, 4)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = LAYER

    def forward(self, x):
        return self.inner(x).relu()


NET = Net()


def catching(function, *errors):
    def run():
        try:
            function()
        except errors:
            return
        raise AssertionError("no error")

    return run


def backward():
    ((X @ W).tanh()).sum().backward()
    W.grad = None


CALLS = {
    "operation": lambda: X + 1,
    "method with keywords": lambda: X.sum(dim=(0, 1), keepdim=True),
    "tuple": lambda: X.max(dim=1),
    "indexing": lambda: X[1:, [0, 2]],
    "assignment": lambda: X.clone().__setitem__((slice(None), 1), 2.0),
    "tensor": lambda: nr.tensor([[1.0, 2.0], [3.0, 4.0]]),
    "numpy": lambda: nr.from_numpy(X.numpy()),
    "dlpack": lambda: nr.from_dlpack(X.__dlpack__()),
    "unused capsule": lambda: X.__dlpack__(max_version=(1, 0)),
    "item": lambda: X[0, 0].item(),
    "repr": lambda: repr(X[0]),
    "layer": lambda: LAYER(X),
    "module": lambda: NET(X),
    "making a module": lambda: Net(),
    "parameters": lambda: list(NET.named_parameters()),
    "state dict": lambda: NET.load_state_dict(NET.state_dict()),
    "backward": backward,
    "grad": lambda: nr.autograd.grad((X @ W).sum(), W),
    "double": lambda: nr.autograd.grad(nr.autograd.grad((W**3).sum(), W, create_graph=True)[0].sum(), W),
    "function": lambda: Double.apply(W).sum(),
    "unused graph": lambda: (W * 2).exp(),
    "hook": lambda: (W * 2).register_hook(lambda g: g),
    "wrong shapes": catching(lambda: X @ nr.ones(3, 3), ValueError, RuntimeError),
    "wrong types": catching(lambda: X.sum(dim="x"), TypeError),
    "wrong index": catching(lambda: X[9], IndexError),
    "ragged": catching(lambda: nr.tensor([[1], [1, 2]]), ValueError),
    "missing attribute": catching(lambda: LAYER.nothing, AttributeError),
    "failing function": catching(lambda: Fails.apply(W).sum().backward(), LookupError),
    "failing module": catching(lambda: LAYER(nr.ones(2, 3)), ValueError, RuntimeError),
}


@pytest.mark.parametrize("name", CALLS)
def test_nothing_leaks(name):
    call = CALLS[name]
    count = 20_000
    for _ in range(2000):
        call()
    gc.collect()
    objects, memory = len(gc.get_objects()), resident()
    for _ in range(count):
        call()
    gc.collect()
    assert len(gc.get_objects()) - objects < 50
    # A lost object would be 16 bytes at least, a lost tensor some hundreds.
    assert resident() - memory < count * 16 + 2**20


def test_reference_counts_of_arguments():
    watched = [X, W, LAYER, nr.float32, None, True]
    before = [sys.getrefcount(o) for o in watched]
    for _ in range(1000):
        for call in (CALLS["operation"], CALLS["layer"], CALLS["backward"], CALLS["wrong shapes"], CALLS["tuple"]):
            call()
        X.to(nr.float32), X.is_contiguous(), X.grad, LAYER.weight
    after = [sys.getrefcount(o) for o in watched]
    assert all(abs(a - b) < 50 for a, b in zip(after, before))


def test_exceptions_in_callbacks():
    class Weird(BaseException):
        pass

    def fail(*args):
        raise Weird

    for attempt in (
        lambda: (lambda t: (t.register_hook(fail), t.sum().backward()))(W * 2),
        lambda: LAYER.apply(fail),
        lambda: nr.utils.data.DataLoader([1], collate_fn=fail).__iter__().__next__(),
        lambda: nr.utils.data.DataLoader([1], collate_fn=fail, num_workers=1).__iter__().__next__(),
        lambda: nr.optim.SGD([W], lr=0.1).step(fail),
    ):
        with pytest.raises(Weird):
            attempt()
    handle = LAYER.register_forward_hook(fail)
    with pytest.raises(Weird):
        NET(X)
    handle.remove()
    assert NET(X).shape == (4, 4)


def test_deep_recursion_is_an_error():
    class Endless(nn.Module):
        def forward(self, x):
            return self(x)

    with pytest.raises(RecursionError):
        Endless()(X)


def test_forking_after_use():
    nr.ones(300, 300) @ nr.ones(300, 300)
    child = os.fork()
    if child == 0:
        ok = (nr.ones(2) + 1).tolist() == [2, 2]
        os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_threads_meet_in_a_fresh_interpreter():
    """Nothing that is set up at its first use may wait for a thread that waits for the interpreter."""
    program = """
import threading
import neura as nr

def work():
    for _ in range(200):
        x = nr.tensor([[1.0, 2.0], [3.0, 4.0]])
        assert x.shape == (2, 2) and x.max(dim=1).values.tolist() == [2.0, 4.0] and "tensor" in repr(x)

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
