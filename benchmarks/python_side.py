"""A side of a comparison that runs in Python: the commands and cases of worker.cc.

usage: python_side.py torch|neura THREADS [DEVICE]

The cases are written once; the module that they run on is PyTorch, or Neura's package, which has the same names.
"""

import importlib
import operator
import re
import sys
import time

import numpy as np

torch = importlib.import_module(sys.argv[1])
nn, F = torch.nn, torch.nn.functional
DEVICE = sys.argv[3] if len(sys.argv) > 3 else "cpu"
if DEVICE != "cpu":
    # As Neura has it: float32 is computed in float32.
    torch.backends.cudnn.allow_tf32 = False


def wave(shape, seed, scale=1.0):
    count = int(np.prod(shape))
    values = (scale * np.sin(0.1 * np.arange(count) + seed)).astype(np.float32).reshape(shape)
    return torch.from_numpy(values).to(DEVICE)


def op(function, *inputs):
    return (lambda: function(*inputs)), (lambda: function(*inputs))


def add_8_grad():
    a, b = wave([8], 0).requires_grad_(), wave([8], 1)
    return op(operator.add, a, b)


def mul_sum_backward_8():
    a, b = wave([8], 0).requires_grad_(), wave([8], 1)

    def step():
        a.grad = None
        (a * b).sum().backward()
        return a.grad

    return step, step


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64)
        self.fc1, self.dropout, self.fc2 = nn.Linear(64 * 7 * 7, 128), nn.Dropout(0.25), nn.Linear(128, 10)

    def forward(self, x):
        h = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        h = F.max_pool2d(F.relu(self.bn2(self.conv2(h))), 2)
        return self.fc2(self.dropout(F.relu(self.fc1(torch.flatten(h, 1)))))


def mlp():
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))


def training_step(net, image_shape):
    net.to(DEVICE)
    with torch.no_grad():
        for seed, (name, parameter) in enumerate(net.named_parameters()):
            if parameter.dim() > 1:
                parameter.copy_(wave(list(parameter.shape), seed, parameter[0].numel() ** -0.5))
            elif name.endswith("bias"):
                parameter.zero_()
    images, labels = wave([64] + image_shape, 0), torch.arange(64, device=DEVICE) % 10
    optimizer = torch.optim.Adam(net.parameters())

    def value():
        net.eval()
        with torch.no_grad():
            scores = net(images)
        net.train()
        return scores

    def run():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()

    return run, value


def square(n):
    return lambda: op(torch.matmul, wave([n, n], 0), wave([n, n], 1))


def linear_module_32():
    layer = nn.Linear(32, 32).to(DEVICE)
    with torch.no_grad():
        layer.weight.copy_(wave([32, 32], 0))
        layer.bias.copy_(wave([32], 1))
    return op(layer, wave([1, 32], 2))


def matrix(function):
    """A case of a matrix of a million elements."""

    def case():
        x = wave([1000, 1000], 0, 3)
        return (lambda: function(x)), (lambda: function(x).float())

    return case


def places(shape, n):
    return (torch.arange(int(np.prod(shape))) * 7919 % n).reshape(shape).to(DEVICE)


def scatter_add(x, index):
    return torch.zeros(1000, 1000, device=DEVICE).scatter_add(1, index, x)


def bincount_5000():
    index = places([5000], 1000)
    return (lambda: torch.bincount(index)), (lambda: torch.bincount(index).float())


def random_numbers(function):
    return lambda: ((lambda: function(1 << 20, device=DEVICE)), (lambda: torch.zeros(1)))


def interpolate(mode):
    return lambda: op(lambda x: F.interpolate(x, scale_factor=2, mode=mode), wave([16, 64, 32, 32], 0))


CASES = {
    "tanh_1000x1000": matrix(torch.tanh),
    "erf_1000x1000": matrix(torch.erf),
    "sin_1000x1000": matrix(torch.sin),
    "gelu_1000x1000": matrix(F.gelu),
    "sum_rows_1000x1000": matrix(lambda x: x.sum(0)),
    "norm_1000x1000": matrix(lambda x: x.norm()),
    "logsumexp_1000x1000": matrix(lambda x: torch.logsumexp(x, 1)),
    "to_int64_1000x1000": matrix(lambda x: x.to(torch.int64)),
    "tril_1000x1000": matrix(torch.tril),
    "flip_1000x1000": matrix(lambda x: x.flip(1)),
    "sort_1000x1000": matrix(lambda x: x.sort(1, stable=True)[0]),
    "topk10_1000x1000": matrix(lambda x: x.topk(10, 1)[0]),
    "kthvalue_1000x1000": matrix(lambda x: x.kthvalue(100, 1)[0]),
    "nonzero_1000x1000": matrix(lambda x: torch.nonzero(x > 1)),
    "masked_select_1000x1000": matrix(lambda x: x.masked_select(x > 1)),
    "unique_1m": matrix(lambda x: torch.unique((x * 40).to(torch.int64))),
    "pow_1000x1000": lambda: op(lambda x: x**2.5, wave([1000, 1000], 0, 3).abs()),
    "prod_1m": lambda: op(torch.prod, wave([1 << 20], 1)),
    "index_select_columns_1000x5000": lambda: op(
        lambda x, index: x.index_select(1, index), wave([1000, 1000], 0), places([5000], 1000)
    ),
    "gather_1000x1000": lambda: op(
        lambda x, index: x.gather(1, index), wave([1000, 1000], 0), places([1000, 1000], 1000)
    ),
    "scatter_add_1000x1000": lambda: op(scatter_add, wave([1000, 1000], 0), places([1000, 1000], 1000)),
    "bincount_5000": bincount_5000,
    "interpolate_bilinear_16x64x32x32": interpolate("bilinear"),
    "interpolate_bicubic_16x64x32x32": interpolate("bicubic"),
    "interpolate_nearest_16x64x32x32": interpolate("nearest"),
    "rand_1m": random_numbers(torch.rand),
    "randn_1m": random_numbers(torch.randn),
    "linear_module_32": linear_module_32,
    "add_8": lambda: op(operator.add, wave([8], 0), wave([8], 1)),
    "mul_number_8": lambda: op(lambda x: x * 2.0, wave([8], 0)),
    "zeros_8": lambda: op(lambda: torch.zeros(8, device=DEVICE)),
    "add_8_grad": add_8_grad,
    "mul_sum_backward_8": mul_sum_backward_8,
    "matmul_32": square(32),
    "matmul_128": square(128),
    "matmul_512": square(512),
    "matmul_1024": square(1024),
    "linear_32x768x768": lambda: op(F.linear, wave([32, 768], 0), wave([768, 768], 1), wave([768], 2)),
    "conv2d_64x56x56_3x3": lambda: op(
        lambda x, w: F.conv2d(x, w, padding=1), wave([1, 64, 56, 56], 0), wave([64, 64, 3, 3], 1, 0.1)
    ),
    "conv2d_b64_32x14x14_3x3": lambda: op(
        lambda x, w: F.conv2d(x, w, padding=1), wave([64, 32, 14, 14], 0), wave([64, 32, 3, 3], 1, 0.1)
    ),
    "max_pool2d_b64_32x28x28": lambda: op(lambda x: F.max_pool2d(x, 2), wave([64, 32, 28, 28], 0)),
    "add_1m": lambda: op(torch.add, wave([1 << 20], 0), wave([1 << 20], 1)),
    "exp_1m": lambda: op(torch.exp, wave([1 << 20], 0)),
    "sum_1m": lambda: op(torch.sum, wave([1 << 20], 0)),
    "softmax_1536x128": lambda: op(lambda x: torch.softmax(x, -1), wave([1536, 128], 0, 3)),
    "layer_norm_128x768": lambda: op(
        lambda x, w, b: F.layer_norm(x, [768], w, b), wave([128, 768], 0), wave([768], 1), wave([768], 2)
    ),
    "fashion_mnist_cnn_b64": lambda: training_step(Cnn(), [1, 28, 28]),
    "mlp_784_256_10_b64": lambda: training_step(mlp(), [784]),
}


def peak_memory():
    """Bytes, of this program alone: what getrusage() tells begins with the peak of the process that started it."""
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read())[1]) * 1024


def main():
    torch.set_num_threads(int(sys.argv[2]))
    cases = {}
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "version":
            print(torch.__name__, torch.__version__, flush=True)
        elif command == "memory":
            print(peak_memory(), flush=True)
        else:
            if arguments[0] not in cases:
                cases[arguments[0]] = CASES[arguments[0]]()
            run, value = cases[arguments[0]]
            if command == "value":
                print(" ".join(f"{x:.6g}" for x in value().detach().flatten().tolist()), flush=True)
            else:
                start = time.perf_counter_ns()
                for _ in range(int(arguments[1])):
                    run()
                if DEVICE != "cpu":
                    torch.cuda.synchronize()
                print(time.perf_counter_ns() - start, flush=True)


main()
