"""Cases of com.microsoft and ai.onnx.ml for make_cases.py: single nodes, with what onnxruntime makes of them.

What onnxruntime has no kernel of for the CPU, is left to the tests of the reader.
"""

import itertools

import numpy as np
import onnx
from onnx import helper, numpy_helper

MICROSOFT, ML = "com.microsoft", "ai.onnx.ml"


class Case:
    """A node and its inputs, of which `constants` stand in the model; extents in `names` are open."""

    def __init__(self, domain, op, inputs, outputs=1, constants=(), names=None, **attributes):
        self.domain, self.op, self.constants = domain, op, set(constants)
        self.inputs = [x if x is None or isinstance(x, dict) else np.asarray(x) for x in inputs]
        self.outputs = outputs  # how many, or which
        self.names = names or {}
        self.attributes = attributes

    def model(self):
        old_trees = self.op in ("TreeEnsembleClassifier", "TreeEnsembleRegressor")
        given = [f"i{k}" if value is not None else "" for k, value in enumerate(self.inputs)]
        wanted = range(self.outputs) if isinstance(self.outputs, int) else self.outputs
        made = [f"o{k}" if k in wanted else "" for k in range(max(wanted) + 1)]
        node = helper.make_node(self.op, given, made, domain=self.domain, **self.attributes)
        variable = [(n, v) for k, (n, v) in enumerate(zip(given, self.inputs)) if n and k not in self.constants]
        graph = helper.make_graph(
            [node],
            "case",
            [helper.make_value_info(n, type_of(v)) for n, v in variable],
            [onnx.ValueInfoProto(name=n) for n in made if n],
            [numpy_helper.from_array(v, n) for k, (n, v) in enumerate(zip(given, self.inputs)) if n and k in self.constants],
        )
        sets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1), helper.make_opsetid(ML, 3 if old_trees else 5)]
        model = helper.make_model(graph, opset_imports=sets)
        model.ir_version = 10
        for info in model.graph.input:
            for extent in info.type.tensor_type.shape.dim if self.names else ():
                if extent.dim_value in self.names:
                    extent.dim_param = self.names[extent.dim_value]
        return model, dict(variable)


def type_of(value):
    if isinstance(value, dict):
        key = onnx.TensorProto.STRING if isinstance(next(iter(value)), str) else onnx.TensorProto.INT64
        first = np.asarray(next(iter(value.values())))
        of = helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(first.dtype), [])
        return helper.make_map_type_proto(key, of)
    element = onnx.TensorProto.STRING if value.dtype == object else helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_type_proto(element, value.shape)


def quantized(rng, dtype, *shape):
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


def weight(rng, dtype, *shape):
    """Signed ones of 7 bits: sums of two products of 8 bits overflow in onnxruntime where there is no VNNI."""
    return rng.integers(-64, 64, shape).astype(dtype) if dtype is np.int8 else quantized(rng, dtype, *shape)


def attention_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    for batch, steps, features, heads, size in ((1, 1, 4, 1, 4), (2, 3, 4, 2, 3), (3, 8, 16, 4, 8)):
        x, w, b = f(batch, steps, features), f(features, 3 * heads * size), f(3 * heads * size)
        lengths = rng.integers(1, steps + 1, batch).astype(np.int32)
        rows = (np.arange(steps)[None] < lengths[:, None]).astype(np.int32)
        full = (rng.random((batch, steps, steps)) > 0.3).astype(np.int32)
        ends = np.concatenate([lengths, np.zeros(batch)]).astype(np.int32)
        for unidirectional, mask in itertools.product((0, 1), (None, rows, full, lengths, ends)):
            yield Case(MICROSOFT, "Attention", [x, w, b, mask], num_heads=heads, unidirectional=unidirectional, mask_filter_value=-7.0)
        past, bias = f(2, batch, heads, 2, size), f(1, heads, steps, steps)
        for unidirectional in (0, 1):
            yield Case(MICROSOFT, "Attention", [x, w, b, None, past], 2, num_heads=heads, unidirectional=unidirectional)
        yield Case(MICROSOFT, "Attention", [x, w, b, np.concatenate([np.ones((batch, 2)), rows], 1).astype(np.int32), past], 2, num_heads=heads)
        yield Case(MICROSOFT, "Attention", [x, w, None, None, None, bias], num_heads=heads, scale=0.3)
        wide = f(features, 2 * heads * size + heads * 2)
        yield Case(MICROSOFT, "Attention", [x, wide, None], num_heads=heads, qkv_hidden_sizes=[heads * size, heads * size, heads * 2])
        yield Case(MICROSOFT, "Attention", [x, w, b], num_heads=heads, constants=(1, 2))
        # The same of queries, keys and values that are projected already.
        q, k, v = f(batch, steps, heads * size), f(batch, steps + 2, heads * size), f(batch, steps + 2, heads * size)
        keys = (np.arange(steps + 2)[None] < lengths[:, None] + 1).astype(np.int32)
        each = (rng.random((batch, steps, steps + 2)) > 0.3).astype(np.int32)
        name = "MultiHeadAttention"
        yield Case(MICROSOFT, name, [q, k, v], num_heads=heads)
        yield Case(MICROSOFT, name, [q, k, v, b], num_heads=heads, scale=0.4)
        for mask in (keys, each, lengths):
            yield Case(MICROSOFT, name, [q, k, v, b, mask], num_heads=heads, mask_filter_value=-5.0)
        yield Case(MICROSOFT, name, [q, k, v, None, None, f(1, heads, steps, steps + 2)], num_heads=heads)
        yield Case(MICROSOFT, name, [q, k, v, None, None, f(batch, 1, steps, steps + 2)], num_heads=heads)
        own, past_k, past_v = f(batch, steps, heads * size), f(batch, heads, 3, size), f(batch, heads, 3, size)
        for unidirectional in (0, 1):
            yield Case(MICROSOFT, name, [q, own, own, b, None, None, past_k, past_v], 3, num_heads=heads, unidirectional=unidirectional)
            yield Case(MICROSOFT, name, [q, own, own], num_heads=heads, unidirectional=unidirectional)
        yield Case(MICROSOFT, name, [q, f(batch, heads, 5, size), f(batch, heads, 5, size)], num_heads=heads)
        # Quantized.
        xq = rng.integers(0, 255, x.shape).astype(np.uint8)
        for dtype in (np.uint8, np.int8):
            wq = weight(rng, dtype, *w.shape)
            sx, sw = np.float32(0.01), np.float32(0.02)
            zx, zw = np.uint8(128), dtype(3)
            for mask, unidirectional in ((None, 0), (lengths, 0), (rows, 1)):
                yield Case(MICROSOFT, "QAttention", [xq, wq, b, sx, sw, mask, zx, zw], num_heads=heads, unidirectional=unidirectional)
            yield Case(MICROSOFT, "QAttention", [xq, wq, b, sx, sw, None, zx, zw, past], 2, num_heads=heads, unidirectional=1)
        sw = rng.uniform(0.01, 0.03, 3 * heads * size).astype(np.float32)
        zw = np.zeros(3 * heads * size, np.int8)
        yield Case(MICROSOFT, "QAttention", [xq, wq, b, sx, sw, None, zx, zw], num_heads=heads)


def grouped_attention_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    i32 = lambda *values: np.array(values, np.int32)
    name = "GroupQueryAttention"
    for batch, heads, groups, size in ((1, 2, 1, 16), (2, 4, 2, 16), (1, 6, 6, 32)):
        cos, sin = f(32, size // 2), f(32, size // 2)
        base = dict(num_heads=heads, kv_num_heads=groups)
        none = np.zeros((batch, groups, 0, size), np.float32)
        for steps in (1, 5):
            q, k, v = f(batch, steps, heads * size), f(batch, steps, groups * size), f(batch, steps, groups * size)
            last, total = np.full(batch, steps - 1, np.int32), i32(steps)
            prompt = [q, k, v, none, none, last, total]
            yield Case(MICROSOFT, name, prompt, 3, **base)
            yield Case(MICROSOFT, name, prompt, 3, constants=(6,), **base)
            yield Case(MICROSOFT, name, prompt, 3, scale=0.2, softcap=3.0, **base)
            yield Case(MICROSOFT, name, prompt, 3, local_window_size=2, **base)
            yield Case(MICROSOFT, name, prompt, 3, smooth_softmax=1, **base)
            yield Case(MICROSOFT, name, prompt + [None] * 4 + [f(heads)], 3, **base)
            yield Case(MICROSOFT, name, prompt + [None] * 3 + [f(1, heads, steps, steps)], 3, **base)
            for interleaved in (0, 1):
                yield Case(MICROSOFT, name, prompt + [cos, sin], 3, do_rotary=1, rotary_interleaved=interleaved, **base)
            packed = np.concatenate([q, k, v], 2)
            yield Case(MICROSOFT, name, [packed, None, None] + prompt[3:] + [cos, sin], 3, do_rotary=1, **base)
        # One more step, beside a cache of its size, and beside a larger one.
        q, k, v = f(batch, 1, heads * size), f(batch, 1, groups * size), f(batch, 1, groups * size)
        for held, room in ((4, 4), (4, 9)):
            cache = [f(batch, groups, room, size) for _ in range(2)]
            last, total = np.full(batch, held, np.int32), i32(held + 1)
            step = [q, k, v] + cache + [last, total]
            yield Case(MICROSOFT, name, step, 3, **base)
            yield Case(MICROSOFT, name, step + [cos, sin], 3, do_rotary=1, **base)
            yield Case(MICROSOFT, name, step, 3, local_window_size=3, **base)
            places = np.full((batch, 1), held, np.int64)
            yield Case(MICROSOFT, name, step + [cos, sin, places], 3, do_rotary=1, **base)
        if batch > 1:
            cache = [f(batch, groups, 8, size) for _ in range(2)]
            yield Case(MICROSOFT, name, [q, k, v] + cache + [i32(3, 5), i32(6)], 3, **base)
    for shape, at, attributes in (
        ((2, 3, 16), np.array([4], np.int64), {}),
        ((2, 3, 16), np.array([[0, 5, 2], [1, 2, 3]], np.int64), {}),
        ((2, 3, 16), np.array([0], np.int64), dict(interleaved=1)),
        ((2, 2, 3, 8), np.array([1], np.int64), {}),
        ((2, 2, 3, 8), np.array([[0, 1, 2], [1, 2, 3]], np.int64), dict(interleaved=1)),
    ):
        yield Case(MICROSOFT, "RotaryEmbedding", [f(*shape), at, f(10, 4), f(10, 4)], **attributes)
    yield Case(MICROSOFT, "RotaryEmbedding", [f(1, 3, 2 * 12), np.array([2], np.int64), f(10, 4), f(10, 4)], num_heads=2, rotary_embedding_dim=8)


def fused_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    for a, b, attributes in (
        ((2, 3), (3, 4), {}),
        ((3, 2), (3, 4), dict(transA=1, alpha=0.5)),
        ((2, 3), (4, 3), dict(transB=1)),
        ((2, 3, 4), (2, 5, 4), dict(transB=1, alpha=2.0)),
        ((2, 4, 3), (4, 5), dict(transA=1)),
        ((3, 2, 4), (2, 4, 5), dict(transBatchA=1)),
        ((2, 3, 4), (4, 2, 5), dict(transBatchB=1)),
        ((4, 2, 3), (5, 2, 4), dict(transA=1, transB=1, transBatchA=1, transBatchB=1)),
    ):
        yield Case(MICROSOFT, "FusedMatMul", [f(*a), f(*b)], **attributes)
        yield Case(MICROSOFT, "FusedMatMul", [f(*a).astype(np.float64), f(*b).astype(np.float64)], **attributes)
    yield Case(MICROSOFT, "TransposeMatMul", [f(2, 3), f(4, 3)], transB=1, alpha=0.3)
    for activation, more in (("Relu", {}), ("Tanh", {}), ("Sigmoid", {}), ("LeakyRelu", dict(activation_alpha=0.2)), ("Elu", dict(activation_alpha=0.7)), ("Softsign", {}), ("Softplus", {}), ("ThresholdedRelu", dict(activation_alpha=0.4)), ("HardSigmoid", dict(activation_alpha=0.3, activation_beta=0.4))):
        yield Case(MICROSOFT, "FusedGemm", [f(3, 4), f(4, 5), f(5)], activation=activation, **more)
        yield Case(MICROSOFT, "FusedGemm", [f(4, 3), f(5, 4), f(3, 5)], activation=activation, transA=1, transB=1, alpha=0.5, beta=2.0, **more)
    for activation, parameters in (("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.8]), ("HardSigmoid", [0.3, 0.4])):
        x, w, b = f(2, 4, 7, 6), f(6, 2, 3, 3), f(6)
        more = dict(activation_params=parameters) if parameters else {}
        yield Case(MICROSOFT, "FusedConv", [x, w, b], activation=activation, group=2, pads=[1, 1, 1, 1], kernel_shape=[3, 3], **more)
        yield Case(MICROSOFT, "FusedConv", [x, w, b, f(2, 6, 7, 6)], activation=activation, group=2, auto_pad="SAME_UPPER", **more)
    yield Case(MICROSOFT, "FusedConv", [f(1, 2, 9), f(3, 2, 3)], activation="Relu", strides=[2], dilations=[2])
    for pads in ((0, 0, 0, 0), (1, 0, 1, 0), (1, 2, 0, 1)):
        yield Case(MICROSOFT, "ConvTransposeWithDynamicPads", [f(1, 2, 4, 5), f(2, 3, 3, 3), np.array(pads, np.int64), f(3)], constants=(2,), strides=[2, 2])
    for dtype, pads in itertools.product((np.int8, np.uint8), ([0, 0, 0, 0], [1, 1, 1, 1])):
        x = rng.integers(0, 120, (2, 6, 7, 3)).astype(dtype)
        yield Case(MICROSOFT, "NhwcMaxPool", [x], kernel_shape=[3, 2], strides=[2, 1], pads=pads)
    for shape in ((3, 4), (2, 3, 8)):
        x = f(*shape)
        yield Case(MICROSOFT, "Gelu", [x])
        yield Case(MICROSOFT, "BiasGelu", [x, f(shape[-1])])
        yield Case(MICROSOFT, "FastGelu", [x])
        yield Case(MICROSOFT, "FastGelu", [x, f(shape[-1])])
        for alpha in (1.702, 1.0, -0.5):
            yield Case(MICROSOFT, "QuickGelu", [x], alpha=alpha)


def normalization_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    for shape, dtype in itertools.product(((1, 2, 4), (2, 5, 16)), (np.float32, np.float16)):
        n = shape[-1]
        x, skip, gamma, beta, bias = (f(*s).astype(dtype) for s in (shape, shape, (n,), (n,), (n,)))
        for given in ([x, skip, gamma], [x, skip, gamma, beta], [x, skip, gamma, beta, bias], [x, skip, gamma, None, bias]):
            yield Case(MICROSOFT, "SkipLayerNormalization", given, (0, 3), epsilon=1e-5)
            yield Case(MICROSOFT, "SkipLayerNormalization", given)
        for more in ([], [bias]):
            yield Case(MICROSOFT, "SkipSimplifiedLayerNormalization", [x, skip, gamma] + more, (0, 3), epsilon=1e-5)
        yield Case(MICROSOFT, "SkipLayerNormalization", [x, skip[:1], gamma, beta])
        yield Case(MICROSOFT, "SkipLayerNormalization", [x, skip[0], gamma, beta])
        yield Case("", "SimplifiedLayerNormalization", [x, gamma], epsilon=1e-5)
        if dtype is np.float32:
            yield Case("", "SimplifiedLayerNormalization", [x, gamma], 2, axis=-1, epsilon=1e-5, stash_type=1)
    for batch, steps, n in ((1, 3, 4), (2, 6, 8)):
        ids, segments = rng.integers(0, 10, (batch, steps)).astype(np.int32), rng.integers(0, 2, (batch, steps)).astype(np.int32)
        mask = (np.arange(steps)[None] < rng.integers(1, steps + 1, (batch, 1))).astype(np.int32)
        words, places, kinds, gamma, beta = f(10, n), f(steps + 2, n), f(2, n), f(n), f(n)
        yield Case(MICROSOFT, "EmbedLayerNormalization", [ids, segments, words, places, kinds, gamma, beta, mask], 2)
        yield Case(MICROSOFT, "EmbedLayerNormalization", [ids, None, words, places, None, gamma, beta], 2)
        yield Case(MICROSOFT, "EmbedLayerNormalization", [ids, segments, words, places, kinds, gamma, beta, mask, np.tile(np.arange(steps, dtype=np.int32)[::-1].copy(), (batch, 1))], 3, epsilon=1e-5)


def quantized_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    q = lambda dtype, *shape: quantized(rng, dtype, *shape)
    s = np.float32
    for dtype in (np.uint8, np.int8):
        zero = (lambda v: dtype(v)) if dtype is np.int8 else (lambda v: dtype(v + 128))
        a, b = q(dtype, 2, 3, 8), q(dtype, 2, 3, 8)
        for op in ("QLinearAdd", "QLinearMul"):
            for other in (b, b[:1], b[0, 0], b[0, 0, :1]):
                yield Case(MICROSOFT, op, [a, s(0.02), zero(3), other, s(0.03), zero(-5), s(0.05), zero(1)])
        yield Case(MICROSOFT, "QLinearSigmoid", [a, s(0.03), zero(3), s(1 / 256), zero(-128)])
        for alpha in (0.01, 0.3):
            yield Case(MICROSOFT, "QLinearLeakyRelu", [a, s(0.03), zero(3), s(0.02), zero(-10)], alpha=alpha)
        for axis, opset in ((-1, 13), (1, 13), (1, 11)):
            yield Case(MICROSOFT, "QLinearSoftmax", [a, s(0.05), zero(3), s(1 / 256), zero(-128)], axis=axis, opset=opset, constants=(1, 2, 3, 4))
        yield Case(MICROSOFT, "QLinearConcat", [s(0.03), zero(2), a, s(0.02), zero(3), b, s(0.04), zero(-1)], axis=1)
        yield Case(MICROSOFT, "QLinearConcat", [s(0.03), zero(2), a, s(0.02), zero(3), b, s(0.04), zero(-1), a, s(0.03), zero(2)], axis=-1)
        test = rng.random((2, 3, 8)) > 0.5
        yield Case(MICROSOFT, "QLinearWhere", [test, a, s(0.02), zero(3), b, s(0.04), zero(-1), s(0.05), zero(4)])
        yield Case(MICROSOFT, "QLinearWhere", [test[0], a, s(0.02), zero(3), b[0, 0], s(0.04), zero(-1), s(0.05), zero(4)])
        x = q(dtype, 2, 3, 7, 6)
        for last in (0, 1):
            given = np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if last else x
            yield Case(MICROSOFT, "QLinearGlobalAveragePool", [given, s(0.02), zero(3), s(0.01), zero(-3)], channels_last=last)
            for pads, count, ceil in (([0, 0, 0, 0], 0, 0), ([1, 1, 1, 1], 0, 0), ([1, 0, 1, 1], 1, 0), ([0, 0, 0, 0], 0, 1)):
                yield Case(MICROSOFT, "QLinearAveragePool", [given, s(0.02), zero(3), s(0.0173), zero(-3)], kernel_shape=[3, 2], strides=[2, 2], pads=pads, count_include_pad=count, ceil_mode=ceil, channels_last=last)
            w = weight(rng, np.int8, 4, 3, 3, 3)
            yield Case(MICROSOFT, "QLinearConv", [given, s(0.02), zero(3), w, s(0.01), np.int8(0), s(0.3), zero(1), rng.integers(-1000, 1000, 4).astype(np.int32)], channels_last=last, pads=[1, 1, 1, 1], constants=(3, 8))
        m, n = q(dtype, 5, 6), weight(rng, dtype, 6, 4)
        yield Case(MICROSOFT, "QGemm", [m, s(0.02), zero(3), n, s(0.03), zero(-2), None, s(0.1), zero(5)])
        c = rng.integers(-500, 500, (4,)).astype(np.int32)
        yield Case(MICROSOFT, "QGemm", [m.T.copy(), s(0.02), zero(3), n.T.copy(), s(0.03), zero(-2), c, s(0.1), zero(5)], transA=1, transB=1, alpha=0.7)
        yield Case(MICROSOFT, "QGemm", [m, s(0.02), zero(3), n, s(0.03), zero(-2), c])
        yield Case(MICROSOFT, "QGemm", [m, s(0.02), zero(3), n, rng.uniform(0.01, 0.05, 4).astype(np.float32), np.full(4, zero(2), dtype), None, s(0.1), zero(5)])
        for bias in (None, f(4)):
            yield Case(MICROSOFT, "MatMulIntegerToFloat", [m, n, s(0.02), s(0.03), zero(3), zero(-2), bias])
            yield Case(MICROSOFT, "MatMulIntegerToFloat", [q(np.uint8, 2, 3, 6), n, s(0.02), rng.uniform(0.01, 0.05, 4).astype(np.float32), None, None, bias])
            yield Case(MICROSOFT, "DynamicQuantizeMatMul", [f(5, 6), n, s(0.03), zero(-2), bias])
            yield Case(MICROSOFT, "DynamicQuantizeMatMul", [f(2, 5, 6), n, rng.uniform(0.01, 0.05, 4).astype(np.float32), None, bias])
        yield Case(MICROSOFT, "DynamicQuantizeMatMul", [np.zeros((2, 6), np.float32), n, s(0.03), zero(-2)])
        for direction, lengths, per_channel in itertools.product(("forward", "reverse", "bidirectional"), (None, np.array([3], np.int32)), (False, True)):
            # Of several examples onnxruntime quantizes those of each thread by themselves.
            d, steps, batch, size, hidden = 2 if direction == "bidirectional" else 1, 4, 1, 5, 6
            w, r = weight(rng, dtype, d, size, 4 * hidden), weight(rng, dtype, d, hidden, 4 * hidden)
            scale = rng.uniform(0.002, 0.006, (d, 4 * hidden) if per_channel else (d,)).astype(np.float32)
            zeros = np.full(scale.shape, 0 if dtype is np.int8 else 128, dtype)
            given = [f(steps, batch, size), w, r, f(d, 8 * hidden), lengths, f(d, batch, hidden), f(d, batch, hidden), f(d, 3 * hidden), scale, zeros, scale, zeros]
            yield Case(MICROSOFT, "DynamicQuantizeLSTM", given, 3, hidden_size=hidden, direction=direction, constants=(1, 2, 8, 9, 10, 11))
            given = [f(steps, 1, size), w, r, None, None, None, None, None, scale, zeros, scale, zeros]
            yield Case(MICROSOFT, "DynamicQuantizeLSTM", given, 3, hidden_size=hidden, direction=direction, constants=(1, 2, 8, 9, 10, 11))
    for dtype in (np.uint8, np.int8, np.uint16, np.int16):
        x = 3 * f(3, 4)
        yield Case(MICROSOFT, "QuantizeLinear", [x, s(0.05), dtype(7)])
        yield Case(MICROSOFT, "QuantizeLinear", [x, np.array([0.05, 0.02, 0.5], np.float32), np.array([0, 7, 3], dtype)], axis=0)
        yield Case(MICROSOFT, "DequantizeLinear", [q(dtype, 3, 4), s(0.05), dtype(7)])
        yield Case(MICROSOFT, "DequantizeLinear", [q(dtype, 3, 4), np.array([0.05, 0.02, 0.5], np.float32), np.array([0, 7, 3], dtype)], axis=0)
    yield Case(MICROSOFT, "QuantizeLinear", [3 * f(3, 4), s(0.05)])
    yield Case(MICROSOFT, "DequantizeLinear", [q(np.int32, 3, 4), s(0.05)])
    yield Case(MICROSOFT, "MatMulInteger16", [q(np.int16, 3, 4) // 64, q(np.int16, 4, 2) // 64])
    for bits, block, rows, columns, dtype in itertools.product((2, 4, 8), (16, 32), (32, 48, 71), (3, 8), (np.float32, np.float16)):
        if dtype is np.float16 and rows == 71:
            continue
        blocks = -(-rows // block)
        packed = q(np.uint8, columns, blocks, block * bits // 8)
        scales = rng.uniform(0.05, 0.2, (columns, blocks)).astype(dtype)
        zeros = q(np.uint8, columns, -(-blocks * bits // 8))
        sizes = dict(K=rows, N=columns, bits=bits, block_size=block)
        for more in ([], [zeros], [None, None, f(columns).astype(dtype)]):
            yield Case(MICROSOFT, "MatMulNBits", [f(2, rows).astype(dtype), packed, scales] + more, constants=(1, 2, 3), **sizes)
        if dtype is np.float32:
            floats = rng.uniform(0, 3, (columns, blocks)).astype(dtype)
            yield Case(MICROSOFT, "MatMulNBits", [f(2, 3, rows), packed, scales, floats], constants=(1, 2, 3), **sizes)


def other_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    yield Case(MICROSOFT, "Inverse", [f(3, 3) + 3 * np.eye(3, dtype=np.float32)])
    yield Case(MICROSOFT, "Inverse", [(f(2, 4, 4) + 5 * np.eye(4)).astype(np.float64)])
    for upper, k in itertools.product((0, 1), (None, -1, 0, 2)):
        yield Case(MICROSOFT, "Trilu", [f(2, 4, 5)] + ([] if k is None else [np.array(k, np.int64)]), upper=upper)
    for metric, dtype in itertools.product(("sqeuclidean", "euclidean"), (np.float32, np.float64)):
        yield Case(MICROSOFT, "CDist", [f(4, 3).astype(dtype), f(5, 3).astype(dtype)], metric=metric)
    yield Case(MICROSOFT, "GatherND", [f(2, 3, 4), np.array([[0, 1], [1, 2]], np.int64)])
    yield Case(MICROSOFT, "GatherND", [f(2, 3), np.array([[[0]], [[1]]], np.int32)])
    for axis in (0, 1, -1, -3):
        yield Case(MICROSOFT, "ExpandDims", [f(2, 3), np.array(axis, np.int32)], constants=(1,))
    yield Case(MICROSOFT, "Unique", [np.array([2, 1, 1, 3, 4, 3], np.float32)], 3)
    yield Case(MICROSOFT, "Unique", [np.array([0.5], np.float32)], 3)
    for mode, pads in (("constant", [0, 1, 2, 0]), ("constant", [1, 0, 0, -1]), ("reflect", [1, 1, 1, 2]), ("edge", [2, 0, 1, 3])):
        yield Case(MICROSOFT, "Pad", [f(3, 4), np.array(pads, np.int64)], mode=mode, constants=(1,) if min(pads) < 0 else ())
        yield Case(MICROSOFT, "Pad", [f(3, 4), np.array(pads, np.int64), np.array(1.5, np.float32)], mode=mode, constants=(1,))
    for start, limit, delta in ((1, 9, 2), (9, 1, -3), (0, 5, None), (2, 2, 1)):
        for dtype, constants in itertools.product((np.int64, np.int32, np.float32), ((), (0, 1, 2))):
            yield Case(MICROSOFT, "Range", [np.array(v, dtype) for v in (start, limit)] + ([] if delta is None else [np.array([delta], dtype)]), constants=constants)
    for mode, padding, align in itertools.product(("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (0, 1)):
        yield Case(MICROSOFT, "GridSample", [f(1, 2, 4, 5), rng.uniform(-1.2, 1.2, (1, 3, 4, 2)).astype(np.float32)], mode=mode, padding_mode=padding, align_corners=align)


def feature_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    text = lambda *values: np.array(values, object)
    x = f(4, 3)
    kinds = lambda *wanted: [(10 * x).astype(dtype) for dtype in wanted]
    for given in kinds(np.float32, np.float64, np.int32, np.int64):
        yield Case(ML, "ArrayFeatureExtractor", [given, np.array([2, 0], np.int64)])
        for norm in ("MAX", "L1", "L2"):
            yield Case(ML, "Normalizer", [given], norm=norm)
        yield Case(ML, "Scaler", [given], offset=[1.0, -2.0, 0.5], scale=[2.0, 0.5, 3.0])
        yield Case(ML, "Scaler", [given], offset=[1.0], scale=[0.3])
        yield Case(ML, "FeatureVectorizer", [given, given[:, :2].copy()], inputdimensions=[3, 2])
        yield Case(ML, "OneHotEncoder", [given.astype(np.int64) % 4], cats_int64s=[0, 1, 3])
    yield Case(ML, "Normalizer", [np.array([[0, 0], [1, -1], [-1, -2]], np.float32)], norm="MAX")
    yield Case(ML, "Normalizer", [f(3)], norm="L2")
    yield Case(ML, "ArrayFeatureExtractor", [f(5), np.array([[2, 0, 4]], np.int64)])
    yield Case(ML, "ArrayFeatureExtractor", [f(2, 2, 5), np.array([1], np.int64)])
    yield Case(ML, "ArrayFeatureExtractor", [text("a", "b", "c"), np.array([2, 2, 0], np.int64)])
    for sizes in ([1, 3], [3, 4]):
        yield Case(ML, "FeatureVectorizer", [f(2, 3), f(2, 3)], inputdimensions=sizes)
    yield Case(ML, "FeatureVectorizer", [f(3), f(2)], inputdimensions=[3, 2])
    yield Case(ML, "Binarizer", [x], threshold=0.2)
    holes = np.array([[1, np.nan, 3], [np.nan, 0, 2]], np.float32)
    yield Case(ML, "Imputer", [holes], imputed_value_floats=[7.0], replaced_value_float=float("nan"))
    yield Case(ML, "Imputer", [holes], imputed_value_floats=[7.0, 8.0, 9.0], replaced_value_float=float("nan"))
    yield Case(ML, "Imputer", [holes], imputed_value_floats=[7.0, 8.0, 9.0])
    yield Case(ML, "Imputer", [np.array([[1, -1], [-1, 2]], np.int64)], imputed_value_int64s=[5, 6], replaced_value_int64=-1)
    yield Case(ML, "OneHotEncoder", [f(2, 2) * 3], cats_int64s=[-1, 0, 1, 2])
    yield Case(ML, "OneHotEncoder", [text("a", "x")], cats_strings=["x", "b", "a"], zeros=0)
    yield Case(ML, "OneHotEncoder", [np.array([["a", "q"], ["b", "x"]], object)], cats_strings=["x", "b", "a"])
    names, ids, numbers = ["b", "a", "d"], [4, 1, 9], [0.5, float("nan"), 3.0]
    inputs = {"strings": text("a", "q", "d"), "int64s": np.array([9, 2, 4], np.int64), "floats": np.array([0.5, 7, np.nan], np.float32)}
    lists = {"strings": names, "int64s": ids, "floats": numbers}
    for key, value in itertools.product(lists, lists):
        held = {f"keys_{key}": lists[key], f"values_{value}": lists[value]}
        yield Case(ML, "LabelEncoder", [inputs[key]], **held)
        yield Case(ML, "LabelEncoder", [inputs[key].reshape(3, 1)], default_string="none", default_int64=-7, default_float=2.5, **held)
    tensor = lambda values, dtype: numpy_helper.from_array(np.array(values, dtype))
    for key, value in ((np.float64, np.float64), (np.int64, np.int64), (np.float32, np.int64), (np.int64, np.float32), (np.int16, np.int16)):
        yield Case(ML, "LabelEncoder", [np.array([3, 1, 5], key)], keys_tensor=tensor([5, 3], key), values_tensor=tensor([1, 2], value), default_tensor=tensor([9], value))
    yield Case(ML, "CategoryMapper", [text("a", "q")], cats_int64s=[3, 1], cats_strings=["a", "b"])
    yield Case(ML, "CategoryMapper", [np.array([[1, 5]], np.int64)], cats_int64s=[3, 1], cats_strings=["a", "b"], default_string="none")
    yield Case(ML, "ZipMap", [f(3, 2)], classlabels_strings=["a", "b"])
    yield Case(ML, "ZipMap", [f(2, 3)], classlabels_int64s=[5, 1, 7])
    yield Case(ML, "ZipMap", [f(3)], classlabels_int64s=[5, 1, 7])
    yield Case(ML, "DictVectorizer", [{"a": np.float32(4), "c": np.float32(8)}], string_vocabulary=["a", "c", "b", "z"])
    yield Case(ML, "DictVectorizer", [{3: np.float32(4), 1: np.float32(8)}], int64_vocabulary=[1, 2, 3])
    for to, form in itertools.product(("TO_FLOAT", "TO_INT64"), ("DENSE", "SPARSE")):
        yield Case(ML, "CastMap", [{4: np.float32(2.5), 1: np.float32(7)}], cast_to=to, map_form=form, max_map=6)


TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO")


def linear_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    floats = lambda *shape: rng.standard_normal(shape).ravel().tolist()
    for n, features, classes in ((1, 2, 2), (4, 3, 3), (20, 7, 5)):
        x = f(n, features)
        for transform in TRANSFORMS:
            base = dict(coefficients=floats(classes, features), intercepts=floats(classes), post_transform=transform)
            yield Case(ML, "LinearClassifier", [x], 2, classlabels_ints=list(range(3, 3 + classes)), **base)
            yield Case(ML, "LinearClassifier", [x.astype(np.float64)], 2, classlabels_strings=[f"c{k}" for k in range(classes)], **base)
            yield Case(ML, "LinearRegressor", [x], targets=classes, **base)
            single = dict(coefficients=floats(features), intercepts=floats(1), post_transform=transform)
            yield Case(ML, "LinearClassifier", [x], 2, classlabels_ints=[4, 8], **single)
            yield Case(ML, "LinearRegressor", [x], **single)
        probabilities = dict(coefficients=[0.5] * features, post_transform="PROBIT")
        yield Case(ML, "LinearRegressor", [rng.uniform(0.05, 0.9, (n, features)).astype(np.float32) / features * 2], **probabilities)
        yield Case(ML, "LinearRegressor", [x[0]], coefficients=floats(features))
    for kernel, n, features in itertools.product(("LINEAR", "POLY", "RBF", "SIGMOID"), (1, 9), (3, 6)):
        x, parameters = f(n, features), [0.3, 0.5, 3.0]
        base = dict(kernel_type=kernel, kernel_params=parameters)
        yield Case(ML, "SVMRegressor", [x], coefficients=floats(4), support_vectors=floats(4, features), n_supports=4, rho=[0.1], **base)
        yield Case(ML, "SVMRegressor", [x], coefficients=floats(4), support_vectors=floats(4, features), n_supports=4, rho=[0.1], one_class=1, **base)
        for counts, transform in itertools.product(([2, 3], [1, 2, 3], [2, 1, 2, 1]), ("NONE", "SOFTMAX", "LOGISTIC")):
            classes, total = len(counts), sum(counts)
            pairs = classes * (classes - 1) // 2
            vectors = dict(support_vectors=floats(total, features), vectors_per_class=counts, coefficients=floats(classes - 1, total), rho=floats(pairs), post_transform=transform, **base)
            yield Case(ML, "SVMClassifier", [x], 2, classlabels_ints=list(range(classes)), **vectors)
            yield Case(ML, "SVMClassifier", [x], 2, classlabels_strings=[f"c{k}" for k in range(classes)], prob_a=rng.uniform(-2, -0.5, pairs).tolist(), prob_b=rng.uniform(-0.3, 0.3, pairs).tolist(), **vectors)


def random_tree(rng, depth, features, modes):
    """Nodes in the order of depth: (mode, feature, value, true, false) or None for a leaf."""
    nodes = []

    def grow(left):
        place = len(nodes)
        nodes.append(None)
        if left == 0 or (left < depth and rng.random() < 0.25):
            return place
        node = [modes[rng.integers(len(modes))], int(rng.integers(features)), float(np.float32(rng.standard_normal())), 0, 0]
        if node[0] in ("BRANCH_EQ", "BRANCH_NEQ"):
            node[2] = float(rng.integers(-1, 2))
        node[3], node[4] = grow(left - 1), grow(left - 1)
        nodes[place] = tuple(node)
        return place

    grow(depth)
    return nodes


def trees_of(rng, count, depth, features, modes, with_tracks):
    held = {f"nodes_{key}": [] for key in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")}
    leaves = []
    for tree in range(count):
        for place, node in enumerate(random_tree(rng, depth, features, modes)):
            mode, feature, value, true, false = node or ("LEAF", 0, 0.0, 0, 0)
            for key, part in zip(held, (tree, place, feature, mode, value, true, false)):
                held[key].append(part)
            if node is None:
                leaves.append((tree, place))
    if with_tracks:
        held["nodes_missing_value_tracks_true"] = rng.integers(0, 2, len(held["nodes_treeids"])).tolist()
    return held, leaves


COMPARISONS = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def tree_cases(rng):
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    for count, depth, features, rows, modes, tracks in ((1, 1, 1, 1, ["BRANCH_LEQ"], False), (3, 3, 4, 5, ["BRANCH_LEQ"], False), (10, 5, 6, 70, ["BRANCH_LEQ"], True), (4, 4, 3, 33, COMPARISONS, False), (6, 4, 3, 40, COMPARISONS, True)):
        x = f(rows, features)
        x[rng.random(x.shape) < 0.2] = rng.integers(-1, 2)
        if tracks:
            x[rng.random(x.shape) < 0.2] = np.nan
        held, leaves = trees_of(rng, count, depth, features, modes, tracks)

        def weights(prefix, ids, values):
            return {f"{prefix}_treeids": [t for t, _ in leaves for _ in ids], f"{prefix}_nodeids": [n for _, n in leaves for _ in ids], f"{prefix}_ids": list(ids) * len(leaves), f"{prefix}_weights": values(len(leaves) * len(ids)).tolist()}

        normal = lambda n: rng.standard_normal(n)
        positive = lambda n: rng.uniform(0, 1 / count, n)
        for targets, function in itertools.product((1, 3), ("SUM", "AVERAGE", "MIN", "MAX")):
            given = weights("target", range(targets), normal)
            more = dict(n_targets=targets, aggregate_function=function)
            yield Case(ML, "TreeEnsembleRegressor", [x], **held, **given, **more)
            yield Case(ML, "TreeEnsembleRegressor", [x], base_values=normal(targets).tolist(), **held, **given, **more)
        yield Case(ML, "TreeEnsembleRegressor", [x], n_targets=3, post_transform="SOFTMAX", **held, **weights("target", range(3), normal))
        in_double = dict(held)
        in_double["nodes_values_as_tensor"] = numpy_helper.from_array(np.array(in_double.pop("nodes_values"), np.float64))
        given = weights("target", [0], normal)
        given["target_weights_as_tensor"] = numpy_helper.from_array(np.array(given.pop("target_weights"), np.float64))
        yield Case(ML, "TreeEnsembleRegressor", [x.astype(np.float64)], n_targets=1, **in_double, **given)
        for transform in TRANSFORMS:
            for classes in (3, 5):
                given = weights("class", range(classes), positive)
                yield Case(ML, "TreeEnsembleClassifier", [x], 2, post_transform=transform, classlabels_int64s=list(range(2, 2 + classes)), **held, **given)
                yield Case(ML, "TreeEnsembleClassifier", [x], 2, post_transform=transform, classlabels_strings=[f"c{k}" for k in range(classes)], base_values=normal(classes).tolist(), **held, **given)
            for values in (normal, positive):
                given = weights("class", [0], values)
                yield Case(ML, "TreeEnsembleClassifier", [x], 2, post_transform=transform, classlabels_int64s=[3, 9], **held, **given)
                yield Case(ML, "TreeEnsembleClassifier", [x], 2, post_transform=transform, classlabels_strings=["no", "yes"], base_values=[0.1], **held, **given)
                if transform != "SOFTMAX_ZERO":
                    yield Case(ML, "TreeEnsembleClassifier", [x], 2, post_transform=transform, classlabels_int64s=[0, 1], **held, **weights("class", [1], values))
    yield from new_tree_cases(rng)


def new_tree_cases(rng):
    """Of operator set 5, in which inner nodes and leaves stand apart."""
    tensor = lambda values, dtype: numpy_helper.from_array(np.array(values, dtype))
    for dtype, members, function, transform, targets in itertools.product((np.float32, np.float64), (False, True), range(4), (0, 3), (1, 2)):
        # onnxruntime takes the numbers of SOFTMAX and LOGISTIC for each other.
        count, features, rows = 3, 4, 20
        nodes, leaves, roots = [], [], []
        for _ in range(count):
            # A chain: each node has a leaf where it holds.
            roots.append(len(nodes))
            for step in range(3):
                is_last = step == 2
                mode = 6 if members and step == 1 else int(rng.integers(0, 4))
                nodes.append([int(rng.integers(features)), float(dtype(rng.standard_normal())), mode, len(leaves), 1, len(leaves) + 1 if is_last else len(nodes) + 1, int(is_last)])
                leaves += [(int(rng.integers(targets)), float(rng.standard_normal())) for _ in range(1 + is_last)]
        x = rng.standard_normal((rows, features)).astype(dtype)
        if members:
            x = np.round(x)
        columns = list(zip(*nodes))
        held = dict(nodes_featureids=columns[0], nodes_splits=tensor(columns[1], dtype), nodes_modes=tensor(columns[2], np.uint8), nodes_truenodeids=columns[3], nodes_trueleafs=columns[4], nodes_falsenodeids=columns[5], nodes_falseleafs=columns[6], leaf_targetids=[t for t, _ in leaves], leaf_weights=tensor([w for _, w in leaves], dtype), tree_roots=roots, n_targets=targets)
        if members:
            held["membership_values"] = tensor([v for _ in range(count) for v in (-1, 1, np.nan)], dtype)
        yield Case(ML, "TreeEnsemble", [x], aggregate_function=function, post_transform=transform, **held)


def open_cases(rng):
    """Batches and lengths that only a run tells, and weights that stand in the model."""
    f = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    q = lambda *shape: quantized(rng, np.uint8, *shape)
    i32 = lambda *values: np.array(values, np.int32)
    names = {2: "batch", 5: "steps", 7: "past"}
    one = lambda op, inputs, outputs=1, constants=(), domain=MICROSOFT, **more: Case(domain, op, inputs, outputs, constants, names, **more)
    x, w, b, mask = f(2, 5, 16), f(16, 48), f(48), (rng.random((2, 5)) > 0.3).astype(np.int32)
    own, past = (1, 2), f(2, 4, 7, 4)
    for causal in (0, 1):
        both = dict(num_heads=4, unidirectional=causal)
        for more in ([], [mask], [i32(3, 5)]):
            yield one("Attention", [x, w, b] + more, 1, own, **both)
        yield one("Attention", [x, w, b, None, f(2, 2, 4, 7, 4)], 2, own, **both)
        yield one("MultiHeadAttention", [x, x, x, b], 1, (3,), **both)
        yield one("MultiHeadAttention", [x, x, x, b, None, None, past, past], 3, (3,), **both)
    yield one("MultiHeadAttention", [x, f(2, 7, 16), f(2, 7, 16)], num_heads=4)
    yield one("MultiHeadAttention", [x, x, x, None, None, f(1, 4, 5, 5)], num_heads=4)
    cos, sin, groups, cache = f(32, 8), f(32, 8), dict(num_heads=4, kv_num_heads=1), f(2, 1, 7, 16)
    step = [f(2, 1, 64), f(2, 1, 16), f(2, 1, 16), cache, cache, i32(7, 7), i32(8)]
    yield one("GroupQueryAttention", step, 3, **groups)
    yield one("GroupQueryAttention", step + [cos, sin], 3, (7, 8), do_rotary=1, **groups)
    none = np.zeros((2, 1, 0, 16), np.float32)
    prompt = [f(2, 5, 64), f(2, 5, 16), f(2, 5, 16), none, none, i32(4, 4), i32(5), cos, sin]
    yield one("GroupQueryAttention", prompt, 3, (7, 8), do_rotary=1, **groups)
    scale, ids = f(16), rng.integers(0, 9, (2, 5)).astype(np.int32)
    yield one("SkipLayerNormalization", [x, x, scale, scale], (0, 3), (2, 3))
    yield one("SkipSimplifiedLayerNormalization", [x, x, scale], (0, 3), (2,))
    yield one("EmbedLayerNormalization", [ids, ids % 2, f(10, 16), f(9, 16), f(2, 16), scale, scale, mask], 2, (2, 3, 4, 5, 6))
    yield one("RotaryEmbedding", [x, np.array([1], np.int64), f(32, 2), f(32, 2)], 1, (2, 3))
    yield one("RotaryEmbedding", [x, ids.astype(np.int64), f(32, 2), f(32, 2)], 1, (2, 3))
    yield one("MatMulNBits", [f(2, 5, 32), q(6, 1, 16), f(6, 1)], 1, own, K=32, N=6, block_size=32)
    yield one("DynamicQuantizeMatMul", [x, q(16, 6), np.float32(0.02), np.uint8(3)], 1, (1, 2, 3))
    steps = [np.float32(0.02), np.uint8(3)]
    yield one("QLinearAdd", [q(2, 5)] + steps + [q(2, 5)] + steps + steps, 1, (1, 2, 4, 5, 6, 7))
    yield one("FusedConv", [f(2, 4, 6, 6), f(3, 4, 3, 3), f(3)], 1, own, activation="Relu")
    scales = [np.array([0.003], np.float32), np.array([128], np.uint8)] * 2
    yield one("DynamicQuantizeLSTM", [f(5, 1, 4), q(1, 4, 24), q(1, 6, 24)] + [None] * 5 + scales, 3, (1, 2, 8, 9, 10, 11), hidden_size=6)
    yield one("LinearClassifier", [f(2, 4)], 2, (), ML, coefficients=[0.1] * 12, intercepts=[0.1, 0.2, 0.3], classlabels_ints=[1, 2, 3])
    yield one("SVMClassifier", [f(2, 4)], 2, (), ML, coefficients=[0.5, -0.5], rho=[0.1], vectors_per_class=[1, 1], support_vectors=[0.1] * 8, kernel_type="RBF", kernel_params=[0.5, 0.0, 0.0], classlabels_ints=[1, 2], prob_a=[-1.0], prob_b=[0.1])


FAMILIES = (attention_cases, grouped_attention_cases, fused_cases, normalization_cases, quantized_cases, other_cases, feature_cases, linear_cases, tree_cases, open_cases)


def cases():
    """(name, a function that makes the model, inputs) of all cases."""
    rng = np.random.default_rng(0)
    counts = {}
    for family in FAMILIES:
        for case in family(rng):
            model, inputs = case.model()
            number = counts[case.op] = counts.get(case.op, 0) + 1
            yield f"{case.op}_{number:03}", lambda made=model: made, inputs
