"""Cycles of references that lead through C++ are freed by Python's garbage collection."""

import gc
import weakref

import neura as nr
import pytest
from neura.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset


class Token:
    """What is gone when its holder is."""


class Net(nr.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nr.nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(x)

    def on_call(self, *args):
        return None

    def on_grad(self, grad):
        return None


class Numbers(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return nr.tensor([float(index)])

    def collate(self, examples):
        return nr.stack(examples)


def hook_of_module(token):
    net = Net()
    net.fc.register_forward_hook(lambda module, args, output: (net, token) and None)


def hook_as_bound_method(token):
    net = Net()
    net.token = token
    net.fc.register_forward_hook(net.on_call)
    net.fc.register_forward_pre_hook(net.on_call)
    net(nr.ones(1, 2))


def child_in_python_keeps_parent(token):
    net = Net()
    net.child = Net()
    net.child.keep = [net, token]


def child_of_cpp_keeps_parent(token):
    net = Net()
    net.fc.keep = [net, token]


def child_registers_parent(token):
    net = Net()
    net.child = Net()
    net.child.parent = net
    net.token = token


def containers(token):
    net = nr.nn.ModuleDict({"a": nr.nn.ModuleList([nr.nn.Sequential(nr.nn.ReLU())])})
    net["a"][0][0].keep = (net, token)


def hook_of_parameter_as_bound_method(token):
    net = Net()
    net.token = token
    net.fc.weight.register_hook(net.on_grad)
    net(nr.ones(1, 2)).sum().backward()


def hook_of_own_parameter(token):
    net = Net()
    net.scale = nr.nn.Parameter(nr.ones(2))
    net.scale.register_hook(lambda grad: (net, token) and None)


def hook_of_leaf(token):
    x = nr.ones(2, requires_grad=True)
    x.register_hook(lambda grad: (x, token) and None)
    (x * 2).sum().backward()


def hook_of_result(token):
    y = nr.ones(2, requires_grad=True) * 2
    y.register_hook(lambda grad: (y, token) and None)


def scheduler_of_optimizer(token):
    optimizer = nr.optim.SGD(Net().parameters(), lr=0.1)
    optimizer.sched = nr.optim.lr_scheduler.StepLR(optimizer, 1)
    optimizer.token = token


def every_scheduler(token):
    for make in (
        lambda o: nr.optim.lr_scheduler.CosineAnnealingLR(o, 10),
        lambda o: nr.optim.lr_scheduler.OneCycleLR(o, 0.1, 10),
    ):
        optimizer = nr.optim.Adam(Net().parameters(), lr=0.1)
        optimizer.keep = (make(optimizer), token)


def optimizer_and_module(token):
    net = Net()
    net.opt = nr.optim.AdamW(net.parameters())
    net.opt.model = net
    net.token = token
    net(nr.ones(1, 2)).sum().backward()
    net.opt.step()


def loader_of_dataset(token):
    dataset = Numbers()
    dataset.token = token
    dataset.loader = DataLoader(dataset, batch_size=2)
    list(dataset.loader)


def loader_with_workers_of_dataset(token):
    dataset = Numbers()
    dataset.token = token
    dataset.loader = DataLoader(dataset, batch_size=2, num_workers=2)
    list(dataset.loader)


def collate_fn_of_loader(token):
    class Holder:
        pass

    holder = Holder()
    holder.loader = DataLoader(Numbers(), 2, collate_fn=lambda examples: (holder, token, examples)[2])
    list(holder.loader)


def bound_collate_fn(token):
    dataset = Numbers()
    dataset.token = token
    dataset.loader = DataLoader(dataset, 2, collate_fn=dataset.collate)


def samplers_of_loader(token):
    class Order:
        def __iter__(self):
            return iter([0, 1, 2])

        def __len__(self):
            return 3

    order = Order()
    order.loader, order.token = DataLoader(Numbers(), 2, sampler=order), token

    class Lists(Order):
        def __iter__(self):
            return iter([[0], [1, 2]])

    lists = Lists()
    lists.loader, lists.token = DataLoader(Numbers(), batch_sampler=lists, num_workers=1), token
    list(lists.loader)


def worker_init_fn_of_loader(token):
    class Holder:
        def start(self, worker):
            pass

    holder = Holder()
    holder.token = token
    holder.loader = DataLoader(Numbers(), 2, num_workers=1, worker_init_fn=holder.start)
    list(holder.loader)


def pass_of_dataset(token):
    dataset = Numbers()
    dataset.token = token
    dataset.batches = iter(DataLoader(dataset, 2))
    next(dataset.batches)


def pass_with_workers_of_dataset(token):
    dataset = Numbers()
    dataset.token = token
    dataset.batches = iter(DataLoader(dataset, 2, num_workers=2))
    list(dataset.batches)


def stream_of_loader(token):
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(4))

    stream = Stream()
    stream.token = token
    stream.batches = iter(DataLoader(stream, 2))
    next(stream.batches)


class Twice(nr.autograd.Function):
    @staticmethod
    def forward(ctx, x, token):
        ctx.token = token
        ctx.y = x * 2
        return ctx.y

    @staticmethod
    def backward(ctx, grad):
        return grad * 2, None


def output_as_attribute(token):
    Twice.apply(nr.ones(2, requires_grad=True), token)


def output_as_attribute_after_backward(token):
    Twice.apply(nr.ones(2, requires_grad=True), token).sum().backward()


CYCLES = [
    hook_of_module,
    hook_as_bound_method,
    child_in_python_keeps_parent,
    child_of_cpp_keeps_parent,
    child_registers_parent,
    containers,
    hook_of_parameter_as_bound_method,
    hook_of_own_parameter,
    hook_of_leaf,
    hook_of_result,
    scheduler_of_optimizer,
    every_scheduler,
    optimizer_and_module,
    loader_of_dataset,
    loader_with_workers_of_dataset,
    collate_fn_of_loader,
    bound_collate_fn,
    samplers_of_loader,
    worker_init_fn_of_loader,
    pass_of_dataset,
    pass_with_workers_of_dataset,
    stream_of_loader,
    output_as_attribute,
    output_as_attribute_after_backward,
]


@pytest.mark.parametrize("make", CYCLES, ids=lambda make: make.__name__)
def test_a_cycle_is_freed(make):
    gone = []
    for _ in range(3):
        token = Token()
        gone.append(weakref.ref(token))
        make(token)
        del token
    gc.collect()
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


def test_what_is_in_use_is_not_freed():
    """A hook, a history or a member that something else still leads to survives any collection."""
    calls = []
    net = Net()
    net.fc.weight.register_hook(lambda grad: calls.append("weight"))
    x = nr.ones(2, requires_grad=True)
    x.register_hook(lambda grad: calls.append("x"))
    y = Twice.apply(x, None)
    h = y * 3
    h.register_hook(lambda grad: calls.append("h"))
    loss = net(h.reshape(1, 2)).sum()
    weight = net.fc.weight
    del net, y, h
    for generation in (0, 1, 2):
        gc.collect(generation)
    loss.backward()
    assert sorted(calls) == ["h", "weight", "x"]
    assert weight.grad is not None and x.grad.shape == (2,)


def test_objects_of_a_freed_cycle_do_no_harm():
    """Finalizers see objects of the cycle, whatever has become of them."""
    seen = []

    class Last:
        def __init__(self, *objects):
            self.objects = objects

        def __del__(self):
            tensor, net, loader = self.objects
            seen.append((tensor.sum().item(), len(list(net.parameters())), len(list(loader))))

    x = nr.ones(2, requires_grad=True)
    net = Net()
    loader = DataLoader(Numbers(), 2)
    net.last = Last(x, net, loader)
    x.register_hook(lambda grad: (x, net) and None)
    del x, net, loader
    gc.collect()
    assert seen == [(2.0, 2, 4)]


def test_modules_deeper_than_the_stack():
    deep = nr.nn.Linear(2, 2)
    for _ in range(20000):
        deep = nr.nn.Sequential(deep)
    assert len(list(deep.parameters())) == 2
    assert len(list(deep.modules())) == 20001
    state = deep.state_dict()
    assert len(state) == 2 and next(iter(state)).count(".") == 20000
    deep.load_state_dict({name: nr.ones_like(value) for name, value in state.items()})
    assert next(deep.parameters()).sum().item() == 4
    deep.eval()
    count = [0]
    deep.apply(lambda module: count.__setitem__(0, count[0] + (not module.training)))
    assert count == [20001]
    assert next(deep.train().double().parameters()).dtype is nr.float64
    deep.requires_grad_(False).zero_grad()
    for recursive in (repr, lambda module: __import__("copy").deepcopy(module), lambda module: __import__("pickle").dumps(module)):
        with pytest.raises(RecursionError):
            recursive(deep)
    gone = weakref.ref(deep)
    del deep
    gc.collect()
    assert gone() is None


def test_a_module_that_contains_itself():
    net = Net()
    net.child = Net()
    net.child.parent = net
    assert len(list(net.parameters())) == 4 and len(list(net.modules())) == 4
    assert not net.eval().child.fc.training
    for walk in (net.state_dict, lambda: net.apply(print), net.double):
        with pytest.raises((RecursionError, ValueError), match="contains itself"):
            walk()
