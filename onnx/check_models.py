#!/usr/bin/python3
"""ONNX's own checker and shape inference on what is exported, at every operator set that the installed ONNX knows.

usage: check_models.py WRITE_CASES
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import onnx
import onnx.checker
import onnx.defs
import onnx.shape_inference


def shape_of(value_info):
    """The extents of a value: numbers, names, or None where nothing is known."""
    dims = value_info.type.tensor_type.shape.dim
    return [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in dims]


def disagreements(model):
    """Outputs whose declared type or extents are not those that ONNX infers, where it infers any."""
    declared = {output.name: output for output in model.graph.output}
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for output in bare.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(bare, strict_mode=True, data_prop=True)
    for output in inferred.graph.output:
        ours = declared[output.name]
        if ours.type.tensor_type.elem_type != output.type.tensor_type.elem_type:
            yield f"{output.name}: another element type"
        if not output.type.tensor_type.HasField("shape"):
            continue
        theirs = shape_of(output)
        fits = len(theirs) == len(shape_of(ours)) and all(
            a == b or not isinstance(a, int) or not isinstance(b, int) for a, b in zip(theirs, shape_of(ours))
        )
        if not fits:
            yield f"{output.name}: declared {shape_of(ours)}, inferred {theirs}"


SETS = range(13, 29)


def failures_at(opset, write_cases):
    failures = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as directory:
        subprocess.run([write_cases, directory, str(opset)], check=True)
        paths = sorted(pathlib.Path(directory).iterdir())
        for path in paths:
            try:
                model = onnx.load(path)
                onnx.checker.check_model(model, full_check=True)
                failures += [f"{path.name}: {what}" for what in disagreements(model)]
            except Exception as error:  # each file's fault is reported
                failures.append(f"{path.name}: {error}")
        batch = onnx.load(pathlib.Path(directory, "model-conv.onnx")).graph.input[0]
        if shape_of(batch)[0] != "batch":
            failures.append(f"the batch of model-conv.onnx is not open: {shape_of(batch)}")
    print(f"set {opset}: {len(paths)} models, {len(failures)} failures")
    if len(paths) < 100:
        failures.append("few models were written")
    return [f"set {opset}: {what}" for what in failures]


def main(write_cases):
    newest = onnx.defs.onnx_opset_version()
    failures = [what for opset in SETS if opset <= newest for what in failures_at(opset, write_cases)]
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main(*sys.argv[1:])
