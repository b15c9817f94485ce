"""The layer of C++ with a constructor more."""

from neura import _C
from neura._C import Tensor
from neura.nn.parameter import Parameter


class Embedding(_C.Embedding):
    """A vector for each of num_embeddings integers: [...] to [..., embedding_dim]."""

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True) -> "Embedding":
        """Over given vectors, [num_embeddings, embedding_dim]."""
        layer = cls(*embeddings.shape)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer
