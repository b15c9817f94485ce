"""The layers of C++ with a constructor more."""

from neura import _C
from neura._C import Tensor
from neura.nn.parameter import Parameter


class Embedding(_C.Embedding):
    """A vector for each of num_embeddings integers: [...] to [..., embedding_dim]."""

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> "Embedding":
        """Over given vectors, [num_embeddings, embedding_dim]."""
        rows, columns = embeddings.shape
        layer = cls(rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer


class EmbeddingBag(_C.EmbeddingBag):
    """The sum, mean or maximum of the vectors of each bag of integers: the rows of a matrix, or parts of a vector from offsets on."""

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> "EmbeddingBag":
        """Over given vectors, [num_embeddings, embedding_dim]."""
        rows, columns = embeddings.shape
        layer = cls(rows, columns, max_norm, norm_type, scale_grad_by_freq, mode, sparse, include_last_offset, padding_idx)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer
