#!/usr/bin/env python3
"""Tensors that share memory with NumPy and, where it is installed, with PyTorch."""

import numpy as np

import neura as nr


def main() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensor = nr.from_numpy(array)  # the same memory
    tensor += 1
    print("NumPy sees what Neura wrote:", array.tolist())
    print("and the other way round:", np.shares_memory(array, tensor.numpy()))

    column = nr.from_dlpack(array[:, 1])  # strides are kept
    print("a column through DLPack:", column, "strides", column.stride())

    try:
        from torch.utils.dlpack import from_dlpack
    except ImportError:
        print("PyTorch is not installed here")
        return
    theirs = from_dlpack(tensor)
    theirs.mul_(10)
    print("Neura sees what PyTorch wrote:", tensor)
    print("back again:", nr.from_dlpack(theirs).data_ptr() == tensor.data_ptr())


if __name__ == "__main__":
    main()
