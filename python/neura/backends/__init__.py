"""What this build computes with, under PyTorch's names."""

from neura.backends import cuda, cudnn, mkl, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mps", "openmp"]
