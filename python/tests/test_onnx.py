"""Models out to ONNX files and back, checked with ONNX's own checker."""

import onnx
import pytest

import neura as nr
from neura import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4 * 16, 5)

    def forward(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu(self.norm(self.conv(x))), 2)
        return self.fc(x.flatten(1))


def test_a_module_goes_out_and_comes_back(tmp_path):
    net = Net()
    net.norm.weight.data.uniform_(0.5, 2)
    path = tmp_path / "net.onnx"
    nr.onnx.export(net, nr.randn(2, 1, 8, 8), path, input_names=["image"], output_names=["scores"])
    assert net.training and net.norm.training
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    assert {tensor.name for tensor in model.graph.initializer} >= {"conv.weight", "fc.bias", "norm.running_mean"}
    program = nr.onnx.load(path)
    assert program.input_names == ["image"] and program.output_names == ["scores"]
    net.eval()
    for batch in (1, 7):
        x = nr.randn(batch, 1, 8, 8)
        assert nr.allclose(program(x), net(x), atol=1e-5)
    assert "= conv(" in repr(program)


def test_functions_of_several_tensors(tmp_path):
    path = tmp_path / "f.onnx"
    nr.onnx.export(lambda x, y: (x @ y, x.sum()), (nr.ones(3, 4), nr.ones(4, 2)), path, dynamic_axes={})
    program = nr.onnx.load(path)
    product, total = program(nr.ones(3, 4), nr.ones(4, 2))
    assert product.tolist() == [[4, 4]] * 3 and total.item() == 12
    with pytest.raises(ValueError, match="input"):
        program(nr.ones(2, 4), nr.ones(4, 2))


def test_dynamic_axes_as_pytorch_has_them(tmp_path):
    path = tmp_path / "g.onnx"
    axes = {"x": {1: "length"}, "y": [0], "output": {1: "length"}}
    nr.onnx.export(
        lambda x, y: x * 2 + y.sum(), (nr.ones(3, 4), nr.ones(5)), path, input_names=["x", "y"], dynamic_axes=axes
    )
    program = nr.onnx.load(path)
    assert program(nr.ones(3, 9), nr.ones(2)).shape == (3, 9)
    with pytest.raises(ValueError):
        program(nr.ones(2, 9), nr.ones(2))
    with pytest.raises(ValueError, match="'z'"):
        nr.onnx.export(lambda x: x, nr.ones(2), path, dynamic_axes={"z": [0]})


def test_errors_of_functions_and_files(tmp_path):
    def fails(x):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        nr.onnx.export(fails, nr.ones(2), tmp_path / "h.onnx")
    with pytest.raises(NotImplementedError, match="ONNX generators draw other numbers"):
        nr.onnx.export(lambda x: x + nr.rand(2), nr.ones(2), tmp_path / "h.onnx", dynamic_axes={})
    with pytest.raises(NotImplementedError, match="mul"):
        nr.onnx.export(lambda x: x * x, nr.tensor([True, False]), tmp_path / "h.onnx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        nr.onnx.load(tmp_path / "missing.onnx")
    (tmp_path / "garbage.onnx").write_bytes(b"garbage")
    with pytest.raises(ValueError, match="garbage.onnx"):
        nr.onnx.load(tmp_path / "garbage.onnx")
