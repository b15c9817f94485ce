"""What several tests need: the two libraries side by side."""

import neura as nr
import numpy as np
import torch


def both(*args, **kwargs):
    """The same tensor in Neura and in PyTorch."""
    return nr.tensor(*args, **kwargs), torch.tensor(*args, **kwargs)


def to_numpy(tensor):
    """The values of a tensor of either library."""
    return tensor.detach().numpy()


def assert_same(ours, theirs, rtol=1e-6, atol=1e-8):
    """Two tensors, or structures of them, agree in shape, dtype and values."""
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            assert_same(a, b, rtol, atol)
        return
    if not isinstance(theirs, (torch.Tensor, np.ndarray)):
        assert ours == theirs
        return
    a = to_numpy(ours) if isinstance(ours, nr.Tensor) else np.asarray(ours)
    b = to_numpy(theirs) if isinstance(theirs, torch.Tensor) else theirs
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    np.testing.assert_allclose(a, b, rtol, atol)


def from_torch(tensor):
    """A Neura tensor with the values of one of PyTorch."""
    return nr.tensor(tensor.detach().numpy())
