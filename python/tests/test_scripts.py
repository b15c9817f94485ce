"""Training scripts as PyTorch users write them run with their imports changed, to the same losses."""

import pathlib
import re
import time

import neura
import numpy as np
import pytest
import torch

FIRST_WEIGHTS = {}
SCRIPTS = pathlib.Path(__file__).parent / "scripts"


def run(name, library):
    """The losses that a script comes to with a library in PyTorch's place; only imports change."""
    text = (SCRIPTS / name).read_text()
    if library != "torch":
        text = re.sub(r"(?m)^(import|from)( .*)$", lambda m: m[1] + rename(m[2], library), text)
    scope = {"__name__": f"{name} with {library}"}
    exec(compile(text, f"{name} ({library})", "exec"), scope)
    start = time.monotonic()
    if "main" in scope:  # which draws its weights by NumPy
        losses = scope["main"]()
    else:
        torch.manual_seed(0)
        model = scope["build"]()
        copy_weights(name, model)
        losses = scope["train"](model)
    return np.array(losses), time.monotonic() - start


def copy_weights(name, model):
    """PyTorch's first weights of each script are kept, and those of others replaced by them."""
    first = FIRST_WEIGHTS.setdefault(name, {key: value.numpy().copy() for key, value in model.state_dict().items()})
    library = neura if isinstance(model, neura.nn.Module) else torch
    model.load_state_dict({key: library.from_numpy(value.copy()) for key, value in first.items()})


def rename(imported, library):
    imported = re.sub(r"\btorch\b", library, imported)
    # `import neura` alone is bound to the name that the script uses.
    return f"{imported} as torch" if imported == f" {library}" else imported


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_script(name):
    theirs, _ = run(name, "torch")
    ours, seconds = run(name, "neura")
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours, theirs, rtol=0.01)
    # No measurement: only that nothing hangs or crawls.
    assert seconds < 60
