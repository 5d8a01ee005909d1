"""The embedding port: texts to unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from resources.failure import SparknetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Turns texts into vectors. Construction is cheap; models load at first use."""

    @property
    def identity(self) -> str:
        """Model, precision and version: part of fingerprints, cache keys and generations."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that the model reads, special tokens included; the rest it cuts off."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the model's own tokenizer, special tokens included.

        An estimate where that tokenizer is not to be had.
        """
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), L2-normalised, in the order of the texts."""
        ...


class EmbeddedText(NamedTuple):
    """What became of one text.

    Attributes:
        vector: Of shape (dimension,), L2-normalised; None where there is an error.
        tokens: That the service charges for.
        cost_usd: Paid for this text; None where the price is unknown.
    """

    vector: NDArray[np.float32] | None
    error: SparknetError | None = None
    tokens: int = 0
    cost_usd: float | None = 0.0


class EmbeddedTexts(NamedTuple):
    """What became of some texts, in their order.

    Attributes:
        stopped: What makes it pointless to ask for further texts, if anything does. It is then
            the error of those that were not sent any more, too.
    """

    texts: list[EmbeddedText]
    stopped: SparknetError | None = None


@runtime_checkable
class EmbedsEach(Protocol):
    """What an embedder can do whose service takes texts one by one and charges for each.

    So that a text that is refused costs none of the others their vectors, which are paid for.
    """

    def embed_each(self, texts: Sequence[str]) -> EmbeddedTexts:
        """A vector or an error for each text. Raises no typed errors."""
        ...
