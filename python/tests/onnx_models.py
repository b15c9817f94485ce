"""Small models of the families that people export, written with neura.nn, each with what of its inputs is open.

As a program, it runs them in ONNX Runtime, which need not be in the same Python:

    onnx_models.py export FOLDER [SET...]   with neura: the models, inputs and what eager makes of them
    onnx_models.py check FOLDER             with onnxruntime: compares what that makes of them
"""

import pathlib
import sys

import numpy as np

try:
    import neura as nr
    import onnx_classifiers  # noqa: F401
    import onnx_image_models  # noqa: F401
    import onnx_sequence_models  # noqa: F401
    from neura import nn
    from onnx_model_base import MODELS
except ImportError:
    if sys.argv[1:2] != ["check"]:  # which needs none
        raise


def made(name):
    """A model in evaluation mode whose statistics are not those that it starts with."""
    nr.manual_seed(sorted(MODELS).index(name))
    net = MODELS[name].build()
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def outputs_of(net, inputs):
    """Those of eager, in a list."""
    with nr.no_grad():
        results = net(*inputs)
    return list(results) if isinstance(results, (tuple, list)) else [results]


def export(folder, opsets):
    for name, each in MODELS.items():
        net = made(name)
        inputs = each.inputs(**each.sizes[0])
        for opset in (opset for opset in opsets if opset >= each.since):
            path = folder / f"{name}.{opset}.onnx"
            nr.onnx.export(net, inputs, path, dynamic_axes=each.axes, opset_version=opset)
        for i, sizes in enumerate(each.sizes):
            given = each.inputs(**sizes)
            arrays = {f"in{k}": tensor.numpy() for k, tensor in enumerate(given)}
            arrays |= {f"out{k}": tensor.numpy() for k, tensor in enumerate(outputs_of(net, given))}
            np.savez(folder / f"{name}.{i}.npz", **arrays)
    print(f"{len(MODELS)} models at {len(opsets)} operator sets")


def check(folder):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    failures, runs = [], 0
    for path in sorted(folder.glob("*.onnx")):
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # each model's fault is reported
            failures.append(f"{path.name}: {str(error)[:300]}")
            continue
        for data in sorted(folder.glob(f"{path.name.split('.')[0]}.*.npz")):
            arrays = np.load(data)
            feed = {info.name: arrays[f"in{k}"] for k, info in enumerate(session.get_inputs())}
            runs += 1
            try:
                for k, actual in enumerate(session.run(None, feed)):
                    np.testing.assert_allclose(actual, arrays[f"out{k}"], rtol=1e-4, atol=1e-5)
            except Exception as error:
                failures.append(f"{path.name} on {data.name}: {str(error)[:300]}")
    print(f"{runs} runs, {len(failures)} failures")
    if failures or not runs:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    _, command, directory, *sets = sys.argv
    target = pathlib.Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    if command == "export":
        export(target, [int(opset) for opset in sets] or [17])
    else:
        check(target)
