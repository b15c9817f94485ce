"""Threads, forked processes, interrupts and the end of the interpreter: values may race, memory never."""

import pytest
from rounds import run


# ---- one model in several threads --------------------------------------------------------------

_MODEL = """
net = nr.nn.Sequential(nr.nn.Linear(8, 8), nr.nn.ReLU(), nr.nn.Linear(8, 1))
x = nr.randn(16, 8)
done = time.monotonic() + 0.3
def backward():
    while time.monotonic() < done:
        try: net(x).square().mean().backward()
        except RuntimeError as error: assert "changed by an in-place" in str(error) or {tolerant}, error
def together(*functions):
    errors = []
    def guarded(function):
        try:
            function()
        except Exception as error:
            errors.append(error)
    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for t in threads: t.start()
    for t in threads: t.join()
    assert not errors, errors
"""


@pytest.mark.parametrize(
    "other",
    [
        "[setattr(p, 'grad', None) for p in net.parameters()]",
        "net.zero_grad()",
        "[setattr(p, 'grad', nr.ones_like(p)) for p in net.parameters()]",
        "[p.grad for p in net.parameters()]",
        "nr.nn.utils.clip_grad_norm_(net.parameters(), 1.0)",
        "[p.register_hook(lambda g: None).remove() for p in net[0].parameters()][:0] or time.sleep(0.01)",
        "[p.requires_grad_(False).requires_grad_() for p in net.parameters()]",
        "setattr(net[0], 'weight', nr.nn.Parameter(nr.randn(8, 8)))",
        "setattr(net[0].weight, 'data', nr.randn(8, 8))",
        "net.load_state_dict(net.state_dict())",
        "net[0].to(nr.float32)",
    ],
)
def test_gradients_and_members_are_replaced_during_backward(other):
    # Between the two there may be nothing to differentiate, which is an error and no crash.
    tolerant = str("requires_grad_(False)" in other)
    run(_MODEL.replace("{tolerant}", tolerant) + f"""
def other():
    while time.monotonic() < done:
        {other}
together(backward, backward, other)
print("ok")
""")


@pytest.mark.parametrize("optimizer", ["SGD(net.parameters(), lr=1e-9, momentum=0.9)", "Adam(net.parameters(), lr=1e-9)", "AdamW(net.parameters(), lr=1e-9)"])
def test_steps_of_one_optimizer_in_several_threads(optimizer):
    run(_MODEL.replace("{tolerant}", "False") + f"""
def begin(): return nr.optim.{optimizer}
optimizers = [begin()]
def step():
    while time.monotonic() < done:
        optimizers[0].step()
def begin_again():
    while time.monotonic() < done:
        optimizers[0] = begin()
        time.sleep(0.001)
def state():
    while time.monotonic() < done:
        o = optimizers[0]
        o.load_state_dict(o.state_dict())
        o.zero_grad()
        o.param_groups[0]["lr"] = 1e-9
together(backward, step, step, begin_again, state)
print("ok")
""")


def test_gradients_of_several_threads_add_up_in_one_leaf():
    run("""
w = nr.zeros(1000, requires_grad=True)
def work():
    for _ in range(300):
        (w * 2).sum().backward()
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
assert w.grad.tolist() == [2400.0] * 1000, w.grad
print("ok")
""")


def test_two_threads_run_one_graph_backward():
    run("""
for retain in [True, False] * 20:
    w = nr.full((64,), 0.5, requires_grad=True)
    y = w
    for _ in range(50): y = (y * 1.01).exp().log().sigmoid()
    loss = y.sum()
    loss.backward(retain_graph=True)
    once, w.grad = w.grad, None
    barrier, errors = threading.Barrier(2), []
    def work():
        barrier.wait()
        try: loss.backward(retain_graph=retain)
        except RuntimeError as error: errors.append(str(error))
    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert all("already freed" in e for e in errors) and len(errors) <= (0 if retain else 1), errors
    assert nr.allclose(w.grad, once * (2 - len(errors)), rtol=1e-4), (w.grad, once)
print("ok")
""")


def test_one_recorded_tensor_is_changed_in_several_threads():
    run("""
w = nr.ones(8, requires_grad=True)
for _ in range(20):
    y = w * 1
    def change():
        for i in range(100):
            try:
                y.mul_(1.0) if i % 3 else y.fill_(1.0)
                y.grad_fn, y.requires_grad, y.is_leaf
                (y + w).sum().backward()
            except RuntimeError: pass
    threads = [threading.Thread(target=change) for _ in range(3)]
    for t in threads: t.start()
    for t in threads: t.join()
print("ok")
""")


def test_garbage_is_collected_while_threads_compute():
    run("""
w = nr.ones(8, requires_grad=True)
calls = []
w.register_hook(lambda g: calls.append(len(calls)))
class Twice(nr.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.y = x * 2
        return ctx.y
    @staticmethod
    def backward(ctx, g):
        return g * ctx.y / ctx.y * 2
done = time.monotonic() + 0.4
def work():
    while time.monotonic() < done:
        y = Twice.apply(w)
        for _ in range(20): z = y * w
        (z + y).sum().backward()
threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads: t.start()
while time.monotonic() < done: gc.collect()
for t in threads: t.join()
assert len(calls) > 0
print("ok")
""")


# ---- loaders -----------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("dataset", ["Numbers(200)", "TensorDataset(nr.arange(200.0), nr.arange(200))"])
def test_threads_take_from_one_pass(workers, dataset):
    run(f"""
for _ in range(3):
    batches, taken = iter(DataLoader({dataset}, 3, num_workers={workers})), []
    def take():
        for x, y in batches: taken.append(y.tolist())
    threads = [threading.Thread(target=take) for _ in range(3)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert sorted(sum(taken, [])) == list(range(200)), sorted(taken)
    assert len(taken) == 67
print("ok")
""")


def test_threads_take_from_a_pass_over_a_stream():
    run("""
class Stream(IterableDataset):
    def __iter__(self): return iter(range(300))
batches, taken = iter(DataLoader(Stream(), 2)), []
def take():
    for x in batches: taken.append(x.tolist())
threads = [threading.Thread(target=take) for _ in range(3)]
for t in threads: t.start()
for t in threads: t.join()
assert sorted(sum(taken, [])) == list(range(300))
print("ok")
""")


def test_a_pass_is_closed_while_threads_take():
    run("""
for _ in range(10):
    batches = iter(DataLoader(Numbers(100000), 3, num_workers=2))
    def take():
        for x, y in batches: pass
    threads = [threading.Thread(target=take) for _ in range(2)]
    for t in threads: t.start()
    time.sleep(0.01)
    batches.close()
    for t in threads: t.join()
print("ok")
""")


# ---- the end of the interpreter ----------------------------------------------------------------


@pytest.mark.parametrize(
    "work",
    [
        "for x, y in DataLoader(Numbers(), 4, num_workers=2): pass",
        "for x, y in DataLoader(TensorDataset(nr.arange(40.0), nr.arange(40)), 4, num_workers=2): pass",
        "optimizer.step()",
        "net(nr.ones(1, 4)).sum().backward(); optimizer.step(); optimizer.zero_grad()",
        "nr.nn.utils.clip_grad_norm_(net.parameters(), 1.0)",
        "(hooked * 2).sum().backward()",
        "[nr.from_numpy(np.ones(100)) for _ in range(100)]",
    ],
)
def test_the_interpreter_ends_while_a_daemon_thread_works(work):
    run(f"""
net = nr.nn.Linear(4, 4)
optimizer = nr.optim.Adam(net.parameters(), lr=1e-9)
net(nr.ones(1, 4)).sum().backward()
hooked = nr.ones(4, requires_grad=True)
hooked.register_hook(lambda g: g * 1)
def forever():
    while True:
        {work}
for _ in range(2): threading.Thread(target=forever, daemon=True).start()
time.sleep(0.05)
print("ok")
""")


def test_the_interpreter_ends_while_a_worker_never_returns():
    run("""
class Stuck(Numbers):
    def __getitem__(self, index):
        if index == 5: time.sleep(10**6)
        return super().__getitem__(index)
batches = iter(DataLoader(Stuck(), 1, num_workers=2))
next(batches)
print("ok")
""", rounds=1)


# ---- fork ----------------------------------------------------------------------------------------

_WAIT = """
def end_of(child):
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid: return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return "hangs"
"""


def test_a_pass_is_over_in_a_forked_child():
    run(_WAIT + """
loader = DataLoader(Numbers(), 2, num_workers=2)
batches = iter(loader)
next(batches)
for way in ("next", "close", "drop", "exit", "again"):
    child = os.fork()
    if child == 0:
        code = 0
        if way == "next":
            try: next(batches); code = 1
            except RuntimeError as error: code = 0 if "fork" in str(error) else 2
        elif way == "close": batches.close()
        elif way == "drop": del batches; gc.collect()
        elif way == "again": code = 0 if len(list(loader)) == 20 else 3
        sys.stdout.flush()
        if way == "exit": sys.exit(0)  # with what runs at the end of the interpreter
        os._exit(code)
    assert end_of(child) == 0, way
assert len(list(batches)) == 19
print("ok")
""")


def test_forked_while_threads_compute():
    run(_WAIT + """
import tempfile
nr.set_num_threads(3)
w = nr.empty(64, 64, requires_grad=True)
numbers = nr.Generator().manual_seed(1)
with tempfile.TemporaryDirectory() as folder:
    nr.onnx.export(nr.nn.ReLU(), nr.empty(2), folder + "/relu.onnx")
    program = nr.onnx.load(folder + "/relu.onnx")
done = False
def compute():
    (nr.rand(64, 64, generator=numbers) @ w).exp().sum().backward()
    w.grad = None
    program(nr.zeros(2))
def work():
    while not done: compute()
threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads: t.start()
# The first children while the threads do all of that for the first time.
children = []
for i in range(25):
    child = os.fork()
    if child == 0:
        (nr.rand(300, 300) @ nr.rand(300, 300)).sum().item()
        compute()
        os._exit(0)
    children.append(child)
    if i % 5 == 4:
        for child in children: assert end_of(child) == 0, i
        children = []
done = True
for t in threads: t.join()
print("ok")
""")


def test_a_forked_child_trains():
    run("""
import multiprocessing
def train(results, threads):
    nr.set_num_threads(threads)
    nr.manual_seed(0)
    net = nr.nn.Sequential(nr.nn.Linear(20, 64), nr.nn.ReLU(), nr.nn.Linear(64, 1))
    optimizer = nr.optim.Adam(net.parameters(), lr=1e-2)
    data = TensorDataset(nr.randn(600, 20), nr.arange(600.0).reshape(600, 1) / 600)
    for x, y in DataLoader(data, 100, shuffle=True, seed=1, num_workers=2):
        optimizer.zero_grad()
        loss = (net(x) - y).square().mean()
        loss.backward()
        optimizer.step()
    results.put(loss.item())
context = multiprocessing.get_context("fork")
here = context.SimpleQueue()
train(here, 3)  # the parent has used its pool
there = context.SimpleQueue()
children = [context.Process(target=train, args=(there, threads)) for threads in (1, 3)]
for c in children: c.start()
for c in children:
    c.join(60)
    assert c.exitcode == 0
assert here.get() == there.get() == there.get()
print("ok")
""")


# ---- interrupts ----------------------------------------------------------------------------------


def test_interrupted_while_a_worker_never_returns():
    run("""
class Stuck(Numbers):
    def __getitem__(self, index):
        if index == 3: time.sleep(10**6)
        return super().__getitem__(index)
batches = iter(DataLoader(Stuck(), 1, num_workers=2))
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
start, taken = time.monotonic(), 0
try:
    for x, y in batches: taken += 1
    print("not interrupted")
except KeyboardInterrupt:
    assert taken == 3
    assert list(batches) == []
    print("ok")
""")


def test_interrupted_again_and_again():
    run("""
interrupts, epochs = 0, 0
ready = threading.Event()
def send():
    ready.wait()
    while interrupts < 25:
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        while not seen: time.sleep(0.001)
        seen.clear()
class Slow(Numbers):
    def __getitem__(self, index):
        time.sleep(0.002)
        return super().__getitem__(index)
loader, seen = DataLoader(Slow(10000), 4, num_workers=2), []
sender = threading.Thread(target=send, daemon=True)
def loop():
    global interrupts
    while interrupts < 25:
        try:
            ready.set()
            for x, y in loader: pass
        except KeyboardInterrupt:
            interrupts += 1
            seen.append(1)
sender.start()
while interrupts < 25:
    try:
        loop()
    except KeyboardInterrupt:  # between the statements of the loop itself
        interrupts += 1
        seen.append(1)
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ok")
""")
