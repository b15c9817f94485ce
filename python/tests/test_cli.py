"""python -m neura is the program neura."""

import json
import subprocess
import sys

import numpy as np

import neura as nr


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "neura", *map(str, arguments)], capture_output=True, text=True, timeout=120
    )


def test_a_model_runs_as_it_does_in_python(tmp_path):
    layer = nr.nn.Linear(3, 2)
    nr.onnx.export(layer, nr.randn(2, 3), tmp_path / "layer.onnx")
    x = nr.randn(4, 3)
    np.save(tmp_path / "x.npy", x.numpy())
    done = run("run", tmp_path / "layer.onnx", "-i", tmp_path / "x.npy", "-o", tmp_path / "y.npy")
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), layer(x).detach().numpy(), atol=1e-6)
    told = json.loads(run("inspect", tmp_path / "layer.onnx", "--json").stdout)
    assert told["parameters"] == 8 and told["inputs"][0]["shape"] == ["batch", 3]


def test_exit_codes_and_messages_are_those_of_the_program(tmp_path):
    (tmp_path / "page.onnx").write_text("<!DOCTYPE html>")
    refused = run("inspect", tmp_path / "page.onnx")
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr == f"neura: {tmp_path}/page.onnx: this is no ONNX model; it is a web page: download the file itself\n"
    assert run("--help").returncode == 0
