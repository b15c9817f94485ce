"""Layers and losses: convolution, pooling, normalization, windows, grids."""

import numpy as np
import torch
import torch.nn.functional as F
from parity_base import (
    CUBE,
    FIRST_OUTPUT,
    FUNCTIONAL_CASES,
    IMAGES,
    RANDOM,
    REDUCED,
    SPACES,
    SPECIAL_CALLS,
    Case,
    add,
    integers,
    normal,
    uniform,
)

RANDOM.seed(6)

# ---- convolution, pooling, normalization -----------------------------------------------------


def in_space(kind, dims, *cases, primitive=True):
    """Cases of PyTorch's function in so many dimensions, and of the operation of any number of them."""
    reference = getattr(F, f"{kind}{dims}d")
    for arrays, args, kwargs in cases:
        add(f"{kind}{dims}d", Case(arrays, args, kwargs, reference=reference))
        add(f"{kind}{dims}d", Case([arrays[0][0], *arrays[1:]], args, kwargs, reference=reference))
        if primitive:
            add(kind, Case(arrays, args, kwargs, reference=reference))


for _dims, _x in SPACES.items():
    _kernel = (3,) * _dims
    for _kwargs in ({}, {"stride": 2}, {"padding": (1, 2, 1)[:_dims]}, {"dilation": 2, "padding": 2}, {"stride": (2, 1, 2)[:_dims], "padding": 1}):
        in_space("conv", _dims, ([_x, normal(6, 4, *_kernel), normal(6)], (), _kwargs))
    in_space("conv", _dims, ([_x, normal(6, 2, *(3, 2, 1)[:_dims])], (), {"groups": 2}), ([_x, normal(8, 1, *_kernel)], (), {"groups": 4, "padding": 1}), ([_x, normal(2, 4, *(1,) * _dims)], (), {}))
    _small = normal(2, 4, *(4, 3, 2)[:_dims])
    for _kwargs in ({}, {"stride": 2}, {"stride": 2, "padding": 1, "output_padding": 1}, {"dilation": 2}):
        in_space("conv_transpose", _dims, ([_small, normal(4, 3, *_kernel), normal(3)], (), _kwargs), primitive=False)
    in_space("conv_transpose", _dims, ([_small, normal(4, 2, *_kernel)], (), {"groups": 2, "stride": (2, 1, 2)[:_dims]}), primitive=False)
    for _args, _kwargs in [((2,), {}), (((3, 2, 2)[:_dims],), {"stride": 2, "padding": 1}), ((2,), {"stride": 3, "ceil_mode": True})]:
        in_space("avg_pool", _dims, ([_x], _args, _kwargs))
        in_space("max_pool", _dims, ([_x], _args, _kwargs))
    in_space("avg_pool", _dims, ([_x], (3,), {"padding": 1, "count_include_pad": False}))
    in_space("max_pool", _dims, ([_x], (2,), {"dilation": 2, "stride": 1}))
    add(f"max_pool{_dims}d", Case([_x], (2,), {"return_indices": True}, reference=getattr(F, f"max_pool{_dims}d")))
    if _dims > 1:
        in_space("avg_pool", _dims, ([_x], (2,), {"divisor_override": 3}))
    for _size in (1, (3, 2, 4)[:_dims], _x.shape[2:]):
        in_space("adaptive_avg_pool", _dims, ([_x], (_size,), {}))
in_space("adaptive_avg_pool", 2, ([IMAGES], ((None, 3),), {}))
add("softmax log_softmax", Case([REDUCED], (1,)), Case([REDUCED * 100], kwargs={"dim": -1}), Case([normal(4)], (0,)))
NORMED = [normal(3, 4, 5), uniform(0.5, 2, 5), normal(5)]
add("layer_norm", Case(NORMED))  # called in its own ways: see SPECIAL_CALLS
add(
    "batch_norm_inference",
    Case([normal(3, 4, 2, 2), normal(4), uniform(0.5, 2, 4), normal(4), normal(4)],
         reference=lambda x, m, v, w, b: (x - m.view(4, 1, 1)) / (v.view(4, 1, 1) + 1e-5).sqrt() * w.view(4, 1, 1) + b.view(4, 1, 1)),
)
add("batch_norm_training", Case([normal(3, 4, 2, 2), normal(4), normal(4)]))
add("embedding", Case([integers(0, 5, 2, 3), normal(5, 4)]))

# ---- losses ----------------------------------------------------------------------------------

LABELS = np.array([2, 0, -100, 1])
for _reduction in ("mean", "sum", "none"):
    _r = {"reduction": _reduction}
    add("mse_loss l1_loss smooth_l1_loss", Case([normal(4, 3), normal(4, 3)], kwargs=_r))
    add("binary_cross_entropy", Case([uniform(0.1, 0.9, 4, 3), uniform(0, 1, 4, 3)], kwargs=_r))
    add("binary_cross_entropy binary_cross_entropy_with_logits", Case([uniform(0.1, 0.9, 4, 3), uniform(0, 1, 4, 3)], kwargs={**_r, "weight": uniform(0, 1, 3)}))
    add("binary_cross_entropy_with_logits", Case([normal(4, 3) * 5, uniform(0, 1, 4, 3)], kwargs={**_r, "pos_weight": uniform(1, 3, 3)}))
    add("cross_entropy nll_loss", Case([normal(4, 3), LABELS], kwargs={**_r, "weight": uniform(0.5, 2, 3)}), Case([normal(4, 3, 2), integers(0, 3, 4, 2)], kwargs=_r))
    add("cross_entropy", Case([normal(4, 3), LABELS], kwargs={**_r, "label_smoothing": 0.2, "weight": uniform(0.5, 2, 3)}), Case([normal(4, 3), uniform(0, 1, 4, 3)], kwargs={**_r, "label_smoothing": 0.1}), Case([normal(3), np.array(1)], kwargs=_r))
add("smooth_l1_loss", Case([normal(4), normal(4)], kwargs={"beta": 0.5}), Case([normal(4), normal(4)], kwargs={"beta": 0.0}))

# ---- what does not fit: the same name is called in another way than PyTorch's -----------------

SPECIAL_CALLS.update({
    ("", "layer_norm"): lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b),
    ("Tensor", "layer_norm"): lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b),
    ("", "batch_norm_training"): lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    ("Tensor", "batch_norm_training"): lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
})
FIRST_OUTPUT.update([("", "layer_norm"), ("Tensor", "layer_norm"), ("", "batch_norm_training"), ("Tensor", "batch_norm_training"), ("", "max_pool"), ("Tensor", "max_pool")])
add("pad", Case([normal(2, 3)], ((1, 0), (2, 1)), {"value": 3.0}, reference=lambda x: F.pad(x, (0, 1, 1, 2), value=3.0)))
FUNCTIONAL_CASES.update({
    "pad": [Case([CUBE], ((1, 2),)), Case([CUBE], ((1, 0, 0, 2),), {"value": 1.5}), Case([CUBE], ((-1, 1),)), *(Case([CUBE], ((2, 1), mode)) for mode in ("reflect", "replicate", "circular"))],
    "layer_norm": [Case([NORMED[0]], ((5,),)), Case([normal(3, 4, 5)], ((4, 5),)), Case([NORMED[0]], ((5,), NORMED[1], NORMED[2], 1e-3))],
})


for _dims, _x in SPACES.items():
    for _size in (1, (3, 2, 4)[:_dims]):
        add(f"adaptive_max_pool{_dims}d", Case([_x], (_size,)), Case([_x[0]], (_size,), {"return_indices": True}))
    _name = f"lp_pool{_dims}d"
    if _dims < 3:
        add(_name, Case([np.abs(_x) + 0.1], (2.0, 2)), Case([np.abs(_x) + 0.1], (1.5, 3), {"stride": 2, "ceil_mode": True}))
    else:
        add(_name, Case([np.abs(_x) + 0.1], (2.0, 2), reference=lambda x: F.avg_pool3d(x**2, 2).mul(8).sqrt()))
    _values, _indices = getattr(F, f"max_pool{_dims}d")(torch.tensor(_x), 2, return_indices=True)
    for _extra in ({}, {"output_size": _x.shape[2:]}):
        # PyTorch 1.13 cannot view strided inputs.
        _unpool = lambda x, i, f=getattr(F, f"max_unpool{_dims}d"), extra=_extra: f(x.contiguous(), i.contiguous(), 2, **extra)
        add(f"max_unpool{_dims}d", Case([_values.numpy(), _indices.numpy()], (2,), _extra, reference=_unpool))
FUNCTIONAL_CASES["unfold"] = [Case([IMAGES], (2,)), Case([IMAGES], ((3, 2), 2, (1, 0), (2, 1))), Case([IMAGES[0]], (2,), {"stride": 2})]
FUNCTIONAL_CASES["fold"] = [Case([normal(2, 12, 12)], ((4, 5), 2)), Case([normal(2, 8, 9)], ((5, 6), 2, 1, (1, 0), 2)), Case([normal(12, 12)], ((4, 5), 2))]
add("local_response_norm", Case([normal(2, 5, 4)], (3,)), Case([normal(2, 5, 4, 3)], (2, 0.1, 0.5, 2.0)))
for _align in (True, False):
    add("affine_grid", Case([normal(2, 2, 3)], ((2, 3, 4, 5), _align)), Case([normal(1, 3, 4)], ((1, 2, 3, 2, 4), _align)))
    for _padding in ("zeros", "border", "reflection"):
        for _mode in ("bilinear", "nearest", "bicubic"):
            add("grid_sample", Case([normal(2, 3, 4, 5), uniform(-1.6, 1.6, 2, 3, 4, 2)], (_mode, _padding, _align)))
        for _mode in ("bilinear", "nearest"):
            add("grid_sample", Case([normal(1, 2, 3, 4, 5), uniform(-1.6, 1.6, 1, 2, 3, 4, 3)], (_mode, _padding, _align)))
add("rrelu", Case([normal(4, 3)]), Case([normal(4, 3)], (0.2, 0.2, True)))
for _name, _shape in (("dropout1d", (2, 3, 4)), ("dropout2d", (2, 3, 4, 4)), ("dropout3d", (2, 3, 2, 4, 4)), ("alpha_dropout", (3, 4)), ("feature_alpha_dropout", (2, 3, 4))):
    add(_name, Case([normal(*_shape)], (0.5, False)), Case([normal(*_shape)], (0.0, True)))
add("batch_norm", Case([normal(3, 4, 2), normal(4), uniform(0.5, 2, 4)], gradient=False), Case([normal(3, 4, 2), normal(4), uniform(0.5, 2, 4), normal(4), normal(4)], (True, 0.3), gradient=False), Case([normal(3, 4)], (None, None), {"training": True}))
add("instance_norm", Case([normal(3, 4, 5)]), Case([normal(3, 4, 5)], kwargs={"weight": normal(4), "bias": normal(4), "eps": 0.1}), Case([normal(3, 4, 5), normal(4), uniform(0.5, 2, 4)], kwargs={"use_input_stats": False}, gradient=False))
add("embedding", Case([integers(0, 5, 2, 3), normal(5, 4)], kwargs={"padding_idx": 2}), Case([np.array([1, 1, 3]), normal(5, 4)], kwargs={"scale_grad_by_freq": True}), Case([np.array([0, 2]), normal(5, 4) * 3], kwargs={"max_norm": 1.0}, gradient=False))
for _mode in ("sum", "mean", "max"):
    add("embedding_bag", Case([integers(0, 5, 2, 3), normal(5, 4)], kwargs={"mode": _mode}), Case([integers(0, 5, 6), normal(5, 4), np.array([0, 2, 2])], kwargs={"mode": _mode, "padding_idx": 1}))
add("embedding_bag", Case([integers(0, 5, 2, 3), normal(5, 4)], kwargs={"mode": "sum", "per_sample_weights": normal(2, 3)}))
SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
for _reduction in ("mean", "sum", "none"):
    _r = {"reduction": _reduction}
    add("kl_div", Case([normal(4, 3), uniform(0.1, 1, 4, 3)], kwargs=_r), Case([normal(4, 3), normal(4, 3)], kwargs={**_r, "log_target": True}))
    add("huber_loss", Case([normal(4, 3), normal(4, 3)], kwargs={**_r, "delta": 0.7}))
    add("poisson_nll_loss", Case([normal(4, 3), uniform(0, 4, 4, 3)], kwargs={**_r, "full": True}), Case([uniform(0.1, 2, 4, 3), uniform(0, 4, 4, 3)], kwargs={**_r, "log_input": False}))
    add("hinge_embedding_loss", Case([normal(4), SIGNS], kwargs={**_r, "margin": 0.5}, gradient=False))
    add("soft_margin_loss", Case([normal(4), SIGNS], kwargs=_r, gradient=False))
    add("multi_margin_loss", Case([normal(4, 3), integers(0, 3, 4)], kwargs={**_r, "p": 2, "margin": 0.7, "weight": uniform(0.5, 2, 3)}), Case([normal(3), np.array(1)], kwargs=_r))
    add("multilabel_margin_loss", Case([normal(2, 4), np.array([[3, 0, -1, 1], [2, -1, 0, 0]])], kwargs=_r))
    add("multilabel_soft_margin_loss", Case([normal(4, 3), uniform(0, 1, 4, 3)], kwargs={**_r, "weight": uniform(0.5, 2, 3)}, gradient=False))
    add("cosine_embedding_loss", Case([normal(4, 3), normal(4, 3)], kwargs={**_r, "target": SIGNS, "margin": 0.1}))
    add("margin_ranking_loss", Case([normal(4), normal(4)], kwargs={**_r, "target": SIGNS, "margin": 0.1}))
    add("triplet_margin_loss", Case([normal(4, 3), normal(4, 3), normal(4, 3)], kwargs={**_r, "margin": 0.7, "swap": True}))
    add("gaussian_nll_loss", Case([normal(4, 3), normal(4, 3), uniform(0.1, 2, 4, 1)], kwargs={**_r, "full": True}))
    # PyTorch's gradient takes for granted that a log_softmax comes before: see test_functions.py.
    add("ctc_loss", Case([np.log(RANDOM.dirichlet(np.ones(4), (6, 2))), np.array([[1, 2, 2], [3, 1, 0]])], ((6, 5), (3, 2)), _r, gradient=False))
add("kl_div", Case([normal(4, 3), uniform(0.1, 1, 4, 3)], kwargs={"reduction": "batchmean"}))
