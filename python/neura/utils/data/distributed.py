"""Where PyTorch has the sampler for several processes, too."""

from neura.utils.data.sampler import DistributedSampler

__all__ = ["DistributedSampler"]
