"""Models of operators put together at random, whose open sizes are tried at several sizes each.

A value is known by its dtype and its extents, each a tuple of the sizes it has in all runs. Operators are taken where
they are defined in all of them. What jumps (a rounding, a comparison) is applied to values without rounding errors
alone, so that the last bit of a sum decides nothing.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The sizes of the open dimensions in each run.
SIZES = {"a": (1, 2, 3, 7, 17), "b": (17, 3, 1, 2, 7)}
RUNS = len(SIZES["a"])
MOST_ELEMENTS = 20_000
DTYPES = {
    "f": TensorProto.FLOAT,
    "d": TensorProto.DOUBLE,
    "l": TensorProto.INT64,
    "i": TensorProto.INT32,
    "b": TensorProto.BOOL,
}

SMOOTH = ["Sigmoid", "Tanh", "Erf", "Softplus", "Softsign", "Elu", "Selu", "Sin", "Cos", "Gelu", "Mish", "HardSwish"]
EXACT = ["Abs", "Neg", "Relu", "LeakyRelu", "Identity"]
JUMPING = ["Floor", "Ceil", "Round", "Sign"]
REDUCTIONS = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp"]
COMPARISONS = ["Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual"]


class Value:
    def __init__(self, name, dtype, dims, exact):
        self.name, self.dtype, self.dims, self.exact = name, dtype, tuple(dims), exact

    @property
    def rank(self):
        return len(self.dims)


def fixed(size):
    return (size,) * RUNS


def is_fixed(dim):
    return len(set(dim)) == 1


def times(dims):
    return tuple(int(np.prod([dim[run] for dim in dims], dtype=np.int64)) for run in range(RUNS))


def broadcast(first, second):
    """The extents of a result, None where some run has none."""
    dims = []
    for k in range(1, max(len(first), len(second)) + 1):
        sizes = []
        for run in range(RUNS):
            one = first[-k][run] if k <= len(first) else 1
            other = second[-k][run] if k <= len(second) else 1
            if one != other and 1 not in (one, other):
                return None
            sizes.append(max(one, other))
        dims.insert(0, tuple(sizes))
    return dims


class Builder:
    def __init__(self, generator):
        self.generator = generator
        self.nodes, self.initializers, self.inputs, self.values, self.read = [], [], [], [], set()

    # ---- choices
    def pick(self, options):
        return options[self.generator.integers(len(options))]

    def chance(self, share):
        return self.generator.random() < share

    def some(self, test):
        """A value that the test holds for, the newest ones first; None where there is none."""
        found = [value for value in self.values if test(value)]
        if not found:
            return None
        return found[-1 - min(int(self.generator.exponential(2)), len(found) - 1)]

    # ---- parts
    def constant(self, array):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def integers(self, *numbers):
        return self.constant(np.array(numbers, np.int64))

    def weights(self, *shape):
        return self.constant((self.generator.standard_normal(shape) * 0.5).astype(np.float32))

    def add(self, op, inputs, dtype, dims, exact=False, **attributes):
        if max(times(dims)) > MOST_ELEMENTS or len(dims) > 6:
            return None
        name = f"v{len(self.nodes)}"
        names = [value.name if isinstance(value, Value) else value for value in inputs]
        self.read.update(names)
        self.nodes.append(helper.make_node(op, names, [name], **attributes))
        self.values.append(Value(name, dtype, dims, exact))
        return self.values[-1]

    def add_input(self):
        dims = []
        for _ in range(self.generator.integers(1, 5)):
            dims.append(self.pick([SIZES["a"], SIZES["b"], fixed(1), fixed(2), fixed(3), fixed(4)]))
        name = f"x{len(self.inputs)}"
        dtype = "f" if not self.inputs or self.chance(0.7) else self.pick(["l", "f", "b", "d"])
        self.values.append(Value(name, dtype, dims, True))
        self.inputs.append(self.values[-1])

    # ---- operators: each returns None where no value fits it
    def unary(self):
        x = self.some(lambda v: v.dtype == "f")
        if x is None:
            return None
        if x.exact and self.chance(0.3):
            return self.add(self.pick(JUMPING), [x], "f", x.dims, True)
        op = self.pick(SMOOTH + EXACT)
        return self.add(op, [x], "f", x.dims, x.exact and op in EXACT and op != "LeakyRelu")

    def positive(self):
        x = self.some(lambda v: v.dtype == "f")
        if x is None:
            return None
        y = self.add("Abs", [x], "f", x.dims, x.exact)
        y = y and self.add("Add", [y, self.constant(np.float32(0.5))], "f", y.dims)
        return y and self.add(self.pick(["Sqrt", "Log", "Reciprocal"]), [y], "f", y.dims)

    def clip(self):
        x = self.some(lambda v: v.dtype == "f")
        bounds = [self.constant(np.float32(-0.7)), self.pick(["", self.constant(np.float32(0.9))])]
        return x and self.add("Clip", [x, *bounds], "f", x.dims, x.exact)

    def pair(self, dtypes):
        x = self.some(lambda v: v.dtype in dtypes)
        y = x and self.some(lambda v: v.dtype == x.dtype and broadcast(x.dims, v.dims) is not None)
        return (x, y) if x and self.chance(0.5) else (y, x)

    def binary(self):
        x, y = self.pair("fld")
        if x is None:
            return None
        op = self.pick(["Add", "Sub", "Mul", "Min", "Max"])
        exact = x.exact and y.exact and (x.dtype == "l" or op in ("Min", "Max"))
        return self.add(op, [x, y], x.dtype, broadcast(x.dims, y.dims), exact)

    def divided(self):
        x = self.some(lambda v: v.dtype in "fl")
        by = None if x is None else np.int64(3) if x.dtype == "l" else np.float32(1.7)
        return x and self.add("Div", [x, self.constant(by)], x.dtype, x.dims, x.dtype == "l")

    def modulo(self):
        x = self.some(lambda v: v.dtype == "l")
        return x and self.add("Mod", [x, self.constant(np.int64(5))], "l", x.dims, True)

    def compared(self):
        x, y = self.pair("fl")
        if x is None or not (x.exact and y.exact):
            return None
        return self.add(self.pick(COMPARISONS), [x, y], "b", broadcast(x.dims, y.dims), True)

    def logical(self):
        x, y = self.pair("b")
        if x is None:
            return None
        if self.chance(0.3):
            return self.add("Not", [x], "b", x.dims, True)
        return self.add(self.pick(["And", "Or", "Xor"]), [x, y], "b", broadcast(x.dims, y.dims), True)

    def where(self):
        test = self.some(lambda v: v.dtype == "b")
        x, y = self.pair("fl")
        dims = x and test and broadcast(x.dims, y.dims)
        dims = dims and broadcast(test.dims, dims)
        return dims and self.add("Where", [test, x, y], x.dtype, dims, x.exact and y.exact)

    def cast(self):
        x = self.some(lambda v: v.exact or v.dtype == "f")
        if x is None:
            return None
        to = self.pick(["f", "l", "i", "d"] if x.exact else ["f", "d"])
        return self.add("Cast", [x], to, x.dims, x.exact and to in "li", to=DTYPES[to])

    def reduced(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank > 0)
        if x is None:
            return None
        count = int(self.generator.integers(1, x.rank + 1))
        axes = sorted(int(axis) for axis in self.generator.permutation(x.rank)[:count])
        keep = int(self.chance(0.5))
        dims = [fixed(1) if d in axes else dim for d, dim in enumerate(x.dims) if keep or d not in axes]
        op = self.pick(REDUCTIONS)
        named = [axis - x.rank if self.chance(0.3) else axis for axis in axes]
        exact = x.exact and op in ("ReduceMax", "ReduceMin")
        return self.add(op, [x, self.integers(*named)], "f", dims, exact, keepdims=keep)

    def place_of_most(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank > 0 and v.exact)
        if x is None:
            return None
        axis, keep = int(self.generator.integers(x.rank)), int(self.chance(0.5))
        dims = [fixed(1) if d == axis else dim for d, dim in enumerate(x.dims) if keep or d != axis]
        return self.add(self.pick(["ArgMax", "ArgMin"]), [x], "l", dims, True, axis=axis, keepdims=keep)

    def along(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank > 0)
        if x is None:
            return None
        axis = int(self.generator.integers(-x.rank, x.rank))
        if self.chance(0.3):
            return self.add("CumSum", [x, self.constant(np.int64(axis))], "f", x.dims, reverse=int(self.chance(0.5)))
        return self.add(self.pick(["Softmax", "LogSoftmax"]), [x], "f", x.dims, axis=axis)

    def normalized(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank > 1 and is_fixed(v.dims[-1]) and v.dims[-1][0] > 1)
        if x is None:
            return None
        size = x.dims[-1][0]
        return self.add("LayerNormalization", [x, self.weights(size), self.weights(size)], "f", x.dims, axis=-1)

    def batch_normalized(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank > 1 and is_fixed(v.dims[1]))
        if x is None:
            return None
        size = x.dims[1][0]
        variance = self.constant(np.full(size, 0.8, np.float32))
        inputs = [x, self.weights(size), self.weights(size), self.weights(size), variance]
        return self.add("BatchNormalization", inputs, "f", x.dims)

    def turned(self):
        x = self.some(lambda v: v.rank > 1)
        if x is None:
            return None
        order = [int(d) for d in self.generator.permutation(x.rank)]
        return self.add("Transpose", [x], x.dtype, [x.dims[d] for d in order], x.exact, perm=order)

    def unsqueezed(self):
        x = self.some(lambda v: v.rank < 5)
        at = x and int(self.generator.integers(x.rank + 1))
        if x is None:
            return None
        dims = [*x.dims[:at], fixed(1), *x.dims[at:]]
        return self.add("Unsqueeze", [x, self.integers(at)], x.dtype, dims, x.exact)

    def squeezed(self):
        x = self.some(lambda v: fixed(1) in v.dims)
        if x is None:
            return None
        at = x.dims.index(fixed(1))
        return self.add("Squeeze", [x, self.integers(at)], x.dtype, x.dims[:at] + x.dims[at + 1 :], x.exact)

    def flattened(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        axis = int(self.generator.integers(x.rank + 1))
        return self.add("Flatten", [x], x.dtype, [times(x.dims[:axis]), times(x.dims[axis:])], x.exact, axis=axis)

    def merged(self):
        """A reshape of two neighbors into one, by 0 and -1."""
        x = self.some(lambda v: v.rank > 1)
        if x is None:
            return None
        at = int(self.generator.integers(x.rank - 1))
        dims = [*x.dims[:at], times(x.dims[at : at + 2]), *x.dims[at + 2 :]]
        if at + 2 < x.rank and not all(is_fixed(dim) for dim in x.dims[at + 2 :]):
            return None
        shape = [0] * at + [-1] + [dim[0] for dim in x.dims[at + 2 :]]
        return self.add("Reshape", [x, self.integers(*shape)], x.dtype, dims, x.exact)

    def extent(self, x, axis):
        """Of one dimension, as a vector that is put together by operators."""
        shape = self.add("Shape", [x], "l", [fixed(x.rank)], True)
        taken = self.add("Gather", [shape, self.constant(np.int64(axis))], "l", [], True, axis=0)
        return self.add("Unsqueeze", [taken, self.integers(0)], "l", [fixed(1)], True)

    def reshaped_by_shape(self):
        x = self.some(lambda v: v.rank > 1 and v.dtype != "b")
        if x is None:
            return None
        at = int(self.generator.integers(x.rank - 1))
        first, second = self.extent(x, at), self.extent(x, at + 1)
        product = self.add("Mul", [first, second], "l", [fixed(1)], True)
        parts = [self.extent(x, d) for d in range(at)] + [product] + [self.extent(x, d) for d in range(at + 2, x.rank)]
        if self.chance(0.3):
            parts[int(self.generator.integers(len(parts)))] = self.integers(-1)
        shape = self.add("Concat", parts, "l", [fixed(len(parts))], True, axis=0)
        dims = [*x.dims[:at], times(x.dims[at : at + 2]), *x.dims[at + 2 :]]
        return self.add("Reshape", [x, shape], x.dtype, dims, x.exact)

    def halves_by_shape(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        axis = int(self.generator.integers(x.rank))
        half = self.add("Div", [self.extent(x, axis), self.integers(2)], "l", [fixed(1)], True)
        end = self.add("Add", [half, self.integers(1)], "l", [fixed(1)], True)
        dims = list(x.dims)
        dims[axis] = tuple(min(size // 2 + 1, size) for size in x.dims[axis])
        return self.add("Slice", [x, self.integers(0), end, self.integers(axis)], x.dtype, dims, x.exact)

    def filled(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        shape = self.add("Shape", [x], "l", [fixed(x.rank)], True)
        value = numpy_helper.from_array(np.array([1.5], np.float32))
        return self.add("ConstantOfShape", [shape], "f", x.dims, True, value=value)

    def counted(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        axis = int(self.generator.integers(x.rank))
        shape = self.add("Shape", [x], "l", [fixed(x.rank)], True)
        end = self.add("Gather", [shape, self.constant(np.int64(axis))], "l", [], True, axis=0)
        start, step = self.constant(np.int64(0)), self.constant(np.int64(1))
        return self.add("Range", [start, end, step], "l", [x.dims[axis]], True)

    def expanded(self):
        x = self.some(lambda v: v.rank > 0)
        like = x and self.some(lambda v: v.rank > 0 and broadcast(x.dims, v.dims) is not None)
        if like is None:
            return None
        shape = self.add("Shape", [like], "l", [fixed(like.rank)], True)
        return self.add("Expand", [x, shape], x.dtype, broadcast(x.dims, like.dims), x.exact)

    def tiled(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        counts = [int(self.generator.integers(1, 3)) for _ in x.dims]
        dims = [tuple(size * n for size in dim) for dim, n in zip(x.dims, counts)]
        return self.add("Tile", [x, self.integers(*counts)], x.dtype, dims, x.exact)

    def joined(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        axis = int(self.generator.integers(x.rank))

        def fits(v):
            same = v.rank == x.rank and v.dtype == x.dtype
            return same and all(v.dims[d] == x.dims[d] for d in range(x.rank) if d != axis)

        y = self.some(fits)
        dims = list(x.dims)
        dims[axis] = tuple(a + b for a, b in zip(x.dims[axis], y.dims[axis]))
        return self.add("Concat", [x, y], x.dtype, dims, x.exact and y.exact, axis=axis - x.rank)

    def parted(self):
        x = self.some(lambda v: any(is_fixed(dim) and dim[0] % 2 == 0 for dim in v.dims))
        if x is None:
            return None
        axis = next(d for d, dim in enumerate(x.dims) if is_fixed(dim) and dim[0] % 2 == 0)
        name, size = f"v{len(self.nodes)}", x.dims[axis][0] // 2
        dims = list(x.dims)
        dims[axis] = fixed(size)
        self.read.add(x.name)
        sizes = self.integers(size, size)
        self.nodes.append(helper.make_node("Split", [x.name, sizes], [f"{name}_0", f"{name}_1"], axis=axis))
        for k in range(2):
            self.values.append(Value(f"{name}_{k}", x.dtype, dims, x.exact))
        return self.values[-1]

    def sliced(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        axis = int(self.generator.integers(x.rank))
        start, end = self.pick([(0, 2**31), (0, -1), (1, 2**31), (-2, 2**31), (0, 5)])
        step = self.pick([1, 1, 2])
        if self.chance(0.2):
            start, end, step = 2**31 - 1, -(2**31), -1
        dims = list(x.dims)
        dims[axis] = tuple(len(range(size)[slice(start, end, step)]) if step > 0 else size for size in x.dims[axis])
        if 0 in dims[axis]:
            return None
        inputs = [x, self.integers(start), self.integers(end), self.integers(axis - x.rank), self.integers(step)]
        return self.add("Slice", inputs, x.dtype, dims, x.exact)

    def padded(self):
        x = self.some(lambda v: v.rank > 0 and v.dtype in "fl")
        if x is None:
            return None
        mode = self.pick(["constant", "edge", "reflect"])
        before, after = [0] * x.rank, [0] * x.rank
        axis = int(self.generator.integers(x.rank))
        before[axis], after[axis] = int(self.generator.integers(3)), int(self.generator.integers(3))
        if mode == "reflect" and min(x.dims[axis]) <= max(before[axis], after[axis]):
            return None
        dims = list(x.dims)
        dims[axis] = tuple(size + before[axis] + after[axis] for size in x.dims[axis])
        return self.add("Pad", [x, self.integers(*before, *after)], x.dtype, dims, x.exact, mode=mode)

    def gathered(self):
        x = self.some(lambda v: v.rank > 0)
        if x is None:
            return None
        axis = int(self.generator.integers(x.rank))
        least = min(x.dims[axis])
        shape = self.pick([(), (2,), (1, 3)])
        index = self.constant(self.generator.integers(-least, least, shape).astype(np.int64))
        dims = [*x.dims[:axis], *(fixed(n) for n in shape), *x.dims[axis + 1 :]]
        return self.add("Gather", [x, index], x.dtype, dims, x.exact, axis=axis)

    def ordered(self):
        x = self.some(lambda v: v.rank > 0 and v.dtype == "f" and v.exact and min(v.dims[-1]) >= 1)
        if x is None:
            return None
        k = min(2, *x.dims[-1])
        name = f"v{len(self.nodes)}"
        self.read.add(x.name)
        self.nodes.append(helper.make_node("TopK", [x.name, self.integers(k)], [name, f"{name}_i"], axis=-1))
        self.values.append(Value(name, "f", [*x.dims[:-1], fixed(k)], True))
        return self.values[-1]

    def multiplied(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank > 0 and is_fixed(v.dims[-1]))
        if x is None:
            return None
        size = int(self.generator.integers(1, 5))
        weight = self.weights(x.dims[-1][0], size)
        return self.add("MatMul", [x, weight], "f", [*x.dims[:-1], fixed(size)])

    def multiplied_by_itself(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank > 1)
        if x is None:
            return None
        order = [*range(x.rank - 2), x.rank - 1, x.rank - 2]
        y = self.add("Transpose", [x], "f", [x.dims[d] for d in order], x.exact, perm=order)
        return y and self.add("MatMul", [x, y], "f", [*x.dims[:-1], x.dims[-2]])

    def affine(self):
        x = self.some(lambda v: v.dtype == "f" and v.rank == 2 and is_fixed(v.dims[1]))
        if x is None:
            return None
        turned = int(self.chance(0.5))
        shape = (3, x.dims[1][0]) if turned else (x.dims[1][0], 3)
        inputs = [x, self.weights(*shape), self.weights(3)]
        return self.add("Gemm", inputs, "f", [x.dims[0], fixed(3)], alpha=0.5, transB=turned)

    def image(self):
        """A value of [N, C, ...] with a fixed C, put together where there is none."""
        x = self.some(lambda v: v.dtype == "f" and v.rank in (3, 4) and is_fixed(v.dims[1]))
        if x is not None:
            return x
        x = self.some(lambda v: v.dtype == "f" and v.rank in (2, 3))
        dims = x and [x.dims[0], fixed(1), *x.dims[1:]]
        return x and self.add("Unsqueeze", [x, self.integers(1)], "f", dims, x.exact)

    def convolved(self):
        x = self.image()
        if x is None:
            return None
        space, kernel = x.rank - 2, self.pick([1, 3])
        stride, channels = self.pick([1, 2]), x.dims[1][0]
        group = channels if self.chance(0.3) else 1
        made = channels if group > 1 else int(self.generator.integers(1, 4))
        pad = kernel // 2
        dims = [x.dims[0], fixed(made)]
        dims += [tuple((size + 2 * pad - kernel) // stride + 1 for size in dim) for dim in x.dims[2:]]
        weight = self.weights(made, channels // group, *[kernel] * space)
        padding = {"pads": [pad] * 2 * space}
        if self.chance(0.3):
            padding = {"auto_pad": self.pick(["SAME_UPPER", "SAME_LOWER"])}
            dims[2:] = [tuple(-(-size // stride) for size in dim) for dim in x.dims[2:]]
        return self.add(
            "Conv", [x, weight, self.weights(made)], "f", dims, group=group, strides=[stride] * space, **padding
        )

    def pooled(self):
        x = self.image()
        if x is None:
            return None
        space = x.rank - 2
        if self.chance(0.3):
            op = self.pick(["GlobalAveragePool", "GlobalMaxPool"])
            return self.add(op, [x], "f", [*x.dims[:2], *[fixed(1)] * space], x.exact and op == "GlobalMaxPool")
        op = self.pick(["MaxPool", "AveragePool"])
        dims = [*x.dims[:2], *[tuple((size + 2 - 3) // 2 + 1 for size in dim) for dim in x.dims[2:]]]
        options = {"kernel_shape": [3] * space, "strides": [2] * space, "pads": [1] * 2 * space}
        return self.add(op, [x], "f", dims, x.exact and op == "MaxPool", **options)

    def enlarged(self):
        x = self.image()
        if x is None:
            return None
        scales = self.constant(np.array([1, 1] + [2] * (x.rank - 2), np.float32))
        dims = [*x.dims[:2], *[tuple(size * 2 for size in dim) for dim in x.dims[2:]]]
        mode = self.pick(["nearest", "linear"])
        return self.add("Resize", [x, "", scales], "f", dims, x.exact and mode == "nearest", mode=mode)

    def transposed(self):
        x = self.image()
        if x is None:
            return None
        space = x.rank - 2
        dims = [x.dims[0], fixed(2), *[tuple(size * 2 for size in dim) for dim in x.dims[2:]]]
        weight = self.weights(x.dims[1][0], 2, *[2] * space)
        return self.add("ConvTranspose", [x, weight], "f", dims, strides=[2] * space)

    STEPS = (
        *[unary, binary] * 3,
        *[compared, where, cast, reduced, reshaped_by_shape, joined, sliced, gathered] * 2,
        positive, clip, divided, modulo, logical, place_of_most, along, normalized, batch_normalized, turned,
        unsqueezed, squeezed, flattened, merged, halves_by_shape, filled, counted, expanded, tiled, parted, padded,
        ordered, multiplied, multiplied_by_itself, affine, convolved, pooled, enlarged, transposed,
    )  # fmt: skip


def random_model(generator):
    """The model and the feeds of each run."""
    builder = Builder(generator)
    for _ in range(generator.integers(1, 4)):
        builder.add_input()
    wanted = int(generator.integers(4, 25))
    for _ in range(4 * wanted):
        if len(builder.nodes) >= wanted:
            break
        builder.pick(Builder.STEPS)(builder)
    names = {value.name for value in builder.inputs}
    ends = [value for value in builder.values if value.name not in builder.read | names]
    symbols = {sizes: name for name, sizes in SIZES.items()}

    def declared(value):
        dims = [symbols.get(dim, dim[0] if is_fixed(dim) else None) for dim in value.dims]
        return helper.make_tensor_value_info(value.name, DTYPES[value.dtype], dims)

    graph = helper.make_graph(
        builder.nodes,
        "random",
        [declared(value) for value in builder.inputs],
        [declared(value) for value in ends[-4:]],
        builder.initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    sets = []
    for run in range(RUNS):
        feeds = {}
        for value in builder.inputs:
            shape = [dim[run] for dim in value.dims]
            if value.dtype == "b":
                feeds[value.name] = generator.random(shape) < 0.5
            elif value.dtype == "l":
                feeds[value.name] = generator.integers(-5, 9, shape)
            else:
                kind = np.float32 if value.dtype == "f" else np.float64
                feeds[value.name] = generator.standard_normal(shape).astype(kind)
        sets.append(feeds)
    onnx.checker.check_model(model)
    return model, sets
