"""Attention and transformers beside PyTorch's, from equal weights."""

import copy
import inspect
import pickle

import neura as nr
import numpy as np
import pytest
import torch
from neura import nn

from compare import assert_same, both, from_torch


def random(*shape, seed=0):
    return np.random.RandomState(seed + sum(shape)).randn(*shape).astype(np.float32)


def pair(name, *args, **kwargs):
    """A module of both libraries with the same weights."""
    theirs = getattr(torch.nn, name)(*args, **kwargs)
    ours = getattr(nn, name)(*args, **kwargs)
    return same_weights(ours, theirs)


def same_weights(ours, theirs):
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: from_torch(value) for key, value in theirs.state_dict().items()})
    return ours, theirs


def compare_gradients(ours, theirs, inputs):
    for (name, mine), (_, other) in zip(ours.named_parameters(), theirs.named_parameters()):
        if other.grad is not None:
            assert_same(mine.grad, other.grad, 1e-3, 1e-5)
    for mine, other in inputs:
        assert_same(mine.grad, other.grad, 1e-3, 1e-5)


OPTIONS = [
    {},
    {"bias": False},
    {"add_bias_kv": True, "add_zero_attn": True},
    {"kdim": 5, "vdim": 6},
    {"batch_first": True, "kdim": 5, "add_bias_kv": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("masked", [None, "bool", "float", "each"])
@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_is_that_of_pytorch(options, masked, need_weights):
    ours, theirs = pair("MultiheadAttention", 8, 2, **options)
    first = options.get("batch_first", False)

    def inputs(length, width, seed):
        return both(random(*((3, length) if first else (length, 3)), width, seed=seed), requires_grad=True)

    q, k, v = inputs(4, 8, 0), inputs(5, options.get("kdim", 8), 1), inputs(5, options.get("vdim", 8), 2)
    kwargs = [{"need_weights": need_weights}, {"need_weights": need_weights}]
    if masked is not None:
        padding = np.zeros((3, 5), bool)
        padding[1, 3:] = True
        mask = {"bool": random(4, 5) > 1.5, "float": random(4, 5), "each": random(6, 4, 5)}[masked]
        if masked == "bool":
            mask[:, 0] = False
        for i, make in enumerate((nr.tensor, torch.tensor)):
            kwargs[i].update(attn_mask=make(mask), key_padding_mask=make(padding))
    x, y = (module(*(t[i] for t in (q, k, v)), **kwargs[i]) for i, module in enumerate((ours, theirs)))
    assert isinstance(x, tuple) and (x[1] is None) == (y[1] is None)
    assert_same(x[0], y[0], 1e-4, 1e-5)
    if need_weights:
        assert_same(x[1], y[1], 1e-4, 1e-5)
        each = [module(q[i], k[i], v[i], average_attn_weights=False, **kwargs[i])[1] for i, module in enumerate((ours, theirs))]
        assert_same(*each, 1e-4, 1e-5)
    (x[0] * x[0]).sum().backward(), (y[0] * y[0]).sum().backward()
    compare_gradients(ours, theirs, [q, k, v])


def test_attention_of_one_example_and_to_itself():
    ours, theirs = pair("MultiheadAttention", 8, 4)
    x, y = both(random(5, 2, 8), requires_grad=True)
    a, b = ours(x, x, x), theirs(y, y, y)
    assert_same(a, b, 1e-4, 1e-5)
    (a[0] * a[0]).sum().backward(), (b[0] * b[0]).sum().backward()
    compare_gradients(ours, theirs, [(x, y)])
    x, y = both(random(5, 8))
    assert_same(ours(x, x, x), theirs(y, y, y), 1e-4, 1e-5)
    # Both kinds of masks may be mixed.
    padding = np.array([[False, True, False, False, False]])
    added = nr.tensor(np.where(padding, np.float32(-np.inf), np.float32(0)))
    batch, mask = x.unsqueeze(1), nr.tensor(random(5, 5))
    for kind in (mask, mask > 1):
        wanted = ours(batch, batch, batch, attn_mask=kind, key_padding_mask=nr.tensor(padding))
        assert_same(ours(batch, batch, batch, attn_mask=kind, key_padding_mask=added), [t.detach().numpy() for t in wanted])
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    assert_same(causal, torch.nn.Transformer.generate_square_subsequent_mask(5))
    expected = theirs(y, y, y, attn_mask=torch.nn.Transformer.generate_square_subsequent_mask(5))
    assert_same(ours(x, x, x, attn_mask=causal), expected, 1e-4, 1e-5)
    assert_same(ours(x, x, x, is_causal=True), expected, 1e-4, 1e-5)


def test_the_function_is_that_of_pytorch():
    # As a pool over the places of an image calls it, with weights of its own.
    q, x = random(1, 2, 8), random(5, 2, 8)
    weights = [random(8, 8, seed=i) for i in range(4)]
    biases = random(24)

    def call(library, make):
        return library.nn.functional.multi_head_attention_forward(
            query=make(q), key=make(x), value=make(x), embed_dim_to_check=8, num_heads=2,
            q_proj_weight=make(weights[0]), k_proj_weight=make(weights[1]), v_proj_weight=make(weights[2]),
            in_proj_weight=None, in_proj_bias=make(biases), bias_k=None, bias_v=None, add_zero_attn=False, dropout_p=0.0,
            out_proj_weight=make(weights[3]), out_proj_bias=make(biases[:8]), use_separate_proj_weight=True,
            training=False, need_weights=False,
        )[0]

    assert_same(call(nr, nr.tensor), call(torch, torch.tensor), 1e-4, 1e-4)
    static = random(4, 5, 4), random(4, 5, 4, seed=1)

    def with_keys(library, make):
        return library.nn.functional.multi_head_attention_forward(
            make(q), make(x), make(x), 8, 2, make(random(24, 8)), make(biases), None, None, True, 0.0,
            make(weights[3]), None, static_k=make(static[0]), static_v=make(static[1]),
        )

    assert_same(with_keys(nr, nr.tensor), with_keys(torch, torch.tensor), 1e-4, 1e-4)
    with pytest.raises(ValueError, match="queries of 9 elements"):
        nn.functional.multi_head_attention_forward(
            nr.tensor(q), nr.tensor(x), nr.tensor(x), 9, 3, None, None, None, None, False, 0.0, nr.ones(9, 9), None
        )


def test_attention_looks_as_in_pytorch():
    ours, theirs = pair("MultiheadAttention", 8, 2, 0.1, add_bias_kv=True)
    assert repr(ours) == repr(theirs)
    assert isinstance(ours.out_proj, nn.Linear) and ours.out_proj is ours.out_proj
    for name in ("embed_dim", "kdim", "vdim", "num_heads", "head_dim", "dropout", "batch_first", "add_zero_attn"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.q_proj_weight is None and ours.in_proj_weight.shape == (24, 8)
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]
    names = list(inspect.signature(torch.nn.MultiheadAttention.forward).parameters)
    assert list(inspect.signature(nn.MultiheadAttention.forward).parameters)[: len(names)] == names
    x = nr.tensor(random(4, 2, 8))
    assert ours(x, x, x)[0].tolist() != ours(x, x, x)[0].tolist()
    ours.eval()
    for clone in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert clone(x, x, x)[0].tolist() == ours(x, x, x)[0].tolist()
    double = nn.MultiheadAttention(8, 2, dtype=nr.float64)
    assert {p.dtype for p in double.parameters()} == {nr.float64}


def test_attention_says_what_does_not_fit():
    with pytest.raises(ValueError, match="embed_dim=7 and num_heads=2"):
        nn.MultiheadAttention(7, 2)
    layer, x = nn.MultiheadAttention(8, 2), nr.ones(4, 3, 8)
    with pytest.raises(ValueError, match=r"^MultiheadAttention: multi_head_attention: attn_mask must be"):
        layer(x, x, x, attn_mask=nr.ones(3, 3))
    with pytest.raises(ValueError, match="key_padding_mask must be"):
        layer(x, x, x, key_padding_mask=nr.ones(4, 3))
    with pytest.raises(ValueError, match="batches"):
        layer(x, nr.ones(4, 2, 8), nr.ones(4, 2, 8))
    nothing = layer(x, x, x, key_padding_mask=nr.ones(3, 4, dtype=nr.bool))[0]
    assert nothing.isfinite().all()


@pytest.mark.parametrize("kwargs", [{}, {"norm_first": True, "activation": "gelu"}, {"batch_first": True, "layer_norm_eps": 1e-3}], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_layers_are_those_of_pytorch(kwargs, training):
    first = kwargs.get("batch_first", False)

    def inputs(length, seed):
        return both(random(*((3, length) if first else (length, 3)), 8, seed=seed), requires_grad=True)

    padding = np.zeros((3, 5), bool)
    padding[1, 3:] = True
    pads = both(padding)
    masks = [n.Transformer.generate_square_subsequent_mask(5) for n in (nn, torch.nn)]
    ours, theirs = pair("TransformerEncoderLayer", 8, 2, 16, 0.0, **kwargs)
    assert repr(ours) == repr(theirs)
    ours.train(training), theirs.train(training)
    src = inputs(5, 1)
    a = ours(src[0], masks[0], pads[0])
    b = theirs(src[1], masks[1], pads[1])
    assert_same(a, b, 1e-4, 1e-4)
    (a * a).sum().backward(), (b * b).sum().backward()
    compare_gradients(ours, theirs, [src])

    ours, theirs = pair("TransformerDecoderLayer", 8, 2, 16, 0.0, **kwargs)
    assert repr(ours) == repr(theirs)
    ours.train(training), theirs.train(training)
    tgt, memory = inputs(5, 2), inputs(6, 3)
    wide = both(random(5, 6))
    results = [module(tgt[i], memory[i], tgt_mask=masks[i], memory_mask=wide[i], tgt_key_padding_mask=pads[i]) for i, module in enumerate((ours, theirs))]
    assert_same(*results, 1e-4, 1e-4)
    for result in results:
        (result * result).sum().backward()
    compare_gradients(ours, theirs, [tgt, memory])


def test_a_transformer_is_that_of_pytorch():
    ours, theirs = pair("Transformer", 8, 2, 2, 2, 16, 0.0, batch_first=True)
    assert repr(ours) == repr(theirs)
    src, tgt = both(random(3, 5, 8), requires_grad=True), both(random(3, 4, 8), requires_grad=True)
    padding = np.zeros((3, 5), bool)
    padding[0, 4:] = True
    pads = both(padding)
    results = []
    for i, (n, module) in enumerate(((nn, ours), (torch.nn, theirs))):
        mask = n.Transformer.generate_square_subsequent_mask(4)
        results.append(module(src[i], tgt[i], tgt_mask=mask, src_key_padding_mask=pads[i], memory_key_padding_mask=pads[i]))
    assert_same(*results, 1e-4, 1e-4)
    for result in results:
        (result * result).sum().backward()
    compare_gradients(ours, theirs, [src, tgt])
    with pytest.raises(RuntimeError, match="d_model = 8"):
        ours(nr.ones(3, 5, 7), nr.ones(3, 4, 7))
    # As many weights of the same spread.
    made = nn.Transformer(16, 4, 1, 1, 32)
    for name, parameter in made.named_parameters():
        if parameter.dim() > 1:
            bound = np.sqrt(6 / sum(parameter.shape))
            assert 0.7 * bound < float(parameter.abs().max()) <= bound * 1.0001, name


def test_encoders_hold_any_layers():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, src, src_mask=None, src_key_padding_mask=None):
            return src + self.fc(src)

    encoder = nn.TransformerEncoder(Own(), 3, nn.LayerNorm(8))
    x = nr.ones(2, 8)
    y = x
    for layer in encoder.layers:
        y = y + layer.fc(y)
    assert_same(encoder(x).detach().numpy(), encoder.norm(y).detach().numpy(), 1e-6, 1e-6)
    assert len(list(encoder.parameters())) == 3 * 2 + 2
    net = nn.Transformer(8, 2, custom_encoder=encoder, num_decoder_layers=1, dim_feedforward=16)
    assert net.encoder is encoder and net(nr.ones(5, 1, 8), nr.ones(4, 1, 8)).shape == (4, 1, 8)
    # Parts may be replaced, and hooks see them.
    layer = nn.TransformerEncoderLayer(8, 2, 16, activation=nr.tanh)
    layer.norm1 = nn.Identity()
    seen = []
    handle = layer.self_attn.register_forward_hook(lambda module, inputs, output: seen.append(output[0].shape))
    layer(nr.ones(5, 1, 8))
    handle.remove()
    assert seen == [(5, 1, 8)]
    with pytest.raises(RuntimeError, match="activation"):
        nn.TransformerEncoderLayer(8, 2, activation="sigmoid")


def test_positions():
    sinusoidal = nn.SinusoidalPositionalEncoding(6, 10)
    x = nr.zeros(4, 2, 6)
    places = np.arange(4)[:, None] / 10000 ** (np.arange(0, 6, 2) / 6)
    expected = np.stack([np.sin(places), np.cos(places)], 2).reshape(4, 1, 6).repeat(2, 1)
    assert_same(sinusoidal(x).numpy().astype(np.float64), expected, 1e-6, 1e-6)
    assert list(sinusoidal.state_dict()) == ["pe"] and not list(sinusoidal.parameters())
    learned = nn.LearnedPositionalEmbedding(5, 6, batch_first=True)
    assert learned(nr.zeros(3, 4, 6))[1].tolist() == learned.weight[:4].tolist()
    with pytest.raises(ValueError, match="max_len = 5"):
        learned(nr.zeros(3, 6, 6))
    rotary = nn.RotaryEmbedding(4)
    q, k = nr.randn(1, 4), nr.randn(1, 4)
    # Products depend on the distance alone.
    near = [float((rotary(q, nr.tensor([i])) @ rotary(k, nr.tensor([i + 3])).T).sum()) for i in (0, 5, 100)]
    assert np.allclose(near, near[0], atol=1e-4)
    assert repr(rotary) == "RotaryEmbedding(dim=4, base=10000.0, interleaved=False)"
