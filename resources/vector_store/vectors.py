"""Vectors as stores take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def checked(embeddings: NDArray[np.float32], rows: int, dimension: int) -> NDArray[np.float32]:
    """The vectors as float32 in one block of memory, shape (rows, dimension).

    Raises:
        ValueError: They have another shape, or a number that is not finite.
    """
    import numpy as np

    vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
    if vectors.shape != (rows, dimension):
        raise ValueError(f"{rows} vectors of {dimension} wanted, not {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("an embedding has a number in it that is not finite")
    return vectors
