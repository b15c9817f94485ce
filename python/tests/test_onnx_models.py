"""Models of the families that people export, out to ONNX and back, at several sizes of every open dimension."""

import onnx
import pytest

import neura as nr
import onnx_models
from onnx_models import MODELS

# The checker of these tests knows operator sets to 17.
CHECKED = 17


@pytest.mark.parametrize("name", MODELS)
def test_model_comes_back_as_it_went(name, tmp_path):
    each = MODELS[name]
    net = onnx_models.made(name)
    inputs = each.inputs(**each.sizes[0])
    assert len(each.sizes) == 3 and all(len({sizes[dim] for sizes in each.sizes}) == 3 for dim in each.sizes[0])
    for opset in (each.since, CHECKED, 23):
        path = tmp_path / f"{opset}.onnx"
        nr.onnx.export(net, inputs, path, dynamic_axes=each.axes, opset_version=opset)
        if opset <= CHECKED:
            model = onnx.load(str(path))
            onnx.checker.check_model(model, full_check=True)
            names = {tensor.name for tensor in model.graph.initializer}
            used = names & set(net.state_dict())
            assert {key for key, _ in net.named_parameters()} <= used, "parameters keep their names"
        program = nr.onnx.load(path)
        for sizes in each.sizes:
            given = each.inputs(**sizes)
            expected = onnx_models.outputs_of(net, given)
            actual = program(*given)
            actual = list(actual) if isinstance(actual, tuple) else [actual]
            assert len(actual) == len(expected)
            for ours, eager in zip(actual, expected):
                assert ours.shape == eager.shape and ours.dtype == eager.dtype
                assert nr.allclose(ours, eager, rtol=1e-4, atol=1e-5), f"set {opset}, {sizes}"


def test_there_are_forty_models():
    assert len(MODELS) >= 40


OPERATORS = {
    "lstm_tagger": (13, "LSTM", 2),
    "gru_classifier": (13, "GRU", 1),
    "rnn_classifier": (13, "RNN", 1),
    "fcn": (13, "Resize", 1),
    "style_transfer": (13, "InstanceNormalization", 1),
    "unet": (21, "GroupNormalization", 5),
    "vit": (17, "LayerNormalization", 5),
    "llama": (23, "RMSNormalization", 2),
    "gpt": (23, "Attention", 2),
    "bert": (23, "Attention", 2),
    "spatial_transformer": (16, "GridSample", 1),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_layers_are_the_standards_own_operators(name):
    opset, op_type, count = OPERATORS[name]
    each = MODELS[name]
    net = onnx_models.made(name)
    bytes_ = nr.onnx.export(net, each.inputs(**each.sizes[0]), dynamic_axes=each.axes, opset_version=opset)
    model = onnx.load_model_from_string(bytes_)
    assert [node.op_type for node in model.graph.node].count(op_type) == count
