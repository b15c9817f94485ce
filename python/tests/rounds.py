"""Small programs that may crash or hang: each runs in a process of its own, in many at a time of a machine's."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

# How often each is run; NEURA_STRESS_ROUNDS=50 looks longer.
ROUNDS = int(os.environ.get("NEURA_STRESS_ROUNDS", "2"))
# Far beyond what any of them takes, also on a busy machine.
LIMIT = 120

_START = """
import gc, os, signal, sys, threading, time, weakref
import numpy as np
import neura as nr
from neura.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

class Numbers(Dataset):
    def __init__(self, size=40): self.size = size
    def __len__(self): return self.size
    def __getitem__(self, index): return nr.tensor([float(index)]), index
"""


def run(program: str, rounds: int = 0) -> None:
    """Every round must end with 0, what it prints being "ok" at last, and nothing on stderr."""
    text = _START + textwrap.dedent(program)
    for i in range(rounds or ROUNDS):
        process = subprocess.Popen(
            [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            # Its children too.
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"round {i} hangs\n{out}{err}") from None
        if "ThreadSanitizer: dup thread with used id" in err:
            pytest.skip("ThreadSanitizer takes a thread of a forked child for one that the parent has")
        assert process.returncode == 0 and out.split()[-1:] == ["ok"] and not err, (
            f"round {i} ends with {process.returncode}\n{out}{err}"
        )
