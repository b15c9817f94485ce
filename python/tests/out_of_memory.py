"""Every allocation that the extension asks for in five workloads is made to fail once, in a process of its own: MemoryError
or nothing is what comes of it, and the workload run again gives what it always gives.

usage: out_of_memory.py FAILING_MALLOC
"""

import ctypes
import gc
import os
import signal
import sys

library = os.path.abspath(sys.argv[1])
if os.environ.get("LD_PRELOAD") != library:
    os.execve(sys.executable, [sys.executable, *sys.argv], dict(os.environ, LD_PRELOAD=library))

import neura as nr
import neura.nn.functional as F

preloaded = ctypes.CDLL(library)
preloaded.fail_allocations_of.restype = ctypes.c_bool
assert preloaded.fail_allocations_of(b"/neura/_C.")
fail_after = preloaded.fail_allocation_after
fail_after.argtypes = [ctypes.c_int64]
fail_after.restype = ctypes.c_int64


def trained(model, optimizer, x, classes):
    labels = nr.arange(len(x)) % classes
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
    return list(model.parameters())


def perceptron():
    nr.manual_seed(1)
    model = nr.nn.Sequential(nr.nn.Linear(96, 128), nr.nn.ReLU(), nr.nn.Linear(128, 10))

    # Cycles through C++, which the collection afterwards finds.
    def hook(module, args, output):
        output.register_hook(lambda g: g * len(model))

    model.register_forward_hook(hook)
    model[0].weight.register_hook(lambda g: g + 0 * model[0].weight.detach())
    return trained(model, nr.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), nr.rand(128, 96), 10)


def convolution():
    nr.manual_seed(2)
    model = nr.nn.Sequential(
        nr.nn.Conv2d(3, 8, 3, padding=1), nr.nn.BatchNorm2d(8), nr.nn.ReLU(), nr.nn.MaxPool2d(2), nr.nn.Flatten(),
        nr.nn.Linear(8 * 8 * 8, 4),
    )  # fmt: skip
    return trained(model, nr.optim.SGD(model.parameters(), lr=0.1), nr.rand(8, 3, 16, 16), 4)


def products():
    nr.manual_seed(3)
    a, b, batch = nr.rand(150, 170), nr.rand(170, 190), nr.rand(4, 70, 60)
    return [a @ b, b.T.double() @ a.T.double(), batch @ batch.transpose(1, 2)]


def optimizers():
    nr.manual_seed(4)
    model = nr.nn.Linear(300, 200)
    return trained(model, nr.optim.AdamW(model.parameters(), lr=1e-2), nr.rand(4, 300), 200)


def indexing():
    nr.manual_seed(5)
    x = nr.rand(300, 200, requires_grad=True)
    picked = x[nr.tensor([5, 0, 299, 5])]
    joined = nr.cat([x[:, 10:60:2], x[:, 20:45].flip([1])], 1)
    ((picked * picked).sum() + joined.sum() + x[x > 0.5].sum()).backward()
    y = x.detach().clone()
    y[3:7, ::2] = 1
    return [picked, joined, x.grad, y]


def bits(tensors):
    return [tensor.detach().numpy().tobytes() for tensor in tensors]


FAILED_WELL, NOTHING_FAILED, OTHER_ERROR, WRONG_VALUES, WRONG_AFTERWARDS = range(10, 15)


def run_with_failure(workload, allocation, expected):
    """In a child: how it ended."""
    signal.alarm(60)
    nr.set_num_threads(2)
    outcome = FAILED_WELL
    fail_after(allocation)
    try:
        # What can do without does without: another thread, a cache.
        if bits(workload()) != expected:
            outcome = WRONG_VALUES
    except MemoryError:
        pass
    except BaseException as error:
        fail_after(-1)
        print(f"{type(error).__name__}: {error}", flush=True)
        outcome = OTHER_ERROR
    if fail_after(-1) >= 0:
        outcome = NOTHING_FAILED
    gc.collect()
    if bits(workload()) != expected:
        outcome = WRONG_AFTERWARDS
    return outcome


def main():
    nr.set_num_threads(1)
    gc.freeze()  # what is here now stays: the children have little to look through
    for workload in (perceptron, convolution, products, optimizers, indexing):
        expected = bits(workload())
        for allocation in range(100_000):
            child = os.fork()
            if child == 0:
                os._exit(run_with_failure(workload, allocation, expected))
            status = os.waitpid(child, 0)[1]
            code = os.waitstatus_to_exitcode(status)
            if code == NOTHING_FAILED:
                break
            if code != FAILED_WELL:
                sys.exit(f"{workload.__name__}, allocation {allocation}: ended with {code}")
        else:
            sys.exit(f"{workload.__name__}: no end of allocations")
        print(f"{workload.__name__}: {allocation} allocations", flush=True)
        assert allocation > 20


main()
